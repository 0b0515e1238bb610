//! Where mail reaches people, and what is mailed to them.

use crate::support::gateway::PASSWORD;
use crate::support::{Client, Gateway, Reply, settings, within};
use gatehouse_api::Settings;
use gatehouse_core::mail::Letter;
use serde_json::{Value, json};
use tokio::sync::mpsc;

const ADDRESSES: &str = "{ viewer { email emailWaiting } }";
const NEW: &str = "eight brown herons";

/// A gateway that sends mail, with what it sends.
struct Post {
    gateway: Gateway,
    ana: Client,
    letters: mpsc::Receiver<Letter>,
}

impl Post {
    async fn new(public_name: Option<&str>) -> Self {
        let (mail, letters) = mpsc::channel(8);
        let settings = Settings { mail: Some(mail), public_name: public_name.map(str::to_owned), ..settings() };
        let (gateway, ana) = Gateway::claimed_with(settings).await;
        Self { gateway, ana, letters }
    }

    async fn letter(&mut self) -> Letter {
        within("a letter", self.letters.recv()).await.unwrap()
    }

    /// Nothing was mailed that nobody waited for.
    fn is_empty(&mut self) -> bool {
        self.letters.try_recv().is_err()
    }

    /// Ana's address, confirmed.
    async fn confirm(&mut self, address: &str) {
        give(&self.ana, json!({ "email": address, "password": PASSWORD })).await.data();
        let code = code(&self.letter().await, "/confirm#");
        assert_eq!(confirm(&self.gateway.client(), &code).await.data(), json!({ "confirmEmail": true }));
    }

    /// Somebody else, signed in.
    async fn member(&self, name: &str) -> Client {
        let create = "mutation { createInvitation(input: { role: MEMBER }) { code } }";
        let code = self.ana.ask(create, json!({})).await.data()["createInvitation"]["code"].clone();
        let input = json!({ "code": code, "name": name, "password": "seven quiet lamps" });
        let session = accept(&self.gateway.client(), input).await.data()["acceptInvitation"].clone();
        self.gateway.client().bearer(session["token"].as_str().unwrap())
    }
}

async fn give(who: &Client, input: Value) -> Reply {
    let document = "mutation ($input: UpdateViewerInput!) { updateViewer(input: $input) { email emailWaiting } }";
    who.ask(document, json!({ "input": input })).await
}

async fn confirm(who: &Client, code: &str) -> Reply {
    let document = "mutation ($code: String!) { confirmEmail(input: { code: $code }) }";
    who.ask(document, json!({ "code": code })).await
}

async fn ask_for_link(who: &Client, email: &str) -> Reply {
    let document = "mutation ($email: String!) { requestPasswordLink(input: { email: $email }) }";
    who.ask(document, json!({ "email": email })).await
}

async fn accept(who: &Client, input: Value) -> Reply {
    let document = "mutation ($input: AcceptInvitationInput!) {
        acceptInvitation(input: $input) { token viewer { name email emailWaiting } } }";
    who.ask(document, json!({ "input": input })).await
}

async fn reset(who: &Client, code: &str) -> Reply {
    let document = "mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { token } }";
    who.ask(document, json!({ "input": { "code": code, "password": NEW } })).await
}

/// What is behind `mark` on its line.
fn code(letter: &Letter, mark: &str) -> String {
    let (_, rest) = letter.text.split_once(mark).unwrap_or_else(|| panic!("{mark} in {}", letter.text));
    rest.lines().next().unwrap().to_owned()
}

fn addresses(email: Value, waiting: Value) -> Value {
    json!({ "email": email, "emailWaiting": waiting })
}

#[tokio::test]
async fn an_address_is_given_with_the_password_and_counts_once_its_link_was_opened() {
    let mut post = Post::new(None).await;
    for (input, field) in [
        (json!({ "email": "ana", "password": PASSWORD }), "email"),
        (json!({ "email": "ana@example.org" }), "password"),
        (json!({ "email": "ana@example.org", "password": "not it" }), "password"),
    ] {
        let reply = give(&post.ana, input).await;
        assert_eq!((reply.code(), reply.field()), ("BAD_INPUT".to_owned(), field.to_owned()));
    }
    assert!(post.is_empty());
    let given = give(&post.ana, json!({ "email": " ana@example.org ", "password": PASSWORD })).await;
    assert_eq!(given.data()["updateViewer"], addresses(Value::Null, json!("ana@example.org")));
    let letter = post.letter().await;
    assert_eq!((letter.to.as_str(), letter.subject.as_str()), ("ana@example.org", "Confirm your address for Lakeside"));
    assert!(letter.text.contains("Ana asked for this mail.") && letter.text.contains("ignore it"), "{}", letter.text);
    give(&post.ana, json!({ "email": "ana@example.org" })).await.data();
    let again = code(&post.letter().await, "/confirm#");
    let stranger = post.gateway.client();
    for old in ["x", &code(&letter, "/confirm#")] {
        let reply = confirm(&stranger, old).await;
        assert_eq!((reply.code(), reply.field()), ("BAD_INPUT".to_owned(), "code".to_owned()), "{old}");
    }
    assert_eq!(confirm(&stranger, &again.to_lowercase()).await.data(), json!({ "confirmEmail": true }));
    let viewer = post.ana.ask(ADDRESSES, json!({})).await.data()["viewer"].clone();
    assert_eq!(viewer, addresses(json!("ana@example.org"), Value::Null));
    let removed = give(&post.ana, json!({ "email": null })).await;
    assert_eq!(removed.data()["updateViewer"], addresses(Value::Null, Value::Null));
    assert!(post.is_empty());
}

