//! The home's certificate authority, and the page for those who do not trust it yet.

use crate::support::{Gateway, House, Socket};
use serde_json::json;

#[tokio::test]
async fn the_certificate_authority_is_handed_out_everywhere_byte_for_byte() {
    let house = House::new().await;
    for client in [house.stranger(), house.client(), house.gateway.client()] {
        let reply = client.get("/ca.crt").await;
        assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/x-x509-ca-cert")));
        assert_eq!(reply.body, house.served.authority().certificate_der());
        assert_eq!(client.header("host", "evil.example").get("/ca.crt").await.status, 421);
    }
    let gateway = Gateway::unclaimed().await;
    assert_eq!(gateway.client().get("/ca.crt").await.status, 404, "there is none");
}

#[tokio::test]
async fn the_doorway_answers_nothing_but_its_own_pages() {
    let house = House::new().await;
    let token = house.gateway.claim().await;
    let stranger = house.stranger();
    let ana = stranger.bearer(&token);
    assert_eq!(stranger.get("/healthz").await.text(), "ok");
    assert_eq!(stranger.get("/readyz").await.status, 200);
    house.gateway.ready.send_replace(false);
    assert_eq!(stranger.get("/readyz").await.status, 503);
    for path in ["/graphql", "/graphql?query={home{name}}", "/metrics", "/gatehouse.svg", "/assets/x.js", "/ca.key"] {
        let reply = ana.get(path).await;
        assert_eq!((reply.status, reply.text()), (404, "This is served over HTTPS only.\n"), "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        for path in ["/graphql", "/", "/healthz", "/ca.crt"] {
            let reply = ana.send(method, path, br#"{"query": "{ home { name } }"}"#).await;
            assert_eq!((reply.status, reply.code().as_str()), (403, "FORBIDDEN"), "{method} {path}");
            assert!(reply.message().contains(&format!("https://{}{path}", house.https)), "{}", reply.message());
        }
    }
    let upgrade = Socket::open(house.doorway, "graphql-transport-ws", &[]).await.map(|_| ());
    assert_eq!(upgrade, Err(404));
}

#[tokio::test]
async fn nothing_sent_to_the_doorway_has_any_effect() {
    let house = House::new().await;
    let input = json!({
        "code": house.gateway.claim_code().await, "homeName": "Mine", "memberName": "Eve", "password": "seven quiet lamps",
    });
    let document = "mutation ($input: ClaimGatewayInput!) { claimGateway(input: $input) { token } }";
    for client in [house.stranger(), house.stranger().own_page()] {
        let reply = client.ask(document, json!({ "input": input })).await;
        assert_eq!((reply.status, reply.header("set-cookie")), (403, None));
    }
    let claimed = house.client().ask("{ gateway { claimed } }", json!({})).await;
    assert_eq!(claimed.data()["gateway"]["claimed"], false);
}

#[tokio::test]
async fn the_page_shows_the_fingerprint_and_may_ask_only_the_gateway_over_https() {
    let house = House::new().await;
    let authority = house.served.authority();
    let https = format!("https://{}", house.https);
    for path in ["/", "/claim", "/rooms/r1", "/sign-in?x=y"] {
        let reply = house.stranger().get(path).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, Some("text/html; charset=utf-8")), "{path}");
        let page = reply.text();
        assert!(page.contains(&authority.fingerprint().to_string()) && page.contains(authority.name()), "{page}");
        assert!(page.contains(&format!("data-https=\"{https}\"")), "{page}");
        assert!(!page.contains("{{") && !page.contains("style=") && !page.contains("onclick"), "{page}");
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.ends_with(&format!("; connect-src {https}")), "{policy}");
        assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
    for (path, content_type) in [
        ("/doorway.js", "text/javascript; charset=utf-8"),
        ("/doorway.css", "text/css; charset=utf-8"),
        ("/doorway.svg", "image/svg+xml"),
    ] {
        let reply = house.stranger().get(path).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, Some(content_type)), "{path}");
    }
}

#[tokio::test]
async fn the_page_leads_to_the_name_that_was_asked_for() {
    let house = House::new().await;
    let port = house.https.port();
    for (host, name) in
        [("gatehouse.local", "gatehouse.local"), ("[::1]:80", "[::1]"), ("Home.Example:80", "home.example")]
    {
        let page = house.stranger().header("host", host).get("/claim").await;
        assert!(page.text().contains(&format!("data-https=\"https://{name}:{port}\"")), "{host}");
    }
    let odd = house.stranger().header("host", "localhost:1;script-src *\"><script>").get("/").await;
    let policy = odd.header("content-security-policy");
    assert!(odd.status == 421 || odd.status == 400 || policy.is_some_and(|policy| !policy.contains('*')), "{odd:?}");
    assert!(!odd.text().contains("<script>"));
    assert_eq!(house.stranger().header("host", "evil.example").get("/").await.status, 421);
}
