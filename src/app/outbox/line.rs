//! A provider at work: how much it carries at once, how fast, and whether it works.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::messages::{Carrier, Circuit, CircuitState, IdForm, Pace, Price, Verdict, redact};
use crate::text::Display;

use super::lock;

/// A provider as the settings describe it.
#[derive(Clone)]
pub struct LinePlan {
    /// Its name in rows, addresses and counts.
    pub name: String,
    /// What does the sending.
    pub carrier: Arc<dyn Carrier>,
    /// How it shows text.
    pub display: Display,
    /// Whom its messages come from.
    pub sender: String,
    /// Messages on their way at once.
    pub in_flight: usize,
    /// SMS a second, of all nodes together; 0: no bound.
    pub per_second: f64,
    /// What an SMS costs.
    pub price: Price,
    /// In which form it tells ids.
    pub ids: IdForm,
    /// Longest time that it may take, with what it does about a connection.
    pub patience: Duration,
}

pub(super) struct Line {
    pub(super) plan: LinePlan,
    pub(super) pace: Mutex<Pace>,
    circuit: Mutex<Circuit>,
    slots: Arc<Semaphore>,
    most: u32,
    /// What it last said when it did not work.
    trouble: Mutex<String>,
}

impl Line {
    pub(super) fn new(plan: LinePlan) -> Self {
        let most = u32::try_from(plan.in_flight.max(1)).unwrap_or(u32::MAX).min(10_000);
        Self {
            pace: Mutex::new(Pace::new(plan.per_second)),
            circuit: Mutex::new(Circuit::default()),
            slots: Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(1))),
            most,
            trouble: Mutex::new(String::new()),
            plan,
        }
    }

    pub(super) fn state(&self, now: Duration) -> CircuitState {
        lock(&self.circuit).state(now)
    }

    /// Learns from an attempt, and says so where that changes what goes this way.
    pub(super) fn learn(&self, now: Duration, verdict: Verdict, words: &str) {
        let (before, after) = {
            let mut circuit = lock(&self.circuit);
            let before = circuit.state(now);
            circuit.learn(now, verdict);
            (before, circuit.state(now))
        };
        let words = redact(words);
        if verdict != Verdict::Works {
            words.clone_into(&mut lock(&self.trouble));
        }
        let provider = self.plan.name.as_str();
        match (before, after) {
            (CircuitState::Closed | CircuitState::Probing, CircuitState::Open { until }) => {
                let seconds = until.saturating_sub(now).as_secs();
                tracing::warn!(provider, seconds, words, "a provider does not work; it is left alone");
            }
            (CircuitState::Probing | CircuitState::Open { .. }, CircuitState::Closed) => {
                tracing::info!(provider, "a provider works again");
            }
            _ => {}
        }
    }

    pub(super) fn trouble(&self) -> String {
        lock(&self.trouble).clone()
    }

    /// How many messages could start now.
    pub(super) fn free(&self) -> usize {
        self.slots.available_permits()
    }

    pub(super) fn busy(&self) -> usize {
        usize::try_from(self.most).unwrap_or(0).saturating_sub(self.free())
    }

    /// A place for so many, if there is one.
    pub(super) fn take(&self, count: usize) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.slots).try_acquire_many_owned(u32::try_from(count).ok()?).ok()
    }

    /// A place for one more, within bounded time.
    pub(super) async fn wait_for_one(&self, patience: Duration) -> Option<OwnedSemaphorePermit> {
        tokio::time::timeout(patience, Arc::clone(&self.slots).acquire_owned()).await.ok()?.ok()
    }

    /// Until there is a place for one.
    pub(super) async fn has_room(&self) {
        drop(self.slots.acquire().await);
    }

    /// Until nothing is on its way.
    pub(super) async fn idle(&self) {
        drop(self.slots.acquire_many(self.most).await);
    }
}
