//! PostgreSQL restarted in the middle of batches.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use mamacare::app::clock::Clock;
use mamacare::app::outbox::{Outbox, OutboxParts, plan};
use mamacare::messages::Kind;
use mamacare::privacy::{Keyring, Vault};
use mamacare::store::MIGRATOR;
use mamacare::store::outbox::{self, NewMessage};
use mamacare::store::private::{Durability, PrivateServer};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use super::peer::{Mode, Peer};
use super::stage::number;
use super::worker::{HURRY, settings};
use crate::harness::TestFolder;

const MESSAGES: u64 = 400;

async fn queue(pool: &PgPool, vault: &Vault, clock: &Clock) {
    let mut work = pool.begin().await.unwrap();
    for n in 0..MESSAGES {
        let message = NewMessage {
            cause: &format!("m{n}"),
            kind: if n % 4 == 0 { Kind::Pin } else { Kind::Answer },
            owner: None,
            to: number(n),
            phone: vault.keyring().phone_index(number(n)),
            language: "en",
            text: &format!("Text of m{n}"),
            segments: 1,
            now: clock.now(),
            expires_at: clock.now() + TimeDelta::days(1),
        };
        outbox::enqueue(&mut work, vault.keyring(), &message).await.unwrap();
    }
    work.commit().await.unwrap();
}

/// Ends all sessions at once and starts anew, as `pg_ctl restart -m immediate` does.
fn crash(folder: &TestFolder) {
    let file = folder.path().join("postgres/postmaster.pid");
    let pid = std::fs::read_to_string(file).unwrap().lines().next().unwrap().to_owned();
    let done = std::process::Command::new("kill").args(["-QUIT", &pid]).status().unwrap();
    assert!(done.success());
}

#[tokio::test]
async fn a_database_that_restarts_costs_nothing_and_repeats_nothing() {
    let folder = TestFolder::new();
    let server = PrivateServer::start(folder.path(), Durability::Durable).await.unwrap();
    server.ensure_database("outbox").await.unwrap();
    let options = server.options("outbox").unwrap();
    let pool =
        PgPoolOptions::new().acquire_timeout(Duration::from_secs(2)).connect_with(options).await.unwrap();
    MIGRATOR.run(&pool).await.unwrap();
    let (vault, clock) = (Arc::new(Vault::new(Arc::new(Keyring::demo()))), Clock::system());
    queue(&pool, &vault, &clock).await;
    let peer = Peer::start(Mode::Well(Duration::from_millis(15))).await;
    let mut settings = settings(&[&peer], "");
    settings.providers.get_mut("peer0").unwrap().in_flight = 20;
    let outbox = Outbox::start(OutboxParts {
        pool: pool.clone(),
        vault,
        clock,
        plan: plan(&settings, &mamacare::app::http::client().unwrap()).unwrap(),
        timing: HURRY,
        seed: [3; 32],
    });
    for share in 1..=3 {
        peer.until("a share is read", |heard| heard.all_times() >= share * 80).await;
        crash(&folder);
    }
    let left = "SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')";
    let waited = tokio::time::timeout(Duration::from_mins(1), async {
        loop {
            match sqlx::query_scalar::<_, i64>(left).fetch_one(&pool).await {
                Ok(0) => return,
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    });
    let ended = waited.await;
    let states: Vec<(String, i64)> =
        sqlx::query_as("SELECT state, count(*) FROM outbox GROUP BY state").fetch_all(&pool).await.unwrap();
    assert!(ended.is_ok(), "{states:?}");
    assert_eq!(states, [("sent".to_owned(), i64::try_from(MESSAGES).unwrap())]);
    let read: usize = peer.all_times();
    assert_eq!(
        read,
        usize::try_from(MESSAGES).unwrap(),
        "each came once, though the database went away three times"
    );
    outbox.stop(Duration::from_secs(5)).await;
    pool.close().await;
    server.stop().await;
}
