//! Every route of the system before this one, as its clients call it, from registration to removal.
//! The list is `old_routes.txt`: a route of it that this story does not call with success, or that is
//! not told to be gone, fails the test.

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde_json::{Value, json};

use super::world::{PASSWORD, Told, World, address};

const ROUTES: &str = include_str!("old_routes.txt");

const PHONE: &str = "+23276000001";

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
    registrations(&story, &admin).await;
    administrators(&story, &admin).await;
    facilities(&story, &admin).await;
    professionals(&story, &admin).await;
    a_patient(&story).await;
    clinical(&story).await;
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

async fn registrations(story: &Story, admin: &str) {
    let hospital = json!({
        "email": "new@mamacare.example", "password": "seven quiet mangoes", "name": "N. Example",
        "phone": "+23276000020", "hospital_name": "Third Hospital", "license_number": "H-3", "city": "Bo"
    });
    let told = story.call("POST", "/api/register/hospital", None, Some(hospital.clone()), 202).await;
    let again = story.call("POST", "/api/register/hospital", None, Some(hospital), 202).await;
    assert_eq!(told, again, "it does not tell who has an account");
    // Showing that the address is hers does not let her in by itself: an administrator looks first.
    let token = story.world.mailed_token().await;
    let verify = json!({"token": token});
    story.world.call("POST", "/api/email/verify", None, Some(verify.clone())).await.expect(204);
    story.world.call("POST", "/api/email/verify", None, Some(verify)).await.expect(400);
    let login = json!({"email": "new@mamacare.example", "password": "seven quiet mangoes"});
    story.world.call("POST", "/api/login", None, Some(login.clone())).await.expect(401);
    let id = account(story, "new@mamacare.example").await;
    let told = story.call("POST", &format!("/api/admin/verify/{id}"), Some(admin), None, 200).await;
    has(&told, "message,user_id");
    let signed_in = story.world.call("POST", "/api/login", None, Some(login)).await.expect(200);
    assert_eq!(signed_in["user"]["role"], "hospital");
    let provider = json!({
        "name": "P. Example", "email": "provider@mamacare.example", "phone": "+23276000021",
        "license_number": "P-1", "professional_type": "Midwife", "specialization": "Midwifery",
        "hospital_affiliation": "First Hospital", "city": "Bo", "qualifications": "Diploma"
    });
    let told = story.call("POST", "/api/register/healthcare-provider", None, Some(provider), 202).await;
    has(&told, "message");
    let doctors = story.call("GET", "/api/doctors", None, None, 200).await;
    assert_eq!(doctors, json!([]), "nobody is shown who was not verified");
    let id = account(story, "provider@mamacare.example").await;
    story.call("POST", &format!("/api/admin/verify/{id}"), Some(admin), None, 200).await;
    let token = story.world.mailed_token().await;
    let accept = json!({"token": token, "password": "seven quiet mangoes"});
    story.world.call("POST", "/api/invitations/accept", None, Some(accept)).await.expect(200);
    let doctors = story.call("GET", "/api/doctors", None, None, 200).await;
    has(
        &doctors[0],
        "id,name,specialization,email,phone,professional_type,hospital_affiliation,address,city,state,country,\
         image_url,website,qualifications,experience",
    );
    assert_eq!(doctors[0]["professional_type"], "Midwife");
    let individual = json!({
        "email": "i@mamacare.example", "password": "not kept at all", "name": "Isatu Example",
        "phone": "+23276000022", "date_of_birth": "1999-01-02", "medical_condition": "", "consent": true
    });
    story.call("POST", "/api/register/individual", None, Some(individual), 202).await;
}

/// The id of the account with that address, as the administrator finds it.
async fn account(story: &Story, email: &str) -> String {
    let mut work = story.world.database.pool.acquire().await.unwrap();
    let found =
        mamacare::store::accounts::find_by_email(&mut work, &story.world.keyring, email).await.unwrap();
    found.unwrap().id.to_string()
}

