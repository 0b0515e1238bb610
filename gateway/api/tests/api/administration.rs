//! What an owner administers: devices that go, sessions of everybody, and finding one among many.

use crate::support::people::{ANA, BEN, CLEO, People, give, terms};
use crate::support::{Client, Frame, Reply, Socket};
use serde_json::{Value, json};

const DELETE_DEVICE: &str = "mutation ($id: ID!) { deleteDevice(input: { id: $id }) }";

async fn told(socket: &mut Socket, field: &str) -> Value {
    loop {
        let message = socket.next().await.text();
        if message["id"] == "r" {
            return message["payload"]["data"][field].clone();
        }
    }
}

#[tokio::test]
async fn a_device_that_is_deleted_takes_its_switches_along_and_leaves_its_history() {
    let home = People::new().await;
    let board = home.gateway.online_board("relay-1", 2).await;
    for id in &board.switches {
        give(&home.ana, terms(BEN.1, Some(id), "OPERATE")).await.data();
    }
    let mut screens = Vec::new();
    for (token, field) in [(ANA.0, "switchRemoved"), (ANA.0, "deviceRemoved"), (BEN.0, "switchRemoved")] {
        let mut screen = home.gateway.socket(token).await;
        screen.subscribe("r", &format!("subscription {{ {field} }}"), json!({})).await;
        screen.subscribe("s", "subscription { accessChanged }", json!({})).await;
        assert_eq!(screen.next().await.text()["id"], "s", "it listens");
        screens.push((screen, field));
    }

    let set = "mutation ($id: ID!) { setSwitch(input: { switchId: $id, on: true }) { id outcome reasonCode
        switch { id name on availability device { id } } } }";
    let (tap, deleted) = tokio::join!(home.ben.ask(set, json!({ "id": board.switches[0] })), async {
        home.gateway.until("a tap under way", |view| view.switches.iter().any(|switch| switch.open.is_some())).await;
        home.ana.ask(DELETE_DEVICE, json!({ "id": board.device })).await
    });
    assert_eq!(deleted.data()["deleteDevice"], true);
    let tap = tap.data()["setSwitch"].clone();
    assert_eq!((&tap["outcome"], &tap["reasonCode"]), (&json!("TIMED_OUT"), &json!("NO_REPORT")));
    let gone = json!({ "id": board.switches[0], "name": "a switch that was removed", "on": null,
        "availability": "OFFLINE", "device": null });
    assert_eq!(tap["switch"], gone);
    for (mut screen, field) in screens {
        let mut ids = vec![told(&mut screen, field).await];
        if field == "switchRemoved" {
            ids.push(told(&mut screen, field).await);
        }
        ids.sort_by_key(Value::to_string);
        let all = if field == "deviceRemoved" { json!([board.device]) } else { json!(board.switches) };
        assert_eq!(json!(ids), all, "{field}");
    }

    let left = "{ devices { id } switches { id } grants { id } }";
    assert_eq!(home.ana.ask(left, json!({})).await.data(), json!({ "devices": [], "switches": [], "grants": [] }));
    assert!(home.gateway.credentials().boards.is_empty());
    assert_eq!(home.ana.ask(DELETE_DEVICE, json!({ "id": board.device })).await.code(), "NOT_FOUND");
    assert_eq!(home.ana.ask(DELETE_DEVICE, json!({ "id": "x" })).await.code(), "NOT_FOUND");
    assert_eq!(home.ana.ask(set, json!({ "id": board.switches[0] })).await.code(), "NOT_FOUND");

    // Whatever was written before is on disk when this is answered.
    home.ana.ask("mutation { createRoom(input: { name: \"Hall\" }) { id } }", json!({})).await.data();
    let record = "{ record { edges { node { what subject text actor { name } command { switch { id name } } } } } }";
    let record = home.ana.ask(record, json!({})).await.data()["record"]["edges"].clone();
    let lines: Vec<_> = record.as_array().unwrap().iter().map(|edge| edge["node"].clone()).collect();
    let line = lines.iter().find(|line| line["what"] == "DEVICE_DELETED").expect("a line");
    assert_eq!(
        (&line["subject"], &line["text"], &line["actor"]["name"]),
        (&json!("Board relay-1"), &json!("board relay-1"), &json!("Ana"))
    );
    let asked = lines.iter().find(|line| line["what"] == "COMMAND").expect("the tap");
    assert_eq!(asked["command"]["switch"], json!({ "id": board.switches[0], "name": "a switch that was removed" }));
    let command = "query ($id: ID!) { command(id: $id) { outcome switch { id } } }";
    let again = home.ana.ask(command, json!({ "id": tap["id"] })).await.data()["command"].clone();
    assert_eq!(again, json!({ "outcome": "TIMED_OUT", "switch": { "id": board.switches[0] } }));
}

