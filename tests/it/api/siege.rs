//! A world under siege: every operation of the document, with values that none of its fields may be, and
//! the account of what was not refused.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sqlx::PgPool;

use super::world::{Told, World};

pub const PHONE: &str = "+23276000001";

/// An operation of the document.
#[derive(Clone)]
pub struct Operation {
    pub method: String,
    pub path: String,
    pub role: String,
    pub body: Option<Value>,
    pub parameters: Vec<Value>,
}

/// A world with a patient, and a sign-in of each role.
pub struct Siege {
    pub world: World,
    pub document: Value,
    pub tokens: BTreeMap<&'static str, String>,
    pub patient: String,
    pub wrong: Vec<String>,
    pub tries: usize,
}

impl Siege {
    pub async fn new() -> Self {
        let world = World::new().await;
        let mut tokens = BTreeMap::new();
        for (role, name) in [
            ("administrator", "admin"),
            ("hospital", "hospital"),
            ("professional", "nurse"),
            ("pharmacy", "pharmacy"),
        ] {
            tokens.insert(role, world.sign_in(name).await);
        }
        let patient = world.patient(&tokens["professional"], "Aminata", Some(PHONE)).await.to_string();
        world.chosen_pin(PHONE, "480625").await;
        tokens.insert("patient", world.patient_sign_in(PHONE, "480625").await);
        let document = mamacare::api::document("http://localhost");
        Self { world, document, tokens, patient, wrong: Vec::new(), tries: 0 }
    }

    pub fn operations(&self) -> Vec<Operation> {
        let mut all = Vec::new();
        for (path, methods) in self.document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
                let roles = operation["x-roles"].as_array().unwrap();
                // A patient's own sign-in is tried where nobody else may call.
                let role = roles.iter().find(|role| *role != "patient").unwrap_or(&roles[0]);
                all.push(Operation {
                    method: method.to_uppercase(),
                    path: path.clone(),
                    role: role.as_str().unwrap().to_owned(),
                    body: (!schema.is_null()).then(|| schema.clone()),
                    parameters: operation["parameters"].as_array().cloned().unwrap_or_default(),
                });
            }
        }
        all
    }

    /// The schema behind references; of one that may be null, the one that is not.
    pub fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.rsplit('/').next().unwrap();
            return self.resolved(&self.document["components"]["schemas"][name]);
        }
        let choices = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
        match choices.and_then(|choices| choices.iter().find(|choice| choice["type"] != "null")) {
            Some(choice) => self.resolved(choice),
            None => schema,
        }
    }

    /// A body as the document describes it.
    pub fn sample(&self, schema: &Value) -> Value {
        let schema = self.resolved(schema);
        for known in [&schema["example"], &schema["examples"][0], &schema["enum"][0]] {
            if !known.is_null() {
                return known.clone();
            }
        }
        if schema["format"] == "uuid" {
            return json!("00000000-0000-7000-8000-000000000000");
        }
        match kind_of(schema) {
            "object" => {
                let required = schema["required"].as_array().cloned().unwrap_or_default();
                let fields = required.iter().map(|name| {
                    let name = name.as_str().unwrap();
                    (name.to_owned(), self.sample(&schema["properties"][name]))
                });
                Value::Object(fields.collect())
            }
            "array" => json!([]),
            "boolean" => json!(true),
            "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
            _ => json!("480625"),
        }
    }

    /// What no field of that kind may be.
    pub fn never(&self, schema: &Value) -> Vec<Value> {
        let schema = self.resolved(schema);
        let mut values = vec![
            json!({"$ne": null}),
            deep(60),
            json!("x".repeat(20_000)),
            json!("a\u{0}b"),
            json!("\u{202e}b"),
            json!([true]),
        ];
        if schema["format"] == "date" {
            for day in ["2026-02-30", "9999-12-31", "0001-01-01", "2026-11-20T00:00:00Z", "20261120", "now"] {
                values.push(day.into());
            }
        }
        if schema["format"] == "email" {
            for address in ["a@b", "a@b.example\r\nBcc: c@d.example", "<a@b.example>", "' OR 1=1 --"] {
                values.push(address.into());
            }
        }
        if !schema["enum"].is_null() {
            values.extend([json!("no_such_word"), json!(""), json!("'; DROP TABLE person; --")]);
        }
        if schema["maximum"].is_number() {
            values.extend([json!(1e300), json!(-1), json!(i64::MAX), json!("1; DROP TABLE person")]);
        }
        values
    }

    pub fn token(&self, role: &str) -> Option<&str> {
        self.tokens.get(role).map(String::as_str)
    }

    pub fn address(&self, path: &str) -> String {
        filled(path, &self.patient)
    }

    pub async fn send(
        &mut self,
        operation: &Operation,
        address: &str,
        media_type: &str,
        body: Vec<u8>,
    ) -> Told {
        self.tries += 1;
        let mut headers = vec![("if-match", "\"5f3c2a\"")];
        // Where nothing is sent, nothing is said of it.
        if !media_type.is_empty() {
            headers.push(("content-type", media_type));
        }
        self.world.send(&operation.method, address, self.token(&operation.role), &headers, body).await
    }

    /// Sends JSON, which must be refused; what is told names `field`.
    pub async fn refused(&mut self, operation: &Operation, field: &str, body: &Value) {
        let octets = serde_json::to_vec(body).unwrap();
        let address = self.address(&operation.path);
        let told = self.send(operation, &address, "application/json", octets).await;
        let status = told.status.as_u16();
        let named = told.body["fields"].as_array().is_some_and(|fields| {
            fields.iter().any(|told| told["field"].as_str().unwrap().starts_with(field))
        });
        let detail = told.body["detail"].as_str().unwrap_or_default();
        let named =
            named || detail.starts_with(&format!("{field}:")) || detail.contains(&format!("`{field}`"));
        let unreadable = detail.contains("not JSON");
        let fits = matches!(status, 400..500) && (named || unreadable || status == 413);
        // What is gone is gone whatever is sent.
        if !fits && status != 410 {
            let sent: String = body[field].to_string().chars().take(60).collect();
            self.wrong.push(format!(
                "{} {} {field} = {sent}: {status} {}",
                operation.method, operation.path, told.text
            ));
        }
    }

    pub fn expect(&mut self, operation: &Operation, what: &str, told: &Told, statuses: &[u16]) {
        if !statuses.contains(&told.status.as_u16()) && told.status != 410 {
            self.wrong.push(format!(
                "{} {} {what}: {} {}",
                operation.method, operation.path, told.status, told.text
            ));
        }
    }

    /// Whatever was tried was refused, and left everything as it was.
    pub async fn end(&self, before: &BTreeMap<String, String>, least: usize) {
        assert!(self.tries >= least, "only {} tries", self.tries);
        assert!(self.wrong.is_empty(), "{} wrong:\n{}", self.wrong.len(), self.wrong.join("\n"));
        let after = contents(&self.world.database.pool).await;
        let changed: Vec<&String> =
            after.keys().filter(|table| after.get(*table) != before.get(*table)).collect();
        assert!(changed.is_empty(), "changed: {changed:?}");
    }
}

