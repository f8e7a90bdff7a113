//! `--patients`: as many as were asked for, once.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use sqlx::{Connection, PgConnection};

use super::{Demo, PATIENCE, command, follow};
use crate::harness::TestFolder;

async fn synthetic(demo: &Demo) -> i64 {
    let mut connection = PgConnection::connect(demo.fact("/database_url")).await.unwrap();
    let count = "SELECT count(*) FROM person WHERE synthetic AND EXISTS
                 (SELECT FROM consent WHERE consent.person = person.id AND purpose = 'care')";
    sqlx::query_scalar(count).fetch_one(&mut connection).await.unwrap()
}

#[tokio::test]
async fn more_are_added_to_those_that_are_there() {
    let folder = TestFolder::new();
    let demo = Demo::start(&folder, &[]);
    assert!(demo.facts.get("load").is_none());
    let mothers = synthetic(&demo).await;
    assert!(demo.stop().success());
    for (wanted, there) in [("40", 40), ("60", 60), ("60", 60), ("0", 60)] {
        let demo = Demo::start(&folder, &["--patients", wanted]);
        assert_eq!(demo.facts["load"]["count"], there, "{wanted}");
        assert_eq!(demo.fact("/load/first_msisdn"), "+23278000000");
        assert_eq!(synthetic(&demo).await, mothers + i64::from(there), "{wanted}");
        let last = demo.turn("last", "+23278000039", "").await;
        assert!(last.starts_with("CON "), "{last}");
        assert!(demo.stop().success());
    }
}

#[tokio::test]
async fn a_load_that_is_cut_off_goes_on_where_it_was() {
    let folder = TestFolder::new();
    let mut cut = command(folder.path(), &["--port", "0", "--patients", "5000"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = follow(cut.stderr.take().unwrap());
    // The first transaction is in the database, and the second is not.
    while !lines.recv_timeout(PATIENCE).unwrap().contains("% of 5,000") {}
    cut.kill().unwrap();
    cut.wait().unwrap();
    let demo = Demo::start(&folder, &["--patients", "4200"]);
    assert_eq!(demo.facts["load"]["count"], 4200);
    let mothers = i64::try_from(demo.facts["mothers"].as_array().unwrap().len()).unwrap();
    assert_eq!(synthetic(&demo).await, 4200 + mothers);
    assert!(demo.stop().success());
}

#[test]
fn a_stop_while_it_loads_is_clean() {
    let folder = TestFolder::new();
    let mut loading = command(folder.path(), &["--port", "0", "--patients", "100000"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = follow(loading.stderr.take().unwrap());
    while !lines.recv_timeout(PATIENCE).unwrap().contains("loading 100,000") {}
    let pid = i32::try_from(loading.id()).unwrap();
    kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
    assert!(loading.wait().unwrap().success());
    assert!(!folder.path().join("postgres/postmaster.pid").exists());
    assert!(!folder.path().join("demo.json").exists());
}
