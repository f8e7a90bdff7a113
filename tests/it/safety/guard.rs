//! A number or a PIN that somebody takes over: locks over all doors, what cools down, what is told, and the
//! stop that the old number can put to it.

use mamacare::store::{erasure, export, retention};
use serde_json::json;

use super::doors::{Doors, HERS, NEW, PIN, minutes, pin_in};

const REASON: &str = "I delivered her first child and know her by sight";

/// Wrong PINs by phone and by API in turn, until they lock; the minutes of the lock.
async fn lock(doors: &Doors) -> i64 {
    for wrong in ["111213", "111214"] {
        assert_eq!(doors.types(HERS, wrong).await.name, "wrong");
        doors.signs_in(HERS, wrong).await.expect(401);
    }
    let outcome = doors.types(HERS, "111215").await;
    assert_eq!(outcome.name, "locked", "the fifth of both doors together");
    minutes(&outcome).unwrap()
}

#[tokio::test]
async fn wrong_pins_of_all_doors_lock_together_and_a_new_pin_opens_only_after_a_wait() {
    let mut doors = Doors::new().await;
    assert_eq!(lock(&doors).await, 30);
    doors.signs_in(HERS, PIN).await.expect(401);
    doors.later(30).await;
    assert_eq!(lock(&doors).await, 60);
    doors.later(60).await;
    assert_eq!(lock(&doors).await, 120);
    doors.sent().await;
    doors.writes(HERS, "PIN 1998").await;
    let sent = doors.sent().await;
    let (_, told) = sent.iter().find(|(_, text)| text.contains("your PIN is")).unwrap();
    assert!(told.contains("60 minutes"), "{told}");
    let pin = pin_in(told).unwrap();
    let outcome = doors.forgot(HERS, "1998").await;
    assert_eq!(outcome.name, "wait", "requests by SMS and by phone are counted together");
    for later in [0, 59] {
        doors.later(later).await;
        assert_eq!(doors.types(HERS, pin).await.name, "locked", "after {later} minutes");
        doors.signs_in(HERS, pin).await.expect(401);
    }
    doors.later(1).await;
    doors.chooses(HERS, pin, "604137").await;
    doors.signs_in(HERS, "604137").await.expect(200);
}

#[tokio::test]
async fn by_every_door_the_new_pin_waits_for_the_lock_and_the_answer_is_the_same_for_a_wrong_year() {
    let mut doors = Doors::new().await;
    for minutes in [30, 60] {
        lock(&doors).await;
        doors.later(minutes).await;
    }
    lock(&doors).await;
    doors.sent().await;
    let wrong = doors.forgot(HERS, "1999").await;
    assert_eq!((wrong.name, minutes(&wrong)), ("sent_later", Some(60)));
    assert!(doors.sent().await.is_empty());
    doors.later(10).await;
    let right = doors.forgot(HERS, "1998").await;
    assert_eq!(right, wrong);
    let (_, told) = doors.sent().await.remove(0);
    assert_eq!(doors.types(HERS, pin_in(&told).unwrap()).await.name, "locked");
    doors.later(10).await;
    let body = json!({"phone": HERS});
    doors.world.call("POST", "/api/patient/pin/forgotten", None, Some(body)).await.expect(202);
    let (_, told) = doors.sent().await.remove(0);
    assert!(told.contains("50 minutes"), "asking again does not make it longer: {told}");
    let pin = pin_in(&told).unwrap();
    doors.signs_in(HERS, pin).await.expect(401);
    doors.later(50).await;
    doors.chooses(HERS, pin, "604137").await;
}

#[tokio::test]
async fn staff_lift_a_lock_at_once_and_it_stands_in_the_trail() {
    let mut doors = Doors::new().await;
    lock(&doors).await;
    doors.staff("pin/unlock", json!(null)).await.expect(204);
    assert_eq!(doors.types(HERS, PIN).await.name, "ok");
    let lines = "SELECT count(*) FROM access_log WHERE actor_kind = 'staff' AND what = 'pin_lock'";
    assert_eq!(doors.count(lines).await, 1);
    // So does a new PIN through them.
    doors.later(60).await;
    lock(&doors).await;
    doors.sent().await;
    doors.staff("pin", json!({})).await.expect(202);
    let (_, told) = doors.sent().await.remove(0);
    assert_eq!(doors.types(HERS, pin_in(&told).unwrap()).await.name, "must_change");
}

