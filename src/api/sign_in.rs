//! Signing in with e-mail and password, keeping signed in, signing out.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::frame::answer::{Done, Found};
use super::frame::body::Body;
use super::frame::field::{Line, Secret};
use super::frame::gate::{Allowed, Proving};
use super::frame::{Api, Problem, Routes};
use crate::identity::{Admission, Handle, Password, Role, TryLimits, grants};
use crate::store::accounts::{self, Account, Ended, Rotated, Subject};
use crate::store::trail::{self, Doer};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("sign-in", "Signing in, staying signed in, signing out.");
    routes.post("/api/login", login, "Sign in with e-mail and password");
    routes.post("/api/admin/login", admin_login, "Sign in as an administrator");
    routes.post("/api/token/refresh", refresh, "Replace a refresh token and get a new access token");
    routes.post("/api/logout", sign_out, "Sign out here");
    routes.post("/api/logout-everywhere", sign_out_everywhere, "Sign out everywhere");
}

/// An address and its password.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"email": "nurse@hospital.example", "password": "river stone lantern"}))]
pub struct Login {
    /// E-mail address of the account.
    email: Line<1, 200>,
    /// Password.
    password: Secret,
    /// Code of the authenticator app, where the account asks for one.
    code: Option<Line<6, 6>>,
}

/// Who signed in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct User {
    /// Account or person.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// E-mail address; none of a patient.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, value_type = String)]
    pub email: Option<String>,
    /// Role.
    pub role: Role,
    /// Facility.
    pub facility: Option<i32>,
    /// Profession, of a professional.
    pub profession: Option<String>,
}

impl From<&Account> for User {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id,
            name: account.name.clone(),
            email: Some(account.email.clone()),
            role: account.role,
            facility: account.facility,
            profession: account.profession.clone(),
        }
    }
}

/// A sign-in.
#[derive(Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "token": "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiIsImtpZCI6ImsxIn0.e30.c2ln", "refresh_token": "AZKc2lnbi1pbg", "expires_in": 600,
    "user": {"id": "01930000-0000-7000-8000-000000000001", "name": "A nurse", "email": "nurse@hospital.example",
             "role": "professional", "facility": 12, "profession": "nurse"}
}))]
pub struct SignedIn {
    /// Access token, for `Authorization: Bearer`.
    pub token: String,
    /// Serves once, for a new pair.
    pub refresh_token: String,
    /// Seconds for which the access token is good.
    pub expires_in: i64,
    /// Who.
    pub user: User,
}

const REFUSED: &str =
    "e-mail address, password or code is wrong, or there were too many tries; wait a little and try again";

/// Tries in a row before an account waits, and how long.
const LIMITS: TryLimits = TryLimits {
    tries: 8,
    first_lock: chrono::TimeDelta::minutes(1),
    longest_lock: chrono::TimeDelta::hours(1),
};

async fn login(
    State(api): State<Arc<Api>>,
    _: Proving,
    Body(login): Body<Login>,
) -> Result<Found<SignedIn>, Problem> {
    sign_in(&api, &login, &Role::ALL).await
}

async fn admin_login(
    State(api): State<Arc<Api>>,
    _: Proving,
    Body(login): Body<Login>,
) -> Result<Found<SignedIn>, Problem> {
    sign_in(&api, &login, &[Role::Administrator]).await
}

/// Checks an address and its password. Whatever is wrong, the answer is the same and takes as long.
async fn sign_in(api: &Api, login: &Login, roles: &[Role]) -> Result<Found<SignedIn>, Problem> {
    let patience = api.refusal();
    let checked = check(api, login, roles).await;
    if let Err(problem) = &checked
        && problem.status == 401
    {
        patience.await;
    }
    let account = checked?;
    let mut work = api.nobody().await?;
    accounts::signed_in(&mut work, account.id, api.now()).await?;
    let signed_in = start(api, &mut work, Subject::Staff(account.id), User::from(&account)).await?;
    work.commit().await?;
    Ok(Found(signed_in))
}

async fn check(api: &Api, login: &Login, roles: &[Role]) -> Result<Account, Problem> {
    if api.passwords.is_full() {
        return Err(Problem::busy());
    }
    let password = Password::typed(&login.password);
    let mut work = api.nobody().await?;
    let account = accounts::find_by_email(&mut work, api.keyring(), &login.email).await?;
    let account = account.filter(|account| account.status == "active" && roles.contains(&account.role));
    let Some((account, hash)) =
        account.and_then(|account| account.password_hash.clone().map(|hash| (account, hash)))
    else {
        work.rollback().await?;
        api.passwords.verify(password.reveal(), api.decoy().await?).await?;
        return Err(Problem::unauthenticated(REFUSED));
    };
    let mut guard = accounts::hold(&mut work, api.keyring(), account.id).await?;
    let attempt = i64::from_be_bytes(api.keyring().random());
    let admission = accounts::reserve(&mut work, account.id, &mut guard, attempt, api.now(), &LIMITS).await?;
    work.commit().await?;
    let admitted = matches!(admission, Admission::Admitted { .. });
    let against = if admitted { hash.as_str() } else { api.decoy().await? };
    let Ok(fits) = api.passwords.verify(password.reveal(), against).await else {
        if admitted {
            take_back(api, account.id, attempt).await?;
        }
        return Err(Problem::busy());
    };
    if !(fits && admitted) {
        note(api, &account, "sign_in_failed").await?;
        return Err(Problem::unauthenticated(REFUSED));
    }
    let mut work = api.nobody().await?;
    if guard.totp_on {
        let Some(code) = &login.code else {
            return Err(Problem::unauthenticated("send the code of your authenticator app too")
                .kind("/problems/code-required"));
        };
        let taken = guard.totp.as_ref().and_then(|secret| secret.check(code, api.now(), guard.totp_step));
        let fresh = match taken {
            Some(code) => accounts::take_code(&mut work, account.id, code).await?,
            None => false,
        };
        if !fresh {
            note(api, &account, "sign_in_failed").await?;
            return Err(Problem::unauthenticated(REFUSED));
        }
    }
    // Where there is no time for it, it is done at another sign-in.
    if api.passwords.needs_rehash(&hash)
        && let Ok(new) = api.passwords.hash(password.reveal()).await
    {
        accounts::rehash(&mut work, account.id, &hash, &new).await?;
    }
    work.commit().await?;
    Ok(account)
}

