//! One turn of a session at a time on this node; other sessions are not held up.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::ussd::SessionKey;

const SHARDS: usize = 64;

type Lock = Arc<tokio::sync::Mutex<()>>;

/// The sessions that have a turn under way.
#[derive(Debug)]
pub(super) struct Gate {
    shards: Vec<Mutex<HashMap<SessionKey, Lock>>>,
}

/// The right to run a turn of a session; the next one waits until it is dropped.
pub(super) struct Pass<'a> {
    gate: &'a Gate,
    key: SessionKey,
    held: Option<OwnedMutexGuard<()>>,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }

    /// Waits for the turn before, if one is under way.
    pub(super) async fn enter(&self, key: SessionKey) -> Pass<'_> {
        let lock = self.with(key, |sessions| Arc::clone(sessions.entry(key).or_default()));
        // Made before the wait: a turn that gives up while it waits tidies up as well.
        let mut pass = Pass { gate: self, key, held: None };
        if let Some(lock) = lock {
            pass.held = Some(lock.lock_owned().await);
        }
        pass
    }

    fn with<T>(&self, key: SessionKey, work: impl FnOnce(&mut HashMap<SessionKey, Lock>) -> T) -> Option<T> {
        let shard = self.shards.get(usize::from(key.0.first().copied()?) % SHARDS)?;
        Some(work(&mut shard.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.held = None;
        self.gate.with(self.key, |sessions| {
            // Nobody else holds it or waits for it: the map's own is the last.
            if sessions.get(&self.key).is_some_and(|lock| Arc::strong_count(lock) == 1) {
                sessions.remove(&self.key);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_second_turn_waits_for_the_first_and_nothing_is_left() {
        let gate = Gate::new();
        let (one, other) = (SessionKey([1; 16]), SessionKey([2; 16]));
        let first = gate.enter(one).await;
        let elsewhere = gate.enter(other).await;
        let mut second = Box::pin(gate.enter(one));
        assert!(futures_poll(&mut second).await.is_none(), "it must wait");
        drop(first);
        drop(second.await);
        drop(elsewhere);
        assert!(gate.shards.iter().all(|shard| shard.lock().unwrap().is_empty()));
    }

    #[tokio::test]
    async fn one_that_gives_up_waiting_leaves_nothing() {
        let gate = Gate::new();
        let key = SessionKey([1; 16]);
        let first = gate.enter(key).await;
        {
            let mut second = Box::pin(gate.enter(key));
            assert!(futures_poll(&mut second).await.is_none());
        }
        drop(first);
        assert!(gate.shards.iter().all(|shard| shard.lock().unwrap().is_empty()));
    }

    /// Polls once.
    async fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        tokio::select! {
            biased;
            output = future => Some(output),
            () = std::future::ready(()) => None,
        }
    }
}
