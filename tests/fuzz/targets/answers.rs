//! What providers of SMS answer when a message is handed to them, over a real connection.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode};
use mamacare::channels::sms::{Account, AfricasTalking, Generic, Kannel, Twilio};
use mamacare::messages::{Address, Carrier, Fate, Kind, Outgoing, redact};
use mamacare::text::Encoding;
use secrecy::SecretString;

use super::wire::{telling, wait};

const SECRET: &str = "key-of-ours-739150";

/// What the peer answers next.
#[derive(Clone, Debug)]
struct Script {
    status: StatusCode,
    retry_after: Option<HeaderValue>,
    body: Vec<u8>,
}

impl Script {
    /// A line with a status and what stands in `Retry-After`, then the body.
    fn read(octets: &[u8]) -> Option<Self> {
        let middle = octets.iter().position(|octet| *octet == b'\n')?;
        let (line, body) = (octets.get(..middle)?, octets.get(middle + 1..)?);
        let (status, rest) = line.split_at_checked(3)?;
        let status =
            StatusCode::from_bytes(status).ok().filter(|status| (200..600).contains(&status.as_u16()))?;
        let retry_after = HeaderValue::from_bytes(rest.trim_ascii()).ok().filter(|value| !value.is_empty());
        Some(Self { status, retry_after, body: body.to_vec() })
    }

    fn answer(&self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body.clone()));
        *response.status_mut() = self.status;
        if let Some(value) = &self.retry_after {
            response.headers_mut().insert("retry-after", value.clone());
        }
        response
    }
}

/// A provider on loopback, and those who hand it messages.
struct Peer {
    script: Arc<Mutex<Option<Script>>>,
    carriers: Vec<Box<dyn Carrier>>,
}

thread_local! {
    static PEER: Peer = Peer::start();
}

impl Peer {
    fn start() -> Self {
        let script: Arc<Mutex<Option<Script>>> = Arc::default();
        let listener = wait(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let says = Arc::clone(&script);
        let router = Router::new().fallback(async move || says.lock().unwrap().clone().unwrap().answer());
        // It goes with the runtime.
        wait(async { drop(tokio::spawn(async { axum::serve(listener, router).await })) });
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let account = || Account {
            client: client.clone(),
            endpoint: address.clone(),
            username: "us".to_owned(),
            secret: SecretString::from(SECRET),
            sender: "MamaCare".to_owned(),
            receipts_to: format!("{address}/delivery"),
            patience: Duration::from_secs(5),
        };
        let carriers: Vec<Box<dyn Carrier>> = vec![
            Box::new(AfricasTalking::new(account())),
            Box::new(Twilio::new(account(), String::new())),
            Box::new(Kannel::new(account(), String::new())),
            Box::new(Generic::new(account())),
        ];
        Self { script, carriers }
    }
}

fn message(id: i64, number: &str) -> Outgoing {
    Outgoing {
        id,
        kind: Kind::Reminder,
        to: Address::Phone(number.parse().unwrap()),
        language: "en".to_owned(),
        text: "hi".to_owned(),
        encoding: Encoding::Gsm7,
        segments: 1,
        valid_until: "2026-11-24T10:10:00Z".parse().unwrap(),
        validity: Duration::from_mins(10),
    }
}

pub fn provider_answers(octets: &[u8]) {
    let Some(script) = Script::read(octets) else { return };
    let messages = [message(1, "+23276000001"), message(2, "+23276000002")];
    PEER.with(|peer| {
        *peer.script.lock().unwrap() = Some(script.clone());
        for carrier in &peer.carriers {
            let given = &messages[..carrier.together().min(messages.len())];
            let fates = wait(carrier.send(given));
            assert_eq!(fates.len(), given.len(), "each recipient has its own fate");
            for fate in fates {
                holds(&fate, &script);
            }
        }
    });
}

fn holds(fate: &Fate, script: &Script) {
    match fate {
        Fate::Taken { id, .. } => {
            assert!(script.status.is_success(), "{script:?} was read as taken");
            assert!(id.as_ref().is_none_or(|id| !id.is_empty()), "{fate:?}");
        }
        Fate::Refused { wait, .. } => {
            assert!(wait.is_none_or(|wait| wait <= Duration::from_hours(1)), "{fate:?}");
        }
        Fate::Doubtful { .. } => {}
    }
    let kept = redact(fate.words());
    assert!(kept.chars().count() <= 400, "{kept}");
    assert!(telling(&kept).all(|run| run.len() < 6), "a number is kept: {kept}");
}
