//! `cargo run --release --example api -- [PATIENTS]`: reads of patients' records and of lists over HTTP, on a
//! node with 100,000 patients and 1,000,000 records in a private PostgreSQL with fsync on. Each read
//! leaves its line in the audit trail before its answer leaves.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures for a table"
)]
#![expect(clippy::indexing_slicing, reason = "a benchmark that goes wrong may stop")]

mod client;
#[path = "../shared/connection.rs"]
mod connection;
#[path = "../shared/measure.rs"]
mod measure;
mod patients;
#[path = "../shared/postgres.rs"]
mod postgres;
#[path = "../shared/server.rs"]
mod server;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use mamacare::app::clock::{self, Clock};
use mamacare::app::metrics::Metrics;
use mamacare::app::node::Node;
use mamacare::app::serve::Foundation;
use mamacare::app::settings::{Secret, Settings};
use mamacare::care::Country;
use mamacare::identity::{PinHasher, Role};
use mamacare::privacy::{Keyring, Vault};
use mamacare::store::accounts::{self, NewAccount};
use mamacare::store::places::add_country;
use mamacare::store::private::PrivateServer;
use mamacare::store::record::whole::copies;
use mamacare::store::{MIGRATOR, roles};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use tokio::net::TcpListener;
use uuid::Uuid;

use client::{Client, drive};
use measure::{Load, Measure, heads};
use server::with_server;

/// As the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Patients where no number is asked for.
const PATIENTS: u64 = 100_000;
const DATABASE: &str = "api";
const EMAIL: &str = "nurse@bench.mamacare.example";
const PASSWORD: &str = "river stone lantern";
/// Goals: reads a second, and milliseconds for 99 of 100 of them.
const GOAL: (f64, f64) = (5000.0, 20.0);
/// How hard, where answers set the pace.
const FULL: Load = Load { connections: 64, duration: Duration::from_secs(10), rate: None };
/// Rows of a page of a list.
const PAGE: u64 = 50;
/// Rows before the page that is measured.
const DEPTHS: [u64; 3] = [1, 1000, 100_000];

fn main() -> Result<()> {
    let count = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(PATIENTS);
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(with_server(async |server| reads(server, count).await))
}

async fn reads(server: &PrivateServer, count: u64) -> Result<()> {
    server.ensure_database(DATABASE).await?;
    let keys = Arc::new(Keyring::new(&clock::octets(), clock::generator()));
    let mut settings = Settings::default();
    settings.database.url = Some(Secret::new(server.application_url(DATABASE)));
    for most in [&mut settings.api.address_per_minute, &mut settings.api.account_per_minute] {
        *most = u32::MAX;
    }
    settings.api.address_burst = u32::MAX;
    settings.api.account_burst = u32::MAX;
    let hasher = PinHasher::start(settings.pin.hasher(), keys.pepper(), clock::octets)?;
    fill(server, &keys, &hasher, count).await?;
    let node = start(settings, keys, hasher).await?;
    let token = sign_in(node.address()).await?;
    heads("reads/s");
    let alone = postgres::pgbench(&server.url(DATABASE), &bare_record(count), FULL.duration.as_secs())?;
    println!("{:<62} {alone:>9.0}", "PostgreSQL: the rows of a record in one statement, 64 clients");
    records(node.address(), &token, count, alone).await?;
    lists(node.address(), &token, count).await?;
    node.stop().await;
    Ok(())
}

/// The tables, the country, a nurse and her patients.
async fn fill(server: &PrivateServer, keys: &Arc<Keyring>, hasher: &PinHasher, count: u64) -> Result<()> {
    let begun = Instant::now();
    let now = Clock::system().now();
    let mut connection = PgConnection::connect_with(&server.options(DATABASE)?).await?;
    MIGRATOR.run(&mut connection).await?;
    roles::ensure(&mut connection).await?;
    let country = Country::shipped()?;
    add_country(&mut connection, &country.districts, &country.facilities, now).await?;
    let hash = hasher.hash(PASSWORD).await?;
    let nurse = NewAccount {
        id: Uuid::from_u128(u128::MAX),
        role: Role::Professional,
        email: EMAIL,
        name: "Bench",
        profession: Some("nurse"),
        facility: Some(patients::HOSPITAL),
        status: "active",
        password_hash: Some(&hash),
        now,
    };
    accounts::add(&mut connection, keys, &nurse).await?;
    patients::load(&mut connection, &Vault::new(Arc::clone(keys)), count, now).await?;
    let vault = Vault::new(Arc::clone(keys));
    while copies::renew(&mut connection, &vault).await? > 0 {}
    sqlx::raw_sql("VACUUM ANALYZE").execute(&mut connection).await?;
    connection.close().await?;
    let (records, seconds) = (count * patients::RECORDS, begun.elapsed().as_secs_f64());
    println!("{count} patients with {records} records loaded and copied in {seconds:.0} s");
    Ok(())
}

