//! What happens, on every screen.

use crate::support::{Gateway, within};
use gatehouse_core::device::Cause;
use serde_json::{Value, json};

const SWITCHES: &str = "subscription ($ids: [ID!]) { switchChanged(switchIds: $ids) {
    id name on desired availability openCommand { id } lastChange { actor { kind } } } }";

#[tokio::test]
async fn a_tap_shows_on_two_screens_as_switching_and_then_as_done() {
    let (gateway, ana) = Gateway::claimed().await;
    let mut board = gateway.online_board("relay-1", 1).await;
    let token = gateway.sign_in().await;
    let mut screens = [gateway.socket(&token).await, gateway.socket(&token).await];
    for screen in &mut screens {
        screen.subscribe("a", SWITCHES, json!({})).await;
        let now = screen.data("a").await["switchChanged"].clone();
        assert_eq!((&now["id"], &now["on"]), (&json!(board.switches[0]), &json!(false)), "current states first");
    }
    let document = "mutation ($id: ID!) { setSwitch(input: { switchId: $id, on: true }) { outcome } }";
    let id = json!({ "id": board.switches[0] });
    let (reply, ()) = tokio::join!(ana.ask(document, id), board.obey());
    assert_eq!(reply.data()["setSwitch"]["outcome"], "CONFIRMED");
    for screen in &mut screens {
        let switching = screen.data("a").await["switchChanged"].clone();
        assert_eq!((&switching["on"], &switching["desired"]), (&json!(false), &json!(true)));
        assert!(switching["openCommand"]["id"].is_string());
        let done = screen.data("a").await["switchChanged"].clone();
        assert_eq!((&done["on"], &done["desired"], &done["openCommand"]), (&json!(true), &json!(true), &Value::Null));
    }
    board.report(1, false, Cause::Button, None).await;
    for screen in &mut screens {
        let pressed = screen.data("a").await["switchChanged"].clone();
        assert_eq!((&pressed["on"], &pressed["lastChange"]["actor"]["kind"]), (&json!(false), &json!("BUTTON")));
    }
}

#[tokio::test]
async fn only_the_switches_asked_for_are_told_and_unknown_ones_are_just_not_there() {
    let (gateway, _) = Gateway::claimed().await;
    let mut board = gateway.online_board("relay-1", 2).await;
    let mut screen = gateway.socket(&gateway.sign_in().await).await;
    let ids = json!({ "ids": ["s0", "nonsense", board.switches[1]] });
    screen.subscribe("a", SWITCHES, ids).await;
    assert_eq!(screen.data("a").await["switchChanged"]["id"], json!(board.switches[1]));
    board.report(1, true, Cause::Button, None).await;
    board.report(2, true, Cause::Button, None).await;
    let next = screen.data("a").await["switchChanged"].clone();
    assert_eq!((&next["id"], &next["on"]), (&json!(board.switches[1]), &json!(true)));
}

#[tokio::test]
async fn a_board_that_goes_away_shows_on_its_device_and_its_switches() {
    let (gateway, _) = Gateway::claimed().await;
    let board = gateway.online_board("relay-1", 1).await;
    let mut screen = gateway.socket(&gateway.sign_in().await).await;
    screen.subscribe("d", "subscription { deviceChanged { id availability } }", json!({})).await;
    let online = json!({ "id": board.device, "availability": "ONLINE" });
    assert_eq!(screen.data("d").await["deviceChanged"], online);
    let mut other = gateway.socket(&gateway.sign_in().await).await;
    other.subscribe("s", SWITCHES, json!({})).await;
    assert_eq!(other.data("s").await["switchChanged"]["availability"], "ONLINE");
    board.vanish().await;
    assert_eq!(screen.data("d").await["deviceChanged"]["availability"], "OFFLINE");
    assert_eq!(other.data("s").await["switchChanged"]["availability"], "OFFLINE");
}

#[tokio::test]
async fn nothing_removed_is_nothing_told() {
    let (gateway, ana) = Gateway::claimed().await;
    let mut board = gateway.online_board("relay-1", 1).await;
    let mut screen = gateway.socket(&gateway.sign_in().await).await;
    screen.subscribe("r", "subscription { switchRemoved }", json!({})).await;
    screen.subscribe("s", SWITCHES, json!({})).await;
    screen.data("s").await;
    ana.ask("{ home { name } }", json!({})).await.data();
    board.report(1, true, Cause::Button, None).await;
    assert_eq!(screen.data("s").await["switchChanged"]["on"], true);
}

#[tokio::test]
async fn a_screen_that_falls_behind_is_brought_up_to_date() {
    let (gateway, ana) = Gateway::claimed().await;
    let mut board = gateway.online_board("relay-1", 1).await;
    let mut slow = gateway.socket(&gateway.sign_in().await).await;
    slow.subscribe("a", SWITCHES, json!({})).await;
    slow.data("a").await;
    // More than the socket's buffers and the change feed hold, while nobody reads.
    let presses = 100_000;
    for press in 0..presses {
        within("a press of the button", board.report(1, press % 2 == 0, Cause::Button, None)).await;
    }
    let rename = "mutation ($id: ID!) { updateSwitch(input: { id: $id, name: \"Last\" }) { name } }";
    ana.ask(rename, json!({ "id": board.switches[0] })).await.data();
    let mut told = 0;
    loop {
        let switch = slow.data("a").await["switchChanged"].clone();
        told += 1;
        if switch["name"] == "Last" {
            assert_eq!(switch["on"], false);
            break;
        }
    }
    assert!(told < presses, "it never fell behind: {told}");
    board.report(1, true, Cause::Button, None).await;
    within("a change after that", async { while slow.data("a").await["switchChanged"]["on"] != json!(true) {} }).await;
}
