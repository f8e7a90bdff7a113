//! When a reminder goes: so many days, weeks or months from its anchor, and for how long it may.

use std::str::FromStr;

use chrono::NaiveDate;

use crate::care::calendar::{add_days, add_months};

/// A distance from an anchor.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Offset {
    /// Days; before it where negative.
    Days(i16),
    /// Months after it.
    Months(u8),
}

/// One of the times at which a reminder goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Step {
    /// When.
    pub offset: Offset,
    /// Days after that on which it still may.
    pub window: u16,
}

/// Furthest distance that makes sense: five years.
const FURTHEST_DAYS: i16 = 1830;
const FURTHEST_MONTHS: u8 = 60;
const LONGEST_WINDOW: u16 = 200;

impl Offset {
    /// The day at that distance.
    pub fn from(self, anchor: NaiveDate) -> NaiveDate {
        match self {
            Self::Days(days) => add_days(anchor, i64::from(days)),
            Self::Months(months) => add_months(anchor, u32::from(months)),
        }
    }

    /// Days, about: for the order of steps and to look for anchors from a day.
    pub fn about_days(self) -> i64 {
        match self {
            Self::Days(days) => i64::from(days),
            Self::Months(months) => i64::from(months) * 30,
        }
    }

    /// The first and the last anchor from which this is that day: months are of several lengths.
    pub fn anchors(self, day: NaiveDate) -> (NaiveDate, NaiveDate) {
        match self {
            Self::Days(days) => {
                let anchor = add_days(day, -i64::from(days));
                (anchor, anchor)
            }
            Self::Months(months) => {
                let days = i64::from(months) * 30_437 / 1_000;
                (add_days(day, -days - 4), add_days(day, -days + 4))
            }
        }
    }
}

/// Why a text is no step.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}`: expected a distance and the days for which it may still go, like -3d/1d, 16w/10d or 6m/30d")]
pub struct NotAStep(String);

impl FromStr for Step {
    type Err = NotAStep;

    fn from_str(text: &str) -> Result<Self, NotAStep> {
        let step = || {
            let (offset, window) = text.split_once('/')?;
            let window = window.strip_suffix('d')?.parse().ok().filter(|days| *days <= LONGEST_WINDOW)?;
            Some(Self { offset: offset_of(offset)?, window })
        };
        step().ok_or_else(|| NotAStep(text.to_owned()))
    }
}

fn offset_of(text: &str) -> Option<Offset> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let days = |number: i16| Some(Offset::Days(number)).filter(|_| number.abs() <= FURTHEST_DAYS);
    match unit {
        "d" => days(number.parse().ok()?),
        "w" => days(number.parse::<i16>().ok()?.checked_mul(7)?),
        "m" => number.parse().ok().filter(|months| *months <= FURTHEST_MONTHS).map(Offset::Months),
        _ => None,
    }
}

/// `14d`: a count of days.
pub(super) fn days(text: &str) -> Option<u16> {
    text.strip_suffix('d')?.parse().ok().filter(|days| (1..=LONGEST_WINDOW).contains(days))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn steps_are_read() {
        let step = |text: &str| text.parse::<Step>();
        assert_eq!(step("-3d/1d"), Ok(Step { offset: Offset::Days(-3), window: 1 }));
        assert_eq!(step("16w/10d"), Ok(Step { offset: Offset::Days(112), window: 10 }));
        assert_eq!(step("6m/30d"), Ok(Step { offset: Offset::Months(6), window: 30 }));
        for odd in
            ["", "3d", "3/1d", "3d/1", "3d/1w", "d/1d", "-1m/1d", "9999w/1d", "61m/1d", "3d/999d", "3ɛ/1d"]
        {
            assert!(step(odd).is_err(), "{odd}");
        }
    }

    proptest! {
        #[test]
        fn anchors_are_where_a_step_leads_back_to(start in 0_i64..20_000, days in -1000_i16..1000, months in 0_u8..60) {
            let anchor = add_days("1990-01-01".parse().unwrap(), start);
            for offset in [Offset::Days(days), Offset::Months(months)] {
                let (first, last) = offset.anchors(offset.from(anchor));
                prop_assert!(first <= anchor && anchor <= last, "{:?} {} {} {}", offset, anchor, first, last);
            }
        }
    }
}
