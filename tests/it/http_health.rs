//! What a node says of itself.

use serde_json::{Value, json};

use crate::harness::TestNode;

async fn readiness(node: &TestNode) -> (u16, Value) {
    let response = node.get("/readyz").await;
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn a_node_that_works_says_so() {
    let node = TestNode::new().await;
    assert_eq!(node.get("/healthz").await.text().await.unwrap(), "ok\n");
    let (status, ready) = readiness(&node).await;
    assert_eq!((status, &ready["ready"], &ready["database"]), (200, &json!(true), &json!("answers")));
    assert_eq!(ready["migrations"]["pending"], json!(0));
    assert_eq!(ready["menu"]["version"].as_str().unwrap().len(), 16);
    assert_eq!(ready["menu"].get("refused"), None);
}

#[tokio::test]
async fn a_refused_edit_is_told_and_the_menu_before_goes_on() {
    let node = TestNode::new().await;
    let (_, before) = readiness(&node).await;
    std::fs::write(node.menus.path().join("clinics.yaml"), "mamacare: 1\nflow: clinics\nstart: nowhere\n")
        .unwrap();
    node.reload_menus().await;
    let (status, after) = readiness(&node).await;
    assert_eq!((status, &after["ready"]), (200, &json!(true)));
    assert_eq!(after["menu"]["version"], before["menu"]["version"]);
    assert!(after["menu"]["refused"].as_str().unwrap().contains("clinics.yaml:"), "{after}");
}

#[tokio::test]
async fn a_database_that_lacks_a_migration_is_not_ready() {
    let node = TestNode::new().await;
    sqlx::raw_sql("DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)")
        .execute(&node.database.pool)
        .await
        .unwrap();
    let (status, ready) = readiness(&node).await;
    assert_eq!((status, &ready["migrations"]["pending"]), (503, &json!(1)));
}

#[tokio::test]
async fn numbers_are_counted_under_prometheus_names() {
    let node = TestNode::new().await;
    node.turn("s", "+23276000001", "").await;
    let response = node.get("/metrics").await;
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"));
    let text = response.text().await.unwrap();
    for name in [
        "mamacare_turns_total{channel=\"africastalking\"",
        "mamacare_screens_total{",
        "mamacare_turn_duration_seconds_bucket{channel=\"africastalking\",le=\"0.02\"}",
        "mamacare_database_connections{state=\"idle\"}",
        "mamacare_turns_in_flight ",
    ] {
        assert!(text.contains(name), "{name} is not in\n{text}");
    }
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let name = line.split(['{', ' ']).next().unwrap();
        assert!(name.starts_with("mamacare_"), "{line}");
        assert!(
            text.contains(&format!(
                "# TYPE {}",
                name.trim_end_matches("_bucket").trim_end_matches("_sum").trim_end_matches("_count")
            )),
            "{line}"
        );
    }
}

#[tokio::test]
async fn a_node_that_stops_finishes_and_closes() {
    let node = TestNode::new().await;
    node.turn("s", "+23276000001", "").await;
    let address = node.url("/healthz");
    tokio::time::timeout(std::time::Duration::from_secs(10), node.stop()).await.unwrap();
    assert!(reqwest::get(address).await.is_err());
}
