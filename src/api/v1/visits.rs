//! Visits.

use std::sync::Arc;

use axum::extract::State;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::reach::{Wants, reached};
use super::show::{self, Pressure, VisitView};
use crate::api::frame::answer::{Created, Found, Versioned};
use crate::api::frame::body::{Body, Filter};
use crate::api::frame::field::{Day, Line, Note};
use crate::api::frame::gate::{Actor, Allowed};
use crate::api::frame::once::Once;
use crate::api::frame::page::{Cursor, Limit, Page};
use crate::api::frame::version::IfMatch;
use crate::api::frame::{Api, At, Problem, Routes};
use crate::care::{BloodPressure, Measure, WordKind};
use crate::identity::grants;
use crate::store::record;
use crate::store::record::visits::{self, VisitWords, Written};
use crate::store::sealed::{Diagnosis, VisitNote};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("visits", "What took place at a facility: diagnoses, treatment, measurements.");
    routes.get("/api/v1/patients/{id}/visits", all, "A patient's visits, newest first");
    routes.post("/api/v1/patients/{id}/visits", add, "Write down a visit");
    routes.get("/api/v1/patients/{id}/visits/{number}", one, "A visit");
    routes.put("/api/v1/patients/{id}/visits/{number}", amend, "Amend a visit");
}

/// What a visit was.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VisitKind {
    /// In pregnancy.
    Antenatal,
    /// A birth.
    Birth,
    /// After a birth.
    Postnatal,
    /// For a vaccine.
    Vaccination,
    /// For an illness.
    Illness,
    /// Anything else.
    Other,
}

impl VisitKind {
    /// Its word.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Antenatal => "antenatal",
            Self::Birth => "birth",
            Self::Postnatal => "postnatal",
            Self::Vaccination => "vaccination",
            Self::Illness => "illness",
            Self::Other => "other",
        }
    }
}

/// Which visits.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Of one kind.
    kind: Option<VisitKind>,
    /// Rows of a page.
    #[serde(default)]
    #[schema(inline, required = false)]
    limit: Limit,
    /// From the page before.
    #[schema(inline)]
    cursor: Option<Cursor>,
}

async fn all(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ReadRecord>,
    At(id): At<Uuid>,
    Filter(which): Filter<Which>,
) -> Result<Found<Page<VisitView>>, Problem> {
    let after: Option<(NaiveDate, i32)> = Cursor::read(which.cursor.as_ref())?;
    let mut work = api.begin(&actor).await?;
    let patient = reached(&api, &mut work, &actor, id, Wants::Read).await?;
    let kind = which.kind.map(VisitKind::code);
    let rows = visits::list(&mut work, &patient.key, kind, after, which.limit.fetch()).await?;
    drop(work);
    api.seen(&actor, id, "visits").await?;
    let place = |row: &visits::Visit| (row.held_on, row.number);
    Ok(Found(Page::of(rows, which.limit, place, |row| show::visit(&api.country, row))))
}

/// A diagnosis by its code.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DiagnosisBody {
    /// Code of the country's list.
    #[schema(pattern = "^[a-z_]{1,40}$", example = "anaemia")]
    code: String,
    /// Whether she may see it on her phone.
    #[serde(default)]
    #[schema(required = false)]
    may_be_shown: bool,
}

/// A visit to be written down.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "held_on": "2026-03-14", "kind": "antenatal", "diagnoses": [{"code": "anaemia", "may_be_shown": true}],
    "treatment": "Iron tablets, diet", "blood_pressure": {"systolic": 110, "diastolic": 70}, "weight_kg": 62.5
}))]
pub struct VisitBody {
    /// Day; not in the future.
    held_on: Day,
    /// What it was.
    kind: VisitKind,
    /// Diagnoses, the chief one first.
    #[serde(default)]
    #[schema(required = false, max_items = 10)]
    diagnoses: Vec<DiagnosisBody>,
    /// Diagnosis in words that no code has.
    #[serde(default)]
    #[schema(required = false)]
    diagnosis_text: Line<0, 200>,
    /// What was done or is to be done.
    #[serde(default)]
    #[schema(required = false)]
    treatment: Note,
    /// Medicine in words.
    #[serde(default)]
    #[schema(required = false)]
    medication_text: Line<0, 200>,
    /// Blood pressure.
    blood_pressure: Option<Pressure>,
    /// Weight in kg.
    #[schema(minimum = 25, maximum = 200)]
    weight_kg: Option<f64>,
    /// Haemoglobin in g/dL.
    #[schema(minimum = 2, maximum = 20)]
    haemoglobin_g_dl: Option<f64>,
}

/// A measurement in tenths of its unit, where it can be.
pub(in crate::api) fn tenths(
    api: &Api,
    field: &str,
    measure: Measure,
    value: Option<f64>,
) -> Result<Option<u16>, Problem> {
    let Some(value) = value else { return Ok(None) };
    api.country
        .limits
        .check(measure, value)
        .map_err(|impossible| Problem::field(field, impossible.to_string()))?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within the limits, and those are small"
    )]
    let tenths = (value * 10.0).round().clamp(0.0, 65535.0) as u16;
    Ok(Some(tenths))
}

