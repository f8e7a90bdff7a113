//! What providers of SMS call: messages that came in, and receipts. A signed one is signed here, so that what
//! is tried lies behind the signature too.

use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Uri};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use mamacare::care::Msisdn;
use mamacare::channels::sms::inbound::{
    self, InboundDesk, InboundLimits, InboundTaker, NotStored, Received, Sender,
};
use mamacare::channels::sms::{self, Callbacks, NotTaken, ReceiptTaker, SmsDoor, SmsEdge};
use mamacare::channels::{Access, BodyLimits, FloodLimits};
use mamacare::messages::{Receipt, Reference, redact};
use secrecy::SecretString;
use serde_json::json;

use super::wire::{Answer, ask, form, hexadecimal, is_a_problem, post};

const FORM: &str = "application/x-www-form-urlencoded";
const SECRET: &str = "test-secret-of-it";
const ORIGIN: &str = "https://sms.example.org";
const NOW: i64 = 1_795_507_200;
const LARGEST: usize = 8192;

/// Longest text that is taken of a message.
const LONGEST_TEXT: usize = 4000;

/// Keeps what it was handed last.
#[derive(Default)]
struct Taker {
    messages: Mutex<Vec<Received>>,
    opted_out: Mutex<Vec<Msisdn>>,
    receipts: Mutex<Vec<Receipt>>,
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW, 0).unwrap()
}

impl InboundTaker for Taker {
    async fn take(&self, message: Received) -> Result<(), NotStored> {
        self.messages.lock().unwrap().push(message);
        Ok(())
    }

    async fn opted_out(&self, _: &str, number: Msisdn) -> Result<(), NotStored> {
        self.opted_out.lock().unwrap().push(number);
        Ok(())
    }

    fn now(&self) -> DateTime<Utc> {
        now()
    }
}

impl ReceiptTaker for Taker {
    fn now(&self) -> DateTime<Utc> {
        now()
    }

    async fn receipts(&self, _: &str, receipts: Vec<Receipt>) -> Result<(), NotTaken> {
        self.receipts.lock().unwrap().extend(receipts);
        Ok(())
    }
}

static DOORS: LazyLock<(Arc<Taker>, Router)> = LazyLock::new(|| {
    let taker = Arc::new(Taker::default());
    let body = BodyLimits { octets: LARGEST, time: Duration::from_secs(5) };
    let plenty = 1_000_000_000;
    let flood = FloodLimits {
        number_per_second: plenty,
        number_burst: plenty,
        number_in_flight: 1000,
        in_flight: 1000,
        network_share_percent: 100,
    };
    let secrets = || vec![SecretString::from(SECRET)];
    let doors: Vec<SmsDoor> = [
        ("africastalking", Callbacks::AfricasTalking),
        ("twilio", Callbacks::Twilio { origin: ORIGIN.to_owned(), tokens: secrets() }),
        ("kannel", Callbacks::Kannel),
        ("json", Callbacks::Generic { secrets: secrets() }),
    ]
    .into_iter()
    .map(|(name, callbacks)| SmsDoor {
        name: name.to_owned(),
        access: Access::new([SECRET], vec![]),
        callbacks,
    })
    .collect();
    let desk = Arc::new(InboundDesk::new(Arc::clone(&taker), InboundLimits { body, flood }, vec![]));
    let messages = inbound::router(&desk, &doors);
    let receipts = sms::router(SmsEdge::new(Arc::clone(&taker), body, vec![], doors));
    (taker, messages.merge(receipts))
});

/// What came of a callback.
struct Came {
    answer: Answer,
    messages: Vec<Received>,
    receipts: Vec<Receipt>,
    opted_out: Vec<Msisdn>,
}

fn come(request: Request<Body>, sent: &[u8]) -> Came {
    let (taker, router) = &*DOORS;
    let answer = ask(router, request);
    let came = Came {
        answer,
        messages: std::mem::take(&mut taker.messages.lock().unwrap()),
        receipts: std::mem::take(&mut taker.receipts.lock().unwrap()),
        opted_out: std::mem::take(&mut taker.opted_out.lock().unwrap()),
    };
    let reached = came.messages.len() + came.receipts.len() + came.opted_out.len();
    if came.answer.status == 200 {
        assert!(reached <= 1, "one callback was taken as {reached}");
    } else {
        assert!(matches!(came.answer.status, 400 | 401 | 403 | 413), "{:?}", came.answer);
        assert_eq!(reached, 0, "who was refused reached something");
        is_a_problem(&came.answer, sent);
    }
    for message in &came.messages {
        let bounded = |text: &str| (1..=128).contains(&text.len()) && !text.chars().any(char::is_control);
        assert!(bounded(&message.to), "{:?}", message.to);
        assert!(message.text.chars().count() <= LONGEST_TEXT);
        assert!(message.id.len() <= 256 + LARGEST && !message.id.is_empty());
        if let Sender::Other(name) = &message.from {
            assert!(name.len() <= 128 && !name.chars().any(char::is_control), "{name:?}");
        }
    }
    for receipt in &came.receipts {
        assert!(receipt.reference != Reference::Theirs(String::new()), "a receipt of no message");
        let kept = redact(&receipt.words);
        assert!(kept.chars().count() <= 400, "{kept}");
    }
    came
}

