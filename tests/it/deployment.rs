//! What is shipped for running it: the settings in the image and the compose file are ones that a
//! production node takes, with secrets as `deploy/secrets.sh` makes them; and the binary's own check
//! of health.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use mamacare::app::settings::{Settings, Sources};

use crate::harness::{TestFolder, TestNode};

fn shipped(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// Variables of ours in the image and in these compose files, the later over the earlier.
fn variables(secrets: &Path, files: &[&str], dot_env: &[(&str, &str)]) -> Vec<(String, String)> {
    let image = shipped("Dockerfile");
    let of_image = image.lines().filter_map(|line| line.trim().trim_start_matches("ENV ").split_once('='));
    let composed: String = files.iter().map(|file| shipped(file)).collect();
    let of_compose = composed.lines().filter_map(|line| line.trim().split_once(": "));
    of_image
        .chain(of_compose)
        .filter(|(name, _)| name.starts_with("MAMACARE_"))
        .map(|(name, value)| (name.to_owned(), plain(value, secrets, dot_env)))
        .collect()
}

/// A value as the container sees it: without quotes, with what `.env` says, or the default, with secrets where
/// they are here.
fn plain(value: &str, secrets: &Path, dot_env: &[(&str, &str)]) -> String {
    let value = value.trim_end_matches(" \\").trim_matches(['"', '\'']);
    let said = |name: &str| dot_env.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let value = match value.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')?.split_once(":-")) {
        Some((name, default)) => said(name).unwrap_or(default),
        None => value,
    };
    value.replace("/run/secrets", secrets.to_str().unwrap())
}

/// A copy of `deploy/` with its secrets made.
fn with_secrets(folder: &TestFolder) -> PathBuf {
    std::fs::create_dir_all(folder.path()).unwrap();
    let script = folder.path().join("secrets.sh");
    std::fs::write(&script, shipped("deploy/secrets.sh")).unwrap();
    let made = Command::new("bash").arg(&script).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    folder.path().join("secrets")
}

#[test]
fn a_production_node_takes_the_settings_of_the_compose_file() {
    let folder = TestFolder::new();
    let secrets = with_secrets(&folder);
    let environment = variables(&secrets, &["docker-compose.yml"], &[]);
    assert!(environment.len() > 8, "{environment:?}");
    let settings = Settings::load(&Sources { environment, ..Sources::default() }).unwrap();
    settings.check_production().unwrap();
    assert!(settings.channels.africastalking.enabled && settings.channels.json.enabled);
    assert!(settings.server.listen.ip().is_unspecified());
}

#[test]
fn a_provider_of_sms_is_named_by_a_file_over_the_compose_file() {
    let folder = TestFolder::new();
    let secrets = with_secrets(&folder);
    std::fs::write(secrets.join("sms_key"), "their-key\n").unwrap();
    let load = |dot_env: &[(&str, &str)]| {
        let environment = variables(&secrets, &["docker-compose.yml", "deploy/sms.yml"], dot_env);
        Settings::load(&Sources { environment, ..Sources::default() })
    };
    let endpoint = ("SMS_ENDPOINT", "https://sms.example/send");
    let (username, sender) = (("SMS_USERNAME", "health"), ("SMS_SENDER", "MamaCare"));
    for (kind, needs) in [
        ("africastalking", vec![username, sender]),
        ("twilio", vec![username, ("SMS_SERVICE", "MG1")]),
        ("kannel", vec![endpoint, username, sender]),
        ("http", vec![endpoint]),
    ] {
        let settings =
            load(&[&[("SMS_TYPE", kind), ("SMS_PRICE", "0.02")], needs.as_slice()].concat()).unwrap();
        settings.check_production().unwrap();
        assert_eq!(settings.messages.providers, ["gateway"], "{kind}");
        let gateway = &settings.providers["gateway"];
        assert_eq!(gateway.secret.as_ref().unwrap().reveal(), "their-key", "{kind}");
        assert_eq!((gateway.callback_secrets.0.len(), gateway.price), (1, 0.02), "{kind}");
    }
    let told = load(&[]).unwrap_err().to_string();
    assert!(told.contains("providers.gateway.username: none given"), "{told}");
}

#[test]
fn every_secret_of_the_compose_file_is_made_and_never_made_again() {
    let folder = TestFolder::new();
    let secrets = with_secrets(&folder);
    let compose = shipped("docker-compose.yml") + &shipped("deploy/sms.yml");
    let files = compose.split("./deploy/secrets/").skip(1).map(|rest| rest.split(' ').next().unwrap());
    // What the provider gives, nobody makes.
    let files = files.filter(|file| *file != "sms_key");
    let mut before = Vec::new();
    for file in files {
        before
            .push((file, std::fs::read(secrets.join(file)).unwrap_or_else(|_| panic!("{file} is not made"))));
    }
    assert!(before.len() >= 8, "{}", before.len());
    with_secrets(&folder);
    for (file, content) in before {
        assert_eq!(std::fs::read(secrets.join(file)).unwrap(), content, "{file}");
    }
}

async fn health(arguments: Vec<String>) -> Output {
    let asking = tokio::task::spawn_blocking(move || {
        Command::new(env!("CARGO_BIN_EXE_mamacare")).arg("health").args(arguments).output().unwrap()
    });
    asking.await.unwrap()
}

#[tokio::test]
async fn the_image_can_ask_itself_how_it_is() {
    let node = TestNode::new().await;
    let server = format!("--server={}", node.url("/"));
    for ready in [vec![], vec!["--ready".to_owned()]] {
        let asked = health([vec![server.clone()], ready].concat()).await;
        assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    }
    node.stop().await;
    let asked = health(vec![server]).await;
    assert_eq!(asked.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&asked.stderr).contains("no node answers"));
}
