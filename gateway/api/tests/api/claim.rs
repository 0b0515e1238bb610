//! Becoming the owner of a gateway that has none.

use crate::support::gateway::PASSWORD;
use crate::support::{Client, Gateway, Reply};
use serde_json::{Value, json};

const CLAIM: &str = "mutation ($input: ClaimGatewayInput!) {
    claimGateway(input: $input) { token viewer { id name role } } }";

async fn claim(client: &Client, input: Value) -> Reply {
    client.ask(CLAIM, json!({ "input": input })).await
}

async fn good(gateway: &Gateway) -> Value {
    json!({ "code": gateway.claim_code().await, "homeName": "Lakeside", "memberName": "Ana", "password": PASSWORD })
}

fn but(mut input: Value, field: &str, value: &str) -> Value {
    input[field] = json!(value);
    input
}

#[tokio::test]
async fn whoever_has_the_code_becomes_the_owner_and_is_signed_in() {
    let gateway = Gateway::unclaimed().await;
    let mut input = good(&gateway).await;
    // As people type it.
    input["code"] = json!(input["code"].as_str().unwrap().to_lowercase().replace('-', " "));
    let session = claim(&gateway.client(), input).await.data()["claimGateway"].clone();
    assert_eq!(session["viewer"]["name"], "Ana");
    assert_eq!(session["viewer"]["role"], "OWNER");
    let token = session["token"].as_str().unwrap();
    assert!(token.len() >= 43, "256 bits: {token}");
    let ana = gateway.client().bearer(token);
    let home = ana.ask("{ home { name timeZone } gateway { claimed version } }", json!({})).await.data();
    assert_eq!(home["home"], json!({ "name": "Lakeside", "timeZone": "Europe/Vienna" }));
    assert_eq!(home["gateway"], json!({ "claimed": true, "version": "1.2.3-test" }));
}

#[tokio::test]
async fn each_bad_field_is_named_and_nothing_is_claimed() {
    let gateway = Gateway::unclaimed().await;
    let input = good(&gateway).await;
    let long = "x".repeat(257);
    for (field, value) in [
        ("code", "0000-0000-0000"),
        ("homeName", "  "),
        ("memberName", "a\u{202e}b"),
        ("memberName", "007"),
        ("memberName", "An\u{ad}a"),
        ("password", "password1"),
        ("password", "ana lakeside"),
        ("password", "1234567"),
        ("password", &long),
    ] {
        let reply = claim(&gateway.client(), but(input.clone(), field, value)).await;
        assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_INPUT", field));
        assert!(!reply.text().contains(input["code"].as_str().unwrap()), "the code is told: {}", reply.text());
    }
    assert!(gateway.hub.view().home.is_none());
}

#[tokio::test]
async fn guessing_the_code_is_slowed_down() {
    let gateway = Gateway::unclaimed().await;
    let wrong = but(good(&gateway).await, "code", "0000-0000-0000");
    for _ in 0..5 {
        assert_eq!(claim(&gateway.client(), wrong.clone()).await.code(), "BAD_INPUT");
    }
    let reply = claim(&gateway.client(), wrong).await;
    assert_eq!(reply.code(), "RATE_LIMITED");
    let wait = reply.json()["errors"][0]["extensions"]["retryAfterMs"].as_u64().unwrap();
    assert!((1..=1_000).contains(&wait), "{wait}");
}

#[tokio::test]
async fn of_two_claimers_one_wins() {
    let gateway = Gateway::unclaimed().await;
    let input = good(&gateway).await;
    let (one, other) = (gateway.client(), gateway.client());
    let (ana, ben) = (input.clone(), but(input, "memberName", "Ben"));
    let (ana, ben) = tokio::join!(claim(&one, ana), claim(&other, ben));
    let (winner, loser) = if ana.json().get("errors").is_none() { (ana, ben) } else { (ben, ana) };
    assert!(winner.data()["claimGateway"]["token"].is_string());
    assert_eq!(loser.code(), "CONFLICT");
    let again = json!({ "code": "0", "homeName": "x", "memberName": "x", "password": "12345678" });
    assert_eq!(claim(&gateway.client(), again).await.code(), "CONFLICT");
}

#[tokio::test]
async fn a_browser_that_claims_gets_a_cookie_and_no_token() {
    let gateway = Gateway::unclaimed().await;
    let reply = claim(&gateway.client().own_page(), good(&gateway).await).await;
    assert_eq!(reply.data()["claimGateway"]["token"], Value::Null);
    assert!(reply.header("set-cookie").unwrap().starts_with("gatehouse_session="));
}
