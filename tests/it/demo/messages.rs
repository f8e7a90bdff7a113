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
    // By day there may be reminders too.
    let shown = demo.wait_for("…01: Bo Government Hospital");
    assert!(shown.contains("DEMO SMS"), "{shown}");
    let mut connection = PgConnection::connect(demo.fact("/database_url")).await.unwrap();
    loop {
        let left: Option<(String, Option<Vec<u8>>)> =
            sqlx::query_as("SELECT state, body FROM outbox WHERE kind = 'answer'")
                .fetch_optional(&mut connection)
                .await
                .unwrap();
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
