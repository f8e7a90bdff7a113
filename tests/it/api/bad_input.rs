//! Bad input: a clear 4xx, nothing changed, never a 500.

use serde_json::{Value, json};

use super::world::World;

#[tokio::test]
async fn whatever_is_sent_is_refused_clearly_or_stored_as_text() {
    let world = World::new().await;
    let nurse = world.sign_in("nurse").await;
    let id = world.patient(&nurse, "Aminata", None).await;
    let visits = format!("/api/v1/patients/{id}/visits");
    let with = |change: Value| {
        let mut body = json!({"held_on": "2026-11-20", "kind": "other"});
        for (key, value) in change.as_object().unwrap() {
            body[key] = value.clone();
        }
        body
    };
    for change in [
        json!({"held_on": 5}),
        json!({"held_on": "2026-02-30"}),
        json!({"held_on": "2999-01-01"}),
        json!({"held_on": "0001-01-01"}),
        json!({"kind": "party"}),
        json!({"kind": null}),
        json!({"treatment": "x".repeat(5000)}),
        json!({"treatment": "a\u{0}b"}),
        json!({"weight_kg": -1}),
        json!({"weight_kg": 1e300}),
        json!({"weight_kg": "NaN"}),
        json!({"blood_pressure": {"systolic": 70, "diastolic": 110}}),
        json!({"blood_pressure": {"systolic": 99999, "diastolic": 70}}),
        json!({"diagnoses": [{"code": "no_such_code"}]}),
        json!({"diagnoses": [{"code": "anaemia", "admin": true}]}),
        json!({"author": "00000000-0000-7000-8000-000000000000"}),
        json!({"facility": 90002}),
        json!({"number": 99}),
        json!({"deep": [[[[[[[[1]]]]]]]]}),
    ] {
        let told = world.call("POST", &visits, Some(&nurse), Some(with(change.clone()))).await;
        assert_eq!(told.status, 400, "{change}: {}", told.text);
        assert!(told.body["detail"].is_string());
    }
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM visit").fetch_one(&world.database.pool).await.unwrap();
    assert_eq!(count, 0);
    for text in [
        "'; DROP TABLE visit; --",
        "{{ 7 * 7 }}",
        "<script>alert(1)</script>",
        "${jndi:ldap://x}",
        "ɛ ɔ ŋ 😀",
    ] {
        let told = world
            .call("POST", &visits, Some(&nurse), Some(with(json!({"treatment": text}))))
            .await
            .expect(201);
        assert_eq!(told["treatment"], text);
    }
    for path in [
        "/api/v1/patients/1",
        "/api/v1/patients/%00",
        "/api/v1/patients/'--",
        "/api/v1/facilities/-1",
        "/api/v1/facilities/99999999999",
    ] {
        world.call("GET", path, Some(&nurse), None).await.expect(404);
    }
    for query in [
        "limit=0",
        "limit=999999",
        "limit=abc",
        "cursor=%00",
        "cursor=AAAA",
        "sort=;drop",
        "nosuch=1",
        "name=%ff%fe",
    ] {
        let told = world.call("GET", &format!("/api/v1/patients?{query}"), Some(&nurse), None).await;
        assert_eq!(told.status, 400, "{query}: {}", told.text);
    }
    world.call("DELETE", "/api/v1/patients", Some(&nurse), None).await.expect(405);
}

#[tokio::test]
async fn bodies_that_are_no_bodies_are_refused() {
    let world = World::new().await;
    for (content_type, body, status) in [
        ("application/json", "{".to_owned(), 400),
        ("application/json", String::new(), 400),
        ("application/json", "[".repeat(60_000), 400),
        ("application/json", format!("\"{}\"", "x".repeat(70_000)), 413),
        ("text/plain", "{}".to_owned(), 415),
        ("application/json; charset=utf-16", "{}".to_owned(), 415),
        ("application/xml", "<a/>".to_owned(), 415),
    ] {
        let told = world.raw("/api/login", None, content_type, body).await;
        assert_eq!(told.status.as_u16(), status, "{content_type}: {}", told.text);
    }
    let invalid: &[u8] = b"{\"email\": \"\xff\xfe\", \"password\": \"x\"}";
    world.raw("/api/login", None, "application/json", invalid).await.expect(400);
}
