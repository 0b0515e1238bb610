//! What an owner asks of a claimed board beside moving its relays, by the running daemon and the firmware itself: settings
//! that hold without the gateway, identify, restart, and forgetting the home.

use gatehouse_e2e::{Board, Home};
use serde_json::{Value, json};

const UPDATE: &str = "mutation ($input: UpdateSwitchSettingsInput!) { updateSwitchSettings(input: $input) {
    outcome reasonCode field } }";

async fn update(home: &Home, switch: &str, mut input: Value) -> Value {
    input["switchId"] = json!(switch);
    home.owner().ask("updateSwitchSettings", UPDATE, json!({ "input": input })).await
}

async fn set(home: &Home, switch: &str, input: Value) {
    let done = json!({ "outcome": "CONFIRMED", "reasonCode": null, "field": null });
    assert_eq!(update(home, switch, input.clone()).await, done, "{input}");
}

async fn settings(home: &Home, switch: &str) -> Value {
    let document = "query ($id: ID!) { switch(id: $id) { settings {
        powerOn pulseMs interlockGroup wiring { normallyClosed activeLow } } } }";
    let switch: Value = home.owner().ask("switch", document, json!({ "id": switch })).await;
    switch["settings"].clone()
}

async fn device_of(home: &Home, board: &Board) -> String {
    let document = "query ($id: ID!) { switch(id: $id) { device { id } } }";
    let switch: Value = home.owner().ask("switch", document, json!({ "id": board.switch(1) })).await;
    switch["device"]["id"].as_str().expect("a switch has a device").to_owned()
}

#[tokio::test]
async fn a_pulse_ends_by_itself_with_the_gateway_killed_and_never_comes_back_on() {
    let mut home = Home::claimed().await;
    let mut board = home.board("Gate", 2).await;
    set(&home, &board.switch(1), json!({ "powerOn": "ON" })).await;
    set(&home, &board.switch(1), json!({ "pulseMs": 1500 })).await;
    assert_eq!(home.owner().set(&board.switch(1), true).await.end(), ("CONFIRMED", None));
    assert_eq!(board.movement().await.to_string(), "relay 1 on cause=command");
    assert_eq!(home.owner().set(&board.switch(1), true).await.end(), ("REFUSED", Some("HELD_BY_PULSE")));
    home.kill().await;
    assert_eq!(board.movement().await.to_string(), "relay 1 off cause=pulse");

    home.start().await;
    let mut screen = home.owner().watch(board.switches()).await;
    screen.all(board.switches(), "the board is back", |switch| switch.is_online() && switch.on == Some(false)).await;
    let told = json!({ "powerOn": "OFF", "pulseMs": 1500, "interlockGroup": 0,
        "wiring": { "normallyClosed": false, "activeLow": false } });
    assert_eq!(settings(&home, &board.switch(1)).await, told);
    // Power goes while it is on.
    board.press("button 1").await;
    assert_eq!(board.movement().await.to_string(), "relay 1 on cause=button");
    board.press("power-cycle").await;
    board.booted(&[false, false]).await;
}

#[tokio::test]
async fn relays_of_a_group_are_never_on_together_whatever_is_tapped() {
    let home = Home::claimed().await;
    let mut board = home.board("Shutter", 2).await;
    for relay in [1, 2] {
        set(&home, &board.switch(relay), json!({ "interlockGroup": 1 })).await;
    }
    let mut screen = home.owner().watch(board.switches()).await;
    assert_eq!(home.owner().set(&board.switch(1), true).await.end(), ("CONFIRMED", None));
    assert_eq!(board.movement().await.to_string(), "relay 1 on cause=command");
    assert_eq!(home.owner().set(&board.switch(2), true).await.end(), ("CONFIRMED", None));
    assert_eq!(board.movement().await.to_string(), "relay 1 off cause=interlock");
    assert_eq!(board.movement().await.to_string(), "relay 2 on cause=command");
    board.press("button 1").await;
    assert_eq!(board.movement().await.to_string(), "relay 2 off cause=interlock");
    assert_eq!(board.movement().await.to_string(), "relay 1 on cause=button");
    let first = board.switches()[..1].to_vec();
    screen.all(&first, "the first is on", |switch| switch.on == Some(true) && switch.changed_by() == "BUTTON").await;
    assert_eq!(home.owner().switch(&board.switch(2)).await.changed_by(), "INTERLOCK");

    // Both at once, from two hands, many times: read what the board printed.
    for _ in 0..10 {
        let (owner, one, two) = (home.owner(), board.switch(1), board.switch(2));
        let other = home.owner();
        tokio::join!(owner.set(&one, true), other.set(&two, true));
    }
    let mut on = [true, false];
    for line in board.movements_left() {
        let mut words = line.split(' ');
        let relay: usize = words.nth(1).and_then(|relay| relay.parse().ok()).expect("a relay");
        on[relay - 1] = words.next() == Some("on");
        assert!(!(on[0] && on[1]), "{line}");
    }
}

