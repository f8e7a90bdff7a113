//! What stands in a path: ids and numbers. One that cannot be read names nothing: 404.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Api, Problem};

/// The parts of a path.
#[derive(Clone, Copy, Debug)]
pub struct At<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<Api>> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Problem> {
        axum::extract::Path::<T>::from_request_parts(parts, api)
            .await
            .map(|path| Self(path.0))
            .map_err(|_| Problem::missing("there is nothing at this address"))
    }
}

/// Types that stand in a path, each with its schema.
pub trait InPath {
    /// The schemas, in the order of the path.
    fn schemas() -> Vec<Value>;
}

impl InPath for Uuid {
    fn schemas() -> Vec<Value> {
        vec![json!({"type": "string", "format": "uuid"})]
    }
}

impl InPath for i32 {
    fn schemas() -> Vec<Value> {
        vec![json!({"type": "integer", "format": "int32", "minimum": 1, "maximum": 99999})]
    }
}

impl InPath for i16 {
    fn schemas() -> Vec<Value> {
        vec![json!({"type": "integer", "format": "int32", "minimum": 1, "maximum": 99})]
    }
}

impl InPath for String {
    fn schemas() -> Vec<Value> {
        vec![json!({"type": "string", "minLength": 1, "maxLength": 120, "pattern": "^[A-Za-z0-9@._-]+$"})]
    }
}

impl<A: InPath, B: InPath> InPath for (A, B) {
    fn schemas() -> Vec<Value> {
        [A::schemas(), B::schemas()].concat()
    }
}
