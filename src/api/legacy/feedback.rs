//! Referral feedback at the old addresses, for the staff of a facility: before, anybody could write
//! and read it, and each sent an SMS.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::frame::answer::{Created, Found};
use crate::api::frame::body::{Body, Filter};
use crate::api::frame::field::{Line, LongName, Prose};
use crate::api::frame::gate::Allowed;
use crate::api::frame::page::All;
use crate::api::frame::{Api, At, Problem, Routes};
use crate::api::v1::{Wants, reached};
use crate::identity::grants;
use crate::store::record::referrals::{self, Feedback, FeedbackDetail, NewFeedback};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes
        .group("old: referral feedback", "Referral feedback at the addresses of the old system, for staff.");
    routes.post("/api/referral-feedback", add, "Tell what became of a patient who was referred");
    routes.get("/api/referral-feedback", all, "Feedback of one's facility, newest first");
    routes.get("/api/referral-feedback/{id}", one, "One feedback of one's facility");
}

/// Feedback in the old fields, with the patient's id in place of her PIN.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"patient_name": "A. Example", "feedback_notes": "Delivered by section, both well"}))]
pub struct OldFeedback {
    /// The patient, as named where she came from.
    patient_name: LongName,
    /// What became of her.
    feedback_notes: Prose<2000>,
    /// The system that the referral came through.
    referral_source: Option<Line<1, 100>>,
    /// Who tells.
    doctor_name: Option<LongName>,
    /// Her number.
    doctor_phone: Option<Line<0, 20>>,
    /// Her facility.
    doctor_affiliation: Option<LongName>,
    /// The patient, where she has a record here.
    patient_id: Option<Uuid>,
}

/// What is told of new feedback.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FeedbackAdded {
    /// In words.
    message: String,
    /// Its id.
    feedback_id: Uuid,
    /// False: it goes to the facility that sent her, not by SMS to one number.
    sms_sent: bool,
    /// When, as `YYYY-MM-DD HH:MM:SS`.
    timestamp: String,
}

async fn add(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::AnswerReferral>,
    Body(body): Body<OldFeedback>,
) -> Result<Created<FeedbackAdded>, Problem> {
    if body.feedback_notes.is_empty() {
        return Err(Problem::field("feedback_notes", "expected 1 to 2000 characters"));
    }
    let facility = actor.own_facility()?;
    let mut work = api.begin(&actor).await?;
    if let Some(person) = body.patient_id {
        reached(&api, &mut work, &actor, person, Wants::Read).await?;
    }
    let detail = FeedbackDetail {
        patient_name: body.patient_name.0,
        referral_source: body.referral_source.map_or_else(|| "PresTrack".to_owned(), |line| line.0),
        feedback_notes: body.feedback_notes.0,
        doctor_name: body.doctor_name.map(|line| line.0).unwrap_or_default(),
        doctor_phone: body.doctor_phone.map(|line| line.0).unwrap_or_default(),
        doctor_affiliation: body.doctor_affiliation.map(|line| line.0).unwrap_or_default(),
    };
    let feedback = NewFeedback {
        id: api.new_id(),
        referral: None,
        person: body.patient_id,
        facility,
        author: actor.id(),
        detail: &detail,
        now: api.now(),
    };
    referrals::add_feedback(&mut work, api.keyring(), &feedback).await?;
    api.changed(&mut work, &actor, body.patient_id, "referral").await?;
    work.commit().await?;
    let answer = FeedbackAdded {
        message: "the feedback is stored".to_owned(),
        feedback_id: feedback.id,
        sms_sent: false,
        timestamp: feedback.now.format("%Y-%m-%d %H:%M:%S").to_string(),
    };
    Ok(Created(format!("/api/referral-feedback/{}", feedback.id), answer))
}

/// Feedback in the old fields.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OldFeedbackView {
    /// Its id.
    id: Uuid,
    /// The patient, as named where she came from.
    patient_name: String,
    /// The system that the referral came through.
    referral_source: String,
    /// What became of her.
    feedback_notes: String,
    /// Who tells.
    doctor_name: String,
    /// Her number.
    doctor_phone: String,
    /// Her facility.
    doctor_affiliation: String,
    /// False.
    sms_sent: bool,
    /// When, as `YYYY-MM-DD HH:MM:SS`.
    created_at: String,
}

impl From<Feedback> for OldFeedbackView {
    fn from(feedback: Feedback) -> Self {
        Self {
            id: feedback.id,
            patient_name: feedback.detail.patient_name,
            referral_source: feedback.detail.referral_source,
            feedback_notes: feedback.detail.feedback_notes,
            doctor_name: feedback.detail.doctor_name,
            doctor_phone: feedback.detail.doctor_phone,
            doctor_affiliation: feedback.detail.doctor_affiliation,
            sms_sent: false,
            created_at: feedback.created_at.format("%Y-%m-%d %H:%M:%S").to_string(),
        }
    }
}

/// How many.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HowMany {
    /// Rows; 50 where it is left out.
    #[schema(minimum = 1, maximum = 200)]
    limit: Option<u16>,
}

async fn all(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::AnswerReferral>,
    Filter(how): Filter<HowMany>,
) -> Result<Found<All<OldFeedbackView>>, Problem> {
    let limit = how.limit.unwrap_or(50);
    if !(1..=200).contains(&limit) {
        return Err(Problem::field("limit", "expected 1 to 200"));
    }
    let mut work = api.begin(&actor).await?;
    let rows = referrals::feedback_by(&mut work, api.keyring(), actor.own_facility()?, limit.into()).await?;
    Ok(Found(rows.into_iter().map(OldFeedbackView::from).collect()))
}

async fn one(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::AnswerReferral>,
    At(id): At<Uuid>,
) -> Result<Found<OldFeedbackView>, Problem> {
    let mut work = api.begin(&actor).await?;
    let found = referrals::find_feedback(&mut work, api.keyring(), id, actor.own_facility()?).await?;
    found
        .map(|row| Found(OldFeedbackView::from(row)))
        .ok_or_else(|| Problem::missing("there is no such feedback"))
}
