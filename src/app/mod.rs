//! Wiring: settings, clock, HTTP server, and the driver that carries a turn from its channel
//! through the engine to the store and back.

pub mod clock;
pub mod settings;
pub mod turns;
