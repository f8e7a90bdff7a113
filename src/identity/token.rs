//! Tokens. An access token (JWT, ten minutes) is signed with a key that changes every 30 days and is
//! drawn from the master key, so that all nodes have it and none stores it. A handle is a random
//! secret of which only a keyed digest is stored: refresh tokens, links in e-mails.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::Role;
use crate::privacy::Keyring;

/// How long an access token serves.
const LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// How long one key signs.
const KEY_DAYS: i64 = 30;

/// Clocks of nodes may differ by this much.
const SKEW: TimeDelta = TimeDelta::seconds(30);

const AUDIENCE: &str = "mamacare-api";

/// Who a token speaks for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Claims {
    /// Account or person.
    pub sub: Uuid,
    /// The sign-in that it belongs to.
    pub sid: Uuid,
    /// What it may do.
    pub role: Role,
    /// Made at (seconds since 1970).
    pub iat: i64,
    /// Good until.
    pub exp: i64,
}

#[derive(Deserialize, Serialize)]
struct Registered {
    iss: String,
    aud: String,
    #[serde(flatten)]
    claims: Claims,
}

/// Why a token opens nothing. What differs is for the log; the caller is told the same.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TokenError {
    /// Not a token of ours, or changed.
    #[error("not a token of this service")]
    Foreign,
    /// Signed with a key that no longer counts, or does not yet.
    #[error("the token's key is not in use")]
    Key,
    /// Its time is over.
    #[error("the token's time is over")]
    Expired,
}

/// Makes and reads access tokens.
#[derive(Clone)]
pub struct AccessTokens {
    keyring: Arc<Keyring>,
    issuer: Arc<str>,
    validation: Arc<Validation>,
}

impl AccessTokens {
    /// `issuer` is the service's public address.
    pub fn new(keyring: Arc<Keyring>, issuer: &str) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Time is ours to tell: it comes as an argument.
        validation.validate_exp = false;
        Self { keyring, issuer: issuer.into(), validation: Arc::new(validation) }
    }

    /// A token for a sign-in, and the seconds for which it is good.
    pub fn issue(&self, sub: Uuid, sid: Uuid, role: Role, now: DateTime<Utc>) -> (String, i64) {
        let period = period_of(now);
        let header = Header { kid: Some(format!("k{period}")), ..Header::new(Algorithm::HS256) };
        let claims = Claims { sub, sid, role, iat: now.timestamp(), exp: (now + LIFETIME).timestamp() };
        let registered = Registered { iss: self.issuer.to_string(), aud: AUDIENCE.to_owned(), claims };
        let key = EncodingKey::from_secret(self.key(period).as_slice());
        // Signing a small JSON with HMAC has no way to fail; an empty token would open nothing.
        let token = jsonwebtoken::encode(&header, &registered, &key).unwrap_or_default();
        (token, LIFETIME.num_seconds())
    }

    /// Who a token speaks for, if it is good now.
    pub fn read(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, TokenError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Foreign)?;
        let period: i64 = header
            .kid
            .as_deref()
            .and_then(|kid| kid.strip_prefix('k')?.parse().ok())
            .ok_or(TokenError::Foreign)?;
        // Tokens outlive a change of key by their own short life, whatever the nodes' clocks say.
        let accepted = [period_of(now - LIFETIME - SKEW), period_of(now + SKEW)];
        if !accepted.contains(&period) {
            return Err(TokenError::Key);
        }
        let key = DecodingKey::from_secret(self.key(period).as_slice());
        let claims = jsonwebtoken::decode::<Registered>(token, &key, &self.validation)
            .map_err(|_| TokenError::Foreign)?
            .claims
            .claims;
        let starts = now + SKEW;
        if claims.exp <= now.timestamp() || claims.iat > starts.timestamp() {
            return Err(TokenError::Expired);
        }
        Ok(claims)
    }

    fn key(&self, period: i64) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.keyring.token_digest("access token", &period.to_be_bytes()))
    }
}

impl std::fmt::Debug for AccessTokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "AccessTokens({})", self.issuer)
    }
}

fn period_of(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(KEY_DAYS * 86_400)
}

/// A random secret that names a row: sixteen octets that find it and 32 that prove it. Only a keyed
/// digest of the secret is stored.
#[derive(Clone)]
pub struct Handle {
    /// Finds the row.
    pub id: Uuid,
    secret: Zeroizing<[u8; 32]>,
}

/// Text that is no handle.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("this is not a token of this service")]
pub struct HandleError;

impl Handle {
    /// A fresh one for that row.
    pub fn new(id: Uuid, secret: [u8; 32]) -> Self {
        Self { id, secret: Zeroizing::new(secret) }
    }

