//! What a phone shows, read as a person reads it: nothing is known of the menus.

/// The basic table of GSM 7-bit (3GPP TS 23.038, 6.2.1).
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Its extension table: two septets each (6.2.1.1).
const EXTENSION: &str = "^{}\\[~]|€";

/// Septets that a screen holds, and UCS-2 units where it holds a letter that GSM 7-bit lacks.
const SEPTETS: usize = 182;
const UNITS: usize = 80;

/// A screen, and whether the network asks for an answer to it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Screen {
    pub text: String,
    pub more: bool,
}

impl Screen {
    /// Reads an answer to a callback of Africa's Talking; one that no phone could show is the end of the test.
    pub fn read(answer: &str) -> Self {
        let (more, text) = match answer.split_at_checked(4) {
            Some(("CON ", text)) => (true, text),
            Some(("END ", text)) => (false, text),
            _ => panic!("neither CON nor END: {answer:?}"),
        };
        let (length, most) = length(text);
        assert!(length <= most, "{length} of {most}: {text:?}");
        assert!(!text.trim().is_empty(), "a screen without a word");
        assert!(!text.contains("{{") && !text.contains("{%"), "a template instead of its text: {text:?}");
        Self { text: text.to_owned(), more }
    }

    /// Keys of the choices it offers.
    pub fn choices(&self) -> Vec<String> {
        let key = |line: &str| {
            let (key, _) = line.split_once(". ")?;
            (!key.is_empty() && key.len() <= 2 && key.chars().all(|digit| digit.is_ascii_digit()))
                .then(|| key.to_owned())
        };
        self.text.lines().filter_map(key).collect()
    }

    /// What it calls a standard key, as in "98 More"; `None` where it does not name it.
    pub fn label(&self, key: &str) -> Option<&str> {
        let mut words = self.text.split_whitespace().skip_while(|&word| word != key);
        words.nth(1).filter(|label| label.starts_with(char::is_alphabetic))
    }

    /// Whether it wants something typed that is no choice: it asks, or bids to type.
    pub fn asks(&self) -> bool {
        let text = self.text.to_lowercase();
        let bids =
            text.split(|letter: char| !letter.is_alphabetic()).any(|word| word == "type" || word == "put");
        self.more && self.choices().is_empty() && (bids || text.contains('?'))
    }

    pub fn asks_for_a_pin(&self) -> bool {
        self.asks() && self.text.contains("PIN") && !self.text.contains('?')
    }

    /// Whether it asks to try again soon, as where too many PINs wait or the database is away.
    pub fn is_busy(&self) -> bool {
        !self.more
            && (self.text.contains("many people are calling") || self.text.contains("bòku pipul de kòl"))
    }

    /// Whether it ends for any other fault of ours.
    pub fn is_sorry(&self) -> bool {
        !self.more && !self.is_busy() && ["Sorry,", "Sòri,"].iter().any(|sorry| self.text.starts_with(sorry))
    }

    /// What tells two screens apart, and not one district or one answer from another: the keys, and the longer
    /// words without names and numbers. All words where `counted`, as in how many tries are left.
    pub fn gist(&self, counted: bool) -> String {
        let plain =
            |word: &&str| counted || (word.starts_with(char::is_lowercase) && word.chars().count() > 3);
        let words: Vec<&str> = self.text.split_whitespace().filter(plain).collect();
        format!("{} | {}", self.choices().join(" "), words.join(" "))
    }
}

/// Its length and how long it may be.
fn length(text: &str) -> (usize, usize) {
    let septets = |letter| match letter {
        _ if BASIC.contains(letter) => Some(1),
        _ if EXTENSION.contains(letter) => Some(2),
        _ => None,
    };
    match text.chars().map(septets).sum() {
        Some(length) => (length, SEPTETS),
        None => (text.encode_utf16().count(), UNITS),
    }
}

#[test]
fn a_letter_of_the_extension_table_counts_twice_and_one_of_neither_takes_the_whole_screen_to_ucs2() {
    assert_eq!(length("Kɔl"), (3, UNITS));
    assert_eq!(length("[è]"), (5, SEPTETS));
}
