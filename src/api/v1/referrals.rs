//! Referrals to another facility, and what it answers.

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::reach::{Wants, reached};
use crate::api::frame::answer::{Created, Found, Versioned};
use crate::api::frame::body::{Body, Filter};
use crate::api::frame::field::Line;
use crate::api::frame::gate::Allowed;
use crate::api::frame::once::Once;
use crate::api::frame::page::{All, Cursor, Limit, Page};
use crate::api::frame::version::IfMatch;
use crate::api::frame::{Api, At, Problem, Routes};
use crate::identity::grants;
use crate::store::directory;
use crate::store::record;
use crate::store::record::referrals::{self, Feedback, FeedbackDetail, NewFeedback, NewReferral, Referral};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group(
        "referrals",
        "Patients sent on to another facility, which may read their record from then on.",
    );
    routes.post("/api/v1/patients/{id}/referrals", refer, "Refer a patient");
    routes.get("/api/v1/referrals", all, "Referrals that one's facility sent or received");
    routes.get("/api/v1/referrals/{id}", one, "A referral");
    routes.patch("/api/v1/referrals/{id}", change, "Note that a referral was received, or call it off");
    routes.get("/api/v1/referrals/{id}/feedback", answers, "What was answered");
    routes.post("/api/v1/referrals/{id}/feedback", answer, "Answer a referral that one's facility received");
}

/// How soon she should be seen.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// In the usual time.
    Routine,
    /// Within a day.
    Urgent,
    /// At once.
    Emergency,
}

impl Urgency {
    const fn code(self) -> &'static str {
        match self {
            Self::Routine => "routine",
            Self::Urgent => "urgent",
            Self::Emergency => "emergency",
        }
    }
}

/// A referral.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct ReferralView {
    /// Its id.
    id: Uuid,
    /// Who was sent.
    patient: Uuid,
    /// From where.
    sender: i32,
    /// To where.
    receiver: i32,
    /// How soon.
    urgency: String,
    /// `sent`, `received`, `answered` or `cancelled`.
    status: String,
    /// Why.
    reason: String,
    /// When.
    created_at: DateTime<Utc>,
    /// Last change.
    updated_at: DateTime<Utc>,
}

impl From<Referral> for ReferralView {
    fn from(referral: Referral) -> Self {
        Self {
            id: referral.id,
            patient: referral.person,
            sender: referral.sender,
            receiver: referral.receiver,
            urgency: referral.urgency,
            status: referral.status,
            reason: referral.reason,
            created_at: referral.created_at,
            updated_at: referral.updated_at,
        }
    }
}

/// A patient to be sent on.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"to": 14, "urgency": "urgent", "reason": "Blood pressure 170/110 at 36 weeks"}))]
pub struct ReferralBody {
    /// The facility that shall see her.
    #[schema(minimum = 1, maximum = 99999)]
    to: i32,
    /// How soon.
    urgency: Urgency,
    /// Why.
    reason: Line<5, 1000>,
}

async fn refer(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::Refer>,
    At(id): At<Uuid>,
    once: Once,
    Body(body): Body<ReferralBody>,
) -> Result<Created<ReferralView>, Problem> {
    let facility = actor.own_facility()?;
    let mut work = api.begin(&actor).await?;
    let patient = reached(&api, &mut work, &actor, id, Wants::Change).await?;
    let running = match once.begin::<ReferralView>(&api, &mut work, actor.id(), &body).await? {
        Ok(view) => return Ok(Created(format!("/api/v1/referrals/{}", view.id), view)),
        Err(running) => running,
    };
    if body.to == facility || !directory::facilities::cares(&mut work, body.to).await? {
        return Err(Problem::field(
            "to",
            "expected the id of another facility that is listed and no pharmacy",
        ));
    }
    record::hold(&mut work, id).await?;
    let referral = NewReferral {
        id: api.new_id(),
        sender: facility,
        receiver: body.to,
        author: actor.id(),
        urgency: body.urgency.code(),
        reason: &body.reason,
        now: api.now(),
    };
    referrals::add(&mut work, &patient.key, &referral).await?;
    let found =
        referrals::find(&mut work, &api.vault, referral.id, facility).await?.ok_or_else(Problem::busy)?;
    let view = ReferralView::from(found);
    api.changed(&mut work, &actor, Some(id), "referral").await?;
    running.keep(&api, &mut work, &view).await?;
    work.commit().await?;
    Ok(Created(format!("/api/v1/referrals/{}", view.id), view))
}

/// Which way a referral went.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// To one's facility.
    #[default]
    Received,
    /// From it.
    Sent,
}

/// Which referrals.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Which way they went.
    #[serde(default)]
    #[schema(inline)]
    way: Way,
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
    actor: Allowed<grants::AnswerReferral>,
    Filter(which): Filter<Which>,
) -> Result<Found<Page<ReferralView>>, Problem> {
    let before: Option<(DateTime<Utc>, Uuid)> = Cursor::read(which.cursor.as_ref())?;
    let facility = actor.own_facility()?;
    let mut work = api.begin(&actor).await?;
    let sent = which.way == Way::Sent;
    let rows = referrals::list(&mut work, &api.vault, facility, sent, before, which.limit.fetch()).await?;
    drop(work);
    let page = Page::of(rows, which.limit, |row| (row.created_at, row.id), ReferralView::from);
    let lines =
        page.items.iter().map(|row| api.line(&actor, Some(row.patient), "read", "referral")).collect();
    api.witness.note(lines).await?;
    Ok(Found(page))
}

