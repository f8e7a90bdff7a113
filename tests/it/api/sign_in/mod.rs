//! Signing in, staying signed in, signing out; forgotten passwords, codes, locks.

mod shed;

use std::time::Duration;

use mamacare::api::{Rate, Rates};
use serde_json::{Value, json};

use super::world::{PASSWORD, World, address, generous};

fn credentials(name: &str, password: &str) -> Value {
    json!({"email": address(name), "password": password})
}

#[tokio::test]
async fn a_refresh_token_serves_once_and_its_second_use_ends_the_sign_in() {
    let world = World::new().await;
    let first =
        world.call("POST", "/api/login", None, Some(credentials("nurse", PASSWORD))).await.expect(200);
    assert_eq!(first["user"]["role"], "professional");
    assert_eq!(first["expires_in"], 600);
    let used = json!({"refresh_token": first["refresh_token"]});
    let second = world.call("POST", "/api/token/refresh", None, Some(used.clone())).await.expect(200);
    let token = second["token"].as_str().unwrap();
    world.call("GET", "/api/account", Some(token), None).await.expect(200);
    world.call("POST", "/api/token/refresh", None, Some(used)).await.expect(401);
    let newest = json!({"refresh_token": second["refresh_token"]});
    world.call("POST", "/api/token/refresh", None, Some(newest)).await.expect(401);
    world.call("GET", "/api/account", Some(token), None).await.expect(401);
}

#[tokio::test]
async fn an_access_token_is_over_after_ten_minutes_and_at_sign_out() {
    let world = World::new().await;
    let token = world.sign_in("nurse").await;
    let other = world.sign_in("nurse").await;
    world.call("POST", "/api/logout", Some(&token), None).await.expect(204);
    world.call("GET", "/api/account", Some(&token), None).await.expect(401);
    world.call("GET", "/api/account", Some(&other), None).await.expect(200);
    let third = world.sign_in("nurse").await;
    world.call("POST", "/api/logout-everywhere", Some(&third), None).await.expect(204);
    world.call("GET", "/api/account", Some(&other), None).await.expect(401);
    let last = world.sign_in("nurse").await;
    world.clock.advance(Duration::from_mins(11));
    world.call("GET", "/api/account", Some(&last), None).await.expect(401);
}

#[tokio::test]
async fn whatever_is_wrong_the_answer_is_the_same() {
    let world = World::new().await;
    let mut answers = Vec::new();
    for (name, password) in [("nurse", "wrong wrong wrong"), ("nobody", PASSWORD), ("nobody", "x")] {
        answers.push(
            world.call("POST", "/api/login", None, Some(credentials(name, password))).await.expect(401),
        );
    }
    answers.push(
        world.call("POST", "/api/admin/login", None, Some(credentials("nurse", PASSWORD))).await.expect(401),
    );
    for _ in 0..8 {
        world
            .call("POST", "/api/login", None, Some(credentials("hospital", "wrong wrong wrong")))
            .await
            .expect(401);
    }
    // Locked: the right password is refused too, in the same words, until the lock is over.
    answers.push(
        world.call("POST", "/api/login", None, Some(credentials("hospital", PASSWORD))).await.expect(401),
    );
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    world.clock.advance(Duration::from_secs(61));
    world.sign_in("hospital").await;
    for email in ["nurse", "nobody"] {
        let body = json!({"email": address(email)});
        let told = world.call("POST", "/api/password/forgot", None, Some(body)).await.expect(202);
        answers.push(told);
    }
    assert_eq!(answers[answers.len() - 1], answers[answers.len() - 2]);
}

