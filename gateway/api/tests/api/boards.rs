//! Boards that are plugged in: the owner sees them, claims one, and is told how it goes on; nobody else knows of any.

use crate::support::people::People;
use crate::support::{Client, Gateway, Reply, Socket, settings, within};
use gatehouse_api::{Images, Settings};
use gatehouse_core::flash::{FirmwareImage, FlashProgress};
use gatehouse_core::name::BoardId;
use gatehouse_core::nearby::{NearbyEvent, NearbyFirmware, Sighting};
use gatehouse_core::onboarding::{
    Attempt, BoardPage, Identity, ImprovFirmware, NativeBoard, Network, Port, PortAccess, PortEvent, PortName,
    PortOrder, PortTrouble, Progress, UsbAdapter,
};
use serde_json::{Value, json};
use std::sync::Arc;

const BOARDS: &str = "{ boards { id source location state advice boardId model mac firmware relays hasHome
    networks { ssid rssi protected } device { name } claim { id } } }";
const CLAIM: &str = "mutation ($input: ClaimDeviceInput!) { claimDevice(input: $input) { id name ssid by { name }
    board { id } progress { step percent done error message } } }";
const PROGRESS: &str =
    "subscription ($id: ID!) { claimProgress(claimId: $id) { step percent message done error device { name } } }";

fn usb() -> PortName {
    PortName("/dev/ttyUSB0".into())
}

fn port() -> Port {
    let adapter = UsbAdapter { vendor: 0x1a86, product: 0x7523, text: Some("USB2.0-Serial".into()) };
    Port { name: usb(), location: "1-1.2:1.0".into(), adapter: Some(adapter), access: PortAccess::Free }
}

fn native() -> Identity {
    Identity::Native(NativeBoard {
        board: BoardId::new("relay-a1b2c3").unwrap(),
        mac: "5c:cf:7f:a1:b2:c3".into(),
        chip: "00a1b2c3".into(),
        model: "nodemcuv2".into(),
        firmware: "0.1.0".into(),
        relays: 2,
        home: None,
    })
}

/// Something is plugged in, and answers when it is looked at.
async fn plug(gateway: &Gateway, identity: Identity) -> Attempt {
    let mut orders = gateway.port_orders.subscribe();
    gateway.port(PortEvent::Appeared(port())).await;
    let Ok(PortOrder::Identify { attempt, .. }) = within("a look", orders.recv()).await else { panic!() };
    let networks = vec![Network { ssid: "Home".into(), rssi_dbm: -55, protected: true }];
    gateway.port(PortEvent::Identified { port: usb(), attempt, identity, networks }).await;
    gateway.until("an answer", |view| view.boards.iter().any(|board| board.identity.is_some())).await;
    attempt
}

fn input(board: &str) -> Value {
    let wifi = json!({ "ssid": "Home", "password": "blue curtain" });
    json!({ "input": { "boardId": board, "name": "Porch", "wifi": wifi } })
}

fn token(client: &Client) -> String {
    let header = client.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    header.and_then(|(_, value)| value.strip_prefix("Bearer ")).expect("signed in").to_owned()
}

async fn only_board(gateway: &Gateway) -> String {
    gateway.hub.view().boards[0].id.to_string()
}

async fn progress_at(socket: &mut Socket, step: &str) -> Value {
    loop {
        let told = socket.data("p").await["claimProgress"].clone();
        if told["step"] == step {
            return told;
        }
    }
}

