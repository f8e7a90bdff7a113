//! One's own account: password, e-mail address, one-time codes; invitations and forgotten passwords.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::frame::answer::{Accepted, Done, Found};
use super::frame::body::Body;
use super::frame::field::{Email, Line, Name, Secret};
use super::frame::gate::{Allowed, Knock};
use super::frame::{Api, Problem, Routes};
use super::mails;
use super::sign_in::User;
use crate::identity::{Handle, Password, TotpSecret, grants};
use crate::store::accounts::{self, Account, Ended, MailedPurpose, Subject};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("account", "One's own account, and the ways to get into it.");
    routes.get("/api/account", show, "Who is signed in");
    routes.post("/api/password/change", change_password, "Change one's own password");
    routes.post("/api/password/forgot", forgot, "Ask for a link to set a new password");
    routes.post("/api/password/reset", reset, "Set a new password with the link");
    routes.post("/api/email/verify", verify, "Show that an e-mail address is one's own");
    routes.post("/api/invitations/accept", accept, "Accept an invitation and choose a password");
    routes.post("/api/account/totp", totp_begin, "Begin to ask for one-time codes");
    routes.post("/api/account/totp/confirm", totp_confirm, "Confirm the authenticator app with a code");
    routes.post("/api/account/totp/withdraw", totp_withdraw, "No longer ask for one-time codes");
}

/// One's own account.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OwnAccount {
    /// Who.
    #[serde(flatten)]
    user: User,
    /// Whether the e-mail address was shown to be one's own.
    email_verified: bool,
    /// Whether a one-time code is asked for.
    totp: bool,
}

async fn show(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::OwnAccount>,
) -> Result<Found<OwnAccount>, Problem> {
    let mut work = api.begin(&actor).await?;
    let account = own(&api, &mut work, actor.id()).await?;
    let guard = accounts::hold(&mut work, api.keyring(), account.id).await?;
    work.commit().await?;
    Ok(Found(OwnAccount {
        user: User::from(&account),
        email_verified: guard.verified_at.is_some(),
        totp: guard.totp_on,
    }))
}

async fn own(api: &Api, work: &mut sqlx::PgConnection, id: Uuid) -> Result<Account, Problem> {
    accounts::find(work, api.keyring(), id)
        .await?
        .ok_or_else(|| Problem::unauthenticated("this account is no more"))
}

/// Where something is told once more.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Message {
    /// In words.
    pub message: String,
}

impl Message {
    /// Those words.
    pub fn of(text: impl Into<String>) -> Self {
        Self { message: text.into() }
    }
}

/// The old password and a new one.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"current": "river stone lantern", "new": "seven quiet mangoes"}))]
pub struct ChangePassword {
    /// As it is.
    current: Secret,
    /// As it shall be: 12 characters or more, and none of those that everybody tries.
    new: Secret,
}

/// Whether somebody who is signed in knows her password too.
async fn prove(api: &Api, account: &Account, password: &str) -> Result<(), Problem> {
    let hash = account.password_hash.as_deref().unwrap_or_default();
    if api.passwords.verify(Password::typed(password).reveal(), hash).await? {
        Ok(())
    } else {
        Err(Problem::field("current", "this is not the password of this account"))
    }
}

fn choose(text: &str, account: &Account) -> Result<Password, Problem> {
    Password::chosen(text, &[&account.name, &account.email])
        .map_err(|error| Problem::field("password", error.to_string()))
}

/// Gives an account its new password; whoever else is signed in to it no longer is.
async fn set(
    api: &Api,
    work: &mut sqlx::PgConnection,
    account: &Account,
    password: &Password,
    keep: Option<Uuid>,
) -> Result<(), Problem> {
    let hash = api.passwords.hash(password.reveal()).await?;
    let now = api.now();
    accounts::set_password(work, account.id, &hash, now).await?;
    accounts::clear_tries(work, account.id).await?;
    accounts::end_all(work, Subject::Staff(account.id), keep, Ended::Password, now).await?;
    accounts::withdraw_mailed(work, MailedPurpose::ResetPassword, account.id, now).await?;
    api.forget(Subject::Staff(account.id));
    mails::password_changed(api, work, account).await
}

