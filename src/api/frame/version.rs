//! Versions against lost updates: an answer carries an `ETag`, a change names it in `If-Match`.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use chrono::{DateTime, Utc};

use super::Problem;

/// The version of a row is the time of its last change.
pub fn etag(at: DateTime<Utc>) -> String {
    format!("\"{:x}\"", at.timestamp_micros())
}

/// The version of an `ETag`; or of an `updated_at` in quotes, for rows that only lists show.
fn read(text: &str) -> Option<DateTime<Utc>> {
    let version = text.trim().strip_prefix('"')?.strip_suffix('"')?;
    // Digits alone: the number parser would take a sign.
    if version.bytes().all(|octet| octet.is_ascii_hexdigit())
        && let Ok(micros) = u64::from_str_radix(version, 16)
    {
        // As `etag` writes a time before 1970.
        return DateTime::from_timestamp_micros(micros.cast_signed());
    }
    version.parse().ok()
}

/// The version that a change is made to; required.
#[derive(Clone, Copy, Debug)]
pub struct IfMatch(pub DateTime<Utc>);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
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
        let before_1970: DateTime<Utc> = "1969-12-31T23:59:59Z".parse().unwrap();
        assert_eq!(read(&etag(before_1970)), Some(before_1970));
        for wrong in ["", "*", "abc", "\"xyz\"", "W/\"1\"", "\"-1\"", "\"+1\""] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
