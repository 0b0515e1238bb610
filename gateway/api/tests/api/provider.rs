//! Sign-in by a provider: who is let in, and who comes back in vain.

use crate::support::gateway::PASSWORD;
use crate::support::people::People;
use crate::support::provider::{AtProvider, cookie, gateway_of, gateway_with, gateway_with_provider, provider};
use crate::support::{Client, Gateway, Reply, settings, within};
use gatehouse_api::{Provider, Settings};
use gatehouse_core::access::Administer;
use gatehouse_core::identity::NotVouched;
use gatehouse_core::mail::Letter;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::mpsc;

const LINK: &str = "mutation ($password: String!) { linkProvider(input: { password: $password }) { url } }";
const UNLINK: &str = "mutation ($id: ID!) { unlinkProvider(input: { id: $id }) }";
const JOIN: &str = "mutation ($code: String!, $name: String!) { acceptInvitationByProvider(input: { code: $code, name: $name }) { url } }";
const ME: &str = "{ viewer { name hasPassword identities { id provider current } } }";

async fn link(client: &Client) -> AtProvider {
    let reply = client.ask(LINK, json!({ "password": PASSWORD })).await;
    let url = reply.data()["linkProvider"]["url"].as_str().unwrap().to_owned();
    AtProvider::new(&reply, &url)
}

async fn linked(gateway: &Gateway, client: &Client, subject: &str) {
    let (_, place) = link(client).await.back(gateway, subject).await;
    assert_eq!(place, "/account#provider-done");
}

/// The page of whoever came in by this answer.
fn inside(gateway: &Gateway, reply: &Reply) -> Client {
    let token = cookie(reply, "gatehouse_session").expect("a session");
    gateway.client().own_page().header("cookie", &format!("gatehouse_session={token}"))
}

async fn me(client: &Client) -> Value {
    client.ask(ME, json!({})).await.data()["viewer"].clone()
}

async fn invite(ana: &Client, uses: u32) -> String {
    let document = "mutation ($uses: Int!) { createInvitation(input: { role: MEMBER, uses: $uses }) { code } }";
    let made = ana.ask(document, json!({ "uses": uses })).await.data();
    made["createInvitation"]["code"].as_str().unwrap().to_owned()
}

async fn join(gateway: &Gateway, code: &str, name: &str) -> AtProvider {
    let reply = gateway.client().own_page().ask(JOIN, json!({ "code": code, "name": name })).await;
    let url = reply.data()["acceptInvitationByProvider"]["url"].as_str().unwrap().to_owned();
    AtProvider::new(&reply, &url)
}

#[tokio::test]
async fn whoever_linked_their_account_is_in_by_it_and_nobody_else() {
    let (gateway, ana) = gateway_with_provider().await;
    let ways = "{ gateway { signInWays { provider { name origin } } } }";
    let told = gateway.client().ask(ways, json!({})).await.data();
    let origin = format!("http://{}", gateway.address);
    assert_eq!(told["gateway"]["signInWays"]["provider"], json!({ "name": "Example", "origin": origin }));

    let (reply, place) = AtProvider::start(&gateway.client()).await.back(&gateway, "ana").await;
    assert_eq!((reply.status, place.as_str()), (303, "/sign-in#provider-unknown"));
    assert_eq!(cookie(&reply, "gatehouse_session"), None);

    linked(&gateway, &ana, "ana").await;
    let identities = me(&ana).await["identities"].clone();
    assert_eq!(identities[0]["provider"], "accounts.example.org");
    assert_eq!((&identities[0]["current"], identities.as_array().unwrap().len()), (&json!(true), 1));
    let (reply, place) = AtProvider::start(&gateway.client()).await.back(&gateway, "ana").await;
    assert_eq!(place, "/");
    assert_eq!(cookie(&reply, "gatehouse_oidc").as_deref(), Some(""), "it is over");
    let session = reply.headers.iter().find(|(_, line)| line.starts_with("gatehouse_session=")).unwrap();
    assert!(session.1.contains("; HttpOnly; SameSite=Strict"), "{}", session.1);
    assert_eq!(me(&inside(&gateway, &reply)).await["name"], "Ana");
    let (_, place) = AtProvider::start(&gateway.client()).await.back(&gateway, "eve").await;
    assert_eq!(place, "/sign-in#provider-unknown");

    let id = &identities[0]["id"];
    assert_eq!(ana.ask(UNLINK, json!({ "id": id })).await.data()["unlinkProvider"], true);
    assert_eq!(ana.ask(UNLINK, json!({ "id": id })).await.code(), "NOT_FOUND");
    let (_, place) = AtProvider::start(&gateway.client()).await.back(&gateway, "ana").await;
    assert_eq!(place, "/sign-in#provider-unknown");
}

