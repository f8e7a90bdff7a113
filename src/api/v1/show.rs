//! How the parts of a record are shown.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::care::{Country, WordKind};
use crate::store::record::{appointments, births, pregnancies, prescriptions, reach, visits};
use crate::store::sealed::Sex;

/// A patient.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01930000-0000-7000-8000-000000000001", "given_name": "Aminata", "family_name": "Example",
    "birth_date": "1998-04-12", "birth_year": 1998, "phones": ["+23276000001"], "language": "en",
    "status": "verified", "home_facility": 12, "district": "bo", "wording": "covert",
    "created_at": "2026-03-14T09:30:00Z", "updated_at": "2026-03-14T09:30:00Z"
}))]
pub struct PatientView {
    /// Her id.
    pub id: Uuid,
    /// First name and those after it.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// Day of birth, where it is known.
    pub birth_date: Option<NaiveDate>,
    /// Year of birth, where it is known.
    pub birth_year: Option<i16>,
    /// Her numbers, in E.164; only where she alone is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = false, value_type = Vec<String>)]
    pub phones: Option<Vec<String>>,
    /// Language of her messages.
    pub language: String,
    /// `self_registered` or `verified`.
    pub status: String,
    /// The facility that cares for her.
    pub home_facility: Option<i32>,
    /// Her district.
    pub district: Option<String>,
    /// Whether her messages may say what they are about.
    pub wording: String,
    /// Since when she is here.
    pub created_at: DateTime<Utc>,
    /// Last change of these particulars.
    pub updated_at: DateTime<Utc>,
}

impl From<&reach::Patient> for PatientView {
    fn from(patient: &reach::Patient) -> Self {
        Self {
            id: patient.id,
            given_name: patient.identity.given.clone(),
            family_name: patient.identity.family.clone(),
            birth_date: patient.identity.birth_date,
            birth_year: patient.identity.birth_year,
            phones: None,
            language: patient.language.clone(),
            status: patient.status.clone(),
            home_facility: patient.home_facility,
            district: patient.district.clone(),
            wording: patient.wording.clone(),
            created_at: patient.created_at,
            updated_at: patient.updated_at,
        }
    }
}

/// A diagnosis.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct DiagnosisView {
    /// Code of the country's list.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Whether she may see it on her phone.
    pub may_be_shown: bool,
}

/// A blood pressure in mmHg.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Pressure {
    /// Upper.
    #[schema(minimum = 40, maximum = 300)]
    pub systolic: u16,
    /// Lower.
    #[schema(minimum = 20, maximum = 200)]
    pub diastolic: u16,
}

/// A visit.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[schema(example = json!({
    "number": 3, "facility": 12, "held_on": "2026-03-14", "kind": "antenatal",
    "diagnoses": [{"code": "anaemia", "name": "Anaemia", "may_be_shown": true}], "diagnosis_text": "",
    "treatment": "Iron tablets, diet", "medication_text": "", "clinician": "",
    "blood_pressure": {"systolic": 110, "diastolic": 70}, "weight_kg": 62.5, "haemoglobin_g_dl": 10.4,
    "author": null, "created_at": "2026-03-14T09:30:00Z", "updated_at": "2026-03-14T09:30:00Z"
}))]
pub struct VisitView {
    /// Hers alone, from 1.
    pub number: i32,
    /// Where.
    pub facility: i32,
    /// Day.
    pub held_on: NaiveDate,
    /// `antenatal`, `birth`, `postnatal`, `vaccination`, `illness` or `other`.
    pub kind: String,
    /// Diagnoses, the chief one first.
    pub diagnoses: Vec<DiagnosisView>,
    /// Diagnosis in words that no code has.
    pub diagnosis_text: String,
    /// What was done or is to be done.
    pub treatment: String,
    /// Medicine in words.
    pub medication_text: String,
    /// Who saw her, in words.
    pub clinician: String,
    /// Blood pressure.
    pub blood_pressure: Option<Pressure>,
    /// Weight in kg.
    pub weight_kg: Option<f64>,
    /// Haemoglobin in g/dL.
    pub haemoglobin_g_dl: Option<f64>,
    /// The account that wrote it last.
    pub author: Option<Uuid>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

/// A visit in words.
pub fn visit(country: &Country, visit: visits::Visit) -> VisitView {
    let named = |code: &str| {
        let word = country.words.word(WordKind::Diagnosis, code);
        word.map_or_else(|| code.to_owned(), |word| word.name.clone())
    };
    let diagnoses = visit.note.diagnoses.iter().map(|diagnosis| DiagnosisView {
        name: named(&diagnosis.code),
        code: diagnosis.code.clone(),
        may_be_shown: diagnosis.may_be_shown,
    });
    VisitView {
        number: visit.number,
        facility: visit.facility,
        held_on: visit.held_on,
        kind: visit.kind,
        diagnoses: diagnoses.collect(),
        diagnosis_text: visit.words.diagnosis,
        treatment: visit.note.treatment,
        medication_text: visit.words.medication,
        clinician: visit.words.clinician,
        blood_pressure: visit.note.pressure.map(|(systolic, diastolic)| Pressure { systolic, diastolic }),
        weight_kg: visit.note.weight.map(|tenths| f64::from(tenths) / 10.0),
        haemoglobin_g_dl: visit.note.haemoglobin.map(|tenths| f64::from(tenths) / 10.0),
        author: visit.author,
        created_at: visit.created_at,
        updated_at: visit.updated_at,
    }
}

/// A pregnancy.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct PregnancyView {
    /// Hers alone, from 1.
    pub number: i16,
    /// `active` or `ended`.
    pub status: String,
    /// Due date, where one is known.
    pub due_on: Option<NaiveDate>,
    /// What it was reckoned from.
    pub dated_by: String,
    /// How well it is known.
    pub precision: String,
    /// Whole weeks today, while it goes on and is dated.
    pub weeks: Option<i64>,
    /// Children expected.
    pub children: Option<u8>,
    /// How it ended.
    pub outcome: Option<String>,
    /// When it ended.
    pub ended_on: Option<NaiveDate>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

/// A pregnancy on that day.
pub fn pregnancy(pregnancy: pregnancies::Pregnancy, today: NaiveDate) -> PregnancyView {
    let active = pregnancy.status == "active";
    let weeks = pregnancy.due_on.filter(|_| active).map(|due| (280 - (due - today).num_days()).max(0) / 7);
    PregnancyView {
        number: pregnancy.number,
        status: pregnancy.status,
        due_on: pregnancy.due_on,
        dated_by: pregnancy.dated_by,
        precision: pregnancy.precision,
        weeks,
        children: pregnancy.note.children,
        outcome: pregnancy.note.outcome,
        ended_on: pregnancy.ended_on,
        created_at: pregnancy.created_at,
        updated_at: pregnancy.updated_at,
    }
}

/// Sex as recorded at birth.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SexWord {
    /// A girl.
    Female,
    /// A boy.
    Male,
}

