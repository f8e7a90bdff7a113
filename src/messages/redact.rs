//! The words of providers before they are kept: short, and without phone numbers.

/// Longest words that are kept.
const LONGEST: usize = 300;
/// A run of so many digits may be a phone number.
const NUMBER: usize = 6;

/// The words with `…` in place of runs of digits as long as phone numbers, without control
/// characters, cut to a length that is worth keeping.
pub fn redact(words: &str) -> String {
    let mut kept = String::with_capacity(words.len().min(LONGEST));
    let mut digits = String::new();
    let mut letters = 0;
    for letter in words.chars().map(|letter| if letter.is_control() { ' ' } else { letter }) {
        if letters >= LONGEST {
            break;
        }
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        letters += push_digits(&mut kept, &mut digits) + 1;
        kept.push(letter);
    }
    push_digits(&mut kept, &mut digits);
    let kept: String = kept.chars().take(LONGEST).collect();
    kept.trim().to_owned()
}

fn push_digits(kept: &mut String, digits: &mut String) -> usize {
    let run = if digits.len() >= NUMBER { "…" } else { digits.as_str() };
    kept.push_str(run);
    let letters = run.chars().count();
    digits.clear();
    letters
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_of_phones_go_and_codes_stay() {
        for (words, kept) in [
            ("403 InvalidPhoneNumber: +23276000001", "403 InvalidPhoneNumber: +…"),
            ("The 'To' number 23276000001 is not valid (21211)", "The 'To' number … is not valid (21211)"),
            ("0: Accepted\0 for\r\ndelivery", "0: Accepted  for  delivery"),
            ("", ""),
        ] {
            assert_eq!(redact(words), kept);
        }
        assert!(redact(&"long ".repeat(1000)).chars().count() <= LONGEST);
    }

    proptest! {
        #[test]
        fn no_long_run_of_digits_is_left(words in "\\PC{0,20}[0-9]{0,20}\\PC{0,20}") {
            let mut run = 0;
            for letter in redact(&words).chars() {
                run = if letter.is_ascii_digit() { run + 1 } else { 0 };
                prop_assert!(run < NUMBER);
            }
        }
    }
}
