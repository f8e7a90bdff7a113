//! Makes a cluster, starts its server, waits until it answers, stops it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::account::Account;
use super::home::{Home, PORT, fresh_folder};
use super::installation::Installation;
use super::orphan::{self, PATIENCE};
use super::{Durability, OWNER, PrivateServerError};

/// How often the server is asked whether it is ready yet.
const GLANCE: Duration = Duration::from_millis(5);

/// Everything needed to start the server, again and again.
#[derive(Clone, Debug)]
pub(super) struct Launch {
    pub home: Home,
    pub installation: Installation,
    pub account: Option<Account>,
    pub durability: Durability,
}

impl Launch {
    /// Makes the cluster where there is none. It gets its name only when it is whole, so that
    /// one whose making was cut off is made again.
    pub async fn ensure_cluster(&self) -> Result<(), PrivateServerError> {
        let (unfinished, cluster) = (self.home.unfinished(), self.home.cluster());
        if cluster.exists() {
            return Ok(());
        }
        self.home.check_room()?;
        orphan::end_all(&unfinished).await?;
        fresh_folder(&unfinished, self.account.as_ref())?;
        let mut initdb = self.command("initdb");
        initdb
            // So that one which outlives us is known by where it works.
            .current_dir(&unfinished)
            .arg("--pgdata")
            .arg(&unfinished)
            .args(["--username", OWNER, "--encoding=UTF8", "--locale=C", "--no-instructions"])
            // Whoever can open the socket is let in; its folder is closed to all but the
            // server's own user.
            .args(["--auth-local=trust", "--auth-host=reject"]);
        if self.durability == Durability::Fast {
            initdb.arg("--no-sync");
        }
        let output = initdb.output().await.map_err(|source| self.not_run("initdb", source))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(self.failed("initdb", output.status.to_string(), &said));
        }
        std::fs::rename(&unfinished, &cluster)
            .and_then(|()| std::fs::File::open(self.home.root())?.sync_all())
            .map_err(|source| PrivateServerError::writing(cluster, source))
    }

    /// Starts the server and waits until it takes connections, however long it needs to recover.
    pub async fn start(&self) -> Result<Running, PrivateServerError> {
        orphan::clear(&self.home).await?;
        fresh_folder(&self.home.socket_folder(), self.account.as_ref())?;
        let log = self.home.open_log()?;
        let begins = log.metadata().map_or(0, |log| log.len());
        let child = self
            .command("postgres")
            .arg("-D")
            .arg(self.home.cluster())
            .arg("-k")
            .arg(self.home.socket_folder())
            .args(["-p", &PORT.to_string()])
            .args(settings(self.durability).flat_map(|setting| ["-c", setting]))
            // Out of the terminal's group: Ctrl-C is for us, who stop the server last.
            .process_group(0)
            .stderr(log)
            .spawn()
            .map_err(|source| self.not_run("postgres", source))?;
        let mut running = Running { child: Some(child) };
        match self.until_ready(&mut running).await? {
            None => Ok(running),
            Some(status) => Err(self.failed("postgres", status, &self.logged_since(begins))),
        }
    }

    /// `None` when it is ready, or how it ended.
    async fn until_ready(&self, running: &mut Running) -> Result<Option<String>, PrivateServerError> {
        let Some(child) = running.child.as_mut() else { return Ok(Some("not started".to_owned())) };
        let pid_file = self.home.cluster().join("postmaster.pid");
        let mut glance = interval(GLANCE);
        glance.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                ended = child.wait() => {
                    let status = ended.map_err(|source| self.not_run("postgres", source))?;
                    return Ok(Some(status.to_string()));
                }
                _ = glance.tick() => if says_ready(&pid_file) { return Ok(None) },
            }
        }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.installation.program(program));
        // Nothing of ours leaks into it (secrets), nor does a PGDATA or LANG bend it.
        command.env_clear().env("LC_ALL", "C");
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command.current_dir(self.home.root()).stdin(Stdio::null()).stdout(Stdio::null());
        if let Some(account) = &self.account {
            command.uid(account.uid).gid(account.gid);
        }
        command
    }

    fn not_run(&self, program: &str, source: std::io::Error) -> PrivateServerError {
        PrivateServerError::System { doing: "running", path: self.installation.program(program), source }
    }

    fn failed(&self, program: &'static str, status: String, said: &str) -> PrivateServerError {
        if said.contains("No space left on device") {
            return PrivateServerError::NoRoom {
                path: self.home.root().to_owned(),
                free_mb: 0,
                needed_mb: super::home::ROOM_MB,
            };
        }
        let lines: Vec<&str> = said.lines().collect();
        let last = lines.get(lines.len().saturating_sub(12)..).unwrap_or_default();
        PrivateServerError::Failed { program, status, said: last.join("\n"), log: self.home.log() }
    }

    fn logged_since(&self, begins: u64) -> String {
        let bytes = std::fs::read(self.home.log()).unwrap_or_default();
        let begins = usize::try_from(begins).unwrap_or(0);
        String::from_utf8_lossy(bytes.get(begins..).unwrap_or_default()).into_owned()
    }
}

