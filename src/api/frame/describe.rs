//! The description of a route, read from its handler's signature: what it takes, what it answers, who
//! may call it. So the OpenAPI document cannot say anything else than the code does.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::answer::{Accepted, Created, Done, Download, Found, Lines, Versioned};
use super::body::{Body, Filter};
use super::gate::{Allowed, Knock, Proving, Public};
use super::once::Once;
use super::path::{At, InPath};
use super::version::IfMatch;
use super::{Api, Problem, Shown};
use crate::identity::{Grant, Permission};

/// What a 404 means: whether the thing is there is nobody's business who may not see it.
pub const OUT_OF_REACH: &str = "There is no such thing, or it is out of reach.";

/// What a 409 means.
pub const CLASHES: &str = "It clashes with what is there.";

/// A route's description while it is made.
#[derive(Debug, Default)]
pub struct Sheet {
    /// Parameters but those of the path.
    pub parameters: Vec<Value>,
    /// Schemas of those in the path, in order.
    pub in_path: Vec<Value>,
    /// The body.
    pub body: Option<Value>,
    /// Answers by status.
    pub answers: BTreeMap<u16, Value>,
    /// Who may call it; none where anybody may.
    pub permission: Option<Permission>,
    /// Schemas that it names.
    pub schemas: BTreeMap<String, Value>,
}

impl Sheet {
    /// A reference to a type's schema, which joins the document.
    pub fn schema_of<T: ToSchema>(&mut self) -> Value {
        let mut named = vec![(T::name().into_owned(), T::schema())];
        T::schemas(&mut named);
        for (name, schema) in named {
            self.schemas.insert(name, serde_json::to_value(schema).unwrap_or_default());
        }
        json!({"$ref": format!("#/components/schemas/{}", T::name())})
    }

    fn refuses(&mut self, status: u16, description: &str) {
        self.schema_of::<Shown>();
        self.answers.entry(status).or_insert_with(|| refusal(description));
    }

    fn answers<T: ToSchema>(&mut self, status: u16, description: &str, headers: &Value) {
        let schema = self.schema_of::<T>();
        let mut answer =
            json!({"description": description, "content": {"application/json": {"schema": schema}}});
        if let (Some(answer), false) = (answer.as_object_mut(), headers.is_null()) {
            answer.insert("headers".to_owned(), headers.clone());
        }
        self.answers.insert(status, answer);
    }

    fn header(&mut self, name: &str, required: bool, description: &str, schema: &Value) {
        self.parameters.push(json!({
            "name": name, "in": "header", "required": required, "description": description, "schema": schema,
        }));
    }

    fn file(&mut self, media_type: &str, description: &str) {
        let content = json!({media_type: {"schema": {"type": "string"}}});
        self.answers.insert(200, json!({"description": description, "content": content}));
    }
}

/// The answer that is a problem of RFC 9457, as OpenAPI says it.
pub fn refusal(description: &str) -> Value {
    let schema = json!({"$ref": format!("#/components/schemas/{}", Shown::name())});
    json!({"description": description, "content": {"application/problem+json": {"schema": schema}}})
}

/// Something that a handler takes.
pub trait Part {
    /// Writes it down.
    fn describe(sheet: &mut Sheet);
}

/// Something that a handler answers.
pub trait Answer {
    /// Writes it down.
    fn describe(sheet: &mut Sheet);
}

impl Part for State<Arc<Api>> {
    fn describe(_: &mut Sheet) {}
}

impl<G: Grant> Part for Allowed<G> {
    fn describe(sheet: &mut Sheet) {
        sheet.permission = Some(G::PERMISSION);
        sheet.refuses(401, "Not signed in, or the token's time is over.");
        sheet.refuses(403, "The role does not allow this.");
    }
}

impl Part for Public {
    fn describe(_: &mut Sheet) {}
}

impl Part for Knock {
    fn describe(_: &mut Sheet) {}
}

