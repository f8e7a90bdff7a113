//! Workers that are killed with -9 at each step of a send, under load: nothing is lost, and what
//! arrives twice is what the policy says, and is counted.

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use mamacare::app::clock::Clock;
use mamacare::app::outbox::{Outbox, OutboxParts, plan};
use mamacare::messages::{Kind, State};
use mamacare::privacy::{Keyring, Vault};
use sqlx::PgPool;

use super::peer::{Mode, Peer};
use super::stage::{Stage, number};
use super::worker::{HURRY, settings};

const DATABASE: &str = "MAMACARE_TEST_WORKER_DATABASE";
const PEER: &str = "MAMACARE_TEST_WORKER_PEER";

/// Not a test: what a killed process runs. It is this binary, asked for this function alone.
#[tokio::test]
#[ignore = "it is the worker of the tests beside it, and runs until it is killed"]
async fn worker_process() {
    let (Ok(database), Ok(peer)) = (std::env::var(DATABASE), std::env::var(PEER)) else { return };
    let mut settings = settings(&[], "");
    settings.messages.providers = vec!["peer0".to_owned()];
    let provider = mamacare::app::settings::Provider {
        r#type: Some(mamacare::app::settings::ProviderType::Http),
        endpoint: peer,
        secret: Some(mamacare::app::settings::Secret::new("s")),
        timeout_seconds: 20,
        in_flight: 50,
        ..mamacare::app::settings::Provider::default()
    };
    settings.providers.insert("peer0".to_owned(), provider);
    let _outbox = Outbox::start(OutboxParts {
        pool: PgPool::connect(&database).await.unwrap(),
        vault: Arc::new(Vault::new(Arc::new(Keyring::demo()))),
        clock: Clock::system(),
        plan: plan(&settings, &mamacare::app::http::client().unwrap()).unwrap(),
        timing: HURRY,
        seed: mamacare::app::clock::octets(),
    });
    std::future::pending::<()>().await;
}

struct Worker(Child);

impl Worker {
    fn start(stage: &Stage, peer: &Peer) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["outbox::kill::worker_process", "--exact", "--ignored", "--nocapture"])
            .env(DATABASE, stage.database.url())
            .env(PEER, &peer.address)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }

    /// SIGKILL: no handler runs, nothing is finished.
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const REMINDERS: u64 = 150;
const PINS: u64 = 20;
const UNDERWAY: &str = "state IN ('queued', 'sending')";

async fn load(stage: &mut Stage) {
    stage.now = Clock::system().now() - TimeDelta::seconds(1);
    let late = stage.now + TimeDelta::days(2);
    for n in 0..REMINDERS {
        // Answers are repeated as reminders are, and go at any hour.
        stage.queue_until(&format!("answer {n}"), Kind::Answer, number(n), late).await;
    }
    for n in 0..PINS {
        stage.queue_until(&format!("pin {n}"), Kind::Pin, number(n), late).await;
    }
}

/// Lets another worker finish, and holds what became of each message against what the gateway read.
async fn finish(step: &str, stage: &Stage, peer: &Peer) {
    peer.set(Mode::Well(Duration::from_millis(20)));
    let _worker = Worker::start(stage, peer);
    stage.until("everything is at its end", async || stage.count(UNDERWAY).await == 0).await;
    let rows: Vec<(String, String, String, i16)> =
        sqlx::query_as("SELECT cause, kind, state, doubts FROM outbox")
            .fetch_all(&stage.database.pool)
            .await
            .unwrap();
    let mut table: BTreeMap<(&str, &str, usize), usize> = BTreeMap::new();
    let (mut lost, mut twice, mut doubts_in_all) = (0, 0, 0);
    for (cause, kind, state, doubts) in &rows {
        let times = peer.times(&format!("Text of {cause}"));
        *table.entry((kind, state, times)).or_default() += 1;
        let doubts = usize::try_from(*doubts).unwrap();
        doubts_in_all += doubts;
        if Kind::of_name(kind) == Some(Kind::Pin) {
            assert!(times <= 1, "{step}: {cause} was sent {times} times");
            let unknown = *state == State::Unknown.name();
            assert!(times == 1 || unknown, "{step}: {cause} is {state} and never came");
        } else {
            assert_eq!(*state, State::Sent.name(), "{step}: {cause}");
            lost += usize::from(times == 0);
            twice += times.saturating_sub(1);
            assert!(times <= 1 + doubts, "{step}: {cause} came {times} times with {doubts} doubts");
        }
    }
    assert_eq!(lost, 0, "{step}: lost");
    assert!(twice <= doubts_in_all, "{step}: {twice} came twice, {doubts_in_all} are counted");
    eprintln!("{step}: lost {lost}, came twice {twice}, counted as possibly twice {doubts_in_all}");
    for ((kind, state, times), count) in table {
        eprintln!("    {kind:<8} {state:<9} read {times} times: {count}");
    }
}

