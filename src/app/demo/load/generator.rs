//! People made for load: any number of them, each the same whenever she is made, apart from dates,
//! which are reckoned back from today.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use uuid::Uuid;

use crate::app::demo::people::{ANAEMIA, Baby, Body, Finding, MALARIA, PROTECTED, Setting, give_consents};
use crate::care::{Country, Msisdn, MsisdnError, Service};
use crate::store::bulk::{History, Line, PinRow, Standing, Wording};
use crate::store::sealed::{Identity, Sex};

/// Number of the first; the others follow one by one, over 78, 79 and 80, where none of the demo's
/// mothers is.
const FIRST_MSISDN: u64 = 23_278_000_000;
/// The most that can be made: as many as there are numbers from the first one on.
pub const MOST_PATIENTS: u64 = 3_000_000;

/// Ids begin with this; what follows is the person's place.
const FIRST_ID: u128 = 0x6d61_6d61_0001_8000_8000_0000_0000_0000;

/// Given names that are common in the country.
const GIVEN: [&str; 24] = [
    "Adama", "Aminata", "Binta", "Fanta", "Fatmata", "Finda", "Haja", "Hawa", "Isatu", "Jeneba", "Kadiatu",
    "Kumba", "Mabinty", "Mamie", "Mariama", "Marie", "Memuna", "Ramatu", "Salamatu", "Sia", "Tenneh", "Umu",
    "Yainkain", "Zainab",
];
/// No family is meant.
const FAMILY: &str = "Synthetic";

const FINDINGS: [&[Finding]; 6] = [&[], &[], &[], &[ANAEMIA], &[MALARIA], &[PROTECTED]];

/// Makes people by their place, from 0.
#[derive(Clone)]
pub(in crate::app::demo) struct Generator {
    country: Arc<Country>,
    /// Facilities with maternity services, and the districts that they are in.
    homes: Vec<(i32, String)>,
    pin: Arc<str>,
    now: DateTime<Utc>,
}

/// The id of the person at that place.
pub(super) fn id_of(place: u64) -> Uuid {
    Uuid::from_u128(FIRST_ID + u128::from(place))
}

/// The place of the person of that id.
pub(super) fn place_of(id: Uuid) -> u64 {
    u64::try_from(id.as_u128().saturating_sub(FIRST_ID)).unwrap_or(u64::MAX)
}

/// The number of the person at that place.
pub(in crate::app::demo) fn number_of(place: u64) -> Result<Msisdn, MsisdnError> {
    Msisdn::from_digits(FIRST_MSISDN + place)
}

impl Generator {
    /// People of that country as of now, all with one PIN.
    pub fn new(country: Arc<Country>, pin: Arc<str>, now: DateTime<Utc>) -> Self {
        let with_maternity =
            country.facilities.iter().filter(|facility| facility.services.contains(&Service::Maternity));
        let homes = with_maternity
            .filter_map(|facility| Some((i32::try_from(facility.id).ok()?, facility.district.clone())))
            .collect();
        Self { country, homes, pin, now }
    }

    /// The person at that place.
    pub fn person(&self, place: u64) -> Result<History, MsisdnError> {
        let mut dice = StdRng::seed_from_u64(place);
        let home = self.homes.choose(&mut dice);
        let (facility, district) =
            home.map_or((1, ""), |(facility, district)| (*facility, district.as_str()));
        let setting = Setting { now: self.now, facility, district, vaccines: &self.country.immunisation };
        let mut history = History {
            id: id_of(place),
            identity: Identity {
                given: (*GIVEN.choose(&mut dice).unwrap_or(&"Adama")).to_owned(),
                family: FAMILY.to_owned(),
                birth_year: Some(dice.random_range(1981..=2008)),
                birth_date: None,
            },
            standing: Standing::Verified,
            language: if dice.random_bool(0.7) { "kri" } else { "en" },
            home_facility: Some(facility),
            district: Some(district.to_owned()),
            greet_by_name: dice.random_bool(0.2),
            wording: Wording::Covert,
            synthetic: true,
            created_at: self.now,
            lines: vec![Line { msisdn: number_of(place)?, ordinal: 1 }],
            pin: Some(PinRow { hash: Arc::clone(&self.pin), must_change: false, expires_at: None }),
            pregnancies: Vec::new(),
            appointments: Vec::new(),
            visits: Vec::new(),
            medicines: Vec::new(),
            children: Vec::new(),
            consents: Vec::new(),
            looks: Vec::new(),
        };
        give_consents(&mut history, self.now - TimeDelta::days(dice.random_range(1..200)));
        live(&mut history, &setting, &mut dice);
        Ok(history)
    }
}

