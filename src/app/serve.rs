//! A production node: everything from the settings, until the system says stop.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use crate::care::Country;
use crate::identity::{HasherError, PinHasher, PinPolicy};
use crate::messages::keywords::Keywords;
use crate::messages::schedule::Schedule;
use crate::privacy::Vault;
use crate::store::facilities::Directory;
use crate::store::roles;
use crate::store::turns::Turns as StoredTurns;

use super::audit::Chainer;
use super::clock::{self, Clock};
use super::inbound::{self, Inbound, InboundParts, InboundSettings};
use super::menus::{MenuError, MenuOptions, MenuSource, Menus};
use super::metrics::Metrics;
use super::migrations;
use super::node::{Node, NodeParts};
use super::outbox::{self, BuildError, Outbox, OutboxParts, PinRenewal, Timing};
use super::port::{Port, PortParts, PortSettings};
use super::reminders::{ReminderParts, ReminderSettings, Reminders};
use super::settings::{Settings, SettingsError};
use super::tls::{Tls, TlsError};
use super::turns::PortError;
use super::{api, copyist, database, http, keys, logging, retention, server};

/// A database that starts beside us is waited for this long.
const PATIENCE: Duration = Duration::from_mins(1);

/// Pause between two looks at it.
const PAUSE: Duration = Duration::from_millis(500);

