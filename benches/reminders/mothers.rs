//! Mothers as a country has them: two in five pregnant, most of the others with a child under five.

use anyhow::Result;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use mamacare::care::calendar::{add_days, local_day};
use mamacare::store::bulk::{
    AppointmentRow, ChildRow, ConsentRow, History, Line, MedicineRow, PregnancyRow, Standing, VisitRow,
    Wording,
};
use mamacare::store::sealed::{ChildNote, Identity, MedicineNote, PregnancyNote, VisitNote};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use uuid::Uuid;

const HOME: i32 = 6;
const DOSES: [(&str, i64); 16] = [
    ("BCG", 0),
    ("OPV0", 0),
    ("OPV1", 42),
    ("Penta1", 42),
    ("PCV1", 42),
    ("Rota1", 42),
    ("OPV2", 70),
    ("Penta2", 70),
    ("PCV2", 70),
    ("Rota2", 70),
    ("OPV3", 98),
    ("Penta3", 98),
    ("PCV3", 98),
    ("IPV1", 98),
    ("MR1", 275),
    ("YF", 275),
];
/// Days of pregnancy of the antenatal contacts.
const CONTACTS: [i64; 8] = [84, 140, 182, 210, 238, 252, 266, 280];

/// The mother of that number.
pub fn mother(id: u64, now: DateTime<Utc>) -> Result<History> {
    let mut dice = StdRng::seed_from_u64(id);
    let today = local_day(now);
    let consent = |purpose| ConsentRow { purpose, given_at: now, channel: "staff", text_version: "1" };
    let mut history = History {
        id: Uuid::from_u128(u128::from(id) + 1),
        identity: Identity { given: "Given".to_owned(), family: "Family".to_owned(), ..Identity::default() },
        standing: Standing::Verified,
        language: if dice.random_bool(0.7) { "kri" } else { "en" },
        home_facility: Some(HOME),
        district: Some("bo".to_owned()),
        greet_by_name: false,
        wording: if dice.random_bool(0.5) { Wording::Open } else { Wording::Covert },
        synthetic: true,
        created_at: now - TimeDelta::days(100),
        lines: vec![Line { msisdn: format!("+232{}", 76_000_000 + id % 10_000_000).parse()?, ordinal: 1 }],
        pin: None,
        pregnancies: vec![],
        appointments: vec![],
        visits: vec![],
        medicines: vec![],
        children: vec![],
        consents: vec![consent("care"), consent("reminders")],
        looks: vec![],
    };
    if dice.random_bool(0.4) {
        expect(&mut history, today, &mut dice);
    } else if dice.random_bool(0.85) {
        raise(&mut history, today, &mut dice);
    }
    Ok(history)
}

fn expect(history: &mut History, today: NaiveDate, dice: &mut StdRng) {
    let since = dice.random_range(40..283_i64);
    history.pregnancies.push(PregnancyRow {
        due_on: add_days(today, 280 - since),
        dated_by: "lmp",
        precision: "day",
        ended_on: None,
        note: PregnancyNote::default(),
    });
    for day in CONTACTS.into_iter().filter(|day| *day < since) {
        if dice.random_bool(0.8) {
            let on = add_days(today, day - since + dice.random_range(-3..5)).min(today);
            history.visits.push(VisitRow {
                facility: HOME,
                on,
                kind: "antenatal",
                note: VisitNote::default(),
            });
        }
    }
    if dice.random_bool(0.6) {
        let on = add_days(today, dice.random_range(1..45));
        history.appointments.push(AppointmentRow {
            facility: HOME,
            on,
            at: None,
            purpose: "antenatal",
            status: "booked",
        });
    }
    let started = dice.random_range(0..40);
    history.medicines.push(MedicineRow {
        facility: HOME,
        started_on: add_days(today, -started),
        until_on: add_days(today, 30 - started),
        note: MedicineNote { code: "iron_folic_acid".to_owned(), ..MedicineNote::default() },
    });
}

fn raise(history: &mut History, today: NaiveDate, dice: &mut StdRng) {
    let age = dice.random_range(1..1800_i64);
    let born_on = add_days(today, -age);
    let mut doses = Vec::new();
    for (dose, at) in DOSES {
        let at = at + dice.random_range(0..20);
        if at < age && dice.random_bool(0.92) {
            doses.push((dose.to_owned(), add_days(born_on, at), HOME));
        }
    }
    history.children.push(ChildRow { born_on, note: ChildNote::default(), doses });
}
