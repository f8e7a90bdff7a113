//! What a phone can show: the GSM 03.38 alphabet, UCS-2, folding of local letters, screens that
//! fit a USSD string, pages, and SMS segments. Pure; leans on nothing of ours.

mod encoding;
mod fold;
mod gsm7;
mod page;
mod sms;

pub use encoding::Encoding;
pub use fold::Folding;
pub use page::{Block, Draft, KeyLabels, paginate};
pub use sms::{Segments, segments};

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
        let folded = self.folding.apply(text);
        if gsm7::septets(&folded).is_some() {
            (folded, Encoding::Gsm7)
        } else if self.ucs2 {
            (folded, Encoding::Ucs2)
        } else {
            (gsm7::replace_foreign(&folded), Encoding::Gsm7)
        }
    }
}
