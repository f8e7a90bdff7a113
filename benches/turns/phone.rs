//! Many phones at once: whole conversations over HTTP keep-alive, as an aggregator sends them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::connection::Connection;
use super::measure::{Load, Measure};

/// Where turns go, and what they say.
#[derive(Clone, Debug)]
pub struct Script {
    /// Addresses; a connection takes one and stays with it.
    pub servers: Vec<SocketAddr>,
    /// Path of the callback.
    pub path: String,
    /// Answers after the dial, in order.
    pub answers: Vec<String>,
    /// What each screen must contain, the dial's first; the measure is void where one does not.
    pub expected: Vec<String>,
    /// Digits of the first number; each conversation takes the next.
    pub first_number: u64,
    /// Numbers before they come round again.
    pub numbers: u64,
    /// Prefix of the session ids, different in every run.
    pub run: String,
    /// The first turn whose time counts, and every how many after it one does.
    pub timed: (usize, usize),
}

/// Drives conversations until the time is over; a conversation under way is finished.
pub async fn drive(script: Arc<Script>, load: Load) -> Result<Measure> {
    drive_warm(script, load, Duration::ZERO).await
}

/// The same, and for so long before it, on the same connections, without counting: that all of them open at once says
/// nothing of what comes after.
pub async fn drive_warm(script: Arc<Script>, load: Load, warm_up: Duration) -> Result<Measure> {
    let next = Arc::new(AtomicU64::new(0));
    let started = Instant::now() + warm_up;
    let until = started + load.duration;
    let mut phones = tokio::task::JoinSet::new();
    for at in 0..load.connections {
        let (script, next) = (Arc::clone(&script), Arc::clone(&next));
        phones.spawn(async move {
            let server = script.servers[at % script.servers.len()];
            let mut line = Line::open(server).await?;
            let mut timed = Timed { since: started, micros: Vec::with_capacity(65_536) };
            let mut due = Instant::now() + load.lag(at);
            while Instant::now() < until {
                let number = next.fetch_add(1, Ordering::Relaxed);
                converse(&script, &mut line, number, load.pace(), &mut due, &mut timed).await?;
            }
            Ok::<_, anyhow::Error>(timed.micros)
        });
    }
    let mut micros = Vec::new();
    while let Some(phone) = phones.join_next().await {
        micros.extend(phone??);
    }
    Ok(Measure::new(started.elapsed().as_secs_f64(), micros))
}

/// What the turns of a phone took.
struct Timed {
    since: Instant,
    micros: Vec<u32>,
}

impl Timed {
    /// A turn is over that was due then.
    fn over(&mut self, due: Instant) {
        if due >= self.since {
            self.micros.push(due.elapsed().as_micros() as u32);
        }
    }
}

async fn converse(
    script: &Script,
    line: &mut Line,
    number: u64,
    pace: Option<Duration>,
    due: &mut Instant,
    timed: &mut Timed,
) -> Result<()> {
    let session = format!("{}{number:012}", script.run);
    let phone = script.first_number + number % script.numbers;
    let mut text = String::new();
    for turn in 0..=script.answers.len() {
        if let Some(answer) = turn.checked_sub(1).and_then(|at| script.answers.get(at)) {
            if !text.is_empty() {
                text.push('*');
            }
            text.push_str(answer);
        }
        if let Some(pace) = pace {
            tokio::time::sleep_until((*due).into()).await;
            let begun = *due;
            *due += pace;
            line.turn(&script.path, &session, phone, &text).await?;
            timed.over(begun);
        } else {
            let begun = Instant::now();
            line.turn(&script.path, &session, phone, &text).await?;
            let (first, step) = script.timed;
            if turn >= first && (turn - first).is_multiple_of(step) {
                timed.over(begun);
            }
        }
        if let Some(expected) = script.expected.get(turn) {
            let shown = line.body();
            ensure!(
                shown.contains(expected.as_str()),
                "turn {turn} ({text}): expected {expected:?} in {shown:?}"
            );
        }
    }
    Ok(())
}

/// The connection of phones that dial one after the other.
pub struct Line(Connection);

impl Line {
    /// Connects.
    pub async fn open(server: SocketAddr) -> Result<Self> {
        Connection::open(server).await.map(Self)
    }

    /// The last answer's body.
    pub fn body(&self) -> &str {
        std::str::from_utf8(self.0.body()).unwrap_or_default()
    }

    /// One turn: sends the form, reads the whole answer, checks that it is a screen.
    pub async fn turn(&mut self, path: &str, session: &str, phone: u64, text: &str) -> Result<()> {
        let form = format!(
            "sessionId={session}&phoneNumber=%2B{phone}&networkCode=61901&serviceCode=%2A468%23&text={}",
            text.replace('*', "%2A")
        );
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
            form.len()
        );
        self.0.ask(&request).await?;
        let screen = self.body();
        ensure!(screen.starts_with("CON ") || screen.starts_with("END "), "not a screen: {screen:?}");
        Ok(())
    }
}
