//! API tokens on the running daemon: made by the console and by a person, and taken back while they are used.

use gatehouse_e2e::Home;
use serde_json::{Value, json};

async fn made(home: &Home, arguments: &[&str]) -> String {
    let ended = home.gatehouse(&[&["token", "create"], arguments].concat()).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    let secret = ended.stdout.lines().find_map(|line| line.strip_prefix("Token "));
    secret.unwrap_or_else(|| panic!("no secret: {ended:?}")).trim().to_owned()
}

#[tokio::test]
async fn a_program_s_tap_is_in_the_record_in_its_name_and_ends_with_its_token() {
    let home = Home::claimed().await;
    let mut board = home.board("Kitchen", 1).await;
    let secret = made(&home, &["--name", "Panel", "--scope", "operate"]).await;
    let program = home.visitor().with_token(Some(secret.clone()));
    assert_eq!(program.set(&board.switch(1), true).await.end(), ("CONFIRMED", None));
    let mut screen = home.owner().watch(board.switches()).await;
    board.press("button 1").await;
    screen.until("switched off by hand", |switch| switch.on == Some(false)).await;
    let refused = program.try_ask("mutation { createRoom(input: { name: \"Hall\" }) { id } }", json!({})).await;
    assert_eq!(refused.unwrap_err().code, "FORBIDDEN");
    let bearer = format!("authorization: Bearer {secret}");
    assert_eq!(program.request("GET", "/metrics", &[&bearer], b"").await.status, 401);
    let watches = program.watch(board.switches()).await;

    let listed = home.gatehouse(&["token", "list"]).await;
    assert!(listed.stdout.contains("Panel") && listed.stdout.contains("operate"), "{listed:?}");
    assert!(!listed.stdout.contains(&secret));
    assert_eq!(home.gatehouse(&["token", "revoke", "panel"]).await.code, Some(0));
    assert_eq!(watches.closed().await, 4403);
    assert_eq!(program.try_ask("{ home { name } }", json!({})).await.unwrap_err().code, "UNAUTHENTICATED");
    let again = home.gatehouse(&["token", "revoke", "panel"]).await;
    assert_eq!((again.code, again.stderr.lines().count()), (Some(1), 1), "{again:?}");

    // Whatever was written before is on disk when this is answered.
    home.room("Hall").await;
    let record = "{ record { edges { node { what actor { kind name } subject } } } }";
    let record: Value = home.owner().ask("record", record, json!({})).await;
    let lines: Vec<_> = record["edges"].as_array().unwrap().iter().map(|edge| edge["node"].clone()).collect();
    let has = |what: &str, kind: &str, name: &str| {
        lines.iter().any(|line| line["what"] == what && line["actor"] == json!({ "kind": kind, "name": name }))
    };
    for (what, kind, name) in [
        ("COMMAND", "TOKEN", "Panel"),
        ("SWITCH_MOVED", "BUTTON", "wall button"),
        ("TOKEN_CREATED", "CONSOLE", "console"),
        ("TOKEN_DELETED", "CONSOLE", "console"),
        ("ROOM_CREATED", "MEMBER", "Ana"),
        ("DEVICE_CLAIMED", "CONSOLE", "console"),
    ] {
        assert!(has(what, kind, name), "{what} by {kind} {name}: {lines:?}");
    }
    let csv = home.owner();
    let bearer = format!("authorization: Bearer {}", csv.token().unwrap());
    let file = csv.request("GET", "/record.csv", &[&bearer], b"").await;
    let text = String::from_utf8(file.body).unwrap();
    assert!(file.status == 200 && text.contains(",TOKEN,\"Panel\",COMMAND,"), "{text}");
}

#[tokio::test]
async fn a_token_outlives_a_restart_and_reads_the_numbers_if_it_is_for_that() {
    let mut home = Home::claimed().await;
    let secret = made(&home, &["--name", "Prometheus", "--scope", "metrics"]).await;
    home.kill().await;
    home.start().await;
    let program = home.visitor().with_token(Some(secret.clone()));
    let bearer = format!("authorization: Bearer {secret}");
    assert_eq!(program.request("GET", "/metrics", &[&bearer], b"").await.status, 200);
    assert_eq!(program.try_ask("{ home { name } }", json!({})).await.unwrap_err().code, "UNAUTHENTICATED");
    for (arguments, words) in [
        (&["--name", ""][..], "--name"),
        (&["--name", "X", "--scope", "all"], "view, operate, administer or metrics"),
        (&["--name", "X", "--member", "Nobody"], "--member"),
        (&["--name", "prometheus"], "already"),
    ] {
        let ended = home.gatehouse(&[&["token", "create"], arguments].concat()).await;
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{ended:?}");
        assert!(ended.stderr.contains(words), "{ended:?}");
    }
    let ended = home.gatehouse(&["token", "create", "--name", "X", "--expires", "soon"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
}
