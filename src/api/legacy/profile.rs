//! A patient's profile in the fields of the system before this one, put together from the record.

use chrono::{Datelike, NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::frame::field::{Day, Email, Line, Prose};
use crate::api::frame::{Api, Problem};
use crate::api::v1_due;
use crate::store::record::profiles::{self, Profile};
use crate::store::record::reach::{self, Patient};
use crate::store::record::{self, patients, pregnancies, visits};
use crate::store::sealed::{Identity, PregnancyNote};

/// The profile.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProfileView {
    /// Her id.
    pub id: Uuid,
    /// Names.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Number.
    pub phone: String,
    /// `female`, `male`, `other` or `unknown`.
    pub gender: String,
    /// Day of birth.
    pub date_of_birth: Option<NaiveDate>,
    /// Street.
    pub address_line: String,
    /// Town.
    pub city: String,
    /// Province or district.
    pub state: String,
    /// Postal code.
    pub postal_code: String,
    /// Country.
    pub country: String,
    /// Blood group.
    pub blood_type: String,
    /// Allergies, with commas between.
    pub allergies: String,
    /// Medicines, with commas between.
    pub medications: String,
    /// Whom to call.
    pub emergency_contact_name: String,
    /// At which number.
    pub emergency_contact_phone: String,
    /// Who that is to her.
    pub emergency_contact_relationship: String,
    /// Marital status.
    pub marital_status: String,
    /// Language.
    pub language: String,
    /// Nationality.
    pub nationality: String,
    /// The same as `id`.
    pub fhir_id: Uuid,
    /// What follows is about her pregnancy.
    #[serde(flatten)]
    pub pregnancy: PregnancyFields,
}

/// The fields of a pregnancy.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct PregnancyFields {
    /// `pregnant`, `postpartum` or `not_pregnant`.
    pub pregnancy_status: String,
    /// Pregnancies before.
    pub previous_pregnancies: Option<u8>,
    /// First day of the last period.
    pub lmp_date: Option<NaiveDate>,
    /// Due date.
    pub due_date: Option<NaiveDate>,
    /// Whole weeks today.
    pub gestational_age: Option<i64>,
    /// `yes`, `no`, `twins` or `triplets`.
    pub multiple_pregnancy: String,
    /// `low`, `medium` or `high`.
    pub risk_level: String,
    /// Why.
    pub risk_factors: Vec<String>,
    /// The newest, as `110/70`.
    pub blood_pressure: Option<String>,
    /// The newest, g/dL.
    pub hemoglobin: Option<f64>,
    /// mg/dL, as she told.
    pub blood_sugar: Option<f64>,
    /// The newest, kg.
    pub weight: Option<f64>,
    /// Vitamins.
    pub prenatal_vitamins: String,
    /// Complications, with commas between.
    pub pregnancy_complications: String,
    /// Where to go in an emergency.
    pub emergency_hospital: String,
    /// How she wants to give birth.
    pub birth_plan: String,
}

/// Puts a profile together.
pub async fn view(api: &Api, work: &mut PgConnection, patient: &Patient) -> Result<ProfileView, Problem> {
    let key = &patient.key;
    let profile = profiles::find(work, key).await?.map(|found| found.0).unwrap_or_default();
    let phone = patients::phones(work, key).await?.into_iter().next().unwrap_or_default();
    let name = [&patient.identity.given, &profile.middle_name, &patient.identity.family];
    let name: Vec<&str> = name.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    let pregnancy = pregnancy_fields(api, work, patient, &profile).await?;
    Ok(ProfileView {
        id: patient.id,
        name: name.join(" "),
        email: profile.email,
        phone,
        gender: if profile.gender.is_empty() { "female".to_owned() } else { profile.gender },
        date_of_birth: patient.identity.birth_date,
        address_line: profile.address_line,
        city: profile.city,
        state: profile.state,
        postal_code: profile.postal_code,
        country: profile.country,
        blood_type: profile.blood_type,
        allergies: profile.allergies.join(", "),
        medications: profile.medications.join(", "),
        emergency_contact_name: profile.emergency_contact_name,
        emergency_contact_phone: profile.emergency_contact_phone,
        emergency_contact_relationship: profile.emergency_contact_relationship,
        marital_status: profile.marital_status,
        language: patient.language.clone(),
        nationality: profile.nationality,
        fhir_id: patient.id,
        pregnancy,
    })
}

