//! Programs that read: each a keep-alive connection which asks again as soon as it is answered, or at
//! its pace.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// One keep-alive connection of somebody who is signed in.
pub struct Client {
    stream: TcpStream,
    token: String,
    buffer: Vec<u8>,
    body: Range<usize>,
}

impl Client {
    /// Connects; the token may be empty.
    pub async fn open(server: SocketAddr, token: &str) -> Result<Self> {
        let stream = TcpStream::connect(server).await.with_context(|| format!("connect to {server}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, token: token.to_owned(), buffer: Vec::with_capacity(16_384), body: 0..0 })
    }

    /// Reads; the answer must be a 200.
    pub async fn get(&mut self, path: &str) -> Result<&[u8]> {
        let token = &self.token;
        self.ask(format!("GET {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\r\n")).await
    }

    /// Sends JSON; the answer must be a 200.
    pub async fn post(&mut self, path: &str, body: &str) -> Result<&[u8]> {
        let length = body.len();
        let head = "content-type: application/json\r\ncontent-length";
        self.ask(format!("POST {path} HTTP/1.1\r\nhost: bench\r\n{head}: {length}\r\n\r\n{body}")).await
    }

    async fn ask(&mut self, request: String) -> Result<&[u8]> {
        self.stream.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        loop {
            ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the server closed the connection");
            if let Some(body) = whole(&self.buffer)? {
                self.body = body;
                break;
            }
        }
        Ok(&self.buffer[self.body.clone()])
    }
}

/// Where the body stands once all of it is there.
fn whole(buffer: &[u8]) -> Result<Option<Range<usize>>> {
    let Some(head) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&buffer[..head])?;
    ensure!(text.starts_with("HTTP/1.1 200"), "not a 200: {}", String::from_utf8_lossy(buffer));
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let body = head + 4..head + 4 + length.context("an answer without a length")?;
    Ok((buffer.len() >= body.end).then_some(body))
}

/// How hard.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Connections.
    pub connections: u32,
    /// For how long.
    pub duration: Duration,
    /// Reads a second over all, evenly spaced; `None`: as fast as answers come.
    pub rate: Option<u32>,
}

/// What was measured.
#[derive(Debug)]
pub struct Measure {
    seconds: f64,
    /// Of each read, sorted; from the moment at which it was due where a rate is set.
    times: Vec<Duration>,
}

impl Measure {
    /// Reads a second.
    pub fn rate(&self) -> f64 {
        self.times.len() as f64 / self.seconds
    }

    /// That share of reads was answered within so many milliseconds.
    pub fn quantile(&self, share: f64) -> f64 {
        let at = ((self.times.len() as f64 - 1.0) * share).max(0.0) as usize;
        self.times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
    }
}

/// Reads until the time is over. `path` names what the read of that number asks for.
pub async fn drive(
    server: SocketAddr,
    token: &str,
    load: Load,
    path: impl Fn(u64) -> String + Clone + Send + 'static,
) -> Result<Measure> {
    let began = Instant::now();
    let until = began + load.duration;
    let pace = load.rate.map(|rate| Duration::from_secs(load.connections.into()) / rate);
    let mut clients = JoinSet::new();
    for at in 0..load.connections {
        let mut client = Client::open(server, token).await?;
        let path = path.clone();
        clients.spawn(async move {
            let mut times = Vec::with_capacity(65_536);
            let mut due = began + pace.unwrap_or_default() * at / load.connections;
            let mut number = u64::from(at);
            while Instant::now() < until {
                let asked = if let Some(pace) = pace {
                    tokio::time::sleep_until(due.into()).await;
                    let asked = due;
                    due += pace;
                    asked
                } else {
                    Instant::now()
                };
                client.get(&path(number)).await?;
                times.push(asked.elapsed());
                number += u64::from(load.connections);
            }
            Ok::<_, anyhow::Error>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(client) = clients.join_next().await {
        times.extend(client??);
    }
    times.sort_unstable();
    Ok(Measure { seconds: began.elapsed().as_secs_f64(), times })
}
