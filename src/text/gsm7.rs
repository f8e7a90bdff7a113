//! GSM 03.38 (3GPP TS 23.038, section 6.2.1): the default alphabet and its extension table.

/// Septets that one character takes: 1 in the default table, 2 in the extension table, `None`
/// outside both.
pub(super) fn septets_of(letter: char) -> Option<usize> {
    match letter {
        '\n' | '\r' | ' '..='#' | '%'..='?' | 'A'..='Z' | 'a'..='z' => Some(1),
        '@' | '£' | '$' | '¥' | 'è' | 'é' | 'ù' | 'ì' | 'ò' | 'Ç' | 'Ø' | 'ø' | 'Å' | 'å' | 'Δ' | '_'
        | 'Φ' | 'Γ' | 'Λ' | 'Ω' | 'Π' | 'Ψ' | 'Σ' | 'Θ' | 'Ξ' | 'Æ' | 'æ' | 'ß' | 'É' | '¤' | '¡' | 'Ä'
        | 'Ö' | 'Ñ' | 'Ü' | '§' | '¿' | 'ä' | 'ö' | 'ñ' | 'ü' | 'à' => Some(1),
        '\u{c}' | '^' | '{' | '}' | '\\' | '[' | '~' | ']' | '|' | '€' => Some(2),
        _ => None,
    }
}

/// Septets of a whole text, or `None` where a character is outside both tables.
pub(super) fn septets(text: &str) -> Option<usize> {
    text.chars().map(septets_of).sum()
}

/// `?` for every character outside both tables.
pub(super) fn replace_foreign(text: &str) -> String {
    text.chars().map(|letter| if septets_of(letter).is_some() { letter } else { '?' }).collect()
}
