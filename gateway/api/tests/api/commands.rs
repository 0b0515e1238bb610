//! The life of a command, as its caller sees it.

use crate::support::{Board, Client, Gateway, Reply, within};
use gatehouse_core::command::Reason;
use gatehouse_core::device::Cause;
use serde_json::{Value, json};
use std::time::Duration;

const TAP: &str = "mutation Tap($input: SetSwitchInput!) { setSwitch(input: $input) { ...C } }
    fragment C on Command { id on outcome confirmedBy reason reasonCode latencyMs requestedAt settledAt
      actor { kind name } switch { id on desired openCommand { id } lastChange { on actor { kind name } command { id } }
      lastCommand { id outcome reasonCode actor { name } } } }";

async fn tap(client: &Client, input: Value) -> Reply {
    client.ask(TAP, json!({ "input": input })).await
}

fn on(board: &Board) -> Value {
    json!({ "switchId": board.switches[0], "on": true })
}

#[tokio::test]
async fn a_tap_is_answered_when_the_board_says_it_obeyed() {
    let (gateway, ana) = Gateway::claimed().await;
    let mut board = gateway.online_board("relay-1", 1).await;
    let (reply, ()) = tokio::join!(tap(&ana, on(&board)), board.obey());
    let command = reply.data()["setSwitch"].clone();
    assert_eq!(command["outcome"], "CONFIRMED");
    assert_eq!(command["confirmedBy"], "OBEYED");
    assert_eq!((&command["reason"], &command["reasonCode"]), (&Value::Null, &Value::Null));
    assert_eq!(command["actor"], json!({ "kind": "MEMBER", "name": "Ana" }));
    let latency = command["latencyMs"].as_f64().unwrap();
    assert!(latency > 0.0 && latency < 5_000.0 && (latency * 1_000.0).fract().abs() < 1e-6, "{latency}");
    let switch = &command["switch"];
    assert_eq!((&switch["on"], &switch["desired"], &switch["openCommand"]), (&json!(true), &json!(true), &Value::Null));
    assert_eq!(switch["lastChange"]["command"]["id"], command["id"]);
    let document = "query ($id: ID!) { command(id: $id) { id outcome } }";
    let found = ana.ask(document, json!({ "id": command["id"] })).await.data();
    assert_eq!(found["command"], json!({ "id": command["id"], "outcome": "CONFIRMED" }));
}

#[tokio::test]
async fn a_refusal_tells_why() {
    let (gateway, ana) = Gateway::claimed().await;
    let mut board = gateway.online_board("relay-1", 1).await;
    for (reason, code) in [
        (Reason::Interlocked, "INTERLOCKED"),
        (Reason::HeldByPulse, "HELD_BY_PULSE"),
        (Reason::ReadBackDiffers, "READ_BACK_DIFFERS"),
    ] {
        let (reply, ()) = tokio::join!(tap(&ana, on(&board)), board.refuse(reason));
        let command = reply.data()["setSwitch"].clone();
        assert_eq!((&command["outcome"], &command["reasonCode"]), (&json!("REFUSED"), &json!(code)));
        assert_eq!(command["reason"], reason.to_string());
        assert_eq!((&command["confirmedBy"], &command["switch"]["on"]), (&Value::Null, &json!(false)));
        let last = &command["switch"]["lastCommand"];
        assert_eq!((&last["id"], &last["reasonCode"]), (&command["id"], &json!(code)));
        assert_eq!((&last["outcome"], &last["actor"]["name"]), (&json!("REFUSED"), &json!("Ana")));
    }
}

#[tokio::test]
async fn an_offline_board_is_an_outcome_with_a_reason() {
    let (gateway, ana) = Gateway::claimed().await;
    let board = gateway.board("relay-1", 1).await;
    let command = tap(&ana, on(&board)).await.data()["setSwitch"].clone();
    assert_eq!((&command["outcome"], &command["reasonCode"]), (&json!("OFFLINE"), &json!("OFFLINE")));
    assert!(command["reason"].as_str().unwrap().contains("offline"));
    assert_eq!(command["switch"]["on"], Value::Null, "it has never reported");
}

#[tokio::test]
async fn silence_is_a_timeout_and_means_unknown() {
    let (gateway, ana) = Gateway::claimed().await;
    let board = gateway.online_board("relay-1", 1).await;
    let input = json!({ "switchId": board.switches[0], "on": true, "timeoutMs": 500 });
    let command = tap(&ana, input).await.data()["setSwitch"].clone();
    assert_eq!((&command["outcome"], &command["reasonCode"]), (&json!("TIMED_OUT"), &json!("NO_REPORT")));
    assert!(command["latencyMs"].as_f64().unwrap() >= 500.0);
    assert_eq!(command["switch"]["on"], false, "what it reported last");
}

#[tokio::test]
async fn a_newer_command_takes_the_place_of_an_older_one() {
    let (gateway, ana) = Gateway::claimed().await;
    let mut board = gateway.online_board("relay-1", 1).await;
    let off = json!({ "switchId": board.switches[0], "on": false });
    let second = async |board: &mut Board| {
        board.order().await;
        let (reply, ()) = tokio::join!(tap(&ana, off), board.obey());
        reply
    };
    let input = on(&board);
    let (first, second) = tokio::join!(tap(&ana, input), second(&mut board));
    assert_eq!(first.data()["setSwitch"]["outcome"], "SUPERSEDED");
    assert_eq!(second.data()["setSwitch"]["outcome"], "CONFIRMED");
}

