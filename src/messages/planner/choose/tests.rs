use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::super::facts::{Booked, Child, Ended, Held, Hold, Planned, Pregnancy, Purpose, Supply, VisitKind};
use super::*;
use crate::care::Country;
use crate::care::calendar::add_days;
use crate::messages::Ask;
use crate::messages::schedule::{Anchor, Schedule};

static COUNTRY: LazyLock<Country> = LazyLock::new(|| Country::shipped().unwrap());
static SCHEDULE: LazyLock<Schedule> = LazyLock::new(|| Schedule::shipped().unwrap());

fn calendars() -> Calendars<'static> {
    Calendars { reminders: &SCHEDULE, antenatal: &COUNTRY.antenatal, immunisation: &COUNTRY.immunisation }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The day on which these stories are told.
fn today() -> NaiveDate {
    day("2026-11-24")
}

fn number() -> Number {
    Number { phone: [1; 16], stopped: false, stops: BTreeSet::new() }
}

/// A woman who agreed to open messages, joined long ago, and of whom nothing else is known.
fn woman() -> Facts {
    Facts {
        consented: true,
        covert: false,
        joined_on: Some(day("2025-01-01")),
        district: "bo".to_owned(),
        pregnancy: None,
        ended: vec![],
        held: vec![],
        booked: vec![],
        children: vec![],
        supplies: vec![],
        numbers: vec![number()],
        hold: None,
        planned: vec![],
        answered: vec![],
    }
}

/// The same, so many days after the first day of her last period.
fn expecting(days: i64) -> Facts {
    let due_on = add_days(today(), 280 - days);
    Facts { pregnancy: Some(Pregnancy { number: 1, due_on, estimate: false }), ..woman() }
}

fn mother(age_days: i64) -> Facts {
    let child = Child { number: 1, born_on: add_days(today(), -age_days), followed: true, doses: vec![] };
    Facts { children: vec![child], ..woman() }
}

fn booked(in_days: i64, purpose: Purpose) -> Booked {
    Booked { number: 7, on: add_days(today(), in_days), time: None, facility: 6, purpose, open: true }
}

/// What she gets, as `id/step`.
fn gets(facts: &Facts, on: NaiveDate) -> Option<String> {
    plan(calendars(), facts, on).message.map(|message| format!("{}/{}", message.rule.id, message.step))
}

/// What she gets from day to day, with the days counted from today; each is remembered, as the store
/// does.
fn days(facts: &mut Facts, days: i64) -> Vec<(i64, String)> {
    let mut all = Vec::new();
    for ahead in 0..days {
        let on = add_days(today(), ahead);
        let made = plan(calendars(), facts, on);
        let Some(message) = &made.message else { continue };
        all.push((ahead, format!("{}/{}", message.rule.id, message.step)));
        let sent = std::iter::once(message).chain(&made.also).map(|occasion| remembered(occasion, on));
        let sent: Vec<Planned> = sent.collect();
        facts.planned.extend(sent);
    }
    all
}

fn remembered(occasion: &Occasion<'_>, send_on: NaiveDate) -> Planned {
    Planned {
        rule: occasion.rule.id.clone(),
        step: occasion.step,
        subject: occasion.subject,
        due_on: occasion.due_on,
        send_on,
        counts: true,
        message: occasion.step != STAFF_STEP,
    }
}

fn ids(all: &[(i64, String)]) -> Vec<&str> {
    all.iter().map(|(_, id)| id.as_str()).collect()
}

#[test]
fn a_booked_visit_is_told_three_days_and_one_day_before_and_not_on_its_day() {
    let mut facts = Facts { booked: vec![booked(5, Purpose::Antenatal)], ..expecting(100) };
    facts.held.push(Held { on: add_days(today(), -16), kind: VisitKind::Antenatal });
    let all = days(&mut facts, 6);
    assert_eq!(all, [(2, "V1/0".to_owned()), (4, "V1b/0".to_owned())]);
}

#[test]
fn a_visit_that_is_moved_is_told_anew_and_a_cancelled_one_not_at_all() {
    let mut facts = Facts { booked: vec![booked(3, Purpose::Other)], ..woman() };
    assert_eq!(ids(&days(&mut facts, 1)), ["V1/0"]);
    facts.booked[0].on = add_days(today(), 10);
    assert_eq!(days(&mut facts, 10), [(7, "V1/0".to_owned()), (9, "V1b/0".to_owned())]);
    let cancelled = Booked { open: false, ..booked(3, Purpose::Other) };
    assert_eq!(gets(&Facts { booked: vec![cancelled], ..woman() }, today()), None);
}

