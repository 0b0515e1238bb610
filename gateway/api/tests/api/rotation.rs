//! Boards' credentials: the owner has one rotated, and is told when the old one is good no more, or why it cannot be.

use crate::support::{Client, Gateway, Reply, hash_secret, within};
use gatehouse_core::view::Availability;
use serde_json::{Value, json};

const ROTATE: &str = "mutation ($input: RotateCredentialInput!) { rotateCredential(input: $input) { id availability rotatingCredential } }";

async fn rotate(client: &Client, device: &str) -> Reply {
    client.ask(ROTATE, json!({ "input": { "deviceId": device } })).await
}

#[tokio::test]
async fn a_rotation_is_answered_when_the_board_uses_its_new_secret() {
    let (gateway, ana) = Gateway::claimed().await;
    let mut board = gateway.online_board("relay-1", 1).await;
    let (mut secrets, device) = (gateway.secrets.subscribe(), board.device.clone());
    let asking = ana.clone();
    let rotation = tokio::spawn(async move { rotate(&asking, &device).await });
    let new = within("a new secret", secrets.recv()).await.unwrap();
    assert_eq!(new.secret.reveal().len(), 64);
    let shown = ana.ask("{ devices { rotatingCredential } }", Value::Null).await;
    assert_eq!(shown.data()["devices"], json!([{ "rotatingCredential": true }]));
    board.connect_with(hash_secret("relay-1", new.secret.reveal().as_bytes())).await;
    let answered = rotation.await.unwrap();
    assert!(!answered.text().contains(new.secret.reveal()), "a secret is for its board alone");
    assert_eq!(answered.data()["rotateCredential"]["rotatingCredential"], false);
}

#[tokio::test]
async fn what_cannot_be_rotated_is_refused_with_what_to_do() {
    let (gateway, ana) = Gateway::claimed().await;
    let mut board = gateway.board("relay-1", 1).await;
    let refused = |reply: Reply| {
        let (code, text) = (reply.code(), reply.text().to_owned());
        (code, text)
    };
    let (code, text) = refused(rotate(&ana, &board.device).await);
    assert!(code == "CONFLICT" && text.contains("Board relay-1 is offline"), "{text}");
    board.private = false;
    board.connect().await;
    gateway.until("the board is online", |view| view.switches[0].availability == Availability::Online).await;
    let (code, text) = refused(rotate(&ana, &board.device).await);
    assert!(code == "CONFLICT" && text.contains("without TLS"), "{text}");
    for unknown in ["d1", "nonsense"] {
        assert_eq!(rotate(&ana, unknown).await.code(), "NOT_FOUND");
    }
    assert_eq!(rotate(&gateway.client(), &board.device).await.code(), "UNAUTHENTICATED");
}
