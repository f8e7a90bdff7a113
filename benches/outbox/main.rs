//! `cargo run --release --example outbox`: a worker with 1,000,000 messages queued, and a provider on loopback
//! that answers in 50 ms. PostgreSQL is started for it with fsync on. The provider, the worker and
//! PostgreSQL are processes of their own on this machine.

#![expect(clippy::cast_precision_loss, reason = "figures for a table")]

mod peer;
mod queue;
#[path = "../shared/server.rs"]
mod server;

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use mamacare::app::clock::{self, Clock};
use mamacare::app::outbox::{Outbox, OutboxParts, Timing, plan};
use mamacare::app::settings::{Settings, Sources};
use mamacare::privacy::{Keyring, Vault};
use mamacare::store::private::PrivateServer;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use server::with_server;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PORT: u16 = 19_090;
/// Messages that wait at the beginning, and how long is measured.
const QUEUED: u64 = 1_000_000;
const SECONDS: u64 = 60;
/// The first seconds are not counted.
const WARM_UP: u64 = 5;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let role = arguments.get(1).map_or("", String::as_str);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match role {
        "peer" => runtime.block_on(peer::serve(PORT)),
        "worker" => runtime.block_on(work(arguments.get(2).context("the database's address")?)),
        _ => {
            let (queued, seconds) =
                (number("MAMACARE_BENCH_QUEUED", QUEUED), number("MAMACARE_BENCH_SECONDS", SECONDS));
            runtime.block_on(with_server(async |server| measure(server, queued, seconds).await))
        }
    }
}

/// A smaller run is for trying out; its figures say so.
fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

async fn measure(server: &PrivateServer, queued: u64, seconds: u64) -> Result<()> {
    server.ensure_database("bench").await?;
    let pool = PgPoolOptions::new().max_connections(4).connect_with(server.options("bench")?).await?;
    mamacare::store::MIGRATOR.run(&pool).await?;
    let begun = Instant::now();
    queue::fill(&pool, queued).await?;
    let filled = begun.elapsed().as_secs_f64();
    println!("queued {queued} sealed messages in {filled:.0} s ({:.0} a second)", queued as f64 / filled);
    sqlx::query("VACUUM ANALYZE outbox").execute(&pool).await?;
    sqlx::query("CHECKPOINT").execute(&pool).await?;

    let _peer = Process::start(&["peer"])?;
    let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).build()?;
    while peer::taken(&client, PORT).await.is_err() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let worker = Process::start(&["worker", &server.url("bench")])?;
    tokio::time::sleep(Duration::from_secs(WARM_UP)).await;
    let (before, begun) = (peer::taken(&client, PORT).await?, Instant::now());
    let mut slowest = f64::INFINITY;
    let (mut last, mut at, mut most_memory) = (before, begun, 0);
    for _ in 0..seconds / 5 {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let taken = peer::taken(&client, PORT).await?;
        slowest = slowest.min((taken - last) as f64 / at.elapsed().as_secs_f64());
        (last, at) = (taken, Instant::now());
        most_memory = most_memory.max(worker.memory()?);
    }
    let rate = (last - before) as f64 / begun.elapsed().as_secs_f64();
    println!("sent {rate:.0} a second over {seconds} s, {slowest:.0} in the slowest 5 s (goal 2,000)");
    println!("the worker's memory: {most_memory} MB at most (goal 200)");
    drop(worker);
    tell_of(&pool, last).await
}

/// What is marked against what the provider took.
async fn tell_of(pool: &PgPool, taken: u64) -> Result<()> {
    let (sent, sending): (i64, i64) = sqlx::query_as(
        "SELECT count(*) FILTER (WHERE state = 'sent'), count(*) FILTER (WHERE state = 'sending') FROM outbox",
    )
    .fetch_one(pool)
    .await?;
    println!(
        "marked as sent {sent}, on their way when the worker was killed {sending}, taken by then at least {taken}"
    );
    Ok(())
}

/// One of the other processes.
struct Process(Child);

impl Process {
    fn start(arguments: &[&str]) -> Result<Self> {
        let child = Command::new(std::env::current_exe()?).args(arguments).stdout(Stdio::null()).spawn()?;
        Ok(Self(child))
    }

    /// Resident memory in megabytes.
    fn memory(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS")?;
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes / 1024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A worker as a node has it.
async fn work(database: &str) -> Result<()> {
    let toml = format!(
        "[messages]\nproviders = [\"peer\"]\nopen_from = \"00:00\"\nopen_until = \"23:59\"\n\
         [providers.peer]\ntype = \"http\"\nendpoint = \"http://127.0.0.1:{PORT}/send\"\nsecret = \"bench\"\n\
         in_flight = 400\nprice = 0.03\n"
    );
    let settings = Settings::load(&Sources { base: &toml, file: None, environment: vec![] })?;
    let plan = plan(&settings, &mamacare::app::http::client()?)?;
    let _outbox = Outbox::start(OutboxParts {
        pool: PgPoolOptions::new().max_connections(16).connect(database).await?,
        vault: Arc::new(Vault::new(Arc::new(Keyring::demo()))),
        clock: Clock::system(),
        timing: Timing::of(&plan),
        plan,
        seed: clock::octets(),
    });
    std::future::pending().await
}
