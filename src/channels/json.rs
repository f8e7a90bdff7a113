//! The generic JSON form: each turn has a number and brings its own input alone.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};

use crate::text::Encoding;
use crate::ussd::{Event, Input, Reply, Taken, Turn};

use super::callback::{msisdn, network, service_code, session_id};
use super::edge::{Door, TurnTaker};
use super::problem::Problem;

pub(super) const NAME: &str = "json";

/// Longest name of a field that is repeated to who sent it.
const LONGEST_NAME: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Callback {
    session: String,
    msisdn: String,
    service_code: String,
    network: Option<String>,
    sequence: Option<u32>,
    input: Option<String>,
    event: Happening,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Happening {
    Begin,
    Continue,
    End,
    Timeout,
}

#[derive(Serialize)]
struct Answer<'a> {
    session: &'a str,
    sequence: u32,
    action: &'static str,
    text: &'a str,
    encoding: &'static str,
}

pub(super) fn router<T: TurnTaker>(door: Arc<Door<T>>) -> Router {
    Router::new().route("/ussd/json", post(turn::<T>)).with_state(door)
}

async fn turn<T: TurnTaker>(State(door): State<Arc<Door<T>>>, request: Request) -> Response {
    door.receive_json(request).await.unwrap_or_else(Problem::into_response)
}

impl<T: TurnTaker> Door<T> {
    async fn receive_json(&self, request: Request) -> Result<Response, Problem> {
        let (parts, body) = request.into_parts();
        self.authenticate(&parts, None)?;
        let octets = self.edge.body.read(&parts.headers, body, "application/json").await;
        let callback = octets.and_then(|octets| read(&octets)).map_err(|problem| self.malformed(problem))?;
        let turn = self.turn_of(&callback).map_err(|problem| self.malformed(problem))?;
        let nothing = Reply { text: String::new(), more: false, encoding: Encoding::Gsm7 };
        match self.take(turn).await {
            Taken::Reply(reply) => Ok(answer(&callback, &reply)),
            Taken::Noted => Ok(answer(&callback, &nothing)),
            Taken::OutOfOrder { expected } => Err(Problem::out_of_order(expected)),
        }
    }

    fn turn_of(&self, callback: &Callback) -> Result<Turn, Problem> {
        let event = match callback.event {
            Happening::Begin | Happening::Continue => Event::Turn,
            Happening::End => Event::Closed,
            Happening::Timeout => Event::Dropped,
        };
        let sequence = match (callback.sequence, event) {
            (Some(0), _) => return Err(Problem::malformed("sequence: turns are numbered from 1")),
            (Some(sequence), _) => sequence,
            (None, Event::Turn) => return Err(Problem::malformed("the field sequence is missing")),
            (None, _) => 0,
        };
        let id = session_id(&callback.session, "session")?;
        Ok(Turn {
            channel: NAME,
            session: self.edge.taker.session_key(NAME, id),
            msisdn: msisdn(&callback.msisdn, "msisdn")?,
            service_code: service_code(&callback.service_code, "service_code")?,
            network: network(callback.network.as_deref(), "network")?,
            input: Input::Sequenced { sequence, text: callback.input.clone().unwrap_or_default() },
            event,
        })
    }
}

/// Where it does not fit, the reason names the field and never its value.
fn read(octets: &[u8]) -> Result<Callback, Problem> {
    serde_json::from_slice(octets).map_err(|error| {
        let reason = error.to_string();
        // Both name fields of ours.
        if reason.starts_with("missing field") || reason.starts_with("duplicate field") {
            return Problem::malformed(reason);
        }
        // One that nobody asked for is named if it could be a field: others would break the lines of logs.
        let unknown = reason.strip_prefix("unknown field `").and_then(|rest| rest.rsplit_once("`, expected "));
        if let Some((name, expected)) = unknown {
            let plain = name.len() <= LONGEST_NAME
                && name.bytes().all(|octet| octet.is_ascii_graphic() && octet != b'`');
            let name = if plain { name } else { "…" };
            return Problem::malformed(format!("unknown field `{name}`, expected {expected}"));
        }
        let place = format!("at line {} column {}", error.line(), error.column());
        match error.classify() {
            serde_json::error::Category::Data => Problem::malformed(format!(
                "a value {place} does not fit; expected session, msisdn and service_code as texts, sequence as a number, \
                 event as begin, continue, end or timeout"
            )),
            _ => Problem::malformed(format!("the body is not JSON {place}")),
        }
    })
}

