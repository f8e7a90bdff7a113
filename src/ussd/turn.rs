//! One turn of a USSD dialogue, as every channel hands it over, and its answer.

use crate::care::Msisdn;
use crate::text::Encoding;

use super::session::SessionKey;

/// A dialled root such as `*468#`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct ServiceCode(pub String);

/// Mobile network of the caller as the operator names it: MCC and MNC (`61901`), or what it sends.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Network(pub String);

/// What she typed, in the two ways in which operators send it. Neither may be logged: it may hold
/// a PIN, so `Debug` hides it.
#[derive(Clone, Eq, PartialEq)]
pub enum Input {
    /// All inputs of the session so far, joined by `*` (Africa's Talking); empty on the first turn
    /// of a plain dial.
    Cumulative(String),
    /// This turn's input alone, with its number in the session, from 1.
    Sequenced {
        /// Number of the turn.
        sequence: u32,
        /// What she typed; on the first turn the dialled suffix (`2*1`), if any.
        text: String,
    },
}

impl std::fmt::Debug for Input {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cumulative(_) => formatter.write_str("Cumulative(…)"),
            Self::Sequenced { sequence, .. } => write!(formatter, "Sequenced({sequence}, …)"),
        }
    }
}

/// What happened at the phone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Event {
    /// She dialled or answered.
    Turn,
    /// The operator says that the session is over, and that she ended it or reached its end.
    Closed,
    /// The operator says that the session was cut or timed out.
    Dropped,
}

/// One turn.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Turn {
    /// The channel's name (`africastalking`, `json`).
    pub channel: &'static str,
    /// Keyed digest of channel and the operator's session id.
    pub session: SessionKey,
    /// Who calls.
    pub msisdn: Msisdn,
    /// What she dialled.
    pub service_code: ServiceCode,
    /// Her network, where the operator says it.
    pub network: Network,
    /// What she typed.
    pub input: Input,
    /// What happened.
    pub event: Event,
}

/// The answer to a turn.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reply {
    /// What the phone shows; folded, within the encoding's budget.
    pub text: String,
    /// Whether the session goes on.
    pub more: bool,
    /// How the text travels.
    pub encoding: Encoding,
}

/// What became of a turn.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Taken {
    /// The screen to show.
    Reply(Reply),
    /// Turn numbers were left out; nothing was done.
    OutOfOrder {
        /// The number that should come next.
        expected: u32,
    },
    /// A notice was noted; there is no phone to answer.
    Noted,
}
