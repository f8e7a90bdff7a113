//! `make bench`: USSD turns against a demo with 100,000 patients, beside the HTTP
//! server alone, PostgreSQL alone and npm's ussd-menu-builder, in one run on one machine.
//! With the arguments `pins 40`: only what PIN checks leave to others, in so many pairs of rounds.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures for a table"
)]
#![expect(clippy::indexing_slicing, reason = "a benchmark that goes wrong may stop")]

#[path = "../shared/connection.rs"]
mod connection;
mod gateway;
#[path = "../shared/measure.rs"]
mod measure;
mod peers;
mod phone;
mod pins;
#[path = "../shared/postgres.rs"]
mod postgres;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail, ensure};

use gateway::Gateway;
use measure::{Load, heads};
use phone::{Script, drive};

/// Seconds of each measure.
const SECONDS: u64 = 10;
const CONNECTIONS: usize = 128;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [_, "constant", port] => runtime.block_on(peers::serve_constant(port.parse()?)),
        [_, "pins", pairs] => runtime.block_on(pins_alone(pairs.parse()?)),
        [_] => runtime.block_on(run()),
        _ => bail!("turns [pins PAIRS]"),
    }
}

/// What PIN checks leave to others, alone.
async fn pins_alone(rounds: u32) -> Result<()> {
    ensure!(rounds >= 2, "one pair of rounds says nothing: two or more");
    let gateway = Gateway::start(100_000).await?;
    heads("turns/s");
    let full = Load { connections: CONNECTIONS, duration: Duration::from_secs(SECONDS), rate: None };
    let turns = drive(Arc::new(gateway.script("e")), full).await?;
    turns.print("MamaCare: conversations without a PIN, durable");
    pins::beside_pins(&gateway, turns.rate(), full, rounds).await?;
    Ok(())
}

async fn run() -> Result<()> {
    let full = Load { connections: CONNECTIONS, duration: Duration::from_secs(SECONDS), rate: None };
    let gateway = Gateway::start(100_000).await?;
    heads("turns/s");

    let (constant, address) = peers::constant(19_081).await?;
    let plain = Script {
        servers: vec![address],
        path: "/ussd".into(),
        answers: vec!["3".into(); 6],
        ..gateway.script("a")
    };
    let server_alone = drive(Arc::new(Script { expected: vec![], ..plain.clone() }), full).await?;
    drop(constant);
    server_alone.print("(a) the HTTP server with a constant answer");

    let [half, most] = peers::disk()?;
    println!("{:<62} {:>9} {half:>8.2} {most:>8.2}", "    the disk: 16 KiB written and flushed", "");
    let postgres_alone = peers::postgres(&gateway.database_url, SECONDS)?;
    println!("{:<62} {postgres_alone:>9.0}", "(b) PostgreSQL: SELECT + committed UPSERT, 64 clients");

    let (express, addresses) = peers::express(19_082).await?;
    let answers = ["5", "1", "3", "1", "1", "1"].map(str::to_owned).to_vec();
    let peer = Script { servers: addresses, answers, expected: vec!["MamaCare".into()], ..plain };
    let builder = drive(Arc::new(peer), full).await?;
    drop(express);
    builder.print("(c) ussd-menu-builder on express, 4 processes, in memory");

    let script = Arc::new(gateway.script("d"));
    drive(Arc::clone(&script), Load { duration: Duration::from_secs(2), ..full }).await?;
    let turns = drive(Arc::new(gateway.script("e")), full).await?;
    turns.print("MamaCare: conversations without a PIN, durable");
    let half = Load { rate: Some(turns.rate() / 2.0), ..full };
    let calm = drive(Arc::new(gateway.script("f")), half).await?;
    calm.print("  the same at half of that rate");

    let pins = drive(Arc::new(gateway.pin_script("g")), Load { connections: 16, ..full }).await?;
    pins.print("MamaCare: conversations with PIN and record");
    let [waiting, without] = pins::beside_pins(&gateway, turns.rate(), full, pins::ROUNDS).await?;
    let few = Load { connections: 8, ..full };
    let open = drive(Arc::new(gateway.open_script("o")), few).await?;
    open.print("MamaCare: a list that is nobody's, after the dial (8 at once)");
    let sealed = drive(Arc::new(gateway.sealed_script("p")), few).await?;
    sealed.print("  a list out of her sealed record, after her PIN");
    let live = gateway.hold_sessions(100_000).await?;

    println!(
        "\nratio to (c): {:.2} (goal 2)   ratio to (b): {:.2} (goal 1.2)",
        turns.rate() / builder.rate(),
        turns.rate() / postgres_alone
    );
    println!(
        "p99 at half load: {:.1} ms (goal 20)   of the middle round: {waiting:.1} ms while 200 PIN checks wait, {without:.1} without",
        calm.quantile(0.99)
    );
    println!("a sealed list to an open one: {:.2} (goal 1.3)", sealed.quantile(0.5) / open.quantile(0.5));
    println!(
        "memory with 100,000 live sessions: {} MB (goal 150)   bytes a session row: {}",
        live.megabytes, live.row_bytes
    );
    println!("start to ready on the existing database: {} ms (goal 1000)", gateway.restart_millis().await?);
    Ok(())
}
