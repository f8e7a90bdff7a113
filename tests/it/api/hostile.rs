//! Hostile input at every route of the list, as the document describes them: each field of each body,
//! each parameter, each hole in a path. It is refused with a 4xx that says where, nothing in the
//! database changes, and nothing is ever a 500.

use serde_json::json;

use super::siege::{Operation, Siege, contents, filled, sent_back};

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
            let asked =
                Operation { role: role.to_owned(), body: None, parameters: Vec::new(), ..operation.clone() };
            let octets = body.as_ref().map(|body| serde_json::to_vec(body).unwrap());
            let media_type = if octets.is_some() { "application/json" } else { "" };
            let told = siege.send(&asked, &address, media_type, octets.unwrap_or_default()).await;
            siege.expect(&asked, role, &told, &[403, 404]);
        }
    }
    siege.end(&before, 50).await;
}