#[tokio::test]
async fn a_board_that_is_plugged_in_is_shown_claimed_and_becomes_a_device() {
    let (gateway, ana) = Gateway::claimed().await;
    let mut orders = gateway.port_orders.subscribe();
    plug(&gateway, native()).await;
    let id = only_board(&gateway).await;
    let networks = json!([{ "ssid": "Home", "rssi": -55, "protected": true }]);
    let shown = ana.ask(BOARDS, Value::Null).await;
    let wanted = json!([{
        "id": id, "source": "SERIAL", "location": "/dev/ttyUSB0", "state": "READY", "advice": null,
        "boardId": "relay-a1b2c3", "model": "nodemcuv2", "mac": "5c:cf:7f:a1:b2:c3", "firmware": "Gatehouse 0.1.0", "relays": 2,
        "hasHome": false, "networks": networks, "device": null, "claim": null,
    }]);
    assert_eq!(shown.data()["boards"], wanted);
    let ports = ana.ask("{ serialPorts { name location adapter access board { id } } }", Value::Null).await;
    let adapter = "USB2.0-Serial (1a86:7523)";
    let port = json!({ "name": "/dev/ttyUSB0", "location": "1-1.2:1.0", "adapter": adapter, "access": "FREE", "board": { "id": id } });
    assert_eq!(ports.data()["serialPorts"], json!([port]));

    let asked = ana.ask(CLAIM, input(&id)).await;
    let claim = asked.data()["claimDevice"].clone();
    let progress = json!({ "step": "HANDING_OVER", "percent": 10, "done": false, "error": null, "message": "The board is given its home." });
    let wanted = json!({ "id": claim["id"], "name": "Porch", "ssid": "Home", "by": { "name": "Ana" }, "board": { "id": id }, "progress": progress });
    assert_eq!(claim, wanted);
    let (attempt, secret) = loop {
        if let PortOrder::Provision { attempt, secret, .. } = within("the handover", orders.recv()).await.unwrap() {
            break (attempt, secret);
        }
    };
    assert_eq!(secret.reveal().len(), 64);
    assert!(!asked.text().contains(secret.reveal()) && !asked.text().contains("curtain"));
    let again = ana.ask(CLAIM, input(&id)).await;
    assert_eq!(again.code(), "CONFLICT");

    let mut socket = gateway.socket(&token(&ana)).await;
    socket.subscribe("p", PROGRESS, json!({ "id": claim["id"] })).await;
    assert_eq!(progress_at(&mut socket, "HANDING_OVER").await["percent"], 10);
    gateway.port(PortEvent::Progress { port: usb(), attempt, progress: Progress::Joining }).await;
    assert_eq!(
        progress_at(&mut socket, "JOINING").await["message"],
        "The board is on its way into the network “Home”."
    );
    gateway.board_logs_in("relay-a1b2c3", secret.reveal()).await;
    let done = progress_at(&mut socket, "DONE").await;
    assert_eq!(
        (&done["percent"], &done["done"], &done["device"]["name"]),
        (&json!(100), &json!(true), &json!("Porch"))
    );
    assert_eq!(socket.next().await.text(), json!({ "type": "complete", "id": "p" }));
    let names = ana.ask("{ switches { name } boards { state device { name } } }", Value::Null).await;
    assert_eq!(names.data()["switches"], json!([{ "name": "Porch 1" }, { "name": "Porch 2" }]));
    assert_eq!(names.data()["boards"], json!([{ "state": "CLAIMED", "device": { "name": "Porch" } }]));
    let line =
        ana.ask("{ record(first: 1) { edges { node { what subject text actor { name } } } } }", Value::Null).await;
    let node = json!({ "what": "DEVICE_CLAIMED", "subject": "Porch", "text": "board relay-a1b2c3, over USB", "actor": { "name": "Ana" } });
    assert_eq!(line.data()["record"]["edges"], json!([{ "node": node }]));
}

#[tokio::test]
async fn what_cannot_be_claimed_says_what_to_do() {
    let (gateway, ana) = Gateway::claimed().await;
    let tasmota = ImprovFirmware {
        firmware: "Tasmota".into(),
        version: "14.3.0".into(),
        chip: "ESP8266".into(),
        name: "tasmota-A1B2C3".into(),
    };
    plug(&gateway, Identity::Improv(tasmota)).await;
    let id = only_board(&gateway).await;
    let shown = ana.ask("{ boards { state model firmware boardId advice } }", Value::Null).await;
    let board = &shown.data()["boards"][0];
    assert_eq!(
        (&board["state"], &board["firmware"], &board["model"]),
        (&json!("FOREIGN"), &json!("Tasmota 14.3.0"), &json!("ESP8266"))
    );
    assert!(board["advice"].as_str().unwrap().contains("another firmware"));
    let refused = ana.ask(CLAIM, input(&id)).await;
    assert!(refused.code() == "CONFLICT" && refused.text().contains("runs Tasmota"), "{}", refused.text());
    let field = |reply: &Reply| reply.json()["errors"][0]["extensions"]["field"].clone();
    let with = |field: &str, value: Value| {
        let mut variables = input(&id);
        match field {
            "ssid" | "password" => variables["input"]["wifi"][field] = value,
            _ => variables["input"][field] = value,
        }
        variables
    };
    for (name, value) in [
        ("name", json!(" ")),
        ("roomId", json!("r1")),
        ("roomId", json!("nonsense")),
        ("ssid", json!("")),
        ("ssid", json!("x".repeat(33))),
        ("password", json!("short")),
    ] {
        let refused = ana.ask(CLAIM, with(name, value)).await;
        assert_eq!((refused.code().as_str(), field(&refused)), ("BAD_INPUT", json!(name)));
    }
    for board in ["b1", "nonsense"] {
        assert_eq!(ana.ask(CLAIM, input(board)).await.code(), "NOT_FOUND");
    }
    let look = "mutation ($id: ID!) { identifyBoard(input: { boardId: $id }) { state } }";
    assert_eq!(ana.ask(look, json!({ "id": id })).await.data()["identifyBoard"]["state"], "IDENTIFYING");
    assert_eq!(ana.ask(look, json!({ "id": "b1" })).await.code(), "NOT_FOUND");
    let cancel = "mutation ($id: ID!) { cancelClaim(input: { claimId: $id }) { id } }";
    assert_eq!(ana.ask(cancel, json!({ "id": "p1" })).await.code(), "NOT_FOUND");
}

