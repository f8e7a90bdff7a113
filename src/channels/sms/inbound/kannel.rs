//! Kannel: a GET whose query was filled with Kannel's escapes, or a POST of the text with headers.
//! Not signed: its secret stands in the address or a header, or its network is known. An answer with
//! text in it would be sent to the phone, so ours is empty (give the service `max-messages = 0`).
//!
//! ```text
//! get-url = "…/sms/kannel/inbound/SECRET?from=%p&to=%P&b=%b&coding=%c&ts=%T&id=%I"
//! post-url = "…/sms/kannel/inbound/SECRET"
//! ```

use std::borrow::Cow;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::channels::auth::Access;
use crate::channels::form::fields;
use crate::channels::problem::Problem;

use super::desk::{InboundDesk, named, sender, text, time};
use super::{InboundTaker, Received};

struct Door<T> {
    name: Arc<str>,
    desk: Arc<InboundDesk<T>>,
    access: Access,
}

pub(super) fn router<T: InboundTaker>(desk: &Arc<InboundDesk<T>>, name: &Arc<str>, access: Access) -> Router {
    let address = |rest: &str| format!("/sms/{name}/{rest}");
    let door = Arc::new(Door { name: Arc::clone(name), desk: Arc::clone(desk), access });
    Router::new()
        .route(&address("inbound"), get(by_get::<T>).post(by_post::<T>))
        .route(&address("inbound/{secret}"), get(by_get::<T>).post(by_post::<T>))
        .with_state(door)
}

async fn by_get<T: InboundTaker>(
    State(door): State<Arc<Door<T>>>,
    secret: Option<Path<String>>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    match door.authenticate(secret.as_ref(), &parts) {
        Ok(()) => {
            let query = parts.uri.query().unwrap_or_default();
            door.desk.take(&door.name, read_query(&door.name, query.as_bytes()), nothing_to_say).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn by_post<T: InboundTaker>(
    State(door): State<Arc<Door<T>>>,
    secret: Option<Path<String>>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let read = async {
        door.authenticate(secret.as_ref(), &parts)?;
        door.desk.body.read_any(&parts.headers, body).await
    };
    match read.await {
        Ok(octets) => {
            door.desk.take(&door.name, read_post(&door.name, &parts.headers, &octets), nothing_to_say).await
        }
        Err(problem) => problem.into_response(),
    }
}

impl<T: InboundTaker> Door<T> {
    fn authenticate(&self, secret: Option<&Path<String>>, parts: &Parts) -> Result<(), Problem> {
        let secret = secret.map(|Path(secret)| secret.as_str());
        self.desk.authenticate(&self.name, &self.access, parts, secret)
    }
}

fn read_query(provider: &Arc<str>, query: &[u8]) -> Result<Received, Problem> {
    let fields = fields(query)?;
    let raw = |name: &str| {
        let mut values = fields.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_ref());
        values.next()
    };
    let word = |name: &'static str| -> Result<Option<&str>, Problem> {
        let value = raw(name).map(std::str::from_utf8).transpose();
        value.map_err(|_| Problem::malformed(format!("{name} is not in UTF-8")))
    };
    let from = word("from")?;
    let to = word("to")?;
    let said = match raw("b") {
        Some(octets) => decode(octets, word("coding")?)?,
        None => Cow::Borrowed(word("text")?.unwrap_or_default()),
    };
    message(provider, from, to, &said, word("id")?, word("ts")?)
}

fn read_post(provider: &Arc<str>, headers: &HeaderMap, body: &[u8]) -> Result<Received, Problem> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let said = decode(body, header("x-kannel-coding"))?;
    message(
        provider,
        header("x-kannel-from"),
        header("x-kannel-to"),
        &said,
        header("x-kannel-id"),
        header("x-kannel-time"),
    )
}

/// Kannel's id is new for each message. Where none is given, the time tells it from others.
fn message(
    provider: &Arc<str>,
    from: Option<&str>,
    to: Option<&str>,
    said: &str,
    id: Option<&str>,
    at: Option<&str>,
) -> Result<Received, Problem> {
    let missing = |name: &str| Problem::malformed(format!("{name} is missing"));
    let at = at.filter(|at| !at.is_empty());
    let from_text = from.ok_or_else(|| missing("from"))?;
    let id = match (id.filter(|id| !id.is_empty()), at) {
        (Some(id), _) => named(id, "id")?.to_owned(),
        (None, Some(at)) => format!("{} {} {said}", named(at, "ts")?, from_text.trim()),
        (None, None) => return Err(missing("id (%I) or ts (%T)")),
    };
    Ok(Received {
        provider: Arc::clone(provider),
        id,
        from: sender(from_text, "from")?,
        to: named(to.ok_or_else(|| missing("to"))?, "to")?.to_owned(),
        text: text(said),
        sent_at: at.and_then(time),
    })
}

