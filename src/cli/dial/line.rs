//! The line to the gateway: what an aggregator would send for this phone.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, StatusCode};
use serde::Deserialize;
use serde_json::json;

use crate::app::clock;

use super::Channel;

/// Aggregators wait a few seconds; a person at a terminal may learn how slow it was.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a gateway is called.
pub(super) struct Address {
    pub(super) url: String,
    pub(super) events_url: Option<String>,
    pub(super) headers: Vec<(String, String)>,
}

impl Address {
    /// Any gateway's: the secret goes as a bearer token.
    pub(super) fn of_server(server: &str, channel: &str, secret: Option<&str>) -> Self {
        let url = format!("{}/ussd/{channel}", server.trim_end_matches('/'));
        let headers = secret.map(|secret| ("authorization".to_owned(), format!("Bearer {secret}")));
        Self { events_url: Some(format!("{url}/events")), url, headers: headers.into_iter().collect() }
    }
}

/// Who calls what.
pub(super) struct Session {
    pub(super) service_code: String,
    pub(super) suffix: Vec<String>,
    pub(super) msisdn: String,
    pub(super) network: String,
}

/// One screen.
#[derive(Debug)]
pub(super) struct Screen {
    pub(super) text: String,
    pub(super) more: bool,
}

/// Why there is no screen.
#[derive(Debug, thiserror::Error)]
pub(super) enum LineError {
    #[error("no gateway answers at {url}: {reason}")]
    Away { url: String, reason: String },
    #[error("the gateway refused the call ({status}): {reason}")]
    Refused { status: StatusCode, reason: String },
    #[error("{url} does not answer like a gateway: expected {expected}")]
    NoGateway { url: String, expected: &'static str },
}

/// A session under way.
pub(super) struct Line {
    client: Client,
    channel: Channel,
    address: Address,
    session: Session,
    id: String,
    /// All that was typed so far, the dialled suffix first.
    typed: Vec<String>,
    sequence: u32,
}

#[derive(Deserialize)]
struct JsonAnswer {
    action: String,
    text: String,
}

#[derive(Deserialize)]
struct Refusal {
    detail: String,
}

impl Line {
    pub(super) fn new(channel: Channel, address: Address, session: Session) -> anyhow::Result<Self> {
        let client = Client::builder().timeout(PATIENCE).connect_timeout(PATIENCE / 2).build()?;
        let id = u128::from_be_bytes(clock::octets());
        let typed = session.suffix.clone();
        Ok(Self { client, channel, address, session, id: format!("ATUid_{id:032x}"), typed, sequence: 0 })
    }

    /// Dials (`None`) or sends an answer, and gives the next screen.
    pub(super) async fn send(&mut self, answer: Option<String>) -> Result<Screen, LineError> {
        self.sequence += 1;
        let this_turn = answer.unwrap_or_else(|| self.session.suffix.join("*"));
        if self.sequence > 1 {
            self.typed.push(this_turn.clone());
        }
        let request = match self.channel {
            Channel::Africastalking => self.form(&[("text", &self.typed.join("*"))], &self.address.url),
            Channel::Json => {
                let event = if self.sequence == 1 { "begin" } else { "continue" };
                self.json(event, Some(&this_turn))
            }
        };
        let text = self.call(request).await?;
        self.read(&text)
    }

    /// Tells the gateway what an aggregator would at a session's end.
    pub(super) async fn ended(self) -> Result<(), LineError> {
        self.notify("Success", "end").await
    }

    /// Ends before the last screen, as when the radio drops.
    pub(super) async fn hang_up(self) -> Result<(), LineError> {
        self.notify("Incomplete", "timeout").await
    }

    async fn notify(&self, status: &str, event: &str) -> Result<(), LineError> {
        let request = match (self.channel, &self.address.events_url) {
            (Channel::Africastalking, Some(url)) => self.form(&[("status", status)], url),
            (Channel::Africastalking, None) => return Ok(()),
            (Channel::Json, _) => self.json(event, None),
        };
        self.call(request).await.map(|_| ())
    }

    fn form(&self, more: &[(&str, &str)], url: &str) -> RequestBuilder {
        let mut fields = vec![
            ("sessionId", self.id.as_str()),
            ("phoneNumber", &self.session.msisdn),
            ("networkCode", &self.session.network),
            ("serviceCode", &self.session.service_code),
        ];
        fields.extend_from_slice(more);
        self.with_headers(self.client.post(url).form(&fields))
    }

    fn json(&self, event: &str, input: Option<&str>) -> RequestBuilder {
        self.with_headers(self.client.post(&self.address.url).json(&json!({
            "session": self.id, "msisdn": self.session.msisdn, "service_code": self.session.service_code,
            "network": self.session.network, "sequence": self.sequence, "input": input, "event": event,
        })))
    }

    fn with_headers(&self, request: RequestBuilder) -> RequestBuilder {
        self.address.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }

    async fn call(&self, request: RequestBuilder) -> Result<String, LineError> {
        // The URL may hold the channel's secret: what is shown ends before the path.
        let away = |error: reqwest::Error| {
            let reason = if error.is_timeout() { "it took too long".to_owned() } else { deepest(&error) };
            LineError::Away { url: self.origin(), reason }
        };
        let response = request.send().await.map_err(away)?;
        let status = response.status();
        let text = response.text().await.map_err(away)?;
        if status.is_success() {
            return Ok(text);
        }
        if status.is_server_error() {
            return Err(LineError::Away { url: self.origin(), reason: format!("it answers {status}") });
        }
        let reason = serde_json::from_str::<Refusal>(&text)
            .map_or_else(|_| "without a reason".to_owned(), |refusal| refusal.detail);
        Err(LineError::Refused { status, reason })
    }