#[tokio::test]
async fn an_address_is_shown_to_the_owner_and_to_whose_it_is() {
    let mut post = Post::new(None).await;
    let ben = post.member("Ben").await;
    give(&ben, json!({ "email": "ben@example.org", "password": "seven quiet lamps" })).await.data();
    let code = code(&post.letter().await, "/confirm#");
    confirm(&post.gateway.client(), &code).await.data();
    post.confirm("ana@example.org").await;
    let members = async |who: &Client| who.ask("{ members { name email } }", json!({})).await.data()["members"].clone();
    let (ana, mine) = (json!({ "name": "Ana", "email": "ana@example.org" }), json!("ben@example.org"));
    assert_eq!(members(&post.ana).await, json!([ana, { "name": "Ben", "email": mine }]));
    assert_eq!(members(&ben).await, json!([{ "name": "Ana", "email": null }, { "name": "Ben", "email": mine }]));
    let waiting = give(&ben, json!({ "email": "b@example.net", "password": "seven quiet lamps" })).await;
    assert_eq!(waiting.data()["updateViewer"], addresses(mine.clone(), json!("b@example.net")));
    assert_eq!(members(&post.ana).await[1]["email"], mine, "what is not confirmed is nobody else's");
}

#[tokio::test]
async fn an_address_that_somebody_has_is_answered_like_any_other_until_it_is_proved() {
    let mut post = Post::new(None).await;
    post.confirm("ours@example.org").await;
    let ben = post.member("Ben").await;
    let given = give(&ben, json!({ "email": "Ours@example.org", "password": "seven quiet lamps" })).await;
    assert_eq!(given.data()["updateViewer"], addresses(Value::Null, json!("Ours@example.org")));
    let code = code(&post.letter().await, "/confirm#");
    assert_eq!(confirm(&post.gateway.client(), &code).await.code(), "CONFLICT");
}

#[tokio::test]
async fn mail_is_bounded_and_without_a_server_an_address_is_refused() {
    let (_gateway, ana) = Gateway::claimed().await;
    let reply = give(&ana, json!({ "email": "ana@example.org", "password": PASSWORD })).await;
    assert_eq!(reply.code(), "CONFLICT");
    assert!(reply.message().contains("sends no mail"), "{}", reply.text());
    assert_eq!(ana.ask(ADDRESSES, json!({})).await.data()["viewer"], addresses(Value::Null, Value::Null));

    let mut post = Post::new(None).await;
    for _ in 0..4 {
        give(&post.ana, json!({ "email": "eve@example.org", "password": PASSWORD })).await.data();
        post.letter().await;
    }
    let reply = give(&post.ana, json!({ "email": "eve@example.org", "password": PASSWORD })).await;
    assert_eq!(reply.code(), "RATE_LIMITED");
    assert!(post.is_empty());
}

#[tokio::test]
async fn a_forgotten_password_is_replaced_by_a_link_to_a_confirmed_address_and_its_person_is_told() {
    let mut post = Post::new(Some("home.example:8443")).await;
    post.confirm("ana@example.org").await;
    let stranger = post.gateway.client();
    let answer = ask_for_link(&stranger, "ANA@example.org").await;
    let letter = post.letter().await;
    assert_eq!(
        (letter.to.as_str(), letter.subject.as_str()),
        ("ana@example.org", "Choose another password for Lakeside")
    );
    for line in ["http://home.example:8443/reset#", "Somebody at the address 127.0.0.1 asked", "ignore it"] {
        assert!(letter.text.contains(line), "{line}: {}", letter.text);
    }
    let session = reset(&stranger, &code(&letter, "/reset#")).await.data()["resetPassword"].clone();
    assert_eq!(post.ana.ask("{ home { id } }", json!({})).await.code(), "UNAUTHENTICATED", "every session ends");
    let told = post.letter().await;
    assert!(told.to.as_str() == "ana@example.org" && told.text.contains("was replaced"), "{}", told.text);
    let ana = stranger.bearer(session["token"].as_str().unwrap());
    let record = "{ record(first: 1) { edges { node { what text actor { name } } } } }";
    let line = ana.ask(record, json!({})).await.data()["record"]["edges"][0]["node"].clone();
    let wanted = json!({ "what": "PASSWORD_CHANGED", "text": "by a link that was mailed", "actor": { "name": "Ana" } });
    assert_eq!(line, wanted);

    // Whoever has no account gets the same answer, and no mail: one for somebody who has comes first, though it was asked for later.
    let nobody = ask_for_link(&stranger, "nobody@example.org").await;
    assert_eq!((nobody.status, nobody.text()), (answer.status, answer.text()));
    ask_for_link(&stranger, "ana@example.org").await.data();
    assert_eq!(post.letter().await.to.as_str(), "ana@example.org");
    assert!(post.is_empty());
}

