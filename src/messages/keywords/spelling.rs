//! Words in plain letters, as people type them, and how far two are apart.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Words of a message that are looked at; more is no keyword.
const MOST_WORDS: usize = 40;

/// The name of a place of fewer letters is one slip from too many others.
const LEAST_WITH_SLIP: usize = 4;

/// A word in plain small letters and digits: accents and signs go, ɛ ɔ ŋ become e o ng.
pub(super) fn plain(word: &str) -> String {
    let mut plain = String::with_capacity(word.len());
    for letter in word.nfkd().filter(|letter| !is_combining_mark(*letter)).flat_map(char::to_lowercase) {
        match letter {
            'ɛ' | 'ə' => plain.push('e'),
            'ɔ' => plain.push('o'),
            'ʌ' => plain.push('u'),
            'ŋ' => plain.push_str("ng"),
            letter if letter.is_alphanumeric() => plain.push(letter),
            _ => {}
        }
    }
    plain
}

/// The words of a message in plain letters. Apostrophes and hyphens join, all other signs part.
pub(super) fn words(text: &str) -> Vec<String> {
    text.split(|letter: char| !(letter.is_alphanumeric() || is_combining_mark(letter) || joins(letter)))
        .map(plain)
        .filter(|word| !word.is_empty())
        .take(MOST_WORDS)
        .collect()
}

const fn joins(letter: char) -> bool {
    matches!(letter, '\'' | '’' | 'ʼ' | '-' | '\u{200b}'..='\u{200d}' | '\u{feff}' | '\u{ad}')
}

/// Slips from one word to another: a letter wrong, missing or too many, or two exchanged.
pub(super) fn slips(one: &str, other: &str) -> usize {
    strsim::damerau_levenshtein(one, other)
}

/// Whether at most one slip lies between two words; most pairs are told by their lengths.
pub(super) fn within_one_slip(one: &str, other: &str) -> bool {
    one.chars().count().abs_diff(other.chars().count()) <= 1 && slips(one, other) <= 1
}

/// Whether what somebody typed is the name of a place; with one slip in it, where one is allowed and
/// the name is not too short for that.
pub fn same_place(typed: &str, name: &str, slip: bool) -> bool {
    let (typed, name) = (words(typed).concat(), words(name).concat());
    typed == name || slip && name.chars().count() >= LEAST_WITH_SLIP && within_one_slip(&typed, &name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_letters_accents_and_signs_become_plain() {
        for (written, expected) in [
            ("LƐF", "lef"),
            ("Ɛ́P", "ep"),
            ("ŋ", "ng"),
            ("lèf", "lef"),
            ("ＳＴＯＰ", "stop"),
            ("don't", "dont"),
            ("🙏", ""),
        ] {
            assert_eq!(plain(written), expected, "{written}");
        }
        assert_eq!(words("  Stop!!\u{0} ba-by, 1998\n"), ["stop", "baby", "1998"]);
        assert_eq!(words("st\u{200b}op"), ["stop"]);
        assert_eq!(words("…?!"), Vec::<String>::new());
    }

    #[test]
    fn a_place_is_known_with_one_slip_where_its_name_is_long_enough() {
        for (typed, name) in [("port loko", "Port Loko"), ("portloko", "Port Loko"), ("BO", "Bo")] {
            assert!(same_place(typed, name, false), "{typed}");
        }
        assert!(same_place("kenma", "Kenema", true) && !same_place("kenma", "Kenema", false));
        assert!(!same_place("b", "Bo", true) && !same_place("", "Bo", true));
    }

    #[test]
    fn a_slip_is_a_letter_wrong_missing_too_many_or_two_exchanged() {
        for near in ["stop", "stip", "sop", "stopp", "sotp"] {
            assert!(within_one_slip(near, "stop"), "{near}");
        }
        for far in ["so", "spto", "step2", "post"] {
            assert!(!within_one_slip(far, "stop"), "{far}");
        }
    }
}
