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
            Self::Gsm7 => {
                gsm7::septets(text).unwrap_or_else(|| text.chars().map(|letter| self.cost_of(letter)).sum())
            }
            Self::Ucs2 if text.is_ascii() => text.len(),
            Self::Ucs2 => text.chars().map(char::len_utf16).sum(),
        }
    }

    /// What one character costs; see [`Self::cost`].
    pub(super) const fn cost_of(self, letter: char) -> usize {
        match self {
            Self::Gsm7 => match gsm7::septets_of(letter) {
                Some(septets) => septets,
                None => 1,
            },
            Self::Ucs2 => letter.len_utf16(),
        }
    }

    /// The smallest encoding that holds `text` unchanged.
    pub fn of(text: &str) -> Self {
        if gsm7::septets(text).is_some() { Self::Gsm7 } else { Self::Ucs2 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_septets_or_units() {
        assert_eq!(Encoding::Gsm7.cost("a{€"), 5);
        assert_eq!(Encoding::Gsm7.cost("ɛ"), 1, "as the ? that stands for it");
        assert_eq!(Encoding::Ucs2.cost("a{€"), 3);
        assert_eq!(Encoding::Ucs2.cost("ɛ😀"), 3);
        assert_eq!(Encoding::Ucs2.cost("plain"), 5);
    }

    #[test]
    fn one_foreign_character_makes_it_ucs2() {
        assert_eq!(Encoding::of("Kushe, è ò {}"), Encoding::Gsm7);
        assert_eq!(Encoding::of("Kushɛ"), Encoding::Ucs2);
    }
}
