//! How hard a load is, and what came of it.

use std::ops::AddAssign;
use std::time::Duration;

/// How hard.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Connections at once.
    pub connections: usize,
    /// For how long.
    pub duration: Duration,
    /// Requests a second over all, evenly spaced; `None`: as fast as answers come.
    pub rate: Option<f64>,
}

impl Load {
    /// Time between two requests of one connection; `None` where answers set the pace.
    pub fn pace(&self) -> Option<Duration> {
        self.rate.map(|rate| Duration::from_secs_f64(self.connections as f64 / rate))
    }

    /// How much later than the first one that connection begins, so that they are evenly spaced.
    pub fn lag(&self, connection: usize) -> Duration {
        self.pace().unwrap_or_default().mul_f64(connection as f64 / self.connections as f64)
    }
}

/// What was measured.
#[derive(Debug, Default)]
pub struct Measure {
    seconds: f64,
    /// Microseconds of each request, sorted; from the moment at which it was due where a rate is set.
    micros: Vec<u32>,
}

impl Measure {
    /// Of so many seconds, with the microseconds of each request.
    pub fn new(seconds: f64, mut micros: Vec<u32>) -> Self {
        micros.sort_unstable();
        Self { seconds, micros }
    }

    /// Requests a second.
    pub fn rate(&self) -> f64 {
        self.micros.len() as f64 / self.seconds
    }

    /// That share of requests was answered within so many milliseconds.
    pub fn quantile(&self, share: f64) -> f64 {
        let at = ((self.micros.len() as f64 - 1.0) * share).max(0.0) as usize;
        self.micros.get(at).map_or(0.0, |&micros| f64::from(micros) / 1000.0)
    }

    /// One line of the table.
    pub fn print(&self, name: &str) {
        let [half, most, all] = [0.5, 0.99, 1.0].map(|share| self.quantile(share));
        println!("{name:<62} {:>9.0} {half:>8.2} {most:>8.2} {all:>8.1}", self.rate());
    }
}

/// Takes in another measure of the same.
impl AddAssign for Measure {
    fn add_assign(&mut self, other: Self) {
        self.seconds += other.seconds;
        self.micros.extend(other.micros);
        self.micros.sort_unstable();
    }
}

/// The heads of the table's columns.
pub fn heads(requests: &str) {
    println!("\n{:<62} {requests:>9} {:>8} {:>8} {:>8}", "", "p50 ms", "p99 ms", "max ms");
}
