//! The data port: what the engine may ask, and what it is told. The driver carries the questions
//! to the store; conversation scripts answer them from fixtures.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::care::Msisdn;
use crate::menu::{ActionSpec, Fields, SourceSpec, Value};

use super::session::{Session, SessionKey, Suspended};

/// What is known about a number without any proof. Nothing here says who she is.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct PhoneFacts {
    /// People who share it.
    pub people: u8,
    /// Language remembered, ISO code.
    pub language: Option<String>,
    /// District remembered from a search for a clinic.
    pub district: Option<String>,
    /// Whether messages are stopped on this number.
    pub stopped: bool,
}

/// What the caller has proved in this session.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum Proof {
    /// Nothing.
    #[default]
    None,
    /// The PIN sent by SMS was right, but she has yet to choose her own: enough to choose one,
    /// for nothing else.
    Choosing {
        /// Who.
        person: Uuid,
    },
    /// Her PIN was right.
    Pin {
        /// Who.
        person: Uuid,
        /// Whether she agreed that her record is kept and shown on this phone.
        consented: bool,
    },
}

/// Who asks, for every question and action.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The session.
    pub session: SessionKey,
    /// The turn in it that asks, from 1.
    pub turn: u32,
    /// The channel.
    pub channel: &'static str,
    /// The number.
    pub msisdn: Msisdn,
    /// Its keyed digest.
    pub phone: [u8; 16],
    /// Whom she says she is, among those on this number (0 for the first).
    pub chosen: u8,
    /// What she has proved.
    pub proof: Proof,
    /// Language of the screens, ISO code.
    pub language: String,
    /// Now.
    pub now: DateTime<Utc>,
    /// Today in Africa/Freetown.
    pub today: NaiveDate,
}

/// Parameters of a source or an action.
pub type Params = BTreeMap<&'static str, String>;

/// A question to a data source.
#[derive(Clone, Debug)]
pub struct Question {
    /// The source.
    pub source: &'static SourceSpec,
    /// Parameters.
    pub params: Params,
}

/// The answer: the items of the source; a source of one item gives one, or none where there is
/// nothing to show.
pub type Answer = Vec<Fields>;

/// Something to do.
#[derive(Debug)]
pub struct Deed {
    /// The action.
    pub action: &'static ActionSpec,
    /// Parameters.
    pub params: Params,
    /// The PIN typed in this turn, where the action takes one.
    pub secret: Option<Secret>,
}

/// A PIN on its way to the one action that takes it. It cannot be printed or stored.
pub struct Secret(String);

impl Secret {
    /// Takes what was typed.
    pub fn new(typed: String) -> Self {
        Self(typed)
    }

    /// What was typed.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// How an action ended.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Outcome {
    /// One of the action's outcomes.
    pub name: &'static str,
    /// Its facts.
    pub facts: Vec<(&'static str, Value)>,
    /// What she has proved now, where that changed.
    pub proof: Option<Proof>,
    /// What is known about the number now, where that changed.
    pub phone: Option<PhoneFacts>,
    /// What is to be written with the session.
    pub effects: Vec<Effect>,
}

/// Something that is written with the session, in the same transaction, and needs no answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Effect {
    /// Remember the language of this number (ISO code).
    Language(String),
    /// Remember the district of this number.
    District(String),
    /// A person's data was read: for the audit trail.
    Read {
        /// Whose.
        person: Uuid,
        /// Which source.
        source: &'static str,
    },
    /// A person gave her PIN: for the audit trail.
    SignedIn {
        /// Who.
        person: Uuid,
    },
    /// The session that was cut off has been taken up or refused: it is not offered again.
    CloseSuspended,
}

/// What is read when a number dials.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    /// The session, where this key is known already.
    pub session: Option<Stored>,
    /// What is known about the number.
    pub phone: PhoneFacts,
    /// Where its last session was cut off, if that was lately enough.
    pub suspended: Option<Suspended>,
}

/// A session as it is stored.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The session.
    pub session: Session,
    /// When its last turn was answered.
    pub touched: DateTime<Utc>,
}
