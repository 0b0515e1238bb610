//! One's own account: where one is signed in, the password, the name.

use crate::support::gateway::PASSWORD;
use crate::support::{Client, Frame, Gateway, Reply};
use serde_json::{Value, json};

const SESSIONS: &str = "{ sessions { id openedAt lastUsedAt userAgent address current } }";
const PENDING: &str = "subscription { switchRemoved }";

async fn sessions(client: &Client) -> Vec<Value> {
    client.ask(SESSIONS, json!({})).await.data()["sessions"].as_array().unwrap().clone()
}

async fn change_password(client: &Client, current: &str, new: &str) -> Reply {
    let document = "mutation ($input: ChangePasswordInput!) { changePassword(input: $input) }";
    client.ask(document, json!({ "input": { "current": current, "new": new } })).await
}

async fn rename(client: &Client, name: Value) -> Reply {
    let document = "mutation ($input: UpdateViewerInput!) { updateViewer(input: $input) { name } }";
    client.ask(document, json!({ "input": { "name": name } })).await
}

/// Row "sessions" of the security checklist: list and revoke, and what is revoked closes its open sockets.
#[tokio::test]
async fn sessions_are_listed_and_end_one_by_one_with_their_sockets() {
    let (gateway, ana) = Gateway::claimed().await;
    let phone = gateway.sign_in_as("Tele\tPhone/1.0").await;
    let mut socket = gateway.socket(&phone).await;
    socket.subscribe("a", PENDING, json!({})).await;
    let listed = sessions(&ana).await;
    let brief: Vec<_> = listed.iter().map(|s| (s["userAgent"].as_str(), s["current"].as_bool().unwrap())).collect();
    assert_eq!(brief, [(Some("Tele\tPhone/1.0".replace('\t', "").as_str()), false), (None, true)]);
    for session in &listed {
        assert_eq!(session["address"], "127.0.0.1");
        assert_eq!(session["lastUsedAt"], session["openedAt"]);
    }
    let end = "mutation ($id: ID!) { deleteSession(input: { id: $id }) }";
    let id = json!({ "id": listed[0]["id"] });
    assert_eq!(ana.ask(end, id.clone()).await.data(), json!({ "deleteSession": true }));
    assert_eq!(socket.next().await, Frame::Close(4403));
    assert_eq!(gateway.client().bearer(&phone).ask(SESSIONS, json!({})).await.code(), "UNAUTHENTICATED");
    for gone in [id, json!({ "id": "t1" }), json!({ "id": "x" })] {
        assert_eq!(ana.ask(end, gone).await.code(), "NOT_FOUND");
    }
}

#[tokio::test]
async fn all_other_sessions_end_at_once() {
    let (gateway, ana) = Gateway::claimed().await;
    for number in 0..3 {
        gateway.sign_in_as(&format!("number {number}")).await;
    }
    let reply = ana.ask("mutation { deleteOtherSessions }", json!({})).await;
    assert_eq!(reply.data(), json!({ "deleteOtherSessions": true }));
    let left = sessions(&ana).await;
    assert_eq!((left.len(), &left[0]["current"]), (1, &json!(true)));
}

/// Row 5.1-4 of the security checklist: a change of password ends other sessions and sockets.
#[tokio::test]
async fn another_password_ends_the_other_sessions_and_their_sockets() {
    let (gateway, ana) = Gateway::claimed().await;
    let phone = gateway.sign_in_as("Phone").await;
    let mut socket = gateway.socket(&phone).await;
    socket.subscribe("a", PENDING, json!({})).await;
    let new = "eight brown herons";
    assert_eq!(change_password(&ana, PASSWORD, new).await.data(), json!({ "changePassword": true }));
    assert_eq!(socket.next().await, Frame::Close(4403));
    assert_eq!(gateway.client().bearer(&phone).ask(SESSIONS, json!({})).await.code(), "UNAUTHENTICATED");
    assert_eq!(sessions(&ana).await.len(), 1, "the one that asked stays");
    let sign_in = |password: &str| json!({ "input": { "name": "Ana", "password": password } });
    let document = "mutation ($input: SignInInput!) { signIn(input: $input) { token } }";
    assert_eq!(gateway.client().ask(document, sign_in(PASSWORD)).await.code(), "UNAUTHENTICATED");
    assert!(gateway.client().ask(document, sign_in(new)).await.data()["signIn"]["token"].is_string());
}

#[tokio::test]
async fn a_new_password_is_good_and_none_that_was_there_before() {
    let (_gateway, ana) = Gateway::claimed().await;
    let second = "eight brown herons";
    assert_eq!(change_password(&ana, PASSWORD, second).await.data(), json!({ "changePassword": true }));
    let bad = [PASSWORD, second, "eight brown herons1", "1234567", "Lakeside1"];
    for new in bad {
        let reply = change_password(&ana, second, new).await;
        assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_INPUT", "new"), "{new}: {}", reply.text());
    }
    assert_eq!(change_password(&ana, second, "nine small otters").await.data(), json!({ "changePassword": true }));
}

#[tokio::test]
async fn guessing_the_present_password_in_a_session_is_slowed_down_too() {
    let (_gateway, ana) = Gateway::claimed().await;
    let guess = || change_password(&ana, "not it at all", "nine small otters");
    let mut reply = guess().await;
    for _ in 0..10 {
        if reply.code() != "RATE_LIMITED" {
            assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_INPUT", "current"));
            reply = guess().await;
        }
    }
    assert_eq!(reply.code(), "RATE_LIMITED");
}

#[tokio::test]
async fn a_person_takes_another_name_and_signs_in_with_it() {
    let (gateway, ana) = Gateway::claimed().await;
    for bad in ["", "42", "a\u{202e}b"] {
        let reply = rename(&ana, json!(bad)).await;
        assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_INPUT", "name"), "{bad:?}");
    }
    assert_eq!(rename(&ana, Value::Null).await.data()["updateViewer"]["name"], "Ana");
    assert_eq!(rename(&ana, json!(" Ana Maria ")).await.data()["updateViewer"]["name"], "Ana Maria");
    let document = r#"mutation { signIn(input: {name: "ana maria", password: "correct horse"}) { token } }"#;
    assert!(gateway.client().ask(document, json!({})).await.data()["signIn"]["token"].is_string());
}
