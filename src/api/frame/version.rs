//! Versions against lost updates: an answer carries an `ETag`, a change names it in `If-Match`.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use chrono::{DateTime, Utc};

use super::{Api, Problem};

/// The version of a row is the time of its last change.
pub fn etag(at: DateTime<Utc>) -> String {
    format!("\"{:x}\"", at.timestamp_micros())
}

fn read(text: &str) -> Option<DateTime<Utc>> {
    let micros = text.trim().strip_prefix('"')?.strip_suffix('"')?;
    DateTime::from_timestamp_micros(i64::from_str_radix(micros, 16).ok()?)
}

/// The version that a change is made to; required.
#[derive(Clone, Copy, Debug)]
pub struct IfMatch(pub DateTime<Utc>);

impl FromRequestParts<Arc<Api>> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<Api>) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else {
            let detail = "read it first, and send its ETag as If-Match with the change";
            return Err(Problem::new(StatusCode::PRECONDITION_REQUIRED, detail));
        };
        value.to_str().ok().and_then(read).map(Self).ok_or_else(Problem::changed_meanwhile)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_back() {
        let at: DateTime<Utc> = "2026-11-24T12:00:00.123456Z".parse().unwrap();
        assert_eq!(read(&etag(at)), Some(at));
        for wrong in ["", "*", "abc", "\"xyz\"", "W/\"1\""] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
