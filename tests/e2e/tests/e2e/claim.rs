//! First run: someone makes the gateway their own.

use gatehouse_e2e::{Home, OWNER, PASSWORD, claim_input};
use serde_json::{Value, json};

const CLAIM: &str =
    "mutation ($input: ClaimGatewayInput!) { claimGateway(input: $input) { token viewer { name role } } }";
const SIGN_IN: &str = "mutation ($input: SignInInput!) { signIn(input: $input) { token viewer { name } } }";

#[tokio::test]
async fn who_has_the_code_becomes_the_owner_and_nobody_after_them() {
    let mut home = Home::unclaimed().await;
    let code = home.daemon().ready.claim_code.clone().expect("a new gateway has a claim code");
    let visitor = home.visitor();

    let wrong = visitor.try_ask(CLAIM, claim_input("0000-0000-0000")).await.unwrap_err();
    assert_eq!((wrong.code.as_str(), wrong.extensions["field"].as_str()), ("BAD_INPUT", Some("code")), "{wrong:?}");
    let gateway: Value = visitor.ask("gateway", "{ gateway { claimed version } }", json!({})).await;
    assert_eq!(gateway, json!({ "claimed": false, "version": null }));

    let session: Value = visitor.ask("claimGateway", CLAIM, claim_input(&code)).await;
    assert_eq!(session["viewer"], json!({ "name": OWNER, "role": "OWNER" }));
    let owner = visitor.with_token(session["token"].as_str().map(str::to_owned));
    let name: Value = owner.ask("home", "{ home { name } }", json!({})).await;
    assert_eq!(name, json!({ "name": "Mill House" }));

    let second = visitor.try_ask(CLAIM, claim_input(&code)).await.unwrap_err();
    assert_eq!(second.code, "CONFLICT", "{second:?}");
}

#[tokio::test]
async fn nothing_but_the_claim_is_open_before_it() {
    let home = Home::unclaimed().await;
    let visitor = home.visitor();
    for question in
        ["{ switches { id } }", "{ home { name } }", "{ viewer { name } }", "{ __schema { types { name } } }"]
    {
        assert!(visitor.try_ask(question, json!({})).await.is_err(), "{question}");
    }
    let input = json!({ "input": { "name": OWNER, "password": PASSWORD } });
    assert_eq!(visitor.try_ask(SIGN_IN, input).await.unwrap_err().code, "GATEWAY_UNCLAIMED");
}

#[tokio::test]
async fn a_session_is_worth_something_until_it_is_signed_out() {
    let home = Home::claimed().await;
    let wrong = json!({ "input": { "name": OWNER, "password": "eight quiet lamps" } });
    assert_eq!(home.visitor().try_ask(SIGN_IN, wrong).await.unwrap_err().code, "UNAUTHENTICATED");
    let other = home.sign_in().await;
    let viewer: Value = other.ask("viewer", "{ viewer { name } }", json!({})).await;
    assert_eq!(viewer, json!({ "name": OWNER }));
    assert!(other.ask::<bool>("signOut", "mutation { signOut }", json!({})).await);
    assert_eq!(other.try_ask("{ switches { id } }", json!({})).await.unwrap_err().code, "UNAUTHENTICATED");
    assert!(home.owner().switches().await.is_empty(), "the first session goes on");
}

#[tokio::test]
async fn the_claim_code_is_shown_at_the_console_until_someone_used_it() {
    let mut home = Home::unclaimed().await;
    let code = home.daemon().ready.claim_code.clone().expect("a new gateway has a claim code");
    let shown = home.gatehouse(&["claim-code"]).await;
    assert_eq!(shown.code, Some(0), "{shown:?}");
    assert!(shown.stdout.contains(&format!("http://{}/claim#{code}", home.visitor().address())), "{shown:?}");
    let _: Value = home.visitor().ask("claimGateway", CLAIM, claim_input(&code)).await;
    let shown = home.gatehouse(&["claim-code"]).await;
    assert_eq!((shown.code, shown.stderr.lines().count()), (Some(1), 1), "{shown:?}");
    assert!(shown.stderr.contains("already has an owner"), "{shown:?}");
}
