//! What follows an attempt: the one place that says when a message goes again.

use chrono::{DateTime, TimeDelta, Utc};

use super::fate::{Blame, Fate};
use super::kind::{AfterDoubt, Kind};

/// A message goes again after a doubt only so often; then it stays unknown.
const MOST_DOUBTS: u16 = 2;
/// An account that is refused is tried again after this long.
const ACCOUNT_PAUSE: TimeDelta = TimeDelta::minutes(1);

/// An attempt that is over.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// What the message is for.
    pub kind: Kind,
    /// How many attempts failed before this one.
    pub attempts: u16,
    /// How many of them were doubtful.
    pub doubts: u16,
    /// When it is of no use any more.
    pub expires_at: DateTime<Utc>,
    /// Now.
    pub now: DateTime<Utc>,
    /// A random number from 0 to 1.
    pub chance: f64,
}

/// What becomes of the message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Next {
    /// It has left.
    Sent,
    /// It goes again.
    Again {
        /// Not before then.
        at: DateTime<Utc>,
        /// Whether this attempt counts among those it has.
        counted: bool,
        /// Whether it may have left before, so that it may arrive twice.
        doubted: bool,
    },
    /// It does not go.
    Failed,
    /// It would come too late.
    Expired,
    /// It may have left, and does not go again.
    Unknown,
}

/// What follows that fate.
pub fn after_attempt(attempt: &Attempt, fate: &Fate) -> Next {
    let failed = attempt.attempts.saturating_add(1);
    let pause = attempt.kind.pause(failed, attempt.chance);
    match fate {
        Fate::Taken { .. } => Next::Sent,
        Fate::Doubtful { .. } => after_doubt(attempt, pause),
        Fate::Refused { blame, wait, .. } => {
            let wait = wait.and_then(|wait| TimeDelta::from_std(wait).ok()).unwrap_or_default();
            let (pause, counted) = match blame {
                Blame::Recipient | Blame::OptedOut | Blame::Message => return Next::Failed,
                Blame::Throttled => (attempt.kind.pause(1, attempt.chance), false),
                Blame::Account => (ACCOUNT_PAUSE.min(pause * 4), false),
                Blame::Odd if attempt.attempts > 0 => return Next::Failed,
                Blame::Odd | Blame::Route | Blame::Passing => (pause, true),
            };
            if counted && failed >= attempt.kind.most_attempts() {
                return Next::Failed;
            }
            again(attempt, pause.max(wait), counted, false)
        }
    }
}

/// What follows where the worker died while it had the message.
pub fn after_crash(attempt: &Attempt) -> Next {
    after_doubt(attempt, TimeDelta::zero())
}

fn after_doubt(attempt: &Attempt, pause: TimeDelta) -> Next {
    match attempt.kind.after_doubt() {
        AfterDoubt::Renew | AfterDoubt::Leave => Next::Unknown,
        AfterDoubt::Repeat if attempt.doubts >= MOST_DOUBTS => Next::Unknown,
        AfterDoubt::Repeat => again(attempt, pause, true, true),
    }
}

fn again(attempt: &Attempt, pause: TimeDelta, counted: bool, doubted: bool) -> Next {
    let at = attempt.now + pause;
    match (at < attempt.expires_at, doubted) {
        (true, _) => Next::Again { at, counted, doubted },
        (false, true) => Next::Unknown,
        (false, false) => Next::Expired,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-24T10:00:00Z".parse().unwrap()
    }

    fn attempt(kind: Kind, attempts: u16) -> Attempt {
        let expires_at = now() + TimeDelta::minutes(10);
        Attempt { kind, attempts, doubts: 0, expires_at, now: now(), chance: 1.0 }
    }

    fn refused(blame: Blame) -> Fate {
        Fate::refused(blame, "no")
    }

    #[test]
    fn each_kind_of_refusal_has_its_own_sequel() {
        let again = |seconds, counted| Next::Again {
            at: now() + TimeDelta::seconds(seconds),
            counted,
            doubted: false,
        };
        for (blame, expected) in [
            (Blame::Recipient, Next::Failed),
            (Blame::OptedOut, Next::Failed),
            (Blame::Message, Next::Failed),
            (Blame::Route, again(4, true)),
            (Blame::Passing, again(4, true)),
            (Blame::Odd, Next::Failed),
            (Blame::Throttled, again(2, false)),
            (Blame::Account, again(16, false)),
        ] {
            assert_eq!(after_attempt(&attempt(Kind::Pin, 1), &refused(blame)), expected, "{blame:?}");
        }
        assert_eq!(after_attempt(&attempt(Kind::Pin, 0), &refused(Blame::Odd)), again(2, true));
        assert_eq!(after_attempt(&attempt(Kind::Pin, 1), &Fate::taken(None, "ok")), Next::Sent);
    }

    #[test]
    fn a_provider_that_asks_to_wait_is_left_alone() {
        let fate = Fate::Refused {
            blame: Blame::Throttled,
            words: String::new(),
            wait: Some(Duration::from_mins(1)),
        };
        let next = after_attempt(&attempt(Kind::Reminder, 0), &fate);
        let Next::Again { at, counted: false, .. } = next else { panic!("{next:?}") };
        assert_eq!(at, now() + TimeDelta::seconds(60));
    }

    #[test]
    fn attempts_end_and_throttling_costs_none() {
        let last = Kind::Reminder.most_attempts() - 1;
        assert_eq!(after_attempt(&attempt(Kind::Reminder, last), &refused(Blame::Passing)), Next::Failed);
        let throttled = after_attempt(&attempt(Kind::Reminder, last), &refused(Blame::Throttled));
        assert!(matches!(throttled, Next::Again { counted: false, .. }), "{throttled:?}");
    }

    #[test]
    fn what_would_come_too_late_expires() {
        let late = Attempt { expires_at: now() + TimeDelta::seconds(1), ..attempt(Kind::Pin, 3) };
        assert_eq!(after_attempt(&late, &refused(Blame::Passing)), Next::Expired);
        let late = Attempt { expires_at: now(), ..attempt(Kind::Reminder, 0) };
        assert_eq!(after_crash(&late), Next::Unknown, "it may have left: it did not merely expire");
    }

    #[test]
    fn a_pin_is_never_repeated_blindly_and_a_reminder_is_within_bounds() {
        let doubt = Fate::doubtful("cut off");
        for next in [after_attempt(&attempt(Kind::Pin, 0), &doubt), after_crash(&attempt(Kind::Pin, 0))] {
            assert_eq!(next, Next::Unknown);
        }
        let reminder = attempt(Kind::Reminder, 0);
        assert_eq!(after_crash(&reminder), Next::Again { at: now(), counted: true, doubted: true });
        let often = Attempt { doubts: MOST_DOUBTS, ..reminder };
        assert_eq!(after_attempt(&often, &doubt), Next::Unknown);
        assert_eq!(after_crash(&attempt(Kind::Broadcast, 0)), Next::Unknown);
    }
}