#[tokio::test]
async fn a_new_number_cools_down_by_every_door_while_her_own_pin_works() {
    let mut doors = Doors::new().await;
    let numbers = doors.staff("numbers", json!({"add": NEW, "end": HERS})).await.expect(200);
    assert_eq!(numbers.as_array().map_or(0, Vec::len), 1, "{numbers}");
    assert_eq!(numbers[0]["no_pin_before"], "2026-11-28T12:00:00Z");
    let sent = doors.sent().await;
    let [(to, text)] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!(to, HERS, "the old number is told, and no other");
    assert!(text.contains("phone number") && !text.contains("77"), "{text}");
    assert_eq!(doors.types(NEW, PIN).await.name, "ok");
    doors.signs_in(NEW, PIN).await.expect(200);
    assert_eq!(doors.types(HERS, PIN).await.name, "none", "the old number leads to nobody");

    for year in ["1998", "1999"] {
        let outcome = doors.forgot(NEW, year).await;
        assert_eq!((outcome.name, minutes(&outcome)), ("cooling", Some(24 * 60)), "{year}");
        doors.writes(NEW, &format!("PIN {year}")).await;
        let sent = doors.sent().await;
        assert!(sent.len() == 1 && sent[0].1.contains("only through your nurse"), "{sent:?}");
    }
    let body = json!({"phone": NEW});
    doors.world.call("POST", "/api/patient/pin/forgotten", None, Some(body)).await.expect(202);
    let refused = doors.staff("pin", json!({})).await.expect(409);
    assert_eq!(refused["type"], "/problems/seen-in-person");
    doors.staff("pin", json!({"email": "aminata@mamacare.example"})).await.expect(409);
    assert!(doors.sent().await.is_empty());
    assert_eq!(doors.types(NEW, PIN).await.name, "ok", "her PIN is as it was");

    doors.staff("pin", json!({"in_person": REASON})).await.expect(202);
    let sent = doors.sent().await;
    let told = |number: &str| sent.iter().find(|(to, _)| to == number).map(|(_, text)| text.as_str());
    assert!(told(HERS).unwrap().contains("not to this number"), "the old one is told for a day: {sent:?}");
    doors.chooses(NEW, pin_in(told(NEW).unwrap()).unwrap(), "604137").await;
    let grants =
        "SELECT count(*) FROM access_log WHERE act = 'grant' AND what = 'pin' AND reason IS NOT NULL";
    assert_eq!(doors.count(grants).await, 1);

    doors.sent().await;
    doors.later(24 * 60).await;
    assert_eq!(doors.forgot(NEW, "1998").await.name, "sent", "a day later she asks by herself");
    let sent = doors.sent().await;
    assert!(sent.len() == 1 && sent[0].0 == NEW, "and the old number hears no more of her: {sent:?}");
}