#[test]
fn a_missed_visit_is_followed_until_she_is_seen_and_then_by_staff() {
    let missed = Facts { booked: vec![booked(-2, Purpose::Other)], ..woman() };
    let mut facts = missed.clone();
    assert_eq!(days(&mut facts, 20), [(0, "V2/0".to_owned()), (5, "V2/1".to_owned())]);
    let staff = |facts: &Facts, ahead| plan(calendars(), facts, add_days(today(), ahead)).staff.len();
    assert_eq!((staff(&facts, 11), staff(&facts, 12)), (0, 1));
    let mut seen = missed;
    seen.held.push(Held { on: add_days(today(), -1), kind: VisitKind::Other });
    assert_eq!((gets(&seen, today()), staff(&seen, 12)), (None, 0));
}

#[test]
fn a_contact_is_told_where_none_is_booked_or_recorded() {
    // Three days before week 20, with the first contact at its time.
    let attended = Held { on: add_days(today(), -137 + 84), kind: VisitKind::Antenatal };
    let facts = Facts { held: vec![attended], ..expecting(137) };
    assert_eq!(gets(&facts, today()).as_deref(), Some("A1/0"));
    let booked_near = Facts { booked: vec![booked(8, Purpose::Antenatal)], ..facts.clone() };
    assert_eq!(gets(&booked_near, today()), None);
    let mut came_early = facts.clone();
    came_early.held.push(Held { on: add_days(today(), -1), kind: VisitKind::Antenatal });
    assert_eq!(gets(&came_early, today()), None);
    // The due date is corrected by a scan: the same contact is not told again.
    let mut moved = facts;
    assert_eq!(ids(&days(&mut moved, 1)), ["A1/0"]);
    moved.pregnancy = expecting(134).pregnancy;
    let contacts = days(&mut moved, 10).into_iter().filter(|(_, id)| id == "A1/0").count();
    assert_eq!(contacts, 0);
}

#[test]
fn who_never_came_is_told_of_each_contact_of_the_schedule() {
    let mut facts = expecting(80);
    let all = days(&mut facts, 205);
    let contacts: Vec<i64> = all.iter().filter(|(_, id)| id == "A1/0").map(|(ahead, _)| ahead + 80).collect();
    let expected = [84, 140, 182, 210, 238, 252, 266, 280].map(|day| day - 3);
    assert_eq!(contacts, expected);
}

#[test]
fn one_message_a_day_the_most_urgent_first_and_the_other_within_its_time() {
    // Week 28: B1 and G3 are due.
    let mut facts = expecting(196);
    facts.held.push(Held { on: add_days(today(), -14), kind: VisitKind::Antenatal });
    assert_eq!(ids(&days(&mut facts, 3)), ["G3/0", "B1/0"]);
}

#[test]
fn a_late_start_sends_the_newest_of_a_kind_and_no_backlog() {
    // Week 39 and two days, and nothing was ever sent.
    let mut facts = expecting(275);
    facts.held.push(Held { on: add_days(today(), -9), kind: VisitKind::Antenatal });
    let all = days(&mut facts, 4);
    assert_eq!(all[0], (0, "B5/0".to_owned()));
    let advice = all.iter().filter(|(_, id)| id.starts_with('B') || id.starts_with('G')).count();
    assert_eq!(advice, 1, "{all:?}");
}

#[test]
fn an_outage_of_a_week_floods_nobody() {
    let mut facts = expecting(190);
    facts.booked.push(booked(9, Purpose::Antenatal));
    let whole = days(&mut facts.clone(), 30);
    // The days from the second to the eighth are never planned.
    let mut all = days(&mut facts, 1);
    for ahead in 8..30 {
        let on = add_days(today(), ahead);
        if let Some(message) = plan(calendars(), &facts, on).message {
            all.push((ahead, message.rule.id.clone()));
            let sent = remembered(&message, on);
            facts.planned.push(sent);
        }
    }
    assert!(all.len() <= whole.len(), "{all:?} after {whole:?}");
    assert!(all.windows(2).all(|pair| pair[0].0 < pair[1].0), "two on one day: {all:?}");
}

#[test]
fn the_same_is_never_sent_twice_but_what_was_taken_back_may_be() {
    let mut facts = Facts { booked: vec![booked(3, Purpose::Other)], ..woman() };
    let made = plan(calendars(), &facts, today());
    let first = remembered(made.message.as_ref().unwrap(), today());
    facts.planned = vec![first.clone()];
    assert_eq!(gets(&facts, today()), None);
    assert_eq!(gets(&facts, add_days(today(), 1)), None);
    facts.planned = vec![Planned { counts: false, ..first }];
    assert_eq!(gets(&facts, today()).as_deref(), Some("V1/0"));
}

