//! Chains lines of the audit trail once they are committed, so that no turn waits for it. Any number
//! of nodes may try; the one that holds the head's row chains.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use metrics::counter;
use sqlx::{PgConnection, PgPool};

use crate::app::clock::Clock;
use crate::privacy::{AuditHead, AuditLine, AuditLink, Keyring};
use crate::store::audit::{self, HeadRow};

/// Between two rounds. They are short and many, so that what they take is spread over the time.
const PAUSE: Duration = Duration::from_millis(100);

/// After a round that failed: while the database is away, a line of the log now and then is enough.
const REST: Duration = Duration::from_secs(5);

/// Every so many rounds all lines are looked at that are not settled; the others look at the newest alone.
const THOROUGH: u32 = 160;

/// Lines of one transaction.
const BATCH: u16 = 500;

/// Chains the trail.
pub struct Chainer {
    /// Connections.
    pub pool: PgPool,
    /// The key of the chain.
    pub keys: Arc<Keyring>,
    /// Tells the time.
    pub clock: Clock,
}

/// How far the last two rounds of a node looked, the older one first.
#[derive(Clone, Copy, Debug, Default)]
pub struct Looked(i64, i64);

impl Looked {
    const fn up_to(self, end: i64) -> Self {
        // Before its first round a node knows of no line.
        if self.1 == 0 { Self(end, end) } else { Self(self.1, end) }
    }
}

/// What became of some lines.
#[derive(Default)]
struct Chained {
    lines: usize,
    /// The last line that was looked at.
    end: i64,
}

impl Chainer {
    /// Round after round, for as long as the node runs.
    pub async fn run(self) {
        let mut ticks = tokio::time::interval(PAUSE);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut looked = Looked::default();
        for number in (0..THOROUGH).cycle() {
            ticks.tick().await;
            let round = async {
                if number == 0 { self.round(&mut looked).await } else { self.follow(&mut looked).await }
            };
            match round.await {
                Ok(0) => {}
                Ok(chained) => counter!("mamacare_audit_lines_chained_total").increment(chained as u64),
                Err(error) => {
                    tracing::warn!(%error, "the audit trail was not chained; it will be");
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }

    /// Chains all lines that are committed and not chained yet; says how many. None where another
    /// node is at it.
    pub async fn round(&self, looked: &mut Looked) -> Result<usize, sqlx::Error> {
        let Some((settled, ripe)) = self.begin().await? else { return Ok(0) };
        let Some(chained) = self.chain(settled).await? else { return Ok(0) };
        *looked = looked.up_to(chained.end);
        self.settle(ripe).await?;
        Ok(chained.lines)
    }

    /// Chains what is new since the round before the last: a line that was committed a little later than one
    /// with a higher id is among it. One that comes later still waits for a whole round.
    pub async fn follow(&self, looked: &mut Looked) -> Result<usize, sqlx::Error> {
        if looked.1 == 0 {
            // Another node was at it in the first round. From the first line on it would be a long way.
            return self.round(looked).await;
        }
        if !audit::goes_on(&self.pool, looked.1).await? {
            return Ok(0);
        }
        let Some(chained) = self.chain(looked.0).await? else { return Ok(0) };
        *looked = looked.up_to(chained.end);
        Ok(chained.lines)
    }

    /// From where to look, and what is settled once nothing is left out from there. Asked before
    /// anything is read, so that what is read holds all that the ended transactions wrote.
    async fn begin(&self) -> Result<Option<(i64, Option<i64>)>, sqlx::Error> {
        let mut work = self.pool.begin().await?;
        let head = audit::take(&mut work, self.clock.now()).await?;
        work.rollback().await?;
        Ok(head.map(|head| (head.settled, head.ripe)))
    }

    /// Chains what has no link after that line; none where another node is at it.
    async fn chain(&self, after: i64) -> Result<Option<Chained>, sqlx::Error> {
        let mut chained = Chained { lines: 0, end: after };
        loop {
            let now = self.clock.now();
            let mut work = self.pool.begin().await?;
            let Some(head) = audit::take(&mut work, now).await? else { return Ok(None) };
            let stretch = audit::stretch(&mut work, chained.end, i64::from(BATCH)).await?;
            if stretch.unlinked.is_empty() {
                work.rollback().await?;
            } else {
                self.link(&mut work, &head, &stretch.unlinked, now).await?;
                work.commit().await?;
            }
            chained.lines += stretch.unlinked.len();
            chained.end = stretch.last.unwrap_or(chained.end);
            if stretch.lines < usize::from(BATCH) {
                return Ok(Some(chained));
            }
        }
    }

    async fn link(
        &self,
        work: &mut PgConnection,
        head: &HeadRow,
        lines: &[AuditLine],
        now: DateTime<Utc>,
    ) -> Result<(), sqlx::Error> {
        let (mut position, mut link) = (head.position, head.link());
        let mut chained = Vec::with_capacity(lines.len());
        for line in lines {
            position += 1;
            link = AuditLink::after(link, position, line, &self.keys);
            chained.push((position, line.id, link));
        }
        let moved = AuditHead { position, link, settled: head.settled, at: now };
        audit::extend(work, &chained, &moved, moved.seal(&self.keys)).await
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
