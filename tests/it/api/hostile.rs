//! Hostile input at every route of the list, as the document describes them: each field of each body,
//! each parameter, each hole in a path. It is refused with a 4xx that says where, nothing in the
//! database changes, and nothing is ever a 500.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sqlx::PgPool;

use super::world::{Told, World};

const PHONE: &str = "+23276000001";

/// An operation of the document.
struct Operation {
    method: String,
    path: String,
    role: String,
    body: Option<Value>,
    parameters: Vec<Value>,
}

/// A world with a patient, and a sign-in of each role.
struct Siege {
    world: World,
    document: Value,
    tokens: BTreeMap<&'static str, String>,
    patient: String,
    wrong: Vec<String>,
    tries: usize,
}

impl Siege {
    async fn new() -> Self {
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

    fn operations(&self) -> Vec<Operation> {
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
    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
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
    fn sample(&self, schema: &Value) -> Value {
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
    fn never(&self, schema: &Value) -> Vec<Value> {
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

    fn token(&self, role: &str) -> Option<&str> {
        self.tokens.get(role).map(String::as_str)
    }

    fn address(&self, path: &str) -> String {
        filled(path, &self.patient)
    }

    async fn send(&mut self, operation: &Operation, address: &str, media_type: &str, body: Vec<u8>) -> Told {
        self.tries += 1;
        let mut headers = vec![("if-match", "\"5f3c2a\"")];
        // Where nothing is sent, nothing is said of it.
        if !media_type.is_empty() {
            headers.push(("content-type", media_type));
        }
        self.world.send(&operation.method, address, self.token(&operation.role), &headers, body).await
    }

    /// Sends JSON, which must be refused; what is told names `field`.
    async fn refused(&mut self, operation: &Operation, field: &str, body: &Value) {
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

    fn expect(&mut self, operation: &Operation, what: &str, told: &Told, statuses: &[u16]) {
        if !statuses.contains(&told.status.as_u16()) && told.status != 410 {
            self.wrong.push(format!(
                "{} {} {what}: {} {}",
                operation.method, operation.path, told.status, told.text
            ));
        }
    }

    /// Whatever was tried was refused, and left everything as it was.
    async fn end(&self, before: &BTreeMap<String, String>, least: usize) {
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
fn sent_back(operation: &Operation, field: &str) -> bool {
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

fn deep(levels: usize) -> Value {
    (0..levels).fold(json!(1), |inner, _| json!([inner]))
}

/// A path with its holes filled: the patient's id where it is hers, else ids of nobody.
fn filled(path: &str, patient: &str) -> String {
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
async fn contents(pool: &PgPool) -> BTreeMap<String, String> {
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

#[tokio::test]
async fn each_field_of_each_body_is_read_strictly() {
    let mut siege = Siege::new().await;
    let before = contents(&siege.world.database.pool).await;
    for operation in siege.operations() {
        let Some(schema) = &operation.body else { continue };
        let body = siege.sample(schema);
        let properties = siege.resolved(schema)["properties"].as_object().cloned().unwrap_or_default();
        for (name, schema) in &properties {
            if sent_back(&operation, name) {
                continue;
            }
            for value in siege.never(schema) {
                let mut hostile = body.clone();
                hostile[name] = value;
                siege.refused(&operation, name, &hostile).await;
            }
        }
        // What nobody asked for: above all, what would make her another than she is.
        for name in [
            "id",
            "role",
            "status",
            "facility",
            "home_facility",
            "author",
            "password_hash",
            "verified_at",
            "is_admin",
            "updated_at",
            "__proto__",
            "$where",
        ] {
            if !properties.contains_key(name) {
                let mut hostile = body.clone();
                hostile[name] = json!("administrator");
                siege.refused(&operation, name, &hostile).await;
            }
        }
    }
    siege.end(&before, 3000).await;
}

#[tokio::test]
async fn days_that_cannot_have_been_are_refused() {
    let mut siege = Siege::new().await;
    let before = contents(&siege.world.database.pool).await;
    let past = ["held_on", "born_on", "birth_date", "date_of_birth", "lmp_date", "date"];
    let mut tried = 0;
    for operation in siege.operations() {
        let Some(schema) = &operation.body else { continue };
        let body = siege.sample(schema);
        let properties = siege.resolved(schema)["properties"].as_object().cloned().unwrap_or_default();
        // A change finds nothing to change here, and a form of hers is not sent with her PIN.
        if operation.method != "POST" || properties.contains_key("pin") {
            continue;
        }
        for (name, schema) in properties.iter().filter(|(name, _)| past.contains(&name.as_str())) {
            if siege.resolved(schema)["format"] != "date" {
                continue;
            }
            let mut hostile = body.clone();
            hostile[name] = json!("2027-06-01");
            if properties.contains_key("patient_id") {
                hostile["patient_id"] = siege.patient.clone().into();
            }
            if properties.contains_key("consent") {
                hostile["consent"] = true.into();
            }
            siege.refused(&operation, name, &hostile).await;
            tried += 1;
        }
    }
    assert!(tried >= 8, "{tried}");
    siege.end(&before, 8).await;
}

#[tokio::test]
async fn bodies_that_cannot_be_read_are_refused_everywhere() {
    let mut siege = Siege::new().await;
    let before = contents(&siege.world.database.pool).await;
    for operation in siege.operations() {
        let Some(schema) = &operation.body else { continue };
        let fine = serde_json::to_vec(&siege.sample(schema)).unwrap();
        let address = siege.address(&operation.path);
        let mut latin = fine.clone();
        latin.truncate(1);
        latin.extend(b"\"\xe9\xff\": 1}");
        let json = "application/json";
        let cases: [(&str, &str, Vec<u8>, u16); 11] = [
            ("cut off", json, fine[..fine.len() - 1].to_vec(), 400),
            ("more than one", json, [fine.as_slice(), b" {}"].concat(), 400),
            ("as deep as a well", json, "[".repeat(60_000).into_bytes(), 400),
            ("fields as deep as a well", json, "{\"a\":".repeat(10_000).into_bytes(), 400),
            ("too large", json, vec![b' '; 70_000], 413),
            ("of no charset", json, latin, 400),
            ("null", json, b"null".to_vec(), 400),
            ("a number", json, b"1".to_vec(), 400),
            ("in another charset", "application/json; charset=utf-16", fine.clone(), 415),
            (
                "XML",
                "application/xml",
                b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>".to_vec(),
                415,
            ),
            ("of no type", "", fine.clone(), 415),
        ];
        for (what, media_type, body, status) in cases {
            let told = siege.send(&operation, &address, media_type, body).await;
            siege.expect(&operation, what, &told, &[status]);
        }
    }
    siege.end(&before, 400).await;
}

/// No text in it is one that a list knows.
const IN_QUERIES: [&str; 9] = [
    "%00",
    "%ff%fe",
    "%27%3B%20DROP%20TABLE%20person%3B--",
    "-1",
    "99999999999999999999",
    "%5B%5D",
    "%7B%7B7*7%7D%7D",
    "..%2F..%2Fetc%2Fpasswd",
    "",
];

#[tokio::test]
async fn parameters_and_paths_name_what_there_is_or_nothing() {
    let mut siege = Siege::new().await;
    let before = contents(&siege.world.database.pool).await;
    for operation in siege.operations() {
        let address = siege.address(&operation.path);
        let body = operation.body.as_ref().map(|_| b"{\"no such field\": 1}".to_vec());
        let media_type = match &body {
            Some(_) => "application/json",
            None if operation.path.contains("imports") => "text/csv",
            None => "",
        };
        let body = body.unwrap_or_default();
        let in_query: Vec<String> = operation
            .parameters
            .iter()
            .filter(|parameter| parameter["in"] == "query")
            .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
            .collect();
        let long = "x".repeat(5000);
        for name in &in_query {
            for value in IN_QUERIES.iter().copied().chain([long.as_str()]) {
                let told = siege
                    .send(&operation, &format!("{address}?{name}={value}"), media_type, body.clone())
                    .await;
                siege.expect(&operation, &format!("{name}={value}"), &told, &[200, 400, 403, 404, 413, 414]);
            }
        }
        if !in_query.is_empty() {
            let told =
                siege.send(&operation, &format!("{address}?no_such=1"), media_type, body.clone()).await;
            siege.expect(&operation, "no_such=1", &told, &[400]);
            let doubled = format!("{address}?{0}=1&{0}=2", in_query[0]);
            let told = siege.send(&operation, &doubled, media_type, body.clone()).await;
            siege.expect(&operation, "twice", &told, &[400]);
        }
        if !operation.path.contains('{') {
            continue;
        }
        let start = operation.path.split('{').next().unwrap();
        let rest = operation.path.split_once('}').unwrap().1;
        for hole in ["%00", "%ff", "'--", "-1", "99999999999999999999", "..%2F..%2Fx", long.as_str()] {
            let told = siege
                .send(&operation, &filled(&format!("{start}{hole}{rest}"), ""), media_type, body.clone())
                .await;
            siege.expect(&operation, &format!("with {hole:.20}"), &told, &[400, 403, 404, 405, 414]);
        }
    }
    siege.end(&before, 700).await;
}

#[tokio::test]
async fn another_hospitals_patients_and_staff_are_out_of_reach() {
    let mut siege = Siege::new().await;
    let nurse = siege.tokens["professional"].clone();
    let hers = format!("/api/v1/patients/{}", siege.patient);
    for (what, body) in [
        ("visits", json!({"held_on": "2026-11-20", "kind": "antenatal"})),
        ("pregnancies", json!({"lmp_date": "2026-06-01"})),
        ("births", json!({"born_on": "2024-03-14", "sex": "female"})),
        ("prescriptions", json!({"medicine": "iron_folic_acid", "dose": "1 a day", "days": 30})),
        ("appointments", json!({"starts_on": "2026-12-01", "purpose": "antenatal"})),
    ] {
        siege.world.call("POST", &format!("{hers}/{what}"), Some(&nurse), Some(body)).await.expect(201);
    }
    let staff: String =
        sqlx::query_scalar("SELECT id::text FROM staff WHERE facility = 90001 AND role = 'professional'")
            .fetch_one(&siege.world.database.pool)
            .await
            .unwrap();
    siege.tokens.insert("professional", siege.world.sign_in("other-nurse").await);
    siege.tokens.insert("hospital", siege.world.sign_in("other-hospital").await);
    let before = contents(&siege.world.database.pool).await;
    for operation in siege.operations() {
        let of_patient = operation.path.starts_with("/api/v1/patients/{id}");
        let of_staff = operation.path.starts_with("/api/v1/users/{id}");
        let old = operation.path.contains("-records") && operation.role == "professional";
        // With a reason she may open it: that is what the route is for, and it is told.
        if operation.path.ends_with("/open") || !(of_patient || of_staff || old) {
            continue;
        }
        let mut body = operation.body.as_ref().map(|schema| siege.sample(schema));
        if let (true, Some(body)) = (old, &mut body) {
            body["patient_id"] = siege.patient.clone().into();
        }
        for role in ["professional", "hospital"] {
            let mut address = siege
                .address(&operation.path)
                .replace("users/00000000-0000-7000-8000-000000000000", &format!("users/{staff}"));
            if old && body.is_none() {
                address = format!("{address}?patient_id={}", siege.patient);
            }
            let asked = Operation { role: role.to_owned(), ..copy(&operation) };
            let octets = body.as_ref().map(|body| serde_json::to_vec(body).unwrap());
            let media_type = if octets.is_some() { "application/json" } else { "" };
            let told = siege.send(&asked, &address, media_type, octets.unwrap_or_default()).await;
            siege.expect(&asked, role, &told, &[403, 404]);
        }
    }
    siege.end(&before, 50).await;
}

fn copy(operation: &Operation) -> Operation {
    Operation {
        method: operation.method.clone(),
        path: operation.path.clone(),
        role: operation.role.clone(),
        body: None,
        parameters: Vec::new(),
    }
}
