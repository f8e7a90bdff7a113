//! SMS segments (3GPP TS 23.040, concatenation by user data header with an 8-bit reference).

use unicode_normalization::char::is_combining_mark;

use super::Encoding;

/// How many SMS a text takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Segments {
    /// The encoding of all segments.
    pub encoding: Encoding,
    /// 160 septets or 70 units in one; 153 or 67 in each of several, filled greedily.
    pub count: usize,
}

/// Counts the segments of `text` as it is (fold it first). An empty text takes one.
pub fn segments(text: &str) -> Segments {
    let parts = parts(text);
    Segments { encoding: parts.encoding, count: parts.count().max(1) }
}

/// The segments of `text` themselves, in order. None is cut inside an escape pair, inside a
/// surrogate pair or before a combining mark. (A concatenated SMS has at most 255.)
pub fn parts(text: &str) -> Parts<'_> {
    let encoding = Encoding::of(text);
    let (single, several) = match encoding {
        Encoding::Gsm7 => (160, 153),
        Encoding::Ucs2 => (70, 67),
    };
    let room = if encoding.cost(text) <= single { single } else { several };
    Parts { encoding, room, rest: text }
}

/// The segments of a text; see [`parts`].
#[derive(Clone, Debug)]
pub struct Parts<'text> {
    /// The encoding of all of them.
    pub encoding: Encoding,
    room: usize,
    rest: &'text str,
}

impl<'text> Iterator for Parts<'text> {
    type Item = &'text str;

    fn next(&mut self) -> Option<&'text str> {
        if self.rest.is_empty() {
            return None;
        }
        let (part, rest) = self.rest.split_at(self.cut());
        self.rest = rest;
        Some(part)
    }
}

impl Parts<'_> {
    /// Where the next segment ends.
    fn cut(&self) -> usize {
        let mut used = 0;
        let mut before_mark = 0;
        for (at, letter) in self.rest.char_indices() {
            if !is_combining_mark(letter) {
                before_mark = at;
            }
            used += self.encoding.cost_of(letter);
            if used > self.room {
                // Only marks, a whole segment of them: they are cut where the segment is full.
                return if before_mark == 0 { at } else { before_mark };
            }
        }
        self.rest.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn costs(text: &str) -> Vec<usize> {
        let parts = parts(text);
        let encoding = parts.encoding;
        parts.map(|part| encoding.cost(part)).collect()
    }

    fn counted(text: &str) -> (Encoding, usize) {
        let Segments { encoding, count } = segments(text);
        (encoding, count)
    }

    #[test]
    fn an_escape_pair_is_never_cut() {
        let (a, b) = ("a".repeat(152), "b".repeat(20));
        assert_eq!(counted(&format!("{}{{", "a".repeat(158))), (Encoding::Gsm7, 1));
        assert_eq!(counted(&format!("{}{{", "a".repeat(159))), (Encoding::Gsm7, 2));
        assert_eq!(costs(&format!("{a}{{{b}")), [152, 22]);
        assert_eq!(costs(&format!("{a}{{{a}")), [152, 153, 1], "306 septets: dividing would say two");
    }

    #[test]
    fn a_surrogate_pair_is_never_cut() {
        assert_eq!(counted(&"ɛ".repeat(70)), (Encoding::Ucs2, 1));
        assert_eq!(counted(&"ɛ".repeat(71)), (Encoding::Ucs2, 2));
        assert_eq!(costs(&format!("{}😀{}", "ɛ".repeat(66), "ɔ".repeat(10))), [66, 12]);
    }

    #[test]
    fn an_accent_stays_with_its_letter() {
        assert_eq!(costs(&format!("{}ɛ\u{301}{}", "ɛ".repeat(66), "ɔ".repeat(10))), [66, 12]);
        assert_eq!(costs(&format!("ɛ{}", "\u{301}".repeat(99))), [67, 33], "nothing else is left");
    }

    #[test]
    fn one_segment_holds_160_and_each_of_several_153() {
        assert_eq!(costs(&"a".repeat(160)), [160]);
        assert_eq!(costs(&"a".repeat(161)), [153, 8]);
        assert_eq!(costs(&"a".repeat(306)), [153, 153]);
        assert_eq!(counted(""), (Encoding::Gsm7, 1));
    }

    proptest! {
        #[test]
        fn segments_give_the_text_back_and_fit(text in "([a-z{€]|[ɛɔ😀\u{301}]|\\PC){0,400}") {
            let all = parts(&text);
            let limit = match all.encoding { Encoding::Gsm7 => 160, Encoding::Ucs2 => 70 };
            let several = all.clone().count() > 1;
            for part in all.clone() {
                prop_assert!(!part.is_empty());
                let room = if several { limit - if limit == 160 { 7 } else { 3 } } else { limit };
                prop_assert!(all.encoding.cost(part) <= room);
            }
            prop_assert_eq!(all.collect::<String>(), text);
        }
    }
}
