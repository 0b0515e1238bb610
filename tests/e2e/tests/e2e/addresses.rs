//! Addresses and forgotten passwords on the running daemon, through a real SMTP server.

use gatehouse_e2e::{Client, Home, OWNER, PASSWORD, SmtpServer};
use serde_json::{Value, json};

const UPDATE: &str = "mutation ($input: UpdateViewerInput!) { updateViewer(input: $input) { email emailWaiting } }";
const CONFIRM: &str = "mutation ($code: String!) { confirmEmail(input: { code: $code }) }";
const ASK: &str = "mutation ($email: String!) { requestPasswordLink(input: { email: $email }) }";
const RESET: &str = "mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { token } }";
const NEW: &str = "eight brown herons";
const ADDRESS: &str = "ana@example.org";

async fn ask_for_link(who: &Client, email: &str) -> Value {
    who.ask("requestPasswordLink", ASK, json!({ "email": email })).await
}

/// A home that sends mail, whose owner has confirmed an address. The server answers what comes after with these codes.
async fn with_address(answers: &[u16]) -> (Home, SmtpServer) {
    let mut home = Home::claimed().await;
    let answers: Vec<_> = [250].iter().chain(answers).collect();
    let mut smtp = SmtpServer::start(json!({ "answers": answers })).await;
    home.restart_with(&smtp.config()).await;
    let input = json!({ "input": { "email": ADDRESS, "password": PASSWORD } });
    let given: Value = home.owner().ask("updateViewer", UPDATE, input).await;
    assert_eq!(given, json!({ "email": null, "emailWaiting": ADDRESS }));
    let mail = smtp.mail().await;
    assert!(mail.to == [ADDRESS] && mail.said().contains("Ana asked for this mail"), "{}", mail.text);
    let code = json!({ "code": mail.behind("/confirm#") });
    let confirmed: Value = home.visitor().ask("confirmEmail", CONFIRM, code.clone()).await;
    assert_eq!(confirmed, json!(true));
    assert_eq!(
        home.visitor().try_ask(CONFIRM, code).await.expect_err("it was used up").code,
        "BAD_INPUT",
        "it works once"
    );
    (home, smtp)
}

#[tokio::test]
async fn a_confirmed_address_gets_the_link_that_replaces_a_forgotten_password_and_nobody_else_does() {
    let (mut home, mut smtp) = with_address(&[]).await;
    home.stop().await;
    home.start().await;
    let viewer: Value = home.owner().ask("viewer", "{ viewer { email emailWaiting } }", json!({})).await;
    assert_eq!(viewer, json!({ "email": ADDRESS, "emailWaiting": null }), "it is on the disk");
    let stranger = home.visitor();
    let (nobody, ana) = (ask_for_link(&stranger, "nobody@example.org").await, ask_for_link(&stranger, ADDRESS).await);
    assert_eq!((nobody, ana), (json!(true), json!(true)));
    let mail = smtp.mail().await;
    assert_eq!(mail.to, [ADDRESS], "the first mail there is");
    let said = mail.said();
    assert!(said.contains(&format!("http://{}/reset#", stranger.address())) && said.contains("ignore it"), "{said}");
    let code = mail.behind("/reset#");
    let input = json!({ "input": { "code": code, "password": NEW } });
    let session: Value = stranger.ask("resetPassword", RESET, input.clone()).await;
    assert_eq!(home.owner().try_ask("{ home { name } }", json!({})).await.unwrap_err().code, "UNAUTHENTICATED");
    assert_eq!(stranger.try_ask(RESET, input).await.unwrap_err().code, "BAD_INPUT", "it works once");
    let told = smtp.mail().await;
    assert!(told.to == [ADDRESS] && told.said().contains("was replaced"), "{}", told.text);
    let ana = stranger.with_token(session["token"].as_str().map(str::to_owned));
    let record = "{ record(first: 1) { edges { node { what text actor { name } } } } }";
    let record: Value = ana.ask("record", record, json!({})).await;
    let line = json!({ "what": "PASSWORD_CHANGED", "text": "by a link that was mailed", "actor": { "name": OWNER } });
    assert_eq!(record["edges"][0]["node"], line);
    assert!(smtp.untold().iter().all(|told| told["mail"].is_null()), "{:?}", smtp.untold());
    let log = home.daemon().process().stderr_so_far().join("\n");
    assert!(!log.contains("@example.org") && !log.contains(&code), "{log}");
}

#[tokio::test]
async fn a_link_that_cannot_be_mailed_is_answered_alike_and_the_owner_is_told() {
    let (mut home, mut smtp) = with_address(&[550]).await;
    let mut screen = home.owner().subscribe("subscription { noticeChanged { code } }").await;
    assert_eq!(ask_for_link(&home.visitor(), ADDRESS).await, json!(true));
    assert_eq!(smtp.mail().await.code, 550);
    screen.value("noticeChanged", "mail that failed", |notice| notice["code"] == "MAIL_FAILED").await;
    home.stop().await;
}

#[tokio::test]
async fn without_a_mail_server_everything_else_works_and_it_is_said_what_to_do() {
    let home = Home::claimed().await;
    let input = json!({ "input": { "email": ADDRESS, "password": PASSWORD } });
    let refused = home.owner().try_ask(UPDATE, input).await.unwrap_err();
    assert!(refused.code == "CONFLICT" && refused.message.contains("[smtp]"), "{refused:?}");
    let refused = home.visitor().try_ask(ASK, json!({ "email": ADDRESS })).await.unwrap_err();
    assert!(refused.code == "CONFLICT" && refused.message.contains("gatehouse member reset"), "{refused:?}");
    let named: Value = home
        .owner()
        .ask("updateViewer", "mutation { updateViewer(input: { name: \"Anna\" }) { name } }", json!({}))
        .await;
    assert_eq!(named["name"], "Anna");
}
