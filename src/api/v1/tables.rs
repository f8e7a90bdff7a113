//! Patients as tables: taken in and taken out as CSV, a row at a time.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body as HttpBody, Bytes};
use axum::extract::{Request, State};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use utoipa::ToSchema;

use super::patients::{Purpose, agreement};
use crate::api::frame::answer::{Download, Found, Lines};
use crate::api::frame::body::{self, Filter};
use crate::api::frame::field::{Day, Name, Phone};
use crate::api::frame::gate::{Actor, Allowed, Public};
use crate::api::frame::{Api, Problem, Routes};
use crate::care::WordKind;
use crate::identity::grants;
use crate::store::record::patients::{self, NewPatient, Order};
use crate::store::record::profiles::Profile;
use crate::store::record::{pregnancies, profiles, visits};
use crate::store::sealed::Identity;
use crate::store::{consents, people, phones, trail};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("tables", "Patients as CSV, taken in and taken out; and the codes that records use.");
    routes.get("/api/v1/patients.csv", export, "Take the patients out; a hospital, its own");
    routes.post("/api/v1/imports/patients", import, "Take patients in from CSV, or try what would happen");
    routes.amend("POST", "/api/v1/imports/patients", |operation| {
        let example = "given_name,family_name,birth_date,phone,language,consent\nAminata,Example,1998-04-12,+23276000001,en,yes\n";
        operation["requestBody"] = serde_json::json!({"required": true, "content": {
            "text/csv": {"schema": {"type": "string", "example": example}}}});
    });
    routes.get("/api/v1/codes", codes, "Codes of diagnoses and medicines, with their names");
}

/// The columns of the table, as the system before this one had them.
pub(in crate::api) const COLUMNS: [&str; 31] = [
    "ID",
    "Name",
    "Email",
    "Phone",
    "Gender",
    "Date of Birth",
    "Blood Type",
    "Marital Status",
    "Language",
    "Nationality",
    "Allergies",
    "Medications",
    "Emergency Contact Name",
    "Emergency Contact Phone",
    "Emergency Contact Relationship",
    "Pregnancy Status",
    "Previous Pregnancies",
    "LMP Date",
    "Due Date",
    "Gestational Age",
    "Multiple Pregnancy",
    "Risk Level",
    "Risk Factors",
    "Blood Pressure",
    "Hemoglobin",
    "Blood Sugar",
    "Weight",
    "Prenatal Vitamins",
    "Pregnancy Complications",
    "Emergency Hospital",
    "Birth Plan",
];

/// A cell that no table program takes for a formula.
fn plain(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

/// Patients that are read at once.
const STRETCH: i64 = 200;

/// The table, stretch by stretch, each read written down before it leaves.
pub(in crate::api) fn export_lines(api: Arc<Api>, actor: Actor, facility: Option<i32>) -> HttpBody {
    let (sender, receiver) = mpsc::channel::<Result<Bytes, std::io::Error>>(4);
    tokio::spawn(async move {
        if let Err(problem) = write_table(&api, &actor, facility, &sender).await {
            // The connection breaks off, so that half a table is not taken for a whole one.
            let _ = sender.send(Err(std::io::Error::other(problem.detail.into_owned()))).await;
        }
    });
    HttpBody::from_stream(futures_util::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    }))
}

async fn write_table(
    api: &Api,
    actor: &Actor,
    facility: Option<i32>,
    sender: &mpsc::Sender<Result<Bytes, std::io::Error>>,
) -> Result<(), Problem> {
    let head = csv_rows([COLUMNS.map(str::to_owned).to_vec()])?;
    let mut open = sender.send(Ok(head)).await.is_ok();
    let mut after = None;
    while open {
        let mut work = api.pool.acquire().await?;
        let order = Order::Oldest;
        let stretch = patients::list(&mut work, &api.vault, facility, None, order, after, STRETCH).await?;
        let Some(last) = stretch.last() else { break };
        after = Some((last.created_at, last.id));
        let mut rows = Vec::with_capacity(stretch.len());
        for patient in &stretch {
            rows.push(row_of(api, &mut work, patient).await?);
        }
        drop(work);
        let lines =
            stretch.iter().map(|patient| api.line(actor, Some(patient.id), "export", "record")).collect();
        api.witness.note(lines).await?;
        open = sender.send(Ok(csv_rows(rows)?)).await.is_ok();
    }
    Ok(())
}