async fn administrators(story: &Story, admin: &str) {
    let old = json!({
        "email": "second@mamacare.example", "password": "seven quiet mangoes", "name": "S. Example",
        "phone": "+23276000030", "status": "active", "send_credentials": true
    });
    let made = story.call("POST", "/api/admin/admins", Some(admin), Some(old), 201).await;
    has(&made, "message,admin_id");
    // The password that somebody else chose is none.
    let login = json!({"email": "second@mamacare.example", "password": "seven quiet mangoes"});
    story.world.call("POST", "/api/admin/login", None, Some(login)).await.expect(401);
    let path = "/api/admin/verify-admin/second@mamacare.example";
    let again = story.call("POST", path, Some(admin), None, 200).await;
    has(&again, "message,admin_id,table");
    let body = json!({"email": "third@mamacare.example", "password": "x", "name": "T. Example"});
    story.call("POST", "/api/admin/create-admin", Some(admin), Some(body), 201).await;
    let all = story.call("GET", "/api/admin/admins", Some(admin), None, 200).await;
    assert_eq!(all.as_array().unwrap().len(), 3);
    let path = format!("/api/admin/admins/{}", made["admin_id"].as_str().unwrap());
    let one = story.call("GET", &path, Some(admin), None, 200).await;
    has(&one, "id,name,email,role,status,created_at");
    assert_eq!((one["role"].as_str(), one["status"].as_str()), (Some("admin"), Some("inactive")));
    let change = json!({"name": "Second Example"});
    story.call("PUT", &path, Some(admin), Some(change), 200).await;
    assert_eq!(story.call("GET", &path, Some(admin), None, 200).await["name"], "Second Example");
    story.call("DELETE", &path, Some(admin), None, 200).await;
    story.world.call("GET", &path, Some(admin), None).await.expect(404);
}

async fn facilities(story: &Story, admin: &str) {
    let fields = [
        ("name", "Fourth Hospital"),
        ("license_number", "H-4"),
        ("email", "h4@mamacare.example"),
        ("phone", "+23276000040"),
        ("address", "4 Example Road"),
        ("city", "Kenema"),
        ("state", "Kenema"),
        ("postal_code", "0000"),
        ("country", "Sierra Leone"),
        ("services", "[\"Maternity Care\", \"Surgery\"]"),
        ("is_verified", "on"),
    ];
    let png: &[u8] = b"\x89PNG\r\n\x1a\n picture";
    let (kind, body) = form(&fields, Some(("image", "../../x.php", png)));
    let told = story.world.raw("/api/admin/hospitals", Some(admin), kind, body).await;
    let made = story.expect("POST", "/api/admin/hospitals", told, 201);
    has(
        &made["hospital"],
        "id,name,license_number,email,phone,address,city,state,postal_code,country,website,services,\
         image_url,is_verified",
    );
    let picture = made["hospital"]["image_url"].as_str().unwrap();
    let shown = story.world.call("GET", picture, None, None).await;
    assert_eq!(shown.status, 200);
    assert!(!picture.contains("php"), "no file name of the sender's is kept: {picture}");
    let (kind, body) = form(&fields, Some(("image", "x.png", b"<script>alert(1)</script>")));
    let refused = story.world.raw("/api/admin/hospitals", Some(admin), kind, body).await;
    assert!(matches!(refused.status.as_u16(), 409 | 415), "{}", refused.text);
    let listed = story.call("GET", "/api/hospitals", None, None, 200).await;
    let listed = listed.as_array().unwrap().iter().find(|row| row["name"] == "Fourth Hospital").unwrap();
    has(listed, "id,name,address,city,state,country,phone,email,website,services,image_url");
    let all = story.call("GET", "/api/admin/hospitals", Some(admin), None, 200).await;
    has(&all[0], "created_at,updated_at,services");
    let path = format!("/api/admin/hospitals/{}", made["hospital"]["id"]);
    let change =
        json!({"website": "https://h4.mamacare.example", "services": ["Blood bank"], "is_verified": true});
    story.call("PUT", &path, Some(admin), Some(change), 200).await;
    let one = story.call("GET", &path, Some(admin), None, 200).await;
    assert_eq!(one["services"], json!(["Blood bank"]));
    assert_eq!(one["license_number"], "H-4", "what is left out stays");
    story.call("DELETE", &path, Some(admin), None, 200).await;
    story.world.call("GET", &path, Some(admin), None).await.expect(404);
    let pharmacy = [
        ("name", "Second Pharmacy"),
        ("license_number", "P-4"),
        ("email", "p4@mamacare.example"),
        ("phone", "+23276000041"),
        ("address", "5 Example Road"),
        ("city", "Bo"),
        ("state", "Bo"),
        ("postal_code", "0000"),
        ("country", "Sierra Leone"),
        ("is_24_hours", "on"),
        ("is_verified", "on"),
    ];
    let (kind, body) = form(&pharmacy, None);
    let told = story.world.raw("/api/admin/pharmacies", Some(admin), kind, body).await;
    let made = story.expect("POST", "/api/admin/pharmacies", told, 201);
    assert_eq!(made["pharmacy"]["is_24_hours"], true);
    let (kind, body) = form(&pharmacy, None);
    story.world.raw("/api/admin/pharmacies", Some(admin), kind, body).await.expect(409);
    let path = format!("/api/admin/pharmacies/{}", made["pharmacy"]["id"]);
    story.call("GET", "/api/admin/pharmacies", Some(admin), None, 200).await;
    story.call("PUT", &path, Some(admin), Some(json!({"is_24_hours": false})), 200).await;
    assert_eq!(story.call("GET", &path, Some(admin), None, 200).await["is_24_hours"], false);
    let listed = story.call("GET", "/api/pharmacies", None, None, 200).await;
    has(&listed[0], "id,name,address,city,state,country,phone,email,website,is_24_hours");
    story.call("DELETE", &path, Some(admin), None, 200).await;
}

