//! The edge toward SMS providers.

pub mod inbound;
mod signature;
