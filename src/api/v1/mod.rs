//! The clean resources, one file a group.

mod appointments;
mod audit;
mod births;
mod consents;
mod documents;
mod facilities;
mod messages;
mod patients;
mod pin;
mod pregnancies;
mod prescriptions;
mod professionals;
pub(super) mod reach;
mod record;
mod referrals;
mod show;
mod tables;
mod users;
mod visits;

pub(super) use births::BirthType;
pub(super) use consents::not_kept;
pub(super) use documents::store as store_document;
pub(super) use facilities::verify_facility;
pub(super) use professionals::{approve, public as public_professionals};
pub(super) use reach::{Wants, reached};
pub(super) use tables::{import_table, table};
pub(super) use users::{new_administrator, reach as reach_user, spare};

use chrono::NaiveDate;
use sqlx::PgConnection;
use uuid::Uuid;

use super::frame::field::Day;
use super::frame::{Api, Problem};
use super::mails;
use crate::store::accounts::{self, MailedPurpose, NewAccount};
use crate::store::consents as given;
use crate::store::directory::professionals::Detail;
use crate::store::record::pregnancies::Due;

use super::frame::Routes;

/// Lists the routes of all groups.
pub fn list(routes: &mut Routes) {
    patients::list(routes);
    pin::list(routes);
    record::list(routes);
    visits::list(routes);
    pregnancies::list(routes);
    births::list(routes);
    prescriptions::list(routes);
    appointments::list(routes);
    referrals::list(routes);
    messages::list(routes);
    consents::list(routes);
    facilities::list(routes);
    documents::list(routes);
    professionals::list(routes);
    users::list(routes);
    audit::list(routes);
    tables::list(routes);
}

/// The due date by the last period, of a pregnancy that can go on.
pub fn v1_due(today: NaiveDate, lmp: Day) -> Result<Due<'static>, Problem> {
    pregnancies::due(today, Some(lmp), None, None, pregnancies::PrecisionWord::Day)
}

/// She agrees, by herself, that her record is kept.
pub async fn self_consent(
    api: &Api,
    work: &mut PgConnection,
    person: Uuid,
    language: &str,
) -> Result<(), Problem> {
    let agreement = given::Agreement {
        person,
        purpose: patients::Purpose::Care.code(),
        channel: "api",
        text_version: "form-1",
        language,
        now: api.now(),
    };
    Ok(given::give(work, agreement).await?)
}

/// Adds a professional who waits to be verified, and is shown in the directory then.
pub async fn apply_as_professional(
    api: &Api,
    work: &mut PgConnection,
    account: &NewAccount<'_>,
    detail: &Detail,
) -> Result<bool, Problem> {
    professionals::apply(api, work, account, detail, true).await
}

/// Asks an account to show that its address is its own.
pub async fn verification_mail(api: &Api, work: &mut PgConnection, id: Uuid) -> Result<(), Problem> {
    let account = accounts::find(work, api.keyring(), id).await?.ok_or_else(Problem::busy)?;
    let handle =
        accounts::issue_mailed(work, api.keyring(), MailedPurpose::VerifyEmail, id, api.now()).await?;
    mails::verify_email(api, work, &account, &handle).await
}
