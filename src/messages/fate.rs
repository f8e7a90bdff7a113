//! What a provider did with a message. Each recipient has its own fate.

use std::time::Duration;

/// What became of one attempt for one recipient.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fate {
    /// The provider has taken it.
    Taken {
        /// Its own id of the message, for receipts; none where receipts bring ours.
        id: Option<String>,
        /// Its words.
        words: String,
    },
    /// It did not leave, for certain.
    Refused {
        /// Whose fault.
        blame: Blame,
        /// The provider's words.
        words: String,
        /// How long it asked to be left alone.
        wait: Option<Duration>,
    },
    /// It may have left: the answer did not come, or makes no sense.
    Doubtful {
        /// What came instead.
        words: String,
    },
}

/// Why a provider did not take a message: what has to change before another try.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Blame {
    /// The number: no try will help.
    Recipient,
    /// The number's owner has said STOP to the provider.
    OptedOut,
    /// The text or the form: no try will help.
    Message,
    /// This provider does not reach that number; another may.
    Route,
    /// Too much at once.
    Throttled,
    /// Something that passes by itself.
    Passing,
    /// Something odd that one more try may clear up.
    Odd,
    /// The account: key, balance, sender. Somebody must look; until then nothing goes this way.
    Account,
}

impl Blame {
    /// Its name in counts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recipient => "recipient",
            Self::OptedOut => "opted_out",
            Self::Message => "message",
            Self::Route => "route",
            Self::Throttled => "throttled",
            Self::Passing => "passing",
            Self::Odd => "odd",
            Self::Account => "account",
        }
    }
}

impl Fate {
    /// Taken.
    pub fn taken(id: Option<&str>, words: impl Into<String>) -> Self {
        Self::Taken { id: id.map(str::to_owned), words: words.into() }
    }

    /// Refused, with nothing said about when to come back.
    pub fn refused(blame: Blame, words: impl Into<String>) -> Self {
        Self::Refused { blame, words: words.into(), wait: None }
    }

    /// Doubtful.
    pub fn doubtful(words: impl Into<String>) -> Self {
        Self::Doubtful { words: words.into() }
    }

    /// The provider's words.
    pub fn words(&self) -> &str {
        match self {
            Self::Taken { words, .. } | Self::Refused { words, .. } | Self::Doubtful { words } => words,
        }
    }
}
