//! What can go wrong in the store.

use super::sealed::SealedError;
use crate::privacy::VaultError;

/// Why a query gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// PostgreSQL did not answer, or refused.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// A sealed column does not open.
    #[error(transparent)]
    Sealed(#[from] SealedError),
}

impl From<VaultError> for StoreError {
    fn from(error: VaultError) -> Self {
        Self::Sealed(error.into())
    }
}
