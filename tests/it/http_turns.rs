//! Conversations over HTTP, as operators carry them, against PostgreSQL.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use mamacare::app::settings::Secret;

use crate::harness::{SECRET, TestDatabase, TestNode};

const PHONE: &str = "+23276000001";

#[tokio::test]
async fn a_conversation_goes_from_dial_to_end() {
    let node = TestNode::new().await;
    let dialled = node.turn("s", PHONE, "").await;
    assert_eq!(dialled.status, 200);
    assert!(dialled.text.starts_with("CON ") && dialled.text.contains("MamaCare"), "{dialled:?}");
    let chosen = node.turn("s", PHONE, "1").await;
    assert!(chosen.text.starts_with("CON ") && chosen != dialled, "{chosen:?}");
    assert_eq!(node.turn("s", PHONE, "1").await, chosen, "a repeat has the same answer");
    let left = node.turn("s", PHONE, "1*999").await;
    assert!(left.text.starts_with("END "), "{left:?}");
    assert_eq!(node.sessions().await, 1);
    assert_eq!(node.hasher.turns(), 3, "PIN checks rest beside many turns");
}

#[tokio::test]
async fn a_number_in_any_usual_form_is_the_same_phone() {
    let node = TestNode::new().await;
    node.turn("s", "076000001", "").await;
    let first = node.turn("s", "+232 76 000001", "1").await;
    assert!(first.text.starts_with("CON "), "{first:?}");
    assert_eq!(node.turn("s", "0023276000001", "1").await, first);
    let other = node.turn("s", "+23276000002", "1").await;
    assert!(other.text.starts_with("END "), "another number took the session over: {other:?}");
}

#[tokio::test]
async fn turns_of_the_json_form_are_numbered() {
    let node = TestNode::new().await;
    let (status, begun) = node.numbered("s", 1, "", "begin").await;
    assert_eq!((status, &begun["action"], &begun["encoding"]), (200, &json!("continue"), &json!("gsm7")));
    let (_, second) = node.numbered("s", 2, "1", "continue").await;
    assert_eq!(node.numbered("s", 2, "1", "continue").await, (200, second.clone()));
    let (status, skipped) = node.numbered("s", 5, "1", "continue").await;
    assert_eq!((status, &skipped["expected_sequence"]), (409, &json!(3)));
    assert_eq!(node.numbered("t", 2, "1", "continue").await.1["expected_sequence"], json!(1));
    let (status, left) = node.numbered("s", 3, "999", "continue").await;
    assert_eq!((status, &left["action"]), (200, &json!("end")));
}

#[tokio::test]
async fn the_same_turn_many_times_at_once_has_one_answer() {
    let node = Arc::new(TestNode::new().await);
    node.turn("s", PHONE, "").await;
    let turns: Vec<_> = (0..20)
        .map(|_| {
            let node = Arc::clone(&node);
            tokio::spawn(async move { node.turn("s", PHONE, "1").await })
        })
        .collect();
    let mut screens = Vec::new();
    for turn in turns {
        screens.push(turn.await.unwrap());
    }
    assert!(screens[0].text.starts_with("CON "), "{:?}", screens[0]);
    assert!(screens.iter().all(|screen| *screen == screens[0]), "{screens:?}");
}

#[tokio::test]
async fn what_is_refused_leaves_nothing() {
    let node = TestNode::new().await;
    let path = format!("/ussd/africastalking/{SECRET}");
    let good = format!("sessionId=s&phoneNumber={PHONE}&serviceCode=*468#&text=");
    let form = "application/x-www-form-urlencoded";
    for (path, kind, body, expected) in [
        ("/ussd/africastalking", form, good.clone(), 401),
        ("/ussd/africastalking/wrong", form, good.clone(), 401),
        ("/ussd/json", "application/json", "{}".to_owned(), 401),
        (&path, form, "sessionId=s".to_owned(), 400),
        (&path, form, good.replace("+232", "+99999999999999"), 400),
        (&path, form, format!("{good}%ff"), 400),
        (&path, form, format!("{good}{}", "1".repeat(9000)), 413),
        (&path, "application/x-www-form-urlencoded; charset=utf-16", good.clone(), 415),
        (&path, "text/plain", good.clone(), 415),
        ("/ussd/nobody", form, good.clone(), 404),
    ] {
        let response = node.post(path).header("content-type", kind).body(body).send().await.unwrap();
        assert_eq!(response.status(), expected, "{path} {kind}");
        assert_eq!(response.headers()["content-type"], "application/problem+json", "{path}");
        let problem: serde_json::Value = response.json().await.unwrap();
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{problem}");
        assert_eq!(problem["status"], json!(expected));
    }
    assert_eq!(node.get(&path).await.status(), 405);
    assert_eq!(node.sessions().await, 0);
}