async fn professionals(story: &Story, admin: &str) {
    let doctor = [
        ("name", "D. Example"),
        ("license_number", "D-1"),
        ("email", "doctor@mamacare.example"),
        ("phone", "+23276000050"),
        ("professional_type", "Medical Doctor"),
        ("specialization", "Obstetrics"),
        ("hospital_affiliation", "First Hospital"),
        ("is_verified", "on"),
    ];
    let (kind, body) = form(&doctor, None);
    let told = story.world.raw("/api/admin/doctors", Some(admin), kind, body).await;
    let made = story.expect("POST", "/api/admin/doctors", told, 201);
    let fields = "id,name,license_number,email,phone,professional_type,specialization,hospital_affiliation,\
                  image_url,is_verified";
    has(&made["doctor"], fields);
    let all = story.call("GET", "/api/admin/doctors", Some(admin), None, 200).await;
    has(&all[0], "qualifications,experience,address,city,state,country,website");
    let path = format!("/api/admin/doctors/{}", made["doctor"]["id"].as_str().unwrap());
    let change = json!({"experience": "10 years", "is_verified": "yes"});
    story.call("PUT", &path, Some(admin), Some(change), 200).await;
    let one = story.call("GET", &path, Some(admin), None, 200).await;
    assert_eq!((one["experience"].as_str(), one["is_verified"].as_bool()), (Some("10 years"), Some(true)));
    story.world.call("PUT", &path, Some(admin), Some(json!({"pin": "123456"}))).await.expect(400);
    story.call("DELETE", &path, Some(admin), None, 200).await;
    story.world.call("GET", &path, Some(admin), None).await.expect(404);
}

