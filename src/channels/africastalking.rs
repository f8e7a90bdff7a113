//! Africa's Talking: a form in, `CON …` or `END …` out; the text is all inputs so far.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use crate::ussd::{Event, Input, Reply, Taken, Turn};

use super::callback::{msisdn, network, service_code, session_id};
use super::edge::{Door, TurnTaker};
use super::form::Form;
use super::problem::Problem;

pub(super) const NAME: &str = "africastalking";

const FORM: &str = "application/x-www-form-urlencoded";

pub(super) fn router<T: TurnTaker>(door: Arc<Door<T>>) -> Router {
    Router::new()
        .route("/ussd/africastalking", post(turn::<T>))
        .route("/ussd/africastalking/events", post(notice::<T>))
        .route("/ussd/africastalking/{secret}", post(turn::<T>))
        .route("/ussd/africastalking/{secret}/events", post(notice::<T>))
        .with_state(door)
}

async fn turn<T: TurnTaker>(
    State(door): State<Arc<Door<T>>>,
    secret: Option<Path<String>>,
    request: Request,
) -> Response {
    match door.receive(secret, request, read_turn).await {
        Ok(Taken::Reply(reply)) => screen(&reply),
        Ok(Taken::OutOfOrder { .. } | Taken::Noted) => {
            tracing::error!(channel = NAME, "a turn without a number was answered as if it had one");
            Problem::new(StatusCode::CONFLICT, "this turn does not fit its session").into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

async fn notice<T: TurnTaker>(
    State(door): State<Arc<Door<T>>>,
    secret: Option<Path<String>>,
    request: Request,
) -> Response {
    match door.receive(secret, request, read_notice).await {
        Ok(_) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], "OK").into_response(),
        Err(problem) => problem.into_response(),
    }
}

impl<T: TurnTaker> Door<T> {
    async fn receive(
        &self,
        secret: Option<Path<String>>,
        request: Request,
        read: fn(&Self, &Form<'_>) -> Result<Turn, Problem>,
    ) -> Result<Taken, Problem> {
        let (parts, body) = request.into_parts();
        self.authenticate(&parts, secret.as_ref().map(|Path(secret)| secret.as_str()))?;
        let turn = match self.edge.body.read(&parts.headers, body, FORM).await {
            Ok(octets) => Form::parse(&octets).and_then(|form| read(self, &form)),
            Err(problem) => Err(problem),
        };
        Ok(self.take(turn.map_err(|problem| self.malformed(problem))?).await)
    }
}

/// A dial or an answer. Some gateways leave `text` out on the first turn: nothing was typed yet.
fn read_turn<T: TurnTaker>(door: &Door<T>, form: &Form<'_>) -> Result<Turn, Problem> {
    let text = form.get("text").unwrap_or_default();
    read_common(door, form, Input::Cumulative(text.to_owned()), Event::Turn)
}

/// The notice at a session's end. What she typed and saw stands in it too; neither is looked at.
fn read_notice<T: TurnTaker>(door: &Door<T>, form: &Form<'_>) -> Result<Turn, Problem> {
    let event = match form.require("status")? {
        "Success" => Event::Closed,
        "Incomplete" | "Failed" => Event::Dropped,
        _ => return Err(Problem::malformed("status: expected Success, Incomplete or Failed")),
    };
    read_common(door, form, Input::Cumulative(String::new()), event)
}

fn read_common<T: TurnTaker>(
    door: &Door<T>,
    form: &Form<'_>,
    input: Input,
    event: Event,
) -> Result<Turn, Problem> {
    let id = session_id(form.require("sessionId")?, "sessionId")?;
    Ok(Turn {
        channel: NAME,
        session: door.edge.taker.session_key(NAME, id),
        msisdn: msisdn(form.require("phoneNumber")?, "phoneNumber")?,
        service_code: service_code(form.require("serviceCode")?, "serviceCode")?,
        network: network(form.get("networkCode"), "networkCode")?,
        input,
        event,
    })
}

fn screen(reply: &Reply) -> Response {
    let body = [if reply.more { "CON " } else { "END " }, &reply.text].concat();
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Fake, SECRET, call, form};
    use super::*;

    const PATH: &str = "/ussd/africastalking/test-secret-of-it";
    const EVENTS: &str = "/ussd/africastalking/test-secret-of-it/events";

    /// A conversation as the aggregator sends it: its form, and what the driver must be handed.
    #[tokio::test]
    async fn recorded_turns_arrive_as_they_were_meant() {
        let session = "sessionId=ATUid_0123456789abcdef0123456789abcdef";
        for (body, text) in [
            ("&phoneNumber=%2B23276000001&networkCode=61901&serviceCode=%2A468%23&text=", ""),
            ("&phoneNumber=%2B23276000001&networkCode=61901&serviceCode=%2A468%23", ""),
            ("&phoneNumber=+23276000001&networkCode=61901&serviceCode=*468#&text=1", "1"),
            ("&phoneNumber=23276000001&networkCode=99999&serviceCode=*468#&text=1*739150", "1*739150"),
            ("&phoneNumber=076000001&serviceCode=*468#&text=2%2A1", "2*1"),
            ("&phoneNumber=%2B23276000001&serviceCode=*468#&text=1**&extra=yes", "1**"),
            ("&phoneNumber=%2B23276000001&serviceCode=*468#&text=n%C9%94", "nɔ"),
        ] {
            let fake = Fake::answering(Taken::Reply(Fake::reply("Hello", true)));
            let answer = call(&fake, form(PATH, &format!("{session}{body}"))).await;
            assert_eq!(
                (answer.status, answer.kind.as_str(), answer.body.as_str()),
                (200, "text/plain; charset=utf-8", "CON Hello"),
                "{body}"
            );
            let turns = fake.turns();
            let [turn] = turns.as_slice() else { panic!("{} turns", turns.len()) };
            assert_eq!(turn.input, Input::Cumulative(text.to_owned()), "{body}");
            assert_eq!(turn.msisdn.e164(), "+23276000001", "{body}");
            assert_eq!(turn.service_code.0, "*468#");
            assert_eq!(turn.event, Event::Turn);
        }
    }

    #[tokio::test]
    async fn the_last_screen_begins_with_end() {
        let fake = Fake::answering(Taken::Reply(Fake::reply("Bye", false)));
        let answer =
            call(&fake, form(PATH, "sessionId=1&phoneNumber=076000001&serviceCode=*468#&text=")).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "END Bye"));
    }

    #[tokio::test]
    async fn the_secret_may_stand_in_a_header() {
        let body = "sessionId=1&phoneNumber=076000001&serviceCode=*468#&text=";
        let mut request = form("/ussd/africastalking", body);
        request.headers_mut().insert("authorization", format!("Bearer {SECRET}").parse().unwrap());
        assert_eq!(call(&Fake::default(), request).await.status, 200);
    }

    #[tokio::test]
    async fn who_is_not_the_operator_reaches_nothing() {
        for path in [
            "/ussd/africastalking",
            "/ussd/africastalking/wrong",
            "/ussd/africastalking/wrong/events",
            "/ussd/africastalking/events",
        ] {
            let fake = Fake::default();
            let answer =
                call(&fake, form(path, "sessionId=1&phoneNumber=076000001&serviceCode=*468#&text=")).await;
            assert_eq!((answer.status, answer.kind.as_str()), (401, "application/problem+json"), "{path}");
            assert!(fake.turns().is_empty(), "{path}");
        }
    }

    #[tokio::test]
    async fn malformed_callbacks_are_refused_with_a_reason_and_reach_nothing() {
        let good = "sessionId=1&phoneNumber=076000001&serviceCode=*468#";
        for (body, reason) in [
            ("phoneNumber=076000001&serviceCode=*468#&text=9999", "sessionId is missing"),
            ("sessionId=1&serviceCode=*468#&text=9999", "phoneNumber is missing"),
            ("sessionId=1&phoneNumber=076000001&text=9999", "serviceCode is missing"),
            ("sessionId=&phoneNumber=076000001&serviceCode=*468#", "sessionId is missing"),
            ("sessionId=a%20b&phoneNumber=076000001&serviceCode=*468#", "sessionId: expected"),
            ("sessionId=1&phoneNumber=hello&serviceCode=*468#", "phoneNumber: "),
            ("sessionId=1&phoneNumber=076000001&serviceCode=468", "serviceCode: expected"),
            ("sessionId=1&phoneNumber=076000001&serviceCode=*468#&networkCode=%20", "networkCode: expected"),
            (&format!("{good}&text=9999&text=9999"), "comes twice"),
            (&format!("{good}&text=99%9"), "hexadecimal"),
            (&format!("{good}&text=%ff9999"), "UTF-8"),
            ("", "missing"),
        ] {
            let fake = Fake::default();
            let answer = call(&fake, form(PATH, body)).await;
            assert_eq!((answer.status, answer.kind.as_str()), (400, "application/problem+json"), "{body}");
            assert!(answer.body.contains(reason), "{body}: {}", answer.body);
            assert!(!answer.body.contains("9999"), "what was typed is repeated: {}", answer.body);
            assert!(fake.turns().is_empty(), "{body}");
        }
    }

    #[tokio::test]
    async fn too_large_or_another_type_or_method_is_refused() {
        let fake = Fake::default();
        let large = format!("sessionId=1&phoneNumber=076000001&serviceCode=*468#&text={}", "1".repeat(9000));
        assert_eq!(call(&fake, form(PATH, &large)).await.status, 413);
        let mut other = form(PATH, "sessionId=1");
        other.headers_mut().insert("content-type", "text/xml".parse().unwrap());
        assert_eq!(call(&fake, other).await.status, 415);
        let mut get = form(PATH, "");
        *get.method_mut() = axum::http::Method::GET;
        assert_eq!(call(&fake, get).await.status, 405);
        assert!(fake.turns().is_empty());
    }

    #[tokio::test]
    async fn notices_tell_how_the_session_ended_and_not_what_was_typed() {
        let rest = "date=2026-11-24+08%3A00%3A00&sessionId=1&serviceCode=*468#&networkCode=61901\
                    &phoneNumber=%2B23276000001&cost=SLE+0.10&durationInMillis=8200&hopsCount=3\
                    &input=1*739150&lastAppResponse=END+Iron+tablets";
        for (status, event) in
            [("Success", Event::Closed), ("Incomplete", Event::Dropped), ("Failed", Event::Dropped)]
        {
            let fake = Fake::answering(Taken::Noted);
            let answer = call(&fake, form(EVENTS, &format!("{rest}&status={status}"))).await;
            assert_eq!(answer.status, 200);
            let turns = fake.turns();
            assert_eq!(turns[0].event, event);
            assert_eq!(turns[0].input, Input::Cumulative(String::new()));
        }
        assert_eq!(call(&Fake::default(), form(EVENTS, &format!("{rest}&status=Odd"))).await.status, 400);
        assert_eq!(call(&Fake::default(), form(EVENTS, rest)).await.status, 400);
    }

    #[tokio::test]
    async fn a_number_that_floods_gets_a_polite_end_at_200_and_another_is_served() {
        let fake = Fake::answering(Taken::Reply(Fake::reply("Hello", true))).with_burst(3);
        let dial =
            |number: &str| form(PATH, &format!("sessionId=1&phoneNumber={number}&serviceCode=*468#&text="));
        let mut shed = 0;
        for _ in 0..20 {
            let answer = call(&fake, dial("076000001")).await;
            assert_eq!(answer.status, 200);
            shed += usize::from(answer.body == "END Busy");
        }
        assert!(shed >= 15, "{shed}");
        assert_eq!(call(&fake, dial("076000002")).await.body, "CON Hello");
    }
}
