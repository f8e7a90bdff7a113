//! The addresses that providers call with receipts. Each is authenticated as its provider can: a
//! secret in the address, a signature, the networks it calls from.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, Utc};
use ipnet::IpNet;
use metrics::counter;
use secrecy::{ExposeSecret, SecretString};

use crate::messages::Receipt;

use super::super::auth::{Access, source};
use super::super::body::BodyLimits;
use super::super::form::{Form, fields};
use super::super::problem::Problem;
use super::super::seldom::Seldom;
use super::signature::{body_signed, twilio_signed};
use super::{africastalking, generic, kannel, twilio};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// What was told could not be kept; the provider is asked to tell it again.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the store did not take what a provider told")]
pub struct NotTaken;

/// Takes what providers tell.
pub trait ReceiptTaker: Send + Sync + 'static {
    /// Now, for signatures that age.
    fn now(&self) -> DateTime<Utc>;

    /// Receipts of a provider; kept when this returns.
    fn receipts(
        &self,
        provider: &str,
        receipts: Vec<Receipt>,
    ) -> impl Future<Output = Result<(), NotTaken>> + Send;
}

/// Which form a provider's callbacks have, and what signs them.
#[derive(Clone, Debug)]
pub enum Callbacks {
    /// A form, with the secret in the address.
    AfricasTalking,
    /// A form, signed over the address, which begins with the public origin.
    Twilio {
        /// As others reach this service: `https://sms.example.org`.
        origin: String,
        /// What signs; any of them.
        tokens: Vec<SecretString>,
    },
    /// A query, with the secret in the address.
    Kannel,
    /// JSON, signed over time and body with one of the secrets.
    Generic {
        /// The secrets.
        secrets: Vec<SecretString>,
    },
}

/// One provider's way in.
#[derive(Clone, Debug)]
pub struct SmsDoor {
    /// Its name in addresses and rows.
    pub name: String,
    /// Secrets in the address, and networks.
    pub access: Access,
    /// The form of its callbacks.
    pub callbacks: Callbacks,
}

/// What all doors share.
pub struct SmsEdge<T> {
    taker: Arc<T>,
    body: BodyLimits,
    trusted_proxies: Vec<IpNet>,
    doors: Vec<SmsDoor>,
    refusals: Seldom,
}

type Shared<T> = State<Arc<SmsEdge<T>>>;

/// The addresses of all doors.
pub fn router<T: ReceiptTaker>(edge: Arc<SmsEdge<T>>) -> Router {
    Router::new()
        .route("/sms/{provider}/delivery", get(delivery::<T>).post(delivery::<T>))
        .route("/sms/{provider}/delivery/{secret}", get(secret_delivery::<T>).post(secret_delivery::<T>))
        .with_state(edge)
}

async fn delivery<T: ReceiptTaker>(
    State(edge): Shared<T>,
    Path(provider): Path<String>,
    request: Request,
) -> Response {
    edge.answer(&provider, edge.receive(&provider, None, request).await)
}

async fn secret_delivery<T: ReceiptTaker>(
    State(edge): Shared<T>,
    Path((provider, secret)): Path<(String, String)>,
    request: Request,
) -> Response {
    edge.answer(&provider, edge.receive(&provider, Some(&secret), request).await)
}

impl<T: ReceiptTaker> SmsEdge<T> {
    /// Hands what comes through the doors to the taker. `X-Forwarded-For` is believed of the proxies.
    pub fn new(
        taker: Arc<T>,
        body: BodyLimits,
        trusted_proxies: Vec<IpNet>,
        doors: Vec<SmsDoor>,
    ) -> Arc<Self> {
        Arc::new(Self { taker, body, trusted_proxies, doors, refusals: Seldom::new() })
    }

