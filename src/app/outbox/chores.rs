//! What a worker does beside sending: says that it lives, takes back what others left, tidies up,
//! counts.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use metrics::{counter, gauge};

use crate::messages::{Kind, State};
use crate::store::outbox;

use super::{Shared, lock};

/// Numbers are taken this often.
const MEASURING: Duration = Duration::from_secs(15);

/// Says that the worker lives, and learns how many others do: they share the rates.
pub(super) async fn beat(shared: Arc<Shared>) {
    let mut ticks = tokio::time::interval(shared.timing.beat);
    loop {
        ticks.tick().await;
        let now = shared.clock.now();
        let since = now - delta(shared.timing.dead_after);
        let beaten = async {
            outbox::beat(&shared.pool, shared.owner, now).await?;
            outbox::live(&shared.pool, since).await
        };
        match beaten.await {
            Ok(nodes) => share_rates(&shared, nodes),
            Err(error) => tracing::warn!(%error, "the worker could not say that it lives"),
        }
    }
}

fn share_rates(shared: &Shared, nodes: u32) {
    if shared.nodes.swap(nodes.max(1), Ordering::Relaxed) == nodes.max(1) {
        return;
    }
    let now = shared.elapsed();
    for line in &shared.lines {
        lock(&line.pace).set_rate(now, shared.share_of(line.plan.per_second));
    }
    for (rate, pace) in shared.senders.values() {
        lock(pace).set_rate(now, shared.share_of(*rate));
    }
    tracing::info!(nodes, "workers share the rates of the providers");
}

/// Takes back what is left of dead workers, and what this one does not know it has. Whether others
/// are dead is judged only after a while without a failure: when the database comes back, they all
/// look dead until they have said otherwise.
pub(super) async fn rescue(shared: Arc<Shared>) {
    let mut steady_since: Option<Instant> = None;
    loop {
        tokio::time::sleep(shared.timing.beat).await;
        let steady = steady_since.is_some_and(|since| since.elapsed() >= shared.timing.dead_after);
        match rescue_once(&shared, steady).await {
            Ok(()) => _ = steady_since.get_or_insert_with(Instant::now),
            Err(error) => {
                steady_since = None;
                tracing::warn!(%error, "nothing could be taken back; trying again");
            }
        }
    }
}

async fn rescue_once(shared: &Shared, steady: bool) -> Result<(), sqlx::Error> {
    let now = shared.clock.now();
    let before = now - delta(shared.timing.dead_after);
    let back = {
        // Nothing is claimed meanwhile: what is between the table and our account would be taken for lost.
        let _claims_wait = shared.claiming.write().await;
        let known: Vec<i64> = lock(&shared.flights).iter().copied().collect();
        outbox::rescue_own(&shared.pool, shared.owner, &known, now).await?
    };
    if back > 0 {
        tracing::warn!(
            count = back,
            "messages were claimed without their worker learning of it; they are put back"
        );
    }
    if !steady {
        return Ok(());
    }
    let rescued = outbox::rescue_dead(&shared.pool, shared.owner, before, now).await?;
    for message in &rescued {
        let kind = message.kind.map_or("unknown", Kind::name);
        let name = if message.state == State::Queued {
            "mamacare_messages_repeated_total"
        } else {
            "mamacare_messages_unknown_total"
        };
        counter!(name, "kind" => kind).increment(1);
    }
    if !rescued.is_empty() {
        let repeated = rescued.iter().filter(|message| message.state == State::Queued).count();
        tracing::warn!(count = rescued.len(), repeated, "messages of a dead worker were taken back");
        shared.wake.send_modify(|count| *count = count.wrapping_add(1));
    }
    Ok(())
}

/// Expires, wipes and deletes what is due; more at once where there is much.
pub(super) async fn tidy(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(shared.timing.tidy).await;
        loop {
            match outbox::tidy(&shared.pool, shared.rules.keep, shared.clock.now()).await {
                Ok(tidied) => {
                    counter!("mamacare_messages_ended_total", "kind" => "any", "state" => "expired")
                        .increment(tidied.expired);
                    counter!("mamacare_receipts_unmatched_total").increment(tidied.receipts);
                    if tidied.expired + tidied.wiped + tidied.deleted < 1000 {
                        break;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the outbox was not tidied; it will be");
                    break;
                }
            }
        }
        if let Err(error) = outbox::forget_workers(&shared.pool, shared.clock.now()).await {
            tracing::debug!(%error, "workers that are gone were not forgotten; they will be");
        }
    }
}

/// Takes numbers: what is due and since when, and what was spent.
pub(super) async fn measure(shared: Arc<Shared>) {
    let mut was_spent = false;
    loop {
        let now = shared.clock.now();
        match outbox::spent(&shared.pool, shared.rules.hours.day(now)).await {
            Ok(spent) => {
                if lock(&shared.spent).replace(spent).is_none() {
                    // What waited for this goes now.
                    shared.wake.send_modify(|count| *count = count.wrapping_add(1));
                }
                gauge!("mamacare_messages_spent", "of" => "day").set(spent.day.units());
                gauge!("mamacare_messages_spent", "of" => "month").set(spent.month.units());
                let is_spent = shared.rules.budget.is_spent(spent);
                if is_spent && !was_spent {
                    tracing::error!(
                        "the budget for messages is spent: only PINs and what was asked for go out"
                    );
                }
                was_spent = is_spent;
            }
            Err(error) => tracing::warn!(%error, "what was spent could not be read"),
        }
        match outbox::waiting(&shared.pool, now).await {
            Ok(waiting) => {
                for kind in Kind::ALL {
                    let of_kind = waiting.iter().find(|waiting| waiting.kind == kind.name());
                    let age = of_kind.map_or(0, |waiting| waiting.oldest_seconds.max(0));
                    #[expect(clippy::cast_precision_loss, reason = "seconds and counts, for a chart")]
                    let (age, due) = (age as f64, of_kind.map_or(0, |waiting| waiting.due) as f64);
                    gauge!("mamacare_outbox_oldest_due_seconds", "kind" => kind.name()).set(age);
                    gauge!("mamacare_outbox_due", "kind" => kind.name()).set(due);
                }
            }
            Err(error) => tracing::warn!(%error, "the queue could not be measured"),
        }
        tokio::time::sleep(MEASURING).await;
    }
}

fn delta(time: Duration) -> TimeDelta {
    TimeDelta::from_std(time).unwrap_or(TimeDelta::minutes(1))
}
