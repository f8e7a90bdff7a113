//! A node: everything that answers phones, started and stopped as one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use crate::channels::sms::{self, SmsEdge};
use crate::channels::{Access, BodyLimits, Edge, Entrance, Entrances, Flood, FloodLimits, Problem, router};
use crate::privacy::Keyring;
use crate::store::turns::Turns as StoredTurns;

use super::clock::Clock;
use super::headers::{Way, harden};
use super::health::{self, Health};
use super::menus::Menus;
use super::metrics::Metrics;
use super::outbox::{self, Outbox, Receipts};
use super::server::{HttpLimits, serve};
use super::settings::{Channel, Settings};
use super::tls::Tls;
use super::turns::{DataPort, TurnSettings, Turns};

/// How often a node tidies up after itself.
const TIDYING: Duration = Duration::from_secs(10);

/// Rows of sessions are swept this often.
const SWEEPING: Duration = Duration::from_mins(5);

/// No operator lets a session last longer, however busily it is answered.
const LONGEST_SESSION: Duration = Duration::from_hours(2);

/// Closing connections to a database that is away takes no longer.
const CLOSING: Duration = Duration::from_secs(2);

/// What a node is made of.
pub struct NodeParts<P> {
    /// All settings.
    pub settings: Settings,
    /// Tells the time.
    pub clock: Clock,
    /// Where it listens.
    pub listener: TcpListener,
    /// Its TLS; none where it speaks plain HTTP.
    pub tls: Option<Tls>,
    /// Connections to the database.
    pub pool: PgPool,
    /// Connections of the API.
    pub scoped: PgPool,
    /// Keys.
    pub keys: Arc<Keyring>,
    /// Sessions in the database.
    pub sessions: StoredTurns,
    /// Menus.
    pub menus: Menus,
    /// The store and identity.
    pub port: P,
    /// Addresses beside those of phones.
    pub web: Router,
    /// What sends messages.
    pub outbox: Outbox,
    /// The numbers of this process.
    pub metrics: Metrics,
    /// What else goes on while it runs.
    pub chores: JoinSet<()>,
}

/// A node that runs.
pub struct Node {
    address: SocketAddr,
    menus: Menus,
    pool: PgPool,
    scoped: PgPool,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
    outbox: Outbox,
    drain: Duration,
    chores: JoinSet<()>,
}

