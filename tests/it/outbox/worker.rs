//! The worker, its providers, and the receipts that come back, over real HTTP.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use mamacare::app::clock::Clock;
use mamacare::app::outbox::{Outbox, OutboxParts, Timing, doors, plan};
use mamacare::app::settings::{Settings, Sources};
use mamacare::channels::BodyLimits;
use mamacare::channels::sms::{SmsEdge, router};
use mamacare::messages::{Kind, State};
use sha2::Sha256;
use tower::ServiceExt;

use super::peer::{Mode, Peer, WELL};
use super::stage::{Stage, number};
use crate::harness::until;

/// Hurried, so that what takes minutes takes milliseconds.
pub const HURRY: Timing = Timing {
    beat: Duration::from_millis(100),
    dead_after: Duration::from_millis(600),
    lease: Duration::from_millis(500),
    pin_lease: Duration::from_millis(500),
    poll: Duration::from_millis(20),
    breath: Duration::from_millis(1),
    tidy: Duration::from_millis(100),
};

/// Settings with a provider for each peer, in their order.
pub fn settings(peers: &[&Peer], more: &str) -> Settings {
    let names: Vec<String> = (0..peers.len()).map(|at| format!("\"peer{at}\"")).collect();
    let mut toml = format!("[messages]\nproviders = [{}]\n{more}\n", names.join(", "));
    for (at, peer) in peers.iter().enumerate() {
        write!(
            toml,
            "[providers.peer{at}]\ntype = \"http\"\nendpoint = \"{}\"\nsecret = \"s\"\n\
             callback_secrets = \"receipts\"\ntimeout_seconds = 1\nprice = 0.5\n",
            peer.address
        )
        .unwrap();
    }
    Settings::load(&Sources { base: &toml, file: None, environment: vec![] }).unwrap()
}

struct Scene {
    stage: Stage,
    clock: Clock,
    settings: Settings,
    outbox: Outbox,
}

impl Scene {
    async fn start(settings: Settings) -> Self {
        let stage = Stage::new().await;
        let clock = Clock::manual(stage.now);
        let outbox = Outbox::start(OutboxParts {
            pool: stage.database.pool.clone(),
            vault: Arc::clone(&stage.vault),
            clock: clock.clone(),
            plan: plan(&settings, &mamacare::app::http::client().unwrap()).unwrap(),
            timing: HURRY,
            seed: [1; 32],
        });
        Self { stage, clock, settings, outbox }
    }

    /// Until a message is in that state; fails where it does not get there.
    async fn becomes(&self, cause: &str, state: State) {
        let waited = tokio::time::timeout(Duration::from_secs(20), self.stage.becomes(cause, state));
        if waited.await.is_err() {
            let (found, history) = (self.stage.state(cause).await, self.stage.history(cause).await);
            panic!("{cause} is {found:?} and not {state:?}: {history:#?}");
        }
    }

    /// That the worker leaves a message where it is: one that goes at any time, queued after it, has gone, and
    /// the claim that took it would have taken both.
    async fn leaves(&self, cause: &str) {
        let later = format!("after {cause}");
        self.stage.queue_until(&later, Kind::Pin, number(999), self.clock.now() + TimeDelta::days(1)).await;
        self.becomes(&later, State::Sent).await;
        assert_eq!(self.stage.state(cause).await, State::Queued);
        assert!(self.stage.history(cause).await.is_empty(), "it was taken, and put back");
    }

    fn passes(&self, time: Duration) {
        self.clock.advance(time);
    }

