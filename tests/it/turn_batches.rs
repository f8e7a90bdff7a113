//! Turns that share a commit: what each leaves behind, and that none takes another's.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use mamacare::menu::{LanguageId, MenuVersion, StateId};
use mamacare::privacy::Keyring;
use mamacare::store::phones;
use mamacare::store::turns::{TurnRow, Turns};
use mamacare::ussd::port::{Effect, PhoneFacts, Proof};
use mamacare::ussd::{Mark, Session, SessionKey, Status, Step};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::harness::{TestDatabase, until};

const WINDOW: Duration = Duration::from_mins(10);

fn start() -> DateTime<Utc> {
    "2026-11-24T08:00:00Z".parse().unwrap()
}

/// A session in the midst of something, after so many turns.
fn row(session: u8, phone: u8, turn: u32, effects: Vec<Effect>) -> TurnRow {
    let step = Step { state: StateId(0), page: 0, depth: 0 };
    let session_value = Session {
        menu: MenuVersion(1),
        phone: [phone; 16],
        turn,
        mark: Mark::Sequence(turn),
        status: Status::Open,
        language: LanguageId(0),
        facts: PhoneFacts::default(),
        chosen: None,
        proof: Proof::None,
        place: StateId(0),
        page: 0,
        result: false,
        frames: Vec::new(),
        trail: vec![step],
        notice: None,
        notice_in_pages: false,
        strikes: 0,
        answers: Vec::new(),
        outcome: Vec::new(),
        listed: 0,
        jump: Vec::new(),
        jumping: false,
        suspended: None,
    };
    let now = start() + TimeDelta::seconds(i64::from(session));
    TurnRow { key: SessionKey([session; 16]), channel: "test", session: session_value, now, effects }
}

fn spawn(turns: &Turns, row: TurnRow) -> JoinHandle<bool> {
    let turns = turns.clone();
    tokio::spawn(async move { turns.commit(row).await.unwrap() })
}

/// All at once: they gather while the first are under way.
async fn commit(turns: &Turns, rows: Vec<TurnRow>) -> Vec<bool> {
    let mut written = Vec::new();
    for task in rows.into_iter().map(|row| spawn(turns, row)).collect::<Vec<_>>() {
        written.push(task.await.unwrap());
    }
    written
}

/// Until a transaction waits for a row that another holds.
async fn until_somebody_waits(database: &TestDatabase) {
    let waiting = "SELECT count(*) > 0 FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let pool = &database.pool;
    until("a transaction waits", async || sqlx::query_scalar(waiting).fetch_one(pool).await.unwrap()).await;
}

