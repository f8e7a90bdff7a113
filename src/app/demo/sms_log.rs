//! Shows queued messages in the demo's log instead of sending them, PINs and all. For the demo and
//! nothing else: its people are invented, and its PINs open nothing.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;

use super::present::say;
use crate::app::clock::Clock;
use crate::privacy::Vault;
use crate::store::{StoreError, outbox};

/// What stands as the provider of a message that was shown.
const PROVIDER: &str = "demo_log";
/// Messages in one look.
const AT_ONCE: u8 = 50;
/// Looks again after this long, whether or not the database said anything.
const STALE: Duration = Duration::from_secs(10);
/// After a failure, wait this long.
const RETRY: Duration = Duration::from_secs(1);

/// Shows what is queued and what comes, for as long as it is polled.
pub(super) async fn show_messages(pool: PgPool, vault: Arc<Vault>, clock: Clock) {
    loop {
        if let Err(error) = listen(&pool, &vault, &clock).await {
            tracing::warn!(%error, "the demo cannot read its outbox; trying again");
        }
        tokio::time::sleep(RETRY).await;
    }
}

async fn listen(pool: &PgPool, vault: &Vault, clock: &Clock) -> Result<(), StoreError> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen("outbox").await?;
    loop {
        while show_some(pool, vault, clock).await? > 0 {}
        if let Ok(told) = tokio::time::timeout(STALE, listener.recv()).await {
            told?;
        }
    }
}

/// Shows each before it is marked: one cut off between is shown twice rather than never.
async fn show_some(pool: &PgPool, vault: &Vault, clock: &Clock) -> Result<usize, StoreError> {
    let mut connection = pool.acquire().await?;
    let messages = outbox::queued(&mut connection, vault, 0, clock.now(), AT_ONCE).await?;
    for message in &messages {
        say(&line(&message.to, &message.text));
        outbox::handed_over(&mut connection, message.id, PROVIDER, clock.now()).await?;
    }
    Ok(messages.len())
}

fn line(to: &str, text: &str) -> String {
    let last = to.get(to.len().saturating_sub(2)..).unwrap_or_default();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("DEMO SMS, shown here instead of sent, to …{last}: {text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_line_that_names_the_end_of_the_number_alone() {
        let line = line("+23276000001", "Your MamaCare PIN:\n482913");
        assert_eq!(line, "DEMO SMS, shown here instead of sent, to …01: Your MamaCare PIN: 482913");
    }
}
