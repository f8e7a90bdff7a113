//! What keeps a mother's data hers: the audit trail's chain, roles in the database, erasure, keys.

mod audit;
mod database_tls;
mod doors;
mod guard;
mod headers;
mod person;
mod retention;
mod roles;
mod rotation;
mod rows;
mod threats;
mod tls;
