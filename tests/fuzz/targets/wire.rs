//! What targets share: requests without a network, and what holds of each answer.

use std::cell::RefCell;
use std::fmt::Write;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use serde_json::Value;
use tokio::runtime::Runtime;
use tower::ServiceExt;

thread_local! {
    static RUNTIME: RefCell<Runtime> = RefCell::new(
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap(),
    );
}

/// Runs a future to its end.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.with_borrow(|runtime| runtime.block_on(future))
}

/// An answer as it goes out.
#[derive(Debug, Eq, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub kind: String,
    pub body: String,
}

/// Asks a router.
pub fn ask(router: &Router, request: Request<Body>) -> Answer {
    wait(async {
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let kind =
            response.headers().get("content-type").map_or("", |kind| kind.to_str().unwrap()).to_owned();
        let octets = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        Answer { status, kind, body: String::from_utf8(octets.to_vec()).unwrap() }
    })
}

pub fn post(path: &str, kind: &str, octets: &[u8]) -> Request<Body> {
    Request::post(path).header("content-type", kind).body(Body::from(octets.to_vec())).unwrap()
}

/// The shortest run of digits that may be a PIN that somebody else could use, or part of a number.
const TELLING: usize = 5;

/// Runs of digits long enough to tell something.
pub fn telling(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_ascii_digit()).filter(|run| run.len() >= TELLING)
}

/// Examples in our own words, which somebody may have sent too.
const EXAMPLES: [&str; 3] = ["076 123456", "76 123456", "61901"];

/// Nothing that was sent stands in what is said about it: it may be a PIN or a number.
pub fn tells_nothing(said: &str, sent: &[u8]) {
    let sent = String::from_utf8_lossy(sent);
    let said = EXAMPLES.iter().fold(said.to_owned(), |said, example| said.replace(example, ""));
    for run in telling(&said) {
        assert!(!sent.contains(run), "{run} is repeated in {said}");
    }
}

/// Whether it names a field that nobody asked for, as it was sent: a name is no value.
pub fn names_a_field(detail: &str) -> bool {
    let reasons = ["unknown field `", "duplicate field `"];
    reasons.iter().any(|reason| detail.starts_with(reason) || detail.contains(&format!(": {reason}")))
}

/// A refusal is a problem in JSON (RFC 9457) of that status, and tells nothing of what was sent.
pub fn is_a_problem(answer: &Answer, sent: &[u8]) {
    assert_eq!(answer.kind, "application/problem+json", "{answer:?}");
    let problem: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(problem["status"], answer.status, "{answer:?}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(!detail.is_empty() && !detail.chars().any(char::is_control), "{detail:?}");
    if !names_a_field(detail) {
        tells_nothing(detail, sent);
    }
}

/// Octets in hexadecimal digits, each with a sign before it.
pub fn hexadecimal(octets: &[u8], sign: &str) -> String {
    let mut text = String::with_capacity(octets.len() * 3);
    for octet in octets {
        write!(text, "{sign}{octet:02x}").unwrap();
    }
    text
}

/// A form of these fields.
pub fn form(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", hexadecimal(value.as_bytes(), "%"))).collect();
    pairs.join("&")
}
