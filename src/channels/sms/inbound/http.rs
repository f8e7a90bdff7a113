//! The generic form: JSON, signed by an HMAC over the time and the body.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::channels::auth::Access;
use crate::channels::problem::Problem;

use super::super::signature::body_signed;
use super::desk::{InboundDesk, named, refused, sender, text, time};
use super::{InboundTaker, Received};

const TIMESTAMP: &str = "x-mamacare-timestamp";
const SIGNATURE: &str = "x-mamacare-signature";

struct Door<T> {
    name: Arc<str>,
    desk: Arc<InboundDesk<T>>,
    /// Where calls come from.
    access: Access,
    /// Any of which may have signed.
    secrets: Vec<SecretString>,
}

#[derive(Deserialize)]
struct Message {
    id: String,
    from: String,
    to: String,
    text: String,
    at: Option<String>,
}

pub(super) fn router<T: InboundTaker>(
    desk: &Arc<InboundDesk<T>>,
    name: &Arc<str>,
    access: Access,
    secrets: &[SecretString],
) -> Router {
    let address = |rest: &str| format!("/sms/{name}/{rest}");
    let (name, desk) = (Arc::clone(name), Arc::clone(desk));
    let door = Arc::new(Door { name, desk, access, secrets: secrets.to_vec() });
    Router::new().route(&address("inbound"), post(inbound::<T>)).with_state(door)
}

async fn inbound<T: InboundTaker>(State(door): State<Arc<Door<T>>>, request: Request) -> Response {
    match door.body(request).await {
        Ok(octets) => {
            let stored = || Json(serde_json::json!({"status": "stored"})).into_response();
            door.desk.take(&door.name, read(&door.name, &octets), stored).await
        }
        Err(problem) => problem.into_response(),
    }
}

impl<T: InboundTaker> Door<T> {
    async fn body(&self, request: Request) -> Result<axum::body::Bytes, Problem> {
        let (parts, body) = request.into_parts();
        let from = self.desk.source_of(&parts);
        self.access.check_network(from).map_err(|problem| refused(&self.name, from, problem))?;
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let not_signed = || {
            let detail = "this address asks for x-mamacare-timestamp, at most five minutes old, and \
                          x-mamacare-signature over it and the body";
            refused(&self.name, from, Problem::new(StatusCode::UNAUTHORIZED, detail))
        };
        let (Some(timestamp), Some(signature)) = (header(TIMESTAMP), header(SIGNATURE)) else {
            return Err(not_signed());
        };
        let octets = self.desk.body.read(&parts.headers, body, "application/json").await?;
        let secrets = self.secrets.iter().map(ExposeSecret::expose_secret);
        if body_signed(secrets, timestamp, &octets, signature, self.desk.taker.now()) {
            Ok(octets)
        } else {
            Err(not_signed())
        }
    }
}

fn read(provider: &Arc<str>, octets: &[u8]) -> Result<Received, Problem> {
    let message: Message = serde_json::from_slice(octets).map_err(|error| {
        let place = format!("at line {} column {}", error.line(), error.column());
        let reason = error.to_string();
        // It may quote a value, but for the name of a field that is missing.
        if reason.starts_with("missing field") {
            return Problem::malformed(reason);
        }
        Problem::malformed(format!(
            "the body does not fit {place}; expected id, from, to, text and at as texts"
        ))
    })?;
    Ok(Received {
        provider: Arc::clone(provider),
        id: named(&message.id, "id")?.to_owned(),
        from: sender(&message.from, "from")?,
        to: named(&message.to, "to")?.to_owned(),
        text: text(&message.text),
        sent_at: message.at.as_deref().and_then(time),
    })
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;
    use serde_json::json;

    use super::super::super::signature::sign;
    use super::super::Sender;
    use super::super::testing::{Fake, NOW};
    use super::*;

    fn signed(body: &str, shift: i64) -> Request<Body> {
        let timestamp = NOW.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp() + shift;
        Request::post("/sms/http/inbound")
            .header("content-type", "application/json")
            .header(TIMESTAMP, timestamp.to_string())
            .header(SIGNATURE, sign::body("test-secret-of-it", timestamp, body))
            .body(Body::from(body.to_owned()))
            .unwrap()
    }

    fn message() -> serde_json::Value {
        json!({"id": "m-1", "from": "+23276000001", "to": "4680", "text": "ƐP", "at": "2026-11-24T08:00:00Z"})
    }

    #[tokio::test]
    async fn a_signed_message_arrives() {
        let fake = Fake::default();
        let answer = fake.call(signed(&message().to_string(), 0)).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, r#"{"status":"stored"}"#));
        let [message] = fake.taken().try_into().unwrap();
        assert_eq!((message.id.as_str(), message.text.as_str()), ("m-1", "ƐP"));
        assert_eq!(message.from, Sender::Number("076000001".parse().unwrap()));
    }

    #[tokio::test]
    async fn what_is_old_changed_or_unsigned_reaches_nothing() {
        let fake = Fake::default();
        let body = message().to_string();
        let mut changed = signed(&body, 0);
        *changed.body_mut() = Body::from(body.replace("4680", "4681"));
        let mut bare = signed(&body, 0);
        bare.headers_mut().remove(SIGNATURE);
        for request in [signed(&body, -301), signed(&body, 301), changed, bare] {
            assert_eq!(fake.call(request).await.status, 401);
        }
        assert!(fake.taken().is_empty());
    }

    #[tokio::test]
    async fn what_does_not_fit_is_refused_without_repeating_it() {
        let fake = Fake::default();
        for (body, reason) in [
            (r#"{"id": "1"}"#, "missing field"),
            (r#"{"id": "1", "from": "076000001", "to": "4680", "text": 739150}"#, "does not fit"),
            ("739150", "does not fit"),
            ("", "does not fit"),
        ] {
            let answer = fake.call(signed(body, 0)).await;
            assert_eq!(answer.status, 400, "{body}");
            assert!(answer.body.contains(reason) && !answer.body.contains("739150"), "{}", answer.body);
        }
        assert!(fake.taken().is_empty());
    }
}
