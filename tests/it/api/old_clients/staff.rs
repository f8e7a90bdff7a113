//! Who works with it: registrations and how they are let in, administrators, professionals.

use serde_json::json;

use super::{Story, form, has};

pub async fn registrations(story: &Story, admin: &str) {
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

pub async fn administrators(story: &Story, admin: &str) {
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

pub async fn professionals(story: &Story, admin: &str) {
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