    async fn tell(&self, body: &str) -> u16 {
        let body_limits = BodyLimits { octets: 8192, time: Duration::from_secs(5) };
        let edge = SmsEdge::new(self.outbox.receipts(), body_limits, vec![], doors(&self.settings));
        let stamp = self.clock.now().timestamp();
        let mut keyed = Hmac::<Sha256>::new_from_slice(b"receipts").unwrap();
        keyed.update(format!("{stamp}.{body}").as_bytes());
        let mut hex = String::new();
        for octet in keyed.finalize().into_bytes() {
            write!(hex, "{octet:02x}").unwrap();
        }
        let request = Request::post("/sms/peer0/delivery")
            .header("content-type", "application/json")
            .header("x-mamacare-timestamp", stamp)
            .header("x-mamacare-signature", format!("sha256={hex}"))
            .body(Body::from(body.to_owned()))
            .unwrap();
        router(edge).oneshot(request).await.unwrap().status().as_u16()
    }
}

#[tokio::test]
async fn a_message_goes_from_its_cause_to_the_phone() {
    let peer = Peer::start(WELL).await;
    let scene = Scene::start(settings(&[&peer], "")).await;
    scene.stage.queue("a", Kind::Answer, number(1)).await;
    scene.becomes("a", State::Sent).await;
    assert_eq!(peer.times("Text of a"), 1);
    let id: i64 =
        sqlx::query_scalar("SELECT id FROM outbox").fetch_one(&scene.stage.database.pool).await.unwrap();
    let receipt = format!(r#"{{"id":"peer-mc{id}","status":"DELIVRD"}}"#);
    assert_eq!(scene.tell(&receipt).await, 200);
    assert_eq!(scene.stage.state("a").await, State::Delivered);
    assert_eq!(scene.tell(&receipt).await, 200, "told twice");
    assert_eq!(scene.tell(r#"{"id":"peer-nobody","status":"failed"}"#).await, 200, "of an unknown message");
    assert_eq!(scene.tell(&format!(r#"{{"id":"mc{id}","status":"read by aliens"}}"#)).await, 200);
    assert_eq!(
        scene.tell(r#"{"id":"no\u0000one","status":"failed"}"#).await,
        200,
        "an id that nothing keeps"
    );
    assert_eq!(scene.stage.history("a").await.last().unwrap(), "delivered: DELIVRD");
    assert_eq!(scene.stage.count("body IS NOT NULL OR recipient IS NOT NULL").await, 0);
    scene.outbox.stop(Duration::from_secs(5)).await;
}

/// Each fault, for a message that is repeated and for one that is not.
#[tokio::test]
async fn each_fault_of_a_provider_has_its_sequel() {
    let faults = [
        ("slow", Mode::Silent, true),
        ("500", Mode::Says(500, "oops", None), true),
        ("reset", Mode::Cut, true),
        ("garbage", Mode::Says(200, "<html>", None), true),
        ("429", Mode::Says(429, "", Some(1)), false),
        ("503", Mode::Says(503, "", None), false),
        ("401", Mode::Says(401, "", None), false),
    ];
    let peer = Peer::start(WELL).await;
    let scene = Scene::start(settings(&[&peer], "")).await;
    for (n, (name, fault, doubtful)) in (1..).zip(faults) {
        peer.set(fault);
        let (reminder, pin) = (format!("reminder {name}"), format!("pin {name}"));
        let late = scene.clock.now() + TimeDelta::days(1);
        scene.stage.queue_until(&reminder, Kind::Reminder, number(n), late).await;
        scene.stage.queue_until(&pin, Kind::Pin, number(n), late).await;
        let text = |cause: &str| format!("Text of {cause}");
        let both = [text(&reminder), text(&pin)];
        let read =
            peer.until("both are read", |heard| both.iter().all(|text| heard.times.contains_key(text)));
        let waited = tokio::time::timeout(Duration::from_secs(20), read);
        if waited.await.is_err() {
            let (status, now) = (scene.outbox.status()(), scene.clock.now());
            let (a, b) = (scene.stage.history(&reminder).await, scene.stage.history(&pin).await);
            panic!("{name} at {now}: {status:?} {a:#?} {b:#?}");
        }
        peer.set(WELL);
        if doubtful {
            scene.becomes(&pin, State::Unknown).await;
        }
        // The pause before the next try, and the breaker's.
        let waited = tokio::time::timeout(Duration::from_secs(30), async {
            while scene.stage.state(&reminder).await != State::Sent {
                scene.passes(Duration::from_secs(1));
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        assert!(waited.await.is_ok(), "{name}: {:?}", scene.stage.history(&reminder).await);
        if doubtful {
            assert_eq!(peer.times(&text(&pin)), 1, "{name}: a PIN is not repeated blindly");
            assert_eq!(scene.stage.state(&pin).await, State::Unknown);
        } else {
            scene.becomes(&pin, State::Sent).await;
        }
        let doubts: i16 = sqlx::query_scalar("SELECT doubts FROM outbox WHERE cause = $1")
            .bind(&reminder)
            .fetch_one(&scene.stage.database.pool)
            .await
            .unwrap();
        assert_eq!(
            usize::from(u16::try_from(doubts).unwrap()) + 1,
            if doubtful { peer.times(&text(&reminder)) } else { 1 },
            "{name}: each repeat after a doubt is counted"
        );
        eprintln!(
            "{name:<8} reminder read {} times, PIN {} times",
            peer.times(&text(&reminder)),
            peer.times(&text(&pin))
        );
    }
}

#[tokio::test]
async fn another_provider_takes_over_and_gives_back() {
    let (first, second) = (Peer::start(Mode::Says(401, "no credit", None)).await, Peer::start(WELL).await);
    let scene = Scene::start(settings(&[&first, &second], "")).await;
    scene.stage.queue("a", Kind::Reminder, number(1)).await;
    scene.becomes("a", State::Sent).await;
    assert_eq!((first.times("Text of a"), second.times("Text of a")), (1, 1));
    let history = scene.stage.history("a").await;
    assert!(history[1].contains("peer0: 401 no credit;"), "{history:?}");
    scene.stage.queue("b", Kind::Reminder, number(2)).await;
    scene.becomes("b", State::Sent).await;
    assert_eq!((first.times("Text of b"), second.times("Text of b")), (0, 1), "the breaker is open");
    assert_eq!(scene.outbox.status()().providers[0].state, "down");
    first.set(WELL);
    // It is tried again after five seconds of the machine's own clock.
    let mut count = 0;
    let waited = tokio::time::timeout(Duration::from_secs(20), async {
        while first.heard().taken == 0 {
            count += 1;
            scene.stage.queue(&format!("c{count}"), Kind::Reminder, number(100 + count)).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    assert!(waited.await.is_ok(), "{:?}", scene.outbox.status()());
    assert_eq!(scene.outbox.status()().providers[0].state, "works");
}

#[tokio::test]
async fn at_night_reminders_wait_and_pins_do_not() {
    let peer = Peer::start(WELL).await;
    let scene = Scene::start(settings(&[&peer], "")).await;
    scene.passes(Duration::from_hours(12));
    let tomorrow = scene.clock.now() + TimeDelta::days(1);
    scene.stage.queue_until("reminder", Kind::Reminder, number(1), tomorrow).await;
    scene.stage.queue_until("pin", Kind::Pin, number(1), tomorrow).await;
    scene.becomes("pin", State::Sent).await;
    scene.leaves("reminder").await;
    scene.passes(Duration::from_hours(10));
    scene.becomes("reminder", State::Sent).await;
}

#[tokio::test]
async fn a_spent_budget_stops_what_can_wait() {
    let peer = Peer::start(WELL).await;
    let mut scene = Scene::start(settings(&[&peer], "budget_day = 0.5")).await;
    scene.stage.queue("first", Kind::Reminder, number(1)).await;
    scene.becomes("first", State::Sent).await;
    // What was spent is read again every 15 seconds; a new worker reads it at once.
    let again = Outbox::start(OutboxParts {
        pool: scene.stage.database.pool.clone(),
        vault: Arc::clone(&scene.stage.vault),
        clock: scene.clock.clone(),
        plan: plan(&scene.settings, &mamacare::app::http::client().unwrap()).unwrap(),
        timing: HURRY,
        seed: [2; 32],
    });
    std::mem::replace(&mut scene.outbox, again).stop(Duration::from_secs(5)).await;
    until("the budget is spent", async || scene.outbox.status()().budget_spent).await;
    scene.stage.queue("second", Kind::Reminder, number(2)).await;
    scene.leaves("second").await;
}

#[tokio::test]
async fn a_provider_s_rate_is_kept() {
    let peer = Peer::start(WELL).await;
    let mut settings = settings(&[&peer], "");
    settings.providers.get_mut("peer0").unwrap().per_second = 50.0;
    let scene = Scene::start(settings).await;
    let begun = std::time::Instant::now();
    for n in 0..30 {
        scene.stage.queue(&format!("m{n}"), Kind::Answer, number(n)).await;
    }
    peer.until("all are read", |heard| heard.all_times() >= 30).await;
    let seconds = begun.elapsed().as_secs_f64();
    assert!(seconds * 50.0 + 2.0 >= 29.0, "30 messages in {seconds} s at 50 a second");
}

#[tokio::test]
async fn what_is_no_message_fails_and_stops_nothing() {
    let peer = Peer::start(WELL).await;
    let scene = Scene::start(settings(&[&peer], "")).await;
    let long = "word ".repeat(400);
    for (cause, text) in [("long", long.as_str()), ("nothing", "\0\u{202e}"), ("emoji", "Well done 👍🏾 نعم\0")]
    {
        let mut work = scene.stage.database.pool.begin().await.unwrap();
        let message = mamacare::store::outbox::NewMessage {
            cause,
            kind: Kind::Answer,
            owner: None,
            to: number(1),
            phone: scene.stage.vault.keyring().phone_index(number(1)),
            language: "en",
            text,
            segments: 1,
            now: scene.stage.now,
            expires_at: scene.stage.now + TimeDelta::hours(1),
        };
        mamacare::store::outbox::enqueue(&mut work, scene.stage.vault.keyring(), &message).await.unwrap();
        work.commit().await.unwrap();
    }
    // Sealed by nobody whom we know.
    scene.stage.queue("sealed", Kind::Reminder, number(2)).await;
    let spoilt = "UPDATE outbox SET body = '\\x00' WHERE cause = 'sealed' AND state = 'queued'";
    sqlx::query(spoilt).execute(&scene.stage.database.pool).await.unwrap();
    scene.becomes("long", State::Failed).await;
    scene.becomes("nothing", State::Failed).await;
    scene.becomes("emoji", State::Sent).await;
    assert_eq!(peer.times("Well done 👍🏾 نعم"), 1);
    let history = scene.stage.history("long").await;
    assert!(history[1].starts_with("failed: it takes 14 SMS"), "{history:?}");
}

/// What has left must not go again because of what was said about it.
#[tokio::test]
async fn a_mark_that_the_database_refuses_does_not_send_it_again() {
    let peer = Peer::start(WELL).await;
    let scene = Scene::start(settings(&[&peer], "")).await;
    let narrow = "ALTER TABLE outbox ADD CHECK (provider_id NOT LIKE 'peer-%')";
    sqlx::query(narrow).execute(&scene.stage.database.pool).await.unwrap();
    scene.stage.queue("a", Kind::Pin, number(1)).await;
    scene.becomes("a", State::Sent).await;
    // A sequence goes on where a transaction does not: it counts the refusals.
    let nothing = "CREATE SEQUENCE refusals MINVALUE 0 START 0;
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM nextval('refusals'); RAISE check_violation; END $$;
        CREATE TRIGGER refuse BEFORE UPDATE ON outbox FOR EACH ROW WHEN (NEW.state = 'sent') EXECUTE FUNCTION refuse();
        GRANT USAGE ON SEQUENCE refusals TO PUBLIC";
    sqlx::raw_sql(nothing).execute(&scene.stage.database.pool).await.unwrap();
    scene.stage.queue("b", Kind::Pin, number(2)).await;
    // With others, alone, and without the provider's words; then it is given up.
    let refused = "SELECT last_value >= 2 FROM refusals";
    let waited = tokio::time::timeout(Duration::from_mins(1), async {
        while !sqlx::query_scalar::<_, bool>(refused).fetch_one(&scene.stage.database.pool).await.unwrap() {}
    });
    assert!(waited.await.is_ok(), "nothing was refused");
    // Two rounds of who takes back what a worker does not know it has, each seen by what it takes back.
    for lost in ["lost", "lost too"] {
        scene.stage.queue_lost(lost, Kind::Answer, number(3), "b").await;
        peer.until("it is taken back", |heard| heard.times.contains_key(&format!("Text of {lost}"))).await;
    }
    assert_eq!((peer.times("Text of a"), peer.times("Text of b")), (1, 1));
    assert_eq!(scene.stage.state("b").await, State::Sending);
}

#[tokio::test]
async fn who_has_told_a_provider_to_stop_is_stopped_with_what_waits() {
    let peer = Peer::start(Mode::Says(200, r#"{"status":"refused","reason":"opted_out"}"#, None)).await;
    let scene = Scene::start(settings(&[&peer], "")).await;
    scene.passes(Duration::from_hours(12));
    let tomorrow = scene.clock.now() + TimeDelta::days(1);
    scene.stage.queue_until("tomorrow's", Kind::Reminder, number(1), tomorrow).await;
    scene.stage.queue_until("another's", Kind::Reminder, number(2), tomorrow).await;
    scene.stage.queue_until("answer", Kind::Answer, number(1), tomorrow).await;
    scene.becomes("answer", State::Failed).await;
    assert_eq!(scene.stage.state("tomorrow's").await, State::Cancelled);
    assert_eq!(scene.stage.state("another's").await, State::Queued);
    let stopped: i64 = sqlx::query_scalar("SELECT count(*) FROM phone WHERE stopped_at IS NOT NULL")
        .fetch_one(&scene.stage.database.pool)
        .await
        .unwrap();
    assert_eq!(stopped, 1);
    assert_eq!(scene.stage.count("recipient IS NOT NULL AND state = 'cancelled'").await, 0);
}

/// A receipt may be faster than the answer, and than the mark.
#[tokio::test]
async fn a_receipt_before_the_answer_is_not_lost() {
    let peer = Peer::start(Mode::Held).await;
    let mut settings = settings(&[&peer], "");
    settings.providers.get_mut("peer0").unwrap().timeout_seconds = 60;
    let scene = Scene::start(settings).await;
    scene.stage.queue("a", Kind::Answer, number(1)).await;
    scene.stage.queue("b", Kind::Answer, number(2)).await;
    peer.until("both are read", |heard| heard.all_times() >= 2).await;
    let ids: BTreeMap<String, i64> = sqlx::query_as("SELECT cause, id FROM outbox")
        .fetch_all(&scene.stage.database.pool)
        .await
        .unwrap()
        .into_iter()
        .collect();
    assert_eq!(scene.tell(&format!(r#"{{"id":"peer-mc{}","status":"delivered"}}"#, ids["a"])).await, 200);
    assert_eq!(scene.tell(&format!(r#"{{"id":"mc{}","status":"delivered"}}"#, ids["b"])).await, 200);
    assert_eq!(peer.heard().taken, 0, "it has answered already");
    peer.set(WELL);
    scene.becomes("a", State::Delivered).await;
    scene.becomes("b", State::Delivered).await;
    let _: DateTime<Utc> = scene.clock.now();
}
