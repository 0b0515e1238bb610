//! What an owner asks of a board beside moving its relays, and what is told of it.

use crate::support::{Board, Client, Gateway, Reply, within};
use gatehouse_core::board_settings::{ConfigOrder, PowerOn, Pulse, RelaySetting, Wiring, Wish};
use gatehouse_core::command::Reason;
use gatehouse_core::name::Endpoint;
use gatehouse_core::view::Availability;
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::task::JoinHandle;

const UPDATE: &str = "mutation ($input: UpdateSwitchSettingsInput!) { updateSwitchSettings(input: $input) {
    outcome reason reasonCode field switch { settings { powerOn pulseMs interlockGroup wiring { normallyClosed activeLow } } } } }";

async fn home() -> (Gateway, Client, Board, Receiver<ConfigOrder>) {
    let (gateway, ana) = Gateway::claimed().await;
    let mut board = gateway.board("relay-1", 1).await;
    board.configures = true;
    board.connect().await;
    gateway.until("the board is online", |view| view.switches[0].availability == Availability::Online).await;
    let orders = gateway.config_orders.subscribe();
    (gateway, ana, board, orders)
}

fn asks(client: &Client, document: &'static str, input: Value) -> JoinHandle<Reply> {
    let client = client.clone();
    tokio::spawn(async move { client.ask(document, json!({ "input": input })).await })
}

async fn next(orders: &mut Receiver<ConfigOrder>) -> ConfigOrder {
    within("an order to configure", orders.recv()).await.unwrap()
}

#[tokio::test]
async fn a_board_blinks_and_starts_over_when_the_owner_asks() {
    let (_gateway, ana, board, mut orders) = home().await;
    for (document, wish) in [
        (
            "mutation ($input: IdentifyDeviceInput!) { answer: identifyDevice(input: $input) { outcome reason device { id configurable } } }",
            Wish::Identify,
        ),
        (
            "mutation ($input: RestartDeviceInput!) { answer: restartDevice(input: $input) { outcome reason device { id configurable } } }",
            Wish::Restart,
        ),
    ] {
        let asked = asks(&ana, document, json!({ "deviceId": board.device }));
        let order = next(&mut orders).await;
        assert_eq!(order.wish, wish);
        board.answers(&order, None).await;
        let device = json!({ "id": board.device, "configurable": true });
        let wanted = json!({ "outcome": "CONFIRMED", "reason": null, "device": device });
        assert_eq!(asked.await.unwrap().data()["answer"], wanted);
    }
}

#[tokio::test]
async fn settings_are_asked_one_after_the_other_and_shown_as_the_board_says() {
    let (gateway, ana, board, mut orders) = home().await;
    board.says_setting(1, RelaySetting::PowerOn(PowerOn::Restore)).await;
    board.says_setting(1, RelaySetting::Wiring(Wiring { normally_closed: false, active_low: true })).await;
    gateway.until("its settings", |view| view.devices[0].settings.relays.values().any(|of| of.wiring.is_some())).await;
    let input = json!({ "switchId": board.switches[0], "powerOn": "OFF", "pulseMs": 500, "interlockGroup": 2, "normallyClosed": true });
    let asked = asks(&ana, UPDATE, input);
    let wiring = Wiring { normally_closed: true, active_low: true };
    for setting in [
        RelaySetting::Wiring(wiring),
        RelaySetting::Interlock(2),
        RelaySetting::Pulse(Pulse::from_millis(500).unwrap()),
        RelaySetting::PowerOn(PowerOn::Off),
    ] {
        let order = next(&mut orders).await;
        assert_eq!(order.wish, Wish::Relay(Endpoint::relay(1), setting));
        board.answers(&order, None).await;
    }
    let settings = json!({ "powerOn": "OFF", "pulseMs": 500, "interlockGroup": 2, "wiring": { "normallyClosed": true, "activeLow": true } });
    let wanted = json!({ "outcome": "CONFIRMED", "reason": null, "reasonCode": null, "field": null, "switch": { "settings": settings } });
    assert_eq!(asked.await.unwrap().data()["updateSwitchSettings"], wanted);
}