#[tokio::test]
async fn the_old_number_stops_it_until_staff_have_seen_her() {
    let doors = Doors::new().await;
    doors.staff("numbers", json!({"add": NEW, "end": HERS})).await.expect(200);
    let signed_in = doors.signs_in(NEW, PIN).await.expect(200);
    doors.sent().await;
    assert_eq!(doors.not_me("+23278000009").await, "nothing", "a stranger");
    assert_eq!(doors.types(NEW, PIN).await.name, "ok");

    assert_eq!(doors.not_me(HERS).await, "stopped");
    assert_eq!(doors.not_me(HERS).await, "stopped", "saying so twice does no more");
    let sent = doors.sent().await;
    let mut told: Vec<_> = sent.iter().map(|(to, _)| to.as_str()).collect();
    told.sort_unstable();
    assert_eq!(told, [HERS, NEW], "{sent:?}");
    for pin in [PIN, "111213"] {
        assert_eq!(doors.types(NEW, pin).await.name, "stopped");
    }
    doors.signs_in(NEW, PIN).await.expect(401);
    let refresh = json!({"refresh_token": signed_in["refresh_token"]});
    doors.world.call("POST", "/api/token/refresh", None, Some(refresh)).await.expect(401);
    assert_eq!(doors.forgot(NEW, "1998").await.name, "stopped");
    doors.staff("pin", json!({})).await.expect(409);
    assert!(doors.sent().await.is_empty());
    let tasks = "SELECT count(*) FROM staff_task WHERE kind = 'call' AND urgent AND facility = 90001";
    assert_eq!(doors.count(tasks).await, 1, "her facility calls her");
    let lines = "SELECT count(*) FROM access_log WHERE actor_kind = 'self' AND what = 'pin_stop'";
    assert_eq!(doors.count(lines).await, 1);

    // She came: her number is put right, and she gets a new PIN there and then. Whose the other was has no say.
    let numbers = doors.staff("numbers", json!({"add": HERS, "end": NEW})).await.expect(200);
    assert_eq!(numbers[0]["no_pin_before"], json!(null), "it is hers as before");
    assert!(doors.sent().await.is_empty());
    doors.staff("pin", json!({"in_person": REASON})).await.expect(202);
    let sent = doors.sent().await;
    let [(to, text)] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!(to, HERS);
    doors.chooses(HERS, pin_in(text).unwrap(), "604137").await;
    assert_eq!(doors.not_me(NEW).await, "nothing");
    assert_eq!(doors.types(NEW, "604137").await.name, "none");
}

#[tokio::test]
async fn a_stop_counts_in_a_call_that_is_going_on_and_for_a_pin_on_its_way() {
    let doors = Doors::new().await;
    assert_eq!(doors.forgot(HERS, "1998").await.name, "sent");
    let (_, text) = doors.queued().await.into_iter().map(|sms| (sms.to, sms.text)).next().unwrap();
    assert_eq!(doors.not_me(HERS).await, "stopped");
    let queued = doors.queued().await;
    assert!(queued.iter().all(|sms| sms.kind != "pin"), "what has not left is taken back: {queued:?}");
    assert_eq!(doors.types(HERS, pin_in(&text).unwrap()).await.name, "stopped");
}

#[tokio::test]
async fn after_a_reset_there_is_no_second_for_a_day_and_who_forgot_is_served() {
    let mut doors = Doors::new().await;
    doors.staff("numbers", json!({"add": NEW})).await.expect(200);
    doors.later(25 * 60).await;
    doors.sent().await;
    assert_eq!(doors.forgot(HERS, "1998").await.name, "sent");
    let sent = doors.sent().await;
    let told = |number: &str| sent.iter().find(|(to, _)| to == number).map(|(_, text)| text.as_str());
    assert!(told(HERS).unwrap().contains("your PIN is"));
    assert!(told(NEW).unwrap().contains("not to this number"), "her other number is told");
    assert!(told(NEW).unwrap().contains("*468*6*2#"), "and how to stop it");
    assert!(pin_in(told(NEW).unwrap()).is_none(), "without the PIN");

    // The SMS never came: she asks again.
    doors.later(10).await;
    assert_eq!(doors.forgot(HERS, "1998").await.name, "sent");
    let sent = doors.sent().await;
    let (_, text) = sent.iter().find(|(to, _)| to == HERS).unwrap();
    doors.chooses(HERS, pin_in(text).unwrap(), "604137").await;
    let mut told: Vec<_> = doors.sent().await;
    told.sort();
    let numbers: Vec<_> = told.iter().map(|(to, _)| to.as_str()).collect();
    assert_eq!(numbers, [HERS, NEW], "that it was chosen is told too");
    assert!(told.iter().all(|(_, text)| text.contains("was changed")), "{told:?}");

    doors.later(30).await;
    for number in [HERS, NEW] {
        let outcome = doors.forgot(number, "1998").await;
        assert_eq!((outcome.name, minutes(&outcome)), ("cooling", Some(24 * 60 - 30)), "{number}");
        let body = json!({"phone": number});
        doors.world.call("POST", "/api/patient/pin/forgotten", None, Some(body)).await.expect(202);
        assert_eq!(doors.types(number, "604137").await.name, "ok");
    }
    assert!(doors.sent().await.is_empty());
    doors.staff("pin", json!({})).await.expect(409);
    doors.later(23 * 60 + 30).await;
    assert_eq!(doors.forgot(HERS, "1998").await.name, "sent");
}

