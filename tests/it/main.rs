//! The integration tests, in one binary because each more links everything again.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that meets what it does not expect has failed"
)]

mod admin;
mod api;
mod architecture;
mod bulk;
mod demo;
mod deployment;
mod harness;
mod http_health;
mod http_server;
mod http_turns;
mod menus;
mod outbox;
mod port;
mod private_server;
mod readme;
mod safety;
mod serve;
mod staff;
mod textcare;
mod turn_batches;
mod turns;
mod walk;
