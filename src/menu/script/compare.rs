//! Comparing what the phone shows with what a script expects.

use similar::{ChangeTag, TextDiff};

use crate::text::Display;

/// Whether `screen` has `part` in it: as it is shown (with letters folded), and whatever breaks
/// the lines.
pub(super) fn has(screen: &str, part: &str, display: Display) -> bool {
    let plain = |text: &str| {
        let (shown, _) = display.prepare(text);
        shown.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    plain(screen).contains(&plain(part))
}

/// The lines that differ, or none.
pub(super) fn difference(screen: &str, expected: &str, display: Display) -> Option<String> {
    let lines = |text: &str| {
        let (shown, _) = display.prepare(text.trim_end());
        let lines: Vec<&str> = shown.lines().map(str::trim_end).collect();
        lines.join("\n") + "\n"
    };
    let (shown, expected) = (lines(screen), lines(expected));
    if shown == expected {
        return None;
    }
    let diff = TextDiff::from_lines(&expected, &shown);
    let mut out = String::new();
    for change in diff.iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        out.push(sign);
        out.push(' ');
        out.push_str(change.value());
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_however_the_lines_break_and_letters_fold() {
        let display = Display::default();
        assert!(has("Wèlkòm to\nMamaCare", "Wɛlkɔm to MamaCare", display));
        assert!(!has("Wèlkòm", "Welkom", display));
    }

    #[test]
    fn a_difference_shows_both_lines() {
        let display = Display::default();
        assert_eq!(difference("one\ntwo\n", "one\ntwo", display), None);
        assert_eq!(difference("one\ntwo", "one\n2", display).unwrap(), "  one\n- 2\n+ two\n");
    }
}
