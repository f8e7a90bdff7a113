//! Log lines that a stranger can cause as often as he likes, held to one a second.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Milliseconds between two lines.
const APART: u64 = 1000;

/// Says when the next line may be written.
pub(super) struct Seldom {
    begun: Instant,
    /// When the next line may be written, in milliseconds since the beginning.
    next: AtomicU64,
    /// What happened since the last line and was not written.
    unsaid: AtomicU64,
}

impl Seldom {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), next: AtomicU64::new(0), unsaid: AtomicU64::new(0) }
    }

    /// Whether this time may be written, and how many times before it were not.
    pub(super) fn say(&self) -> Option<u64> {
        self.at(u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    fn at(&self, now: u64) -> Option<u64> {
        let next = self.next.load(Ordering::Relaxed);
        let mine = now >= next
            && self
                .next
                .compare_exchange(next, now.saturating_add(APART), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if mine {
            return Some(self.unsaid.swap(0, Ordering::Relaxed));
        }
        self.unsaid.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_a_second_tells_how_many_were_left_out() {
        let seldom = Seldom::new();
        assert_eq!(seldom.at(0), Some(0));
        assert_eq!((1..=5).filter_map(|now| seldom.at(now)).count(), 0);
        assert_eq!(seldom.at(1000), Some(5));
        assert_eq!(seldom.at(1999), None);
    }
}
