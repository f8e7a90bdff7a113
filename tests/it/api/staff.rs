//! Staff and facilities: registered, verified, invited, suspended, removed.

use mamacare::identity::Role;
use serde_json::json;

use super::world::{HOSPITAL, OTHER_HOSPITAL, PASSWORD, World, address};

#[tokio::test]
async fn a_hospital_registers_is_verified_and_is_listed() {
    let world = World::new().await;
    let body = json!({
        "name": "Third Hospital", "license_number": "H-3", "district": "bo", "town": "Bo", "address": "1 Example Road",
        "phone": "+23276000009", "email": "third@mamacare.example", "contact_name": "T. Example",
        "services": ["maternity"]
    });
    world.call("POST", "/api/v1/registrations/hospital", None, Some(body.clone())).await.expect(202);
    world.call("POST", "/api/v1/registrations/hospital", None, Some(body)).await.expect(202);
    let names = |listed: &serde_json::Value| listed.to_string().contains("Third Hospital");
    let public = world.call("GET", "/api/hospitals", None, None).await.expect(200);
    assert!(!names(&public));
    let admin = world.sign_in("admin").await;
    let waiting = world.call("GET", "/api/v1/registrations", Some(&admin), None).await.expect(200);
    assert_eq!(waiting["items"].as_array().unwrap().len(), 1);
    let id = waiting["items"][0]["id"].as_i64().unwrap();
    world.call("POST", &format!("/api/v1/facilities/{id}/verify"), Some(&admin), None).await.expect(200);
    assert!(names(&world.call("GET", "/api/hospitals", None, None).await.expect(200)));
    let token = world.mailed_token().await;
    let accept = json!({"token": token, "password": "seven quiet mangoes"});
    world.call("POST", "/api/invitations/accept", None, Some(accept)).await.expect(200);
    let login = json!({"email": "third@mamacare.example", "password": "seven quiet mangoes"});
    let signed_in = world.call("POST", "/api/login", None, Some(login)).await.expect(200);
    assert_eq!(signed_in["user"]["facility"], id);
    let token = signed_in["token"].as_str().unwrap();
    let png = b"\x89PNG\r\n\x1a\n rest".to_vec();
    world.raw("/api/v1/facility/documents/license", Some(token), "image/png", png).await.expect(201);
    let html = b"<html><script>alert(1)</script>".to_vec();
    world.raw("/api/v1/facility/documents/license", Some(token), "image/png", html).await.expect(415);
    let large = vec![0_u8; 6 * 1024 * 1024];
    world.raw("/api/v1/facility/documents/license", Some(token), "application/pdf", large).await.expect(413);
}

#[tokio::test]
async fn a_hospital_manages_its_own_staff_alone() {
    let world = World::new().await;
    let hospital = world.sign_in("hospital").await;
    let listed = world.call("GET", "/api/v1/users", Some(&hospital), None).await.expect(200);
    let names: Vec<_> = listed["items"].as_array().unwrap().iter().map(|user| user["name"].clone()).collect();
    assert_eq!(names, ["nurse"]);
    let invite = |facility: i32| {
        Some(json!({
            "role": "professional", "name": "New", "email": address("new"), "profession": "midwife", "facility": facility
        }))
    };
    world.call("POST", "/api/v1/users", Some(&hospital), invite(OTHER_HOSPITAL)).await.expect(403);
    let made = world.call("POST", "/api/v1/users", Some(&hospital), invite(HOSPITAL)).await.expect(201);
    assert_eq!(made["status"], "invited");
    let admin = json!({"role": "hospital", "name": "New", "email": address("boss")});
    world.call("POST", "/api/v1/users", Some(&hospital), Some(admin)).await.expect(403);
    let path = format!("/api/v1/users/{}", listed["items"][0]["id"].as_str().unwrap());
    let other = world.sign_in("other-hospital").await;
    world.call("GET", &path, Some(&other), None).await.expect(404);
    world.call("DELETE", &path, Some(&other), None).await.expect(404);
    let nurse = world.sign_in("nurse").await;
    let etag = world.call("GET", &path, Some(&hospital), None).await.etag.unwrap();
    let suspend = Some(json!({"status": "suspended"}));
    world.ask("PATCH", &path, Some(&hospital), suspend, &[("if-match", &etag)]).await.expect(200);
    world.call("GET", "/api/account", Some(&nurse), None).await.expect(401);
    let login = json!({"email": address("nurse"), "password": PASSWORD});
    world.call("POST", "/api/login", None, Some(login)).await.expect(401);
}

#[tokio::test]
async fn neither_the_last_administrator_nor_oneself_is_removed() {
    let world = World::new().await;
    let admin = world.sign_in("admin").await;
    let own = world.call("GET", "/api/account", Some(&admin), None).await.expect(200);
    let own = format!("/api/admin/admins/{}", own["id"].as_str().unwrap());
    world.call("DELETE", &own, Some(&admin), None).await.expect(409);
    world.call("PUT", &own, Some(&admin), Some(json!({"status": "inactive"}))).await.expect(409);
    let hash: String = sqlx::query_scalar("SELECT password_hash FROM staff LIMIT 1")
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
    let second = world.account(Role::Administrator, "second", None, None, &hash).await;
    let second_token = world.sign_in("second").await;
    world.call("DELETE", &own, Some(&second_token), None).await.expect(200);
    world.call("GET", "/api/account", Some(&admin), None).await.expect(401);
    let own = format!("/api/v1/administrators/{second}");
    world.call("DELETE", &own, Some(&second_token), None).await.expect(409);
}
