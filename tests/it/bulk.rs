//! Whole histories loaded by COPY are read back by the store's own queries, and lie sealed.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use mamacare::care::Country;
use mamacare::privacy::{Keyring, Vault};
use mamacare::store::bulk::{
    AppointmentRow, Batch, ChildRow, ConsentRow, History, Line, LookRow, MedicineRow, PinRow, PregnancyRow,
    Standing, Trust, VisitRow, Wording, highest_person,
};
use mamacare::store::places::add_country;
use mamacare::store::sealed::{ChildNote, Identity, MedicineNote, PregnancyNote, VisitNote};
use mamacare::store::{children, credentials, medicines, people, visits};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::harness::TestDatabase;

const HOME: i32 = 6;
const HASH: &str = "$argon2id$v=19$m=64,t=1,p=1$c2FsdA$aGFzaA";

fn vault() -> Vault {
    Vault::new(Arc::new(Keyring::demo()))
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn now() -> DateTime<Utc> {
    "2026-11-24T08:30:00Z".parse().unwrap()
}

fn history() -> History {
    History {
        id: Uuid::from_u128(7),
        identity: Identity { given: "Given".to_owned(), family: "Family".to_owned(), ..Identity::default() },
        standing: Standing::Verified,
        language: "kri",
        home_facility: Some(HOME),
        district: Some("bo".to_owned()),
        greet_by_name: true,
        wording: Wording::Covert,
        synthetic: true,
        created_at: now(),
        lines: vec![Line { msisdn: "+23276000001".parse().unwrap(), ordinal: 1 }],
        pin: Some(PinRow { hash: HASH.into(), must_change: false, expires_at: None }),
        pregnancies: vec![PregnancyRow {
            due_on: day("2027-02-01"),
            dated_by: "lmp",
            precision: "day",
            ended_on: None,
            note: PregnancyNote::default(),
        }],
        appointments: vec![AppointmentRow {
            facility: HOME,
            on: day("2026-12-01"),
            at: NaiveTime::from_hms_opt(9, 30, 0),
            purpose: "antenatal",
            status: "booked",
        }],
        visits: vec![VisitRow {
            facility: HOME,
            on: day("2026-11-01"),
            kind: "antenatal",
            note: VisitNote { treatment: "Iron tablets".to_owned(), ..VisitNote::default() },
        }],
        medicines: vec![MedicineRow {
            facility: HOME,
            started_on: day("2026-11-01"),
            until_on: day("2026-12-30"),
            note: MedicineNote { code: "iron_folic_acid".to_owned(), ..MedicineNote::default() },
        }],
        children: vec![ChildRow {
            born_on: day("2024-02-29"),
            note: ChildNote { name: "Child".to_owned(), ..ChildNote::default() },
            doses: vec![("BCG".to_owned(), day("2024-03-01"), HOME)],
        }],
        consents: vec![ConsentRow { purpose: "care", given_at: now(), channel: "staff", text_version: "1" }],
        looks: vec![LookRow {
            at: now(),
            staff: Uuid::from_u128(9),
            role: "professional",
            facility: HOME,
            what: "record",
        }],
    }
}

async fn loaded(connection: &mut PgConnection) {
    let country = Country::shipped().unwrap();
    add_country(connection, &country.districts, &country.facilities, now()).await.unwrap();
    let mut batch = Batch::default();
    batch.add(&history(), &vault());
    batch.write(Trust::Check, connection).await.unwrap();
}

#[tokio::test]
async fn every_table_is_filled_and_read_back() {
    let database = TestDatabase::new().await;
    let mut connection = database.pool.acquire().await.unwrap();
    loaded(&mut connection).await;
    let (vault, expected) = (vault(), history());
    let person = people::open(&mut connection, &vault, expected.id).await.unwrap().unwrap();
    assert_eq!(person.identity, expected.identity);
    assert!(person.verified && person.consented && person.greet_by_name);
    let phone = vault.keyring().phone_index(expected.lines[0].msisdn);
    assert_eq!(people::chosen(&mut connection, &phone, 0).await.unwrap(), Some(expected.id));
    let credential = credentials::find(&mut connection, expected.id).await.unwrap().unwrap();
    assert_eq!((credential.hash.as_str(), credential.must_change), (HASH, false));
    let visit = visits::find(&mut connection, &vault, expected.id, 1).await.unwrap().unwrap();
    assert_eq!((visit.held_on, visit.note), (day("2026-11-01"), expected.visits[0].note.clone()));
    let medicine =
        medicines::newest(&mut connection, &vault, expected.id, day("2026-11-24"), 5).await.unwrap();
    assert!(medicine[0].ongoing && medicine[0].until_on == day("2026-12-30"));
    let doses = children::doses(&mut connection, expected.id, 1).await.unwrap().unwrap();
    assert_eq!((doses.born_on, doses.doses), (day("2024-02-29"), vec!["BCG".to_owned()]));
    let (time, due): (NaiveTime, NaiveDate) =
        sqlx::query_as("SELECT starts_at, due_on FROM appointment, pregnancy")
            .fetch_one(&mut *connection)
            .await
            .unwrap();
    assert_eq!((time, due), (NaiveTime::from_hms_opt(9, 30, 0).unwrap(), day("2027-02-01")));
    let looked: DateTime<Utc> =
        sqlx::query_scalar("SELECT at FROM access_log").fetch_one(&mut *connection).await.unwrap();
    assert_eq!(looked, now());
}

#[tokio::test]
async fn a_load_knows_how_far_it_got_and_takes_a_batch_wholly_or_not_at_all() {
    let database = TestDatabase::new().await;
    let mut connection = database.pool.acquire().await.unwrap();
    loaded(&mut connection).await;
    let (least, most) = (Uuid::from_u128(1), Uuid::from_u128(100));
    let mut twice = Batch::default();
    let other = History { id: Uuid::from_u128(8), lines: Vec::new(), ..history() };
    twice.add(&other, &vault());
    twice.add(&history(), &vault());
    assert!(twice.write(Trust::AsMade, &mut connection).await.is_err());
    assert_eq!(highest_person(least, most, &mut connection).await.unwrap(), Some(Uuid::from_u128(7)));
    let mut next = Batch::default();
    next.add(&other, &vault());
    next.write(Trust::AsMade, &mut connection).await.unwrap();
    assert_eq!(highest_person(least, most, &mut connection).await.unwrap(), Some(Uuid::from_u128(8)));
}
