//! What is said by SMS and e-mail: the words that people send, and the plan of reminders. Pure;
//! leans on `care` and `text`.

pub mod keywords;
pub mod planner;
pub mod schedule;

use serde::{Deserialize, Serialize};

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
