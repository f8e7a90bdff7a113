//! Every route of the system before this one, as its clients call it, from registration to removal.
//! The list is `old_routes.txt`: a route of it that this story does not call with success, or that is
//! not told to be gone, fails the test.

mod facilities;
mod patients;
mod staff;

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::api::world::{PASSWORD, Told, World, address};

const ROUTES: &str = include_str!("../old_routes.txt");

/// The world, and the old routes that have been called in it.
struct Story {
    world: World,
    called: Mutex<BTreeSet<&'static str>>,
}

impl Story {
    /// Calls a route, which must answer that.
    #[track_caller]
    fn expect(&self, method: &str, path: &str, told: Told, status: u16) -> Value {
        let plain = path.split('?').next().unwrap();
        let fits = |route: &&str| {
            let (known, template) = route.split_once(' ').unwrap();
            let parts = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
            let (template, plain) = (parts(template), parts(plain));
            known == method
                && template.len() == plain.len()
                && template.iter().zip(&plain).all(|(hole, part)| hole.starts_with('{') || hole == part)
        };
        // What is written out counts before what has a hole for it.
        let route = ROUTES
            .lines()
            .filter(fits)
            .min_by_key(|route| route.matches('{').count())
            .unwrap_or_else(|| panic!("{method} {path} is not on the list"));
        assert_eq!(told.status.as_u16(), status, "{method} {path}: {}", told.text);
        self.called.lock().unwrap().insert(route);
        told.body
    }

    async fn call(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
        status: u16,
    ) -> Value {
        let told = self.world.call(method, path, token, body).await;
        self.expect(method, path, told, status)
    }
}

/// Whether an answer has these fields.
#[track_caller]
fn has(answer: &Value, fields: &str) {
    for field in fields.split(',') {
        assert!(answer.get(field).is_some(), "{field} is missing: {answer}");
    }
}

/// A form with a file, as a browser sends it.
fn form(fields: &[(&str, &str)], file: Option<(&str, &str, &[u8])>) -> (&'static str, Vec<u8>) {
    let mut body = Vec::new();
    for (name, value) in fields {
        let part = format!("--line\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend(part.bytes());
    }
    if let Some((name, file_name, content)) = file {
        let head = format!(
            "--line\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\nContent-Type: image/png\r\n\r\n"
        );
        body.extend(head.bytes());
        body.extend(content);
        body.extend(b"\r\n");
    }
    body.extend(b"--line--\r\n");
    ("multipart/form-data; boundary=line", body)
}

#[tokio::test]
async fn every_old_route_serves_its_clients_or_says_where_to_go() {
    tell(World::new().await).await;
}

/// The whole story, in a new world; gives it back.
pub async fn tell(world: World) -> World {
    let story = Story { world, called: Mutex::new(BTreeSet::new()) };
    let login = json!({"email": address("admin"), "password": PASSWORD});
    let admin = story.call("POST", "/api/admin/login", None, Some(login), 200).await;
    has(&admin, "token,user");
    has(&admin["user"], "id,name,email,role");
    let admin = admin["token"].as_str().unwrap().to_owned();
    what_is_gone(&story).await;
    staff::registrations(&story, &admin).await;
    staff::administrators(&story, &admin).await;
    facilities::hospitals(&story, &admin).await;
    facilities::pharmacies(&story, &admin).await;
    staff::professionals(&story, &admin).await;
    patients::herself(&story).await;
    patients::clinical(&story).await;
    tables(&story, &admin).await;
    let called = story.called.into_inner().unwrap();
    let missed: Vec<&str> = ROUTES.lines().filter(|route| !called.contains(route)).collect();
    assert!(missed.is_empty(), "no story calls {missed:?}");
    story.world
}

async fn what_is_gone(story: &Story) {
    for (method, path) in [
        ("GET", "/api/debug/pins"),
        ("GET", "/api/healthcare-provider/pin/123456"),
        ("GET", "/api/doctors/pin/123456"),
        ("POST", "/api/patient/verify-recovery-token"),
        ("POST", "/api/patient/simple-pin-reset"),
        ("POST", "/api/admin/signup"),
        ("GET", "/static/uploads/hospitals/a.png"),
        ("GET", "/static/uploads/doctors/a.png"),
    ] {
        let body = (method == "POST").then(|| json!({"email": "a@mamacare.example", "new_pin": "480625"}));
        let told = story.call(method, path, None, body, 410).await;
        assert!(told["error"].as_str().unwrap().len() > 20, "it says what to do instead: {told}");
    }
    let health = story.call("GET", "/health", None, None, 200).await;
    assert_eq!(health, json!({"status": "healthy", "database": "connected"}));
}

async fn tables(story: &Story, admin: &str) {
    let count = story.call("GET", "/api/admin/patients/count", Some(admin), None, 200).await;
    assert_eq!(count, json!({"count": 3}));
    let told = story.world.call("GET", "/api/export/csv", Some(admin), None).await;
    let table = told.text.clone();
    story.expect("GET", "/api/export/csv", told, 200);
    let head = table.lines().next().unwrap();
    assert_eq!(head.split(',').count(), 31);
    assert!(head.starts_with("ID,Name,Email,Phone,Gender,Date of Birth,Blood Type,Marital Status"), "{head}");
    assert_eq!(table.lines().count(), 4, "{table}");
    // What was exported can be taken in again; who is known is not made twice.
    let hospital = story.world.sign_in("hospital").await;
    let mut body = b"--line\r\nContent-Disposition: form-data; name=\"file\"; filename=\"patients.csv\"\r\nContent-Type: text/csv\r\n\r\n".to_vec();
    body.extend(b"given_name,family_name,birth_date,phone,language,consent\nMariama,Example,1997-03-04,+23276000070,en,yes\n");
    body.extend(b"\r\n--line--\r\n");
    let kind = "multipart/form-data; boundary=line";
    let told = story.world.raw("/api/import/csv", Some(&hospital), kind, body).await;
    let lines = told.text.clone();
    story.expect("POST", "/api/import/csv", told, 200);
    assert!(lines.lines().last().unwrap().contains("\"created\":1"), "{lines}");
}
