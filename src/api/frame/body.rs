//! Bodies and queries, read strictly: of the right type, not too large, not too slow, with no field
//! that nobody asked for.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use super::page::{Cursor, Limit};
use super::{FieldProblem, Problem};

/// Most octets of a JSON body.
const MOST: usize = 64 * 1024;

/// A body must be complete within this time.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longest name of a field that is repeated to who sent it; ours have some twenty letters.
const LONGEST_NAME: usize = 64;

/// A JSON body.
#[derive(Clone, Debug)]
pub struct Body<T>(pub T);

impl<S: Sync, T: DeserializeOwned + Send> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        expect_type(request.headers(), "application/json")?;
        let octets = read(request, MOST).await?;
        parse(&octets).map(Self)
    }
}

/// The whole body, up to that many octets.
pub(crate) async fn read(request: Request, most: usize) -> Result<Bytes, Problem> {
    let too_large =
        || Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("a body here has at most {most} octets"));
    // Told by its own header, it need not be read first.
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if announced.and_then(|value| value.parse::<usize>().ok()).is_some_and(|length| length > most) {
        return Err(too_large());
    }
    match tokio::time::timeout(PATIENCE, axum::body::to_bytes(request.into_body(), most)).await {
        Ok(Ok(octets)) => Ok(octets),
        Ok(Err(error)) if is_length_limit(&error) => Err(too_large()),
        Ok(Err(_)) => Err(Problem::malformed("the body broke off")),
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive")),
    }
}

fn is_length_limit(error: &axum::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if inner.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        source = inner.source();
    }
    false
}

/// Refuses a body of another media type or charset.
pub(crate) fn expect_type(headers: &HeaderMap, media_type: &str) -> Result<(), Problem> {
    let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (essence, parameters) = sent.split_once(';').unwrap_or((sent, ""));
    let other_charset =
        parameters.split(';').filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
            name.trim().eq_ignore_ascii_case("charset")
                && !value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        });
    if !essence.trim().eq_ignore_ascii_case(media_type) || other_charset {
        let detail = format!("expected content-type {media_type}, in UTF-8");
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    Ok(())
}

/// Reads JSON; says which field is wrong. Serde's words may quote what was sent, which is left out of them.
pub(crate) fn parse<T: DeserializeOwned>(octets: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(octets);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.inner();
        if inner.is_data() {
            refused(&path, &without_value(&inner.to_string()))
        } else {
            Problem::malformed(format!(
                "the body is not JSON that can be read (line {}, column {})",
                inner.line(),
                inner.column()
            ))
        }
    })?;
    reader.end().map_err(|_| Problem::malformed("something follows the JSON value of the body"))?;
    Ok(value)
}

fn refused(path: &str, reason: &str) -> Problem {
    let field = if path == "." { String::new() } else { named(path).to_owned() };
    let reason = reason.split(" at line ").next().unwrap_or(reason).to_owned();
    let detail = if field.is_empty() { reason.clone() } else { format!("{field}: {reason}") };
    Problem { fields: vec![FieldProblem { field, detail: reason }], ..Problem::malformed(detail) }
}

/// The name of a field as it was sent, where it is one that a field could have: others would break the lines of
/// logs, and hold anything.
fn named(field: &str) -> &str {
    let plain = |octet: u8| octet.is_ascii_graphic() && octet != b'`';
    if field.len() <= LONGEST_NAME && field.bytes().all(plain) { field } else { "…" }
}

