//! The record: who did what, page by page, filtered, and as a file.

use crate::support::{Board, Client, Gateway, Reply, unchunked};
use gatehouse_core::access::Administer;
use gatehouse_core::device::Cause;
use gatehouse_core::name::Name;
use serde_json::{Value, json};

const RECORD: &str = "query ($first: Int, $after: String, $filter: RecordFilter) {
    record(first: $first, after: $after, filter: $filter) {
        edges { cursor node { id at actor { kind name } what subject text
            command { outcome latencyMs on } change { on actor { kind } command { id } } } }
        pageInfo { hasPreviousPage hasNextPage startCursor endCursor } } }";

async fn record(client: &Client, variables: Value) -> Value {
    client.ask(RECORD, variables).await.data()["record"].clone()
}

async fn filtered(client: &Client, filter: Value) -> Vec<Value> {
    let page = record(client, json!({ "filter": filter })).await;
    page["edges"].as_array().unwrap().iter().map(|edge| edge["node"].clone()).collect()
}

/// Whatever was written before is on disk then.
async fn on_disk(client: &Client) {
    let document = "mutation { updateHomeAssistant(input: { form: OFF }) { form } }";
    client.ask(document, json!({})).await.data();
    let document = "mutation { updateHomeAssistant(input: { form: DEVICE }) { form } }";
    client.ask(document, json!({})).await.data();
}

async fn tap(client: &Client, board: &mut Board, on: bool) {
    let document = "mutation ($input: SetSwitchInput!) { setSwitch(input: $input) { outcome } }";
    let input = json!({ "input": { "switchId": board.switches[0], "on": on } });
    let (reply, ()) = tokio::join!(client.ask(document, input), board.obey());
    assert_eq!(reply.data()["setSwitch"]["outcome"], "CONFIRMED");
}

/// Ana switches the lamp on, and someone presses its button.
async fn house() -> (Gateway, Client, Board) {
    let (gateway, ana) = Gateway::claimed().await;
    let mut board = gateway.online_board("relay-1", 2).await;
    tap(&ana, &mut board, true).await;
    board.report(1, false, Cause::Button, None).await;
    board.report(2, true, Cause::Interlock, None).await;
    let second = board.switches[1].clone();
    gateway
        .until("the button", |view| {
            view.switches.iter().any(|switch| switch.id.to_string() == second && switch.on == Some(true))
        })
        .await;
    on_disk(&ana).await;
    (gateway, ana, board)
}

#[tokio::test]
async fn a_tap_and_a_button_are_in_the_record_with_who_did_it() {
    let (_gateway, ana, _board) = house().await;
    let all = filtered(&ana, json!({ "kinds": ["COMMAND", "SWITCH_MOVED"] })).await;
    let [interlock, button, asked] = &all[..] else { panic!("{all:?}") };
    assert_eq!((&asked["what"], &asked["actor"]), (&json!("COMMAND"), &json!({ "kind": "MEMBER", "name": "Ana" })));
    assert_eq!((&asked["subject"], &asked["text"]), (&json!("Board relay-1 1"), &json!("on")));
    assert_eq!((&asked["command"]["outcome"], &asked["command"]["on"]), (&json!("CONFIRMED"), &json!(true)));
    assert!(asked["command"]["latencyMs"].as_f64().unwrap() >= 0.0 && asked["change"].is_null());
    assert_eq!((&button["what"], &button["subject"]), (&json!("SWITCH_MOVED"), &json!("Board relay-1 1")));
    assert_eq!(button["change"], json!({ "on": false, "actor": { "kind": "BUTTON" }, "command": null }));
    assert_eq!((&button["actor"]["name"], &button["command"]), (&json!("wall button"), &Value::Null));
    assert_eq!((&interlock["actor"]["kind"], &interlock["text"]), (&json!("INTERLOCK"), &json!("on")));
}