#[tokio::test]
async fn a_claim_that_fails_says_why_and_can_be_looked_up_by_its_owner_alone() {
    let home = People::new().await;
    let (gateway, ana) = (&home.gateway, &home.ana);
    let mut orders = gateway.port_orders.subscribe();
    plug(gateway, native()).await;
    let id = only_board(gateway).await;
    let claim = ana.ask(CLAIM, input(&id)).await.data()["claimDevice"]["id"].clone();
    let attempt = loop {
        if let PortOrder::Provision { attempt, .. } = within("the handover", orders.recv()).await.unwrap() {
            break attempt;
        }
    };
    let mut socket = gateway.socket(&token(ana)).await;
    socket.subscribe("p", PROGRESS, json!({ "id": claim })).await;
    for (name, client) in [("a member", &home.ben), ("a guest", &home.cleo)] {
        let mut other = gateway.socket(&token(client)).await;
        other.subscribe("p", PROGRESS, json!({ "id": claim })).await;
        let told = other.next().await.text();
        assert_eq!(told["payload"]["errors"][0]["extensions"]["code"], "FORBIDDEN", "{name}: {told}");
        assert_eq!(client.ask(BOARDS, Value::Null).await.code(), "FORBIDDEN", "{name}");
    }
    let unknown = json!({ "id": "p1" });
    let mut late = gateway.socket(&token(ana)).await;
    late.subscribe("p", PROGRESS, unknown).await;
    assert_eq!(late.next().await.text()["payload"]["errors"][0]["extensions"]["code"], "NOT_FOUND");
    gateway.port(PortEvent::Progress { port: usb(), attempt, progress: Progress::WrongPassword }).await;
    gateway.port(PortEvent::Failed { port: usb(), attempt, trouble: PortTrouble::UnableToConnect }).await;
    let failed = progress_at(&mut socket, "FAILED").await;
    assert_eq!(
        (&failed["error"], &failed["done"], &failed["device"]),
        (&json!("WRONG_PASSWORD"), &json!(true), &Value::Null)
    );
    assert_eq!(socket.next().await.text(), json!({ "type": "complete", "id": "p" }));
    assert_eq!(failed["message"], "The network “Home” did not take the password. Type it again.");
    let found = "query ($id: ID!) { claim(id: $id) { progress { error } board { claim { id } } } }";
    let found = ana.ask(found, json!({ "id": claim })).await;
    assert_eq!(
        found.data()["claim"],
        json!({ "progress": { "error": "WRONG_PASSWORD" }, "board": { "claim": { "id": claim } } })
    );
}

#[tokio::test]
async fn a_claim_whose_cable_was_pulled_is_told_of_without_its_board() {
    let home = People::new().await;
    let (gateway, ana) = (&home.gateway, &home.ana);
    let mut orders = gateway.port_orders.subscribe();
    plug(gateway, native()).await;
    let claim = ana.ask(CLAIM, input(&only_board(gateway).await)).await.data()["claimDevice"]["id"].clone();
    let (attempt, secret) = loop {
        if let PortOrder::Provision { attempt, secret, .. } = within("the handover", orders.recv()).await.unwrap() {
            break (attempt, secret);
        }
    };
    gateway.port(PortEvent::Progress { port: usb(), attempt, progress: Progress::Joined }).await;
    gateway.port(PortEvent::Gone(usb())).await;
    gateway.until("an empty port", |view| view.boards.is_empty()).await;
    let connecting = json!([{ "id": claim, "name": "Porch", "board": null, "progress": { "step": "CONNECTING" } }]);
    let all = "{ claims { id name board { id } progress { step } } }";
    assert_eq!(ana.ask(all, Value::Null).await.data()["claims"], connecting);
    assert_eq!(home.ben.ask(all, Value::Null).await.code(), "FORBIDDEN");
    let mut socket = gateway.socket(&token(ana)).await;
    let changes = "subscription { claimsChanged { id name board { id } progress { step } } }";
    socket.subscribe("c", changes, Value::Null).await;
    assert_eq!(socket.data("c").await["claimsChanged"], connecting);
    gateway.board_logs_in("relay-a1b2c3", secret.reveal()).await;
    loop {
        let told = socket.data("c").await["claimsChanged"][0]["progress"]["step"].clone();
        if told == "DONE" {
            break;
        }
        assert_eq!(told, "REGISTERING");
    }
}

