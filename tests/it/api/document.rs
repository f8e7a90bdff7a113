//! The OpenAPI document.

use super::world::World;

#[tokio::test]
async fn it_is_served_with_a_page_to_try_it() {
    let world = World::new().await;
    let served = world.call("GET", "/openapi.json", None, None).await.expect(200);
    assert_eq!(served["openapi"], "3.1.0");
    assert_eq!(served["paths"], mamacare::api::document("http://127.0.0.1:8080")["paths"]);
    let page = world.call("GET", "/docs/", None, None).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("swagger-ui") && !page.text.contains("https://"), "{}", page.text);
}

#[test]
fn each_operation_is_described_and_refers_to_what_there_is() {
    let document = mamacare::api::document("https://mamacare.example");
    let text = document.to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
    let mut ids = std::collections::BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let at = format!("{method} {path}");
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{at}");
            assert!(operation["summary"].as_str().unwrap().len() > 5, "{at}");
            assert!(operation["responses"].as_object().unwrap().len() >= 2, "{at}");
            let holes = path.matches('{').count();
            let named = operation["parameters"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|parameter| parameter["in"] == "path");
            assert_eq!(named.count(), holes, "{at}");
        }
    }
}
