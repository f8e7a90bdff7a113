//! Keeps the copies of whole records: copies those that changed, some time after they did.

use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::counter;
use sqlx::PgPool;

use crate::privacy::Vault;
use crate::store::StoreError;
use crate::store::record::whole::copies;

/// How often it is looked whether a record has changed. Until it is copied, a read of it costs several times
/// as much and says the same.
const PAUSE: Duration = Duration::from_secs(1);

/// After a round it rests for so many times as long as the round took: after a load of many patients, phones
/// go first.
const REST: u32 = 3;

/// Copies for as long as the node runs.
pub async fn keep(pool: PgPool, vault: Arc<Vault>) {
    if let Err(error) = note_outdated(&pool).await {
        tracing::warn!(%error, "copies of records that an older program made are not made anew");
    }
    loop {
        let begun = Instant::now();
        let rest = match round(&pool, &vault).await {
            Ok(0) => PAUSE,
            Ok(copied) => {
                counter!("mamacare_records_copied_total").increment(copied as u64);
                begun.elapsed() * REST
            }
            Err(error) => {
                tracing::warn!(%error, "records that changed were not copied; they will be");
                PAUSE
            }
        };
        tokio::time::sleep(rest).await;
    }
}

async fn note_outdated(pool: &PgPool) -> Result<(), StoreError> {
    let mut connection = pool.acquire().await?;
    let outdated = copies::note_outdated(&mut connection).await?;
    if outdated > 0 {
        tracing::info!(outdated, "copies of records are made anew");
    }
    Ok(())
}

/// Copies some records that have changed; how many.
pub async fn round(pool: &PgPool, vault: &Vault) -> Result<usize, StoreError> {
    let mut connection = pool.acquire().await?;
    copies::renew(&mut connection, vault).await
}
