//! Births.

use std::sync::Arc;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::reach::{Wants, reached};
use super::show::{BirthView, SexWord};
use crate::api::frame::answer::{Created, Found, Versioned};
use crate::api::frame::body::Body;
use crate::api::frame::field::{Day, Line, Note};
use crate::api::frame::gate::Allowed;
use crate::api::frame::once::Once;
use crate::api::frame::page::All;
use crate::api::frame::version::IfMatch;
use crate::api::frame::{Api, At, Problem, Routes};
use crate::care::Measure;
use crate::identity::grants;
use crate::store::record;
use crate::store::record::births::{self, BirthWords, Written};
use crate::store::sealed::{ChildNote, Sex};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("births", "Children, from their birth on.");
    routes.get("/api/v1/patients/{id}/births", all, "A patient's children, the youngest first");
    routes.post("/api/v1/patients/{id}/births", add, "Write down a birth");
    routes.put("/api/v1/patients/{id}/births/{number}", amend, "Amend a birth");
}

async fn all(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ReadRecord>,
    At(id): At<Uuid>,
) -> Result<Found<All<BirthView>>, Problem> {
    let mut work = api.begin(&actor).await?;
    let patient = reached(&api, &mut work, &actor, id, Wants::Read).await?;
    let rows = births::list(&mut work, &patient.key).await?;
    drop(work);
    api.seen(&actor, id, "births").await?;
    Ok(Found(rows.into_iter().map(BirthView::from).collect()))
}

/// How a child was born.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub enum BirthType {
    /// Vaginal.
    Vaginal,
    /// Caesarean section.
    Cesarean,
    /// Assisted.
    #[serde(rename = "Assisted Vaginal")]
    AssistedVaginal,
    /// With forceps.
    Forceps,
    /// With a vacuum cup.
    Vacuum,
    /// Breech.
    Breech,
    /// More than one child.
    Multiple,
    /// Another way.
    Other,
}

impl BirthType {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Vaginal => "Vaginal",
            Self::Cesarean => "Cesarean",
            Self::AssistedVaginal => "Assisted Vaginal",
            Self::Forceps => "Forceps",
            Self::Vacuum => "Vacuum",
            Self::Breech => "Breech",
            Self::Multiple => "Multiple",
            Self::Other => "Other",
        }
    }
}

/// A birth to be written down.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "born_on": "2026-03-14", "sex": "female", "birth_weight_g": 3100, "birth_type": "Vaginal", "location": "Bo"
}))]
pub struct BirthBody {
    /// Birth date; not in the future.
    born_on: Day,
    /// First name, once there is one.
    #[serde(default)]
    #[schema(required = false)]
    name: Line<0, 60>,
    /// Sex.
    sex: Option<SexWord>,
    /// Weight at birth in grams.
    #[schema(minimum = 500, maximum = 6500)]
    birth_weight_g: Option<u16>,
    /// How.
    birth_type: Option<BirthType>,
    /// Where.
    #[serde(default)]
    #[schema(required = false)]
    location: Line<0, 200>,
    /// Remarks.
    #[serde(default)]
    #[schema(required = false)]
    notes: Note,
    /// Why the child is no longer followed. All messages about it stop.
    closed: Option<Line<1, 100>>,
}

impl BirthBody {
    fn parts(&self, api: &Api) -> Result<(ChildNote, BirthWords), Problem> {
        if let Some(grams) = self.birth_weight_g {
            let checked = api.country.limits.check(Measure::BirthWeight, f64::from(grams));
            checked.map_err(|impossible| Problem::field("birth_weight_g", impossible.to_string()))?;
        }
        let note = ChildNote {
            name: self.name.0.clone(),
            sex: self.sex.map(Sex::from),
            birth_weight: self.birth_weight_g,
            closed: self.closed.as_ref().map(|reason| reason.0.clone()),
        };
        let words = BirthWords {
            birth_type: self.birth_type.map_or_else(String::new, |kind| kind.word().to_owned()),
            location: self.location.0.clone(),
            notes: self.notes.0.clone(),
        };
        Ok((note, words))
    }
}

async fn shown(
    work: &mut sqlx::PgConnection,
    key: &crate::privacy::PersonKey,
    number: i16,
) -> Result<BirthView, Problem> {
    let rows = births::list(work, key).await?;
    let row = rows.into_iter().find(|row| row.number == number);
    row.map(BirthView::from).ok_or_else(|| Problem::missing("she has no such child here"))
}

async fn add(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::WriteRecord>,
    At(id): At<Uuid>,
    once: Once,
    Body(body): Body<BirthBody>,
) -> Result<Created<BirthView>, Problem> {
    let born_on = body.born_on.past("born_on", api.today(), 25)?;
    let (note, words) = body.parts(&api)?;
    let mut work = api.begin(&actor).await?;
    let patient = reached(&api, &mut work, &actor, id, Wants::Change).await?;
    let at = |number: i16| format!("/api/v1/patients/{id}/births/{number}");
    let running = match once.begin::<BirthView>(&api, &mut work, actor.id(), &body).await? {
        Ok(view) => return Ok(Created(at(view.number), view)),
        Err(running) => running,
    };
    record::hold(&mut work, id).await?;
    let birth = Written { born_on, note: &note, words: &words, now: api.now() };
    let number = births::add(&mut work, &patient.key, &birth).await?;
    let view = shown(&mut work, &patient.key, number).await?;
    api.changed(&mut work, &actor, Some(id), "birth").await?;
    running.keep(&api, &mut work, &view).await?;
    work.commit().await?;
    Ok(Created(at(number), view))
}

async fn amend(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::WriteRecord>,
    At((id, number)): At<(Uuid, i16)>,
    IfMatch(seen): IfMatch,
    Body(body): Body<BirthBody>,
) -> Result<Versioned<BirthView>, Problem> {
    let born_on = body.born_on.past("born_on", api.today(), 25)?;
    let (note, words) = body.parts(&api)?;
    let mut work = api.begin(&actor).await?;
    let patient = reached(&api, &mut work, &actor, id, Wants::Change).await?;
    shown(&mut work, &patient.key, number).await?;
    let birth = Written { born_on, note: &note, words: &words, now: api.now() };
    if !births::amend(&mut work, &patient.key, number, &birth, Some(seen)).await? {
        return Err(Problem::changed_meanwhile());
    }
    let view = shown(&mut work, &patient.key, number).await?;
    api.changed(&mut work, &actor, Some(id), "birth").await?;
    work.commit().await?;
    let version = view.updated_at;
    Ok(Versioned(view, version))
}
