//! The outbox against PostgreSQL.

mod command;
mod kannel;
mod kill;
mod mail;
mod peer;
mod queue;
pub mod queued;
mod receipts;
mod restart;
mod stage;
mod worker;