async fn a_patient(story: &Story) {
    let form = json!({
        "email": "aminata@mamacare.example", "name": "Aminata Example", "given_name": "Aminata",
        "middle_name": "M", "family_name": "Example", "gender": "Female", "date_of_birth": "1998-04-12",
        "phone": PHONE, "address_line": "1 Example Road", "city": "Bo", "state": "Bo", "country": "Sierra Leone",
        "postal_code": "0000", "marital_status": "married", "language": "sw", "nationality": "Sierra Leonean",
        "blood_type": "O+", "allergies": ["penicillin", "dust"], "medications": "folic_acid",
        "emergency_contact_name": "B. Example", "emergency_contact_phone": "+23276000060",
        "emergency_contact_relationship": "sibling", "pregnancy_status": "pregnant", "previous_pregnancies": 1,
        "lmp_date": "2026-06-01", "multiple_pregnancy": "no", "risk_level": "low", "risk_factors": ["age"],
        "blood_pressure": "110/70", "hemoglobin": 11.5, "blood_sugar": 90, "weight": 62.5,
        "prenatal_vitamins": "yes", "pregnancy_complications": "", "emergency_hospital": "First Hospital",
        "birth_plan": "At the hospital", "consent": true
    });
    let told = story.call("POST", "/api/patient/register", None, Some(form), 202).await;
    assert_eq!((told["due_date"].as_str(), told["gestational_age"].as_i64()), (Some("2027-03-08"), Some(25)));
    let recovery = json!({"phone": PHONE});
    story.call("POST", "/api/patient/pin-recovery", None, Some(recovery), 200).await;
    let unknown = json!({"phone": "+23276999999"});
    story.call("POST", "/api/patient/pin-recovery", None, Some(unknown), 200).await;
    let texts = story.world.messages().await;
    let sent = texts.iter().rev().find_map(|text| text.split("PIN is ").nth(1)).unwrap();
    let sent = sent.split('.').next().unwrap();
    let reset = json!({"phone": PHONE, "pin": sent, "new_pin": "480625"});
    story.call("POST", "/api/patient/reset-pin", None, Some(reset), 200).await;
    let login = json!({"phone": PHONE, "pin": "480625"});
    let mut profile = story.call("POST", "/api/patient/profile", None, Some(login.clone()), 200).await;
    has(
        &profile,
        "id,name,email,phone,gender,date_of_birth,address_line,city,state,postal_code,country,blood_type,\
         allergies,medications,emergency_contact_name,emergency_contact_phone,\
         emergency_contact_relationship,marital_status,language,nationality,fhir_id,pregnancy_status,\
         previous_pregnancies,lmp_date,due_date,gestational_age,multiple_pregnancy,risk_level,risk_factors,\
         blood_pressure,hemoglobin,blood_sugar,weight,prenatal_vitamins,pregnancy_complications,\
         emergency_hospital,birth_plan",
    );
    assert_eq!(profile["blood_pressure"], Value::Null, "what staff measure is not told by her");
    // The old page sends the whole profile back, with her PIN in it.
    profile["pin"] = "480625".into();
    profile["city"] = "Kenema".into();
    profile["due_date"] = "2027-01-01".into();
    profile["language"] = "kri".into();
    let changed = story.call("PUT", "/api/patient/profile", None, Some(profile), 200).await;
    assert_eq!((changed["city"].as_str(), changed["language"].as_str()), (Some("Kenema"), Some("kri")));
    assert_eq!(changed["due_date"], "2027-03-08", "it is reckoned, not written");
    let bad = json!({"phone": PHONE, "pin": "480625", "role": "administrator"});
    story.world.call("PUT", "/api/patient/profile", None, Some(bad)).await.expect(400);
    let mobile = story.call("POST", "/api/mobile/auth", None, Some(login), 200).await;
    has(&mobile, "token,user_id,name,email");
    let token = mobile["token"].as_str().unwrap();
    // The mobile client sends the token without its scheme.
    let bare = [("authorization", token)];
    let told = story.world.ask("GET", "/api/mobile/profile", None, None, &bare).await;
    let profile = story.expect("GET", "/api/mobile/profile", told, 200);
    has(
        &profile,
        "id,name,email,phone,gender,date_of_birth,blood_type,allergies,medications,marital_status,language,\
         nationality,emergency_contact,pregnancy_info",
    );
    has(&profile["emergency_contact"], "name,phone,relationship");
    has(
        &profile["pregnancy_info"],
        "status,previous_pregnancies,lmp_date,due_date,gestational_age,multiple_pregnancy,risk_level,\
         risk_factors,blood_pressure,hemoglobin,blood_sugar,weight,prenatal_vitamins,complications,\
         emergency_hospital,birth_plan",
    );
    story.call("GET", "/api/mobile/medical-records", Some(token), None, 200).await;
    story.call("GET", "/api/patient/profile", Some(token), None, 200).await;
    story.call("GET", "/api/patient/medical-records", Some(token), None, 200).await;
    story.call("GET", "/api/patient/birth-records", Some(token), None, 200).await;
}

