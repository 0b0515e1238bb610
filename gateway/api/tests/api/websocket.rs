//! The two subprotocols, and what ends a connection.

use crate::support::gateway::settings;
use crate::support::{Frame, Gateway, Socket, within};
use futures_util::{SinkExt, StreamExt};
use gatehouse_api::{Limits, Settings};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

const TRANSPORT: &str = "graphql-transport-ws";
const SWITCHES: &str = "subscription { switchChanged { id } }";
const PENDING: &str = "subscription { switchRemoved }";

fn with(limits: Limits) -> Settings {
    Settings { limits, ..settings() }
}

async fn say_first(gateway: &Gateway, protocol: &str, message: Value) -> Frame {
    let mut socket = Socket::open(gateway.address, protocol, &[]).await.unwrap();
    socket.say(message).await;
    socket.next().await
}

#[tokio::test]
async fn nobody_gets_in_without_a_session() {
    let unclaimed = Gateway::unclaimed().await;
    let (claimed, _) = Gateway::claimed().await;
    for gateway in [unclaimed, claimed] {
        for payload in
            [Value::Null, json!({}), json!({ "token": "" }), json!({ "token": "0123" }), json!({ "token": 1 })]
        {
            let init = json!({ "type": "connection_init", "payload": payload });
            assert_eq!(say_first(&gateway, TRANSPORT, init.clone()).await, Frame::Close(4401), "{payload}");
            let mut old = Socket::open(gateway.address, "graphql-ws", &[]).await.unwrap();
            old.say(init).await;
            assert_eq!(old.next().await.text()["type"], "connection_error");
            assert_eq!(old.next().await, Frame::Close(4401));
        }
        let early = json!({ "type": "subscribe", "id": "1", "payload": { "query": SWITCHES } });
        assert_eq!(say_first(&gateway, TRANSPORT, early).await, Frame::Close(4401));
    }
}

#[tokio::test]
async fn an_upgrade_needs_a_subprotocol_we_speak() {
    let gateway = Gateway::unclaimed().await;
    assert_eq!(Socket::open(gateway.address, "mqtt", &[]).await.err(), Some(400));
    assert!(Socket::open(gateway.address, "mqtt, graphql-ws, graphql-transport-ws", &[]).await.is_ok());
    let not_really = gateway.client().header("upgrade", "websocket").header("sec-websocket-protocol", TRANSPORT);
    assert_eq!(not_really.get("/graphql").await.status, 400);
}

#[tokio::test]
async fn whoever_says_nothing_is_closed() {
    let (gateway, _) = Gateway::claimed_with(with(Limits { init: Duration::from_secs(1), ..Limits::default() })).await;
    let mut mute = Socket::open(gateway.address, TRANSPORT, &[]).await.unwrap();
    let mut chatty = Socket::open(gateway.address, TRANSPORT, &[]).await.unwrap();
    chatty.say(json!({ "type": "ping" })).await;
    assert_eq!(chatty.next().await, Frame::Text(json!({ "type": "pong" })));
    assert_eq!(mute.next().await, Frame::Close(4408));
    assert_eq!(chatty.next().await, Frame::Close(4408));
}

#[tokio::test]
async fn what_the_protocol_forbids_closes_with_its_code() {
    let (gateway, _) = Gateway::claimed().await;
    let token = gateway.sign_in().await;
    let subscribe = |id: Value, payload: Value| json!({ "type": "subscribe", "id": id, "payload": payload });
    for (code, message) in [
        (4429, json!({ "type": "connection_init", "payload": { "token": token } })),
        (4400, json!({ "type": "nonsense" })),
        (4400, json!({})),
        (4400, json!([])),
        (4400, subscribe(Value::Null, json!({ "query": SWITCHES }))),
        (4400, json!({ "type": "subscribe", "id": "1" })),
        (4400, json!({ "type": "complete" })),
    ] {
        let mut socket = gateway.socket(&token).await;
        socket.say(message.clone()).await;
        assert_eq!(socket.next().await, Frame::Close(code), "{message}");
    }
    let mut socket = gateway.socket(&token).await;
    socket.subscribe("same", PENDING, json!({})).await;
    socket.subscribe("same", PENDING, json!({})).await;
    assert_eq!(socket.next().await, Frame::Close(4409));
    let mut socket = gateway.socket(&token).await;
    let _closed = socket.0.send(Message::text("x".repeat(256 * 1024 + 1))).await;
    assert!(matches!(socket.next().await, Frame::Close(1009) | Frame::Gone));
}

