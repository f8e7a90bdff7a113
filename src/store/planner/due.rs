//! Who may get something on a day: everybody to whom some row of the schedule comes then and who has
//! not had it. It may name a person too many, who then gets nothing; it never leaves one out.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::care::calendar::add_days;
use crate::care::{Age, AntenatalSchedule};
use crate::messages::planner::{Calendars, STAFF_STEP};
use crate::messages::schedule::{Anchor, Offset};

/// Staff take over within this time, and a little more.
const STAFF_WINDOW: i64 = 31;

/// One time of one row of the schedule, turned around: which anchors it comes to on the day.
#[derive(Default)]
struct Times {
    anchor: Vec<&'static str>,
    rule: Vec<String>,
    step: Vec<i16>,
    first: Vec<NaiveDate>,
    last: Vec<NaiveDate>,
    /// From the column that is looked at to the day on which it is due; none where months are counted.
    shift: Vec<Option<i32>>,
    /// Doses of a vaccine visit, with commas; or the dose that others follow.
    doses: Vec<String>,
    /// Age in days at which that dose is due: one that was late moves those after it.
    age: Vec<Option<i32>>,
}

impl Times {
    fn push(
        &mut self,
        anchor: &'static str,
        rule: &str,
        step: u8,
        span: (NaiveDate, NaiveDate),
        shift: Option<i64>,
    ) {
        self.anchor.push(anchor);
        self.rule.push(rule.to_owned());
        self.step.push(i16::from(step));
        self.first.push(span.0);
        self.last.push(span.1);
        self.shift.push(shift.and_then(|days| i32::try_from(days).ok()));
        self.doses.push(String::new());
        self.age.push(None);
    }

    /// Of what was pushed last.
    fn of_doses(&mut self, doses: String, age: Option<i64>) {
        if let (Some(last), Some(of)) = (self.doses.last_mut(), self.age.last_mut()) {
            *last = doses;
            *of = age.and_then(|days| i32::try_from(days).ok());
        }
    }
}

const PREGNANCY_DAYS: i64 = 280;

