//! PostgreSQL: one file per aggregate, explicit SQL, and the ports of the inner rooms answered from
//! it. Leans on `care`, `privacy` and the port definitions.

pub mod access;
pub mod accounts;
pub mod appointments;
pub mod audit;
pub mod batch;
pub mod bulk;
pub mod children;
pub mod consents;
pub mod counters;
pub mod credentials;
pub mod directory;
pub mod erasure;
mod error;
pub mod export;
pub mod facilities;
pub mod forget;
pub mod guard;
pub mod holds;
pub mod inbound;
pub mod mail;
pub mod medicines;
pub mod numbers;
pub mod once;
pub mod outbox;
pub mod people;
pub mod phones;
pub mod pin_delivery;
pub mod places;
pub mod planner;
pub mod pregnancies;
pub mod private;
pub mod programmes;
pub mod questions;
pub mod record;
pub mod reminders;
pub mod retention;
pub mod roles;
pub mod rotation;
pub mod scope;
pub mod sealed;
pub mod sign_ins;
pub mod staff;
pub mod tasks;
pub mod trail;
pub mod turns;
pub mod visits;

pub use error::StoreError;

/// The migrations, in the binary.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
