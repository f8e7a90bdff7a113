//! Everything that a demo needs before it can serve: its folder, its secrets, its database, its
//! people.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::{Connection, PgConnection};
use tokio::net::TcpListener;

use super::error::DemoError;
use super::facts::{self, Facts};
use super::load::{self, Generator, number_of};
use super::people::MOTHERS;
use super::secrets::DemoSecrets;
use super::seed::Seeder;
use super::staff::STAFF;
use crate::app::clock::{self, Clock};
use crate::app::metrics::Metrics;
use crate::app::serve::Foundation;
use crate::app::{database, keys, server};
use crate::care::Country;
use crate::identity::PinHasher;
use crate::privacy::Vault;
use crate::store::private::{Claim, PrivateServer};
use crate::store::{MIGRATOR, roles};

/// What people ask of a demo.
#[derive(Clone, Debug)]
pub struct Options {
    /// Port on this machine.
    pub port: u16,
    /// Folder of its data.
    pub data: PathBuf,
    /// Synthetic patients to have, beside the demo's own people.
    pub patients: u64,
}

/// The database's name in the private server.
pub(super) const DATABASE: &str = "mamacare";
/// What a synthetic patient takes on the disk, with indexes and the log of the write, in bytes.
const PATIENT_BYTES: u64 = 4500;

/// A demo that holds what only one can hold: its folder and its port.
pub(super) struct Begun {
    pub claim: Claim,
    pub listener: TcpListener,
    pub secrets: DemoSecrets,
}

impl Begun {
    /// Takes both, and reads or draws the secrets.
    pub fn new(options: &Options) -> Result<Self, DemoError> {
        let claim = Claim::take(&options.data)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
        let listener =
            server::listen(address).map_err(|source| DemoError::Port { port: options.port, source })?;
        let folder = claim.folder();
        Facts::withdraw(folder).map_err(|source| DemoError::Facts { path: folder.to_owned(), source })?;
        let data = claim.holds_data();
        let secrets = DemoSecrets::of(folder, data, MOTHERS.len(), STAFF.len(), &mut clock::generator())?;
        Ok(Self { claim, listener, secrets })
    }
}

/// What makes a running server into a demo's database.
pub(super) struct Preparation<'a> {
    pub server: &'a PrivateServer,
    pub secrets: &'a DemoSecrets,
    /// Synthetic patients.
    pub patients: u64,
    pub clock: &'a Clock,
}

impl Preparation<'_> {
    /// Migrates, brings in whoever is missing, and lays the foundation of a node. A full disk is
    /// told as such, whichever statement met it.
    pub async fn run(&self, listener: TcpListener) -> Result<(Foundation, Option<facts::Load>), DemoError> {
        self.prepare(listener).await.map_err(|error| of_disk(error, self.server.folder()))
    }

    async fn prepare(&self, listener: TcpListener) -> Result<(Foundation, Option<facts::Load>), DemoError> {
        self.server.ensure_database(DATABASE).await?;
        let port = listener.local_addr().map_err(|source| DemoError::Port { port: 0, source })?.port();
        let settings = self.secrets.settings(port, &self.server.application_url(DATABASE))?;
        let mut connection = PgConnection::connect_with(&self.server.options(DATABASE)?).await?;
        MIGRATOR.run(&mut connection).await?;
        roles::ensure(&mut connection).await?;
        let keyring = keys::open(&settings, &mut connection).await?;
        let mut foundation = Foundation {
            tls: None,
            clock: self.clock.clone(),
            listener,
            pool: database::pool(&settings.database)?,
            scoped: database::scoped_pool(&settings.database)?,
            hasher: PinHasher::start(settings.pin.hasher(), keyring.pepper(), clock::octets::<16>)?,
            vault: Arc::new(Vault::new(keyring)),
            country: Arc::new(Country::shipped()?),
            metrics: Metrics::install()?,
            settings,
        };
        let seeder = Seeder {
            country: &foundation.country,
            secrets: self.secrets,
            vault: &foundation.vault,
            hasher: &foundation.hasher,
            now: self.clock.now(),
        };
        seeder.seed(&mut connection).await.map_err(DemoError::Seed)?;
        let load = self.load(&foundation, &mut connection).await?;
        // People made for load are there for turns; their reminders would only fill the log.
        foundation.settings.reminders.enabled = load.is_none();
        connection.close().await?;
        Ok((foundation, load))
    }

    async fn load(
        &self,
        foundation: &Foundation,
        connection: &mut PgConnection,
    ) -> Result<Option<facts::Load>, DemoError> {
        let mut count = load::count(connection).await?;
        if count < self.patients {
            self.check_room(self.patients - count)?;
            let hash = foundation.hasher.hash(&self.secrets.load_pin).await;
            let hash = Arc::from(hash.map_err(|error| DemoError::Seed(error.into()))?);
            let generator = Generator::new(Arc::clone(&foundation.country), hash, self.clock.now());
            let filled = load::fill(self.patients, &generator, &foundation.vault, connection).await;
            count = filled.map_err(DemoError::Load)?;
        }
        let first = number_of(0).map_err(|error| DemoError::Load(error.into()))?;
        Ok((count > 0).then(|| facts::Load {
            pin: self.secrets.load_pin.clone(),
            first_msisdn: first.e164(),
            count,
        }))
    }

    fn check_room(&self, patients: u64) -> Result<(), DemoError> {
        let folder = self.server.folder();
        let needed_mb = patients.saturating_mul(PATIENT_BYTES) >> 20;
        let free_mb = rustix::fs::statvfs(folder)
            .map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize) >> 20);
        if needed_mb > free_mb {
            return Err(DemoError::NoRoom { patients, needed_mb, free_mb, folder: folder.to_owned() });
        }
        Ok(())
    }
}

fn of_disk(error: DemoError, folder: &Path) -> DemoError {
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    while let Some(found) = cause {
        if found.to_string().contains("No space left on device") {
            return DemoError::DiskFull(folder.to_owned());
        }
        cause = found.source();
    }
    error
}
