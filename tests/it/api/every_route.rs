//! Every route of its own (those of the system before this one are in `old_clients`) called with
//! success by who may: a new route that no story calls fails the test.

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::world::{HOSPITAL, OTHER_HOSPITAL, PASSWORD, World, address};

const PHONE: &str = "+23276000101";

struct Day {
    world: World,
    listed: Vec<mamacare::api::Listed>,
    called: Mutex<BTreeSet<(&'static str, &'static str)>>,
    admin: String,
    hospital: String,
    nurse: String,
    other_nurse: String,
    pharmacy: String,
}

impl Day {
    async fn ask(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        body: Option<Value>,
        seen: Option<&Value>,
    ) -> Value {
        let version = seen.map(|row| format!("\"{}\"", row["updated_at"].as_str().unwrap()));
        let headers: Vec<_> = version.iter().map(|version| ("if-match", version.as_str())).collect();
        self.world.clock.advance(std::time::Duration::from_millis(10));
        let told = self.world.ask(method, path, token, body, &headers).await;
        assert!(told.status.is_success(), "{method} {path}: {} {}", told.status, told.text);
        self.note(method, path);
        told.body
    }

    fn note(&self, method: &str, path: &str) {
        let plain: Vec<&str> = path.split('?').next().unwrap().split('/').collect();
        let fits = |route: &mamacare::api::Listed| {
            let template: Vec<&str> = route.path.split('/').collect();
            route.method == method
                && template.len() == plain.len()
                && template.iter().zip(&plain).all(|(hole, part)| hole.starts_with('{') || hole == part)
        };
        let route = self
            .listed
            .iter()
            .filter(|route| fits(route))
            .min_by_key(|route| route.path.matches('{').count());
        let route = route.unwrap_or_else(|| panic!("{method} {path} is not listed"));
        self.called.lock().unwrap().insert((route.method, route.path));
    }

    async fn get(&self, path: &str, token: &str) -> Value {
        self.ask("GET", path, Some(token), None, None).await
    }

    async fn post(&self, path: &str, token: &str, body: Value) -> Value {
        let body = (!body.is_null()).then_some(body);
        self.ask("POST", path, Some(token), body, None).await
    }

    async fn open(&self, path: &str, body: Value) -> Value {
        self.ask("POST", path, None, Some(body), None).await
    }
}

#[tokio::test]
async fn every_route_serves_who_may_call_it() {
    tell(World::new().await).await;
}

/// The whole story, in a new world; gives it back.
pub async fn tell(world: World) -> World {
    let (admin, hospital) = (world.sign_in("admin").await, world.sign_in("hospital").await);
    let (nurse, other_nurse) = (world.sign_in("nurse").await, world.sign_in("other-nurse").await);
    let pharmacy = world.sign_in("pharmacy").await;
    let day = Day {
        world,
        listed: mamacare::api::listed(),
        called: Mutex::default(),
        admin,
        hospital,
        nurse,
        other_nurse,
        pharmacy,
    };
    let patient = a_patient(&day).await;
    her_record(&day, &patient).await;
    referrals(&day, &patient).await;
    facilities(&day).await;
    staff(&day).await;
    accounts(&day).await;
    let called = day.called.into_inner().unwrap();
    let old: BTreeSet<&str> = include_str!("old_routes.txt").lines().collect();
    let missed: Vec<String> = day
        .listed
        .iter()
        .filter(|route| !called.contains(&(route.method, route.path)))
        .map(|route| format!("{} {}", route.method, route.path))
        .filter(|route| !old.contains(route.as_str()))
        .collect();
    assert!(missed.is_empty(), "no story calls {missed:?}");
    day.world
}

