//! Registration at the old addresses. Nobody is told whether a number or an address is known: the
//! answer is the same, and the rest comes by SMS or e-mail.

use std::sync::Arc;

use axum::extract::State;
use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::profile::{self, Gender, ProfileFields, TextOrList};
use crate::api::frame::answer::Accepted;
use crate::api::frame::body::Body;
use crate::api::frame::field::{Day, Email, License, Line, LongName, Name, Phone, Prose, Secret};
use crate::api::frame::gate::Knock;
use crate::api::frame::{Api, Problem, Routes};
use crate::api::pins::{self, Owner};
use crate::api::{account::Message, apply_as_professional, self_consent, verification_mail};
use crate::identity::{Password, Role};
use crate::store::accounts::{self, NewAccount};
use crate::store::directory::facilities::{self, Written};
use crate::store::directory::professionals::Detail;
use crate::store::people;
use crate::store::phones::{self, Allowance, Asked, Request};
use crate::store::record::patients::{self, NewPatient};
use crate::store::record::reach;
use crate::store::sealed::Identity;

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("old: registration", "Registration at the addresses of the old system.");
    routes.post("/api/register/hospital", hospital, "Register a hospital");
    routes.post("/api/register/individual", individual, "Register oneself as a patient");
    routes.post("/api/register/healthcare-provider", provider, "Register as a health professional");
    routes.post("/api/patient/register", patient, "Register oneself as a patient, with particulars");
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
    let mut work = api.begin().await?;
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
    let mut work = api.begin().await?;
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

/// A patient, as she registered before. `consent` is new: without it nothing may be kept.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IndividualBody {
    /// Names.
    name: Name,
    /// Number; her PIN comes there.
    phone: Phone,
    /// Day of birth.
    date_of_birth: Day,
    /// That she agrees that her record is kept.
    consent: bool,
    /// E-mail address, where she has one.
    email: Option<Email>,
    /// Not kept: her PIN is what she signs in with.
    #[serde(rename = "password")]
    #[schema(rename = "password")]
    _password: Option<Secret>,
    /// In her own words.
    medical_condition: Option<Line<0, 200>>,
}

/// What a patient who registered is told.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Registered {
    /// In words.
    message: String,
    /// Due date, reckoned from the last period.
    due_date: Option<NaiveDate>,
    /// Whole weeks today.
    gestational_age: Option<i64>,
    /// False: PINs go by SMS.
    email_sent: bool,
    /// True: where the number is not known yet, a PIN is on its way to it.
    sms_sent: bool,
}

const ON_ITS_WAY: &str = "if this person is not registered yet, her PIN is on its way to the number by SMS";

async fn individual(
    State(api): State<Arc<Api>>,
    _: Knock,
    Body(body): Body<IndividualBody>,
) -> Result<Accepted<Registered>, Problem> {
    let (given, family) = body.name.rsplit_once(' ').unwrap_or((&body.name, ""));
    let fields =
        ProfileFields { email: body.email, allergies: None, birth_plan: None, ..ProfileFields::default() };
    let _ = body.medical_condition;
    let new = SelfRegistered {
        given,
        family,
        born: body.date_of_birth,
        phone: body.phone,
        language: "en",
        lmp: None,
    };
    register(&api, new, body.consent, &fields).await
}