#[tokio::test]
async fn a_bad_request_is_an_error_of_its_own_operation() {
    let (gateway, _) = Gateway::claimed().await;
    let mut socket = gateway.socket(&gateway.sign_in().await).await;
    for (query, code) in [
        ("{", "BAD_INPUT"),
        ("{ nothing }", "BAD_INPUT"),
        ("subscription { nothing }", "BAD_INPUT"),
        (
            "{ rooms { switches { room { switches { room { switches { room { switches { id } } } } } } } } }",
            "TOO_COMPLEX",
        ),
    ] {
        socket.subscribe("x", query, json!({})).await;
        let error = socket.next().await.text();
        assert_eq!((&error["type"], &error["id"]), (&json!("error"), &json!("x")), "{query}");
        assert_eq!(error["payload"][0]["extensions"]["code"], code, "{error}");
    }
    socket.say(json!({ "type": "subscribe", "id": "x", "payload": [] })).await;
    assert_eq!(socket.next().await.text()["payload"][0]["extensions"]["code"], "BAD_INPUT");
    socket.subscribe("x", "mutation { deleteRoom(input: { id: \"r0\" }) }", json!({})).await;
    let answer = socket.next().await.text();
    assert_eq!(answer["type"], "next", "a field's error is an answer: {answer}");
    assert_eq!(answer["payload"]["errors"][0]["extensions"]["code"], "NOT_FOUND");
    assert_eq!(socket.next().await, Frame::Text(json!({ "type": "complete", "id": "x" })));
}

#[tokio::test]
async fn the_older_protocol_is_spoken_too() {
    let (gateway, _) = Gateway::claimed().await;
    gateway.board("relay-1", 1).await;
    let mut old = Socket::open(gateway.address, "graphql-ws", &[]).await.unwrap();
    old.say(json!({ "type": "connection_init", "payload": { "token": gateway.sign_in().await } })).await;
    assert_eq!(old.next().await, Frame::Text(json!({ "type": "connection_ack" })));
    old.say(json!({ "type": "start", "id": "1", "payload": { "query": "{ home { name } }" } })).await;
    let data = json!({ "type": "data", "id": "1", "payload": { "data": { "home": { "name": "Lakeside" } } } });
    assert_eq!(old.next().await, Frame::Text(data));
    assert_eq!(old.next().await, Frame::Text(json!({ "type": "complete", "id": "1" })));
    old.say(json!({ "type": "start", "id": "2", "payload": { "query": SWITCHES } })).await;
    assert_eq!(old.next().await.text()["type"], "data");
    old.say(json!({ "type": "stop", "id": "2" })).await;
    assert_eq!(old.next().await, Frame::Text(json!({ "type": "complete", "id": "2" })));
    old.say(json!({ "type": "start", "id": "3", "payload": { "query": "{" } })).await;
    let error = old.next().await.text();
    assert_eq!((&error["type"], error["payload"]["message"].is_string()), (&json!("error"), true));
    old.say(json!({ "type": "connection_terminate" })).await;
    assert_eq!(old.next().await, Frame::Close(1000));
}

#[tokio::test]
async fn a_connection_has_at_most_50_subscriptions() {
    let (gateway, _) = Gateway::claimed().await;
    let mut socket = gateway.socket(&gateway.sign_in().await).await;
    for id in 0..50 {
        socket.subscribe(&id.to_string(), PENDING, json!({})).await;
    }
    socket.subscribe("one more", PENDING, json!({})).await;
    let error = socket.next().await.text();
    assert_eq!((&error["type"], &error["id"]), (&json!("error"), &json!("one more")));
    assert_eq!(error["payload"][0]["extensions"]["code"], "TOO_COMPLEX");
    // Queries go on, and a place that is given back can be taken.
    socket.subscribe("q", "{ home { name } }", json!({})).await;
    assert_eq!(socket.data("q").await["home"]["name"], "Lakeside");
    assert_eq!(socket.next().await.text()["type"], "complete");
    gateway.board("relay-1", 1).await;
    socket.say(json!({ "type": "complete", "id": "7" })).await;
    socket.subscribe("one more", SWITCHES, json!({})).await;
    assert!(socket.data("one more").await["switchChanged"]["id"].is_string());
}

#[tokio::test]
async fn a_slow_command_holds_up_nothing_else() {
    let (gateway, _) = Gateway::claimed().await;
    let mut board = gateway.online_board("relay-1", 1).await;
    let mut socket = gateway.socket(&gateway.sign_in().await).await;
    let tap =
        format!("mutation {{ setSwitch(input: {{ switchId: \"{}\", on: true }}) {{ outcome }} }}", board.switches[0]);
    socket.subscribe("tap", &tap, json!({})).await;
    let order = board.order().await;
    socket.subscribe("q", "{ home { name } }", json!({})).await;
    assert_eq!(socket.data("q").await["home"]["name"], "Lakeside");
    assert_eq!(socket.next().await, Frame::Text(json!({ "type": "complete", "id": "q" })));
    board.report(1, true, gatehouse_core::device::Cause::Command, Some(order.id)).await;
    assert_eq!(socket.data("tap").await["setSwitch"]["outcome"], "CONFIRMED");
    assert_eq!(socket.next().await, Frame::Text(json!({ "type": "complete", "id": "tap" })));
}