/// The first error's code; empty when there is none.
fn code(reply: &Reply) -> String {
    reply.json()["errors"][0]["extensions"]["code"].as_str().unwrap_or_default().to_owned()
}

async fn sessions(who: &Client, arguments: &str) -> Vec<(String, String, bool)> {
    let asked = who.ask(&format!("{{ sessions{arguments} {{ id member {{ name }} current }} }}"), json!({})).await;
    let text = |of: &Value| of.as_str().unwrap().to_owned();
    let all = asked.data()["sessions"].as_array().unwrap().clone();
    all.iter().map(|one| (text(&one["member"]["name"]), text(&one["id"]), one["current"] == true)).collect()
}

#[tokio::test]
async fn an_owner_sees_where_everybody_is_signed_in_and_ends_it_at_once() {
    let home = People::new().await;
    let names = |all: &[(String, String, bool)]| all.iter().map(|one| one.0.clone()).collect::<Vec<_>>();
    let all = sessions(&home.ana, "(everyone: true)").await;
    assert_eq!(names(&all), ["Cleo", "Ben", "Ana"], "the latest first");
    assert!(all.iter().all(|one| one.2 == (one.0 == "Ana")));
    assert_eq!(names(&sessions(&home.ana, "").await), ["Ana"]);
    assert_eq!(names(&sessions(&home.ana, "(everyone: true, search: \"BE\")").await), ["Ben"]);
    assert_eq!(names(&sessions(&home.ben, "").await), ["Ben"]);
    for (who, _) in [(&home.ben, BEN), (&home.cleo, CLEO)] {
        let asked = who.ask("{ sessions(everyone: true) { id } }", json!({})).await;
        assert_eq!(asked.code(), "FORBIDDEN");
    }

    let delete = "mutation ($id: ID!) { deleteSession(input: { id: $id }) }";
    let (ana, ben) = (json!({ "id": all[2].1 }), json!({ "id": all[1].1 }));
    assert_eq!(home.ben.ask(delete, ana.clone()).await.code(), "NOT_FOUND", "not theirs to know");
    let mut screen = home.gateway.socket(BEN.0).await;
    assert_eq!(home.ana.ask(delete, ben.clone()).await.data()["deleteSession"], true);
    assert_eq!(screen.next().await, Frame::Close(4403));
    assert_eq!(home.ben.ask("{ home { name } }", json!({})).await.code(), "UNAUTHENTICATED");
    assert_eq!(home.ana.ask(delete, ben).await.code(), "NOT_FOUND");
    assert_eq!(home.ana.ask(delete, json!({ "id": "x" })).await.code(), "NOT_FOUND");
    let record = "{ record(filter: { kinds: [SESSIONS_ENDED] }) { edges { node { subject text actor { name } } } } }";
    let lines = home.ana.ask(record, json!({})).await.data()["record"]["edges"].clone();
    assert_eq!(lines, json!([{ "node": { "subject": "Ben", "text": "one", "actor": { "name": "Ana" } } }]));
    assert_eq!(home.ana.ask(delete, ana).await.data()["deleteSession"], true, "one's own too");
}

