//! Messages that people send us: one file a provider. Each authenticates a callback, makes one
//! [`Received`] of it, and answers in the provider's form once it is stored.

mod africastalking;
mod desk;
mod http;
mod kannel;
#[cfg(test)]
mod testing;
mod twilio;

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use chrono::{DateTime, Utc};

use crate::care::Msisdn;

use super::{Callbacks, SmsDoor};

pub use desk::{InboundDesk, InboundLimits};

/// Who sent a message.
#[derive(Clone, Eq, PartialEq)]
pub enum Sender {
    /// A mobile number of this country.
    Number(Msisdn),
    /// A short code, a name, a number abroad: nobody whom we answer.
    Other(String),
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(formatter),
            Self::Other(_) => formatter.write_str("Other(…)"),
        }
    }
}

/// A message as it came in.
#[derive(Clone, Eq, PartialEq)]
pub struct Received {
    /// Who brought it, by its name.
    pub provider: Arc<str>,
    /// What tells it from every other of this provider; the same however often it is delivered.
    pub id: String,
    /// Who sent it.
    pub from: Sender,
    /// The number of ours that it was sent to, as the provider writes it.
    pub to: String,
    /// What it says.
    pub text: String,
    /// When it was sent, where the provider says so.
    pub sent_at: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for Received {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Received({}, {:?}, …)", self.provider, self.from)
    }
}

/// A message was not stored; its provider should bring it again.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the message could not be stored")]
pub struct NotStored;

/// Stores what comes in, once, and does what it asks.
pub trait InboundTaker: Send + Sync + 'static {
    /// Takes a message. When this returns well it is stored, and so is what follows from it.
    fn take(&self, message: Received) -> impl Future<Output = Result<(), NotStored>> + Send;

    /// A number was put on a provider's own list of those who want no messages; the provider has
    /// told its owner.
    fn opted_out(&self, provider: &str, number: Msisdn)
    -> impl Future<Output = Result<(), NotStored>> + Send;

    /// Now.
    fn now(&self) -> DateTime<Utc>;
}

/// The addresses of all providers whose messages are taken, by their names; the others answer 404.
pub fn router<T: InboundTaker>(desk: &Arc<InboundDesk<T>>, doors: &[SmsDoor]) -> Router {
    doors.iter().fold(Router::new(), |router, door| {
        let (name, access) = (Arc::from(door.name.as_str()), door.access.clone());
        router.merge(match &door.callbacks {
            Callbacks::AfricasTalking => africastalking::router(desk, &name, access),
            Callbacks::Twilio { origin, tokens } => twilio::router(desk, &name, access, origin, tokens),
            Callbacks::Kannel => kannel::router(desk, &name, access),
            Callbacks::Generic { secrets } => http::router(desk, &name, access, secrets),
        })
    })
}