#[tokio::test]
async fn calls_from_another_network_are_forbidden_unless_a_trusted_proxy_says_otherwise() {
    let node = TestNode::with(|settings| {
        settings.channels.africastalking.networks = vec!["192.0.2.0/24".parse().unwrap()];
        settings.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let path = format!("/ussd/africastalking/{SECRET}");
    let form = [("sessionId", "s"), ("phoneNumber", PHONE), ("serviceCode", "*468#")];
    for (forwarded, expected) in [("198.51.100.1", 403), ("192.0.2.9", 200)] {
        let request = node.post(&path).header("x-forwarded-for", forwarded).form(&form);
        assert_eq!(request.send().await.unwrap().status(), expected, "{forwarded}");
    }
    assert_eq!(node.post(&path).form(&form).send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_notice_ends_the_session_and_its_text_is_kept_nowhere() {
    let node = TestNode::new().await;
    node.turn("s", PHONE, "").await;
    let form = [
        ("sessionId", "s"),
        ("phoneNumber", PHONE),
        ("serviceCode", "*468#"),
        ("status", "Incomplete"),
        ("input", "1*739150"),
        ("lastAppResponse", "END Iron tablets"),
        ("durationInMillis", "8200"),
    ];
    let path = format!("/ussd/africastalking/{SECRET}/events");
    assert_eq!(node.post(&path).form(&form).send().await.unwrap().status(), 200);
    let after = node.turn("s", PHONE, "1").await;
    assert!(after.text.starts_with("END "), "{after:?}");
}

#[tokio::test]
async fn a_number_that_floods_is_bounded_and_another_is_served() {
    let node = Arc::new(
        TestNode::with(|settings| {
            settings.limits.number_per_second = 1;
            settings.limits.number_burst = 20;
        })
        .await,
    );
    let flood: Vec<_> = (0..200)
        .map(|at| {
            let node = Arc::clone(&node);
            tokio::spawn(async move { node.turn(&format!("flood-{at}"), PHONE, "").await })
        })
        .collect();
    let other = node.turn("other", "+23276000002", "").await;
    assert!(other.text.starts_with("CON "), "{other:?}");
    let mut shed = 0;
    for turn in flood {
        let screen = turn.await.unwrap();
        assert_eq!(screen.status, 200);
        shed += usize::from(screen.text.starts_with("END "));
    }
    assert!(shed >= 150, "only {shed} were shed");
    assert!(node.sessions().await <= 60);
}

#[tokio::test]
async fn while_the_database_is_away_the_phone_gets_a_polite_end_and_then_all_recovers() {
    let node = TestNode::new().await;
    node.turn("s", PHONE, "").await;
    node.database.forbid(true).await;
    assert_eq!(node.get("/readyz").await.status(), 503);
    for text in ["1", ""] {
        let begun = Instant::now();
        let screen = node.turn(if text.is_empty() { "new" } else { "s" }, PHONE, text).await;
        assert_eq!(screen.status, 200);
        assert!(screen.text.starts_with("END ") && screen.text.len() > 20, "{screen:?}");
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    }
    assert_eq!(node.get("/healthz").await.status(), 200);
    node.database.forbid(false).await;
    // A connection that was closed meanwhile may cost one more polite end each; then all is as before.
    let mut recovered = node.turn("s", PHONE, "1").await;
    for _ in 0..20 {
        if recovered.text.starts_with("CON ") {
            break;
        }
        recovered = node.turn("s", PHONE, "1").await;
    }
    assert!(recovered.text.starts_with("CON "), "the turn that failed is not lost: {recovered:?}");
    let mut ready = node.get("/readyz").await.status();
    for _ in 0..20 {
        if ready == 200 {
            break;
        }
        ready = node.get("/readyz").await.status();
    }
    assert_eq!(ready, 200);
}

#[tokio::test]
async fn a_machine_that_is_lost_without_a_word_is_noticed_and_left() {
    let database = TestDatabase::new().await;
    let (wire, url) = database.wired().await;
    let node = Arc::new(
        TestNode::on(database, |settings| {
            settings.database.url = Some(Secret::new(url));
            settings.database.connections = 8;
        })
        .await,
    );
    // As many sessions at once as make every connection.
    let many = async |text: &'static str| {
        let turns: Vec<_> = (0..50)
            .map(|at| {
                let node = Arc::clone(&node);
                tokio::spawn(async move { node.turn(&format!("s{at}"), PHONE, text).await })
            })
            .collect();
        let mut served = 0;
        for turn in turns {
            let screen = turn.await.unwrap();
            assert_eq!(screen.status, 200);
            served += usize::from(screen.text.starts_with("CON "));
        }
        served
    };
    many("").await;
    // Lost in the middle of what it was asked, the worst of times.
    let pool = &node.database.pool;
    let mut lock = pool.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE ussd_session IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await.unwrap();
    let asking = many("1");
    let lost = async {
        let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'";
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(pool).await.unwrap() == 0 {}
        wire.silence();
        lock.rollback().await.unwrap();
    };
    tokio::join!(asking, lost);
    let begun = Instant::now();
    while many("1").await < 50 {
        assert!(begun.elapsed() < Duration::from_secs(15), "it has not recovered");
    }
}

#[tokio::test]
async fn while_the_database_is_slow_the_phone_gets_a_polite_end_in_time() {
    let node = TestNode::new().await;
    node.turn("s", PHONE, "").await;
    let mut lock = node.database.pool.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE ussd_session IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await.unwrap();
    let begun = Instant::now();
    let screen = node.turn("s", PHONE, "1").await;
    assert!(screen.text.starts_with("END "), "{screen:?}");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    lock.rollback().await.unwrap();
    // What was sent may still have been written: the same turn again has its answer either way.
    let mut screen = node.turn("s", PHONE, "1").await;
    while screen.text.starts_with("END ") {
        screen = node.turn("s", PHONE, "1").await;
    }
    assert!(screen.text.starts_with("CON "), "{screen:?}");
}