#[tokio::test]
async fn a_filter_takes_what_all_its_parts_take() {
    let (_gateway, ana, board) = house().await;
    let relays = ["COMMAND", "SWITCH_MOVED"];
    let later = "2999-01-01T00:00:00Z";
    let trusted = ana.ask("{ gateway { clockTrusted } }", json!({})).await.data()["gateway"]["clockTrusted"] == true;
    // Where the clock is not trusted, lines have no time.
    let dated = if trusted { 3 } else { 0 };
    for (mut filter, count) in [
        (json!({}), 3),
        (json!({ "actors": ["BUTTON", "MEMBER"] }), 2),
        (json!({ "switchIds": [board.switches[1]] }), 1),
        (json!({ "switchIds": ["s0"] }), 0),
        (json!({ "memberName": "ANA" }), 1),
        (json!({ "text": "RELAY-1 2" }), 1),
        (json!({ "text": "interlock", "actors": ["BUTTON"] }), 0),
        (json!({ "to": later }), dated),
        (json!({ "from": later }), 0),
        (json!({ "from": "1960-01-01T00:00:00Z" }), dated),
    ] {
        filter["kinds"] = json!(relays);
        assert_eq!(filtered(&ana, filter.clone()).await.len(), count, "{filter}");
    }
}

#[tokio::test]
async fn pages_follow_one_another_to_the_end() {
    let (_gateway, ana, mut board) = house().await;
    let whole = record(&ana, json!({})).await;
    let count = whole["edges"].as_array().unwrap().len();
    let (mut seen, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = record(&ana, json!({ "first": 1, "after": after })).await;
        let info = &page["pageInfo"];
        seen.extend(page["edges"].as_array().unwrap().iter().cloned());
        assert_eq!(info["hasPreviousPage"], json!(!after.is_null()));
        // What comes meanwhile is newer, and moves nothing.
        tap(&ana, &mut board, true).await;
        after = info["endCursor"].clone();
        if info["hasNextPage"] == false {
            break;
        }
        assert!(seen.len() < 100, "no end");
    }
    assert_eq!((json!(seen), seen.len()), (whole["edges"].clone(), count));
    let none = record(&ana, json!({ "first": 0 })).await;
    assert_eq!((&none["edges"], &none["pageInfo"]["hasNextPage"]), (&json!([]), &json!(true)));
}

#[tokio::test]
async fn bad_input_is_told_by_field() {
    let (_gateway, ana) = Gateway::claimed().await;
    let many: Vec<_> = (0..101).map(|number| format!("s{number:x}")).collect();
    for (variables, field) in [
        (json!({ "first": -1 }), "first"),
        (json!({ "first": 101 }), "first"),
        (json!({ "after": "" }), "after"),
        (json!({ "after": "c1" }), "after"),
        (json!({ "after": "e0123456789abcdef012" }), "after"),
        (json!({ "filter": { "switchIds": ["nonsense"] } }), "switchIds"),
        (json!({ "filter": { "switchIds": many } }), "switchIds"),
        (json!({ "filter": { "text": "" } }), "text"),
        (json!({ "filter": { "memberName": "x".repeat(65) } }), "memberName"),
        (json!({ "filter": { "from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z" } }), "to"),
    ] {
        let reply = ana.ask(RECORD, variables.clone()).await;
        assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_INPUT", field), "{variables}");
    }
    for wrong in [json!({ "from": "yesterday" }), json!({ "kinds": ["ALL"] }), json!({ "colour": "red" })] {
        assert_eq!(ana.ask(RECORD, json!({ "filter": wrong })).await.code(), "BAD_INPUT", "{wrong}");
    }
}

/// A file's text, and whether it came to its end.
fn text_of(reply: &Reply) -> (String, bool) {
    let (whole, ended) = unchunked(&reply.body);
    (String::from_utf8(whole).unwrap(), ended)
}

