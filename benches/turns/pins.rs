//! What PIN checks leave to others: turns without a PIN while many women wait for the check of theirs, while as many
//! come in one after the other, and alone.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::connection::Connection;
use super::gateway::Gateway;
use super::measure::{Load, Measure};
use super::phone::{Line, Script, drive_warm};

/// Women who are always at it: more than the queue takes, so that it stays full and some are turned away.
const WOMEN: u64 = 200;
/// Women who are always at it where all may wait: so many that 200 wait while others dial.
const PATIENT_WOMEN: u64 = 240;
/// Who was turned away dials again after this.
const AGAIN: Duration = Duration::from_secs(2);
/// Women who come in one after the other, as many a second as of those: enough that none has to be late.
const FEW: u64 = 16;
/// Where all may wait, it is measured from when so many do.
const GATHERED: u64 = 150;
/// They wait by then.
const GATHERED_WITHIN: Duration = Duration::from_secs(20);
/// Pause between two looks at the queue.
const LOOK: Duration = Duration::from_millis(250);
/// Turns of a woman who tries her PIN: she dials, asks for her care, types it, leaves.
const TURNS: f64 = 4.0;
/// Pairs of rounds that are compared: the speed of a machine that others use too changes from one minute to the next.
pub const ROUNDS: u32 = 7;
/// Each is measured for so long.
const MEASURED: Duration = Duration::from_secs(5);
/// And before it the same load, which is not measured.
const WARM_UP: Duration = Duration::from_secs(2);

/// Turns without a PIN beside PIN checks: at a quarter and at half of the full rate while 200 of them wait, on a node
/// that turns nobody away; at half while as many wait as a node lets, and while as many are made and none waits. Prints
/// all, and gives the slowest hundredth of a round at half in milliseconds, while 200 wait and without any.
pub async fn beside_pins(gateway: &Gateway, rate: f64, full: Load, rounds: u32) -> Result<[f64; 2]> {
    let at = |share: f64| Load { rate: Some(rate * share), duration: MEASURED, ..full };
    let patient = gateway.patient_node().await?;
    while_all_wait(&patient, "a quarter", "q", at(0.25), rounds).await?;
    let half = while_all_wait(&patient, "half", "p", at(0.5), rounds).await?;
    drop(patient);
    while_some_wait(gateway, "half", "h", at(0.5), rounds).await?;
    Ok(half)
}

async fn while_all_wait(
    patient: &Gateway,
    share: &str,
    run: &str,
    load: Load,
    rounds: u32,
) -> Result<[f64; 2]> {
    let crowd = Crowd { women: PATIENT_WOMEN, pace: None, gathered: GATHERED };
    let (mut waiting, mut without) = (Beside::default(), Beside::default());
    for round in 0..rounds {
        let script = |name: &str| Arc::new(patient.script(&format!("{run}{name}{round}")));
        // Each goes first by turns: what one leaves behind does not always slow the other.
        let waiting_first = round.is_multiple_of(2);
        if waiting_first {
            waiting.round(patient, script("w"), load, crowd).await?;
        }
        without.round(patient, script("a"), waiting.as_many(load), Crowd::NOBODY).await?;
        if !waiting_first {
            waiting.round(patient, script("w"), load, crowd).await?;
        }
    }
    waiting.print(&format!(
        "MamaCare: {share} of the full rate, {PATIENT_WOMEN} women at their PINs, all may wait"
    ));
    without.print("  as many turns in all, none with a PIN");
    waiting.print_beside(&without);
    Ok([waiting.slowest(), without.slowest()])
}

