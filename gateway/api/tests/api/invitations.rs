//! Invitations: made by the owner, mailed or handed over, accepted by whoever holds the code.

use crate::support::{Client, Gateway, Reply, settings, within};
use gatehouse_api::Settings;
use gatehouse_core::mail::Letter;
use serde_json::{Value, json};
use tokio::sync::mpsc;

const CREATE: &str = "mutation ($input: CreateInvitationInput!) { createInvitation(input: $input) {
    code mailed invitation { id role email expiresAt usesLeft by { kind name } createdAt } } }";
const ACCEPT: &str = "mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) {
    token viewer { name role } } }";
const OFFER: &str = "query ($code: String!) { invitation(code: $code) { homeName inviter role } }";
const ALL: &str = "{ invitations { id usesLeft } }";

async fn create(client: &Client, input: Value) -> Reply {
    client.ask(CREATE, json!({ "input": input })).await
}

async fn code_of(ana: &Client, input: Value) -> String {
    create(ana, input).await.data()["createInvitation"]["code"].as_str().unwrap().to_owned()
}

async fn accept(client: &Client, code: &str, name: &str, password: &str) -> Reply {
    client.ask(ACCEPT, json!({ "input": { "code": code, "name": name, "password": password } })).await
}

fn field(reply: &Reply) -> (String, Value) {
    (reply.code(), reply.json()["errors"][0]["extensions"]["field"].clone())
}

#[tokio::test]
async fn who_holds_the_code_sees_what_it_offers_and_comes_in_once() {
    let (gateway, ana) = Gateway::claimed().await;
    let created = create(&ana, json!({ "role": "MEMBER" })).await.data()["createInvitation"].clone();
    assert_eq!((&created["mailed"], &created["invitation"]["role"]), (&json!(false), &json!("MEMBER")));
    assert_eq!(created["invitation"]["by"], json!({ "kind": "MEMBER", "name": "Ana" }));
    assert_eq!((&created["invitation"]["usesLeft"], &created["invitation"]["expiresAt"]), (&json!(1), &Value::Null));
    let code = created["code"].as_str().unwrap();
    let stranger = gateway.client();
    let offer = stranger.ask(OFFER, json!({ "code": code.to_lowercase() })).await.data();
    assert_eq!(offer["invitation"], json!({ "homeName": "Lakeside", "inviter": "Ana", "role": "MEMBER" }));
    let ben = accept(&stranger, code, "Ben", "seven quiet lamps").await.data()["acceptInvitation"].clone();
    assert_eq!(ben["viewer"], json!({ "name": "Ben", "role": "MEMBER" }));
    let ben = gateway.client().bearer(ben["token"].as_str().unwrap());
    assert_eq!(ben.ask("{ viewer { name } }", json!({})).await.data()["viewer"]["name"], "Ben");
    assert_eq!(ana.ask(ALL, json!({})).await.data(), json!({ "invitations": [] }));
    assert_eq!(stranger.ask(OFFER, json!({ "code": code })).await.data(), json!({ "invitation": null }));
    assert_eq!(field(&accept(&stranger, code, "Zoe", "seven quiet lamps").await), ("BAD_INPUT".into(), json!("code")));
}

#[tokio::test]
async fn what_is_refused_uses_up_nothing() {
    let (gateway, ana) = Gateway::claimed().await;
    let code = code_of(&ana, json!({ "role": "GUEST" })).await;
    let stranger = gateway.client();
    for (name, password, bad) in [
        ("ana", "seven quiet lamps", "name"),
        ("", "seven quiet lamps", "name"),
        ("123", "seven quiet lamps", "name"),
        ("Ben", "short", "password"),
        ("Ben", "password", "password"),
    ] {
        let reply = accept(&stranger, &code, name, password).await;
        assert_eq!(field(&reply), ("BAD_INPUT".into(), json!(bad)), "{name:?} {password:?}");
    }
    assert_eq!(
        accept(&stranger, &code, "Ben", "seven quiet lamps").await.data()["acceptInvitation"]["viewer"]["role"],
        "GUEST"
    );
}

