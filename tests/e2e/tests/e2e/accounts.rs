//! Accounts on the running daemon: forgotten passwords, and what ends a session.

use gatehouse_e2e::{Home, OWNER, PASSWORD};
use serde_json::{Value, json};

const RESET: &str = "mutation ($input: ResetPasswordInput!) { resetPassword(input: $input) { token viewer { name } } }";
const SIGN_IN: &str = "mutation ($input: SignInInput!) { signIn(input: $input) { token } }";
const NEW: &str = "eight brown herons";

fn sign_in(name: &str, password: &str) -> Value {
    json!({ "input": { "name": name, "password": password } })
}

/// Row 5.1-4 of the security checklist: a forgotten password by a one-time link made on the machine.
#[tokio::test]
async fn a_link_made_on_the_machine_replaces_a_forgotten_password_once() {
    let home = Home::claimed().await;
    let unknown = home.gatehouse(&["member", "reset", "Nobody"]).await;
    assert_eq!((unknown.code, unknown.stderr.lines().count()), (Some(1), 1), "{unknown:?}");
    let shown = home.gatehouse(&["member", "reset", &OWNER.to_uppercase()]).await;
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let code = shown.stdout.lines().find_map(|line| line.strip_prefix("Code ")).expect("a code").trim();
    assert!(shown.stdout.contains(&format!("http://{}/reset#{code}", home.visitor().address())), "{shown:?}");
    assert!(shown.stdout.contains('█'), "a QR code: {shown:?}");

    let input = json!({ "input": { "code": code, "password": NEW } });
    let session: Value = home.visitor().ask("resetPassword", RESET, input.clone()).await;
    assert_eq!(session["viewer"], json!({ "name": OWNER }));
    assert_eq!(home.visitor().try_ask(RESET, input).await.unwrap_err().code, "BAD_INPUT", "it works once");
    let before = home.owner().try_ask("{ home { name } }", json!({})).await.unwrap_err();
    assert_eq!(before.code, "UNAUTHENTICATED", "the sessions there were have ended");
    let old = home.visitor().try_ask(SIGN_IN, sign_in(OWNER, PASSWORD)).await.unwrap_err();
    assert_eq!(old.code, "UNAUTHENTICATED");
    assert!(home.visitor().try_ask(SIGN_IN, sign_in(OWNER, NEW)).await.is_ok());
}

#[tokio::test]
async fn a_recovery_code_outlives_the_daemon_and_is_nowhere_on_the_disk() {
    let mut home = Home::claimed().await;
    let created: Value =
        home.owner().ask("createRecoveryCode", "mutation { createRecoveryCode { code } }", json!({})).await;
    let code = created["code"].as_str().expect("a code").to_owned();
    home.kill().await;
    for file in std::fs::read_dir(home.data_dir()).unwrap() {
        let Ok(bytes) = std::fs::read(file.unwrap().path()) else { continue };
        for text in [code.as_str(), &code.replace('-', "")] {
            assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "the code is on the disk");
        }
    }
    home.start().await;
    let input = json!({ "input": { "code": code, "password": NEW } });
    let session: Value = home.visitor().ask("resetPassword", RESET, input.clone()).await;
    assert_eq!(session["viewer"], json!({ "name": OWNER }));
    assert_eq!(home.visitor().try_ask(RESET, input).await.unwrap_err().code, "BAD_INPUT");
}
