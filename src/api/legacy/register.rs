//! Registration of hospitals and professionals at the old addresses. Nobody is told whether an address
//! is known: the answer is the same, and the rest comes by e-mail.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::account::Message;
use crate::api::frame::answer::Accepted;
use crate::api::frame::body::Body;
use crate::api::frame::field::{Email, License, Line, LongName, Name, Phone, Prose, Secret};
use crate::api::frame::gate::Knock;
use crate::api::frame::{Api, Problem, Routes};
use crate::api::{apply_as_professional, verification_mail};
use crate::identity::{Password, Role};
use crate::store::accounts::{self, NewAccount};
use crate::store::directory::facilities::{self, Written};
use crate::store::directory::professionals::Detail;

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("old: registration", "Registration at the addresses of the old system.");
    routes.post("/api/register/hospital", hospital, "Register a hospital");
    routes.post("/api/register/healthcare-provider", provider, "Register as a health professional");
}

/// A hospital, as it registered before.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HospitalBody {
    /// E-mail address to sign in with.
    email: Email,
    /// Password to sign in with, once it is verified.
    password: Secret,
    /// Who speaks for it.
    name: Name,
    /// Phone.
    phone: Phone,
    /// Name of the hospital.
    hospital_name: LongName,
    /// Licence number.
    license_number: License,
    /// Town, where it is told.
    city: Option<Line<1, 100>>,
}

const TAKEN: &str = "the registration is taken; an administrator looks at it, and mail is on its way";

async fn hospital(
    State(api): State<Arc<Api>>,
    _: Knock,
    Body(body): Body<HospitalBody>,
) -> Result<Accepted<Message>, Problem> {
    let password = Password::chosen(&body.password, &[&body.name, &body.email, &body.hospital_name])
        .map_err(|error| Problem::field("password", error.to_string()))?;
    let hash = api.passwords.hash(password.reveal()).await?;
    let mut work = api.nobody().await?;
    if accounts::find_by_email(&mut work, api.keyring(), &body.email).await?.is_some() {
        return Ok(Accepted(Message::of(TAKEN)));
    }
    let city = body.city.as_deref();
    let words: Vec<&str> = city.into_iter().chain(body.hospital_name.split_whitespace()).collect();
    let district = place(&mut work, &words).await?;
    let local = body.phone.0.local();
    let written = Written {
        name: &body.hospital_name,
        town: city.unwrap_or(&district),
        district: &district,
        kind: "hospital",
        status: "pending",
        phone: Some(&local),
        address: None,
        all_day: false,
        services: &[],
        license_number: Some(&body.license_number),
        email: Some(&body.email),
        place: [city, None, None, None],
        website: None,
        offers: &[],
        image: None,
        now: api.now(),
    };
    let facility = facilities::add(&mut work, &written).await?;
    let account = NewAccount {
        id: api.new_id(),
        role: Role::Hospital,
        email: &body.email,
        name: &body.name,
        profession: None,
        facility: Some(facility),
        status: "pending",
        password_hash: Some(&hash),
        now: api.now(),
    };
    accounts::add(&mut work, api.keyring(), &account).await?;
    verification_mail(&api, &mut work, account.id).await?;
    work.commit().await?;
    Ok(Accepted(Message::of(TAKEN)))
}

/// The district that words mean; the capital's where none does: an administrator sets it right before
/// the facility is listed.
pub(super) async fn place(work: &mut sqlx::PgConnection, words: &[&str]) -> Result<String, Problem> {
    let found = facilities::district_of_words(work, words).await?;
    let found = match found {
        Some(found) => Some(found),
        None => facilities::district_of_words(work, &["western-area-urban", "freetown"]).await?,
    };
    found.ok_or_else(|| Problem::conflict("the country's districts are not loaded yet"))
}

/// A professional, as she registered before.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProviderBody {
    /// Name.
    name: Name,
    /// E-mail address; she signs in with it.
    email: Email,
    /// Phone.
    phone: Phone,
    /// Licence number.
    license_number: License,
    /// `Medical Doctor`, `Nurse`, `Midwife`, …
    professional_type: Line<1, 50>,
    /// Specialty.
    specialization: Line<1, 100>,
    /// Name or id of the facility where she works; it must be listed.
    hospital_affiliation: LongName,
    /// Street.
    address: Option<Line<0, 200>>,
    /// Town.
    city: Option<Line<0, 100>>,
    /// Province or district.
    state: Option<Line<0, 100>>,
    /// Postal code.
    postal_code: Option<Line<0, 20>>,
    /// Country.
    country: Option<Line<0, 100>>,
    /// Website.
    website: Option<Line<0, 200>>,
    /// Qualifications.
    qualifications: Option<Prose<500>>,
    /// Experience.
    experience: Option<Line<0, 100>>,
}

/// The profession that the old words mean.
pub(super) fn profession(words: &str) -> &'static str {
    match words.to_lowercase().as_str() {
        "medical doctor" | "doctor" => "doctor",
        "nurse" => "nurse",
        "midwife" => "midwife",
        "community health officer" => "community_health_officer",
        "pharmacist" => "pharmacist",
        "laboratory technician" => "laboratory",
        "nutritionist" => "nutritionist",
        _ => "other",
    }
}

/// The listed facility of a name or id.
pub(super) async fn affiliation(work: &mut sqlx::PgConnection, words: &str) -> Result<i32, Problem> {
    let unknown = || {
        Problem::field(
            "hospital_affiliation",
            "expected the name or id of a facility that is listed; GET /api/hospitals lists them",
        )
    };
    if let Ok(id) = words.parse::<i32>() {
        return if facilities::cares(work, id).await? { Ok(id) } else { Err(unknown()) };
    }
    let filter =
        facilities::Filter { status: Some("listed"), name: Some(words), ..facilities::Filter::default() };
    let found = facilities::list(work, &filter, 20).await?;
    let exact = |full: &&facilities::Full| {
        full.name.eq_ignore_ascii_case(words)
            || full.full_name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(words))
    };
    let one = found.iter().find(exact).or_else(|| found.first().filter(|_| found.len() == 1));
    one.map(|full| full.id).ok_or_else(unknown)
}

async fn provider(
    State(api): State<Arc<Api>>,
    _: Knock,
    Body(body): Body<ProviderBody>,
) -> Result<Accepted<Message>, Problem> {
    let text = |line: Option<&str>| line.unwrap_or_default().to_owned();
    let detail = Detail {
        phone: body.phone.0.e164(),
        license_number: body.license_number.0.clone(),
        professional_type: body.professional_type.0.clone(),
        specialization: body.specialization.0.clone(),
        hospital_affiliation: body.hospital_affiliation.0.clone(),
        address: text(body.address.as_deref()),
        city: text(body.city.as_deref()),
        state: text(body.state.as_deref()),
        postal_code: text(body.postal_code.as_deref()),
        country: text(body.country.as_deref()),
        website: text(body.website.as_deref()),
        qualifications: text(body.qualifications.as_deref()),
        experience: text(body.experience.as_deref()),
    };
    let mut work = api.nobody().await?;
    let facility = affiliation(&mut work, &body.hospital_affiliation).await?;
    let account = NewAccount {
        id: api.new_id(),
        role: Role::Professional,
        email: &body.email,
        name: &body.name,
        profession: Some(profession(&body.professional_type)),
        facility: Some(facility),
        status: "pending",
        password_hash: None,
        now: api.now(),
    };
    apply_as_professional(&api, &mut work, &account, &detail).await?;
    work.commit().await?;
    Ok(Accepted(Message::of(TAKEN)))
}
