//! Why the private server is not there, each as a sentence that says what to do.

use std::io;
use std::path::PathBuf;

/// Why the private PostgreSQL could not be started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum PrivateServerError {
    /// No server program anywhere we look.
    #[error(
        "PostgreSQL was not found on this machine (looked in PATH and /usr/lib/postgresql/*/bin): \
         install it with `apt-get install -y postgresql` as root"
    )]
    NotInstalled,
    /// Only old ones.
    #[error(
        "PostgreSQL {found} in {} is too old, {needed} or newer is needed: \
         install a newer one, as in `apt-get install -y postgresql`, as root", bin.display()
    )]
    TooOld {
        /// Where it is.
        bin: PathBuf,
        /// Its major version.
        found: u32,
        /// The least that will do.
        needed: u32,
    },
    /// The stored data belong to a version that this machine lacks.
    #[error(
        "the data in {} were made by PostgreSQL {made_by}, which this machine lacks: \
         install it with `apt-get install -y postgresql-{made_by}` as root, or name another folder with --data",
        data.display()
    )]
    OtherVersion {
        /// The cluster.
        data: PathBuf,
        /// Major version that made it.
        made_by: u32,
    },
    /// The folder, or something in it, cannot be written.
    #[error("{} cannot be written ({source}): make it writable, or name another folder with --data", path.display())]
    NotWritable {
        /// What we tried to write.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Too little room on the disk.
    #[error(
        "the disk that holds {} is full ({free_mb} MB free, {needed_mb} MB needed): \
         make room, or name a folder on another disk with --data", path.display()
    )]
    NoRoom {
        /// The folder.
        path: PathBuf,
        /// What is free.
        free_mb: u64,
        /// What is needed.
        needed_mb: u64,
    },
    /// Another of us holds it.
    #[error(
        "{} is in use by another MamaCare (process {holder}): stop that one, or name another folder with --data",
        path.display()
    )]
    InUse {
        /// The folder.
        path: PathBuf,
        /// Its process, as it wrote itself down.
        holder: String,
    },
    /// A socket's path has a fixed greatest length.
    #[error(
        "{} is too long a path for a socket ({length} bytes, {most} at most): \
         name a folder with a shorter path with --data", socket.display()
    )]
    PathTooLong {
        /// The socket.
        socket: PathBuf,
        /// Its length.
        length: usize,
        /// The limit.
        most: usize,
    },
    /// PostgreSQL refuses root, and its user cannot get to the folder.
    #[error(
        "the user `{account}`, as whom PostgreSQL runs when root starts it, cannot enter {}: \
         run `chmod o+x {}`, or name another folder with --data, such as /var/lib/mamacare/demo",
        closed.display(), closed.display()
    )]
    NotReachable {
        /// The folder on the way that is closed.
        closed: PathBuf,
        /// Who cannot enter.
        account: String,
    },
    /// Root without an unprivileged user to run the server as.
    #[error(
        "PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody` in /etc/passwd: \
         start this as another user, or run `useradd --system postgres`"
    )]
    NoAccount,
    /// A server of an earlier run that does not end.
    #[error("PostgreSQL of an earlier run (process {pid}) on {} does not stop: end it with `kill -9 {pid}`", data.display())]
    StillRunning {
        /// Its process.
        pid: i32,
        /// Its data.
        data: PathBuf,
    },
    /// A server answers on our socket that this process cannot see, as from another container.
    #[error("another PostgreSQL, out of reach from here, runs on {}: stop it, or name another folder with --data", data.display())]
    Elsewhere {
        /// Its data.
        data: PathBuf,
    },
    /// A program of PostgreSQL's failed; its own words are the best we have.
    #[error("`{program}` failed ({status}); it said:\n{said}\nits log is {}", log.display())]
    Failed {
        /// `initdb` or `postgres`.
        program: &'static str,
        /// How it ended.
        status: String,
        /// The end of what it printed.
        said: String,
        /// Where the rest is.
        log: PathBuf,
    },
    /// The server runs but refuses us.
    #[error("the private PostgreSQL does not answer: {0}")]
    Refused(#[from] sqlx::Error),
    /// Anything else that the system refuses.
    #[error("{doing} {} failed: {source}", path.display())]
    System {
        /// What we were doing.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl PrivateServerError {
    /// The error of writing `path`, told apart by its cause.
    pub(super) fn writing(path: impl Into<PathBuf>, source: io::Error) -> Self {
        let path = path.into();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::NoRoom { path, free_mb: 0, needed_mb: super::home::ROOM_MB }
            }
            _ => Self::NotWritable { path, source },
        }
    }
}
