//! Hospitals and pharmacies, as their administration keeps them and anybody lists them.

use serde_json::json;

use super::{Story, form, has};

pub async fn hospitals(story: &Story, admin: &str) {
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
}

pub async fn pharmacies(story: &Story, admin: &str) {
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