/// Registered, changed, listed, signed in; gives her address.
async fn a_patient(day: &Day) -> String {
    let body = json!({
        "given_name": "Aminata", "family_name": "Example", "birth_date": "1998-04-12", "phone": PHONE,
        "language": "en", "consents": ["care", "reminders"]
    });
    let made = day.post("/api/v1/patients", &day.nurse, body).await;
    let path = format!("/api/v1/patients/{}", made["id"].as_str().unwrap());
    let seen = day.get(&path, &day.nurse).await;
    let change = json!({"family_name": "Changed", "verified": true});
    day.ask("PATCH", &path, Some(&day.nurse), Some(change), Some(&seen)).await;
    day.get("/api/v1/patients?name=ami&sort=created_at&status=verified&limit=1", &day.hospital).await;
    day.get("/api/v1/patients?limit=1", &day.nurse).await;
    day.open("/api/patient/pin/forgotten", json!({"phone": PHONE})).await;
    let texts = day.world.messages().await;
    let sent = texts.iter().rev().find_map(|text| text.split("PIN is ").nth(1)).unwrap();
    let sent = sent.split('.').next().unwrap();
    day.open("/api/patient/pin", json!({"phone": PHONE, "pin": sent, "new_pin": "480625"})).await;
    let signed_in = day.open("/api/patient/login", json!({"phone": PHONE, "pin": "480625"})).await;
    let own = signed_in["token"].as_str().unwrap();
    day.get("/api/v1/me/record", own).await;
    day.ask("PATCH", "/api/v1/me/profile", Some(own), Some(json!({"city": "Bo"})), None).await;
    // Staff who have her before them send her another; the one that she chose counts no longer.
    day.post(&format!("{path}/pin"), &day.nurse, json!({})).await;
    day.post(&format!("{path}/pin/unlock"), &day.nurse, json!(null)).await;
    // Another number beside hers, which she gives up again.
    let numbers = format!("{path}/numbers");
    day.post(&numbers, &day.nurse, json!({"add": "+23279000009"})).await;
    day.post(&numbers, &day.nurse, json!({"end": "+23279000009"})).await;
    day.get(&numbers, &day.nurse).await;
    day.get(&format!("{path}/messages"), &day.nurse).await;
    day.get(&format!("{path}/consents"), &day.nurse).await;
    day.post(&format!("{path}/consents"), &day.nurse, json!({"purpose": "sharing"})).await;
    day.post(&format!("{path}/consents/withdraw"), &day.nurse, json!({"purpose": "sharing"})).await;
    path
}

async fn her_record(day: &Day, patient: &str) {
    let nurse = day.nurse.as_str();
    let visits = format!("{patient}/visits");
    let body = json!({
        "held_on": "2026-11-20", "kind": "antenatal", "diagnoses": [{"code": "anaemia", "may_be_shown": true}],
        "treatment": "Iron tablets", "blood_pressure": {"systolic": 110, "diastolic": 70}, "weight_kg": 62.5
    });
    day.post(&visits, nurse, body.clone()).await;
    let one = day.get(&format!("{visits}/1"), nurse).await;
    day.ask("PUT", &format!("{visits}/1"), Some(nurse), Some(body), Some(&one)).await;
    day.get(&format!("{visits}?kind=antenatal"), nurse).await;
    let pregnancies = format!("{patient}/pregnancies");
    day.post(&pregnancies, nurse, json!({"lmp_date": "2026-06-01"})).await;
    let rows = day.get(&pregnancies, nurse).await;
    let change = json!({"due_on": "2027-03-01", "dated_by": "scan"});
    let number = rows[0]["number"].to_string();
    day.ask("PATCH", &format!("{pregnancies}/{number}"), Some(nurse), Some(change), Some(&rows[0])).await;
    let births = format!("{patient}/births");
    let body =
        json!({"born_on": "2024-03-14", "sex": "female", "birth_weight_g": 3100, "birth_type": "Vaginal"});
    day.post(&births, nurse, body.clone()).await;
    let rows = day.get(&births, nurse).await;
    let path = format!("{births}/{}", rows[0]["number"]);
    day.ask("PUT", &path, Some(nurse), Some(body), Some(&rows[0])).await;
    let prescriptions = format!("{patient}/prescriptions");
    let body = json!({"medicine": "iron_folic_acid", "dose": "1 a day", "days": 30});
    let made = day.post(&prescriptions, nurse, body.clone()).await;
    let code = format!("/api/v1/prescriptions/{}", made["code"].as_str().unwrap());
    day.get(&code, &day.pharmacy).await;
    day.post(&format!("{code}/dispense"), &day.pharmacy, Value::Null).await;
    day.post(&prescriptions, nurse, body).await;
    let rows = day.get(&prescriptions, nurse).await;
    let row = &rows["items"][0];
    let path = format!("{prescriptions}/{}/stop", row["number"]);
    day.ask("POST", &path, Some(nurse), None, Some(row)).await;
    let appointments = format!("{patient}/appointments");
    let body = json!({"starts_on": "2026-12-01", "starts_at": "09:30", "purpose": "antenatal"});
    day.post(&appointments, nurse, body).await;
    let rows = day.get(&appointments, nurse).await;
    let row = &rows["items"][0];
    let path = format!("{appointments}/{}", row["number"]);
    let moved = json!({"starts_on": "2026-12-02"});
    day.ask("PATCH", &path, Some(nurse), Some(moved), Some(row)).await;
    day.get("/api/v1/appointments?from=2026-12-01&to=2026-12-31&status=booked", &day.hospital).await;
    day.get(&format!("{patient}/record"), nurse).await;
    let reason = json!({"reason": "Brought in unconscious, only her card with her"});
    day.post(&format!("{patient}/open"), &day.other_nurse, reason).await;
    day.get(&format!("{patient}/record"), &day.other_nurse).await;
    day.get("/api/v1/codes", nurse).await;
    day.get("/api/v1/audit", &day.admin).await;
    day.get("/api/v1/audit?limit=2", &day.hospital).await;
    let id = patient.rsplit('/').next().unwrap();
    day.get(&format!("/api/v1/audit?patient={id}"), &day.admin).await;
}

