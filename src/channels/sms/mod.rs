//! SMS providers: one file each, with how it takes a message, what its answers mean, and what its
//! receipts say; `inbound` has what people send. The generic form over HTTP is ours to define
//! (docs/messages.md).

mod africastalking;
mod answer;
mod edge;
mod generic;
pub mod inbound;
mod kannel;
mod log;
mod signature;
#[cfg(test)]
mod testing;
mod twilio;

pub use africastalking::AfricasTalking;
pub use edge::{Callbacks, NotTaken, ReceiptTaker, SmsDoor, SmsEdge, router};
pub use generic::Generic;
pub use kannel::Kannel;
pub use log::Log;
pub use twilio::Twilio;

use std::time::Duration;

use secrecy::SecretString;

/// How to reach a provider and who we are to it.
#[derive(Clone, Debug)]
pub struct Account {
    /// The one client of this program.
    pub client: reqwest::Client,
    /// Where it takes messages.
    pub endpoint: String,
    /// Our name there.
    pub username: String,
    /// Our key, token or password there.
    pub secret: SecretString,
    /// Whom messages come from; empty: what the provider chooses.
    pub sender: String,
    /// Where it sends its receipts; empty: nowhere.
    pub receipts_to: String,
    /// An answer that has not come by then does not come.
    pub patience: Duration,
}
