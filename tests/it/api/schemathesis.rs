//! Tools that know OpenAPI, run against the document and the service over real HTTP: a validator of
//! OpenAPI 3.1, and Schemathesis, which for each role sends what the document allows and what it does
//! not, with one seed. It fails at any 500, and where a status, a media type or a body is not as
//! described, something wrong is taken, or a route answers without the sign-in that it asks for.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::world::World;
use crate::harness::TestFolder;

/// Requests that are made up for each operation, beside the examples of the document.
const EXAMPLES: &str = "4";

/// One run takes a small part of this; past it something hangs.
const PATIENCE: Duration = Duration::from_mins(8);

/// Left out: whether everything that fits the schema is taken. It cannot be: a password may be on the
/// list of known ones, a facility may not be listed, a consent may be refused, a day may lie before
/// another. That each route takes what is right is shown by `every_route_serves_who_may_call_it`.
const LEFT_OUT: &str = "positive_data_acceptance";

/// What it says where it found nothing that it could show again.
const NOT_AGAIN: &str = "No issues found";

/// What HTTP itself forbids in a header is answered before the service sees it, by a 400 without a
/// body: such headers are not sent.
const HOOKS: &str = "import schemathesis

@schemathesis.hook
def filter_headers(context, headers):
    sent = getattr(headers, 'value', headers) or {}
    return all(str(value).isprintable() and str(value).isascii() for value in sent.values())
";

/// A program of the folder that `scripts/setup test` makes.
fn program(name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target"));
    let program = target.join("schemathesis/bin").join(name);
    assert!(
        program.exists(),
        "{} is missing: run `scripts/setup test`, which installs it",
        program.display()
    );
    program
}

/// Runs it to its end, in that folder.
async fn told(folder: &TestFolder, name: &str, arguments: &[&str]) -> Output {
    let mut command = tokio::process::Command::new(program(name));
    std::fs::write(folder.path().join("hooks.py"), HOOKS).unwrap();
    command.env("SCHEMATHESIS_HOOKS", "hooks").env("PYTHONPATH", folder.path());
    command.args(arguments).current_dir(folder.path()).stdin(Stdio::null()).kill_on_drop(true);
    tokio::time::timeout(PATIENCE, command.output()).await.unwrap_or_else(|_| panic!("{name} hangs")).unwrap()
}

/// A folder with the document in it.
fn folder_with(document: &Value) -> TestFolder {
    let folder = TestFolder::new();
    std::fs::create_dir_all(folder.path()).unwrap();
    std::fs::write(folder.path().join("openapi.json"), document.to_string()).unwrap();
    folder
}

#[tokio::test]
async fn the_document_is_valid_openapi_3_1() {
    let folder = folder_with(&mamacare::api::document("https://mamacare.example"));
    let told = told(&folder, "openapi-spec-validator", &["--schema", "3.1.0", "openapi.json"]).await;
    let said = String::from_utf8_lossy(&told.stdout);
    assert!(
        told.status.success() && said.contains("OK"),
        "{said}\n{}",
        String::from_utf8_lossy(&told.stderr)
    );
}

/// The document with what a role may call, in JSON. A body that is a file is nothing that the tool can
/// make up, and it expands a form of many fields without end; uploads, imports and forms have tests of
/// their own.
fn document_for(role: &str, base: &str) -> Value {
    let mut document = mamacare::api::document(base);
    let paths = document["paths"].as_object_mut().unwrap();
    for methods in paths.values_mut() {
        let may =
            |operation: &Value| operation["x-roles"].as_array().unwrap().iter().any(|known| known == role);
        let json = |operation: &Value| {
            operation
                .pointer("/requestBody/content")
                .is_none_or(|body| body.get("application/json").is_some())
        };
        methods.as_object_mut().unwrap().retain(|_, operation| may(operation) && json(operation));
        for operation in methods.as_object_mut().unwrap().values_mut() {
            if let Some(content) =
                operation.pointer_mut("/requestBody/content").and_then(Value::as_object_mut)
            {
                content.retain(|media_type, _| media_type == "application/json");
            }
        }
    }
    // A sign-out would end the sign-in that the run goes on with.
    paths
        .retain(|path, methods| !methods.as_object().unwrap().is_empty() && !path.starts_with("/api/logout"));
    document
}

async fn run(world: &World, role: &str, token: Option<&str>) {
    let folder = folder_with(&document_for(role, &world.base));
    let bearer = token.map(|token| format!("Authorization: Bearer {token}"));
    let mut arguments = vec!["run", "openapi.json", "--url", &world.base];
    arguments.extend(["--seed", "1", "--generation-deterministic", "--max-examples", EXAMPLES]);
    arguments.extend(["--phases", "examples,fuzzing", "--mode", "all", "--workers", "2", "--no-shrink"]);
    arguments.extend(["--exclude-checks", LEFT_OUT, "--continue-on-failure", "--request-timeout", "20"]);
    arguments.extend(["--suppress-health-check", "all", "--warnings", "off", "--no-color"]);
    if let Some(bearer) = &bearer {
        arguments.extend(["--header", bearer]);
    }
    let mut told = told(&folder, "schemathesis", &arguments).await;
    // What it met once and not again when it looked a second time (somebody was told to wait, on a busy
    // machine) is no finding, and it says so; but then a whole run must be clean.
    if !told.status.success() && String::from_utf8_lossy(&told.stdout).contains(NOT_AGAIN) {
        println!("schemathesis as {role}, once more after:\n{}", String::from_utf8_lossy(&told.stdout));
        told = self::told(&folder, "schemathesis", &arguments).await;
    }
    let said = String::from_utf8_lossy(&told.stdout);
    let errors = String::from_utf8_lossy(&told.stderr);
    assert!(told.status.success(), "schemathesis as {role}:\n{said}\n{errors}");
    println!("schemathesis as {role}:\n{said}");
}

async fn as_role(role: &str, name: &str) {
    let world = World::new().await;
    let token = world.sign_in(name).await;
    run(&world, role, Some(&token)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_finds_nothing_as_an_administrator() {
    as_role("administrator", "admin").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_finds_nothing_as_a_hospital() {
    as_role("hospital", "hospital").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_finds_nothing_as_a_professional() {
    as_role("professional", "nurse").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_finds_nothing_as_a_pharmacy() {
    as_role("pharmacy", "pharmacy").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_finds_nothing_as_a_patient() {
    let world = World::new().await;
    let nurse = world.sign_in("nurse").await;
    let phone = "+23276000001";
    world.patient(&nurse, "Aminata", Some(phone)).await;
    world.chosen_pin(phone, "480625").await;
    let token = world.patient_sign_in(phone, "480625").await;
    run(&world, "patient", Some(&token)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_finds_nothing_as_anybody() {
    let world = World::new().await;
    run(&world, "anybody", None).await;
}
