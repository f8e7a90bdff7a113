//! What a phone can show: the GSM 03.38 alphabet, UCS-2, folding of local letters, screens that
//! fit a USSD string, pages, and SMS segments. Pure; leans on nothing of ours.

use std::borrow::Cow;

mod cut;
mod encoding;
mod fold;
mod gsm7;
mod page;
mod phrases;
mod sms;

pub use encoding::Encoding;
pub use fold::Folding;
pub use page::{Block, Draft, KeyLabels, paginate};
pub use phrases::Phrases;
pub use sms::{Parts, Segments, parts, segments};

/// Septets of GSM-7 in one USSD string of 160 octets (3GPP TS 23.038, section 6.1.2.3).
pub const GSM7_BUDGET: usize = 182;

/// UTF-16 units of UCS-2 in one USSD string of 160 octets (3GPP TS 23.038).
pub const UCS2_BUDGET: usize = 80;

/// How one channel shows text: what becomes of letters that GSM-7 lacks, and whether the channel
/// carries UCS-2 at all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Display {
    /// What becomes of ɛ, ɔ, ŋ and typographic characters before encoding.
    pub folding: Folding,
    /// Whether a text that GSM-7 cannot hold may go out as UCS-2. Where it may not, what is left
    /// outside the alphabet is shown as `?`.
    pub ucs2: bool,
}

impl Default for Display {
    fn default() -> Self {
        Self { folding: Folding::Accent, ucs2: true }
    }
}

impl Display {
    /// Normalises (NFC), folds and cleans `text` (control characters other than line feed go) and
    /// says in which encoding the result travels.
    pub fn prepare(&self, text: &str) -> (String, Encoding) {
        let folded = self.folding.fold(text);
        let encoding = self.encoding(gsm7::septets(&folded).is_some());
        (self.encodable(folded, encoding).into_owned(), encoding)
    }

    /// How a text travels of which it is known whether GSM-7 holds it.
    const fn encoding(self, in_gsm7: bool) -> Encoding {
        if in_gsm7 || !self.ucs2 { Encoding::Gsm7 } else { Encoding::Ucs2 }
    }

    /// The folded text with `?` for what `encoding` does not hold.
    fn encodable(self, folded: Cow<'_, str>, encoding: Encoding) -> Cow<'_, str> {
        match encoding {
            Encoding::Gsm7 if !self.ucs2 => gsm7::replace_foreign(folded),
            _ => folded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_without_ucs2_shows_question_marks() {
        let display = Display { folding: Folding::Off, ucs2: false };
        assert_eq!(display.prepare("Kushɛ"), ("Kush?".to_owned(), Encoding::Gsm7));
    }

    #[test]
    fn folding_decides_the_encoding() {
        assert_eq!(Display::default().prepare("Kushɛ"), ("Kushè".to_owned(), Encoding::Gsm7));
        let proper = Display { folding: Folding::Off, ucs2: true };
        assert_eq!(proper.prepare("Kushɛ"), ("Kushɛ".to_owned(), Encoding::Ucs2));
    }
}
