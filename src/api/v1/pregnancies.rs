//! Pregnancies.

use std::sync::Arc;

use axum::extract::State;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::reach::{Wants, reached};
use super::show::{self, PregnancyView};
use crate::api::frame::answer::{Created, Found, Versioned};
use crate::api::frame::body::Body;
use crate::api::frame::field::{Day, Line};
use crate::api::frame::gate::Allowed;
use crate::api::frame::once::Once;
use crate::api::frame::page::All;
use crate::api::frame::version::IfMatch;
use crate::api::frame::{Api, At, Problem, Routes};
use crate::care::{Dating, Precision};
use crate::identity::grants;
use crate::store::record;
use crate::store::record::pregnancies::{self, Change, Due};
use crate::store::sealed::PregnancyNote;

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("pregnancies", "Pregnancies: one goes on at a time.");
    routes.get("/api/v1/patients/{id}/pregnancies", all, "A patient's pregnancies, newest first");
    routes.post("/api/v1/patients/{id}/pregnancies", add, "Write down a pregnancy");
    routes.patch("/api/v1/patients/{id}/pregnancies/{number}", change, "Date a pregnancy anew, or end it");
}

async fn all(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ReadRecord>,
    At(id): At<Uuid>,
) -> Result<Found<All<PregnancyView>>, Problem> {
    let mut work = api.begin(&actor).await?;
    let patient = reached(&api, &mut work, &actor, id, Wants::Read).await?;
    let rows = pregnancies::list(&mut work, &patient.key).await?;
    drop(work);
    api.seen(&actor, id, "pregnancies").await?;
    let today = api.today();
    Ok(Found(rows.into_iter().map(|row| show::pregnancy(row, today)).collect()))
}

/// How well a day is known.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PrecisionWord {
    /// To the day.
    #[default]
    Day,
    /// To the week or so.
    Week,
    /// To the month.
    Month,
}

impl PrecisionWord {
    const fn code(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    const fn of_care(self) -> Precision {
        match self {
            Self::Day => Precision::Day,
            Self::Week => Precision::Week,
            Self::Month => Precision::Month,
        }
    }
}

/// What a due date was reckoned from.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DatedByWord {
    /// Transfer of an embryo.
    Transfer,
    /// The last period.
    Lmp,
    /// An ultrasound scan.
    Scan,
    /// The height of the womb.
    FundalHeight,
    /// Her own reckoning.
    Reckoned,
}

impl DatedByWord {
    const fn code(self) -> &'static str {
        match self {
            Self::Transfer => "transfer",
            Self::Lmp => "lmp",
            Self::Scan => "scan",
            Self::FundalHeight => "fundal_height",
            Self::Reckoned => "reckoned",
        }
    }
}

/// A pregnancy to be written down: dated by the last period or by a due date, or not at all.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"lmp_date": "2026-06-01", "precision": "day", "children": 1}))]
pub struct PregnancyBody {
    /// First day of the last period.
    lmp_date: Option<Day>,
    /// Due date, where it comes from elsewhere than the last period.
    due_on: Option<Day>,
    /// What the due date was reckoned from.
    dated_by: Option<DatedByWord>,
    /// How well it is known.
    #[serde(default)]
    #[schema(required = false)]
    precision: PrecisionWord,
    /// Children expected.
    #[schema(minimum = 1, maximum = 6)]
    children: Option<u8>,
}

/// A due date that can be, of a pregnancy that goes on.
pub(in crate::api) fn due(
    today: NaiveDate,
    lmp: Option<Day>,
    due_on: Option<Day>,
    by: Option<&'static str>,
    precision: PrecisionWord,
) -> Result<Due<'static>, Problem> {
    let (dating, by, field) = match (lmp, due_on) {
        (Some(_), Some(_)) => return Err(Problem::field("due_on", "give lmp_date or due_on, not both")),
        (Some(lmp), None) => {
            (Dating::from_last_period(lmp.0, precision.of_care()), by.unwrap_or("lmp"), "lmp_date")
        }
        (None, Some(day)) => {
            (Dating::from_due(day.0, precision.of_care()), by.unwrap_or("reckoned"), "due_on")
        }
        (None, None) => return Ok(Due { on: None, by: "unknown", precision: "unknown" }),
    };
    let dating = dating.checked(today).map_err(|error| Problem::field(field, error.to_string()))?;
    Ok(Due { on: Some(dating.due()), by, precision: precision.code() })
}

