//! MamaCare: a USSD and SMS health gateway for mothers with basic phones.
//!
//! Rooms, and what each may lean on (arrows point one way; `tests/it/architecture.rs` holds them):
//! `text` and `care` lean on nothing of ours; `menu` on `text`; the `ussd` engine on `menu`, `care`
//! and `text`; `store` implements the ports; `channels` is the edge toward operators; `app` wires.

pub mod api;
pub mod app;
pub mod care;
pub mod channels;
pub mod cli;
pub mod identity;
pub mod menu;
pub mod messages;
pub mod privacy;
pub mod store;
pub mod text;
pub mod ussd;
