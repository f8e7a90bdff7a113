//! Messages, greeting and consent: what she decides counts at once.

use mamacare::app::turns::PortError;
use mamacare::menu::Value;
use mamacare::ussd::port::{Caller, Proof};

use super::world::{BO_HOSPITAL, FATMATA, World};

#[tokio::test]
async fn stopping_holds_back_what_is_queued() {
    let world = World::new().await;
    let id = BO_HOSPITAL.to_string();
    world.act(&world.caller(1), "send_clinic", &[("id", &id)]).await;
    let outcome = world.act(&world.caller(2), "stop_messages", &[]).await;
    let phone = outcome.phone.unwrap();
    assert_eq!((outcome.name, phone.stopped, phone.people), ("ok", true, 2));
    assert!(world.queued(world.now).await.is_empty());
    let since = "SELECT count(*) FROM phone WHERE stopped_at = '2026-11-24 08:30Z'";
    assert_eq!(world.count(since).await, 1);
    let outcome = world.act(&world.caller(3), "start_messages", &[]).await;
    assert!(!outcome.phone.unwrap().stopped);
    assert!(world.queued(world.now).await.is_empty(), "what was cancelled stays so");
}

#[tokio::test]
async fn she_chooses_how_she_is_greeted() {
    let world = World::new().await;
    let known = world.known(FATMATA);
    assert_eq!(world.act(&known, "set_greeting", &[("on", "no")]).await.name, "ok");
    let me = world.ask_one(&known, "me", &[]).await;
    assert_eq!((&me["greeting"], &me["greet"]), (&Value::from(""), &Value::from(false)));
    assert_eq!(world.act(&known, "set_greeting", &[("on", "yes")]).await.name, "ok");
    assert_eq!(world.ask_one(&known, "me", &[]).await["greeting"], Value::from("Fatmata"));
    let mut work = None;
    let nonsense = world.try_act(&known, "set_greeting", &[("on", "1")], None, &mut work).await;
    assert!(matches!(nonsense, Err(PortError::Broken(_))));
}

#[tokio::test]
async fn consent_is_given_and_withdrawn_and_all_of_it_is_kept() {
    let world = World::new().await;
    let known = world.known(FATMATA);
    let reminders = [("purpose", "reminders")];
    for _ in 0..2 {
        let outcome = world.act(&known, "give_consent", &reminders).await;
        assert_eq!((outcome.name, outcome.proof), ("ok", None));
    }
    let given = async || world.ask(&known, "consents", &[]).await[1]["given"].clone();
    assert_eq!(given().await, Value::from(true));
    for _ in 0..2 {
        assert_eq!(world.act(&known, "withdraw_consent", &reminders).await.name, "ok");
    }
    assert_eq!(given().await, Value::from(false));
    world.act(&known, "give_consent", &reminders).await;
    assert_eq!(given().await, Value::from(true));
    let rows = "SELECT count(*) FROM consent WHERE purpose = 'reminders' AND text_version LIKE 'menu %'";
    assert_eq!(world.count(rows).await, 2, "the one withdrawn and the live one");
    let changes = "SELECT count(*) FROM access_log WHERE act = 'change' AND what = 'consents'";
    assert_eq!(world.count(changes).await, 5);
    let mut work = None;
    let nonsense = world.try_act(&known, "give_consent", &[("purpose", "all")], None, &mut work).await;
    assert!(matches!(nonsense, Err(PortError::Broken(_))));
}

#[tokio::test]
async fn without_consent_to_care_nothing_is_shown_until_she_agrees_again() {
    let world = World::new().await;
    let known = world.known(FATMATA);
    let care = [("purpose", "care")];
    let outcome = world.act(&known, "withdraw_consent", &care).await;
    assert_eq!(outcome.proof, Some(Proof::Pin { person: FATMATA, consented: false }));
    assert!(world.ask(&known, "visits", &[]).await.is_empty());
    let unconsenting = Caller { proof: outcome.proof.unwrap(), ..known.clone() };
    let outcome = world.act(&unconsenting, "give_consent", &care).await;
    assert_eq!(outcome.proof, Some(Proof::Pin { person: FATMATA, consented: true }));
    assert_eq!(world.ask(&known, "visits", &[]).await.len(), 3);
}

#[tokio::test]
async fn what_a_turn_has_done_counts_on_its_own_screen() {
    let world = World::new().await;
    world.run("UPDATE consent SET withdrawn_at = '2026-11-24 08:00Z', withdrawn_channel = 'staff'").await;
    let (known, mut work) = (world.known(FATMATA), None);
    assert!(world.ask_in(&mut work, &known, "visits", &[]).await.unwrap().is_empty());
    world.try_act(&known, "give_consent", &[("purpose", "care")], None, &mut work).await.unwrap();
    assert_eq!(world.ask_in(&mut work, &known, "visits", &[]).await.unwrap().len(), 3);
    assert!(world.ask(&known, "visits", &[]).await.is_empty(), "others see it when it is committed");
}

#[tokio::test]
async fn only_who_gave_her_pin_changes_what_is_hers() {
    let world = World::new().await;
    let choosing = Caller { proof: Proof::Choosing { person: FATMATA }, ..world.caller(1) };
    for (action, params) in [
        ("set_greeting", [("on", "yes")]),
        ("give_consent", [("purpose", "care")]),
        ("withdraw_consent", [("purpose", "care")]),
    ] {
        for caller in [&world.caller(1), &choosing] {
            let mut work = None;
            let refused = world.try_act(caller, action, &params, None, &mut work).await;
            assert!(matches!(refused, Err(PortError::Broken(_))), "{action}");
            assert!(work.is_none());
        }
    }
}