#[tokio::test]
async fn a_forgotten_password_is_set_by_the_link_once() {
    let world = World::new().await;
    let before = world.sign_in("nurse").await;
    let body = json!({"email": address("NURSE")});
    world.call("POST", "/api/password/forgot", None, Some(body)).await.expect(202);
    let (to, _) = world.newest_mail().await;
    assert_eq!(to, address("nurse"));
    let token = world.mailed_token().await;
    let weak = json!({"token": token, "password": "password123"});
    world.call("POST", "/api/password/reset", None, Some(weak)).await.expect(400);
    let good = json!({"token": token, "password": "seven quiet mangoes"});
    world.call("POST", "/api/password/reset", None, Some(good.clone())).await.expect(204);
    world.call("POST", "/api/password/reset", None, Some(good)).await.expect(400);
    world.call("GET", "/api/account", Some(&before), None).await.expect(401);
    world.call("POST", "/api/login", None, Some(credentials("nurse", PASSWORD))).await.expect(401);
    world
        .call("POST", "/api/login", None, Some(credentials("nurse", "seven quiet mangoes")))
        .await
        .expect(200);
}

#[tokio::test]
async fn codes_of_an_app_are_asked_for_and_serve_once() {
    let world = World::new().await;
    let admin = world.sign_in("admin").await;
    let proof = json!({"current": PASSWORD});
    let begun = world.call("POST", "/api/account/totp", Some(&admin), Some(proof.clone())).await.expect(200);
    let secret = begun["secret"].as_str().unwrap();
    let octets: [u8; 20] = base32(secret).try_into().unwrap();
    let app = mamacare::identity::TotpSecret::new(octets);
    let code = |app: &mamacare::identity::TotpSecret, world: &World| app.code_at(world.now());
    let body = json!({"code": code(&app, &world)});
    world.call("POST", "/api/account/totp/confirm", Some(&admin), Some(body)).await.expect(204);
    let asked =
        world.call("POST", "/api/login", None, Some(credentials("admin", PASSWORD))).await.expect(401);
    assert_eq!(asked["type"], "/problems/code-required");
    let with = |code: &str| Some(json!({"email": address("admin"), "password": PASSWORD, "code": code}));
    world.call("POST", "/api/login", None, with(&code(&app, &world))).await.expect(401);
    world.clock.advance(Duration::from_mins(1));
    let fresh = code(&app, &world);
    world.call("POST", "/api/login", None, with(&fresh)).await.expect(200);
    world.call("POST", "/api/login", None, with(&fresh)).await.expect(401);
}

pub fn base32(text: &str) -> Vec<u8> {
    let mut bits = 0_u32;
    let mut buffer = 0_u32;
    let mut octets = Vec::new();
    for letter in text.bytes() {
        let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter).unwrap();
        buffer = (buffer << 5) | u32::try_from(value).unwrap();
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            octets.push(u8::try_from((buffer >> bits) & 0xff).unwrap());
        }
    }
    octets
}

#[tokio::test]
async fn tries_of_one_address_are_limited_and_told_how_long() {
    let rates = Rates { knock: Rate { per_minute: 6, burst: 3 }, ..generous() };
    let world = World::limited(rates).await;
    for _ in 0..3 {
        world.call("POST", "/api/login", None, Some(credentials("nobody", "x"))).await.expect(401);
    }
    let told = world.call("POST", "/api/login", None, Some(credentials("nurse", PASSWORD))).await;
    assert_eq!(told.status, 429);
    let wait = told.retry_after.expect("Retry-After");
    assert!((1..=11).contains(&wait), "{wait}");
}

/// Asks until it is refused; how many were answered before, and how long to wait.
async fn asked_until_refused(world: &World, path: &str, token: Option<&str>) -> (u32, u32) {
    for before in 0..50 {
        let told = world.call("GET", path, token, None).await;
        if told.status == 429 {
            assert_eq!(told.body["status"], 429);
            return (before, told.retry_after.unwrap());
        }
        assert!(told.status.is_success(), "{}", told.text);
    }
    panic!("{path} is never refused");
}

#[tokio::test]
async fn requests_of_one_address_are_limited_and_told_how_long() {
    let rates = Rates { address: Rate { per_minute: 1, burst: 5 }, ..generous() };
    let world = World::limited(rates).await;
    let (before, wait) = asked_until_refused(&world, "/api/hospitals", None).await;
    assert_eq!(before, 5);
    assert!((1..=61).contains(&wait), "{wait}");
}