#[test]
fn vaccine_days_are_told_before_and_after_until_given_then_staff_have_them() {
    let mut facts = mother(38);
    let all = days(&mut facts, 33);
    let vaccines: Vec<&(i64, String)> = all.iter().filter(|(_, id)| id.starts_with('K')).collect();
    assert_eq!(
        vaccines,
        [
            &(1, "K1/0".to_owned()),
            &(5, "K1b/0".to_owned()),
            &(18, "K1b/1".to_owned()),
            &(29, "K1/0".to_owned())
        ]
    );
    let staff = plan(calendars(), &facts, add_days(today(), 32)).staff;
    assert_eq!(staff.iter().map(|occasion| occasion.rule.id.as_str()).collect::<Vec<_>>(), ["K1b"]);
    let doses = ["BCG", "OPV0", "OPV1", "Penta1", "PCV1", "Rota1"];
    let mut given = mother(45);
    given.children[0].doses = doses.iter().map(|dose| ((*dose).to_owned(), add_days(today(), -3))).collect();
    assert!(!gets(&given, today()).unwrap_or_default().starts_with('K'));
}

#[test]
fn twins_have_one_message() {
    let mut facts = mother(39);
    let twin = Child { number: 2, ..facts.children[0].clone() };
    facts.children.push(twin);
    let made = plan(calendars(), &facts, today());
    assert_eq!(made.message.as_ref().map(|message| message.rule.id.as_str()), Some("K1"));
    assert_eq!(made.also.iter().map(|other| other.subject).collect::<Vec<_>>(), [2]);
    assert_eq!(ids(&days(&mut facts, 1)), ["K1/0"]);
    assert_eq!(plan(calendars(), &facts, today()).message, None);
}

#[test]
fn a_refill_is_told_unless_the_same_medicine_was_given_again() {
    let supply = |number, started: i64, until: i64, medicine| Supply {
        number,
        started_on: add_days(today(), started),
        until_on: add_days(today(), until),
        taken: true,
        medicine,
    };
    let ending = supply(1, -27, 3, 0);
    assert_eq!(gets(&Facts { supplies: vec![ending], ..woman() }, today()).as_deref(), Some("R1/0"));
    let other = supply(2, -1, 29, 1);
    assert!(gets(&Facts { supplies: vec![ending, other], ..woman() }, today()).is_some());
    let again = supply(2, -1, 29, 0);
    assert_eq!(gets(&Facts { supplies: vec![ending, again], ..woman() }, today()), None);
}

#[test]
fn stop_consent_and_wording_are_kept_to() {
    let facts = Facts { booked: vec![booked(3, Purpose::Other)], ..woman() };
    let with = |number: Number| Facts { numbers: vec![number], ..facts.clone() };
    assert!(gets(&facts, today()).is_some());
    assert_eq!(gets(&Facts { consented: false, ..facts.clone() }, today()), None);
    assert_eq!(gets(&with(Number { stopped: true, ..number() }), today()), None);
    let no_visits = Number { stops: [Programme::Visits].into(), ..number() };
    assert_eq!(gets(&with(no_visits.clone()), today()), None);
    let other = Number { phone: [2; 16], ..number() };
    let both = Facts { numbers: vec![no_visits, other], ..facts };
    assert_eq!(plan(calendars(), &both, today()).phone, Some([2; 16]));
    // Advice has no covert form.
    assert_eq!(gets(&Facts { covert: true, ..expecting(112) }, today()), None);
    assert_eq!(gets(&expecting(112), today()).as_deref(), Some("G1/0"));
}

#[test]
fn whom_no_number_reaches_staff_tell() {
    let facts = Facts { booked: vec![booked(3, Purpose::Other)], numbers: vec![], ..woman() };
    let made = plan(calendars(), &facts, today());
    assert_eq!(made.message, None);
    assert_eq!(made.unreachable.map(|occasion| occasion.rule.id.as_str()), Some("V1"));
    assert_eq!(plan(calendars(), &Facts { numbers: vec![], ..expecting(112) }, today()).unreachable, None);
}

#[test]
fn an_estimate_asks_for_no_birth_and_an_answer_ends_the_asking() {
    let after = expecting(281);
    assert_eq!(gets(&after, today()).as_deref(), Some("E1/0"));
    let mut estimate = after.clone();
    estimate.pregnancy = after.pregnancy.map(|known| Pregnancy { estimate: true, ..known });
    assert_ne!(gets(&estimate, today()).as_deref(), Some("E1/0"));
    let answered = Facts { answered: vec![(Ask::Birth, 1)], ..after };
    assert_ne!(gets(&answered, today()).as_deref(), Some("E1/0"));
}

