//! `Idempotency-Key`: a creation that is asked for twice with one key is done once, and answered
//! alike.

use axum::extract::FromRequestParts;
use axum::http::{StatusCode, request::Parts};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Api, Problem};
use crate::store::once::{self, Asked, Before};

/// The header.
pub const HEADER: &str = "idempotency-key";

/// The key, where the client sent one, and the route that it is for.
#[derive(Clone, Debug)]
pub struct Once {
    key: Option<String>,
    route: String,
}

impl<S: Sync> FromRequestParts<S> for Once {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let key = match parts.headers.get(HEADER) {
            None => None,
            Some(value) => {
                let text = value.to_str().unwrap_or_default();
                // A header may hold tabs; a key that is kept may not.
                if text.is_empty() || text.len() > 128 || text.contains(char::is_control) {
                    return Err(Problem::malformed("Idempotency-Key: expected 1 to 128 visible characters"));
                }
                Some(text.to_owned())
            }
        };
        Ok(Self { key, route: format!("{} {}", parts.method, parts.uri.path()) })
    }
}

/// A creation under way, to be told its answer.
#[derive(Debug)]
pub struct Running(Option<Asked>);

impl Once {
    /// The key, where the client sent one.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The answer given before, or else the go-ahead. What was asked is told apart by its body.
    pub async fn begin<T: DeserializeOwned>(
        &self,
        api: &Api,
        work: &mut PgConnection,
        actor: Uuid,
        body: &impl Serialize,
    ) -> Result<Result<T, Running>, Problem> {
        let Some(key) = &self.key else { return Ok(Err(Running(None))) };
        let keyring = api.keyring();
        let named = format!("{}\0{key}", self.route);
        let asked = Asked {
            actor,
            key: keyring.token_digest("idempotency key", named.as_bytes()),
            request: keyring
                .token_digest("idempotent request", &serde_json::to_vec(body).unwrap_or_default()),
        };
        match once::before(work, keyring, &asked, api.now()).await? {
            Before::No => Ok(Err(Running(Some(asked)))),
            Before::Another => Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "this Idempotency-Key came with another request before; use a new key",
            )),
            Before::Answered(answer) => serde_json::from_slice(&answer)
                .map(Ok)
                .map_err(|_| Problem::conflict("this was done before, by another version of the service")),
        }
    }
}

impl Running {
    /// Keeps the answer, in the transaction of what it tells of.
    pub async fn keep(
        &self,
        api: &Api,
        work: &mut PgConnection,
        answer: &impl Serialize,
    ) -> Result<(), Problem> {
        if let Some(asked) = &self.0 {
            let answer = serde_json::to_vec(answer).unwrap_or_default();
            once::keep(work, api.keyring(), asked, &answer, api.now()).await?;
        }
        Ok(())
    }
}
