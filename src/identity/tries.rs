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

impl TryLimits {
    /// The limits of a number, whoever is meant: twice as many tries, since people share it.
    #[must_use]
    pub const fn of_phone(self) -> Self {
        Self { tries: self.tries.saturating_mul(2), ..self }
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

    /// A new PIN is on its way: what was tried before was tried against another, but a lock that is in
    /// force stays, for `unlock_after` at most. How long the next one lasts is not forgotten either.
    pub fn renew(&mut self, now: DateTime<Utc>, unlock_after: TimeDelta) {
        if self.lasts(now).is_some() {
            self.shorten(now, unlock_after);
        } else {
            self.attempts.clear();
            self.locked_until = None;
        }
    }

    /// Ends a lock no later than `unlock_after` from now.
    pub fn shorten(&mut self, now: DateTime<Utc>, unlock_after: TimeDelta) {
        if let Some(until) = self.lasts(now) {
            self.locked_until = Some(until.min(now + unlock_after));
        }
    }

    /// Until when it is locked, if it is.
    pub fn lasts(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.locked_until.filter(|until| *until > now)
    }

    /// Whole minutes until it opens, at least one.
    pub fn minutes_left(until: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
        ((until - now).num_seconds().max(1) + 59) / 60
    }
}

/// The two counters that a try goes through, whatever door it comes by: of the number, and of the person
/// who is meant.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Counters {
    /// The number's.
    pub phone: Tries,
    /// The person's; none where she has no PIN.
    pub person: Option<Tries>,
}

impl Counters {
    /// Counts a try for both. Where either refuses, the caller stores neither: a try that is not checked
    /// does not count.
    pub fn admit(&mut self, attempt: i64, now: DateTime<Utc>, limits: &TryLimits) -> Admission {
        let by_phone = self.phone.admit(attempt, now, &limits.of_phone());
        let by_person = self.person.as_mut().map(|tries| tries.admit(attempt, now, limits));
        match (by_phone, by_person) {
            (only, None) => only,
            (Admission::Locked(phone), Some(Admission::Locked(person))) => {
                Admission::Locked(phone.max(person))
            }
            (Admission::Locked(until), Some(_)) | (_, Some(Admission::Locked(until))) => {
                Admission::Locked(until)
            }
            (
                Admission::Admitted { left: of_phone, repeat },
                Some(Admission::Admitted { left: of_person, repeat: again }),
            ) => Admission::Admitted { left: of_phone.min(of_person), repeat: repeat && again },
        }
    }

    /// Takes back a try that was counted but never checked.
    pub fn withdraw(&mut self, attempt: i64, limits: &TryLimits) {
        self.phone.withdraw(attempt, &limits.of_phone());
        if let Some(of_person) = &mut self.person {
            of_person.withdraw(attempt, limits);
        }
    }

    /// A new PIN of hers is on its way to this number. Others on it are still guarded by its counter.
    pub fn renew(&mut self, now: DateTime<Utc>, unlock_after: TimeDelta) {
        self.phone.shorten(now, unlock_after);
        if let Some(of_person) = &mut self.person {
            of_person.renew(now, unlock_after);
        }
    }

    /// Until when either is locked.
    pub fn lasts(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.phone.lasts(now).max(self.person.as_ref().and_then(|tries| tries.lasts(now)))
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
    fn a_new_pin_shortens_a_long_lock_and_lengthens_none() {
        let hour = TimeDelta::hours(1);
        let mut tries = Tries { locks: 3, ..Tries::default() };
        for attempt in 1..=5 {
            tries.admit(attempt, noon(), &LIMITS);
        }
        assert_eq!(tries.lasts(noon()), Some(noon() + TimeDelta::hours(4)));
        let locked = tries.clone();
        tries.renew(noon(), hour);
        assert_eq!(tries.lasts(noon()), Some(noon() + hour));
        assert_eq!((tries.locks, tries.attempts.len()), (4, 5), "the next lock is longer all the same");
        let later = noon() + TimeDelta::minutes(50);
        tries.renew(later, hour);
        assert_eq!(tries.lasts(later), Some(noon() + hour), "asking once more moves nothing");
        assert_eq!(tries.admit(6, noon() + hour, &LIMITS), admitted(4));
        let mut short = Tries { locked_until: Some(noon() + TimeDelta::minutes(30)), ..locked };
        short.renew(noon(), hour);
        assert_eq!(short.lasts(noon()), Some(noon() + TimeDelta::minutes(30)));
    }

    #[test]
    fn where_nothing_is_locked_the_tries_against_the_pin_before_are_forgotten() {
        let mut counters = Counters { person: Some(Tries::default()), ..Counters::default() };
        for attempt in 1..=4 {
            counters.admit(attempt, noon(), &LIMITS);
        }
        counters.renew(noon(), TimeDelta::hours(1));
        assert_eq!(counters.person, Some(Tries::default()));
        assert_eq!(counters.phone.attempts.len(), 4, "others on the number are guarded as before");
    }

    #[test]
    fn of_two_counters_the_stricter_counts() {
        let mut counters = Counters { person: Some(Tries::default()), ..Counters::default() };
        assert_eq!(counters.admit(1, noon(), &LIMITS), admitted(4));
        for attempt in 2..=5 {
            counters.admit(attempt, noon(), &LIMITS);
        }
        assert_eq!(counters.admit(6, noon(), &LIMITS), Admission::Locked(noon() + TimeDelta::minutes(30)));
        let mut other = Counters { phone: counters.phone.clone(), person: Some(Tries::default()) };
        assert_eq!(
            other.admit(7, noon(), &LIMITS),
            admitted(3),
            "six were tried on the phone: three are left, and then it is locked"
        );
        assert_eq!(other.lasts(noon()), None);
        let mut alone = Counters::default();
        for attempt in 1..=10 {
            alone.admit(attempt, noon(), &LIMITS);
        }
        assert_eq!(
            alone.lasts(noon()),
            Some(noon() + TimeDelta::minutes(30)),
            "a number without a person has a lock too"
        );
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
