//! What messages are for, and what each kind may: its place in the queue, whether it waits for the
//! morning, how it is tried again, and what becomes of it where nobody knows whether it has left.

use chrono::TimeDelta;

/// The way that a message takes.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Medium {
    /// To a phone.
    Sms,
    /// To a mailbox.
    Email,
}

impl Medium {
    /// As it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Email => "email",
        }
    }
}

/// What a message is for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Kind {
    /// A PIN: before everything else, and never repeated blindly.
    Pin,
    /// A warning about her PIN.
    Warning,
    /// Something that she asked for a moment ago.
    Answer,
    /// The one answer to STOP or START; it goes also to a number that is stopped.
    Confirmation,
    /// What was planned: a visit, a refill, a schedule.
    Reminder,
    /// The same to many.
    Broadcast,
    /// An e-mail about an account.
    Mail,
}

/// What follows where a message may have left, and may not have: its worker died between
/// hand-over and mark, or the provider's answer never came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AfterDoubt {
    /// It stays unknown, and another is made with a new secret in it.
    Renew,
    /// It goes again: twice is better than never.
    Repeat,
    /// It stays unknown.
    Leave,
}

/// Kinds of this priority and less urgent ones are those of which one person gets only so many a
/// day. It stands in the condition of an index too (migration 0020).
pub const DAILY_LIMITED_FROM: i16 = 5;

/// How a kind is tried again.
struct Retry {
    first: TimeDelta,
    longest: TimeDelta,
    attempts: u16,
}

impl Kind {
    /// All of them, the most urgent first.
    pub const ALL: [Self; 7] = [
        Self::Pin,
        Self::Warning,
        Self::Answer,
        Self::Confirmation,
        Self::Reminder,
        Self::Broadcast,
        Self::Mail,
    ];

