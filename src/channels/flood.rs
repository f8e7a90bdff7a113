//! How much is let in: of one number, of one mobile network, and in all. One that floods is bounded
//! and the others keep their speed. Memory is bounded too, whoever calls.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::care::Msisdn;
use crate::ussd::Network;

/// Counters that numbers share by their hash; two that meet share a bound, nothing else.
const NUMBERS: usize = 16_384;
/// The same for networks. MNCs have two or three digits, so those of a country do not meet.
const NETWORKS: usize = 1024;

/// How much is let in.
#[derive(Clone, Copy, Debug)]
pub struct FloodLimits {
    /// Turns a second of one number, in the long run.
    pub number_per_second: u32,
    /// Turns of one number in a burst.
    pub number_burst: u32,
    /// Turns of one number under way at once.
    pub number_in_flight: u32,
    /// Turns under way at once, in all.
    pub in_flight: u32,
    /// Share of them that one network may hold, in percent.
    pub network_share_percent: u32,
}

/// Why a turn is not let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum Shed {
    #[error("its number sends too many turns a second")]
    NumberRate,
    #[error("too many turns of its number are under way")]
    NumberInFlight,
    #[error("too many turns of its network are under way")]
    Network,
    #[error("too many turns are under way")]
    Total,
}

impl Shed {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::NumberRate => "number_rate",
            Self::NumberInFlight => "number_in_flight",
            Self::Network => "network",
            Self::Total => "total",
        }
    }
}

/// Counts what is under way and what came lately.
pub struct Flood {
    rate: DefaultKeyedRateLimiter<u64>,
    numbers: Box<[AtomicU32]>,
    networks: Box<[AtomicU32]>,
    total: AtomicU32,
    most_of_number: u32,
    most_of_network: u32,
    most: u32,
}

impl Flood {
    /// Nothing is under way yet.
    pub fn new(limits: FloodLimits) -> Self {
        let at_least_one = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(at_least_one(limits.number_per_second))
            .allow_burst(at_least_one(limits.number_burst));
        let zeros = |count| (0..count).map(|_| AtomicU32::new(0)).collect();
        let share = u64::from(limits.in_flight) * u64::from(limits.network_share_percent) / 100;
        Self {
            rate: RateLimiter::keyed(quota),
            numbers: zeros(NUMBERS),
            networks: zeros(NETWORKS),
            total: AtomicU32::new(0),
            most_of_number: limits.number_in_flight,
            most_of_network: u32::try_from(share).unwrap_or(u32::MAX).max(1),
            most: limits.in_flight,
        }
    }

    /// Lets a turn in until the permit is dropped, or says why not.
    pub(super) fn admit(&self, msisdn: Msisdn, network: &Network) -> Result<Permit<'_>, Shed> {
        let total = Place::take(Some(&self.total), self.most).ok_or(Shed::Total)?;
        let number = self.numbers.get(spread(msisdn.digits(), NUMBERS));
        let number = Place::take(number, self.most_of_number).ok_or(Shed::NumberInFlight)?;
        let network = self.networks.get(network_slot(&network.0));
        let network = Place::take(network, self.most_of_network).ok_or(Shed::Network)?;
        self.rate.check_key(&msisdn.digits()).map_err(|_| Shed::NumberRate)?;
        Ok(Permit { _places: [total, number, network] })
    }

    /// Turns under way now.
    pub fn in_flight(&self) -> u32 {
        self.total.load(Ordering::Relaxed)
    }

    /// Forgets numbers that have been quiet; to be called now and then, off the threads that answer
    /// phones: it looks at every number of the last seconds.
    pub fn forget_quiet_numbers(&self) {
        self.rate.retain_recent();
    }
}

/// A turn's places; given back when it is dropped.
pub(super) struct Permit<'a> {
    _places: [Place<'a>; 3],
}

struct Place<'a>(Option<&'a AtomicU32>);

impl<'a> Place<'a> {
    fn take(counter: Option<&'a AtomicU32>, most: u32) -> Option<Self> {
        let place = Self(counter);
        // Counted first and given back by the drop, so that two at once cannot both be the last.
        let before = counter.map_or(0, |counter| counter.fetch_add(1, Ordering::Relaxed));
        (before < most).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(counter) = self.0 {
            counter.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Fibonacci hashing: neighbouring numbers fall far apart.
fn spread(number: u64, slots: usize) -> usize {
    let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    usize::try_from(mixed).unwrap_or(0) % slots
}

/// The last digits of MCC and MNC, or a hash of whatever else an operator calls itself.
fn network_slot(network: &str) -> usize {
    let hash =
        |_| network.bytes().fold(0_usize, |slot, octet| slot.wrapping_mul(31).wrapping_add(octet.into()));
    network.parse::<usize>().unwrap_or_else(hash) % NETWORKS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> FloodLimits {
        FloodLimits {
            number_per_second: 1,
            number_burst: 5,
            number_in_flight: 2,
            in_flight: 8,
            network_share_percent: 50,
        }
    }

    fn number(last: u32) -> Msisdn {
        format!("+232760{last:05}").parse().unwrap()
    }

    fn orange() -> Network {
        Network("61901".to_owned())
    }

    #[test]
    fn one_number_is_bounded_in_what_is_under_way_and_another_is_not() {
        let flood = Flood::new(limits());
        let one = flood.admit(number(1), &orange()).unwrap();
        let _two = flood.admit(number(1), &orange()).unwrap();
        assert_eq!(flood.admit(number(1), &orange()).err(), Some(Shed::NumberInFlight));
        assert!(flood.admit(number(2), &orange()).is_ok());
        drop(one);
        assert!(flood.admit(number(1), &orange()).is_ok());
    }

    #[test]
    fn one_number_is_bounded_in_its_rate_and_another_is_not() {
        let flood = Flood::new(limits());
        let admitted = (0..50).filter(|_| flood.admit(number(1), &orange()).is_ok()).count();
        assert!((5..=7).contains(&admitted), "{admitted}");
        assert_eq!(flood.admit(number(1), &orange()).err(), Some(Shed::NumberRate));
        assert!(flood.admit(number(2), &orange()).is_ok());
        assert_eq!(flood.in_flight(), 0);
    }

    #[test]
    fn one_network_holds_its_share_and_leaves_the_rest() {
        let flood = Flood::new(limits());
        let _held: Vec<_> = (0..4).map(|last| flood.admit(number(last), &orange()).unwrap()).collect();
        assert_eq!(flood.admit(number(9), &orange()).err(), Some(Shed::Network));
        let africell = Network("61903".to_owned());
        let _more: Vec<_> = (10..14).map(|last| flood.admit(number(last), &africell).unwrap()).collect();
        assert_eq!(flood.admit(number(20), &Network(String::new())).err(), Some(Shed::Total));
        assert_eq!(flood.in_flight(), 8);
    }

    #[test]
    fn quiet_numbers_are_forgotten() {
        let flood = Flood::new(FloodLimits { number_per_second: 100_000, ..limits() });
        drop(flood.admit(number(1), &orange()));
        assert_eq!(flood.rate.len(), 1);
        // At 100,000 a second, one turn is forgotten after 10 µs.
        while !flood.rate.is_empty() {
            flood.forget_quiet_numbers();
        }
    }
}
