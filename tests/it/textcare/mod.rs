//! What people send by SMS and what they are reminded of, over a real PostgreSQL.

mod desk;
mod due;
mod lost;
mod pin;
mod preview;
mod reminders;
mod stop;
mod visits;
mod world;
