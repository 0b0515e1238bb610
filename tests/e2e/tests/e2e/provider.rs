//! Sign-in by a real OpenID Connect provider, over TLS, with the running daemon.

use gatehouse_e2e::{Browser, Client, Home, OidcProvider, PASSWORD};
use serde_json::{Value, json};

const ME: &str = "{ viewer { name hasPassword identities { provider current } } }";
const LINK: &str = "mutation ($password: String!) { linkProvider(input: { password: $password }) { url } }";
const SIGN_IN: &str =
    "mutation ($name: String!, $password: String!) { signIn(input: { name: $name, password: $password }) { token } }";
const SIGN_OUT: &str = "mutation { signOut }";

/// Comes back to the gateway on this path: where that leads.
async fn back(browser: &mut Browser, gateway: &Client, path: &str) -> String {
    let answer = browser.send(gateway, "GET", path, b"").await;
    answer.header("location").unwrap_or_default().to_owned()
}

async fn name(browser: &mut Browser, gateway: &Client) -> Value {
    browser.ask(gateway, ME, json!({})).await["data"]["viewer"]["name"].clone()
}

#[tokio::test]
async fn people_link_their_account_join_by_it_and_are_in_by_it_and_nobody_else_is() {
    let mut home = Home::claimed().await;
    let mut provider = OidcProvider::of(&home).await;
    home.restart_in_public_with(&provider.config(&home, None)).await;
    let (gateway, mut ana) = (home.visitor(), Browser::default());

    let way = ana.start(&gateway).await;
    let path = ana.log_in(&provider, &way, "ana").await;
    assert_eq!(back(&mut ana, &gateway, &path).await, "/sign-in#provider-unknown");
    assert_eq!(provider.told().await["gave"], "ana");
    assert_eq!(name(&mut ana, &gateway).await, Value::Null);

    ana.ask(&gateway, SIGN_IN, json!({ "name": "Ana", "password": PASSWORD })).await;
    let link = ana.ask(&gateway, LINK, json!({ "password": PASSWORD })).await;
    let way = link["data"]["linkProvider"]["url"].as_str().unwrap().to_owned();
    let path = ana.log_in(&provider, &way, "ana").await;
    assert_eq!(back(&mut ana, &gateway, &path).await, "/account#provider-done");
    let me = ana.ask(&gateway, ME, json!({})).await["data"]["viewer"].clone();
    let expected =
        json!({ "name": "Ana", "hasPassword": true, "identities": [{ "provider": provider.host(), "current": true }] });
    assert_eq!(me, expected);

    ana.ask(&gateway, SIGN_OUT, json!({})).await;
    assert_eq!(name(&mut ana, &gateway).await, Value::Null);
    let way = ana.start(&gateway).await;
    let path = ana.log_in(&provider, &way, "ana").await;
    assert_eq!(back(&mut ana, &gateway, &path).await, "/");
    assert_eq!(name(&mut ana, &gateway).await, "Ana");
    assert_eq!(back(&mut ana, &gateway, &path).await, "/sign-in#provider-expired", "the same once more");

    let invite = "mutation { createInvitation(input: { role: MEMBER }) { code } }";
    let code = ana.ask(&gateway, invite, json!({})).await["data"]["createInvitation"]["code"].clone();
    let join =
        "mutation ($code: String!) { acceptInvitationByProvider(input: { code: $code, name: \"Ben\" }) { url } }";
    let mut ben = Browser::default();
    let joined = ben.ask(&gateway, join, json!({ "code": code })).await;
    let way = joined["data"]["acceptInvitationByProvider"]["url"].as_str().unwrap().to_owned();
    let brought = ben.log_in(&provider, &way, "ben").await;
    assert_eq!(back(&mut ben, &gateway, &brought).await, "/");
    let log = home.daemon().process().stderr_so_far().join("\n");
    let code = brought.split("code=").nth(1).and_then(|rest| rest.split('&').next()).expect("a code");
    assert!(!log.contains(provider.secret()) && !log.contains(code), "{log}");
    home.stop().await;
    home.start().await;
    let me = ben.ask(&gateway, ME, json!({})).await["data"]["viewer"].clone();
    assert_eq!((&me["name"], &me["hasPassword"]), (&json!("Ben"), &json!(false)), "who came in stays in");

    let way = ben.start(&gateway).await;
    let path = ben.cancel(&provider, &way).await;
    assert_eq!(back(&mut ben, &gateway, &path).await, "/sign-in#provider-cancelled");
}

#[tokio::test]
async fn a_gateway_that_the_provider_does_not_know_lets_nobody_in_and_a_password_still_does() {
    let mut home = Home::claimed().await;
    let mut provider = OidcProvider::of(&home).await;
    home.restart_in_public_with(&provider.config(&home, Some("wrong"))).await;
    let (gateway, mut ana) = (home.visitor(), Browser::default());
    let way = ana.start(&gateway).await;
    let path = ana.log_in(&provider, &way, "ana").await;
    assert_eq!(back(&mut ana, &gateway, &path).await, "/sign-in#provider-refused");
    assert!(provider.told().await["error"].is_string());
    home.daemon().process().stderr_line(0, "the provider takes no code for tokens").await;

    // It is gone: nothing else is affected, and the gateway starts without it.
    drop(provider);
    home.stop().await;
    home.start().await;
    assert_eq!(ana.start(&gateway).await, "/sign-in#provider-unreachable");
    ana.ask(&gateway, SIGN_IN, json!({ "name": "Ana", "password": PASSWORD })).await;
    assert_eq!(name(&mut ana, &gateway).await, "Ana");
}

#[tokio::test]
async fn a_provider_is_configured_whole_or_the_daemon_says_what_is_missing() {
    let mut home = Home::unclaimed().await;
    home.stop().await;
    let whole = "[oidc]\nissuer = \"https://accounts.example.org\"\nclient_id = \"x\"\nclient_secret_file = \"/nowhere\"\n\
                 name = \"Example\"\n";
    let config = std::fs::read_to_string(home.config()).unwrap();
    for (lines, hint) in [
        (whole.to_owned(), "[http] public_name"),
        (whole.replace("name = \"Example\"\n", ""), "[oidc] name"),
        (whole.replace("https:", "http:"), "[oidc] issuer"),
    ] {
        std::fs::write(home.config(), format!("{config}{lines}")).unwrap();
        let ended = home.gatehouse(&["run"]).await;
        assert!(ended.code == Some(2) && ended.stderr.contains(hint), "{ended:?}");
    }
    let public = config.replacen("[http]\n", "[http]\npublic_name = \"home.example.org\"\n", 1);
    std::fs::write(home.config(), format!("{public}{whole}")).unwrap();
    let ended = home.gatehouse(&["run"]).await;
    assert!(ended.code == Some(1) && ended.stderr.contains("[oidc] client_secret_file"), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
}
