//! What PIN checks leave to others: turns without a PIN, alone and while many women wait for the check of theirs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::task::JoinSet;

use super::connection::Connection;
use super::gateway::Gateway;
use super::measure::{Load, Measure};
use super::phone::{Line, Script, drive};

/// Women who are always at it: more than the queue takes, so that it stays full and some are turned away.
const WOMEN: u64 = 200;
/// Who was turned away dials again after this.
const AGAIN: Duration = Duration::from_secs(2);
/// Pause between two looks at the queue.
const LOOK: Duration = Duration::from_millis(250);
/// Turns of a woman who tries her PIN: she dials, asks for her care, types it, leaves.
const TURNS: f64 = 4.0;
/// Rounds of what is compared, in turns: the speed of a machine that others use too changes from one minute to
/// the next.
const ROUNDS: u32 = 5;
/// Seconds of each.
const SECONDS: u64 = 5;

/// What was measured beside the checks, and what became of these.
#[derive(Default)]
struct Beside {
    turns: Measure,
    seconds: f64,
    came_in: u64,
    turned_away: u64,
    /// Checks that waited, each time that somebody looked.
    waiting: Vec<u64>,
}

/// Turns without a PIN at a quarter and at half of the full rate: while the checks wait, and as many turns in all
/// without any check. Prints all, and gives the two at a quarter, those without a check first.
pub async fn beside_pins(gateway: &Gateway, rate: f64, full: Load) -> Result<[Measure; 2]> {
    let quarter = compare(gateway, "a quarter", "q", Load { rate: Some(rate / 4.0), ..full }).await?;
    compare(gateway, "half", "h", Load { rate: Some(rate / 2.0), ..full }).await?;
    Ok(quarter)
}

async fn compare(gateway: &Gateway, share: &str, run: &str, load: Load) -> Result<[Measure; 2]> {
    let load = Load { duration: Duration::from_secs(SECONDS), ..load };
    let script = |name: &str, round| Arc::new(gateway.script(&format!("{run}{name}{round}")));
    let (mut without, mut beside) = (Measure::default(), Beside::default());
    for round in 0..ROUNDS {
        while_pins_wait(gateway, script("w", round), load, &mut beside).await?;
        let as_many = load.rate.map(|rate| rate + beside.turns_of_women());
        without += drive(script("a", round), Load { rate: as_many, ..load }).await?;
    }
    beside.turns.print(&format!("MamaCare: {share} of the full rate, while PIN checks wait"));
    beside.print();
    without.print("  as many turns in all, none with a PIN");
    Ok([without, beside.turns])
}

impl Beside {
    /// A second.
    fn turns_of_women(&self) -> f64 {
        (self.came_in + self.turned_away) as f64 * TURNS / self.seconds
    }

    fn print(&self) {
        let mean = self.waiting.iter().sum::<u64>() as f64 / self.waiting.len().max(1) as f64;
        println!(
            "    {WOMEN} women at it: {mean:.0} checks waited, {:.0} a second came in, {:.0} were turned away",
            self.came_in as f64 / self.seconds,
            self.turned_away as f64 / self.seconds
        );
    }
}

/// Measures `script` while the women are at it.
async fn while_pins_wait(
    gateway: &Gateway,
    script: Arc<Script>,
    load: Load,
    beside: &mut Beside,
) -> Result<()> {
    // Sessions of their own in each measure.
    let pins = Arc::new(Script { run: format!("{}w", script.run), ..gateway.pin_script("w") });
    let stop = Arc::new(AtomicBool::new(false));
    let (came_in, turned_away) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut women = JoinSet::new();
    for at in 0..WOMEN {
        let (pins, stop) = (Arc::clone(&pins), Arc::clone(&stop));
        let (came_in, turned_away) = (Arc::clone(&came_in), Arc::clone(&turned_away));
        women.spawn(async move {
            let mut line = Line::open(pins.servers[0]).await?;
            // Not all in the same instant.
            tokio::time::sleep(AGAIN.mul_f64(at as f64 / WOMEN as f64)).await;
            for round in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                if try_pin(&pins, &mut line, at + round * 1000).await? {
                    came_in.fetch_add(1, Ordering::Relaxed);
                } else {
                    turned_away.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(AGAIN).await;
                }
            }
            Ok::<_, anyhow::Error>(())
        });
    }
    let looking = tokio::spawn(look(script.servers[0], Arc::clone(&stop)));
    let turns = drive(script, load).await;
    beside.seconds += load.duration.as_secs_f64();
    beside.came_in += came_in.load(Ordering::Relaxed);
    beside.turned_away += turned_away.load(Ordering::Relaxed);
    stop.store(true, Ordering::Relaxed);
    while let Some(done) = women.join_next().await {
        done??;
    }
    beside.waiting.extend(looking.await??);
    beside.turns += turns?;
    Ok(())
}

/// One woman dials, types her PIN and leaves: whether she came in.
async fn try_pin(pins: &Script, line: &mut Line, woman: u64) -> Result<bool> {
    // Not the phones of the script beside: two sessions of one phone wait for each other.
    let number = pins.numbers / 2 + woman;
    let session = format!("{}{number:012}", pins.run);
    let phone = pins.first_number + number % pins.numbers;
    let typed = format!("2*{}", pins.answers[1]);
    line.turn(&pins.path, &session, phone, "").await?;
    line.turn(&pins.path, &session, phone, "2").await?;
    ensure!(line.body().contains("PIN"), "no PIN was asked for: {:?}", line.body());
    line.turn(&pins.path, &session, phone, &typed).await?;
    let came_in = ["2. My record", "2. Mi r"].iter().any(|label| line.body().contains(label));
    // Or the next who dials on this phone is asked whether she goes on here.
    line.turn(&pins.path, &session, phone, &format!("{typed}*999")).await?;
    Ok(came_in)
}

/// Asks the node how many checks wait, until it is to stop.
async fn look(server: std::net::SocketAddr, stop: Arc<AtomicBool>) -> Result<Vec<u64>> {
    let mut connection = Connection::open(server).await?;
    let mut seen = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let metrics =
            std::str::from_utf8(connection.ask("GET /metrics HTTP/1.1\r\nhost: bench\r\n\r\n").await?)?;
        let depth = metrics.lines().find_map(|line| line.strip_prefix("mamacare_pin_queue_depth "));
        seen.push(depth.context("mamacare_pin_queue_depth")?.trim().parse::<f64>()? as u64);
        tokio::time::sleep(LOOK).await;
    }
    Ok(seen)
}