#[tokio::test]
async fn bad_input_is_told_by_field() {
    let (gateway, ana) = Gateway::claimed().await;
    let board = gateway.online_board("relay-1", 1).await;
    let long = "x".repeat(129);
    for (field, value) in [
        ("timeoutMs", json!(499)),
        ("timeoutMs", json!(30_001)),
        ("timeoutMs", json!(-1)),
        ("requestId", json!("")),
        ("requestId", json!(long)),
    ] {
        let mut input = on(&board);
        input[field] = value.clone();
        let reply = tap(&ana, input).await;
        assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_INPUT", field), "{value}");
    }
    for unknown in ["s0", "sffffffffffffffff", "d1", "", "s1 ", "../s1"] {
        assert_eq!(tap(&ana, json!({ "switchId": unknown, "on": true })).await.code(), "NOT_FOUND", "{unknown}");
        let document = "query ($id: ID!) { switch(id: $id) { id } device(id: $id) { id } command(id: $id) { id } }";
        let nothing = ana.ask(document, json!({ "id": unknown })).await.data();
        assert_eq!(nothing, json!({ "switch": null, "device": null, "command": null }), "{unknown}");
    }
}

#[tokio::test]
async fn the_same_request_id_answers_the_same_command() {
    let (gateway, ana) = Gateway::claimed().await;
    let mut board = gateway.online_board("relay-1", 1).await;
    let input = json!({ "switchId": board.switches[0], "on": true, "requestId": "tap-1" });
    let (first, ()) = tokio::join!(tap(&ana, input.clone()), board.obey());
    let again = tap(&ana, input.clone()).await;
    assert_eq!(first.data()["setSwitch"]["id"], again.data()["setSwitch"]["id"]);
    let mut other = input;
    other["on"] = json!(false);
    assert_eq!(tap(&ana, other).await.code(), "CONFLICT");
}

#[tokio::test]
async fn several_switches_are_set_at_once_and_answered_one_by_one() {
    let (gateway, ana) = Gateway::claimed().await;
    let mut there = gateway.online_board("relay-1", 2).await;
    let away = gateway.board("relay-2", 1).await;
    let document = "mutation ($inputs: [SetSwitchInput!]!) {
        setSwitches(inputs: $inputs) { switchId code command { outcome } } }";
    let input = |id: &str| json!({ "switchId": id, "on": true });
    let ids = [&there.switches[1], &away.switches[0], &"s0".to_owned(), &there.switches[0]].map(Clone::clone);
    let inputs = json!({ "inputs": ids.each_ref().map(|id| input(id)) });
    // Both orders come before either is obeyed: they do not wait for each other.
    let obey = async {
        let orders = [there.order().await, there.order().await];
        for order in orders {
            let relay = if order.endpoint.as_str() == "relay-1/on" { 1 } else { 2 };
            there.report(relay, order.on, Cause::Command, Some(order.id)).await;
        }
    };
    let (reply, ()) = tokio::join!(ana.ask(document, inputs), obey);
    let confirmed = json!({ "outcome": "CONFIRMED" });
    assert_eq!(
        reply.data()["setSwitches"],
        json!([
            { "switchId": ids[0], "code": null, "command": confirmed },
            { "switchId": ids[1], "code": null, "command": { "outcome": "OFFLINE" } },
            { "switchId": ids[2], "code": "NOT_FOUND", "command": null },
            { "switchId": ids[3], "code": null, "command": confirmed },
        ])
    );
    let many: Vec<_> = (0..101).map(|i| input(&format!("s{i:x}"))).collect();
    for bad in [json!([]), json!([input(&ids[0]), input(&ids[0])]), json!(many)] {
        let reply = ana.ask(document, json!({ "inputs": bad })).await;
        assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_INPUT", "inputs"));
    }
    let hundred: Vec<_> = (0..100).map(|i| input(&format!("s{i:x}"))).collect();
    let reply = ana.ask(document, json!({ "inputs": hundred })).await.data();
    assert_eq!(reply["setSwitches"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn the_wall_button_shows_as_what_it_is() {
    let (gateway, ana) = Gateway::claimed().await;
    let mut board = gateway.online_board("relay-1", 1).await;
    board.report(1, true, Cause::Button, None).await;
    gateway.until("the light is on", |view| view.switches[0].on == Some(true)).await;
    let document = "{ switches { on lastChange { on actor { kind name } command { id } } } }";
    let switch = ana.ask(document, json!({})).await.data()["switches"][0].clone();
    let change = json!({ "on": true, "actor": { "kind": "BUTTON", "name": "wall button" }, "command": null });
    assert_eq!(switch, json!({ "on": true, "lastChange": change }));
}

#[tokio::test]
async fn a_command_that_the_hub_has_forgotten_is_found_on_disk() {
    let (gateway, ana) = Gateway::claimed().await;
    let board = gateway.board("relay-1", 1).await;
    let first = tap(&ana, on(&board)).await.data()["setSwitch"]["id"].clone();
    let viewer = gateway.viewer(&gateway.sign_in().await);
    let id = board.switches[0].parse().unwrap();
    within("many commands", async {
        for _ in 0..4_200 {
            let cap = viewer.operate(id).unwrap();
            gateway.hub.set_switch(cap, true, Duration::from_secs(1), None).await.unwrap();
        }
    })
    .await;
    let numeric = first.as_str().unwrap().parse().unwrap();
    assert!(gateway.hub.command(numeric).await.unwrap().is_none(), "the hub still knows it");
    // What is durable comes after all that was written before.
    ana.ask(r#"mutation { createRoom(input: { name: "Attic" }) { id } }"#, json!({})).await.data();
    let document = "query ($id: ID!) { command(id: $id) { id outcome switch { id } actor { name } } }";
    let found = ana.ask(document, json!({ "id": first })).await.data();
    let wanted =
        json!({ "id": first, "outcome": "OFFLINE", "switch": { "id": board.switches[0] }, "actor": { "name": "Ana" } });
    assert_eq!(found["command"], wanted);
}
