//! What is wrong with a menu that can be read: each file looks for one kind of mistake.

mod guards;
mod keys;
mod knowledge;
mod names;
mod paths;
mod samples;
mod screens;
mod sms;
mod spoken;
mod unsaid;
mod unused;

use super::catalog::Catalog;
use super::compile::{Origins, StateOrigin};
use super::draft::StateDraft;
use super::load::LoadOptions;
use super::model::{Menu, State, StateId, Target};
use super::report::{Finding, Place};
use super::yaml::Scalar;

/// What the checks look at.
pub(super) struct Subject<'menu> {
    pub(super) menu: &'menu Menu,
    pub(super) origins: &'menu Origins,
    pub(super) catalog: &'menu Catalog,
    pub(super) options: &'menu LoadOptions,
}

/// One state, as compiled and as written.
#[derive(Clone, Copy)]
struct Looked<'menu> {
    id: StateId,
    state: &'menu State,
    origin: &'menu StateOrigin,
    draft: &'menu StateDraft,
}

/// Runs all checks.
pub(super) fn lint(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
    let reached = paths::check(subject, findings);
    guards::check(subject, findings);
    keys::check(subject, findings);
    spoken::check(subject, findings);
    let known = knowledge::gather(subject);
    let read = names::check(subject, &known, findings);
    unused::check(subject, &reached, &read, findings);
    screens::check(subject, &known, &read.spoiled, findings);
    sms::check(subject, findings);
    unsaid::check(subject, findings);
}

impl<'menu> Subject<'menu> {
    fn states(&self) -> impl Iterator<Item = Looked<'menu>> + use<'menu> {
        let (menu, origins) = (self.menu, self.origins);
        menu.states.iter().enumerate().filter_map(move |(at, state)| {
            let id = StateId(u16::try_from(at).ok()?);
            let (origin, draft) = origins.state(id)?;
            Some(Looked { id, state, origin, draft })
        })
    }

    /// The states that a target leads to at once; the home menu for `home`.
    fn lands(&self, target: Target) -> Option<StateId> {
        match target {
            Target::State(state) => Some(state),
            Target::Home => Some(self.menu.home),
            Target::Return | Target::Back | Target::Leave | Target::Resume => None,
        }
    }

    /// A stretch of a text, in its file.
    fn place_in(&self, scalar: &Scalar, at: &std::ops::Range<usize>) -> Place {
        let file = self.menu.sources.files().get(usize::from(scalar.file.0));
        scalar.place_of(file.map_or("", |file| &file.text), at.start, at.end)
    }

    /// The name of a language, for messages.
    fn language(&self, at: usize) -> &str {
        self.menu.languages.get(at).map_or("?", |language| &language.name)
    }
}