const DUE: &str = "
    WITH step AS MATERIALIZED (
        SELECT * FROM unnest($2::text[], $3::text[], $4::smallint[], $5::date[], $6::date[], $7::integer[],
                             $8::text[], $10::integer[])
                      AS step (anchor, rule, step, first, last, shift, doses, age)
    ), due AS (
        SELECT pregnancy.person FROM step JOIN pregnancy ON status = 'active' AND due_on BETWEEN first AND last
        WHERE step.anchor = 'pregnancy'
          AND NOT EXISTS (SELECT FROM reminder WHERE reminder.person = pregnancy.person AND reminder.rule = step.rule
                          AND reminder.step = step.step AND subject = pregnancy.number AND state <> 'lapsed')
        UNION ALL
        SELECT pregnancy.person FROM step JOIN pregnancy ON status = 'active' AND pregnancy.due_on BETWEEN first AND last
        WHERE step.anchor = 'contact'
          AND NOT EXISTS (SELECT FROM reminder WHERE reminder.person = pregnancy.person AND reminder.rule = step.rule
                          AND subject = pregnancy.number AND state <> 'lapsed'
                          AND reminder.due_on BETWEEN pregnancy.due_on + shift - 9 AND pregnancy.due_on + shift + 9)
          AND NOT EXISTS (SELECT FROM visit WHERE visit.person = pregnancy.person AND kind = 'antenatal'
                          AND held_on >= pregnancy.due_on + shift - 3)
          AND NOT EXISTS (SELECT FROM appointment WHERE appointment.person = pregnancy.person
                          AND appointment.status = 'booked' AND purpose = 'antenatal'
                          AND starts_on BETWEEN $1 AND pregnancy.due_on + shift + 13)
        UNION ALL
        SELECT visit.person FROM step JOIN visit ON kind = 'antenatal' AND held_on BETWEEN first AND last
        WHERE step.anchor = 'attended'
          AND EXISTS (SELECT FROM pregnancy WHERE pregnancy.person = visit.person AND status = 'active')
          AND NOT EXISTS (SELECT FROM visit AS later WHERE later.person = visit.person AND later.kind = 'antenatal'
                          AND later.held_on > visit.held_on)
          AND NOT EXISTS (SELECT FROM reminder WHERE reminder.person = visit.person AND reminder.rule = step.rule
                          AND state <> 'lapsed' AND due_on BETWEEN held_on + shift - 9 AND held_on + shift + 9)
        UNION ALL
        SELECT appointment.person FROM step JOIN appointment ON status = 'booked' AND starts_on BETWEEN first AND last
        WHERE step.anchor IN ('visit', 'missed') AND (step.anchor = 'missed') = (starts_on < $1)
          AND NOT EXISTS (SELECT FROM reminder WHERE reminder.person = appointment.person AND reminder.rule = step.rule
                          AND reminder.step = step.step AND subject = appointment.number
                          AND due_on = starts_on + shift AND state <> 'lapsed')
          AND NOT (step.anchor = 'missed' AND EXISTS (
                   SELECT FROM visit WHERE visit.person = appointment.person AND held_on >= starts_on))
        UNION ALL
        SELECT appointment.person FROM step JOIN appointment ON status = 'missed' AND starts_on BETWEEN first AND last
        WHERE step.anchor = 'missed'
          AND NOT EXISTS (SELECT FROM reminder WHERE reminder.person = appointment.person AND reminder.rule = step.rule
                          AND reminder.step = step.step AND subject = appointment.number
                          AND due_on = starts_on + shift AND state <> 'lapsed')
          AND NOT EXISTS (SELECT FROM visit WHERE visit.person = appointment.person AND held_on >= starts_on)
        UNION ALL
        SELECT child.person FROM step JOIN child ON status = 'living' AND born_on BETWEEN first AND last
        WHERE step.anchor = 'birth'
          AND NOT EXISTS (SELECT FROM reminder WHERE reminder.person = child.person AND reminder.rule = step.rule
                          AND reminder.step = step.step AND subject = child.number AND state <> 'lapsed')
        UNION ALL
        SELECT child.person FROM step JOIN child ON status = 'living' AND born_on BETWEEN first AND last
        WHERE step.anchor = 'vaccines'
          AND NOT EXISTS (SELECT FROM reminder WHERE reminder.person = child.person AND reminder.rule = step.rule
                          AND reminder.step = step.step AND subject = child.number AND state <> 'lapsed'
                          AND (due_on = born_on + shift OR shift IS NULL AND due_on >= $1 - 20))
          AND NOT string_to_array(step.doses, ',') <@ ARRAY (
                  SELECT dose FROM immunisation
                  WHERE immunisation.person = child.person AND immunisation.child = child.number)
        UNION ALL
        SELECT immunisation.person FROM step JOIN immunisation ON given_on BETWEEN first AND last
        WHERE step.anchor = 'late_dose' AND immunisation.dose = step.doses
          AND EXISTS (SELECT FROM child WHERE child.person = immunisation.person AND child.number = immunisation.child
                      AND status = 'living' AND given_on > born_on + step.age)
          AND NOT EXISTS (SELECT FROM reminder WHERE reminder.person = immunisation.person AND reminder.rule = step.rule
                          AND reminder.step = step.step AND subject = immunisation.child AND state <> 'lapsed'
                          AND due_on = given_on + shift)
        UNION ALL
        SELECT medicine.person FROM step JOIN medicine ON stopped_on IS NULL AND until_on BETWEEN first AND last
        WHERE step.anchor = 'supply'
          AND NOT EXISTS (SELECT FROM reminder WHERE reminder.person = medicine.person AND reminder.rule = step.rule
                          AND reminder.step = step.step AND subject = medicine.number
                          AND due_on = until_on + shift AND state <> 'lapsed')
        UNION ALL
        SELECT person.id FROM step JOIN person
               ON NOT synthetic AND created_at >= (first::timestamp AT TIME ZONE 'Africa/Freetown')
                  AND created_at < ((last + 1)::timestamp AT TIME ZONE 'Africa/Freetown')
        WHERE step.anchor = 'joined'
          AND NOT EXISTS (SELECT FROM reminder WHERE reminder.person = person.id AND reminder.rule = step.rule
                          AND reminder.step = step.step AND state <> 'lapsed')
    )
    SELECT DISTINCT person FROM due
    WHERE NOT EXISTS (SELECT FROM reminder_look AS look WHERE look.person = due.person AND looked_on = $9)
      AND EXISTS (SELECT FROM consent WHERE consent.person = due.person
                  AND purpose = 'reminders' AND withdrawn_at IS NULL)
    ORDER BY person";

/// Who may get something on that day and was not looked at for it yet, in the order of their ids.
pub async fn candidates(
    work: &mut PgConnection,
    calendars: Calendars<'_>,
    day: NaiveDate,
) -> Result<Vec<Uuid>, sqlx::Error> {
    due(work, calendars, day, Some(day)).await
}

/// Who may get something on any of these days.
pub async fn candidates_between(
    work: &mut PgConnection,
    calendars: Calendars<'_>,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<Uuid>, sqlx::Error> {
    let mut all = BTreeSet::new();
    for day in from.iter_days().take_while(|day| *day <= to) {
        all.extend(due(work, calendars, day, None).await?);
    }
    Ok(all.into_iter().collect())
}

async fn due(
    work: &mut PgConnection,
    calendars: Calendars<'_>,
    day: NaiveDate,
    looked: Option<NaiveDate>,
) -> Result<Vec<Uuid>, sqlx::Error> {
    let times = times(calendars, day);
    sqlx::query_scalar(DUE)
        .bind(day)
        .bind(&times.anchor)
        .bind(&times.rule)
        .bind(&times.step)
        .bind(&times.first)
        .bind(&times.last)
        .bind(&times.shift)
        .bind(&times.doses)
        .bind(looked)
        .bind(&times.age)
        .fetch_all(work)
        .await
}

