//! What a demo knew before, it knows after: a clean stop, a kill.

use rustix::process::{Pid, Signal, kill_process};
use sqlx::{Connection, PgConnection};

use super::Demo;
use crate::harness::TestFolder;

#[tokio::test]
async fn a_second_start_goes_on_where_the_first_was_killed() {
    let folder = TestFolder::new();
    let first = Demo::start(&folder, &[]);
    let greeting = first.turn("cut", "+23276000001", "").await;
    let next = first.turn("cut", "+23276000001", "1").await;
    let facts = first.facts.clone();
    first.kill();
    // The facts of the killed one still lie there, and its PostgreSQL runs.
    assert!(folder.path().join("demo.json").exists());
    assert!(folder.path().join("postgres/postmaster.pid").exists());

    let second = Demo::start(&folder, &[]);
    for kept in ["mothers", "staff", "service_code"] {
        assert_eq!(second.facts[kept], facts[kept], "{kept}");
    }
    assert_ne!(second.facts["pid"], facts["pid"]);
    assert_eq!(second.turn("cut", "+23276000001", "1").await, next);
    assert_ne!(next, greeting);
    assert!(second.stop().success());
}

#[tokio::test]
async fn nothing_is_brought_in_twice() {
    let folder = TestFolder::new();
    let count =
        "SELECT (SELECT count(*) FROM person) + (SELECT count(*) FROM visit) + (SELECT count(*) FROM staff)
                        + (SELECT count(*) FROM facility) + (SELECT count(*) FROM access_log)";
    let mut counts = Vec::new();
    for _ in 0..2 {
        let demo = Demo::start(&folder, &[]);
        let mut connection = PgConnection::connect(demo.fact("/database_url")).await.unwrap();
        counts.push(sqlx::query_scalar::<_, i64>(count).fetch_one(&mut connection).await.unwrap());
        assert!(demo.stop().success());
    }
    assert!(counts[0] > 50, "{counts:?}");
    assert_eq!(counts[0], counts[1]);
}

#[tokio::test]
async fn a_mother_who_chose_her_own_pin_is_not_told_with_the_old_one() {
    let folder = TestFolder::new();
    let first = Demo::start(&folder, &[]);
    let given = first.facts["mothers"][2]["pin"].as_str().unwrap();
    let done = first.walk("own", "+23230000003", &["Mother", given, "1", "480275", "480275"]).await;
    assert!(done.starts_with("CON "), "{done}");
    assert!(first.stop().success());
    let second = Demo::start(&folder, &[]);
    let mother = &second.facts["mothers"][2];
    assert_eq!((&mother["pin_changed"], mother.get("must_change_pin")), (&true.into(), None), "{mother}");
    let inside = second.walk("again", "+23230000003", &["Mother", "480275"]).await;
    assert!(inside.contains("record"), "{inside}");
    assert!(second.stop().success());
}

fn kill_server(folder: &TestFolder, signal: Signal) {
    let states = std::fs::read_to_string(folder.path().join("postgres/postmaster.pid")).unwrap();
    let server = states.lines().next().unwrap().parse().unwrap();
    kill_process(Pid::from_raw(server).unwrap(), signal).unwrap();
}

#[tokio::test]
async fn a_wrong_pin_that_was_answered_stays_counted_when_its_postgresql_is_killed() {
    let folder = TestFolder::new();
    let demo = Demo::start(&folder, &[]);
    let pin = demo.facts["mothers"][0]["pin"].as_str().unwrap();
    let all = format!("2*907135*907136*907137*{pin}");
    let typed: Vec<&str> = all.match_indices('*').map(|(at, _)| &all[..at]).chain([all.as_str()]).collect();
    let expected = ["PIN", "4 tries left", "3 tries left", "2 tries left", "My record"];
    demo.turn("guess", "+23276000001", "").await;
    for (typed, expected) in typed.into_iter().zip(expected) {
        // PostgreSQL may not be back yet; the same turn again is the same try.
        let mut screen = demo.turn("guess", "+23276000001", typed).await;
        while screen.starts_with("END ") {
            screen = demo.turn("guess", "+23276000001", typed).await;
        }
        assert!(screen.contains(expected), "{expected} in {screen}");
        // Its processes end at once: what they have not flushed is lost.
        kill_server(&folder, Signal::QUIT);
    }
    assert!(demo.stop().success());
}

#[tokio::test]
async fn its_postgresql_comes_back_when_it_is_killed() {
    let folder = TestFolder::new();
    let demo = Demo::start(&folder, &[]);
    let before = demo.turn("before", "+23276000001", "").await;
    kill_server(&folder, Signal::KILL);
    // A polite end meanwhile, never an error page.
    let mut tries = 0;
    while demo.turn(&format!("try-{tries}"), "+23276000001", "").await.starts_with("END ") {
        tries += 1;
    }
    assert_eq!(demo.turn("before", "+23276000001", "").await, before);
    assert!(demo.stop().success());
}