fn csv_rows(rows: impl IntoIterator<Item = Vec<String>>) -> Result<Bytes, Problem> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row.iter().map(|cell| plain(cell))).map_err(|_| Problem::busy())?;
    }
    writer.into_inner().map(Bytes::from).map_err(|_| Problem::busy())
}

async fn row_of(
    api: &Api,
    work: &mut sqlx::PgConnection,
    patient: &crate::store::record::reach::Patient,
) -> Result<Vec<String>, Problem> {
    let key = &patient.key;
    let profile = profiles::find(work, key).await?.map(|found| found.0).unwrap_or_default();
    let phone = patients::phones(work, key).await?.into_iter().next().unwrap_or_default();
    let pregnancy = pregnancies::list(work, key).await?.into_iter().find(|row| row.status == "active");
    let newest = visits::list(work, key, None, None, 20).await?;
    let name = format!("{} {}", patient.identity.given, patient.identity.family).trim().to_owned();
    let due = pregnancy.as_ref().and_then(|row| row.due_on);
    let day = |day: Option<chrono::NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    let weeks =
        due.map(|due| ((280 - (due - api.today()).num_days()).max(0) / 7).to_string()).unwrap_or_default();
    let pressure = newest.iter().find_map(|visit| visit.note.pressure);
    let tenths = |value: Option<u16>| {
        value.map(|tenths| format!("{:.1}", f64::from(tenths) / 10.0)).unwrap_or_default()
    };
    Ok(vec![
        patient.id.to_string(),
        name,
        profile.email,
        phone,
        profile.gender,
        day(patient.identity.birth_date),
        profile.blood_type,
        profile.marital_status,
        patient.language.clone(),
        profile.nationality,
        profile.allergies.join("; "),
        profile.medications.join("; "),
        profile.emergency_contact_name,
        profile.emergency_contact_phone,
        profile.emergency_contact_relationship,
        if pregnancy.is_some() { "pregnant" } else { "not_pregnant" }.to_owned(),
        profile.previous_pregnancies.map(|count| count.to_string()).unwrap_or_default(),
        day(due.map(|due| due - chrono::TimeDelta::days(280))),
        day(due),
        weeks,
        profile.multiple_pregnancy,
        profile.risk_level,
        profile.risk_factors.join("; "),
        pressure.map(|(systolic, diastolic)| format!("{systolic}/{diastolic}")).unwrap_or_default(),
        tenths(newest.iter().find_map(|visit| visit.note.haemoglobin)),
        profile
            .blood_sugar_tenths
            .map(|tenths| format!("{}.{}", tenths / 10, tenths % 10))
            .unwrap_or_default(),
        tenths(newest.iter().find_map(|visit| visit.note.weight)),
        profile.prenatal_vitamins,
        profile.pregnancy_complications.join("; "),
        profile.emergency_hospital,
        profile.birth_plan,
    ])
}

/// The download with its dated name.
pub(in crate::api) fn table(api: &Arc<Api>, actor: &Actor) -> Result<Download, Problem> {
    let facility = actor.bounds()?;
    let file_name = format!("patients_{}.csv", api.now().format("%Y%m%d_%H%M%S"));
    let body = export_lines(Arc::clone(api), actor.clone(), facility);
    Ok(Download { media_type: "text/csv; charset=utf-8", file_name, body })
}

async fn export(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ExportPatients>,
) -> Result<Download, Problem> {
    table(&api, &actor)
}

/// How a table is taken in.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct How {
    /// Look at every row and say what would happen, and change nothing.
    #[serde(default)]
    #[schema(required = false)]
    dry_run: bool,
    /// The facility that cares for them; a hospital's is its own.
    #[schema(minimum = 1, maximum = 99999)]
    facility: Option<i32>,
}

/// Most octets of a table.
const MOST: usize = 20 * 1024 * 1024;