/// PINs whose message may not have left are looked for this often.
const RENEWING: Duration = Duration::from_secs(5);

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// A setting.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The numbers cannot be counted.
    #[error("the recorder of metrics could not be installed: {0}")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
    /// The database stays away.
    #[error("the database of DATABASE_URL does not answer: {0}")]
    Away(#[source] sqlx::Error),
    /// The database is behind.
    #[error("the database lacks {0} migrations of this version: run `mamacare migrate`")]
    Behind(usize),
    /// Roles.
    #[error(
        "the role of DATABASE_URL may not act as {app} and {api}: run `mamacare migrate` as the owner of the database \
         ({source})",
        app = roles::APPLICATION,
        api = roles::API
    )]
    Role {
        /// What PostgreSQL says.
        source: sqlx::Error,
    },
    /// Row-level security.
    #[error(
        "connections of the API are not those of {}, as they asked to be: what stands before PostgreSQL must pass on \
         the startup parameter `options` (of PgBouncer, not under ignore_startup_parameters)",
        roles::API
    )]
    Unscoped,
    /// The keys.
    #[error(transparent)]
    Keys(#[from] keys::KeysError),
    /// PIN checks.
    #[error(transparent)]
    Hasher(#[from] HasherError),
    /// The menus.
    #[error(transparent)]
    Menu(#[from] MenuError),
    /// The country's files.
    #[error(transparent)]
    Country(#[from] crate::care::CountryError),
    /// The store.
    #[error("the store could not be opened: {0}")]
    Port(#[from] PortError),
    /// Providers of messages.
    #[error(transparent)]
    Outbox(#[from] BuildError),
    /// The HTTP client.
    #[error("the HTTP client could not be made: {0}")]
    Client(#[from] reqwest::Error),
    /// The certificate or its key.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address.
    #[error("server.listen: {address} cannot be listened on: {source}")]
    Listen {
        /// Which.
        address: std::net::SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The system.
    #[error(transparent)]
    System(#[from] std::io::Error),
}

/// What a node needs beside its settings; the demo makes its own.
pub struct Foundation {
    /// All settings.
    pub settings: Settings,
    /// Tells the time.
    pub clock: Clock,
    /// Where it listens.
    pub listener: TcpListener,
    /// Its TLS; none where it speaks plain HTTP.
    pub tls: Option<Tls>,
    /// Connections.
    pub pool: PgPool,
    /// Connections of the API.
    pub scoped: PgPool,
    /// Sealing, and with it the keys.
    pub vault: Arc<Vault>,
    /// PIN checks.
    pub hasher: PinHasher,
    /// Schedules and words of the country.
    pub country: Arc<Country>,
    /// The numbers of this process.
    pub metrics: Metrics,
}

impl Foundation {
    /// Builds a node on it and starts it.
    pub async fn start(self) -> Result<Node, ServeError> {
        let Self { settings, clock, listener, tls, pool, scoped, vault, hasher, country, metrics } = self;
        let keys = Arc::clone(vault.keyring());
        let resume_window = Duration::from_secs(settings.ussd.resume_window_seconds);
        let sessions = StoredTurns::start(pool.clone(), Arc::clone(&keys), resume_window);
        let plan = outbox::plan(&settings, &http::client()?)?;
        let outbox = Outbox::start(OutboxParts {
            pool: pool.clone(),
            vault: Arc::clone(&vault),
            clock: clock.clone(),
            timing: Timing::of(&plan),
            plan,
            seed: clock::octets(),
        });
        let menus = Menus::load(menu_options(&settings), sessions.clone()).await?;
        let directory = Directory::open(&pool).await.map_err(ServeError::Away)?;
        let mut chores = JoinSet::new();
        chores.spawn(directory.clone().keep_fresh(pool.clone()));
        keep_house(&mut chores, &pool, &vault, &clock);
        if settings.reminders.enabled {
            let reminders = Reminders::new(ReminderParts {
                pool: pool.clone(),
                vault: Arc::clone(&vault),
                menus: menus.clone(),
                directory: directory.clone(),
                country: Arc::clone(&country),
                schedule: Schedule::shipped()?,
                clock: clock.clone(),
                settings: ReminderSettings::of(&settings),
            })?;
            chores.spawn(reminders.run());
        }
        let renewal = PinRenewal {
            pool: pool.clone(),
            vault: Arc::clone(&vault),
            clock: clock.clone(),
            hasher: hasher.clone(),
            pins: port_settings(&settings).pins,
            menus: menus.clone(),
            service_code: settings.ussd.service_code.clone(),
        };
        chores.spawn(outbox::keep_renewing(renewal, RENEWING));
        let ground = api::Ground {
            scoped: scoped.clone(),
            service: pool.clone(),
            vault: Arc::clone(&vault),
            hasher: hasher.clone(),
            country: Arc::clone(&country),
            clock: clock.clone(),
            menus: menus.clone(),
        };
        let people = api::addresses(&settings, ground);
        let port = Arc::new(
            Port::open(PortParts {
                pool: pool.clone(),
                turns: sessions.clone(),
                vault: Arc::clone(&vault),
                hasher,
                directory: directory.clone(),
                country: Arc::clone(&country),
                menus: menus.clone(),
                settings: port_settings(&settings),
            })
            .await?,
        );
        let taker = Inbound::new(InboundParts {
            pool: pool.clone(),
            vault,
            port: Arc::clone(&port),
            directory,
            country,
            keywords: Keywords::shipped()?,
            menus: menus.clone(),
            clock: clock.clone(),
            settings: InboundSettings::of(&settings),
        });
        let (providers, desk) = inbound::ways_in(&settings, taker, &outbox::doors(&settings));
        chores.spawn(inbound::keep_tidy(desk));
        let kept = TimeDelta::days(settings.messages.keep_days.into());
        chores.spawn(inbound::keep_forgetting(pool.clone(), clock.clone(), kept));
        let parts = NodeParts {
            settings,
            clock,
            listener,
            tls,
            pool,
            scoped,
            keys,
            sessions,
            menus,
            port,
            web: people.merge(providers),
            outbox,
            metrics,
            chores,
        };
        Ok(Node::start(parts)?)
    }
}

/// What goes on in the store by itself.
fn keep_house(chores: &mut JoinSet<()>, pool: &PgPool, vault: &Arc<Vault>, clock: &Clock) {
    let chainer = Chainer { pool: pool.clone(), keys: Arc::clone(vault.keyring()), clock: clock.clone() };
    chores.spawn(chainer.run());
    chores.spawn(retention::keep(pool.clone(), clock.clone()));
    chores.spawn(copyist::keep(pool.clone(), Arc::clone(vault)));
}

/// Serves until SIGTERM or SIGINT.
pub async fn run(settings: Settings) -> Result<(), ServeError> {
    settings.check_production()?;
    logging::start(&settings.log)?;
    let tls = Tls::of(&settings.server)?;
    let metrics = Metrics::install()?;
    let mut stop = Stop::listen()?;
    let pool = database::pool(&settings.database)?;
    let scoped = database::scoped_pool(&settings.database)?;
    let found = tokio::select! {
        found = wait_for_database(&pool) => found?,
        () = stop.wait() => return Ok(()),
    };
    if found.pending > 0 {
        return Err(ServeError::Behind(found.pending));
    }
    if !database::is_scoped(&scoped).await.map_err(ServeError::Away)? {
        return Err(ServeError::Unscoped);
    }
    let keys = keys::open(&settings, &mut *pool.acquire().await.map_err(ServeError::Away)?).await?;
    let hasher = PinHasher::start(settings.pin.hasher(), keys.pepper(), clock::octets)?;
    let address = settings.server.listen;
    let listener = server::listen(address).map_err(|source| ServeError::Listen { address, source })?;
    let foundation = Foundation {
        settings,
        clock: Clock::system(),
        listener,
        tls,
        pool,
        scoped,
        vault: Arc::new(Vault::new(keys)),
        hasher,
        country: Arc::new(Country::shipped()?),
        metrics,
    };
    let tls = foundation.tls.is_some();
    let node = foundation.start().await?;
    tracing::info!(address = %node.address(), tls, version = env!("CARGO_PKG_VERSION"), "ready");
    stop.wait().await;
    tracing::info!("stopping: finishing what is under way");
    node.stop().await;
    tracing::info!("stopped");
    Ok(())
}

/// The system's wish that we stop.
pub struct Stop {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Stop {
    /// From now on the signals do not end the process by themselves.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Until SIGTERM or SIGINT.
    pub async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Which migrations the database has, once it answers.
async fn wait_for_database(pool: &PgPool) -> Result<migrations::Migrations, ServeError> {
    let begun = tokio::time::Instant::now();
    loop {
        let asked = async { migrations::of(&mut *pool.acquire().await?).await };
        match asked.await {
            Ok(found) => return Ok(found),
            Err(error) if database::lacks_role(&error) => return Err(ServeError::Role { source: error }),
            Err(error) if begun.elapsed() >= PATIENCE => return Err(ServeError::Away(error)),
            Err(error) => tracing::warn!(%error, "waiting for the database"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn port_settings(settings: &Settings) -> PortSettings {
    let pins = PinPolicy { min_length: settings.pin.min_length.into(), ..PinPolicy::default() };
    let deadline = Duration::from_millis(settings.ussd.turn_deadline_ms);
    PortSettings {
        // What is left is for the try to be taken back.
        check_within: deadline * 5 / 6,
        guard: settings.pin.guard(),
        ..PortSettings::new(&settings.ussd.service_code, pins, settings.pin.tries())
    }
}

fn menu_options(settings: &Settings) -> MenuOptions {
    let open = settings.channels.all().into_iter().filter(|(_, channel)| channel.enabled);
    let mut displays: Vec<_> = open.map(|(_, channel)| channel.display()).collect();
    displays.dedup();
    MenuOptions {
        source: MenuSource::choose(settings.menu.dir.as_deref()),
        serve_unreviewed: settings.menu.serve_unreviewed.clone(),
        constants: settings.menu.constants.clone(),
        displays,
    }
}
