//! Documents that facilities hand in, and their pictures: small, of a known type, and told apart by
//! their first octets.

use std::sync::Arc;

use axum::body::Body as HttpBody;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::facilities::NONE;
use crate::api::frame::answer::{Created, Download, Found};
use crate::api::frame::body;
use crate::api::frame::gate::{Allowed, Public};
use crate::api::frame::page::All;
use crate::api::frame::{Api, At, Problem, Routes};
use crate::identity::grants;
use crate::store::directory::documents::{self, Document, NewDocument};
use crate::store::directory::facilities;

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group("documents", "Documents handed in for verification, and pictures.");
    routes.post("/api/v1/facility/documents/{kind}", hand_in, "Hand in a document or picture");
    routes.amend("POST", "/api/v1/facility/documents/{kind}", |operation| {
        let binary =
            serde_json::json!({"schema": {"type": "string", "contentMediaType": "application/octet-stream"}});
        operation["requestBody"] = serde_json::json!({"required": true, "content": {
            "application/pdf": binary, "image/png": binary, "image/jpeg": binary, "image/webp": binary}});
    });
    routes.get("/api/v1/facility/documents", own_documents, "Documents of one's own facility");
    routes.get("/api/v1/facilities/{id}/documents", documents_for_admin, "Documents of a facility");
    routes.get("/api/v1/facilities/{id}/documents/{document}", document, "A document of a facility");
    routes.get("/api/v1/pictures/{id}", picture, "The picture of a facility that is listed");
}

async fn picture(State(api): State<Arc<Api>>, _: Public, At(id): At<Uuid>) -> Result<Download, Problem> {
    let mut work = api.nobody().await?;
    let found = documents::picture(&mut work, api.keyring(), id).await?;
    let (media_type, content) = found.ok_or_else(|| Problem::missing("there is no such picture"))?;
    Ok(download(&media_type, id, content))
}

fn download(media_type: &str, id: Uuid, content: Vec<u8>) -> Download {
    let (media_type, ending) = match media_type {
        "application/pdf" => ("application/pdf", "pdf"),
        "image/png" => ("image/png", "png"),
        "image/jpeg" => ("image/jpeg", "jpg"),
        "image/webp" => ("image/webp", "webp"),
        _ => ("application/octet-stream", "bin"),
    };
    Download { media_type, file_name: format!("{id}.{ending}"), body: HttpBody::from(content) }
}

/// Most octets of a document.
const MOST: usize = 5 * 1024 * 1024;

/// Most documents of a facility.
const MOST_DOCUMENTS: i64 = 30;

/// What a file is, by its first octets.
pub fn sniff(content: &[u8]) -> Option<&'static str> {
    match content {
        [b'%', b'P', b'D', b'F', b'-', ..] => Some("application/pdf"),
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

/// A document that was handed in.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub struct DocumentView {
    /// Its id.
    id: Uuid,
    /// `license`, `registration`, `image` or `other`.
    kind: String,
    /// As its first octets say.
    media_type: String,
    /// Octets.
    size: i32,
    /// When it was handed in.
    created_at: DateTime<Utc>,
}

impl From<Document> for DocumentView {
    fn from(document: Document) -> Self {
        Self {
            id: document.id,
            kind: document.kind,
            media_type: document.media_type,
            size: document.size,
            created_at: document.created_at,
        }
    }
}

/// Stores a file of a facility under its sniffed type.
pub(in crate::api) async fn store(
    api: &Api,
    work: &mut sqlx::PgConnection,
    facility: i32,
    kind: &str,
    content: &[u8],
) -> Result<Uuid, Problem> {
    let media_type = sniff(content).ok_or_else(|| {
        Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "expected a PDF, PNG, JPEG or WebP; the first octets say otherwise",
        )
    })?;
    if kind == "image" && media_type == "application/pdf" {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "a picture is PNG, JPEG or WebP"));
    }
    if documents::count(work, facility).await? >= MOST_DOCUMENTS {
        return Err(Problem::conflict(format!("a facility has at most {MOST_DOCUMENTS} documents")));
    }
    let id = api.new_id();
    let document = NewDocument { id, facility, kind, media_type, content, now: api.now() };
    documents::add(work, api.keyring(), &document).await?;
    Ok(id)
}

async fn hand_in(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::OwnFacility>,
    At(kind): At<String>,
    request: Request,
) -> Result<Created<DocumentView>, Problem> {
    if !matches!(kind.as_str(), "license" | "registration" | "image" | "other") {
        return Err(Problem::missing("a document is a license, a registration, an image or other"));
    }
    let facility = actor.own_facility()?;
    if request.headers().get(header::CONTENT_TYPE).is_none() {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "expected a PDF, PNG, JPEG or WebP"));
    }
    let content = body::read(request, MOST).await?;
    let mut work = api.begin(&actor).await?;
    let id = store(&api, &mut work, facility, &kind, &content).await?;
    let rows = documents::list(&mut work, facility).await?;
    let row = rows.into_iter().find(|row| row.id == id).ok_or_else(Problem::busy)?;
    api.changed(&mut work, &actor, None, "document").await?;
    work.commit().await?;
    Ok(Created(format!("/api/v1/facilities/{facility}/documents/{id}"), DocumentView::from(row)))
}

/// Documents of a facility.
pub(in crate::api) async fn documents_of(api: &Api, facility: i32) -> Result<All<DocumentView>, Problem> {
    let mut work = api.nobody().await?;
    Ok(documents::list(&mut work, facility).await?.into_iter().map(DocumentView::from).collect())
}

async fn own_documents(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::OwnFacility>,
) -> Result<Found<All<DocumentView>>, Problem> {
    Ok(Found(documents_of(&api, actor.own_facility()?).await?))
}

async fn documents_for_admin(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageFacilities>,
    At(id): At<i32>,
) -> Result<Found<All<DocumentView>>, Problem> {
    let _ = actor;
    let known = facilities::district(&mut *api.begin(&actor).await?, id).await?.is_some();
    if !known {
        return Err(Problem::missing(NONE));
    }
    Ok(Found(documents_of(&api, id).await?))
}

async fn document(
    State(api): State<Arc<Api>>,
    actor: Allowed<grants::ManageFacilities>,
    At((facility, id)): At<(i32, Uuid)>,
) -> Result<Download, Problem> {
    let _ = actor;
    let mut work = api.begin(&actor).await?;
    let found = documents::open(&mut work, api.keyring(), id, facility).await?;
    let (media_type, content) = found.ok_or_else(|| Problem::missing("there is no such document"))?;
    Ok(download(&media_type, id, content))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_first_octets_say() {
        assert_eq!(sniff(b"%PDF-1.7 ..."), Some("application/pdf"));
        assert_eq!(sniff(b"\x89PNG\r\n\x1a\n...."), Some("image/png"));
        assert_eq!(sniff(b"\xff\xd8\xff\xe0...."), Some("image/jpeg"));
        assert_eq!(sniff(b"RIFF\x00\x00\x00\x00WEBPVP8 "), Some("image/webp"));
        for other in [b"".as_slice(), b"<html><script>", b"#!/bin/sh", b"GIF89a", b"MZ", b"<svg"] {
            assert_eq!(sniff(other), None);
        }
    }
}
