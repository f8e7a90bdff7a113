//! Wiring: settings, clock, HTTP server, and the driver that carries a turn from its channel
//! through the engine to the store and back.

pub mod api;
pub mod audit;
pub mod clock;
pub mod copyist;
pub mod database;
pub mod demo;
pub mod desk;
pub mod headers;
pub mod health;
pub mod http;
pub mod inbound;
pub mod keys;
pub mod logging;
pub mod menus;
pub mod messages;
pub mod metrics;
pub mod migrations;
pub mod node;
pub mod outbox;
pub mod port;
pub mod reminders;
pub mod retention;
pub mod serve;
pub mod server;
pub mod settings;
pub mod tls;
pub mod turns;
