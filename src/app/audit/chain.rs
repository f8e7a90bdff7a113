//! Chains lines of the audit trail once they are committed, so that no turn waits for it. Any number
//! of nodes may try; the one that holds the head's row chains.

use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use sqlx::PgPool;

use crate::app::clock::Clock;
use crate::privacy::{AuditHead, AuditLink, Keyring};
use crate::store::audit;

/// Between two rounds.
const PAUSE: Duration = Duration::from_secs(2);

/// Most lines of one transaction.
const BATCH: u16 = 2000;

/// Chains the trail.
pub struct Chainer {
    /// Connections.
    pub pool: PgPool,
    /// The key of the chain.
    pub keys: Arc<Keyring>,
    /// Tells the time.
    pub clock: Clock,
}

/// What one transaction did.
struct Step {
    chained: usize,
    /// Where to go on; none where nothing is left.
    after: Option<i64>,
}

impl Chainer {
    /// Round after round, for as long as the node runs.
    pub async fn run(self) {
        let mut ticks = tokio::time::interval(PAUSE);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match self.round().await {
                Ok(0) => {}
                Ok(chained) => counter!("mamacare_audit_lines_chained_total").increment(chained as u64),
                Err(error) => tracing::warn!(%error, "the audit trail was not chained; it will be"),
            }
        }
    }

    /// Chains all lines that are committed and not chained yet; says how many. None where another
    /// node is at it.
    pub async fn round(&self) -> Result<usize, sqlx::Error> {
        let Some((mut after, ripe)) = self.begin().await? else { return Ok(0) };
        let mut chained = 0;
        loop {
            let Some(step) = self.step(after).await? else { return Ok(chained) };
            chained += step.chained;
            match step.after {
                Some(last) => after = last,
                None => break,
            }
        }
        self.settle(ripe).await?;
        Ok(chained)
    }

    /// From where to look, and what is settled once nothing is left out from there. Asked before
    /// anything is read, so that what is read holds all that the ended transactions wrote.
    async fn begin(&self) -> Result<Option<(i64, Option<i64>)>, sqlx::Error> {
        let mut work = self.pool.begin().await?;
        let head = audit::take(&mut work, self.clock.now()).await?;
        work.rollback().await?;
        Ok(head.map(|head| (head.settled, head.ripe)))
    }

    async fn step(&self, after: i64) -> Result<Option<Step>, sqlx::Error> {
        let now = self.clock.now();
        let mut work = self.pool.begin().await?;
        let Some(head) = audit::take(&mut work, now).await? else { return Ok(None) };
        let lines = audit::unlinked(&mut work, after, i64::from(BATCH)).await?;
        let (mut position, mut link) = (head.position, head.link());
        let mut chained = Vec::with_capacity(lines.len());
        for line in &lines {
            position += 1;
            link = AuditLink::after(link, position, line, &self.keys);
            chained.push((position, line.id, link));
        }
        if !chained.is_empty() {
            let moved = AuditHead { position, link, settled: head.settled, at: now };
            audit::extend(&mut work, &chained, &moved, moved.seal(&self.keys)).await?;
        }
        work.commit().await?;
        let full = lines.len() == usize::from(BATCH);
        Ok(Some(Step { chained: lines.len(), after: lines.last().filter(|_| full).map(|line| line.id) }))
    }

    async fn settle(&self, ripe: Option<i64>) -> Result<(), sqlx::Error> {
        let now = self.clock.now();
        let mut work = self.pool.begin().await?;
        let Some(row) = audit::take(&mut work, now).await? else { return Ok(()) };
        let settled = ripe.unwrap_or_default().max(row.settled);
        if settled > row.settled {
            let head = AuditHead { position: row.position, link: row.link(), settled, at: now };
            audit::settle(&mut work, &head, head.seal(&self.keys)).await?;
        }
        audit::mark(&mut work, settled, now).await?;
        work.commit().await
    }
}
