//! Sealing at rest, keyed look-up, and what depends on them. Leans on `care`.

mod keyring;

pub use keyring::Keyring;
