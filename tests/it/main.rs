//! The integration tests, in one binary because each more links everything again.

mod architecture;
mod harness;
mod menus;
mod private_server;
mod staff;
