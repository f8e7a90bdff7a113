//! Conversation scripts: what a caller does and what the phone must show, with fixtures for the
//! data. Kept beside the menus and played without a database.

mod compare;
mod fixtures;
mod play;
mod read;

use super::report::Place;

pub use fixtures::{Fixtures, Outcomes, PhoneFixture, Told};
pub use play::{Failure, Played, Player, Shown, Stage, play};
#[cfg(test)]
pub(super) use read::{FILE_KEYS, PHONE_KEYS, SCRIPT_KEYS, STEP_KEYS};
pub use read::{Scripts, read_scripts};

/// One conversation.
#[derive(Clone, Debug)]
pub struct Script {
    /// What it shows.
    pub name: String,
    /// Where it is written.
    pub place: Place,
    /// The data behind it.
    pub fixtures: Fixtures,
    /// What happens.
    pub steps: Vec<Step>,
}

/// One step of a conversation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    /// Where it is written.
    pub place: Place,
    /// What happens, or what must be so.
    pub kind: StepKind,
}

/// What happens in a step, or what must be so.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum StepKind {
    /// She dials (`*468#`, `*468*2*1#`).
    Dial(String),
    /// She types.
    Answer(String),
    /// The call is cut.
    Drop,
    /// The screen has this in it.
    Expect(String),
    /// The screen is this.
    ExpectScreen(String),
    /// The screen does not have this in it.
    Refuse(String),
    /// Whether the session is over.
    Ends(bool),
}