#[tokio::test]
async fn the_owner_gets_the_record_as_a_file() {
    let (gateway, ana, board) = house().await;
    let rename = "mutation ($input: UpdateSwitchInput!) { updateSwitch(input: $input) { name } }";
    let input = json!({ "id": board.switches[0], "name": "=cmd|' /C calc'!A0, \"x\"" });
    ana.ask(rename, json!({ "input": input })).await.data();
    let reply = ana.get("/record.csv").await;
    assert_eq!((reply.status, reply.header("cache-control")), (200, Some("no-store")));
    assert_eq!(reply.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    assert!(reply.header("content-disposition").unwrap().starts_with("attachment; "));
    let (text, whole) = text_of(&reply);
    assert!(whole, "to its end");
    let mut lines = text.split("\r\n");
    assert_eq!(lines.next(), Some("id,time,actorKind,actor,what,subject,text,outcome,reasonCode,latencyMs"));
    let asked = lines.find(|line| line.contains(",COMMAND,")).unwrap();
    let wanted = ",MEMBER,\"Ana\",COMMAND,\"'=cmd|' /C calc'!A0, \"\"x\"\"\",\"on\",CONFIRMED,,";
    assert!(asked.contains(wanted), "{asked}");
    assert!(text.contains(",BUTTON,\"wall button\",SWITCH_MOVED,") && text.ends_with("\r\n"), "{text}");

    let token = gateway.sign_in().await;
    let browser = gateway.client().header("cookie", &format!("gatehouse_session={token}"));
    assert_eq!(browser.own_page().send("POST", "/record.csv", b"").await.status, 200, "a form of our own page");
    let foreign = browser.header("origin", "https://elsewhere.example");
    for (client, status) in [(&browser, 403), (&foreign, 403), (&gateway.client(), 401)] {
        for method in ["GET", "POST"] {
            let refused = client.send(method, "/record.csv", b"").await;
            assert_eq!(refused.status, status, "{method} {refused:?}");
            assert!(!refused.text().contains("COMMAND"));
        }
    }
    assert_eq!(ana.send("DELETE", "/record.csv", b"").await.status, 405);
}

#[tokio::test]
async fn a_long_record_comes_in_slices_and_each_line_once() {
    let (gateway, ana) = Gateway::claimed().await;
    let room = gateway.hub.create_room(Administer::console(), Name::new("Hall").unwrap()).await.unwrap().id;
    for turn in 0..1_234 {
        let name = Name::new(&format!("Hall {turn}")).unwrap();
        gateway.hub.rename_room(Administer::console(), room, name).await.unwrap();
    }
    let (text, whole) = text_of(&ana.get("/record.csv").await);
    let ids: Vec<_> =
        text.lines().filter(|line| line.contains("ROOM_UPDATED")).filter_map(|l| l.split(',').next()).collect();
    let unique: std::collections::HashSet<_> = ids.iter().collect();
    assert_eq!((ids.len(), unique.len(), whole), (1_234, 1_234, true));
    // What a filter takes may be far behind what it does not.
    let commands = filtered(&ana, json!({ "kinds": ["COMMAND"] })).await;
    assert!(commands.is_empty());
}

#[tokio::test]
async fn changes_of_settings_are_in_the_record_with_who_made_them() {
    let (gateway, ana) = Gateway::claimed().await;
    gateway.board("relay-1", 1).await;
    let room = ana.ask("mutation { createRoom(input: { name: \"Hall\" }) { id } }", json!({})).await.data();
    let rename = "mutation ($input: UpdateRoomInput!) { updateRoom(input: $input) { id } }";
    let input = json!({ "input": { "id": room["createRoom"]["id"], "name": "Attic" } });
    ana.ask(rename, input).await.data();
    let refused = ana.ask("mutation { createRoom(input: { name: \"attic\" }) { id } }", json!({})).await;
    assert_eq!(refused.code(), "CONFLICT");
    gateway.sign_in().await;
    let lines: Vec<_> = filtered(&ana, json!({})).await;
    let line = |node: &Value| {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let actor = format!("{} {}", text(&node["actor"]["kind"]), text(&node["actor"]["name"]));
        [text(&node["what"]), actor, text(&node["subject"]), text(&node["text"])]
    };
    let lines: Vec<_> = lines.iter().map(line).collect();
    let wanted = [
        ["SIGNED_IN", "MEMBER Ana", "Ana", ""],
        ["ROOM_UPDATED", "MEMBER Ana", "Hall", "now called Attic"],
        ["ROOM_CREATED", "MEMBER Ana", "Hall", ""],
        ["DEVICE_CLAIMED", "CONSOLE console", "Board relay-1", "board relay-1"],
        ["HOME_CLAIMED", "MEMBER Ana", "Lakeside", ""],
    ];
    assert_eq!(lines, wanted.map(|line| line.map(str::to_owned)));
}
