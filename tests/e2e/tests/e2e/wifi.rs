//! Boards are given another network over their own connections: by the running daemon and the firmware itself, over TLS.

use gatehouse_e2e::{Client, Home, PATIENCE, Process, board_program, within};
use serde_json::{Value, json};
use std::path::Path;
use tokio::process::Command;

const CHANGE: &str = "mutation ($input: ChangeWifiInput!) { changeWifi(input: $input) { ssid done } }";
const CHANGED: &str = "subscription { wifiChanged { ssid done moves { state reason message device { name } } } }";
const NEW_PASSWORD: &str = "green curtain";

/// A board of one relay in the network `house`, within reach of `new`, and of `far` where it gets no address.
async fn board(home: &Home, name: &str) -> Process {
    use std::os::unix::fs::PermissionsExt;
    let port = home.dir().join(format!("tty{name}"));
    let mut command = Command::new(board_program());
    command.arg("--flash").arg(home.dir().join(format!("{name}.flash"))).arg("--serial").arg(&port);
    command.args(["--relays", "1", "--network", "house:the password"]);
    command.args(["--network", &format!("new:{NEW_PASSWORD}"), "--network", "far:green curtain:-95"]);
    let board = Process::start(name, command);
    let (port, file) = (port.display().to_string(), home.dir().join("password"));
    std::fs::write(&file, "the password").expect("the password can be written");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("it can be protected");
    let file = file.display().to_string();
    let arguments = ["provision", "--port", &port, "--ssid", "house", "--password-file", &file, "--name", name];
    let ended = within(3 * PATIENCE, "gatehouse provision should end", home.gatehouse(&arguments)).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
    board
}

/// Gives all boards this network, and waits until nothing more comes of it: name, state and reason of each.
async fn change(owner: &Client, ssid: &str, password: &str) -> Vec<(String, String, Value)> {
    let input = json!({ "input": { "wifi": { "ssid": ssid, "password": password } } });
    let begun: Value = owner.ask("changeWifi", CHANGE, input).await;
    assert_eq!(begun["ssid"], ssid);
    let mut watch = owner.subscribe(CHANGED).await;
    let done = watch.value("wifiChanged", "the boards should have tried it", |change| change["done"] == true).await;
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let moves = done["moves"].as_array().expect("a list").iter();
    moves.map(|one| (text(&one["device"]["name"]), text(&one["state"]), one["reason"].clone())).collect()
}

async fn switch_of(owner: &Client, device: &str) -> String {
    let all = owner.switches().await;
    let own = all.into_iter().find(|switch| switch.device.as_ref().is_some_and(|of| of.name == device));
    own.expect("a switch").id
}

fn files_with(dir: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if let Ok(bytes) = std::fs::read(&path)
            && bytes.windows(text.len()).any(|window| window == text.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    found
}

fn told(name: &str, state: &str, reason: Value) -> (String, String, Value) {
    (name.to_owned(), state.to_owned(), reason)
}

#[tokio::test]
async fn boards_change_the_network_go_back_from_one_that_is_wrong_and_spare_the_others() {
    let home = Home::claimed().await;
    let owner = home.owner();
    let kitchen = board(&home, "Kitchen").await;
    let mut cellar = board(&home, "Cellar").await;
    let (first, second) = (switch_of(&owner, "Kitchen").await, switch_of(&owner, "Cellar").await);
    let both = [first.clone(), second.clone()];
    owner.watch(&both).await.all(&both, "both are online", |switch| switch.is_online()).await;
    assert_eq!(owner.set(&first, true).await.end(), ("CONFIRMED", None));

    let wrong = change(&owner, "new", "another password").await;
    let refused = told("Kitchen", "FELL_BACK", json!("WRONG_PASSWORD"));
    assert_eq!(wrong, [refused, told("Cellar", "NOT_ASKED", Value::Null)]);
    let absent = change(&owner, "nowhere", NEW_PASSWORD).await;
    assert_eq!(absent[0], told("Kitchen", "FELL_BACK", json!("NO_NETWORK")));
    let far = change(&owner, "far", NEW_PASSWORD).await;
    assert_eq!(far[0], told("Kitchen", "FELL_BACK", json!("NO_ADDRESS")));

    let right = change(&owner, "new", NEW_PASSWORD).await;
    assert_eq!(right, [told("Kitchen", "CHANGED", Value::Null), told("Cellar", "CHANGED", Value::Null)]);
    let moved = ["relay 1 off cause=boot seq=0", "relay 1 on cause=command seq=1"];
    assert_eq!(kitchen.stdout_so_far(), moved, "no relay moved by any of it");
    assert_eq!(owner.switch(&first).await.on, Some(true));
    assert_eq!(owner.set(&second, true).await.end(), ("CONFIRMED", None));

    // Who is not there is said so, and comes by the network that it had.
    cellar.say("quit").await;
    owner.watch(&both[1..]).await.all(&both[1..], "it is gone", |switch| !switch.is_online()).await;
    let some = change(&owner, "house", "the password").await;
    assert_eq!(some, [told("Kitchen", "CHANGED", Value::Null), told("Cellar", "OFFLINE", Value::Null)]);

    home.room("Hall").await;
    assert_eq!(files_with(&home.data_dir(), NEW_PASSWORD), Vec::<String>::new());
    let record: Value = owner
        .ask("record", "{ record(first: 30) { edges { node { what subject text actor { name } } } } }", json!({}))
        .await;
    let line = json!({ "what": "WIFI_CHANGED", "subject": "Cellar", "text": "to “new”", "actor": { "name": "Ana" } });
    assert!(record["edges"].as_array().unwrap().iter().any(|edge| edge["node"] == line), "{record}");
}

#[tokio::test]
async fn a_network_is_changed_by_an_owner_alone_and_only_to_what_can_be_one() {
    let home = Home::claimed().await;
    let owner = home.owner();
    let input = |ssid: &str, password: &str| json!({ "input": { "wifi": { "ssid": ssid, "password": password } } });
    for (ssid, password, field) in [("", "12345678", "ssid"), ("new", "short", "password")] {
        let refused = owner.try_ask(CHANGE, input(ssid, password)).await.unwrap_err();
        assert_eq!(refused.code, "BAD_INPUT", "{field}");
    }
    let stranger = home.visitor().try_ask(CHANGE, input("new", NEW_PASSWORD)).await.unwrap_err();
    assert_eq!(stranger.code, "UNAUTHENTICATED");
    let nothing: Value = owner.ask("wifiChange", "{ wifiChange { ssid } }", json!({})).await;
    assert_eq!(nothing, Value::Null);
}
