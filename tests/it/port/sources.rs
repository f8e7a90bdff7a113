//! Each source, as the catalogue says it.

use mamacare::app::turns::PortError;
use mamacare::menu::{Fields, Value};
use mamacare::ussd::catalog::CATALOG;
use mamacare::ussd::port::{Caller, Proof};

use super::world::{BO_HOSPITAL, FATMATA, ISATU, PHARMACY, World, day};

fn text(fields: &Fields, name: &str) -> String {
    match &fields[name] {
        Value::Text(text) => text.clone(),
        other => panic!("{name} is {other:?}"),
    }
}

fn column(answer: &[Fields], name: &str) -> Vec<String> {
    answer.iter().map(|fields| text(fields, name)).collect()
}

#[tokio::test]
async fn places_are_public() {
    let world = World::new().await;
    let caller = world.caller(1);
    let districts = world.ask(&caller, "districts", &[]).await;
    assert_eq!(districts.len(), 16);
    assert_eq!(text(&districts[0], "id"), "bo");
    let clinics = world.ask(&caller, "clinics", &[("district", "bonthe")]).await;
    assert_eq!(column(&clinics, "name"), ["Bonthe Government Hospital", "Mattru UBC Hospital"]);
    assert_eq!(text(&clinics[0], "phone"), "", "no number is known, so none is invented");
    let surgery = [("district", "western-area-urban"), ("service", "surgery")];
    assert_eq!(column(&world.ask(&caller, "clinics", &surgery).await, "name"), ["Connaught Hospital"]);
    let pharmacies = world.ask(&caller, "pharmacies", &[("district", "bo")]).await;
    assert_eq!(column(&pharmacies, "name"), ["Night Pharmacy", "A Pharmacy"]);
    assert_eq!(pharmacies[0]["all_day"], Value::from(true));
    let nearest = world.ask_one(&caller, "nearest", &[("district", "falaba")]).await;
    assert_eq!(text(&nearest, "name"), "Kabala Government Hospital");
    let clinic = world.ask_one(&caller, "clinic", &[("id", &PHARMACY.to_string())]).await;
    assert_eq!((text(&clinic, "kind"), text(&clinic, "district")), ("pharmacy".into(), "Bo".into()));
    for nonsense in ["", "x", "0", "99999", "99999999999999"] {
        assert!(world.ask(&caller, "clinic", &[("id", nonsense)]).await.is_empty(), "{nonsense}");
    }
    assert!(world.ask(&caller, "clinics", &[("district", "atlantis")]).await.is_empty());
}

#[tokio::test]
async fn a_change_of_the_directory_is_seen_when_the_database_tells_it() {
    let world = World::new().await;
    let keeping = tokio::spawn(world.directory.clone().keep_fresh(world.database.pool.clone()));
    let before = world.directory.places();
    // The watch reads once when it begins to listen; what changes after that is told.
    while std::sync::Arc::ptr_eq(&before, &world.directory.places()) {
        tokio::task::yield_now().await;
    }
    world.run("UPDATE facility SET status = 'closed' WHERE id = 6").await;
    while world.directory.places().facility(BO_HOSPITAL).is_some() {
        tokio::task::yield_now().await;
    }
    keeping.abort();
}

#[tokio::test]
async fn she_is_greeted_only_where_she_chose_so() {
    let world = World::new().await;
    let me = world.ask_one(&world.known(FATMATA), "me", &[]).await;
    assert_eq!(text(&me, "greeting"), "Fatmata");
    assert_eq!(text(&me, "facility"), "Bo Government Hospital");
    assert_eq!((&me["greet"], &me["verified"]), (&Value::from(true), &Value::from(true)));
    let me = world.ask_one(&world.known(ISATU), "me", &[]).await;
    assert_eq!((text(&me, "greeting"), text(&me, "facility")), (String::new(), String::new()));
    assert_eq!((&me["greet"], &me["verified"]), (&Value::from(false), &Value::from(false)));
}

#[tokio::test]
async fn her_pregnancy_is_counted_from_the_due_date() {
    let world = World::new().await;
    let pregnancy = world.ask_one(&world.known(FATMATA), "pregnancy", &[]).await;
    assert_eq!(pregnancy["active"], Value::from(true));
    assert_eq!((&pregnancy["weeks"], &pregnancy["days"]), (&Value::from(28), &Value::from(3)));
    assert_eq!(pregnancy["due"], Value::from(day("2027-02-13")));
    assert_eq!(pregnancy["estimate"], Value::from(false));
    // Seen at 20 and at 25 weeks: the third contact of eight is next.
    assert_eq!(pregnancy["next_contact"], Value::from(3));
    assert!(matches!(pregnancy["next_on"], Value::Date(_)));
    assert!(world.ask(&world.known(ISATU), "pregnancy", &[]).await.is_empty());
    world.run("UPDATE pregnancy SET precision = 'month'").await;
    let estimate = world.ask_one(&world.known(FATMATA), "pregnancy", &[]).await;
    assert_eq!((&estimate["estimate"], &estimate["overdue"]), (&Value::from(true), &Value::from(false)));
    world.run("UPDATE pregnancy SET status = 'ended', ended_on = '2026-11-20'").await;
    assert!(world.ask(&world.known(FATMATA), "pregnancy", &[]).await.is_empty());
}

