//! The one place that reads the clock and makes generators; everything else is handed them, so that
//! every test can be repeated.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rand::Rng;
use rand::rngs::StdRng;

/// Tells the time: the machine's, or one that a test moves by hand.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The machine's clock.
    pub const fn system() -> Self {
        Self(None)
    }

    /// A clock that stands still until [`Clock::advance`] moves it; its clones move with it.
    pub fn manual(at: DateTime<Utc>) -> Self {
        Self(Some(Arc::new(AtomicI64::new(at.timestamp_micros()))))
    }

    /// Now.
    #[expect(clippy::disallowed_methods, reason = "the clock is read here and nowhere else")]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            None => Utc::now(),
            Some(micros) => {
                DateTime::from_timestamp_micros(micros.load(Ordering::SeqCst)).unwrap_or_default()
            }
        }
    }

    /// Moves a manual clock; the machine's own stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Some(micros) = &self.0 {
            micros.fetch_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }
}

/// A generator fit for secrets, seeded by the operating system.
pub fn generator() -> StdRng {
    rand::make_rng()
}

/// Fresh random octets, for keys, nonces and salts.
#[expect(clippy::disallowed_methods, reason = "generators are made here and nowhere else")]
pub fn octets<const N: usize>() -> [u8; N] {
    let mut octets = [0; N];
    rand::rng().fill_bytes(&mut octets);
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_by_hand_and_with_its_clones() {
        let start: DateTime<Utc> = "2026-11-24T08:00:00Z".parse().unwrap();
        let clock = Clock::manual(start);
        let clone = clock.clone();
        assert_eq!(clock.now(), start);
        clone.advance(Duration::from_mins(3));
        assert_eq!((clock.now() - start).num_seconds(), 180);
    }

    #[test]
    fn octets_differ() {
        assert_ne!(octets::<16>(), octets::<16>());
    }
}