/// Row "sessions" of the security checklist.
#[tokio::test]
async fn signing_out_closes_the_sessions_sockets_within_a_second_and_no_others() {
    let (gateway, ana) = Gateway::claimed().await;
    let token = gateway.sign_in().await;
    let mut idle = gateway.socket(&token).await;
    let mut busy = gateway.socket(&token).await;
    busy.subscribe("a", PENDING, json!({})).await;
    let mut other = gateway.socket(&gateway.sign_in().await).await;
    gateway.client().bearer(&token).ask("mutation { signOut }", json!({})).await.data();
    let closed = async { [idle.next().await, busy.next().await] };
    let closed = tokio::time::timeout(Duration::from_secs(1), closed).await.expect("within a second");
    assert_eq!(closed, [Frame::Close(4403), Frame::Close(4403)]);
    other.subscribe("q", "{ home { name } }", json!({})).await;
    assert_eq!(other.data("q").await["home"]["name"], "Lakeside");
    assert_eq!(ana.ask("{ home { name } }", json!({})).await.status, 200);
    assert_eq!(
        say_first(&gateway, TRANSPORT, json!({ "type": "connection_init", "payload": { "token": token } })).await,
        Frame::Close(4401)
    );
}

#[tokio::test]
async fn signing_out_over_a_socket_is_answered_before_it_is_closed() {
    let (gateway, _) = Gateway::claimed().await;
    let mut socket = gateway.socket(&gateway.sign_in().await).await;
    socket.subscribe("out", "mutation { signOut }", json!({})).await;
    assert_eq!(socket.data("out").await, json!({ "signOut": true }));
    let last = socket.next().await;
    let last = if last == Frame::Text(json!({ "type": "complete", "id": "out" })) { socket.next().await } else { last };
    assert_eq!(last, Frame::Close(4403));
}

#[tokio::test]
async fn a_client_that_does_not_answer_pings_is_dropped_and_one_that_does_is_not() {
    let limits = Limits { ping: Duration::from_millis(500), ..Limits::default() };
    let (gateway, _) = Gateway::claimed_with(with(limits)).await;
    let token = gateway.sign_in().await;
    // By hand, because a WebSocket library answers pings by itself.
    let mut mute = TcpStream::connect(gateway.address).await.unwrap();
    let upgrade = "GET /graphql HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
        sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        sec-websocket-protocol: graphql-transport-ws\r\n\r\n";
    mute.write_all(upgrade.as_bytes()).await.unwrap();
    let init = json!({ "type": "connection_init", "payload": { "token": token } }).to_string();
    let mut frame = vec![0x81, 0x80 | 126, 0, u8::try_from(init.len()).unwrap(), 0, 0, 0, 0];
    frame.extend_from_slice(init.as_bytes());
    mute.write_all(&frame).await.unwrap();
    let mut said = Vec::new();
    let _reset = within("the end of a mute connection", mute.read_to_end(&mut said)).await;
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(said.contains("connection_ack"), "it was let in first: {said}");

    let mut lively = gateway.socket(&token).await;
    let mut pings = 0;
    within("pings", async {
        while pings < 3 {
            pings += usize::from(matches!(lively.0.next().await, Some(Ok(Message::Ping(_)))));
        }
    })
    .await;
    lively.subscribe("q", "{ home { name } }", json!({})).await;
    assert_eq!(lively.data("q").await["home"]["name"], "Lakeside");
}

#[tokio::test]
async fn a_stop_lets_what_is_under_way_end_and_then_says_good_bye() {
    let (mut gateway, ana) = Gateway::claimed().await;
    let mut board = gateway.online_board("relay-1", 1).await;
    let token = gateway.sign_in().await;
    let (mut idle, mut busy) = (gateway.socket(&token).await, gateway.socket(&token).await);
    let tap =
        format!("mutation {{ setSwitch(input: {{ switchId: \"{}\", on: true }}) {{ outcome }} }}", board.switches[0]);
    idle.subscribe("s", PENDING, json!({})).await;
    busy.subscribe("tap", &tap, json!({})).await;
    board.order().await;
    let posted = tokio::spawn({
        let (ana, tap) = (ana.clone(), tap.clone());
        async move { ana.ask(&tap, json!({})).await }
    });
    let order = board.order().await;
    gateway.stop.cancel();
    assert_eq!(idle.next().await, Frame::Close(1001));
    assert_eq!(busy.data("tap").await["setSwitch"]["outcome"], "SUPERSEDED");
    board.report(1, true, gatehouse_core::device::Cause::Command, Some(order.id)).await;
    assert_eq!(posted.await.unwrap().data()["setSwitch"]["outcome"], "CONFIRMED");
    assert_eq!(busy.next().await.text()["type"], "complete");
    assert_eq!(busy.next().await, Frame::Close(1001));
    drop((idle, busy));
    within("the API's end", &mut gateway.api).await.unwrap();
    assert!(TcpStream::connect(gateway.address).await.is_err(), "nobody listens any more");
}
