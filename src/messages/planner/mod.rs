//! The plan of one person's day: what she gets, if anything, and what staff look after instead. Pure:
//! the same facts give the same plan, whoever asks and however often.

mod choose;
mod facts;
mod occasions;
mod stands;

use chrono::{NaiveDate, NaiveTime};

use super::keywords::Programme;
use super::schedule::{Anchor, Rule, Schedule};
use crate::care::{AntenatalSchedule, ImmunisationSchedule};

pub use choose::{Plan, plan};
pub use facts::{
    Booked, Child, Ended, Facts, Held, Hold, Number, Planned, Pregnancy, Purpose, Supply, VisitKind,
};

/// Step under which it is remembered that staff look after a visit.
pub const STAFF_STEP: u8 = 99;

/// What plans are made by.
#[derive(Clone, Copy, Debug)]
pub struct Calendars<'a> {
    /// Which message, when.
    pub reminders: &'a Schedule,
    /// When a pregnant woman is seen.
    pub antenatal: &'a AntenatalSchedule,
    /// When a child gets what.
    pub immunisation: &'a ImmunisationSchedule,
}

/// One time at which a row of the schedule comes to a person.
#[derive(Clone, Debug, PartialEq)]
pub struct Occasion<'a> {
    /// The row.
    pub rule: &'a Rule,
    /// Which of its times.
    pub step: u8,
    /// Number of her row that it is about; 0 where there is none.
    pub subject: i32,
    /// The day on which it is due.
    pub due_on: NaiveDate,
    /// The last day on which it may go.
    pub until: NaiveDate,
    /// The day that it tells.
    pub day: NaiveDate,
    /// Time of day of the visit.
    pub time: Option<NaiveTime>,
    /// Where.
    pub facility: Option<i32>,
}

/// What a reminder is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Thing {
    Herself,
    Pregnancy,
    Child,
    Visit,
    Supply,
}

impl Occasion<'_> {
    /// What of several that are late the newest is taken of: messages of one programme about one
    /// thing.
    fn series(&self) -> (Programme, Thing, i32) {
        let thing = match self.rule.anchor {
            Anchor::Joined => Thing::Herself,
            Anchor::LastPeriod | Anchor::Due | Anchor::Contact => Thing::Pregnancy,
            Anchor::Birth | Anchor::Vaccines => Thing::Child,
            Anchor::Visit | Anchor::Missed => Thing::Visit,
            Anchor::Supply => Thing::Supply,
        };
        (self.rule.programme, thing, self.subject)
    }
}
