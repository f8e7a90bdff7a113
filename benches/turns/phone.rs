//! Many phones at once: whole conversations over HTTP keep-alive, as an aggregator sends them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

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

/// How hard.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Conversations at once.
    pub connections: usize,
    /// For how long.
    pub duration: Duration,
    /// Turns a second over all, evenly spaced; `None`: as fast as answers come.
    pub rate: Option<f64>,
}

/// What was measured.
#[derive(Debug, Default)]
pub struct Measure {
    /// Turns answered.
    pub turns: u64,
    /// Seconds.
    pub seconds: f64,
    /// Microseconds of each turn, sorted; from the moment at which it was due where a rate is set.
    pub micros: Vec<u32>,
}

impl Measure {
    /// Turns a second.
    pub fn rate(&self) -> f64 {
        self.turns as f64 / self.seconds
    }

    /// Milliseconds of a turn on average.
    pub fn mean(&self) -> f64 {
        self.micros.iter().map(|&micros| f64::from(micros)).sum::<f64>() / self.micros.len() as f64 / 1000.0
    }

    /// That share of turns was answered within so many milliseconds.
    pub fn quantile(&self, share: f64) -> f64 {
        let at = ((self.micros.len() as f64 - 1.0) * share).max(0.0) as usize;
        self.micros.get(at).map_or(0.0, |&micros| f64::from(micros) / 1000.0)
    }
}

/// Drives conversations until the time is over; a conversation under way is finished.
pub async fn drive(script: Arc<Script>, load: Load) -> Result<Measure> {
    let next = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let until = started + load.duration;
    let mut phones = tokio::task::JoinSet::new();
    for at in 0..load.connections {
        let (script, next) = (Arc::clone(&script), Arc::clone(&next));
        let pace = load.rate.map(|rate| Duration::from_secs_f64(load.connections as f64 / rate));
        phones.spawn(async move {
            let server = script.servers[at % script.servers.len()];
            let mut line = Line::open(server).await?;
            let mut micros = Vec::with_capacity(65_536);
            let mut due =
                Instant::now() + pace.unwrap_or_default().mul_f64(at as f64 / load.connections as f64);
            while Instant::now() < until {
                let number = next.fetch_add(1, Ordering::Relaxed);
                converse(&script, &mut line, number, pace, &mut due, &mut micros).await?;
            }
            Ok::<_, anyhow::Error>(micros)
        });
    }
    let mut measure = Measure::default();
    while let Some(micros) = phones.join_next().await {
        measure.micros.extend(micros??);
    }
    measure.seconds = started.elapsed().as_secs_f64();
    measure.turns = measure.micros.len() as u64;
    measure.micros.sort_unstable();
    Ok(measure)
}

async fn converse(
    script: &Script,
    line: &mut Line,
    number: u64,
    pace: Option<Duration>,
    due: &mut Instant,
    micros: &mut Vec<u32>,
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
            micros.push(begun.elapsed().as_micros() as u32);
        } else {
            let begun = Instant::now();
            line.turn(&script.path, &session, phone, &text).await?;
            let (first, step) = script.timed;
            if turn >= first && (turn - first).is_multiple_of(step) {
                micros.push(begun.elapsed().as_micros() as u32);
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

/// One keep-alive connection.
pub struct Line {
    stream: TcpStream,
    buffer: Vec<u8>,
    body: std::ops::Range<usize>,
}

impl Line {
    /// Connects.
    pub async fn open(server: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(server).await.with_context(|| format!("connect to {server}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(4096), body: 0..0 })
    }

    /// The last answer's body.
    pub fn body(&self) -> &str {
        std::str::from_utf8(&self.buffer[self.body.clone()]).unwrap_or_default()
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
        self.stream.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the server closed the connection");
            }
            if let Some(body) = whole(&self.buffer)? {
                self.body = body;
                break;
            }
        }
        let screen = self.body();
        ensure!(screen.starts_with("CON ") || screen.starts_with("END "), "not a screen: {screen:?}");
        Ok(())
    }
}

/// Where the body stands once all of it is there.
fn whole(buffer: &[u8]) -> Result<Option<std::ops::Range<usize>>> {
    let Some(head) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&buffer[..head])?;
    ensure!(text.starts_with("HTTP/1.1 200"), "not a 200: {text}");
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let length = length.context("an answer without a length")?;
    let body = head + 4..head + 4 + length;
    Ok((buffer.len() >= body.end).then_some(body))
}
