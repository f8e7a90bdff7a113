//! `mamacare demo` as its users start it: the binary, in a folder of its own.

mod faults;
mod messages;
mod patients;
mod restart;
mod start;

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::harness::TestFolder;

/// The last line that a demo prints when it is ready.
const READY: &str = "Ctrl-C stops it all";
/// Long enough for the slowest machine; what is waited for comes long before.
const PATIENCE: Duration = Duration::from_mins(3);

/// A demo that runs; killed with the test.
pub struct Demo {
    child: Child,
    folder: PathBuf,
    lines: Receiver<String>,
    /// What stood in `demo.json` when it was ready.
    pub facts: Value,
}

fn command(folder: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mamacare"));
    command.arg("demo").arg("--data").arg(folder).args(more).stdin(Stdio::null());
    // Whatever the machine has set is not for the demo.
    command.env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing").process_group(0);
    command
}

impl Demo {
    /// Starts it on a free port and waits until it is ready.
    pub fn start(folder: &TestFolder, more: &[&str]) -> Self {
        let mut child = command(folder.path(), &[&["--port", "0"], more].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let lines = follow(child.stdout.take().unwrap());
        let mut demo = Self { child, folder: folder.path().to_owned(), lines, facts: Value::Null };
        demo.wait_for(READY);
        demo.facts = demo.read_facts();
        demo
    }

    /// Waits for a line on its standard output that holds this.
    pub fn wait_for(&mut self, word: &str) -> String {
        loop {
            let line =
                self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("the demo never said {word:?}"));
            if line.contains(word) {
                return line;
            }
        }
    }

    pub fn facts_file(&self) -> PathBuf {
        self.folder.join("demo.json")
    }

    fn read_facts(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.facts_file()).unwrap()).unwrap()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap(), signal).unwrap();
    }

    /// Ends it as an administrator would.
    pub fn stop(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.child.wait().unwrap()
    }

    /// Ends it without a word.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// A value of its facts, by a JSON pointer.
    pub fn fact(&self, pointer: &str) -> &str {
        self.facts
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("no {pointer} in demo.json"))
    }

    /// Sends a turn as Africa's Talking does, with all that was typed so far.
    pub async fn turn(&self, session: &str, msisdn: &str, text: &str) -> String {
        let form = [
            ("sessionId", session),
            ("serviceCode", "*468#"),
            ("phoneNumber", msisdn),
            ("networkCode", "61901"),
            ("text", text),
        ];
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        let answer =
            client.post(self.fact("/callbacks/africastalking/url")).form(&form).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        answer.text().await.unwrap()
    }
}

impl Demo {
    /// Dials, then answers each screen: with the key of the choice whose label holds the word, or
    /// where there is none with the word itself. Gives the last screen, and leaves.
    pub async fn walk(&self, session: &str, msisdn: &str, answers: &[&str]) -> String {
        let mut typed = String::new();
        let mut screen = self.turn(session, msisdn, "").await;
        for answer in answers {
            let labelled = screen.lines().find(|line| line.contains(". ") && line.contains(answer));
            let key = labelled.and_then(|line| line.split(". ").next()).unwrap_or(answer);
            typed = if typed.is_empty() { key.to_owned() } else { format!("{typed}*{key}") };
            screen = self.turn(session, msisdn, &typed).await;
        }
        // The leave key: the next dial begins afresh.
        self.turn(session, msisdn, &format!("{typed}*999")).await;
        screen
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            // Its PostgreSQL goes with it.
            self.signal(Signal::TERM);
            let _ = self.child.wait();
        }
    }
}

fn follow(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            // Shown with a test that fails.
            println!("{line}");
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

/// Runs a demo that must not start, and gives what it says.
fn refused(folder: &Path, more: &[&str]) -> String {
    let output = command(folder, more).stdout(Stdio::null()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    said
}
