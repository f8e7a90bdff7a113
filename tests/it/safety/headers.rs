//! What every answer tells a browser.

use crate::harness::TestNode;

#[tokio::test]
async fn every_answer_says_what_a_browser_may_do_with_it() {
    let node =
        TestNode::with(|settings| "https://example.org".clone_into(&mut settings.server.public_url)).await;
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
        assert_eq!(header("strict-transport-security"), "max-age=31536000", "{path}");
    }
    let page = node.get("/docs/").await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.headers()["x-content-type-options"], "nosniff");
    assert_eq!(page.headers()["cache-control"], "no-store");
    node.stop().await;
    let node = TestNode::new().await;
    let answer = node.get("/healthz").await;
    assert!(!answer.headers().contains_key("strict-transport-security"), "it is not reached by TLS");
    node.stop().await;
}
