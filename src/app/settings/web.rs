//! `[api]`: how much is let in over HTTP, and how long sign-ins last.

use std::time::Duration;

use chrono::TimeDelta;
use serde::Deserialize;

use crate::api::{Rate, Rates};

/// `[api]`: REST for staff, patients and their programs.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Web {
    /// Requests a minute of one address, in the long run.
    pub address_per_minute: u32,
    /// And at once.
    pub address_burst: u32,
    /// Requests a minute of one account, in the long run.
    pub account_per_minute: u32,
    /// And at once.
    pub account_burst: u32,
    /// Tries a minute of one address at one route that takes a secret.
    pub secret_per_minute: u32,
    /// And at once.
    pub secret_burst: u32,
    /// A refused sign-in is answered no sooner.
    pub refusal_after_ms: u64,
    /// A sign-in of staff lasts so long without being used.
    pub staff_sign_in_days: u32,
    /// A sign-in of a patient lasts so long without being used.
    pub patient_sign_in_hours: u32,
}

impl Default for Web {
    fn default() -> Self {
        Self {
            address_per_minute: 3000,
            address_burst: 500,
            account_per_minute: 1800,
            account_burst: 300,
            secret_per_minute: 12,
            secret_burst: 20,
            refusal_after_ms: 400,
            staff_sign_in_days: 14,
            patient_sign_in_hours: 24,
        }
    }
}

impl Web {
    /// How much is let in.
    pub const fn rates(&self) -> Rates {
        Rates {
            address: Rate { per_minute: self.address_per_minute, burst: self.address_burst },
            account: Rate { per_minute: self.account_per_minute, burst: self.account_burst },
            knock: Rate { per_minute: self.secret_per_minute, burst: self.secret_burst },
        }
    }

    /// A refused sign-in is answered no sooner.
    pub const fn refusal_after(&self) -> Duration {
        Duration::from_millis(self.refusal_after_ms)
    }

    /// How long a sign-in of staff lasts without being used.
    pub fn staff_sign_in(&self) -> TimeDelta {
        TimeDelta::days(self.staff_sign_in_days.into())
    }

    /// How long a sign-in of a patient lasts without being used.
    pub fn patient_sign_in(&self) -> TimeDelta {
        TimeDelta::hours(self.patient_sign_in_hours.into())
    }
}