    /// As it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pin => "pin",
            Self::Warning => "warning",
            Self::Answer => "answer",
            Self::Confirmation => "confirmation",
            Self::Reminder => "reminder",
            Self::Broadcast => "broadcast",
            Self::Mail => "mail",
        }
    }

    /// The kind of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The way that it takes where none is said.
    pub const fn medium(self) -> Medium {
        match self {
            Self::Mail => Medium::Email,
            _ => Medium::Sms,
        }
    }

    /// Its place in the queue, 0 first. Each kind of SMS has one of its own, so that the queue can
    /// be asked for kinds by it.
    pub const fn priority(self) -> i16 {
        match self {
            Self::Pin => 0,
            Self::Warning | Self::Mail => 1,
            Self::Answer => 2,
            Self::Confirmation => 3,
            Self::Reminder => 5,
            Self::Broadcast => 7,
        }
    }

    /// Whether somebody waits for it now; it goes to the next provider at once where one fails.
    pub const fn is_urgent(self) -> bool {
        !self.is_planned()
    }

    /// Whether it was planned by us rather than asked for: it waits for the morning, it is counted
    /// for the most that one person gets a day, and it does not go to a number that is stopped.
    pub const fn is_planned(self) -> bool {
        matches!(self, Self::Reminder | Self::Broadcast)
    }

    /// Whether it is not sent to a number whose owner said STOP.
    pub const fn stops(self) -> bool {
        matches!(self, Self::Warning | Self::Reminder | Self::Broadcast)
    }

    /// Whether its text opens something: a PIN, or the link in a mail.
    pub const fn is_secret(self) -> bool {
        matches!(self, Self::Pin | Self::Mail)
    }

    /// Whether it goes although the money for messages is spent: what she cannot do without.
    pub const fn passes_budget(self) -> bool {
        matches!(self, Self::Pin | Self::Warning | Self::Answer | Self::Mail)
    }

    /// What follows where nobody knows whether it has left.
    pub const fn after_doubt(self) -> AfterDoubt {
        match self {
            Self::Pin => AfterDoubt::Renew,
            Self::Warning | Self::Answer | Self::Confirmation | Self::Reminder | Self::Mail => {
                AfterDoubt::Repeat
            }
            Self::Broadcast => AfterDoubt::Leave,
        }
    }

    /// How often it is tried in all.
    pub const fn most_attempts(self) -> u16 {
        self.retry().attempts
    }

    /// How long to wait after so many attempts that failed: twice as long each time up to a bound,
    /// and by `chance` (0 to 1) up to half of it less, so that what failed together does not come
    /// back together.
    pub fn pause(self, attempts: u16, chance: f64) -> TimeDelta {
        let retry = self.retry();
        let doubled = retry.first * 2_i32.pow(u32::from(attempts.saturating_sub(1).min(16)));
        let full = doubled.min(retry.longest);
        let share = 0.5 + chance.clamp(0.0, 1.0) / 2.0;
        #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "an hour at most")]
        let millis = (full.num_milliseconds() as f64 * share) as i64;
        TimeDelta::milliseconds(millis.max(1))
    }

    const fn retry(self) -> Retry {
        let (first, longest, attempts) = match self {
            Self::Pin => (2, 30, 8),
            Self::Warning | Self::Answer | Self::Confirmation => (5, 120, 8),
            Self::Reminder | Self::Mail => (30, 1800, 8),
            Self::Broadcast => (60, 3600, 5),
        };
        Retry { first: TimeDelta::seconds(first), longest: TimeDelta::seconds(longest), attempts }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_come_back_and_each_kind_of_sms_has_a_priority_of_its_own() {
        let mut priorities = Vec::new();
        for kind in Kind::ALL {
            assert_eq!(Kind::of_name(kind.name()), Some(kind));
            if kind.medium() == Medium::Sms {
                priorities.push(kind.priority());
            }
        }
        let mut distinct = priorities.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct, priorities, "in their order, none twice");
        assert_eq!(Kind::of_name("pigeon"), None);
    }

    #[test]
    fn what_is_planned_is_what_is_limited() {
        for kind in Kind::ALL {
            assert_eq!(kind.is_planned(), kind.priority() >= DAILY_LIMITED_FROM, "{kind:?}");
        }
    }

    #[test]
    fn the_documentation_says_what_each_kind_may() {
        let page = include_str!("../../docs/messages.md");
        for kind in Kind::ALL {
            let choose = |choice, yes: &'static str, no: &'static str| if choice { yes } else { no };
            let row = format!(
                "| {} | {} | {} | {} | {} | {} | {} |",
                kind.name(),
                kind.priority(),
                choose(kind.is_planned(), "in open hours", "at any time"),
                choose(kind.stops(), "cancelled", "goes"),
                choose(kind.passes_budget(), "goes", "waits"),
                match kind.after_doubt() {
                    AfterDoubt::Renew => "renew",
                    AfterDoubt::Repeat => "repeat",
                    AfterDoubt::Leave => "leave",
                },
                kind.most_attempts(),
            );
            assert!(page.contains(&row), "docs/messages.md lacks: {row}");
        }
    }

    #[test]
    fn pauses_double_to_their_bound() {
        let full = |attempts| Kind::Pin.pause(attempts, 1.0).num_seconds();
        assert_eq!([full(1), full(2), full(3), full(4), full(5), full(60)], [2, 4, 8, 16, 30, 30]);
        assert_eq!(Kind::Pin.pause(1, 0.0).num_milliseconds(), 1000);
    }

    proptest! {
        #[test]
        fn a_pause_is_between_half_and_all_of_its_bound(attempts: u16, chance in 0.0..1.0) {
            for kind in Kind::ALL {
                let pause = kind.pause(attempts, chance);
                prop_assert!(pause > TimeDelta::zero() && pause <= TimeDelta::hours(1));
                prop_assert!(pause * 2 >= kind.pause(attempts, 1.0) - TimeDelta::milliseconds(2));
            }
        }
    }
}
