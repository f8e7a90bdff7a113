//! What slows down who has taken over a number or a PIN: after a change, new PINs cool down; and a new PIN
//! does not lift a lock at once. Pure; what changed when are rows.

use chrono::{DateTime, TimeDelta, Utc};

/// How long it slows down.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GuardTimes {
    /// For so long after a change no new PIN goes to a number that is new to her, and none at all after one
    /// was reset; what she was told of, she can stop within it. A day: it holds a night and a morning in which
    /// she finds the SMS.
    pub cooling: TimeDelta,
    /// A new PIN that she asks for by phone opens a lock no sooner than this. An hour: longer than a first
    /// lock, so that who guesses gains nothing by asking; far shorter than the longest, so that who forgot
    /// her PIN reads her record on the same day.
    pub unlock_after: TimeDelta,
}

impl Default for GuardTimes {
    fn default() -> Self {
        Self { cooling: TimeDelta::hours(24), unlock_after: TimeDelta::hours(1) }
    }
}

/// What changed about a person and one of her numbers.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Changes {
    /// Since when her PIN is stopped, by somebody at a number of hers.
    pub stopped_at: Option<DateTime<Utc>>,
    /// When a PIN that was sent in place of her own was last made her own.
    pub reset_at: Option<DateTime<Utc>>,
    /// When the number joined others of hers, or took their place.
    pub added_at: Option<DateTime<Utc>>,
}

/// Why she gets no new PIN but through staff who have her before them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Held {
    /// Her PIN is stopped until staff have seen her.
    Stopped,
    /// Something changed lately; not before then.
    Cooling(DateTime<Utc>),
}

impl GuardTimes {
    /// What holds a new PIN back.
    pub fn held(&self, changes: &Changes, now: DateTime<Utc>) -> Option<Held> {
        if changes.stopped_at.is_some() {
            return Some(Held::Stopped);
        }
        let until = changes.reset_at.max(changes.added_at)? + self.cooling;
        (until > now).then_some(Held::Cooling(until))
    }

    /// What changed after this is still cooling.
    pub fn since(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now - self.cooling
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> DateTime<Utc> {
        "2026-11-24T12:00:00Z".parse().unwrap()
    }

    fn ago(hours: i64) -> DateTime<Utc> {
        noon() - TimeDelta::hours(hours)
    }

    #[test]
    fn a_change_cools_for_a_day_and_the_later_of_two_counts() {
        let times = GuardTimes::default();
        let held = |reset_at: Option<i64>, added_at: Option<i64>| {
            let changes =
                Changes { stopped_at: None, reset_at: reset_at.map(ago), added_at: added_at.map(ago) };
            times.held(&changes, noon())
        };
        assert_eq!(held(None, None), None);
        for (reset, added) in [(Some(4), None), (None, Some(4)), (Some(4), Some(30)), (Some(10), Some(4))] {
            assert_eq!(held(reset, added), Some(Held::Cooling(noon() + TimeDelta::hours(20))));
        }
        assert_eq!(held(Some(24), Some(25)), None, "a day later it is over");
        assert_eq!(times.since(noon()), ago(24));
    }

    #[test]
    fn what_is_stopped_stays_so_however_long() {
        let changes = Changes { stopped_at: Some(ago(24 * 400)), ..Changes::default() };
        assert_eq!(GuardTimes::default().held(&changes, noon()), Some(Held::Stopped));
    }
}
