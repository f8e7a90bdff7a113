//! What every answer tells a browser.

use crate::harness::TestNode;

#[tokio::test]
async fn every_answer_says_what_a_browser_may_do_with_it() {
    let node = TestNode::new().await;
    for path in ["/healthz", "/openapi.json", "/api/v1/patients", "/nowhere"] {
        let answer = node.get(path).await;
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert!(
            header("content-security-policy").starts_with("default-src 'none'; frame-ancestors 'none'"),
            "{path}"
        );
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
        assert!(!answer.headers().contains_key("strict-transport-security"), "{path} is not reached by TLS");
    }
    let page = node.get("/docs/").await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.headers()["x-content-type-options"], "nosniff");
    assert_eq!(page.headers()["cache-control"], "no-store");
    node.stop().await;
}

#[tokio::test]
async fn a_proxy_that_was_asked_by_tls_is_believed_where_it_is_trusted() {
    for (trusted, by, told) in [
        (Some("127.0.0.0/8"), "https", true),
        (Some("127.0.0.0/8"), "http", false),
        (Some("10.0.0.0/8"), "https", false),
        (None, "https", false),
    ] {
        let node = TestNode::with(|settings| {
            "https://example.org".clone_into(&mut settings.server.public_url);
            settings.server.trusted_proxies =
                trusted.iter().map(|network| network.parse().unwrap()).collect();
        })
        .await;
        let client = reqwest::Client::builder().build().unwrap();
        let asked = client.get(node.url("/healthz")).header("x-forwarded-proto", by);
        let answer = asked.send().await.unwrap();
        assert_eq!(answer.headers().contains_key("strict-transport-security"), told, "{trusted:?} {by}");
        node.stop().await;
    }
}
