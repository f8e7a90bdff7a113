//! From a provider's callback, authenticated by the settings, to the answer that is queued.

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use mamacare::app::inbound::ways_in;
use mamacare::app::outbox::doors;
use mamacare::app::settings::{Settings, Sources};
use sha1::Sha1;
use sha2::Sha256;
use std::net::SocketAddr;
use tower::ServiceExt;

use super::world::{AMA, World, hexadecimal};

const SETTINGS: &str = r#"
    [server]
    public_url = "https://sms.example.org"
    [providers.talk]
    type = "africastalking"
    username = "sandbox"
    secret = "key"
    callback_secrets = ["talk-secret"]
    [providers.kannel]
    type = "kannel"
    endpoint = "http://kannel.example/cgi-bin/sendsms"
    username = "mamacare"
    secret = "key"
    callback_secrets = ["kannel-secret"]
    [providers.twilio]
    type = "twilio"
    username = "AC0"
    secret = "twilio-token"
    sender = "+15005550006"
    [providers.gateway]
    type = "http"
    endpoint = "https://gateway.example/send"
    secret = "bearer"
    callback_secrets = ["gateway-secret"]
    networks = ["192.0.2.0/24"]
    [providers.log]
    type = "log"
"#;

async fn addresses(world: &World) -> Router {
    let settings = Settings::load(&Sources { base: SETTINGS, ..Sources::default() }).unwrap();
    let taker = world.taker_with(|_| {}).await;
    ways_in(&settings, taker, &doors(&settings)).0
}

async fn call(router: &Router, mut request: Request<Body>, from: &str) -> u16 {
    let peer: SocketAddr = format!("{from}:4711").parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    router.clone().oneshot(request).await.unwrap().status().as_u16()
}

fn form(address: &str, body: &'static str) -> Request<Body> {
    Request::post(address)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(body))
        .unwrap()
}

const TALK: &str =
    "id=t-1&from=%2B23276000001&to=4680&text=HELP&date=2026-11-24T10:00:00Z&linkId=0&networkCode=61901";

#[tokio::test]
async fn each_provider_brings_what_people_send_in_its_form() {
    let world = World::new().await;
    let router = addresses(&world).await;
    for _ in 0..3 {
        assert_eq!(call(&router, form("/sms/talk/inbound/talk-secret", TALK), "198.51.100.7").await, 200);
    }
    let kannel = "/sms/kannel/inbound/kannel-secret\
                  ?from=%2B23276000001&to=4680&b=help&coding=0&ts=2026-11-24+10%3A00%3A00&id=k-1";
    let request = Request::builder().method(Method::GET).uri(kannel).body(Body::empty()).unwrap();
    assert_eq!(call(&router, request, "198.51.100.7").await, 200);

    let mut mac = Hmac::<Sha1>::new_from_slice(b"twilio-token").unwrap();
    mac.update(
        b"https://sms.example.org/sms/twilio/inboundBodyhelp!From+23276000001MessageSidSM1To+15005550006",
    );
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let twilio = "Body=help%21&From=%2B23276000001&MessageSid=SM1&To=%2B15005550006";
    let mut request = form("/sms/twilio/inbound", twilio);
    request.headers_mut().insert("x-twilio-signature", signature.parse().unwrap());
    assert_eq!(call(&router, request, "198.51.100.7").await, 200);

    let gateway = |from| call(&router, signed(&world), from);
    assert_eq!(gateway("192.0.2.9").await, 200);
    assert_eq!(gateway("198.51.100.7").await, 403, "its calls come from elsewhere");

    assert_eq!(world.count("SELECT count(*) FROM sms_inbound").await, 4, "each once");
    let answers = world.sent().await;
    assert!(answers.len() == 4 && answers.iter().all(|answer| answer.to == AMA), "{answers:?}");
}

fn signed(world: &World) -> Request<Body> {
    let body = r#"{"id": "g-1", "from": "+23276000001", "to": "4680", "text": "Help me", "at": null}"#;
    let timestamp = world.now().timestamp().to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(b"gateway-secret").unwrap();
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body.as_bytes());
    Request::post("/sms/gateway/inbound")
        .header("content-type", "application/json")
        .header("x-mamacare-timestamp", timestamp)
        .header("x-mamacare-signature", format!("sha256={}", hexadecimal(&mac.finalize().into_bytes())))
        .body(Body::from(body))
        .unwrap()
}

#[tokio::test]
async fn strangers_reach_nothing() {
    let world = World::new().await;
    let router = addresses(&world).await;
    let kannel = "/sms/kannel/inbound?from=%2B23276000001&to=4680&b=STOP&coding=0&id=k-1";
    let get = Request::builder().method(Method::GET).uri(kannel).body(Body::empty()).unwrap();
    let mut forged = form("/sms/twilio/inbound", "Body=STOP&From=%2B23276000001&MessageSid=SM1&To=4680");
    forged.headers_mut().insert("x-twilio-signature", "bm90IHNpZ25lZA==".parse().unwrap());
    let unsigned = form("/sms/twilio/inbound", "Body=STOP&From=%2B23276000001&MessageSid=SM1&To=4680");
    let mut changed = signed(&world);
    *changed.body_mut() = Body::from(r#"{"id": "g-1", "from": "+23276000001", "to": "1", "text": "STOP"}"#);
    for (request, status) in [
        (form("/sms/talk/inbound", TALK), 401),
        (form("/sms/talk/inbound/kannel-secret", TALK), 401),
        (form("/sms/talk/optout/wrong", "phoneNumber=%2B23276000001&senderId=MamaCare"), 401),
        (get, 401),
        (forged, 403),
        (unsigned, 403),
        (changed, 401),
        (form("/sms/log/inbound", TALK), 404),
        (form("/sms/nobody/inbound/talk-secret", TALK), 404),
    ] {
        let address = request.uri().clone();
        assert_eq!(call(&router, request, "192.0.2.9").await, status, "{address}");
    }
    assert_eq!(world.count("SELECT count(*) FROM sms_inbound").await, 0);
    assert_eq!(world.count("SELECT count(*) FROM phone WHERE stopped_at IS NOT NULL").await, 0);
    let told = form("/sms/talk/optout/talk-secret", "phoneNumber=%2B23276000001&senderId=MamaCare");
    assert_eq!(call(&router, told, "192.0.2.9").await, 200);
    assert_eq!(world.count("SELECT count(*) FROM phone WHERE stopped_at IS NOT NULL").await, 1);
}
