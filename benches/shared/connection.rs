//! One keep-alive HTTP connection to a server under load, with as little work of its own as can be.

use std::net::SocketAddr;
use std::ops::Range;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The connection, and the answer that came last.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    body: Range<usize>,
}

impl Connection {
    /// Connects.
    pub async fn open(server: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(server).await.with_context(|| format!("connect to {server}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16_384), body: 0..0 })
    }

    /// Sends a whole request and reads the whole answer, which must be a 200; its body.
    pub async fn ask(&mut self, request: &str) -> Result<&[u8]> {
        self.stream.write_all(request.as_bytes()).await?;
        self.buffer.clear();
        loop {
            ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the server closed the connection");
            if let Some(body) = whole(&self.buffer)? {
                self.body = body;
                return Ok(self.body());
            }
        }
    }

    /// The body of the last answer.
    pub fn body(&self) -> &[u8] {
        &self.buffer[self.body.clone()]
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