#[tokio::test]
async fn a_board_takes_the_place_of_a_devices_and_the_claim_says_of_which() {
    let (gateway, ana) = Gateway::claimed().await;
    let old = gateway.online_board("relay-old", 2).await;
    let mut orders = gateway.port_orders.subscribe();
    plug(&gateway, native()).await;
    let id = only_board(&gateway).await;
    let wifi = json!({ "ssid": "Home", "password": "blue curtain" });
    let input = |device: &str| json!({ "input": { "boardId": id, "wifi": wifi, "replacesDeviceId": device } });
    for unknown in ["d1", "nonsense"] {
        assert_eq!(ana.ask(CLAIM, input(unknown)).await.code(), "NOT_FOUND");
    }
    let begun = ana.ask(CLAIM, input(&old.device)).await;
    assert_eq!(begun.data()["claimDevice"]["name"], "Board relay-old");
    let message = begun.data()["claimDevice"]["progress"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("relay-old is still there"), "{message}");
    let of = ana.ask("{ claims { replaces { id } } }", Value::Null).await;
    assert_eq!(of.data()["claims"], json!([{ "replaces": { "id": old.device } }]));
    let secret = loop {
        if let PortOrder::Provision { secret, .. } = within("the handover", orders.recv()).await.unwrap() {
            break secret;
        }
    };
    gateway.board_logs_in("relay-a1b2c3", secret.reveal()).await;
    gateway.until("its own", |view| view.devices.iter().all(|device| device.board.as_str() == "relay-a1b2c3")).await;
    let now = ana.ask("{ devices { id name switches { id } } boards { device { id } } }", Value::Null).await;
    let switches: Vec<_> = old.switches.iter().map(|id| json!({ "id": id })).collect();
    let device = json!({ "id": old.device, "name": "Board relay-old", "switches": switches });
    assert_eq!(now.data()["devices"], json!([device]));
    assert_eq!(now.data()["boards"], json!([{ "device": { "id": old.device } }]));
}

#[tokio::test]
async fn a_board_in_the_network_is_shown_unless_it_is_plugged_in() {
    let (gateway, ana) = Gateway::claimed().await;
    let mut socket = gateway.socket(&token(&ana)).await;
    socket.subscribe("b", "subscription { boardsChanged { source name location state firmware } }", json!({})).await;
    assert_eq!(socket.data("b").await["boardsChanged"], json!([]));
    let sighting = Sighting {
        service: "relay-a1b2c3._gatehouse._tcp.local.".into(),
        firmware: NearbyFirmware::Gatehouse,
        version: Some("0.1.0".into()),
        name: "relay-a1b2c3".into(),
        address: "192.168.1.7".parse().ok(),
        board: BoardId::new("relay-a1b2c3").ok(),
        mac: None,
        model: None,
        claim_port: None,
    };
    gateway.nearby(NearbyEvent::Seen(sighting.clone())).await;
    let shown = json!([{
        "source": "MDNS", "name": "relay-a1b2c3", "location": "192.168.1.7", "state": "NOTICED", "firmware": "Gatehouse 0.1.0"
    }]);
    assert_eq!(socket.data("b").await["boardsChanged"], shown);
    plug(&gateway, native()).await;
    let sources = loop {
        let boards = socket.data("b").await["boardsChanged"].clone();
        if boards[0]["state"] == "READY" {
            break boards.as_array().expect("a list").iter().map(|board| board["source"].clone()).collect::<Vec<_>>();
        }
    };
    assert_eq!(sources, ["SERIAL"], "it is one board");
    gateway.port(PortEvent::Gone(usb())).await;
    assert_eq!(socket.data("b").await["boardsChanged"], shown);
    gateway.nearby(NearbyEvent::Gone(sighting.service)).await;
    assert_eq!(socket.data("b").await["boardsChanged"], json!([]));
}

