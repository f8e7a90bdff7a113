//! Records: written by a nurse, read by the mother; whose patient somebody is; lost updates; pages.

use serde_json::{Value, json};

use super::world::{OTHER_HOSPITAL, World};

fn visit() -> Value {
    json!({
        "held_on": "2026-11-20", "kind": "antenatal", "diagnoses": [{"code": "anaemia", "may_be_shown": true}],
        "treatment": "Iron tablets", "blood_pressure": {"systolic": 110, "diastolic": 70}, "weight_kg": 62.5
    })
}

#[tokio::test]
async fn what_a_nurse_writes_the_mother_reads() {
    let world = World::new().await;
    let nurse = world.sign_in("nurse").await;
    let phone = "+23276000001";
    let id = world.patient(&nurse, "Aminata", Some(phone)).await;
    let path = format!("/api/v1/patients/{id}/visits");
    let added = world.call("POST", &path, Some(&nurse), Some(visit())).await.expect(201);
    assert_eq!(added["number"], 1);
    assert_eq!(added["diagnoses"][0]["name"], "Anaemia");
    let pregnancy = json!({"lmp_date": "2026-06-01"});
    let path = format!("/api/v1/patients/{id}/pregnancies");
    let begun = world.call("POST", &path, Some(&nurse), Some(pregnancy.clone())).await.expect(201);
    assert_eq!(begun["due_on"], "2027-03-08");
    assert_eq!(begun["weeks"], 25);
    world.call("POST", &path, Some(&nurse), Some(pregnancy)).await.expect(409);
    world.chosen_pin(phone, "480625").await;
    let token = world.patient_sign_in(phone, "480625").await;
    let own = world.call("GET", "/api/v1/me/record", Some(&token), None).await.expect(200);
    assert_eq!(own["visits"][0]["blood_pressure"]["systolic"], 110);
    assert_eq!(own["visits"][0]["weight_kg"], 62.5);
    assert_eq!(own["pregnancies"][0]["due_on"], "2027-03-08");
    let mobile = world.call("GET", "/api/mobile/medical-records", Some(&token), None).await.expect(200);
    assert_eq!(mobile[0]["diagnosis"], "Anaemia");
    // Nothing of it lies in the clear.
    let row: String = sqlx::query_scalar("SELECT encode(note || words, 'escape') FROM visit")
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
    assert!(!row.contains("Iron") && !row.contains("anaemia"), "{row}");
}

#[tokio::test]
async fn another_facilitys_patient_is_opened_with_a_reason_that_is_kept() {
    let world = World::new().await;
    let nurse = world.sign_in("nurse").await;
    let other = world.sign_in("other-nurse").await;
    let hospital = world.sign_in("other-hospital").await;
    let id = world.patient(&nurse, "Aminata", None).await;
    let path = format!("/api/v1/patients/{id}/record");
    let refused = world.call("GET", &path, Some(&other), None).await.expect(403);
    assert_eq!(refused["type"], "/problems/reason-needed");
    world.call("GET", &path, Some(&hospital), None).await.expect(404);
    let listed = world.call("GET", "/api/v1/patients", Some(&other), None).await.expect(200);
    assert_eq!(listed["items"], json!([]));
    let reason = json!({"reason": "Brought in unconscious, only her card with her"});
    let open = format!("/api/v1/patients/{id}/open");
    world.call("POST", &open, Some(&other), Some(json!({"reason": "short"}))).await.expect(400);
    world.call("POST", &open, Some(&other), Some(reason)).await.expect(200);
    world.call("GET", &path, Some(&other), None).await.expect(200);
    let visits = format!("/api/v1/patients/{id}/visits");
    world.call("POST", &visits, Some(&other), Some(visit())).await.expect(403);
    // She sees it on her phone: a nurse of the other hospital looked, and why; not twice.
    let mut work = world.database.pool.acquire().await.unwrap();
    let looks = mamacare::store::access::looks(&mut work, &world.keyring, id, 9, 2).await.unwrap();
    let of_other = looks.iter().filter(|look| look.facility == Some(OTHER_HOSPITAL));
    let of_other: Vec<_> =
        of_other.map(|look| (look.role.as_deref().unwrap(), look.reason.as_deref().unwrap())).collect();
    assert_eq!(of_other, [("nurse", "Brought in unconscious, only her card with her")], "{looks:?}");
    let admin = world.sign_in("admin").await;
    let trail =
        world.call("GET", &format!("/api/v1/audit?patient={id}"), Some(&admin), None).await.expect(200);
    let reasons: Vec<&str> =
        trail["items"].as_array().unwrap().iter().filter_map(|line| line["reason"].as_str()).collect();
    assert_eq!(reasons, ["Brought in unconscious, only her card with her"]);
    world.clock.advance(std::time::Duration::from_secs(3601));
    let other = world.sign_in("other-nurse").await;
    world.call("GET", &path, Some(&other), None).await.expect(403);
}

