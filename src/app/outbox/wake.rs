//! Waking: the database says when something is queued.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgListener;

use super::Shared;

/// After a failure.
const PAUSE: Duration = Duration::from_secs(1);

/// Listens for as long as it is polled. While it cannot, the pumps look by themselves.
pub(super) async fn listen(shared: Arc<Shared>) {
    loop {
        if let Err(error) = hear(&shared).await {
            tracing::debug!(%error, "the outbox is not listened to; it is looked at instead");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn hear(shared: &Shared) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(&shared.pool).await?;
    listener.listen("outbox").await?;
    loop {
        listener.recv().await?;
        shared.wake.send_modify(|count| *count = count.wrapping_add(1));
    }
}
