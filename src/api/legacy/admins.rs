//! Administrators at the old addresses. They are invited; nobody sets another's password.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::account::{self, Message};
use crate::api::frame::answer::{Created, Found};
use crate::api::frame::body::Body;
use crate::api::frame::field::{Email, Line, Name, Secret};
use crate::api::frame::gate::Allowed;
use crate::api::frame::page::All;
use crate::api::frame::{Api, At, CLASHES, Problem, Routes};
use crate::api::v1::{approve, new_administrator, reach_user, spare, verify_facility};
use crate::identity::{Role, grants};
use crate::store::accounts::{self, Account, AccountFilter, Change, Ended, Subject};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("old: administrators", "Administrators at the addresses of the old system.");
    routes.post("/api/admin/create-admin", create, "Invite an administrator");
    routes.post("/api/admin/verify-admin/{email}", verify_admin, "Send an administrator's invitation again");
    routes.refuses("POST", "/api/admin/verify-admin/{email}", 409, CLASHES);
    routes.post(
        "/api/admin/verify/{user_id}",
        verify_user,
        "Verify an account that registered, and its facility",
    );
    routes.refuses("POST", "/api/admin/verify/{user_id}", 409, CLASHES);
    routes.get("/api/admin/admins", all, "All administrators");
    routes.post("/api/admin/admins", create, "Invite an administrator");
    routes.get("/api/admin/admins/{id}", one, "An administrator");
    routes.put("/api/admin/admins/{id}", change, "Change or suspend an administrator");
    routes.delete("/api/admin/admins/{id}", remove, "Remove an administrator");
    routes.refuses("DELETE", "/api/admin/admins/{id}", 409, CLASHES);
}

/// An administrator to be invited.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "admin@ministry.example", "name": "A. Example"}))]
pub struct NewAdmin {
    /// E-mail address.
    email: Email,
    /// Name.
    name: Option<Name>,
    /// Not kept: she chooses her password herself, by the link of the invitation.
    #[serde(rename = "password")]
    #[schema(rename = "password")]
    _password: Option<Secret>,
    /// Not kept.
    #[serde(rename = "phone")]
    #[schema(rename = "phone")]
    _phone: Option<Line<0, 20>>,
    /// Not heeded: she is active once she has accepted.
    #[serde(rename = "status")]
    #[schema(rename = "status")]
    _status: Option<AdminStatus>,
    /// Not heeded: no password goes by mail.
    #[serde(rename = "send_credentials")]
    #[schema(rename = "send_credentials")]
    _send_credentials: Option<bool>,
}

/// What is told of a new administrator.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AdminAdded {
    /// In words.
    message: String,
    /// The account.
    admin_id: Uuid,
}

async fn create(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageAdministrators>,
    Body(body): Body<NewAdmin>,
) -> Result<Created<AdminAdded>, Problem> {
    let mut work = api.begin(&actor).await?;
    let name = body.name.as_deref().unwrap_or("Administrator");
    let view = new_administrator(&api, &mut work, &actor, name, &body.email).await?;
    work.commit().await?;
    let message = "she is invited: a link to choose a password is on its way to her".to_owned();
    Ok(Created(format!("/api/admin/admins/{}", view.id), AdminAdded { message, admin_id: view.id }))
}

/// What is told of an administrator whose invitation goes again.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AdminVerified {
    /// In words.
    message: String,
    /// The account.
    admin_id: Uuid,
    /// `admin`.
    table: String,
}

async fn verify_admin(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageAdministrators>,
    At(email): At<String>,
) -> Result<Found<AdminVerified>, Problem> {
    let mut work = api.begin(&actor).await?;
    let found = accounts::find_by_email(&mut work, api.keyring(), &email).await?;
    let account = found.filter(|account| account.role == Role::Administrator);
    let account = account.ok_or_else(|| Problem::missing("there is no such administrator"))?;
    if account.status != "invited" {
        return Err(Problem::conflict("she has accepted her invitation already"));
    }
    account::send_invitation(&api, &mut work, account.id).await?;
    api.changed(&mut work, &actor, None, "staff").await?;
    work.commit().await?;
    let message = "the invitation is on its way again".to_owned();
    Ok(Found(AdminVerified { message, admin_id: account.id, table: "admin".to_owned() }))
}

/// What is told of an account that was verified.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UserVerified {
    /// In words.
    message: String,
    /// The account.
    user_id: Uuid,
}

