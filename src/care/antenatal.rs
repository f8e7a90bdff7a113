//! When a pregnant woman is to be seen next.

use chrono::NaiveDate;
use serde::Deserialize;

use super::calendar::{add_days, days_between};
use super::pregnancy::Dating;

/// One row of the schedule.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct Contact {
    /// Its number, from 1; 0 for a look after the due date that is no contact.
    pub contact: u8,
    /// Weeks of pregnancy at which it is due.
    pub week: u8,
    /// Days after its day from which it is overdue.
    pub overdue_days: u8,
    /// Weeks to the next one for a woman who comes late.
    pub then_weeks: Option<u8>,
}

/// The contacts that she has had.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Attended {
    /// How many.
    pub times: u16,
    /// The last.
    pub last: NaiveDate,
}

/// What is next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NextContact {
    /// Which one it is for her; 0 where she has had the last, and comes only if the baby is late.
    pub number: u8,
    /// Its day.
    pub on: NaiveDate,
    /// Whether it is past by more than the schedule allows. Never by an estimate.
    pub overdue: bool,
}

/// A contact up to so many days before its day stands for it, and so many after keeps to the
/// schedule. Together less than the two weeks that lie between the last contacts.
const EARLY_DAYS: i64 = 6;
const LATE_DAYS: i64 = 7;

/// The antenatal schedule.
#[derive(Clone, Debug)]
pub struct AntenatalSchedule {
    contacts: Vec<Contact>,
}

impl AntenatalSchedule {
    /// From rows in the order of their weeks.
    pub(super) const fn new(contacts: Vec<Contact>) -> Self {
        Self { contacts }
    }

    /// All rows, in the order of their weeks.
    pub fn contacts(&self) -> &[Contact] {
        &self.contacts
    }

    /// The next contact of a pregnancy, by its dating and the contacts had so far. `None` where
    /// nothing is left in the schedule.
    ///
    /// Who keeps to the schedule is seen at its weeks. Who comes later than a week after one is
    /// seen again after the interval that belongs to her weeks; no interval skips the last contact.
    pub fn next(&self, dating: Dating, attended: Option<Attended>, today: NaiveDate) -> Option<NextContact> {
        let (row, on, number) = match attended {
            None => {
                let row = self.contacts.first()?;
                (row, dating.after_weeks(row.week), 1)
            }
            Some(attended) => self.after(dating, attended)?,
        };
        let late = days_between(on, today) > i64::from(row.overdue_days);
        Some(NextContact { number, on, overdue: late && !dating.is_estimate() })
    }

    fn after(&self, dating: Dating, attended: Attended) -> Option<(&Contact, NaiveDate, u8)> {
        let day_of = |row: &Contact| dating.after_weeks(row.week);
        let last = self.contacts.iter().rposition(|row| row.contact > 0)?;
        // The row that her last contact stands for. Only a contact in its week stands for the last.
        let stands_for = |at: usize, row: &Contact| {
            let early = if at >= last { 0 } else { EARLY_DAYS };
            attended.last >= add_days(day_of(row), -early)
        };
        let at = self.contacts.iter().enumerate().rposition(|(at, row)| stands_for(at, row)).unwrap_or(0);
        let had = self.contacts.get(at)?;
        let next = self.contacts.get(at + 1)?;
        if next.contact == 0 {
            return Some((next, day_of(next), 0));
        }
        let late = days_between(day_of(had), attended.last) > LATE_DAYS;
        let by_interval =
            had.then_weeks.filter(|_| late).map(|weeks| add_days(attended.last, 7 * i64::from(weeks)));
        let final_day = self.contacts.get(last).map(day_of)?;
        let on = by_interval.unwrap_or_else(|| day_of(next)).min(final_day);
        let count = self.contacts.get(last).map_or(0, |row| u16::from(row.contact));
        let number = u8::try_from((attended.times + 1).min(count)).unwrap_or(u8::MAX);
        Some((next, on, number))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::care::country::Country;
    use crate::care::pregnancy::Precision;

    fn first_day() -> NaiveDate {
        "2026-01-05".parse().unwrap()
    }

    fn at(weeks: i64, days: i64) -> NaiveDate {
        add_days(first_day(), 7 * weeks + days)
    }

    fn next(attended: Option<(u16, NaiveDate)>, today: NaiveDate) -> Option<(u8, NaiveDate, bool)> {
        let dating = Dating::from_last_period(first_day(), Precision::Day);
        let attended = attended.map(|(times, last)| Attended { times, last });
        let next = Country::shipped().unwrap().antenatal.next(dating, attended, today);
        next.map(|next| (next.number, next.on, next.overdue))
    }

    #[test]
    fn the_eight_contacts_are_at_their_weeks() {
        let weeks: [u8; 8] = [12, 20, 26, 30, 34, 36, 38, 40];
        assert_eq!(next(None, at(8, 0)), Some((1, at(12, 0), false)));
        for (had, pair) in (1..).zip(weeks.windows(2)) {
            let (this, then) = (i64::from(pair[0]), i64::from(pair[1]));
            let number = u8::try_from(had + 1).unwrap();
            for slip in [0, 3, 7] {
                let last = at(this, slip);
                assert_eq!(next(Some((had, last)), last), Some((number, at(then, 0), false)), "week {this}");
            }
        }
    }

    #[test]
    fn overdue_is_more_than_seven_days_past_and_never_by_an_estimate() {
        assert_eq!(next(None, at(13, 0)), Some((1, at(12, 0), false)));
        assert_eq!(next(None, at(13, 1)), Some((1, at(12, 0), true)));
        let estimate = Dating::from_last_period(first_day(), Precision::Month);
        let schedule = Country::shipped().unwrap().antenatal;
        assert!(!schedule.next(estimate, None, at(30, 0)).unwrap().overdue);
    }

    #[test]
    fn who_books_late_is_seen_after_the_interval_of_her_weeks() {
        for (weeks, interval) in [(14, 8), (17, 8), (22, 6), (28, 4), (32, 4), (35, 1)] {
            let last = at(weeks, 2);
            // 35+2 stands for the contact of week 36, come early.
            let on = if weeks == 35 { at(38, 0) } else { add_days(last, 7 * interval) };
            assert_eq!(next(Some((1, last)), last), Some((2, on, false)), "week {weeks}");
        }
    }

    #[test]
    fn week_forty_is_never_skipped() {
        for last in [at(38, 0), at(39, 0), at(39, 6)] {
            assert_eq!(next(Some((3, last)), last), Some((4, at(40, 0), false)));
        }
    }

    #[test]
    fn after_the_last_contact_she_comes_in_week_41_if_the_baby_has_not() {
        assert_eq!(next(Some((8, at(40, 0))), at(40, 1)), Some((0, at(41, 0), false)));
        assert_eq!(next(Some((2, at(40, 6))), at(42, 1)), Some((0, at(41, 0), true)));
        assert_eq!(next(Some((9, at(41, 1))), at(41, 2)), None);
    }

    #[test]
    fn more_contacts_than_the_schedule_has_stay_the_last() {
        assert_eq!(next(Some((11, at(36, 0))), at(36, 0)), Some((8, at(38, 0), false)));
    }

    proptest! {
        #[test]
        fn the_next_contact_lies_after_the_last_and_before_week_42(day in 0_i64..286, times in 1_u16..12) {
            let last = at(0, day);
            let next = next(Some((times, last)), last).unwrap();
            prop_assert!(next.1 > last && next.1 <= at(41, 0));
            prop_assert!(!next.2);
        }
    }
}
