//! Ages and gaps as schedules write them.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::Deserialize;

use super::calendar::{add_days, add_months};

/// `0d`, `6w` or `9m`: days, weeks or calendar months.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq)]
#[serde(try_from = "String")]
pub enum Age {
    /// Days; weeks are seven of them.
    Days(u16),
    /// Calendar months.
    Months(u16),
}

/// A text that is no age.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is no age; write days, weeks or months like 14d, 6w or 9m")]
pub struct AgeError(String);

impl Age {
    /// The day on which somebody born on `from` is so old.
    pub fn after(self, from: NaiveDate) -> NaiveDate {
        match self {
            Self::Days(days) => add_days(from, i64::from(days)),
            Self::Months(months) => add_months(from, u32::from(months)),
        }
    }

    /// A number to sort by, with months of 30.44 days.
    pub(super) fn order(self) -> u32 {
        match self {
            Self::Days(days) => u32::from(days) * 100,
            Self::Months(months) => u32::from(months) * 3044,
        }
    }
}

impl FromStr for Age {
    type Err = AgeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || AgeError(text.to_owned());
        let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
        let number: u16 = number.parse().map_err(|_| wrong())?;
        match unit {
            "d" => Ok(Self::Days(number)),
            "w" => number.checked_mul(7).map(Self::Days).ok_or_else(wrong),
            "m" => Ok(Self::Months(number)),
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for Age {
    type Error = AgeError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for Age {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Days(days) if *days > 0 && days % 7 == 0 => write!(formatter, "{}w", days / 7),
            Self::Days(days) => write!(formatter, "{days}d"),
            Self::Months(months) => write!(formatter, "{months}m"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_read_and_written() {
        for text in ["0d", "1d", "6w", "14w", "9m", "60m"] {
            assert_eq!(text.parse::<Age>().unwrap().to_string(), text);
        }
        assert_eq!("14d".parse::<Age>().unwrap().to_string(), "2w");
        for text in ["", "w", "6", "6y", "-1d", "70000d", "60000w", "6ɔ"] {
            assert!(text.parse::<Age>().is_err(), "{text}");
        }
    }

    #[test]
    fn they_are_ordered_by_length() {
        let mut ages: Vec<Age> = ["9m", "0d", "14w", "6m", "10w"].map(|text| text.parse().unwrap()).into();
        ages.sort_by_key(|age| age.order());
        assert_eq!(ages.iter().map(Age::to_string).collect::<Vec<_>>(), ["0d", "10w", "14w", "6m", "9m"]);
    }
}
