//! The worker of the outbox: claims what its providers can take, hands it over, marks what became
//! of it. Any number of nodes run one; what a worker had that died is taken back by the others.

mod build;
mod carry;
mod chores;
mod line;
mod marker;
mod pump;
mod receipts;
mod renew;
mod status;
mod texts;
mod wake;

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sqlx::PgPool;
use tokio::sync::{RwLock, watch};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::messages::{Budget, Hours, Kind, Lane, Medium, Pace, Routes, Spent};
use crate::privacy::Vault;
use crate::store::outbox::{self, Keep};

use super::clock::Clock;

pub use build::{BuildError, OutboxPlan, doors, plan};
pub use line::LinePlan;
pub use receipts::Receipts;
pub use renew::{PinRenewal, keep_renewing};
pub use status::{LineStatus, OutboxStatus};
pub use texts::{Spoken, TextError, speak};

use line::Line;
use marker::Marker;

/// How long things take; tests hurry.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// A worker says that it lives this often.
    pub beat: Duration,
    /// One that has not said so for this long is dead.
    pub dead_after: Duration,
    /// What a worker claimed is its own for this long in any case.
    pub lease: Duration,
    /// The same of a PIN: somebody waits for it, and until it is over no other is made.
    pub pin_lease: Duration,
    /// The queue is looked at this often, whether or not anything woke the worker.
    pub poll: Duration,
    /// The least time between two claims of one provider, so that they are worth it.
    pub breath: Duration,
    /// What is no longer needed is tidied up this often.
    pub tidy: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            beat: Duration::from_secs(5),
            dead_after: Duration::from_secs(30),
            lease: Duration::from_secs(90),
            pin_lease: Duration::from_secs(90),
            poll: Duration::from_secs(1),
            breath: Duration::from_millis(15),
            tidy: Duration::from_secs(30),
        }
    }
}

impl Timing {
    /// The usual times, with leases that outlast all tries of a message with the providers of its
    /// route: while one of them may still take it, nobody else decides about it.
    pub fn of(plan: &OutboxPlan) -> Self {
        let usual = Self::default();
        let tries = |kind: Kind| {
            let medium = kind.medium();
            let media = if kind == Kind::Pin { vec![medium, Medium::Email] } else { vec![medium] };
            let places = media
                .into_iter()
                .flat_map(|medium| Lane::all(medium).into_iter().map(move |lane| (medium, lane)));
            let route = |(medium, lane)| {
                let lines =
                    plan.routes.of(medium, kind, lane).iter().filter_map(|place| plan.lines.get(*place));
                lines.map(carry::longest_try).sum::<Duration>()
            };
            places.map(route).max().unwrap_or_default()
        };
        let longest = Kind::ALL.into_iter().map(tries).max().unwrap_or_default();
        Self { lease: usual.lease.max(longest), pin_lease: tries(Kind::Pin), ..usual }
    }
}

/// What all nodes of a deployment keep to.
#[derive(Clone, Debug)]
pub struct Rules {
    /// When planned messages go.
    pub hours: Hours,
    /// Most planned messages to one person a day; 0: no bound.
    pub daily_limit: u16,
    /// The most that may be spent.
    pub budget: Budget,
    /// How long what is kept.
    pub keep: Keep,
}

/// What a worker is made of.
pub struct OutboxParts {
    /// Connections.
    pub pool: PgPool,
    /// Opens what is sealed.
    pub vault: Arc<Vault>,
    /// Tells the time.
    pub clock: Clock,
    /// Providers, routes and rules.
    pub plan: OutboxPlan,
    /// How long things take.
    pub timing: Timing,
    /// Seeds its generator.
    pub seed: [u8; 32],
}

/// What the tasks of a worker share.
struct Shared {
    pool: PgPool,
    vault: Arc<Vault>,
    clock: Clock,
    owner: Uuid,
    lines: Vec<Line>,
    routes: Routes,
    rules: Rules,
    timing: Timing,
    senders: BTreeMap<String, (f64, Mutex<Pace>)>,
    marker: Marker,
    wake: watch::Sender<u64>,
    stop: watch::Sender<bool>,
    begun: Instant,
    nodes: AtomicU32,
    spent: Mutex<Option<Spent>>,
    /// What this worker has, by its own account.
    flights: Mutex<HashSet<i64>>,
    /// Held while something is claimed and not yet in the account.
    claiming: RwLock<()>,
    chance: Mutex<StdRng>,
}