/// All times of all rows, turned around for that day.
fn times(calendars: Calendars<'_>, day: NaiveDate) -> Times {
    let mut times = Times::default();
    for rule in calendars.reminders.rules() {
        let steps = (0_u8..).zip(&rule.steps).map(|(at, step)| (at, step.offset, i64::from(step.window)));
        let staff = rule.staff.and_then(|days| i16::try_from(days).ok());
        let staff = staff.map(|days| (STAFF_STEP, Offset::Days(days), STAFF_WINDOW));
        for (at, offset, window) in steps.chain(staff) {
            let span = (offset.anchors(add_days(day, -window)).0, offset.anchors(day).1);
            add(&mut times, calendars, rule.anchor, &rule.id, at, span, offset);
        }
    }
    times
}

fn add(
    times: &mut Times,
    calendars: Calendars<'_>,
    anchor: Anchor,
    rule: &str,
    step: u8,
    span: (NaiveDate, NaiveDate),
    offset: Offset,
) {
    let days = match offset {
        Offset::Days(days) => Some(i64::from(days)),
        Offset::Months(_) => None,
    };
    let later = |by: i64| (add_days(span.0, by), add_days(span.1, by));
    match anchor {
        Anchor::LastPeriod => times.push("pregnancy", rule, step, later(PREGNANCY_DAYS), None),
        Anchor::Due => times.push("pregnancy", rule, step, span, None),
        Anchor::Contact => contacts(times, calendars.antenatal, rule, step, span, days.unwrap_or_default()),
        Anchor::Visit => times.push("visit", rule, step, span, days),
        Anchor::Missed => times.push("missed", rule, step, span, days),
        Anchor::Birth => times.push("birth", rule, step, span, None),
        Anchor::Vaccines => vaccines(times, calendars, rule, step, span, days.unwrap_or_default()),
        Anchor::Supply => times.push("supply", rule, step, span, days),
        Anchor::Joined => times.push("joined", rule, step, span, None),
    }
}

/// Contacts of the schedule by the due date, and the next one after a late one by its day.
fn contacts(
    times: &mut Times,
    schedule: &AntenatalSchedule,
    rule: &str,
    step: u8,
    span: (NaiveDate, NaiveDate),
    days: i64,
) {
    let later = |by: i64| (add_days(span.0, by), add_days(span.1, by));
    for row in schedule.contacts().iter().filter(|row| row.contact > 0) {
        let to_due = PREGNANCY_DAYS - 7 * i64::from(row.week);
        times.push("contact", rule, step, later(to_due), Some(days - to_due));
        if let Some(weeks) = row.then_weeks {
            let interval = 7 * i64::from(weeks);
            times.push("attended", rule, step, later(-interval), Some(days + interval));
        }
    }
}

/// Vaccine visits by their age, and what follows a dose that was late.
fn vaccines(
    times: &mut Times,
    calendars: Calendars<'_>,
    rule: &str,
    step: u8,
    span: (NaiveDate, NaiveDate),
    days: i64,
) {
    let doses = calendars.immunisation.doses();
    let mut ages: Vec<Age> = Vec::new();
    for dose in doses {
        if !ages.contains(&dose.age) {
            ages.push(dose.age);
        }
    }
    for age in ages {
        let (offset, shift) = offset_of(age);
        let born = (offset.anchors(span.0).0, offset.anchors(span.1).1);
        times.push("vaccines", rule, step, born, shift.map(|age| age + days));
        let codes = doses.iter().filter(|dose| dose.age == age).map(|dose| dose.code.as_str());
        times.of_doses(codes.collect::<Vec<_>>().join(","), None);
    }
    for dose in doses {
        let before = doses.iter().take_while(|other| other.code != dose.code);
        for earlier in before.filter(|other| other.series == dose.series) {
            for gap in dose.gaps() {
                let (offset, shift) = offset_of(gap);
                let given = (offset.anchors(span.0).0, offset.anchors(span.1).1);
                times.push("late_dose", rule, step, given, shift.map(|gap| gap + days));
                let (age, _) = offset_of(earlier.age);
                times.of_doses(earlier.code.clone(), Some(age.about_days()));
            }
        }
    }
}

/// An age as a distance, and in days where it is counted in them.
fn offset_of(age: Age) -> (Offset, Option<i64>) {
    match age {
        Age::Days(count) => (Offset::Days(i16::try_from(count).unwrap_or(i16::MAX)), Some(i64::from(count))),
        Age::Months(count) => (Offset::Months(u8::try_from(count).unwrap_or(u8::MAX)), None),
    }
}
