//! Patients taken in from CSV, a row at a time.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::{Body as HttpBody, Bytes};
use axum::extract::{Request, State};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use utoipa::ToSchema;

use super::entrant::{Entrant, entrants};
use super::patients::{Purpose, agreement};
use crate::api::frame::answer::Lines;
use crate::api::frame::body::{self, Filter};
use crate::api::frame::gate::{Actor, Allowed};
use crate::api::frame::{Api, Problem, Routes};
use crate::identity::grants;
use crate::store::directory::facilities;
use crate::store::record::patients::{self, NewPatient};
use crate::store::record::profiles::{self, Profile};
use crate::store::{consents, people, phones, trail};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.post("/api/v1/imports/patients", import, "Take patients in from CSV, or try what would happen");
    routes.amend("POST", "/api/v1/imports/patients", |operation| {
        let example = "given_name,family_name,birth_date,phone,language,consent\nAminata,Example,1998-04-12,+23276000001,en,yes\n";
        operation["requestBody"] = serde_json::json!({"required": true, "content": {
            "text/csv": {"schema": {"type": "string", "example": example}}}});
    });
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
    if let Some(facility) = facility {
        let mut work = api.country(&actor).await?;
        if !facilities::cares(&mut work, facility).await? {
            return Err(Problem::field("facility", "expected the id of a facility that is listed"));
        }
    }
    Ok(Lines(import_table(api, (*actor).clone(), facility, content, how.dry_run)))
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
        for entrant in entrants(&content, api.today()) {
            progress.rows += 1;
            let taken = match entrant {
                Ok(entrant) => take(&api, &actor, facility, &entrant, dry_run).await,
                Err(problem) => Err(problem),
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

/// Takes one row in: true where she is new, false where her number and name are known already.
async fn take(
    api: &Api,
    actor: &Actor,
    facility: Option<i32>,
    entrant: &Entrant,
    dry_run: bool,
) -> Result<bool, Problem> {
    let Entrant { identity, language, phone, email } = entrant;
    if let Some(phone) = *phone {
        // Whoever is on that number, in whichever facility's care.
        let (index, mut work) = (api.keyring().phone_index(phone), api.door().await?);
        if patients::is_known(&mut work, &api.vault, &index, identity).await? {
            return Ok(false);
        }
    }
    let mut work = api.country(actor).await?;
    let id = api.new_id();
    let (key, wrapped) = api.vault.create(id);
    let patient = NewPatient {
        key: &key,
        wrapped_key: &wrapped,
        identity,
        language,
        district: None,
        home_facility: facility,
        verified: true,
        now: api.now(),
    };
    patients::add(&mut work, &patient).await?;
    consents::give(&mut work, agreement(api, id, Purpose::Care, language)).await?;
    if let Some(phone) = *phone {
        let index = api.keyring().phone_index(phone);
        phones::hold(&mut work, &index).await?;
        let ordinal = people::free_ordinal(&mut work, &index).await?;
        let ordinal =
            ordinal.ok_or_else(|| Problem::field("phone", "nine people share this number already"))?;
        people::link(&mut work, &key, &index, ordinal, phone, api.now()).await?;
    }
    if let Some(email) = email.clone() {
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