async fn referrals(day: &Day, patient: &str) {
    let body = json!({"to": OTHER_HOSPITAL, "urgency": "urgent", "reason": "Blood pressure 170/110"});
    let sent = day.post(&format!("{patient}/referrals"), &day.nurse, body).await;
    let path = format!("/api/v1/referrals/{}", sent["id"].as_str().unwrap());
    day.get("/api/v1/referrals?way=sent", &day.nurse).await;
    let seen = day.get(&path, &day.other_nurse).await;
    let received = json!({"status": "received"});
    day.ask("PATCH", &path, Some(&day.other_nurse), Some(received), Some(&seen)).await;
    day.post(&format!("{path}/feedback"), &day.other_nurse, json!({"notes": "all well"})).await;
    day.get(&format!("{path}/feedback"), &day.nurse).await;
}

async fn facilities(day: &Day) {
    let body = |name: &str, number: u8| {
        json!({
            "name": name, "license_number": format!("L-{number}"), "district": "bo", "town": "Bo",
            "address": "1 Example Road", "phone": format!("+2327600020{number}"),
            "email": address(&format!("office-{number}")), "contact_name": "T. Example"
        })
    };
    day.open("/api/v1/registrations/hospital", body("Fifth Hospital", 5)).await;
    day.open("/api/v1/registrations/pharmacy", body("Fifth Pharmacy", 6)).await;
    let waiting = day.get("/api/v1/registrations", &day.admin).await;
    let id = waiting["items"][0]["id"].to_string();
    let path = format!("/api/v1/facilities/{id}");
    day.post(&format!("{path}/verify"), &day.admin, Value::Null).await;
    let seen = day.get(&path, &day.admin).await;
    let change = json!({"services": ["maternity", "blood"]});
    day.ask("PATCH", &path, Some(&day.admin), Some(change), Some(&seen)).await;
    for path in
        ["/api/v1/hospitals?name=fifth&service=maternity", "/api/v1/pharmacies", "/api/v1/professionals"]
    {
        day.ask("GET", path, None, None, None).await;
    }
    let own = day.get("/api/v1/facility", &day.hospital).await;
    let change = json!({"all_day": true});
    day.ask("PATCH", "/api/v1/facility", Some(&day.hospital), Some(change), Some(&own)).await;
    let png = b"\x89PNG\r\n\x1a\n picture".to_vec();
    let hand_in = "/api/v1/facility/documents/image";
    let told = day.world.raw(hand_in, Some(&day.hospital), "image/png", png).await.expect(201);
    day.note("POST", hand_in);
    day.get("/api/v1/facility/documents", &day.hospital).await;
    let documents = format!("/api/v1/facilities/{HOSPITAL}/documents");
    day.get(&documents, &day.admin).await;
    let document = told["id"].as_str().unwrap();
    day.get(&format!("{documents}/{document}"), &day.admin).await;
    day.ask("GET", &format!("/api/v1/pictures/{document}"), None, None, None).await;
    day.ask("DELETE", &path, Some(&day.admin), None, None).await;
    let table =
        "given_name,family_name,birth_date,phone,language,consent\nIsatu,Example,1997-01-02,,en,yes\n";
    let import = "/api/v1/imports/patients";
    let told = day.world.raw(import, Some(&day.hospital), "text/csv", table).await;
    assert!(told.text.contains("\"created\":1"), "{}", told.text);
    day.note("POST", import);
    let told = day.world.call("GET", "/api/v1/patients.csv", Some(&day.hospital), None).await;
    assert_eq!(told.text.lines().count(), 3, "{}", told.text);
    day.note("GET", "/api/v1/patients.csv");
}

