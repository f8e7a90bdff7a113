//! Rounds of planning over the database: once, on many nodes, taken back when what they follow from
//! changes.

use std::time::Duration;

use chrono::NaiveDate;
use mamacare::care::calendar::add_days;
use mamacare::store::bulk::{MedicineRow, Wording};
use mamacare::store::sealed::MedicineNote;

use super::world::{AMA, World, appointment, child, pregnancy, visit, woman};

const DAY: Duration = Duration::from_hours(24);

async fn with_a_visit(world: &World, in_days: i64) {
    let mut history = woman(1, AMA, world.now());
    history.appointments = vec![appointment(add_days(world.today(), in_days), "review")];
    world.add(&history).await;
}

async fn planned(world: &World) -> Vec<(String, i16, NaiveDate, String)> {
    sqlx::query_as("SELECT rule, step, due_on, state FROM reminder ORDER BY planned_at, rule, step, due_on")
        .fetch_all(world.pool())
        .await
        .unwrap()
}

async fn queued(world: &World) -> i64 {
    world.count("SELECT count(*) FROM outbox WHERE kind = 'reminder' AND state = 'queued'").await
}

#[tokio::test]
async fn a_round_queues_what_is_due_today_and_another_round_nothing() {
    let world = World::new().await;
    with_a_visit(&world, 3).await;
    let planner = world.planner().await;
    let round = planner.round(world.today()).await.unwrap();
    assert_eq!((round.people, round.messages), (1, 1));
    assert_eq!(planner.round(world.today()).await.unwrap().people, 0, "she was looked at");
    world.later(Duration::from_hours(3));
    let sent = world.sent().await;
    assert_eq!(
        sent[0].text,
        "Please remember your visit: 27 November 2026 at 09:30, Bo Government Hospital. Bring your card. It is free."
    );
    assert_eq!(sent[0].to, AMA);
    for (ahead, messages) in [(1, 0), (2, 1), (3, 0), (4, 0)] {
        world.later(DAY);
        assert_eq!(planner.round(world.today()).await.unwrap().messages, messages, "day {ahead}");
        world.sent().await;
    }
}

#[tokio::test]
async fn many_nodes_at_once_plan_nobody_twice() {
    let world = World::new().await;
    for id in 1..=60 {
        let mut history = woman(id, &format!("+232760{id:05}"), world.now());
        history.appointments = vec![appointment(add_days(world.today(), 3), "review")];
        world.add(&history).await;
    }
    let mut rounds = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let planner = world.planner().await;
        let today = world.today();
        rounds.spawn(async move { planner.round(today).await });
    }
    let mut messages = 0;
    while let Some(round) = rounds.join_next().await {
        messages += round.unwrap().unwrap().messages;
    }
    // Whom a node held, another passed over; the next round takes who is left.
    messages += world.planner().await.round(world.today()).await.unwrap().messages;
    assert_eq!(messages, 60);
    assert_eq!(world.count("SELECT count(*) FROM outbox").await, 60);
    assert_eq!(world.count("SELECT count(DISTINCT person) FROM reminder").await, 60);
}

#[tokio::test]
async fn of_several_nodes_one_makes_a_round_and_only_by_day() {
    let world = World::new().await;
    with_a_visit(&world, 3).await;
    let (one, other) = (world.planner().await, world.planner().await);
    assert!(one.round_if_due().await.unwrap().is_some());
    assert!(other.round_if_due().await.unwrap().is_none());
    world.later(Duration::from_mins(5));
    assert!(other.round_if_due().await.unwrap().is_some());
    world.later(Duration::from_hours(8));
    assert!(one.round_if_due().await.unwrap().is_none(), "it is evening");
    // A clock that was far ahead has moved the time of the next round.
    world.later(Duration::from_hours(15));
    world.run("UPDATE reminder_round SET next_at = '2030-01-01'").await;
    assert!(one.round_if_due().await.unwrap().is_some());
}

#[tokio::test]
async fn messages_go_by_day_and_are_of_no_use_after_it() {
    let world = World::new().await;
    world.later(Duration::from_hours(21)); // seven in the morning
    with_a_visit(&world, 3).await;
    world.planner().await.round(world.today()).await.unwrap();
    let within: bool = sqlx::query_scalar(
        "SELECT not_before::time >= '09:00' AND expires_at::time = '18:00' AND not_before::date = expires_at::date FROM outbox",
    )
    .fetch_one(world.pool())
    .await
    .unwrap();
    assert!(within);
}

