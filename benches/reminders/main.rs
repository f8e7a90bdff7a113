//! `cargo run --release --example reminders -- [MOTHERS]`: one round of planning for 1,000,000 mothers, on a
//! private PostgreSQL with fsync on; then a second round, which finds nothing to do.

mod mothers;
#[path = "../shared/server.rs"]
mod server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use chrono::{NaiveDate, Utc};
use mamacare::app::clock::{self, Clock};
use mamacare::app::reminders::{ReminderParts, ReminderSettings, Reminders};
use mamacare::app::turns::MenuShelf;
use mamacare::care::Country;
use mamacare::care::calendar::local_day;
use mamacare::menu::{LoadOptions, Menu, MenuVersion, Sources, load};
use mamacare::messages::schedule::Schedule;
use mamacare::privacy::{Keyring, Vault};
use mamacare::store::MIGRATOR;
use mamacare::store::bulk::{Batch, Trust};
use mamacare::store::facilities::Directory;
use mamacare::store::places::add_country;
use mamacare::store::private::PrivateServer;
use mamacare::ussd::catalog::CATALOG;
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, PgConnection, PgPool};

use mothers::mother;
use server::with_server;

/// Mothers where none are asked for.
const MOTHERS: u64 = 1_000_000;
/// Mothers in one load.
const BATCH: u64 = 10_000;
const DATABASE: &str = "reminders";
/// When the service begins: its first round is due. The day after it is what is measured.
const MORNING: &str = "2026-11-24T07:30:00Z";
const DAY: Duration = Duration::from_hours(24);

struct Shelf(Arc<Menu>);

impl MenuShelf for Shelf {
    fn current(&self) -> Arc<Menu> {
        Arc::clone(&self.0)
    }

    async fn version(&self, _: MenuVersion) -> Option<Arc<Menu>> {
        None
    }
}

fn main() -> Result<()> {
    let count = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(MOTHERS);
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(with_server(async |server| rounds(server, count).await))
}

async fn rounds(server: &PrivateServer, count: u64) -> Result<()> {
    server.ensure_database(DATABASE).await?;
    let options = server.options(DATABASE)?;
    let mut connection = PgConnection::connect_with(&options).await?;
    MIGRATOR.run(&mut connection).await?;
    let country = Arc::new(Country::shipped()?);
    let now = MORNING.parse::<chrono::DateTime<Utc>>()?;
    add_country(&mut connection, &country.districts, &country.facilities, now).await?;
    let keys = Arc::new(Keyring::new(&clock::octets(), clock::generator()));
    let vault = Arc::new(Vault::new(keys));
    fill(&mut connection, &vault, count, now).await?;
    connection.close().await?;
    let pool = PgPoolOptions::new().max_connections(8).connect_with(options).await?;
    plan(pool, vault, country, now, count).await
}

async fn fill(
    connection: &mut PgConnection,
    vault: &Vault,
    count: u64,
    now: chrono::DateTime<Utc>,
) -> Result<()> {
    let begun = Instant::now();
    let mut next = 0;
    while next < count {
        let mut batch = Batch::default();
        for id in next..(next + BATCH).min(count) {
            batch.add(&mother(id, now)?, vault);
        }
        batch.write(Trust::AsMade, connection).await?;
        next += BATCH;
    }
    sqlx::raw_sql("VACUUM ANALYZE").execute(&mut *connection).await?;
    println!("{count} mothers loaded in {:.0} s", begun.elapsed().as_secs_f64());
    Ok(())
}

async fn plan(
    pool: PgPool,
    vault: Arc<Vault>,
    country: Arc<Country>,
    now: chrono::DateTime<Utc>,
    count: u64,
) -> Result<()> {
    let options = LoadOptions { serve_unreviewed: vec!["kri".to_owned()], ..LoadOptions::default() };
    let menu =
        load(&Sources::from_embedded(), &CATALOG, &options).map_err(|report| anyhow::anyhow!("{report}"))?;
    let clock = Clock::manual(now);
    let planner = Reminders::new(ReminderParts {
        pool: pool.clone(),
        vault,
        menus: Shelf(Arc::new(menu)),
        directory: Directory::open(&pool).await?,
        country,
        schedule: Schedule::shipped()?,
        clock: clock.clone(),
        settings: ReminderSettings { at_once: 4, ..ReminderSettings::new("*468#") },
    })?;
    println!("\n{:<52} {:>9} {:>10} {:>9}", "", "people", "messages", "seconds");
    round(&planner, local_day(now), "the first day of a service, all that is due at once").await?;
    // A service that has run for a while: what was queued is gone, and the tables are tidy.
    sqlx::query("UPDATE outbox SET state = 'sent', body = NULL").execute(&pool).await?;
    sqlx::query("VACUUM ANALYZE reminder, reminder_look, outbox").execute(&pool).await?;
    clock.advance(DAY);
    let day = local_day(clock.now());
    let seconds = round(&planner, day, "the next day").await?;
    round(&planner, day, "the same day again: nobody to look at").await?;
    println!("\n{count} mothers' next day in {seconds:.1} s (goal: 1,000,000 in 60 s)");
    Ok(())
}

async fn round(planner: &Reminders<Shelf>, day: NaiveDate, name: &str) -> Result<f64> {
    let begun = Instant::now();
    let round = planner.round(day).await?;
    let seconds = begun.elapsed().as_secs_f64();
    println!("{name:<52} {:>9} {:>10} {seconds:>9.1}", round.people, round.messages);
    Ok(seconds)
}