async fn change_password(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::OwnAccount>,
    knock: Knock,
    Body(change): Body<ChangePassword>,
) -> Result<Done, Problem> {
    let _ = knock;
    let mut work = api.begin(&actor).await?;
    let account = own(&api, &mut work, actor.id()).await?;
    prove(&api, &account, &change.current).await?;
    let password = choose(&change.new, &account)?;
    set(&api, &mut work, &account, &password, Some(actor.sign_in)).await?;
    api.changed(&mut work, &actor, None, "password").await?;
    work.commit().await?;
    Ok(Done)
}

/// An address.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Forgot {
    /// Of the account.
    email: Email,
}

const SENT: &str = "if there is an account with this address, a mail with a link is on its way";

/// Answers alike, and as fast, whether or not there is such an account.
async fn forgot(
    State(api): State<Arc<Api>>,
    _: Knock,
    Body(forgot): Body<Forgot>,
) -> Result<Accepted<Message>, Problem> {
    let patience = api.refusal();
    let mut work = api.nobody().await?;
    let account = accounts::find_by_email(&mut work, api.keyring(), &forgot.email).await?;
    if let Some(account) = account.filter(|account| account.status == "active") {
        mails::link(&api, &mut work, &account, MailedPurpose::ResetPassword).await?;
    }
    work.commit().await?;
    patience.await;
    Ok(Accepted(Message::of(SENT)))
}

/// A link's token and the new password.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    /// From the link.
    token: Secret,
    /// The new password.
    password: Secret,
}

const NO_LINK: &str = "this link was used already, or its time is over; ask for a new one";

async fn take(
    api: &Api,
    work: &mut sqlx::PgConnection,
    purpose: MailedPurpose,
    token: &str,
) -> Result<Account, Problem> {
    let refused = || Problem::field("token", NO_LINK);
    let handle = Handle::parse(token).map_err(|_| refused())?;
    let staff =
        accounts::take_mailed(work, api.keyring(), purpose, &handle, api.now()).await?.ok_or_else(refused)?;
    own(api, work, staff).await
}

async fn reset(State(api): State<Arc<Api>>, _: Knock, Body(reset): Body<Reset>) -> Result<Done, Problem> {
    let mut work = api.nobody().await?;
    let account = take(&api, &mut work, MailedPurpose::ResetPassword, &reset.token).await?;
    if account.status != "active" {
        return Err(Problem::field("token", NO_LINK));
    }
    let password = choose(&reset.password, &account)?;
    set(&api, &mut work, &account, &password, None).await?;
    // Who reads the mail owns the address.
    accounts::verified(&mut work, account.id, api.now()).await?;
    work.commit().await?;
    Ok(Done)
}

/// A link's token.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// From the link.
    token: Secret,
}

async fn verify(State(api): State<Arc<Api>>, _: Knock, Body(verify): Body<Token>) -> Result<Done, Problem> {
    let mut work = api.nobody().await?;
    let account = take(&api, &mut work, MailedPurpose::VerifyEmail, &verify.token).await?;
    accounts::verified(&mut work, account.id, api.now()).await?;
    work.commit().await?;
    Ok(Done)
}

/// An invitation's token and what its owner chooses.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Accept {
    /// From the link.
    token: Secret,
    /// A password of one's own.
    password: Secret,
    /// A better spelling of one's name.
    name: Option<Name>,
}

async fn accept(
    State(api): State<Arc<Api>>,
    _: Knock,
    Body(accept): Body<Accept>,
) -> Result<Found<User>, Problem> {
    let mut work = api.nobody().await?;
    let account = take(&api, &mut work, MailedPurpose::Invitation, &accept.token).await?;
    if account.status != "invited" {
        return Err(Problem::field("token", NO_LINK));
    }
    let password = choose(&accept.password, &account)?;
    if let Some(name) = &accept.name {
        let change = accounts::Change { name: Some(name), ..accounts::Change::default() };
        accounts::update(&mut work, api.keyring(), account.id, &change, account.updated_at, api.now())
            .await?;
    }
    set(&api, &mut work, &account, &password, None).await?;
    accounts::verified(&mut work, account.id, api.now()).await?;
    let account = own(&api, &mut work, account.id).await?;
    work.commit().await?;
    Ok(Found(User::from(&account)))
}

