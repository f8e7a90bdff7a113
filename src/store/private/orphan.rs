//! Servers that a killed run left behind.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::PrivateServerError;
use super::home::Home;

/// How long a server may take to write what it holds in memory.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// Ends whatever still runs on the cluster and removes what it left, so that a new server starts
/// clean. The caller holds the folder's lock.
pub(super) async fn clear(home: &Home) -> Result<(), PrivateServerError> {
    let data = home.cluster();
    end_all(&data).await?;
    if tokio::net::UnixStream::connect(home.socket()).await.is_ok() {
        return Err(PrivateServerError::Elsewhere { data });
    }
    // With nothing running, a pid file is stale; PostgreSQL itself would refuse to start where
    // the number in it belongs to another process by now.
    match std::fs::remove_file(data.join("postmaster.pid")) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(PrivateServerError::writing(data.join("postmaster.pid"), source))
        }
        _ => Ok(()),
    }
}

/// Ends every program of PostgreSQL's that works in the folder.
pub(super) async fn end_all(folder: &Path) -> Result<(), PrivateServerError> {
    let folder = folder.to_owned();
    let ending = tokio::task::spawn_blocking(move || {
        let left = running_on(&folder);
        if let Some(first) = left.first() {
            tracing::info!(pid = first.pid, "stopping the PostgreSQL of an earlier run");
        }
        left.iter().try_for_each(|process| process.end(&folder))
    });
    ending.await.unwrap_or(Ok(()))
}

/// A process, held so that its number cannot become another's.
struct Process {
    pid: i32,
    handle: OwnedFd,
}

impl Process {
    /// Stops it as an administrator would, then without waiting for its clients or its buffers.
    fn end(&self, data: &Path) -> Result<(), PrivateServerError> {
        for signal in [Signal::INT, Signal::QUIT] {
            if pidfd_send_signal(&self.handle, signal).is_err() || self.gone_within(PATIENCE) {
                return Ok(());
            }
        }
        Err(PrivateServerError::StillRunning { pid: self.pid, data: data.to_owned() })
    }

    fn gone_within(&self, patience: Duration) -> bool {
        let patience = Timespec::try_from(patience).ok();
        let mut handles = [PollFd::new(&self.handle, PollFlags::IN)];
        poll(&mut handles, patience.as_ref()).is_ok_and(|ready| ready > 0)
    }
}

/// Processes that work in the cluster, as all of PostgreSQL's do; the server itself first.
fn running_on(data: &Path) -> Vec<Process> {
    let server = server_of(data);
    let mut pids: Vec<i32> = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| works_in(*pid, data))
        .collect();
    pids.sort_by_key(|pid| (Some(*pid) != server, *pid));
    pids.into_iter().filter_map(|pid| hold(pid, data)).collect()
}

fn hold(pid: i32, data: &Path) -> Option<Process> {
    let handle = pidfd_open(Pid::from_raw(pid)?, PidfdFlags::empty()).ok()?;
    // Looked at again now that the number is held.
    works_in(pid, data).then_some(Process { pid, handle })
}

fn works_in(pid: i32, data: &Path) -> bool {
    let of = |what: &str| std::fs::read_link(format!("/proc/{pid}/{what}")).unwrap_or_default();
    // An upgrade since it was started shows as `postgres (deleted)`.
    let program = of("exe").file_name().unwrap_or_default().to_string_lossy().into_owned();
    of("cwd") == data && (program.starts_with("postgres") || program.starts_with("initdb"))
}

fn server_of(data: &Path) -> Option<i32> {
    std::fs::read_to_string(data.join("postmaster.pid")).ok()?.lines().next()?.trim().parse().ok()
}
