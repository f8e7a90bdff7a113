//! What a PIN may be: how long, which are too easy for their owner, and how new ones are drawn.

use std::fmt;

use chrono::NaiveDate;
use rand::{CryptoRng, RngExt};
use secrecy::{ExposeSecret, SecretString};

use crate::care::Msisdn;

/// PINs that many people choose, beside runs and repeated digits.
const COMMON: [&str; 24] = [
    "0852", "1004", "1010", "1122", "1212", "1313", "1342", "2580", "5683", "6969", "0007", "1100", "010203",
    "101010", "102030", "111222", "112233", "121212", "123123", "123321", "131313", "147258", "159753",
    "696969",
];

/// A PIN: 4 to 6 digits. It cannot be printed, and is wiped from memory when dropped.
#[derive(Clone)]
pub struct Pin(SecretString);

/// A text that is no PIN.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a PIN has {} to {} digits and nothing else", Pin::LEAST, Pin::MOST)]
pub struct NotAPin;

impl Pin {
    /// Fewest digits that any deployment may allow.
    pub const LEAST: usize = 4;
    /// Most digits.
    pub const MOST: usize = 6;

    /// Takes what was typed.
    pub fn new(typed: &str) -> Result<Self, NotAPin> {
        let digits = typed.bytes().all(|octet| octet.is_ascii_digit());
        if digits && (Self::LEAST..=Self::MOST).contains(&typed.len()) {
            Ok(Self(SecretString::from(typed)))
        } else {
            Err(NotAPin)
        }
    }

    /// Its digits: for the hasher, and for the one message that tells it to its owner.
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Pin(…)")
    }
}

/// Why a PIN is too easy to guess.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Weakness {
    /// One digit repeated.
    #[error("it is one digit repeated")]
    Repeated,
    /// Digits in a row, up or down (1234, 9876, 7890).
    #[error("its digits are in a row")]
    Run,
    /// Among the first that anybody tries.
    #[error("many people choose it")]
    Common,
    /// Its owner's birth year or birthday.
    #[error("it is a birth year or a birthday")]
    Birth,
    /// The end of its owner's number.
    #[error("it is the end of the phone number")]
    Number,
}

/// Why a PIN is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PinRefused {
    /// Fewer digits than the deployment asks.
    #[error("choose a PIN of at least {least} digits")]
    TooShort {
        /// Fewest.
        least: usize,
    },
    /// Too easy.
    #[error("choose another PIN: {0}")]
    Weak(#[from] Weakness),
}

/// What is known of a PIN's owner and would be guessed first.
#[derive(Clone, Copy, Default)]
pub struct PinOwner<'owner> {
    /// Year of birth.
    pub birth_year: Option<i32>,
    /// Birth date.
    pub birth_date: Option<NaiveDate>,
    /// Her numbers.
    pub phones: &'owner [Msisdn],
}

/// What a deployment asks of PINs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PinPolicy {
    /// Fewest digits of a PIN that somebody chooses: 4 to 6.
    pub min_length: usize,
    /// Digits of a PIN that the service draws: 4 to 6.
    pub issued_length: usize,
}

impl Default for PinPolicy {
    fn default() -> Self {
        Self { min_length: Pin::LEAST, issued_length: Pin::MOST }
    }
}

impl PinPolicy {
    /// Whether its owner may take a PIN.
    pub fn check(&self, pin: &Pin, owner: &PinOwner<'_>) -> Result<(), PinRefused> {
        let least = self.min_length.clamp(Pin::LEAST, Pin::MOST);
        if pin.reveal().len() < least {
            return Err(PinRefused::TooShort { least });
        }
        weakness(pin.reveal(), owner).map_or(Ok(()), |weakness| Err(weakness.into()))
    }

    /// Draws a PIN for its owner: each that is not weak is as likely as any other.
    pub fn issue(&self, generator: &mut impl CryptoRng, owner: &PinOwner<'_>) -> Pin {
        let length = self.issued_length.clamp(Pin::LEAST, Pin::MOST);
        let limit = (0..length).fold(1, |limit, _| limit * 10);
        loop {
            let number: u32 = generator.random_range(0..limit);
            let pin = Pin(SecretString::from(format!("{number:0length$}")));
            if weakness(pin.reveal(), owner).is_none() {
                return pin;
            }
        }
    }
}

