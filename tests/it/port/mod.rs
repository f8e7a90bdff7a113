//! The data port over PostgreSQL: each source, each action and each outcome of the catalogue.

mod dump;
mod indexes;
mod messages;
mod mothers;
mod pins;
mod recovery;
mod registration;
mod renewal;
mod sources;
mod tries;
pub mod world;