#[tokio::test]
async fn a_reset_by_the_api_is_told_and_cools_down_too() {
    let mut doors = Doors::new().await;
    doors.staff("numbers", json!({"add": NEW})).await.expect(200);
    doors.sent().await;
    let asked = json!({"phone": HERS});
    doors.world.call("POST", "/api/patient/pin/forgotten", None, Some(asked)).await.expect(202);
    let sent = doors.sent().await;
    assert_eq!(sent.len(), 2, "{sent:?}");
    let (_, text) = sent.iter().find(|(to, _)| to == HERS).unwrap();
    let chosen = json!({"phone": HERS, "pin": pin_in(text), "new_pin": "604137"});
    doors.world.call("POST", "/api/patient/pin", None, Some(chosen)).await.expect(204);
    let told = doors.sent().await;
    assert!(told.len() == 2 && told.iter().all(|(_, text)| text.contains("was changed")), "{told:?}");
    doors.later(10).await;
    assert_eq!(doors.forgot(HERS, "1998").await.name, "cooling");
    // A change with the PIN that she knows is told as well, and resets nothing.
    let chosen = json!({"phone": HERS, "pin": "604137", "new_pin": "835206"});
    doors.world.call("POST", "/api/patient/pin", None, Some(chosen)).await.expect(204);
    assert_eq!(doors.sent().await.len(), 2);
    doors.signs_in(HERS, "835206").await.expect(200);
}

#[tokio::test]
async fn first_entry_and_a_first_number_cool_nothing() {
    let doors = Doors::new().await;
    let other = doors.world.patient(&doors.nurse, "Fatu", None).await;
    let path = |part: &str| format!("/api/v1/patients/{other}/{part}");
    let body = Some(json!({"add": NEW}));
    let added = doors.world.call("POST", &path("numbers"), Some(&doors.nurse), body).await.expect(200);
    assert_eq!(added[0]["no_pin_before"], json!(null));
    assert!(doors.sent().await.is_empty(), "there is nobody to tell");
    doors.world.call("POST", &path("pin"), Some(&doors.nurse), Some(json!({}))).await.expect(202);
    let (_, text) = doors.sent().await.remove(0);
    doors.chooses(NEW, pin_in(&text).unwrap(), "604137").await;
    assert!(doors.sent().await.is_empty(), "she knows that she chose it");
    assert_eq!(doors.forgot(NEW, "1998").await.name, "sent", "who forgets on the first day is served");
}

#[tokio::test]
async fn a_pin_that_was_not_used_yet_dies_with_its_number() {
    let doors = Doors::new().await;
    doors.staff("pin", json!({})).await.expect(202);
    let text = doors.queued().await.remove(0).text;
    doors.staff("numbers", json!({"add": NEW, "end": HERS})).await.expect(200);
    assert!(doors.queued().await.iter().all(|sms| sms.kind == "warning"));
    assert_eq!(doors.types(NEW, pin_in(&text).unwrap()).await.name, "expired");
    let chosen = json!({"phone": NEW, "pin": pin_in(&text), "new_pin": "604137"});
    doors.world.call("POST", "/api/patient/pin", None, Some(chosen)).await.expect(401);
}

