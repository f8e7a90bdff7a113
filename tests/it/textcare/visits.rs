//! NEXT and BABY: by her wording, and nothing on a shared phone.

use std::time::Duration;

use mamacare::care::calendar::add_days;
use mamacare::store::bulk::Line;

use super::world::{AMA, World, appointment, child, woman};

#[tokio::test]
async fn next_tells_the_day_to_who_chose_open_words_and_has_the_phone_to_herself() {
    let world = World::new().await;
    let mut history = woman(1, AMA, world.now());
    history.appointments = vec![appointment(add_days(world.today(), 7), "antenatal")];
    world.add(&history).await;
    let answer = world.answer(AMA, "NEXT").await;
    assert_eq!(
        answer,
        "MamaCare: your next visit: 1 December 2026 at 09:30, Bo Government Hospital. Bring your card. It is free."
    );
    let looked: i64 =
        world.count("SELECT count(*) FROM access_log WHERE channel = 'sms' AND what = 'next_visit'").await;
    assert_eq!(looked, 1);
    world.run("UPDATE person SET wording = 'covert'").await;
    assert_eq!(world.answer(AMA, "NEXT").await, "Kushe. You have a meeting on 1 December. Please call back.");
    world
        .run("UPDATE consent SET withdrawn_at = given_at, withdrawn_channel = 'staff' WHERE purpose = 'care'")
        .await;
    assert!(world.answer(AMA, "NEXT").await.contains("enter your PIN"));
}

#[tokio::test]
async fn on_a_shared_phone_nothing_is_told_without_a_pin() {
    let world = World::new().await;
    for (id, ordinal) in [(1, 1), (2, 2)] {
        let mut history = woman(id, AMA, world.now());
        history.lines = vec![Line { msisdn: AMA.parse().unwrap(), ordinal }];
        history.appointments = vec![appointment(add_days(world.today(), 7), "antenatal")];
        world.add(&history).await;
    }
    for text in ["NEXT", "BABY"] {
        let answer = world.answer(AMA, text).await;
        assert!(answer.contains("enter your PIN") && !answer.contains("December"), "{answer}");
    }
}

#[tokio::test]
async fn baby_tells_the_next_vaccine_day_and_nothing_of_what() {
    let world = World::new().await;
    let mut history = woman(1, AMA, world.now());
    history.children = vec![child(add_days(world.today(), -40), &[("BCG", 0), ("OPV0", 0)])];
    world.add(&history).await;
    assert!(world.answer(AMA, "BABY").await.contains("vaccine day is 26 November 2026"));
    world.run("UPDATE person SET wording = 'covert'").await;
    assert_eq!(
        world.answer(AMA, "maklet").await,
        "Kushe. You have a meeting on 26 November. Please call back."
    );
    world.run("UPDATE child SET status = 'closed'").await;
    world.later(Duration::from_hours(2));
    let answer = world.answer(AMA, "BABY").await;
    assert!(answer.contains("no day is set") && !answer.to_lowercase().contains("baby"), "{answer}");
}
