//! Looking for words and phrases in a text, whatever their case and spelling.

use std::ops::Range;

use super::Folding;

/// Words and phrases to look for. One that ends in `*` is found also where the last word goes on
/// (`pregnan*` in "pregnancy"); letters that a phone may lack are taken for those that stand in
/// for them, and case does not count.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Phrases(Vec<Phrase>);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Phrase {
    words: Vec<String>,
    goes_on: bool,
}

impl Phrases {
    /// Those phrases; empty ones are passed over.
    pub fn new<'a>(phrases: impl IntoIterator<Item = &'a str>) -> Self {
        let phrase = |text: &str| Phrase {
            words: words(text).map(|(_, word)| word).collect(),
            goes_on: text.trim_end().ends_with('*'),
        };
        Self(phrases.into_iter().map(phrase).filter(|phrase| !phrase.words.is_empty()).collect())
    }

    /// Where the first of them stands in the text, in octets.
    pub fn find(&self, text: &str) -> Option<Range<usize>> {
        let words: Vec<(Range<usize>, String)> = words(text).collect();
        (0..words.len()).find_map(|at| {
            let rest = words.get(at..)?;
            let found =
                self.0.iter().filter(|phrase| phrase.begins(rest)).map(|phrase| phrase.words.len()).max()?;
            let (first, last) = (rest.first()?, rest.get(found - 1)?);
            Some(first.0.start..last.0.end)
        })
    }
}

impl Phrase {
    fn begins(&self, words: &[(Range<usize>, String)]) -> bool {
        let last = self.words.len() - 1;
        words.len() >= self.words.len()
            && self.words.iter().zip(words).enumerate().all(|(at, (wanted, (_, word)))| {
                if at == last && self.goes_on { word.starts_with(wanted.as_str()) } else { word == wanted }
            })
    }
}

/// The words of a text with where they stand, in small plain letters.
fn words(text: &str) -> impl Iterator<Item = (Range<usize>, String)> {
    let belongs = |letter: char| letter.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&letter);
    let mut rest = 0;
    std::iter::from_fn(move || {
        let start = rest + text.get(rest..)?.find(belongs)?;
        let length = text.get(start..)?.find(|letter| !belongs(letter)).unwrap_or(text.len() - start);
        rest = start + length;
        let word = Folding::Plain.apply(&text.get(start..rest)?.to_lowercase());
        // What stands in for ɛ and ɔ on many phones.
        Some((start..rest, word.replace('è', "e").replace('ò', "o")))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found<'a>(phrases: &[&str], text: &'a str) -> Option<&'a str> {
        Phrases::new(phrases.iter().copied()).find(text).map(|range| &text[range])
    }

    #[test]
    fn words_are_found_whole_in_any_case_and_spelling() {
        for (phrase, text, expected) in [
            ("HIV", "Your hiv test", Some("hiv")),
            ("HIV", "Shivering", None),
            ("wik blɔd", "yu gɛt WIK-BLÒD, duya", Some("WIK-BLÒD")),
            ("bɛlɛ", "di belɛ", Some("belɛ")),
            ("pregnan*", "Your pregnancy.", Some("pregnancy")),
            ("pregnan", "Your pregnancy.", None),
            ("weak blood", "weak", None),
            ("high blood*", "high bloods", Some("high bloods")),
            ("", "anything", None),
            ("*", "anything", None),
        ] {
            assert_eq!(found(&[phrase], text), expected, "{phrase} in {text}");
        }
        assert_eq!(found(&["blood", "blood pressure"], "Her blood pressure"), Some("blood pressure"));
    }

    proptest! {
        #[test]
        fn any_text_is_searched(text: String, phrase in "[a-zɛɔ ]{1,8}\\*?") {
            if let Some(range) = Phrases::new([phrase.as_str()]).find(&text) {
                prop_assert!(text.get(range).is_some_and(|found| !found.is_empty()));
            }
        }
    }
}
