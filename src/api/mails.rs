//! E-mails to staff. Short, plain, and with nothing about any patient.

use chrono::TimeDelta;
use sqlx::PgConnection;

use super::frame::{Api, Problem};
use crate::identity::Handle;
use crate::store::accounts::{Account, MailedPurpose};
use crate::store::mail::{self, NewMail};

async fn send(
    api: &Api,
    work: &mut PgConnection,
    cause: &str,
    account: &Account,
    subject: &str,
    text: &str,
    lasts: TimeDelta,
) -> Result<(), Problem> {
    let now = api.now();
    let text = format!("Hello {},\n\n{text}\n\nMamaCare\n{}", account.name, api.settings.public_url);
    let mail = NewMail { cause, to: &account.email, subject, text: &text, now, expires_at: now + lasts };
    Ok(mail::enqueue(work, api.keyring(), &mail).await?)
}

fn link(api: &Api, page: &str, handle: &Handle) -> String {
    // Behind the number sign, the token stays out of logs and Referer headers.
    format!("{}/console/{page}#token={}", api.settings.public_url.trim_end_matches('/'), handle.text())
}

/// An invitation with its link.
pub async fn invitation(
    api: &Api,
    work: &mut PgConnection,
    account: &Account,
    handle: &Handle,
) -> Result<(), Problem> {
    let text = format!(
        "an account was made for you, as {}. Choose a password within a week:\n\n{}",
        account.role.word(),
        link(api, "invitation", handle)
    );
    let cause = format!("invitation:{}", handle.id);
    send(api, work, &cause, account, "Your MamaCare account", &text, MailedPurpose::Invitation.lifetime())
        .await
}

/// A link to set a new password.
pub async fn reset_password(
    api: &Api,
    work: &mut PgConnection,
    account: &Account,
    handle: &Handle,
) -> Result<(), Problem> {
    let text = format!(
        "somebody asked for a new password of your account. If it was you, set it within half an hour:\n\n{}\n\nIf not, do nothing: your password stays as it is.",
        link(api, "password", handle)
    );
    let cause = format!("reset:{}", handle.id);
    send(
        api,
        work,
        &cause,
        account,
        "A new MamaCare password",
        &text,
        MailedPurpose::ResetPassword.lifetime(),
    )
    .await
}

/// A link to show that the address is one's own.
pub async fn verify_email(
    api: &Api,
    work: &mut PgConnection,
    account: &Account,
    handle: &Handle,
) -> Result<(), Problem> {
    let text = format!(
        "please show that this e-mail address is yours. An administrator looks at your registration then:\n\n{}",
        link(api, "verify", handle)
    );
    let cause = format!("verify:{}", handle.id);
    send(
        api,
        work,
        &cause,
        account,
        "Your MamaCare registration",
        &text,
        MailedPurpose::VerifyEmail.lifetime(),
    )
    .await
}

/// Tells that the password was changed.
pub async fn password_changed(api: &Api, work: &mut PgConnection, account: &Account) -> Result<(), Problem> {
    let cause = format!("password:{}:{}", account.id, api.now().timestamp_micros());
    let text = "the password of your account was changed just now. If that was not you, tell an administrator at once.";
    send(api, work, &cause, account, "Your MamaCare password was changed", text, TimeDelta::days(2)).await
}

/// Tells that a registration was verified.
pub async fn admitted(api: &Api, work: &mut PgConnection, account: &Account) -> Result<(), Problem> {
    let cause = format!("admitted:{}", account.id);
    let text = "your registration was verified. You can sign in with your e-mail address and the password that you chose.";
    send(api, work, &cause, account, "Your MamaCare registration is verified", text, TimeDelta::days(7)).await
}
