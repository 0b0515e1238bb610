//! What a password is worth, while it is typed.

use crate::support::{Client, Gateway, Reply};
use serde_json::{Value, json};

async fn estimate(client: &Client, input: Value) -> Reply {
    let document = "query ($input: PasswordEstimateInput!) {
        passwordEstimate(input: $input) { score acceptable advice } }";
    client.ask(document, json!({ "input": input })).await
}

#[tokio::test]
async fn who_is_signed_in_is_told_what_a_password_is_worth_to_who_knows_them() {
    let (_gateway, ana) = Gateway::claimed().await;
    let good = estimate(&ana, json!({ "password": "seven quiet lamps" })).await.data();
    assert_eq!(good["passwordEstimate"], json!({ "score": 4, "acceptable": true, "advice": [] }));
    for (bad, names) in [("1234567", vec![]), ("lakeside", vec![]), ("Lindqvist7", vec!["Ben Lindqvist"])] {
        let told = estimate(&ana, json!({ "password": bad, "names": names })).await.data();
        assert_eq!(told["passwordEstimate"]["acceptable"], false, "{bad}");
        assert!(!told["passwordEstimate"]["advice"][0].as_str().unwrap().is_empty());
    }
}

#[tokio::test]
async fn before_the_claim_the_code_lets_one_ask_and_guessing_it_gets_slower() {
    let gateway = Gateway::unclaimed().await;
    let (client, code) = (gateway.client(), gateway.claim_code().await);
    let asked = json!({ "password": "ana lakeside", "names": ["Ana", "Lakeside"], "code": code });
    let told = estimate(&client, asked.clone()).await.data();
    assert_eq!(told["passwordEstimate"]["acceptable"], false);
    assert_eq!(estimate(&client, json!({ "password": "x" })).await.code(), "GATEWAY_UNCLAIMED");
    let wrong = json!({ "password": "x", "code": "0000-0000-0000" });
    for _ in 0..5 {
        let reply = estimate(&client, wrong.clone()).await;
        assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_INPUT", "code"));
    }
    assert_eq!(estimate(&client, wrong).await.code(), "RATE_LIMITED");
}

#[tokio::test]
async fn estimates_are_asked_for_as_fast_as_people_type() {
    let (_gateway, ana) = Gateway::claimed().await;
    let asks = (0..100).map(|_| estimate(&ana, json!({ "password": "x" })));
    let replies = futures_util::future::join_all(asks).await;
    let told = replies.iter().filter(|reply| reply.json().get("errors").is_none()).count();
    assert!((1..100).contains(&told), "{told}");
    assert!(replies.iter().any(|reply| reply.json().get("errors").is_some() && reply.code() == "RATE_LIMITED"));
}

#[tokio::test]
async fn a_claim_code_that_was_used_lets_nobody_ask() {
    let gateway = Gateway::unclaimed().await;
    let code = gateway.claim_code().await;
    gateway.claim().await;
    let reply = estimate(&gateway.client(), json!({ "password": "x", "code": code })).await;
    assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_INPUT", "code"));
}