/// A blood pressure, where it can be.
pub(in crate::api) fn pressure(
    api: &Api,
    field: &str,
    systolic: u16,
    diastolic: u16,
) -> Result<(u16, u16), Problem> {
    let (pressure, _) = BloodPressure::new(systolic, diastolic, &api.country.limits)
        .map_err(|impossible| Problem::field(field, impossible.to_string()))?;
    Ok((pressure.systolic(), pressure.diastolic()))
}

impl VisitBody {
    fn note(&self, api: &Api) -> Result<VisitNote, Problem> {
        if self.diagnoses.len() > 10 {
            return Err(Problem::field("diagnoses", "expected at most 10"));
        }
        for (at, diagnosis) in self.diagnoses.iter().enumerate() {
            if api.country.words.word(WordKind::Diagnosis, &diagnosis.code).is_none() {
                let detail = "no such code; GET /api/v1/codes lists them, and diagnosis_text takes words";
                return Err(Problem::field(format!("diagnoses[{at}].code"), detail));
            }
        }
        let pressure = self
            .blood_pressure
            .map(|pair| pressure(api, "blood_pressure", pair.systolic, pair.diastolic))
            .transpose()?;
        let diagnoses = self.diagnoses.iter().map(|diagnosis| Diagnosis {
            code: diagnosis.code.clone(),
            may_be_shown: diagnosis.may_be_shown,
        });
        Ok(VisitNote {
            diagnoses: diagnoses.collect(),
            treatment: self.treatment.0.clone(),
            pressure,
            weight: tenths(api, "weight_kg", Measure::Weight, self.weight_kg)?,
            haemoglobin: tenths(api, "haemoglobin_g_dl", Measure::Haemoglobin, self.haemoglobin_g_dl)?,
        })
    }

    fn words(&self) -> VisitWords {
        VisitWords {
            diagnosis: self.diagnosis_text.0.clone(),
            medication: self.medication_text.0.clone(),
            clinician: String::new(),
        }
    }
}

async fn written(api: &Api, actor: &Actor, id: Uuid, number: i32) -> Result<VisitView, Problem> {
    let mut work = api.begin(actor).await?;
    let patient = reached(api, &mut work, actor, id, Wants::Read).await?;
    let visit = visits::find(&mut work, &patient.key, number).await?;
    let visit = visit.ok_or_else(|| Problem::missing("she has no such visit"))?;
    Ok(show::visit(&api.country, visit))
}

async fn add(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::WriteRecord>,
    At(id): At<Uuid>,
    once: Once,
    Body(body): Body<VisitBody>,
) -> Result<Created<VisitView>, Problem> {
    let held_on = body.held_on.past("held_on", api.today(), 10)?;
    let note = body.note(&api)?;
    let mut work = api.begin(&actor).await?;
    let patient = reached(&api, &mut work, &actor, id, Wants::Change).await?;
    let running = match once.begin::<VisitView>(&api, &mut work, actor.id(), &body).await? {
        Ok(view) => return Ok(Created(format!("/api/v1/patients/{id}/visits/{}", view.number), view)),
        Err(running) => running,
    };
    record::hold(&mut work, id).await?;
    let visit = Written {
        facility: actor.own_facility()?,
        held_on,
        kind: body.kind.code(),
        note: &note,
        words: &body.words(),
        author: Some(actor.id()),
        now: api.now(),
    };
    let number = visits::add(&mut work, &patient.key, &visit).await?;
    let found = visits::find(&mut work, &patient.key, number).await?;
    let view = show::visit(&api.country, found.ok_or_else(Problem::busy)?);
    api.changed(&mut work, &actor, Some(id), "visit").await?;
    running.keep(&api, &mut work, &view).await?;
    work.commit().await?;
    Ok(Created(format!("/api/v1/patients/{id}/visits/{number}"), view))
}

async fn one(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ReadRecord>,
    At((id, number)): At<(Uuid, i32)>,
) -> Result<Versioned<VisitView>, Problem> {
    let view = written(&api, &actor, id, number).await?;
    api.seen(&actor, id, "visit").await?;
    let version = view.updated_at;
    Ok(Versioned(view, version))
}

async fn amend(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::WriteRecord>,
    At((id, number)): At<(Uuid, i32)>,
    IfMatch(seen): IfMatch,
    Body(body): Body<VisitBody>,
) -> Result<Versioned<VisitView>, Problem> {
    let held_on = body.held_on.past("held_on", api.today(), 10)?;
    let note = body.note(&api)?;
    let mut work = api.begin(&actor).await?;
    let patient = reached(&api, &mut work, &actor, id, Wants::Change).await?;
    let old = visits::find(&mut work, &patient.key, number).await?;
    let old = old.ok_or_else(|| Problem::missing("she has no such visit"))?;
    if Some(old.facility) != actor.facility {
        return Err(Problem::forbidden("a visit is amended at the facility where it took place"));
    }
    let visit = Written {
        facility: old.facility,
        held_on,
        kind: body.kind.code(),
        note: &note,
        words: &body.words(),
        author: Some(actor.id()),
        now: api.now(),
    };
    if !visits::amend(&mut work, &patient.key, number, &visit, seen).await? {
        return Err(Problem::changed_meanwhile());
    }
    api.changed(&mut work, &actor, Some(id), "visit").await?;
    work.commit().await?;
    let view = written(&api, &actor, id, number).await?;
    let version = view.updated_at;
    Ok(Versioned(view, version))
}