#[tokio::test]
async fn the_way_to_the_provider_begins_with_a_cookie_for_the_way_back_alone() {
    let (gateway, _) = gateway_with_provider().await;
    let reply = gateway.client().get("/oidc/start").await;
    assert_eq!(reply.status, 303);
    let line = reply.header("set-cookie").unwrap();
    for part in ["; Path=/oidc;", "; Max-Age=600;", "; HttpOnly;", "; SameSite=Lax"] {
        assert!(line.contains(part), "{line}");
    }
    assert!(!line.contains("Secure"), "the origin is plain: {line}");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let port = gateway.address.port();
    let elsewhere = gateway.client().header("host", &format!("localhost:{port}")).get("/oidc/start").await;
    let there = format!("http://{}/oidc/start", gateway.address);
    assert_eq!((elsewhere.header("location"), cookie(&elsewhere, "gatehouse_oidc")), (Some(there.as_str()), None));
    let picture = gateway.client().header("sec-fetch-dest", "image").get("/oidc/start").await;
    assert_eq!((picture.status, cookie(&picture, "gatehouse_oidc")), (403, None));
    for method in ["POST", "HEAD", "OPTIONS"] {
        assert_eq!(gateway.client().send(method, "/oidc/callback?code=ana&state=x", b"").await.status, 404);
    }
    let (secure, _) = gateway_with(|_| provider("https://home.example".to_owned())).await;
    let reply = secure.client().header("host", "home.example").get("/oidc/start").await;
    assert!(reply.header("set-cookie").unwrap().ends_with("; Secure"));
    let here = AtProvider::new(&reply, reply.header("location").unwrap());
    let (reply, _) = here.back(&secure, "nobody").await;
    assert!(reply.header("set-cookie").unwrap().ends_with("; Secure"));
}

#[tokio::test]
async fn only_the_browser_that_left_comes_back_once_with_its_own_state() {
    let (gateway, ana) = gateway_with_provider().await;
    linked(&gateway, &ana, "ana").await;
    let (one, other) = (AtProvider::start(&gateway.client()).await, AtProvider::start(&gateway.client()).await);
    let swapped = AtProvider { cookie: one.cookie.clone(), state: other.state.clone() };
    let without = AtProvider { cookie: String::new(), state: one.state.clone() };
    let (reply, place) = swapped.back(&gateway, "ana").await;
    assert_eq!((place.as_str(), cookie(&reply, "gatehouse_session")), ("/sign-in#provider-expired", None));
    assert_eq!(without.back(&gateway, "ana").await.1, "/sign-in#provider-expired");
    assert_eq!(one.back(&gateway, "ana").await.1, "/", "it was not used up");
    assert_eq!(one.back(&gateway, "ana").await.1, "/sign-in#provider-expired", "once more");
    let bare = gateway.client().get("/oidc/callback").await;
    assert_eq!(bare.header("location"), Some("/sign-in#provider-expired"));
    let long = format!("code={}", "x".repeat(9_000));
    assert_eq!(other.back_with(&gateway, &long).await.1, "/sign-in#provider-expired");
}

