//! The folder that a private server lives in, and the lock that keeps it to one program.
//!
//! ```text
//! DIR/lock           held while a program uses DIR; holds its process id
//! DIR/postgres/      the cluster; made as DIR/postgres.part and renamed when complete
//! DIR/socket/        where the server listens, for its own user alone
//! DIR/postgres.log   what it said
//! ```

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::PrivateServerError;
use super::account::Account;

/// What a fresh cluster with a little data and its log takes, in MB.
pub(super) const ROOM_MB: u64 = 256;

/// The greatest length of a socket's path on Linux, without its final zero.
const SOCKET_PATH_MOST: usize = 107;

/// Names the socket within its folder; nothing listens on the network. Not PostgreSQL's usual
/// one, so that a client that overlooks the folder cannot end up in another server.
pub(super) const PORT: u16 = 25_468;

/// What a killed process held is free after so long, on a busy machine too.
const CLEARED: Duration = Duration::from_secs(1);

/// Pause between two looks whether it is.
const LOOK: Duration = Duration::from_millis(20);

/// The log is begun afresh when it is larger than this.
const LOG_MOST: u64 = 4 << 20;

/// Where everything of one private server is.
#[derive(Clone, Debug)]
pub(super) struct Home {
    root: PathBuf,
}

impl Home {
    /// Makes the folder where it is missing.
    pub fn at(folder: &Path) -> Result<Self, PrivateServerError> {
        let write = |source| PrivateServerError::writing(folder, source);
        let new = !folder.exists();
        std::fs::create_dir_all(folder).map_err(write)?;
        if new {
            // Whatever the umask: the server's own user must be able to pass through.
            std::fs::set_permissions(folder, Permissions::from_mode(0o755)).map_err(write)?;
        }
        let root = folder.canonicalize().map_err(write)?;
        let home = Self { root };
        home.check_socket()?;
        Ok(home)
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn cluster(&self) -> PathBuf {
        self.root.join("postgres")
    }

    /// A cluster that is being made.
    pub fn unfinished(&self) -> PathBuf {
        self.root.join("postgres.part")
    }

    pub fn socket_folder(&self) -> PathBuf {
        self.root.join("socket")
    }

    pub fn socket(&self) -> PathBuf {
        self.socket_folder().join(format!(".s.PGSQL.{PORT}"))
    }

    pub fn log(&self) -> PathBuf {
        self.root.join("postgres.log")
    }

    /// Holds the folder for this process until the file is dropped. Who was killed just now holds it until the
    /// system has cleared away after it: so long this waits.
    pub fn lock(&self) -> Result<File, PrivateServerError> {
        let begun = Instant::now();
        self.lock_after(|| {
            std::thread::sleep(LOOK);
            begun.elapsed() < CLEARED
        })
    }

    /// Tries again after each pause that says so.
    fn lock_after(&self, mut pause: impl FnMut() -> bool) -> Result<File, PrivateServerError> {
        let path = self.root.join("lock");
        let write = |source| PrivateServerError::writing(&path, source);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(write)?;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if pause() => {}
                Err(TryLockError::WouldBlock) => {
                    let holder = io::read_to_string(&file).unwrap_or_default().trim().to_owned();
                    return Err(PrivateServerError::InUse { path: self.root.clone(), holder });
                }
                Err(TryLockError::Error(source)) => return Err(write(source)),
            }
        }
        file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(write)?;
        Ok(file)
    }

    /// Says it before PostgreSQL fails half-way with words of its own.
    pub fn check_room(&self) -> Result<(), PrivateServerError> {
        let system = |source: rustix::io::Errno| PrivateServerError::System {
            doing: "asking for the free space of",
            path: self.root.clone(),
            source: source.into(),
        };
        let disk = rustix::fs::statvfs(&self.root).map_err(system)?;
        let free_mb = (disk.f_bavail.saturating_mul(disk.f_frsize)) >> 20;
        if free_mb < ROOM_MB {
            let path = self.root.clone();
            return Err(PrivateServerError::NoRoom { path, free_mb, needed_mb: ROOM_MB });
        }
        Ok(())
    }

    /// The log, open for the server to write on.
    pub fn open_log(&self) -> Result<File, PrivateServerError> {
        let path = self.log();
        let large = std::fs::metadata(&path).is_ok_and(|log| log.len() > LOG_MOST);
        if large {
            let _ = std::fs::rename(&path, self.root.join("postgres.log.old"));
        }
        let open = OpenOptions::new().append(true).create(true).mode(0o600).open(&path);
        open.map_err(|source| PrivateServerError::writing(path, source))
    }

    fn check_socket(&self) -> Result<(), PrivateServerError> {
        let socket = self.socket();
        let length = socket.as_os_str().as_bytes().len();
        if length > SOCKET_PATH_MOST {
            return Err(PrivateServerError::PathTooLong { socket, length, most: SOCKET_PATH_MOST });
        }
        Ok(())
    }
}

/// A new folder for the server's eyes alone, in place of whatever was there.
pub(super) fn fresh_folder(path: &Path, account: Option<&Account>) -> Result<(), PrivateServerError> {
    let write = |source| PrivateServerError::writing(path, source);
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(write(error)),
        _ => {}
    }
    DirBuilder::new().mode(0o700).create(path).map_err(write)?;
    account.map_or(Ok(()), |account| account.give(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("mamacare-home-{}-{name}", std::process::id()))
    }

    #[test]
    fn one_program_at_a_time() {
        let folder = place("lock");
        let home = Home::at(&folder).unwrap();
        let first = home.lock().unwrap();
        let said = home.lock().unwrap_err().to_string();
        assert!(said.contains(&format!("process {}", std::process::id())), "{said}");
        // It is let go of in the first pause.
        let mut first = Some(first);
        assert!(home.lock_after(|| first.take().is_some()).is_ok());
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_long_path_is_told_before_anything_is_made_in_it() {
        let folder = place(&"x".repeat(90));
        let said = Home::at(&folder).unwrap_err().to_string();
        assert!(said.contains("107 at most") && said.contains("--data"), "{said}");
        std::fs::remove_dir(folder).unwrap();
    }

    #[test]
    fn a_file_in_the_way_is_told() {
        let file = place("file");
        std::fs::write(&file, "").unwrap();
        let said = Home::at(&file.join("below")).unwrap_err().to_string();
        std::fs::remove_file(&file).unwrap();
        assert!(said.contains("cannot be written") && said.contains("--data"), "{said}");
    }
}
