//! GSM 03.38 (3GPP TS 23.038, section 6.2.1): the default alphabet and its extension table.

use std::borrow::Cow;

/// Septets that one character takes: 1 in the default table, 2 in the extension table, `None`
/// outside both.
pub(super) const fn septets_of(letter: char) -> Option<usize> {
    match letter {
        '\n'
        | '\r'
        | ' '..='#'
        | '%'..='?'
        | 'A'..='Z'
        | 'a'..='z'
        | '@'
        | '£'
        | '$'
        | '¥'
        | 'è'
        | 'é'
        | 'ù'
        | 'ì'
        | 'ò'
        | 'Ç'
        | 'Ø'
        | 'ø'
        | 'Å'
        | 'å'
        | 'Δ'
        | '_'
        | 'Φ'
        | 'Γ'
        | 'Λ'
        | 'Ω'
        | 'Π'
        | 'Ψ'
        | 'Σ'
        | 'Θ'
        | 'Ξ'
        | 'Æ'
        | 'æ'
        | 'ß'
        | 'É'
        | '¤'
        | '¡'
        | 'Ä'
        | 'Ö'
        | 'Ñ'
        | 'Ü'
        | '§'
        | '¿'
        | 'ä'
        | 'ö'
        | 'ñ'
        | 'ü'
        | 'à' => Some(1),
        '\u{c}' | '^' | '{' | '}' | '\\' | '[' | '~' | ']' | '|' | '€' => Some(2),
        _ => None,
    }
}

/// Septets of each ASCII character, and 0 for one outside both tables: a screen is measured
/// several times a turn, and most of its characters are ASCII.
#[expect(clippy::indexing_slicing, reason = "a constant with a wrong index does not compile")]
const ASCII: [u8; 128] = {
    let mut table = [0; 128];
    let mut code = 0_u8;
    while code < 128 {
        if let Some(septets) = septets_of(code as char) {
            table[code as usize] = if septets == 1 { 1 } else { 2 };
        }
        code += 1;
    }
    table
};

/// Septets of a whole text, or `None` where a character is outside both tables.
pub(super) fn septets(text: &str) -> Option<usize> {
    if !text.is_ascii() {
        return text.chars().map(septets_of).sum();
    }
    let of = |octet: u8| ASCII.get(usize::from(octet)).copied().filter(|&septets| septets > 0);
    text.bytes().map(of).map(|septets| septets.map(usize::from)).sum()
}

/// `?` for every character outside both tables.
pub(super) fn replace_foreign(text: Cow<'_, str>) -> Cow<'_, str> {
    if septets(&text).is_some() {
        return text;
    }
    text.chars().map(|letter| if septets_of(letter).is_some() { letter } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_table_has_127_characters_and_the_extension_table_ten() {
        let count =
            |septets| ('\0'..='\u{ffff}').filter(|&letter| septets_of(letter) == Some(septets)).count();
        assert_eq!(count(1), 127, "128 codes less the escape");
        assert_eq!(count(2), 10);
    }

    #[test]
    fn letters_of_local_languages_and_most_accents_are_absent() {
        for letter in "`\tçáâêíîóôúûÈÒɛɔŋʌə".chars() {
            assert_eq!(septets_of(letter), None, "{letter}");
        }
    }

    #[test]
    fn what_is_foreign_becomes_a_question_mark_and_nothing_else_changes() {
        assert_eq!(replace_foreign(Cow::Borrowed("Kushɛ, è [1]")), "Kush?, è [1]");
        assert!(matches!(replace_foreign(Cow::Borrowed("plain")), Cow::Borrowed(_)));
    }
}