#[tokio::test]
async fn a_change_to_an_old_version_is_refused() {
    let world = World::new().await;
    let nurse = world.sign_in("nurse").await;
    let id = world.patient(&nurse, "Aminata", None).await;
    let path = format!("/api/v1/patients/{id}");
    let read = world.call("GET", &path, Some(&nurse), None).await;
    let etag = read.etag.clone().unwrap();
    let change = || Some(json!({"family_name": "Changed"}));
    world.call("PATCH", &path, Some(&nurse), change()).await.expect(428);
    world.clock.advance(std::time::Duration::from_secs(1));
    let with = [("if-match", etag.as_str())];
    let changed = world.ask("PATCH", &path, Some(&nurse), change(), &with).await;
    assert_eq!(changed.body["family_name"], "Changed");
    world.ask("PATCH", &path, Some(&nurse), change(), &with).await.expect(412);
    let unchanged = [("if-none-match", changed.etag.as_deref().unwrap())];
    let again = world.ask("GET", &path, Some(&nurse), None, &unchanged).await;
    assert_eq!(again.status, 304);
}

#[tokio::test]
async fn a_creation_that_is_asked_for_twice_is_done_once() {
    let world = World::new().await;
    let nurse = world.sign_in("nurse").await;
    let body = json!({"given_name": "Aminata", "consents": ["care"]});
    let key = [("idempotency-key", "form-17")];
    let first =
        world.ask("POST", "/api/v1/patients", Some(&nurse), Some(body.clone()), &key).await.expect(201);
    let second = world.ask("POST", "/api/v1/patients", Some(&nurse), Some(body), &key).await.expect(201);
    assert_eq!(first, second);
    let other = json!({"given_name": "Fatmata", "consents": ["care"]});
    world.ask("POST", "/api/v1/patients", Some(&nurse), Some(other), &key).await.expect(422);
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM person").fetch_one(&world.database.pool).await.unwrap();
    assert_eq!(count, 1);
}