/// Why a PIN is too easy for its owner, if it is.
fn weakness(pin: &str, owner: &PinOwner<'_>) -> Option<Weakness> {
    // From each digit to the next, on a dial where 0 follows 9.
    let mut steps = pin.bytes().zip(pin.bytes().skip(1)).map(|(digit, next)| (10 + next - digit) % 10);
    let first = steps.next();
    match first.filter(|first| steps.all(|step| step == *first)) {
        Some(0) => return Some(Weakness::Repeated),
        Some(1 | 9) => return Some(Weakness::Run),
        _ => {}
    }
    if COMMON.contains(&pin) {
        Some(Weakness::Common)
    } else if is_birth(pin, owner) {
        Some(Weakness::Birth)
    } else {
        owner.phones.iter().any(|phone| phone.e164().ends_with(pin)).then_some(Weakness::Number)
    }
}

/// Whether a PIN holds the birth year, or is a way to write the birthday.
fn is_birth(pin: &str, owner: &PinOwner<'_>) -> bool {
    use chrono::Datelike;
    let years = [owner.birth_year, owner.birth_date.map(|date| date.year())];
    years.into_iter().flatten().any(|year| has_year(pin, year))
        || owner.birth_date.is_some_and(|date| is_day_of(pin, date))
}

/// `1998` in it, or a date with `98` for the year where the rest may be a month or a day.
fn has_year(pin: &str, year: i32) -> bool {
    let is = |text: &str, most: u8| {
        text.len() <= 2 && text.parse().is_ok_and(|number: u8| (1..=most).contains(&number))
    };
    // What stands beside the year: 05, 125, 1205, 0512.
    let is_rest_of_date = |rest: &str| {
        let splits = (1..rest.len()).filter_map(|at| rest.split_at_checked(at));
        let mut dates =
            splits.map(|(left, right)| is(left, 31) && is(right, 12) || is(left, 12) && is(right, 31));
        is(rest, 12) && rest.len() == 2 || dates.any(|date| date)
    };
    let short = format!("{:02}", year.rem_euclid(100));
    pin.contains(&year.to_string())
        || [pin.strip_suffix(&short), pin.strip_prefix(&short)].into_iter().flatten().any(is_rest_of_date)
}