#[tokio::test]
async fn the_first_that_is_refused_is_the_last_and_is_named() {
    let (_gateway, ana, board, mut orders) = home().await;
    let asked = asks(&ana, UPDATE, json!({ "switchId": board.switches[0], "interlockGroup": 1, "pulseMs": 500 }));
    let order = next(&mut orders).await;
    board.answers(&order, Some(Reason::RelayOn)).await;
    let answer = asked.await.unwrap();
    let answer = &answer.data()["updateSwitchSettings"];
    assert_eq!(
        (&answer["outcome"], &answer["reasonCode"], &answer["field"]),
        (&json!("REFUSED"), &json!("RELAY_ON"), &json!("interlockGroup"))
    );
    assert!(answer["reason"].as_str().unwrap().contains("Turn it off first"));
    assert!(orders.try_recv().is_err(), "nothing more was asked");
}

#[tokio::test]
async fn what_is_out_of_bounds_is_bad_input_and_goes_to_no_board() {
    let (_gateway, ana, board, mut orders) = home().await;
    for (field, input) in [
        ("pulseMs", json!({ "pulseMs": 99 })),
        ("pulseMs", json!({ "pulseMs": 600_001 })),
        ("pulseMs", json!({ "pulseMs": -1 })),
        ("interlockGroup", json!({ "interlockGroup": 5 })),
        ("interlockGroup", json!({ "interlockGroup": -1 })),
        ("powerOn", json!({ "powerOn": "ON", "pulseMs": 500 })),
        ("switchId", json!({})),
    ] {
        let mut input = input;
        input["switchId"] = json!(board.switches[0]);
        let refused = ana.ask(UPDATE, json!({ "input": input })).await;
        assert_eq!(
            (refused.code().as_str(), refused.json()["errors"][0]["extensions"]["field"].as_str()),
            ("BAD_INPUT", Some(field)),
            "{input}"
        );
    }
    for unknown in ["s1", "nonsense"] {
        let refused = ana.ask(UPDATE, json!({ "input": { "switchId": unknown, "pulseMs": 0 } })).await;
        assert_eq!(refused.code(), "NOT_FOUND");
    }
    assert!(orders.try_recv().is_err());
}

#[tokio::test]
async fn a_board_that_is_away_is_offline_and_one_that_cannot_is_told_apart() {
    let (gateway, ana, mut board, _orders) = home().await;
    let identify = "mutation ($input: IdentifyDeviceInput!) { identifyDevice(input: $input) { outcome reasonCode } }";
    board.vanish().await;
    gateway.until("the board is gone", |view| view.switches[0].availability == Availability::Offline).await;
    let input = json!({ "input": { "deviceId": board.device } });
    let answered = ana.ask(identify, input.clone()).await;
    assert_eq!(answered.data()["identifyDevice"], json!({ "outcome": "OFFLINE", "reasonCode": "OFFLINE" }));
    board.configures = false;
    board.connect().await;
    gateway.until("the board is online", |view| view.switches[0].availability == Availability::Online).await;
    let refused = ana.ask(identify, input).await;
    assert_eq!(refused.code(), "CONFLICT");
    assert!(refused.text().contains("firmware"), "{}", refused.text());
}

#[tokio::test]
async fn a_device_that_goes_takes_the_home_from_its_board_when_that_is_there() {
    const REMOVE: &str = "mutation ($input: DeleteDeviceInput!) { removeDevice(input: $input) { wiped reason } }";
    let (gateway, ana, board, mut orders) = home().await;
    let asked = asks(&ana, REMOVE, json!({ "id": board.device }));
    let order = next(&mut orders).await;
    assert_eq!(order.wish, Wish::Forget);
    assert_eq!(gateway.hub.view().devices.len(), 1, "it is there until its board answered");
    board.answers(&order, None).await;
    assert_eq!(asked.await.unwrap().data()["removeDevice"], json!({ "wiped": "CONFIRMED", "reason": null }));
    assert!(gateway.hub.view().devices.is_empty());
    assert!(gateway.credentials().boards.is_empty());

    let away = gateway.board("relay-2", 1).await;
    let answered = ana.ask(REMOVE, json!({ "input": { "id": away.device } })).await;
    assert_eq!(answered.data()["removeDevice"]["wiped"], "OFFLINE");
    let stock = gateway.online_board("relay-3", 1).await;
    let answered = ana.ask(REMOVE, json!({ "input": { "id": stock.device } })).await;
    assert_eq!(answered.data()["removeDevice"]["wiped"], Value::Null);
    assert!(gateway.hub.view().devices.is_empty());
}