async fn while_some_wait(gateway: &Gateway, share: &str, run: &str, load: Load, rounds: u32) -> Result<()> {
    let (mut waiting, mut one_by_one, mut without) =
        (Beside::default(), Beside::default(), Beside::default());
    for round in 0..rounds {
        let script = |name: &str| Arc::new(gateway.script(&format!("{run}{name}{round}")));
        waiting.round(gateway, script("w"), load, Crowd { women: WOMEN, pace: None, gathered: 0 }).await?;
        let pace = Some(Duration::from_secs_f64(FEW as f64 / waiting.came_in().max(0.1)));
        let turned_away = more(load, waiting.turned_away());
        one_by_one.round(gateway, script("o"), turned_away, Crowd { women: FEW, pace, gathered: 0 }).await?;
        without.round(gateway, script("a"), waiting.as_many(load), Crowd::NOBODY).await?;
    }
    waiting.print(&format!("MamaCare: {share} of the full rate, {WOMEN} women at their PINs"));
    one_by_one.print("  as many turns and PINs, one after the other");
    without.print("  as many turns in all, none with a PIN");
    waiting.print_beside(&without);
    Ok(())
}

/// The load, and the turns of so many women a second.
fn more(load: Load, women: f64) -> Load {
    Load { rate: load.rate.map(|rate| rate + women * TURNS), ..load }
}

/// Who types PINs.
#[derive(Clone, Copy)]
struct Crowd {
    women: u64,
    /// Between two tries of one of them; `None`: she tries again at once, or when she may after she was turned away.
    pace: Option<Duration>,
    /// So many checks wait before it is measured.
    gathered: u64,
}

impl Crowd {
    const NOBODY: Self = Self { women: 0, pace: None, gathered: 0 };
}

/// What was measured beside a crowd, and what became of it.
#[derive(Default)]
struct Beside {
    turns: Measure,
    seconds: f64,
    came_in: u64,
    turned_away: u64,
    /// Checks that waited, each time that somebody looked.
    waiting: Vec<u64>,
    /// What the slowest hundredth of each round took, in milliseconds.
    slowest: Vec<f64>,
}

impl Beside {
    /// A second.
    fn came_in(&self) -> f64 {
        self.came_in as f64 / self.seconds
    }

    /// A second.
    fn turned_away(&self) -> f64 {
        self.turned_away as f64 / self.seconds
    }

    /// That load, and the turns that the crowd made beside it.
    fn as_many(&self, load: Load) -> Load {
        more(load, self.came_in() + self.turned_away())
    }

    /// The middle one of the rounds: one in which the disk or a neighbour was busy says nothing of the checks.
    fn slowest(&self) -> f64 {
        quantile(0.5, &self.slowest)
    }

    /// How many times as long as without the crowd, pair by pair: what a machine that others use too takes from
    /// both of a pair says nothing of the checks either. The mean is the geometric one, with its standard error.
    fn print_beside(&self, without: &Self) {
        let times: Vec<f64> =
            self.slowest.iter().zip(&without.slowest).map(|(with, without)| (with / without).ln()).collect();
        let [lower, middle, upper] = [0.25, 0.5, 0.75].map(|share| quantile(share, &times).exp());
        let pairs = times.len() as f64;
        let mean = times.iter().sum::<f64>() / pairs;
        let squares: f64 = times.iter().map(|times| (times - mean).powi(2)).sum();
        let error = (squares / (pairs - 1.0) / pairs).sqrt();
        println!(
            "    p99 to p99 without, of {pairs} pairs: {middle:.2} (half of them from {lower:.2} to {upper:.2}), {:.2} on average, \
             give or take {:.0} %",
            mean.exp(),
            100.0 * error.exp_m1(),
        );
    }

    fn print(&self, name: &str) {
        self.turns.print(name);
        let waited = self.waiting.iter().sum::<u64>() as f64 / self.waiting.len().max(1) as f64;
        println!(
            "    p99 of the middle round {:.1} ms; {waited:.0} checks waited, {:.0} PINs a second came in, {:.0} were turned away",
            self.slowest(),
            self.came_in(),
            self.turned_away(),
        );
    }

