//! STOP and START.

use chrono::TimeDelta;
use mamacare::store::outbox::{self, Kind, NewMessage};

use super::world::{AMA, World, woman};
use mamacare::channels::sms::inbound::InboundTaker;
use mamacare::store::bulk::Wording;

async fn queue(world: &World, kind: Kind, cause: &str) {
    let mut connection = world.pool().acquire().await.unwrap();
    let message = NewMessage {
        cause,
        kind,
        owner: None,
        to: AMA.parse().unwrap(),
        phone: world.phone(AMA),
        language: "en",
        text: "Text",
        segments: 1,
        now: world.now(),
        expires_at: world.now() + TimeDelta::hours(1),
    };
    outbox::enqueue(&mut connection, world.vault.keyring(), &message).await.unwrap();
}

async fn states(world: &World) -> Vec<(String, String)> {
    sqlx::query_as("SELECT kind, state FROM outbox ORDER BY id").fetch_all(world.pool()).await.unwrap()
}

#[tokio::test]
async fn stop_cancels_what_is_queued_and_is_confirmed_once() {
    let world = World::new().await;
    world.add(&woman(1, AMA, world.now())).await;
    for (kind, cause) in [(Kind::Pin, "p"), (Kind::Warning, "w"), (Kind::Answer, "a"), (Kind::Reminder, "r")]
    {
        queue(&world, kind, cause).await;
    }
    world.says(AMA, "stpo").await;
    let pairs = states(&world).await;
    let state = |kind: &str| pairs.iter().find(|(known, _)| known == kind).unwrap().1.as_str();
    assert_eq!(
        [state("pin"), state("warning"), state("answer"), state("reminder")],
        ["queued", "cancelled", "cancelled", "cancelled"]
    );
    let sent = world.sent().await;
    assert_eq!(sent.iter().filter(|sms| sms.kind == "confirmation").count(), 1);
    assert!(sent.iter().any(|sms| sms.text.contains("are stopped") && sms.text.contains("START")));
    for text in ["STOP", "Lɛf", "STOP ALL", "STOP BABY"] {
        assert_eq!(world.asks(AMA, text).await, [], "{text}");
    }
    // Who asks for something is answered all the same.
    assert!(world.answer(AMA, "HELP").await.contains("*468#"));
    assert_eq!(world.asks(AMA, "I have a question").await, [], "and nothing comes by itself");
    assert!(world.answer(AMA, "START").await.contains("messages come to this number"));
    assert_eq!(world.count("SELECT count(*) FROM phone WHERE stopped_at IS NOT NULL").await, 0);
    assert!(world.answer(AMA, "STOP").await.contains("are stopped"));
}

#[tokio::test]
async fn one_programme_stops_by_its_word_and_the_answer_says_what_stays_on() {
    let world = World::new().await;
    world.add(&woman(1, AMA, world.now())).await;
    assert_eq!(
        world.answer(AMA, "STOP BABY").await,
        "MamaCare: stopped: vaccine days. Still on: visits, advice, medicine. Send STOP to stop all, START to get all."
    );
    assert_eq!(world.asks(AMA, "stopbaby").await, [], "it was stopped");
    assert!(world.answer(AMA, "STOP visits and advice").await.contains("Still on: medicine."));
    assert!(world.answer(AMA, "STOP medicine").await.contains("messages to this number are stopped"));
    assert!(world.answer(AMA, "START visits").await.contains("these messages come to this number: visits."));
    assert!(world.answer(AMA, "STOP").await.contains("are stopped"));
    assert!(world.answer(AMA, "START baby").await.contains("to this number: vaccine days."), "these alone");
    assert_eq!(world.count("SELECT count(*) FROM message_stop").await, 3);
    assert!(world.answer(AMA, "START").await.contains("messages come to this number"));
    assert_eq!(world.count("SELECT count(*) FROM message_stop").await, 0);
}

#[tokio::test]
async fn on_a_covert_phone_the_answer_names_nothing() {
    let world = World::new().await;
    let mut history = woman(1, AMA, world.now());
    history.wording = Wording::Covert;
    world.add(&history).await;
    for text in ["STOP BABY", "START BABY"] {
        let answer = world.answer(AMA, text).await;
        assert!(!answer.contains("vaccine") && !answer.contains("advice"), "{answer}");
    }
}

#[tokio::test]
async fn stop_counts_for_whoever_has_the_number_and_by_the_providers_own_list() {
    let world = World::new().await;
    assert!(world.answer("+23277000009", "STOP").await.contains("are stopped"));
    world.taker.opted_out("africastalking", AMA.parse().unwrap()).await.unwrap();
    assert_eq!(world.sent().await, [], "its owner was told by the provider");
    assert_eq!(world.count("SELECT count(*) FROM phone WHERE stopped_at IS NOT NULL").await, 2);
}
