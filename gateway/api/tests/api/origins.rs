//! Requests for another host, and from another's page.

use crate::support::{Gateway, Socket};
use serde_json::json;

#[tokio::test]
async fn a_request_for_another_host_is_misdirected_whatever_it_asks() {
    let (_gateway, ana) = Gateway::claimed().await;
    for host in ["evil.example", "192.0.2.1", "localhost.evil.example"] {
        for path in ["/", "/graphql", "/healthz", "/readyz", "/assets/x.js"] {
            assert_eq!(ana.header("host", host).get(path).await.status, 421, "{host} {path}");
        }
        assert_eq!(ana.header("host", host).ask("{ home { name } }", json!({})).await.status, 421);
    }
    assert_eq!(ana.raw(b"GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n").await.status, 421);
    for host in ["localhost", "gatehouse.local:80", "home.example", "[::1]:1"] {
        assert_eq!(ana.header("host", host).get("/healthz").await.status, 200, "{host}");
    }
}

#[tokio::test]
async fn a_page_let_in_asks_with_a_token_and_never_with_a_cookie() {
    let (gateway, ana) = Gateway::claimed().await;
    let page = ana.header("origin", "https://panel.example");
    let reply = page.ask("{ home { name } }", json!({})).await;
    assert_eq!(reply.data()["home"]["name"], "Lakeside");
    assert_eq!(reply.header("access-control-allow-origin"), Some("https://panel.example"));
    assert_eq!(reply.header("access-control-allow-credentials"), None);
    let preflight = page.send("OPTIONS", "/graphql", b"").await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header("access-control-allow-headers"), Some("authorization, content-type"));
    let token = gateway.sign_in().await;
    let cookie = gateway.client().header("origin", "https://panel.example");
    let cookie = cookie.header("cookie", &format!("gatehouse_session={token}"));
    assert_eq!(cookie.ask("{ home { name } }", json!({})).await.code(), "UNAUTHENTICATED");
    let foreign = ana.header("origin", "https://other.example");
    let reply = foreign.send("OPTIONS", "/graphql", b"").await;
    assert_eq!((reply.status, reply.header("access-control-allow-origin")), (403, None));
    assert_eq!(foreign.ask("{ home { name } }", json!({})).await.status, 403);
}

#[tokio::test]
async fn a_websocket_with_a_cookie_needs_our_own_page() {
    let (gateway, _) = Gateway::claimed().await;
    let cookie = format!("gatehouse_session={}", gateway.sign_in().await);
    let own = format!("http://{}", gateway.address);
    let open = async |headers: &[(&str, &str)]| {
        Socket::open(gateway.address, "graphql-transport-ws", headers).await.map(|_| ()).err()
    };
    assert_eq!(open(&[("origin", &own), ("cookie", &cookie)]).await, None);
    assert_eq!(open(&[("cookie", &cookie)]).await, Some(403));
    assert_eq!(open(&[("origin", "http://evil.example"), ("cookie", &cookie)]).await, Some(403));
    assert_eq!(open(&[("origin", "http://evil.example")]).await, Some(403));
    assert_eq!(open(&[("host", "evil.example")]).await, Some(421));
    let mut socket =
        Socket::open(gateway.address, "graphql-transport-ws", &[("origin", &own), ("cookie", &cookie)]).await.unwrap();
    socket.say(json!({ "type": "connection_init" })).await;
    assert_eq!(socket.next().await.text()["type"], "connection_ack");
    let document = r#"mutation { signIn(input: {name: "Ana", password: "correct horse"}) { token } }"#;
    socket.subscribe("1", document, json!({})).await;
    let answer = socket.next().await.text();
    assert_eq!(answer["payload"]["errors"][0]["extensions"]["code"], "CONFLICT", "no cookie can be set here: {answer}");
}
