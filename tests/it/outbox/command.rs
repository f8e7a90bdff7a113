//! `mamacare outbox`, as somebody types it at two in the morning.

use std::process::{Command, Output};

use chrono::TimeDelta;
use mamacare::app::clock::Clock;
use mamacare::messages::{Kind, State};

use super::stage::{Stage, WORKER, number};

fn outbox(stage: &Stage, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mamacare"))
        .arg("outbox")
        .args(arguments)
        .env_clear()
        .envs([("DATABASE_URL", stage.database.url()), ("MAMACARE_SECRETS__MASTER_KEY", "08".repeat(32))])
        .current_dir(std::env::temp_dir())
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// An answer that a provider refused for its own sake, its text kept.
async fn refused() -> (Stage, i64) {
    let mut stage = Stage::new().await;
    stage.now = Clock::system().now();
    stage.queue_until("wanted", Kind::Answer, number(1), stage.now + TimeDelta::hours(1)).await;
    let id = stage.claim(WORKER).await[0].id;
    let mut mark = stage.sent(id, "none");
    (mark.state, mark.left, mark.cost, mark.provider_id) = (State::Failed, false, None, None);
    (mark.keeps_body, mark.keeps_recipient, mark.words) = (true, true, "403 no credit".to_owned());
    stage.mark(&[mark]).await;
    assert_eq!(stage.state("wanted").await, State::Failed);
    (stage, id)
}

#[tokio::test]
async fn what_a_provider_refused_is_seen_and_goes_again() {
    let (stage, id) = refused().await;
    let status = said(&outbox(&stage, &["status"]));
    assert!(status.contains("answer        failed     peer                      1"), "{status}");
    assert!(status.contains("No worker: nothing is sent."), "{status}");
    let shown = said(&outbox(&stage, &["show", &id.to_string()]));
    assert!(shown.starts_with(&format!("message {id}, answer, failed\n")), "{shown}");
    assert!(shown.contains("failed     peer 403 no credit"), "{shown}");
    for hers in ["Text of wanted", "23276000001"] {
        assert!(!shown.contains(hers), "{shown}");
    }

    assert_eq!(said(&outbox(&stage, &["retry", "--provider", "peer"])), "1 messages are queued again.\n");
    assert_eq!(stage.state("wanted").await, State::Queued);
    let none = outbox(&stage, &["retry", "--provider", "peer"]);
    assert_eq!(none.status.code(), Some(1), "nothing was refused any more");
    assert_eq!(said(&outbox(&stage, &["cancel", "--kind", "answer"])), "1 messages are cancelled.\n");
    assert_eq!(stage.state("wanted").await, State::Cancelled);
    assert_eq!(stage.count("body IS NOT NULL OR recipient IS NOT NULL").await, 0);
}

#[tokio::test]
async fn nothing_is_retried_or_cancelled_without_a_choice() {
    let (stage, _) = refused().await;
    for arguments in [vec!["retry"], vec!["cancel"], vec!["retry", "--kind", "pigeon"], vec!["show", "x"]] {
        let output = outbox(&stage, &arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    let missing = outbox(&stage, &["show", "99999999"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("there is no message 99999999"));
}
