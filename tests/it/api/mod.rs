//! The API over real HTTP and a real database.

mod bad_input;
mod break_glass;
mod contract;
mod copies;
mod document;
mod every_route;
mod hostile;
mod legacy;
mod old_clients;
mod permissions;
mod plans;
mod record;
mod schemathesis;
mod siege;
mod sign_in;
mod staff;
mod together;
pub mod world;
