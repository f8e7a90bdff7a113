//! One PostgreSQL for all tests of a run. `cargo nextest` gives each test a process, so the first
//! of them starts the server, all use it, and a guard ends it and removes it when none has used
//! it for a while. `MAMACARE_TEST_DATABASE_URL` names another server to use.

use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::sync::LazyLock;

use mamacare::store::private::{Durability, PrivateServer, socket_url};
use sqlx::postgres::PgConnectOptions;

/// Where the run's server is, and the lock that says that this process uses it.
struct Shared {
    options: PgConnectOptions,
    _in_use: Option<File>,
}

static SHARED: LazyLock<Shared> = LazyLock::new(|| match std::env::var("MAMACARE_TEST_DATABASE_URL") {
    Ok(url) => Shared { options: PgConnectOptions::from_str(&url).unwrap(), _in_use: None },
    Err(_) => share(&folder()),
});

/// How to connect to the run's server, to the database from which others are made.
pub fn options() -> PgConnectOptions {
    SHARED.options.clone()
}

/// One for each checkout, so that runs of two do not meet.
fn folder() -> PathBuf {
    let mut hasher = DefaultHasher::new();
    (env!("CARGO_MANIFEST_DIR"), std::env::var_os("USER")).hash(&mut hasher);
    std::env::temp_dir().join(format!("mamacare-tests-{:08x}", hasher.finish() >> 32))
}

fn share(folder: &Path) -> Shared {
    std::fs::create_dir_all(folder).unwrap();
    let in_use = lock_file(&folder.join("in-use"));
    in_use.lock_shared().unwrap();
    let starting = lock_file(&folder.join("starting"));
    starting.lock().unwrap();
    let server = folder.join("server");
    let url = socket_url(&server, "postgres");
    if !answers(&server) {
        start(server);
        guard(folder);
    }
    Shared { options: PgConnectOptions::from_str(&url).unwrap(), _in_use: Some(in_use) }
}

fn lock_file(path: &Path) -> File {
    OpenOptions::new().create(true).truncate(false).write(true).open(path).unwrap()
}

fn answers(server: &Path) -> bool {
    let sockets = std::fs::read_dir(server.join("socket")).into_iter().flatten().flatten();
    sockets.map(|entry| entry.path()).any(|socket| UnixStream::connect(socket).is_ok())
}

/// On a runtime of its own: that of the test ends with the test.
fn start(server: PathBuf) {
    let starting = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = PrivateServer::start(&server, Durability::Fast).await;
            server.unwrap_or_else(|error| panic!("{error}")).leave_running().await;
        });
    });
    starting.join().unwrap();
}

/// Outlives this process: ends the server once nobody holds the lock.
#[expect(clippy::zombie_processes, reason = "it ends after the process that could wait for it")]
fn guard(folder: &Path) {
    let script = r#"
        while sleep 5; do
            flock --exclusive --nonblock in-use sh -c '
                pid=$(head -n 1 server/postgres/postmaster.pid) && kill -INT "$pid"
                while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
                rm -rf server
            ' && exit
        done"#;
    Command::new("sh")
        .args(["-c", script])
        .current_dir(folder)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
}
