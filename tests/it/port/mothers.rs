//! The two mothers: what stands in their records.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use mamacare::care::Country;
use mamacare::identity::PinHasher;
use mamacare::privacy::Vault;
use mamacare::store::bulk::{
    AppointmentRow, Batch, ChildRow, ConsentRow, History, Line, LookRow, MedicineRow, PinRow, PregnancyRow,
    Standing, Trust, VisitRow, Wording,
};
use mamacare::store::places::{Pharmacy, add_country, add_pharmacies};
use mamacare::store::sealed::{ChildNote, Diagnosis, Identity, MedicineNote, PregnancyNote, VisitNote};
use sqlx::PgPool;
use uuid::Uuid;

use super::world::{BO_HOSPITAL, FATMATA, FATMATAS_PIN, ISATU, ISATUS_PIN, NUMBER, PHARMACY, day};

/// The country, a pharmacy, and both of them.
pub async fn fill(pool: &PgPool, country: &Country, vault: &Vault, pins: &PinHasher, now: DateTime<Utc>) {
    let mut connection = pool.acquire().await.unwrap();
    add_country(&mut connection, &country.districts, &country.facilities, now).await.unwrap();
    let pharmacy = |id, name: &str, all_day| Pharmacy {
        id,
        name: name.to_owned(),
        district: "bo".to_owned(),
        town: "Bo".to_owned(),
        all_day,
        synthetic: true,
    };
    let pharmacies =
        [pharmacy(PHARMACY, "A Pharmacy", false), pharmacy(PHARMACY + 1, "Night Pharmacy", true)];
    add_pharmacies(&mut connection, &pharmacies, now).await.unwrap();
    let mut batch = Batch::default();
    batch.add(&fatmata(pins.hash(FATMATAS_PIN).await.unwrap(), now), vault);
    batch.add(&isatu(pins.hash(ISATUS_PIN).await.unwrap(), now), vault);
    batch.write(Trust::Check, &mut connection).await.unwrap();
}

/// A mother of one who expects again; she has used the service for a while.
fn fatmata(hash: String, now: DateTime<Utc>) -> History {
    History {
        id: FATMATA,
        identity: Identity {
            given: "Fatmata Zainab".to_owned(),
            family: "Testwoman".to_owned(),
            birth_year: Some(1998),
            birth_date: Some(day("1998-05-12")),
        },
        standing: Standing::Verified,
        language: "en",
        home_facility: Some(BO_HOSPITAL),
        district: Some("bo".to_owned()),
        greet_by_name: true,
        wording: Wording::Covert,
        synthetic: true,
        created_at: now - TimeDelta::days(400),
        lines: vec![Line { msisdn: NUMBER.parse().unwrap(), ordinal: 1 }],
        pin: Some(PinRow { hash: hash.into(), must_change: false, expires_at: None }),
        pregnancies: vec![PregnancyRow {
            // 28 weeks and 3 days on 24 November 2026.
            due_on: day("2027-02-13"),
            dated_by: "lmp",
            precision: "day",
            ended_on: None,
            note: PregnancyNote::default(),
        }],
        appointments: vec![
            appointment("2026-11-23", None, "antenatal"),
            appointment("2026-12-01", NaiveTime::from_hms_opt(9, 30, 0), "antenatal"),
            appointment("2026-12-05", None, "review"),
        ],
        visits: visits(),
        medicines: vec![
            medicine("2026-09-01", "2026-09-30", "artemether_lumefantrine", "4 tablets, morning and evening"),
            medicine("2026-11-01", "2026-12-30", "iron_folic_acid", "1 tablet a day"),
        ],
        children: vec![ChildRow {
            born_on: day("2026-01-02"),
            note: ChildNote { name: "Mariama".to_owned(), ..ChildNote::default() },
            doses: ["BCG", "OPV0", "OPV1", "Penta1", "PCV1", "Rota1"]
                .map(|dose| (dose.to_owned(), day("2026-02-13"), BO_HOSPITAL))
                .to_vec(),
        }],
        consents: vec![ConsentRow {
            purpose: "care",
            given_at: now - TimeDelta::days(30),
            channel: "staff",
            text_version: "1",
        }],
        looks: vec![LookRow {
            at: now - TimeDelta::days(3),
            staff: Uuid::from_u128(9),
            role: "professional",
            facility: BO_HOSPITAL,
            what: "record",
        }],
    }
}

/// A newcomer on the same phone, with nothing in her record.
fn isatu(hash: String, now: DateTime<Utc>) -> History {
    History {
        id: ISATU,
        identity: Identity {
            given: "Isatu".to_owned(),
            family: "Testwoman".to_owned(),
            birth_year: Some(2001),
            birth_date: None,
        },
        standing: Standing::SelfRegistered,
        greet_by_name: false,
        home_facility: None,
        lines: vec![Line { msisdn: NUMBER.parse().unwrap(), ordinal: 2 }],
        pin: Some(PinRow {
            hash: hash.clone().into(),
            must_change: true,
            expires_at: Some(now + TimeDelta::hours(1)),
        }),
        pregnancies: Vec::new(),
        appointments: Vec::new(),
        visits: Vec::new(),
        medicines: Vec::new(),
        children: Vec::new(),
        looks: Vec::new(),
        ..fatmata(hash, now)
    }
}

fn appointment(on: &str, at: Option<NaiveTime>, purpose: &'static str) -> AppointmentRow {
    AppointmentRow { facility: BO_HOSPITAL, on: day(on), at, purpose, status: "booked" }
}

fn visits() -> Vec<VisitRow> {
    let visit = |on, kind, note| VisitRow { facility: BO_HOSPITAL, on: day(on), kind, note };
    let diagnosis = |code: &str, may_be_shown| Diagnosis { code: code.to_owned(), may_be_shown };
    vec![
        visit(
            "2026-08-14",
            "illness",
            VisitNote {
                diagnoses: vec![diagnosis("hiv", false), diagnosis("malaria", true)],
                treatment: "Tablets".to_owned(),
                ..VisitNote::default()
            },
        ),
        visit(
            "2026-09-29",
            "antenatal",
            VisitNote { pressure: Some((118, 74)), weight: Some(618), ..VisitNote::default() },
        ),
        visit(
            "2026-11-01",
            "antenatal",
            VisitNote {
                diagnoses: vec![diagnosis("syphilis", false)],
                pressure: Some((110, 70)),
                ..VisitNote::default()
            },
        ),
    ]
}

fn medicine(from: &str, until: &str, code: &str, dose: &str) -> MedicineRow {
    MedicineRow {
        facility: BO_HOSPITAL,
        started_on: day(from),
        until_on: day(until),
        note: MedicineNote { code: code.to_owned(), dose: dose.to_owned(), ..MedicineNote::default() },
    }
}
