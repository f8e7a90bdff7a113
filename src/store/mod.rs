//! PostgreSQL: one file per aggregate, explicit SQL, and the ports of the inner rooms answered from
//! it. Leans on `care`, `privacy` and the port definitions.

pub mod private;
pub mod sealed;
pub mod staff;
pub mod turns;

/// The migrations, in the binary.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