#[tokio::test]
async fn pages_follow_each_other_and_names_are_found() {
    let world = World::new().await;
    let nurse = world.sign_in("nurse").await;
    for given in ["Aminata", "Fatmata", "Isatu", "Fatu", "Mariama"] {
        world.patient(&nurse, given, None).await;
        world.clock.advance(std::time::Duration::from_secs(1));
    }
    let mut names = Vec::new();
    let mut path = "/api/v1/patients?limit=2&sort=created_at".to_owned();
    loop {
        let page = world.call("GET", &path, Some(&nurse), None).await.expect(200);
        names.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["given_name"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/patients?limit=2&sort=created_at&cursor={next}");
    }
    assert_eq!(names, ["Aminata", "Fatmata", "Isatu", "Fatu", "Mariama"]);
    let found =
        world.call("GET", "/api/v1/patients?name=fat&sort=created_at", Some(&nurse), None).await.expect(200);
    let found: Vec<_> =
        found["items"].as_array().unwrap().iter().map(|row| row["given_name"].clone()).collect();
    assert_eq!(found, ["Fatmata", "Fatu"]);
}

#[tokio::test]
async fn a_prescription_is_given_out_once_by_its_code() {
    let world = World::new().await;
    let nurse = world.sign_in("nurse").await;
    let pharmacy = world.sign_in("pharmacy").await;
    let id = world.patient(&nurse, "Aminata", None).await;
    let body = json!({"medicine": "iron_folic_acid", "dose": "1 a day", "days": 30});
    let path = format!("/api/v1/patients/{id}/prescriptions");
    let made = world.call("POST", &path, Some(&nurse), Some(body)).await.expect(201);
    let code = made["code"].as_str().unwrap();
    let seen =
        world.call("GET", &format!("/api/v1/prescriptions/{code}"), Some(&pharmacy), None).await.expect(200);
    assert_eq!(seen["name"], "Iron + folic acid");
    let give = format!("/api/v1/prescriptions/{code}/dispense");
    world.call("POST", &give, Some(&pharmacy), None).await.expect(200);
    world.call("POST", &give, Some(&pharmacy), None).await.expect(409);
    world.call("GET", "/api/v1/prescriptions/AAAAAAAAAA", Some(&pharmacy), None).await.expect(404);
    world.call("GET", &format!("/api/v1/patients/{id}/record"), Some(&pharmacy), None).await.expect(403);
}

#[tokio::test]
async fn a_referral_opens_the_record_to_its_receiver_and_is_answered() {
    let world = World::new().await;
    let nurse = world.sign_in("nurse").await;
    let other = world.sign_in("other-nurse").await;
    let id = world.patient(&nurse, "Aminata", None).await;
    let body = json!({"to": 90002, "urgency": "urgent", "reason": "Blood pressure 170/110"});
    let path = format!("/api/v1/patients/{id}/referrals");
    let sent = world.call("POST", &path, Some(&nurse), Some(body)).await.expect(201);
    let referral = sent["id"].as_str().unwrap();
    world.call("GET", &format!("/api/v1/patients/{id}/record"), Some(&other), None).await.expect(200);
    let received = world.call("GET", "/api/v1/referrals", Some(&other), None).await.expect(200);
    assert_eq!(received["items"][0]["reason"], "Blood pressure 170/110");
    let feedback = format!("/api/v1/referrals/{referral}/feedback");
    world.call("POST", &feedback, Some(&nurse), Some(json!({"notes": "all well"}))).await.expect(403);
    world.call("POST", &feedback, Some(&other), Some(json!({"notes": "all well"}))).await.expect(201);
    let told = world.call("GET", &feedback, Some(&nurse), None).await.expect(200);
    assert_eq!(told[0]["notes"], "all well");
}

#[tokio::test]
async fn without_consent_nothing_is_kept_or_read() {
    let world = World::new().await;
    let nurse = world.sign_in("nurse").await;
    let body = json!({"given_name": "Aminata", "consents": ["reminders"]});
    world.call("POST", "/api/v1/patients", Some(&nurse), Some(body)).await.expect(400);
    let id = world.patient(&nurse, "Aminata", None).await;
    let path = format!("/api/v1/patients/{id}/consents/withdraw");
    world.call("POST", &path, Some(&nurse), Some(json!({"purpose": "care"}))).await.expect(204);
    world.call("GET", &format!("/api/v1/patients/{id}/record"), Some(&nurse), None).await.expect(404);
}

#[tokio::test]
async fn staff_send_a_new_pin_by_sms_or_mail_and_never_see_it() {
    let world = World::new().await;
    let nurse = world.sign_in("nurse").await;
    let other = world.sign_in("other-nurse").await;
    let phone = "+23276000001";
    let id = world.patient(&nurse, "Aminata", Some(phone)).await;
    world.chosen_pin(phone, "480625").await;
    let path = format!("/api/v1/patients/{id}/pin");
    world.call("POST", &path, Some(&other), Some(json!({}))).await.expect(403);
    let told = world.call("POST", &path, Some(&nurse), Some(json!({}))).await.expect(202);
    let by_sms = world.messages().await.pop().unwrap();
    assert!(by_sms.contains("your PIN is"), "{by_sms}");
    assert!(!told.to_string().chars().any(|letter| letter.is_ascii_digit()), "{told}");
    let login = json!({"phone": phone, "pin": "480625"});
    world.call("POST", "/api/patient/login", None, Some(login)).await.expect(401);

    let mailbox = json!({"email": "aminata@example.org"});
    world.call("POST", &path, Some(&nurse), Some(mailbox)).await.expect(202);
    let texts = world.messages().await;
    let mails = texts.iter().filter(|text| text.starts_with("MamaCare\nMamaCare: your PIN is "));
    assert_eq!(mails.count(), 1, "{texts:?}");
    assert!(texts.last().unwrap().contains("not to this number"), "her number is told: {texts:?}");
    let states: Vec<(String, String)> =
        sqlx::query_as("SELECT medium, state FROM outbox WHERE kind = 'pin' ORDER BY id DESC LIMIT 2")
            .fetch_all(&world.database.pool)
            .await
            .unwrap();
    let expected = [("email", "queued"), ("sms", "cancelled")]
        .map(|(medium, state)| (medium.to_owned(), state.to_owned()));
    assert_eq!(states, expected, "never more than one that counts");
    for _ in 0..2 {
        world.call("POST", &path, Some(&nurse), Some(json!({}))).await.expect(202);
    }
    let told = world.call("POST", &path, Some(&nurse), Some(json!({}))).await;
    let wait = told.retry_after.expect("Retry-After");
    assert!((1..=86_400).contains(&wait), "{wait}");
    told.expect(429);
    let noted = "SELECT count(*) FROM access_log WHERE what = 'pin' AND actor_kind = 'staff' AND person = $1";
    let noted: i64 = sqlx::query_scalar(noted).bind(id).fetch_one(&world.database.pool).await.unwrap();
    assert_eq!(noted, 4);
}
