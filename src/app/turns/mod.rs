//! The driver of turns: lock the session, load it, run the engine, commit, answer.

mod port;

pub use port::{Committed, DataPort, PortError, TurnWrite};