#[tokio::test]
async fn a_relay_does_after_a_power_cut_what_was_set() {
    let home = Home::claimed().await;
    let mut board = home.board("Kitchen", 2).await;
    set(&home, &board.switch(1), json!({ "powerOn": "ON" })).await;
    board.press("power-cycle").await;
    board.booted(&[true, false]).await;
    let mut screen = home.owner().watch(board.switches()).await;
    let (first, second) = (board.switches()[..1].to_vec(), board.switches()[1..].to_vec());
    screen.all(&first, "the board is back", |switch| switch.is_online() && switch.on == Some(true)).await;
    assert_eq!(settings(&home, &board.switch(1)).await["powerOn"], "ON");
    // On it is now, so other wires have to wait.
    let refused = update(&home, &board.switch(1), json!({ "normallyClosed": true })).await;
    assert_eq!(refused, json!({ "outcome": "REFUSED", "reasonCode": "RELAY_ON", "field": "wiring" }));
    set(&home, &board.switch(2), json!({ "normallyClosed": true, "activeLow": true })).await;
    assert_eq!(board.movements_left(), Vec::<String>::new(), "no relay moves by a setting");
    assert_eq!(home.owner().set(&board.switch(2), true).await.end(), ("CONFIRMED", None));
    screen.all(&second, "it is on", |switch| switch.on == Some(true)).await;
    let mut board = board.replug().await;
    board.booted(&[true, false]).await;
    screen.all(&second, "the board is back, off", |switch| switch.is_online() && switch.on == Some(false)).await;
    assert_eq!(settings(&home, &board.switch(2)).await["wiring"], json!({ "normallyClosed": true, "activeLow": true }));
}

#[tokio::test]
async fn identify_blinks_and_restart_starts_over_as_after_a_power_cut() {
    let mut home = Home::claimed().await;
    let mut board = home.board("Kitchen", 2).await;
    set(&home, &board.switch(2), json!({ "powerOn": "RESTORE" })).await;
    for relay in [1, 2] {
        assert_eq!(home.owner().set(&board.switch(relay), true).await.end(), ("CONFIRMED", None));
        board.movement().await;
    }
    let device = json!({ "input": { "deviceId": device_of(&home, &board).await } });
    let identify = "mutation ($input: IdentifyDeviceInput!) { identifyDevice(input: $input) { outcome } }";
    let done: Value = home.owner().ask("identifyDevice", identify, device.clone()).await;
    assert_eq!(done, json!({ "outcome": "CONFIRMED" }));
    board.says("the light blinks").await;
    assert_eq!(board.movements_left(), Vec::<String>::new());
    let restart = "mutation ($input: RestartDeviceInput!) { restartDevice(input: $input) { outcome } }";
    let done: Value = home.owner().ask("restartDevice", restart, device.clone()).await;
    assert_eq!(done, json!({ "outcome": "CONFIRMED" }));
    board.booted(&[false, true]).await;
    let mut screen = home.owner().watch(board.switches()).await;
    let first = board.switches()[..1].to_vec();
    screen.all(&first, "it is back", |switch| switch.is_online() && switch.on == Some(false)).await;

    board.press("quit").await;
    board.ended().await;
    screen.all(&first, "it is gone", |switch| !switch.is_online()).await;
    let done: Value = home.owner().ask("identifyDevice", identify, device).await;
    assert_eq!(done, json!({ "outcome": "OFFLINE" }));

    // Lines are on disk within a second, and at an orderly stop.
    home.stop().await;
    home.start().await;
    let record = "{ record { edges { node { what subject text actor { name } } } } }";
    let record: Value = home.owner().ask("record", record, json!({})).await;
    for what in ["DEVICE_IDENTIFIED", "DEVICE_RESTARTED"] {
        let line = json!({ "what": what, "subject": "Kitchen", "text": "", "actor": { "name": "Ana" } });
        assert!(record["edges"].as_array().unwrap().iter().any(|edge| edge["node"] == line), "{what}: {record}");
    }
}

#[tokio::test]
async fn a_board_that_is_removed_is_as_before_its_claim_and_one_that_was_away_stays_out() {
    const REMOVE: &str = "mutation ($input: DeleteDeviceInput!) { removeDevice(input: $input) { wiped } }";
    let home = Home::claimed().await;
    let mut board = home.board("Kitchen", 2).await;
    set(&home, &board.switch(1), json!({ "interlockGroup": 3 })).await;
    assert_eq!(home.owner().set(&board.switch(1), true).await.end(), ("CONFIRMED", None));
    board.movement().await;
    let secret = board.secret();
    let input = json!({ "input": { "id": device_of(&home, &board).await } });
    let removed: Value = home.owner().ask("removeDevice", REMOVE, input).await;
    assert_eq!(removed, json!({ "wiped": "CONFIRMED" }));
    board.says("the home is forgotten").await;
    assert_eq!(board.movements_left(), Vec::<String>::new(), "its relays hold");
    let flash = std::fs::read(board.flash()).expect("the flash");
    assert!(!flash.windows(secret.len()).any(|window| window == secret.as_bytes()), "the secret is gone");
    let mut board = board.replug().await;
    board.booted(&[false, false]).await;
    board.says("no gateway and credential stored").await;

    let mut away = home.board("Hall", 1).await;
    let mut screen = home.owner().watch(away.switches()).await;
    away.press("wifi down").await;
    screen.all(away.switches(), "it is gone", |switch| !switch.is_online()).await;
    let input = json!({ "input": { "id": device_of(&home, &away).await } });
    let removed: Value = home.owner().ask("removeDevice", REMOVE, input).await;
    assert_eq!(removed, json!({ "wiped": "OFFLINE" }));
    away.press("wifi up").await;
    away.says("refused the login").await;
}
