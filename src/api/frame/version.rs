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

/// The version of an `ETag`; or of an `updated_at` in quotes, for rows that only lists show.
fn read(text: &str) -> Option<DateTime<Utc>> {
    let version = text.trim().strip_prefix('"')?.strip_suffix('"')?;
    if let Ok(micros) = i64::from_str_radix(version, 16) {
        return DateTime::from_timestamp_micros(micros);
    }
    version.parse().ok()
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
        assert_eq!(read("\"2026-11-24T12:00:00.123456Z\""), Some(at));
        for wrong in ["", "*", "abc", "\"xyz\"", "W/\"1\""] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
