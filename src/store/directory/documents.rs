//! Documents handed in for verification, and pictures. They lie in the database, sealed: outside of
//! any folder that a web server could serve, and never run.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::super::error::StoreError;
use crate::privacy::{Keyring, VaultError};

const CONTENT: &str = "document.content";

/// What a document is, without its content.
#[derive(Clone, Debug, Eq, PartialEq, sqlx::FromRow)]
pub struct Document {
    /// Its id.
    pub id: Uuid,
    /// `license`, `registration`, `image` or `other`.
    pub kind: String,
    /// As its first octets say.
    pub media_type: String,
    /// Octets.
    pub size: i32,
    /// When it was handed in.
    pub created_at: DateTime<Utc>,
}

/// A document to be stored.
#[derive(Clone, Copy, Debug)]
pub struct NewDocument<'a> {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub facility: i32,
    /// What.
    pub kind: &'a str,
    /// As its first octets say.
    pub media_type: &'a str,
    /// Content.
    pub content: &'a [u8],
    /// When.
    pub now: DateTime<Utc>,
}

/// Stores a document.
pub async fn add(
    work: &mut PgConnection,
    keyring: &Keyring,
    document: &NewDocument<'_>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO document (id, facility, kind, media_type, size, content, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(document.id)
    .bind(document.facility)
    .bind(document.kind)
    .bind(document.media_type)
    .bind(i32::try_from(document.content.len()).unwrap_or(i32::MAX))
    .bind(keyring.seal(CONTENT, document.id.as_bytes(), document.content))
    .bind(document.now)
    .execute(work)
    .await?;
    Ok(())
}

/// Documents of a facility, newest first.
pub async fn list(work: &mut PgConnection, facility: i32) -> Result<Vec<Document>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT id, kind, media_type, size, created_at FROM document WHERE facility = $1
         ORDER BY created_at DESC LIMIT 100",
    )
    .bind(facility)
    .fetch_all(work)
    .await?)
}

/// How many a facility has handed in.
pub async fn count(work: &mut PgConnection, facility: i32) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("SELECT count(*) FROM document WHERE facility = $1")
        .bind(facility)
        .fetch_one(work)
        .await?)
}

/// A document with its content; of that facility, where one is named.
pub async fn open(
    work: &mut PgConnection,
    keyring: &Keyring,
    id: Uuid,
    facility: i32,
) -> Result<Option<(String, Vec<u8>)>, StoreError> {
    let row: Option<(String, Vec<u8>)> =
        sqlx::query_as("SELECT media_type, content FROM document WHERE id = $1 AND facility = $2")
            .bind(id)
            .bind(facility)
            .fetch_optional(work)
            .await?;
    row.map(|(media_type, sealed)| Ok((media_type, unseal(keyring, id, &sealed)?))).transpose()
}

/// The picture of a facility that is listed: anybody may see it.
pub async fn picture(
    work: &mut PgConnection,
    keyring: &Keyring,
    id: Uuid,
) -> Result<Option<(String, Vec<u8>)>, StoreError> {
    let row: Option<(String, Vec<u8>)> = sqlx::query_as(
        "SELECT media_type, content FROM document JOIN facility ON facility.id = document.facility
         WHERE document.id = $1 AND document.kind = 'image' AND facility.status = 'listed'",
    )
    .bind(id)
    .fetch_optional(work)
    .await?;
    row.map(|(media_type, sealed)| Ok((media_type, unseal(keyring, id, &sealed)?))).transpose()
}

fn unseal(keyring: &Keyring, id: Uuid, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
    let broken = || VaultError::Service { table: "document", column: "content", row: id.to_string() };
    Ok(keyring.open(CONTENT, id.as_bytes(), sealed).ok_or_else(broken)?)
}