/// What is queued is taken back in the transaction of the change, and the plan made anew follows it.
#[tokio::test]
async fn a_change_takes_back_what_is_queued_and_is_followed() {
    let world = World::new().await;
    with_a_visit(&world, 3).await;
    let planner = world.planner().await;
    planner.round(world.today()).await.unwrap();
    assert_eq!(queued(&world).await, 1);
    // Another day.
    world.run("UPDATE appointment SET starts_on = starts_on + 5").await;
    assert_eq!(queued(&world).await, 0);
    assert_eq!(planner.round(world.today()).await.unwrap().messages, 0);
    // And back: the same reminder, once more.
    world.run("UPDATE appointment SET starts_on = starts_on - 5").await;
    assert_eq!(planner.round(world.today()).await.unwrap().messages, 1);
    assert_eq!(queued(&world).await, 1);
    // Her wording, her language.
    world.run("UPDATE person SET wording = 'covert', language = 'kri'").await;
    planner.round(world.today()).await.unwrap();
    world.later(Duration::from_hours(3));
    let sent = world.sent().await;
    assert_eq!(
        sent.iter().map(|sms| sms.text.as_str()).collect::<Vec<_>>(),
        ["Kushɛ. Yu gɛt mitin 27 Novɛmba. Duya kɔl bak."]
    );
    assert_eq!(planned(&world).await.len(), 1);
}

#[tokio::test]
async fn consent_that_ends_a_visit_that_is_kept_and_a_stop_leave_nothing_queued() {
    for change in [
        "UPDATE consent SET withdrawn_at = given_at, withdrawn_channel = 'ussd' WHERE purpose = 'reminders'",
        "UPDATE consent SET withdrawn_at = given_at, withdrawn_channel = 'ussd' WHERE purpose = 'care'",
        "UPDATE appointment SET status = 'cancelled'",
        "UPDATE appointment SET status = 'kept'",
        "DELETE FROM person_phone",
        "UPDATE person SET erased_at = updated_at, wrapped_key = NULL, identity = NULL",
    ] {
        let world = World::new().await;
        with_a_visit(&world, 3).await;
        let planner = world.planner().await;
        planner.round(world.today()).await.unwrap();
        assert_eq!(queued(&world).await, 1, "{change}");
        world.run(change).await;
        assert_eq!(queued(&world).await, 0, "{change}");
        assert_eq!(planner.round(world.today()).await.unwrap().messages, 0, "{change}");
    }
    let world = World::new().await;
    with_a_visit(&world, 3).await;
    let planner = world.planner().await;
    planner.round(world.today()).await.unwrap();
    world.says(AMA, "STOP visits").await;
    assert_eq!(queued(&world).await, 0);
    assert_eq!(planner.round(world.today()).await.unwrap().messages, 0);
    world.says(AMA, "START").await;
    assert_eq!(planner.round(world.today()).await.unwrap().messages, 1);
}

#[tokio::test]
async fn a_pregnancy_that_ends_takes_its_reminders_with_it() {
    let world = World::new().await;
    let mut history = woman(1, AMA, world.now());
    // Week 28.
    history.pregnancies = vec![pregnancy(add_days(world.today(), 280 - 196))];
    history.visits = vec![visit(add_days(world.today(), -14), "antenatal")];
    world.add(&history).await;
    let planner = world.planner().await;
    assert_eq!(planner.round(world.today()).await.unwrap().messages, 1);
    world.run("UPDATE pregnancy SET status = 'ended', ended_on = '2026-11-24'").await;
    assert_eq!(queued(&world).await, 0);
    for _ in 0..40 {
        world.later(DAY);
        assert_eq!(planner.round(world.today()).await.unwrap().messages, 0);
    }
}

