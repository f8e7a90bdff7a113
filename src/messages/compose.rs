//! A text on its way into an SMS: cleaned, folded, counted.

use crate::text::{Display, Encoding, segments};

/// The most SMS that one message takes. Phones join up to 255; nobody reads, or pays for, as many.
pub const MOST_SEGMENTS: usize = 10;

/// A text as it goes out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Composed {
    /// Folded and cleaned.
    pub text: String,
    /// How it travels.
    pub encoding: Encoding,
    /// How many SMS it takes.
    pub segments: usize,
}

/// A text that does not go out.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ComposeError {
    /// Nothing is left of it.
    #[error("an SMS with nothing in it; write a text")]
    Empty,
    /// Too long.
    #[error("it takes {0} SMS, and at most {MOST_SEGMENTS} go out as one message; shorten it")]
    TooLong(usize),
}

/// The text as it goes out where letters are shown so: control characters (but the line feed) and
/// marks that turn the direction of writing go, local letters fold, white space at the ends goes.
/// Letters of other alphabets and emoji stay, and travel as UCS-2.
pub fn compose(text: &str, display: Display) -> Result<Composed, ComposeError> {
    let visible: String = text.chars().filter(|letter| !turns_direction(*letter)).collect();
    let (prepared, encoding) = display.prepare(visible.trim());
    let text = prepared.trim().to_owned();
    if text.is_empty() {
        return Err(ComposeError::Empty);
    }
    match segments(&text).count {
        count if count > MOST_SEGMENTS => Err(ComposeError::TooLong(count)),
        segments => Ok(Composed { text, encoding, segments }),
    }
}

/// Marks that no honest text needs and that can make digits read backwards.
const fn turns_direction(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::Folding;

    fn plain(text: &str) -> Result<Composed, ComposeError> {
        compose(text, Display::default())
    }

    #[test]
    fn local_letters_fold_as_on_screens() {
        let composed = plain("Duya kɔl bak.").unwrap();
        assert_eq!(composed.text, "Duya kòl bak.");
        assert_eq!((composed.encoding, composed.segments), (Encoding::Gsm7, 1));
        let proper = compose("Duya kɔl bak.", Display { folding: Folding::Off, ucs2: true }).unwrap();
        assert_eq!((proper.text.as_str(), proper.encoding), ("Duya kɔl bak.", Encoding::Ucs2));
    }

    #[test]
    fn what_is_unusual_travels_or_goes_but_breaks_nothing() {
        for (text, expected, encoding) in [
            ("a\0b\u{7}\u{1b}c\r\nd\te", "abc\nd e", Encoding::Gsm7),
            ("Well done 👍🏾", "Well done 👍🏾", Encoding::Ucs2),
            ("مرحبا 117", "مرحبا 117", Encoding::Ucs2),
            ("call \u{202e}711\u{202c}", "call 711", Encoding::Gsm7),
            ("  Hello \n", "Hello", Encoding::Gsm7),
        ] {
            let composed = plain(text).unwrap();
            assert_eq!((composed.text.as_str(), composed.encoding), (expected, encoding), "{text:?}");
        }
    }

    #[test]
    fn nothing_and_too_much_are_refused() {
        for empty in ["", "  \n", "\0", "\u{202e}\u{feff}"] {
            assert_eq!(plain(empty), Err(ComposeError::Empty), "{empty:?}");
        }
        assert_eq!(plain(&"a".repeat(1530)).unwrap().segments, 10);
        assert_eq!(plain(&"a".repeat(1531)), Err(ComposeError::TooLong(11)));
        assert_eq!(plain(&"ш".repeat(671)), Err(ComposeError::TooLong(11)));
    }

    proptest! {
        #[test]
        fn any_text_is_composed_within_bounds_or_refused(text in "\\PC{0,300}|[a-zɛɔŋ😀{]{0,2000}") {
            if let Ok(composed) = plain(&text) {
                prop_assert!((1..=MOST_SEGMENTS).contains(&composed.segments));
                prop_assert!(!composed.text.contains('\0'));
                prop_assert_eq!(plain(&composed.text).unwrap(), composed, "composing is done once");
            }
        }
    }
}
