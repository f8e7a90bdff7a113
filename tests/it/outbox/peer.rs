//! A gateway on loopback that takes the generic form: it counts what reaches it, and fails in every
//! way that it is told to.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How it behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mode {
    /// Takes each message, after so long.
    Well(Duration),
    /// Reads, and answers in the next mode, once it is set.
    Held,
    /// Lets nobody in; who knocks waits.
    Shut,
    /// Reads, and says nothing.
    Silent,
    /// Reads, and cuts the line.
    Cut,
    /// Answers so, with so many seconds to wait, where there are any.
    Says(u16, &'static str, Option<u32>),
}

pub const WELL: Mode = Mode::Well(Duration::ZERO);

/// What it heard.
#[derive(Default)]
pub struct Heard {
    /// How often each message was read, by its text.
    pub times: HashMap<String, usize>,
    /// How many it has answered well.
    pub taken: usize,
}

impl Heard {
    /// How many messages were read, counting each time.
    pub fn all_times(&self) -> usize {
        self.times.values().sum()
    }
}

#[derive(Clone)]
pub struct Peer {
    pub address: String,
    mode: watch::Sender<Mode>,
    heard: watch::Sender<Heard>,
}

impl Peer {
    pub async fn start(mode: Mode) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/send", listener.local_addr().unwrap());
        let peer = Self { address, mode: watch::Sender::new(mode), heard: watch::Sender::default() };
        let serving = peer.clone();
        tokio::spawn(async move {
            loop {
                let mut mode = serving.mode.subscribe();
                mode.wait_for(|mode| *mode != Mode::Shut).await.unwrap();
                let Ok((stream, _)) = listener.accept().await else { continue };
                if *serving.mode.borrow() == Mode::Shut {
                    // It came while the door closed: it waits, unread, until it goes.
                    std::mem::forget(stream);
                    continue;
                }
                let peer = serving.clone();
                tokio::spawn(async move { peer.converse(stream).await });
            }
        });
        peer
    }

    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    pub fn heard(&self) -> watch::Ref<'_, Heard> {
        self.heard.borrow()
    }

    /// Until it has heard that; fails where it does not.
    pub async fn until(&self, what: &str, reached: impl FnMut(&Heard) -> bool) {
        let mut heard = self.heard.subscribe();
        let waited = tokio::time::timeout(Duration::from_mins(1), heard.wait_for(reached)).await;
        assert!(waited.is_ok(), "the gateway never came to this: {what}");
    }

    /// How often a message was read.
    pub fn times(&self, text: &str) -> usize {
        self.heard().times.get(text).copied().unwrap_or(0)
    }

    /// How many messages were read, counting each time.
    pub fn all_times(&self) -> usize {
        self.heard().all_times()
    }

    async fn converse(&self, mut stream: TcpStream) -> Option<()> {
        stream.set_nodelay(true).ok()?;
        let mut buffer = Vec::new();
        loop {
            let body = request(&mut stream, &mut buffer).await?;
            let message: Value = serde_json::from_slice(&body).unwrap();
            let text = message["text"].as_str().unwrap().to_owned();
            self.heard.send_modify(|heard| *heard.times.entry(text).or_default() += 1);
            let mode = *self.mode.subscribe().wait_for(|mode| *mode != Mode::Held).await.ok()?;
            let (status, body, wait) = match mode {
                Mode::Well(time) => {
                    tokio::time::sleep(time).await;
                    let id = message["id"].as_str().unwrap();
                    (200, format!(r#"{{"id":"peer-{id}","status":"accepted"}}"#), None)
                }
                Mode::Says(status, body, wait) => (status, body.to_owned(), wait),
                Mode::Cut => return None,
                Mode::Held | Mode::Shut | Mode::Silent => {
                    // Until the other side has enough of it.
                    let _ = stream.read(&mut [0; 1]).await;
                    return None;
                }
            };
            let wait = wait.map_or_else(String::new, |wait| format!("retry-after: {wait}\r\n"));
            let answer = format!("HTTP/1.1 {status} X\r\n{wait}content-length: {}\r\n\r\n{body}", body.len());
            stream.write_all(answer.as_bytes()).await.ok()?;
            if matches!(mode, Mode::Well(_)) {
                self.heard.send_modify(|heard| heard.taken += 1);
            }
        }
    }
}

/// The body of the next request; none where the line ends.
async fn request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Vec<u8>> {
    loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).to_lowercase();
            let length: usize =
                head.split("content-length: ").nth(1)?.split("\r\n").next()?.trim().parse().ok()?;
            if buffer.len() >= end + 4 + length {
                let body = buffer[end + 4..end + 4 + length].to_vec();
                buffer.drain(..end + 4 + length);
                return Some(body);
            }
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => buffer.extend_from_slice(&chunk[..count]),
        }
    }
}
