//! What of the schedule a child has had, and when the rest is due.

use chrono::NaiveDate;

use super::schedule::{Dose, ImmunisationSchedule};
use crate::care::age::Age;
use crate::care::calendar::days_between;

/// A child, as far as the schedule asks.
#[derive(Clone, Copy, Debug)]
pub struct Child<'child> {
    /// Birth date.
    pub born: NaiveDate,
    /// Id of the district where it is vaccinated; empty where it is not known (it then counts as
    /// another than those that a row leaves out).
    pub district: &'child str,
}

/// A dose that a child has had.
#[derive(Clone, Copy, Debug)]
pub struct Given<'given> {
    /// Its code in the schedule.
    pub dose: &'given str,
    /// When.
    pub on: NaiveDate,
}

/// One dose of a visit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DoseState {
    /// Given; the day is not known where only a later dose of its series is on record.
    Given(Option<NaiveDate>),
    /// To be given on that day, or as soon after as can be.
    Pending(NaiveDate),
}

/// Where a visit stands.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum VisitState {
    /// Its day is past by more than the schedule allows.
    Overdue,
    /// Its day has come.
    Due,
    /// Its day is to come.
    Later,
    /// All of it was given.
    Given,
}

impl VisitState {
    /// `given`, `due`, `overdue` or `later`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::Due => "due",
            Self::Later => "later",
            Self::Given => "given",
        }
    }
}

/// The doses of one age. Those that are no longer given at the child's age are left out.
#[derive(Clone, Debug)]
pub struct VaccineVisit<'schedule> {
    /// Age at which the schedule has it.
    pub age: Age,
    /// Its doses and their state, in the order of the schedule.
    pub doses: Vec<(&'schedule Dose, DoseState)>,
    /// The day on which the first of those to come is due; the day of the schedule where none is.
    pub due: NaiveDate,
    /// Where it stands.
    pub state: VisitState,
}

impl VaccineVisit<'_> {
    /// `OPV1, Penta1, PCV1, Rota1`.
    pub fn name(&self) -> String {
        self.doses.iter().map(|(dose, _)| dose.code.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl ImmunisationSchedule {
    /// The visits of a child, by what it has had: those to come by their day, then those given.
    ///
    /// A series that was broken off goes on, nothing is repeated, and each dose keeps its least
    /// time after the one before; a dose that is past its age is left out.
    pub fn plan(&self, child: Child<'_>, given: &[Given<'_>], today: NaiveDate) -> Vec<VaccineVisit<'_>> {
        let rows: Vec<&Dose> = self.doses().iter().filter(|dose| dose.is_for(&child)).collect();
        let mut visits: Vec<VaccineVisit<'_>> = Vec::new();
        for &dose in &rows {
            let series: Vec<&Dose> = rows.iter().copied().filter(|row| row.series == dose.series).collect();
            let Some(state) = state_of(dose, &series, child, given, today) else { continue };
            match visits.last_mut() {
                Some(visit) if visit.age == dose.age => visit.doses.push((dose, state)),
                _ => {
                    let (due, state_of_visit) = (dose.age.after(child.born), VisitState::Given);
                    visits.push(VaccineVisit {
                        age: dose.age,
                        doses: vec![(dose, state)],
                        due,
                        state: state_of_visit,
                    });
                }
            }
        }
        for visit in &mut visits {
            visit.settle(today);
        }
        visits.sort_by_key(|visit| (visit.state == VisitState::Given, visit.due));
        visits
    }
}

impl VaccineVisit<'_> {
    /// Its day and its state follow from its doses.
    fn settle(&mut self, today: NaiveDate) {
        let pending = self.doses.iter().filter_map(|(dose, state)| match state {
            DoseState::Pending(due) => Some((*due, i64::from(dose.overdue_days))),
            DoseState::Given(_) => None,
        });
        let pending: Vec<_> = pending.collect();
        let Some(due) = pending.iter().map(|(due, _)| *due).min() else { return };
        self.due = due;
        let late = pending.iter().any(|(due, allowed)| days_between(*due, today) > *allowed);
        self.state = if late {
            VisitState::Overdue
        } else if due <= today {
            VisitState::Due
        } else {
            VisitState::Later
        };
    }
}

/// The state of `dose`, one of a series; `None` where the child does not get it (any more).
fn state_of(
    dose: &Dose,
    series: &[&Dose],
    child: Child<'_>,
    given: &[Given<'_>],
    today: NaiveDate,
) -> Option<DoseState> {
    let day_of = |row: &Dose| given.iter().find(|given| given.dose == row.code).map(|given| given.on);
    let began = series.iter().filter_map(|row| day_of(row)).min().unwrap_or(today);
    let last_given = series.iter().rposition(|row| day_of(row).is_some());
    let mut before: Option<NaiveDate> = None;
    for (at, &row) in series.iter().enumerate() {
        let state = if last_given.is_some_and(|last| at <= last) {
            Some(DoseState::Given(day_of(row)))
        } else {
            // A dose that is not needed leaves the ones around it as they are.
            row.gap_after(child.born, began).and_then(|gap| {
                let planned = row.age.after(child.born);
                let spaced = before.map(|before| gap.after(before));
                let due = spaced.map_or(planned, |spaced| spaced.max(planned));
                row.may_be_given(child.born, due.max(today)).then_some(DoseState::Pending(due))
            })
        };
        if row.code == dose.code {
            return state;
        }
        before = match state {
            Some(DoseState::Given(day)) => day.max(before),
            Some(DoseState::Pending(due)) => Some(due.max(today)),
            None => before,
        };
    }
    None
}

#[cfg(test)]
mod tests;
