//! Medical records at the old addresses, written by health professionals: before, anybody who knew a
//! PIN could write, and anybody at all could delete.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::patient::{RecordView, names, record};
use crate::api::account::Message;
use crate::api::frame::answer::{Created, Found};
use crate::api::frame::body::{Body, Filter};
use crate::api::frame::field::{Day, Line, LongName, Note};
use crate::api::frame::gate::Allowed;
use crate::api::frame::{Api, At, OUT_OF_REACH, Problem, Routes};
use crate::api::v1::{Wants, reached};
use crate::care::WordKind;
use crate::identity::grants;
use crate::store::record;
use crate::store::record::visits::{self, VisitWords, Written};
use crate::store::sealed::{Diagnosis, VisitNote};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group(
        "old: medical records",
        "Medical records at the addresses of the old system, for health professionals.",
    );
    routes.post("/api/patient/medical-records", add, "Write down a medical record");
    routes.refuses("POST", "/api/patient/medical-records", 404, OUT_OF_REACH);
    routes.delete("/api/patient/medical-records/{id}", remove, "Strike out a medical record");
}

/// A medical record in the old fields, with the patient in place of her PIN.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "patient_id": "01930000-0000-7000-8000-000000000001", "date": "2026-03-14", "diagnosis": "Anaemia",
    "treatment": "Iron tablets", "doctor": "A. Example", "hospital": "Example Hospital"
}))]
pub struct OldRecord {
    /// The patient.
    patient_id: Uuid,
    /// Day.
    date: Day,
    /// Diagnosis in words.
    diagnosis: LongName,
    /// Treatment.
    treatment: Note,
    /// Medicine.
    medication: Option<Line<0, 200>>,
    /// Who saw her.
    doctor: Line<1, 100>,
    /// Where, in words; what counts is the facility of who writes.
    #[serde(rename = "hospital")]
    #[schema(rename = "hospital")]
    _hospital: Option<Line<0, 200>>,
}

async fn add(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::WriteRecord>,
    Body(body): Body<OldRecord>,
) -> Result<Created<RecordView>, Problem> {
    let held_on = body.date.past("date", api.today(), 10)?;
    let mut work = api.begin(&actor).await?;
    let id = body.patient_id;
    let patient = reached(&api, &mut work, &actor, id, Wants::Change).await?;
    record::hold(&mut work, id).await?;
    // Words that name a diagnosis of the country's list become its code, which phones show in plain words.
    let known = api
        .country
        .words
        .of(WordKind::Diagnosis)
        .find(|word| word.name.eq_ignore_ascii_case(&body.diagnosis));
    let diagnoses = known.map(|word| Diagnosis { code: word.code.clone(), may_be_shown: false });
    let note = VisitNote {
        diagnoses: diagnoses.into_iter().collect(),
        treatment: body.treatment.0.clone(),
        pressure: None,
        weight: None,
        haemoglobin: None,
    };
    let words = VisitWords {
        diagnosis: if known.is_some() { String::new() } else { body.diagnosis.0.clone() },
        medication: body.medication.map(|line| line.0).unwrap_or_default(),
        clinician: body.doctor.0.clone(),
    };
    let visit = Written {
        facility: actor.own_facility()?,
        held_on,
        kind: "other",
        note: &note,
        words: &words,
        author: Some(actor.id()),
        now: api.now(),
    };
    let number = visits::add(&mut work, &patient.key, &visit).await?;
    let found = visits::find(&mut work, &patient.key, number).await?.ok_or_else(Problem::busy)?;
    let hospital = names(&mut work, std::iter::once(found.facility)).await?.pop().map(|known| known.1);
    api.changed(&mut work, &actor, Some(id), "visit").await?;
    work.commit().await?;
    let view = record(&api.country, hospital.unwrap_or_default(), found, false);
    Ok(Created(format!("/api/v1/patients/{id}/visits/{number}"), view))
}

/// Whose record it is: its number is hers alone.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Whose {
    /// The patient.
    pub(super) patient_id: Uuid,
}

async fn remove(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::WriteRecord>,
    At(number): At<i32>,
    Filter(whose): Filter<Whose>,
) -> Result<Found<Message>, Problem> {
    let mut work = api.begin(&actor).await?;
    let patient = reached(&api, &mut work, &actor, whose.patient_id, Wants::Change).await?;
    let missing = || Problem::missing("she has no such record");
    let visit = visits::find(&mut work, &patient.key, number).await?.ok_or_else(missing)?;
    if Some(visit.facility) != actor.facility {
        return Err(Problem::forbidden("a record is struck out at the facility that wrote it"));
    }
    visits::remove(&mut work, patient.id, number).await?;
    api.changed(&mut work, &actor, Some(patient.id), "visit").await?;
    work.commit().await?;
    Ok(Found(Message::of("the record is struck out")))
}