/// The old page sends the whole profile back, with what is reckoned or measured in it: none of that is
/// read, whatever it holds.
pub fn sent_back(operation: &Operation, field: &str) -> bool {
    operation.path == "/api/patient/profile"
        && [
            "id",
            "name",
            "fhir_id",
            "blood_pressure",
            "blood_sugar",
            "hemoglobin",
            "weight",
            "due_date",
            "lmp_date",
            "gestational_age",
            "pregnancy_complications",
            "pregnancy_status",
            "risk_factors",
            "risk_level",
        ]
        .contains(&field)
}

fn kind_of(schema: &Value) -> &str {
    let kind = &schema["type"];
    let first = kind.as_array().and_then(|kinds| kinds.iter().find(|kind| *kind != "null"));
    first.unwrap_or(kind).as_str().unwrap_or_default()
}

pub fn deep(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!([inner]))
}

/// A path with its holes filled: the patient's id where it is hers, else ids of nobody.
pub fn filled(path: &str, patient: &str) -> String {
    let nobody = "00000000-0000-7000-8000-000000000000";
    path.replace("patients/{id}", &format!("patients/{patient}"))
        .replace("hospitals/{id}", "hospitals/1")
        .replace("pharmacies/{id}", "pharmacies/1")
        .replace("facilities/{id}", "facilities/1")
        .replace("-records/{id}", "-records/1")
        .replace("{id}", nobody)
        .replace("{user_id}", nobody)
        .replace("{document}", nobody)
        .replace("{number}", "1")
        .replace("{email}", "nobody@mamacare.example")
        .replace("{kind}", "other")
        .replace("{code}", "AAAAAAAAAA")
        .replace("{file}", "a.png")
        .replace("{pin}", "123456")
}

/// What every table holds, but for the log of reads, which tells of each try that found her.
pub async fn contents(pool: &PgPool) -> BTreeMap<String, String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_stat_user_tables WHERE schemaname = 'public' AND relname <> 'access_log'",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut all = BTreeMap::new();
    for table in tables {
        let query = format!(
            "SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM \"{table}\" AS t"
        );
        let digest: String = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_one(pool).await.unwrap();
        all.insert(table, digest);
    }
    assert!(all.len() > 30, "{all:?}");
    all
}