#[tokio::test]
async fn the_next_visit_is_the_first_from_today_on() {
    let world = World::new().await;
    let next = world.ask_one(&world.known(FATMATA), "next_visit", &[]).await;
    assert_eq!(next["on"], Value::from(day("2026-12-01")));
    assert_eq!((text(&next, "time"), text(&next, "purpose")), ("09:30".into(), "antenatal check".into()));
    assert_eq!((&next["booked"], &next["in_days"]), (&Value::from(true), &Value::from(7)));
    world.run("UPDATE appointment SET status = 'cancelled' WHERE number = 2").await;
    let krio = Caller { language: "kri".to_owned(), ..world.known(FATMATA) };
    let next = world.ask_one(&krio, "next_visit", &[]).await;
    assert_eq!((text(&next, "time"), text(&next, "purpose")), (String::new(), "nɔs fɔ chɛk yu".into()));
    assert!(world.ask(&world.known(ISATU), "next_visit", &[]).await.is_empty());
}

#[tokio::test]
async fn visits_tell_only_what_may_be_shown() {
    let world = World::new().await;
    let caller = world.known(FATMATA);
    let visits = world.ask(&caller, "visits", &[]).await;
    assert_eq!(column(&visits, "id"), ["3", "2", "1"]);
    assert_eq!(
        column(&visits, "reason"),
        ["antenatal check", "antenatal check", "fever from mosquito bites"],
        "syphilis and HIV stay unsaid"
    );
    let visit = world.ask_one(&caller, "visit", &[("id", "1")]).await;
    assert_eq!(text(&visit, "reason"), "fever from mosquito bites; treat fast");
    assert_eq!((text(&visit, "treatment"), text(&visit, "pressure")), ("Tablets".into(), String::new()));
    let visit = world.ask_one(&caller, "visit", &[("id", "2")]).await;
    assert_eq!((text(&visit, "pressure"), text(&visit, "weight")), ("118/74".into(), "61.8".into()));
    for nonsense in ["0", "4", "-1", "x", "99999999999"] {
        assert!(world.ask(&caller, "visit", &[("id", nonsense)]).await.is_empty(), "{nonsense}");
    }
    assert!(world.ask(&world.known(ISATU), "visit", &[("id", "1")]).await.is_empty(), "not hers");
}

#[tokio::test]
async fn measures_are_the_last_of_each_kind() {
    let world = World::new().await;
    let measures = world.ask_one(&world.known(FATMATA), "measures", &[]).await;
    assert_eq!((text(&measures, "pressure"), text(&measures, "weight")), ("110/70".into(), "61.8".into()));
    assert_eq!(measures["pressure_on"], Value::from(day("2026-11-01")));
    assert_eq!(measures["weight_on"], Value::from(day("2026-09-29")));
    assert!(world.ask(&world.known(ISATU), "measures", &[]).await.is_empty());
}

#[tokio::test]
async fn medicines_that_are_taken_come_first_and_private_ones_not_at_all() {
    let world = World::new().await;
    let medicines = world.ask(&world.known(FATMATA), "medicines", &[]).await;
    assert_eq!(column(&medicines, "name"), ["Iron + folic acid", "Artemether-lumefantrine"]);
    assert_eq!(text(&medicines[0], "plain"), "builds blood; dark stool is normal");
    assert_eq!(medicines[0]["ongoing"], Value::from(true));
    assert_eq!(medicines[1]["ongoing"], Value::from(false));
    assert_eq!(medicines[1]["until"], Value::from(day("2026-09-30")));
    world.give_medicine("benzathine_penicillin", false).await;
    assert_eq!(world.ask(&world.known(FATMATA), "medicines", &[]).await.len(), 2);
    world.give_medicine("antiretrovirals", true).await;
    let medicines = world.ask(&world.known(FATMATA), "medicines", &[]).await;
    assert_eq!(column(&medicines, "name")[0], "Your tablets");
}

#[tokio::test]
async fn children_have_their_vaccines_the_next_one_first() {
    let world = World::new().await;
    let caller = world.known(FATMATA);
    let baby = world.ask_one(&caller, "babies", &[]).await;
    assert_eq!((text(&baby, "id"), text(&baby, "name")), ("1".into(), "Mariama".into()));
    assert_eq!((&baby["weeks"], &baby["months"]), (&Value::from(46), &Value::from(10)));
    let vaccines = world.ask(&caller, "vaccines", &[("baby", "1")]).await;
    let states = column(&vaccines, "state");
    let first_given = states.iter().position(|state| state == "given").unwrap();
    assert!(states[first_given..].iter().all(|state| state == "given"), "{states:?}");
    assert_eq!(states[0], "overdue", "the visits after six weeks were missed");
    let at_six_weeks = vaccines.iter().find(|visit| text(visit, "plain") == "6 weeks").unwrap();
    assert_eq!(text(at_six_weeks, "name"), "OPV1, Penta1, PCV1, Rota1");
    assert_eq!(at_six_weeks["given"], Value::from(true));
    assert!(world.ask(&caller, "vaccines", &[("baby", "2")]).await.is_empty());
    assert!(world.ask(&world.known(ISATU), "babies", &[]).await.is_empty());
    assert!(world.ask(&world.known(ISATU), "vaccines", &[("baby", "1")]).await.is_empty(), "not hers");
    let later = Caller { today: day("2031-01-02"), ..caller };
    assert!(world.ask(&later, "babies", &[]).await.is_empty(), "five today");
}

