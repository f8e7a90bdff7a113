//! A demo gateway as a process of its own, and its facts.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::phone::{Line, Script};

const PORT: u16 = 19_080;
/// Of the node whose checks may wait.
const PATIENT_PORT: u16 = 19_086;
const DATA: &str = "/var/tmp/mamacare-bench";
/// Of the callback of a node beside the demo.
const SECRET: &str = "bench-2c4d9a61f0e8b735";

/// A running demo, or a node beside it on its database.
pub struct Gateway {
    child: Child,
    facts: Value,
    patients: u64,
    server: SocketAddr,
    /// Of the callback.
    path: String,
    /// Of its private PostgreSQL.
    pub database_url: String,
}

/// What many live sessions take.
pub struct Live {
    /// Resident memory of the node.
    pub megabytes: u64,
    /// Octets of a session's row, with its header.
    pub row_bytes: u64,
}

impl Gateway {
    /// Starts the release build next to this program; the data directory is kept between runs.
    pub async fn start(patients: u64) -> Result<Self> {
        let (child, facts) = launch(patients).await?;
        let database_url = facts["database_url"].as_str().context("database_url in demo.json")?.to_owned();
        // What a load leaves to be done is no part of any measure.
        while super::peers::number(&database_url, "SELECT count(*) FROM record_change")? > 0 {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        // Nobody is asked whether she goes on where a run before this one was cut off.
        super::peers::number(
            &database_url,
            "WITH closed AS (UPDATE ussd_session SET resumable = false WHERE resumable RETURNING key) \
             SELECT count(*) FROM closed",
        )?;
        let url = facts["callbacks"]["africastalking"]["url"].as_str().context("callback in demo.json")?;
        let path = format!("/{}", url.splitn(4, '/').nth(3).context("path of the callback")?);
        Ok(Self { child, facts, patients, server: ([127, 0, 0, 1], PORT).into(), path, database_url })
    }

    /// A node beside the demo that turns nobody away at her PIN: a check may wait for a minute. No network would, but
    /// only so do as many wait as there are women, and none of them dials again meanwhile.
    pub async fn patient_node(&self) -> Result<Self> {
        let server = SocketAddr::from(([127, 0, 0, 1], PATIENT_PORT));
        let secrets: Value = serde_json::from_slice(&std::fs::read(Path::new(DATA).join("secrets.json"))?)?;
        let log = std::fs::File::create(Path::new(DATA).join("bench-patient.log"))?;
        let child = Command::new(program()?)
            .arg("serve")
            .envs([
                ("DATABASE_URL", self.database_url.as_str()),
                ("MAMACARE_SECRETS__MASTER_KEY", secrets["master_key"].as_str().context("master_key")?),
                ("MAMACARE_SERVER__LISTEN", &server.to_string()),
                ("MAMACARE_CHANNELS__AFRICASTALKING__ENABLED", "true"),
                ("MAMACARE_CHANNELS__AFRICASTALKING__SECRETS", SECRET),
                ("MAMACARE_MENU__SERVE_UNREVIEWED", "[\"kri\"]"),
                ("MAMACARE_USSD__TURN_DEADLINE_MS", "60000"),
                ("MAMACARE_PIN__MAX_WAIT_MS", "60000"),
            ])
            .stdout(Stdio::from(log.try_clone()?))
            .stderr(Stdio::from(log))
            .spawn()?;
        let path = format!("/ussd/africastalking/{SECRET}");
        let (facts, database_url) = (self.facts.clone(), self.database_url.clone());
        let node = Self { child, facts, patients: self.patients, server, path, database_url };
        super::peers::answering(server).await?;
        Ok(node)
    }

    /// A conversation that needs no PIN: dial, language, clinics, district, service, list, one clinic.
    pub fn script(&self, run: &str) -> Script {
        let turns = [
            ("", "MamaCare"),
            ("5", "English"),
            ("1", "1. Danger signs"),
            ("3", "what do you need?"),
            ("8", "1. Bo"),
            ("1", "Bo: what do you need?"),
            ("1", "1. Bo Government Hospital"),
            ("1", "Bo Government Hospital"),
            ("999", "END "),
        ];
        let answers = turns.iter().skip(1).map(|(answer, _)| (*answer).to_owned()).collect();
        let expected = turns.iter().map(|(_, expected)| (*expected).to_owned()).collect();
        self.with(answers, expected, run)
    }

    /// A conversation with her PIN and her record.
    pub fn pin_script(&self, run: &str) -> Script {
        let pin = self.facts["load"]["pin"].as_str().unwrap_or_default().to_owned();
        let answers = vec!["2".to_owned(), pin, "2".to_owned(), "1".to_owned(), "999".to_owned()];
        self.with(answers, ["MamaCare", "PIN", "1. ", "1. "].map(str::to_owned).to_vec(), run)
    }

    /// She looks at the list of her visits again and again, after her PIN: every such turn is timed.
    pub fn sealed_script(&self, run: &str) -> Script {
        let pin = self.facts["load"]["pin"].as_str().unwrap_or_default().to_owned();
        self.again_and_again(vec!["2".to_owned(), pin, "2".to_owned()], run)
    }

    /// The same with the list of clinics, which is nobody's secret.
    pub fn open_script(&self, run: &str) -> Script {
        self.again_and_again(["3", "8", "1"].map(str::to_owned).to_vec(), run)
    }

    fn again_and_again(&self, mut answers: Vec<String>, run: &str) -> Script {
        let first = answers.len() + 1;
        answers.extend(std::iter::repeat_n(["1".to_owned(), "0".to_owned()], 40).flatten());
        Script { timed: (first, 2), ..self.with(answers, Vec::new(), run) }
    }

    fn with(&self, answers: Vec<String>, expected: Vec<String>, run: &str) -> Script {
        let first = self.facts["load"]["first_msisdn"].as_str().unwrap_or("+23276100000");
        Script {
            servers: vec![self.server],
            path: self.path.clone(),
            answers,
            expected,
            first_number: first.trim_start_matches('+').parse().unwrap_or(23_276_100_000),
            numbers: self.patients,
            // Session ids of an earlier run must not come back.
            run: format!("bench{}{run}", std::process::id()),
            timed: (0, 1),
        }
    }

    /// Dials so many sessions that stay open, then looks at the node's memory.
    pub async fn hold_sessions(&self, sessions: u64) -> Result<Live> {
        let script = Arc::new(self.script("s"));
        let mut dialling = tokio::task::JoinSet::new();
        let lanes = 64;
        for lane in 0..lanes {
            let script = Arc::clone(&script);
            dialling.spawn(async move {
                let mut line = Line::open(script.servers[0]).await?;
                for number in (lane..sessions).step_by(lanes as usize) {
                    let phone = script.first_number + number % script.numbers;
                    line.turn(&script.path, &format!("{}{number:012}", script.run), phone, "").await?;
                }
                Ok::<_, anyhow::Error>(())
            });
        }
        while let Some(done) = dialling.join_next().await {
            done??;
        }
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
        let kilobytes: u64 = resident.trim().trim_end_matches("kB").trim().parse()?;
        let row_bytes = super::peers::number(
            &self.database_url,
            "SELECT avg(pg_column_size(s.*))::bigint FROM (SELECT * FROM ussd_session ORDER BY started_at DESC LIMIT 10000) s",
        )?;
        Ok(Live { megabytes: kilobytes / 1024, row_bytes })
    }

    /// Stops it and starts it again on the same data, PostgreSQL included: milliseconds to ready.
    pub async fn restart_millis(mut self) -> Result<u128> {
        stop(&mut self.child)?;
        let begun = Instant::now();
        let (child, facts) = launch(self.patients).await?;
        let millis = begun.elapsed().as_millis();
        self.child = child;
        self.facts = facts;
        Ok(millis)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = stop(&mut self.child);
    }
}

fn stop(child: &mut Child) -> Result<()> {
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status()?;
    child.wait()?;
    Ok(())
}

/// The release build next to this program.
fn program() -> Result<PathBuf> {
    let program = std::env::current_exe()?
        .parent()
        .and_then(|deps| deps.parent())
        .context("target folder")?
        .join("mamacare");
    ensure!(program.exists(), "build it first: cargo build --release ({} is not there)", program.display());
    Ok(program)
}

async fn launch(patients: u64) -> Result<(Child, Value)> {
    let program = program()?;
    let data = PathBuf::from(DATA);
    std::fs::create_dir_all(&data)?;
    let facts_file = data.join("demo.json");
    let _ = std::fs::remove_file(&facts_file);
    let log = std::fs::File::create(data.join("bench.log"))?;
    let child = Command::new(program)
        .args(["demo", "--port", &PORT.to_string(), "--data"])
        .arg(&data)
        .args(["--patients", &patients.to_string()])
        .stdout(Stdio::from(log.try_clone()?))
        .stderr(Stdio::from(log))
        .spawn()?;
    let mut child = child;
    let begun = Instant::now();
    loop {
        if let Ok(text) = std::fs::read_to_string(&facts_file)
            && let Ok(facts) = serde_json::from_str(&text)
        {
            return Ok((child, facts));
        }
        if let Some(status) = child.try_wait()? {
            anyhow::bail!("the demo ended ({status}); see {}", data.join("bench.log").display());
        }
        ensure!(begun.elapsed() < Duration::from_mins(15), "the demo is not ready after 15 minutes");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
