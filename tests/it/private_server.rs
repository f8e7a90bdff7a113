//! The private PostgreSQL: started from nothing, found again, and cleaned up after.

use std::path::Path;
use std::str::FromStr;

use mamacare::store::private::{Durability, PrivateServer, PrivateServerError, socket_url};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};

use crate::harness::{TestDatabase, TestFolder};

async fn start(folder: &Path) -> PrivateServer {
    PrivateServer::start(folder, Durability::Durable).await.unwrap_or_else(|error| panic!("{error}"))
}

async fn connect(folder: &Path) -> Result<PgConnection, sqlx::Error> {
    PgConnection::connect_with(&PgConnectOptions::from_str(&socket_url(folder, "postgres")).unwrap()).await
}

async fn ask(connection: &mut PgConnection, question: &'static str) -> String {
    sqlx::query_scalar(question).fetch_one(connection).await.unwrap()
}

fn server_process(folder: &Path) -> i32 {
    let states = std::fs::read_to_string(folder.join("postgres/postmaster.pid")).unwrap();
    states.lines().next().unwrap().trim().parse().unwrap()
}

fn kill(pid: i32) {
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
}

#[tokio::test]
async fn starts_from_nothing_durable_and_off_the_network() {
    let folder = TestFolder::new();
    let server = start(folder.path()).await;
    let mut connection = connect(folder.path()).await.unwrap();
    assert_eq!(ask(&mut connection, "SHOW fsync").await, "on");
    assert_eq!(ask(&mut connection, "SHOW synchronous_commit").await, "on");
    assert_eq!(ask(&mut connection, "SHOW listen_addresses").await, "");
    assert!(server.ensure_database("mamacare").await.unwrap());
    assert!(!server.ensure_database("mamacare").await.unwrap());
    drop(connection);
    server.stop().await;
    assert!(connect(folder.path()).await.is_err());
    assert!(!folder.path().join("postgres/postmaster.pid").exists());
}

#[tokio::test]
async fn keeps_what_was_committed_when_both_are_killed() {
    let folder = TestFolder::new();
    let server = start(folder.path()).await;
    let mut connection = connect(folder.path()).await.unwrap();
    sqlx::raw_sql("CREATE TABLE kept AS SELECT 'here' AS word").execute(&mut connection).await.unwrap();
    // As after kill -9 of the program: the server runs on, and nobody holds the folder.
    server.leave_running().await;
    let orphan = server_process(folder.path());
    let second = start(folder.path()).await;
    assert_ne!(server_process(folder.path()), orphan);
    let mut connection = connect(folder.path()).await.unwrap();
    assert_eq!(ask(&mut connection, "SELECT word FROM kept").await, "here");
    second.leave_running().await;
    kill(server_process(folder.path()));
    let third = start(folder.path()).await;
    let mut connection = connect(folder.path()).await.unwrap();
    assert_eq!(ask(&mut connection, "SELECT word FROM kept").await, "here");
    third.stop().await;
}

#[tokio::test]
async fn comes_back_by_itself_when_it_is_killed() {
    let folder = TestFolder::new();
    let server = start(folder.path()).await;
    let begun = "SELECT pg_postmaster_start_time()::text";
    let before = ask(&mut connect(folder.path()).await.unwrap(), begun).await;
    kill(server_process(folder.path()));
    let after = loop {
        match connect(folder.path()).await {
            Ok(mut connection) => break ask(&mut connection, begun).await,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    assert_ne!(before, after);
    server.stop().await;
}

#[tokio::test]
async fn a_half_made_cluster_is_made_again() {
    let folder = TestFolder::new();
    std::fs::create_dir_all(folder.path().join("postgres.part/base")).unwrap();
    std::fs::write(folder.path().join("postgres.part/PG_VERSION"), "15\n").unwrap();
    let server = start(folder.path()).await;
    assert!(connect(folder.path()).await.is_ok());
    assert!(!folder.path().join("postgres.part").exists());
    server.stop().await;
}

#[tokio::test]
async fn a_pid_file_that_names_a_stranger_is_stale() {
    let folder = TestFolder::new();
    start(folder.path()).await.stop().await;
    // This very process: alive, and not a PostgreSQL.
    let stale = format!("{}\n{}\n", std::process::id(), folder.path().join("postgres").display());
    std::fs::write(folder.path().join("postgres/postmaster.pid"), stale).unwrap();
    let server = start(folder.path()).await;
    assert!(connect(folder.path()).await.is_ok());
    server.stop().await;
}

#[tokio::test]
async fn a_second_one_on_the_same_folder_is_refused_and_harms_nothing() {
    let folder = TestFolder::new();
    let first = start(folder.path()).await;
    let refused = PrivateServer::start(folder.path(), Durability::Durable).await.unwrap_err();
    assert!(matches!(refused, PrivateServerError::InUse { .. }), "{refused}");
    assert!(connect(folder.path()).await.is_ok());
    first.stop().await;
}

#[tokio::test]
async fn each_test_has_a_database_of_its_own() {
    let (one, other) = tokio::join!(TestDatabase::new(), TestDatabase::new());
    sqlx::raw_sql("CREATE TABLE mine ()").execute(&one.pool).await.unwrap();
    let there: Option<String> =
        sqlx::query_scalar("SELECT to_regclass('mine')::text").fetch_one(&other.pool).await.unwrap();
    assert_eq!(there, None);
    let mut by_url = PgConnection::connect(&one.url()).await.unwrap();
    assert_eq!(ask(&mut by_url, "SELECT to_regclass('mine')::text").await, "mine");
}
