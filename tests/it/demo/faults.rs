//! What keeps a demo from starting: a sentence that says what to do, and nothing broken.

use std::net::TcpListener;

use super::{Demo, command, refused};
use crate::harness::TestFolder;

#[test]
fn a_port_that_is_taken() {
    let folder = TestFolder::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = refused(folder.path(), &["--port", &port]);
    assert!(said.contains(&format!("port {port}")) && said.contains("--port"), "{said}");
    assert!(!folder.path().join("postgres").exists());
}

#[tokio::test]
async fn a_second_demo_on_the_same_folder() {
    let folder = TestFolder::new();
    let first = Demo::start(&folder, &[]);
    let said = refused(folder.path(), &["--port", "0"]);
    assert!(said.contains("in use by another MamaCare") && said.contains("--data"), "{said}");
    assert!(first.facts_file().exists());
    assert!(first.turn("still", "+23276000001", "").await.starts_with("CON "));
    assert!(first.stop().success());
}

#[test]
fn a_folder_that_cannot_be_made() {
    let folder = TestFolder::new();
    std::fs::create_dir_all(folder.path()).unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let said = refused(&file.join("data"), &["--port", "0"]);
    assert!(said.contains("cannot be written") && said.contains("--data"), "{said}");
}

#[test]
fn data_whose_secrets_are_gone() {
    let folder = TestFolder::new();
    assert!(Demo::start(&folder, &[]).stop().success());
    std::fs::remove_file(folder.path().join("secrets.json")).unwrap();
    let said = refused(folder.path(), &["--port", "0"]);
    assert!(said.contains("secrets.json is gone"), "{said}");
    assert!(folder.path().join("postgres/PG_VERSION").exists());
}

#[test]
fn more_patients_than_there_are_numbers() {
    let folder = TestFolder::new();
    let output = command(folder.path(), &["--patients", "3000001"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("3000000"));
    assert!(!folder.path().exists());
}
