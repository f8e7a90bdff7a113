//! Prescriptions. The patient gets a code; a pharmacy finds the one prescription by it and sees
//! nothing else of hers.

use std::sync::Arc;

use axum::extract::State;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::reach::{Wants, reached};
use super::show::{self, PrescriptionView};
use crate::api::frame::answer::{Created, Found, Versioned};
use crate::api::frame::body::{Body, Filter, WhichPage};
use crate::api::frame::field::{Day, Line};
use crate::api::frame::gate::{Allowed, Knock};
use crate::api::frame::once::Once;
use crate::api::frame::page::{Cursor, Page};
use crate::api::frame::version::IfMatch;
use crate::api::frame::{Api, At, CLASHES, Problem, Routes};
use crate::care::WordKind;
use crate::identity::grants;
use crate::store::record;
use crate::store::record::prescriptions::{self, Written};
use crate::store::sealed::MedicineNote;

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("prescriptions", "Medicines: prescribed by a clinician, given out by a pharmacy.");
    routes.get("/api/v1/patients/{id}/prescriptions", all, "A patient's medicines, newest first");
    routes.post("/api/v1/patients/{id}/prescriptions", add, "Prescribe a medicine");
    routes.post("/api/v1/patients/{id}/prescriptions/{number}/stop", stop, "Stop a medicine");
    routes.get("/api/v1/prescriptions/{code}", presented, "A prescription by the code that a patient shows");
    routes.post("/api/v1/prescriptions/{code}/dispense", dispense, "Give out what a prescription says, once");
    routes.refuses("POST", "/api/v1/prescriptions/{code}/dispense", 409, CLASHES);
}

async fn all(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ReadRecord>,
    At(id): At<Uuid>,
    Filter(which): Filter<WhichPage>,
) -> Result<Found<Page<PrescriptionView>>, Problem> {
    let before: Option<i32> = Cursor::read(which.cursor.as_ref())?;
    let mut work = api.begin(&actor).await?;
    let patient = reached(&api, &mut work, &actor, id, Wants::Read).await?;
    let rows = prescriptions::list(&mut work, &patient.key, before, which.limit.fetch()).await?;
    drop(work);
    api.seen(&actor, id, "prescriptions").await?;
    Ok(Found(Page::of(rows, which.limit, |row| row.number, |row| show::prescription(&api.country, row))))
}

/// A medicine to be prescribed.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"medicine": "iron_folic_acid", "dose": "1 tablet a day", "days": 30}))]
pub struct PrescriptionBody {
    /// Code of the country's list; left out where there is none.
    #[schema(pattern = "^[a-z_]{1,40}$")]
    medicine: Option<String>,
    /// Name, where the list has no code for it.
    name: Option<Line<1, 60>>,
    /// How to take it.
    dose: Line<1, 100>,
    /// First day; today where it is left out.
    starts_on: Option<Day>,
    /// Days that the supply lasts.
    #[schema(minimum = 1, maximum = 366)]
    days: u16,
    /// Whether she may see a private medicine on her phone.
    #[serde(default)]
    #[schema(required = false)]
    may_be_shown: bool,
}

/// A prescription and its code.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct Prescribed {
    /// To be told to the patient; a pharmacy asks for it. It is shown here once.
    code: String,
    /// The prescription.
    prescription: PrescriptionView,
}

/// Letters and digits that nobody takes for another.
const ALPHABET: [u8; 30] = *b"ABCDEFGHJKMNPQRSTVWXYZ23456789";

/// Ten of them: some 49 bits.
fn code(api: &Api) -> String {
    let octets: [u8; 64] = api.keyring().random();
    // Octets past the last multiple of 30 would favour some letters.
    let letters = octets.iter().filter(|octet| **octet < 240);
    letters
        .filter_map(|octet| ALPHABET.get(usize::from(octet % 30)))
        .take(10)
        .map(|letter| char::from(*letter))
        .collect()
}

