//! How fast a provider, or a sender, may go.

use std::time::Duration;

/// A bucket of tokens, one for each SMS, of which a second's worth gathers at most. It may go into
/// debt, for what turned out longer than thought, and pays it back before it lets more through.
/// Times are durations since any one moment.
#[derive(Clone, Debug)]
pub struct Pace {
    /// Time that one token takes; zero: no bound.
    interval: Duration,
    /// Most tokens.
    most: u32,
    /// When the bucket will be full, if nothing is taken.
    full_at: Duration,
}

impl Pace {
    /// So many a second, and one to begin with; none or less: without a bound.
    pub fn new(per_second: f64) -> Self {
        let mut pace = Self { interval: Duration::ZERO, most: 1, full_at: Duration::ZERO };
        pace.set_rate(Duration::ZERO, per_second);
        pace.full_at = pace.interval * (pace.most - 1);
        pace
    }

    /// Changes the rate, as when another node comes or goes. Tokens and debts stay.
    pub fn set_rate(&mut self, now: Duration, per_second: f64) {
        let owed = match self.interval {
            Duration::ZERO => 0.0,
            interval => self.full_at.saturating_sub(now).div_duration_f64(interval),
        };
        let tokens = f64::from(self.most) - owed;
        self.interval = match per_second {
            rate if rate > 0.0 => Duration::try_from_secs_f64(1.0 / rate).unwrap_or(Duration::MAX),
            _ => Duration::ZERO,
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "capped, and 1 at least")]
        let most = per_second.clamp(1.0, 1e6) as u32;
        self.most = most;
        let owed = self.interval.as_secs_f64() * (f64::from(self.most) - tokens).max(0.0);
        self.full_at = now + Duration::try_from_secs_f64(owed).unwrap_or(Duration::from_hours(24));
    }

    /// How many of `wanted` may go now. They are not taken yet.
    pub fn available(&self, now: Duration, wanted: usize) -> usize {
        if self.interval.is_zero() {
            return wanted;
        }
        let owed = self.full_at.saturating_sub(now);
        let whole = (self.interval * self.most).saturating_sub(owed).as_nanos() / self.interval.as_nanos();
        usize::try_from(whole).unwrap_or(usize::MAX).min(wanted)
    }

    /// Takes tokens, also more than there are.
    pub fn take(&mut self, now: Duration, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.full_at = self.full_at.max(now).saturating_add(self.interval.saturating_mul(count));
    }

    /// How long until one may go.
    pub fn wait(&self, now: Duration) -> Duration {
        self.full_at.saturating_sub(now).saturating_sub(self.interval * (self.most - 1))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn no_rate_is_no_bound() {
        let mut pace = Pace::new(0.0);
        assert_eq!(pace.available(at(0), 1000), 1000);
        pace.take(at(0), 1000);
        assert_eq!(pace.wait(at(0)), Duration::ZERO);
    }

    #[test]
    fn tokens_come_with_time_and_debts_are_paid() {
        let mut pace = Pace::new(10.0);
        assert_eq!(pace.available(at(0), 5), 1);
        pace.take(at(0), 3);
        assert_eq!(pace.wait(at(0)), at(300));
        assert_eq!(pace.available(at(299), 5), 0);
        assert_eq!(pace.available(at(300), 5), 1);
        assert_eq!(pace.available(at(100_000), 50), 10, "a second's worth gathers");
        assert_eq!(pace.available(at(100_000), 3), 3);
    }

    #[test]
    fn slower_than_one_a_second_is_possible() {
        let mut pace = Pace::new(0.5);
        pace.take(at(0), 1);
        assert_eq!(pace.wait(at(0)), at(2000));
        pace.set_rate(at(0), 2.0);
        assert_eq!(pace.wait(at(0)), at(500));
    }

    proptest! {
        #[test]
        fn never_more_than_the_rate_in_the_long_run(
            rate in 0.2..500.0, steps in prop::collection::vec((0_u64..3000, 0_usize..100), 1..200),
        ) {
            let mut pace = Pace::new(rate);
            let (mut now, mut sent) = (0, 0.0);
            for (millis, wanted) in steps {
                now += millis;
                let may = pace.available(at(now), wanted);
                pace.take(at(now), may);
                sent += f64::from(u32::try_from(may).unwrap());
            }
            prop_assert!(sent <= at(now).as_secs_f64() * rate + rate.max(1.0) + 1e-6);
        }
    }
}
