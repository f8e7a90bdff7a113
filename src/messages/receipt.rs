//! What providers tell afterwards: receipts, and the words that they use.

use chrono::{DateTime, Utc};

/// What a receipt says.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Told {
    /// It went on, and this is not its end.
    Passed,
    /// The phone has it.
    Delivered,
    /// It will not arrive.
    Failed,
    /// The phone was not reached in time.
    Expired,
}

impl Told {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Passed, Self::Delivered, Self::Failed, Self::Expired];

    /// As it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Expired => "expired",
        }
    }

    /// What a word means that providers use, in any case, with or without `_`, `-` and spaces between;
    /// `None` for one that nobody told us about. A provider's own table comes before this one.
    pub fn of_word(word: &str) -> Option<Self> {
        let plain: String = word
            .chars()
            .filter(|letter| !matches!(letter, '_' | '-' | ' '))
            .map(|letter| letter.to_ascii_lowercase())
            .collect();
        Some(match plain.as_str() {
            "delivrd" | "delivered" | "success" | "deliveredtoterminal" | "deliveredtohandset" => {
                Self::Delivered
            }
            "sent"
            | "submitted"
            | "buffered"
            | "enroute"
            | "acceptd"
            | "accepted"
            | "queued"
            | "deliveredtonetwork"
            | "deliveredtooperator" => Self::Passed,
            "undeliv" | "undelivered" | "undeliverable" | "notdelivered" | "failed"
            | "deliveryimpossible" | "deleted" | "rejected" | "rejectd" | "prohibited" | "blocked" => {
                Self::Failed
            }
            "expired" => Self::Expired,
            other if other.starts_with("pending") => Self::Passed,
            _ => return None,
        })
    }
}

/// Which message a receipt is about.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Reference {
    /// By our id, which it brought back.
    Ours(i64),
    /// By the provider's id.
    Theirs(String),
}

/// A receipt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Receipt {
    /// Which message.
    pub reference: Reference,
    /// What it says; `None` where the word is not known: it is kept in the log and changes nothing.
    pub told: Option<Told>,
    /// The provider's own words.
    pub words: String,
    /// When it happened, where the provider says.
    pub at: Option<DateTime<Utc>>,
    /// Whether it says that the number's owner wants no messages.
    pub opted_out: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_known_in_any_case_and_with_any_gaps() {
        for (word, told) in [
            ("DELIVRD", Some(Told::Delivered)),
            ("Delivered", Some(Told::Delivered)),
            ("DELIVERED_TO_HANDSET", Some(Told::Delivered)),
            ("DeliveredToTerminal", Some(Told::Delivered)),
            ("DELIVERED_TO_OPERATOR", Some(Told::Passed)),
            ("PENDING_ENROUTE", Some(Told::Passed)),
            ("not delivered", Some(Told::Failed)),
            ("REJECTD", Some(Told::Failed)),
            ("EXPIRED", Some(Told::Expired)),
            ("", None),
            ("read", None),
            ("delivéred", None),
        ] {
            assert_eq!(Told::of_word(word), told, "{word}");
        }
    }
}
