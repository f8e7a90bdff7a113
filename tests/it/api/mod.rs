//! The API over real HTTP and a real database.

mod bad_input;
mod break_glass;
mod document;
mod every_route;
mod hostile;
mod legacy;
mod old_clients;
mod permissions;
mod plans;
mod record;
mod sign_in;
mod staff;
mod world;