/// The text: UTF-8, octets of a binary message, or UTF-16 with the high octet first.
fn decode<'a>(octets: &'a [u8], coding: Option<&str>) -> Result<Cow<'a, str>, Problem> {
    match coding.unwrap_or("0") {
        "2" => {
            let units = octets.chunks(2).map(|pair| match pair {
                [high, low] => u16::from_be_bytes([*high, *low]),
                // Half a letter at the end.
                _ => 0xfffd,
            });
            Ok(char::decode_utf16(units)
                .map(|letter| letter.unwrap_or('\u{fffd}'))
                .collect::<String>()
                .into())
        }
        "" | "0" | "1" => Ok(String::from_utf8_lossy(octets)),
        _ => Err(Problem::malformed("coding: expected 0, 1 or 2")),
    }
}

fn nothing_to_say() -> Response {
    StatusCode::OK.into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;

    use super::super::Sender;
    use super::super::testing::Fake;
    use super::*;

    const PATH: &str = "/sms/kannel/inbound/test-secret-of-it";

    fn get(query: &str) -> Request<Body> {
        Request::get(format!("{PATH}?{query}")).body(Body::empty()).unwrap()
    }

    fn post(headers: &[(&str, &str)], body: &[u8]) -> Request<Body> {
        let mut request = Request::post(PATH);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::from(body.to_vec())).unwrap()
    }

    async fn taken(request: Request<Body>) -> Received {
        let fake = Fake::default();
        let answer = fake.call(request).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""));
        let [message] = fake.taken().try_into().unwrap();
        message
    }

    #[tokio::test]
    async fn recorded_gets_arrive_in_each_coding() {
        let common = "from=%2B23276000001&to=4680&ts=1795507200&id=u-1&smsc=sim";
        for (rest, said) in [
            ("b=Stop&coding=0", "Stop"),
            ("b=L%C6%90F&coding=0&cs=UTF-8", "LƐF"),
            ("b=%00L%01%90%00F&coding=2&cs=UTF-16BE", "LƐF"),
            ("b=%D8%3D%DE%00&coding=2", "😀"),
            ("b=%D8%3D%00&coding=2", "\u{fffd}\u{fffd}"),
            ("b=%FFhi&coding=1&cs=8-BIT", "\u{fffd}hi"),
            ("text=Help+me", "Help me"),
            ("b=&coding=0", ""),
        ] {
            let message = taken(get(&format!("{common}&{rest}"))).await;
            assert_eq!(message.text, said, "{rest}");
            assert_eq!((message.id.as_str(), message.to.as_str()), ("u-1", "4680"));
            assert_eq!(message.from, Sender::Number("076000001".parse().unwrap()));
            assert_eq!(message.sent_at, time("1795507200"));
        }
    }

    #[tokio::test]
    async fn a_post_brings_its_text_as_the_body() {
        let headers = [
            ("x-kannel-from", "23276000001"),
            ("x-kannel-to", "4680"),
            ("x-kannel-time", "2026-11-24 08:00:00"),
            ("x-kannel-coding", "0"),
            ("content-type", "text/plain; charset=UTF-8"),
        ];
        let message = taken(post(&headers, b"Next")).await;
        assert_eq!(
            (message.text.as_str(), message.id.as_str()),
            ("Next", "2026-11-24 08:00:00 23276000001 Next")
        );
        assert_eq!(message.sent_at, time("2026-11-24 08:00:00"));
        let ucs2: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, if *name == "x-kannel-coding" { "2" } else { *value }))
            .collect();
        assert_eq!(taken(post(&ucs2, &[0x01, 0x90])).await.text, "Ɛ");
    }

    #[tokio::test]
    async fn what_is_incomplete_or_not_let_in_reaches_nothing() {
        let fake = Fake::default();
        for query in [
            "to=4680&b=hi&id=1",
            "from=076000001&b=hi&id=1",
            "from=076000001&to=4680&b=hi",
            "from=076000001&to=4680&b=hi&id=1&coding=7",
            "from=%ff&to=4680&b=hi&id=1",
        ] {
            assert_eq!(fake.call(get(query)).await.status, 400, "{query}");
        }
        let stranger = Request::get("/sms/kannel/inbound/wrong?from=076000001&to=4680&b=hi&id=1");
        assert_eq!(fake.call(stranger.body(Body::empty()).unwrap()).await.status, 401);
        assert_eq!(
            fake.call(post(
                &[("x-kannel-from", "076000001"), ("x-kannel-to", "1"), ("x-kannel-id", "1")],
                &[b'a'; 9000]
            ))
            .await
            .status,
            413
        );
        assert!(fake.taken().is_empty());
    }
}
