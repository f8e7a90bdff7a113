//! Each message is stored once; what is no keyword goes to staff; robots get nothing.

use std::sync::Arc;
use std::time::Duration;

use mamacare::channels::sms::inbound::InboundTaker;
use mamacare::store::inbound;
use mamacare::store::tasks::{self, TaskKind, Whose};

use super::world::{AMA, HOME, World, hexadecimal, woman};

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn a_message_is_stored_and_answered_once_however_often_it_is_delivered() {
    let world = World::new().await;
    let other = Arc::new(world.taker_with(|_| {}).await);
    let mut deliveries = tokio::task::JoinSet::new();
    for at in 0..12 {
        let taker = if at % 2 == 0 { Arc::clone(&world.taker) } else { Arc::clone(&other) };
        let message = World::message(AMA, "HELP", "the-same");
        deliveries.spawn(async move { taker.take(message).await });
    }
    while let Some(taken) = deliveries.join_next().await {
        taken.unwrap().unwrap();
    }
    assert_eq!(world.count("SELECT count(*) FROM sms_inbound").await, 1);
    assert_eq!(world.sent().await.len(), 1);
    // The same id of another provider is another message.
    let mut message = World::message(AMA, "HELP", "the-same");
    message.provider = "kannel".into();
    world.taker.take(message).await.unwrap();
    assert_eq!(world.count("SELECT count(*) FROM sms_inbound").await, 2);
}

#[tokio::test]
async fn what_is_no_keyword_goes_to_staff_with_one_automatic_answer_an_hour() {
    let world = World::new().await;
    world.add(&woman(1, AMA, world.now())).await;
    let answer = world.answer(AMA, "When does the clinic open?").await;
    assert!(answer.contains("A nurse reads your message") && answer.contains("117"), "{answer}");
    assert_eq!(world.asks(AMA, "Please tell me").await, []);
    world.later(HOUR / 2);
    assert_eq!(world.asks(AMA, "It is about my card").await, []);
    world.later(HOUR / 2 + Duration::from_secs(1));
    assert_eq!(world.asks(AMA, "Is anybody there?").await.len(), 1);
    let mut connection = world.pool().acquire().await.unwrap();
    let keyring = world.vault.keyring();
    let open = tasks::undone(&mut connection, keyring, Whose::Facility(HOME), 10).await.unwrap();
    assert_eq!(open.len(), 4);
    assert!(open.iter().all(|task| task.kind == TaskKind::Message && task.person.is_some()));
    let first = inbound::open(&mut connection, keyring, open[0].inbound.unwrap()).await.unwrap().unwrap();
    assert_eq!((first.sender.as_str(), first.body.as_str()), (AMA, "When does the clinic open?"));
    let staff = uuid::Uuid::from_u128(5);
    assert!(tasks::take(&mut connection, open[0].id, staff, world.now()).await.unwrap());
    assert!(!tasks::take(&mut connection, open[0].id, uuid::Uuid::from_u128(6), world.now()).await.unwrap());
    assert!(
        tasks::finish(&mut connection, keyring, open[0].id, staff, "Called her.", world.now()).await.unwrap()
    );
    assert_eq!(tasks::undone(&mut connection, keyring, Whose::All, 10).await.unwrap().len(), 3);
}

#[tokio::test]
async fn whoever_is_not_known_gets_a_gentle_word_and_learns_nothing() {
    let world = World::new().await;
    for text in ["NEXT", "BABY", "LOST", "YES", "NO", "PIN 1998"] {
        let answer = world.answer("+23277000009", text).await;
        assert!(
            answer.contains("We do not know this number yet") && answer.contains("*468#"),
            "{text}: {answer}"
        );
        world.later(HOUR);
    }
    assert_eq!(world.count("SELECT count(*) FROM credential").await, 0);
    assert!(world.answer("+23277000009", "ƐP").await.contains("kɔl *468#"), "in the language of the word");
    let clinics = world.answer("+23277000009", "CLINIC Bo").await;
    assert!(clinics.starts_with("Bo: Bo Government Hospital"), "{clinics}");
    assert!(world.answer("+23277000009", "clinic kenma").await.starts_with("Kenema: "));
    assert!(world.answer("+23277000009", "clinic nowhere").await.contains("CLINIC BO"));
}

#[tokio::test]
async fn robots_are_cut() {
    let world = World::new().await;
    // Short codes and names; our own numbers.
    for from in ["8888", "Orange", "MamaCare"] {
        assert_eq!(world.asks(from, "HELP").await, [], "{from}");
    }
    let own = world.taker_with(|settings| settings.own_numbers = vec!["+23278000009".to_owned()]).await;
    own.take(World::message("+23278000009", "HELP", "own")).await.unwrap();
    assert_eq!(world.sent().await, []);
    // The same words again and again.
    let mut answers = 0;
    for _ in 0..10 {
        answers += world.asks(AMA, "Your message was received.").await.len();
        answers += world.asks("+23277000002", "HELP").await.len();
    }
    assert_eq!(answers, 1 + 3);
    // Another text each time: at most so many answers an hour, and none beyond so many messages.
    let mut answers = 0;
    for at in 0..60 {
        let words = ["HELP", "CLINIC Bo", "CLINIC Kenema", "START", "CLINIC Makeni"];
        answers += world.asks("+23277000003", &format!("{} {}", words[at % 5], "!".repeat(at))).await.len();
    }
    assert_eq!(answers, 8);
    let cut = world.count("SELECT count(*) FROM sms_inbound WHERE outcome = 'cut'").await;
    assert!(cut >= 4 + 7 + 7 + 20, "{cut}");
    // Somebody's number abroad is no robot: staff can call it.
    assert_eq!(world.asks("+224620000001", "My sister needs help").await, []);
    assert_eq!(world.count("SELECT count(*) FROM staff_task WHERE phone IS NULL").await, 1);
}

#[tokio::test]
async fn odd_texts_are_kept_as_they_came_and_break_nothing() {
    let world = World::new().await;
    for text in ["\u{0}", "🙏🏿", "\u{202e}pots", &"ɛ".repeat(4000), "STOP\u{0}", "'; DROP TABLE phone; --"]
    {
        world.says(AMA, text).await;
        world.later(HOUR);
    }
    assert_eq!(world.count("SELECT count(*) FROM sms_inbound").await, 6);
    world.says(AMA, "   ").await;
    assert_eq!(
        world.count("SELECT count(*) FROM staff_task WHERE kind = 'message'").await,
        5,
        "nothing was said"
    );
}

#[tokio::test]
async fn a_dump_shows_no_number_and_no_words() {
    let world = World::new().await;
    world.add(&woman(1, AMA, world.now())).await;
    for text in ["Where is the midwife?", "NEXT", "LOST", "YES"] {
        world.says(AMA, text).await;
        world.sent().await;
    }
    for table in ["sms_inbound", "sms_question", "staff_task", "care_hold", "outbox"] {
        let query = format!("SELECT coalesce(string_agg(row_to_json(t)::text, ' '), '') FROM {table} t");
        let dump: String =
            sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(world.pool()).await.unwrap();
        for secret in ["23276000001", "midwife", "LOST", "baby", "Loss"] {
            let hex = hexadecimal(secret.as_bytes());
            assert!(!dump.contains(secret) && !dump.contains(&hex), "{table} shows {secret}");
        }
        assert!(!dump.is_empty(), "{table}");
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_told_to_the_provider() {
    let world = World::new().await;
    world.pool().close().await;
    assert!(world.taker.take(World::message(AMA, "STOP", "1")).await.is_err());
}
