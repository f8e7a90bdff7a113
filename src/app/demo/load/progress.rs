//! How far a long load has come: a bar on a terminal, a line now and then elsewhere.

use std::io::{IsTerminal, Write, stderr};
use std::time::Instant;

const WIDTH: u64 = 32;

/// A load that is under way.
pub(super) struct Progress {
    from: u64,
    all: u64,
    begun: Instant,
    terminal: bool,
    told: u64,
}

impl Progress {
    /// `from` of `all` are there already.
    pub fn new(from: u64, all: u64) -> Self {
        let progress = Self {
            from,
            all,
            begun: Instant::now(),
            terminal: stderr().is_terminal(),
            told: percent(from, all),
        };
        if !progress.terminal {
            tell(&format!("loading {} synthetic patients\n", grouped(all - from)));
        }
        progress
    }

    /// So many are there now.
    pub fn tell(&mut self, done: u64) {
        let percent = percent(done, self.all);
        if self.terminal {
            tell(&format!("\r{}", self.bar(done)));
        } else if percent >= self.told + 10 {
            self.told = percent;
            let seconds = self.begun.elapsed().as_secs();
            tell(&format!("{percent} % of {} patients, {seconds} s\n", grouped(self.all)));
        }
    }

    /// All are there.
    pub fn finish(&self) {
        let seconds = self.begun.elapsed().as_secs_f64();
        let end = if self.terminal { "\r\x1b[K" } else { "" };
        let loaded = grouped(self.all - self.from);
        tell(&format!("{end}loaded {loaded} synthetic patients in {seconds:.1} s\n"));
    }

    fn bar(&self, done: u64) -> String {
        let full = usize::try_from(done * WIDTH / self.all.max(1)).unwrap_or(0);
        let empty = usize::try_from(WIDTH).unwrap_or(0).saturating_sub(full);
        let left = (self.all - done) * self.begun.elapsed().as_secs() / (done - self.from).max(1);
        format!(
            "[{}{}] {:3} % {} of {} patients, {left} s left \x1b[K",
            "#".repeat(full),
            " ".repeat(empty),
            percent(done, self.all),
            grouped(done),
            grouped(self.all),
        )
    }
}

/// On standard error; nobody who reads it is no reason to stop.
fn tell(text: &str) {
    let _ = stderr().write_all(text.as_bytes()).and_then(|()| stderr().flush());
}

const fn percent(done: u64, all: u64) -> u64 {
    match (done * 100).checked_div(all) {
        Some(percent) => percent,
        None => 100,
    }
}

/// 1,000,000
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let texts: Vec<String> = [0, 999, 1000, 1_000_000].into_iter().map(grouped).collect();
        assert_eq!(texts, ["0", "999", "1,000", "1,000,000"]);
    }

    #[test]
    fn a_bar_is_as_full_as_the_load() {
        let mut progress = Progress::new(0, 200);
        progress.told = 0;
        let bar = progress.bar(100);
        assert!(bar.starts_with("[################                ]  50 % 100 of 200"), "{bar}");
        assert!(progress.bar(200).starts_with(&format!("[{}] 100 %", "#".repeat(32))));
    }
}
