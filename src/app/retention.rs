//! Runs the rules of retention by themselves, each once a day, on whichever node comes first.

use std::time::Duration;

use sqlx::PgPool;

use super::clock::Clock;
use crate::store::retention::{RULES, run};

/// How often it is looked whether a day has begun.
const PAUSE: Duration = Duration::from_mins(15);

/// Day after day, for as long as the node runs.
pub async fn keep(pool: PgPool, clock: Clock) {
    let mut ticks = tokio::time::interval(PAUSE);
    loop {
        ticks.tick().await;
        if let Err(error) = round(&pool, &clock).await {
            tracing::warn!(%error, "what is old was not taken away; it will be");
        }
    }
}

/// Runs what has not run today; says how many rows went.
pub async fn round(pool: &PgPool, clock: &Clock) -> Result<i64, sqlx::Error> {
    let mut connection = pool.acquire().await?;
    let mut all = 0;
    for rule in &RULES {
        let Some(rows) = run(&mut connection, rule, clock.now()).await? else { continue };
        if rows > 0 {
            tracing::info!(rule = rule.name, rows, "what was old was taken away");
        }
        all += rows;
    }
    Ok(all)
}
