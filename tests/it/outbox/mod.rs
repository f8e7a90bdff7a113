//! The outbox against PostgreSQL.

mod kannel;
mod kill;
mod peer;
mod queue;
pub mod queued;
mod receipts;
mod restart;
mod stage;
mod worker;
