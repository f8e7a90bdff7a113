//! Sealing at rest, keyed look-up, and what depends on them. Leans on `care`.

mod audit;
mod keyring;
mod masters;
mod vault;

pub use audit::{AuditHead, AuditLine, AuditLink, KeptHead};
pub use keyring::Keyring;
pub use masters::{FIRST_KEY, KeptKeys, MasterKey};
pub use vault::{PersonKey, Place, Row, Vault, VaultError};
