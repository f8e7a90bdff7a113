//! Patients who register by themselves at the old addresses. Nobody is told whether a number is known:
//! the answer is the same, and the rest comes by SMS.

use std::sync::Arc;

use axum::extract::State;
use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::profile::{self, Gender, ProfileFields, TextOrList};
use crate::api::frame::answer::Accepted;
use crate::api::frame::body::Body;
use crate::api::frame::field::{Day, Email, Line, Name, Phone, Prose, Secret};
use crate::api::frame::gate::Knock;
use crate::api::frame::{Api, Problem, Routes};
use crate::api::pins::{self, Owner};
use crate::api::self_consent;
use crate::store::directory::facilities;
use crate::store::people;
use crate::store::phones::{self, Allowance, Asked, Request};
use crate::store::record::patients::{self, NewPatient};
use crate::store::record::reach;
use crate::store::sealed::Identity;

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.post("/api/register/individual", individual, "Register oneself as a patient");
    routes.post("/api/patient/register", patient, "Register oneself as a patient, with particulars");
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
    let mut work = api.door().await?;
    let index = api.keyring().phone_index(new.phone.0);
    phones::hold(&mut work, &index).await?;
    let cause: [u8; 16] = api.keyring().random();
    let asked = phones::ask(&mut work, &index, Request::Register, &cause, api.now(), &ALLOWED).await?;
    let known = patients::is_known(&mut work, &api.vault, &index, &identity).await?;
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
