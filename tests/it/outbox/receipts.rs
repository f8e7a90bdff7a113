//! Receipts in every order.

use mamacare::messages::{Kind, Reference, State, Told};
use mamacare::store::outbox::{self, StoredReceipt};

use super::stage::{Stage, WORKER, number};

fn receipt(stage: &Stage, reference: Reference, told: Told) -> StoredReceipt {
    StoredReceipt {
        provider: "peer".to_owned(),
        reference,
        told,
        words: told.name().to_owned(),
        at: stage.now,
    }
}

fn theirs(id: &str) -> Reference {
    Reference::Theirs(id.to_owned())
}

async fn receive(stage: &Stage, reference: Reference, told: Told) -> bool {
    outbox::receive(&stage.database.pool, &[receipt(stage, reference, told)]).await.unwrap().is_empty()
}

async fn sent(stage: &Stage, cause: &str, provider_id: &str) -> i64 {
    stage.queue(cause, Kind::Reminder, number(1)).await;
    let claimed = stage.claim(WORKER).await;
    stage.mark(&[stage.sent(claimed[0].id, provider_id)]).await;
    claimed[0].id
}

#[tokio::test]
async fn a_receipt_is_found_by_either_id_and_told_twice_changes_once() {
    let stage = Stage::new().await;
    let first = sent(&stage, "by theirs", "id-1").await;
    let second = sent(&stage, "by ours", "id-2").await;
    assert!(receive(&stage, theirs("id-1"), Told::Delivered).await);
    assert!(receive(&stage, theirs("id-1"), Told::Delivered).await);
    assert!(receive(&stage, Reference::Ours(second), Told::Failed).await);
    assert_eq!(stage.history("by theirs").await, ["sending", "sent: accepted", "delivered: delivered"]);
    assert_eq!(stage.state("by ours").await, State::Failed);
    assert!(first != second);
}

#[tokio::test]
async fn a_late_failure_does_not_undo_delivery() {
    let stage = Stage::new().await;
    sent(&stage, "a", "id-1").await;
    receive(&stage, theirs("id-1"), Told::Delivered).await;
    for told in [Told::Passed, Told::Failed, Told::Expired] {
        receive(&stage, theirs("id-1"), told).await;
    }
    assert_eq!(stage.state("a").await, State::Delivered);
}

#[tokio::test]
async fn an_early_receipt_waits_for_its_message() {
    let stage = Stage::new().await;
    let early =
        [receipt(&stage, theirs("id-1"), Told::Passed), receipt(&stage, theirs("id-1"), Told::Delivered)];
    assert_eq!(outbox::receive(&stage.database.pool, &early[1..]).await.unwrap(), [0]);
    outbox::park(&stage.database.pool, &early).await.unwrap();
    outbox::settle(&stage.database.pool, &[("peer".to_owned(), "id-1".to_owned())]).await.unwrap();
    sent(&stage, "a", "id-1").await;
    assert_eq!(stage.state("a").await, State::Delivered);
    let waiting: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox_receipt")
        .fetch_one(&stage.database.pool)
        .await
        .unwrap();
    assert_eq!(waiting, 0);
}

#[tokio::test]
async fn a_receipt_that_overtakes_the_mark_counts_and_the_mark_does_no_harm() {
    let stage = Stage::new().await;
    stage.queue("a", Kind::Reminder, number(1)).await;
    let claimed = stage.claim(WORKER).await;
    assert!(receive(&stage, Reference::Ours(claimed[0].id), Told::Delivered).await);
    assert_eq!(stage.state("a").await, State::Delivered);
    assert_eq!(stage.mark(&[stage.sent(claimed[0].id, "id-1")]).await, [claimed[0].id]);
    assert_eq!(stage.state("a").await, State::Delivered);
}

#[tokio::test]
async fn another_provider_s_receipts_and_unknown_ones_change_nothing() {
    let stage = Stage::new().await;
    let id = sent(&stage, "a", "id-1").await;
    for reference in [theirs("id-1"), Reference::Ours(id)] {
        let foreign =
            StoredReceipt { provider: "other".to_owned(), ..receipt(&stage, reference, Told::Delivered) };
        assert_eq!(outbox::receive(&stage.database.pool, &[foreign]).await.unwrap(), [0]);
    }
    assert!(!receive(&stage, theirs("id-9"), Told::Delivered).await);
    assert!(!receive(&stage, Reference::Ours(i64::MAX), Told::Delivered).await);
    assert_eq!(stage.state("a").await, State::Sent);
}

#[tokio::test]
async fn a_provider_that_gives_one_id_twice_means_the_newer_message() {
    let stage = Stage::new().await;
    sent(&stage, "old", "id-1").await;
    sent(&stage, "new", "id-1").await;
    receive(&stage, theirs("id-1"), Told::Delivered).await;
    assert_eq!((stage.state("old").await, stage.state("new").await), (State::Sent, State::Delivered));
}

/// The table of states decides, in every state and for every word.
#[tokio::test]
async fn the_database_follows_the_table_of_states() {
    let stage = Stage::new().await;
    for from in State::ALL {
        for told in Told::ALL {
            let cause = format!("{} {}", from.name(), told.name());
            stage.queue(&cause, Kind::Reminder, number(1)).await;
            let id: i64 = sqlx::query_scalar(
                "UPDATE outbox SET state = $2, body = CASE WHEN $2 IN ('queued', 'sending') THEN body END,
                     lease_until = CASE WHEN $2 = 'sending' THEN $3::timestamptz END
                 WHERE cause = $1 RETURNING id",
            )
            .bind(&cause)
            .bind(from.name())
            .bind(stage.now)
            .fetch_one(&stage.database.pool)
            .await
            .unwrap();
            assert!(receive(&stage, Reference::Ours(id), told).await);
            assert_eq!(stage.state(&cause).await, from.after_receipt(told).unwrap_or(from), "{cause}");
        }
    }
}
