//! PIN by SMS.

use std::time::Duration;

use mamacare::identity::GuardTimes;
use mamacare::store::bulk::Line;
use mamacare::store::pin_delivery::{AskedBy, Delivered, Delivery, Way, Words, deliver};
use sqlx::Row;

use super::world::{AMA, HASH, World, hexadecimal, woman};

#[tokio::test]
async fn a_new_pin_comes_for_the_right_year_and_replaces_the_one_before() {
    let world = World::new().await;
    world.add(&woman(1, AMA, world.now())).await;
    assert!(world.answer(AMA, "PIN").await.contains("PIN 1998"));
    let answers = world.asks(AMA, "PIN 1998").await;
    let pins: Vec<_> = answers.iter().filter(|sms| sms.kind == "pin").collect();
    assert_eq!((answers.len(), pins.len()), (2, 1), "{answers:?}");
    assert!(pins[0].text.contains("your PIN is"));
    let row = sqlx::query("SELECT hash, must_change FROM credential").fetch_one(world.pool()).await.unwrap();
    assert_ne!(row.get::<String, _>("hash"), HASH);
    assert!(row.get::<bool, _>("must_change"), "first use asks for a new one");
    assert!(world.answer(AMA, "PIN 1998").await.contains("Please wait"));
    world.later(Duration::from_mins(11));
    world.says(AMA, "pin1998").await;
    world.later(Duration::from_mins(11));
    world.says(AMA, "PIN 1998").await;
    let live = world.count("SELECT count(*) FROM outbox WHERE kind = 'pin' AND state = 'queued'").await;
    assert_eq!(live, 1, "one that was not sent yet is taken back");
    world.later(Duration::from_mins(11));
    assert!(world.asks(AMA, "PIN 1998").await.iter().all(|sms| sms.kind != "pin"), "three a day");
}

#[tokio::test]
async fn a_wrong_year_is_answered_in_the_same_words_and_changes_nothing() {
    let world = World::new().await;
    world.add(&woman(1, AMA, world.now())).await;
    let wrong = world.answer(AMA, "PIN 1997").await;
    assert!(wrong.contains("if the year is right"), "{wrong}");
    let hash: String =
        sqlx::query_scalar("SELECT hash FROM credential").fetch_one(world.pool()).await.unwrap();
    assert_eq!(hash, HASH);
}

#[tokio::test]
async fn on_a_shared_phone_the_year_tells_who_and_two_of_one_year_get_none() {
    let world = World::new().await;
    for (id, ordinal, year) in [(1, 1, 1998), (2, 2, 2001), (3, 3, 2001)] {
        let mut history = woman(id, AMA, world.now());
        history.identity.birth_year = Some(year);
        history.lines = vec![Line { msisdn: AMA.parse().unwrap(), ordinal }];
        world.add(&history).await;
    }
    assert!(world.asks(AMA, "PIN 2001").await.iter().all(|sms| sms.kind != "pin"));
    world.later(Duration::from_mins(11));
    assert_eq!(world.asks(AMA, "PIN 1998").await.iter().filter(|sms| sms.kind == "pin").count(), 1);
    let changed = world.count("SELECT count(*) FROM credential WHERE must_change").await;
    assert_eq!(changed, 1);
}

/// Somebody whose PIN staff send, by either way.
struct Owner {
    world: World,
    key: mamacare::privacy::PersonKey,
}

impl Owner {
    async fn new() -> Self {
        let world = World::new().await;
        world.add(&woman(1, AMA, world.now())).await;
        let mut connection = world.pool().acquire().await.unwrap();
        let person =
            mamacare::store::people::open(&mut connection, &world.vault, uuid::Uuid::from_u128(1)).await;
        drop(connection);
        Self { key: person.unwrap().unwrap().key, world }
    }

    async fn deliver(&self, cause: &str, way: Way<'_>) -> Delivered {
        let mut work = self.world.pool().begin().await.unwrap();
        let delivery = Delivery {
            cause,
            owner: &self.key,
            hash: HASH,
            way,
            by: AskedBy::Staff {
                id: uuid::Uuid::from_u128(9),
                role: "professional",
                facility: Some(6),
                in_person: None,
            },
            words: Words { text: "Your PIN is 482913.", segments: 1 },
            elsewhere: Words { text: "A new PIN was sent elsewhere.", segments: 1 },
            language: "en",
            times: GuardTimes::default(),
            now: self.world.now(),
        };
        let delivered = deliver(&mut work, self.world.vault.keyring(), &delivery).await.unwrap();
        work.commit().await.unwrap();
        delivered
    }
}

#[tokio::test]
async fn a_pin_by_staff_or_by_mail_takes_the_place_of_the_one_before() {
    let owner = Owner::new().await;
    let mail = Way::Email { address: "ama@example.org", subject: "MamaCare" };
    assert_eq!(owner.deliver("1", Way::Sms(AMA.parse().unwrap())).await, Delivered::Sent);
    assert_eq!(owner.deliver("2", mail).await, Delivered::Sent);
    let states: Vec<(String, String, bool)> =
        sqlx::query_as("SELECT medium, state, body IS NULL FROM outbox WHERE kind = 'pin' ORDER BY id")
            .fetch_all(owner.world.pool())
            .await
            .unwrap();
    let expected = [("sms", "cancelled", true), ("email", "queued", false)];
    assert_eq!(states, expected.map(|(medium, state, wiped)| (medium.to_owned(), state.to_owned(), wiped)));
    assert_eq!(owner.world.count("SELECT count(*) FROM credential WHERE must_change").await, 1);
    let staff = owner
        .world
        .count("SELECT count(*) FROM access_log WHERE actor_kind = 'staff' AND what = 'pin'")
        .await;
    assert_eq!(staff, 2);
    let sealed: String = sqlx::query_scalar("SELECT string_agg(row_to_json(outbox)::text, ' ') FROM outbox")
        .fetch_one(owner.world.pool())
        .await
        .unwrap();
    let hex = hexadecimal(b"482913");
    assert!(!sealed.contains("482913") && !sealed.contains(&hex) && !sealed.contains("example.org"));
}

#[tokio::test]
async fn a_person_is_sent_five_pins_a_day_at_most() {
    let owner = Owner::new().await;
    let way = Way::Sms(AMA.parse().unwrap());
    for at in 0..5 {
        assert_eq!(owner.deliver(&at.to_string(), way).await, Delivered::Sent);
    }
    let until = owner.world.now() + chrono::TimeDelta::days(1);
    assert_eq!(owner.deliver("6", way).await, Delivered::TooMany(until));
    owner.world.later(Duration::from_hours(25));
    assert_eq!(owner.deliver("7", way).await, Delivered::Sent);
}
