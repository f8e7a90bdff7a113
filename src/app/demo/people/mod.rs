//! The people of the demo: invented, marked so in the database, each there to show something.

mod life;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::care::{Country, Msisdn, MsisdnError};
use crate::store::bulk::{ConsentRow, History, Line, LookRow, PinRow, PregnancyRow, Standing, Wording};
use crate::store::sealed::{Identity, PregnancyNote, Sex};

pub(super) use life::{ANAEMIA, Baby, Body, Finding, HIDDEN, MALARIA, PROTECTED, Setting, give_consents};

/// One of them, as far as it is fixed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mother {
    /// What scripts call her.
    pub key: &'static str,
    /// Her number, and her place on it where several share it.
    pub msisdn: &'static str,
    pub ordinal: i16,
    pub shared: bool,
    pub language: &'static str,
    /// A PIN that is published; the others are drawn.
    pub pin: Option<&'static str>,
    /// Whether her PIN was sent by us and waits to be changed.
    pub must_change_pin: bool,
    given: &'static str,
    family: &'static str,
    birth_year: i16,
    facility: i32,
    life: Life,
}

#[derive(Clone, Copy, Debug)]
enum Life {
    Expecting,
    NewMother,
    FirstEntry,
    SharedExpecting,
    SharedMother,
    SelfRegistered,
}

/// All of them. Scripts rely on the first three; none of their keys, numbers and languages change.
pub(super) const MOTHERS: [Mother; 6] = [
    Mother {
        key: "expecting",
        msisdn: "+23276000001",
        ordinal: 1,
        shared: false,
        language: "en",
        pin: Some("739150"),
        must_change_pin: false,
        given: "Fatmata",
        family: "Demo-Kamara",
        birth_year: 1998,
        facility: 6,
        life: Life::Expecting,
    },
    Mother {
        key: "new_mother",
        msisdn: "+23277000002",
        ordinal: 1,
        shared: false,
        language: "kri",
        pin: None,
        must_change_pin: false,
        given: "Isatu",
        family: "Demo-Sesay",
        birth_year: 2001,
        facility: 13,
        life: Life::NewMother,
    },
    Mother {
        key: "first_entry",
        msisdn: "+23230000003",
        ordinal: 1,
        shared: false,
        language: "en",
        pin: None,
        must_change_pin: true,
        given: "Hawa",
        family: "Demo-Conteh",
        birth_year: 2003,
        facility: 15,
        life: Life::FirstEntry,
    },
    Mother {
        key: "shared_first",
        msisdn: "+23233000004",
        ordinal: 1,
        shared: true,
        language: "kri",
        pin: None,
        must_change_pin: false,
        given: "Adama",
        family: "Demo-Koroma",
        birth_year: 1995,
        facility: 1,
        life: Life::SharedExpecting,
    },
    Mother {
        key: "shared_second",
        msisdn: "+23233000004",
        ordinal: 2,
        shared: true,
        language: "en",
        pin: None,
        must_change_pin: false,
        given: "Mariama",
        family: "Demo-Koroma",
        birth_year: 1999,
        facility: 1,
        life: Life::SharedMother,
    },
    Mother {
        key: "self_registered",
        msisdn: "+23288000005",
        ordinal: 1,
        shared: false,
        language: "en",
        pin: None,
        must_change_pin: false,
        given: "Jeneba",
        family: "Demo-Bangura",
        birth_year: 2000,
        facility: 18,
        life: Life::SelfRegistered,
    },
];

/// Ids of the demo's people begin with this; what follows is their place in the list.
const FIRST_ID: u128 = 0x6d61_6d61_0000_8000_8000_0000_0000_0000;

/// The id of the person at that place of [`MOTHERS`].
pub(super) fn person_id(place: usize) -> Uuid {
    Uuid::from_u128(FIRST_ID + 1 + place as u128)
}

