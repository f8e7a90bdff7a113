//! A wire to the database that can fall silent, as where a machine is lost: nothing is refused,
//! nothing is closed, nothing comes any more.

use std::net::SocketAddr;
use std::path::PathBuf;

use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;

/// The wire; it goes with the runtime of its test.
pub struct Wire {
    address: SocketAddr,
    silenced: watch::Sender<u32>,
}

impl Wire {
    pub async fn to(database: &PgConnectOptions) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (silenced, silence) = watch::channel(0);
        let (socket, port) = (database.get_socket().cloned(), database.get_port());
        let host = database.get_host().to_owned();
        tokio::spawn(async move {
            while let Ok((phone, _)) = listener.accept().await {
                let silence = silence.clone();
                if let Some(folder) = &socket {
                    let file: PathBuf = folder.join(format!(".s.PGSQL.{port}"));
                    tokio::spawn(carry(phone, UnixStream::connect(file).await.unwrap(), silence));
                } else {
                    let there = TcpStream::connect((host.as_str(), port)).await.unwrap();
                    tokio::spawn(carry(phone, there, silence));
                }
            }
        });
        Self { address, silenced }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What is connected now is never heard of again; who connects anew is served.
    pub fn silence(&self) {
        self.silenced.send_modify(|times| *times += 1);
    }
}

async fn carry<There: AsyncRead + AsyncWrite + Unpin>(
    mut phone: TcpStream,
    mut there: There,
    mut silence: watch::Receiver<u32>,
) {
    silence.mark_unchanged();
    tokio::select! {
        _ = copy_bidirectional(&mut phone, &mut there) => {}
        _ = silence.changed() => {
            // The server's side is given up, the node's is held open.
            drop(there);
            std::future::pending::<()>().await;
        }
    }
}