/// Two in three are pregnant, the others have a small child.
fn live(history: &mut History, setting: &Setting<'_>, dice: &mut StdRng) {
    let systolic = dice.random_range(98..132);
    let body = Body {
        weight: dice.random_range(460..780),
        pressure: (systolic, systolic * 5 / 8 + dice.random_range(0..6)),
    };
    if dice.random_bool(2.0 / 3.0) {
        let found: [&[Finding]; 3] = std::array::from_fn(|_| *FINDINGS.choose(dice).unwrap_or(&FINDINGS[0]));
        setting.pregnant(history, dice.random_range(5..41), dice.random_range(0..7), body, &found);
    } else {
        let baby = Baby {
            age: dice.random_range(3..150),
            sex: if dice.random_bool(0.5) { Sex::Female } else { Sex::Male },
            name: "",
            slack: dice.random_range(0..14),
            next_visit: dice.random_range(1..28),
        };
        setting.newborn(history, baby, body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::care::{BloodPressure, WordKind};

    fn generator() -> Generator {
        let now = "2026-11-24T08:00:00Z".parse().unwrap();
        Generator::new(Arc::new(Country::shipped().unwrap()), "$argon2id$".into(), now)
    }

    #[test]
    fn a_person_is_the_same_whenever_she_is_made() {
        let generator = generator();
        for place in [0, 1, 999_999] {
            let again = format!("{:?}", generator.person(place).unwrap());
            assert_eq!(format!("{:?}", generator.person(place).unwrap()), again);
            assert_eq!(place_of(id_of(place)), place);
        }
    }

    #[test]
    fn all_have_numbers_and_none_is_a_demo_mother() {
        use crate::app::demo::people::MOTHERS;
        for place in [0, 1_000_000, 2_000_000, MOST_PATIENTS - 1] {
            assert!(number_of(place).is_ok(), "{place}");
        }
        let (first, last) = (number_of(0).unwrap(), number_of(MOST_PATIENTS - 1).unwrap());
        for mother in MOTHERS {
            let number = mother.number().unwrap();
            assert!(number < first || number > last, "{}", mother.key);
        }
    }

    #[test]
    fn histories_are_plausible_and_known_to_the_country() {
        let generator = generator();
        let country = Country::shipped().unwrap();
        let today = crate::care::calendar::local_day(generator.now);
        let (mut pregnant, mut doses) = (0, 0);
        for place in 0..500 {
            let person = generator.person(place).unwrap();
            let active = person.pregnancies.iter().filter(|pregnancy| pregnancy.ended_on.is_none()).count();
            assert!(active <= 1);
            pregnant += active;
            for visit in &person.visits {
                assert!(visit.on <= today);
                let (systolic, diastolic) = visit.note.pressure.unwrap();
                assert!(BloodPressure::new(systolic, diastolic, &country.limits).is_ok());
                for diagnosis in &visit.note.diagnoses {
                    assert!(country.words.word(WordKind::Diagnosis, &diagnosis.code).is_some());
                }
            }
            for medicine in &person.medicines {
                assert!(country.words.word(WordKind::Medicine, &medicine.note.code).is_some());
            }
            for appointment in &person.appointments {
                assert!(appointment.on > today && appointment.status == "booked");
            }
            doses += person.children.iter().map(|child| child.doses.len()).sum::<usize>();
        }
        assert!((250..420).contains(&pregnant), "{pregnant}");
        assert!(doses > 300, "{doses}");
    }
}
