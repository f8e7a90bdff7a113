//! SMS and e-mail, without the doing: what each kind of message may, in which states it can be, what
//! follows an attempt to send it, who sends it and when; the words that people send, and the plan of
//! reminders. Pure; leans on `care` and `text`. The rows are in `store::outbox`, the worker in
//! `app::outbox`, the providers in `channels`.

mod budget;
mod circuit;
mod compose;
mod decide;
mod fate;
mod hours;
mod ids;
pub mod keywords;
mod kind;
mod outgoing;
mod pace;
pub mod planner;
mod receipt;
mod redact;
mod route;
pub mod schedule;
mod state;

use serde::{Deserialize, Serialize};

pub use budget::{Budget, Price, Spent};
pub use circuit::{Circuit, CircuitState, Verdict};
pub use compose::{ComposeError, Composed, MOST_SEGMENTS, compose};
pub use decide::{Attempt, Next, after_attempt, after_crash};
pub use fate::{Blame, Fate};
pub use hours::{Hours, HoursError};
pub use ids::IdForm;
pub use kind::{AfterDoubt, DAILY_LIMITED_FROM, Kind, Medium};
pub use outgoing::{Address, Carrier, Outgoing, Sending};
pub use pace::Pace;
pub use receipt::{Receipt, Reference, Told};
pub use redact::redact;
pub use route::{Lane, Route, Routes};
pub use state::State;

/// What a message may ask, to be answered with YES or NO.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// Whether messages about her pregnancy or child are to end.
    Loss,
    /// Whether she comes to a visit.
    Visit,
    /// Whether all is well.
    Well,
    /// Whether the baby has come.
    Birth,
}