#[test]
fn a_hold_is_quiet_first_then_silent_about_what_was_lost_and_its_lifting_sends_no_backlog() {
    let visit = Booked { number: 8, ..booked(10, Purpose::Other) };
    let hold = Hold { quiet_through: add_days(today(), 2), lasting: true, lifted_on: None };
    let facts =
        Facts { booked: vec![booked(9, Purpose::Antenatal), visit], hold: Some(hold), ..expecting(193) };
    let mut kept = facts.clone();
    kept.held.push(Held { on: add_days(today(), 10), kind: VisitKind::Other });
    let all = days(&mut kept, 60);
    assert_eq!(all, [(7, "V1/0".to_owned()), (9, "V1b/0".to_owned())], "the other visit alone");
    let lifted_on = add_days(today(), 20);
    let mut lifted = Facts { hold: Some(Hold { lifted_on: Some(lifted_on), ..hold }), ..facts };
    lifted.booked.clear();
    for (ahead, id) in days(&mut lifted, 60) {
        assert!(ahead >= 20, "{id} on day {ahead}");
    }
}

proptest! {
    #[test]
    fn whatever_is_known_she_gets_one_message_a_day_and_none_twice(
        since in 60_i64..330, age in 0_i64..800, visits in prop::collection::vec((-30_i64..40, 0_u8..5), 0..4), gaps in prop::collection::vec(any::<bool>(), 60),
    ) {
        let mut facts = expecting(since);
        facts.children = mother(age).children;
        facts.booked = (1..).zip(&visits).map(|(number, (on, purpose))| Booked { number, ..booked(*on, purpose_of(*purpose)) }).collect();
        let mut sent: Vec<(NaiveDate, Planned)> = Vec::new();
        for (ahead, up) in (0_i64..).zip(&gaps) {
            // Some days nobody plans.
            if !up { continue; }
            let on = add_days(today(), ahead);
            let made = plan(calendars(), &facts, on);
            let again = plan(calendars(), &facts, on);
            prop_assert_eq!(&made, &again, "the same facts, the same plan");
            for occasion in made.message.iter().chain(&made.also) {
                prop_assert!(occasion.due_on <= on && on <= occasion.until);
                let now = remembered(occasion, on);
                prop_assert!(!sent.iter().any(|(_, before)| before.rule == now.rule && before.step == now.step && before.subject == now.subject && before.due_on == now.due_on));
                sent.push((on, now.clone()));
                facts.planned.push(now);
            }
            prop_assert!(plan(calendars(), &facts, on).message.is_none(), "a second on {}", on);
        }
    }

    #[test]
    fn after_a_loss_no_row_of_twelve_months_is_about_a_pregnancy_or_a_child(
        since in 60_i64..300, age in 0_i64..60, kind in 0_u8..4, visits in prop::collection::vec((-30_i64..360, 0_u8..5), 0..6), held in 0_i64..40, covert: bool,
    ) {
        let mut facts = Facts { covert, ..expecting(since) };
        facts.booked = (1..).zip(&visits).map(|(number, (on, purpose))| Booked { number, ..booked(*on, purpose_of(*purpose)) }).collect();
        facts.held.push(Held { on: add_days(today(), -held), kind: VisitKind::Antenatal });
        match kind {
            // Recorded by staff: the pregnancy ended, and no child came of it.
            0 => {
                facts.pregnancy = None;
                facts.ended.push(Ended { on: today() });
            }
            // The child died.
            1 => {
                facts.pregnancy = None;
                facts.ended.push(Ended { on: add_days(today(), -age) });
                facts.children = mother(age).children;
                facts.children[0].followed = false;
            }
            // Told by SMS, and nothing recorded yet; with and without a child on record.
            _ => {
                facts.hold = Some(Hold { quiet_through: add_days(today(), 2), lasting: true, lifted_on: None });
                if kind == 3 {
                    facts.children = mother(age).children;
                }
            }
        }
        for ahead in 0..365 {
            let on = add_days(today(), ahead);
            let made = plan(calendars(), &facts, on);
            for occasion in made.message.iter().chain(&made.staff).chain(&made.unreachable) {
                let neutral = matches!(occasion.rule.anchor, Anchor::Joined | Anchor::Visit | Anchor::Missed | Anchor::Supply);
                prop_assert!(neutral, "{} on day {}", occasion.rule.id, ahead);
                if matches!(occasion.rule.anchor, Anchor::Visit | Anchor::Missed) {
                    let visit = facts.booked.iter().find(|booked| booked.number == occasion.subject).unwrap();
                    prop_assert_eq!(visit.purpose, Purpose::Other);
                }
            }
            let sent = made.message.as_ref().map(|message| remembered(message, on));
            facts.planned.extend(sent);
        }
    }
}

fn purpose_of(number: u8) -> Purpose {
    [Purpose::Antenatal, Purpose::Postnatal, Purpose::Child, Purpose::Planning, Purpose::Other]
        [usize::from(number)]
}
