//! Twilio: a form, signed with the account's token.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use secrecy::{ExposeSecret, SecretString};

use crate::channels::auth::Access;
use crate::channels::form::fields;
use crate::channels::problem::Problem;

use super::super::signature::twilio_signed;
use super::desk::{InboundDesk, named, refused, sender, text};
use super::{InboundTaker, Received};

const FORM: &str = "application/x-www-form-urlencoded";
const SIGNATURE: &str = "x-twilio-signature";

struct Door<T> {
    name: Arc<str>,
    desk: Arc<InboundDesk<T>>,
    /// Where calls come from.
    access: Access,
    /// Our address as Twilio calls it, without a path: `https://sms.example.org`.
    origin: String,
    /// Tokens of the account, any of which may have signed.
    tokens: Vec<SecretString>,
}

pub(super) fn router<T: InboundTaker>(
    desk: &Arc<InboundDesk<T>>,
    name: &Arc<str>,
    access: Access,
    origin: &str,
    tokens: &[SecretString],
) -> Router {
    let address = |rest: &str| format!("/sms/{name}/{rest}");
    let (name, desk) = (Arc::clone(name), Arc::clone(desk));
    let door = Door { name, desk, access, origin: origin.to_owned(), tokens: tokens.to_vec() };
    let door = Arc::new(door);
    Router::new().route(&address("inbound"), post(inbound::<T>)).with_state(door)
}

async fn inbound<T: InboundTaker>(State(door): State<Arc<Door<T>>>, request: Request) -> Response {
    match door.fields(request).await {
        Ok(fields) => door.desk.take(&door.name, read(&door.name, &fields), nothing_to_say).await,
        Err(problem) => problem.into_response(),
    }
}

impl<T: InboundTaker> Door<T> {
    /// The fields of a form that is signed. All of them count, so the form is read first.
    async fn fields(&self, request: Request) -> Result<Vec<(String, String)>, Problem> {
        let (parts, body) = request.into_parts();
        let from = self.desk.source_of(&parts);
        self.access.check_network(from).map_err(|problem| refused(&self.name, from, problem))?;
        let not_signed = || {
            let detail = "this address asks for X-Twilio-Signature, made with the account's token";
            refused(&self.name, from, Problem::new(StatusCode::FORBIDDEN, detail))
        };
        let signature = parts.headers.get(SIGNATURE).and_then(|value| value.to_str().ok());
        let signature = signature.ok_or_else(not_signed)?.to_owned();
        let octets = self.desk.body.read(&parts.headers, body, FORM).await?;
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let fields = decoded(&octets)?;
        let signed = |token: &SecretString| {
            twilio_signed(token.expose_secret(), &self.origin, path, &fields, &signature)
        };
        if self.tokens.iter().any(signed) { Ok(fields) } else { Err(not_signed()) }
    }
}

fn decoded(octets: &[u8]) -> Result<Vec<(String, String)>, Problem> {
    fields(octets)?
        .into_iter()
        .map(|(name, value)| {
            let value = String::from_utf8(value.into_owned());
            Ok((name.into_owned(), value.map_err(|_| Problem::malformed("the form is not in UTF-8"))?))
        })
        .collect()
}

fn read(provider: &Arc<str>, fields: &[(String, String)]) -> Result<Received, Problem> {
    let get = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let require = |name: &'static str| {
        let value = get(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| Problem::malformed(format!("the field {name} is missing")))
    };
    Ok(Received {
        provider: Arc::clone(provider),
        id: named(require("MessageSid")?, "MessageSid")?.to_owned(),
        from: sender(require("From")?, "From")?,
        to: named(require("To")?, "To")?.to_owned(),
        text: text(get("Body").unwrap_or_default()),
        sent_at: None,
    })
}

/// Text in the answer would be sent to the phone.
fn nothing_to_say() -> Response {
    ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], "<Response/>").into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::Request;

    use super::super::super::signature::sign;
    use super::super::Sender;
    use super::super::testing::{Fake, ORIGIN, form};
    use super::*;

    const PATH: &str = "/sms/twilio/inbound";
    const FIELDS: &[(&str, &str)] = &[
        ("MessageSid", "SM00000000000000000000000000000001"),
        ("AccountSid", "AC00000000000000000000000000000001"),
        ("From", "+23276000001"),
        ("To", "+23278000009"),
        ("Body", "Stop pls 🙏"),
        ("NumMedia", "0"),
        ("OptOutType", ""),
    ];

    fn encoded(fields: &[(&str, &str)]) -> String {
        let encode =
            |text: &str| text.bytes().map(|octet| format!("%{octet:02X}")).collect::<Vec<_>>().concat();
        fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
    }

    fn signed(path: &str, fields: &[(&str, &str)]) -> Request<Body> {
        let mut request = form(path, &encoded(fields));
        let signature = sign::twilio("test-secret-of-it", &format!("{ORIGIN}{path}"), fields);
        request.headers_mut().insert(SIGNATURE, signature.parse().unwrap());
        request
    }

    #[tokio::test]
    async fn a_signed_message_arrives_and_is_answered_with_nothing() {
        for path in [PATH, "/sms/twilio/inbound?line=1&x=a%20b"] {
            let fake = Fake::default();
            let answer = fake.call(signed(path, FIELDS)).await;
            assert_eq!((answer.status, answer.body.as_str()), (200, "<Response/>"));
            assert!(answer.kind.starts_with("text/xml"), "{}", answer.kind);
            let [message] = fake.taken().try_into().unwrap();
            assert_eq!(message.id, "SM00000000000000000000000000000001");
            assert_eq!(message.from, Sender::Number("076000001".parse().unwrap()));
            assert_eq!((message.to.as_str(), message.text.as_str()), ("+23278000009", "Stop pls 🙏"));
        }
    }

    #[tokio::test]
    async fn what_is_not_signed_reaches_nothing() {
        let fake = Fake::default();
        let mut changed = signed(PATH, FIELDS);
        *changed.body_mut() = Body::from(encoded(&[FIELDS, &[("Extra", "1")]].concat()));
        let mut elsewhere = signed(PATH, FIELDS);
        *elsewhere.uri_mut() = "/sms/twilio/inbound?x=1".parse().unwrap();
        let mut odd = signed(PATH, FIELDS);
        odd.headers_mut().insert(SIGNATURE, "!!".parse().unwrap());
        for request in [form(PATH, &encoded(FIELDS)), changed, elsewhere, odd] {
            let answer = fake.call(request).await;
            assert_eq!((answer.status, answer.kind.as_str()), (403, "application/problem+json"));
        }
        assert!(fake.taken().is_empty());
    }

    #[tokio::test]
    async fn a_signed_form_without_its_fields_is_refused() {
        let fake = Fake::default();
        assert_eq!(fake.call(signed(PATH, &FIELDS[1..])).await.status, 400);
        assert!(fake.taken().is_empty());
    }
}
