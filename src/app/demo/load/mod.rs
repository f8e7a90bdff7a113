//! `--patients N`: people for load, in the order of their places, so that what is there already is
//! known by the last of them, and a load that was cut off goes on where it was.

mod generator;
mod progress;

use std::sync::Arc;

use sqlx::PgConnection;
use tokio::task::JoinHandle;

use crate::care::MsisdnError;
use crate::privacy::Vault;
use crate::store::bulk::{Batch, Trust, highest_person};

pub use generator::MOST_PATIENTS;
pub(super) use generator::{Generator, number_of};

use generator::{id_of, place_of};
use progress::Progress;

/// People in one transaction: enough to make its cost small, few enough to show progress.
const AT_ONCE: u64 = 4096;

/// Why a load failed; what was written before stays, and the next start goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The database.
    #[error("the synthetic patients could not be written: {0}")]
    Database(#[from] sqlx::Error),
    /// A number in no operator's range.
    #[error("a synthetic patient has no valid number: {0}")]
    Number(#[from] MsisdnError),
    /// The thread that makes them died.
    #[error("the synthetic patients could not be made: {0}")]
    Making(#[from] tokio::task::JoinError),
}

/// How many are there.
pub(super) async fn count(connection: &mut PgConnection) -> Result<u64, sqlx::Error> {
    let last = highest_person(id_of(0), id_of(MOST_PATIENTS), connection).await?;
    Ok(last.map_or(0, |last| place_of(last) + 1))
}

/// Brings their number to `wanted`; more than that stay. Says how many there are then.
pub(super) async fn fill(
    wanted: u64,
    generator: &Generator,
    vault: &Arc<Vault>,
    connection: &mut PgConnection,
) -> Result<u64, LoadError> {
    let mut done = count(connection).await?;
    if done >= wanted {
        return Ok(done);
    }
    let mut progress = Progress::new(done, wanted);
    let mut next = make(generator, vault, done, wanted);
    while done < wanted {
        let batch = next.await??;
        let end = done + batch.people() as u64;
        // Made while the one before is written.
        next = make(generator, vault, end, wanted);
        batch.write(Trust::AsMade, connection).await?;
        done = end;
        progress.tell(done);
    }
    settle(connection).await?;
    progress.finish();
    Ok(done)
}

fn make(
    generator: &Generator,
    vault: &Arc<Vault>,
    from: u64,
    wanted: u64,
) -> JoinHandle<Result<Batch, MsisdnError>> {
    let (generator, vault) = (generator.clone(), Arc::clone(vault));
    tokio::task::spawn_blocking(move || {
        let mut batch = Batch::default();
        for place in from..wanted.min(from + AT_ONCE) {
            batch.add(&generator.person(place)?, &vault);
        }
        Ok(batch)
    })
}

/// Lets the planner know what is there, and leaves nothing for later to write out.
async fn settle(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql("VACUUM (ANALYZE)").execute(&mut *connection).await?;
    sqlx::raw_sql("CHECKPOINT").execute(connection).await?;
    Ok(())
}
