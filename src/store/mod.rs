//! PostgreSQL: one file per aggregate, explicit SQL, and the ports of the inner rooms answered from
//! it. Leans on `care`, `privacy` and the port definitions.

pub mod access;
pub mod appointments;
pub mod bulk;
pub mod children;
pub mod consents;
pub mod credentials;
mod error;
pub mod facilities;
pub mod medicines;
pub mod outbox;
pub mod people;
pub mod phones;
pub mod places;
pub mod pregnancies;
pub mod private;
pub mod sealed;
pub mod staff;
pub mod turns;
pub mod visits;

pub use error::StoreError;

/// The migrations, in the binary.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