async fn pregnancy_fields(
    api: &Api,
    work: &mut PgConnection,
    patient: &Patient,
    profile: &Profile,
) -> Result<PregnancyFields, Problem> {
    let rows = pregnancies::list(work, &patient.key).await?;
    let newest = visits::list(work, &patient.key, None, None, 20).await?;
    let today = api.today();
    let active = rows.iter().find(|row| row.status == "active");
    let lately = rows.iter().any(|row| row.ended_on.is_some_and(|day| (today - day).num_days() <= 42));
    let status = match (active, lately) {
        (Some(_), _) => "pregnant",
        (None, true) => "postpartum",
        (None, false) => "not_pregnant",
    };
    let due = active.and_then(|row| row.due_on);
    let tenths = |value: Option<u16>| value.map(|tenths| f64::from(tenths) / 10.0);
    let pressure = newest.iter().find_map(|visit| visit.note.pressure);
    Ok(PregnancyFields {
        pregnancy_status: status.to_owned(),
        previous_pregnancies: profile.previous_pregnancies,
        lmp_date: due.map(|due| due - TimeDelta::days(280)),
        due_date: due,
        gestational_age: due.map(|due| (280 - (due - today).num_days()).max(0) / 7),
        multiple_pregnancy: profile.multiple_pregnancy.clone(),
        risk_level: profile.risk_level.clone(),
        risk_factors: profile.risk_factors.clone(),
        blood_pressure: pressure.map(|(systolic, diastolic)| format!("{systolic}/{diastolic}")),
        hemoglobin: tenths(newest.iter().find_map(|visit| visit.note.haemoglobin)),
        blood_sugar: profile.blood_sugar_tenths.map(|tenths| f64::from(tenths) / 10.0),
        weight: tenths(newest.iter().find_map(|visit| visit.note.weight)),
        prenatal_vitamins: profile.prenatal_vitamins.clone(),
        pregnancy_complications: profile.pregnancy_complications.join(", "),
        emergency_hospital: profile.emergency_hospital.clone(),
        birth_plan: profile.birth_plan.clone(),
    })
}

/// One text with commas, or a list of texts: the old forms sent both.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(untagged)]
pub enum TextOrList {
    /// With commas between.
    Text(Line<0, 500>),
    /// One by one.
    List(Vec<Line<0, 100>>),
}

impl TextOrList {
    fn texts(&self) -> Vec<String> {
        let parts: Vec<&str> = match self {
            Self::Text(text) => text.split(',').collect(),
            Self::List(list) => list.iter().map(|text| text.0.as_str()).collect(),
        };
        parts.into_iter().map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).take(30).collect()
    }
}

/// A gender.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Gender {
    /// Female.
    #[serde(alias = "Female")]
    Female,
    /// Male.
    #[serde(alias = "Male")]
    Male,
    /// Other.
    #[serde(alias = "Other")]
    Other,
    /// Not told.
    #[serde(alias = "Unknown")]
    Unknown,
}

impl Gender {
    const fn word(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
            Self::Other => "other",
            Self::Unknown => "unknown",
        }
    }
}

/// A language of the menus.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Spoken {
    /// English.
    En,
    /// Krio.
    Kri,
}

impl Spoken {
    /// Its ISO code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Kri => "kri",
        }
    }
}

/// What she may tell of herself. What staff measure (blood pressure, weight, haemoglobin) and what is
/// reckoned (due date, weeks) is not among it.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ProfileFields {
    /// E-mail address.
    pub email: Option<Email>,
    /// Gender.
    pub gender: Option<Gender>,
    /// Day of birth.
    pub date_of_birth: Option<Day>,
    /// Street.
    pub address_line: Option<Line<0, 200>>,
    /// Town.
    pub city: Option<Line<0, 100>>,
    /// Province or district.
    pub state: Option<Line<0, 100>>,
    /// Postal code.
    pub postal_code: Option<Line<0, 20>>,
    /// Country.
    pub country: Option<Line<0, 100>>,
    /// Marital status.
    pub marital_status: Option<Line<0, 50>>,
    /// Nationality.
    pub nationality: Option<Line<0, 50>>,
    /// Language of her messages.
    pub language: Option<Spoken>,
    /// Blood group.
    pub blood_type: Option<Line<0, 5>>,
    /// Allergies.
    pub allergies: Option<TextOrList>,
    /// Medicines that she takes.
    pub medications: Option<TextOrList>,
    /// Whom to call.
    pub emergency_contact_name: Option<Line<0, 100>>,
    /// At which number.
    pub emergency_contact_phone: Option<Line<0, 20>>,
    /// Who that is to her.
    pub emergency_contact_relationship: Option<Line<0, 50>>,
    /// Pregnancies before.
    #[schema(minimum = 0, maximum = 25)]
    pub previous_pregnancies: Option<u8>,
    /// `yes`, `no`, `twins` or `triplets`.
    pub multiple_pregnancy: Option<Line<0, 20>>,
    /// Vitamins.
    pub prenatal_vitamins: Option<Line<0, 200>>,
    /// Where to go in an emergency.
    pub emergency_hospital: Option<Line<0, 200>>,
    /// How she wants to give birth.
    pub birth_plan: Option<Prose<2000>>,
}

