//! A forgotten password, by a code of the console or on paper.

use crate::support::gateway::PASSWORD;
use crate::support::{Client, Frame, Gateway, Reply};
use gatehouse_core::access::Administer;
use gatehouse_hub::new_code;
use serde_json::{Value, json};

const NEW: &str = "eight brown herons";

async fn reset(client: &Client, code: &str, password: &str) -> Reply {
    let document = "mutation ($input: ResetPasswordInput!) {
        resetPassword(input: $input) { token viewer { name role } } }";
    client.ask(document, json!({ "input": { "code": code, "password": password } })).await
}

async fn code_of_console(gateway: &Gateway, token: &str) -> String {
    let ana = gateway.viewer(token).member().unwrap();
    gateway.hub.offer_reset(Administer::console(), ana).await.unwrap().1
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_a_code_of_the_console_once() {
    let gateway = Gateway::unclaimed().await;
    let token = gateway.claim().await;
    let mut socket = gateway.socket(&token).await;
    let code = code_of_console(&gateway, &token).await;
    let typed = code.to_lowercase().replace('-', " ");
    for (password, why) in [(PASSWORD, "had this password before"), ("1234567", "8 characters"), ("Lakeside1", "guess")]
    {
        let reply = reset(&gateway.client(), &typed, password).await;
        assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_INPUT", "password"), "{password}");
        assert!(reply.message().contains(why), "{}", reply.text());
    }
    let session = reset(&gateway.client(), &typed, NEW).await.data()["resetPassword"].clone();
    assert_eq!(session["viewer"], json!({ "name": "Ana", "role": "OWNER" }));
    assert_eq!(socket.next().await, Frame::Close(4403));
    assert_eq!(gateway.client().bearer(&token).ask("{ home { id } }", json!({})).await.code(), "UNAUTHENTICATED");
    let signed_in = gateway.client().bearer(session["token"].as_str().unwrap());
    assert_eq!(signed_in.ask("{ home { name } }", json!({})).await.data()["home"]["name"], "Lakeside");
    let again = reset(&gateway.client(), &code, "nine small otters").await;
    assert_eq!((again.code().as_str(), again.field().as_str()), ("BAD_INPUT", "code"));
}

#[tokio::test]
async fn an_owner_s_recovery_code_works_once_and_a_newer_one_replaces_it() {
    let (gateway, ana) = Gateway::claimed().await;
    let create = "mutation { createRecoveryCode { code } }";
    let first = ana.ask(create, json!({})).await.data()["createRecoveryCode"]["code"].as_str().unwrap().to_owned();
    let second = ana.ask(create, json!({})).await.data()["createRecoveryCode"]["code"].as_str().unwrap().to_owned();
    assert_eq!((first.len(), second.len()), (64, 64));
    assert_eq!(reset(&gateway.client(), &first, NEW).await.code(), "BAD_INPUT");
    // A browser gets the session as a cookie.
    let page = reset(&gateway.client().own_page(), &second, NEW).await;
    assert_eq!(page.data()["resetPassword"]["token"], Value::Null);
    assert!(page.header("set-cookie").unwrap().starts_with("gatehouse_session="));
    assert_eq!(reset(&gateway.client(), &second, "nine small otters").await.code(), "BAD_INPUT");
}

#[tokio::test]
async fn who_holds_a_code_may_ask_what_a_password_is_worth() {
    let gateway = Gateway::unclaimed().await;
    let token = gateway.claim().await;
    let code = code_of_console(&gateway, &token).await;
    let document = "query ($input: PasswordEstimateInput!) { passwordEstimate(input: $input) { acceptable } }";
    let ask = |code: String| {
        let client = gateway.client();
        async move { client.ask(document, json!({ "input": { "password": "ana12345", "code": code } })).await }
    };
    assert_eq!(ask(code).await.data()["passwordEstimate"]["acceptable"], false);
    assert_eq!(ask(new_code().0).await.code(), "BAD_INPUT");
}

#[tokio::test]
async fn guessing_codes_is_slowed_down_and_tells_nothing() {
    let (gateway, _) = Gateway::claimed().await;
    let mut reply = reset(&gateway.client(), "x", NEW).await;
    for _ in 0..10 {
        if reply.code() != "RATE_LIMITED" {
            assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_INPUT", "code"));
            reply = reset(&gateway.client(), &new_code().0, NEW).await;
        }
    }
    assert_eq!(reply.code(), "RATE_LIMITED");
}