/// A patient with particulars, as she registered before.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatientBody {
    /// Names, as one; the two below count.
    #[serde(rename = "name")]
    #[schema(rename = "name")]
    _name: Option<Name>,
    /// First name.
    given_name: Name,
    /// Names between.
    #[serde(rename = "middle_name")]
    #[schema(rename = "middle_name")]
    _middle_name: Option<Line<0, 100>>,
    /// Family name.
    family_name: Line<0, 100>,
    /// Number; her PIN comes there.
    phone: Phone,
    /// Day of birth.
    date_of_birth: Day,
    /// That she agrees that her record is kept.
    consent: bool,
    /// E-mail address, where she has one.
    email: Option<Email>,
    /// Gender.
    gender: Option<Gender>,
    /// Street.
    address_line: Option<Line<0, 200>>,
    /// Town.
    city: Option<Line<0, 100>>,
    /// Province or district.
    state: Option<Line<0, 100>>,
    /// Postal code.
    postal_code: Option<Line<0, 20>>,
    /// Country.
    country: Option<Line<0, 100>>,
    /// Marital status.
    marital_status: Option<Line<0, 50>>,
    /// `en` or `kri`; of the old system's other codes English follows.
    language: Option<Line<2, 5>>,
    /// Nationality.
    nationality: Option<Line<0, 50>>,
    /// Blood group.
    blood_type: Option<Line<0, 5>>,
    /// Allergies.
    allergies: Option<TextOrList>,
    /// Medicines that she takes.
    medications: Option<TextOrList>,
    /// Whom to call.
    emergency_contact_name: Option<Line<0, 100>>,
    /// At which number.
    emergency_contact_phone: Option<Line<0, 20>>,
    /// Who that is to her.
    emergency_contact_relationship: Option<Line<0, 50>>,
    /// First day of the last period, where she is pregnant.
    lmp_date: Option<Day>,
    /// Pregnancies before.
    #[schema(minimum = 0, maximum = 25)]
    previous_pregnancies: Option<u8>,
    /// `yes`, `no`, `twins` or `triplets`.
    multiple_pregnancy: Option<Line<0, 20>>,
    /// Vitamins.
    prenatal_vitamins: Option<Line<0, 200>>,
    /// Where to go in an emergency.
    emergency_hospital: Option<Line<0, 200>>,
    /// How she wants to give birth.
    birth_plan: Option<Prose<2000>>,
    /// Not kept: it follows from `lmp_date`.
    #[serde(rename = "pregnancy_status")]
    #[schema(rename = "pregnancy_status")]
    _pregnancy_status: Option<Line<0, 20>>,
    /// Not kept: it is reckoned.
    #[serde(rename = "due_date")]
    #[schema(rename = "due_date")]
    _due_date: Option<Line<0, 10>>,
    /// Not kept: staff say it.
    #[serde(rename = "risk_level")]
    #[schema(rename = "risk_level")]
    _risk_level: Option<Line<0, 20>>,
    /// Not kept: staff say them.
    #[serde(rename = "risk_factors")]
    #[schema(rename = "risk_factors")]
    _risk_factors: Option<TextOrList>,
    /// Not kept: staff measure it.
    #[serde(rename = "blood_pressure")]
    #[schema(rename = "blood_pressure")]
    _blood_pressure: Option<Line<0, 20>>,
    /// Not kept: staff measure it.
    #[serde(rename = "hemoglobin")]
    #[schema(rename = "hemoglobin")]
    _hemoglobin: Option<f64>,
    /// Not kept: staff measure it.
    #[serde(rename = "blood_sugar")]
    #[schema(rename = "blood_sugar")]
    _blood_sugar: Option<f64>,
    /// Not kept: staff measure it.
    #[serde(rename = "weight")]
    #[schema(rename = "weight")]
    _weight: Option<f64>,
    /// Not kept: staff say them.
    #[serde(rename = "pregnancy_complications")]
    #[schema(rename = "pregnancy_complications")]
    _pregnancy_complications: Option<TextOrList>,
}

async fn patient(
    State(api): State<Arc<Api>>,
    _: Knock,
    Body(body): Body<PatientBody>,
) -> Result<Accepted<Registered>, Problem> {
    let fields = ProfileFields {
        email: body.email,
        gender: body.gender,
        date_of_birth: None,
        address_line: body.address_line,
        city: body.city,
        state: body.state,
        postal_code: body.postal_code,
        country: body.country,
        marital_status: body.marital_status,
        nationality: body.nationality,
        language: None,
        blood_type: body.blood_type,
        allergies: body.allergies,
        medications: body.medications,
        emergency_contact_name: body.emergency_contact_name,
        emergency_contact_phone: body.emergency_contact_phone,
        emergency_contact_relationship: body.emergency_contact_relationship,
        previous_pregnancies: body.previous_pregnancies,
        multiple_pregnancy: body.multiple_pregnancy,
        prenatal_vitamins: body.prenatal_vitamins,
        emergency_hospital: body.emergency_hospital,
        birth_plan: body.birth_plan,
    };
    let new = SelfRegistered {
        given: &body.given_name,
        family: &body.family_name,
        born: body.date_of_birth,
        phone: body.phone,
        language: if body.language.as_deref() == Some("kri") { "kri" } else { "en" },
        lmp: body.lmp_date,
    };
    register(&api, new, body.consent, &fields).await
}

