//! Why a demo does not start, each as a sentence that says what to do.

use std::io;
use std::path::PathBuf;

use super::load::LoadError;
use super::secrets::SecretsError;
use super::seed::SeedError;
use crate::app::serve::ServeError;
use crate::app::settings::SettingsError;
use crate::care::CountryError;
use crate::identity::HasherError;
use crate::store::private::PrivateServerError;

/// Why a demo does not start.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The private PostgreSQL.
    #[error(transparent)]
    Server(#[from] PrivateServerError),
    /// The port.
    #[error("port {port} cannot be listened on ({source}): stop what uses it, or choose another with --port")]
    Port {
        /// The port.
        port: u16,
        /// What the system says.
        source: io::Error,
    },
    /// The demo's secrets.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The demo's own settings do not fit.
    #[error("the demo's settings do not fit this program: {0}")]
    Settings(#[from] SettingsError),
    /// The country's files.
    #[error("the country that is shipped cannot be read: {0}")]
    Country(#[from] CountryError),
    /// Threads for PIN checks.
    #[error(transparent)]
    Hasher(#[from] HasherError),
    /// The schema.
    #[error("the demo's database cannot be brought to this version: {0}")]
    Migrations(#[from] sqlx::migrate::MigrateError),
    /// The database.
    #[error("the demo's database does not answer: {0}")]
    Database(#[from] sqlx::Error),
    /// The roles of its database.
    #[error(transparent)]
    Roles(#[from] crate::store::roles::RolesError),
    /// The keys.
    #[error(transparent)]
    Keys(#[from] crate::app::keys::KeysError),
    /// The disk.
    #[error("the disk that holds {} is full: make room there, or name a folder on another disk with --data", .0.display())]
    DiskFull(PathBuf),
    /// Too little room for what was asked.
    #[error(
        "{patients} patients need some {needed_mb} MB, and the disk that holds {} has {free_mb} MB free: \
         make room, ask for fewer, or name a folder on another disk with --data", folder.display()
    )]
    NoRoom {
        /// How many were asked for.
        patients: u64,
        /// What they need.
        needed_mb: u64,
        /// What there is.
        free_mb: u64,
        /// Where.
        folder: PathBuf,
    },
    /// The demo's people.
    #[error(transparent)]
    Seed(SeedError),
    /// Synthetic patients.
    #[error(transparent)]
    Load(LoadError),
    /// The node.
    #[error(transparent)]
    Node(#[from] ServeError),
    /// The numbers cannot be counted.
    #[error("the recorder of metrics could not be installed: {0}")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
    /// `demo.json`.
    #[error("{} cannot be written: {source}", path.display())]
    Facts {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}