    fn read(&self, text: &str) -> Result<Screen, LineError> {
        let no_gateway = |expected| LineError::NoGateway { url: self.origin(), expected };
        match self.channel {
            Channel::Africastalking => {
                let more = text.starts_with("CON ");
                let shown = text.strip_prefix("CON ").or_else(|| text.strip_prefix("END "));
                shown
                    .map(|shown| Screen { text: shown.to_owned(), more })
                    .ok_or_else(|| no_gateway("CON or END"))
            }
            Channel::Json => serde_json::from_str::<JsonAnswer>(text)
                .map(|answer| Screen { more: answer.action == "continue", text: answer.text })
                .map_err(|_| no_gateway("a JSON answer with action and text")),
        }
    }

    fn origin(&self) -> String {
        reqwest::Url::parse(&self.address.url)
            .map_or_else(|_| "that address".to_owned(), |url| url.origin().ascii_serialization())
    }
}

/// The cause that says most: "connection refused" rather than "error sending request".
fn deepest(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

#[cfg(test)]
mod tests {
    use wiremock::matchers::{body_string, header, method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;

    fn session(suffix: &[&str]) -> Session {
        Session {
            service_code: "*468#".to_owned(),
            suffix: suffix.iter().map(|choice| (*choice).to_owned()).collect(),
            msisdn: "+23276000001".to_owned(),
            network: "61901".to_owned(),
        }
    }

    async fn answering(server: &MockServer, status: u16, body: &str) {
        Mock::given(method("POST"))
            .respond_with(ResponseTemplate::new(status).set_body_string(body))
            .mount(server)
            .await;
    }

    fn line(server: &MockServer, channel: Channel, suffix: &[&str]) -> Line {
        let address = Address::of_server(&server.uri(), channel.name(), Some("a-secret"));
        Line::new(channel, address, session(suffix)).unwrap()
    }

    #[tokio::test]
    async fn the_text_grows_as_the_aggregator_sends_it() {
        let server = MockServer::start().await;
        let mut line = line(&server, Channel::Africastalking, &["2", "1"]);
        for (answer, text, screen) in
            [(None, "2*1", "CON One"), (Some("4"), "2*1*4", "CON Two"), (Some(""), "2*1*4*", "END Three")]
        {
            let form = format!(
                "sessionId={}&phoneNumber=%2B23276000001&networkCode=61901&serviceCode=*468%23&text={text}",
                line.id
            );
            Mock::given(path("/ussd/africastalking"))
                .and(header("authorization", "Bearer a-secret"))
                .and(body_string(form))
                .respond_with(ResponseTemplate::new(200).set_body_string(screen))
                .expect(1)
                .mount(&server)
                .await;
            let shown = line.send(answer.map(str::to_owned)).await.unwrap();
            assert_eq!(shown.text, screen[4..]);
            assert_eq!(shown.more, screen.starts_with("CON"));
        }
    }

    #[tokio::test]
    async fn a_json_turn_has_its_number_and_its_own_input() {
        let server = MockServer::start().await;
        answering(&server, 200, r#"{"action":"continue","text":"Hello"}"#).await;
        let mut line = line(&server, Channel::Json, &["2"]);
        assert!(line.send(None).await.unwrap().more);
        line.send(Some("4".to_owned())).await.unwrap();
        line.hang_up().await.unwrap();
        let sent: Vec<serde_json::Value> = server
            .received_requests()
            .await
            .unwrap()
            .iter()
            .map(|request| serde_json::from_slice(&request.body).unwrap())
            .collect();
        let told =
            |at: usize| (sent[at]["sequence"].clone(), sent[at]["input"].clone(), sent[at]["event"].clone());
        assert_eq!(told(0), (json!(1), json!("2"), json!("begin")));
        assert_eq!(told(1), (json!(2), json!("4"), json!("continue")));
        assert_eq!(told(2), (json!(2), json!(null), json!("timeout")));
    }

    #[tokio::test]
    async fn a_refusal_tells_its_reason_and_silence_is_away() {
        let server = MockServer::start().await;
        answering(&server, 401, r#"{"detail":"this channel asks for its secret"}"#).await;
        let refused = line(&server, Channel::Africastalking, &[]).send(None).await.unwrap_err();
        assert!(refused.to_string().contains("asks for its secret"), "{refused}");
        let mut nowhere = line(&server, Channel::Africastalking, &[]);
        nowhere.address.url = "http://127.0.0.1:9/ussd/africastalking/hidden".to_owned();
        let away = nowhere.send(None).await.unwrap_err();
        assert!(matches!(away, LineError::Away { .. }) && !away.to_string().contains("hidden"), "{away}");
    }

    #[tokio::test]
    async fn what_is_no_gateway_is_told_so() {
        let server = MockServer::start().await;
        answering(&server, 200, "<html>").await;
        for channel in [Channel::Africastalking, Channel::Json] {
            let error = line(&server, channel, &[]).send(None).await.unwrap_err();
            assert!(matches!(error, LineError::NoGateway { .. }), "{error}");
        }
    }
}