#[tokio::test]
async fn a_program_that_administers_ends_sessions_and_others_do_not() {
    let home = People::new().await;
    let cleos = sessions(&home.ana, "(everyone: true, search: \"cleo\")").await[0].1.clone();
    let make = "mutation ($scopes: [TokenScope!]!) {
        createToken(input: { name: \"Panel\", scopes: $scopes }) { secret token { id } } }";
    for (scopes, wanted) in [(json!(["OPERATE"]), "FORBIDDEN"), (json!(["ADMINISTER"]), "")] {
        let made = home.ana.ask(make, json!({ "scopes": scopes })).await.data()["createToken"].clone();
        let program = home.gateway.client().bearer(made["secret"].as_str().unwrap());
        let list = program.ask("{ sessions(everyone: true) { id } }", json!({})).await;
        let delete = "mutation ($id: ID!) { deleteSession(input: { id: $id }) }";
        let delete = program.ask(delete, json!({ "id": cleos })).await;
        assert_eq!((code(&list), code(&delete)), (wanted.to_owned(), wanted.to_owned()), "{scopes}");
        assert_eq!(program.ask("{ sessions { id } }", json!({})).await.code(), "FORBIDDEN", "it has none itself");
        let delete = "mutation ($id: ID!) { deleteToken(input: { id: $id }) }";
        home.ana.ask(delete, json!({ "id": made["token"]["id"] })).await.data();
    }
    assert_eq!(home.cleo.ask("{ home { name } }", json!({})).await.code(), "UNAUTHENTICATED");
}

#[tokio::test]
async fn every_list_is_searched_by_a_part_of_a_name_whatever_the_case() {
    let home = People::new().await;
    let board = home.gateway.board("relay-1", 2).await;
    let ask = async |document: &str, input: Value| home.ana.ask(document, json!({ "input": input })).await.data();
    for (id, name) in board.switches.iter().zip(["Küchenlicht", "Lüfter"]) {
        let rename = "mutation ($input: UpdateSwitchInput!) { updateSwitch(input: $input) { id } }";
        ask(rename, json!({ "id": id, "name": name })).await;
    }
    let room = "mutation ($input: CreateRoomInput!) { createRoom(input: $input) { id } }";
    ask(room, json!({ "name": "Küche" })).await;
    ask(room, json!({ "name": "Bad" })).await;
    give(&home.ana, terms(BEN.1, Some(&board.switches[0]), "VIEW")).await.data();
    give(&home.ana, terms(CLEO.1, Some(&board.switches[1]), "VIEW")).await.data();
    let link = "mutation ($input: CreateGuestLinkInput!) { createGuestLink(input: $input) { link { id } } }";
    for (name, switch) in [("Plumber", 0), ("Cat sitter", 1)] {
        let target = json!({ "kind": "SWITCH", "id": board.switches[switch] });
        ask(link, json!({ "name": name, "target": target, "level": "VIEW", "until": home.in_ms(9_999_999) })).await;
    }
    let token = "mutation ($input: CreateTokenInput!) { createToken(input: $input) { secret } }";
    ask(token, json!({ "name": "Küchentablett", "scopes": ["VIEW"] })).await;
    let system = "mutation ($input: CreateIntegrationInput!) { createIntegration(input: $input) { user } }";
    ask(system, json!({ "name": "Küchenradio" })).await;
    let invite = "mutation ($input: CreateInvitationInput!) { createInvitation(input: $input) { code } }";
    ask(invite, json!({ "role": "GUEST" })).await;

    let found =
        "query ($s: String) { switches(search: $s) { name } rooms(search: $s) { name } devices(search: $s) { name }
        members(search: $s) { name } grants(search: $s) { member { name } } guestLinks(search: $s) { name }
        invitations(search: $s) { by { name } } tokens(search: $s) { name } integrations(search: $s) { name }
        sessions(everyone: true, search: $s) { member { name } } }";
    let count = async |search: Value| {
        let data = home.ana.ask(found, json!({ "s": search })).await.data();
        let lists = ["switches", "rooms", "devices", "members", "grants", "guestLinks", "invitations", "tokens"];
        let lists = lists.into_iter().chain(["integrations", "sessions"]);
        lists.map(|list| data[list].as_array().unwrap().len()).collect::<Vec<_>>()
    };
    assert_eq!(count(Value::Null).await, [2, 2, 1, 3, 2, 2, 1, 1, 1, 3]);
    assert_eq!(count(json!("")).await, [2, 2, 1, 3, 2, 2, 1, 1, 1, 3]);
    // A grant and a link are found by what they give, too.
    assert_eq!(count(json!("KÜCH")).await, [1, 1, 0, 0, 1, 1, 0, 1, 1, 0]);
    assert_eq!(count(json!("ku\u{308}che")).await, [1, 1, 0, 0, 1, 1, 0, 1, 1, 0]);
    assert_eq!(count(json!(" ana ")).await, [0, 0, 0, 1, 2, 2, 1, 1, 0, 1]);
    assert_eq!(count(json!("ben")).await, [0, 0, 0, 1, 1, 0, 0, 0, 0, 1]);
    assert_eq!(count(json!("RELAY-1")).await, [0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(count(json!("nothing")).await, [0; 10]);
    assert_eq!(count(json!("ü".repeat(256))).await, [0; 10]);

    let long = home.ana.ask(found, json!({ "s": "ü".repeat(257) })).await;
    assert_eq!(
        (long.code().as_str(), &long.json()["errors"][0]["extensions"]["field"]),
        ("BAD_INPUT", &json!("search"))
    );
    // What is found is what may be seen anyway.
    let seen = home.ben.ask("{ switches(search: \"\") { name } rooms(search: \"Bad\") { name } }", json!({})).await;
    assert_eq!(seen.data(), json!({ "switches": [{ "name": "Küchenlicht" }], "rooms": [] }));
    let in_room = "query ($room: ID, $s: String) { switches(roomId: $room, search: $s) { name } }";
    let none = home.ana.ask(in_room, json!({ "room": "r1", "s": "licht" })).await.data();
    assert_eq!(none, json!({ "switches": [] }));
}
