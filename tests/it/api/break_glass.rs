//! A doctor opens the record of a patient of another facility with a reason, and she reads it by
//! dialling.

use serde_json::json;

use super::world::World;
use crate::harness::TestNode;

const PHONE: &str = "+23276000001";
const PIN: &str = "480625";

/// Dials, then types one answer after the other; gives the screens that follow the answers.
async fn dial(node: &TestNode, session: &str, answers: &[&str]) -> Vec<String> {
    node.turn(session, PHONE, "").await;
    let mut screens = Vec::new();
    for typed in 1..=answers.len() {
        screens.push(node.turn(session, PHONE, &answers[..typed].join("*")).await.text);
    }
    screens
}

/// What stands on a screen, without line ends and the lines of keys.
fn words(screen: &str) -> String {
    let lines = screen.lines().filter(|line| !line.starts_with("0 ") && !line.starts_with("98 "));
    lines.collect::<Vec<_>>().join(" ").replace("CON ", "")
}

#[tokio::test]
async fn she_reads_on_her_phone_who_opened_her_record_and_why() {
    let world = World::new().await;
    let nurse = world.sign_in("nurse").await;
    let id = world.patient(&nurse, "Aminata", Some(PHONE)).await;
    world.chosen_pin(PHONE, PIN).await;
    let doctor = world.sign_in("other-doctor").await;
    let record = format!("/api/v1/patients/{id}/record");
    world.call("GET", &record, Some(&doctor), None).await.expect(403);
    let open = format!("/api/v1/patients/{id}/open");
    // Local letters, a typographic dash, and letters that no basic phone has.
    let reason = "Brought in unconscious — fɔdɔm from ɔkada, ward №4 急";
    world.call("POST", &open, Some(&doctor), Some(json!({"reason": reason}))).await.expect(200);
    world.call("GET", &record, Some(&doctor), None).await.expect(200);
    world.clock.advance(std::time::Duration::from_mins(1));
    let longest = format!("Second look: {}.", "blood pressure 170/110 ".repeat(25)[..486].trim());
    world.call("POST", &open, Some(&doctor), Some(json!({"reason": longest}))).await.expect(200);
    let kept: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT reason FROM access_log WHERE act = 'grant' AND person = $1")
            .bind(id)
            .fetch_all(&world.database.pool)
            .await
            .unwrap();
    assert_eq!(kept.len(), 2);
    assert!(kept.iter().all(|sealed| !sealed.windows(5).any(|part| part == b"Broug" || part == b"blood")));

    let World { database, keyring, .. } = world;
    let node = TestNode::keyed(database, keyring, |settings| settings.menu.serve_unreviewed.clear()).await;
    let screens = dial(&node, "s", &["9", PIN, "1", "2", "999"]).await;
    assert!(screens[0].contains("PIN"), "{screens:#?}");
    let list = words(&screens[2]);
    assert!(list.contains("1. 24 November: Doctor, Second Hospital, record. Second look: blood"), "{list}");
    let whole = "24 November: Doctor, Second Hospital, record. The reason given: \
                 Brought in unconscious - fòdòm from òkada, ward ?4 ?";
    assert_eq!(words(&screens[3]), whole);
    assert!(screens.iter().all(|screen| screen.chars().count() <= 182 + "CON ".len()), "{screens:?}");

    let mut typed = vec!["9", PIN, "1", "1"];
    let mut pages = dial(&node, "t", &typed).await.split_off(3);
    while pages.last().unwrap().contains("98 More") && pages.len() < 9 {
        typed.push("98");
        pages.push(node.turn("t", PHONE, &typed.join("*")).await.text);
    }
    let read = pages.iter().map(|page| words(page)).collect::<Vec<_>>().join(" ");
    assert!(read.contains(&format!("The reason given: {longest}")), "{pages:#?}");
}