async fn clinical(story: &Story) {
    let nurse = story.world.sign_in("nurse").await;
    let nurse = nurse.as_str();
    let phone = "+23276000002";
    let id = story.world.patient(nurse, "Fatmata", Some(phone)).await;
    story.world.chosen_pin(phone, "480625").await;
    let own = story.world.patient_sign_in(phone, "480625").await;
    let record = json!({
        "patient_id": id, "date": "2026-11-20", "diagnosis": "Swollen feet", "treatment": "Rest",
        "medication": "none", "doctor": "D. Example", "hospital": "First Hospital"
    });
    let made = story.call("POST", "/api/patient/medical-records", Some(nurse), Some(record), 201).await;
    has(&made, "id,date,diagnosis,treatment,medication,doctor,hospital");
    let seen = story.call("GET", "/api/patient/medical-records", Some(&own), None, 200).await;
    assert_eq!(seen[0]["treatment"], "Rest");
    assert_eq!(seen[0]["hospital"], "First Hospital");
    let path = format!("/api/patient/medical-records/{}?patient_id={id}", made["id"]);
    story.world.call("DELETE", &path, None, None).await.expect(401);
    let other = story.world.sign_in("other-nurse").await;
    story.world.call("DELETE", &path, Some(&other), None).await.expect(403);
    story.call("DELETE", &path, Some(nurse), None, 200).await;
    assert_eq!(story.call("GET", "/api/patient/medical-records", Some(&own), None, 200).await, json!([]));
    let birth = json!({
        "patient_id": id, "date_of_birth": "2026-11-21", "baby_gender": "Female", "birth_type": "Vaginal",
        "birth_location": "First Hospital", "notes": ""
    });
    let made = story.call("POST", "/api/patient/birth-records", Some(nurse), Some(birth), 201).await;
    has(&made, "message,birth_record_id");
    let path = format!("/api/patient/birth-records/{}", made["birth_record_id"]);
    let change = json!({"patient_id": id, "birth_type": "Cesarean"});
    story.call("PUT", &path, Some(nurse), Some(change), 200).await;
    let seen = story.call("GET", "/api/patient/birth-records", Some(&own), None, 200).await;
    has(&seen[0], "id,patient_id,baby_gender,date_of_birth,birth_type,birth_location,notes,created_at");
    assert_eq!(seen[0]["birth_type"], "Cesarean");
    let admin = story.world.sign_in("admin").await;
    let stats = story.call("GET", "/api/admin/birth-records/stats", Some(&admin), None, 200).await;
    let expected = json!({"total_births": 1, "male_births": 0, "female_births": 1, "other_births": 0});
    assert_eq!(stats, expected);
    story.call("DELETE", &format!("{path}?patient_id={id}"), Some(nurse), None, 200).await;
    let feedback = json!({
        "patient_name": "Fatmata Example", "feedback_notes": "Both well", "referral_source": "PresTrack",
        "doctor_name": "D. Example", "doctor_phone": "+23276000050", "doctor_affiliation": "First Hospital"
    });
    let made = story.call("POST", "/api/referral-feedback", Some(nurse), Some(feedback), 201).await;
    has(&made, "message,feedback_id,sms_sent,timestamp");
    let listed = story.call("GET", "/api/referral-feedback?limit=10", Some(nurse), None, 200).await;
    has(
        &listed[0],
        "id,patient_name,referral_source,feedback_notes,doctor_name,doctor_phone,doctor_affiliation,\
         sms_sent,created_at",
    );
    let path = format!("/api/referral-feedback/{}", made["feedback_id"].as_str().unwrap());
    story.call("GET", &path, Some(nurse), None, 200).await;
    story.world.call("GET", &path, Some(&other), None).await.expect(404);
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
