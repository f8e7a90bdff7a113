//! Patients of one hospital, each with ten records.

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use mamacare::care::calendar::{add_days, local_day};
use mamacare::privacy::Vault;
use mamacare::store::bulk::{
    AppointmentRow, Batch, ConsentRow, History, Line, MedicineRow, PregnancyRow, Standing, Trust, VisitRow,
    Wording,
};
use mamacare::store::sealed::{Diagnosis, Identity, MedicineNote, PregnancyNote, VisitNote};
use sqlx::PgConnection;
use uuid::Uuid;

/// The hospital; one of the country's.
pub const HOSPITAL: i32 = 6;
/// Records of each: a pregnancy, an appointment, two medicines and six visits.
pub const RECORDS: u64 = 10;
const VISITS: i64 = 6;
/// Patients in one load.
const BATCH: u64 = 10_000;

/// The id of the patient of that number.
pub fn id(number: u64) -> Uuid {
    Uuid::from_u128(u128::from(number) + 1)
}

/// Loads so many.
pub async fn load(
    connection: &mut PgConnection,
    vault: &Vault,
    count: u64,
    now: DateTime<Utc>,
) -> Result<()> {
    let mut next = 0;
    while next < count {
        let mut batch = Batch::default();
        for number in next..(next + BATCH).min(count) {
            batch.add(&patient(number, now)?, vault);
        }
        batch.write(Trust::AsMade, connection).await?;
        next += BATCH;
    }
    Ok(())
}

fn patient(number: u64, now: DateTime<Utc>) -> Result<History> {
    let today = local_day(now);
    let medicine = |code: &str, started: i64| MedicineRow {
        facility: HOSPITAL,
        started_on: add_days(today, -started),
        until_on: add_days(today, 30 - started),
        note: MedicineNote {
            code: code.to_owned(),
            dose: "1 tablet a day".to_owned(),
            ..MedicineNote::default()
        },
    };
    let visit = |at: i64| VisitRow {
        facility: HOSPITAL,
        on: add_days(today, -20 * at - 1),
        kind: "antenatal",
        note: VisitNote {
            diagnoses: vec![Diagnosis { code: "anaemia".to_owned(), may_be_shown: true }],
            treatment: "Iron tablets, and back in three weeks".to_owned(),
            pressure: Some((118, 74)),
            weight: Some(618),
            ..VisitNote::default()
        },
    };
    Ok(History {
        id: id(number),
        identity: Identity {
            given: format!("Given {number}"),
            family: "Family".to_owned(),
            ..Identity::default()
        },
        standing: Standing::Verified,
        language: "en",
        home_facility: Some(HOSPITAL),
        district: Some("bo".to_owned()),
        greet_by_name: false,
        wording: Wording::Open,
        synthetic: true,
        // Each in a moment of her own, as lists are sorted by it.
        created_at: now - TimeDelta::days(100) + TimeDelta::milliseconds(i64::try_from(number)?),
        lines: vec![Line {
            msisdn: format!("+232{}", 76_000_000 + number % 10_000_000).parse()?,
            ordinal: 1,
        }],
        pin: None,
        pregnancies: vec![PregnancyRow {
            due_on: add_days(today, 100),
            dated_by: "lmp",
            precision: "day",
            ended_on: None,
            note: PregnancyNote::default(),
        }],
        appointments: vec![AppointmentRow {
            facility: HOSPITAL,
            on: add_days(today, 14),
            at: None,
            purpose: "antenatal",
            status: "booked",
        }],
        visits: (0..VISITS).rev().map(visit).collect(),
        medicines: vec![medicine("iron_folic_acid", 10), medicine("artemether_lumefantrine", 60)],
        children: vec![],
        consents: vec![ConsentRow { purpose: "care", given_at: now, channel: "staff", text_version: "1" }],
        looks: vec![],
    })
}
