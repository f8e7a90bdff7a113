//! Whether a reminder still stands: nothing that it is about has happened, and nobody has stopped it.

use chrono::NaiveDate;

use super::Occasion;
use super::facts::{Facts, Purpose, VisitKind};
use crate::care::calendar::add_days;
use crate::messages::schedule::{Anchor, Stop};

/// A contact up to so many days before its day stands for it.
const CONTACT_EARLY: i64 = 6;
/// A visit booked up to so many days after a contact's day will do.
const BOOKED_LATE: i64 = 10;
/// A visit up to so many days before the day of a reminder ends it.
const SEEN_EARLY: i64 = 1;
/// A refill up to so many days before the end of a supply is one.
const REFILL_EARLY: i64 = 14;
/// Two days of one contact lie at most so far apart when the due date is corrected; contacts are
/// further apart.
const SAME_CONTACT: i64 = 9;

pub(super) fn stands(occasion: &Occasion<'_>, facts: &Facts, today: NaiveDate) -> bool {
    let rule = occasion.rule;
    let too_vague = rule.dated && facts.pregnancy.is_some_and(|pregnancy| pregnancy.estimate);
    let of_visit = matches!(rule.anchor, Anchor::Visit | Anchor::Missed);
    let gone = of_visit && !visit_stands(occasion, facts);
    let ended = rule.stops.iter().any(|stop| stopped(*stop, occasion, facts, today));
    !(too_vague || gone || ended || held(occasion, facts, today))
}

fn held(occasion: &Occasion<'_>, facts: &Facts, today: NaiveDate) -> bool {
    let Some(hold) = facts.hold else { return false };
    match hold.lifted_on {
        // The backlog is not sent.
        Some(lifted) => occasion.due_on < lifted,
        None => today <= hold.quiet_through || hold.lasting && !occasion.rule.after_loss,
    }
}

/// A visit for a pregnancy or a child goes with it.
fn visit_stands(occasion: &Occasion<'_>, facts: &Facts) -> bool {
    let booked = facts.booked.iter().find(|booked| booked.number == occasion.subject);
    let Some(booked) = booked else { return false };
    let lasting = facts.hold.is_some_and(|hold| hold.lasting && hold.lifted_on.is_none());
    let mourns = lasting || facts.mourns();
    match booked.purpose {
        Purpose::Antenatal => !mourns && (facts.pregnancy.is_some() || facts.ended.is_empty()),
        Purpose::Postnatal | Purpose::Child | Purpose::Planning => !mourns,
        Purpose::Other => true,
    }
}

fn stopped(stop: Stop, occasion: &Occasion<'_>, facts: &Facts, today: NaiveDate) -> bool {
    let day = occasion.day;
    let seen = |kind: Option<VisitKind>, since: NaiveDate| {
        facts.held.iter().any(|held| kind.is_none_or(|kind| held.kind == kind) && held.on >= since)
    };
    match stop {
        Stop::Contact => seen(Some(VisitKind::Antenatal), add_days(day, -CONTACT_EARLY)),
        Stop::Booked => facts.booked.iter().any(|booked| {
            booked.open
                && booked.purpose == Purpose::Antenatal
                && booked.on >= today
                && booked.on <= add_days(day, BOOKED_LATE)
        }),
        Stop::Postnatal => seen(Some(VisitKind::Postnatal), add_days(occasion.due_on, -SEEN_EARLY)),
        // Since the visit that was missed; else since the reminder's own day, or a little before.
        Stop::Seen if occasion.rule.anchor == Anchor::Missed => seen(None, day),
        Stop::Seen => seen(None, add_days(occasion.due_on, -7 * SEEN_EARLY)),
        Stop::Refilled => {
            let this = facts.supplies.iter().find(|supply| supply.number == occasion.subject);
            this.is_some_and(|this| {
                facts.supplies.iter().any(|other| {
                    other.number != this.number
                        && other.medicine == this.medicine
                        && other.started_on >= add_days(this.until_on, -REFILL_EARLY)
                        && other.until_on > this.until_on
                })
            })
        }
        Stop::Answered => facts
            .answered
            .iter()
            .any(|(ask, subject)| Some(*ask) == occasion.rule.ask && *subject == occasion.subject),
    }
}

/// Whether it was planned before, and counts.
pub(super) fn used(occasion: &Occasion<'_>, facts: &Facts) -> bool {
    let rule = occasion.rule;
    facts.planned.iter().any(|planned| {
        planned.counts
            && planned.rule == rule.id
            && planned.step == occasion.step
            && planned.subject == occasion.subject
            && match rule.anchor {
                _ if rule.anchor.goes_once() => true,
                Anchor::Contact => (planned.due_on - occasion.due_on).num_days().abs() <= SAME_CONTACT,
                _ => planned.due_on == occasion.due_on,
            }
    })
}