/// The number of a sender, or its name.
fn written(sender: &Sender) -> String {
    match sender {
        Sender::Number(number) => number.e164(),
        Sender::Other(name) => name.clone(),
    }
}

pub fn sms_africastalking(octets: &[u8]) {
    let at = |path: &str| format!("/sms/africastalking/{path}/{SECRET}");
    let came = come(post(&at("inbound"), FORM, octets), octets);
    if let [message] = came.messages.as_slice() {
        let from = written(&message.from);
        let fields =
            [("id", message.id.as_str()), ("from", &from), ("to", &message.to), ("text", &message.text)];
        let again = form(&fields);
        // A name that is nothing once the space around it is gone cannot be written again.
        if again.len() <= LARGEST && !from.is_empty() {
            let again = come(post(&at("inbound"), FORM, again.as_bytes()), octets);
            assert_eq!(again.messages, [Received { sent_at: None, ..message.clone() }]);
        }
    }
    come(post(&at("optout"), FORM, octets), octets);
    come(post(&at("delivery"), FORM, octets), octets);
}

/// Signs a form as Twilio does: what is sent, as browsers read it.
fn twilio_signature(path: &str, octets: &[u8]) -> String {
    let mut address = reqwest::Url::parse("http://x/").unwrap();
    address.set_query(Some(&String::from_utf8_lossy(octets)));
    let mut fields: Vec<(String, String)> = address.query_pairs().into_owned().collect();
    fields.sort();
    fields.dedup();
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{ORIGIN}{path}").as_bytes());
    for (name, value) in fields {
        mac.update(name.as_bytes());
        mac.update(value.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

pub fn sms_twilio(octets: &[u8]) {
    for path in ["/sms/twilio/inbound", "/sms/twilio/delivery?mid=4711"] {
        let unsigned = come(post(path, FORM, octets), octets);
        assert_ne!(unsigned.answer.status, 200, "nobody has signed it");
        let mut request = post(path, FORM, octets);
        request.headers_mut().insert("x-twilio-signature", twilio_signature(path, octets).parse().unwrap());
        let came = come(request, octets);
        assert!(came.receipts.iter().all(|receipt| receipt.reference == Reference::Ours(4711)));
    }
}

/// A query; or the headers of a POST, an empty line and its text.
pub fn sms_kannel(octets: &[u8]) {
    if let Some(rest) = octets.strip_prefix(b"POST\n") {
        let middle = rest.windows(2).position(|pair| pair == b"\n\n").unwrap_or(rest.len());
        let (head, text) = rest.split_at(middle);
        let mut request =
            post(&format!("/sms/kannel/inbound/{SECRET}"), "text/plain", text.get(2..).unwrap_or_default());
        for line in head.split(|octet| *octet == b'\n') {
            let mut halves = line.splitn(2, |octet| *octet == b':');
            let name = axum::http::HeaderName::from_bytes(halves.next().unwrap_or_default());
            let value = axum::http::HeaderValue::from_bytes(halves.next().unwrap_or_default().trim_ascii());
            if let (Ok(name), Ok(value)) = (name, value)
                && name.as_str().starts_with("x-kannel-")
            {
                request.headers_mut().append(name, value);
            }
        }
        come(request, octets);
        return;
    }
    for path in ["inbound", "delivery"] {
        let address = [format!("/sms/kannel/{path}/{SECRET}?").as_bytes(), octets].concat();
        // Hyper refuses what is no address before we see it.
        let Ok(address) = Uri::try_from(address) else { return };
        let came = come(Request::get(address).body(Body::empty()).unwrap(), octets);
        // Kannel would send what we answer to the phone.
        assert!(path == "delivery" || came.answer.status != 200 || came.answer.body.is_empty());
        assert!(came.receipts.iter().all(|receipt| matches!(receipt.reference, Reference::Ours(_))));
    }
}

fn signed_json(path: &str, octets: &[u8]) -> Request<Body> {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{NOW}.").as_bytes());
    mac.update(octets);
    let signature = hexadecimal(&mac.finalize().into_bytes(), "");
    let mut request = post(path, "application/json", octets);
    let headers = request.headers_mut();
    headers.insert("x-mamacare-timestamp", NOW.into());
    headers.insert("x-mamacare-signature", format!("sha256={signature}").parse().unwrap());
    request
}

pub fn sms_json(octets: &[u8]) {
    let came = come(signed_json("/sms/json/inbound", octets), octets);
    if let [message] = came.messages.as_slice() {
        let from = written(&message.from);
        let again =
            json!({"id": message.id, "from": from, "to": message.to, "text": message.text}).to_string();
        if again.len() <= LARGEST && !from.is_empty() {
            let again = come(signed_json("/sms/json/inbound", again.as_bytes()), octets);
            assert_eq!(again.messages, [Received { sent_at: None, ..message.clone() }]);
        }
    }
    let told = come(signed_json("/sms/json/delivery", octets), octets);
    if told.answer.status == 200 {
        assert_eq!(told.receipts.len(), 1);
    }
    for path in ["/sms/json/inbound", "/sms/json/delivery"] {
        let unsigned = come(post(path, "application/json", octets), octets);
        assert_eq!(
            unsigned.answer.status,
            if octets.len() > LARGEST && path.ends_with("delivery") { 413 } else { 401 }
        );
    }
}
