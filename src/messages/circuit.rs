//! A breaker for each provider: one that fails again and again is left alone for a while, then asked
//! with a single message whether it works again.

use std::time::Duration;

/// Failures in a row that open it.
const FAILURES: u32 = 5;
/// How long it stays open at first; twice as long each time that the single message fails too.
const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_mins(5);

/// What an attempt says about the provider as a whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It works, whatever it thought of that message.
    Works,
    /// It failed.
    Fails,
    /// It asks to be left alone for so long.
    Pause(Duration),
    /// It refuses us altogether: key, balance, sender.
    Refuses,
}

/// Whether messages go that way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CircuitState {
    /// They go.
    Closed,
    /// One goes, to see.
    Probing,
    /// It asked to be left alone until then; what can wait waits for it.
    Paused {
        /// On the same scale as what [`Circuit::state`] is asked with.
        until: Duration,
    },
    /// It does not work, and nothing goes before that time.
    Open {
        /// The same.
        until: Duration,
    },
}

/// The breaker. Times are durations since any one moment, the same in all calls.
#[derive(Clone, Debug, Default)]
pub struct Circuit {
    failures: u32,
    /// How often in a row it has been opened.
    opened: u32,
    until: Option<Duration>,
    /// A pause that was asked for ends by itself, without a probe.
    paused: Option<Duration>,
}

impl CircuitState {
    /// Whether what somebody waits for (`urgent`), or what can wait, is left to this provider.
    pub const fn keeps(self, urgent: bool) -> bool {
        match self {
            Self::Closed => true,
            Self::Paused { .. } => !urgent,
            Self::Probing | Self::Open { .. } => false,
        }
    }
}

impl Circuit {
    /// Whether messages go now.
    pub fn state(&self, now: Duration) -> CircuitState {
        match (self.until, self.paused) {
            (Some(until), _) if until > now => CircuitState::Open { until },
            (_, Some(until)) if until > now => CircuitState::Paused { until },
            (Some(_), _) => CircuitState::Probing,
            (None, _) => CircuitState::Closed,
        }
    }

    /// Learns from an attempt. What was sent before it opened may end after; that a message got
    /// through closes it in any case.
    pub fn learn(&mut self, now: Duration, verdict: Verdict) {
        match verdict {
            Verdict::Works => {
                self.failures = 0;
                self.opened = 0;
                self.until = None;
            }
            Verdict::Pause(time) => self.paused = self.paused.max(Some(now + time)),
            Verdict::Fails => {
                self.failures += 1;
                if self.failures >= FAILURES || self.state(now) == CircuitState::Probing {
                    self.open(now);
                }
            }
            Verdict::Refuses => self.open(now),
        }
    }

    fn open(&mut self, now: Duration) {
        if matches!(self.state(now), CircuitState::Open { .. }) {
            return;
        }
        let time = FIRST.saturating_mul(1 << self.opened.min(10)).min(LONGEST);
        self.opened += 1;
        self.until = Some(now + time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn failing(times: u32) -> Circuit {
        let mut circuit = Circuit::default();
        for _ in 0..times {
            circuit.learn(at(0), Verdict::Fails);
        }
        circuit
    }

    #[test]
    fn failures_in_a_row_open_it_and_one_success_closes_it() {
        assert_eq!(failing(FAILURES - 1).state(at(0)), CircuitState::Closed);
        let mut circuit = failing(FAILURES);
        assert_eq!(circuit.state(at(4)), CircuitState::Open { until: at(5) });
        assert_eq!(circuit.state(at(5)), CircuitState::Probing);
        circuit.learn(at(6), Verdict::Works);
        assert_eq!(circuit.state(at(6)), CircuitState::Closed);
        circuit.learn(at(7), Verdict::Fails);
        assert_eq!(circuit.state(at(7)), CircuitState::Closed, "it starts to count afresh");
    }

    #[test]
    fn a_probe_that_fails_doubles_the_time() {
        let mut circuit = failing(FAILURES);
        circuit.learn(at(1), Verdict::Fails);
        assert_eq!(
            circuit.state(at(4)),
            CircuitState::Open { until: at(5) },
            "what was on its way changes nothing"
        );
        circuit.learn(at(5), Verdict::Fails);
        assert_eq!(circuit.state(at(6)), CircuitState::Open { until: at(15) });
        for _ in 0..20 {
            let now = match circuit.state(at(0)) {
                CircuitState::Open { until } => until,
                other => panic!("{other:?}"),
            };
            circuit.learn(now, Verdict::Fails);
            let CircuitState::Open { until } = circuit.state(now) else { panic!("closed") };
            assert!(until <= now + LONGEST);
        }
    }

    #[test]
    fn a_refusal_opens_at_once_and_a_pause_ends_by_itself() {
        let mut circuit = Circuit::default();
        circuit.learn(at(0), Verdict::Refuses);
        assert!(matches!(circuit.state(at(0)), CircuitState::Open { .. }));
        let mut circuit = Circuit::default();
        circuit.learn(at(0), Verdict::Pause(at(30)));
        circuit.learn(at(0), Verdict::Pause(at(10)));
        assert_eq!(circuit.state(at(29)), CircuitState::Paused { until: at(30) });
        assert_eq!(circuit.state(at(30)), CircuitState::Closed);
    }
}
