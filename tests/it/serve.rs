//! The program itself: `mamacare serve`, `migrate` and `dial` as an operator of the service runs them.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use chrono::{DateTime, Days, Utc};
use mamacare::app::clock::Clock;
use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Authority, SECRET, TestDatabase, TestFolder};

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn mamacare(arguments: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mamacare"));
    command.args(arguments).env_clear().envs(environment.iter().copied()).current_dir(std::env::temp_dir());
    command
}

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    mamacare(arguments, environment).stdin(Stdio::null()).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What a production node is given.
fn environment(url: &str) -> Vec<(&str, &str)> {
    vec![
        ("DATABASE_URL", url),
        ("MAMACARE_SECRETS__MASTER_KEY", KEY),
        ("MAMACARE_SERVER__LISTEN", "127.0.0.1:0"),
        ("MAMACARE_CHANNELS__AFRICASTALKING__ENABLED", "true"),
        ("MAMACARE_CHANNELS__AFRICASTALKING__SECRETS", SECRET),
        ("MAMACARE_CHANNELS__JSON__ENABLED", "true"),
        ("MAMACARE_CHANNELS__JSON__SECRETS", SECRET),
        ("MAMACARE_LOG__LEVEL", "debug"),
        ("MAMACARE_LOG__FORMAT", "json"),
    ]
}

/// A node in a process of its own.
pub struct Served {
    child: Child,
    lines: Receiver<String>,
    log: String,
    pub url: String,
}

impl Served {
    fn start(url: &str) -> Self {
        Self::with(&environment(url))
    }

    pub fn with(environment: &[(&str, &str)]) -> Self {
        let mut child = mamacare(&["serve"], environment).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let pipe = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || pipe.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok()));
        let mut log = String::new();
        let address = loop {
            let line = lines.recv_timeout(Duration::from_secs(30)).unwrap_or_else(|_| panic!("{log}"));
            let event: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
            log.push_str(&line);
            log.push('\n');
            if event["message"] == "ready" {
                break event["address"].as_str().unwrap().to_owned();
            }
        };
        Self { child, lines, log, url: format!("http://{address}") }
    }

    async fn turn(&self, session: &str, text: &str) -> String {
        let form = [
            ("sessionId", session),
            ("phoneNumber", "+23276000001"),
            ("serviceCode", "*468#"),
            ("text", text),
        ];
        let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap();
        let url = format!("{}/ussd/africastalking/{SECRET}", self.url);
        client.post(url).form(&form).send().await.unwrap().text().await.unwrap()
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Waits until it logs that.
    fn logs(&mut self, what: &str) {
        while !self.log.contains(what) {
            let line = self.lines.recv_timeout(Duration::from_secs(30));
            self.log += &line.unwrap_or_else(|_| panic!("{what} is not in {}", self.log));
            self.log.push('\n');
        }
    }

    /// Waits until it has ended; gives its exit code and all that it logged.
    fn ended(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().unwrap();
        let mut log = std::mem::take(&mut self.log);
        log.extend(self.lines.iter().map(|line| line + "\n"));
        (status.code(), log)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The settings of a service that speaks TLS itself.
fn over_tls<'a>(certificate: &'a Path, key: &'a Path) -> [(&'static str, &'a str); 3] {
    [
        ("MAMACARE_SERVER__PUBLIC_URL", "https://localhost"),
        ("MAMACARE_SERVER__TLS_CERTIFICATE", certificate.to_str().unwrap()),
        ("MAMACARE_SERVER__TLS_KEY", key.to_str().unwrap()),
    ]
}

#[tokio::test]
async fn sighup_renews_the_certificate_of_a_running_service() {
    let (database, folder) = (TestDatabase::new().await, TestFolder::new());
    let (old, new) = (Authority::new(), Authority::new());
    let (certificate, key) = old.issue("localhost").write(&folder);
    let url = database.url();
    let mut environment = environment(&url);
    environment.extend(over_tls(&certificate, &key));
    let node = Served::with(&environment);
    let url = node.url.replace("http://127.0.0.1", "https://localhost") + "/healthz";
    let ask = |trusted: &Authority| {
        let trusted = reqwest::Certificate::from_pem(trusted.pem().as_bytes()).unwrap();
        let client = reqwest::Client::builder().tls_certs_only([trusted]).timeout(Duration::from_secs(10));
        client.build().unwrap().get(&url).send()
    };
    assert_eq!(ask(&old).await.unwrap().status(), 200);
    new.issue("localhost").write(&folder);
    node.signal(Signal::HUP);
    let begun = Instant::now();
    while ask(&new).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(10), "it still serves the certificate before");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(ask(&old).await.is_err());
    node.signal(Signal::TERM);
    let (code, log) = node.ended();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("renewed") && !log.contains("PRIVATE KEY"), "{log}");
    // Both end in many years, of which there is nothing to say.
    assert!(!log.contains("certificate ends") && !log.contains("has ended"), "{log}");
}