async fn add(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::WriteRecord>,
    At(id): At<Uuid>,
    once: Once,
    Body(body): Body<PrescriptionBody>,
) -> Result<Created<Prescribed>, Problem> {
    if !(1..=366).contains(&body.days) {
        return Err(Problem::field("days", "expected 1 to 366"));
    }
    let starts_on = match body.starts_on {
        Some(day) => day.coming("starts_on", api.today(), 60)?,
        None => api.today(),
    };
    let note = match (&body.medicine, &body.name) {
        (Some(code), None) if api.country.words.word(WordKind::Medicine, code).is_some() => MedicineNote {
            code: code.clone(),
            name: String::new(),
            dose: body.dose.0.clone(),
            may_be_shown: body.may_be_shown,
        },
        (None, Some(name)) => MedicineNote {
            code: String::new(),
            name: name.0.clone(),
            dose: body.dose.0.clone(),
            may_be_shown: body.may_be_shown,
        },
        (Some(_), None) => {
            return Err(Problem::field(
                "medicine",
                "no such code; GET /api/v1/codes lists them, and name takes words",
            ));
        }
        _ => return Err(Problem::field("medicine", "give the code or the name of one medicine")),
    };
    let mut work = api.begin(&actor).await?;
    let patient = reached(&api, &mut work, &actor, id, Wants::Change).await?;
    let at = |number: i32| format!("/api/v1/patients/{id}/prescriptions/{number}");
    let running = match once.begin::<Prescribed>(&api, &mut work, actor.id(), &body).await? {
        Ok(view) => return Ok(Created(at(view.prescription.number), view)),
        Err(running) => running,
    };
    record::hold(&mut work, id).await?;
    let code = code(&api);
    let written = Written {
        facility: actor.own_facility()?,
        started_on: starts_on,
        until_on: starts_on + TimeDelta::days(i64::from(body.days) - 1),
        note: &note,
        author: actor.id(),
        code: &code,
        now: api.now(),
    };
    let number = prescriptions::add(&mut work, api.keyring(), &patient.key, &written).await?;
    let row = prescriptions::list(&mut work, &patient.key, Some(number + 1), 1)
        .await?
        .pop()
        .ok_or_else(Problem::busy)?;
    let view = Prescribed { code, prescription: show::prescription(&api.country, row) };
    api.changed(&mut work, &actor, Some(id), "prescription").await?;
    running.keep(&api, &mut work, &view).await?;
    work.commit().await?;
    Ok(Created(at(number), view))
}

async fn stop(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::WriteRecord>,
    At((id, number)): At<(Uuid, i32)>,
    IfMatch(seen): IfMatch,
) -> Result<Versioned<PrescriptionView>, Problem> {
    let mut work = api.begin(&actor).await?;
    let patient = reached(&api, &mut work, &actor, id, Wants::Change).await?;
    let find = async |work: &mut sqlx::PgConnection| -> Result<PrescriptionView, Problem> {
        let row = prescriptions::list(work, &patient.key, Some(number.saturating_add(1)), 1).await?.pop();
        let row = row.filter(|row| row.number == number);
        row.map(|row| show::prescription(&api.country, row))
            .ok_or_else(|| Problem::missing("she has no such prescription"))
    };
    find(&mut work).await?;
    if !prescriptions::stop(&mut work, id, number, api.today(), seen, api.now()).await? {
        return Err(Problem::changed_meanwhile());
    }
    let view = find(&mut work).await?;
    api.changed(&mut work, &actor, Some(id), "prescription").await?;
    work.commit().await?;
    let version = view.updated_at;
    Ok(Versioned(view, version))
}

const NO_CODE: &str = "there is no prescription with this code";

async fn presented(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::Dispense>,
    _: Knock,
    At(code): At<String>,
) -> Result<Found<PrescriptionView>, Problem> {
    let mut work = api.with_code(&actor, &code).await?;
    let found = prescriptions::of_code(&mut work, &api.vault, &code).await?;
    let found = found.ok_or_else(|| Problem::missing(NO_CODE))?;
    work.commit().await?;
    api.seen(&actor, found.person, "prescription").await?;
    Ok(Found(show::prescription(&api.country, found.prescription)))
}

async fn dispense(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::Dispense>,
    _: Knock,
    At(code): At<String>,
) -> Result<Found<PrescriptionView>, Problem> {
    let mut work = api.with_code(&actor, &code).await?;
    let found = prescriptions::of_code(&mut work, &api.vault, &code).await?;
    let found = found.ok_or_else(|| Problem::missing(NO_CODE))?;
    if found.prescription.until_on < api.today() {
        return Err(Problem::conflict("the time of this prescription is over"));
    }
    if !prescriptions::dispense(&mut work, &found, actor.id(), api.now()).await? {
        return Err(Problem::conflict("it was given out already, or it was stopped"));
    }
    let again = prescriptions::of_code(&mut work, &api.vault, &code).await?.ok_or_else(Problem::busy)?;
    api.changed(&mut work, &actor, Some(found.person), "prescription").await?;
    work.commit().await?;
    Ok(Found(show::prescription(&api.country, again.prescription)))
}
