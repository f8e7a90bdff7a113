//! Limits on requests: of an address, of an account, and of an address at a route where secrets are
//! tried. Each node counts for itself.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use uuid::Uuid;

use super::Problem;

/// So many a minute in the long run, and so many at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rate {
    /// A minute.
    pub per_minute: u32,
    /// At once.
    pub burst: u32,
}

/// How much is let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rates {
    /// Requests of one address.
    pub address: Rate,
    /// Requests of one account.
    pub account: Rate,
    /// Tries of one address at one route that takes secrets.
    pub knock: Rate,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            address: Rate { per_minute: 3000, burst: 500 },
            account: Rate { per_minute: 1800, burst: 300 },
            knock: Rate { per_minute: 12, burst: 20 },
        }
    }
}

/// Sources that are counted at once; past it, those that are at rest are forgotten.
const MANY: usize = 50_000;

/// The counters.
#[derive(Debug)]
pub struct Limits {
    address: DefaultKeyedRateLimiter<IpAddr>,
    account: DefaultKeyedRateLimiter<Uuid>,
    knock: DefaultKeyedRateLimiter<(IpAddr, u64)>,
    clock: DefaultClock,
}

fn limiter<K: Clone + Eq + Hash>(rate: Rate) -> DefaultKeyedRateLimiter<K> {
    let some = |count: u32| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
    RateLimiter::keyed(Quota::per_minute(some(rate.per_minute)).allow_burst(some(rate.burst)))
}

impl Limits {
    /// All counters at rest.
    pub fn new(rates: Rates) -> Self {
        Self {
            address: limiter(rates.address),
            account: limiter(rates.account),
            knock: limiter(rates.knock),
            clock: DefaultClock::default(),
        }
    }

    /// Counts a request of an address.
    pub fn address(&self, source: IpAddr) -> Result<(), Problem> {
        self.check(&self.address, &network_of(source), "address")
    }

    /// Counts a request of an account.
    pub fn account(&self, id: Uuid) -> Result<(), Problem> {
        self.check(&self.account, &id, "account")
    }

    /// Counts a try at a route that takes secrets.
    pub fn knock(&self, source: IpAddr, route: &str) -> Result<(), Problem> {
        // Routes are few; their names need not be kept.
        let route = route.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, octet| {
            (sum ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
        });
        self.check(&self.knock, &(network_of(source), route), "knock")
    }

    fn check<K: Clone + Eq + Hash>(
        &self,
        limiter: &DefaultKeyedRateLimiter<K>,
        key: &K,
        what: &'static str,
    ) -> Result<(), Problem> {
        if limiter.len() > MANY {
            limiter.retain_recent();
        }
        limiter.check_key(key).map_err(|not_until| {
            metrics::counter!("mamacare_api_limited_total", "limit" => what).increment(1);
            let wait: Duration = not_until.wait_time_from(self.clock.now());
            Problem::too_many(u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1))
        })
    }
}

/// One home or office has one IPv4 address, but 2^64 of IPv6.
fn network_of(source: IpAddr) -> IpAddr {
    match source {
        IpAddr::V4(_) => source,
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & (u128::MAX << 64)).into()),
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;

    use super::*;

    #[test]
    fn a_burst_passes_and_then_retry_after_says_how_long() {
        let limits = Limits::new(Rates { knock: Rate { per_minute: 6, burst: 2 }, ..Rates::default() });
        let here = "192.0.2.1".parse().unwrap();
        assert!(limits.knock(here, "/api/login").is_ok());
        assert!(limits.knock(here, "/api/login").is_ok());
        let refused = limits.knock(here, "/api/login").unwrap_err();
        assert_eq!(refused.status, 429);
        assert!(limits.knock(here, "/api/patient/login").is_ok(), "each route counts for itself");
        assert!(limits.knock("192.0.2.2".parse().unwrap(), "/api/login").is_ok());
        let seconds =
            refused.into_response().headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap();
        assert!((1..=11).contains(&seconds), "{seconds}");
    }

    #[test]
    fn an_ipv6_network_counts_as_one() {
        let limits = Limits::new(Rates { address: Rate { per_minute: 1, burst: 1 }, ..Rates::default() });
        assert!(limits.address("2001:db8::1".parse().unwrap()).is_ok());
        assert!(limits.address("2001:db8::2".parse().unwrap()).is_err());
        assert!(limits.address("2001:db8:0:1::1".parse().unwrap()).is_ok());
    }
}
