//! Rooms, and what is in them.

use crate::support::{Client, Gateway};
use serde_json::{Value, json};

async fn create(client: &Client, name: &str) -> Value {
    let document = "mutation ($input: CreateRoomInput!) { createRoom(input: $input) { id name switches { id } } }";
    client.ask(document, json!({ "input": { "name": name } })).await.data()["createRoom"].clone()
}

#[tokio::test]
async fn rooms_are_made_renamed_and_deleted() {
    let (_gateway, ana) = Gateway::claimed().await;
    let room = create(&ana, " Kitchen ").await;
    assert_eq!((&room["name"], &room["switches"]), (&json!("Kitchen"), &json!([])));
    let bath = create(&ana, "Bath").await;
    let rename = "mutation ($input: UpdateRoomInput!) { updateRoom(input: $input) { id name } }";
    let renamed = ana.ask(rename, json!({ "input": { "id": room["id"], "name": "kitchen" } })).await.data();
    assert_eq!(renamed["updateRoom"], json!({ "id": room["id"], "name": "kitchen" }));
    let taken = ana.ask(rename, json!({ "input": { "id": bath["id"], "name": "KITCHEN" } })).await;
    assert_eq!(taken.code(), "CONFLICT");
    let bad = ana.ask(rename, json!({ "input": { "id": bath["id"], "name": "" } })).await;
    assert_eq!((bad.code().as_str(), bad.field().as_str()), ("BAD_INPUT", "name"));
    for unknown in ["r0", "", "kitchen", "d1"] {
        let reply = ana.ask(rename, json!({ "input": { "id": unknown, "name": "Attic" } })).await;
        assert_eq!(reply.code(), "NOT_FOUND", "{unknown}");
    }
    let delete = "mutation ($input: DeleteRoomInput!) { deleteRoom(input: $input) }";
    let input = json!({ "input": { "id": bath["id"] } });
    assert_eq!(ana.ask(delete, input.clone()).await.data(), json!({ "deleteRoom": true }));
    assert_eq!(ana.ask(delete, input).await.code(), "NOT_FOUND");
    let rooms = ana.ask("{ rooms { name } }", json!({})).await.data();
    assert_eq!(rooms["rooms"], json!([{ "name": "kitchen" }]));
}

const SWITCH: &str = "mutation ($input: UpdateSwitchInput!) { updateSwitch(input: $input) { name room { name } } }";
const DEVICE: &str = "mutation ($input: UpdateDeviceInput!) { updateDevice(input: $input) { name room { name }
    switches { name room { name } } } }";

#[tokio::test]
async fn a_switch_is_in_its_own_room_else_in_its_devices() {
    let (gateway, ana) = Gateway::claimed().await;
    let board = gateway.board("relay-1", 2).await;
    let (kitchen, bath) = (create(&ana, "Kitchen").await, create(&ana, "Bath").await);
    let device = ana.ask(DEVICE, json!({ "input": { "id": board.device, "name": "Box", "roomId": kitchen["id"] } }));
    let device = device.await.data()["updateDevice"].clone();
    assert_eq!((&device["name"], &device["room"]["name"]), (&json!("Box"), &json!("Kitchen")));
    assert_eq!(device["switches"][1]["room"]["name"], "Kitchen");

    let change = async |input: Value| ana.ask(SWITCH, json!({ "input": input })).await;
    let id = &board.switches[0];
    let moved = change(json!({ "id": id, "roomId": bath["id"] })).await.data();
    assert_eq!(moved["updateSwitch"], json!({ "name": "Board relay-1 1", "room": { "name": "Bath" } }));
    let named = change(json!({ "id": id, "name": "Mirror" })).await.data();
    assert_eq!(named["updateSwitch"], json!({ "name": "Mirror", "room": { "name": "Bath" } }), "left out: kept");
    let listed = "query ($room: ID) { switches(roomId: $room) { name } }";
    let in_bath = ana.ask(listed, json!({ "room": bath["id"] })).await.data();
    assert_eq!(in_bath["switches"], json!([{ "name": "Mirror" }]));
    for (room, count) in [(json!("r0"), 0), (json!("nonsense"), 0), (Value::Null, 2)] {
        let some = ana.ask(listed, json!({ "room": room })).await.data();
        assert_eq!(some["switches"].as_array().unwrap().len(), count, "{room}");
    }
    let cleared = change(json!({ "id": id, "roomId": null })).await.data();
    assert_eq!(cleared["updateSwitch"]["room"]["name"], "Kitchen", "null: the device's");
    let cleared = ana.ask(DEVICE, json!({ "input": { "id": board.device, "roomId": null } })).await.data();
    assert_eq!(cleared["updateDevice"]["room"], Value::Null);

    for room in ["r0", "nonsense"] {
        let reply = change(json!({ "id": id, "roomId": room })).await;
        assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_INPUT", "roomId"));
    }
    let reply = change(json!({ "id": id, "name": "x".repeat(65) })).await;
    assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_INPUT", "name"));
    assert_eq!(change(json!({ "id": "s0", "name": "x" })).await.code(), "NOT_FOUND");
    let reply = ana.ask(DEVICE, json!({ "input": { "id": "nonsense", "name": "x" } })).await;
    assert_eq!(reply.code(), "NOT_FOUND");
}

#[tokio::test]
async fn a_device_tells_what_its_board_told() {
    let (gateway, ana) = Gateway::claimed().await;
    let board = gateway.online_board("relay-1", 2).await;
    let document = "query ($id: ID!) { device(id: $id) { id name availability address lastSeen model switches { id } }
        devices { id } switch(id: \"s0\") { id } }";
    let data = ana.ask(document, json!({ "id": board.device })).await.data();
    let device = &data["device"];
    assert_eq!((&device["availability"], &device["address"]), (&json!("ONLINE"), &json!("192.168.7.20")));
    let ids: Vec<_> = device["switches"].as_array().unwrap().iter().map(|switch| switch["id"].clone()).collect();
    assert_eq!(json!(ids), json!(board.switches));
    assert_eq!(data["devices"], json!([{ "id": board.device }]));
}
