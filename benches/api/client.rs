//! Programs that read: each a keep-alive connection which asks again as soon as it is answered, or at
//! its pace.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::Result;
use tokio::task::JoinSet;

use super::connection::Connection;
use super::measure::{Load, Measure};

/// One keep-alive connection of somebody who is signed in.
pub struct Client {
    connection: Connection,
    token: String,
}

impl Client {
    /// Connects; the token may be empty.
    pub async fn open(server: SocketAddr, token: &str) -> Result<Self> {
        Ok(Self { connection: Connection::open(server).await?, token: token.to_owned() })
    }

    /// Reads; the answer must be a 200.
    pub async fn get(&mut self, path: &str) -> Result<&[u8]> {
        let token = &self.token;
        let request = format!("GET {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n\r\n");
        self.connection.ask(&request).await
    }

    /// Sends JSON; the answer must be a 200.
    pub async fn post(&mut self, path: &str, body: &str) -> Result<&[u8]> {
        let length = body.len();
        let head = "content-type: application/json\r\ncontent-length";
        let request = format!("POST {path} HTTP/1.1\r\nhost: bench\r\n{head}: {length}\r\n\r\n{body}");
        self.connection.ask(&request).await
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
    let mut clients = JoinSet::new();
    for at in 0..load.connections {
        let mut client = Client::open(server, token).await?;
        let path = path.clone();
        clients.spawn(async move {
            let mut micros = Vec::with_capacity(65_536);
            let mut due = began + load.lag(at);
            let mut number = at as u64;
            while Instant::now() < until {
                let asked = if let Some(pace) = load.pace() {
                    tokio::time::sleep_until(due.into()).await;
                    let asked = due;
                    due += pace;
                    asked
                } else {
                    Instant::now()
                };
                client.get(&path(number)).await?;
                micros.push(asked.elapsed().as_micros() as u32);
                number += load.connections as u64;
            }
            Ok::<_, anyhow::Error>(micros)
        });
    }
    let mut micros = Vec::new();
    while let Some(client) = clients.join_next().await {
        micros.extend(client??);
    }
    Ok(Measure::new(began.elapsed().as_secs_f64(), micros))
}
