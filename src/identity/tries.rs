//! Counting of wrong PINs: so many tries in a row, then a lock, each longer than the one before.
//! Pure; the counters themselves are rows.

use chrono::{DateTime, TimeDelta, Utc};

/// How many tries, and for how long it locks then.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TryLimits {
    /// Wrong tries in a row before a lock.
    pub tries: u8,
    /// The first lock; each further one is twice as long.
    pub first_lock: TimeDelta,
    /// No lock is longer.
    pub longest_lock: TimeDelta,
}

impl Default for TryLimits {
    fn default() -> Self {
        Self { tries: 5, first_lock: TimeDelta::minutes(30), longest_lock: TimeDelta::hours(24) }
    }
}

/// The counter of one person or one phone.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tries {
    /// Digests of the tries since the last right one, each of (session, turn, PIN).
    pub attempts: Vec<i64>,
    /// Locks since the last right one.
    pub locks: i16,
    /// Until when it is locked; in the past where the lock is over.
    pub locked_until: Option<DateTime<Utc>>,
}

/// Whether a try may be checked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Admission {
    /// It is counted and may be checked.
    Admitted {
        /// Tries left if it is wrong.
        left: u8,
        /// Whether it had been counted before: the same turn once more.
        repeat: bool,
    },
    /// It may not, until then.
    Locked(DateTime<Utc>),
}

impl Tries {
    /// Counts a try before it is checked, so that many at once cannot slip through. A try that was
    /// counted already counts once. The last one allowed locks at once; if it is right, what is
    /// written for a right one opens it again.
    pub fn admit(&mut self, attempt: i64, now: DateTime<Utc>, limits: &TryLimits) -> Admission {
        let limit = usize::from(limits.tries.max(1));
        if let Some(at) = self.attempts.iter().position(|&known| known == attempt) {
            return Admission::Admitted { left: left(limit, at + 1), repeat: true };
        }
        match self.locked_until {
            Some(until) if until > now => return Admission::Locked(until),
            Some(_) => {
                self.attempts.clear();
                self.locked_until = None;
            }
            None => {}
        }
        self.attempts.push(attempt);
        if self.attempts.len() >= limit {
            let longer = 1 << self.locks.clamp(0, 16);
            self.locks = self.locks.saturating_add(1);
            self.locked_until = Some(now + (limits.first_lock * longer).min(limits.longest_lock));
        }
        Admission::Admitted { left: left(limit, self.attempts.len()), repeat: false }
    }

    /// Takes back a try that was counted but never checked.
    pub fn withdraw(&mut self, attempt: i64, limits: &TryLimits) {
        let Some(at) = self.attempts.iter().position(|&known| known == attempt) else { return };
        self.attempts.remove(at);
        if self.locked_until.is_some() && self.attempts.len() < usize::from(limits.tries.max(1)) {
            self.locked_until = None;
            self.locks = self.locks.saturating_sub(1);
        }
    }

    /// Whole minutes until it opens, at least one.
    pub fn minutes_left(until: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
        ((until - now).num_seconds().max(1) + 59) / 60
    }
}

fn left(limit: usize, used: usize) -> u8 {
    u8::try_from(limit.saturating_sub(used)).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: TryLimits =
        TryLimits { tries: 5, first_lock: TimeDelta::minutes(30), longest_lock: TimeDelta::hours(24) };

    fn noon() -> DateTime<Utc> {
        "2026-11-24T12:00:00Z".parse().unwrap()
    }

    fn admitted(left: u8) -> Admission {
        Admission::Admitted { left, repeat: false }
    }

    #[test]
    fn five_tries_then_a_lock_that_grows() {
        let mut tries = Tries::default();
        let mut now = noon();
        for (round, minutes) in [30, 60, 120, 240, 480, 960, 1440, 1440].into_iter().enumerate() {
            for (at, left) in [4, 3, 2, 1, 0].into_iter().enumerate() {
                let attempt = i64::try_from(round * 10 + at).unwrap();
                assert_eq!(tries.admit(attempt, now, &LIMITS), admitted(left));
            }
            let until = now + TimeDelta::minutes(minutes);
            assert_eq!(tries.admit(-1, now, &LIMITS), Admission::Locked(until));
            assert_eq!(Tries::minutes_left(until, now), minutes);
            now = until;
        }
    }

    #[test]
    fn a_repeat_counts_once_even_when_it_was_the_last_one() {
        let mut tries = Tries::default();
        for attempt in 1..=5 {
            tries.admit(attempt, noon(), &LIMITS);
        }
        let before = tries.clone();
        assert_eq!(tries.admit(2, noon(), &LIMITS), Admission::Admitted { left: 3, repeat: true });
        assert_eq!(tries.admit(5, noon(), &LIMITS), Admission::Admitted { left: 0, repeat: true });
        assert_eq!(tries, before);
    }

    #[test]
    fn what_was_not_checked_can_be_taken_back() {
        let mut tries = Tries::default();
        for attempt in 1..=5 {
            tries.admit(attempt, noon(), &LIMITS);
        }
        tries.withdraw(5, &LIMITS);
        assert_eq!(tries.admit(6, noon(), &LIMITS), admitted(0));
        assert_eq!(tries.locks, 1);
        tries.withdraw(99, &LIMITS);
        assert!(matches!(tries.admit(7, noon(), &LIMITS), Admission::Locked(_)));
    }

    #[test]
    fn minutes_are_rounded_up() {
        assert_eq!(Tries::minutes_left(noon() + TimeDelta::seconds(61), noon()), 2);
        assert_eq!(Tries::minutes_left(noon(), noon()), 1);
    }

    proptest! {
        #[test]
        fn never_more_than_the_limit_between_locks(attempts in prop::collection::vec(0_i64..40, 0..60)) {
            let mut tries = Tries::default();
            let mut checked = std::collections::BTreeSet::new();
            for attempt in attempts {
                if let Admission::Admitted { .. } = tries.admit(attempt, noon(), &LIMITS) {
                    checked.insert(attempt);
                }
            }
            prop_assert!(checked.len() <= 5);
        }
    }
}
