//! The mobile client's addresses.

use std::sync::Arc;

use axum::extract::State;
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::patient::{RecordView, records, shown};
use crate::api::frame::answer::Found;
use crate::api::frame::body::Body;
use crate::api::frame::gate::{Allowed, Proving};
use crate::api::frame::page::All;
use crate::api::frame::{Api, Problem, Routes};
use crate::api::patient_sign_in::{self, PatientLogin};
use crate::identity::grants;

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("old: mobile", "The addresses of the old system's mobile client.");
    routes.post("/api/mobile/auth", auth, "Sign in with number and PIN");
    routes.get("/api/mobile/profile", profile, "One's own profile");
    routes.get("/api/mobile/medical-records", medical_records, "One's own medical records, newest first");
}

/// A sign-in.
#[derive(Clone, Serialize, ToSchema)]
pub struct MobileAuth {
    /// Access token.
    token: String,
    /// Serves once, for a new pair, at POST /api/token/refresh.
    refresh_token: String,
    /// Seconds for which the token is good.
    expires_in: i64,
    /// Her id.
    user_id: Uuid,
    /// Her name.
    name: String,
    /// E-mail address, where she has one.
    email: String,
}

async fn auth(
    State(api): State<Arc<Api>>,
    _: Proving,
    Body(login): Body<PatientLogin>,
) -> Result<Found<MobileAuth>, Problem> {
    let person = patient_sign_in::person(&api, &login).await?;
    let signed_in = patient_sign_in::admit(&api, person).await?;
    Ok(Found(MobileAuth {
        token: signed_in.token,
        refresh_token: signed_in.refresh_token,
        expires_in: signed_in.expires_in,
        user_id: person,
        name: signed_in.user.name,
        email: signed_in.user.email.unwrap_or_default(),
    }))
}

/// Whom to call.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EmergencyContact {
    /// Who.
    name: String,
    /// At which number.
    phone: String,
    /// Who that is to her.
    relationship: String,
}

/// Her pregnancy.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PregnancyInfo {
    /// `pregnant`, `postpartum` or `not_pregnant`.
    status: String,
    /// Pregnancies before.
    previous_pregnancies: Option<u8>,
    /// First day of the last period.
    lmp_date: Option<NaiveDate>,
    /// Due date.
    due_date: Option<NaiveDate>,
    /// Whole weeks today.
    gestational_age: Option<i64>,
    /// `yes`, `no`, `twins` or `triplets`.
    multiple_pregnancy: String,
    /// `low`, `medium` or `high`.
    risk_level: String,
    /// Why.
    risk_factors: Vec<String>,
    /// The newest, as `110/70`.
    blood_pressure: Option<String>,
    /// The newest, g/dL.
    hemoglobin: Option<f64>,
    /// mg/dL.
    blood_sugar: Option<f64>,
    /// The newest, kg.
    weight: Option<f64>,
    /// Vitamins.
    prenatal_vitamins: String,
    /// Complications.
    complications: String,
    /// Where to go in an emergency.
    emergency_hospital: String,
    /// How she wants to give birth.
    birth_plan: String,
}

/// Her profile.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MobileProfile {
    /// Her id.
    id: Uuid,
    /// Names.
    name: String,
    /// E-mail address.
    email: String,
    /// Number.
    phone: String,
    /// Gender.
    gender: String,
    /// Day of birth.
    date_of_birth: Option<NaiveDate>,
    /// Blood group.
    blood_type: String,
    /// Allergies.
    allergies: String,
    /// Medicines.
    medications: String,
    /// Marital status.
    marital_status: String,
    /// Language.
    language: String,
    /// Nationality.
    nationality: String,
    /// Whom to call.
    emergency_contact: EmergencyContact,
    /// Her pregnancy.
    pregnancy_info: Option<PregnancyInfo>,
}

async fn profile(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::OwnRecord>,
) -> Result<Found<MobileProfile>, Problem> {
    let view = shown(&api, actor.id()).await?;
    api.seen(&actor, actor.id(), "profile").await?;
    let fields = view.pregnancy;
    let info = PregnancyInfo {
        status: fields.pregnancy_status,
        previous_pregnancies: fields.previous_pregnancies,
        lmp_date: fields.lmp_date,
        due_date: fields.due_date,
        gestational_age: fields.gestational_age,
        multiple_pregnancy: fields.multiple_pregnancy,
        risk_level: fields.risk_level,
        risk_factors: fields.risk_factors,
        blood_pressure: fields.blood_pressure,
        hemoglobin: fields.hemoglobin,
        blood_sugar: fields.blood_sugar,
        weight: fields.weight,
        prenatal_vitamins: fields.prenatal_vitamins,
        complications: fields.pregnancy_complications,
        emergency_hospital: fields.emergency_hospital,
        birth_plan: fields.birth_plan,
    };
    Ok(Found(MobileProfile {
        id: view.id,
        name: view.name,
        email: view.email,
        phone: view.phone,
        pregnancy_info: (view.gender == "female").then_some(info),
        gender: view.gender,
        date_of_birth: view.date_of_birth,
        blood_type: view.blood_type,
        allergies: view.allergies,
        medications: view.medications,
        marital_status: view.marital_status,
        language: view.language,
        nationality: view.nationality,
        emergency_contact: EmergencyContact {
            name: view.emergency_contact_name,
            phone: view.emergency_contact_phone,
            relationship: view.emergency_contact_relationship,
        },
    }))
}

async fn medical_records(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::OwnRecord>,
) -> Result<Found<All<RecordView>>, Problem> {
    let rows = records(&api, actor.id()).await?;
    api.seen(&actor, actor.id(), "visits").await?;
    Ok(Found(All(rows)))
}
