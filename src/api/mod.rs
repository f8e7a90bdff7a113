//! The edge toward people and programs that work with the record: REST for hospitals, staff,
//! administrators and patients. Leans on `care`, `identity`, `privacy` and `store`.

mod account;
mod frame;
mod legacy;
mod mails;
mod patient_sign_in;
mod pins;
mod sign_in;
mod v1;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use frame::Routes;
use frame::gate::Public;
pub use frame::{About, Api, ApiParts, ApiSettings, EnglishTexts, Listed, Problem, Rate, Rates, Texts};
use v1::{apply_as_professional, not_kept, self_consent, v1_due, verification_mail};

/// What reads what comes from outside, without a service behind it: for tests that hand it anything at all.
#[doc(hidden)]
pub mod reading {
    pub use super::frame::body::{Body, Filter};
    pub use super::frame::field::{Day, Email, Line, Name, Note, Phone, Pin};
    pub use super::frame::gate::{presented, source};
    pub use super::frame::once::Once;
    pub use super::frame::page::{Cursor, Limit, Page};
    pub use super::frame::version::{IfMatch, etag};
    pub use super::legacy::{Form, flag, texts};
    pub use super::v1::{Entrant, entrants, sniff};
}

/// All routes.
fn routes() -> Routes {
    let mut routes = Routes::default();
    sign_in::list(&mut routes);
    account::list(&mut routes);
    patient_sign_in::list(&mut routes);
    v1::list(&mut routes);
    legacy::list(&mut routes);
    routes
}

/// All routes and who may call them.
pub fn listed() -> Vec<Listed> {
    routes().listed().to_vec()
}

/// The OpenAPI document.
pub fn document(server: &str) -> serde_json::Value {
    routes().document(server)
}

/// The API under `/api`, its description at `/openapi.json` and a page to try it at `/docs`.
pub fn router(api: &Arc<Api>) -> Router {
    let routes = routes();
    let document = routes.document(&api.settings.public_url);
    let text = document.to_string();
    let page = utoipa_swagger_ui::SwaggerUi::new("/docs").external_url_unchecked("/openapi.json", document);
    let api_routes = routes
        .router()
        .layer(axum::middleware::from_fn_with_state(Arc::clone(api), guard))
        .with_state(Arc::clone(api));
    let _ = text;
    Router::new().merge(api_routes).merge(page)
}

/// Around every route: the limit on the address, and conditional answers.
async fn guard(State(api): State<Arc<Api>>, public: Public, request: Request, next: Next) -> Response {
    if let Err(problem) = api.limits.address(public.source) {
        return problem.into_response();
    }
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let mut response = next.run(request).await;
    if known.is_some() && response.headers().get(header::ETAG) == known.as_ref() {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = axum::body::Body::empty();
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    response
}
