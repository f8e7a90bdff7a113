//! Days and ages as people here count them.

use chrono::{DateTime, Months, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use chrono_tz::Africa::Freetown;

/// Date and time on the clocks of Sierra Leone.
pub fn local_time(now: DateTime<Utc>) -> NaiveDateTime {
    now.with_timezone(&Freetown).naive_local()
}

/// The day that it is in Sierra Leone.
pub fn local_day(now: DateTime<Utc>) -> NaiveDate {
    local_time(now).date()
}

/// The same day of the month, that many months on; the last day where that month has none such
/// (31 August and 6 months: 28 or 29 February).
pub fn add_months(day: NaiveDate, months: u32) -> NaiveDate {
    day.checked_add_months(Months::new(months)).unwrap_or(NaiveDate::MAX)
}

/// So many days on (or back).
pub fn add_days(day: NaiveDate, days: i64) -> NaiveDate {
    let limit = if days < 0 { NaiveDate::MIN } else { NaiveDate::MAX };
    TimeDelta::try_days(days).and_then(|delta| day.checked_add_signed(delta)).unwrap_or(limit)
}

/// Whole days from one day to another; negative where it lies before.
pub fn days_between(from: NaiveDate, to: NaiveDate) -> i64 {
    (to - from).num_days()
}

/// Completed weeks, 0 where `to` lies before.
pub fn weeks_between(from: NaiveDate, to: NaiveDate) -> i64 {
    days_between(from, to).max(0) / 7
}

/// Completed months as [`add_months`] counts them, 0 where `to` lies before.
pub fn months_between(from: NaiveDate, to: NaiveDate) -> u32 {
    use chrono::Datelike;
    let index = |day: NaiveDate| i64::from(day.year()) * 12 + i64::from(day.month0());
    let months = u32::try_from(index(to) - index(from)).unwrap_or(0);
    // The last month may not be complete yet.
    if add_months(from, months) > to { months.saturating_sub(1) } else { months }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_of_freetown_is_a_day_of_utc_all_year() {
        for month in 1..=12 {
            let late = Utc.with_ymd_and_hms(2026, month, 28, 23, 59, 59).unwrap();
            assert_eq!(local_day(late), late.date_naive());
        }
    }

    #[test]
    fn months_keep_the_day_or_take_the_last_one() {
        for (from, months, to) in [
            ("2025-08-31", 6, "2026-02-28"),
            ("2027-08-31", 6, "2028-02-29"),
            ("2026-01-15", 9, "2026-10-15"),
            ("2024-02-29", 12, "2025-02-28"),
        ] {
            assert_eq!(add_months(day(from), months), day(to), "{from} and {months} months");
        }
    }

    #[test]
    fn ages_are_completed_months_and_weeks() {
        assert_eq!(months_between(day("2025-08-31"), day("2026-02-27")), 5);
        assert_eq!(months_between(day("2025-08-31"), day("2026-02-28")), 6);
        assert_eq!(months_between(day("2026-03-10"), day("2026-03-09")), 0);
        assert_eq!(weeks_between(day("2026-03-01"), day("2026-03-14")), 1);
        assert_eq!(weeks_between(day("2026-03-01"), day("2026-02-01")), 0);
    }

    proptest! {
        #[test]
        fn an_age_in_months_is_the_most_that_has_passed(start in 0_i64..20_000, length in 0_i64..4_000) {
            let from = add_days(day("1990-01-01"), start);
            let to = add_days(from, length);
            let months = months_between(from, to);
            prop_assert!(add_months(from, months) <= to);
            prop_assert!(add_months(from, months + 1) > to);
        }
    }
}
