//! The audit trail, for those who watch over it.

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::frame::answer::Found;
use crate::api::frame::body::Filter;
use crate::api::frame::gate::Allowed;
use crate::api::frame::page::{Cursor, Limit, Page};
use crate::api::frame::{Api, Problem, Routes};
use crate::identity::grants;
use crate::store::trail::{self, Entry, Lead};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("audit", "Who read or changed what, of whom, when, through which door.");
    routes.get("/api/v1/audit", all, "The trail, newest first; for a hospital, that of its own staff");
}

/// A line of the trail. People are named by id alone.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AuditView {
    /// Its number.
    id: i64,
    /// When.
    at: DateTime<Utc>,
    /// Whose data.
    patient: Option<Uuid>,
    /// `self`, `staff`, `partner` or `system`.
    actor_kind: String,
    /// The account.
    actor: Option<Uuid>,
    /// Profession or role.
    actor_role: Option<String>,
    /// Facility.
    facility: Option<i32>,
    /// What was done.
    act: String,
    /// With what.
    what: String,
    /// Through which door.
    channel: String,
    /// Why, where a record was opened with a reason.
    reason: Option<String>,
}

impl From<Entry> for AuditView {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id,
            at: entry.at,
            patient: entry.person,
            actor_kind: entry.actor_kind,
            actor: entry.actor,
            actor_role: entry.actor_role,
            facility: entry.facility,
            act: entry.act,
            what: entry.what,
            channel: entry.channel,
            reason: entry.reason,
        }
    }
}

/// Which lines.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// About that patient, but for what she did herself.
    patient: Option<Uuid>,
    /// By that account.
    actor: Option<Uuid>,
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
    actor: Allowed<grants::ReadAudit>,
    Filter(which): Filter<Which>,
) -> Result<Found<Page<AuditView>>, Problem> {
    let lead = match (which.patient, which.actor) {
        (None, None) => Lead::All,
        (Some(patient), None) => Lead::Person(patient),
        (None, Some(actor)) => Lead::Actor(actor),
        (Some(_), Some(_)) => {
            return Err(Problem::field("actor", "ask for a patient or an account, not both"));
        }
    };
    let before: Option<i64> = Cursor::read(which.cursor.as_ref())?;
    let facility = actor.bounds()?;
    let mut work = api.begin(&actor).await?;
    let rows = trail::list(&mut work, api.keyring(), lead, facility, before, which.limit.fetch()).await?;
    drop(work);
    let line = trail::Line { person: which.patient, ..api.line(&actor, None, "read", "audit") };
    api.witness.note(vec![line]).await?;
    Ok(Found(Page::of(rows, which.limit, |row| row.id, AuditView::from)))
}
