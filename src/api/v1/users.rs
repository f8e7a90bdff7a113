//! Accounts of staff: invited, changed, suspended, removed. A hospital has its own professionals; an
//! administrator has all, but nobody removes herself.

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::professionals::Profession;
use crate::api::account;
use crate::api::frame::answer::{Created, Done, Found, Versioned};
use crate::api::frame::body::{Body, Filter};
use crate::api::frame::field::{Email, Name};
use crate::api::frame::gate::{Actor, Allowed};
use crate::api::frame::once::Once;
use crate::api::frame::page::{Cursor, Limit, Page};
use crate::api::frame::version::IfMatch;
use crate::api::frame::{Api, At, CLASHES, Problem, Routes};
use crate::identity::{Role, grants};
use crate::store::accounts::{self, Account, AccountFilter, Change, Ended, NewAccount, Subject};
use crate::store::directory::facilities;

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("users", "Accounts of staff.");
    routes.get("/api/v1/users", all, "Accounts; for a hospital, of its own staff");
    routes.post("/api/v1/users", invite, "Invite somebody: she chooses her password by a link in an e-mail");
    routes.get("/api/v1/users/{id}", one, "An account");
    routes.patch("/api/v1/users/{id}", change, "Change or suspend an account");
    routes.delete("/api/v1/users/{id}", remove, "Remove an account");
    routes.refuses("DELETE", "/api/v1/users/{id}", 409, CLASHES);
    routes.post("/api/v1/users/{id}/sign-out", sign_out, "End all sign-ins of an account");
}

/// An account.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct UserView {
    /// Its id.
    pub id: Uuid,
    /// What it may do.
    pub role: Role,
    /// Name.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Profession.
    pub profession: Option<String>,
    /// Facility.
    pub facility: Option<i32>,
    /// `invited`, `pending`, `active` or `suspended`.
    pub status: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

impl From<Account> for UserView {
    fn from(account: Account) -> Self {
        Self {
            id: account.id,
            role: account.role,
            name: account.name,
            email: account.email,
            profession: account.profession,
            facility: account.facility,
            status: account.status,
            created_at: account.created_at,
            updated_at: account.updated_at,
        }
    }
}

/// A role of staff.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StaffRole {
    /// Runs a hospital's own staff and patients.
    Hospital,
    /// A doctor, nurse or midwife.
    Professional,
    /// Gives out medicine.
    Pharmacy,
}

impl From<StaffRole> for Role {
    fn from(role: StaffRole) -> Self {
        match role {
            StaffRole::Hospital => Self::Hospital,
            StaffRole::Professional => Self::Professional,
            StaffRole::Pharmacy => Self::Pharmacy,
        }
    }
}

/// A state of an account.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// May sign in.
    Active,
    /// May not for now.
    Suspended,
    /// Has not chosen a password yet.
    Invited,
    /// Waits to be verified.
    Pending,
}

impl AccountStatus {
    const fn code(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Invited => "invited",
            Self::Pending => "pending",
        }
    }
}

/// Which accounts.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Of one role.
    #[schema(inline)]
    role: Option<Role>,
    /// In that state.
    #[schema(inline)]
    status: Option<AccountStatus>,
    /// Of that facility; a hospital's is its own.
    #[schema(minimum = 1, maximum = 99999)]
    facility: Option<i32>,
    /// Rows of a page.
    #[serde(default)]
    #[schema(inline, required = false)]
    limit: Limit,
    /// From the page before.
    #[schema(inline)]
    cursor: Option<Cursor>,
}

/// The roles that somebody manages.
const fn managed(actor: &Actor) -> &'static [Role] {
    match actor.role {
        Role::Administrator => &[Role::Administrator, Role::Hospital, Role::Professional, Role::Pharmacy],
        _ => &[Role::Professional],
    }
}

