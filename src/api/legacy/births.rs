//! Birth records at the old addresses, written by health professionals.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::clinical::Whose;
use crate::api::account::Message;
use crate::api::frame::answer::{Created, Found};
use crate::api::frame::body::{Body, Filter};
use crate::api::frame::field::{Day, LongName, Note};
use crate::api::frame::gate::Allowed;
use crate::api::frame::{Api, At, OUT_OF_REACH, Problem, Routes};
use crate::api::v1::{BirthType, Wants, reached};
use crate::identity::grants;
use crate::store::record;
use crate::store::record::births::{self, Birth, BirthWords, Written};
use crate::store::sealed::{ChildNote, Sex};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group(
        "old: birth records",
        "Birth records at the addresses of the old system, for health professionals.",
    );
    routes.post("/api/patient/birth-records", add, "Write down a birth");
    routes.refuses("POST", "/api/patient/birth-records", 404, OUT_OF_REACH);
    routes.put("/api/patient/birth-records/{id}", amend, "Amend a birth");
    routes.delete("/api/patient/birth-records/{id}", remove, "Strike out a birth");
}

/// A baby's gender.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, ToSchema)]
pub enum BabyGender {
    /// A boy.
    Male,
    /// A girl.
    Female,
    /// Not told.
    Other,
}

impl BabyGender {
    const fn sex(self) -> Option<Sex> {
        match self {
            Self::Male => Some(Sex::Male),
            Self::Female => Some(Sex::Female),
            Self::Other => None,
        }
    }
}

/// A birth in the old fields, with the mother in place of her PIN.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OldBirth {
    /// The mother.
    patient_id: Uuid,
    /// Birth date.
    date_of_birth: Day,
    /// Gender.
    baby_gender: BabyGender,
    /// How.
    birth_type: BirthType,
    /// Where.
    birth_location: LongName,
    /// Remarks.
    #[serde(default)]
    #[schema(required = false)]
    notes: Note,
}

/// What is told of a new birth record.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BirthAdded {
    /// In words.
    message: String,
    /// Its number, the mother's alone.
    birth_record_id: i16,
}

async fn add(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::WriteRecord>,
    Body(body): Body<OldBirth>,
) -> Result<Created<BirthAdded>, Problem> {
    let born_on = body.date_of_birth.past("date_of_birth", api.today(), 25)?;
    let mut work = api.begin(&actor).await?;
    let id = body.patient_id;
    let patient = reached(&api, &mut work, &actor, id, Wants::Change).await?;
    record::hold(&mut work, id).await?;
    let note = ChildNote { sex: body.baby_gender.sex(), ..ChildNote::default() };
    let words = BirthWords {
        birth_type: body.birth_type.word().to_owned(),
        location: body.birth_location.0.clone(),
        notes: body.notes.0.clone(),
    };
    let birth = Written { born_on, note: &note, words: &words, now: api.now() };
    let number = births::add(&mut work, &patient.key, &birth).await?;
    api.changed(&mut work, &actor, Some(id), "birth").await?;
    work.commit().await?;
    let answer = BirthAdded { message: "the birth is written down".to_owned(), birth_record_id: number };
    Ok(Created(format!("/api/v1/patients/{id}/births/{number}"), answer))
}

/// What changes; what is left out stays.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OldBirthChange {
    /// The mother.
    patient_id: Uuid,
    /// Birth date.
    date_of_birth: Option<Day>,
    /// Gender.
    baby_gender: Option<BabyGender>,
    /// How.
    birth_type: Option<BirthType>,
    /// Where.
    birth_location: Option<LongName>,
    /// Remarks.
    notes: Option<Note>,
}

async fn find(
    work: &mut sqlx::PgConnection,
    key: &crate::privacy::PersonKey,
    number: i16,
) -> Result<Birth, Problem> {
    let rows = births::list(work, key).await?;
    rows.into_iter()
        .find(|row| row.number == number)
        .ok_or_else(|| Problem::missing("she has no such birth record"))
}

async fn amend(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::WriteRecord>,
    At(number): At<i16>,
    Body(body): Body<OldBirthChange>,
) -> Result<Found<Message>, Problem> {
    let mut work = api.begin(&actor).await?;
    let patient = reached(&api, &mut work, &actor, body.patient_id, Wants::Change).await?;
    record::hold(&mut work, patient.id).await?;
    let old = find(&mut work, &patient.key, number).await?;
    let born_on = match body.date_of_birth {
        Some(day) => day.past("date_of_birth", api.today(), 25)?,
        None => old.born_on,
    };
    let note = ChildNote { sex: body.baby_gender.map_or(old.note.sex, BabyGender::sex), ..old.note };
    let words = BirthWords {
        birth_type: body.birth_type.map_or(old.words.birth_type, |kind| kind.word().to_owned()),
        location: body.birth_location.map_or(old.words.location, |place| place.0),
        notes: body.notes.map_or(old.words.notes, |notes| notes.0),
    };
    let birth = Written { born_on, note: &note, words: &words, now: api.now() };
    births::amend(&mut work, &patient.key, number, &birth, None).await?;
    api.changed(&mut work, &actor, Some(patient.id), "birth").await?;
    work.commit().await?;
    Ok(Found(Message::of("the birth record is changed")))
}

async fn remove(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::WriteRecord>,
    At(number): At<i16>,
    Filter(whose): Filter<Whose>,
) -> Result<Found<Message>, Problem> {
    let mut work = api.begin(&actor).await?;
    let patient = reached(&api, &mut work, &actor, whose.patient_id, Wants::Change).await?;
    find(&mut work, &patient.key, number).await?;
    births::remove(&mut work, patient.id, number).await?;
    api.changed(&mut work, &actor, Some(patient.id), "birth").await?;
    work.commit().await?;
    Ok(Found(Message::of("the birth record is struck out")))
}
