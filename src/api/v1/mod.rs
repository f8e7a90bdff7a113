//! The clean resources, one file a group.

mod administrators;
mod appointments;
mod audit;
mod births;
mod codes;
mod consents;
mod documents;
mod entrant;
mod export;
mod facilities;
mod import;
mod messages;
mod numbers;
mod patients;
mod pin;
mod pregnancies;
mod prescriptions;
mod professionals;
pub(super) mod reach;
mod record;
mod referrals;
mod registrations;
mod services;
mod show;
mod users;
mod visits;

pub(super) use administrators::new_administrator;
pub(super) use births::BirthType;
pub(super) use consents::not_kept;
pub use documents::sniff;
pub(super) use documents::store as store_document;
pub use entrant::{Entrant, entrants};
pub(super) use export::table;
pub(super) use import::import_table;
pub(super) use professionals::approve;
pub(super) use reach::{Wants, reached};
pub(super) use registrations::verify_facility;
pub(super) use users::{reach as reach_user, spare};

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
    numbers::list(routes);
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
    registrations::list(routes);
    documents::list(routes);
    professionals::list(routes);
    users::list(routes);
    administrators::list(routes);
    audit::list(routes);
    export::list(routes);
    import::list(routes);
    codes::list(routes);
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
    mails::link(api, work, &account, MailedPurpose::VerifyEmail).await
}
