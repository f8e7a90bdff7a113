//! Where running text may be cut: between lines, between words, between what readers see as
//! characters.

use unicode_segmentation::UnicodeSegmentation;

use super::Encoding;

/// White space at which a line may end; no-break spaces are none.
pub(super) fn is_break(letter: char) -> bool {
    letter.is_whitespace() && !matches!(letter, '\u{a0}' | '\u{2007}' | '\u{202f}')
}

/// The text without the white space at its start.
pub(super) fn skip_breaks(text: &str, encoding: Encoding) -> &str {
    let skipped =
        clusters(text, encoding).take_while(|cluster| cluster.chars().all(is_break)).map(str::len).sum();
    text.get(skipped..).unwrap_or_default()
}

/// The octet at which `text`, too long for `room`, is cut: at the last end of a line within it,
/// if that uses at least `least` of it; else at the last end of a word; else, only if `anywhere`,
/// inside the word. 0: nothing of it fits in this way.
pub(super) fn cut(text: &str, encoding: Encoding, room: usize, least: usize, anywhere: bool) -> usize {
    let (mut used, mut at) = (0, 0);
    let mut word = Edge::default();
    let mut line = Edge::default();
    let mut in_word = false;
    for cluster in clusters(text, encoding) {
        let cost = encoding.cost(cluster);
        if cluster.chars().all(is_break) {
            // It may lie past the room: it is not shown at a page's edge.
            if in_word {
                word = Edge { at, used };
            }
            if cluster.contains('\n') {
                line = word;
            }
            in_word = false;
        } else if used + cost > room {
            break;
        } else {
            in_word = true;
        }
        used += cost;
        at += cluster.len();
    }
    if line.at > 0 && line.used >= least {
        line.at
    } else if word.at > 0 {
        word.at
    } else if !anywhere {
        0
    } else if at > 0 {
        at
    } else {
        inside_cluster(text, encoding, room)
    }
}

#[derive(Clone, Copy, Default)]
struct Edge {
    at: usize,
    used: usize,
}

/// A letter with more accents than a page holds: as many as do.
fn inside_cluster(text: &str, encoding: Encoding, room: usize) -> usize {
    let mut used = 0;
    let fits = text.chars().take_while(|&letter| {
        used += encoding.cost_of(letter);
        used <= room
    });
    fits.map(char::len_utf8).sum()
}

/// What readers see as characters. Each character of GSM-7 is one by itself.
fn clusters(text: &str, encoding: Encoding) -> Box<dyn Iterator<Item = &str> + '_> {
    match encoding {
        Encoding::Gsm7 => Box::new(text.split_inclusive(|_: char| true)),
        Encoding::Ucs2 => Box::new(text.graphemes(true)),
    }
}
