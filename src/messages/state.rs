//! The states of a message.

use super::kind::Kind;
use super::receipt::Told;

/// Where a message is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum State {
    /// It waits for its turn.
    Queued,
    /// A worker has it.
    Sending,
    /// A provider has taken it.
    Sent,
    /// It is on the phone.
    Delivered,
    /// It will not arrive.
    Failed,
    /// It was not sent, or not delivered, while it was of use.
    Expired,
    /// It is no longer wanted.
    Cancelled,
    /// It may have left and may not have, and goes no further.
    Unknown,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::Sending,
        Self::Sent,
        Self::Delivered,
        Self::Failed,
        Self::Expired,
        Self::Cancelled,
        Self::Unknown,
    ];

    /// As it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }

    /// The state of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Where a receipt takes it; `None` where it stays. A phone that has it ends all questions, and
    /// nothing leads away from there. Of other ends the first counts. A message that waits to go
    /// again after a doubt has left before, if its provider says so.
    pub const fn after_receipt(self, told: Told) -> Option<Self> {
        match (self, told) {
            (Self::Delivered, _) => None,
            (_, Told::Delivered) => Some(Self::Delivered),
            (Self::Queued | Self::Unknown, Told::Passed) => Some(Self::Sent),
            (Self::Sending | Self::Sent | Self::Unknown, Told::Failed) => Some(Self::Failed),
            (Self::Sending | Self::Sent | Self::Unknown, Told::Expired) => Some(Self::Expired),
            _ => None,
        }
    }

    /// Whether the text of a message of that kind is kept: while it may go, and after a refusal, so
    /// that it can be sent once what was wrong is put right. A secret is not kept for that.
    pub const fn keeps_body(self, kind: Kind) -> bool {
        match self {
            Self::Queued | Self::Sending => true,
            Self::Failed => !kind.is_secret(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for state in State::ALL {
            assert_eq!(State::of_name(state.name()), Some(state));
        }
        assert_eq!(State::of_name("lost"), None);
    }

    #[test]
    fn nothing_leads_away_from_delivered() {
        for told in Told::ALL {
            assert_eq!(State::Delivered.after_receipt(told), None, "{told:?}");
        }
    }

    #[test]
    fn receipts_in_any_order_and_number_end_alike() {
        for first in Told::ALL {
            for second in Told::ALL {
                let apply = |state: State, told| state.after_receipt(told).unwrap_or(state);
                let forth = apply(apply(State::Sent, first), second);
                assert_eq!(apply(forth, second), forth, "told twice");
                if [first, second].contains(&Told::Delivered) {
                    assert_eq!(forth, State::Delivered);
                    assert_eq!(apply(apply(State::Sent, second), first), State::Delivered);
                }
            }
        }
    }

    #[test]
    fn a_pin_is_kept_no_longer_than_it_may_go() {
        for state in State::ALL {
            let may_go = matches!(state, State::Queued | State::Sending);
            assert_eq!(state.keeps_body(Kind::Pin), may_go, "{state:?}");
        }
        assert!(State::Failed.keeps_body(Kind::Reminder) && !State::Sent.keeps_body(Kind::Reminder));
    }

    #[test]
    fn a_message_that_left_after_all_does_not_go_again() {
        assert_eq!(State::Queued.after_receipt(Told::Passed), Some(State::Sent));
        assert_eq!(State::Queued.after_receipt(Told::Delivered), Some(State::Delivered));
        assert_eq!(State::Queued.after_receipt(Told::Failed), None, "it goes again");
        assert_eq!(State::Unknown.after_receipt(Told::Failed), Some(State::Failed));
    }
}