/// Serde's reason without the value that it quotes: "invalid type: integer …, expected a string". The value may
/// hold anything, also what looks like the end of it, so it ends where the last word of what was expected begins.
/// A field that nobody asked for is named, if it could be a field.
pub(crate) fn without_value(reason: &str) -> String {
    const QUOTING: [&str; 4] = ["invalid type: ", "invalid value: ", "unknown variant ", "unknown field "];
    let quotes = |text: &str| QUOTING.iter().any(|start| text.starts_with(start));
    if !quotes(reason) {
        // Before the reason a query names its field.
        let parts = reason.match_indices(": ").map(|(at, _)| reason.split_at(at));
        let mut parts = parts.map(|(field, rest)| (field, rest.trim_start_matches(": ")));
        return match parts.find(|(_, rest)| quotes(rest)) {
            Some((field, rest)) => format!("{}: {}", named(field), without_value(rest)),
            None => reason.to_owned(),
        };
    }
    let (found, expected) = match reason.rsplit_once(", expected ") {
        Some((found, expected)) => (found, format!(", expected {expected}")),
        None => (reason, String::new()),
    };
    match found.split_once(['`', '"']) {
        Some((kind, name)) if kind == "unknown field " => {
            format!("{kind}`{}`{expected}", named(name.trim_end_matches('`')))
        }
        Some((kind, _)) => format!("{} …{expected}", kind.trim_end()),
        None => reason.to_owned(),
    }
}

/// The query of a list: filters, order, page.
#[derive(Clone, Debug)]
pub struct Filter<T>(pub T);

impl<S: Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Filter<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        axum::extract::Query::<T>::try_from_uri(&parts.uri).map(|query| Self(query.0)).map_err(|error| {
            let reason =
                std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            Problem::malformed(format!("the query: {}", without_value(&reason)))
        })
    }
}

/// The query of a list that has pages and nothing to choose by.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WhichPage {
    /// Rows of a page.
    #[serde(default)]
    #[schema(inline, required = false)]
    pub limit: Limit,
    /// From the page before.
    #[schema(inline)]
    pub cursor: Option<Cursor>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[expect(dead_code, reason = "it is read into")]
        age: u8,
    }

    fn refusal(text: &str) -> Problem {
        parse::<Sample>(text.as_bytes()).unwrap_err()
    }

    #[test]
    fn the_field_is_named_and_the_value_is_not() {
        let problem = refusal(r#"{"age": "739150"}"#);
        assert_eq!(problem.fields[0].field, "age");
        assert!(!problem.detail.contains("739150"), "{}", problem.detail);
        assert!(refusal(r#"{"age": 1, "role": "administrator"}"#).detail.contains("unknown field"));
        assert!(refusal(r#"{"age": 1} x"#).detail.contains("follows"));
        assert_eq!(refusal("{").status, 400);
    }

    #[test]
    fn no_value_is_repeated_whatever_it_is_and_looks_like() {
        for sent in [
            "739150",
            "-739150.5",
            r#""a\"739150\"b""#,
            r#""739150, expected u8""#,
            r#"["739150"]"#,
            r#"{"739150": 1}"#,
        ] {
            let detail = refusal(&format!(r#"{{"age": {sent}}}"#)).detail;
            assert!(!detail.contains("739150") && detail.contains("expected u8"), "{sent}: {detail}");
        }
        assert_eq!(
            without_value("unknown variant `739150`, expected `nurse` or `midwife`"),
            "unknown variant …, expected `nurse` or `midwife`"
        );
        assert_eq!(
            without_value("kind: unknown variant `739150`, expected `nurse`"),
            "kind: unknown variant …, expected `nurse`"
        );
        for sent in [r#"{"vis\nits": 1}"#, &format!(r#"{{"{}": 1}}"#, "x".repeat(70))] {
            let problem = refusal(sent);
            assert!(problem.detail.contains("unknown field `…`, expected `age`"), "{}", problem.detail);
            assert_eq!(problem.fields[0].field, "…");
        }
        assert_eq!(
            without_value("a\n: b: unknown field `a\n: b`, expected `limit`"),
            "…: unknown field `…`, expected `limit`"
        );
        assert_eq!(
            without_value("limit: invalid digit found in string"),
            "limit: invalid digit found in string"
        );
    }

    #[test]
    fn json_as_deep_as_a_well_is_refused() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(parse::<serde_json::Value>(deep.as_bytes()).is_err());
        assert_eq!(refusal(&format!(r#"{{"age": {deep}}}"#)).status, 400);
    }
}
