//! From all that is due to the one message of a day.

use chrono::NaiveDate;

use super::facts::{Facts, Number};
use super::occasions::occasions;
use super::stands::{stands, used};
use super::{Calendars, Occasion, STAFF_STEP};
use crate::messages::keywords::Programme;

/// The plan of a person's day.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan<'a> {
    /// What she gets, if anything.
    pub message: Option<Occasion<'a>>,
    /// The number that it goes to.
    pub phone: Option<[u8; 16]>,
    /// What the same message says for others of hers: twins have one day.
    pub also: Vec<Occasion<'a>>,
    /// What staff look after from today.
    pub staff: Vec<Occasion<'a>>,
    /// What staff tell her, since no number of hers is known.
    pub unreachable: Option<Occasion<'a>>,
}

impl Plan<'_> {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.message.is_none() && self.staff.is_empty() && self.unreachable.is_none()
    }
}

/// The plan of a person's day. She gets one message at most, the most urgent; of several that are
/// late, of one programme about one thing, only the newest goes.
pub fn plan<'a>(calendars: Calendars<'a>, facts: &Facts, today: NaiveDate) -> Plan<'a> {
    if !facts.consented {
        return Plan::default();
    }
    let all = occasions(calendars, facts, today);
    let (staff, messages): (Vec<Occasion<'a>>, Vec<Occasion<'a>>) =
        all.into_iter().partition(|occasion| occasion.step == STAFF_STEP);
    let open = |occasion: &Occasion<'_>| {
        today <= occasion.until && !used(occasion, facts) && stands(occasion, facts, today)
    };
    let mut plan = Plan { staff: staff.into_iter().filter(open).collect(), ..Plan::default() };
    let had_today =
        facts.planned.iter().any(|planned| planned.counts && planned.message && planned.send_on == today);
    if had_today {
        return plan;
    }
    let spoken = |occasion: &Occasion<'_>| !facts.covert || occasion.rule.covert.is_some();
    let sendable: Vec<&Occasion<'a>> =
        messages.iter().filter(|occasion| spoken(occasion) && open(occasion)).collect();
    let newest = |occasion: &Occasion<'_>| {
        let outdone =
            |other: &Occasion<'_>| other.series() == occasion.series() && other.due_on > occasion.due_on;
        !sendable.iter().any(|other| outdone(other))
            && !messages.iter().any(|other| outdone(other) && used(other, facts))
    };
    let mut candidates: Vec<&Occasion<'a>> =
        sendable.iter().copied().filter(|occasion| newest(occasion)).collect();
    candidates.sort_by_key(|occasion| (occasion.rule.urgency, std::cmp::Reverse(occasion.due_on)));
    if facts.numbers.is_empty() {
        plan.unreachable = candidates.into_iter().find(|occasion| to_be_told(occasion)).cloned();
        return plan;
    }
    for occasion in candidates {
        if let Some(number) = facts.number_for(occasion.rule.programme) {
            plan.phone = Some(number.phone);
            plan.also = with(&sendable, occasion);
            plan.message = Some(occasion.clone());
            break;
        }
    }
    plan
}

/// What the same message says: the same row and day, for another of hers.
fn with<'a>(sendable: &[&Occasion<'a>], chosen: &Occasion<'a>) -> Vec<Occasion<'a>> {
    let same = |other: &&&Occasion<'a>| {
        other.rule.id == chosen.rule.id
            && other.step == chosen.step
            && other.subject != chosen.subject
            && other.day == chosen.day
            && other.rule.ask.is_none()
    };
    sendable.iter().filter(same).map(|other| (*other).clone()).collect()
}

/// Whom no message reaches is told of days by staff, who look after what was missed in any case;
/// advice waits for her visit.
const fn to_be_told(occasion: &Occasion<'_>) -> bool {
    matches!(occasion.rule.programme, Programme::Visits | Programme::Child)
        && occasion.rule.urgency <= 3
        && occasion.rule.staff.is_none()
}

impl Facts {
    /// The first of her numbers that wants messages of a programme.
    fn number_for(&self, programme: Programme) -> Option<&Number> {
        self.numbers.iter().find(|number| !number.stopped && !number.stops.contains(&programme))
    }
}

#[cfg(test)]
mod tests;
