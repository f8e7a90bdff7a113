//! A PostgreSQL of our own: started from the programs that the machine has, on a socket in a
//! folder of ours, stopped with us, and started again should it die. It serves the demo, where
//! nothing is configured, and the tests.

mod account;
mod error;
mod home;
mod installation;
mod launch;
mod orphan;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use error::PrivateServerError;

use super::roles::APPLICATION;

use account::Account;
use home::{Home, PORT};
use installation::Installation;
use launch::{Launch, Running};

/// The role that owns everything in the private server.
const OWNER: &str = "mamacare";

/// Pause before the next try when a server that died does not come up again.
const PAUSE: Duration = Duration::from_secs(1);

/// What survives a power cut.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Durability {
    /// Everything that was committed.
    Durable,
    /// Nothing for sure: for tests whose data are thrown away.
    Fast,
}

/// A private server that runs. Dropped, it is stopped in the background; the folder stays locked
/// until it is down.
#[derive(Debug)]
pub struct PrivateServer {
    home: Home,
    ending: Option<oneshot::Sender<Ending>>,
    keeper: Option<JoinHandle<()>>,
}

#[derive(Debug)]
enum Ending {
    Stop,
    Leave,
}

/// A folder that is ours alone until this is dropped.
#[derive(Debug)]
pub struct Claim {
    home: Home,
    lock: File,
}

impl Claim {
    /// Makes the folder where it is missing, and holds it.
    pub fn take(folder: &Path) -> Result<Self, PrivateServerError> {
        let home = Home::at(folder)?;
        let lock = home.lock()?;
        Ok(Self { home, lock })
    }

    /// The folder, as an absolute path without links.
    pub fn folder(&self) -> &Path {
        self.home.root()
    }

    /// Whether a server has kept data in it before.
    pub fn holds_data(&self) -> bool {
        self.home.cluster().exists()
    }

    /// Starts the server of the folder, making the cluster where it is missing, and ending first
    /// what an earlier run left behind.
    pub async fn start(self, durability: Durability) -> Result<PrivateServer, PrivateServerError> {
        let Self { home, lock } = self;
        let account = Account::for_server()?;
        if let Some(account) = &account {
            account.check_way_to(home.root())?;
        }
        let installation = Installation::find(&home.cluster())?;
        let launch = Launch { home: home.clone(), installation, account, durability };
        launch.ensure_cluster().await?;
        let running = launch.start().await?;
        let (ending, ended) = oneshot::channel();
        let keeper = tokio::spawn(keep(launch, running, ended, lock));
        Ok(PrivateServer { home, ending: Some(ending), keeper: Some(keeper) })
    }
}

impl PrivateServer {
    /// Claims the folder and starts its server.
    pub async fn start(folder: &Path, durability: Durability) -> Result<Self, PrivateServerError> {
        Claim::take(folder)?.start(durability).await
    }

    /// The folder, as an absolute path without links.
    pub fn folder(&self) -> &Path {
        self.home.root()
    }

    /// How programs connect to one of its databases.
    pub fn url(&self, database: &str) -> String {
        socket_url(self.home.root(), database)
    }

    /// How a node connects: as the role that may do what a node does, and no more.
    pub fn application_url(&self, database: &str) -> String {
        role_url(self.home.root(), database, APPLICATION)
    }

    /// The same as [`Self::url`], for `sqlx`.
    pub fn options(&self, database: &str) -> Result<PgConnectOptions, PrivateServerError> {
        Ok(PgConnectOptions::from_str(&self.url(database))?)
    }

    /// Makes a database where it is missing; says whether it was.
    pub async fn ensure_database(&self, name: &str) -> Result<bool, PrivateServerError> {
        let mut connection = PgConnection::connect_with(&self.options("postgres")?).await?;
        let there: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(name)
            .fetch_one(&mut connection)
            .await?;
        if !there {
            let quoted = name.replace('"', "\"\"");
            let statement = format!("CREATE DATABASE \"{quoted}\"");
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await?;
        }
        connection.close().await?;
        Ok(!there)
    }

    /// Stops it and waits until it is down.
    pub async fn stop(mut self) {
        self.end(Ending::Stop).await;
    }

    /// Leaves it running when this process ends, as where the processes of one test run share a
    /// server; the next [`PrivateServer::start`] on the folder ends it.
    pub async fn leave_running(mut self) {
        self.end(Ending::Leave).await;
    }

    async fn end(&mut self, how: Ending) {
        if let Some(ending) = self.ending.take() {
            let _ = ending.send(how);
        }
        if let Some(keeper) = self.keeper.take() {
            let _ = keeper.await;
        }
    }
}

/// How programs connect to a database of the private server in `folder`, whether or not it runs.
pub fn socket_url(folder: &Path, database: &str) -> String {
    role_url(folder, database, OWNER)
}

fn role_url(folder: &Path, database: &str, role: &str) -> String {
    let socket: PathBuf = folder.join("socket");
    let encoded: String = socket
        .to_string_lossy()
        .bytes()
        .map(|byte| match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    format!("postgres://{role}@localhost:{PORT}/{database}?host={encoded}")
}

/// Watches over the server until told to end; one that dies before is started again.
async fn keep(launch: Launch, mut running: Running, mut ending: oneshot::Receiver<Ending>, lock: File) {
    loop {
        let how = tokio::select! {
            how = &mut ending => how,
            status = running.ended() => {
                tracing::error!(%status, "the private PostgreSQL ended by itself; starting it again");
                match again(&launch, &mut ending).await {
                    Ok(started) => { running = started; continue }
                    Err(how) => how,
                }
            }
        };
        match how {
            Ok(Ending::Leave) => running.leave(),
            Ok(Ending::Stop) | Err(_) => running.stop().await,
        }
        break;
    }
    drop(lock);
}

/// Tries until it is up, or until told to end.
async fn again(
    launch: &Launch,
    ending: &mut oneshot::Receiver<Ending>,
) -> Result<Running, Result<Ending, oneshot::error::RecvError>> {
    loop {
        match launch.start().await {
            Ok(running) => return Ok(running),
            Err(error) => tracing::error!(%error, "the private PostgreSQL did not start; trying again"),
        }
        if let Ok(how) = tokio::time::timeout(PAUSE, &mut *ending).await {
            return Err(how);
        }
    }
}
