//! Mobile numbers of Sierra Leone.

use std::fmt;
use std::str::FromStr;

/// +232, before the eight digits of a number.
const COUNTRY_CODE: u64 = 232;
const EIGHT_DIGITS: u64 = 100_000_000;

/// A mobile number of Sierra Leone in E.164: +232 and eight digits. Its `Debug` and `Display` show
/// only the last two of them.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Msisdn(u64);

/// Why a text is not a number that we can call.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MsisdnError {
    /// Letters or signs in it, or nothing at all.
    #[error("a phone number has digits only, like 076 123456 or +232 76 123456")]
    NotANumber,
    /// Wrong count of digits, or a range that no mobile operator has.
    #[error("this is not a mobile number of Sierra Leone, like 076 123456 or +232 76 123456")]
    NotMobile,
}

/// The operator to which a range of numbers was given. Only a hint: numbers may be ported.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Operator {
    /// Africell.
    Africell,
    /// Orange.
    Orange,
    /// `QCell`.
    Qcell,
    /// Sierratel.
    Sierratel,
    /// Onlime.
    Onlime,
}

impl Operator {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Africell => "Africell",
            Self::Orange => "Orange",
            Self::Qcell => "QCell",
            Self::Sierratel => "Sierratel",
            Self::Onlime => "Onlime",
        }
    }

    /// Whose mobile range begins with these two digits.
    const fn of_prefix(prefix: u64) -> Option<Self> {
        Some(match prefix {
            30 | 33 | 70 | 77 | 80 | 88 | 90 | 99 => Self::Africell,
            71..=79 => Self::Orange,
            31 | 32 | 34 | 35 => Self::Qcell,
            25 => Self::Sierratel,
            66 => Self::Onlime,
            _ => return None,
        })
    }
}

impl Msisdn {
    /// The number of these digits, country code and all (`23276000001`), as [`Self::digits`] gives.
    pub fn from_digits(digits: u64) -> Result<Self, MsisdnError> {
        let known = Operator::of_prefix(digits % EIGHT_DIGITS / 1_000_000).is_some();
        if digits / EIGHT_DIGITS == COUNTRY_CODE && known {
            Ok(Self(digits))
        } else {
            Err(MsisdnError::NotMobile)
        }
    }

    /// All digits with the country code, as one number (`23276000001`).
    pub const fn digits(self) -> u64 {
        self.0
    }

    /// `+23276000001`: for the wire, never for a log.
    pub fn e164(self) -> String {
        format!("+{}", self.0)
    }

    /// `076 000001`, as people say it.
    pub fn local(self) -> String {
        let national = self.national();
        format!("0{:02} {:06}", national / 1_000_000, national % 1_000_000)
    }

    /// The operator that had this range first; a hint.
    pub const fn operator(self) -> Option<Operator> {
        Operator::of_prefix(self.national() / 1_000_000)
    }

    /// The eight digits after the country code.
    const fn national(self) -> u64 {
        self.0 % EIGHT_DIGITS
    }
}

/// Reads a number in any form that is usual here: `076 123456`, `76123456`, `+232 76 123456`,
/// `0023276123456`, `23276123456`, `+232 (0)76-123456`, or with a space in front where a client
/// forgot to encode the plus sign.
impl FromStr for Msisdn {
    type Err = MsisdnError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const MOST_DIGITS: u32 = 15;
        let text = text.trim();
        let (international, text) = match text.strip_prefix('+') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mut digits, mut count, mut zeros) = (0_u64, 0_u32, 0_u32);
        for letter in text.chars() {
            match letter.to_digit(10) {
                Some(digit) => {
                    count += 1;
                    if count > MOST_DIGITS {
                        return Err(MsisdnError::NotMobile);
                    }
                    zeros += u32::from(digits == 0 && digit == 0);
                    digits = digits * 10 + u64::from(digit);
                }
                None if matches!(letter, '-' | '.' | '/' | '(' | ')') || letter.is_whitespace() => {}
                None => return Err(MsisdnError::NotANumber),
            }
        }
        if count == 0 {
            return Err(MsisdnError::NotANumber);
        }
        let national = match (international, zeros, count - zeros) {
            // 076 123456, or without the zero
            (false, 0 | 1, 8) => digits,
            // +232 76 123456, 00232 76 123456, 232 76 123456
            (true, 0, 11) | (false, 0 | 2, 11) if digits / EIGHT_DIGITS == COUNTRY_CODE => {
                digits % EIGHT_DIGITS
            }
            // +232 (0)76 123456 and its like
            (true, 0, 12) | (false, 0 | 2, 12) if digits / EIGHT_DIGITS == COUNTRY_CODE * 10 => {
                digits % EIGHT_DIGITS
            }
            _ => return Err(MsisdnError::NotMobile),
        };
        Self::from_digits(COUNTRY_CODE * EIGHT_DIGITS + national)
    }
}