/// What an authenticator app needs.
#[derive(Clone, Serialize, ToSchema)]
pub struct TotpBegun {
    /// To be typed into the app.
    secret: String,
    /// To be shown as a QR code.
    uri: String,
}

/// The password, to be sure who asks.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// As it is.
    current: Secret,
}

async fn totp_begin(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::OwnAccount>,
    _: Knock,
    Body(proof): Body<Proof>,
) -> Result<Found<TotpBegun>, Problem> {
    let mut work = api.begin(&actor).await?;
    let account = own(&api, &mut work, actor.id()).await?;
    prove(&api, &account, &proof.current).await?;
    let guard = accounts::hold(&mut work, api.keyring(), account.id).await?;
    if guard.totp_on {
        return Err(Problem::conflict("codes are asked for already; withdraw them first"));
    }
    let secret = TotpSecret::new(api.keyring().random());
    accounts::set_totp(&mut work, api.keyring(), account.id, &secret, None).await?;
    work.commit().await?;
    Ok(Found(TotpBegun { secret: secret.base32(), uri: secret.uri(&account.email) }))
}

/// A code of the app.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// Six digits.
    code: Line<6, 6>,
}

async fn totp_confirm(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::OwnAccount>,
    _: Knock,
    Body(code): Body<Code>,
) -> Result<Done, Problem> {
    let mut work = api.begin(&actor).await?;
    let guard = accounts::hold(&mut work, api.keyring(), actor.id()).await?;
    let Some(secret) = guard.totp.filter(|_| !guard.totp_on) else {
        return Err(Problem::conflict("there is nothing to confirm; begin first"));
    };
    let taken = secret
        .check(&code.code, api.now(), guard.totp_step)
        .ok_or_else(|| Problem::field("code", "this is not the code that the app shows now"))?;
    accounts::set_totp(&mut work, api.keyring(), actor.id(), &secret, Some(api.now())).await?;
    accounts::take_code(&mut work, actor.id(), taken).await?;
    api.changed(&mut work, &actor, None, "totp").await?;
    work.commit().await?;
    Ok(Done)
}

async fn totp_withdraw(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::OwnAccount>,
    _: Knock,
    Body(proof): Body<Proof>,
) -> Result<Done, Problem> {
    let mut work = api.begin(&actor).await?;
    let account = own(&api, &mut work, actor.id()).await?;
    prove(&api, &account, &proof.current).await?;
    accounts::hold(&mut work, api.keyring(), account.id).await?;
    accounts::withdraw_totp(&mut work, account.id).await?;
    api.changed(&mut work, &actor, None, "totp").await?;
    work.commit().await?;
    Ok(Done)
}

/// Invites: makes an account that waits for its owner, and sends her the link.
pub(super) async fn invite(
    api: &Api,
    work: &mut sqlx::PgConnection,
    account: &accounts::NewAccount<'_>,
) -> Result<(), Problem> {
    if !accounts::add(work, api.keyring(), account).await? {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "there is an account with this e-mail address already",
        ));
    }
    if account.status == "invited" {
        send_invitation(api, work, account.id).await?;
    }
    Ok(())
}

/// Sends the link of an invitation, or sends it again.
pub(super) async fn send_invitation(
    api: &Api,
    work: &mut sqlx::PgConnection,
    id: Uuid,
) -> Result<(), Problem> {
    let account = own(api, work, id).await?;
    mails::link(api, work, &account, MailedPurpose::Invitation).await
}

/// Lets an account in that waited to be verified: it chose its password at registration, or does so now
/// by the link of an invitation.
pub(super) async fn admit(
    api: &Api,
    work: &mut sqlx::PgConnection,
    waiting: &Account,
) -> Result<(), Problem> {
    let status = if waiting.password_hash.is_some() { "active" } else { "invited" };
    let change = accounts::Change { status: Some(status), ..accounts::Change::default() };
    accounts::update(work, api.keyring(), waiting.id, &change, waiting.updated_at, api.now()).await?;
    if status == "active" {
        mails::admitted(api, work, waiting).await
    } else {
        send_invitation(api, work, waiting.id).await
    }
}
