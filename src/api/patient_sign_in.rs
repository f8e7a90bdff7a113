//! Patients sign in with their number and PIN. A PIN alone names nobody.

use std::sync::Arc;

use axum::extract::State;
use chrono::TimeDelta;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::account::Message;
use super::frame::answer::{Accepted, Done, Found};
use super::frame::body::Body;
use super::frame::field::{Phone, Pin};
use super::frame::gate::{Knock, Proving};
use super::frame::{Api, Problem, Routes};
use super::pins::{self, Owner, Tried};
use super::sign_in::{SignedIn, User, start};
use crate::identity::Role;
use crate::store::accounts::{self, Ended, Subject};
use crate::store::people;
use crate::store::phones::{self, Allowance, Asked, Request};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("patient sign-in", "How a patient signs in: with her number and her PIN, as on her phone.");
    routes.post("/api/patient/login", login, "Sign in as a patient");
    routes.post("/api/patient/pin", choose, "Choose a PIN of one's own");
    routes.post("/api/patient/pin/forgotten", forgotten, "Ask for a new PIN by SMS");
}

/// A number and its PIN.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"phone": "+23276000001", "pin": "739150"}))]
pub struct PatientLogin {
    /// Her number.
    pub phone: Phone,
    /// Her PIN.
    pub pin: Pin,
    /// Her place among those who share the number, from 1.
    #[schema(minimum = 1, maximum = 9)]
    pub person: Option<u8>,
}

const REFUSED: &str = "number or PIN is wrong, or there were too many tries; wait a little and try again, or dial to get a new PIN";

/// Refused wherever a PIN that was sent is used for anything else than choosing one's own.
pub(super) fn must_change() -> Problem {
    Problem::forbidden("this PIN was sent by SMS; choose one of your own first, at POST /api/patient/pin")
        .kind("/problems/choose-a-pin")
}

/// Checks a number and its PIN; whatever is wrong, the answer is the same and takes as long.
pub(super) async fn prove(api: &Api, login: &PatientLogin) -> Result<Tried, Problem> {
    let patience = api.refusal();
    let place = login.person.unwrap_or(1);
    if !(1..=9).contains(&place) {
        return Err(Problem::field("person", "expected 1 to 9"));
    }
    let tried = pins::try_pin(api, login.phone.0, place, &login.pin.0).await?;
    if tried == Tried::Refused {
        patience.await;
    }
    Ok(tried)
}

/// The person of a number and a PIN that is her own.
pub(super) async fn person(api: &Api, login: &PatientLogin) -> Result<Uuid, Problem> {
    match prove(api, login).await? {
        Tried::Right(person) => Ok(person),
        Tried::MustChange(_) => Err(must_change()),
        Tried::Refused => Err(Problem::unauthenticated(REFUSED)),
    }
}

/// Starts a sign-in for somebody who proved herself.
pub(super) async fn admit(api: &Api, id: Uuid) -> Result<SignedIn, Problem> {
    let mut work = api.door().await?;
    let opened =
        people::open(&mut work, &api.vault, id).await?.ok_or_else(|| Problem::unauthenticated(REFUSED))?;
    let name = format!("{} {}", opened.identity.given, opened.identity.family).trim().to_owned();
    let user =
        User { id, name, email: None, role: Role::Patient, facility: opened.home_facility, profession: None };
    let signed_in = start(api, &mut work, Subject::Person(id), user).await?;
    work.commit().await?;
    Ok(signed_in)
}

async fn login(
    State(api): State<Arc<Api>>,
    _: Proving,
    Body(login): Body<PatientLogin>,
) -> Result<Found<SignedIn>, Problem> {
    let person = person(&api, &login).await?;
    Ok(Found(admit(&api, person).await?))
}

/// A number, its PIN and a new one.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"phone": "+23276000001", "pin": "739150", "new_pin": "480625"}))]
pub struct ChoosePin {
    /// Her number.
    phone: Phone,
    /// Her PIN, or the one that was sent.
    pin: Pin,
    /// Her place among those who share the number, from 1.
    #[schema(minimum = 1, maximum = 9)]
    person: Option<u8>,
    /// The PIN that she wants.
    new_pin: Pin,
}

async fn choose(
    State(api): State<Arc<Api>>,
    _: Proving,
    Body(body): Body<ChoosePin>,
) -> Result<Done, Problem> {
    let login = PatientLogin { phone: body.phone, pin: body.pin, person: body.person };
    let (Tried::Right(person) | Tried::MustChange(person)) = prove(&api, &login).await? else {
        return Err(Problem::unauthenticated(REFUSED));
    };
    pins::choose(&api, person, body.phone.0, &body.new_pin.0).await?;
    let mut work = api.door().await?;
    accounts::end_all(&mut work, Subject::Person(person), None, Ended::Password, api.now()).await?;
    work.commit().await?;
    api.forget(Subject::Person(person));
    Ok(Done)
}

/// A number.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Forgotten {
    /// Her number.
    phone: Phone,
    /// Her place among those who share the number, from 1.
    #[schema(minimum = 1, maximum = 9)]
    person: Option<u8>,
}

/// As often as a number may ask, on the phone and here together.
const ALLOWED: [Allowance; 2] = [
    Allowance { count: 1, within: TimeDelta::minutes(10) },
    Allowance { count: 3, within: TimeDelta::days(1) },
];

const SENT: &str = "if this number is registered, a new PIN is on its way to it by SMS";

async fn forgotten(
    State(api): State<Arc<Api>>,
    _: Knock,
    Body(body): Body<Forgotten>,
) -> Result<Accepted<Message>, Problem> {
    recover(&api, body.phone, body.person.unwrap_or(1)).await?;
    Ok(Accepted(Message::of(SENT)))
}

/// Sends a new PIN to a number that has one. Takes as long where it has none.
pub(super) async fn recover(api: &Api, phone: Phone, place: u8) -> Result<(), Problem> {
    let patience = api.refusal();
    let key = api.keyring().phone_index(phone.0);
    let mut work = api.door().await?;
    let person = people::chosen(&mut work, &key, place.saturating_sub(1)).await?;
    let opened = match person {
        Some(person) => people::open(&mut work, &api.vault, person).await?,
        None => None,
    };
    work.rollback().await?;
    if let Some(opened) = opened {
        let (pin, hash) = pins::draw(api, &opened.identity, phone.0).await?;
        let mut work = api.door().await?;
        phones::hold(&mut work, &key).await?;
        let cause: [u8; 16] = api.keyring().random();
        let asked = phones::ask(&mut work, &key, Request::RecoverPin, &cause, api.now(), &ALLOWED).await?;
        if asked == Asked::First {
            let owner = Owner { key: &opened.key, msisdn: phone.0, language: &opened.language };
            // Whatever held it back: the answer is the same.
            pins::renew(api, &mut work, &owner, &pin, &hash).await?;
        }
        work.commit().await?;
    }
    patience.await;
    Ok(())
}