#[tokio::test]
async fn looks_tell_others_first_and_her_own_in_short() {
    let world = World::new().await;
    let looks = world.ask(&world.known(FATMATA), "looks", &[]).await;
    assert_eq!(column(&looks, "who"), ["Nurse, Bo Government Hospital"]);
    assert_eq!(looks[0]["on"], Value::from(day("2026-11-21")));
    assert_eq!(text(&looks[0], "what"), "record");
    world
        .run(
            "INSERT INTO access_log (at, person, actor_kind, act, what, channel)
             SELECT '2026-10-01'::timestamptz + day * interval '1 day', '00000000-0000-0000-0000-000000000001',
                    'self', 'read', what, 'json'
             FROM generate_series(0, 50) AS day, unnest(ARRAY['visits', 'visit', 'next_visit', 'looks']) AS what
             ORDER BY day, what",
        )
        .await;
    let looks = world.ask(&world.known(FATMATA), "looks", &[]).await;
    let who = column(&looks, "who");
    assert_eq!(who.iter().filter(|who| *who == "you").count(), 5);
    assert_eq!(who[0], "Nurse, Bo Government Hospital");
    assert_eq!(column(&looks, "what")[1..3], ["record", "appointments"]);
    assert_eq!(looks[1]["on"], Value::from(day("2026-11-20")));
    assert!(world.ask(&world.known(ISATU), "looks", &[]).await.is_empty());
}

#[tokio::test]
async fn consents_list_every_purpose() {
    let world = World::new().await;
    let consents = world.ask(&world.known(FATMATA), "consents", &[]).await;
    assert_eq!(column(&consents, "id"), ["care", "reminders", "sharing", "sharing_outside", "research"]);
    assert_eq!(
        (&consents[0]["given"], &consents[0]["on"]),
        (&Value::from(true), &Value::from(day("2026-10-25")))
    );
    assert_eq!(consents[1]["given"], Value::from(false));
    assert!(!consents[1].contains_key("on"), "she was never asked");
}

#[tokio::test]
async fn nothing_is_answered_without_its_guard() {
    let world = World::new().await;
    let choosing = Caller { proof: Proof::Choosing { person: FATMATA }, ..world.caller(1) };
    let no_consent = Caller { proof: Proof::Pin { person: FATMATA, consented: false }, ..world.caller(1) };
    let built_in = ["languages", "people"];
    for source in CATALOG.sources.iter().filter(|source| !built_in.contains(&source.name)) {
        let params: Vec<_> = source.params.iter().map(|param| (param.name, "1")).collect();
        for (caller, may) in [
            (world.caller(1), mamacare::menu::Guard::Phone),
            (choosing.clone(), mamacare::menu::Guard::Phone),
            (no_consent.clone(), mamacare::menu::Guard::Pin),
        ] {
            let answer = world.try_ask(&caller, source.name, &params).await;
            let refused = matches!(answer, Err(PortError::Broken(_)));
            assert_eq!(refused, source.guard > may, "{} {:?}", source.name, caller.proof);
        }
    }
}

#[tokio::test]
async fn a_withdrawn_consent_counts_at_once_whatever_the_session_remembers() {
    let world = World::new().await;
    world.run("UPDATE consent SET withdrawn_at = '2026-11-24 08:00Z', withdrawn_channel = 'staff'").await;
    for source in
        ["pregnancy", "next_visit", "visits", "visit", "medicines", "measures", "babies", "vaccines"]
    {
        let answer = world.ask(&world.known(FATMATA), source, &[("id", "1"), ("baby", "1")]).await;
        assert!(answer.is_empty(), "{source}");
    }
    assert_eq!(world.ask(&world.known(FATMATA), "me", &[]).await.len(), 1);
}

#[tokio::test]
async fn who_is_erased_has_nothing_left_to_show() {
    let world = World::new().await;
    assert!(!world.ask(&world.known(FATMATA), "visits", &[]).await.is_empty());
    world
        .run("UPDATE person SET wrapped_key = NULL, identity = NULL, erased_at = now() WHERE status = 'verified'")
        .await;
    for source in ["me", "visits", "pregnancy", "babies"] {
        assert!(world.ask(&world.known(FATMATA), source, &[]).await.is_empty(), "{source}");
    }
}
