//! The demo's SMS: shown in its log, and kept nowhere.

use sqlx::{Connection, PgConnection};

use super::Demo;
use crate::harness::TestFolder;

#[tokio::test]
async fn an_sms_that_was_asked_for_is_shown_and_wiped() {
    let folder = TestFolder::new();
    let mut demo = Demo::start(&folder, &[]);
    let answers = ["Clinics", "Any clinic", "Bo Government Hospital", "SMS"];
    let told = demo.walk("sms", "+23276000001", &answers).await;
    assert!(told.contains("SMS is on its way"), "{told}");
    let shown = demo.wait_for("DEMO SMS");
    assert!(shown.contains("…01: ") && shown.contains("Bo Government Hospital"), "{shown}");
    let mut connection = PgConnection::connect(demo.fact("/database_url")).await.unwrap();
    loop {
        let left: Option<(String, Option<Vec<u8>>)> =
            sqlx::query_as("SELECT state, body FROM outbox").fetch_optional(&mut connection).await.unwrap();
        // Marked right after it is shown.
        if let Some((state, body)) = left
            && state == "sent"
        {
            assert_eq!(body, None);
            break;
        }
    }
    assert!(demo.stop().success());
}