impl From<Sex> for SexWord {
    fn from(sex: Sex) -> Self {
        match sex {
            Sex::Female => Self::Female,
            Sex::Male => Self::Male,
        }
    }
}

impl From<SexWord> for Sex {
    fn from(word: SexWord) -> Self {
        match word {
            SexWord::Female => Self::Female,
            SexWord::Male => Self::Male,
        }
    }
}

/// A birth.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct BirthView {
    /// Of this mother, from 1.
    pub number: i16,
    /// Birth date.
    pub born_on: NaiveDate,
    /// `living` or `closed`.
    pub status: String,
    /// First name; empty before the naming.
    pub name: String,
    /// Sex.
    pub sex: Option<SexWord>,
    /// Weight at birth in grams.
    pub birth_weight_g: Option<u16>,
    /// Why the child is no longer followed.
    pub closed: Option<String>,
    /// `Vaginal`, `Cesarean`, …
    pub birth_type: String,
    /// Where.
    pub location: String,
    /// Remarks.
    pub notes: String,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

impl From<births::Birth> for BirthView {
    fn from(birth: births::Birth) -> Self {
        Self {
            number: birth.number,
            born_on: birth.born_on,
            status: birth.status,
            name: birth.note.name,
            sex: birth.note.sex.map(SexWord::from),
            birth_weight_g: birth.note.birth_weight,
            closed: birth.note.closed,
            birth_type: birth.words.birth_type,
            location: birth.words.location,
            notes: birth.words.notes,
            created_at: birth.created_at,
            updated_at: birth.updated_at,
        }
    }
}

/// A supply of medicine.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct PrescriptionView {
    /// Hers alone, from 1.
    pub number: i32,
    /// Where it was prescribed or given.
    pub facility: Option<i32>,
    /// First day.
    pub started_on: NaiveDate,
    /// Last day that the supply lasts.
    pub until_on: NaiveDate,
    /// When it was stopped before.
    pub stopped_on: Option<NaiveDate>,
    /// Code of the country's list, or empty.
    pub medicine: String,
    /// Its name.
    pub name: String,
    /// How to take it.
    pub dose: String,
    /// Whether a pharmacy is to give it out.
    pub prescribed: bool,
    /// When a pharmacy did.
    pub dispensed_at: Option<DateTime<Utc>>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

/// A supply in words.
pub fn prescription(country: &Country, given: prescriptions::Prescription) -> PrescriptionView {
    let word = country.words.word(WordKind::Medicine, &given.note.code);
    let name = word.map_or(given.note.name, |word| word.name.clone());
    PrescriptionView {
        number: given.number,
        facility: given.facility,
        started_on: given.started_on,
        until_on: given.until_on,
        stopped_on: given.stopped_on,
        medicine: given.note.code,
        name,
        dose: given.note.dose,
        prescribed: given.prescribed,
        dispensed_at: given.dispensed_at,
        created_at: given.created_at,
        updated_at: given.updated_at,
    }
}

/// An appointment.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct AppointmentView {
    /// Whose.
    pub patient: Uuid,
    /// Hers alone, from 1.
    pub number: i32,
    /// Where.
    pub facility: i32,
    /// Day.
    pub starts_on: NaiveDate,
    /// Time of day.
    #[schema(value_type = Option<String>, pattern = r"^[0-2][0-9]:[0-5][0-9]:[0-5][0-9]$")]
    pub starts_at: Option<NaiveTime>,
    /// What for.
    pub purpose: String,
    /// `booked`, `kept`, `missed` or `cancelled`.
    pub status: String,
    /// When it was booked.
    pub created_at: DateTime<Utc>,
    /// Last change.
    pub updated_at: DateTime<Utc>,
}

impl From<appointments::Appointment> for AppointmentView {
    fn from(booked: appointments::Appointment) -> Self {
        Self {
            patient: booked.person,
            number: booked.number,
            facility: booked.facility,
            starts_on: booked.starts_on,
            starts_at: booked.starts_at,
            purpose: booked.purpose,
            status: booked.status,
            created_at: booked.created_at,
            updated_at: booked.updated_at,
        }
    }
}