/// The eighth line of the server's pid file is its state.
fn says_ready(pid_file: &Path) -> bool {
    let lines = std::fs::read_to_string(pid_file).unwrap_or_default();
    lines.lines().nth(7).is_some_and(|state| state.trim() == "ready")
}

/// Settings of the server, given on its command line so that they follow the program's version.
fn settings(durability: Durability) -> impl Iterator<Item = &'static str> {
    const ALWAYS: &[&str] = &[
        "listen_addresses=",
        "unix_socket_permissions=0700",
        "cluster_name=mamacare",
        "max_connections=200",
        "timezone=UTC",
        "log_timezone=UTC",
        "lc_messages=C",
        "log_destination=stderr",
        "logging_collector=off",
        "log_checkpoints=off",
        // A statement in the log could hold what must not be there.
        "log_min_error_statement=panic",
        "log_parameter_max_length_on_error=0",
        // All our queries are short.
        "jit=off",
        // One machine, no replica.
        "wal_level=minimal",
        "max_wal_senders=0",
    ];
    const DURABLE: &[&str] = &[
        "fsync=on",
        "synchronous_commit=on",
        "full_page_writes=on",
        "shared_buffers=256MB",
        "wal_buffers=16MB",
        "max_wal_size=2GB",
        "checkpoint_timeout=15min",
        "checkpoint_completion_target=0.9",
    ];
    const FAST: &[&str] = &[
        "fsync=off",
        "synchronous_commit=off",
        "full_page_writes=off",
        "autovacuum=off",
        // Many tests at once, each with nodes of its own.
        "max_connections=800",
    ];
    let more = match durability {
        Durability::Durable => DURABLE,
        Durability::Fast => FAST,
    };
    ALWAYS.iter().chain(more).copied()
}

/// A server that runs; asked to stop when it is dropped.
#[derive(Debug)]
pub(super) struct Running {
    child: Option<Child>,
}

impl Running {
    /// Waits until it ends by itself, and says how.
    pub async fn ended(&mut self) -> String {
        let Some(child) = self.child.as_mut() else { return "not started".to_owned() };
        let status = child.wait().await;
        self.child = None;
        status.map_or_else(|error| error.to_string(), |status| status.to_string())
    }

    /// Stops it: clients are cut off, everything is written.
    pub async fn stop(mut self) {
        let Some(mut child) = self.child.take() else { return };
        for signal in [Signal::INT, Signal::QUIT] {
            send(&child, signal);
            if timeout(PATIENCE, child.wait()).await.is_ok() {
                return;
            }
        }
        tracing::error!("the private PostgreSQL does not stop; the next start ends it");
    }

    /// Lets it run on without us.
    pub fn leave(mut self) {
        self.child = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &self.child {
            send(child, Signal::INT);
        }
    }
}

fn send(child: &Child, signal: Signal) {
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
    if let Some(pid) = pid {
        let _ = kill_process(pid, signal);
    }
}
