//! LOST, and what a YES or NO belongs to.

use std::time::Duration;

use mamacare::care::calendar::add_days;
use mamacare::messages::Ask;
use mamacare::store::bulk::Line;
use mamacare::store::questions::{self, About, NewQuestion};
use mamacare::store::tasks::{self, TaskKind, Whose};
use uuid::Uuid;

use super::world::{AMA, World, appointment, pregnancy, woman};

async fn expecting(world: &World) {
    let mut history = woman(1, AMA, world.now());
    history.pregnancies = vec![pregnancy(add_days(world.today(), 100))];
    history.appointments = vec![appointment(add_days(world.today(), 1), "antenatal")];
    world.add(&history).await;
}

async fn question(world: &World, ask: Ask, person: u128, cause: &str) -> i64 {
    let mut connection = world.pool().acquire().await.unwrap();
    let question = NewQuestion {
        phone: world.phone(AMA),
        person: Some(Uuid::from_u128(person)),
        about: About { ask, subject: 1 },
        cause,
        asked_at: world.now(),
        expires_at: world.now() + chrono::TimeDelta::days(3),
    };
    questions::ask(&mut connection, world.vault.keyring(), &question).await.unwrap();
    sqlx::query_scalar("SELECT id FROM sms_question WHERE cause = $1")
        .bind(cause)
        .fetch_one(&mut *connection)
        .await
        .unwrap()
}

async fn answered(world: &World, question: i64) -> Option<bool> {
    let mut connection = world.pool().acquire().await.unwrap();
    questions::answered(&mut connection, world.vault.keyring(), question).await.unwrap()
}

async fn tasks_of(world: &World, kind: TaskKind) -> Vec<String> {
    let mut connection = world.pool().acquire().await.unwrap();
    let all = tasks::undone(&mut connection, world.vault.keyring(), Whose::All, 50).await.unwrap();
    all.into_iter().filter(|task| task.kind == kind).map(|task| task.note).collect()
}

#[tokio::test]
async fn lost_asks_once_then_ends_every_message_at_once_with_one_kind_answer_and_tells_staff() {
    let world = World::new().await;
    expecting(&world).await;
    let planner = world.planner().await;
    assert_eq!(planner.round(world.today()).await.unwrap().messages, 1, "her visit is tomorrow");
    let asked = world.asks(AMA, "I lost the baby").await;
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(
        asked[0].text,
        "We are here for you. Shall we stop the messages, and a nurse call you? Send YES or NO."
    );
    let queued =
        world.count("SELECT count(*) FROM outbox WHERE kind = 'reminder' AND state <> 'cancelled'").await;
    assert_eq!(queued, 0, "what was queued is taken back while she is asked");
    assert_eq!(planner.round(world.today()).await.unwrap().messages, 0);
    let answer = world.answer(AMA, "Yes").await;
    assert!(answer.starts_with("We are very sorry. We have stopped the messages."), "{answer}");
    for word in ["baby", "birth", "pregnan", "lost", "!"] {
        assert!(!answer.to_lowercase().contains(word), "{answer}");
    }
    let calls = tasks_of(&world, TaskKind::Call).await;
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert!(calls.iter().any(|note| note.contains("she said YES")));
    for _ in 0..60 {
        world.later(Duration::from_hours(24));
        assert_eq!(planner.round(world.today()).await.unwrap().messages, 0);
    }
    assert_eq!(world.asks(AMA, "YES").await, [], "nothing more is answered");
}

#[tokio::test]
async fn who_says_it_again_is_not_asked_again_and_a_no_lets_all_go_on() {
    let world = World::new().await;
    expecting(&world).await;
    assert_eq!(world.asks(AMA, "LOST").await.len(), 1);
    assert!(world.answer(AMA, "lɔs").await.contains("We are very sorry"));
    let again = World::new().await;
    expecting(&again).await;
    assert_eq!(again.asks(AMA, "LOST").await.len(), 1);
    assert_eq!(again.answer(AMA, "NO").await, "Thank you. All stays as it was.");
    let planner = again.planner().await;
    assert_eq!(planner.round(again.today()).await.unwrap().messages, 1);
}

#[tokio::test]
async fn a_yes_to_a_visit_is_never_read_as_the_answer_to_another_question() {
    let world = World::new().await;
    expecting(&world).await;
    let visit = question(&world, Ask::Visit, 1, "v").await;
    assert_eq!(world.answer(AMA, "yɛs").await, "Thank you. See you then.");
    assert_eq!(answered(&world, visit).await, Some(true));
    // LOST closes what was asked before: a YES is to LOST.
    let well = question(&world, Ask::Well, 1, "w").await;
    world.asks(AMA, "LOST").await;
    assert!(world.answer(AMA, "YES").await.contains("We are very sorry"));
    assert_eq!(answered(&world, well).await, None);
}

#[tokio::test]
async fn a_no_to_a_visit_and_to_well_being_tells_staff() {
    let world = World::new().await;
    expecting(&world).await;
    question(&world, Ask::Visit, 1, "v").await;
    assert!(world.answer(AMA, "No").await.contains("find another day"));
    assert_eq!(tasks_of(&world, TaskKind::Visit).await.len(), 1);
    question(&world, Ask::Well, 1, "w").await;
    assert!(world.answer(AMA, "nɔ").await.contains("A nurse will call you soon"));
    let urgent = world.count("SELECT count(*) FROM staff_task WHERE kind = 'call' AND urgent").await;
    assert_eq!(urgent, 1);
    question(&world, Ask::Birth, 1, "b").await;
    assert_eq!(world.answer(AMA, "YES").await, "Thank you for telling us.");
    assert_eq!(tasks_of(&world, TaskKind::Birth).await.len(), 1);
}

#[tokio::test]
async fn a_yes_without_a_question_or_with_several_people_asked_goes_to_staff() {
    let world = World::new().await;
    expecting(&world).await;
    assert_eq!(world.asks(AMA, "YES").await, []);
    assert_eq!(tasks_of(&world, TaskKind::Message).await.len(), 1);
    let mut second = woman(2, AMA, world.now());
    second.lines = vec![Line { msisdn: AMA.parse().unwrap(), ordinal: 2 }];
    world.add(&second).await;
    let (one, two) = (question(&world, Ask::Visit, 1, "1").await, question(&world, Ask::Visit, 2, "2").await);
    assert_eq!(world.asks(AMA, "YES").await, []);
    assert_eq!((answered(&world, one).await, answered(&world, two).await), (None, None));
    assert_eq!(tasks_of(&world, TaskKind::Message).await.len(), 2);
}

#[tokio::test]
async fn a_question_that_has_not_left_yet_was_not_asked() {
    let world = World::new().await;
    expecting(&world).await;
    let planner = world.planner().await;
    planner.round(world.today()).await.unwrap();
    world.says(AMA, "YES").await;
    assert_eq!(world.count("SELECT count(*) FROM sms_question WHERE answer IS NOT NULL").await, 0);
    world.later(Duration::from_hours(3));
    assert!(world.sent().await.iter().any(|sms| sms.text.contains("Send YES or NO")));
    assert_eq!(world.answer(AMA, "YES").await, "Thank you. See you then.");
}
