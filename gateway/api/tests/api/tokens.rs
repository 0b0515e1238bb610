//! API tokens: a part of what a person may, for programs.

use crate::support::{Client, Frame, Gateway, settings};
use serde_json::{Value, json};
use std::time::Duration;

const CREATE: &str = "mutation ($input: CreateTokenInput!) { createToken(input: $input) {
    secret token { id name memberName scopes expiresAt lastUsedAt createdAt } } }";
const DELETE: &str = "mutation ($id: ID!) { deleteToken(input: { id: $id }) }";
const SET: &str = "mutation ($id: ID!) { setSwitch(input: { switchId: $id, on: true, timeoutMs: 500 }) { outcome actor { kind name } } }";

async fn create(owner: &Client, name: &str, scopes: &[&str]) -> (String, String) {
    let input = json!({ "input": { "name": name, "scopes": scopes } });
    let created = owner.ask(CREATE, input).await.data()["createToken"].clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&created["token"]["id"]), text(&created["secret"]))
}

#[tokio::test]
async fn a_token_may_what_its_scopes_say_and_acts_in_its_own_name() {
    let (gateway, ana) = Gateway::claimed_with(settings()).await;
    let board = gateway.board("relay-1", 1).await;
    let switch = json!({ "id": board.switches[0] });
    let room = "mutation ($name: String!) { createRoom(input: { name: $name }) { id } }";
    for (scope, sees, moves, sets, reads) in [
        ("VIEW", true, "FORBIDDEN", false, 401),
        ("OPERATE", true, "OFFLINE", false, 401),
        ("ADMINISTER", true, "FORBIDDEN", true, 401),
        ("METRICS", false, "UNAUTHENTICATED", false, 200),
    ] {
        let (_, secret) = create(&ana, scope, &[scope]).await;
        assert!(secret.len() == 64 && secret.bytes().all(|byte| byte.is_ascii_hexdigit()), "256 bits");
        let program = gateway.client().bearer(&secret);
        let seen = program.ask("{ switches { id } viewer { kind name } }", json!({})).await.json();
        assert_eq!(seen["data"]["switches"].as_array().map_or(0, Vec::len), usize::from(sees), "{scope}: {seen}");
        if sees {
            assert_eq!(seen["data"]["viewer"], json!({ "kind": "TOKEN", "name": scope }));
        }
        let moved = program.ask(SET, switch.clone()).await;
        match moves {
            "OFFLINE" => {
                let actor = json!({ "kind": "TOKEN", "name": scope });
                assert_eq!(moved.data()["setSwitch"], json!({ "outcome": "OFFLINE", "actor": actor }));
            }
            code => assert_eq!(moved.code(), code, "{scope}"),
        }
        let set = program.ask(room, json!({ "name": scope })).await;
        assert_eq!(set.json().get("errors").is_none(), sets, "{scope}: {}", set.text());
        assert_eq!(program.get("/metrics").await.status, reads, "{scope}");
        assert_eq!(
            program.ask(CREATE, json!({ "input": { "name": "x", "scopes": ["VIEW"] } })).await.json()["data"],
            json!(null)
        );
    }
    let record = "{ record(filter: { actors: [TOKEN] }) { edges { node { what actor { name } } } } }";
    let lines = ana.ask(record, json!({})).await.data()["record"]["edges"].clone();
    let wanted = [("ROOM_CREATED", "ADMINISTER"), ("COMMAND", "OPERATE")];
    let wanted = wanted.map(|(what, name)| json!({ "node": { "what": what, "actor": { "name": name } } }));
    assert_eq!(lines, json!(wanted), "each did what it did in its own name");
}

#[tokio::test]
async fn tokens_are_listed_without_secrets_and_revoked_with_their_sockets() {
    let (gateway, ana) = Gateway::claimed().await;
    let (id, secret) = create(&ana, " Panel ", &["OPERATE", "VIEW", "VIEW"]).await;
    let mut socket = gateway.socket(&secret).await;
    socket.subscribe("s", "subscription { switchChanged { id } }", json!({})).await;
    let listed = ana.ask("{ tokens { id name memberName scopes } }", json!({})).await;
    let token = json!({ "id": id, "name": "Panel", "memberName": "Ana", "scopes": ["VIEW", "OPERATE"] });
    assert_eq!(listed.data()["tokens"], json!([token]));
    assert!(!listed.text().contains(&secret));
    assert_eq!(ana.ask(DELETE, json!({ "id": id })).await.data(), json!({ "deleteToken": true }));
    let closed = tokio::time::timeout(Duration::from_secs(1), async {
        loop {
            if let Frame::Close(code) = socket.next().await {
                break code;
            }
        }
    });
    assert_eq!(closed.await.expect("within a second"), 4403);
    let program = gateway.client().bearer(&secret);
    assert_eq!(program.ask("{ home { name } }", json!({})).await.code(), "UNAUTHENTICATED");
    assert_eq!(ana.ask(DELETE, json!({ "id": id })).await.code(), "NOT_FOUND");
    assert_eq!(ana.ask(DELETE, json!({ "id": "nonsense" })).await.code(), "NOT_FOUND");
    assert_eq!(ana.ask("{ tokens { id } }", json!({})).await.data()["tokens"], json!([]));
}

#[tokio::test]
async fn bad_input_is_told_by_field() {
    let (_gateway, ana) = Gateway::claimed().await;
    create(&ana, "Panel", &["VIEW"]).await;
    for (input, field) in
        [(json!({ "name": "", "scopes": ["VIEW"] }), "name"), (json!({ "name": "x", "scopes": [] }), "scopes")]
    {
        let reply = ana.ask(CREATE, json!({ "input": input })).await;
        assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_INPUT", field), "{input}");
    }
    let twice = ana.ask(CREATE, json!({ "input": { "name": "PANEL", "scopes": ["VIEW"] } })).await;
    assert_eq!(twice.code(), "CONFLICT");
    for number in 1..64 {
        create(&ana, &format!("Program {number}"), &["VIEW"]).await;
    }
    let many = ana.ask(CREATE, json!({ "input": { "name": "One more", "scopes": ["VIEW"] } })).await;
    assert_eq!(many.code(), "CONFLICT");
}
