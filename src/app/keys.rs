//! The keyring of a deployment: master keys from the settings, and the kept keys from the database.

use std::sync::Arc;

use sqlx::PgConnection;

use super::clock;
use super::settings::{Settings, SettingsError};
use crate::privacy::{FIRST_KEY, KeptKeys, Keyring};
use crate::store::rotation;

/// Why there is no keyring.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The database.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The key that sealed the kept keys is missing, or is another.
    #[error(
        "secrets.master_key: what this database keeps is sealed under master key {0}, which is not among those given, \
         or is not that key; give it as {0}:… beside the others"
    )]
    Another(u8),
    /// The first key is missing.
    #[error(
        "secrets.master_key: no key has the number {FIRST_KEY}, and this database has seen no `mamacare rotate-keys` \
         yet: give the first key too, until that has run"
    )]
    NoFirst,
}

/// The keyring; also for a database that no rotation has touched yet.
pub async fn open(settings: &Settings, connection: &mut PgConnection) -> Result<Arc<Keyring>, KeysError> {
    let masters = settings.master_keys()?;
    let kept = if let Some(sealed) = rotation::kept(connection).await? {
        KeptKeys::open(&sealed, &masters)
            .ok_or_else(|| KeysError::Another(sealed.first().copied().unwrap_or_default()))?
    } else {
        let first = masters.iter().find(|master| master.number == FIRST_KEY);
        KeptKeys::of_first(first.ok_or(KeysError::NoFirst)?)
    };
    let mut masters = masters.into_iter();
    let seals = masters.next().ok_or(KeysError::NoFirst)?;
    Ok(Arc::new(Keyring::of(seals, masters.as_slice(), kept, clock::generator())))
}