async fn import(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ImportPatients>,
    Filter(how): Filter<How>,
    request: Request,
) -> Result<Lines, Problem> {
    body::expect_type(request.headers(), "text/csv")?;
    let content = body::read(request, MOST).await?;
    let facility = match actor.bounds()? {
        Some(own) if how.facility.is_none_or(|facility| facility == own) => Some(own),
        Some(_) => return Err(Problem::forbidden("a hospital takes patients in as its own")),
        None => how.facility,
    };
    Ok(Lines(import_table(api, (*actor).clone(), facility, content, how.dry_run)))
}

/// One row as this service names its columns, or as the system before it did.
#[derive(Debug, Deserialize)]
struct ImportRow {
    #[serde(alias = "Name")]
    given_name: String,
    #[serde(default)]
    family_name: Option<String>,
    #[serde(default, alias = "Date of Birth")]
    birth_date: Option<String>,
    #[serde(default, alias = "Phone")]
    phone: Option<String>,
    #[serde(default, alias = "Language")]
    language: Option<String>,
    #[serde(default, alias = "Email")]
    email: Option<String>,
    #[serde(default)]
    consent: Option<String>,
}

/// What became of the rows so far.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
struct Progress {
    rows: u64,
    created: u64,
    known: u64,
    refused: u64,
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Event {
    Refused {
        row: u64,
        reason: String,
    },
    Progress(Progress),
    Done {
        dry_run: bool,
        #[serde(flatten)]
        progress: Progress,
    },
    Broken {
        reason: String,
    },
}

/// Takes a table in, row by row, each in a transaction of its own; tells of each that was refused,
/// now and then how far it is, and at last the sums.
pub(in crate::api) fn import_table(
    api: Arc<Api>,
    actor: Actor,
    facility: Option<i32>,
    content: Bytes,
    dry_run: bool,
) -> HttpBody {
    let (sender, receiver) = mpsc::channel::<Event>(64);
    tokio::spawn(async move {
        let mut progress = Progress::default();
        let mut reader =
            csv::ReaderBuilder::new().flexible(false).trim(csv::Trim::All).from_reader(content.as_ref());
        for row in reader.deserialize::<ImportRow>() {
            progress.rows += 1;
            let taken = match row {
                Ok(row) => take(&api, &actor, facility, &row, dry_run).await,
                Err(error) => Err(Problem::malformed(reason_of(&error))),
            };
            match taken {
                Ok(true) => progress.created += 1,
                Ok(false) => progress.known += 1,
                Err(problem) => {
                    progress.refused += 1;
                    let reason = problem.detail.into_owned();
                    if sender.send(Event::Refused { row: progress.rows, reason }).await.is_err() {
                        return;
                    }
                    if problem.status >= 500 {
                        let reason = "the service failed here; the rows before this one are done".to_owned();
                        let _ = sender.send(Event::Broken { reason }).await;
                        return;
                    }
                }
            }
            if progress.rows % 500 == 0 && sender.send(Event::Progress(progress)).await.is_err() {
                return;
            }
        }
        let _ = sender.send(Event::Done { dry_run, progress }).await;
    });
    HttpBody::from_stream(futures_util::stream::unfold(receiver, |mut receiver| async move {
        let event = receiver.recv().await?;
        let mut line = serde_json::to_vec(&event).unwrap_or_default();
        line.push(b'\n');
        Some((Ok::<Bytes, Infallible>(Bytes::from(line)), receiver))
    }))
}

fn reason_of(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("expected {expected_len} cells as in the heading, found {len}")
        }
        csv::ErrorKind::Utf8 { .. } => "expected text in UTF-8".to_owned(),
        csv::ErrorKind::Deserialize { err, .. } => format!("a column is missing or wrong: {}", err.kind()),
        _ => "this row cannot be read".to_owned(),
    }
}

