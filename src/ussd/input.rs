//! Reading what she typed as the answer that an `input` state asks for.

use chrono::{Datelike, Days, NaiveDate};

use crate::care::Msisdn;
use crate::menu::InputKind;
use crate::text::Folding;

use super::session::Notice;

const LONGEST_NAME: usize = 40;

/// The answer in the form in which it is kept, or why it is none.
pub(super) fn read(kind: &InputKind, typed: &str, today: NaiveDate) -> Result<String, Notice> {
    let typed = typed.trim();
    match *kind {
        InputKind::Digits { min, max } => digits(typed, min, max).ok_or(Notice::WrongDigits),
        InputKind::Pin => digits(typed, 4, 6).ok_or(Notice::WrongPinForm),
        InputKind::Number { min, max } => number(typed, min, max).ok_or(Notice::WrongNumber),
        InputKind::Date { from_days, to_days } => {
            let day = date(typed, today).ok_or(Notice::WrongDate)?;
            let away = day.signed_duration_since(today).num_days();
            let fits = (from_days..=to_days).contains(&away);
            if fits { Ok(day.to_string()) } else { Err(Notice::DateOutOfRange) }
        }
        InputKind::Phone => typed.parse::<Msisdn>().map(Msisdn::e164).map_err(|_| Notice::WrongPhone),
        InputKind::Name => name(typed).ok_or(Notice::WrongName),
        InputKind::Text { max } => {
            let fits = !typed.is_empty() && typed.chars().count() <= usize::from(max);
            if fits && !typed.contains(char::is_control) {
                Ok(typed.to_owned())
            } else {
                Err(Notice::WrongText)
            }
        }
    }
}

/// Whether she typed that word, whatever the case and however ɛ, ɔ and ŋ were typed.
pub(super) fn is_word(word: &str, typed: &str) -> bool {
    let plain = |text: &str| Folding::Plain.apply(&text.trim().to_lowercase());
    plain(word) == plain(typed)
}

fn digits(typed: &str, min: u8, max: u8) -> Option<String> {
    let typed: String = typed.chars().filter(|letter| *letter != ' ').collect();
    let count = usize::from(min)..=usize::from(max);
    (typed.bytes().all(|octet| octet.is_ascii_digit()) && count.contains(&typed.len())).then_some(typed)
}

fn number(typed: &str, min: i64, max: i64) -> Option<String> {
    let number: i64 = typed.parse().ok()?;
    (min..=max).contains(&number).then(|| number.to_string())
}

/// 12/3/2026, 12-3-26, 12.03.2026, 12 03 2026, 120326, 12032026: day first, as people write it.
fn date(typed: &str, today: NaiveDate) -> Option<NaiveDate> {
    let parts: Vec<&str> = typed.split(['/', '-', '.', ' ']).filter(|part| !part.is_empty()).collect();
    let (day, month, year) = match parts.as_slice() {
        [day, month, year] => (*day, *month, *year),
        [joined] if joined.is_ascii() && matches!(joined.len(), 6 | 8) => {
            (joined.get(..2)?, joined.get(2..4)?, joined.get(4..)?)
        }
        _ => return None,
    };
    let year = match (year.len(), year.parse::<i32>().ok()?) {
        (4, year) => year,
        (2, short) => century(short, today),
        _ => return None,
    };
    NaiveDate::from_ymd_opt(year, month.parse().ok()?, day.parse().ok()?)
}

/// Two digits of a year: this century unless that is more than two years ahead (a birth year).
fn century(short: i32, today: NaiveDate) -> i32 {
    let latest = today.checked_add_days(Days::new(2 * 365)).unwrap_or(today).year();
    if 2000 + short <= latest { 2000 + short } else { 1900 + short }
}

fn name(typed: &str) -> Option<String> {
    let words: Vec<&str> = typed.split_whitespace().collect();
    let name = words.join(" ");
    let letters = name.chars().filter(|letter| letter.is_alphabetic()).count();
    let clean =
        name.chars().all(|letter| letter.is_alphabetic() || is_mark(letter) || " '’-.".contains(letter));
    (letters >= 2 && clean && name.chars().count() <= LONGEST_NAME).then_some(name)
}

/// Combining tone marks, as some write Mende and Temne names.
fn is_mark(letter: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: NaiveDate = NaiveDate::from_ymd_opt(2026, 11, 24).unwrap();

    #[test]
    fn dates_are_read_as_people_write_them() {
        for typed in ["12/3/2026", "12-3-26", "12.03.2026", "12 03 2026", "120326", "12032026", " 12/03/26 "]
        {
            let kind = InputKind::Date { from_days: -300, to_days: 0 };
            assert_eq!(read(&kind, typed, TODAY).as_deref(), Ok("2026-03-12"), "{typed}");
        }
        assert_eq!(date("1/1/95", TODAY), NaiveDate::from_ymd_opt(1995, 1, 1));
        for typed in ["31/2/2026", "2026", "a/b/c", "1/2/3/4", "", "ɛɛɛ", "1/1/12345", "11111111111"] {
            assert_eq!(date(typed, TODAY), None, "{typed}");
        }
    }

    #[test]
    fn a_date_out_of_range_says_so() {
        let kind = InputKind::Date { from_days: -300, to_days: -14 };
        assert_eq!(read(&kind, "24/11/2026", TODAY), Err(Notice::DateOutOfRange));
        assert_eq!(read(&kind, "24/11/2025", TODAY), Err(Notice::DateOutOfRange));
        assert_eq!(read(&kind, "yesterday", TODAY), Err(Notice::WrongDate));
    }

    #[test]
    fn pins_have_four_to_six_digits() {
        for (typed, good) in [
            ("1234", true),
            ("123456", true),
            ("12 34", true),
            ("123", false),
            ("1234567", false),
            ("12a4", false),
            ("", false),
        ] {
            assert_eq!(read(&InputKind::Pin, typed, TODAY).is_ok(), good, "{typed}");
        }
    }

    #[test]
    fn names_have_letters_of_any_script_and_no_digits() {
        assert_eq!(read(&InputKind::Name, "  Mariama   Kɔrɔma ", TODAY).as_deref(), Ok("Mariama Kɔrɔma"));
        assert!(read(&InputKind::Name, "O'Brien-Sesay", TODAY).is_ok());
        for typed in ["", "1", "A", "{{ me }}", "Fatu2", "<b>", &"a".repeat(41)] {
            assert!(read(&InputKind::Name, typed, TODAY).is_err(), "{typed}");
        }
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let kind = InputKind::Number { min: 1, max: 42 };
        assert_eq!(read(&kind, "07", TODAY).as_deref(), Ok("7"));
        for typed in ["0", "43", "-1", "9999999999999999999999", "1.5", ""] {
            assert_eq!(read(&kind, typed, TODAY), Err(Notice::WrongNumber), "{typed}");
        }
    }

    #[test]
    fn words_count_in_any_case() {
        assert!(is_word("yes", " YES "));
        assert!(!is_word("yes", "yess"));
    }
}
