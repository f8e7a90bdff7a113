//! All times at which the schedule comes to a person, up to a day.

use chrono::{NaiveDate, NaiveTime};

use super::facts::{Facts, VisitKind};
use super::{Calendars, Occasion, STAFF_STEP};
use crate::care::calendar::add_days;
use crate::care::{Attended, Child as ScheduledChild, Dating, Given, Precision, VisitState};
use crate::messages::schedule::{Anchor, Rule};

/// After the due date a pregnancy that nobody has ended is not followed for longer than this.
const LONGEST_AFTER_DUE: i64 = 28;

/// A day that rows count from, with what belongs to it.
#[derive(Clone, Copy)]
struct Instance {
    subject: i32,
    day: NaiveDate,
    time: Option<NaiveTime>,
    facility: Option<i32>,
}

impl Instance {
    const fn of(subject: i32, day: NaiveDate) -> Self {
        Self { subject, day, time: None, facility: None }
    }
}

/// The times of all rows that have come by `today`, and those at which staff take over.
pub(super) fn occasions<'a>(calendars: Calendars<'a>, facts: &Facts, today: NaiveDate) -> Vec<Occasion<'a>> {
    let mut all = Vec::new();
    let mut known: Vec<(Anchor, Vec<Instance>)> = Vec::new();
    for rule in calendars.reminders.rules() {
        if !known.iter().any(|(anchor, _)| *anchor == rule.anchor) {
            known.push((rule.anchor, instances(calendars, facts, rule.anchor, today)));
        }
        let instances =
            known.iter().find(|(anchor, _)| *anchor == rule.anchor).map(|(_, found)| found.as_slice());
        for instance in instances.unwrap_or_default() {
            of_rule(rule, *instance, today, &mut all);
        }
    }
    all
}

fn of_rule<'a>(rule: &'a Rule, instance: Instance, today: NaiveDate, all: &mut Vec<Occasion<'a>>) {
    let occasion = |step, due_on, window: u16| Occasion {
        rule,
        step,
        subject: instance.subject,
        due_on,
        until: add_days(due_on, i64::from(window)),
        day: instance.day,
        time: instance.time,
        facility: instance.facility,
    };
    let steps = (0_u8..).zip(&rule.steps).map(|(at, step)| (at, step.offset.from(instance.day), step.window));
    let staff = rule.staff.map(|days| (STAFF_STEP, add_days(instance.day, i64::from(days)), STAFF_WINDOW));
    all.extend(
        steps
            .chain(staff)
            .filter(|(_, due_on, _)| *due_on <= today)
            .map(|(step, due_on, window)| occasion(step, due_on, window)),
    );
}

/// Staff take over within this time; after a longer outage the list would hold what nobody can help.
const STAFF_WINDOW: u16 = 30;

fn instances(calendars: Calendars<'_>, facts: &Facts, anchor: Anchor, today: NaiveDate) -> Vec<Instance> {
    match anchor {
        Anchor::Joined => facts.joined_on.map(|day| Instance::of(0, day)).into_iter().collect(),
        Anchor::LastPeriod | Anchor::Due | Anchor::Contact => pregnancy(calendars, facts, anchor, today),
        Anchor::Visit => visits(facts, today, false),
        Anchor::Missed => visits(facts, today, true),
        Anchor::Birth => {
            let followed = facts.children.iter().filter(|child| child.followed);
            followed.map(|child| Instance::of(child.number, child.born_on)).collect()
        }
        Anchor::Vaccines => vaccines(calendars, facts, today),
        Anchor::Supply => {
            let taken = facts.supplies.iter().filter(|supply| supply.taken);
            taken.map(|supply| Instance::of(supply.number, supply.until_on)).collect()
        }
    }
}

fn pregnancy(calendars: Calendars<'_>, facts: &Facts, anchor: Anchor, today: NaiveDate) -> Vec<Instance> {
    let Some(pregnancy) = facts.pregnancy else { return Vec::new() };
    if today > add_days(pregnancy.due_on, LONGEST_AFTER_DUE) {
        return Vec::new();
    }
    let precision = if pregnancy.estimate { Precision::Month } else { Precision::Day };
    let dating = Dating::from_due(pregnancy.due_on, precision);
    let at = |day| Instance::of(pregnancy.number, day);
    match anchor {
        Anchor::LastPeriod => vec![at(dating.last_period())],
        Anchor::Due => vec![at(dating.due())],
        _ => contacts(calendars, facts, dating, today).into_iter().map(at).collect(),
    }
}

/// The days on which the schedule wants her: the next one by what she attended, and those of the
/// schedule after it.
fn contacts(calendars: Calendars<'_>, facts: &Facts, dating: Dating, today: NaiveDate) -> Vec<NaiveDate> {
    let mut days: Vec<NaiveDate> = facts
        .held
        .iter()
        .filter(|held| held.kind == VisitKind::Antenatal && held.on >= dating.last_period())
        .map(|held| held.on)
        .collect();
    days.sort_unstable();
    days.dedup();
    let times = u16::try_from(days.len()).unwrap_or(u16::MAX);
    let attended = days.last().map(|&last| Attended { times, last });
    let Some(next) = calendars.antenatal.next(dating, attended, today).filter(|next| next.number > 0) else {
        return Vec::new();
    };
    let rows = calendars.antenatal.contacts().iter().filter(|row| row.contact > 0);
    let later = rows.map(|row| dating.after_weeks(row.week)).filter(|day| *day > next.on);
    std::iter::once(next.on).chain(later).collect()
}

fn visits(facts: &Facts, today: NaiveDate, past: bool) -> Vec<Instance> {
    let open = facts.booked.iter().filter(|booked| booked.open && (booked.on < today) == past);
    open.map(|booked| Instance {
        subject: booked.number,
        day: booked.on,
        time: booked.time,
        facility: Some(booked.facility),
    })
    .collect()
}

fn vaccines(calendars: Calendars<'_>, facts: &Facts, today: NaiveDate) -> Vec<Instance> {
    let mut all = Vec::new();
    for child in facts.children.iter().filter(|child| child.followed) {
        let given: Vec<Given<'_>> = child.doses.iter().map(|(dose, on)| Given { dose, on: *on }).collect();
        let scheduled = ScheduledChild { born: child.born_on, district: &facts.district };
        let mut days: Vec<NaiveDate> = calendars
            .immunisation
            .plan(scheduled, &given, today)
            .iter()
            .filter(|visit| visit.state != VisitState::Given)
            .map(|visit| visit.due)
            .collect();
        days.dedup();
        all.extend(days.into_iter().map(|day| Instance::of(child.number, day)));
    }
    all
}