/// A worker that runs.
pub struct Outbox {
    shared: Arc<Shared>,
    receipts: Arc<Receipts>,
    pumps: JoinSet<()>,
    chores: JoinSet<()>,
}

impl Outbox {
    /// Starts it.
    pub fn start(parts: OutboxParts) -> Self {
        let OutboxParts { pool, vault, clock, plan, timing, seed } = parts;
        let OutboxPlan { lines, routes, rules, sender_rates } = plan;
        let mut chance = StdRng::from_seed(seed);
        let owner = uuid::Builder::from_random_bytes(chance.random()).into_uuid();
        let receipts = Arc::new(Receipts::start(pool.clone(), clock.clone(), &lines));
        let shared = Arc::new(Shared {
            marker: Marker::start(&pool, owner, rules.hours),
            lines: lines.into_iter().map(Line::new).collect(),
            senders: sender_rates
                .into_iter()
                .map(|(sender, rate)| (sender, (rate, Mutex::new(Pace::new(rate)))))
                .collect(),
            pool,
            vault,
            clock,
            owner,
            routes,
            rules,
            timing,
            wake: watch::Sender::new(0),
            stop: watch::Sender::new(false),
            begun: Instant::now(),
            nodes: AtomicU32::new(1),
            spent: Mutex::new(None),
            flights: Mutex::new(HashSet::new()),
            claiming: RwLock::new(()),
            chance: Mutex::new(chance),
        });
        let mut pumps = JoinSet::new();
        let mut chores = JoinSet::new();
        for place in 0..shared.lines.len() {
            pumps.spawn(pump::run(Arc::clone(&shared), place));
        }
        if !shared.lines.is_empty() {
            chores.spawn(wake::listen(Arc::clone(&shared)));
        }
        chores.spawn(chores::beat(Arc::clone(&shared)));
        chores.spawn(chores::rescue(Arc::clone(&shared)));
        chores.spawn(chores::tidy(Arc::clone(&shared)));
        chores.spawn(chores::measure(Arc::clone(&shared)));
        Self { shared, receipts, pumps, chores }
    }

    /// Takes what providers tell.
    pub fn receipts(&self) -> Arc<Receipts> {
        Arc::clone(&self.receipts)
    }

    /// How its providers are, whenever it is asked.
    pub fn status(&self) -> impl Fn() -> OutboxStatus + Send + Sync + use<> {
        let shared = Arc::clone(&self.shared);
        move || status::of(&shared)
    }

    /// Claims nothing more, waits for what is on its way, and says that it has ended. What does not
    /// end in time is taken back by another worker, as after a crash.
    pub async fn stop(mut self, patience: Duration) {
        self.shared.stop.send_replace(true);
        let ended = tokio::time::timeout(patience, async {
            while self.pumps.join_next().await.is_some() {}
            for line in &self.shared.lines {
                line.idle().await;
            }
            while !lock(&self.shared.flights).is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        if ended.await.is_err() {
            tracing::warn!("some messages were still on their way; another worker takes them back");
        }
        self.chores.shutdown().await;
        let retired = outbox::retire(&self.shared.pool, self.shared.owner);
        if let Ok(Err(error)) = tokio::time::timeout(Duration::from_secs(1), retired).await {
            tracing::warn!(%error, "the worker ended without saying so");
        }
    }
}

impl Shared {
    /// Time on the scale of paces and circuits.
    fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    fn chance(&self) -> f64 {
        lock(&self.chance).random()
    }

    fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Sleeps, unless the worker is to stop.
    async fn rest(&self, time: Duration) {
        let mut stop = self.stop.subscribe();
        let _ = tokio::time::timeout(time, stop.wait_for(|stop| *stop)).await;
    }

    /// This worker's part of a rate that all share.
    fn share_of(&self, rate: f64) -> f64 {
        rate / f64::from(self.nodes.load(Ordering::Relaxed).max(1))
    }
}

/// A panic elsewhere leaves counters and sets as they are: still fit for use.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
