//! A PIN for a patient through staff: to her number, or to a mailbox that she names; and a lock that they lift.
//! Staff never see a PIN. What was changed lately holds one back, unless they say that she is before them.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::reach::{Wants, reached};
use crate::api::account::Message;
use crate::api::frame::answer::{Accepted, Done};
use crate::api::frame::body::Body;
use crate::api::frame::field::{Email, Line};
use crate::api::frame::gate::Allowed;
use crate::api::frame::{About, Api, At, Problem, Routes};
use crate::api::pins;
use crate::care::Msisdn;
use crate::identity::{Held, grants};
use crate::store::counters;
use crate::store::pin_delivery::{AskedBy, Delivered, Delivery, Way, deliver};
use crate::store::record::patients;

/// It says nothing of what is in it, nor of what the service is for.
const SUBJECT: &str = "MamaCare";

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.post("/api/v1/patients/{id}/pin", send, "Send a patient a new PIN, by SMS or by e-mail");
    routes.post("/api/v1/patients/{id}/pin/unlock", unlock, "Lift the lock after wrong PINs at once");
}

/// Where a PIN goes.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct Where {
    /// A mailbox that is hers, kept only until the mail has left. Without it, the PIN goes by SMS to
    /// the number that was linked to her first.
    email: Option<Email>,
    /// Where she is before you and a change that holds a PIN back is to be passed over: how you know her, in
    /// words. A number that is new to her, a PIN that was reset not long ago, or one that somebody at a
    /// number of hers stopped hold it back. It is kept in the audit trail, and she reads it on her phone.
    in_person: Option<Line<10, 500>>,
}

fn held_back(held: Held) -> Problem {
    let (why, until) = match held {
        Held::Stopped => ("somebody at a number of hers stopped her PIN", String::new()),
        Held::Cooling(until) => (
            "her number is new to her, or her PIN was reset not long ago",
            format!(" until {}", until.format("%Y-%m-%d %H:%M UTC")),
        ),
    };
    let detail =
        format!("{why}, so none is sent{until}; if she is before you, say in `in_person` how you know her");
    Problem::conflict(detail).kind("/problems/seen-in-person")
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
    let code = &api.settings.service_code;
    let text = api.texts.pin_issued(&patient.language, pin.reveal(), code);
    let elsewhere = api.texts.warning(About::PinSentElsewhere, &patient.language, code);
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
            in_person: body.in_person.as_deref(),
        },
        words: pins::words(&text),
        elsewhere: pins::words(&elsewhere),
        language: &patient.language,
        times: api.settings.guard,
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
        Delivered::Held(held) => return Err(held_back(held)),
    }
    Ok(Accepted(Message::of("a new PIN is on its way to her; the one before no longer counts")))
}

async fn unlock(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ChangePatient>,
    At(id): At<Uuid>,
) -> Result<Done, Problem> {
    let mut work = api.begin(&actor).await?;
    reached(&api, &mut work, &actor, id, Wants::Change).await?;
    counters::hold_numbers(&mut work, id).await?;
    counters::unlock(&mut work, id).await?;
    api.changed(&mut work, &actor, Some(id), "pin_lock").await?;
    work.commit().await?;
    Ok(Done)
}
