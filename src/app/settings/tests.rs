use super::*;

fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn with(base: &str, pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
    Settings::load(&Sources { base, file: None, environment: env(pairs) })
}

fn file(name: &str, text: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("mamacare-settings-{}-{name}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

#[test]
fn the_example_equals_the_defaults_and_names_every_key() {
    let example = with(EXAMPLE, &[]).unwrap();
    assert_eq!(example, Settings::default());
    let shown: Vec<&str> = EXAMPLE
        .lines()
        .filter_map(|line| line.trim_start_matches("# ").split_once(" = "))
        .map(|(key, _)| key)
        .collect();
    // Debug names every field, also those that serde would skip.
    let debug = format!("{:#?}", Settings::default());
    for line in debug.lines() {
        let Some((key, _)) = line.trim().split_once(": ") else { continue };
        let from_environment = ["url", "secrets", "master_key"].contains(&key);
        let section = EXAMPLE.contains(&format!("[{key}")) || EXAMPLE.contains(&format!(".{key}]"));
        assert!(shown.contains(&key) || section || from_environment, "{key} is not in the example");
    }
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_base() {
    let path = file("layers.toml", "[ussd]\nservice_code = \"*111#\"\nsession_timeout_seconds = 120\n");
    let settings = Settings::load(&Sources {
        base: "[ussd]\nservice_code = \"*100#\"\nresume_window_seconds = 60\n",
        file: Some(path),
        environment: env(&[
            ("MAMACARE_USSD__SERVICE_CODE", "*222#"),
            ("MAMACARE_MENU__CONSTANTS__EMERGENCY", "117"),
            ("MAMACARE_MENU__SERVE_UNREVIEWED", "[kri]"),
            ("MAMACARE_CHANNELS__JSON__SECRETS", "1234567890123456,second-secret-of-it"),
            ("DATABASE_URL", "postgres://localhost/mamacare"),
            ("PATH", "/usr/bin"),
            ("MAMACARE_DIAL_SECRET", "of-another-command"),
        ]),
    })
    .unwrap();
    assert_eq!(settings.ussd.service_code, "*222#");
    assert_eq!(settings.ussd.session_timeout_seconds, 120);
    assert_eq!(settings.ussd.resume_window_seconds, 60);
    assert_eq!(settings.menu.constants["emergency"], "117");
    assert_eq!(settings.menu.serve_unreviewed, ["kri"]);
    assert_eq!(settings.channels.json.secrets, SecretList::parse("1234567890123456,second-secret-of-it"));
    assert_eq!(settings.database.url.unwrap().reveal(), "postgres://localhost/mamacare");
}

#[test]
fn a_wrong_setting_names_its_key() {
    for (pairs, named) in [
        (vec![("MAMACARE_USSD__SERVICE_CODE", "*468")], "ussd.service_code: expected a code like *468#"),
        (vec![("MAMACARE_USSD__SESION_TIMEOUT", "1")], "ussd.sesion_timeout: no such key"),
        (vec![("MAMACARE_USD__X", "1")], "usd: no such key"),
        (vec![("MAMACARE_USSD_SERVICE_CODE", "1")], "ussd_service_code: no such key"),
        (vec![("MAMACARE_PIN__TRIES", "many")], "pin.tries: "),
        (vec![("MAMACARE_PIN__TRIES", "40")], "pin.tries: expected 1 to 10, found 40"),
        (vec![("MAMACARE_SERVER__LISTEN", "here")], "server.listen: "),
        (vec![("MAMACARE_SERVER__TRUSTED_PROXIES", "[nowhere]")], "server.trusted_proxies"),
        (vec![("MAMACARE_CHANNELS__JSON__FOLDING", "none")], "channels.json.folding: "),
        (vec![("MAMACARE_CHANNELS__JSON__SECRETS", "a/b")], "channels.json.secrets: "),
        (vec![("MAMACARE_SECRETS__MASTER_KEY", "short")], "secrets.master_key: expected 64"),
        (vec![("DATABASE_URL", "mysql://x")], "database.url: expected"),
        (
            vec![("MAMACARE_SECRETS__MASTER_KEY_FILE", "/nowhere/key")],
            "secrets.master_key_file: /nowhere/key",
        ),
    ] {
        let message = with("", &pairs).unwrap_err().to_string();
        assert!(message.contains(named), "{pairs:?}: {message}");
        assert!(!message.contains("a/b") && !message.contains("mysql"), "a secret is shown: {message}");
    }
}

#[test]
fn all_wrong_values_are_told_at_once() {
    let message = with("", &[("MAMACARE_PIN__TRIES", "0"), ("MAMACARE_LIMITS__IN_FLIGHT", "0")])
        .unwrap_err()
        .to_string();
    assert_eq!(message.lines().count(), 2, "{message}");
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_shown() {
    for (name, text) in [
        ("key", format!("[secrets]\nmaster_key = \"{KEY}\"\n")),
        ("url", "[database]\nurl = \"postgres://u:hidden@h/d\"\n".to_owned()),
        ("list", "[channels.json]\nsecrets = [\"hidden-hidden-hidden\"]\n".to_owned()),
    ] {
        let path = file(name, &text);
        let sources = Sources { base: "", file: Some(path), environment: vec![] };
        let message = Settings::load(&sources).unwrap_err().to_string();
        assert!(message.contains("_file names") && !message.contains("hidden"), "{message}");
        assert!(!message.contains(KEY), "{message}");
    }
}

#[test]
fn secrets_come_from_files() {
    let key = file("master", &format!("{KEY}\n"));
    let list = file("secrets", "first-secret-of-it\nsecond-secret-of-it\n");
    let settings = with(
        "",
        &[
            ("MAMACARE_SECRETS__MASTER_KEY_FILE", key.to_str().unwrap()),
            ("MAMACARE_CHANNELS__JSON__SECRETS_FILE", list.to_str().unwrap()),
        ],
    )
    .unwrap();
    let octets: Vec<u8> =
        (0..32).map(|at| u8::from_str_radix(&KEY[at * 2..at * 2 + 2], 16).unwrap()).collect();
    let keys = settings.master_keys().unwrap();
    assert!(keys.len() == 1 && keys[0].is(octets.as_slice().try_into().unwrap()));
    assert_eq!(settings.channels.json.secrets.0.len(), 2);
}

#[test]
fn a_master_key_comes_from_a_program_too() {
    let path = file("printed", &format!("2:{KEY}\n"));
    let command = format!("cat {}", path.display());
    let settings = with("", &[("MAMACARE_SECRETS__MASTER_KEY_COMMAND", &command)]).unwrap();
    assert_eq!(settings.master_keys().unwrap()[0].number, 2);
    for wrong in ["false", "/nowhere/key-service decrypt"] {
        let message = with("", &[("MAMACARE_SECRETS__MASTER_KEY_COMMAND", wrong)]).unwrap_err().to_string();
        assert!(message.contains("secrets.master_key_command"), "{message}");
    }
}

#[test]
fn production_asks_for_secrets_of_its_own() {
    let good = [
        ("DATABASE_URL", "postgres://localhost/mamacare"),
        ("MAMACARE_SECRETS__MASTER_KEY", KEY),
        ("MAMACARE_CHANNELS__JSON__ENABLED", "true"),
        ("MAMACARE_CHANNELS__JSON__SECRETS", "0f1e2d3c4b5a69788796"),
    ];
    with("", &good).unwrap().check_production().unwrap();
    for (changed, value, named) in [
        ("MAMACARE_SECRETS__MASTER_KEY", &"07".repeat(32), "secrets.master_key: this is the demo's"),
        ("MAMACARE_CHANNELS__JSON__SECRETS", &"short".to_owned(), "channels.json.secrets: expected 16"),
        ("MAMACARE_CHANNELS__JSON__SECRETS", &"demo-secret-that-is-long".to_owned(), "not the demo's"),
        ("MAMACARE_CHANNELS__JSON__SECRETS", &String::new(), "channels.json: enabled without a secret"),
    ] {
        let mut pairs = good.to_vec();
        pairs.retain(|(name, _)| *name != changed);
        pairs.push((changed, value));
        let message = with("", &pairs).unwrap().check_production().unwrap_err().to_string();
        assert!(message.contains(named), "{changed}: {message}");
    }
    let message = with("", &[]).unwrap().check_production().unwrap_err().to_string();
    assert!(message.contains("DATABASE_URL") && message.contains("secrets.master_key: none"), "{message}");
}
