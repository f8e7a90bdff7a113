//! A patient's own profile and records at the old addresses: with her number beside her PIN, or with
//! the token of her sign-in. A PIN never stands in an address.

use std::sync::Arc;

use axum::extract::State;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::change_by_pin::ChangeByPin;
use super::profile::{self, ProfileFields, ProfileView};
use crate::api::account::Message;
use crate::api::frame::answer::Found;
use crate::api::frame::body::Body;
use crate::api::frame::field::{Phone, Pin};
use crate::api::frame::gate::{Allowed, Knock, Proving};
use crate::api::frame::page::All;
use crate::api::frame::{Api, Problem, Routes};
use crate::api::patient_sign_in::{self, PatientLogin};
use crate::api::{not_kept, pins};
use crate::care::{Country, WordKind};
use crate::identity::grants;
use crate::store::accounts::{self, Ended, Subject};
use crate::store::directory::facilities;
use crate::store::record::visits::{self, Visit};
use crate::store::record::{births, reach};
use crate::store::trail;

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("old: patient", "A patient's own profile and records, at the addresses of the old system.");
    routes.get("/api/patient/profile", own_profile, "One's own profile");
    routes.post("/api/patient/profile", profile_by_pin, "One's own profile, by number and PIN");
    routes.put("/api/patient/profile", change_by_pin, "Change one's own profile, by number and PIN");
    routes.patch("/api/v1/me/profile", change_own, "Change one's own profile");
    routes.get("/api/patient/medical-records", own_records, "One's own medical records");
    routes.get("/api/patient/birth-records", own_births, "One's own children");
    routes.post("/api/patient/pin-recovery", recover, "Ask for a new PIN by SMS");
    routes.post(
        "/api/patient/reset-pin",
        reset,
        "Choose a new PIN, proving the old one or that which was sent",
    );
}

/// The profile of somebody who proved herself.
pub(super) async fn shown(api: &Api, person: Uuid) -> Result<ProfileView, Problem> {
    let mut work = api.herself(person).await?;
    let patient = reach::find(&mut work, &api.vault, person).await?.ok_or_else(not_kept)?;
    profile::view(api, &mut work, &patient).await
}

async fn own_profile(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::OwnRecord>,
) -> Result<Found<ProfileView>, Problem> {
    let view = shown(&api, actor.id()).await?;
    api.seen(&actor, actor.id(), "profile").await?;
    Ok(Found(view))
}

fn by_pin(api: &Api, person: Uuid, act: &'static str) -> trail::Line {
    let doer = trail::Doer { staff: None, role: None, facility: None, sign_in: Uuid::nil() };
    trail::Line { at: api.now(), doer, person: Some(person), act, what: "profile", reason: None }
}

async fn profile_by_pin(
    State(api): State<Arc<Api>>,
    _: Proving,
    Body(login): Body<PatientLogin>,
) -> Result<Found<ProfileView>, Problem> {
    let person = patient_sign_in::person(&api, &login).await?;
    let view = shown(&api, person).await?;
    api.witness.note(vec![by_pin(&api, person, "read")]).await?;
    Ok(Found(view))
}

async fn change_by_pin(
    State(api): State<Arc<Api>>,
    _: Proving,
    Body(body): Body<ChangeByPin>,
) -> Result<Found<ProfileView>, Problem> {
    let person = patient_sign_in::person(&api, &body.login).await?;
    let mut work = api.herself(person).await?;
    profile::save(&api, &mut work, person, &body.fields).await?;
    trail::add(&mut work, api.keyring(), &[by_pin(&api, person, "change")]).await?;
    work.commit().await?;
    Ok(Found(shown(&api, person).await?))
}

async fn change_own(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::OwnProfile>,
    Body(fields): Body<ProfileFields>,
) -> Result<Found<ProfileView>, Problem> {
    let mut work = api.begin(&actor).await?;
    profile::save(&api, &mut work, actor.id(), &fields).await?;
    api.changed(&mut work, &actor, Some(actor.id()), "profile").await?;
    work.commit().await?;
    Ok(Found(shown(&api, actor.id()).await?))
}

/// A medical record in the old fields.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = OldRecordView)]
pub struct RecordView {
    /// Its number, hers alone.
    pub id: i32,
    /// Day.
    pub date: NaiveDate,
    /// Diagnosis in words.
    pub diagnosis: String,
    /// Treatment.
    pub treatment: String,
    /// Medicine.
    pub medication: String,
    /// Who saw her.
    pub doctor: String,
    /// Where.
    pub hospital: String,
}

/// A visit in the old fields. Her own view holds what her clinician lets be shown.
pub(super) fn record(country: &Country, hospital: String, visit: Visit, own: bool) -> RecordView {
    let coded =
        visit.note.diagnoses.iter().filter(|diagnosis| diagnosis.may_be_shown || !own).map(|diagnosis| {
            let word = country.words.word(WordKind::Diagnosis, &diagnosis.code);
            word.map_or_else(|| diagnosis.code.clone(), |word| word.name.clone())
        });
    let coded: Vec<String> = coded.collect();
    let diagnosis = if visit.words.diagnosis.is_empty() { coded.join(", ") } else { visit.words.diagnosis };
    RecordView {
        id: visit.number,
        date: visit.held_on,
        diagnosis,
        treatment: visit.note.treatment,
        medication: visit.words.medication,
        doctor: visit.words.clinician,
        hospital,
    }
}

