//! The API over real HTTP and a real database.

mod bad_input;
mod document;
mod legacy;
mod permissions;
mod record;
mod sign_in;
mod staff;
mod world;