#[tokio::test]
async fn asking_for_links_is_limited_alike_for_all_addresses() {
    let mut post = Post::new(None).await;
    post.confirm("ana@example.org").await;
    let stranger = post.gateway.client();
    let reply = ask_for_link(&stranger, "ana").await;
    assert_eq!((reply.code(), reply.field()), ("BAD_INPUT".to_owned(), "email".to_owned()));
    for _ in 0..8 {
        ask_for_link(&stranger, "nobody@example.org").await.data();
    }
    for address in ["nobody@example.org", "ana@example.org"] {
        assert_eq!(ask_for_link(&stranger, address).await.code(), "RATE_LIMITED", "{address}");
    }
    assert!(post.is_empty());
    let (gateway, _ana) = Gateway::claimed().await;
    assert_eq!(ask_for_link(&gateway.client(), "ana@example.org").await.code(), "CONFLICT", "no mail is sent");
}

#[tokio::test]
async fn who_comes_by_an_invitation_s_mail_has_a_confirmed_address_and_who_gives_another_confirms_it() {
    let mut post = Post::new(None).await;
    let invite = async |ana: &Client| {
        let create = "mutation ($input: CreateInvitationInput!) { createInvitation(input: $input) { code } }";
        let input = json!({ "input": { "role": "MEMBER", "email": "ben@example.org" } });
        ana.ask(create, input).await.data()["createInvitation"]["code"].as_str().unwrap().to_owned()
    };
    let offer = async |who: &Client, code: &str| {
        let document = "query ($code: String!) { invitation(code: $code) { email } }";
        who.ask(document, json!({ "code": code })).await.data()["invitation"]["email"].clone()
    };
    let stranger = post.gateway.client();
    let shown = invite(&post.ana).await;
    let mailed = code(&post.letter().await, "/join#");
    assert_ne!(shown, mailed);
    assert_eq!(
        (offer(&stranger, &shown).await, offer(&stranger, &mailed).await),
        (Value::Null, json!("ben@example.org"))
    );
    let of_ben = |code: &str, name: &str, email: &str| json!({ "code": code, "name": name, "password": "seven quiet lamps", "email": email });
    let bad = accept(&stranger, of_ben(&mailed, "Ben", "ben")).await;
    assert_eq!((bad.code(), bad.field()), ("BAD_INPUT".to_owned(), "email".to_owned()));
    let ben = accept(&stranger, of_ben(&mailed, "Ben", "Ben@example.org")).await.data()["acceptInvitation"].clone();
    assert_eq!(ben["viewer"], json!({ "name": "Ben", "email": "Ben@example.org", "emailWaiting": null }));
    assert!(post.is_empty(), "there is nothing to confirm");

    // The code that whoever invites was shown proves nothing.
    let shown = invite(&post.ana).await;
    post.letter().await;
    let zoe = accept(&stranger, of_ben(&shown, "Zoe", "ben@example.org")).await.data()["acceptInvitation"].clone();
    assert_eq!(zoe["viewer"], json!({ "name": "Zoe", "email": null, "emailWaiting": "ben@example.org" }));
    let letter = post.letter().await;
    assert!(letter.text.contains("Zoe asked for this mail."), "{}", letter.text);
    assert_eq!(confirm(&stranger, &code(&letter, "/confirm#")).await.code(), "CONFLICT", "Ben has it");
}

#[tokio::test]
async fn without_a_mail_server_people_come_without_an_address() {
    let (gateway, ana) = Gateway::claimed().await;
    let create = "mutation { createInvitation(input: { role: MEMBER }) { code } }";
    let code = ana.ask(create, json!({})).await.data()["createInvitation"]["code"].clone();
    let mut input = json!({ "code": code, "name": "Ben", "password": "seven quiet lamps", "email": "b@example.org" });
    assert_eq!(accept(&gateway.client(), input.clone()).await.code(), "CONFLICT");
    input.as_object_mut().unwrap().remove("email");
    assert_eq!(accept(&gateway.client(), input).await.data()["acceptInvitation"]["viewer"]["name"], "Ben");
}
