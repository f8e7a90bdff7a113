//! Administrators: invited and removed by each other; the last one stays.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::users::{UserView, delete, reach};
use crate::api::account;
use crate::api::frame::answer::{Created, Done};
use crate::api::frame::body::Body;
use crate::api::frame::field::{Email, Name};
use crate::api::frame::gate::{Actor, Allowed};
use crate::api::frame::once::Once;
use crate::api::frame::{Api, At, CLASHES, Problem, Routes};
use crate::identity::{Role, grants};
use crate::store::accounts::NewAccount;

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.post("/api/v1/administrators", invite, "Invite an administrator");
    routes.delete("/api/v1/administrators/{id}", remove, "Remove an administrator");
    routes.refuses("DELETE", "/api/v1/administrators/{id}", 409, CLASHES);
}

/// An administrator to be invited.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "A. Example", "email": "admin@ministry.example"}))]
pub struct NewAdministrator {
    /// Name.
    name: Name,
    /// E-mail address.
    email: Email,
}

async fn invite(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageAdministrators>,
    once: Once,
    Body(body): Body<NewAdministrator>,
) -> Result<Created<UserView>, Problem> {
    let mut work = api.begin(&actor).await?;
    let running = match once.begin::<UserView>(&api, &mut work, actor.id(), &body).await? {
        Ok(view) => return Ok(Created(format!("/api/v1/users/{}", view.id), view)),
        Err(running) => running,
    };
    let view = new_administrator(&api, &mut work, &actor, &body.name, &body.email).await?;
    running.keep(&api, &mut work, &view).await?;
    work.commit().await?;
    Ok(Created(format!("/api/v1/users/{}", view.id), view))
}

/// Invites an administrator.
pub(in crate::api) async fn new_administrator(
    api: &Api,
    work: &mut sqlx::PgConnection,
    actor: &Actor,
    name: &str,
    email: &str,
) -> Result<UserView, Problem> {
    let account = NewAccount {
        id: api.new_id(),
        role: Role::Administrator,
        email,
        name,
        profession: None,
        facility: None,
        status: "invited",
        password_hash: None,
        now: api.now(),
    };
    account::invite(api, work, &account).await?;
    api.changed(work, actor, None, "staff").await?;
    Ok(UserView::from(reach(api, work, actor, account.id).await?))
}

async fn remove(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageAdministrators>,
    At(id): At<Uuid>,
) -> Result<Done, Problem> {
    delete(&api, &actor, id, Some(Role::Administrator)).await
}