/// Takes one row in: true where she is new, false where her number and name are known already.
async fn take(
    api: &Api,
    actor: &Actor,
    facility: Option<i32>,
    row: &ImportRow,
    dry_run: bool,
) -> Result<bool, Problem> {
    let (given, family) = match &row.family_name {
        Some(family) => (row.given_name.as_str(), family.as_str()),
        None => row.given_name.rsplit_once(' ').unwrap_or((&row.given_name, "")),
    };
    let name: Name = given.try_into().map_err(|reason: String| Problem::field("given_name", reason))?;
    let family: crate::api::frame::field::Maybe =
        family.try_into().map_err(|reason: String| Problem::field("family_name", reason))?;
    let filled = |cell: &Option<String>| cell.clone().filter(|text| !text.is_empty());
    let read = |field: &str, text: String| {
        serde_json::from_value::<Day>(text.into()).map_err(|error| Problem::field(field, error.to_string()))
    };
    let birth_date = filled(&row.birth_date).map(|text| read("birth_date", text)).transpose()?;
    let birth_date = birth_date.map(|day| day.past("birth_date", api.today(), 100)).transpose()?;
    let phone = filled(&row.phone).map(|text| text.trim_start_matches('\'').parse().map(Phone)).transpose();
    let phone = phone.map_err(|error| Problem::field("phone", error.to_string()))?;
    let language = filled(&row.language).unwrap_or_else(|| "en".to_owned());
    if !matches!(language.as_str(), "en" | "kri" | "men" | "tem" | "lim") {
        return Err(Problem::field("language", "expected en, kri, men, tem or lim"));
    }
    if !matches!(filled(&row.consent).as_deref(), Some("yes" | "true" | "1")) {
        return Err(Problem::field("consent", "expected yes: without her consent nothing may be kept"));
    }
    let identity = Identity {
        given: name.0,
        family: family.0,
        birth_year: birth_date.and_then(|day| i16::try_from(chrono::Datelike::year(&day)).ok()),
        birth_date,
    };
    let mut work = api.begin().await?;
    if let Some(phone) = phone
        && is_known(api, &mut work, phone, &identity).await?
    {
        return Ok(false);
    }
    let id = api.new_id();
    let (key, wrapped) = api.vault.create(id);
    let patient = NewPatient {
        key: &key,
        wrapped_key: &wrapped,
        identity: &identity,
        language: &language,
        district: None,
        home_facility: facility,
        verified: true,
        now: api.now(),
    };
    patients::add(&mut work, &patient).await?;
    consents::give(&mut work, agreement(api, id, Purpose::Care, &language)).await?;
    if let Some(phone) = phone {
        let index = api.keyring().phone_index(phone.0);
        phones::hold(&mut work, &index).await?;
        let ordinal = people::free_ordinal(&mut work, &index).await?;
        let ordinal =
            ordinal.ok_or_else(|| Problem::field("phone", "nine people share this number already"))?;
        people::link(&mut work, &key, &index, ordinal, phone.0, api.now()).await?;
    }
    if let Some(email) = filled(&row.email) {
        profiles::save(&mut work, &key, &Profile { email, ..Profile::default() }, api.now()).await?;
    }
    trail::add(&mut work, api.keyring(), &[api.line(actor, Some(id), "change", "patient")]).await?;
    if dry_run {
        work.rollback().await?;
    } else {
        work.commit().await?;
    }
    Ok(true)
}

/// Whether somebody of that name is on the number already.
async fn is_known(
    api: &Api,
    work: &mut sqlx::PgConnection,
    phone: Phone,
    identity: &Identity,
) -> Result<bool, Problem> {
    let index = api.keyring().phone_index(phone.0);
    for (_, person) in patients::on_number(work, &index).await? {
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

/// A code and its name.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CodeView {
    /// The code.
    code: String,
    /// Its name.
    name: String,
    /// What a mother reads.
    plain: String,
    /// Whether it is shown on a phone only where the clinician says so.
    private: bool,
}

/// The codes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CodesView {
    /// Of diagnoses.
    diagnoses: Vec<CodeView>,
    /// Of medicines.
    medicines: Vec<CodeView>,
}

async fn codes(State(api): State<Arc<Api>>, _: Public) -> Result<Found<CodesView>, Problem> {
    let of = |kind: WordKind| {
        let words = api.country.words.of(kind);
        let view = words.map(|word| CodeView {
            code: word.code.clone(),
            name: word.name.clone(),
            plain: word.full("en").to_owned(),
            private: word.private,
        });
        view.collect()
    };
    Ok(Found(CodesView { diagnoses: of(WordKind::Diagnosis), medicines: of(WordKind::Medicine) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert!(plain(cell).starts_with('\''), "{cell:?}");
        }
        assert_eq!(plain("Aminata"), "Aminata");
        assert_eq!(plain("1998-04-12"), "1998-04-12");
    }
}
