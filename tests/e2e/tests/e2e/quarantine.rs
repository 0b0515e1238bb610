//! A board with a device's name and secret that is other hardware is seen, not believed, and ordered nothing.

use gatehouse_core::device::{BoardState, Cause};
use gatehouse_e2e::{Client, Home, Refused};
use serde_json::{Value, json};

const RIGHT: (&str, &str) = ("a1b2c3", "5c:cf:7f:a1:b2:c3");
const OTHER: (&str, &str) = ("ffffff", "5c:cf:7f:ff:ff:ff");

const DEVICES: &str =
    "{ devices { id availability chip mac quarantine { reason message expectedChip expectedMac chip mac } } }";
const RELEASE: &str =
    "mutation ($input: ReleaseDeviceInput!) { releaseDevice(input: $input) { availability quarantine { reason } } }";
const NOTICES: &str = "{ notices { nodes { code severity message times } } }";

async fn device(owner: &Client) -> Value {
    let devices: Vec<Value> = owner.ask("devices", DEVICES, json!({})).await;
    devices.into_iter().next().expect("a device")
}

async fn release(owner: &Client, device: &Value, (chip, mac): (&str, &str)) -> Result<Value, Refused> {
    owner.try_ask(RELEASE, json!({ "input": { "deviceId": device["id"], "chip": chip, "mac": mac } })).await
}

async fn notices(owner: &Client) -> Vec<Value> {
    let listed: Value = owner.ask("notices", NOTICES, json!({})).await;
    listed["nodes"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn forged_hardware_is_quarantined_until_the_owner_takes_it_or_the_right_board_is_back() {
    let mut home = Home::claimed().await;
    let owner = home.owner();
    let mut board = home.impostor("Hall", 1).await;
    let mut screen = owner.watch(board.switches()).await;
    board.claims(Some(RIGHT));
    board.come_online(0xc0ff_ee01).await;
    screen.until("online", |switch| switch.is_online() && switch.on == Some(false)).await;
    let known = device(&owner).await;
    assert_eq!((&known["chip"], &known["mac"], &known["quarantine"]), (&json!(RIGHT.0), &json!(RIGHT.1), &Value::Null));
    // Whoever makes a room waits for the disk: what was learnt of the board is there too.
    home.room("Hall").await;
    home.kill().await;
    home.start().await;

    for (session, forged) in [(2, (RIGHT.0, OTHER.1)), (3, (OTHER.0, RIGHT.1)), (4, OTHER)] {
        board.vanish().await;
        let mut screen = owner.watch(board.switches()).await;
        board.claims(Some(forged));
        board.introduce(session).await;
        let shown = screen.until("quarantined", |switch| switch.availability == "QUARANTINED").await;
        assert_eq!(shown.on, Some(false));
        let report = board.report_of(1, true, Cause::Button, None);
        board.report(&report).await;
        let tap = owner.set(&board.switch(1), true).await;
        assert_eq!(tap.end(), ("REFUSED", Some("QUARANTINED")));
        board.ping().await;
        assert_eq!(board.orders_waiting(), 0, "nothing is sent to it");
        assert_eq!(owner.switch(&board.switch(1)).await.on, Some(false), "what it reported is not believed");
        let shown = device(&owner).await;
        assert_eq!((&shown["mac"], &shown["quarantine"]["mac"]), (&json!(RIGHT.1), &json!(forged.1)));
        assert_eq!(shown["quarantine"]["reason"], "OTHER_HARDWARE");
    }
    let told = notices(&owner).await;
    let [notice] = &told[..] else { panic!("one notice: {told:?}") };
    assert_eq!((&notice["code"], &notice["severity"]), (&json!("DEVICE_QUARANTINED"), &json!("CRITICAL")));
    let message = notice["message"].as_str().unwrap();
    assert!([RIGHT.0, RIGHT.1, OTHER.0, OTHER.1].iter().all(|part| message.contains(part)), "{message}");

    // One that holds back who it is has its own words.
    board.vanish().await;
    let mut screen = owner.watch(board.switches()).await;
    board.claims(None);
    board.introduce(5).await;
    screen.until("quarantined", |switch| switch.availability == "QUARANTINED").await;
    let shown = device(&owner).await;
    assert_eq!((&shown["quarantine"]["reason"], &shown["quarantine"]["chip"]), (&json!("WITHHELD"), &Value::Null));
    assert_eq!(release(&owner, &shown, OTHER).await.unwrap_err().code, "CONFLICT");

    // The right board is back, and it is as if nothing had been.
    board.vanish().await;
    let mut screen = owner.watch(board.switches()).await;
    board.claims(Some(RIGHT));
    board.come_online(6).await;
    screen.until("online", |switch| switch.is_online()).await;
    assert_eq!(device(&owner).await["quarantine"], Value::Null);
    let tap = owner.start_set(&board.switch(1), true, 20_000);
    let order = board.order().await;
    let report = board.obeyed(&order);
    board.report(&report).await;
    assert_eq!(tap.await.unwrap().end(), ("CONFIRMED", None));
    board.state(BoardState::Disconnected).await;
}

#[tokio::test]
async fn a_copied_flash_in_another_board_moves_nothing_until_the_owner_accepts_that_board() {
    let home = Home::claimed().await;
    let owner = home.owner();
    let board = home.board("Kitchen", 1).await;
    home.room("Kitchen").await;
    let right = device(&owner).await;
    assert!(right["mac"].as_str().is_some_and(|mac| mac.len() == 17), "the firmware tells its MAC: {right}");

    let mut screen = owner.watch(board.switches()).await;
    let mut board = board.copied(OTHER.1).await;
    board.booted(&[false]).await;
    screen.until("quarantined", |switch| switch.availability == "QUARANTINED").await;
    assert_eq!(owner.set(&board.switch(1), true).await.end(), ("REFUSED", Some("QUARANTINED")));
    board.press("button 1").await;
    assert_eq!(board.movement().await.to_string(), "relay 1 on cause=button", "nothing came before it");
    let shown = device(&owner).await;
    let came = (shown["quarantine"]["chip"].as_str().unwrap(), shown["quarantine"]["mac"].as_str().unwrap());
    assert_eq!(came, OTHER);
    assert_eq!(owner.switch(&board.switch(1)).await.on, Some(false));

    assert_eq!(release(&owner, &shown, (OTHER.0, RIGHT.1)).await.unwrap_err().code, "CONFLICT");
    assert_eq!(
        home.visitor()
            .try_ask(RELEASE, json!({ "input": { "deviceId": shown["id"], "chip": "", "mac": "" } }))
            .await
            .unwrap_err()
            .code,
        "UNAUTHENTICATED"
    );
    let released = release(&owner, &shown, came).await.unwrap();
    assert_eq!(released["releaseDevice"], json!({ "availability": "ONLINE", "quarantine": null }));
    screen.until("its wall button", |switch| switch.is_online() && switch.on == Some(true)).await;
    assert_eq!(owner.set(&board.switch(1), false).await.end(), ("CONFIRMED", None));
    assert_eq!(board.movement().await.to_string(), "relay 1 off cause=command");
    let record: Value =
        owner.ask("record", "{ record(first: 10) { edges { node { what subject text } } } }", json!({})).await;
    assert!(record.to_string().contains("DEVICE_RELEASED") && record.to_string().contains(OTHER.1), "{record}");
}