impl Part for Proving {
    fn describe(sheet: &mut Sheet) {
        sheet.refuses(
            401,
            "What was sent proves nothing: something of it is wrong, or there were too many tries.",
        );
    }
}

impl<T: InPath> Part for At<T> {
    fn describe(sheet: &mut Sheet) {
        sheet.in_path = T::schemas();
        sheet.refuses(404, OUT_OF_REACH);
    }
}

impl<T: ToSchema> Part for Body<T> {
    fn describe(sheet: &mut Sheet) {
        let schema = sheet.schema_of::<T>();
        sheet.body = Some(json!({"required": true, "content": {"application/json": {"schema": schema}}}));
        sheet.refuses(400, "The body is not as described; `fields` says where.");
        sheet.refuses(408, "The body took too long to arrive.");
        sheet.refuses(409, CLASHES);
        sheet.refuses(413, "The body is too large.");
        sheet.refuses(415, "The body is of another media type.");
    }
}

impl<T: ToSchema> Part for Filter<T> {
    fn describe(sheet: &mut Sheet) {
        sheet.schema_of::<T>();
        // A query has no use for a schema of its own: its fields are the parameters.
        let schema = sheet.schemas.remove(T::name().as_ref()).unwrap_or_default();
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        for (name, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let field = of_parameter(field);
            let mut parameter = json!({
                "name": name, "in": "query", "required": required.contains(&name.as_str()), "schema": field,
            });
            if let (Some(description), Some(parameter)) =
                (field.get("description"), parameter.as_object_mut())
            {
                parameter.insert("description".to_owned(), description.clone());
            }
            sheet.parameters.push(parameter);
        }
        sheet.refuses(400, "The query is not as described.");
    }
}

/// A parameter that is absent is absent; there is no null in a query, and no object.
fn of_parameter(schema: &Value) -> Value {
    let mut schema = schema.clone();
    // A type in line with a description beside it comes as both of two, the second any object.
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        let mut merged = Map::new();
        for part in parts.iter().filter_map(Value::as_object) {
            let words_alone = part.contains_key("description") && !part.contains_key("properties");
            let parts = part.iter().filter(|(name, value)| {
                !(words_alone && name.as_str() == "type" && value.as_str() == Some("object"))
            });
            merged.extend(parts.map(|(name, value)| (name.clone(), value.clone())));
        }
        schema = Value::Object(merged);
    }
    if let Some(kinds) = schema.get("type").and_then(Value::as_array) {
        let kind = kinds.iter().find(|kind| kind.as_str() != Some("null")).cloned().unwrap_or_default();
        if let Some(schema) = schema.as_object_mut() {
            schema.insert("type".to_owned(), kind);
        }
    }
    if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
        let choice =
            choices.iter().find(|choice| choice.get("type").and_then(Value::as_str) != Some("null")).cloned();
        return choice.unwrap_or_default();
    }
    schema
}

impl Part for IfMatch {
    fn describe(sheet: &mut Sheet) {
        let schema = json!({"type": "string", "pattern": "^\"[0-9a-f]{1,15}\"$", "example": "\"5f3c2a\""});
        sheet.header("If-Match", true, "The ETag of what is changed, as last read; of a row that only a list shows, its `updated_at` in quotes.", &schema);
        sheet.refuses(412, "Somebody else has changed it meanwhile.");
        sheet.refuses(428, "If-Match is missing.");
    }
}

impl Part for Once {
    fn describe(sheet: &mut Sheet) {
        let schema = json!({"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"});
        let description = "A name of the client's own for this creation: asked again with it within a day, the answer is the same and nothing is created twice.";
        sheet.header("Idempotency-Key", false, description, &schema);
        sheet.refuses(400, "The key or the body is not as described.");
        sheet.refuses(422, "The key came with another request before.");
    }
}

