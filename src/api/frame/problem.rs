//! Refusals (RFC 9457). `error` repeats the detail for clients of the system before this one, which
//! look for it.

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::identity::HasherBusy;
use crate::store::StoreError;

/// One field that was refused.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
pub struct FieldProblem {
    /// Where it stands (`visits[0].held_on`).
    pub field: String,
    /// What was expected.
    pub detail: String,
}

/// Why a request was refused, or failed. It never repeats what was sent: that may be a secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// Names the kind of refusal, where a client should act on it: a path of this service, or
    /// `about:blank`.
    pub kind: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What was expected and what to do.
    pub detail: Cow<'static, str>,
    /// Fields that were refused.
    pub fields: Vec<FieldProblem>,
    /// Quote it to support.
    pub reference: Option<Uuid>,
    pub(in crate::api) retry_after: Option<u32>,
}

/// A refusal as it is sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem, example = json!({
    "type": "about:blank", "title": "Not Found", "status": 404,
    "detail": "there is no such patient, or she is not in your facility's care",
    "error": "there is no such patient, or she is not in your facility's care"
}))]
pub struct Shown<'a> {
    /// Names the kind of refusal, where a client should act on it: a path of this service, or
    /// `about:blank`.
    #[serde(rename = "type")]
    kind: &'a str,
    /// The status in words.
    title: &'a str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What was expected and what to do.
    detail: &'a str,
    /// The same, where clients of the old system look for it.
    error: &'a str,
    /// Fields that were refused.
    #[serde(skip_serializing_if = "<[FieldProblem]>::is_empty")]
    #[schema(required = false)]
    fields: &'a [FieldProblem],
    /// Quote it to support.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    reference: Option<String>,
}

impl Problem {
    /// A refusal of that status.
    pub fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind: "about:blank",
            status: status.as_u16(),
            detail: detail.into(),
            fields: Vec::new(),
            reference: None,
            retry_after: None,
        }
    }

    /// 400.
    pub fn malformed(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 400 for one field.
    pub fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        let (field, detail) = (field.into(), detail.into());
        Self {
            fields: vec![FieldProblem { field: field.clone(), detail: detail.clone() }],
            ..Self::malformed(format!("{field}: {detail}"))
        }
    }

    /// 401: who asks is not signed in.
    pub fn unauthenticated(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }

    /// 403.
    pub fn forbidden(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// 404.
    pub fn missing(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 409.
    pub fn conflict(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// 410: what the old system did and this one does not.
    pub fn gone(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::GONE, detail)
    }

    /// 412: somebody else changed it meanwhile.
    pub fn changed_meanwhile() -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "somebody else has changed this meanwhile; read it again and repeat the change",
        )
    }

    /// 429 with the seconds to wait.
    pub fn too_many(seconds: u32) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "too many requests; wait as long as Retry-After says")
            .retry_after(seconds)
    }

    /// 503 with the seconds to wait.
    pub fn busy() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the service is busy; try again in a moment")
            .retry_after(2)
    }

    /// Names the kind of refusal for clients that act on it.
    #[must_use]
    pub fn kind(self, kind: &'static str) -> Self {
        Self { kind, ..self }
    }

    #[must_use]
    fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds.max(1)), ..self }
    }

    /// 500: a fault of ours, with a reference that stands in the log too.
    fn fault(error: &dyn std::fmt::Display) -> Self {
        let reference = Uuid::now_v7();
        tracing::error!(reference = %reference.simple(), %error, "a request to the API failed");
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self {
            reference: Some(reference),
            ..Self::new(status, "the service failed; tell support the reference")
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Database(error) => Self::from(error),
            StoreError::Sealed(error) => Self::fault(&error),
        }
    }
}

/// A constraint of the database is a rule that the request broke; an absent database is a wait.
impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) => {
                tracing::warn!(%error, "the database did not answer the API");
                Self::busy()
            }
            sqlx::Error::Database(database) => match database.code().as_deref() {
                Some("23505") => Self::conflict("there is one already"),
                Some("23503") => {
                    Self::conflict("it refers to something that does not exist, or is still referred to")
                }
                Some(
                    "23514" | "23502" | "22001" | "22003" | "22007" | "22008" | "22021" | "22P02" | "22P05",
                ) => {
                    tracing::warn!(%error, "the database refused a value that the API let through");
                    Self::malformed("a value is outside of what can be stored")
                }
                // Serialization, deadlock, cancelled by a time-out, going down, starting up, too many connections.
                Some("40001" | "40P01" | "57014" | "57P01" | "57P02" | "57P03" | "53300") => {
                    tracing::warn!(%error, "the database refused a query of the API for now");
                    Self::busy()
                }
                _ => Self::fault(&error),
            },
            _ => Self::fault(&error),
        }
    }
}

impl From<HasherBusy> for Problem {
    fn from(_: HasherBusy) -> Self {
        Self::busy()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let shown = Shown {
            kind: self.kind,
            title: status.canonical_reason().unwrap_or("Refused"),
            status: self.status,
            detail: &self.detail,
            error: &self.detail,
            fields: &self.fields,
            reference: self.reference.map(|reference| reference.simple().to_string()),
        };
        let body = serde_json::to_string(&shown).unwrap_or_default();
        let mut response =
            (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