#[tokio::test]
async fn a_provider_that_is_away_for_a_week_leaves_one_message_and_not_seven() {
    let world = World::new().await;
    let mut history = woman(1, AMA, world.now());
    history.pregnancies = vec![pregnancy(add_days(world.today(), 280 - 195))];
    history.visits = vec![visit(add_days(world.today(), -14), "antenatal")];
    history.appointments = vec![appointment(add_days(world.today(), 9), "antenatal")];
    history.children = vec![child(add_days(world.today(), -260), &[("BCG", 0)])];
    world.add(&history).await;
    let planner = world.planner().await;
    for _ in 0..7 {
        planner.round(world.today()).await.unwrap();
        world.later(DAY);
    }
    // The provider is back: what is of use still is what the last day planned.
    planner.round(world.today()).await.unwrap();
    world.later(Duration::from_hours(3));
    let sent = world.sent().await;
    assert!(sent.len() <= 1, "{sent:?}");
    assert!(crate::outbox::queued::queued(world.pool(), &world.vault, world.now()).await.is_empty());
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_and_back_floods_nobody() {
    let world = World::new().await;
    for id in 1..=5 {
        let mut history = woman(id, &format!("+232760{id:05}"), world.now());
        history.pregnancies = vec![pregnancy(add_days(world.today(), 200))];
        history.children = vec![child(add_days(world.today(), -100), &[("BCG", 0)])];
        world.add(&history).await;
    }
    let planner = world.planner().await;
    let before = planner.round(world.today()).await.unwrap().messages;
    let jumped = planner.round(add_days(world.today(), 3 * 365)).await.unwrap().messages;
    let back = planner.round(world.today()).await.unwrap().messages;
    assert!(before <= 5 && jumped <= 5 && back <= 5, "{before} {jumped} {back}");
    let most: i64 = world.count("SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM outbox GROUP BY person, not_before::date) AS t").await;
    assert!(most <= 1, "{most} on one day");
}

#[tokio::test]
async fn refills_vaccines_and_missed_visits_are_told_and_then_listed_for_staff() {
    let world = World::new().await;
    let mut refill = woman(1, "+23276000001", world.now());
    refill.medicines = vec![MedicineRow {
        facility: 6,
        started_on: add_days(world.today(), -27),
        until_on: add_days(world.today(), 3),
        note: MedicineNote { code: "iron_folic_acid".to_owned(), ..MedicineNote::default() },
    }];
    world.add(&refill).await;
    let mut vaccines = woman(2, "+23276000002", world.now());
    vaccines.children = vec![child(add_days(world.today(), -39), &[("BCG", 0), ("OPV0", 0)])];
    world.add(&vaccines).await;
    let mut missed = woman(3, "+23276000003", world.now());
    missed.appointments = vec![appointment(add_days(world.today(), -2), "antenatal")];
    missed.pregnancies = vec![pregnancy(add_days(world.today(), 150))];
    world.add(&missed).await;
    let mut no_phone = woman(4, "+23276000004", world.now());
    no_phone.lines = vec![];
    no_phone.appointments = vec![appointment(add_days(world.today(), 3), "antenatal")];
    world.add(&no_phone).await;
    let planner = world.planner().await;
    let round = planner.round(world.today()).await.unwrap();
    assert_eq!((round.messages, round.tasks), (3, 1));
    world.later(Duration::from_hours(3));
    let mut texts: Vec<String> = world.sent().await.into_iter().map(|sms| sms.text).collect();
    texts.sort();
    assert!(texts[0].starts_with("Vaccines for your baby on 27 November"), "{texts:?}");
    assert!(texts[1].starts_with("We missed you on 22 November"), "{texts:?}");
    assert!(texts[2].starts_with("Your tablets last until 27 November"), "{texts:?}");
    for _ in 0..12 {
        world.later(DAY);
        planner.round(world.today()).await.unwrap();
        world.sent().await;
    }
    assert_eq!(
        world.count("SELECT count(*) FROM staff_task WHERE kind = 'visit'").await,
        1,
        "the missed visit"
    );
    assert_eq!(
        world.count("SELECT count(*) FROM staff_task WHERE kind = 'unreachable'").await,
        2,
        "3 days and 1 day before"
    );
}

#[tokio::test]
async fn whoever_chose_no_open_words_is_told_nothing_of_why() {
    let world = World::new().await;
    let mut history = woman(1, AMA, world.now());
    history.wording = Wording::Covert;
    history.pregnancies = vec![pregnancy(add_days(world.today(), 250))];
    history.children = vec![child(add_days(world.today(), -300), &[("BCG", 0)])];
    history.appointments = vec![appointment(add_days(world.today(), 20), "antenatal")];
    world.add(&history).await;
    let planner = world.planner().await;
    let mut told = 0;
    for _ in 0..365 {
        planner.round(world.today()).await.unwrap();
        world.later(Duration::from_hours(3));
        for sms in world.sent().await {
            told += 1;
            let text = sms.text.to_lowercase();
            for word in ["baby", "pregnan", "vaccin", "birth", "clinic", "hospital", "blood", "tablet"] {
                assert!(!text.contains(word), "{text}");
            }
        }
        world.later(Duration::from_hours(21));
    }
    assert!(told > 10, "{told}");
}

/// Days are moved while rounds are made: what is queued in the end is of the days as they are.
#[tokio::test]
async fn a_change_in_the_midst_of_a_round_is_followed_too() {
    let world = World::new().await;
    for id in 1..=40 {
        let mut history = woman(id, &format!("+232760{id:05}"), world.now());
        history.appointments = vec![appointment(add_days(world.today(), 3), "review")];
        world.add(&history).await;
    }
    let mut moving = tokio::task::JoinSet::new();
    for id in 1..=40_u128 {
        let pool = world.pool().clone();
        moving.spawn(async move {
            for turn in 0..12 {
                let by = if (id + turn) % 2 == 0 { 4 } else { 3 };
                sqlx::query(
                    "UPDATE appointment SET starts_on = DATE '2026-11-24' + $2::integer WHERE person = $1",
                )
                .bind(uuid::Uuid::from_u128(id))
                .bind(by)
                .execute(&pool)
                .await
                .unwrap();
            }
        });
    }
    for _ in 0..12 {
        let planner = world.planner().await;
        planner.round(world.today()).await.unwrap();
    }
    while let Some(moved) = moving.join_next().await {
        moved.unwrap();
    }
    world.planner().await.round(world.today()).await.unwrap();
    let wrong = world
        .count(
            "SELECT count(*) FROM outbox JOIN reminder ON reminder.message = outbox.id
             JOIN appointment ON appointment.person = reminder.person
             WHERE outbox.state = 'queued' AND starts_on - due_on NOT IN (1, 3)",
        )
        .await;
    assert_eq!(wrong, 0);
    let right = world.count("SELECT count(*) FROM appointment WHERE starts_on = DATE '2026-11-24' + 3").await;
    assert_eq!(queued(&world).await, right);
    let doubled = world.count("SELECT count(*) FROM (SELECT FROM outbox WHERE state = 'queued' GROUP BY person HAVING count(*) > 1) AS t").await;
    assert_eq!(doubled, 0);
}