#[tokio::test]
async fn a_provider_that_vouches_for_nobody_lets_nobody_in() {
    let (gateway, ana) = gateway_with_provider().await;
    linked(&gateway, &ana, "ana").await;
    for (query, place) in [
        ("error=access_denied&code=ana", "/sign-in#provider-cancelled"),
        ("error=server_error&error_description=%3Cb%3E&code=ana", "/sign-in#provider-refused"),
        ("code=", "/sign-in#provider-refused"),
        ("code=refused", "/sign-in#provider-refused"),
        ("code=unreachable", "/sign-in#provider-unreachable"),
        ("code=ana&iss=https%3A%2F%2Felsewhere.example", "/sign-in#provider-refused"),
        ("code=ana&iss=https%3A%2F%2Faccounts.example.org", "/"),
    ] {
        let (reply, to) = AtProvider::start(&gateway.client()).await.back_with(&gateway, query).await;
        assert_eq!(to, place, "{query}");
        assert_eq!(cookie(&reply, "gatehouse_session").is_some(), place == "/", "{query}");
        assert!(reply.body.is_empty() && !to.contains("%3C"), "nothing that the provider says is shown");
    }
    let away = |origin| Provider {
        depart: Arc::new(|_| Box::pin(async { Err(NotVouched::Unreachable) })),
        ..provider(origin)
    };
    let (gateway, ana) = gateway_with(away).await;
    let reply = gateway.client().get("/oidc/start").await;
    assert_eq!(reply.header("location"), Some("/sign-in#provider-unreachable"));
    let reply = ana.ask(LINK, json!({ "password": PASSWORD })).await;
    assert_eq!((reply.code().as_str(), reply.message().contains("does not answer")), ("BUSY", true));
    assert!(!gateway.sign_in().await.is_empty(), "a password is as good as before");
}

#[tokio::test]
async fn coming_back_in_vain_gets_slower() {
    let (gateway, ana) = gateway_with_provider().await;
    linked(&gateway, &ana, "ana").await;
    for _ in 0..5 {
        let (_, place) = AtProvider::start(&gateway.client()).await.back(&gateway, "eve").await;
        assert_eq!(place, "/sign-in#provider-unknown");
    }
    let start = gateway.client().get("/oidc/start").await;
    assert_eq!(start.header("location"), Some("/sign-in#provider-busy"));
    let reply = ana.ask(LINK, json!({ "password": PASSWORD })).await;
    assert_eq!(reply.code(), "RATE_LIMITED");
}

#[tokio::test]
async fn linking_takes_the_password_and_a_session_that_lives_until_the_end() {
    let (gateway, ana) = gateway_with_provider().await;
    let wrong = ana.ask(LINK, json!({ "password": "wrong horse" })).await;
    assert_eq!((wrong.code(), wrong.field()), ("BAD_INPUT".to_owned(), "password".to_owned()));
    assert_eq!(cookie(&wrong, "gatehouse_oidc"), None);
    let token = gateway.sign_in().await;
    let program = gateway.client().bearer(&token);
    assert_eq!(program.ask(LINK, json!({ "password": PASSWORD })).await.code(), "CONFLICT");
    let port = gateway.address.port();
    let elsewhere =
        ana.header("host", &format!("localhost:{port}")).header("origin", &format!("http://localhost:{port}"));
    let reply = elsewhere.ask(LINK, json!({ "password": PASSWORD })).await;
    assert!(
        reply.code() == "CONFLICT" && reply.message().contains(&gateway.address.to_string()),
        "{}",
        reply.message()
    );
    let nobody = gateway.client().own_page().ask(LINK, json!({ "password": PASSWORD })).await;
    assert_eq!(nobody.code(), "UNAUTHENTICATED");

    let under_way = link(&ana).await;
    ana.ask("mutation { signOut }", json!({})).await.data();
    assert_eq!(under_way.back(&gateway, "ana").await.1, "/account#provider-signed-out");
    assert_eq!(me(&program).await["identities"], json!([]));
}

#[tokio::test]
async fn an_account_is_linked_to_one_person_and_a_person_to_one_account_of_a_provider() {
    let (gateway, ana) = gateway_with_provider().await;
    linked(&gateway, &ana, "ana").await;
    linked(&gateway, &ana, "ana").await;
    assert_eq!(link(&ana).await.back(&gateway, "ana2").await.1, "/account#provider-linked");
    let code = invite(&ana, 2).await;
    assert_eq!(join(&gateway, &code, "Zoe").await.back(&gateway, "ana").await.1, "/sign-in#provider-joined");
    let (reply, place) = join(&gateway, &code, "Ben").await.back(&gateway, "ben").await;
    assert_eq!(place, "/");
    assert_eq!(me(&inside(&gateway, &reply)).await["name"], "Ben");
    let id = me(&ana).await["identities"][0]["id"].clone();
    ana.ask(UNLINK, json!({ "id": id })).await.data();
    assert_eq!(link(&ana).await.back(&gateway, "ben").await.1, "/account#provider-linked", "it is Ben's");
}

