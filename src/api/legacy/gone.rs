//! What the system before this one did and nobody should: each address says what to do instead.

use std::sync::Arc;

use axum::extract::State;

use crate::api::frame::answer::Done;
use crate::api::frame::gate::Public;
use crate::api::frame::{Api, Problem, Routes};

/// Lists the routes.
pub fn list(routes: &mut Routes) {
    routes.group(
        "gone",
        "Addresses of the old system that were unsafe by what they did. Each says what to do instead.",
    );
    routes.get("/api/debug/pins", pins, "Gone: it showed every PIN");
    routes.get("/api/healthcare-provider/pin/{pin}", pin_in_path, "Gone: a PIN in an address");
    routes.get("/api/doctors/pin/{pin}", pin_in_path, "Gone: a PIN in an address");
    routes.post("/api/patient/verify-recovery-token", recovery, "Gone: recovery goes by SMS");
    routes.post("/api/patient/simple-pin-reset", recovery, "Gone: a PIN was set without any proof");
    routes.post("/api/admin/signup", signup, "Gone: administrators are invited");
    routes.get("/static/uploads/hospitals/{file}", uploads, "Gone: pictures have addresses of their own");
    routes.get("/static/uploads/doctors/{file}", uploads, "Gone: pictures have addresses of their own");
    for (method, path) in [
        ("GET", "/api/debug/pins"),
        ("GET", "/api/healthcare-provider/pin/{pin}"),
        ("GET", "/api/doctors/pin/{pin}"),
        ("POST", "/api/patient/verify-recovery-token"),
        ("POST", "/api/patient/simple-pin-reset"),
        ("POST", "/api/admin/signup"),
        ("GET", "/static/uploads/hospitals/{file}"),
        ("GET", "/static/uploads/doctors/{file}"),
    ] {
        routes.refuses(method, path, 410, "Gone; the detail says what to do instead.");
        routes.amend(method, path, |operation| {
            operation["deprecated"] = true.into();
            if let Some(answers) = operation["responses"].as_object_mut() {
                answers.remove("204");
            }
            let names: Vec<String> = path
                .split('/')
                .filter_map(|part| Some(part.strip_prefix('{')?.strip_suffix('}')?.to_owned()))
                .collect();
            operation["parameters"] = names
                .iter()
                .map(|name| {
                    serde_json::json!({"name": name, "in": "path", "required": true,
                    "schema": {"type": "string"}})
                })
                .collect();
        });
    }
}

async fn pins(State(_): State<Arc<Api>>, _: Public) -> Result<Done, Problem> {
    Err(Problem::gone(
        "nobody can read PINs here; a patient who forgot hers asks at POST /api/patient/pin/forgotten",
    ))
}

async fn pin_in_path(State(_): State<Arc<Api>>, _: Public) -> Result<Done, Problem> {
    Err(Problem::gone(
        "a PIN never stands in an address; staff sign in with e-mail and password at POST /api/login",
    ))
}

async fn recovery(State(_): State<Arc<Api>>, _: Public) -> Result<Done, Problem> {
    Err(Problem::gone(
        "a new PIN comes by SMS: ask at POST /api/patient/pin/forgotten, then choose one at POST /api/patient/pin",
    ))
}

async fn signup(State(_): State<Arc<Api>>, _: Public) -> Result<Done, Problem> {
    Err(Problem::gone(
        "administrators are invited by one another; the first is made with `mamacare admin create`",
    ))
}

async fn uploads(State(_): State<Arc<Api>>, _: Public) -> Result<Done, Problem> {
    Err(Problem::gone("pictures are at the image_url that the directory gives"))
}