#[tokio::test]
async fn requests_of_one_account_are_limited_and_others_go_on() {
    let rates = Rates { account: Rate { per_minute: 1, burst: 5 }, ..generous() };
    let world = World::limited(rates).await;
    let nurse = world.sign_in("nurse").await;
    let (before, wait) = asked_until_refused(&world, "/api/account", Some(&nurse)).await;
    assert_eq!(before, 5);
    assert!((1..=61).contains(&wait), "{wait}");
    // The limit is of the account, not of one of its tokens, and of no other account.
    let again = world.sign_in("nurse").await;
    world.call("GET", "/api/account", Some(&again), None).await.expect(429);
    let other = world.sign_in("other-nurse").await;
    world.call("GET", "/api/account", Some(&other), None).await.expect(200);
}

#[tokio::test]
async fn each_sign_in_costs_one_check_whoever_it_is() {
    let world = World::new().await;
    let nurse = world.sign_in("nurse").await;
    let (known, unknown) = ("+23276000001", "+23276000009");
    world.patient(&nurse, "Aminata", Some(known)).await;
    world.chosen_pin(known, "480625").await;
    let wrong = "wrong wrong wrong";
    let staff = |name: &str, password: &str| ("/api/login", credentials(name, password));
    let admin = |name: &str, password: &str| ("/api/admin/login", credentials(name, password));
    let patient = |phone: &str, pin: &str| ("/api/patient/login", json!({"phone": phone, "pin": pin}));
    let mobile = |phone: &str, pin: &str| ("/api/mobile/auth", json!({"phone": phone, "pin": pin}));
    // What stands in for a hash that is not there is made at the first need of it.
    for (path, body) in [staff("nobody", wrong), patient(unknown, "111213")] {
        world.call("POST", path, None, Some(body)).await.expect(401);
    }
    for (path, body) in [
        staff("nurse", wrong),
        staff("nobody", PASSWORD),
        admin("nurse", PASSWORD),
        admin("nobody", PASSWORD),
        patient(known, "111213"),
        patient(unknown, "111213"),
        mobile(known, "111213"),
        mobile(unknown, "480625"),
    ] {
        let before = world.hasher.done();
        world.call("POST", path, None, Some(body.clone())).await.expect(401);
        assert_eq!(world.hasher.done() - before, 1, "{path} {body}");
    }
}

#[tokio::test]
async fn a_patient_signs_in_with_number_and_pin_and_the_counters_are_those_of_the_phone() {
    let world = World::new().await;
    let nurse = world.sign_in("nurse").await;
    let phone = "+23276000001";
    world.patient(&nurse, "Aminata", Some(phone)).await;
    world.chosen_pin(phone, "480625").await;
    let token = world.patient_sign_in("076 000001", "480625").await;
    let record = world.call("GET", "/api/v1/me/record", Some(&token), None).await.expect(200);
    assert_eq!(record["patient"]["given_name"], "Aminata");
    for _ in 0..5 {
        let wrong = json!({"phone": phone, "pin": "111213"});
        world.call("POST", "/api/patient/login", None, Some(wrong)).await.expect(401);
    }
    let right = json!({"phone": phone, "pin": "480625"});
    world.call("POST", "/api/patient/login", None, Some(right.clone())).await.expect(401);
    let locked: bool = sqlx::query_scalar("SELECT bool_and(pin_locked_until IS NOT NULL) FROM credential")
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
    assert!(locked);
    assert!(world.messages().await.iter().any(|text| text.contains("locked")));
    world.clock.advance(Duration::from_mins(31));
    world.call("POST", "/api/patient/login", None, Some(right)).await.expect(200);
    // A PIN alone names nobody.
    world.call("POST", "/api/patient/login", None, Some(json!({"pin": "480625"}))).await.expect(400);
    world.call("POST", "/api/mobile/auth", None, Some(json!({"pin": "480625"}))).await.expect(400);
}
