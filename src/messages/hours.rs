//! The hours in which planned messages go, on the clocks of the country.

use std::str::FromStr;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

/// From when to when planned messages go, and where those clocks are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Hours {
    opens: NaiveTime,
    closes: NaiveTime,
    zone: Tz,
}

/// Hours that cannot be.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum HoursError {
    /// No time of day.
    #[error("expected a time of day like 08:00")]
    Time,
    /// No such zone.
    #[error("expected a time zone of the IANA list, like Africa/Freetown")]
    Zone,
    /// It closes before it opens.
    #[error("expected a morning before the evening of the same day")]
    Order,
}

impl Hours {
    /// Open from `opens` until `closes`, as `08:00` and `20:00`.
    pub fn new(opens: &str, closes: &str, zone: &str) -> Result<Self, HoursError> {
        let time = |text| NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| HoursError::Time);
        let hours = Self {
            opens: time(opens)?,
            closes: time(closes)?,
            zone: Tz::from_str(zone).map_err(|_| HoursError::Zone)?,
        };
        if hours.opens < hours.closes { Ok(hours) } else { Err(HoursError::Order) }
    }

    /// Whether planned messages go now.
    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        let time = now.with_timezone(&self.zone).time();
        time >= self.opens && time < self.closes
    }

    /// The day that it is there.
    pub fn day(&self, now: DateTime<Utc>) -> NaiveDate {
        now.with_timezone(&self.zone).date_naive()
    }

    /// When the day began that it is there.
    pub fn day_began(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.at(self.day(now), NaiveTime::MIN)
    }

    /// When planned messages go again after today.
    pub fn next_morning(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let tomorrow = self.day(now).checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX);
        self.at(tomorrow, self.opens)
    }

    /// The first time from `at` on at which planned messages go.
    pub fn first_open(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        let local = at.with_timezone(&self.zone);
        if local.time() < self.opens {
            self.at(local.date_naive(), self.opens)
        } else if local.time() < self.closes {
            at
        } else {
            self.next_morning(at)
        }
    }

    /// That time of that day; the next one there is where clocks are put forward over it.
    fn at(&self, day: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
        let naive = day.and_time(time);
        let found = (0..=24).find_map(|quarters| {
            let later = naive.checked_add_signed(chrono::TimeDelta::minutes(15 * quarters))?;
            self.zone.from_local_datetime(&later).earliest()
        });
        found.map_or(DateTime::<Utc>::MAX_UTC, |found| found.with_timezone(&Utc))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn freetown() -> Hours {
        Hours::new("08:00", "20:00", "Africa/Freetown").unwrap()
    }

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn hours_must_be_hours() {
        for (opens, closes, zone, error) in [
            ("8", "20:00", "Africa/Freetown", HoursError::Time),
            ("08:00", "25:00", "Africa/Freetown", HoursError::Time),
            ("08:00", "20:00", "Freetown", HoursError::Zone),
            ("20:00", "08:00", "Africa/Freetown", HoursError::Order),
        ] {
            assert_eq!(Hours::new(opens, closes, zone), Err(error));
        }
    }

    #[test]
    fn a_night_ends_at_the_next_opening() {
        let hours = freetown();
        for (at, open, first) in [
            ("2026-11-24T07:59:59Z", false, "2026-11-24T08:00:00Z"),
            ("2026-11-24T08:00:00Z", true, "2026-11-24T08:00:00Z"),
            ("2026-11-24T19:59:59Z", true, "2026-11-24T19:59:59Z"),
            ("2026-11-24T20:00:00Z", false, "2026-11-25T08:00:00Z"),
            ("2026-12-31T23:00:00Z", false, "2027-01-01T08:00:00Z"),
        ] {
            assert_eq!(hours.is_open(utc(at)), open, "{at}");
            assert_eq!(hours.first_open(utc(at)), utc(first), "{at}");
        }
        assert_eq!(hours.day_began(utc("2026-11-24T23:59:00Z")), utc("2026-11-24T00:00:00Z"));
    }

    #[test]
    fn another_country_has_its_own_clock() {
        let hours = Hours::new("08:00", "20:00", "Africa/Nairobi").unwrap();
        assert!(hours.is_open(utc("2026-11-24T05:00:00Z")) && !hours.is_open(utc("2026-11-24T17:00:00Z")));
        assert_eq!(hours.day_began(utc("2026-11-24T22:00:00Z")), utc("2026-11-24T21:00:00Z"));
    }

    proptest! {
        #[test]
        fn the_first_opening_is_open_and_never_before(seconds in 0_i64..4_000_000_000) {
            let at = DateTime::from_timestamp(seconds, 0).unwrap();
            for zone in ["Africa/Freetown", "Europe/London"] {
                let hours = Hours::new("08:00", "20:00", zone).unwrap();
                let first = hours.first_open(at);
                prop_assert!(first >= at && hours.is_open(first));
                prop_assert!(hours.day_began(at) <= at && hours.next_morning(at) > at);
            }
        }
    }
}
