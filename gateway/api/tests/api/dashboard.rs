//! Static files, and whether the gateway lives.

use crate::support::Gateway;

#[tokio::test]
async fn the_page_is_on_every_path_that_is_no_file_and_may_load_only_from_us() {
    let gateway = Gateway::unclaimed().await;
    let client = gateway.client();
    for path in ["/", "/claim", "/rooms/r1", "/index.html", "/?x=y"] {
        let reply = client.get(path).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, Some("text/html; charset=utf-8")), "{path}");
        assert!(reply.text().starts_with("<!doctype html>"));
        assert_eq!(reply.header("cache-control"), Some("no-cache"));
        let policy = reply.header("content-security-policy").unwrap();
        for rule in
            ["default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action", "connect-src 'self'"]
        {
            assert!(policy.contains(rule), "{policy}");
        }
        assert!(!policy.contains("unsafe"));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("referrer-policy"), Some("same-origin"));
    }
    for path in ["/assets/nothing.js", "/nothing.png", "/assets/", "/../Cargo.toml", "/%2e%2e/Cargo.toml"] {
        assert_eq!(client.get(path).await.status, 404, "{path}");
    }
    let reply = client.send("POST", "/", b"").await;
    assert_eq!((reply.status, reply.header("allow")), (405, Some("GET, HEAD")));
    assert_eq!(client.send("HEAD", "/", b"").await.body, b"");
}

#[tokio::test]
async fn a_file_the_browser_has_is_not_sent_again() {
    let gateway = Gateway::unclaimed().await;
    let client = gateway.client();
    let first = client.get("/").await;
    let tag = first.header("etag").unwrap();
    let again = client.header("if-none-match", &format!("\"other\", W/{tag}")).get("/").await;
    assert_eq!((again.status, again.body.as_slice()), (304, &b""[..]));
    assert_eq!(client.header("if-none-match", "\"other\"").get("/").await.status, 200);
    let packed = client.header("accept-encoding", "br, gzip;q=0.5").get("/").await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_eq!(packed.body[..2], [0x1f, 0x8b]);
    assert_ne!(packed.header("etag"), Some(tag));
    assert_eq!(client.header("accept-encoding", "gzip;q=0").get("/").await.header("content-encoding"), None);
}

#[tokio::test]
async fn alive_and_ready_are_told_to_anyone() {
    let gateway = Gateway::unclaimed().await;
    let client = gateway.client();
    assert_eq!((client.get("/healthz").await.status, client.get("/healthz").await.text()), (200, "ok"));
    assert_eq!(client.get("/readyz").await.status, 200);
    gateway.ready.send_replace(false);
    assert_eq!((client.get("/readyz").await.status, client.get("/healthz").await.status), (503, 200));
    gateway.ready.send_replace(true);
    assert_eq!(client.get("/readyz").await.status, 200);
    assert_eq!(client.send("POST", "/healthz", b"").await.status, 405);
}
