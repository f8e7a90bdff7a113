//! Two nodes on one database: a demo with its own PostgreSQL, and a node beside it.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::Client;
use serde_json::Value;

use super::screen::Screen;
use crate::demo::Demo;
use crate::harness::{SECRET, TestFolder, until};
use crate::serve::Served;

/// Of people who are made: there are enough when somebody has locked herself out.
const PATIENTS: [&str; 2] = ["--patients", "4"];

/// One turn in so many is sent again.
const REPEATED: usize = 4;

/// A number of the demo, and the PINs of those who share it.
#[derive(Clone, Debug)]
pub struct Mother {
    pub msisdn: String,
    pub pins: Vec<String>,
}

/// One turn as an aggregator sends it.
#[derive(Clone, Copy, Debug)]
pub struct Turn<'a> {
    pub session: &'a str,
    pub msisdn: &'a str,
    pub text: &'a str,
}

pub struct Nodes {
    folder: TestFolder,
    facts: Value,
    running: Mutex<(Option<Demo>, Option<Served>)>,
    /// Where each takes callbacks now.
    callbacks: Mutex<[String; 2]>,
    client: Client,
    /// Odd while a node is being killed and begun again: faults are in order then.
    troubles: AtomicUsize,
    pub turns: AtomicUsize,
    /// Turns that were asked to come again.
    pub busy: AtomicUsize,
    shown: Mutex<HashSet<String>>,
    done: AtomicBool,
}

impl Nodes {
    pub async fn start() -> Self {
        let folder = TestFolder::new();
        let demo = Demo::start(&folder, &PATIENTS);
        let beside = beside(&folder, &demo.facts);
        let callbacks = [demo.fact("/callbacks/africastalking/url").to_owned(), callback_of(&beside)];
        let client = Client::builder().no_proxy().timeout(Duration::from_secs(20)).build().unwrap();
        let nodes = Self {
            folder,
            facts: demo.facts.clone(),
            running: Mutex::new((Some(demo), Some(beside))),
            callbacks: Mutex::new(callbacks),
            client,
            troubles: AtomicUsize::new(0),
            turns: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            shown: Mutex::default(),
            done: AtomicBool::new(false),
        };
        nodes.wait_for_both().await;
        nodes
    }

    /// The demo's own numbers, and some of people that it made.
    pub fn mothers(&self) -> Vec<Mother> {
        let word = |fact: &Value| fact.as_str().unwrap().to_owned();
        let mut mothers: Vec<Mother> = Vec::new();
        for fact in self.facts["mothers"].as_array().unwrap() {
            let (msisdn, pin) = (word(&fact["msisdn"]), word(&fact["pin"]));
            match mothers.iter_mut().find(|mother| mother.msisdn == msisdn) {
                Some(mother) => mother.pins.push(pin),
                None => mothers.push(Mother { msisdn, pins: vec![pin] }),
            }
        }
        let load = &self.facts["load"];
        let first: u64 = word(&load["first_msisdn"]).trim_start_matches('+').parse().unwrap();
        let made = (0..load["count"].as_u64().unwrap())
            .map(|place| Mother { msisdn: format!("+{}", first + place), pins: vec![word(&load["pin"])] });
        mothers.into_iter().chain(made).collect()
    }

    /// The answer to a turn, from either node; one in so many is asked of both, and must be the same.
    pub async fn answer(&self, turn: Turn<'_>) -> Screen {
        let count = self.turns.fetch_add(1, Ordering::Relaxed);
        let screen = self.insist(turn, count).await;
        if count.is_multiple_of(REPEATED) {
            let again = self.insist(turn, count + 1).await;
            assert_eq!(again, screen, "a repeated turn: {turn:?}");
        }
        screen
    }

    /// Says that the call was cut off, as the aggregator does.
    pub async fn hang_up(&self, turn: Turn<'_>) {
        let form = [
            ("sessionId", turn.session),
            ("serviceCode", "*468#"),
            ("phoneNumber", turn.msisdn),
            ("networkCode", "61901"),
            ("status", "Incomplete"),
            ("durationInMillis", "4000"),
            ("hopsCount", "2"),
            ("input", turn.text),
            ("lastAppResponse", ""),
            ("errorMessage", ""),
        ];
        let url = format!("{}/events", self.callback(self.turns.load(Ordering::Relaxed)));
        let troubles = self.troubles.load(Ordering::Acquire);
        // A node that was killed does not hear of it; the next call takes the session up just the same.
        if let Ok(answer) = self.client.post(url).form(&form).send().await {
            assert!(answer.status().is_success() || self.excuses(troubles), "{}", answer.status());
        }
    }

    /// As an aggregator does: where one node does not answer, the other is asked.
    async fn insist(&self, turn: Turn<'_>, first: usize) -> Screen {
        let mut answer = None;
        let mut node = first;
        until("a turn has an answer", async || {
            let troubles = self.troubles.load(Ordering::Acquire);
            let screen = self.ask(turn, node).await;
            node += 1;
            match screen {
                Some(screen) if screen.is_busy() => _ = self.busy.fetch_add(1, Ordering::Relaxed),
                Some(screen) if !screen.is_sorry() => answer = Some(screen),
                fault => assert!(self.excuses(troubles), "{fault:?} to {turn:?}, and no node was away"),
            }
            answer.is_some()
        })
        .await;
        answer.unwrap()
    }

