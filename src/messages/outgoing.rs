//! A message in the hands of who sends it, and what a provider has to be able to do.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::care::Msisdn;
use crate::text::Encoding;

use super::fate::Fate;
use super::kind::Kind;

/// Where a message goes.
#[derive(Clone, Eq, PartialEq)]
pub enum Address {
    /// A phone.
    Phone(Msisdn),
    /// A mailbox.
    Mailbox(String),
}

impl fmt::Debug for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phone(number) => number.fmt(formatter),
            Self::Mailbox(_) => formatter.write_str("Mailbox(…)"),
        }
    }
}

/// A message that is to go out now.
#[derive(Clone, Eq, PartialEq)]
pub struct Outgoing {
    /// Its row.
    pub id: i64,
    /// What it is for.
    pub kind: Kind,
    /// Where it goes.
    pub to: Address,
    /// The language that it is in, ISO code.
    pub language: String,
    /// As it goes out; the first line of a mail is its subject.
    pub text: String,
    /// How it travels.
    pub encoding: Encoding,
    /// How many SMS it takes.
    pub segments: usize,
    /// It is of no use after this.
    pub valid_until: DateTime<Utc>,
    /// For how long that is, from now.
    pub validity: Duration,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Outgoing({}, {}, {:?}, …)", self.id, self.kind.name(), self.to)
    }
}

/// The sending of some messages.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Vec<Fate>> + Send + 'a>>;

/// A provider: takes messages, and says of each what became of it.
pub trait Carrier: Send + Sync + 'static {
    /// How many messages of the same text it takes in one go.
    fn together(&self) -> usize {
        1
    }

    /// Sends messages of one text, at most [`Self::together`]; gives a fate for each, in their
    /// order. It ends in bounded time, whatever the other side does.
    fn send<'a>(&'a self, messages: &'a [Outgoing]) -> Sending<'a>;
}
