//! Folding of letters that GSM-7 lacks, so that a Krio screen keeps its 182 septets.

use std::borrow::Cow;
use std::str::Chars;

use unicode_normalization::char::decompose_canonical;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::gsm7;

/// What becomes of local letters on a channel.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Folding {
    /// ɛ→è, ɔ→ò, ŋ→ng: all in GSM-7, and words stay apart (nɔ is not, no is know).
    #[default]
    Accent,
    /// ɛ→e, ɔ→o, ŋ→ng, and the word "nɔ" as "noh": for handsets that lack è and ò.
    Plain,
    /// Proper spelling; the text travels as UCS-2 where it has such letters.
    Off,
}

impl Folding {
    /// NFC, then folded: local letters as the variant says, typographic quotes, dashes, dots and
    /// spaces to their plain forms, invisible characters removed, accents that GSM-7 lacks to
    /// their base letter. What has no plain form stays as it is. `Off` normalises alone.
    ///
    /// In all variants a tab becomes a space and other control characters are dropped, but for
    /// line feed. Digits are never touched.
    pub fn apply(self, text: &str) -> String {
        self.fold(text).into_owned()
    }

    /// As [`Self::apply`]; borrows where nothing changes.
    pub(super) fn fold(self, text: &str) -> Cow<'_, str> {
        if text.bytes().all(stays) {
            return Cow::Borrowed(text);
        }
        // Before composing: a control character may stand between a letter and its accent.
        let visible = || text.chars().filter(|&letter| matches!(letter, '\n' | '\t') || !letter.is_control());
        let composed: Cow<'_, str> = match is_nfc_quick(visible()) {
            IsNormalized::Yes => Cow::Borrowed(text),
            _ => Cow::Owned(visible().nfc().collect()),
        };
        let mut writer = Writer { folding: self, out: String::with_capacity(composed.len()), word: 0 };
        let mut rest = composed.chars();
        while let Some(letter) = rest.next() {
            writer.write(letter, &rest);
        }
        Cow::Owned(writer.out)
    }
}

/// Whether an octet is a character that no folding changes.
const fn stays(octet: u8) -> bool {
    matches!(octet, b'\n' | b' '..=b'~') && octet != b'`'
}

/// Accents that follow their letter because no composed letter exists (ɛ́).
const fn is_accent(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}')
}

struct Writer {
    folding: Folding,
    out: String,
    /// Letters of the current word so far.
    word: usize,
}

impl Writer {
    /// Writes what `letter` becomes; `rest` is what follows it.
    fn write(&mut self, letter: char, rest: &Chars<'_>) {
        match letter {
            '\t' => self.out.push(' '),
            '\n' => self.out.push('\n'),
            _ if letter.is_control() => return,
            _ if self.folding == Folding::Off => self.out.push(letter),
            'ɔ' | 'Ɔ' | 'ɛ' | 'Ɛ' | 'ŋ' | 'Ŋ' => self.write_local(letter, rest),
            '½' => self.write_half(),
            _ if gsm7::septets_of(letter).is_some() => self.out.push(letter),
            _ if is_accent(letter) => return,
            _ => match plain_form(letter) {
                Some(form) => self.out.push_str(form),
                None => self.out.push(base_letter(letter).unwrap_or(letter)),
            },
        }
        self.word = if letter.is_alphanumeric() { self.word + 1 } else { 0 };
    }

    fn write_local(&mut self, letter: char, rest: &Chars<'_>) {
        let next = rest.clone().find(|&next| !is_accent(next)).filter(|next| next.is_alphanumeric());
        let form = match (letter, self.folding) {
            ('ɛ', Folding::Accent) => "è",
            ('ɛ', _) => "e",
            ('Ɛ', _) => "E",
            ('ɔ', Folding::Accent) => "ò",
            ('ɔ', _) if self.ends_the_word_not(next) => "oh",
            ('ɔ', _) => "o",
            ('Ɔ', Folding::Plain) if self.ends_the_word_not(next) => "OH",
            ('Ɔ', _) => "O",
            ('Ŋ', _) if self.among_capitals(next) => "NG",
            ('Ŋ', _) => "Ng",
            _ => "ng",
        };
        self.out.push_str(form);
    }

    /// Whether the word so far is "n" and ends here: "nɔ", which is not, and not "no", which is
    /// know.
    fn ends_the_word_not(&self, next: Option<char>) -> bool {
        self.word == 1 && self.out.ends_with(['n', 'N']) && next.is_none()
    }

    fn among_capitals(&self, next: Option<char>) -> bool {
        match next {
            Some(next) => next.is_uppercase(),
            None => self.word > 0 && self.out.ends_with(char::is_uppercase),
        }
    }

    /// "1½" must not become "11/2".
    fn write_half(&mut self) {
        if self.out.ends_with(|before: char| before.is_ascii_digit()) {
            self.out.push(' ');
        }
        self.out.push_str("1/2");
    }
}