    /// Whether a node was away since then.
    fn excuses(&self, troubles: usize) -> bool {
        !troubles.is_multiple_of(2) || self.troubles.load(Ordering::Acquire) != troubles
    }

    async fn ask(&self, turn: Turn<'_>, node: usize) -> Option<Screen> {
        let form = [
            ("sessionId", turn.session),
            ("serviceCode", "*468#"),
            ("phoneNumber", turn.msisdn),
            ("networkCode", "61901"),
            ("text", turn.text),
        ];
        let answer = self.client.post(self.callback(node)).form(&form).send().await.ok()?;
        assert_eq!(answer.status(), 200, "{turn:?}");
        Some(Screen::read(&answer.text().await.ok()?))
    }

    fn callback(&self, node: usize) -> String {
        self.callbacks.lock().unwrap()[node % 2].clone()
    }

    /// Kills one node after the other, each time after so many turns, until all is done.
    pub async fn kill_now_and_then(&self, turns: usize) {
        let mut next = turns;
        while !self.done.load(Ordering::Acquire) {
            if self.turns.load(Ordering::Relaxed) >= next {
                self.remember_shown().await;
                self.troubles.fetch_add(1, Ordering::AcqRel);
                self.kill(next / turns % 2);
                self.wait_for_both().await;
                self.troubles.fetch_add(1, Ordering::AcqRel);
                next += turns;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends a node without a word, and begins it again.
    fn kill(&self, node: usize) {
        let mut running = self.running.lock().unwrap();
        let callback = if node == 0 {
            running.0.take().unwrap().kill();
            let demo = tokio::task::block_in_place(|| Demo::start(&self.folder, &PATIENTS));
            let callback = demo.fact("/callbacks/africastalking/url").to_owned();
            running.0 = Some(demo);
            callback
        } else {
            drop(running.1.take());
            let served = tokio::task::block_in_place(|| beside(&self.folder, &self.facts));
            let callback = callback_of(&served);
            running.1 = Some(served);
            callback
        };
        self.callbacks.lock().unwrap()[node] = callback;
    }

    fn bases(&self) -> [String; 2] {
        self.callbacks.lock().unwrap().clone().map(|url| url.split("/ussd").next().unwrap().to_owned())
    }

    async fn wait_for_both(&self) {
        for base in self.bases() {
            until("a node is ready", async || {
                let answer = self.client.get(format!("{base}/readyz")).send().await;
                answer.is_ok_and(|answer| answer.status() == 200)
            })
            .await;
        }
    }

    /// Keeps which states of the menu the nodes say they showed; a node that is killed forgets it.
    async fn remember_shown(&self) {
        for base in self.bases() {
            let answer = self.client.get(format!("{base}/metrics")).send().await.unwrap();
            let text = answer.text().await.unwrap();
            let states = text
                .lines()
                .filter(|line| line.starts_with("mamacare_screens_total{"))
                .filter_map(|line| line.split("screen=\"").nth(1)?.split('"').next());
            self.shown.lock().unwrap().extend(states.map(str::to_owned));
        }
    }

    pub fn kills(&self) -> usize {
        self.troubles.load(Ordering::Relaxed) / 2
    }

    pub fn done(&self) {
        self.done.store(true, Ordering::Release);
    }

    /// Ends both; gives the states of the menu that were shown.
    pub async fn stop(self) -> HashSet<String> {
        self.remember_shown().await;
        let (demo, beside) = self.running.into_inner().unwrap();
        drop(beside);
        assert!(demo.unwrap().stop().success());
        self.shown.into_inner().unwrap()
    }
}

/// A node on the demo's database, with the demo's key.
fn beside(folder: &TestFolder, facts: &Value) -> Served {
    let secrets = std::fs::read(folder.path().join("secrets.json")).unwrap();
    let secrets: HashMap<String, Value> = serde_json::from_slice(&secrets).unwrap();
    Served::with(&[
        ("DATABASE_URL", facts["database_url"].as_str().unwrap()),
        ("MAMACARE_SECRETS__MASTER_KEY", secrets["master_key"].as_str().unwrap()),
        ("MAMACARE_SERVER__LISTEN", "127.0.0.1:0"),
        ("MAMACARE_CHANNELS__AFRICASTALKING__ENABLED", "true"),
        ("MAMACARE_CHANNELS__AFRICASTALKING__SECRETS", SECRET),
        ("MAMACARE_MENU__SERVE_UNREVIEWED", "[\"kri\"]"),
        ("MAMACARE_LOG__FORMAT", "json"),
    ])
}

fn callback_of(served: &Served) -> String {
    format!("{}/ussd/africastalking/{SECRET}", served.url)
}
