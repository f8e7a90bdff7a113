//! Words that people send by SMS: what they mean, however they are spelled.

mod read;
mod spelling;
mod table;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use spelling::same_place;
pub use table::Keywords;

/// Messages that can be stopped one without the other.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Programme {
    /// Reminders of visits.
    Visits,
    /// Advice for a pregnant woman and a new mother.
    Advice,
    /// Vaccine days of a child.
    Child,
    /// Refills of medicine.
    Medicine,
}

impl Programme {
    /// All, in the order in which an answer names them.
    pub const ALL: [Self; 4] = [Self::Visits, Self::Advice, Self::Child, Self::Medicine];

    /// Its code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Visits => "visits",
            Self::Advice => "advice",
            Self::Child => "child",
            Self::Medicine => "medicine",
        }
    }

    /// The programme of that code.
    pub fn of(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|programme| programme.code() == code)
    }
}

/// What STOP or START is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Scope {
    /// All messages.
    All,
    /// These programmes alone.
    These(BTreeSet<Programme>),
}

/// A keyword with what belongs to it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Keyword {
    /// No more messages.
    Stop(Scope),
    /// Messages again.
    Start(Scope),
    /// A new PIN; with her year of birth, where she gave one.
    Pin(Option<i16>),
    /// How this works.
    Help,
    /// Her next visit.
    Next,
    /// Where to go; the place as she wrote it, in plain letters (empty where she named none).
    Clinic(String),
    /// Her child's next vaccine day.
    Baby,
    /// She lost a pregnancy or a child.
    Lost,
    /// Yes, to a question.
    Yes,
    /// No, to a question.
    No,
}

impl Keyword {
    /// Its name, as it is stored.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Stop(_) => "stop",
            Self::Start(_) => "start",
            Self::Pin(_) => "pin",
            Self::Help => "help",
            Self::Next => "next",
            Self::Clinic(_) => "clinic",
            Self::Baby => "baby",
            Self::Lost => "lost",
            Self::Yes => "yes",
            Self::No => "no",
        }
    }
}

/// What a message was read as.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reading {
    /// The keyword.
    pub keyword: Keyword,
    /// Language of the word, where one alone has it.
    pub language: Option<String>,
    /// Whether more was written than the keyword: staff should read it too.
    pub remark: bool,
}
