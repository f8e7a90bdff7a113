//! What callers show to be let in: access tokens, handles and codes of a second factor.

use std::sync::{Arc, LazyLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use mamacare::identity::{AccessTokens, Handle, Pin, Role, TotpSecret};
use mamacare::privacy::Keyring;
use serde_json::Value;
use uuid::Uuid;

const ISSUER: &str = "https://mamacare.example";

static KEYRING: LazyLock<Arc<Keyring>> = LazyLock::new(|| Arc::new(Keyring::demo()));
static TOKENS: LazyLock<AccessTokens> = LazyLock::new(|| AccessTokens::new(Arc::clone(&KEYRING), ISSUER));

fn noon() -> DateTime<Utc> {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

/// Signs a head and claims with the key that is in use now, whatever they say.
fn signed(head: &[u8], claims: &[u8]) -> String {
    let period = noon().timestamp().div_euclid(30 * 86_400);
    let key = KEYRING.token_digest("access token", &period.to_be_bytes());
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode(claims));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
    mac.update(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// A token; or the head and the claims of one, a line each, which is signed here with our own key.
pub fn access_tokens(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    assert!(TOKENS.read(&text, noon()).is_err(), "nobody has signed {text}");
    if let Some((head, claims)) = text.split_once('\n') {
        let token = signed(head.as_bytes(), claims.as_bytes());
        if let Ok(read) = TOKENS.read(&token, noon()) {
            let head: Value = serde_json::from_str(head).unwrap();
            let claims: Value = serde_json::from_str(claims).unwrap();
            assert_eq!(head["alg"], "HS256", "another algorithm was let in");
            let named = |name: &str, expected: &str| {
                claims[name] == expected
                    || claims[name].as_array().is_some_and(|all| all.contains(&expected.into()))
            };
            assert!(named("iss", ISSUER) && named("aud", "mamacare-api"), "{claims}");
            assert!(read.exp > noon().timestamp() && read.iat <= noon().timestamp() + 30, "{read:?}");
            assert_eq!(claims["sub"].as_str().unwrap().parse(), Ok(read.sub));
            // One of ours says the same.
            let (ours, _) = TOKENS.issue(read.sub, read.sid, read.role, noon());
            assert_eq!(TOKENS.read(&ours, noon()).map(|ours| (ours.sub, ours.sid)), Ok((read.sub, read.sid)));
        }
    }
    if let Ok(handle) = Handle::parse(&text) {
        let again = Handle::parse(&handle.text()).unwrap();
        assert_eq!(again.text(), text.trim(), "one handle has two texts");
        assert_eq!(again.digest(&KEYRING), handle.digest(&KEYRING));
        assert!(!format!("{handle:?}").contains(&handle.text()));
    }
    let secret = TotpSecret::new([7; 20]);
    if secret.check(&text, noon(), None).is_some() {
        let near = [-30, 0, 30].map(|shift| secret.code_at(noon() + chrono::TimeDelta::seconds(shift)));
        assert!(near.contains(&text.trim().to_owned()), "{text:?} is none of the codes of now");
    }
    if let Ok(pin) = Pin::new(&text) {
        assert!(
            (4..=6).contains(&pin.reveal().len()) && pin.reveal().bytes().all(|octet| octet.is_ascii_digit())
        );
        assert!(!format!("{pin:?}").contains(pin.reveal()), "a PIN is printed");
    }
    if let Some(role) = Role::of(&text) {
        let (token, _) = TOKENS.issue(Uuid::nil(), Uuid::nil(), role, noon());
        assert_eq!(TOKENS.read(&token, noon()).unwrap().role, role);
    }
}
