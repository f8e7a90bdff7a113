//! How many turns the node takes beside its checks.

use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};

/// A count that whoever takes a turn adds to, and waits for nobody to do so.
pub(super) struct Turns {
    count: AtomicU64,
    /// Processors of the machine, or of the share of it that this process may use.
    processors: f64,
}

impl Default for Turns {
    #[expect(clippy::cast_precision_loss, reason = "no machine has so many processors")]
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self { count: AtomicU64::new(0), processors: processors as f64 }
    }
}

impl Turns {
    pub(super) fn count(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn so_far(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    #[expect(clippy::cast_precision_loss, reason = "the turns of a second at most")]
    pub(super) fn for_each_processor_since(&self, before: u64) -> f64 {
        self.so_far().wrapping_sub(before) as f64 / self.processors
    }
}
