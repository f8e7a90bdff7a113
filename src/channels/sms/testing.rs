//! A provider on loopback for the tests of this room: it answers what it was told to, and keeps what
//! it was asked.

use std::time::Duration;

use secrecy::SecretString;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::messages::{Address, Blame, Fate, Kind, Outgoing};
use crate::text::{Display, Encoding};

use super::Account;

pub(super) struct Peer(MockServer);

impl Peer {
    pub(super) async fn answering(status: u16, body: &str) -> Self {
        Self::with(ResponseTemplate::new(status).set_body_string(body)).await
    }

    pub(super) async fn with(template: ResponseTemplate) -> Self {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(template).mount(&server).await;
        Self(server)
    }

    pub(super) fn account(&self) -> Account {
        account(&self.0.uri())
    }

    /// The one request that came.
    pub(super) async fn request(&self) -> Asked {
        let requests = self.0.received_requests().await.unwrap();
        assert_eq!(requests.len(), 1);
        Asked::of(&requests[0])
    }
}

/// An account at that address.
pub(super) fn account(endpoint: &str) -> Account {
    let client = reqwest::Client::builder().build().unwrap();
    Account {
        client,
        endpoint: endpoint.to_owned(),
        username: "us".to_owned(),
        secret: SecretString::from("secret-of-ours"),
        sender: "MamaCare".to_owned(),
        receipts_to: "https://sms.example.org/sms/peer/delivery".to_owned(),
        patience: Duration::from_millis(500),
    }
}

/// A request as it came.
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    headers: Vec<(String, String)>,
    pub(super) body: String,
    pub(super) octets: Vec<u8>,
}

impl Asked {
    fn of(request: &Request) -> Self {
        let headers = request.headers.iter();
        let path = request.url.path().to_owned();
        Self {
            method: request.method.to_string(),
            path: request.url.query().map_or(path.clone(), |query| format!("{path}?{query}")),
            headers: headers
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect(),
            body: String::from_utf8_lossy(&request.body).into_owned(),
            octets: request.body.clone(),
        }
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// A message to +23276000001 that lasts ten minutes.
pub(super) fn message(text: &str) -> Outgoing {
    let (text, encoding) = Display::default().prepare(text);
    Outgoing {
        id: 7,
        kind: Kind::Reminder,
        to: Address::Phone("+23276000001".parse().unwrap()),
        language: "en".to_owned(),
        segments: crate::text::segments(&text).count,
        text,
        encoding,
        valid_until: "2026-11-24T10:10:00Z".parse().unwrap(),
        validity: Duration::from_mins(10),
    }
}

/// A message that only UCS-2 carries.
pub(super) fn foreign(text: &str) -> Outgoing {
    Outgoing { text: text.to_owned(), encoding: Encoding::Ucs2, ..message("") }
}

/// Why it was refused, where it was.
pub(super) fn refusal(fate: &Fate) -> Option<Blame> {
    match fate {
        Fate::Refused { blame, .. } => Some(*blame),
        Fate::Taken { .. } | Fate::Doubtful { .. } => None,
    }
}