fn children(count: Option<u8>) -> Result<Option<u8>, Problem> {
    if count.is_some_and(|count| !(1..=6).contains(&count)) {
        return Err(Problem::field("children", "expected 1 to 6"));
    }
    Ok(count)
}

async fn add(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::WriteRecord>,
    At(id): At<Uuid>,
    once: Once,
    Body(body): Body<PregnancyBody>,
) -> Result<Created<PregnancyView>, Problem> {
    let by = body.dated_by.map(DatedByWord::code);
    let due = due(api.today(), body.lmp_date, body.due_on, by, body.precision)?;
    let note = PregnancyNote { children: children(body.children)?, outcome: None };
    let mut work = api.begin(&actor).await?;
    let patient = reached(&api, &mut work, &actor, id, Wants::Change).await?;
    let at = |number: i16| format!("/api/v1/patients/{id}/pregnancies/{number}");
    let running = match once.begin::<PregnancyView>(&api, &mut work, actor.id(), &body).await? {
        Ok(view) => return Ok(Created(at(view.number), view)),
        Err(running) => running,
    };
    record::hold(&mut work, id).await?;
    let known = pregnancies::list(&mut work, &patient.key).await?;
    if known.iter().any(|pregnancy| pregnancy.status == "active") {
        return Err(Problem::conflict("a pregnancy goes on already; end it first"));
    }
    let number = pregnancies::add(&mut work, &patient.key, due, &note, api.now()).await?;
    let rows = pregnancies::list(&mut work, &patient.key).await?;
    let row = rows.into_iter().find(|row| row.number == number).ok_or_else(Problem::busy)?;
    let view = show::pregnancy(row, api.today());
    api.changed(&mut work, &actor, Some(id), "pregnancy").await?;
    running.keep(&api, &mut work, &view).await?;
    work.commit().await?;
    Ok(Created(at(number), view))
}

/// What changes; what is left out stays.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"due_on": "2027-03-08", "dated_by": "scan"}))]
pub struct PregnancyChange {
    /// First day of the last period.
    lmp_date: Option<Day>,
    /// Due date.
    due_on: Option<Day>,
    /// What the due date was reckoned from.
    dated_by: Option<DatedByWord>,
    /// How well it is known.
    #[serde(default)]
    #[schema(required = false)]
    precision: PrecisionWord,
    /// Children expected.
    #[schema(minimum = 1, maximum = 6)]
    children: Option<u8>,
    /// The day on which it ended: plans and reminders stop.
    ended_on: Option<Day>,
    /// How it ended.
    outcome: Option<Line<1, 100>>,
}

async fn change(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::WriteRecord>,
    At((id, number)): At<(Uuid, i16)>,
    IfMatch(seen): IfMatch,
    Body(body): Body<PregnancyChange>,
) -> Result<Versioned<PregnancyView>, Problem> {
    let mut work = api.begin(&actor).await?;
    let patient = reached(&api, &mut work, &actor, id, Wants::Change).await?;
    record::hold(&mut work, id).await?;
    let rows = pregnancies::list(&mut work, &patient.key).await?;
    let old = rows.into_iter().find(|row| row.number == number);
    let old = old.ok_or_else(|| Problem::missing("she has no such pregnancy"))?;
    let due = if body.lmp_date.is_some() || body.due_on.is_some() {
        due(api.today(), body.lmp_date, body.due_on, body.dated_by.map(DatedByWord::code), body.precision)?
    } else {
        Due { on: old.due_on, by: &old.dated_by, precision: &old.precision }
    };
    let ended_on = match body.ended_on {
        Some(day) => Some(day.past("ended_on", api.today(), 2)?),
        None => old.ended_on,
    };
    let note = PregnancyNote {
        children: children(body.children)?.or(old.note.children),
        outcome: body.outcome.map(|outcome| outcome.0).or(old.note.outcome),
    };
    let change = Change { due, note: &note, ended_on };
    if !pregnancies::update(&mut work, &patient.key, number, &change, seen, api.now()).await? {
        return Err(Problem::changed_meanwhile());
    }
    let rows = pregnancies::list(&mut work, &patient.key).await?;
    let row = rows.into_iter().find(|row| row.number == number).ok_or_else(Problem::busy)?;
    let view = show::pregnancy(row, api.today());
    api.changed(&mut work, &actor, Some(id), "pregnancy").await?;
    work.commit().await?;
    let version = view.updated_at;
    Ok(Versioned(view, version))
}