async fn found(
    api: &Api,
    work: &mut sqlx::PgConnection,
    actor: &crate::api::frame::gate::Actor,
    id: Uuid,
) -> Result<Referral, Problem> {
    let found = referrals::find(work, &api.vault, id, actor.own_facility()?).await?;
    found.ok_or_else(|| Problem::missing("your facility neither sent nor received such a referral"))
}

async fn one(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::AnswerReferral>,
    At(id): At<Uuid>,
) -> Result<Versioned<ReferralView>, Problem> {
    let mut work = api.begin(&actor).await?;
    let referral = found(&api, &mut work, &actor, id).await?;
    drop(work);
    api.seen(&actor, referral.person, "referral").await?;
    let version = referral.updated_at;
    Ok(Versioned(ReferralView::from(referral), version))
}

/// A state that a referral can be moved to.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MovedTo {
    /// She came; said by who received it.
    Received,
    /// Called off; said by who sent it. Its receiver may read her record no longer by it.
    Cancelled,
}

/// What changes.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferralChange {
    /// The state that it moves to.
    status: MovedTo,
}

async fn change(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::AnswerReferral>,
    At(id): At<Uuid>,
    IfMatch(seen): IfMatch,
    Body(body): Body<ReferralChange>,
) -> Result<Versioned<ReferralView>, Problem> {
    let mut work = api.begin(&actor).await?;
    let old = found(&api, &mut work, &actor, id).await?;
    let (status, by) = match body.status {
        MovedTo::Received => ("received", old.receiver),
        MovedTo::Cancelled => ("cancelled", old.sender),
    };
    if actor.facility != Some(by) {
        return Err(Problem::forbidden("the receiver says that she came, the sender calls it off"));
    }
    if !matches!(old.status.as_str(), "sent" | "received") {
        return Err(Problem::conflict("this referral is closed"));
    }
    if !referrals::set_status(&mut work, id, status, Some(seen), api.now()).await? {
        return Err(Problem::changed_meanwhile());
    }
    let view = ReferralView::from(found(&api, &mut work, &actor, id).await?);
    api.changed(&mut work, &actor, Some(old.person), "referral").await?;
    work.commit().await?;
    let version = view.updated_at;
    Ok(Versioned(view, version))
}

/// An answer to a referral.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct FeedbackView {
    /// Its id.
    id: Uuid,
    /// What became of her.
    notes: String,
    /// Who tells.
    by: String,
    /// When.
    created_at: DateTime<Utc>,
}

impl From<Feedback> for FeedbackView {
    fn from(feedback: Feedback) -> Self {
        Self {
            id: feedback.id,
            notes: feedback.detail.feedback_notes,
            by: feedback.detail.doctor_name,
            created_at: feedback.created_at,
        }
    }
}

async fn answers(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::AnswerReferral>,
    At(id): At<Uuid>,
) -> Result<Found<All<FeedbackView>>, Problem> {
    let mut work = api.begin(&actor).await?;
    let referral = found(&api, &mut work, &actor, id).await?;
    let rows = referrals::feedback_of(&mut work, api.keyring(), id).await?;
    drop(work);
    api.seen(&actor, referral.person, "referral").await?;
    Ok(Found(rows.into_iter().map(FeedbackView::from).collect()))
}

/// What is answered.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"notes": "Delivered by section, mother and child well"}))]
pub struct FeedbackBody {
    /// What became of her.
    notes: Line<3, 2000>,
}

async fn answer(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::AnswerReferral>,
    At(id): At<Uuid>,
    once: Once,
    Body(body): Body<FeedbackBody>,
) -> Result<Created<FeedbackView>, Problem> {
    let facility = actor.own_facility()?;
    let mut work = api.begin(&actor).await?;
    let referral = found(&api, &mut work, &actor, id).await?;
    let at = format!("/api/v1/referrals/{id}/feedback");
    let running = match once.begin::<FeedbackView>(&api, &mut work, actor.id(), &body).await? {
        Ok(view) => return Ok(Created(at, view)),
        Err(running) => running,
    };
    if referral.receiver != facility || referral.status == "cancelled" {
        return Err(Problem::forbidden("a referral is answered by the facility that received it"));
    }
    let account = crate::store::accounts::find(&mut work, api.keyring(), actor.id()).await?;
    let detail = FeedbackDetail {
        feedback_notes: body.notes.0.clone(),
        doctor_name: account.map(|account| account.name).unwrap_or_default(),
        ..FeedbackDetail::default()
    };
    let feedback = NewFeedback {
        id: api.new_id(),
        referral: Some(id),
        person: Some(referral.person),
        facility,
        author: actor.id(),
        detail: &detail,
        now: api.now(),
    };
    referrals::add_feedback(&mut work, api.keyring(), &feedback).await?;
    referrals::set_status(&mut work, id, "answered", None, api.now()).await?;
    let view = FeedbackView {
        id: feedback.id,
        notes: body.notes.0.clone(),
        by: detail.doctor_name.clone(),
        created_at: feedback.now,
    };
    api.changed(&mut work, &actor, Some(referral.person), "referral").await?;
    running.keep(&api, &mut work, &view).await?;
    work.commit().await?;
    Ok(Created(at, view))
}