/// Takes back a try that was counted but could not be checked.
async fn take_back(api: &Api, staff: Uuid, attempt: i64) -> Result<(), Problem> {
    let mut work = api.nobody().await?;
    let mut guard = accounts::hold(&mut work, api.keyring(), staff).await?;
    accounts::withdraw(&mut work, staff, &mut guard, attempt, &LIMITS).await?;
    Ok(work.commit().await?)
}

async fn note(api: &Api, account: &Account, act: &'static str) -> Result<(), Problem> {
    let role = account.profession.clone().unwrap_or_else(|| account.role.word().to_owned());
    let doer =
        Doer { staff: Some(account.id), role: Some(role), facility: account.facility, sign_in: Uuid::nil() };
    api.witness
        .note(vec![trail::Line { at: api.now(), doer, person: None, act, what: "account", reason: None }])
        .await
}

/// Starts a sign-in in a transaction and writes it down.
pub(super) async fn start(
    api: &Api,
    work: &mut sqlx::PgConnection,
    subject: Subject,
    user: User,
) -> Result<SignedIn, Problem> {
    let now = api.now();
    let handle = Handle::new(api.new_id(), api.keyring().random());
    let lasts = match subject {
        Subject::Staff(_) => api.settings.staff_sign_in,
        Subject::Person(_) => api.settings.patient_sign_in,
    };
    accounts::start(work, handle.id, subject, &handle.digest(api.keyring()), now, now + lasts).await?;
    let (staff, person) = match subject {
        Subject::Staff(id) => (Some(id), None),
        Subject::Person(id) => (None, Some(id)),
    };
    let role = user.profession.clone().unwrap_or_else(|| user.role.word().to_owned());
    let doer = Doer { staff, role: staff.map(|_| role), facility: user.facility, sign_in: handle.id };
    let line = trail::Line { at: now, doer, person, act: "sign_in", what: "account", reason: None };
    trail::add(work, api.keyring(), &[line]).await?;
    let (token, expires_in) = api.tokens.issue(subject.id(), handle.id, user.role, now);
    Ok(SignedIn { token, refresh_token: handle.text(), expires_in, user })
}

/// A refresh token.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// As it was given last.
    refresh_token: Secret,
}

/// A new pair of tokens.
#[derive(Clone, Serialize, ToSchema)]
pub struct Refreshed {
    /// Access token.
    token: String,
    /// The next refresh token.
    refresh_token: String,
    /// Seconds for which the access token is good.
    expires_in: i64,
}

const NOT_GOOD: &str = "this refresh token is not good any more; sign in again";

async fn refresh(
    State(api): State<Arc<Api>>,
    _: Proving,
    Body(refresh): Body<Refresh>,
) -> Result<Found<Refreshed>, Problem> {
    let handle = Handle::parse(&refresh.refresh_token).map_err(|_| Problem::unauthenticated(NOT_GOOD))?;
    let next = Handle::new(handle.id, api.keyring().random());
    let (old, new) = (handle.digest(api.keyring()), next.digest(api.keyring()));
    let mut work = api.door().await?;
    let rotated = accounts::rotate(&mut work, handle.id, &old, &new, api.now()).await?;
    work.commit().await?;
    let subject = match rotated {
        Rotated::Fresh(subject) => subject,
        Rotated::Reused => {
            api.live.invalidate(&handle.id);
            tracing::warn!(sign_in = %handle.id, "a refresh token came twice; its sign-in is ended");
            return Err(Problem::unauthenticated(NOT_GOOD));
        }
        Rotated::Gone => return Err(Problem::unauthenticated(NOT_GOOD)),
    };
    let live = accounts::live(&api.service, handle.id, api.now()).await?;
    let live = live.ok_or_else(|| Problem::unauthenticated(NOT_GOOD))?;
    let (token, expires_in) = api.tokens.issue(subject.id(), handle.id, live.role, api.now());
    Ok(Found(Refreshed { token, refresh_token: next.text(), expires_in }))
}

async fn sign_out(State(api): State<Arc<Api>>, actor: Allowed<grants::SignOut>) -> Result<Done, Problem> {
    let mut work = api.begin(&actor).await?;
    accounts::end(&mut work, actor.sign_in, Ended::SignOut, api.now()).await?;
    work.commit().await?;
    api.live.invalidate(&actor.sign_in);
    Ok(Done)
}

async fn sign_out_everywhere(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::SignOut>,
) -> Result<Done, Problem> {
    let mut work = api.begin(&actor).await?;
    accounts::end_all(&mut work, actor.subject, None, Ended::Everywhere, api.now()).await?;
    work.commit().await?;
    api.forget(actor.subject);
    Ok(Done)
}