    /// Measures `script` while the crowd is at it.
    async fn round(
        &mut self,
        gateway: &Gateway,
        script: Arc<Script>,
        load: Load,
        crowd: Crowd,
    ) -> Result<()> {
        // Sessions of their own in each measure.
        let pins = Arc::new(Script { run: format!("{}w", script.run), ..gateway.pin_script("w") });
        let doors = Arc::new(Doors::default());
        let mut women = JoinSet::new();
        for at in 0..crowd.women {
            women.spawn(try_again(Arc::clone(&pins), Arc::clone(&doors), crowd, at));
        }
        gathered(script.servers[0], crowd.gathered).await?;
        let looking = tokio::spawn(look(script.servers[0], Arc::clone(&doors)));
        doors.count_from_now();
        let turns = drive_warm(script, load, WARM_UP).await;
        self.seconds += (WARM_UP + load.duration).as_secs_f64();
        self.came_in += doors.came_in.load(Ordering::Relaxed);
        self.turned_away += doors.turned_away.load(Ordering::Relaxed);
        doors.closed.store(true, Ordering::Relaxed);
        while let Some(done) = women.join_next().await {
            done??;
        }
        self.waiting.extend(looking.await??);
        let turns = turns?;
        self.slowest.push(turns.quantile(0.99));
        self.turns += turns;
        Ok(())
    }
}

/// The value that this share of them is below.
fn quantile(share: f64, values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = ((sorted.len() as f64 - 1.0) * share).round().max(0.0) as usize;
    sorted.get(at).copied().unwrap_or_default()
}

/// Who came through, and whether it is over.
#[derive(Default)]
struct Doors {
    came_in: AtomicU64,
    turned_away: AtomicU64,
    closed: AtomicBool,
}

impl Doors {
    /// Forgets who came through before.
    fn count_from_now(&self) {
        self.came_in.store(0, Ordering::Relaxed);
        self.turned_away.store(0, Ordering::Relaxed);
    }
}

/// One woman tries her PIN until it is over.
async fn try_again(pins: Arc<Script>, doors: Arc<Doors>, crowd: Crowd, at: u64) -> Result<()> {
    let mut line = Line::open(pins.servers[0]).await?;
    // Not all in the same instant.
    let mut due = Instant::now() + crowd.pace.unwrap_or(AGAIN).mul_f64(at as f64 / crowd.women as f64);
    for round in 0.. {
        sleep_until(due).await;
        if doors.closed.load(Ordering::Relaxed) {
            break;
        }
        let came_in = try_pin(&pins, &mut line, at + round * 1000).await?;
        let count = if came_in { &doors.came_in } else { &doors.turned_away };
        count.fetch_add(1, Ordering::Relaxed);
        due = match crowd.pace {
            Some(pace) => due + pace,
            None if came_in => due,
            None => Instant::now() + AGAIN,
        };
    }
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

/// Waits until so many checks do.
async fn gathered(server: SocketAddr, checks: u64) -> Result<()> {
    let begun = Instant::now();
    let mut metrics = Metrics::open(server).await?;
    while metrics.waiting().await? < checks {
        ensure!(begun.elapsed() < GATHERED_WITHIN, "{checks} checks do not wait after {GATHERED_WITHIN:?}");
        sleep(LOOK).await;
    }
    Ok(())
}

/// Asks the node how many checks wait, until it is over.
async fn look(server: SocketAddr, doors: Arc<Doors>) -> Result<Vec<u64>> {
    let mut metrics = Metrics::open(server).await?;
    let mut seen = Vec::new();
    while !doors.closed.load(Ordering::Relaxed) {
        seen.push(metrics.waiting().await?);
        sleep(LOOK).await;
    }
    Ok(seen)
}

/// What a node says of itself.
struct Metrics(Connection);

impl Metrics {
    async fn open(server: SocketAddr) -> Result<Self> {
        Connection::open(server).await.map(Self)
    }

    /// Checks that wait.
    async fn waiting(&mut self) -> Result<u64> {
        let metrics = std::str::from_utf8(self.0.ask("GET /metrics HTTP/1.1\r\nhost: bench\r\n\r\n").await?)?;
        let depth = metrics.lines().find_map(|line| line.strip_prefix("mamacare_pin_queue_depth "));
        // There is none before the first check.
        let depth =
            depth.map_or(Ok(0.0), |depth| depth.trim().parse::<f64>()).context("mamacare_pin_queue_depth")?;
        Ok(depth as u64)
    }
}
