//! The numbers that lead to a patient: one is added, one is ended. The numbers that she had are told at once,
//! and for a time no new PIN goes to one that is new to her.

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::reach::{Wants, reached};
use crate::api::frame::answer::Found;
use crate::api::frame::body::Body;
use crate::api::frame::field::Phone;
use crate::api::frame::gate::Allowed;
use crate::api::frame::page::All;
use crate::api::frame::{About, Api, At, Problem, Routes};
use crate::api::pins;
use crate::identity::grants;
use crate::privacy::PersonKey;
use crate::store::phones;
use crate::store::record::own_numbers::{self, Added, OwnNumber};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.get("/api/v1/patients/{id}/numbers", all, "List a patient's numbers");
    routes.post("/api/v1/patients/{id}/numbers", change, "Add a number to a patient's, or end one");
}

/// A number of hers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NumberView {
    /// The number.
    pub phone: String,
    /// Since when it leads to her.
    pub since: DateTime<Utc>,
    /// No new PIN goes there before this, but through staff who have her before them; none where any may.
    pub no_pin_before: Option<DateTime<Utc>>,
}

/// What changes. At least one of the two; both at once where one takes the other's place.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"add": "+23277000002", "end": "+23276000001"}))]
pub struct NumberChange {
    /// A number that is to lead to her.
    add: Option<Phone>,
    /// A number of hers that no longer does.
    end: Option<Phone>,
}

async fn all(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ReadRecord>,
    At(id): At<Uuid>,
) -> Result<Found<All<NumberView>>, Problem> {
    let mut work = api.begin(&actor).await?;
    let patient = reached(&api, &mut work, &actor, id, Wants::Read).await?;
    let numbers = shown(&api, &mut work, &patient.key).await?;
    drop(work);
    api.seen(&actor, id, "numbers").await?;
    Ok(Found(All(numbers)))
}

async fn shown(
    api: &Api,
    work: &mut sqlx::PgConnection,
    key: &PersonKey,
) -> Result<Vec<NumberView>, Problem> {
    let view = |own: OwnNumber| {
        let until = own.linked_at + api.settings.guard.cooling;
        NumberView {
            phone: own.number,
            since: own.linked_at,
            no_pin_before: (own.added && until > api.now()).then_some(until),
        }
    };
    Ok(own_numbers::list(work, key).await?.into_iter().map(view).collect())
}

async fn change(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ChangePatient>,
    At(id): At<Uuid>,
    Body(body): Body<NumberChange>,
) -> Result<Found<All<NumberView>>, Problem> {
    if body.add.is_none() && body.end.is_none() {
        return Err(Problem::field("add", "expected a number to add, or one to `end`"));
    }
    let index = |phone: Phone| api.keyring().phone_index(phone.0);
    let added = body.add.map(|phone| (phone, index(phone)));
    let ended = body.end.map(index);
    if added.is_some_and(|(_, phone)| Some(phone) == ended) {
        return Err(Problem::field("end", "this is the number that is to be added"));
    }
    let (now, since) = (api.now(), api.settings.guard.since(api.now()));
    let mut work = api.begin(&actor).await?;
    if let Some((_, phone)) = &added {
        phones::hold(&mut work, phone).await?;
    }
    let patient = reached(&api, &mut work, &actor, id, Wants::Change).await?;
    if let Some(phone) = &ended
        && !own_numbers::end(&mut work, id, phone, since, now).await?
    {
        return Err(Problem::field("end", "this number is none of hers"));
    }
    if let Some((msisdn, phone)) = &added {
        match own_numbers::add(&mut work, &patient.key, phone, msisdn.0, since, now).await? {
            Added::Yes => {}
            Added::Known => return Err(Problem::conflict("this number is hers already")),
            Added::Full => return Err(Problem::conflict("nine people share this number already")),
        }
    }
    let but = added.as_ref().map(|(_, phone)| phone);
    pins::warn(&api, &mut work, (&patient.key, &patient.language), About::NumberChanged, but).await?;
    api.changed(&mut work, &actor, Some(id), "numbers").await?;
    let numbers = shown(&api, &mut work, &patient.key).await?;
    work.commit().await?;
    Ok(Found(All(numbers)))
}
