//! The integration tests, in one binary because each more links everything again.

mod admin;
mod architecture;
mod bulk;
mod demo;
mod deployment;
mod harness;
mod http_health;
mod http_server;
mod http_turns;
mod menus;
mod port;
mod private_server;
mod readme;
mod serve;
mod staff;
mod turns;