/// Her records, newest first, as she sees them.
pub(super) async fn records(api: &Api, person: Uuid) -> Result<Vec<RecordView>, Problem> {
    let mut work = api.herself(person).await?;
    let patient = reach::find(&mut work, &api.vault, person).await?.ok_or_else(not_kept)?;
    let rows = visits::list(&mut work, &patient.key, None, None, 200).await?;
    let facilities = names(&mut work, rows.iter().map(|row| row.facility)).await?;
    let named = |id: i32| {
        facilities.iter().find(|known| known.0 == id).map(|known| known.1.clone()).unwrap_or_default()
    };
    Ok(rows.into_iter().map(|visit| record(&api.country, named(visit.facility), visit, true)).collect())
}

/// Names of facilities.
pub(super) async fn names(
    work: &mut sqlx::PgConnection,
    ids: impl Iterator<Item = i32>,
) -> Result<Vec<(i32, String)>, Problem> {
    let ids: Vec<i32> = ids.collect();
    Ok(facilities::names(work, &ids).await?)
}

async fn own_records(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::OwnRecord>,
) -> Result<Found<All<RecordView>>, Problem> {
    let rows = records(&api, actor.id()).await?;
    api.seen(&actor, actor.id(), "visits").await?;
    Ok(Found(All(rows)))
}

/// A birth in the old fields.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OldBirthView {
    /// Its number, hers alone.
    pub id: i16,
    /// The mother.
    pub patient_id: Uuid,
    /// `Male`, `Female` or `Other`.
    pub baby_gender: String,
    /// Birth date.
    pub date_of_birth: NaiveDate,
    /// How.
    pub birth_type: String,
    /// Where.
    pub birth_location: String,
    /// Remarks.
    pub notes: String,
    /// When it was written, as `YYYY-MM-DD HH:MM:SS`.
    pub created_at: String,
}

/// A birth in the old fields.
pub(super) fn birth(mother: Uuid, birth: births::Birth) -> OldBirthView {
    use crate::store::sealed::Sex;
    let gender = match birth.note.sex {
        Some(Sex::Female) => "Female",
        Some(Sex::Male) => "Male",
        None => "Other",
    };
    OldBirthView {
        id: birth.number,
        patient_id: mother,
        baby_gender: gender.to_owned(),
        date_of_birth: birth.born_on,
        birth_type: birth.words.birth_type,
        birth_location: birth.words.location,
        notes: birth.words.notes,
        created_at: birth.created_at.format("%Y-%m-%d %H:%M:%S").to_string(),
    }
}

async fn own_births(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::OwnRecord>,
) -> Result<Found<All<OldBirthView>>, Problem> {
    let mut work = api.begin(&actor).await?;
    let patient = reach::find(&mut work, &api.vault, actor.id()).await?.ok_or_else(not_kept)?;
    let rows = births::list(&mut work, &patient.key).await?;
    drop(work);
    api.seen(&actor, actor.id(), "births").await?;
    Ok(Found(rows.into_iter().map(|row| birth(patient.id, row)).collect()))
}

/// A number. The old system took an e-mail address, and mailed a link that proved nothing.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Recovery {
    /// Her number.
    phone: Phone,
}

async fn recover(
    State(api): State<Arc<Api>>,
    _: Knock,
    Body(body): Body<Recovery>,
) -> Result<Found<Message>, Problem> {
    patient_sign_in::recover(&api, body.phone, 1).await?;
    Ok(Found(Message::of("if this number is registered, a new PIN is on its way to it by SMS")))
}

/// Number, PIN and a new one. The old system asked for no proof.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetPin {
    /// Her number.
    phone: Phone,
    /// Her PIN, or the one that was sent.
    pin: Pin,
    /// The PIN that she wants.
    new_pin: Pin,
}

async fn reset(
    State(api): State<Arc<Api>>,
    _: Proving,
    Body(body): Body<ResetPin>,
) -> Result<Found<Message>, Problem> {
    let login = PatientLogin { phone: body.phone, pin: body.pin, person: None };
    let (pins::Tried::Right(person) | pins::Tried::MustChange(person)) =
        patient_sign_in::prove(&api, &login).await?
    else {
        return Err(Problem::unauthenticated("number or PIN is wrong, or there were too many tries"));
    };
    pins::choose(&api, person, body.phone.0, &body.new_pin.0).await?;
    let mut work = api.herself(person).await?;
    accounts::end_all(&mut work, Subject::Person(person), None, Ended::Password, api.now()).await?;
    work.commit().await?;
    api.forget(Subject::Person(person));
    Ok(Found(Message::of("the new PIN is in force")))
}
