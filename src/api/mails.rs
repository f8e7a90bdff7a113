//! E-mails to staff. Short, plain, and with nothing about any patient.

use chrono::TimeDelta;
use sqlx::PgConnection;

use super::frame::{Api, Problem};
use crate::store::accounts::{self, Account, MailedPurpose};
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
    let text = format!("Hello {},\n\n{text}\n\n{}", account.name, api.settings.public_url);
    let mail = NewMail { cause, to: &account.email, subject, text: &text, now, expires_at: now + lasts };
    Ok(mail::enqueue(work, api.keyring(), &mail).await?)
}

/// What a mail with a link says: the page that it opens, the subject, and the words before the link and
/// after it.
fn wording(purpose: MailedPurpose, account: &Account) -> (&'static str, &'static str, String, &'static str) {
    match purpose {
        MailedPurpose::Invitation => (
            "invitation",
            "Your MamaCare account",
            format!("an account was made for you, as {}. Choose a password within a week:", account.role.word()),
            "",
        ),
        MailedPurpose::ResetPassword => (
            "password",
            "A new MamaCare password",
            "somebody asked for a new password of your account. If it was you, set it within half an hour:".to_owned(),
            "\n\nIf not, do nothing: your password stays as it is.",
        ),
        MailedPurpose::VerifyEmail => (
            "verify",
            "Your MamaCare registration",
            "please show that this e-mail address is yours. An administrator looks at your registration then:"
                .to_owned(),
            "",
        ),
    }
}

/// Sends an account a link with a new token for that purpose; those before it no longer count.
pub async fn link(
    api: &Api,
    work: &mut PgConnection,
    account: &Account,
    purpose: MailedPurpose,
) -> Result<(), Problem> {
    let handle = accounts::issue_mailed(work, api.keyring(), purpose, account.id, api.now()).await?;
    let (page, subject, before, after) = wording(purpose, account);
    let site = api.settings.public_url.trim_end_matches('/');
    // Behind the number sign, the token stays out of logs and Referer headers.
    let text = format!("{before}\n\n{site}/console/{page}#token={}{after}", handle.text());
    let cause = format!("{page}:{}", handle.id);
    send(api, work, &cause, account, subject, &text, purpose.lifetime()).await
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
