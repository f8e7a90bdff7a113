//! The settings of a demo that runs, for commands that look into it.

use std::path::{Path, PathBuf};

use super::facts;
use super::secrets::{DemoSecrets, SecretsError};
use crate::app::settings::{Settings, SettingsError};

/// Why there is no looking into a demo.
#[derive(Debug, thiserror::Error)]
pub enum NotRunning {
    /// None runs there.
    #[error("no demo runs in {}: start one with `mamacare demo --data DIR`", .0.display())]
    Nowhere(PathBuf),
    /// Its secrets.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// Its settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

/// The settings of the demo that runs in that folder.
pub fn settings_of(folder: &Path) -> Result<Settings, NotRunning> {
    let nowhere = || NotRunning::Nowhere(folder.to_owned());
    let url = facts::database_url(folder).ok_or_else(nowhere)?;
    Ok(DemoSecrets::read(folder)?.settings(0, &url)?)
}
