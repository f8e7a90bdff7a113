//! Sealing at rest, keyed look-up, and what depends on them. Leans on `care`.

mod keyring;
mod vault;

pub use keyring::Keyring;
pub use vault::{PersonKey, Place, Row, Vault, VaultError};