fn put<const MAX: usize>(to: &mut String, from: Option<&Line<0, MAX>>) {
    if let Some(text) = from {
        to.clone_from(&text.0);
    }
}

impl ProfileFields {
    /// Writes what is told over what is known.
    pub fn over(&self, profile: &mut Profile) -> Result<(), Problem> {
        if self.previous_pregnancies.is_some_and(|count| count > 25) {
            return Err(Problem::field("previous_pregnancies", "expected 0 to 25"));
        }
        put(&mut profile.address_line, self.address_line.as_ref());
        put(&mut profile.city, self.city.as_ref());
        put(&mut profile.state, self.state.as_ref());
        put(&mut profile.postal_code, self.postal_code.as_ref());
        put(&mut profile.country, self.country.as_ref());
        put(&mut profile.marital_status, self.marital_status.as_ref());
        put(&mut profile.nationality, self.nationality.as_ref());
        put(&mut profile.blood_type, self.blood_type.as_ref());
        put(&mut profile.emergency_contact_name, self.emergency_contact_name.as_ref());
        put(&mut profile.emergency_contact_phone, self.emergency_contact_phone.as_ref());
        put(&mut profile.emergency_contact_relationship, self.emergency_contact_relationship.as_ref());
        put(&mut profile.multiple_pregnancy, self.multiple_pregnancy.as_ref());
        put(&mut profile.prenatal_vitamins, self.prenatal_vitamins.as_ref());
        put(&mut profile.emergency_hospital, self.emergency_hospital.as_ref());
        if let Some(email) = &self.email {
            profile.email.clone_from(&email.0);
        }
        if let Some(gender) = self.gender {
            gender.word().clone_into(&mut profile.gender);
        }
        if let Some(list) = &self.allergies {
            profile.allergies = list.texts();
        }
        if let Some(list) = &self.medications {
            profile.medications = list.texts();
        }
        if let Some(plan) = &self.birth_plan {
            profile.birth_plan.clone_from(&plan.0);
        }
        profile.previous_pregnancies = self.previous_pregnancies.or(profile.previous_pregnancies);
        Ok(())
    }
}

/// Changes what a patient tells of herself.
pub async fn save(
    api: &Api,
    work: &mut PgConnection,
    person: Uuid,
    fields: &ProfileFields,
) -> Result<(), Problem> {
    record::hold(work, person).await?;
    let patient = reach::find(work, &api.vault, person).await?.ok_or_else(crate::api::not_kept)?;
    let mut profile = profiles::find(work, &patient.key).await?.map(|found| found.0).unwrap_or_default();
    fields.over(&mut profile)?;
    profiles::save(work, &patient.key, &profile, api.now()).await?;
    let born = fields.date_of_birth.map(|day| day.past("date_of_birth", api.today(), 100)).transpose()?;
    let identity = born.map(|day| Identity {
        birth_year: i16::try_from(day.year()).ok(),
        birth_date: Some(day),
        ..patient.identity
    });
    let language = fields.language.map(Spoken::code);
    if identity.is_some() || language.is_some() {
        let change =
            patients::Change { identity: identity.as_ref(), language, ..patients::Change::default() };
        patients::update(work, &patient.key, &change, None, api.now()).await?;
    }
    Ok(())
}

/// Writes down a pregnancy that she tells of, where none goes on.
pub async fn tell_pregnancy(
    api: &Api,
    work: &mut PgConnection,
    patient: &Patient,
    lmp: Day,
) -> Result<(NaiveDate, i64), Problem> {
    let due = v1_due(api.today(), lmp)?;
    let on = due.on.unwrap_or_default();
    pregnancies::add(work, &patient.key, due, &PregnancyNote::default(), api.now()).await?;
    Ok((on, (280 - (on - api.today()).num_days()).max(0) / 7))
}
