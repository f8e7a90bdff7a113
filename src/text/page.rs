//! Breaking a screen into pages that fit one USSD string each.

use super::{Display, Encoding};

/// A piece of a screen's body.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Block {
    /// Running text: may break between lines or words.
    Prose(String),
    /// One option ("1. Clinics"): never broken across pages.
    Option(String),
}

/// The labels of the standard keys, ready to show ("0 Back"). `None`: not offered here.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct KeyLabels {
    /// Goes one step back; shown on every page.
    pub back: Option<String>,
    /// Goes to the first menu; shown on every page.
    pub home: Option<String>,
    /// Shows the next page; shown where there is one.
    pub more: String,
    /// Shows the page before; shown where there is one.
    pub previous: String,
}

/// A screen before it is broken into pages.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Draft {
    /// Shown once, at the top of the first page (a reason, a question).
    pub blocks: Vec<Block>,
    /// Labels of the standard keys, counted in each page's budget.
    pub keys: KeyLabels,
}

/// Breaks `draft` into pages, each within the encoding's budget. The encoding is one for all
/// pages: GSM-7 where the whole (folded) screen fits its alphabet. Never empty.
pub fn paginate(draft: &Draft, display: &Display) -> (Vec<String>, Encoding) {
    let _ = (draft, display);
    (Vec::new(), Encoding::Gsm7)
}
