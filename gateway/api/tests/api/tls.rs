//! The same over TLS.

use crate::support::gateway::PASSWORD;
use crate::support::{Frame, House, Socket, within};
use gatehouse_api::Limits;
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SHORT: Duration = Duration::from_millis(150);
const SIGN_IN: &str = r#"mutation { signIn(input: {name: "Ana", password: "correct horse"}) { token } }"#;

#[tokio::test]
async fn whoever_trusts_the_home_is_served_over_tls_and_gets_cookies_for_tls_only() {
    let house = House::new().await;
    let client = house.client();
    assert_eq!(client.get("/healthz").await.text(), "ok");
    assert!(client.get("/").await.text().starts_with("<!doctype html>"));
    let input = json!({
        "code": house.gateway.claim_code().await, "homeName": "Lakeside", "memberName": "Ana", "password": PASSWORD,
    });
    let document = "mutation ($input: ClaimGatewayInput!) { claimGateway(input: $input) { token } }";
    let reply = client.own_page().ask(document, json!({ "input": input })).await;
    assert!(reply.data()["claimGateway"]["token"].is_null(), "a browser gets no token to keep");
    let cookie = reply.header("set-cookie").unwrap();
    assert!(cookie.starts_with("gatehouse_session="), "{cookie}");
    for attribute in ["Secure", "HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.split("; ").any(|part| part == attribute), "{attribute}: {cookie}");
    }
    let pair = cookie.split(';').next().unwrap();
    let signed_in = client.own_page().header("cookie", pair);
    assert_eq!(signed_in.ask("{ home { name } }", json!({})).await.data()["home"]["name"], "Lakeside");
    let out = signed_in.ask("mutation { signOut }", json!({})).await;
    assert!(out.header("set-cookie").unwrap().ends_with("; Secure"));

    let plain = house.gateway.client().own_page().ask(SIGN_IN, json!({})).await;
    assert!(!plain.header("set-cookie").unwrap().contains("Secure"), "loopback and proxies go on as before");
}

#[tokio::test]
async fn over_tls_only_pages_that_are_encrypted_too_are_ours() {
    let house = House::new().await;
    house.gateway.claim().await;
    let client = house.client();
    assert_eq!(client.own_page().ask(SIGN_IN, json!({})).await.status, 200);
    for origin in [format!("http://{}", house.https), format!("https://{}", house.doorway), "null".to_owned()] {
        let reply = client.header("origin", &origin).ask(SIGN_IN, json!({})).await;
        assert_eq!((reply.status, reply.header("set-cookie")), (403, None), "{origin}");
    }
    assert_eq!(client.header("host", "evil.example").get("/").await.status, 421);
    assert_eq!(client.header("host", "gatehouse.local").get("/healthz").await.status, 200);
    for path in ["/", "/healthz"] {
        let reply = client.get(path).await;
        assert_eq!(reply.header("strict-transport-security"), None, "a reset device could not come in any more");
    }
}

#[tokio::test]
async fn http_1_1_is_agreed_on() {
    let house = House::new().await;
    let connection = house.connect().await;
    assert_eq!(connection.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
}

#[tokio::test]
async fn an_open_websocket_outlives_a_new_certificate() {
    let house = House::new().await;
    let token = house.gateway.claim().await;
    let connection = house.connection().await;
    let mut socket = Socket::open_over(connection, house.https, "graphql-transport-ws", &[]).await.unwrap();
    socket.init(&token).await;
    let mut board = house.gateway.online_board("lamp", 1).await;
    socket.subscribe("s", "subscription { switchChanged { on } }", json!({})).await;
    assert_eq!(socket.data("s").await["switchChanged"]["on"], false);

    let certificate = async || house.connect().await.get_ref().1.peer_certificates().unwrap()[0].clone();
    let before = certificate().await;
    house.also_named(&["lakeside.local"]);
    assert_ne!(certificate().await, before, "who comes now gets the new one");

    board.report(1, true, gatehouse_core::device::Cause::Button, None).await;
    assert_eq!(socket.data("s").await["switchChanged"]["on"], true);
    socket.say(json!({ "type": "ping" })).await;
    assert_eq!(socket.next().await, Frame::Text(json!({ "type": "pong" })));
    house.gateway.stop.cancel();
    assert_eq!(socket.next().await, Frame::Close(1001), "and it ends in order");
}

#[tokio::test]
async fn a_handshake_that_says_nothing_is_cut_and_holds_up_nobody() {
    let house = House::with(Limits { handshake: SHORT, ..Limits::default() }).await;
    let mut mute = TcpStream::connect(house.https).await.unwrap();
    let mut half = TcpStream::connect(house.https).await.unwrap();
    half.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01]).await.unwrap();
    let mut rest = Vec::new();
    within("the end of the one that is mute", mute.read_to_end(&mut rest)).await.unwrap();
    within("the end of the one that stops midway", half.read_to_end(&mut rest)).await.unwrap();
    assert!(rest.is_empty(), "{rest:?}");
}

#[tokio::test]
async fn others_are_served_while_handshakes_hang_and_a_stop_waits_for_none() {
    let house = House::with(Limits { handshake: Duration::from_secs(3_600), ..Limits::default() }).await;
    let mut hanging = Vec::new();
    for _ in 0..20 {
        hanging.push(TcpStream::connect(house.https).await.unwrap());
    }
    assert_eq!(house.client().get("/healthz").await.status, 200);
    house.gateway.stop.cancel();
    for stream in &mut hanging {
        within("the end of the connection", stream.read_to_end(&mut Vec::new())).await.unwrap();
    }
}

#[tokio::test]
async fn hanging_handshakes_take_places_like_any_connection() {
    let limits = Limits { handshake: Duration::from_secs(3_600), connections_per_address: 2, ..Limits::default() };
    let house = House::with(limits).await;
    let _hanging = TcpStream::connect(house.https).await.unwrap();
    let hanging_too = TcpStream::connect(house.https).await.unwrap();
    let mut third = TcpStream::connect(house.https).await.unwrap();
    within("the end of one too many", third.read_to_end(&mut Vec::new())).await.unwrap();
    drop(hanging_too);
    // The place is free again once the gateway has noticed; until then it closes what comes.
    within("a free place", async {
        let ask = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        loop {
            let mut next = TcpStream::connect(house.gateway.address).await.unwrap();
            let mut answer = Vec::new();
            let _refused = next.write_all(ask).await;
            let _refused = next.read_to_end(&mut answer).await;
            if answer.starts_with(b"HTTP/1.1 200") {
                return;
            }
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_not_tls_is_refused_on_the_tls_port() {
    let house = House::new().await;
    let mut stream = TcpStream::connect(house.https).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _reset = within("the end of the connection", stream.read_to_end(&mut answer)).await;
    assert!(!answer.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(house.client().get("/healthz").await.status, 200);
}
