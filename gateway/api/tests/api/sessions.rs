//! Signing in and out, by cookie and by bearer token.

use crate::support::{Client, Gateway, Reply};
use serde_json::{Value, json};

async fn sign_in(client: &Client, name: &str, password: &str) -> Reply {
    let document = "mutation ($input: SignInInput!) { signIn(input: $input) { token viewer { name } } }";
    client.ask(document, json!({ "input": { "name": name, "password": password } })).await
}

const HOME: &str = "{ home { name } }";

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_are_answered_alike() {
    let (gateway, _) = Gateway::claimed().await;
    let unknown = sign_in(&gateway.client(), "Zoe", "correct horse").await;
    let wrong = sign_in(&gateway.client(), "Ana", "incorrect horse").await;
    let too_long = sign_in(&gateway.client(), "Ana", &"x".repeat(1_000)).await;
    assert_eq!(unknown.code(), "UNAUTHENTICATED");
    for other in [wrong, too_long] {
        assert_eq!(unknown.body, other.body);
        let names = |reply: &Reply| reply.headers.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert_eq!((unknown.status, names(&unknown)), (other.status, names(&other)));
    }
    assert_eq!(sign_in(&gateway.client(), "aNA", "correct horse").await.data()["signIn"]["viewer"]["name"], "Ana");
}

#[tokio::test]
async fn guessing_a_password_is_slowed_down() {
    let (gateway, _) = Gateway::claimed().await;
    for _ in 0..5 {
        assert_eq!(sign_in(&gateway.client(), "Ana", "wrong horse").await.code(), "UNAUTHENTICATED");
    }
    // The wait doubles with each try that was heard, so that soon one comes too early.
    let mut reply = sign_in(&gateway.client(), "Ana", "wrong horse").await;
    for _ in 0..5 {
        if reply.code() == "UNAUTHENTICATED" {
            reply = sign_in(&gateway.client(), "Ana", "wrong horse").await;
        }
    }
    assert_eq!(reply.code(), "RATE_LIMITED");
    assert!(reply.json()["errors"][0]["extensions"]["retryAfterMs"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn a_token_is_good_until_it_is_signed_out() {
    let (gateway, ana) = Gateway::claimed().await;
    let other = gateway.client().bearer(&gateway.sign_in().await);
    assert_eq!(ana.ask("mutation { signOut }", json!({})).await.data(), json!({ "signOut": true }));
    assert_eq!(ana.ask(HOME, json!({})).await.code(), "UNAUTHENTICATED");
    assert_eq!(ana.ask("mutation { signOut }", json!({})).await.code(), "UNAUTHENTICATED");
    assert_eq!(ana.ask("{ viewer { id } }", json!({})).await.data(), json!({ "viewer": null }));
    assert_eq!(other.ask(HOME, json!({})).await.data()["home"]["name"], "Lakeside");
}

#[tokio::test]
async fn a_browsers_session_is_a_cookie_that_only_our_own_page_can_use() {
    let (gateway, _) = Gateway::claimed().await;
    let page = gateway.client().own_page();
    let reply = sign_in(&page, "Ana", "correct horse").await;
    assert_eq!(reply.data()["signIn"]["token"], Value::Null);
    let cookie = reply.header("set-cookie").unwrap();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=31536000"] {
        assert!(cookie.split("; ").any(|part| part == attribute), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "a browser would throw it away on plain HTTP: {cookie}");
    let pair = cookie.split(';').next().unwrap();

    let with = |client: Client| client.header("cookie", &format!("theme=dark; {pair}; x=y"));
    assert_eq!(with(page.clone()).ask(HOME, json!({})).await.data()["home"]["name"], "Lakeside");
    for origin in ["http://evil.example", "null", "http://127.0.0.1:1"] {
        let reply = with(gateway.client().header("origin", origin)).ask(HOME, json!({})).await;
        assert_eq!((reply.status, reply.code().as_str()), (403, "FORBIDDEN"), "{origin}");
    }
    let reply = with(gateway.client()).ask(HOME, json!({})).await;
    assert_eq!((reply.status, reply.code().as_str()), (403, "FORBIDDEN"), "no origin at all");

    let out = with(page.clone()).ask("mutation { signOut }", json!({})).await;
    assert!(out.header("set-cookie").unwrap().starts_with("gatehouse_session=; Path=/; Max-Age=0"));
    assert_eq!(with(page).ask(HOME, json!({})).await.code(), "UNAUTHENTICATED");
}

#[tokio::test]
async fn behind_an_encrypting_proxy_the_cookie_is_secure() {
    let (gateway, _) = Gateway::claimed().await;
    let page = gateway.client().header("host", "home.example").header("origin", "https://home.example");
    let reply = sign_in(&page, "Ana", "correct horse").await;
    assert!(reply.header("set-cookie").unwrap().ends_with("; Secure"));
}

#[tokio::test]
async fn a_login_from_a_foreign_page_sets_no_cookie() {
    let (gateway, _) = Gateway::claimed().await;
    let reply = sign_in(&gateway.client().header("origin", "http://evil.example"), "Ana", "correct horse").await;
    assert_eq!((reply.status, reply.code().as_str()), (403, "FORBIDDEN"));
    assert!(reply.header("set-cookie").is_none());
}