#[tokio::test]
async fn nobody_stops_what_was_not_changed_lately() {
    let mut doors = Doors::new().await;
    assert_eq!(doors.not_me(HERS).await, "nothing");
    doors.staff("numbers", json!({"add": NEW, "end": HERS})).await.expect(200);
    doors.later(24 * 60).await;
    assert_eq!(doors.not_me(HERS).await, "nothing", "after a day the old number may be anybody's");
    assert_eq!(doors.types(NEW, PIN).await.name, "ok");
}

#[tokio::test]
async fn a_number_is_changed_by_her_facility_alone_and_what_does_not_fit_is_refused() {
    let doors = Doors::new().await;
    for (body, field) in [
        (json!({}), "add"),
        (json!({"add": HERS, "end": HERS}), "end"),
        (json!({"end": NEW}), "end"),
        (json!({"add": "12"}), "add"),
    ] {
        let refused = doors.staff("numbers", body).await.expect(400);
        assert!(refused.to_string().contains(field), "{refused}");
    }
    doors.staff("numbers", json!({"add": HERS})).await.expect(409);
    let path = format!("/api/v1/patients/{}/numbers", doors.patient);
    let other = doors.world.sign_in("other-hospital").await;
    doors.world.call("POST", &path, Some(&other), Some(json!({"add": NEW}))).await.expect(404);
    let unlock = format!("/api/v1/patients/{}/pin/unlock", doors.patient);
    doors.world.call("POST", &unlock, Some(&other), None).await.expect(404);
    assert!(doors.sent().await.is_empty(), "nothing of it was done");
    let numbers = doors.world.call("GET", &path, Some(&doors.nurse), None).await.expect(200);
    assert_eq!(numbers[0]["phone"], HERS);
}

#[tokio::test]
async fn former_numbers_are_exported_erased_and_forgotten() {
    let mut doors = Doors::new().await;
    doors.staff("numbers", json!({"add": NEW, "end": HERS})).await.expect(200);
    assert_eq!(doors.not_me(HERS).await, "stopped");
    let mut connection = doors.world.service.acquire().await.unwrap();
    let whole = export::export(&mut connection, &doors.vault, doors.patient).await.unwrap().unwrap();
    assert_eq!(whole["former_phones"][0]["number"], HERS);
    assert!(whole["pin_guard"][0]["stopped_at"].is_string(), "{}", whole["pin_guard"]);
    doors.later(31 * 24 * 60).await;
    for rule in &retention::RULES {
        retention::run(&mut connection, rule, doors.world.now()).await.unwrap();
    }
    assert_eq!(doors.count("SELECT count(*) FROM former_phone").await, 0);
    doors.staff("numbers", json!({"add": HERS, "end": NEW})).await.expect(200);
    assert!(erasure::erase(&mut connection, doors.patient, doors.world.now()).await.unwrap());
    for left in [
        "SELECT count(*) FROM former_phone",
        "SELECT count(*) FROM person_phone",
        "SELECT count(*) FROM pin_guard",
        "SELECT count(*) FROM phone",
    ] {
        assert_eq!(doors.count(left).await, 0, "{left}");
    }
}

/// Each place that leads a number to somebody: who adds one thinks of what it sets going.
#[test]
fn every_door_that_writes_a_number_is_known() {
    let mut found = Vec::new();
    let mut folders = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let writes =
                    ["people::link(", "own_numbers::add(", "INTO person_phone", "\"person_phone\", \"phone"];
                if writes.iter().any(|write| text.contains(write)) {
                    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/src/");
                    found.push(path.to_str().unwrap().strip_prefix(root).unwrap().to_owned());
                }
            }
        }
    }
    found.sort();
    let known = [
        // Somebody new registers, or is registered.
        "api/legacy/enrol.rs",
        "api/v1/import.rs",
        // Somebody known gets another: it cools down, and the numbers before are told.
        "api/v1/numbers.rs",
        "api/v1/patients.rs",
        "app/port/registration.rs",
        // A demo, and load tests.
        "store/bulk/batch.rs",
        "store/people.rs",
        "store/record/own_numbers.rs",
    ];
    assert_eq!(found, known);
}