#[tokio::test]
async fn only_an_owner_invites_sees_and_takes_back() {
    let (gateway, ana) = Gateway::claimed().await;
    let code = code_of(&ana, json!({ "role": "MEMBER", "uses": 2 })).await;
    let ben = accept(&gateway.client(), &code, "Ben", "seven quiet lamps").await.data();
    let ben = gateway.client().bearer(ben["acceptInvitation"]["token"].as_str().unwrap());
    let all = ana.ask(ALL, json!({})).await.data();
    assert_eq!(all["invitations"][0]["usesLeft"], 1);
    let delete = "mutation ($input: DeleteInvitationInput!) { deleteInvitation(input: $input) }";
    let this = json!({ "input": { "id": all["invitations"][0]["id"] } });
    assert_eq!(create(&ben, json!({ "role": "OWNER" })).await.code(), "FORBIDDEN");
    assert_eq!(create(&ben, json!({ "role": "GUEST" })).await.code(), "FORBIDDEN", "he has nothing to share");
    assert_eq!(ben.ask(ALL, json!({})).await.data(), json!({ "invitations": [] }));
    assert_eq!(ben.ask(delete, this.clone()).await.code(), "NOT_FOUND");
    assert_eq!(ana.ask(delete, this.clone()).await.data(), json!({ "deleteInvitation": true }));
    assert_eq!(ana.ask(delete, this).await.code(), "NOT_FOUND");
    assert_eq!(gateway.client().ask(OFFER, json!({ "code": code })).await.data(), json!({ "invitation": null }));
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_told_by_its_field() {
    let (_gateway, ana) = Gateway::claimed().await;
    for (input, bad) in [
        (json!({ "role": "MEMBER", "uses": 0 }), "uses"),
        (json!({ "role": "MEMBER", "uses": 17 }), "uses"),
        (json!({ "role": "MEMBER", "email": "ben" }), "email"),
    ] {
        assert_eq!(field(&create(&ana, input).await), ("BAD_INPUT".into(), json!(bad)));
    }
    let reply = create(&ana, json!({ "role": "MEMBER", "email": "ben@example.org" })).await;
    assert_eq!(reply.code(), "CONFLICT", "no mail server is configured");
    assert_eq!(ana.ask(ALL, json!({})).await.data(), json!({ "invitations": [] }), "what was refused was made");
}

#[tokio::test]
async fn an_invitation_is_mailed_with_a_link_to_where_it_was_made() {
    let (mail, mut letters) = mpsc::channel::<Letter>(1);
    let (_gateway, ana) = Gateway::claimed_with(Settings { mail: Some(mail), ..settings() }).await;
    let page = ana.header("host", "home.example").header("origin", "https://home.example");
    let input = json!({ "role": "MEMBER", "email": "ben@example.org" });
    let created = create(&page, input.clone()).await.data()["createInvitation"].clone();
    assert_eq!((&created["mailed"], &created["invitation"]["email"]), (&json!(true), &json!("ben@example.org")));
    assert_eq!(create(&page, input.clone()).await.code(), "BUSY", "the queue is full");
    let letter = within("a letter", letters.recv()).await.unwrap();
    let (link, said) = ("https://home.example/join#", "Ana asked for this mail.");
    assert!(letter.text.contains(link) && letter.text.contains(said), "{}", letter.text);
    assert_eq!(letter.subject, "Ana invites you to Lakeside");
    assert_eq!((letter.to.as_str(), letter.home.as_str()), ("ben@example.org", "Lakeside"));
    let all = page.ask(ALL, json!({})).await.data();
    assert_eq!(all["invitations"].as_array().unwrap().len(), 1, "what could not be mailed was made");
}

#[tokio::test]
async fn guessing_codes_is_slowed_down_and_a_holder_may_have_a_password_estimated() {
    let (gateway, ana) = Gateway::claimed().await;
    let code = code_of(&ana, json!({ "role": "MEMBER" })).await;
    let stranger = gateway.client();
    let estimate = "query ($input: PasswordEstimateInput!) { passwordEstimate(input: $input) { acceptable } }";
    let input = |code: &str| json!({ "input": { "password": "seven quiet lamps", "code": code } });
    assert_eq!(stranger.ask(estimate, input(&code)).await.data()["passwordEstimate"]["acceptable"], true);
    let other = "0123".repeat(13);
    assert_eq!(field(&stranger.ask(estimate, input(&other)).await), ("BAD_INPUT".into(), json!("code")));
    let mut wrong = stranger.ask(OFFER, json!({ "code": "0123" })).await;
    for _ in 0..10 {
        if wrong.json().get("errors").is_none() {
            wrong = stranger.ask(OFFER, json!({ "code": "0123" })).await;
        }
    }
    assert_eq!(wrong.code(), "RATE_LIMITED");
}

#[tokio::test]
async fn an_invitation_brings_grants_and_a_member_invites_to_what_they_may_share() {
    let (gateway, ana) = Gateway::claimed().await;
    let _board = gateway.board("relay-1", 2).await;
    let switches = ana.ask("{ switches { id name } }", json!({})).await.data();
    let id = |at: usize| switches["switches"][at]["id"].clone();
    let (lamp, other) = (id(0), id(1));
    let on = |switch: &Value| json!([{ "target": { "kind": "SWITCH", "id": switch }, "level": "OPERATE" }]);
    let code = code_of(&ana, json!({ "role": "MEMBER", "grants": on(&lamp) })).await;
    let shown = "{ invitations { grants { target { kind id name } level until hours { from } } } }";
    let grants = ana.ask(shown, json!({})).await.data()["invitations"][0]["grants"].clone();
    let target = json!({ "kind": "SWITCH", "id": lamp, "name": switches["switches"][0]["name"] });
    assert_eq!(grants, json!([{ "target": target, "level": "OPERATE", "until": null, "hours": null }]));

    let join = async |code: &str, name: &str| {
        let data = accept(&gateway.client(), code, name, "seven quiet lamps").await.data();
        gateway.client().bearer(data["acceptInvitation"]["token"].as_str().unwrap())
    };
    let sees = async |who: &Client| who.ask("{ switches { id } }", json!({})).await.data()["switches"].clone();
    let ben = join(&code, "Ben").await;
    assert_eq!(sees(&ben).await, json!([{ "id": lamp }]));

    let code = code_of(&ben, json!({ "role": "GUEST", "grants": on(&lamp) })).await;
    assert_eq!(sees(&join(&code, "Zoe").await).await, json!([{ "id": lamp }]));
    for (input, refused) in [
        (json!({ "role": "GUEST", "grants": on(&other) }), "NOT_FOUND"),
        (json!({ "role": "GUEST", "grants": [{ "target": { "kind": "HOME" }, "level": "VIEW" }] }), "FORBIDDEN"),
        (json!({ "role": "OWNER", "grants": on(&lamp) }), "FORBIDDEN"),
        (json!({ "role": "GUEST", "grants": [{ "target": { "kind": "ROOM" }, "level": "VIEW" }] }), "BAD_INPUT"),
    ] {
        assert_eq!(create(&ben, input.clone()).await.code(), refused, "{input}");
    }
}