/// An image that a chip would start: one segment of nothing.
fn image() -> FirmwareImage {
    let mut bytes = vec![0xe9, 1, 0, 0x40, 0, 0, 0x10, 0x40];
    bytes.resize(31, 0);
    bytes.push(0xef);
    FirmwareImage::new("gatehouse-0.2.0.bin", bytes, [0xab; 32]).unwrap()
}

#[tokio::test]
async fn a_board_is_flashed_with_what_the_gateway_holds_and_says_how_far_it_is() {
    let images = Images(Arc::new(|| vec![Arc::new(image())]));
    let (gateway, ana) = Gateway::claimed_with(Settings { images, ..settings() }).await;
    let mut orders = gateway.port_orders.subscribe();
    plug(&gateway, Identity::BootLoader).await;
    let id = only_board(&gateway).await;
    let held = ana.ask("{ firmwareImages { name version sha256 size } }", Value::Null).await;
    let wanted = json!({ "name": "gatehouse-0.2.0.bin", "version": "0.2.0", "sha256": "ab".repeat(32), "size": 32 });
    assert_eq!(held.data()["firmwareImages"], json!([wanted]));

    let flash = "mutation ($input: FlashBoardInput!) { flashBoard(input: $input) { state flash { step percent done message error
        by { name } image { name } } } }";
    let with = |board: &str, image: &str| json!({ "input": { "boardId": board, "image": image } });
    let unknown = ana.ask(flash, with(&id, "other.bin")).await;
    assert_eq!(
        (unknown.code().as_str(), &unknown.json()["errors"][0]["extensions"]["field"]),
        ("BAD_INPUT", &json!("image"))
    );
    assert_eq!(ana.ask(flash, with("b1", "gatehouse-0.2.0.bin")).await.code(), "NOT_FOUND");
    let cancel = "mutation ($id: ID!) { cancelFlash(input: { boardId: $id }) { state flash { error } } }";
    assert_eq!(ana.ask(cancel, json!({ "id": id })).await.code(), "CONFLICT");
    let begun = ana.ask(flash, with(&id, "gatehouse-0.2.0.bin")).await;
    let message = "The board's boot loader is called.";
    let wanted = json!({ "step": "CONNECTING", "percent": 0, "done": false, "message": message, "error": null,
        "by": { "name": "Ana" }, "image": { "name": "gatehouse-0.2.0.bin" } });
    assert_eq!(begun.data()["flashBoard"], json!({ "state": "FLASHING", "flash": wanted }));
    assert_eq!(ana.ask(flash, with(&id, "gatehouse-0.2.0.bin")).await.code(), "CONFLICT");
    let attempt = loop {
        if let PortOrder::Flash { attempt, image: given, .. } = within("the order", orders.recv()).await.unwrap() {
            assert_eq!(*given, image());
            break attempt;
        }
    };
    let mut socket = gateway.socket(&token(&ana)).await;
    socket.subscribe("b", "subscription { boardsChanged { flash { percent } } }", Value::Null).await;
    assert_eq!(socket.data("b").await["boardsChanged"], json!([{ "flash": { "percent": 0 } }]));
    gateway.port(PortEvent::Flashing { port: usb(), attempt, progress: FlashProgress::Written(50) }).await;
    assert_eq!(socket.data("b").await["boardsChanged"], json!([{ "flash": { "percent": 50 } }]));
    let cancelled = ana.ask(cancel, json!({ "id": id })).await;
    let after = json!({ "state": "IDENTIFYING", "flash": { "error": "CANCELLED" } });
    assert_eq!(cancelled.data()["cancelFlash"], after);
    // What was written before it is on disk with it.
    ana.ask("mutation { createRoom(input: { name: \"Hall\" }) { id } }", Value::Null).await.data();
    let line = "{ record(first: 2) { edges { node { what subject text actor { name } } } } }";
    let line = ana.ask(line, Value::Null).await.data()["record"]["edges"][1]["node"].clone();
    assert_eq!((&line["what"], &line["subject"]), (&json!("BOARD_FLASHED"), &json!("/dev/ttyUSB0")));
    assert!(line["text"].as_str().unwrap().ends_with("not to its end"), "{line}");
}

