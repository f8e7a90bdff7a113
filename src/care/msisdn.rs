//! Phone numbers of Sierra Leone.

use std::fmt;
use std::str::FromStr;

/// A mobile number in E.164, of Sierra Leone (+232 and 8 digits) or of another country where an
/// operator's callback brings one. Its `Debug` and `Display` show only the last two digits.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Msisdn(u64);

/// Why a text is not a number that we can call.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MsisdnError {
    /// Letters or signs in it, or nothing at all.
    #[error("a phone number has digits only, like 076 123456 or +232 76 123456")]
    NotANumber,
    /// Wrong count of digits, or a range that no mobile operator has.
    #[error("this is not a mobile number of Sierra Leone, like 076 123456 or +232 76 123456")]
    NotMobile,
}

impl Msisdn {
    /// All digits with the country code, as one number (`23276000001`).
    pub const fn digits(self) -> u64 {
        self.0
    }

    /// `+23276000001`: for the wire, never for a log.
    pub fn e164(self) -> String {
        format!("+{}", self.0)
    }

    /// `076 000001`, as people say it.
    pub fn local(self) -> String {
        format!("0{:02} {:06}", (self.0 / 1_000_000) % 100, self.0 % 1_000_000)
    }
}

impl FromStr for Msisdn {
    type Err = MsisdnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        digits.parse().map(Self).map_err(|_| MsisdnError::NotANumber)
    }
}

impl fmt::Debug for Msisdn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Msisdn(…{:02})", self.0 % 100)
    }
}

impl fmt::Display for Msisdn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "…{:02}", self.0 % 100)
    }
}
