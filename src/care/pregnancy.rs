//! Dating a pregnancy: from one day, the first of the last period, follow her weeks and the due
//! date.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use super::calendar::{add_days, days_between};

/// From the first day of the last period to the due date.
const TERM_DAYS: i64 = 280;
/// A last period later than this many days ago is too soon to say.
const LEAST_DAYS: i64 = 14;
/// One longer ago than this many days has ended.
const MOST_DAYS: i64 = 300;

/// How well the day is known.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// To the day.
    Day,
    /// To the week or so.
    Week,
    /// To the month: an estimate. Shown as a month, and nothing is called overdue by it.
    Month,
}

/// What a due date was reckoned from.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DatedBy {
    /// Transfer of an embryo.
    Transfer,
    /// The last period.
    Lmp,
    /// An ultrasound scan.
    Scan,
    /// The height of the womb.
    FundalHeight,
    /// Her own reckoning.
    Reckoned,
}

/// A pregnancy's place in the calendar.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Dating {
    last_period: NaiveDate,
    precision: Precision,
}

/// Why a day is no first day of the last period of a pregnancy that goes on.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DatingError {
    /// In the future, or a few days ago.
    #[error("the last period began less than 14 days ago; give an earlier day")]
    TooLate,
    /// Such a pregnancy has ended.
    #[error("the last period began more than 300 days ago; give a later day, or record the birth")]
    TooEarly,
}

/// Age of a pregnancy.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct GestationalAge {
    days: u16,
}

impl Dating {
    /// By the first day of the last period.
    pub const fn from_last_period(day: NaiveDate, precision: Precision) -> Self {
        Self { last_period: day, precision }
    }

    /// By the due date (280 days after the first day of the last period).
    pub fn from_due(due: NaiveDate, precision: Precision) -> Self {
        Self { last_period: add_days(due, -TERM_DAYS), precision }
    }

    /// Where only the month of the last period is known: by its middle, as an estimate.
    pub fn from_month(day_in_month: NaiveDate) -> Self {
        let middle = day_in_month.with_day(15).unwrap_or(day_in_month);
        Self { last_period: middle, precision: Precision::Month }
    }

    /// By the weeks that she reckons herself to be pregnant on a day, as an estimate.
    pub fn from_weeks(weeks: u8, on: NaiveDate) -> Self {
        Self { last_period: add_days(on, -7 * i64::from(weeks)), precision: Precision::Month }
    }

    /// The same, where such a pregnancy can go on today: the last period began 14 to 300 days ago.
    pub fn checked(self, today: NaiveDate) -> Result<Self, DatingError> {
        match days_between(self.last_period, today) {
            days if days < LEAST_DAYS => Err(DatingError::TooLate),
            days if days > MOST_DAYS => Err(DatingError::TooEarly),
            _ => Ok(self),
        }
    }

    /// First day of the last period.
    pub const fn last_period(self) -> NaiveDate {
        self.last_period
    }

    /// The due date.
    pub fn due(self) -> NaiveDate {
        self.after_days(TERM_DAYS)
    }

    /// How well it is known.
    pub const fn precision(self) -> Precision {
        self.precision
    }

    /// Whether it is known to the month only.
    pub const fn is_estimate(self) -> bool {
        matches!(self.precision, Precision::Month)
    }

    /// Her weeks and days on a day; `None` before the last period, and where they cannot be true.
    pub fn age(self, on: NaiveDate) -> Option<GestationalAge> {
        u16::try_from(days_between(self.last_period, on)).ok().map(|days| GestationalAge { days })
    }

    /// The day on which that many weeks are complete.
    pub fn after_weeks(self, weeks: u8) -> NaiveDate {
        self.after_days(7 * i64::from(weeks))
    }

    fn after_days(self, days: i64) -> NaiveDate {
        add_days(self.last_period, days)
    }
}

impl GestationalAge {
    /// Whole days since the first day of the last period.
    pub const fn in_days(self) -> u16 {
        self.days
    }

    /// Completed weeks.
    pub const fn weeks(self) -> u16 {
        self.days / 7
    }

    /// Days beyond them, 0 to 6.
    pub const fn days(self) -> u16 {
        self.days % 7
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_due_date_is_280_days_after_the_last_period() {
        let dating = Dating::from_last_period(day("2026-03-19"), Precision::Day);
        assert_eq!(dating.due(), day("2026-12-24"));
        let age = dating.age(day("2026-10-04")).unwrap();
        assert_eq!((age.weeks(), age.days(), age.in_days()), (28, 3, 199));
        assert_eq!(dating.age(day("2026-03-18")), None);
    }

    #[test]
    fn a_month_is_dated_by_its_middle_as_an_estimate() {
        let dating = Dating::from_month(day("2026-02-28"));
        assert_eq!(dating.last_period(), day("2026-02-15"));
        assert!(dating.is_estimate());
        assert!(Dating::from_weeks(20, day("2026-11-24")).is_estimate());
        assert_eq!(Dating::from_weeks(20, day("2026-11-24")).age(day("2026-11-24")).unwrap().weeks(), 20);
    }

    #[test]
    fn a_last_period_lies_14_to_300_days_back() {
        let today = day("2026-11-24");
        let ago = |days: i64| Dating::from_last_period(add_days(today, -days), Precision::Day).checked(today);
        assert_eq!(ago(13), Err(DatingError::TooLate));
        assert_eq!(ago(-3), Err(DatingError::TooLate));
        assert!(ago(14).is_ok());
        assert!(ago(300).is_ok());
        assert_eq!(ago(301), Err(DatingError::TooEarly));
    }

    proptest! {
        #[test]
        fn due_date_and_last_period_say_the_same(start in 0_i64..20_000, later in 0_i64..310) {
            let first = add_days(day("2000-01-01"), start);
            let dating = Dating::from_last_period(first, Precision::Day);
            prop_assert_eq!(Dating::from_due(dating.due(), Precision::Day), dating);
            let age = dating.age(add_days(first, later)).unwrap();
            prop_assert_eq!(i64::from(age.weeks() * 7 + age.days()), later);
        }
    }
}
