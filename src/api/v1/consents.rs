//! What a patient agrees to.

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::patients::{Purpose, agreement};
use super::reach::{Wants, reached};
use crate::api::frame::answer::{Done, Found};
use crate::api::frame::body::Body;
use crate::api::frame::gate::Allowed;
use crate::api::frame::page::All;
use crate::api::frame::{Api, At, Problem, Routes};
use crate::identity::grants;
use crate::store::consents;
use crate::store::record::consents::{Given, history};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("consents", "What a patient agreed to, since when, and what she no longer agrees to.");
    routes.get("/api/v1/patients/{id}/consents", all, "A patient's consents, newest first");
    routes.post("/api/v1/patients/{id}/consents", give, "Write down that she agrees");
    routes.post("/api/v1/patients/{id}/consents/withdraw", withdraw, "Write down that she no longer agrees");
}

/// Where she did not agree that her record is kept, or no longer does.
pub(in crate::api) fn not_kept() -> Problem {
    Problem::forbidden("this record is not kept: there is no consent to it, or it was withdrawn")
        .kind("/problems/no-consent")
}

/// A consent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ConsentView {
    /// Its number.
    id: i64,
    /// To what.
    purpose: String,
    /// Since when.
    given_at: DateTime<Utc>,
    /// Through which door: `ussd`, `api`, …
    given_channel: String,
    /// Which text she was shown or read.
    text_version: String,
    /// In which language.
    language: String,
    /// When she no longer agreed.
    withdrawn_at: Option<DateTime<Utc>>,
}

impl From<Given> for ConsentView {
    fn from(given: Given) -> Self {
        Self {
            id: given.id,
            purpose: given.purpose,
            given_at: given.given_at,
            given_channel: given.given_channel,
            text_version: given.text_version,
            language: given.language,
            withdrawn_at: given.withdrawn_at,
        }
    }
}

async fn all(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ReadRecord>,
    At(id): At<Uuid>,
) -> Result<Found<All<ConsentView>>, Problem> {
    let mut work = api.begin(&actor).await?;
    reached(&api, &mut work, &actor, id, Wants::Read).await?;
    let rows = history(&mut work, id).await?;
    drop(work);
    api.seen(&actor, id, "consents").await?;
    Ok(Found(rows.into_iter().map(ConsentView::from).collect()))
}

/// A purpose.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"purpose": "reminders"}))]
pub struct ConsentBody {
    /// To what.
    purpose: Purpose,
}

async fn give(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ChangePatient>,
    At(id): At<Uuid>,
    Body(body): Body<ConsentBody>,
) -> Result<Done, Problem> {
    let mut work = api.begin(&actor).await?;
    let patient = reached(&api, &mut work, &actor, id, Wants::Change).await?;
    consents::give(&mut work, agreement(&api, id, body.purpose, &patient.language)).await?;
    api.changed(&mut work, &actor, Some(id), "consent").await?;
    work.commit().await?;
    Ok(Done)
}

async fn withdraw(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ChangePatient>,
    At(id): At<Uuid>,
    Body(body): Body<ConsentBody>,
) -> Result<Done, Problem> {
    let mut work = api.begin(&actor).await?;
    reached(&api, &mut work, &actor, id, Wants::Change).await?;
    consents::withdraw(&mut work, id, body.purpose.code(), "api", api.now()).await?;
    api.changed(&mut work, &actor, Some(id), "consent").await?;
    work.commit().await?;
    Ok(Done)
}
