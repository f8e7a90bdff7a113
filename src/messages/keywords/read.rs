//! From a message to its keyword.

use std::collections::BTreeSet;

use super::spelling::words;
use super::table::{Entry, Field, Keywords, Meaning};
use super::{Keyword, Reading, Scope};

/// A keyword of fewer letters is not looked for at the head of a longer word (CLINICBO, PIN1998).
const LEAST_GLUED: usize = 3;

/// Years of birth that a PIN may be asked for with.
const YEARS: std::ops::RangeInclusive<i16> = 1900..=2100;

/// A keyword found, and the words after it.
struct Found<'a> {
    entry: &'a Entry,
    rest: Vec<&'a str>,
    /// Whether it was spelled without a slip.
    exact: bool,
}

impl Keywords {
    /// What a message means; none where it is no keyword, and for staff to read.
    ///
    /// It is one where it begins with the word as written (after words that say nothing, like
    /// "please"); with one slip in it, only where nothing follows that does not belong to it: "yet
    /// I bleed" is not YES. Spaces within and between do not count (`S T O P`, `STOPBABY`).
    pub fn recognise(&self, text: &str) -> Option<Reading> {
        let words = words(text);
        let all: Vec<&str> = words.iter().map(String::as_str).collect();
        let squeezed = words.concat();
        self.candidates(&all, &squeezed).into_iter().find_map(|found| self.complete(&found))
    }

    /// Places where a keyword may stand, the likelier first.
    fn candidates<'a>(&'a self, words: &[&'a str], squeezed: &'a str) -> Vec<Found<'a>> {
        let lead = words.iter().take_while(|word| self.leads(word)).count();
        let (first, rest) = words.get(lead..).and_then(<[&str]>::split_first).unwrap_or((&"", &[]));
        let at_head = |entry, exact| Found { entry, rest: rest.to_vec(), exact };
        let ways = [
            // All of it first: CLINIC S is CLINICS, and no place that is called S.
            self.exact(Field::Keyword, squeezed).map(|entry| Found::alone(entry, true)),
            self.exact(Field::Keyword, first).map(|entry| at_head(entry, true)),
            self.glued(squeezed),
            self.near(Field::Keyword, first).map(|entry| at_head(entry, false)),
            self.near(Field::Keyword, squeezed).map(|entry| Found::alone(entry, false)),
        ];
        ways.into_iter().flatten().collect()
    }

    /// Words that may stand before a keyword.
    fn leads(&self, word: &str) -> bool {
        self.is_filler(word) && self.exact(Field::Keyword, word).is_none()
    }

    /// A keyword and what belongs to it without a space between.
    fn glued<'a>(&'a self, squeezed: &'a str) -> Option<Found<'a>> {
        self.of(Field::Keyword)
            .filter(|entry| entry.word.len() >= LEAST_GLUED)
            .filter_map(|entry| Some((entry, squeezed.strip_prefix(entry.word.as_str())?)))
            .filter(|(entry, rest)| self.belongs(entry.means, rest))
            .max_by_key(|(entry, _)| entry.word.len())
            .map(|(entry, rest)| Found { entry, rest: vec![rest], exact: true })
    }

    /// Whether a word right after a keyword can only belong to it.
    fn belongs(&self, keyword: Meaning, rest: &str) -> bool {
        match keyword {
            Meaning::Stop | Meaning::Start => self.exact(Field::Scope, rest).is_some(),
            Meaning::Pin => year(rest).is_some(),
            Meaning::Lost => self.exact(Field::Loss, rest).is_some(),
            _ => false,
        }
    }

    fn complete(&self, found: &Found<'_>) -> Option<Reading> {
        let said: Vec<&str> = found.rest.iter().copied().filter(|word| !self.is_filler(word)).collect();
        let (keyword, remark) = match found.entry.means {
            Meaning::Stop => self.scope(&found.rest, Keyword::Stop),
            Meaning::Start => self.scope(&found.rest, Keyword::Start),
            Meaning::Pin => {
                let years: Vec<i16> = said.iter().filter_map(|word| year(word)).collect();
                (Keyword::Pin(years.first().copied()), said.len() > years.len().min(1))
            }
            Meaning::Clinic => (Keyword::Clinic(said.join(" ")), false),
            // "Lost my card" is no such loss.
            Meaning::Lost if said.iter().any(|word| self.exact(Field::Loss, word).is_none()) => return None,
            Meaning::Lost => (Keyword::Lost, false),
            Meaning::Help => (Keyword::Help, !said.is_empty()),
            Meaning::Next => (Keyword::Next, !said.is_empty()),
            Meaning::Baby => (Keyword::Baby, !said.is_empty()),
            Meaning::Yes => (Keyword::Yes, !said.is_empty()),
            Meaning::No => (Keyword::No, !said.is_empty()),
            _ => return None,
        };
        if remark && !found.exact {
            return None;
        }
        Some(Reading { keyword, language: found.entry.language.clone(), remark })
    }

    /// What STOP or START is about: all, unless programmes are named.
    fn scope(&self, rest: &[&str], keyword: fn(Scope) -> Keyword) -> (Keyword, bool) {
        let mut these = BTreeSet::new();
        let (mut all, mut remark) = (false, false);
        for word in rest {
            match self.near(Field::Scope, word) {
                Some(entry) => match entry.means.programme() {
                    Some(programme) => {
                        these.insert(programme);
                    }
                    None => all = true,
                },
                None => remark |= !self.is_filler(word),
            }
        }
        let scope = if all || these.is_empty() { Scope::All } else { Scope::These(these) };
        (keyword(scope), remark)
    }
}

impl<'a> Found<'a> {
    fn alone(entry: &'a Entry, exact: bool) -> Self {
        Self { entry, rest: Vec::new(), exact }
    }
}

fn year(word: &str) -> Option<i16> {
    word.parse().ok().filter(|year| word.len() == 4 && YEARS.contains(year))
}

#[cfg(test)]
mod tests;