#[tokio::test]
async fn killed_between_claim_and_hand_over() {
    let (mut stage, peer) = (Stage::new().await, Peer::start(Mode::Shut).await);
    load(&mut stage).await;
    let worker = Worker::start(&stage, &peer);
    stage.until("some are claimed", async || stage.count("state = 'sending'").await >= 40).await;
    worker.kill();
    assert_eq!(peer.all_times(), 0, "nobody was let in");
    finish("between claim and hand-over", &stage, &peer).await;
}

#[tokio::test]
async fn killed_between_request_and_answer() {
    let (mut stage, peer) = (Stage::new().await, Peer::start(Mode::Silent).await);
    load(&mut stage).await;
    let worker = Worker::start(&stage, &peer);
    peer.until("some are read", |heard| heard.all_times() >= 40).await;
    worker.kill();
    finish("between request and answer", &stage, &peer).await;
}

#[tokio::test]
async fn killed_between_answer_and_mark() {
    let (mut stage, peer) = (Stage::new().await, Peer::start(Mode::Well(Duration::from_millis(5))).await);
    load(&mut stage).await;
    // Marks wait at the last table that they write.
    let mut held = stage.database.pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE outbox_spend IN ACCESS EXCLUSIVE MODE").execute(&mut *held).await.unwrap();
    let worker = Worker::start(&stage, &peer);
    peer.until("some are taken", |heard| heard.taken >= 40).await;
    worker.kill();
    held.rollback().await.unwrap();
    finish("between answer and mark", &stage, &peer).await;
}

#[tokio::test]
async fn killed_again_and_again_under_load() {
    let (mut stage, peer) = (Stage::new().await, Peer::start(Mode::Well(Duration::from_millis(10))).await);
    load(&mut stage).await;
    for round in 1..=5 {
        let worker = Worker::start(&stage, &peer);
        // Somewhere in the middle, each time elsewhere.
        let some = peer.all_times() + 7 * round;
        tokio::select! {
            () = peer.until("more are read", |heard| heard.all_times() >= some) => {}
            () = stage.until("nothing is left", async || stage.count(UNDERWAY).await == 0) => {}
        }
        worker.kill();
    }
    finish("again and again", &stage, &peer).await;
}

#[tokio::test]
async fn killed_while_it_takes_back_what_another_left() {
    let (mut stage, peer) = (Stage::new().await, Peer::start(Mode::Silent).await);
    load(&mut stage).await;
    let first = Worker::start(&stage, &peer);
    peer.until("some are read", |heard| heard.all_times() >= 40).await;
    first.kill();
    // The history is written with the rescue; it waits there.
    let mut held = stage.database.pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE outbox_event IN ACCESS EXCLUSIVE MODE").execute(&mut *held).await.unwrap();
    let second = Worker::start(&stage, &peer);
    let waiting = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')";
    // PostgreSQL tells nobody that somebody waits for a lock: it is asked again and again.
    let rescue_waits = async {
        while !sqlx::query_scalar::<_, bool>(waiting).fetch_one(&stage.database.pool).await.unwrap() {}
    };
    tokio::time::timeout(Duration::from_mins(1), rescue_waits).await.expect("the rescue never waited");
    second.kill();
    held.rollback().await.unwrap();
    finish("during a rescue", &stage, &peer).await;
}