async fn all(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageStaff>,
    Filter(which): Filter<Which>,
) -> Result<Found<Page<UserView>>, Problem> {
    let bounds = actor.bounds()?;
    let roles: Vec<Role> = managed(&actor)
        .iter()
        .copied()
        .filter(|role| which.role.is_none_or(|wanted| wanted == *role))
        .collect();
    let filter = AccountFilter {
        roles: &roles,
        facility: bounds.or(which.facility),
        status: which.status.map(AccountStatus::code),
        after: Cursor::read(which.cursor.as_ref())?,
    };
    let mut work = api.begin(&actor).await?;
    let rows = accounts::list(&mut work, api.keyring(), &filter, which.limit.fetch()).await?;
    Ok(Found(Page::of(rows, which.limit, |row| row.id, UserView::from)))
}

/// An account within reach: of one's own facility, or any for an administrator.
pub(in crate::api) async fn reach(
    api: &Api,
    work: &mut sqlx::PgConnection,
    actor: &Actor,
    id: Uuid,
) -> Result<Account, Problem> {
    let bounds = actor.bounds()?;
    let found = accounts::find(work, api.keyring(), id).await?;
    let within = |account: &Account| {
        managed(actor).contains(&account.role)
            && bounds.is_none_or(|facility| account.facility == Some(facility))
    };
    found
        .filter(within)
        .ok_or_else(|| Problem::missing("there is no such account, or it is not your facility's"))
}

async fn one(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageStaff>,
    At(id): At<Uuid>,
) -> Result<Versioned<UserView>, Problem> {
    let mut work = api.begin(&actor).await?;
    let account = reach(&api, &mut work, &actor, id).await?;
    let version = account.updated_at;
    Ok(Versioned(UserView::from(account), version))
}

/// Somebody to be invited.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "role": "professional", "name": "A. Example", "email": "midwife@hospital.example", "profession": "midwife"
}))]
pub struct Invitation {
    /// What she may do. A hospital invites professionals.
    role: StaffRole,
    /// Name.
    name: Name,
    /// E-mail address.
    email: Email,
    /// Profession, of a professional.
    profession: Option<Profession>,
    /// Facility; a hospital's own where it is left out.
    #[schema(minimum = 1, maximum = 99999)]
    facility: Option<i32>,
}

async fn invite(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageStaff>,
    once: Once,
    Body(body): Body<Invitation>,
) -> Result<Created<UserView>, Problem> {
    let role = Role::from(body.role);
    let facility = match actor.bounds()? {
        Some(own) if body.facility.is_none_or(|facility| facility == own) => own,
        Some(_) => return Err(Problem::forbidden("a hospital invites its own staff alone")),
        None => body.facility.ok_or_else(|| Problem::field("facility", "expected the id of a facility"))?,
    };
    if !managed(&actor).contains(&role) {
        return Err(Problem::forbidden("a hospital invites professionals alone"));
    }
    if (role == Role::Professional) != body.profession.is_some() {
        return Err(Problem::field("profession", "a professional has one, and nobody else"));
    }
    let mut work = api.begin(&actor).await?;
    let running = match once.begin::<UserView>(&api, &mut work, actor.id(), &body).await? {
        Ok(view) => return Ok(Created(format!("/api/v1/users/{}", view.id), view)),
        Err(running) => running,
    };
    let full = facilities::find(&mut work, facility).await?;
    let fits = full
        .is_some_and(|full| (full.kind == "pharmacy") == (role == Role::Pharmacy) && full.status != "closed");
    if !fits {
        return Err(Problem::field("facility", "expected a facility of the kind that the role works at"));
    }
    let account = NewAccount {
        id: api.new_id(),
        role,
        email: &body.email,
        name: &body.name,
        profession: body.profession.map(Profession::code),
        facility: Some(facility),
        status: "invited",
        password_hash: None,
        now: api.now(),
    };
    account::invite(&api, &mut work, &account).await?;
    let view = UserView::from(reach(&api, &mut work, &actor, account.id).await?);
    api.changed(&mut work, &actor, None, "staff").await?;
    running.keep(&api, &mut work, &view).await?;
    work.commit().await?;
    Ok(Created(format!("/api/v1/users/{}", view.id), view))
}