async fn verify_user(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageFacilities>,
    At(id): At<Uuid>,
) -> Result<Found<UserVerified>, Problem> {
    let mut work = api.begin(&actor).await?;
    let found = accounts::find(&mut work, api.keyring(), id).await?;
    let account = found.ok_or_else(|| Problem::missing("there is no such account"))?;
    match (account.role, account.facility) {
        (Role::Professional, _) => {
            approve(&api, &mut work, id).await?;
            api.changed(&mut work, &actor, None, "staff").await?;
        }
        (Role::Hospital | Role::Pharmacy, Some(facility)) => {
            verify_facility(&api, &mut work, &actor, facility).await?;
        }
        _ => return Err(Problem::conflict("this account does not wait to be verified")),
    }
    work.commit().await?;
    Ok(Found(UserVerified { message: "the account is verified".to_owned(), user_id: id }))
}

/// An administrator in the old fields.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AdminView {
    /// The account.
    id: Uuid,
    /// Name.
    name: String,
    /// E-mail address.
    email: String,
    /// `admin`.
    role: String,
    /// `active` or `inactive`.
    status: String,
    /// Since when, as `YYYY-MM-DD HH:MM:SS`.
    created_at: String,
}

impl From<Account> for AdminView {
    fn from(account: Account) -> Self {
        Self {
            id: account.id,
            name: account.name,
            email: account.email,
            role: "admin".to_owned(),
            status: if account.status == "active" { "active" } else { "inactive" }.to_owned(),
            created_at: account.created_at.format("%Y-%m-%d %H:%M:%S").to_string(),
        }
    }
}

async fn all(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageAdministrators>,
) -> Result<Found<All<AdminView>>, Problem> {
    let _ = actor;
    let mut work = api.begin(&actor).await?;
    let filter = AccountFilter { roles: &[Role::Administrator], ..AccountFilter::default() };
    let rows = accounts::list(&mut work, api.keyring(), &filter, 1000).await?;
    Ok(Found(rows.into_iter().map(AdminView::from).collect()))
}

async fn find(
    api: &Api,
    work: &mut sqlx::PgConnection,
    actor: &crate::api::frame::gate::Actor,
    id: Uuid,
) -> Result<Account, Problem> {
    let account = reach_user(api, work, actor, id).await?;
    if account.role == Role::Administrator {
        Ok(account)
    } else {
        Err(Problem::missing("there is no such administrator"))
    }
}

async fn one(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageAdministrators>,
    At(id): At<Uuid>,
) -> Result<Found<AdminView>, Problem> {
    let mut work = api.begin(&actor).await?;
    Ok(Found(AdminView::from(find(&api, &mut work, &actor, id).await?)))
}

/// `active` or `inactive`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AdminStatus {
    /// May sign in.
    Active,
    /// May not.
    Inactive,
}

/// What changes; what is left out stays. A password is changed by its owner alone.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdminChange {
    /// Name.
    name: Option<Name>,
    /// Whether she may sign in.
    status: Option<AdminStatus>,
}

async fn change(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageAdministrators>,
    At(id): At<Uuid>,
    Body(body): Body<AdminChange>,
) -> Result<Found<Message>, Problem> {
    let mut work = api.begin(&actor).await?;
    let account = find(&api, &mut work, &actor, id).await?;
    let status = match body.status {
        Some(AdminStatus::Inactive) => {
            spare(&mut work, &actor, &account).await?;
            accounts::end_all(&mut work, Subject::Staff(id), None, Ended::Administrator, api.now()).await?;
            Some("suspended")
        }
        Some(AdminStatus::Active) if account.password_hash.is_none() => {
            return Err(Problem::conflict("she has not chosen a password yet"));
        }
        Some(AdminStatus::Active) => Some("active"),
        None => None,
    };
    let change = Change { name: body.name.as_deref(), status, ..Change::default() };
    if !accounts::update(&mut work, api.keyring(), id, &change, account.updated_at, api.now()).await? {
        return Err(Problem::changed_meanwhile());
    }
    api.changed(&mut work, &actor, None, "staff").await?;
    work.commit().await?;
    api.forget(Subject::Staff(id));
    Ok(Found(Message::of("the administrator is changed")))
}

async fn remove(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageAdministrators>,
    At(id): At<Uuid>,
) -> Result<Found<Message>, Problem> {
    let mut work = api.begin(&actor).await?;
    let account = find(&api, &mut work, &actor, id).await?;
    spare(&mut work, &actor, &account).await?;
    accounts::remove(&mut work, id).await?;
    api.changed(&mut work, &actor, None, "staff").await?;
    work.commit().await?;
    api.forget(Subject::Staff(id));
    Ok(Found(Message::of("the administrator is removed")))
}