async fn staff(day: &Day) {
    let body = json!({
        "name": "P. Example", "email": address("applicant"), "phone": "+23276000301", "license_number": "N-1",
        "profession": "midwife", "facility": HOSPITAL, "specialization": "Midwifery"
    });
    day.open("/api/v1/registrations/professional", body).await;
    let pending = day.get("/api/v1/users?status=pending&role=professional", &day.admin).await;
    let id = pending["items"][0]["id"].as_str().unwrap();
    day.post(&format!("/api/v1/professionals/{id}/verify"), &day.admin, Value::Null).await;
    let accept = json!({"token": day.world.mailed_token().await, "password": "seven quiet mangoes"});
    day.open("/api/invitations/accept", accept).await;
    let body = json!({"role": "professional", "name": "New", "email": address("new"), "profession": "nurse", "facility": HOSPITAL});
    let made = day.post("/api/v1/users", &day.hospital, body).await;
    let path = format!("/api/v1/users/{}", made["id"].as_str().unwrap());
    let told = day.world.call("GET", &path, Some(&day.hospital), None).await;
    day.note("GET", &path);
    let etag = told.etag.unwrap();
    let change = json!({"profession": "midwife"});
    let told = day.world.ask("PATCH", &path, Some(&day.hospital), Some(change), &[("if-match", &etag)]).await;
    assert_eq!(told.status, 200, "{}", told.text);
    day.note("PATCH", &path);
    day.post(&format!("{path}/sign-out"), &day.hospital, Value::Null).await;
    day.ask("DELETE", &path, Some(&day.hospital), None, None).await;
    let body = json!({"name": "S. Example", "email": address("second-admin")});
    let made = day.post("/api/v1/administrators", &day.admin, body).await;
    let path = format!("/api/v1/administrators/{}", made["id"].as_str().unwrap());
    day.ask("DELETE", &path, Some(&day.admin), None, None).await;
}

async fn accounts(day: &Day) {
    let login = |password: &str| json!({"email": address("nurse"), "password": password});
    let signed_in = day.open("/api/login", login(PASSWORD)).await;
    let token = signed_in["token"].as_str().unwrap();
    day.open("/api/token/refresh", json!({"refresh_token": signed_in["refresh_token"]})).await;
    day.get("/api/account", token).await;
    let begun = day.post("/api/account/totp", token, json!({"current": PASSWORD})).await;
    let secret = super::sign_in::base32(begun["secret"].as_str().unwrap());
    let app = mamacare::identity::TotpSecret::new(secret.try_into().unwrap());
    let code = json!({"code": app.code_at(day.world.now())});
    day.post("/api/account/totp/confirm", token, code).await;
    day.post("/api/account/totp/withdraw", token, json!({"current": PASSWORD})).await;
    let change = json!({"current": PASSWORD, "new": "seven quiet mangoes"});
    day.post("/api/password/change", token, change).await;
    day.open("/api/password/forgot", json!({"email": address("nurse")})).await;
    let reset = json!({"token": day.world.mailed_token().await, "password": "nine loud papayas"});
    day.open("/api/password/reset", reset).await;
    let signed_in = day.open("/api/login", login("nine loud papayas")).await;
    day.post("/api/logout", signed_in["token"].as_str().unwrap(), Value::Null).await;
    let signed_in = day.open("/api/login", login("nine loud papayas")).await;
    day.post("/api/logout-everywhere", signed_in["token"].as_str().unwrap(), Value::Null).await;
    // A hospital that chose its password at once shows that its address is its own.
    let body = json!({
        "email": address("own"), "password": "seven quiet mangoes", "name": "O. Example",
        "phone": "+23276000400", "hospital_name": "Own Hospital", "license_number": "H-44", "city": "Bo"
    });
    day.world.call("POST", "/api/register/hospital", None, Some(body)).await.expect(202);
    day.open("/api/email/verify", json!({"token": day.world.mailed_token().await})).await;
}
