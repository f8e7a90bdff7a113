//! `make bench`: USSD turns against a demo with 100,000 patients, beside the HTTP
//! server alone, PostgreSQL alone and npm's ussd-menu-builder, in one run on one machine.

#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "figures for a table"
)]
#![expect(clippy::indexing_slicing, reason = "a benchmark that goes wrong may stop")]

mod gateway;
mod peers;
mod phone;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use gateway::Gateway;
use phone::{Load, Measure, Script, drive};

/// Seconds of each measure.
const SECONDS: u64 = 10;
const CONNECTIONS: usize = 128;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if let [_, constant, port] = arguments.as_slice()
        && constant == "constant"
    {
        return runtime.block_on(peers::serve_constant(port.parse()?));
    }
    runtime.block_on(measure())
}

async fn measure() -> Result<()> {
    let full = Load { connections: CONNECTIONS, duration: Duration::from_secs(SECONDS), rate: None };
    let gateway = Gateway::start(100_000).await?;
    println!("\n{:<58} {:>10} {:>8} {:>8} {:>8}", "", "turns/s", "p50 ms", "p99 ms", "max ms");

    let (constant, address) = peers::constant(19_081).await?;
    let plain = Script {
        servers: vec![address],
        path: "/ussd".into(),
        answers: vec!["3".into(); 6],
        ..gateway.script("a")
    };
    let server_alone = drive(Arc::new(Script { expected: vec![], ..plain.clone() }), full).await?;
    drop(constant);
    line("(a) the HTTP server with a constant answer", &server_alone);

    let [half, most] = peers::disk()?;
    println!("{:<58} {:>10} {half:>8.2} {most:>8.2}", "    the disk: 16 KiB written and flushed", "");
    let postgres_alone = peers::pgbench(&gateway.database_url, SECONDS)?;
    println!("{:<58} {postgres_alone:>10.0}", "(b) PostgreSQL: SELECT + committed UPSERT, 64 clients");

    let (express, addresses) = peers::express(19_082).await?;
    let answers = ["5", "1", "3", "1", "1", "1"].map(str::to_owned).to_vec();
    let peer = Script { servers: addresses, answers, expected: vec!["MamaCare".into()], ..plain };
    let builder = drive(Arc::new(peer), full).await?;
    drop(express);
    line("(c) ussd-menu-builder on express, 4 processes, in memory", &builder);

    let script = Arc::new(gateway.script("d"));
    drive(Arc::clone(&script), Load { duration: Duration::from_secs(2), ..full }).await?;
    let turns = drive(Arc::new(gateway.script("e")), full).await?;
    line("MamaCare: conversations without a PIN, durable", &turns);
    let half = Load { rate: Some(turns.rate() / 2.0), ..full };
    let calm = drive(Arc::new(gateway.script("f")), half).await?;
    line("  the same at half of that rate", &calm);

    let pins = drive(Arc::new(gateway.pin_script("g")), Load { connections: 16, ..full }).await?;
    line("MamaCare: conversations with PIN and record", &pins);
    let waiting = gateway
        .while_pins_wait(200, Arc::new(Script { expected: vec![], ..gateway.script("h") }), half)
        .await?;
    line("  half rate while 200 PIN checks wait", &waiting);
    let few = Load { connections: 8, ..full };
    let open = drive(Arc::new(gateway.open_script("o")), few).await?;
    line("MamaCare: a list that is nobody's, after the dial (8 at once)", &open);
    let sealed = drive(Arc::new(gateway.sealed_script("p")), few).await?;
    line("  a list out of her sealed record, after her PIN", &sealed);
    let live = gateway.hold_sessions(100_000).await?;

    println!(
        "\nratio to (c): {:.2} (goal 2)   ratio to (b): {:.2} (goal 1.2)",
        turns.rate() / builder.rate(),
        turns.rate() / postgres_alone
    );
    println!(
        "p99 at half load: {:.1} ms (goal 20)   while PINs wait: {:.1} ms",
        calm.quantile(0.99),
        waiting.quantile(0.99)
    );
    println!("a sealed list to an open one: {:.2} (goal 1.3)", sealed.mean() / open.mean());
    println!(
        "memory with 100,000 live sessions: {} MB (goal 150)   bytes a session row: {}",
        live.megabytes, live.row_bytes
    );
    println!("start to ready on the existing database: {} ms (goal 1000)", gateway.restart_millis().await?);
    Ok(())
}

fn line(name: &str, measure: &Measure) {
    let max = measure.quantile(1.0);
    println!(
        "{name:<58} {:>10.0} {:>8.2} {:>8.2} {max:>8.1}",
        measure.rate(),
        measure.quantile(0.5),
        measure.quantile(0.99)
    );
}
