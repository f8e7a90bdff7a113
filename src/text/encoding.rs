//! The two encodings of a USSD string or an SMS, and what a text costs in each.

use super::{GSM7_BUDGET, UCS2_BUDGET, gsm7};

/// How a text travels to the phone.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Hash)]
pub enum Encoding {
    /// GSM 03.38 default alphabet with its extension table, counted in septets.
    Gsm7,
    /// UCS-2 (UTF-16 units, big endian on the wire).
    Ucs2,
}

impl Encoding {
    /// The most that one USSD string holds: 182 septets or 80 units.
    pub const fn budget(self) -> usize {
        match self {
            Self::Gsm7 => GSM7_BUDGET,
            Self::Ucs2 => UCS2_BUDGET,
        }
    }

    /// What `text` costs: septets (a character of the extension table counts two; one outside both
    /// tables counts one, as the `?` that stands for it) or UTF-16 units.
    pub fn cost(self, text: &str) -> usize {
        match self {
            Self::Gsm7 => text.chars().map(|letter| gsm7::septets_of(letter).unwrap_or(1)).sum(),
            Self::Ucs2 => text.encode_utf16().count(),
        }
    }

    /// The smallest encoding that holds `text` unchanged.
    pub fn of(text: &str) -> Self {
        if gsm7::septets(text).is_some() { Self::Gsm7 } else { Self::Ucs2 }
    }
}