impl Part for axum::extract::Request {
    fn describe(sheet: &mut Sheet) {
        sheet.refuses(400, "The body is not as described.");
        sheet.refuses(409, CLASHES);
        sheet.refuses(413, "The body is too large.");
        sheet.refuses(415, "The body is of another media type.");
    }
}

impl<T: ToSchema> Answer for Found<T> {
    fn describe(sheet: &mut Sheet) {
        sheet.answers::<T>(200, "Done.", &Value::Null);
    }
}

impl<T: ToSchema> Answer for Versioned<T> {
    fn describe(sheet: &mut Sheet) {
        let headers = json!({"ETag": {"description": "Its version.", "schema": {"type": "string"}}});
        sheet.answers::<T>(200, "Done.", &headers);
    }
}

impl<T: ToSchema> Answer for Created<T> {
    fn describe(sheet: &mut Sheet) {
        let headers = json!({"Location": {"description": "Where it is.", "schema": {"type": "string"}}});
        sheet.answers::<T>(201, "Created.", &headers);
    }
}

impl<T: ToSchema> Answer for Accepted<T> {
    fn describe(sheet: &mut Sheet) {
        sheet.answers::<T>(202, "Taken; what follows is not told here.", &Value::Null);
    }
}

impl Answer for Done {
    fn describe(sheet: &mut Sheet) {
        sheet.answers.insert(204, json!({"description": "Done."}));
    }
}

impl Answer for Download {
    fn describe(sheet: &mut Sheet) {
        sheet.file("*/*", "The file.");
    }
}

impl Answer for Lines {
    fn describe(sheet: &mut Sheet) {
        sheet.file(
            "application/x-ndjson",
            "One JSON value a line, as the work goes on; the last is the summary.",
        );
    }
}

/// A handler whose signature describes it.
pub trait Described<Parts, Answered> {
    /// Writes down what it takes and answers.
    fn describe(sheet: &mut Sheet);
}

macro_rules! described {
    ($($part:ident)*) => {
        impl<H, Work, Answered, $($part,)*> Described<($($part,)*), Answered> for H
        where
            H: Fn($($part,)*) -> Work,
            Work: Future<Output = Result<Answered, Problem>>,
            Answered: Answer,
            $($part: Part,)*
        {
            fn describe(sheet: &mut Sheet) {
                sheet.refuses(429, "Too many requests; Retry-After says how long to wait.");
                sheet.refuses(503, "Busy; Retry-After says how long to wait.");
                $($part::describe(sheet);)*
                Answered::describe(sheet);
            }
        }
    };
}

described!(A);
described!(A B);
described!(A B C);
described!(A B C D);
described!(A B C D E);
described!(A B C D E F);

/// The OpenAPI operation of a sheet.
pub(super) fn operation(sheet: &Sheet, group: &str, id: &str, path: &str, summary: &str) -> Value {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let in_path = names
        .zip(&sheet.in_path)
        .map(|(name, schema)| json!({"name": name, "in": "path", "required": true, "schema": schema}));
    let parameters: Vec<Value> = in_path.chain(sheet.parameters.iter().cloned()).collect();
    let roles = sheet
        .permission
        .map(|permission| permission.roles().iter().map(|role| role.word()).collect::<Vec<_>>());
    let description = match &roles {
        None => "Anybody may call this.".to_owned(),
        Some(roles) => format!("For: {}.", roles.join(", ")),
    };
    let answers: Map<String, Value> =
        sheet.answers.iter().map(|(status, answer)| (status.to_string(), answer.clone())).collect();
    let mut operation = json!({
        "operationId": id, "tags": [group], "summary": summary, "description": description,
        "parameters": parameters, "responses": answers,
        "security": if roles.is_some() { json!([{"token": []}]) } else { json!([]) },
        "x-roles": roles.unwrap_or_else(|| vec!["anybody"]),
    });
    if let (Some(body), Some(operation)) = (&sheet.body, operation.as_object_mut()) {
        operation.insert("requestBody".to_owned(), body.clone());
    }
    operation
}
