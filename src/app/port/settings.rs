//! What the port is set to.

use std::time::Duration;

use chrono::TimeDelta;

use crate::identity::{GuardTimes, PinPolicy, TryLimits};
use crate::store::phones::Allowance;

/// How long a PIN that was sent can be used to choose one's own.
pub(super) const ISSUED_PIN_LASTS: TimeDelta = TimeDelta::hours(24);

/// An SMS with a PIN that has not left by then stays.
pub(super) const PIN_SMS_LASTS: TimeDelta = TimeDelta::minutes(10);

/// The same for any other SMS that somebody waits for.
pub(super) const ANSWER_SMS_LASTS: TimeDelta = TimeDelta::hours(1);

/// What the port is set to.
#[derive(Clone, Debug)]
pub struct PortSettings {
    /// What is dialled; named in messages.
    pub service_code: String,
    /// What is asked of a PIN.
    pub pins: PinPolicy,
    /// Wrong PINs of one person; of a number, twice as many.
    pub tries: TryLimits,
    /// A check of a PIN that has taken so long is given up, and the try does not count: she must hear of it before
    /// her turn's deadline.
    pub check_within: Duration,
    /// How long changes hold a new PIN back, and a new one leaves a lock.
    pub guard: GuardTimes,
    /// How often a number may ask for a new PIN.
    pub recover_pin: Vec<Allowance>,
    /// How often it may ask for a facility's details by SMS.
    pub send_clinic: Vec<Allowance>,
    /// How often somebody may register on it.
    pub register: Vec<Allowance>,
}

impl PortSettings {
    /// The usual limits.
    pub fn new(service_code: impl Into<String>, pins: PinPolicy, tries: TryLimits) -> Self {
        let within = |count, within| Allowance { count, within };
        Self {
            service_code: service_code.into(),
            pins,
            tries,
            check_within: Duration::from_millis(1_500),
            guard: GuardTimes::default(),
            recover_pin: vec![within(1, TimeDelta::minutes(10)), within(3, TimeDelta::days(1))],
            send_clinic: vec![within(3, TimeDelta::minutes(10)), within(10, TimeDelta::days(1))],
            register: vec![within(2, TimeDelta::minutes(10)), within(4, TimeDelta::days(1))],
        }
    }
}
