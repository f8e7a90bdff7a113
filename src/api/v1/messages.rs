//! Messages to patients: that they were sent and whether they arrived, never what they said.

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::reach::{Wants, reached};
use crate::api::frame::answer::Found;
use crate::api::frame::body::{Filter, WhichPage};
use crate::api::frame::gate::Allowed;
use crate::api::frame::page::{Cursor, Page};
use crate::api::frame::{Api, At, Problem, Routes};
use crate::identity::grants;
use crate::store::record::messages::{self, Message};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("messages", "SMS to patients and what became of them.");
    routes.get("/api/v1/patients/{id}/messages", all, "Messages to a patient, newest first");
}

/// A message.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MessageView {
    /// Its number.
    id: i64,
    /// What for.
    kind: String,
    /// `sms` or `email`.
    medium: String,
    /// `queued`, `sending`, `sent`, `delivered`, `failed`, `expired`, `cancelled` or `unknown`.
    state: String,
    /// Language.
    language: String,
    /// How many SMS it takes.
    segments: i16,
    /// When it may go.
    not_before: DateTime<Utc>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// Last change.
    changed_at: DateTime<Utc>,
}

impl From<Message> for MessageView {
    fn from(message: Message) -> Self {
        Self {
            id: message.id,
            kind: message.kind,
            medium: message.medium,
            state: message.state,
            language: message.language,
            segments: message.segments,
            not_before: message.not_before,
            created_at: message.created_at,
            changed_at: message.changed_at,
        }
    }
}

async fn all(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ReadRecord>,
    At(id): At<Uuid>,
    Filter(which): Filter<WhichPage>,
) -> Result<Found<Page<MessageView>>, Problem> {
    let before: Option<i64> = Cursor::read(which.cursor.as_ref())?;
    let mut work = api.begin(&actor).await?;
    reached(&api, &mut work, &actor, id, Wants::Read).await?;
    let rows = messages::list(&mut work, id, before, which.limit.fetch()).await?;
    drop(work);
    api.seen(&actor, id, "messages").await?;
    Ok(Found(Page::of(rows, which.limit, |row| row.id, MessageView::from)))
}