    /// Its text, for who holds it.
    pub fn text(&self) -> String {
        let mut octets = Zeroizing::new(Vec::with_capacity(48));
        octets.extend_from_slice(self.id.as_bytes());
        octets.extend_from_slice(self.secret.as_slice());
        URL_SAFE_NO_PAD.encode(octets.as_slice())
    }

    /// Reads its text.
    pub fn parse(text: &str) -> Result<Self, HandleError> {
        let octets = Zeroizing::new(URL_SAFE_NO_PAD.decode(text.trim()).map_err(|_| HandleError)?);
        let (id, secret) = octets.split_first_chunk::<16>().ok_or(HandleError)?;
        let secret: [u8; 32] = secret.try_into().map_err(|_| HandleError)?;
        Ok(Self::new(Uuid::from_bytes(*id), secret))
    }

    /// What is stored of it.
    pub fn digest(&self, keyring: &Keyring) -> [u8; 32] {
        keyring.token_digest("handle", self.secret.as_slice())
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Handle({}, …)", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://mamacare.example";

    fn tokens() -> AccessTokens {
        AccessTokens::new(Arc::new(Keyring::demo()), ISSUER)
    }

    fn noon() -> DateTime<Utc> {
        "2026-11-24T12:00:00Z".parse().unwrap()
    }

    fn issue(tokens: &AccessTokens, at: DateTime<Utc>) -> String {
        tokens.issue(Uuid::from_u128(1), Uuid::from_u128(2), Role::Hospital, at).0
    }

    #[test]
    fn a_token_speaks_for_ten_minutes() {
        let tokens = tokens();
        let token = issue(&tokens, noon());
        let claims = tokens.read(&token, noon()).unwrap();
        assert_eq!((claims.sub, claims.sid), (Uuid::from_u128(1), Uuid::from_u128(2)));
        assert_eq!(claims.role, Role::Hospital);
        assert!(tokens.read(&token, noon() + TimeDelta::seconds(599)).is_ok());
        assert_eq!(tokens.read(&token, noon() + TimeDelta::seconds(600)), Err(TokenError::Expired));
        assert_eq!(tokens.read(&token, noon() - TimeDelta::minutes(1)), Err(TokenError::Expired));
    }

    #[test]
    fn another_issuer_audience_key_or_algorithm_is_foreign() {
        let token = issue(&tokens(), noon());
        let elsewhere = AccessTokens::new(Arc::new(Keyring::demo()), "https://other.example");
        assert_eq!(elsewhere.read(&token, noon()), Err(TokenError::Foreign));
        let mut changed = token.clone().into_bytes();
        *changed.last_mut().unwrap() ^= 1;
        assert!(tokens().read(&String::from_utf8_lossy(&changed), noon()).is_err());
        // {"alg":"none","kid":"k…"} and the same claims, without a signature.
        let payload = token.split('.').nth(1).unwrap();
        let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"none","kid":"k{}"}}"#, period_of(noon())));
        assert!(tokens().read(&format!("{header}.{payload}."), noon()).is_err());
        for text in ["", "a", "a.b.c", "Bearer", "eyJhbGciOiJIUzI1NiJ9.e30.x"] {
            assert!(tokens().read(text, noon()).is_err(), "{text}");
        }
    }

    #[test]
    fn keys_change_and_the_old_one_serves_its_last_tokens() {
        let tokens = tokens();
        let days = KEY_DAYS * 86_400;
        let change = DateTime::from_timestamp((period_of(noon()) + 1) * days, 0).unwrap();
        let last = issue(&tokens, change - TimeDelta::seconds(1));
        let first = issue(&tokens, change);
        let kid = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
        assert_ne!(kid(&last), kid(&first));
        assert!(tokens.read(&last, change + TimeDelta::minutes(5)).is_ok());
        assert_eq!(tokens.read(&last, change + TimeDelta::minutes(11)), Err(TokenError::Key));
        assert!(tokens.read(&first, change - TimeDelta::seconds(20)).is_ok(), "a node whose clock is behind");
    }

    #[test]
    fn a_handle_reads_what_it_wrote_and_nothing_else() {
        let handle = Handle::new(Uuid::from_u128(7), [9; 32]);
        let again = Handle::parse(&handle.text()).unwrap();
        let keyring = Keyring::demo();
        assert_eq!((again.id, again.digest(&keyring)), (handle.id, handle.digest(&keyring)));
        assert_ne!(Handle::new(handle.id, [8; 32]).digest(&keyring), handle.digest(&keyring));
        for text in ["", "AAAA", "not base64!", &"A".repeat(65)] {
            assert_eq!(Handle::parse(text).unwrap_err(), HandleError, "{text}");
        }
        assert!(!format!("{handle:?}").contains(&handle.text()));
    }
}
