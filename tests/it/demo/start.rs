//! A first start: what it tells, and what is behind what it tells.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use mamacare::identity::{HasherSettings, PinHasher};
use mamacare::privacy::Keyring;
use mamacare::store::staff::StaffAccount;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::Value;
use sqlx::{Connection, PgConnection};

use super::Demo;
use crate::harness::TestFolder;

#[tokio::test]
async fn tells_scripts_all_they_need_and_takes_it_back_when_it_stops() {
    let folder = TestFolder::new();
    let demo = Demo::start(&folder, &[]);
    let mode = std::fs::metadata(demo.facts_file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(demo.fact("/base_url").starts_with("http://127.0.0.1:"));
    assert_eq!(demo.facts["pid"], demo.child.id());
    assert_eq!(demo.fact("/service_code"), "*468#");
    assert!(demo.fact("/callbacks/africastalking/url").contains("/ussd/africastalking/"));
    assert_eq!(demo.facts["callbacks"]["africastalking"]["headers"], serde_json::json!({}));
    assert!(demo.fact("/callbacks/json/url").ends_with("/ussd/json"));
    assert!(demo.fact("/callbacks/json/headers/authorization").starts_with("Bearer "));
    mothers_are_as_published(&demo);
    staff_can_sign_in(&demo).await;
    let facts_file = demo.facts_file();
    assert!(demo.stop().success());
    assert!(!facts_file.exists());
    assert!(!folder.path().join("postgres/postmaster.pid").exists());
}

fn mothers_are_as_published(demo: &Demo) {
    let mothers = demo.facts["mothers"].as_array().unwrap();
    let expected = [
        ("expecting", "+23276000001", "en", false),
        ("new_mother", "+23277000002", "kri", false),
        ("first_entry", "+23230000003", "en", true),
    ];
    for (mother, (key, msisdn, language, must_change)) in mothers.iter().zip(expected) {
        assert_eq!((&mother["key"], &mother["msisdn"]), (&Value::from(key), &Value::from(msisdn)));
        assert_eq!(mother["language"], language);
        assert_eq!(mother.get("must_change_pin").is_some_and(|flag| flag == true), must_change, "{key}");
        let pin = mother["pin"].as_str().unwrap();
        assert!(pin.len() == 6 && pin.bytes().all(|digit| digit.is_ascii_digit()), "{pin}");
    }
    assert_eq!(mothers[0]["pin"], "739150");
}

async fn staff_can_sign_in(demo: &Demo) {
    let roles: Vec<&Value> =
        demo.facts["staff"].as_array().unwrap().iter().map(|member| &member["role"]).collect();
    assert_eq!(roles, ["administrator", "hospital", "professional", "pharmacy"]);
    let keys = Arc::new(demo_keys(demo));
    let hasher = PinHasher::start(HasherSettings::default(), keys.pepper(), || [0; 16]).unwrap();
    let mut connection = PgConnection::connect(demo.fact("/database_url")).await.unwrap();
    for member in demo.facts["staff"].as_array().unwrap() {
        let email = member["email"].as_str().unwrap();
        let account = StaffAccount::active(email, &keys, &mut connection).await.unwrap().unwrap();
        assert_eq!(account.role.word(), member["role"]);
        assert!(account.synthetic);
        let password = member["password"].as_str().unwrap();
        assert!(hasher.verify(password, &account.password_hash).await.unwrap(), "{email}");
    }
}

fn demo_keys(demo: &Demo) -> Keyring {
    let secrets = std::fs::read(demo.folder.join("secrets.json")).unwrap();
    let secrets: Value = serde_json::from_slice(&secrets).unwrap();
    let digits = secrets["master_key"].as_str().unwrap();
    let octet = |at: usize| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap();
    Keyring::new(&std::array::from_fn(octet), StdRng::seed_from_u64(1))
}

#[tokio::test]
async fn the_mothers_read_what_is_known_of_them() {
    let folder = TestFolder::new();
    let demo = Demo::start(&folder, &[]);
    let pin = |at: usize| demo.facts["mothers"][at]["pin"].as_str().unwrap();
    let expecting = demo.walk("e", "+23276000001", &["Mother", pin(0), "pregnancy"]).await;
    assert!(expecting.contains("28 weeks"), "{expecting}");
    let visits = demo.walk("v", "+23276000001", &["Mother", pin(0), "record", "visits"]).await;
    assert!(visits.contains("weak blood"), "{visits}");
    let hidden = ["syphilis", "sex"];
    assert!(hidden.iter().all(|word| !visits.contains(word)), "{visits}");
    let baby = demo.walk("b", "+23277000002", &["Mama", pin(1), "rèkòd", "maklet", "Bebi, 7 wik"]).await;
    assert!(baby.contains("1. 6 wik"), "{baby}");
    let shared = demo.walk("s", "+23233000004", &["Mama"]).await;
    assert!(shared.contains("1. ") && shared.contains("2. "), "{shared}");
    the_picture_shows_such_screens(&demo).await;
    assert!(demo.stop().success());
}

/// The README's picture: each of its screens is one of the demo's, apart from the day.
async fn the_picture_shows_such_screens(demo: &Demo) {
    let svg = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/conversation.svg");
    let svg = std::fs::read_to_string(svg).unwrap();
    let walks: [(&str, &str, &[&str]); 5] = [
        ("dialled", "+23276000001", &[]),
        ("pin", "+23276000001", &["Mother"]),
        ("mother", "+23276000001", &["Mother", "739150"]),
        ("pregnancy", "+23276000001", &["Mother", "739150", "pregnancy"]),
        ("danger", "+23277000002", &["Denja", "bèlè", "Blòd"]),
    ];
    for (name, msisdn, answers) in walks {
        let drawn = svg.split(&format!("data-screen=\"{name}\">")).nth(1).unwrap();
        let drawn = drawn.split("</g>").next().unwrap();
        let drawn: Vec<&str> =
            drawn.split("</text>").filter_map(|line| line.rsplit_once('>')).map(|line| line.1).collect();
        let shown = demo.walk(&format!("picture-{name}"), msisdn, answers).await;
        let shown = shown.strip_prefix("CON ").unwrap();
        assert_eq!(without_days(&drawn.join(" ")), without_days(shown), "{name}");
    }
}

/// The words, with `DAY` for every date.
fn without_days(text: &str) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let mut words: Vec<&str> = Vec::new();
    for word in text.split_whitespace() {
        let month = MONTHS.contains(&word.trim_end_matches('.'));
        let year = word.trim_end_matches('.').parse::<u16>().is_ok_and(|year| year > 2000);
        if month {
            words.pop();
            words.push("DAY");
        } else if !(year && words.last() == Some(&"DAY")) {
            words.push(word.trim_end_matches('.'));
        }
    }
    words.join(" ")
}
