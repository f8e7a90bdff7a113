use std::sync::Mutex;
use std::time::Duration;

use axum::body::Body;
use tower::ServiceExt;

use super::super::signature::sign;
use super::*;
use crate::messages::{Reference, Told};

const SECRET: &str = "test-secret-of-it";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

#[derive(Default)]
struct Taker {
    told: Mutex<Vec<String>>,
    away: bool,
}

impl ReceiptTaker for Taker {
    fn now(&self) -> DateTime<Utc> {
        "2026-11-24T10:00:00Z".parse().unwrap()
    }

    async fn receipts(&self, provider: &str, receipts: Vec<Receipt>) -> Result<(), NotTaken> {
        for receipt in receipts {
            let id = match receipt.reference {
                Reference::Ours(id) => format!("ours {id}"),
                Reference::Theirs(id) => id,
            };
            let told = receipt.told.map_or("?", Told::name);
            self.told.lock().unwrap().push(format!("{provider} {id} {told}"));
        }
        if self.away { Err(NotTaken) } else { Ok(()) }
    }
}

fn edge(taker: Taker) -> Arc<SmsEdge<Taker>> {
    let door = |name: &str, callbacks| SmsDoor {
        name: name.to_owned(),
        access: Access::new([SECRET], vec![]),
        callbacks,
    };
    let origin = "https://sms.example.org".to_owned();
    let local = Access::new([SECRET], vec!["192.0.2.0/24".parse().unwrap()]);
    SmsEdge::new(
        Arc::new(taker),
        BodyLimits { octets: 8192, time: Duration::from_secs(5) },
        vec![],
        vec![
            door("africastalking", Callbacks::AfricasTalking),
            door("twilio", Callbacks::Twilio { origin, tokens: vec![SecretString::from(TOKEN)] }),
            door("kannel", Callbacks::Kannel),
            door("gateway", Callbacks::Generic { secrets: vec![SecretString::from(SECRET)] }),
            SmsDoor { access: local, ..door("inside", Callbacks::Kannel) },
        ],
    )
}

async fn call(edge: &Arc<SmsEdge<Taker>>, request: axum::http::Request<Body>) -> u16 {
    router(Arc::clone(edge)).oneshot(request).await.unwrap().status().as_u16()
}

fn form(path: &str, body: &str) -> axum::http::Request<Body> {
    axum::http::Request::post(path).header("content-type", FORM).body(Body::from(body.to_owned())).unwrap()
}

fn fetch(path: &str) -> axum::http::Request<Body> {
    axum::http::Request::get(path).body(Body::empty()).unwrap()
}

fn told(edge: &Arc<SmsEdge<Taker>>) -> Vec<String> {
    std::mem::take(&mut *edge.taker.told.lock().unwrap())
}

#[tokio::test]
async fn a_secret_in_the_address_lets_receipts_in_and_nothing_else_does() {
    let edge = edge(Taker::default());
    let body = "id=ATXid_1&status=Success&phoneNumber=%2B23276000001&networkCode=99999";
    for (path, status) in [
        ("/sms/africastalking/delivery/test-secret-of-it", 200),
        ("/sms/africastalking/delivery/another-secret-of", 401),
        ("/sms/africastalking/delivery", 401),
        ("/sms/nobody/delivery/test-secret-of-it", 404),
    ] {
        assert_eq!(call(&edge, form(path, body)).await, status, "{path}");
    }
    assert_eq!(told(&edge), ["africastalking ATXid_1 delivered"]);
    assert_eq!(call(&edge, fetch("/sms/africastalking/delivery/test-secret-of-it")).await, 405);
    let broken = form("/sms/africastalking/delivery/test-secret-of-it", "status=Success");
    assert_eq!(call(&edge, broken).await, 400);
}

#[tokio::test]
async fn kannel_calls_with_a_query() {
    let edge = edge(Taker::default());
    let path = "/sms/kannel/delivery/test-secret-of-it?mid=7&st=8&ts=1764000000&fid=&err=ACK%2F";
    assert_eq!(call(&edge, fetch(path)).await, 200);
    assert_eq!(call(&edge, fetch(&path.replace("secret", "secre"))).await, 401);
    assert_eq!(call(&edge, form(path, "")).await, 405);
    assert_eq!(call(&edge, fetch("/sms/kannel/delivery/test-secret-of-it?mid=7")).await, 400);
    assert_eq!(told(&edge), ["kannel ours 7 passed"]);
    let inside = fetch("/sms/inside/delivery/test-secret-of-it?mid=7&st=1");
    assert_eq!(call(&edge, inside).await, 403, "from nowhere that is known");
}

#[tokio::test]
async fn twilio_signs_what_it_sends() {
    let edge = edge(Taker::default());
    let (body, path) =
        ("MessageSid=SM1&MessageStatus=delivered&To=%2B23276000001", "/sms/twilio/delivery?mid=7");
    let signed = |signature: &str, body: &str| {
        let mut request = form(path, body);
        request.headers_mut().insert("x-twilio-signature", signature.parse().unwrap());
        request
    };
    let fields = [("MessageSid", "SM1"), ("MessageStatus", "delivered"), ("To", "+23276000001")];
    let good = &sign::twilio(TOKEN, &format!("https://sms.example.org{path}"), &fields);
    assert_eq!(call(&edge, signed(good, body)).await, 200);
    assert_eq!(call(&edge, signed(good, body)).await, 200, "a replay tells nothing new");
    assert_eq!(call(&edge, signed(good, &body.replace("delivered", "failed"))).await, 401);
    assert_eq!(call(&edge, form(path, body)).await, 401);
    assert_eq!(told(&edge), ["twilio ours 7 delivered", "twilio ours 7 delivered"]);
}

#[tokio::test]
async fn the_generic_form_is_signed_over_time_and_body() {
    let edge = edge(Taker::default());
    let body = r#"{"id":"mc7","status":"delivered"}"#;
    let request = |seconds: i64, body: &str, secret: &str| {
        let stamp = edge.taker.now().timestamp() + seconds;
        let signature = sign::body(secret, stamp, body);
        axum::http::Request::post("/sms/gateway/delivery")
            .header("content-type", JSON)
            .header("x-mamacare-timestamp", stamp)
            .header("x-mamacare-signature", signature)
            .body(Body::from(body.to_owned()))
            .unwrap()
    };
    assert_eq!(call(&edge, request(0, body, SECRET)).await, 200);
    assert_eq!(call(&edge, request(-400, body, SECRET)).await, 401);
    assert_eq!(call(&edge, request(0, body, "other-secret")).await, 401);
    assert_eq!(call(&edge, request(0, "{", SECRET)).await, 400);
    assert_eq!(told(&edge), ["gateway ours 7 delivered"]);
}

#[tokio::test]
async fn what_cannot_be_kept_is_asked_for_again() {
    let edge = edge(Taker { away: true, ..Taker::default() });
    let path = "/sms/kannel/delivery/test-secret-of-it?mid=7&st=1";
    assert_eq!(call(&edge, fetch(path)).await, 503);
    let large = format!("id=a&status=Success&x={}", "a".repeat(9000));
    assert_eq!(call(&edge, form("/sms/africastalking/delivery/test-secret-of-it", &large)).await, 413);
}