#[tokio::test]
async fn a_board_of_another_firmware_is_given_wifi_and_says_how_far_it_is() {
    let (gateway, ana) = Gateway::claimed().await;
    let mut orders = gateway.port_orders.subscribe();
    let esphome = ImprovFirmware {
        firmware: "ESPHome".into(),
        version: "2026.10.0".into(),
        chip: "ESP8266".into(),
        name: "fan".into(),
    };
    plug(&gateway, Identity::Improv(esphome)).await;
    let id = only_board(&gateway).await;
    let give = "mutation ($input: GiveWifiInput!) { giveWifi(input: $input) { state wifiGiving { ssid firmware step percent done
        message error url by { name } } } }";
    let with = |board: &str, password: &str| json!({ "input": { "boardId": board, "wifi": { "ssid": "Home", "password": password } } });
    let short = ana.ask(give, with(&id, "short")).await;
    let field = &short.json()["errors"][0]["extensions"]["field"];
    assert_eq!((short.code().as_str(), field), ("BAD_INPUT", &json!("password")));
    for board in ["b1", "nonsense"] {
        assert_eq!(ana.ask(give, with(board, "blue curtain")).await.code(), "NOT_FOUND");
    }
    let cancel = "mutation ($id: ID!) { cancelGiveWifi(input: { boardId: $id }) { state wifiGiving { error } } }";
    assert_eq!(ana.ask(cancel, json!({ "id": id })).await.code(), "CONFLICT");
    let begun = ana.ask(give, with(&id, "blue curtain")).await;
    assert!(!begun.text().contains("curtain"), "{}", begun.text());
    let wanted = json!({ "ssid": "Home", "firmware": "ESPHome 2026.10.0", "step": "TELLING", "percent": 10, "done": false,
        "message": "The board is told the network “Home”.", "error": null, "url": null, "by": { "name": "Ana" } });
    assert_eq!(begun.data()["giveWifi"], json!({ "state": "GIVING_WIFI", "wifiGiving": wanted }));
    assert_eq!(ana.ask(give, with(&id, "blue curtain")).await.code(), "CONFLICT");
    let mut given = async || loop {
        if let PortOrder::GiveWifi { attempt, wifi, .. } = within("the order", orders.recv()).await.unwrap() {
            assert_eq!(wifi.password.as_ref().map(|password| password.reveal()), Some("blue curtain"));
            break attempt;
        }
    };
    let attempt = given().await;
    let mut socket = gateway.socket(&token(&ana)).await;
    socket.subscribe("b", "subscription { boardsChanged { state wifiGiving { step url } } }", Value::Null).await;
    let told =
        |state: &str, step: &str, url: Value| json!([{ "state": state, "wifiGiving": { "step": step, "url": url } }]);
    assert_eq!(socket.data("b").await["boardsChanged"], told("GIVING_WIFI", "TELLING", Value::Null));
    gateway.port(PortEvent::Progress { port: usb(), attempt, progress: Progress::Joining }).await;
    assert_eq!(socket.data("b").await["boardsChanged"], told("GIVING_WIFI", "JOINING", Value::Null));
    gateway.port(PortEvent::InNetwork { port: usb(), attempt, page: BoardPage::new("http://192.168.1.20") }).await;
    let url = json!("http://192.168.1.20/");
    assert_eq!(socket.data("b").await["boardsChanged"], told("FOREIGN", "DONE", url));
    ana.ask(give, with(&id, "blue curtain")).await.data();
    given().await;
    let cancelled = ana.ask(cancel, json!({ "id": id })).await;
    let after = json!({ "state": "FOREIGN", "wifiGiving": { "error": "CANCELLED" } });
    assert_eq!(cancelled.data()["cancelGiveWifi"], after);
    // What was written before it is on disk with it.
    ana.ask("mutation { createRoom(input: { name: \"Hall\" }) { id } }", Value::Null).await.data();
    let lines = "{ record(first: 3) { edges { node { what subject text actor { name } } } } }";
    let lines = ana.ask(lines, Value::Null).await;
    let line = |how: &str| {
        let text = format!("network “Home”, ESPHome 2026.10.0, {how}");
        json!({ "node": { "what": "WIFI_GIVEN", "subject": "/dev/ttyUSB0", "text": text, "actor": { "name": "Ana" } } })
    };
    let edges = &lines.data()["record"]["edges"];
    assert_eq!((&edges[1], &edges[2]), (&line("not known to be in it"), &line("in it")));
    assert!(!lines.text().contains("curtain"));
}
