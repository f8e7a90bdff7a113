//! What people send by SMS and what they are reminded of, over a real PostgreSQL.

mod desk;
mod due;
mod help;
mod lost;
mod pin;
mod preview;
mod reminders;
mod stop;
mod visits;
mod ways_in;
pub mod world;
