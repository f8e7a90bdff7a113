//! What a plan follows from.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveTime};

use crate::messages::Ask;
use crate::messages::keywords::Programme;

/// What is known of a person, as far as her plan follows from it.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Whether she agrees that her record is kept and that she is reminded.
    pub consented: bool,
    /// Whether her messages must not say what they are about.
    pub covert: bool,
    /// When she was registered, where she was.
    pub joined_on: Option<NaiveDate>,
    /// Id of her district; empty where it is not known.
    pub district: String,
    /// The pregnancy that goes on, where it is dated.
    pub pregnancy: Option<Pregnancy>,
    /// Pregnancies that ended.
    pub ended: Vec<Ended>,
    /// Visits that took place, of the last year.
    pub held: Vec<Held>,
    /// Visits that were booked, the newest days.
    pub booked: Vec<Booked>,
    /// Her children.
    pub children: Vec<Child>,
    /// Supplies of medicine.
    pub supplies: Vec<Supply>,
    /// Her numbers, in the order in which they were linked.
    pub numbers: Vec<Number>,
    /// Whether messages are held.
    pub hold: Option<Hold>,
    /// What was planned before.
    pub planned: Vec<Planned>,
    /// Questions that were answered with YES, and about which of her rows.
    pub answered: Vec<(Ask, i32)>,
}

/// A pregnancy that goes on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pregnancy {
    /// Hers alone, from 1.
    pub number: i32,
    /// Due date.
    pub due_on: NaiveDate,
    /// Whether it is an estimate.
    pub estimate: bool,
}

/// A pregnancy that ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ended {
    /// When.
    pub on: NaiveDate,
}

/// What a visit was.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum VisitKind {
    /// An antenatal contact.
    Antenatal,
    /// After a birth.
    Postnatal,
    /// Any other.
    Other,
}

/// A visit that took place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Held {
    /// When.
    pub on: NaiveDate,
    /// What it was.
    pub kind: VisitKind,
}

/// What a visit is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// An antenatal contact.
    Antenatal,
    /// After a birth.
    Postnatal,
    /// A child's: vaccines or growth.
    Child,
    /// Family planning: not after a loss, until she asks.
    Planning,
    /// Medicine, review and others.
    Other,
}

/// A visit that was booked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Booked {
    /// Hers alone, from 1.
    pub number: i32,
    /// Day.
    pub on: NaiveDate,
    /// Time of day, where one was given.
    pub time: Option<NaiveTime>,
    /// Where.
    pub facility: i32,
    /// What for.
    pub purpose: Purpose,
    /// Whether it still waits: neither kept nor cancelled, whether or not its day is past.
    pub open: bool,
}

/// A child.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Child {
    /// Hers alone, from 1.
    pub number: i32,
    /// Birth date.
    pub born_on: NaiveDate,
    /// Whether it is followed.
    pub followed: bool,
    /// Doses given.
    pub doses: Vec<(String, NaiveDate)>,
}

/// A supply of medicine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Supply {
    /// Hers alone, from 1.
    pub number: i32,
    /// Since when.
    pub started_on: NaiveDate,
    /// Last day that it lasts.
    pub until_on: NaiveDate,
    /// Whether she still takes it.
    pub taken: bool,
    /// Supplies of the same medicine have the same number here.
    pub medicine: u32,
}

/// A number of hers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Number {
    /// Its blind index.
    pub phone: [u8; 16],
    /// Whether it wants no messages at all.
    pub stopped: bool,
    /// Kinds that it does not want.
    pub stops: BTreeSet<Programme>,
}

/// Messages are held.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Hold {
    /// Nothing is planned up to this day.
    pub quiet_through: NaiveDate,
    /// Whether nothing about a pregnancy or a child is planned after it either.
    pub lasting: bool,
    /// When it was lifted: what was due before is not sent.
    pub lifted_on: Option<NaiveDate>,
}

/// Something that was planned.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Planned {
    /// The row of the schedule.
    pub rule: String,
    /// Which of its times.
    pub step: u8,
    /// Number of her row that it is about.
    pub subject: i32,
    /// The day on which it was due.
    pub due_on: NaiveDate,
    /// The day for which it was planned.
    pub send_on: NaiveDate,
    /// Whether it counts: it is queued, or has gone, or staff have it. What was taken back does not.
    pub counts: bool,
    /// Whether it was a message, and not for the list of staff.
    pub message: bool,
}

impl Facts {
    /// Whether a pregnancy ended and no child of it is followed, or no child of hers is followed any
    /// more: what is said to her then says nothing of either.
    pub fn mourns(&self) -> bool {
        let child_near = |on: NaiveDate| {
            self.children
                .iter()
                .any(|child| child.followed && (child.born_on - on).num_days().abs() <= BIRTH_SLIP)
        };
        let lost = self.ended.iter().any(|ended| !child_near(ended.on));
        let closed = self.children.iter().any(|child| !child.followed);
        let followed = self.children.iter().any(|child| child.followed);
        self.pregnancy.is_none() && !followed && (lost || closed)
    }
}

/// The end of a pregnancy and the birth of its child may be written so many days apart.
const BIRTH_SLIP: i64 = 14;
