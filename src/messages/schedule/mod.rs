//! The schedule of reminders, as data: which message, when, for whom.

mod read;
mod when;

use super::Ask;
use super::keywords::Programme;
use crate::care::{CountryError, CountryProblem};

pub use when::{Offset, Step};

pub(super) const FILE: &str = "reminders.csv";

/// The day that a reminder counts from.
#[derive(Clone, Copy, Debug, serde::Deserialize, Eq, Hash, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// She was registered.
    Joined,
    /// First day of the last period, while she is pregnant.
    LastPeriod,
    /// Due date, while she is pregnant.
    Due,
    /// An antenatal contact of the schedule.
    Contact,
    /// A booked visit.
    Visit,
    /// A booked visit that is past and was not kept.
    Missed,
    /// Birth of a child that is followed.
    Birth,
    /// A vaccine visit of a child.
    Vaccines,
    /// Last day of a supply of medicine.
    Supply,
}

/// What the name of a message ends in that goes to those alone who chose open wording.
const OPEN: &str = "_open";

/// Values that every reminder's text may see.
const SEEN_BY_ALL: [&str; 2] = ["service_code", "emergency"];

impl Anchor {
    /// Values that a text of it may see beside those of all.
    pub const fn sees(self) -> &'static [&'static str] {
        match self {
            Self::Visit => &["day", "time", "facility"],
            Self::Missed => &["day", "facility"],
            Self::Contact | Self::Vaccines | Self::Supply => &["day"],
            Self::Joined | Self::LastPeriod | Self::Due | Self::Birth => &[],
        }
    }

    /// Whether each of its reminders goes once, also where the day that it counts from is corrected.
    pub const fn goes_once(self) -> bool {
        matches!(self, Self::Joined | Self::LastPeriod | Self::Due | Self::Birth)
    }
}

/// What ends a reminder beside what ends its anchor.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Stop {
    /// An antenatal contact was recorded.
    Contact,
    /// An antenatal visit is booked near.
    Booked,
    /// A visit after birth was recorded.
    Postnatal,
    /// She was seen anywhere since.
    Seen,
    /// Another supply was given.
    Refilled,
    /// The question was answered with YES.
    Answered,
}

/// One row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rule {
    /// What was sent is remembered under it.
    pub id: String,
    /// Can be stopped by itself.
    pub programme: Programme,
    /// The day that it counts from.
    pub anchor: Anchor,
    /// When, from there; in the order of the days.
    pub steps: Vec<Step>,
    /// Name of the message.
    pub text: String,
    /// Name of the message for who chose no open wording; none where she gets none.
    pub covert: Option<String>,
    /// The question in it.
    pub ask: Option<Ask>,
    /// Whether an estimate of the due date is not enough.
    pub dated: bool,
    /// What ends it.
    pub stops: Vec<Stop>,
    /// 1 goes before 2.
    pub urgency: u8,
    /// Days after the anchor from which staff look after it.
    pub staff: Option<u16>,
    /// Whether it may go while messages about a pregnancy or a child are held.
    pub after_loss: bool,
    /// Line of the file.
    pub line: u64,
}

/// The schedule of reminders.
#[derive(Clone, Debug)]
pub struct Schedule {
    rules: Vec<Rule>,
}

impl Schedule {
    /// The one in this program.
    pub fn shipped() -> Result<Self, CountryError> {
        Self::read(include_str!("../../../country/reminders.csv"))
    }

    /// From the text of a file.
    pub fn read(text: &str) -> Result<Self, CountryError> {
        Ok(Self { rules: read::rules(text)? })
    }

    /// The rows that are active, in the order of the file.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Checks that the menus have each text, and that it sees nothing which its row has not.
    /// `sees` gives the values that the message of a name sees.
    pub fn check_texts(&self, sees: impl Fn(&str) -> Option<Vec<String>>) -> Result<(), CountryError> {
        for rule in &self.rules {
            let error = |problem| CountryError { file: FILE, line: rule.line, problem };
            if let Some(open) = rule.covert.as_ref().filter(|name| name.ends_with(OPEN)) {
                return Err(error(CountryProblem::Rule(format!(
                    "covert `{open}`: a message whose name ends in {OPEN} is for who chose open wording"
                ))));
            }
            for name in std::iter::once(&rule.text).chain(&rule.covert) {
                let Some(shown) = sees(name) else {
                    let missing =
                        CountryProblem::Missing { what: "message in the menus", name: name.clone() };
                    return Err(error(missing));
                };
                let known = |value: &String| {
                    SEEN_BY_ALL.contains(&value.as_str()) || rule.anchor.sees().contains(&value.as_str())
                };
                if let Some(unknown) = shown.iter().find(|value| !known(value)) {
                    let may = [rule.anchor.sees(), &SEEN_BY_ALL].concat().join(", ");
                    return Err(error(CountryProblem::Rule(format!(
                        "the message `{name}` sees `{unknown}`, which a reminder of this anchor has not; it has {may}"
                    ))));
                }
            }
        }
        Ok(())
    }
}
