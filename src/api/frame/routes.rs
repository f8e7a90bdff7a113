//! The list of routes: each joins the router and the OpenAPI document in one step, so that neither
//! has one that the other lacks.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter};
use serde_json::{Map, Value, json};

use super::describe::{Described, Sheet, operation, refusal};
use super::{Api, Problem};
use crate::identity::Permission;

/// One route.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listed {
    /// `GET`, …
    pub method: &'static str,
    /// With its parameters in braces.
    pub path: &'static str,
    /// Who may call it; none where anybody may.
    pub permission: Option<Permission>,
}

/// The routes while they are listed.
#[derive(Default)]
pub struct Routes {
    by_path: BTreeMap<&'static str, MethodRouter<Arc<Api>>>,
    paths: BTreeMap<&'static str, Map<String, Value>>,
    schemas: BTreeMap<String, Value>,
    groups: Vec<(&'static str, &'static str)>,
    listed: Vec<Listed>,
}

impl Routes {
    /// Starts a group; those that follow belong to it.
    pub fn group(&mut self, name: &'static str, description: &'static str) {
        self.groups.push((name, description));
    }

    /// Lists a `GET`.
    pub fn get<H, T, P, R>(&mut self, path: &'static str, handler: H, summary: &str)
    where
        H: Handler<T, Arc<Api>> + Described<P, R>,
        T: 'static,
    {
        self.add(MethodFilter::GET, "GET", path, handler, summary);
    }

    /// Lists a `POST`.
    pub fn post<H, T, P, R>(&mut self, path: &'static str, handler: H, summary: &str)
    where
        H: Handler<T, Arc<Api>> + Described<P, R>,
        T: 'static,
    {
        self.add(MethodFilter::POST, "POST", path, handler, summary);
    }

    /// Lists a `PUT`.
    pub fn put<H, T, P, R>(&mut self, path: &'static str, handler: H, summary: &str)
    where
        H: Handler<T, Arc<Api>> + Described<P, R>,
        T: 'static,
    {
        self.add(MethodFilter::PUT, "PUT", path, handler, summary);
    }

    /// Lists a `PATCH`.
    pub fn patch<H, T, P, R>(&mut self, path: &'static str, handler: H, summary: &str)
    where
        H: Handler<T, Arc<Api>> + Described<P, R>,
        T: 'static,
    {
        self.add(MethodFilter::PATCH, "PATCH", path, handler, summary);
    }

    /// Lists a `DELETE`.
    pub fn delete<H, T, P, R>(&mut self, path: &'static str, handler: H, summary: &str)
    where
        H: Handler<T, Arc<Api>> + Described<P, R>,
        T: 'static,
    {
        self.add(MethodFilter::DELETE, "DELETE", path, handler, summary);
    }

    fn add<H, T, P, R>(
        &mut self,
        filter: MethodFilter,
        method: &'static str,
        path: &'static str,
        handler: H,
        summary: &str,
    ) where
        H: Handler<T, Arc<Api>> + Described<P, R>,
        T: 'static,
    {
        let mut sheet = Sheet::default();
        <H as Described<P, R>>::describe(&mut sheet);
        let group = self.groups.last().map_or("", |group| group.0);
        let id = operation_id(method, path);
        let described = operation(&sheet, group, &id, path, summary);
        self.paths.entry(path).or_default().insert(method.to_ascii_lowercase(), described);
        self.schemas.append(&mut sheet.schemas);
        self.listed.push(Listed { method, path, permission: sheet.permission });
        let known = self.by_path.remove(path).unwrap_or_default();
        self.by_path.insert(path, known.on(filter, handler));
    }

    /// Adds to the answers or the body that a signature cannot tell: `change` gets the operation.
    pub fn amend(&mut self, method: &str, path: &'static str, change: impl FnOnce(&mut Value)) {
        if let Some(operation) =
            self.paths.get_mut(path).and_then(|methods| methods.get_mut(&method.to_ascii_lowercase()))
        {
            change(operation);
        }
    }

    /// Describes a refusal that its signature cannot tell, such as of what its body names.
    pub fn refuses(&mut self, method: &str, path: &'static str, status: u16, description: &str) {
        self.amend(method, path, |operation| {
            if let Some(answers) = operation.get_mut("responses").and_then(Value::as_object_mut) {
                answers.insert(status.to_string(), refusal(description));
            }
        });
    }

    /// All routes.
    pub fn listed(&self) -> &[Listed] {
        &self.listed
    }

    /// The router; an unknown address and a method that an address does not take are told so.
    pub fn router(self) -> Router<Arc<Api>> {
        self.by_path.into_iter().fold(Router::new(), |router, (path, methods)| {
            router.route(
                path,
                methods.fallback(|| async {
                    Problem::new(
                        axum::http::StatusCode::METHOD_NOT_ALLOWED,
                        "this address does not take that method",
                    )
                }),
            )
        })
    }

    /// The OpenAPI document.
    pub fn document(&self, server: &str) -> Value {
        let tags: Vec<Value> = self
            .groups
            .iter()
            .map(|(name, description)| json!({"name": name, "description": description}))
            .collect();
        json!({
            "openapi": "3.1.0",
            "info": {
                "title": "MamaCare",
                "version": env!("CARGO_PKG_VERSION"),
                "description": "Health records of mothers and children, and the facilities that care for them. What a nurse enters here, a mother reads on her phone a moment later. Refusals are problems as of RFC 9457. Days are YYYY-MM-DD, times RFC 3339 in UTC.",
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": server}],
            "tags": tags,
            "paths": self.paths,
            "components": {
                "schemas": self.schemas,
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            },
        })
    }
}

/// `GET /api/v1/patients/{id}/visits` is `get_v1_patients_id_visits`.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split('/').filter(|part| !part.is_empty() && *part != "api");
    let name: Vec<String> =
        words.map(|part| part.trim_matches(['{', '}']).replace(['-', '.'], "_")).collect();
    format!("{}_{}", method.to_ascii_lowercase(), name.join("_"))
}
