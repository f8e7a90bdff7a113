//! The edge toward operators and aggregators: one file each. It authenticates a callback, makes one
//! `Turn` of it and writes the answer in the operator's form; `sms` holds those who carry messages.
//! Leans on `ussd` and `messages`.

mod africastalking;
mod auth;
mod body;
mod callback;
mod edge;
mod flood;
mod form;
mod json;
mod mail;
mod problem;
mod seldom;
mod service_code;
pub mod sms;
mod tally;
#[cfg(test)]
mod testing;

pub use auth::Access;
pub use body::BodyLimits;
pub use edge::{Edge, Entrance, Entrances, TurnTaker, router};
pub use flood::{Flood, FloodLimits};
pub use mail::{Mail, MailAccount, MailError, MailTls};
pub use problem::Problem;
pub use service_code::is_service_code;
