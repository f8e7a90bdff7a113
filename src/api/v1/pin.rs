//! A PIN for a patient through staff who have her before them: to her number, or to a mailbox that she
//! names. Staff never see it.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::reach::{Wants, reached};
use crate::api::account::Message;
use crate::api::frame::answer::Accepted;
use crate::api::frame::body::Body;
use crate::api::frame::field::Email;
use crate::api::frame::gate::Allowed;
use crate::api::frame::{Api, At, Problem, Routes};
use crate::api::pins;
use crate::care::Msisdn;
use crate::identity::grants;
use crate::store::pin_delivery::{AskedBy, Delivered, Delivery, Way, deliver};
use crate::store::record::patients;
use crate::text::segments;

/// It says nothing of what is in it, nor of what the service is for.
const SUBJECT: &str = "MamaCare";

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.post("/api/v1/patients/{id}/pin", send, "Send a patient a new PIN, by SMS or by e-mail");
}

/// Where a PIN goes.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct Where {
    /// A mailbox that is hers, kept only until the mail has left. Without it, the PIN goes by SMS to
    /// the number that was linked to her first.
    email: Option<Email>,
}

async fn send(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ChangePatient>,
    At(id): At<Uuid>,
    Body(body): Body<Where>,
) -> Result<Accepted<Message>, Problem> {
    let mut work = api.begin(&actor).await?;
    let patient = reached(&api, &mut work, &actor, id, Wants::Change).await?;
    let number = patients::phones(&mut work, &patient.key).await?.first().and_then(|text| text.parse().ok());
    work.rollback().await?;
    let Some(number): Option<Msisdn> = number else {
        return Err(Problem::conflict("no number is linked to her, and without one she cannot enter a PIN"));
    };
    let (pin, hash) = pins::draw(&api, &patient.identity, number).await?;
    let text = api.texts.pin_issued(&patient.language, pin.reveal(), &api.settings.service_code);
    let doer = api.line(&actor, Some(id), "change", "pin").doer;
    let way = match &body.email {
        Some(address) => Way::Email { address, subject: SUBJECT },
        None => Way::Sms(number),
    };
    let delivery = Delivery {
        cause: &format!("pin:staff:{}", api.new_id()),
        owner: &patient.key,
        hash: &hash,
        way,
        by: AskedBy::Staff {
            id: actor.id(),
            role: doer.role.as_deref().unwrap_or(actor.role.word()),
            facility: doer.facility,
        },
        text: &text,
        segments: segments(&text).count,
        language: &patient.language,
        now: api.now(),
    };
    let mut work = api.begin(&actor).await?;
    // She may have moved to another facility meanwhile.
    reached(&api, &mut work, &actor, id, Wants::Change).await?;
    match deliver(&mut work, api.keyring(), &delivery).await? {
        Delivered::Sent => work.commit().await?,
        Delivered::TooMany(until) => {
            let seconds = (until - api.now()).num_seconds().clamp(1, 86_400);
            return Err(Problem::too_many(u32::try_from(seconds).unwrap_or(86_400)));
        }
    }
    Ok(Accepted(Message::of("a new PIN is on its way to her; the one before no longer counts")))
}
