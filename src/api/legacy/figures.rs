//! Counts and tables at the old addresses.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Request, State};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::api::frame::answer::{Download, Found, Lines};
use crate::api::frame::gate::{Allowed, Public};
use crate::api::frame::{Api, Problem, Routes, body};
use crate::api::v1::{import_table, table};
use crate::identity::grants;
use crate::store::record::{births, patients};
use crate::store::sealed::Sex;

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("old: figures", "Counts and tables at the addresses of the old system.");
    routes.get("/health", health, "Whether the service and its database answer");
    routes.get("/api/admin/patients/count", count, "How many patients there are");
    routes.get("/api/admin/birth-records/stats", births_by_sex, "How many births, by sex");
    routes.get("/api/export/csv", export, "Take the patients out as a table");
    routes.post("/api/import/csv", import, "Take patients in from a table");
    routes.amend("POST", "/api/import/csv", |operation| {
        operation["requestBody"] = serde_json::json!({"required": true, "content": {"multipart/form-data": {"schema": {
            "type": "object", "required": ["file"], "properties": {"file": {"type": "string", "contentMediaType": "text/csv"}}}}}});
    });
}

/// Whether all is well.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Health {
    /// `healthy`.
    status: String,
    /// `connected`.
    database: String,
}

async fn health(State(api): State<Arc<Api>>, _: Public) -> Result<Found<Health>, Problem> {
    sqlx::query("SELECT 1").execute(&api.service).await?;
    Ok(Found(Health { status: "healthy".to_owned(), database: "connected".to_owned() }))
}

/// How many.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Count {
    /// Patients.
    count: i64,
}

async fn count(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ReadStatistics>,
) -> Result<Found<Count>, Problem> {
    let mut work = api.country(&actor).await?;
    Ok(Found(Count { count: patients::count(&mut work).await? }))
}

/// How many births.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
pub struct BirthCounts {
    /// All.
    #[serde(rename = "total_births")]
    total: i64,
    /// Boys.
    #[serde(rename = "male_births")]
    male: i64,
    /// Girls.
    #[serde(rename = "female_births")]
    female: i64,
    /// Not told.
    #[serde(rename = "other_births")]
    other: i64,
}

/// Children whose notes are opened at once.
const STRETCH: i64 = 2000;

async fn births_by_sex(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ReadStatistics>,
) -> Result<Found<BirthCounts>, Problem> {
    let mut counts = BirthCounts::default();
    let mut after = (Uuid::nil(), 0);
    loop {
        let mut work = api.country(&actor).await?;
        let (sexes, last) = births::sexes(&mut work, &api.vault, after, STRETCH).await?;
        drop(work);
        for sex in sexes {
            counts.total += 1;
            match sex {
                Some(Sex::Male) => counts.male += 1,
                Some(Sex::Female) => counts.female += 1,
                None => counts.other += 1,
            }
        }
        match last {
            Some(last) => after = last,
            None => return Ok(Found(counts)),
        }
    }
}

async fn export(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ExportPatients>,
) -> Result<Download, Problem> {
    table(&api, &actor)
}

/// Most octets of a table.
const MOST: usize = 20 * 1024 * 1024;

async fn import(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ImportPatients>,
    request: Request,
) -> Result<Lines, Problem> {
    let unreadable = || Problem::malformed("expected a form with a .csv file in the field `file`");
    let (head, content) = request.into_parts();
    let is_form = head.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !is_form.to_ascii_lowercase().starts_with("multipart/form-data") {
        return Err(Problem::new(
            axum::http::StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "expected content-type multipart/form-data",
        ));
    }
    let octets = body::read(Request::from_parts(head.clone(), content), MOST).await?;
    let whole = Request::from_parts(head, axum::body::Body::from(octets));
    let mut parts = Multipart::from_request(whole, &()).await.map_err(|_| unreadable())?;
    while let Some(part) = parts.next_field().await.map_err(|_| unreadable())? {
        let named = part.file_name().is_some_and(|name| name.to_ascii_lowercase().ends_with(".csv"));
        if part.name() == Some("file") && named {
            let content: Bytes = part.bytes().await.map_err(|_| unreadable())?;
            let facility = actor.bounds()?;
            return Ok(Lines(import_table(api, (*actor).clone(), facility, content, false)));
        }
    }
    Err(unreadable())
}