impl Node {
    /// Starts it: it answers when this returns.
    pub fn start<P: DataPort>(parts: NodeParts<P>) -> std::io::Result<Self> {
        let NodeParts {
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
            web,
            outbox,
            metrics,
            mut chores,
        } = parts;
        let address = listener.local_addr()?;
        let turn_settings = turn_settings(&settings);
        let forget_after = LONGEST_SESSION + Duration::from_secs(settings.ussd.resume_window_seconds);
        let driver = Turns::new(port, menus.clone(), keys, clock.clone(), turn_settings);
        let edge = Arc::new(edge(&settings, driver));
        let health = {
            let (menus, edge) = (menus.clone(), Arc::clone(&edge));
            let metrics = metrics.clone();
            Health {
                pool: pool.clone(),
                menus: Box::new(move || menus.status()),
                in_flight: Box::new(move || edge.flood.in_flight()),
                outbox: Box::new(outbox.status()),
                metrics,
            }
        };
        let app = router(&edge, entrances(&settings))
            .merge(sms::router(receipts(&settings, &outbox)))
            .merge(health::router(health))
            .merge(web)
            .merge(elsewhere());
        let way = Way { tls: tls.is_some(), trusted_proxies: settings.server.trusted_proxies.clone() };
        let app = harden(app, way);
        chores.spawn(tidy(Arc::clone(&edge), metrics));
        chores.spawn(sweep(sessions, clock.clone(), forget_after));
        if let (true, Some(watch)) = (settings.menu.reload, menus.watch()) {
            chores.spawn(watch);
        }
        let acceptor = tls.as_ref().map(Tls::acceptor);
        if let Some(tls) = tls {
            chores.spawn(tls.keep_fresh(clock));
        }
        let (stop, stopped) = oneshot::channel();
        let limits = HttpLimits::from(&settings.server);
        let server = tokio::spawn(serve(listener, acceptor, app, limits, async {
            // A node that is dropped stops too.
            let _ = stopped.await;
        }));
        Ok(Self { address, menus, pool, scoped, stop, server, outbox, drain: limits.drain, chores })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its menus.
    pub const fn menus(&self) -> &Menus {
        &self.menus
    }

    /// Lets nobody in any more, finishes what is under way, and closes the connections.
    pub async fn stop(mut self) {
        let _ = self.stop.send(());
        let (served, ()) = tokio::join!(self.server, self.outbox.stop(self.drain));
        if let Err(error) = served {
            tracing::error!(%error, "the server ended badly");
        }
        self.chores.shutdown().await;
        let closing = async { tokio::join!(self.pool.close(), self.scoped.close()) };
        if tokio::time::timeout(CLOSING, closing).await.is_err() {
            tracing::warn!("connections to the database were left open");
        }
    }
}

/// The addresses that providers call with receipts.
fn receipts(settings: &Settings, outbox: &Outbox) -> Arc<SmsEdge<Receipts>> {
    let proxies = settings.server.trusted_proxies.clone();
    SmsEdge::new(outbox.receipts(), body_limits(settings), proxies, outbox::doors(settings))
}

fn body_limits(settings: &Settings) -> BodyLimits {
    BodyLimits {
        octets: settings.server.max_body_bytes,
        time: Duration::from_secs(settings.server.body_timeout_seconds),
    }
}

fn turn_settings(settings: &Settings) -> TurnSettings {
    TurnSettings {
        session_timeout: Duration::from_secs(settings.ussd.session_timeout_seconds),
        deadline: Duration::from_millis(settings.ussd.turn_deadline_ms),
        ..TurnSettings::default()
    }
}

fn edge<T>(settings: &Settings, taker: T) -> Edge<T> {
    let limits = &settings.limits;
    let flood = Flood::new(FloodLimits {
        number_per_second: limits.number_per_second,
        number_burst: limits.number_burst,
        number_in_flight: limits.number_in_flight,
        in_flight: limits.in_flight,
        network_share_percent: limits.network_share_percent,
    });
    let body = BodyLimits {
        octets: settings.server.max_body_bytes,
        time: Duration::from_secs(settings.server.body_timeout_seconds),
    };
    Edge { taker: Arc::new(taker), flood, body, trusted_proxies: settings.server.trusted_proxies.clone() }
}

fn entrances(settings: &Settings) -> Entrances {
    let entrance = |channel: &Channel| {
        let secrets = channel.secrets.0.iter().map(super::settings::Secret::reveal);
        let access = Access::new(secrets, channel.networks.clone());
        channel.enabled.then(|| Entrance { access, display: channel.display() })
    };
    Entrances {
        africastalking: entrance(&settings.channels.africastalking),
        json: entrance(&settings.channels.json),
    }
}

/// What is asked at an address or in a way that there is not.
fn elsewhere() -> Router {
    Router::new()
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "there is nothing at this address"))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this address is called in another way")
        })
}

async fn tidy<T: Send + Sync + 'static>(edge: Arc<Edge<T>>, metrics: Metrics) {
    let mut ticks = tokio::time::interval(TIDYING);
    loop {
        ticks.tick().await;
        let (edge, metrics) = (Arc::clone(&edge), metrics.clone());
        let tidied = tokio::task::spawn_blocking(move || {
            edge.flood.forget_quiet_numbers();
            metrics.upkeep();
        });
        // It fails only when the node is going down.
        let _ = tidied.await;
    }
}

/// Deletes sessions that nobody can go on with or resume.
async fn sweep(sessions: StoredTurns, clock: Clock, forget_after: Duration) {
    let mut ticks = tokio::time::interval(SWEEPING);
    loop {
        ticks.tick().await;
        match sessions.sweep(clock.now() - forget_after).await {
            Ok(0) => {}
            Ok(swept) => tracing::debug!(swept, "old sessions were deleted"),
            Err(error) => tracing::warn!(%error, "old sessions were not deleted; they will be"),
        }
    }
}
