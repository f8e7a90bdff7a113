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

#[tokio::test]
async fn what_somebody_sends_by_sms_is_answered_and_staff_see_the_rest() {
    let folder = TestFolder::new();
    let mut demo = Demo::start(&folder, &[]);
    let url = demo.fact("/sms_callbacks/africastalking/url").to_owned();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut ids = 0;
    let mut says = |text: &'static str| {
        ids += 1;
        let id = ids.to_string();
        let form = [("id", id.as_str()), ("from", "+23276000001"), ("to", "4680"), ("text", text)];
        client.post(&url).form(&form).send()
    };
    assert_eq!(says("help").await.unwrap().status(), 200);
    demo.wait_for("…01: MamaCare: dial *468#");
    assert_eq!(says("STPO").await.unwrap().status(), 200);
    demo.wait_for("…01: MamaCare: messages to this number are stopped.");
    assert_eq!(says("start").await.unwrap().status(), 200);
    demo.wait_for("…01: MamaCare: messages come to this number.");
    assert_eq!(says("Where is the midwife today?").await.unwrap().status(), 200);
    demo.wait_for("…01: Thank you. A nurse reads your message");

    let desk = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_mamacare"))
            .arg("desk")
            .args(arguments)
            .args(["--by", "midwife@demo.mamacare.example", "--data"])
            .arg(folder.path())
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let (done, list) = desk(&["list"]);
    assert!(done && list.ends_with("1 to do\n") && !list.contains("midwife"), "{list}");
    let id = list.split_whitespace().next().unwrap();
    let (done, shown) = desk(&["show", id]);
    assert!(done && shown.contains("says  Where is the midwife today?"), "{shown}");
    assert!(shown.contains("+23276000001"), "{shown}");
    assert!(desk(&["done", id, "--result", "Told her."]).0);
    assert!(desk(&["list"]).1.ends_with("0 to do\n"));
    assert!(demo.stop().success());
}