/// Somebody who registers by herself.
#[derive(Clone, Copy, Debug)]
struct SelfRegistered<'a> {
    given: &'a str,
    family: &'a str,
    born: Day,
    phone: Phone,
    language: &'static str,
    lmp: Option<Day>,
}

/// As often as a number may be registered, by phone and here together.
const ALLOWED: [Allowance; 1] = [Allowance { count: 3, within: TimeDelta::days(1) }];

async fn register(
    api: &Api,
    new: SelfRegistered<'_>,
    consent: bool,
    fields: &ProfileFields,
) -> Result<Accepted<Registered>, Problem> {
    let patience = api.refusal();
    if !consent {
        return Err(Problem::field("consent", "without her consent nothing may be kept"));
    }
    let born = new.born.past("date_of_birth", api.today(), 100)?;
    let birth_year = i16::try_from(chrono::Datelike::year(&born)).ok();
    let identity = Identity {
        given: new.given.to_owned(),
        family: new.family.to_owned(),
        birth_year,
        birth_date: Some(born),
    };
    let due = new.lmp.map(|lmp| crate::api::v1_due(api.today(), lmp)).transpose()?.and_then(|due| due.on);
    let answer = Registered {
        message: ON_ITS_WAY.to_owned(),
        due_date: due,
        gestational_age: due.map(|due| (280 - (due - api.today()).num_days()).max(0) / 7),
        email_sent: false,
        sms_sent: true,
    };
    let (pin, hash) = pins::draw(api, &identity, new.phone.0).await?;
    let mut work = api.begin().await?;
    let index = api.keyring().phone_index(new.phone.0);
    phones::hold(&mut work, &index).await?;
    let cause: [u8; 16] = api.keyring().random();
    let asked = phones::ask(&mut work, &index, Request::Register, &cause, api.now(), &ALLOWED).await?;
    let known = is_known(api, &mut work, &index, &identity).await?;
    let ordinal = people::free_ordinal(&mut work, &index).await?;
    if let (Asked::First, false, Some(ordinal)) = (asked, known, ordinal) {
        let id = api.new_id();
        let (key, wrapped) = api.vault.create(id);
        let words: Vec<&str> = fields.city.iter().chain(&fields.state).map(|line| line.0.as_str()).collect();
        let district = facilities::district_of_words(&mut work, &words).await?;
        let patient = NewPatient {
            key: &key,
            wrapped_key: &wrapped,
            identity: &identity,
            language: new.language,
            district: district.as_deref(),
            home_facility: None,
            verified: false,
            now: api.now(),
        };
        patients::add(&mut work, &patient).await?;
        self_consent(api, &mut work, id, new.language).await?;
        people::link(&mut work, &key, &index, ordinal, new.phone.0, api.now()).await?;
        profile::save(api, &mut work, id, fields).await?;
        if let Some(lmp) = new.lmp {
            let stored = reach::find(&mut work, &api.vault, id).await?.ok_or_else(Problem::busy)?;
            profile::tell_pregnancy(api, &mut work, &stored, lmp).await?;
        }
        let owner = Owner { key: &key, msisdn: new.phone.0, language: new.language };
        pins::send(api, &mut work, &owner, &pin, &hash).await?;
    }
    work.commit().await?;
    patience.await;
    Ok(Accepted(answer))
}

async fn is_known(
    api: &Api,
    work: &mut sqlx::PgConnection,
    index: &[u8; 16],
    identity: &Identity,
) -> Result<bool, Problem> {
    for (_, person) in patients::on_number(work, index).await? {
        let opened = people::open(work, &api.vault, person).await?;
        let alike = |known: &Identity| {
            known.given.eq_ignore_ascii_case(&identity.given)
                && known.family.eq_ignore_ascii_case(&identity.family)
        };
        if opened.is_some_and(|opened| alike(&opened.identity)) {
            return Ok(true);
        }
    }
    Ok(false)
}
