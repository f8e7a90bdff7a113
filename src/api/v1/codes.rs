//! The codes that records use.

use std::sync::Arc;

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::frame::answer::Found;
use crate::api::frame::gate::Public;
use crate::api::frame::{Api, Problem, Routes};
use crate::care::WordKind;

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.get("/api/v1/codes", codes, "Codes of diagnoses and medicines, with their names");
}

/// A code and its name.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CodeView {
    /// The code.
    code: String,
    /// Its name.
    name: String,
    /// What a mother reads.
    plain: String,
    /// Whether it is shown on a phone only where the clinician says so.
    private: bool,
}

/// The codes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CodesView {
    /// Of diagnoses.
    diagnoses: Vec<CodeView>,
    /// Of medicines.
    medicines: Vec<CodeView>,
}

async fn codes(State(api): State<Arc<Api>>, _: Public) -> Result<Found<CodesView>, Problem> {
    let of = |kind: WordKind| {
        let words = api.country.words.of(kind);
        let view = words.map(|word| CodeView {
            code: word.code.clone(),
            name: word.name.clone(),
            plain: word.full("en").to_owned(),
            private: word.private,
        });
        view.collect()
    };
    Ok(Found(CodesView { diagnoses: of(WordKind::Diagnosis), medicines: of(WordKind::Medicine) }))
}
