//! Callbacks of USSD: Africa's Talking's form and the generic JSON.

use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use axum::Router;
use mamacare::channels::{
    Access, BodyLimits, Edge, Entrance, Entrances, Flood, FloodLimits, TurnTaker, is_service_code, router,
};
use mamacare::text::{Display, Encoding};
use mamacare::ussd::{Event, Input, Reply, SessionKey, Taken, Turn};
use serde_json::{Value, json};

use super::wire::{Answer, ask, form, is_a_problem, post};

const FORM: &str = "application/x-www-form-urlencoded";
const SECRET: &str = "test-secret-of-it";

/// A phone sends no more in one callback.
const LARGEST: usize = 8192;

/// Keeps the last turn that it was handed, and the operator's id of its session.
#[derive(Default)]
struct Taker {
    turn: Mutex<Option<Turn>>,
    session: Mutex<String>,
}

impl TurnTaker for Taker {
    fn session_key(&self, _: &'static str, id: &str) -> SessionKey {
        id.clone_into(&mut self.session.lock().unwrap());
        SessionKey([0; 16])
    }

    async fn take(&self, turn: Turn, _: Display) -> Taken {
        *self.turn.lock().unwrap() = Some(turn);
        Taken::Reply(Reply { text: "Hello".to_owned(), more: true, encoding: Encoding::Gsm7 })
    }

    fn busy(&self, _: &Turn, _: Display) -> Taken {
        panic!("the flood is not what is tried here")
    }
}

static DOORS: LazyLock<(Arc<Taker>, Router)> = LazyLock::new(|| {
    let taker = Arc::new(Taker::default());
    let plenty = 1_000_000_000;
    let flood = Flood::new(FloodLimits {
        number_per_second: plenty,
        number_burst: plenty,
        number_in_flight: 1000,
        in_flight: 1000,
        network_share_percent: 100,
    });
    let body = BodyLimits { octets: LARGEST, time: Duration::from_secs(5) };
    let edge = Arc::new(Edge { taker: Arc::clone(&taker), flood, body, trusted_proxies: vec![] });
    let entrance = Entrance { access: Access::new([SECRET], vec![]), display: Display::default() };
    let entrances = Entrances { africastalking: Some(entrance.clone()), json: Some(entrance) };
    (taker, router(&edge, entrances))
});

/// What a callback came to: the turn, with the operator's id of its session, and the answer.
fn come(path: &str, kind: &str, octets: &[u8]) -> (Option<(String, Turn)>, Answer) {
    let (taker, router) = &*DOORS;
    taker.turn.lock().unwrap().take();
    let mut request = post(path, kind, octets);
    request.headers_mut().insert("authorization", format!("Bearer {SECRET}").parse().unwrap());
    let answer = ask(router, request);
    let turn = taker.turn.lock().unwrap().take();
    let turn = turn.map(|turn| (taker.session.lock().unwrap().clone(), turn));
    (turn, answer)
}

/// A turn holds what a driver may rely on, and who was refused reached nothing.
fn holds(turn: Option<&(String, Turn)>, answer: &Answer, sent: &[u8]) {
    let Some((session, turn)) = turn else {
        assert!(matches!(answer.status, 400 | 413), "{answer:?}");
        return is_a_problem(answer, sent);
    };
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!((1..=128).contains(&session.len()) && session.bytes().all(|octet| octet.is_ascii_graphic()));
    assert!(is_service_code(&turn.service_code.0) && turn.service_code.0.len() <= 32);
    assert!(turn.network.0.len() <= 16 && turn.network.0.is_ascii());
    assert_eq!(turn.msisdn.e164().len(), 12);
}

pub fn ussd_africastalking(octets: &[u8]) {
    let (turn, answer) = come("/ussd/africastalking", FORM, octets);
    holds(turn.as_ref(), &answer, octets);
    if let Some((session, turn)) = &turn {
        assert_eq!(answer.body, "CON Hello");
        let Input::Cumulative(text) = &turn.input else { panic!("{turn:?}") };
        // Written in another way, it is the same turn.
        let number = turn.msisdn.e164();
        let fields = [
            ("text", text.as_str()),
            ("phoneNumber", &number),
            ("networkCode", &turn.network.0),
            ("serviceCode", &turn.service_code.0),
            ("sessionId", session),
        ];
        let again = form(&fields);
        if again.len() <= LARGEST {
            assert_eq!(
                come("/ussd/africastalking", FORM, again.as_bytes()).0,
                Some((session.clone(), turn.clone()))
            );
        }
    }
    // What was typed stands in a notice too, and is never taken from it.
    let (notice, answer) = come("/ussd/africastalking/events", FORM, octets);
    holds(notice.as_ref(), &answer, octets);
    if let Some((_, notice)) = notice {
        assert_eq!(notice.input, Input::Cumulative(String::new()));
        assert_ne!(notice.event, Event::Turn);
    }
}

pub fn ussd_json(octets: &[u8]) {
    let (turn, answer) = come("/ussd/json", "application/json", octets);
    holds(turn.as_ref(), &answer, octets);
    let Some((session, turn)) = turn else { return };
    let Input::Sequenced { sequence, text } = &turn.input else { panic!("{turn:?}") };
    let said: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((&said["session"], &said["sequence"]), (&json!(session), &json!(sequence)));
    assert!(turn.event != Event::Turn || *sequence > 0, "turns are numbered from 1");
    let event = match turn.event {
        Event::Turn => "continue",
        Event::Closed => "end",
        Event::Dropped => "timeout",
    };
    let again = json!({"session": session, "msisdn": turn.msisdn.e164(), "service_code": turn.service_code.0,
        "network": turn.network.0, "sequence": (*sequence > 0).then_some(sequence), "input": text, "event": event});
    let again = again.to_string();
    if again.len() <= LARGEST {
        assert_eq!(come("/ussd/json", "application/json", again.as_bytes()).0, Some((session, turn)));
    }
}
