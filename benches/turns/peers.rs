//! What turns are measured beside: the same HTTP server with a constant answer, PostgreSQL's own
//! rate, and npm's ussd-menu-builder.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::routing::post;

use super::postgres::{pgbench, tool};

/// A child process that ends with this.
pub struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Serves a constant screen: what the HTTP server alone can do.
pub async fn serve_constant(port: u16) -> Result<()> {
    let app = Router::new()
        .route("/ussd", post(|_: axum::body::Bytes| async { "CON MamaCare\n1. Danger signs\n2. Mother" }));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    Ok(axum::serve(listener, app).await?)
}

/// The constant server as a process of its own, as the gateway is.
pub async fn constant(port: u16) -> Result<(Peer, SocketAddr)> {
    let child = Command::new(std::env::current_exe()?).args(["constant", &port.to_string()]).spawn()?;
    let peer = Peer(child);
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    answering(address).await?;
    Ok((peer, address))
}

/// Four processes of ussd-menu-builder on express.
pub async fn express(first_port: u16) -> Result<(Vec<Peer>, Vec<SocketAddr>)> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/turns/express");
    let work = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/bench-express");
    std::fs::create_dir_all(&work)?;
    for file in ["package.json", "server.js"] {
        std::fs::copy(home.join(file), work.join(file))?;
    }
    if !work.join("node_modules/express").exists() {
        let installed = Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--silent"])
            .current_dir(&work)
            .status();
        ensure!(installed.context("npm is needed for the peer")?.success(), "npm install failed");
    }
    let (mut peers, mut addresses) = (Vec::new(), Vec::new());
    for port in first_port..first_port + 4 {
        let child = Command::new("node")
            .arg("server.js")
            .arg(port.to_string())
            .current_dir(&work)
            .env("NODE_ENV", "production")
            .stdout(Stdio::null())
            .spawn()?;
        peers.push(Peer(child));
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        answering(address).await?;
        addresses.push(address);
    }
    Ok((peers, addresses))
}

/// Waits until something answers there.
pub async fn answering(address: SocketAddr) -> Result<()> {
    for _ in 0..200 {
        if tokio::net::TcpStream::connect(address).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("nothing answers at {address}")
}

/// PostgreSQL's own rate: one SELECT by primary key and one committed UPSERT a transaction pair, on the
/// gateway's own server.
pub fn postgres(database_url: &str, seconds: u64) -> Result<f64> {
    let setup = "CREATE TABLE IF NOT EXISTS bench_session (key bytea PRIMARY KEY, touched_at timestamptz NOT NULL, \
                 turn integer NOT NULL, state bytea NOT NULL) WITH (fillfactor = 60); TRUNCATE bench_session; \
                 INSERT INTO bench_session SELECT decode(md5(n::text), 'hex'), now(), 1, decode(repeat('ab', 100), 'hex') \
                 FROM generate_series(1, 100000) n; ANALYZE bench_session; CHECKPOINT;";
    psql(database_url, setup)?;
    let rate = pgbench(
        database_url,
        "\\set n random(1, 100000)\n\
         SELECT state FROM bench_session WHERE key = decode(md5(:n::text), 'hex');\n\
         INSERT INTO bench_session VALUES (decode(md5(:n::text), 'hex'), now(), 1, decode(repeat('cd', 100), 'hex')) \
         ON CONFLICT (key) DO UPDATE SET touched_at = excluded.touched_at, turn = bench_session.turn + 1, state = excluded.state;\n",
        seconds,
    )?;
    psql(database_url, "DROP TABLE bench_session")?;
    Ok(rate)
}

/// Does that with psql.
pub fn psql(database_url: &str, sql: &str) -> Result<()> {
    let done = Command::new(tool("psql"))
        .args(["-q", "-v", "ON_ERROR_STOP=1", "-d", database_url, "-c", sql])
        .status()?;
    ensure!(done.success(), "psql failed");
    Ok(())
}

/// One number from the database.
pub fn number(database_url: &str, sql: &str) -> Result<u64> {
    let output = Command::new(tool("psql")).args(["-At", "-d", database_url, "-c", sql]).output()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().context("a number from psql")
}

/// What the disk takes for what every commit waits for, in milliseconds: half of the times, and 99
/// of 100, are not longer.
pub fn disk() -> Result<[f64; 2]> {
    use std::os::unix::fs::FileExt;
    const BLOCK: usize = 16 * 1024;
    let path = Path::new("/var/tmp/mamacare-bench/flush");
    let file = std::fs::File::create(path)?;
    file.write_all_at(&vec![0; BLOCK * 1024], 0)?;
    file.sync_all()?;
    let mut millis = Vec::with_capacity(1000);
    for at in 0..1000 {
        file.write_all_at(&[1; BLOCK], at * BLOCK as u64)?;
        let begun = std::time::Instant::now();
        file.sync_data()?;
        millis.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    std::fs::remove_file(path)?;
    millis.sort_by(f64::total_cmp);
    Ok([millis[500], millis[990]])
}