async fn start(settings: Settings, keys: Arc<Keyring>, hasher: PinHasher) -> Result<Node> {
    let foundation = Foundation {
        tls: None,
        clock: Clock::system(),
        listener: TcpListener::bind("127.0.0.1:0").await?,
        pool: mamacare::app::database::pool(&settings.database)?,
        scoped: mamacare::app::database::scoped_pool(&settings.database)?,
        hasher,
        vault: Arc::new(Vault::new(keys)),
        country: Arc::new(Country::shipped()?),
        metrics: Metrics::install()?,
        settings,
    };
    Ok(foundation.start().await?)
}

async fn sign_in(server: SocketAddr) -> Result<String> {
    let mut client = Client::open(server, "").await?;
    let body = json!({"email": EMAIL, "password": PASSWORD}).to_string();
    let told: Value = serde_json::from_slice(client.post("/api/login", &body).await?)?;
    Ok(told["token"].as_str().context("no token")?.to_owned())
}

/// A record's rows as PostgreSQL alone gives them: nobody asks whose patient she is, nothing is opened, and no
/// line is written to the trail.
fn bare_record(count: u64) -> String {
    let part = |table: &str, order: &str| {
        format!(
            "(SELECT json_agg(part) FROM (SELECT * FROM {table} WHERE {table}.person = person.id \
             ORDER BY {order} LIMIT 20) AS part)"
        )
    };
    format!(
        "\\set n random(1, {count})\n\
         SELECT person.*, {}, {}, {}, {}, {} FROM person WHERE id = lpad(to_hex(:n::bigint), 32, '0')::uuid;\n",
        part("visit", "held_on DESC, number DESC"),
        part("pregnancy", "number DESC"),
        part("child", "born_on DESC, number DESC"),
        part("medicine", "number DESC"),
        part("appointment", "number DESC")
    )
}

/// Whole records, a patient after the other so that none is read twice in a row.
async fn records(server: SocketAddr, token: &str, count: u64, alone: f64) -> Result<()> {
    // A large odd step goes through all of them in an order that no cache knows.
    let path = move |number: u64| {
        format!("/api/v1/patients/{}/record", patients::id(number.wrapping_mul(7_368_787) % count))
    };
    drive(server, token, Load { duration: Duration::from_secs(2), ..FULL }, path).await?;
    let full = drive(server, token, FULL, path).await?;
    full.print("a patient's record, 64 at once");
    let half = Load { rate: Some(full.rate() / 2.0), ..FULL };
    drive(server, token, half, path).await?.print("  the same at half of that rate");
    let (goal, most) = GOAL;
    let paced = drive(server, token, Load { rate: Some(goal), ..FULL }, path).await?;
    paced.print(&format!("  the same, {goal} a second"));
    println!(
        "\nrecords: {:.0} a second (goal {goal}), p99 {:.1} ms at the goal's rate (goal {most:.0}); ratio to PostgreSQL alone {:.2}\n",
        full.rate(),
        paced.quantile(0.99),
        full.rate() / alone
    );
    Ok(())
}

/// One page of the list of patients, with few and with many rows before it. Each in its turn, over and over:
/// the trail grows meanwhile, and what came last would be measured beside the longest.
async fn lists(server: SocketAddr, token: &str, count: u64) -> Result<()> {
    const TURNS: u8 = 3;
    let load = Load { connections: 4, duration: Duration::from_secs(2), rate: None };
    let depths = DEPTHS.map(|depth| depth.min(count.saturating_sub(PAGE + 1)));
    let mut pages = Vec::new();
    for depth in depths {
        pages.push((depth, page_after(server, token, depth).await?, Measure::default()));
    }
    for _ in 0..TURNS {
        for (_, page, measured) in &mut pages {
            let page = page.clone();
            *measured += drive(server, token, load, move |_| page.clone()).await?;
        }
    }
    for (depth, _, measured) in pages {
        measured.print(&format!("a page of {PAGE} patients, {depth} rows before it"));
    }
    Ok(())
}

/// The address of the page that follows so many rows.
async fn page_after(server: SocketAddr, token: &str, depth: u64) -> Result<String> {
    const MOST: u64 = 200;
    let mut client = Client::open(server, token).await?;
    let (mut left, mut cursor) = (depth, String::new());
    while left > 0 {
        let limit = left.min(MOST);
        let path = format!("/api/v1/patients?limit={limit}{cursor}");
        let told: Value = serde_json::from_slice(client.get(&path).await?)?;
        let next = told["next"].as_str().context("the list ends before that depth")?;
        cursor = format!("&cursor={next}");
        left -= limit;
    }
    Ok(format!("/api/v1/patients?limit={PAGE}{cursor}"))
}
