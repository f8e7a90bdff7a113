//! The rows of the national schedule.

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer};

use super::plan::Child;
use crate::care::age::Age;
use crate::care::words::yes_or_no;

/// What a row gives.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum DoseKind {
    /// A vaccine.
    Vaccine,
    /// A medicine given with it (SP against malaria).
    Medicine,
    /// Vitamin A or deworming.
    Supplement,
}

/// One dose of the schedule.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct Dose {
    /// Age at which it is due; rows of one age are one visit.
    pub age: Age,
    /// `Penta1`; records name doses by it.
    #[serde(rename = "dose", deserialize_with = "code")]
    pub code: String,
    /// The doses that follow each other; the rows of one series are in their order.
    pub series: String,
    /// What it is.
    pub kind: DoseKind,
    /// Least time after the one before it in its series.
    pub gap: Option<Age>,
    /// Not given after this age.
    pub until: Option<Age>,
    #[serde(deserialize_with = "late")]
    late: Vec<(Age, Late)>,
    /// Days after its day from which it is overdue.
    pub overdue_days: u16,
    /// Where it is given.
    pub districts: Districts,
    /// To whom: children born on that day or later.
    pub born_from: Option<NaiveDate>,
    #[serde(deserialize_with = "yes_or_no")]
    active: bool,
}

/// Another rule for a series that begins late.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Late {
    Gap(Age),
    NotNeeded,
}

/// The national schedule.
#[derive(Clone, Debug)]
pub struct ImmunisationSchedule {
    doses: Vec<Dose>,
}

impl ImmunisationSchedule {
    /// From rows in the order of their ages; those that are not active are left out.
    pub(in crate::care) fn new(mut doses: Vec<Dose>) -> Self {
        doses.retain(|dose| dose.active);
        Self { doses }
    }

    /// All doses that are given now, in the order of their ages.
    pub fn doses(&self) -> &[Dose] {
        &self.doses
    }

    /// The dose of that code.
    pub fn dose(&self, code: &str) -> Option<&Dose> {
        self.doses.iter().find(|dose| dose.code == code)
    }
}

impl Dose {
    /// Whether a child gets it at all, by where it lives and when it was born.
    pub fn is_for(&self, child: &Child<'_>) -> bool {
        self.districts.include(child.district) && self.born_from.is_none_or(|day| child.born >= day)
    }

    /// The least times after the dose before it, for series begun in time and late.
    pub fn gaps(&self) -> impl Iterator<Item = Age> {
        let late = self.late.iter().filter_map(|(_, late)| match late {
            Late::Gap(gap) => Some(*gap),
            Late::NotNeeded => None,
        });
        self.gap.into_iter().chain(late)
    }

    /// The least time after the dose before it, in a series that began on `began`; `None` where
    /// such a child does not need this dose.
    pub(super) fn gap_after(&self, born: NaiveDate, began: NaiveDate) -> Option<Age> {
        match self.late.iter().rfind(|(age, _)| age.after(born) <= began) {
            Some((_, Late::NotNeeded)) => None,
            Some((_, Late::Gap(gap))) => Some(*gap),
            None => Some(self.gap.unwrap_or(Age::Days(0))),
        }
    }

    /// Whether it may still be given on a day.
    pub(super) fn may_be_given(&self, born: NaiveDate, on: NaiveDate) -> bool {
        self.until.is_none_or(|until| on <= until.after(born))
    }
}

/// The districts where a dose is given.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(from = "String")]
pub struct Districts {
    all_but: bool,
    named: Vec<String>,
}

impl Districts {
    /// Whether a district is among them.
    pub fn include(&self, district: &str) -> bool {
        self.named.iter().any(|named| named == district) != self.all_but
    }

    /// Those that the row names, to have or to leave out.
    pub(in crate::care) fn named(&self) -> impl Iterator<Item = &str> {
        self.named.iter().map(String::as_str)
    }
}

impl From<String> for Districts {
    fn from(text: String) -> Self {
        let text = text.trim();
        let (all_but, names) = match text.strip_prefix('!') {
            Some(names) => (true, names),
            None => (text.is_empty(), text),
        };
        Self { all_but, named: names.split_whitespace().map(str::to_owned).collect() }
    }
}

/// Two to twelve letters and digits, as records keep it.
fn code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let code = String::deserialize(deserializer)?;
    let well = (2..=12).contains(&code.len()) && code.bytes().all(|octet| octet.is_ascii_alphanumeric());
    if well {
        return Ok(code);
    }
    Err(serde::de::Error::custom(format!("`{code}` is no code of a dose; write 2 to 12 letters and digits")))
}

/// `12m=8w 24m=none`.
fn late<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(Age, Late)>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let rule = |rule: &str| {
        let (age, gap) = rule.split_once('=')?;
        let late = if gap == "none" { Late::NotNeeded } else { Late::Gap(gap.parse().ok()?) };
        Some((age.parse().ok()?, late))
    };
    let read = |part: &str| {
        rule(part).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "`{part}` is no rule for a late start; write an age and a gap like 12m=8w, or 24m=none"
            ))
        })
    };
    text.split_whitespace().map(read).collect()
}