#[tokio::test]
async fn whoever_is_invited_joins_without_a_password_and_may_choose_one() {
    let (gateway, ana) = gateway_with_provider().await;
    let code = invite(&ana, 1).await;
    let page = gateway.client().own_page();
    let refused = async |code: &str, name: &str| page.ask(JOIN, json!({ "code": code, "name": name })).await.field();
    assert_eq!(refused("0000", "Ben").await, "code");
    assert_eq!(refused(&code, "ANA").await, "name");
    assert_eq!(refused(&code, "").await, "name");
    assert_eq!(
        gateway.client().ask(JOIN, json!({ "code": code, "name": "Ben" })).await.code(),
        "CONFLICT",
        "a program"
    );

    let (late, first) = (join(&gateway, &code, "Zoe").await, join(&gateway, &code, "Ben").await);
    let (reply, place) = first.back(&gateway, "ben").await;
    assert_eq!(place, "/");
    assert_eq!(late.back(&gateway, "zoe").await.1, "/sign-in#provider-invitation", "it lets in one");
    let ben = inside(&gateway, &reply);
    let told = me(&ben).await;
    assert_eq!((&told["name"], &told["hasPassword"]), (&json!("Ben"), &json!(false)));
    let document = "mutation ($name: String!, $password: String!) { signIn(input: { name: $name, password: $password }) { token } }";
    let sign_in =
        async |password: &str| gateway.client().ask(document, json!({ "name": "Ben", "password": password })).await;
    assert_eq!(sign_in("").await.code(), "UNAUTHENTICATED");

    let unlink = json!({ "id": told["identities"][0]["id"] });
    assert_eq!(ben.ask(UNLINK, unlink.clone()).await.code(), "CONFLICT");
    assert_eq!(ben.ask(LINK, json!({ "password": "" })).await.code(), "CONFLICT", "a password first");
    let change = "mutation ($new: String!) { changePassword(input: { new: $new }) }";
    assert_eq!(ben.ask(change, json!({ "new": "12345678" })).await.field(), "new");
    assert_eq!(ben.ask(change, json!({ "new": "nine loud kettles" })).await.data()["changePassword"], true);
    assert_eq!(ben.ask(change, json!({ "new": "ten loud kettles" })).await.field(), "current", "there is one now");
    assert!(sign_in("nine loud kettles").await.data()["signIn"]["token"].is_string());
    assert_eq!(me(&ben).await["hasPassword"], true);
    assert_eq!(ben.ask(UNLINK, unlink).await.data()["unlinkProvider"], true);
}

/// What is behind `mark` on its line.
fn code_in(letter: &Letter, mark: &str) -> String {
    let (_, rest) = letter.text.split_once(mark).unwrap_or_else(|| panic!("{mark} in {}", letter.text));
    rest.lines().next().unwrap().to_owned()
}