#[tokio::test]
async fn a_certificate_that_is_over_or_ends_soon_is_told_in_the_log_and_as_a_number() {
    let (database, folder, authority) = (TestDatabase::new().await, TestFolder::new(), Authority::new());
    let today = Clock::system().now().date_naive().and_time(chrono::NaiveTime::MIN).and_utc();
    let (over, soon) = (today - Days::new(1), today + Days::new(10));
    let (certificate, key) = authority.issue_until("localhost", over).write(&folder);
    let url = database.url();
    let mut environment = environment(&url);
    environment.extend(over_tls(&certificate, &key));
    let mut node = Served::with(&environment);
    assert!(node.log.contains("has ended") && node.log.contains(&over.to_rfc3339()), "{}", node.log);
    // Who scrapes looks at the number, and not at the certificate.
    let client = reqwest::Client::builder().tls_danger_accept_invalid_certs(true).build().unwrap();
    let address = node.url.replace("http://", "https://") + "/metrics";
    let told = async |end: DateTime<Utc>| {
        let numbers = client.get(&address).send().await.unwrap().text().await.unwrap();
        let line = format!("\nmamacare_tls_certificate_expires_seconds {}\n", end.timestamp());
        assert!(numbers.contains(&line), "{line} is not in {numbers}");
    };
    told(over).await;
    authority.issue_until("localhost", soon).write(&folder);
    node.signal(Signal::HUP);
    node.logs("ends soon");
    assert!(node.log.contains(&soon.to_rfc3339()), "{}", node.log);
    told(soon).await;
}

#[tokio::test]
async fn a_wrong_certificate_stops_the_start_in_one_sentence() {
    let (database, folder) = (TestDatabase::new().await, TestFolder::new());
    let (certificate, _) = Authority::new().issue("localhost").write(&folder);
    let url = database.url();
    let mut environment = environment(&url);
    environment.extend([
        ("MAMACARE_SERVER__PUBLIC_URL", "https://localhost"),
        ("MAMACARE_SERVER__TLS_CERTIFICATE", certificate.to_str().unwrap()),
        ("MAMACARE_SERVER__TLS_KEY", "/nowhere/privkey.pem"),
    ]);
    let told = stderr(&run(&["serve"], &environment));
    assert!(told.contains("server.tls_key: /nowhere/privkey.pem: it cannot be read"), "{told}");
    environment.retain(|(name, _)| *name != "MAMACARE_SERVER__TLS_KEY");
    let told = stderr(&run(&["serve"], &environment));
    assert!(told.contains("one goes with the other"), "{told}");
}

#[tokio::test]
async fn a_node_serves_until_sigterm_and_logs_nothing_secret() {
    let database = TestDatabase::new().await;
    let node = Served::start(&database.url());
    assert!(node.turn("s", "").await.starts_with("CON "));
    assert!(node.turn("s", "2").await.starts_with("CON "));
    node.turn("s", "2*739150").await;
    assert!(node.turn("s", "2*739150*999").await.starts_with("END "));
    let begun = Instant::now();
    node.signal(Signal::TERM);
    let (code, log) = node.ended();
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("\"turn\"") || log.contains("session"), "turns leave no trace: {log}");
    for secret in ["739150", "76000001", SECRET, KEY] {
        assert!(!log.contains(secret), "{secret} is in the log: {log}");
    }
}

