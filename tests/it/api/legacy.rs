//! The old system's calls against this one.

use serde_json::json;

use super::world::World;

#[tokio::test]
async fn what_was_unsafe_is_gone_or_asks_who_calls() {
    let world = World::new().await;
    for (method, path, status) in [
        ("GET", "/api/debug/pins", 410),
        ("GET", "/api/doctors/pin/123456", 410),
        ("POST", "/api/patient/simple-pin-reset", 410),
        ("POST", "/api/admin/signup", 410),
        ("GET", "/api/export/csv", 401),
        ("POST", "/api/import/csv", 401),
        ("GET", "/api/referral-feedback", 401),
        ("POST", "/api/admin/create-admin", 401),
        ("DELETE", "/api/patient/medical-records/1", 401),
        ("GET", "/api/patient/profile?pin=123456", 401),
    ] {
        let told = world.call(method, path, None, None).await;
        assert_eq!(told.status.as_u16(), status, "{method} {path}: {}", told.text);
        assert!(told.body["error"].is_string(), "{method} {path}");
    }
    let anything = world.call("GET", "/api/admin/admins", Some("anything"), None).await;
    assert_eq!(anything.status, 401);
}

#[tokio::test]
async fn a_patient_registers_and_reads_her_profile_in_the_old_fields() {
    let world = World::new().await;
    let body = json!({
        "given_name": "Aminata", "family_name": "Example", "phone": "+23276000001", "date_of_birth": "1998-04-12",
        "consent": true, "gender": "female", "city": "Bo", "blood_type": "O+", "allergies": "penicillin, dust",
        "lmp_date": "2026-06-01"
    });
    let told = world.call("POST", "/api/patient/register", None, Some(body.clone())).await.expect(202);
    assert_eq!(told["due_date"], "2027-03-08");
    assert!(!told.to_string().contains("pin\""), "{told}");
    let again = world.call("POST", "/api/patient/register", None, Some(body)).await.expect(202);
    assert_eq!(told, again, "it does not tell who is registered");
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM person").fetch_one(&world.database.pool).await.unwrap();
    assert_eq!(count, 1);
    let phone = "+23276000001";
    let sent = world.messages().await;
    let pin = sent[0].split("PIN is ").nth(1).unwrap().split('.').next().unwrap();
    let early = json!({"phone": phone, "pin": pin});
    world.call("POST", "/api/patient/profile", None, Some(early)).await.expect(403);
    world.chosen_pin(phone, "480625").await;
    let login = json!({"phone": phone, "pin": "480625"});
    let profile = world.call("POST", "/api/patient/profile", None, Some(login)).await.expect(200);
    assert_eq!(profile["name"], "Aminata Example");
    assert_eq!(profile["allergies"], "penicillin, dust");
    assert_eq!(profile["pregnancy_status"], "pregnant");
    let change = json!({"phone": phone, "pin": "480625", "city": "Kenema"});
    let changed = world.call("PUT", "/api/patient/profile", None, Some(change)).await.expect(200);
    assert_eq!(changed["city"], "Kenema");
    let mobile = world
        .call("POST", "/api/mobile/auth", None, Some(json!({"phone": phone, "pin": "480625"})))
        .await
        .expect(200);
    let token = mobile["token"].as_str().unwrap();
    // The old client sends the token without its scheme.
    let bare =
        world.ask("GET", "/api/mobile/profile", None, None, &[("authorization", token)]).await.expect(200);
    assert_eq!(bare["pregnancy_info"]["status"], "pregnant");
}

#[tokio::test]
async fn administrators_keep_hospitals_and_take_tables_in_and_out() {
    let world = World::new().await;
    let admin = world.sign_in("admin").await;
    let hospital = json!({
        "name": "=HYPERLINK(1)", "license_number": "H-7", "email": "h7@mamacare.example", "phone": "+23276000008",
        "address": "1 Example Road", "city": "Bo", "state": "Bo", "postal_code": "0000", "country": "Sierra Leone",
        "services": "Maternity Care\nBlood bank", "is_verified": "on"
    });
    let made =
        world.call("POST", "/api/admin/hospitals", Some(&admin), Some(hospital.clone())).await.expect(201);
    assert_eq!(made["hospital"]["services"], json!(["Maternity Care", "Blood bank"]));
    world.call("POST", "/api/admin/hospitals", Some(&admin), Some(hospital)).await.expect(409);
    let table = "given_name,family_name,birth_date,phone,language,consent\n\
                 Aminata,=cmd(),1998-04-12,+23276000001,en,yes\n\
                 Fatmata,Example,2999-01-01,,en,yes\n\
                 Isatu,Example,,,en,no\n";
    let tried = world
        .raw("/api/v1/imports/patients?dry_run=true&facility=90001", Some(&admin), "text/csv", table)
        .await;
    assert!(tried.text.contains("\"created\":1") && tried.text.contains("\"refused\":2"), "{}", tried.text);
    let count =
        || sqlx::query_scalar::<_, i64>("SELECT count(*) FROM person").fetch_one(&world.database.pool);
    assert_eq!(count().await.unwrap(), 0);
    let taken = world.raw("/api/v1/imports/patients?facility=90001", Some(&admin), "text/csv", table).await;
    assert!(taken.text.lines().last().unwrap().contains("\"event\":\"done\""), "{}", taken.text);
    assert_eq!(count().await.unwrap(), 1);
    let again = world.raw("/api/v1/imports/patients?facility=90001", Some(&admin), "text/csv", table).await;
    assert!(again.text.contains("\"known\":1"), "{}", again.text);
    let out = world.call("GET", "/api/export/csv", Some(&admin), None).await;
    assert!(out.text.starts_with("ID,Name,Email,Phone,Gender"), "{}", out.text);
    assert!(out.text.contains("Aminata =cmd()"), "{}", out.text);
    assert!(out.text.contains(",'+23276000001,"), "no cell begins as a formula: {}", out.text);
    let lines: i64 = sqlx::query_scalar("SELECT count(*) FROM access_log WHERE act = 'export'")
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
    assert_eq!(lines, 1);
    assert_eq!(
        world.call("GET", "/api/admin/patients/count", Some(&admin), None).await.expect(200)["count"],
        1
    );
    world.call("GET", "/api/admin/birth-records/stats", Some(&admin), None).await.expect(200);
}
