//! Whom the database names for a day: nobody who gets something is left out.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use mamacare::care::calendar::add_days;
use mamacare::messages::planner::{Calendars, plan};
use mamacare::messages::schedule::Schedule;
use mamacare::store::bulk::{History, MedicineRow};
use mamacare::store::planner::{candidates, facts};
use mamacare::store::sealed::MedicineNote;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use uuid::Uuid;

use super::world::{World, appointment, child, pregnancy, visit, woman};

const DOSES: [(&str, i64); 14] = [
    ("BCG", 0),
    ("OPV0", 0),
    ("OPV1", 42),
    ("Penta1", 42),
    ("PCV1", 42),
    ("Rota1", 42),
    ("OPV2", 70),
    ("Penta2", 70),
    ("PCV2", 70),
    ("OPV3", 98),
    ("Penta3", 98),
    ("MR1", 275),
    ("VitA1", 183),
    ("MR2", 457),
];

const PEOPLE: u64 = 400;

/// A woman with some history or other.
fn somebody(id: u64, today: NaiveDate, now: chrono::DateTime<chrono::Utc>) -> History {
    let mut dice = StdRng::seed_from_u64(id);
    let mut history = woman(u128::from(id), &format!("+2327{id:07}"), now);
    history.synthetic = dice.random_bool(0.5);
    history.created_at = now - chrono::TimeDelta::days(dice.random_range(0..4));
    if dice.random_bool(0.6) {
        let since = dice.random_range(50..300);
        history.pregnancies = vec![pregnancy(add_days(today, 280 - since))];
        for _ in 0..dice.random_range(0..4) {
            history.visits.push(visit(add_days(today, -dice.random_range(0..since)), "antenatal"));
        }
    }
    for _ in 0..dice.random_range(0..3) {
        let mut booked = appointment(add_days(today, dice.random_range(-25..25)), "antenatal");
        booked.purpose = ["antenatal", "vaccination", "review", "postnatal"][dice.random_range(0..4)];
        if booked.on < today && dice.random_bool(0.5) {
            booked.status = "missed";
        }
        history.appointments.push(booked);
    }
    if dice.random_bool(0.6) {
        let age = dice.random_range(1..1500_i64);
        let mut doses: Vec<(&str, i64)> = Vec::new();
        for (dose, at) in DOSES {
            let at = at + dice.random_range(0..60);
            if at < age && dice.random_bool(0.85) {
                doses.push((dose, at));
            }
        }
        history.children = vec![child(add_days(today, -age), &doses)];
    }
    for _ in 0..dice.random_range(0..3) {
        let until = dice.random_range(-10..20);
        history.medicines.push(MedicineRow {
            facility: 6,
            started_on: add_days(today, until - 30),
            until_on: add_days(today, until),
            note: MedicineNote { code: "iron_folic_acid".to_owned(), ..MedicineNote::default() },
        });
    }
    history
}

#[tokio::test]
async fn nobody_who_gets_something_is_left_out_on_any_day() {
    let world = World::new().await;
    let today = world.today();
    for id in 1..=PEOPLE {
        world.add(&somebody(id, today, world.now())).await;
    }
    let schedule = Schedule::shipped().unwrap();
    let calendars = Calendars {
        reminders: &schedule,
        antenatal: &world.country.antenatal,
        immunisation: &world.country.immunisation,
    };
    let everybody: Vec<Uuid> = (1..=PEOPLE).map(|id| Uuid::from_u128(u128::from(id))).collect();
    let mut connection = world.pool().acquire().await.unwrap();
    let planner = world.planner().await;
    let mut got = 0;
    for ahead in 0..45 {
        let day = add_days(today, ahead);
        let named: BTreeSet<Uuid> =
            candidates(&mut connection, calendars, day).await.unwrap().into_iter().collect();
        for person in facts(&mut connection, &world.vault, &everybody, day).await.unwrap() {
            let made = plan(calendars, &person.facts, day);
            if !made.is_empty() {
                got += 1;
                assert!(named.contains(&person.key.person()), "{day}: {:?} {made:?}", person.facts);
            }
        }
        // Every other day is planned in earnest, so that what was sent is left out as it should be.
        if ahead % 2 == 0 {
            planner.round(day).await.unwrap();
            world.run("UPDATE outbox SET state = 'sent', body = NULL WHERE state = 'queued'").await;
        }
    }
    assert!(got > 1000, "{got}");
    // Nor does it name far more than get something: most would be looked at for nothing.
    let last = candidates(&mut connection, calendars, add_days(today, 45)).await.unwrap().len();
    assert!(last < 250, "{last} of {PEOPLE}");
}