/// Day and month without the year, in either order.
fn is_day_of(pin: &str, date: NaiveDate) -> bool {
    ["%d%m", "%m%d", "%-d%-m", "%-d%m", "%d%-m"].iter().any(|form| date.format(form).to_string() == pin)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn owner(phones: &[Msisdn]) -> PinOwner<'_> {
        PinOwner { birth_year: Some(1998), birth_date: NaiveDate::from_ymd_opt(1998, 5, 12), phones }
    }

    fn weak(pin: &str) -> Option<Weakness> {
        let phones = ["076 123457".parse().unwrap(), "030 904417".parse().unwrap()];
        let pin = Pin::new(pin).unwrap();
        match PinPolicy::default().check(&pin, &owner(&phones)) {
            Err(PinRefused::Weak(weakness)) => Some(weakness),
            other => {
                other.unwrap();
                None
            }
        }
    }

    #[test]
    fn weak_pins_are_refused_with_the_reason() {
        for (pins, weakness) in [
            (&["0000", "55555", "999999"][..], Weakness::Repeated),
            (&["1234", "123456", "654321", "7890", "0987", "3210", "890123"], Weakness::Run),
            (&["1212", "2580", "112233", "123123"], Weakness::Common),
            (
                &[
                    "1998", "199805", "051998", "219981", "120598", "980512", "0598", "12598", "1205",
                    "0512", "9805",
                ],
                Weakness::Birth,
            ),
            // Another day, but her year.
            (&["310198", "9811"], Weakness::Birth),
            (&["3457", "23457", "123457", "4417"], Weakness::Number),
        ] {
            for pin in pins {
                assert_eq!(weak(pin), Some(weakness), "{pin}");
            }
        }
    }

    #[test]
    fn others_are_taken() {
        for pin in ["7391", "739150", "1357", "9840", "1999", "131299", "3459", "904416", "48213"] {
            assert_eq!(weak(pin), None, "{pin}");
        }
    }

    #[test]
    fn the_year_alone_is_enough_to_refuse_and_nothing_known_refuses_none() {
        let policy = PinPolicy::default();
        let year = PinOwner { birth_year: Some(2003), ..PinOwner::default() };
        for pin in ["2003", "120503", "0503", "032003"] {
            assert_eq!(policy.check(&Pin::new(pin).unwrap(), &year), Err(Weakness::Birth.into()), "{pin}");
            assert_eq!(policy.check(&Pin::new(pin).unwrap(), &PinOwner::default()), Ok(()), "{pin}");
        }
    }

    #[test]
    fn the_deployment_sets_the_least_length() {
        let policy = PinPolicy { min_length: 6, ..PinPolicy::default() };
        let short = policy.check(&Pin::new("73915").unwrap(), &PinOwner::default());
        assert_eq!(short, Err(PinRefused::TooShort { least: 6 }));
        assert_eq!(short.unwrap_err().to_string(), "choose a PIN of at least 6 digits");
        assert_eq!(policy.check(&Pin::new("739150").unwrap(), &PinOwner::default()), Ok(()));
    }

    #[test]
    fn only_four_to_six_digits_are_a_pin() {
        for typed in ["", "123", "1234567", "12a4", "12 34", "+1234", "１２３４", "٤٥٦٧"] {
            assert_eq!(Pin::new(typed).map(|_| ()), Err(NotAPin), "{typed}");
        }
        assert_eq!(NotAPin.to_string(), "a PIN has 4 to 6 digits and nothing else");
    }

    #[test]
    fn a_pin_cannot_be_printed() {
        assert_eq!(format!("{:?}", Pin::new("739150").unwrap()), "Pin(…)");
    }

    #[test]
    fn every_pin_that_is_not_weak_is_issued_sooner_or_later_and_no_other() {
        let policy = PinPolicy { issued_length: 4, ..PinPolicy::default() };
        let phones = ["076 123457".parse().unwrap()];
        let owner = owner(&phones);
        let mut generator = StdRng::seed_from_u64(7);
        let mut counts = vec![0_u32; 10_000];
        for _ in 0..200_000 {
            let pin: usize = policy.issue(&mut generator, &owner).reveal().parse().unwrap();
            counts[pin] += 1;
        }
        for (number, count) in counts.iter().enumerate() {
            let weak = weakness(&format!("{number:04}"), &owner).is_some();
            assert_eq!(*count == 0, weak, "{number:04} was drawn {count} times");
            assert!(*count < 60, "{number:04} was drawn {count} times; about 20 are due");
        }
    }

    proptest! {
        #[test]
        fn an_issued_pin_has_six_digits_and_is_taken_by_the_policy(
            seed in any::<u64>(),
            year in 1970_i32..2016,
            day in 0_u32..365,
            number in 0_u64..1_000_000,
        ) {
            let policy = PinPolicy::default();
            let phones = [Msisdn::from_digits(23_276_000_000 + number).unwrap()];
            let birth_date = NaiveDate::from_yo_opt(year, day + 1);
            let owner = PinOwner { birth_year: Some(year), birth_date, phones: &phones };
            let pin = policy.issue(&mut StdRng::seed_from_u64(seed), &owner);
            prop_assert_eq!(pin.reveal().len(), 6);
            prop_assert_eq!(policy.check(&pin, &owner), Ok(()));
        }

        #[test]
        fn her_birthday_is_refused_however_it_is_written(year in 1970_i32..2016, day in 0_u32..365) {
            let date = NaiveDate::from_yo_opt(year, day + 1).unwrap();
            let owner = PinOwner { birth_date: Some(date), ..PinOwner::default() };
            for form in ["%Y", "%d%m%y", "%m%d%y", "%y%m%d", "%d%m", "%m%d", "%m%y", "%Y%m", "%m%Y", "%d%Y", "%-d%m%y"] {
                let pin = date.format(form).to_string();
                if let Ok(pin) = Pin::new(&pin) {
                    prop_assert!(PinPolicy::default().check(&pin, &owner).is_err(), "{}", form);
                }
            }
        }
    }
}