/// The form of a typographic character or a Temne letter that GSM-7 has.
const fn plain_form(letter: char) -> Option<&'static str> {
    Some(match letter {
        '‘' | '’' | '‚' | '‛' | '′' | 'ʼ' | '`' | '´' | '‹' | '›' => "'",
        '“' | '”' | '„' | '‟' | '″' | '«' | '»' => "\"",
        '\u{2010}'..='\u{2015}' | '−' | '•' => "-",
        '…' => "...",
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => " ",
        '\u{2028}' | '\u{2029}' => "\n",
        // Zero width: joiners, soft hyphen, byte order mark, marks of direction.
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}' => "",
        '×' => "x",
        '÷' => "/",
        'ə' | 'ǝ' => "e",
        'Ə' | 'Ǝ' => "E",
        'ʌ' => "u",
        'Ʌ' => "U",
        _ => return None,
    })
}

/// The letter under an accent, where GSM-7 has it.
fn base_letter(letter: char) -> Option<char> {
    let mut base = None;
    decompose_canonical(letter, |part| {
        base.get_or_insert(part);
    });
    base.filter(|&base| base != letter && gsm7::septets_of(base).is_some())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cases(folding: Folding, cases: &[(&str, &str)]) {
        for (text, expected) in cases {
            assert_eq!(folding.apply(text), *expected, "{text:?} with {folding:?}");
        }
    }

    #[test]
    fn krio_keeps_its_words_apart_with_accents() {
        cases(
            Folding::Accent,
            &[
                ("Di nɔmba nɔ kɔrɛkt", "Di nòmba nò kòrèkt"),
                ("Ɛp Ɔspitul", "Ep Ospitul"),
                ("ŋ Ŋaŋa ŊAŊA", "ng Nganga NGANGA"),
                ("yɔ kəthɛgbɛ, ʌŋ runt", "yò kethègbè, ung runt"),
                ("mɔ́ni nɛ̂", "mòni nè"),
            ],
        );
    }

    #[test]
    fn plain_folding_writes_the_word_not_as_noh() {
        cases(
            Folding::Plain,
            &[
                ("Di nɔmba nɔ kɔrɛkt. Duya tray bak", "Di nomba noh korekt. Duya tray bak"),
                ("1 Yɛs 2 Nɔ", "1 Yes 2 Noh"),
                ("NƆ!", "NOH!"),
                ("nɔ́", "noh"),
                ("nɔs anɔ dɔn kɔl", "nos ano don kol"),
            ],
        );
    }

    #[test]
    fn typographic_characters_become_plain_ones() {
        for folding in [Folding::Accent, Folding::Plain] {
            cases(
                folding,
                &[
                    ("‘a’ “b” «c» `d´", "'a' \"b\" \"c\" 'd'"),
                    ("1–2 — −3 • x", "1-2 - -3 - x"),
                    ("wait…", "wait..."),
                    ("a\u{a0}b\u{2009}c\td", "a b c d"),
                    ("zero\u{200b}width\u{ad}\u{feff}", "zerowidth"),
                    ("½ tablet, 1½ tablets, 2×3÷4", "1/2 tablet, 1 1/2 tablets, 2x3/4"),
                ],
            );
        }
    }

    #[test]
    fn accents_that_gsm7_lacks_go_and_those_that_it_has_stay() {
        cases(
            Folding::Accent,
            &[
                ("áâãêëíîïóôõúûçÿÀÂÈÊ", "aaaeeiiiooouucyAAEE"),
                ("èéùìòàÇÉäöñüåøæß", "èéùìòàÇÉäöñüåøæß"),
                ("e\u{301}", "é"),
                ("ẹ ǹ", "e n"),
            ],
        );
    }

    #[test]
    fn digits_units_and_other_scripts_are_never_touched() {
        for folding in [Folding::Accent, Folding::Plain, Folding::Off] {
            for text in ["076 123456", "٣ ² ≤ µ °", "日本 αβγ", "😀🇸🇱"] {
                assert_eq!(folding.apply(text), text);
            }
        }
    }

    #[test]
    fn off_normalises_and_drops_controls_alone() {
        cases(Folding::Off, &[("Kushɛ… “e\u{301}”\u{7}\r\n\tx`", "Kushɛ… “é”\n x`")]);
    }

    #[test]
    fn plain_ascii_is_borrowed() {
        assert!(matches!(Folding::Accent.fold("1. Clinics\n2. My record"), Cow::Borrowed(_)));
        assert_eq!(Folding::Accent.fold("it`s"), "it's");
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in "\\PC*|[a-zɛɔŋŊƆNn ́½1’…\t\n]*") {
            for folding in [Folding::Accent, Folding::Off] {
                let once = folding.apply(&text);
                prop_assert_eq!(folding.apply(&once), once);
            }
        }

        #[test]
        fn no_control_character_is_left(text in any::<String>()) {
            for folding in [Folding::Accent, Folding::Plain, Folding::Off] {
                prop_assert!(folding.apply(&text).chars().all(|letter| letter == '\n' || !letter.is_control()));
            }
        }
    }
}