    async fn receive(&self, provider: &str, secret: Option<&str>, request: Request) -> Result<(), Problem> {
        let (parts, body) = request.into_parts();
        let door = self.door(provider)?;
        let query = parts.uri.query();
        let receipts = match &door.callbacks {
            Callbacks::AfricasTalking => {
                expect(&parts, &Method::POST)?;
                door.access.check(secret, &parts.headers, self.source(&parts))?;
                africastalking::read_receipt(&self.body.read(&parts.headers, body, FORM).await?)?
            }
            Callbacks::Kannel => {
                expect(&parts, &Method::GET)?;
                door.access.check(secret, &parts.headers, self.source(&parts))?;
                kannel::read_receipt(query.unwrap_or_default())?
            }
            Callbacks::Twilio { origin, tokens } => {
                expect(&parts, &Method::POST)?;
                door.access.check_network(self.source(&parts))?;
                let fields = texts(&self.body.read(&parts.headers, body, FORM).await?)?;
                check_twilio(tokens, origin, &parts, &fields)?;
                twilio::read_receipt(&fields, query)?
            }
            Callbacks::Generic { secrets } => {
                expect(&parts, &Method::POST)?;
                door.access.check_network(self.source(&parts))?;
                let body = self.body.read(&parts.headers, body, JSON).await?;
                check_generic(secrets, &parts.headers, &body, self.taker.now())?;
                generic::read_receipt(&body)?
            }
        };
        self.taker.receipts(provider, receipts).await.map_err(|_| not_taken())
    }

    fn door(&self, provider: &str) -> Result<&SmsDoor, Problem> {
        let door = self.doors.iter().find(|door| door.name == provider);
        door.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "there is no such provider here"))
    }

    fn source(&self, parts: &Parts) -> Option<IpAddr> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        peer.map(|peer| source(peer, &parts.headers, &self.trusted_proxies))
    }

    fn answer(&self, provider: &str, done: Result<(), Problem>) -> Response {
        let Err(problem) = done else { return StatusCode::OK.into_response() };
        // A name that is not ours would let anybody make labels.
        let known = self.door(provider).map_or_else(|_| "unknown".to_owned(), |door| door.name.clone());
        let reason = match problem.status() {
            401 | 403 => "stranger",
            503 => "store",
            _ => "malformed",
        };
        counter!("mamacare_callbacks_refused_total", "channel" => known.clone(), "reason" => reason)
            .increment(1);
        if let Some(unsaid) = self.refusals.say() {
            tracing::warn!(
                provider = known,
                status = problem.status(),
                reason = problem.detail(),
                unsaid,
                "a callback of a provider was refused"
            );
        }
        problem.into_response()
    }
}

fn expect(parts: &Parts, method: &Method) -> Result<(), Problem> {
    if parts.method == *method {
        return Ok(());
    }
    Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("this provider calls with {method}")))
}

/// All fields of a form: each of them is signed.
fn texts(body: &Bytes) -> Result<Vec<(String, String)>, Problem> {
    let text = |octets: std::borrow::Cow<'_, [u8]>| {
        String::from_utf8(octets.into_owned()).map_err(|_| Problem::malformed("the form is not in UTF-8"))
    };
    fields(body)?.into_iter().map(|(name, value)| Ok((name.into_owned(), text(value)?))).collect()
}

fn check_twilio(
    tokens: &[SecretString],
    origin: &str,
    parts: &Parts,
    fields: &[(String, String)],
) -> Result<(), Problem> {
    let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
    let signature = header(&parts.headers, "x-twilio-signature");
    let signs = |token: &SecretString| twilio_signed(token.expose_secret(), origin, path, fields, signature);
    if tokens.iter().any(signs) {
        return Ok(());
    }
    Err(unsigned(
        "X-Twilio-Signature is not that of this address and form; is server.public_url the address that they call?",
    ))
}

fn check_generic(
    secrets: &[SecretString],
    headers: &HeaderMap,
    body: &Bytes,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let (timestamp, signature) =
        (header(headers, "x-mamacare-timestamp"), header(headers, "x-mamacare-signature"));
    let secrets = secrets.iter().map(ExposeSecret::expose_secret);
    if body_signed(secrets, timestamp, body, signature, now) {
        return Ok(());
    }
    Err(unsigned("expected x-mamacare-timestamp of now and x-mamacare-signature over it and the body"))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn unsigned(detail: &'static str) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, detail)
}

fn not_taken() -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "this could not be kept just now; tell it again")
}

/// Our id in a query that we gave a provider to call.
pub(super) fn our_id(query: Option<&str>) -> Option<i64> {
    Form::parse(query?.as_bytes()).ok()?.get("mid")?.parse().ok()
}

#[cfg(test)]
mod tests;
