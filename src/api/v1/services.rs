//! Services that phones ask for, as requests name them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::api::frame::Problem;
use crate::care::Service;

/// A service that phones ask for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct ServiceWord(pub Service);

impl PartialSchema for ServiceWord {
    fn schema() -> RefOr<Schema> {
        let words = Service::ALL.map(Service::code);
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).into()
    }
}

impl ToSchema for ServiceWord {}

/// The codes of services, each once.
pub(super) fn codes(services: &[ServiceWord]) -> Result<Vec<&'static str>, Problem> {
    if services.len() > Service::ALL.len() {
        return Err(Problem::field("services", format!("expected at most {}", Service::ALL.len())));
    }
    let each: BTreeSet<Service> = services.iter().map(|word| word.0).collect();
    Ok(each.into_iter().map(Service::code).collect())
}