/// What changes; what is left out stays. The role never does.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"status": "suspended"}))]
pub struct UserChange {
    /// Name.
    name: Option<Name>,
    /// Profession, of a professional.
    profession: Option<Profession>,
    /// `active` or `suspended`.
    status: Option<Standing>,
}

/// Whether an account may sign in.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It may.
    Active,
    /// It may not; its sign-ins end.
    Suspended,
}

async fn change(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageStaff>,
    At(id): At<Uuid>,
    IfMatch(seen): IfMatch,
    Body(body): Body<UserChange>,
) -> Result<Versioned<UserView>, Problem> {
    let mut work = api.begin(&actor).await?;
    let account = reach(&api, &mut work, &actor, id).await?;
    if body.profession.is_some() && account.role != Role::Professional {
        return Err(Problem::field("profession", "a professional has one, and nobody else"));
    }
    let status = match body.status {
        Some(Standing::Suspended) => {
            spare(&mut work, &actor, &account).await?;
            Some("suspended")
        }
        Some(Standing::Active) if account.password_hash.is_none() => {
            return Err(Problem::conflict(
                "she has not chosen a password yet; her invitation makes her active",
            ));
        }
        Some(Standing::Active) => Some("active"),
        None => None,
    };
    let change = Change {
        name: body.name.as_deref(),
        profession: body.profession.map(Profession::code),
        status,
        facility: None,
    };
    if !accounts::update(&mut work, api.keyring(), id, &change, seen, api.now()).await? {
        return Err(Problem::changed_meanwhile());
    }
    if status == Some("suspended") {
        accounts::end_all(&mut work, Subject::Staff(id), None, Ended::Administrator, api.now()).await?;
    }
    let view = UserView::from(reach(&api, &mut work, &actor, id).await?);
    api.changed(&mut work, &actor, None, "staff").await?;
    work.commit().await?;
    api.forget(Subject::Staff(id));
    let version = view.updated_at;
    Ok(Versioned(view, version))
}

/// Nobody removes or suspends herself, nor the last administrator.
pub(in crate::api) async fn spare(
    work: &mut sqlx::PgConnection,
    actor: &Actor,
    account: &Account,
) -> Result<(), Problem> {
    if account.id == actor.id() {
        return Err(Problem::conflict("nobody removes or suspends herself"));
    }
    if account.role == Role::Administrator {
        let active = accounts::active_administrators(work).await?;
        if active.iter().all(|id| *id == account.id) {
            return Err(Problem::conflict("this is the last administrator"));
        }
        // The two may remove each other at once: whoever comes second is no administrator any more.
        if !active.contains(&actor.id()) {
            return Err(Problem::forbidden("your account is not active any more"));
        }
    }
    Ok(())
}

/// Removes an account, of that role where one is named.
pub(super) async fn delete(api: &Api, actor: &Actor, id: Uuid, role: Option<Role>) -> Result<Done, Problem> {
    let mut work = api.begin(actor).await?;
    let account = reach(api, &mut work, actor, id).await?;
    if role.is_some_and(|role| role != account.role) {
        return Err(Problem::missing("there is no such account"));
    }
    if role.is_none() && account.role == Role::Administrator {
        return Err(Problem::conflict("an administrator is removed at DELETE /api/v1/administrators/{id}"));
    }
    spare(&mut work, actor, &account).await?;
    accounts::remove(&mut work, id).await?;
    api.changed(&mut work, actor, None, "staff").await?;
    work.commit().await?;
    api.forget(Subject::Staff(id));
    Ok(Done)
}

async fn remove(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageStaff>,
    At(id): At<Uuid>,
) -> Result<Done, Problem> {
    delete(&api, &actor, id, None).await
}

async fn sign_out(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageStaff>,
    At(id): At<Uuid>,
) -> Result<Done, Problem> {
    let mut work = api.begin(&actor).await?;
    let account = reach(&api, &mut work, &actor, id).await?;
    accounts::end_all(&mut work, Subject::Staff(account.id), None, Ended::Administrator, api.now()).await?;
    api.changed(&mut work, &actor, None, "staff").await?;
    work.commit().await?;
    api.forget(Subject::Staff(id));
    Ok(Done)
}
