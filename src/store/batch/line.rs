//! A lane's own connection. A pool would pass every batch to another of PostgreSQL's processes,
//! each with caches of its own, and ask it how it is before and after.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};

/// A connection that was used so lately is thought to work.
const RECENTLY: Duration = Duration::from_secs(1);
/// One that was not, answers within this time or is replaced.
const PATIENCE: Duration = Duration::from_millis(500);

/// Makes a connection when there is none, and again when it broke.
#[derive(Debug)]
pub struct Line {
    options: Arc<PgConnectOptions>,
    kept: Option<(PgConnection, Instant)>,
}

impl Line {
    /// Of these options; connects when it is first taken.
    pub const fn new(options: Arc<PgConnectOptions>) -> Self {
        Self { options, kept: None }
    }

    /// A connection that works. Who fails or gives up with it does not give it back: nobody knows
    /// what it still has to say.
    pub async fn take(&mut self) -> Result<PgConnection, sqlx::Error> {
        if let Some((mut connection, used)) = self.kept.take()
            && (used.elapsed() < RECENTLY || answers(&mut connection).await)
        {
            return Ok(connection);
        }
        PgConnection::connect_with(&self.options).await
    }

    /// Gives it back for the next batch.
    pub fn keep(&mut self, connection: PgConnection) {
        self.kept = Some((connection, Instant::now()));
    }
}

async fn answers(connection: &mut PgConnection) -> bool {
    matches!(tokio::time::timeout(PATIENCE, connection.ping()).await, Ok(Ok(())))
}