async fn remembered(database: &TestDatabase, phone: u8) -> (Option<String>, Option<String>) {
    sqlx::query_as("SELECT language, district FROM phone WHERE key = $1")
        .bind([phone; 16].as_slice())
        .fetch_one(&database.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn many_turns_at_once_each_leave_what_is_theirs() {
    let database = TestDatabase::new().await;
    let turns = Turns::start(database.pool.clone(), Arc::new(Keyring::demo()), WINDOW);
    let rows = (0..200).map(|at| {
        let language = if at % 2 == 0 { "en" } else { "kri" };
        let effects = vec![Effect::Language(language.to_owned()), Effect::District("bo".to_owned())];
        row(at, at, 1, if at % 3 == 0 { Vec::new() } else { effects })
    });
    assert!(commit(&turns, rows.collect()).await.into_iter().all(|written| written));
    let (sessions, phones, krio): (i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM ussd_session), count(*), count(*) FILTER (WHERE language = 'kri') FROM phone",
    )
    .fetch_one(&database.pool)
    .await
    .unwrap();
    assert_eq!((sessions, phones, krio), (200, 133, 67));
    assert_eq!(remembered(&database, 1).await.0.as_deref(), Some("kri"));
}

#[tokio::test]
async fn who_came_in_and_what_she_looked_at_is_written_down_with_her_turn_and_once() {
    let database = TestDatabase::new().await;
    let turns = Turns::start(database.pool.clone(), Arc::new(Keyring::demo()), WINDOW);
    let person = Uuid::from_u128(7);
    let turn = |session| {
        let effects = vec![Effect::SignedIn { person }, Effect::Read { person, source: "visits" }];
        row(session, session, 1, effects)
    };
    assert_eq!(commit(&turns, vec![turn(1), turn(2)]).await, [true, true]);
    // The first comes again, from a node that has not seen it.
    assert_eq!(commit(&turns, vec![turn(1), row(3, 3, 1, Vec::new())]).await, [false, true]);
    let lines: Vec<(Vec<u8>, String, String, bool)> = sqlx::query_as(
        "SELECT reference, act, what, actor_kind = 'self' AND actor = person AND channel = 'test' FROM access_log
         WHERE person = $1 ORDER BY reference, act",
    )
    .bind(person)
    .fetch_all(&database.pool)
    .await
    .unwrap();
    let line = |session, act: &str, what: &str| (vec![session; 16], act.to_owned(), what.to_owned(), true);
    let of = |session| [line(session, "read", "visits"), line(session, "sign_in", "pin")];
    assert_eq!(lines, [of(1), of(2)].concat());
}

#[tokio::test]
async fn a_turn_that_comes_too_late_leaves_nothing() {
    let database = TestDatabase::new().await;
    let turns = Turns::start(database.pool.clone(), Arc::new(Keyring::demo()), WINDOW);
    assert_eq!(commit(&turns, vec![row(1, 1, 1, vec![Effect::Language("en".to_owned())])]).await, [true]);
    // The same turn again, from a node whose copy was behind, with another effect.
    let again = row(1, 1, 1, vec![Effect::Language("kri".to_owned()), Effect::CloseSuspended]);
    let other = row(2, 2, 1, vec![Effect::Language("kri".to_owned())]);
    assert_eq!(commit(&turns, vec![again, other]).await, [false, true]);
    assert_eq!(remembered(&database, 1).await.0.as_deref(), Some("en"));
    assert_eq!(remembered(&database, 2).await.0.as_deref(), Some("kri"));
}

#[tokio::test]
async fn an_offer_to_go_on_is_closed_whether_the_old_session_is_stored_or_in_the_same_batch() {
    let database = TestDatabase::new().await;
    let turns = Turns::start(database.pool.clone(), Arc::new(Keyring::demo()), WINDOW);
    // By the clock of another node it began after the one that closes the offer.
    commit(&turns, vec![row(6, 7, 1, Vec::new()), row(2, 8, 1, Vec::new())]).await;
    // Both lanes wait for these two rows, so that what comes now gathers in one batch.
    let mut holding = database.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM ussd_session FOR UPDATE").execute(&mut *holding).await.unwrap();
    let held: Vec<_> = [(6, 7), (2, 8)]
        .map(|(session, phone)| spawn(&turns, row(session, phone, 2, Vec::new())))
        .into_iter()
        .collect();
    until_somebody_waits(&database).await;
    let gathered =
        [row(3, 7, 1, Vec::new()), row(4, 7, 1, vec![Effect::CloseSuspended]), row(5, 8, 1, Vec::new())]
            .map(|row| spawn(&turns, row));
    tokio::task::yield_now().await;
    holding.commit().await.unwrap();
    for written in held.into_iter().chain(gathered) {
        assert!(written.await.unwrap());
    }
    let open: Vec<Vec<u8>> = sqlx::query_scalar("SELECT key FROM ussd_session WHERE resumable ORDER BY key")
        .fetch_all(&database.pool)
        .await
        .unwrap();
    assert_eq!(open.iter().map(|key| key[0]).collect::<Vec<_>>(), [2, 4, 5]);
}

#[tokio::test]
async fn what_was_cut_off_before_a_session_that_she_left_is_offered_no_more() {
    let database = TestDatabase::new().await;
    let turns = Turns::start(database.pool.clone(), Arc::new(Keyring::demo()), WINDOW);
    let offered = async || {
        let dial = turns.opening(SessionKey([9; 16]), [7; 16], start() + TimeDelta::seconds(10)).await;
        dial.unwrap().suspended.is_some()
    };
    assert_eq!(commit(&turns, vec![row(1, 7, 1, Vec::new())]).await, [true]);
    assert!(offered().await);
    let mut left = row(2, 7, 1, vec![Effect::CloseSuspended]);
    left.session.status = Status::Left;
    assert_eq!(commit(&turns, vec![left]).await, [true]);
    assert!(!offered().await);
}

#[tokio::test]
async fn a_turn_that_the_database_refuses_does_not_take_the_others_with_it() {
    let database = TestDatabase::new().await;
    let turns = Turns::start(database.pool.clone(), Arc::new(Keyring::demo()), WINDOW);
    let nobody = Uuid::from_u128(1);
    let wrong = row(1, 1, 0, vec![Effect::Read { person: nobody, source: "me" }]);
    let good: Vec<TurnRow> = (2..40).map(|at| row(at, at, 1, Vec::new())).collect();
    let refused = tokio::spawn({
        let turns = turns.clone();
        async move { turns.commit(wrong).await }
    });
    assert!(commit(&turns, good).await.into_iter().all(|written| written));
    assert!(refused.await.unwrap().is_err(), "turn 0 is refused by the table");
}

#[tokio::test]
async fn one_turn_on_two_nodes_with_and_without_a_deed_is_done_once_and_nobody_is_locked_out() {
    let database = TestDatabase::new().await;
    let turns = Turns::start(database.pool.clone(), Arc::new(Keyring::demo()), WINDOW);
    let language = |code: &str| vec![Effect::Language(code.to_owned())];
    assert_eq!(commit(&turns, vec![row(1, 1, 1, language("en"))]).await, [true]);
    let mut deeds = turns.begin(SessionKey([1; 16])).await.unwrap();
    let other_node = spawn(&turns, row(1, 1, 2, language("kri")));
    until_somebody_waits(&database).await;
    // What the other turn would write after its session.
    phones::hold(&mut deeds, &[1; 16]).await.unwrap();
    assert!(turns.commit_with(deeds, row(1, 1, 2, Vec::new())).await.unwrap());
    assert!(!other_node.await.unwrap());
    assert_eq!(remembered(&database, 1).await.0.as_deref(), Some("en"));
}