impl fmt::Debug for Msisdn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Msisdn(…{:02})", self.0 % 100)
    }
}

impl fmt::Display for Msisdn {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "…{:02}", self.0 % 100)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<u64, MsisdnError> {
        text.parse::<Msisdn>().map(Msisdn::digits)
    }

    #[test]
    fn all_usual_forms_are_one_number() {
        for text in [
            "076123456",
            "076 123456",
            "076-123-456",
            "76 12 34 56",
            "+23276123456",
            "+232 76 123456",
            " 23276123456",
            "23276123456",
            "0023276123456",
            "00 232 76 123 456",
            "+232 (0)76 123456",
            "232076123456",
            " +23276123456 ",
        ] {
            assert_eq!(read(text), Ok(23_276_123_456), "{text:?}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", " ", "+", "076 12345a", "076_123456", "tel:076123456", "٠٧٦١٢٣٤٥٦", "07+6123456"]
        {
            assert_eq!(read(text), Err(MsisdnError::NotANumber), "{text:?}");
        }
        for text in [
            "076 12345",
            "076 1234567",
            "0076123456",
            "+076123456",
            "022 123456",
            "+44 7700 900123",
            "+254711000000",
            "000023276123456",
            "117",
            "23222123456",
            "9999999999999999999999999",
        ] {
            assert_eq!(read(text), Err(MsisdnError::NotMobile), "{text:?}");
        }
    }

    #[test]
    fn the_mobile_ranges_are_those_of_the_numbering_plan() {
        let mobile: Vec<_> = (0..100)
            .filter(|prefix| Msisdn::from_digits(23_200_000_001 + prefix * 1_000_000).is_ok())
            .collect();
        let plan: Vec<_> = [25, 66, 80, 88, 90, 99].into_iter().chain(30..=35).chain(70..=79).collect();
        let mut plan = plan;
        plan.sort_unstable();
        assert_eq!(mobile, plan);
    }

    #[test]
    fn the_operator_is_a_hint_from_the_range() {
        for (text, operator) in [
            ("030 000001", Operator::Africell),
            ("070 000001", Operator::Africell),
            ("076 000001", Operator::Orange),
            ("035 000001", Operator::Qcell),
            ("025 000001", Operator::Sierratel),
            ("066 000001", Operator::Onlime),
        ] {
            assert_eq!(text.parse::<Msisdn>().unwrap().operator(), Some(operator), "{text}");
        }
    }

    #[test]
    fn it_shows_as_people_say_it_and_hides_in_logs() {
        let number: Msisdn = "+23276000001".parse().unwrap();
        assert_eq!(number.local(), "076 000001");
        assert_eq!(number.e164(), "+23276000001");
        assert_eq!(format!("{number} {number:?}"), "…01 Msisdn(…01)");
    }

    proptest! {
        #[test]
        fn what_it_writes_it_reads(prefix in prop::sample::select(vec![25_u64, 30, 35, 66, 70, 76, 80, 99]), rest in 0_u64..1_000_000) {
            let number = Msisdn::from_digits(23_200_000_000 + prefix * 1_000_000 + rest).unwrap();
            prop_assert_eq!(number.e164().parse(), Ok(number));
            prop_assert_eq!(number.local().parse(), Ok(number));
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC*|[0-9+ ]{0,30}") {
            if let Ok(number) = text.parse::<Msisdn>() {
                prop_assert_eq!(Msisdn::from_digits(number.digits()), Ok(number));
            }
        }
    }
}
