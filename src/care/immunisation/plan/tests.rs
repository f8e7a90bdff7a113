use proptest::prelude::*;

use super::*;
use crate::care::calendar::{add_days, add_months};
use crate::care::country::Country;

fn schedule() -> ImmunisationSchedule {
    Country::shipped().unwrap().immunisation
}

fn born() -> NaiveDate {
    "2026-01-31".parse().unwrap()
}

fn at_days(days: i64) -> NaiveDate {
    add_days(born(), days)
}

fn in_bo() -> Child<'static> {
    Child { born: born(), district: "bo" }
}

/// Age, name, due day and state of each visit.
fn plan(
    child: Child<'_>,
    given: &[(&str, NaiveDate)],
    today: NaiveDate,
) -> Vec<(String, String, NaiveDate, VisitState)> {
    let given: Vec<_> = given.iter().map(|&(dose, on)| Given { dose, on }).collect();
    let schedule = schedule();
    let visits = schedule.plan(child, &given, today);
    visits.iter().map(|visit| (visit.age.to_string(), visit.name(), visit.due, visit.state)).collect()
}

fn visit(
    age: &str,
    child: Child<'_>,
    given: &[(&str, NaiveDate)],
    today: NaiveDate,
) -> (String, NaiveDate, VisitState) {
    let found = plan(child, given, today).into_iter().find(|visit| visit.0 == age);
    let (_, name, due, state) = found.unwrap_or_else(|| panic!("no visit at {age}"));
    (name, due, state)
}

fn at_birth() -> Vec<(&'static str, NaiveDate)> {
    vec![("BCG", born()), ("OPV0", born())]
}

#[test]
fn a_newborn_has_all_of_the_schedule_before_it() {
    let visits = plan(in_bo(), &[], born());
    let first: Vec<_> = visits.iter().take(9).map(|(age, name, ..)| (age.as_str(), name.as_str())).collect();
    assert_eq!(
        first,
        [
            ("0d", "BCG, OPV0"),
            ("6w", "OPV1, Penta1, PCV1, Rota1"),
            ("10w", "OPV2, Penta2, PCV2, Rota2, IPTi1"),
            ("14w", "OPV3, Penta3, PCV3, IPV1, IPTi2"),
            ("6m", "Malaria1, VitA1"),
            ("7m", "Malaria2"),
            ("8m", "Malaria3"),
            ("9m", "MR1, YF, IPTi3"),
            ("12m", "VitA2, Deworm1"),
        ]
    );
    assert_eq!(visits[0].3, VisitState::Due);
    assert_eq!((visits[1].2, visits[1].3), (at_days(42), VisitState::Later));
    assert_eq!(visits[4].2, "2026-07-31".parse().unwrap());
    assert!(visits.iter().all(|(_, name, ..)| name.len() <= 32), "fits the screen that shows it");
}

#[test]
fn what_was_given_comes_last_and_the_next_one_first() {
    let visits = plan(in_bo(), &at_birth(), at_days(43));
    assert_eq!((visits[0].0.as_str(), visits[0].3), ("6w", VisitState::Due));
    let last = visits.last().unwrap();
    assert_eq!((last.0.as_str(), last.2, last.3), ("0d", born(), VisitState::Given));
}

#[test]
fn a_visit_is_overdue_after_28_days() {
    let state = |days| visit("6w", in_bo(), &at_birth(), at_days(days)).2;
    assert_eq!(state(41), VisitState::Later);
    assert_eq!(state(42), VisitState::Due);
    assert_eq!(state(42 + 28), VisitState::Due);
    assert_eq!(state(42 + 29), VisitState::Overdue);
}

#[test]
fn the_oral_vaccine_of_birth_is_not_given_after_14_days_and_bcg_not_after_a_year() {
    assert_eq!(visit("0d", in_bo(), &[], at_days(14)).0, "BCG, OPV0");
    assert_eq!(visit("0d", in_bo(), &[], at_days(15)).0, "BCG");
    let after_a_year = plan(in_bo(), &[], add_days(add_months(born(), 12), 1));
    assert!(after_a_year.iter().all(|visit| visit.0 != "0d"), "nothing of it is left");
}

