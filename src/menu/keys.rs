//! The keys that mean the same on every screen.

use super::model::Choice;

/// The standard keys.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Keys {
    /// One step back: `0`.
    pub back: String,
    /// The first menu: `00`.
    pub home: String,
    /// Next page: `98`.
    pub more: String,
    /// Page before: `99`.
    pub previous: String,
    /// Ends at once on a harmless screen: `999`.
    pub leave: String,
}

impl Keys {
    /// How many items a list can number: those after are not shown, since their numbers would be
    /// taken for a standard key or for one of the list's fixed choices.
    pub fn most_items(&self, choices: &[Choice]) -> usize {
        let standard = [&self.back, &self.home, &self.more, &self.previous, &self.leave];
        let keys = standard.into_iter().chain(choices.iter().map(|choice| &choice.key));
        let numbers = keys.filter(|key| !key.starts_with('0')).filter_map(|key| key.parse::<usize>().ok());
        numbers.min().map_or(usize::MAX, |first| first.saturating_sub(1))
    }
}