impl Mother {
    /// Her number.
    pub fn number(&self) -> Result<Msisdn, MsisdnError> {
        self.msisdn.parse()
    }

    /// Her whole record, as of now. `nurse` has looked at it, where she is in care.
    pub fn history(
        &self,
        place: usize,
        hash: Arc<str>,
        country: &Country,
        nurse: Uuid,
        now: DateTime<Utc>,
    ) -> Result<History, MsisdnError> {
        let facility = u32::try_from(self.facility).unwrap_or_default();
        let district = country.facility(facility).map_or("bo", |facility| facility.district.as_str());
        let setting = Setting { now, facility: self.facility, district, vaccines: &country.immunisation };
        let standing = match self.life {
            Life::SelfRegistered => Standing::SelfRegistered,
            _ => Standing::Verified,
        };
        let mut history = History {
            id: person_id(place),
            identity: Identity {
                given: self.given.to_owned(),
                family: self.family.to_owned(),
                birth_year: Some(self.birth_year),
                birth_date: None,
            },
            standing,
            language: self.language,
            home_facility: Some(self.facility),
            district: Some(district.to_owned()),
            greet_by_name: matches!(self.life, Life::Expecting),
            wording: Wording::Covert,
            synthetic: true,
            created_at: now,
            lines: vec![Line { msisdn: self.number()?, ordinal: self.ordinal }],
            pin: Some(PinRow { hash, must_change: self.must_change_pin, expires_at: None }),
            pregnancies: Vec::new(),
            appointments: Vec::new(),
            visits: Vec::new(),
            medicines: Vec::new(),
            children: Vec::new(),
            consents: Vec::new(),
            looks: Vec::new(),
        };
        self.live(&mut history, &setting);
        if standing == Standing::Verified {
            let seen = now - TimeDelta::days(12);
            let (facility, staff) = (self.facility, nurse);
            history.looks.push(LookRow { at: seen, staff, role: "professional", facility, what: "record" });
        }
        Ok(history)
    }

    fn live(&self, history: &mut History, setting: &Setting<'_>) {
        let body = Body { weight: 585, pressure: (108, 68) };
        let first_visit = setting.now - TimeDelta::days(115);
        match self.life {
            Life::Expecting => {
                setting.pregnant(history, 28, 3, body, &[&[HIDDEN], &[ANAEMIA, PROTECTED], &[MALARIA]]);
                give_consents(history, first_visit);
            }
            Life::NewMother => {
                let baby = Baby { age: 50, sex: Sex::Female, name: "", slack: 14, next_visit: 3 };
                setting.newborn(history, baby, Body { weight: 640, ..body });
                give_consents(history, first_visit);
            }
            Life::FirstEntry => {
                setting.pregnant(history, 14, 1, Body { weight: 530, ..body }, &[&[]]);
                give_consents(history, setting.now);
            }
            Life::SharedExpecting => {
                setting.pregnant(
                    history,
                    35,
                    5,
                    Body { weight: 700, pressure: (132, 84) },
                    &[&[], &[PROTECTED]],
                );
                give_consents(history, first_visit);
            }
            Life::SharedMother => {
                let baby = Baby { age: 275, sex: Sex::Male, name: "Mohamed", slack: 10, next_visit: 8 };
                setting.newborn(history, baby, Body { weight: 610, ..body });
                give_consents(history, first_visit);
            }
            Life::SelfRegistered => self_registered(history, setting),
        }
    }
}

/// What a woman says of herself on the phone: a month, and that she agrees.
fn self_registered(history: &mut History, setting: &Setting<'_>) {
    let due = crate::care::calendar::add_days(setting.today(), 150);
    history.pregnancies.push(PregnancyRow {
        due_on: due,
        dated_by: "reckoned",
        precision: "month",
        ended_on: None,
        note: PregnancyNote::default(),
    });
    history.consents.push(ConsentRow {
        purpose: "care",
        given_at: setting.now,
        channel: "ussd",
        text_version: "demo",
    });
}