#[test]
fn a_late_dose_moves_the_next_one_four_weeks_on() {
    let mut given = at_birth();
    given.extend(["OPV1", "Penta1", "PCV1", "Rota1"].map(|dose| (dose, at_days(60))));
    assert_eq!(visit("10w", in_bo(), &given, at_days(61)).1, at_days(70), "IPTi1 waits for nothing");
    given.push(("IPTi1", at_days(70)));
    assert_eq!(visit("10w", in_bo(), &given, at_days(71)).1, at_days(88));
    assert_eq!(visit("14w", in_bo(), &given, at_days(71)).1, at_days(98), "IPV1 is due by age");
}

#[test]
fn nothing_is_repeated_where_a_later_dose_is_on_record() {
    let given =
        [("OPV2", at_days(80)), ("Penta2", at_days(80)), ("PCV2", at_days(80)), ("Rota2", at_days(80))];
    assert_eq!(visit("6w", in_bo(), &given, at_days(90)).2, VisitState::Given);
}

#[test]
fn a_series_that_begins_after_a_year_keeps_longer_gaps_and_needs_fewer_doses() {
    let today = add_months(born(), 13);
    let later = plan(in_bo(), &[], today);
    let name = |age: &str| later.iter().find(|visit| visit.0 == age).map(|visit| visit.1.clone()).unwrap();
    assert_eq!(name("10w"), "OPV2, Penta2, PCV2, Rota2, IPTi1");
    assert_eq!(name("14w"), "OPV3, Penta3, IPV1, IPTi2", "two doses of PCV are enough");
    let given = [("Penta1", today), ("Penta2", add_days(today, 28))];
    let schedule = schedule();
    let given: Vec<_> = given.iter().map(|&(dose, on)| Given { dose, on }).collect();
    let visits = schedule.plan(in_bo(), &given, add_days(today, 30));
    let penta = visits.iter().flat_map(|visit| &visit.doses).find(|(dose, _)| dose.code == "Penta3").unwrap();
    assert_eq!(penta.1, DoseState::Pending(add_months(add_days(today, 28), 6)));
    let at_two = plan(in_bo(), &[], add_months(born(), 25));
    let pcv: Vec<_> = at_two.iter().filter(|visit| visit.1.contains("PCV")).collect();
    assert_eq!(pcv.len(), 1, "from two years on one dose is enough");
    assert!(at_two.iter().all(|visit| !visit.1.contains("Rota")), "none after 24 months");
}

#[test]
fn the_malaria_vaccine_follows_district_and_birth_date() {
    let has_malaria = |child| plan(child, &[], born()).iter().any(|visit| visit.1.contains("Malaria"));
    assert!(has_malaria(in_bo()));
    assert!(!has_malaria(Child { district: "western-area-urban", ..in_bo() }));
    assert!(!has_malaria(Child { born: "2023-10-11".parse().unwrap(), ..in_bo() }));
}

#[test]
fn states_have_the_codes_that_menus_know() {
    let codes =
        [VisitState::Given, VisitState::Due, VisitState::Overdue, VisitState::Later].map(VisitState::code);
    assert_eq!(codes, ["given", "due", "overdue", "later"]);
}

proptest! {
    #[test]
    fn no_dose_comes_before_its_age_or_too_soon_after_the_one_before(
        had in prop::collection::btree_map(0_usize..41, 0_i64..1_800, 0..12),
        days in 0_i64..1_800,
    ) {
        let schedule = schedule();
        let given: Vec<_> = had
            .iter()
            .filter_map(|(&at, &day)| {
                let dose = schedule.doses().get(at)?;
                let on = dose.age.after(born()).max(at_days(day.min(days)));
                (on <= at_days(days)).then_some(Given { dose: &dose.code, on })
            })
            .collect();
        let visits = schedule.plan(in_bo(), &given, at_days(days));
        for visit in &visits {
            prop_assert!(!visit.doses.is_empty());
            prop_assert!(visit.state == VisitState::Given || (visit.state == VisitState::Later) == (visit.due > at_days(days)));
            for (dose, state) in &visit.doses {
                let DoseState::Pending(due) = state else { continue };
                prop_assert!(*due >= dose.age.after(born()));
                for before in given.iter().filter(|given| schedule.dose(given.dose).is_some_and(|other| other.series == dose.series)) {
                    prop_assert!(dose.gap.is_none_or(|gap| *due >= gap.after(before.on)), "{} after {}", dose.code, before.dose);
                }
            }
        }
        for row in &given {
            prop_assert!(visits.iter().flat_map(|visit| &visit.doses).any(|(dose, state)| dose.code == row.dose && matches!(state, DoseState::Given(_))), "{} is lost", row.dose);
        }
    }
}