fn answer(callback: &Callback, reply: &Reply) -> Response {
    Json(Answer {
        session: &callback.session,
        sequence: callback.sequence.unwrap_or_default(),
        action: if reply.more { "continue" } else { "end" },
        text: &reply.text,
        encoding: match reply.encoding {
            Encoding::Gsm7 => "gsm7",
            Encoding::Ucs2 => "ucs2",
        },
    })
    .into_response()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{Fake, call, json_request};
    use super::*;

    fn begin() -> Value {
        json!({"session": "s1", "msisdn": "+23276000001", "service_code": "*468#", "network": "61901",
               "sequence": 1, "event": "begin"})
    }

    fn but(changes: &Value) -> Value {
        let mut body = begin();
        for (key, value) in changes.as_object().unwrap() {
            body[key] = value.clone();
        }
        body
    }

    #[tokio::test]
    async fn a_turn_is_answered_with_its_number_and_encoding() {
        let mut reply = Fake::reply("Wɛlkɔm", true);
        reply.encoding = Encoding::Ucs2;
        let fake = Fake::answering(Taken::Reply(reply));
        let answer =
            call(&fake, json_request(&but(&json!({"sequence": 2, "input": "1", "event": "continue"})))).await;
        assert_eq!((answer.status, answer.kind.as_str()), (200, "application/json"));
        assert_eq!(
            serde_json::from_str::<Value>(&answer.body).unwrap(),
            json!({"session": "s1", "sequence": 2, "action": "continue", "text": "Wɛlkɔm", "encoding": "ucs2"})
        );
        assert_eq!(fake.turns()[0].input, Input::Sequenced { sequence: 2, text: "1".to_owned() });
    }

    #[tokio::test]
    async fn events_are_told_apart() {
        for (event, expected) in [
            ("begin", Event::Turn),
            ("continue", Event::Turn),
            ("end", Event::Closed),
            ("timeout", Event::Dropped),
        ] {
            let fake = Fake::default();
            assert_eq!(call(&fake, json_request(&but(&json!({"event": event})))).await.status, 200);
            assert_eq!(fake.turns()[0].event, expected, "{event}");
        }
    }

    #[tokio::test]
    async fn a_notice_needs_no_number_and_ends() {
        let fake = Fake::answering(Taken::Noted);
        let answer = call(&fake, json_request(&but(&json!({"event": "timeout", "sequence": null})))).await;
        assert!(answer.body.contains(r#""action":"end""#), "{}", answer.body);
    }

    #[tokio::test]
    async fn a_number_that_skips_is_409_with_the_expected_one() {
        let fake = Fake::answering(Taken::OutOfOrder { expected: 3 });
        let answer = call(&fake, json_request(&but(&json!({"sequence": 7, "event": "continue"})))).await;
        assert_eq!((answer.status, answer.kind.as_str()), (409, "application/problem+json"));
        assert_eq!(serde_json::from_str::<Value>(&answer.body).unwrap()["expected_sequence"], 3);
    }

    #[tokio::test]
    async fn what_does_not_fit_is_refused_without_repeating_it() {
        for (body, reason) in [
            (but(&json!({"sequence": 0})).to_string(), "numbered from 1"),
            (but(&json!({"sequence": null})).to_string(), "sequence is missing"),
            (but(&json!({"sequence": "739150"})).to_string(), "does not fit"),
            (but(&json!({"input": 739_150})).to_string(), "does not fit"),
            (but(&json!({"event": "739150"})).to_string(), "does not fit"),
            (but(&json!({"imput": "739150"})).to_string(), "unknown field `imput`"),
            (but(&json!({"msisdn": "739150x"})).to_string(), "msisdn: "),
            (r#"{"session": "s1"}"#.to_owned(), "missing field"),
            (r#"{"input": "739150", "#.to_owned(), "not JSON"),
            ("739150".to_owned(), "does not fit"),
            (String::new(), "not JSON"),
        ] {
            let fake = Fake::default();
            let answer = call(&fake, json_request(&body)).await;
            assert_eq!((answer.status, answer.kind.as_str()), (400, "application/problem+json"), "{body}");
            assert!(answer.body.contains(reason), "{body}: {}", answer.body);
            assert!(!answer.body.contains("739150"), "what was typed is repeated: {}", answer.body);
            assert!(fake.turns().is_empty());
        }
    }

    #[tokio::test]
    async fn without_the_token_nothing_is_reached() {
        let fake = Fake::default();
        let mut request = json_request(&begin());
        request.headers_mut().remove("authorization");
        assert_eq!(call(&fake, request).await.status, 401);
        assert!(fake.turns().is_empty());
    }
}