#[tokio::test]
async fn what_was_answered_is_there_after_kill_9() {
    let database = TestDatabase::new().await;
    let first = Served::start(&database.url());
    first.turn("s", "").await;
    let screen = first.turn("s", "1").await;
    first.signal(Signal::KILL);
    first.ended();
    let second = Served::start(&database.url());
    assert_eq!(second.turn("s", "1").await, screen);
    assert!(second.turn("s", "1*0").await.starts_with("CON "));
}

#[tokio::test]
async fn a_database_without_migrations_is_refused_until_it_is_migrated() {
    let database = TestDatabase::new().await;
    sqlx::raw_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public").execute(&database.pool).await.unwrap();
    let url = database.url();
    let refused = run(&["serve"], &environment(&url));
    assert_eq!(refused.status.code(), Some(1));
    assert!(stderr(&refused).contains("mamacare migrate"), "{}", stderr(&refused));
    for said in ["Applied", "up to date"] {
        let migrated = run(&["migrate"], &[("DATABASE_URL", &url)]);
        assert!(migrated.status.success(), "{}", stderr(&migrated));
        assert!(String::from_utf8_lossy(&migrated.stdout).contains(said));
    }
    let facilities: i64 =
        sqlx::query_scalar("SELECT count(*) FROM facility").fetch_one(&database.pool).await.unwrap();
    assert!(facilities > 10, "the country's facilities are not there");
    let node = Served::start(&url);
    node.turn("s", "").await;
    assert!(node.turn("s", "3").await.starts_with("CON "));
}

#[test]
fn a_wrong_setting_stops_the_start_and_is_named() {
    let url = "postgres://nobody@127.0.0.1:9/none";
    for (changed, value, named) in [
        ("MAMACARE_USSD__SERVICE_CODE", "468x", "ussd.service_code"),
        ("MAMACARE_USSD__NO_SUCH_KEY", "1", "ussd.no_such_key"),
        ("MAMACARE_SECRETS__MASTER_KEY", &"07".repeat(32), "secrets.master_key: this is the demo's"),
        ("MAMACARE_CHANNELS__JSON__SECRETS", "demo-0f1e2d3c4b5a69788796", "channels.json.secrets"),
        ("MAMACARE_LOG__LEVEL", "=;", "log.level"),
    ] {
        let mut environment = environment(url);
        environment.retain(|(name, _)| *name != changed);
        environment.push((changed, value));
        let refused = run(&["serve"], &environment);
        assert_eq!(refused.status.code(), Some(1), "{changed}");
        assert!(stderr(&refused).contains(named), "{changed}: {}", stderr(&refused));
    }
    let example = run(&["serve", "--example"], &[]);
    assert!(example.status.success());
    assert!(String::from_utf8_lossy(&example.stdout).contains("session_timeout_seconds = 180"));
}

#[tokio::test]
async fn a_phone_in_the_terminal_dials_and_answers() {
    let database = TestDatabase::new().await;
    let node = Served::start(&database.url());
    for channel in ["africastalking", "json"] {
        let arguments = ["dial", "*468#", "--server", &node.url, "--secret", SECRET, "--channel", channel];
        let mut phone =
            mamacare(&arguments, &[]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        phone.stdin.take().unwrap().write_all(b"1\n0\n999\n").unwrap();
        let shown = phone.wait_with_output().unwrap();
        let screens = String::from_utf8(shown.stdout).unwrap();
        assert_eq!(shown.status.code(), Some(0), "{screens}");
        assert!(screens.matches("MamaCare").count() >= 2, "{screens}");
        assert!(!screens.contains("CON ") && !screens.contains('│'), "{screens}");
    }
    let wrong = run(&["dial", "*468#", "--server", &node.url, "--secret", "wrong"], &[]);
    assert_eq!(wrong.status.code(), Some(2), "{}", stderr(&wrong));
    let url = node.url.clone();
    drop(node);
    let away = run(&["dial", "*468#", "--server", &url, "--secret", SECRET], &[]);
    assert_eq!(away.status.code(), Some(3), "{}", stderr(&away));
}