#[tokio::test]
async fn who_joins_by_a_provider_may_give_an_address_like_anybody_else() {
    let (mail, mut letters) = mpsc::channel(8);
    let with_mail = |origin| Settings { provider: Some(provider(origin)), mail: Some(mail), ..settings() };
    let (gateway, ana) = gateway_of(with_mail).await;
    let origin = format!("http://{}", gateway.address);
    let page = gateway.client().own_page();
    let join = async |code: &str, name: &str, email: &str| {
        let document =
            "mutation ($input: AcceptInvitationByProviderInput!) { acceptInvitationByProvider(input: $input) { url } }";
        page.ask(document, json!({ "input": { "code": code, "name": name, "email": email } })).await
    };
    let at_provider = |reply: Reply| {
        let url = reply.data()["acceptInvitationByProvider"]["url"].as_str().unwrap().to_owned();
        AtProvider::new(&reply, &url)
    };
    let addresses = async |reply: &Reply| {
        let viewer = inside(&gateway, reply).ask("{ viewer { email emailWaiting } }", json!({})).await.data();
        viewer["viewer"].clone()
    };

    let code = invite(&ana, 2).await;
    let bad = join(&code, "Ben", "ben").await;
    assert_eq!((bad.code(), bad.field()), ("BAD_INPUT".to_owned(), "email".to_owned()));
    let (reply, place) = at_provider(join(&code, "Ben", "ben@example.org").await).back(&gateway, "ben").await;
    assert_eq!(place, "/");
    assert_eq!(addresses(&reply).await, json!({ "email": null, "emailWaiting": "ben@example.org" }));
    let letter = within("a letter", letters.recv()).await.unwrap();
    assert!(
        letter.to.as_str() == "ben@example.org" && letter.text.contains(&format!("{origin}/confirm#")),
        "{letter:?}"
    );
    let confirm = "mutation ($code: String!) { confirmEmail(input: { code: $code }) }";
    page.ask(confirm, json!({ "code": code_in(&letter, "/confirm#") })).await.data();
    assert_eq!(addresses(&reply).await, json!({ "email": "ben@example.org", "emailWaiting": null }));

    // Who has the code of an invitation's mail has read it: there is nothing to confirm, and nothing to take from somebody.
    let mailed = async |letters: &mut mpsc::Receiver<Letter>, to: &str| {
        let create = "mutation ($to: String!) { createInvitation(input: { role: MEMBER, email: $to }) { mailed } }";
        ana.ask(create, json!({ "to": to })).await.data();
        code_in(&within("a letter", letters.recv()).await.unwrap(), "/join#")
    };
    let code = mailed(&mut letters, "zoe@example.org").await;
    let (reply, _) = at_provider(join(&code, "Zoe", "Zoe@example.org").await).back(&gateway, "zoe").await;
    assert_eq!(addresses(&reply).await, json!({ "email": "Zoe@example.org", "emailWaiting": null }));
    let code = mailed(&mut letters, "ben@example.org").await;
    assert_eq!(join(&code, "Cleo", "ben@example.org").await.code(), "CONFLICT");
    assert!(letters.try_recv().is_err(), "nothing was mailed that nobody waited for");

    // A password is replaced, and its person told what else lets them in.
    let ben = gateway.hub.view().access.members().find(|one| one.name.as_str() == "Ben").unwrap().id;
    let code = gateway.hub.offer_reset(Administer::console(), ben).await.unwrap().1;
    let reset = "mutation ($code: String!) { resetPassword(input: { code: $code, password: \"eight brown herons\" }) { token } }";
    gateway.client().ask(reset, json!({ "code": code })).await.data();
    let told = within("a letter", letters.recv()).await.unwrap();
    assert!(told.text.contains("Your account at accounts.example.org still lets you in"), "{}", told.text);
}

#[tokio::test]
async fn without_a_mail_server_who_joins_by_a_provider_comes_without_an_address() {
    let (gateway, ana) = gateway_with_provider().await;
    let code = invite(&ana, 1).await;
    let document = "mutation ($code: String!) { acceptInvitationByProvider(input: { code: $code, name: \"Ben\", email: \"ben@example.org\" }) { url } }";
    let reply = gateway.client().own_page().ask(document, json!({ "code": code })).await;
    assert!(reply.code() == "CONFLICT" && reply.message().contains("Leave the address out"), "{}", reply.text());
}

#[tokio::test]
async fn a_name_that_somebody_took_meanwhile_uses_nothing_up() {
    let (gateway, ana) = gateway_with_provider().await;
    let code = invite(&ana, 2).await;
    let (one, other) = (join(&gateway, &code, "Ben").await, join(&gateway, &code, "BEN").await);
    assert_eq!(one.back(&gateway, "ben").await.1, "/");
    assert_eq!(other.back(&gateway, "zoe").await.1, "/sign-in#provider-name");
    assert_eq!(join(&gateway, &code, "Zoe").await.back(&gateway, "zoe").await.1, "/");
}

#[tokio::test]
async fn without_a_provider_there_is_no_way_to_one() {
    let home = People::new().await;
    for path in ["/oidc/start", "/oidc/callback?code=ana&state=x"] {
        assert_eq!(home.gateway.client().get(path).await.status, 404, "{path}");
    }
    let ways = "{ gateway { signInWays { provider { name } } } }";
    let told = home.gateway.client().ask(ways, json!({})).await.data();
    assert_eq!(told["gateway"]["signInWays"]["provider"], Value::Null);
    let refused = home.ana.ask(LINK, json!({ "password": PASSWORD })).await;
    assert_eq!(refused.code(), "CONFLICT");
}
