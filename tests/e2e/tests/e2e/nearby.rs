//! Boards that say on the network that they are there, as the gateway shows them; and the gateway, as others find it. The other
//! side is Avahi, on a machine of its own and on the gateway's too: network namespaces on one bridge.

use crate::avahi::Avahi;
use gatehouse_e2e::{Home, Net, reconfigure};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::net::Ipv4Addr;

const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 78, 0, 2);
const BOARDS: Ipv4Addr = Ipv4Addr::new(10, 78, 0, 5);

const WATCH: &str = "subscription { boardsChanged {
    id source location state advice boardId model mac firmware relays hasHome networks { ssid } device { id } claim { id } } }";

fn named<'a>(boards: &'a Value, model: &str) -> Option<&'a Value> {
    boards.as_array()?.iter().find(|board| board["model"] == model)
}

async fn found(there: &str, here: &str) {
    let mut home = Home::claimed().await;
    // Somebody else speaks mDNS on the gateway's own machine, and on another, before it does.
    let own = Avahi::start(here, "pi", home.dir()).await;
    let other = Avahi::start(there, "neighbour", home.dir()).await;
    reconfigure(&mut home, "tls_listen = \"127.0.0.1:", "tls_listen = \"0.0.0.0:").await;
    let mut screen = home.owner().subscribe(WATCH).await;
    assert_eq!(screen.value("boardsChanged", "nothing at first", |_| true).await, json!([]));

    let printer = other.publish("Printer", "_http._tcp", &["note=ink is low"]).await;
    let txt = ["id=relay-a1b2c3", "mac=5c:cf:7f:a1:b2:c3", "model=nodemcuv2", "fw=0.1.0"];
    let ours = other.publish("relay-a1b2c3", "_gatehouse._tcp", &txt).await;
    let boards = screen.value("boardsChanged", "a board of ours", |boards| named(boards, "nodemcuv2").is_some()).await;
    let board = named(&boards, "nodemcuv2").expect("it is there");
    let id = board["id"].as_str().expect("an id").to_owned();
    assert!(board["advice"].as_str().is_some_and(|advice| advice.contains("USB port")), "{board}");
    let expected = json!({
        "id": id, "source": "MDNS", "location": BOARDS.to_string(), "state": "NOTICED", "advice": board["advice"],
        "boardId": "relay-a1b2c3", "model": "nodemcuv2", "mac": "5c:cf:7f:a1:b2:c3", "firmware": "Gatehouse 0.1.0",
        "relays": null, "hasHome": false, "networks": [], "device": null, "claim": null
    });
    assert_eq!(board, &expected);
    let wifi = json!({ "ssid": "Home", "password": "blue curtain" });
    let claim = "mutation ($input: ClaimDeviceInput!) { claimDevice(input: $input) { id } }";
    let refused = home
        .owner()
        .try_ask(claim, json!({ "input": { "boardId": id, "wifi": wifi } }))
        .await
        .expect_err("it is not plugged in");
    assert_eq!(
        (refused.code.as_str(), refused.message.as_str()),
        ("CONFLICT", board["advice"].as_str().expect("it is"))
    );

    let txt = ["friendly_name=Attic fan", "version=2026.10.0", "mac=5ccf7fa1b2c4", "board=esp01_1m"];
    let fan = other.publish("attic", "_esphomelib._tcp", &txt).await;
    let sonoff = own.publish("sonoff", "_http._tcp", &["devicetype=tasmota"]).await;
    let all = |boards: &Value| boards.as_array().is_some_and(|boards| boards.len() == 3);
    let boards = screen.value("boardsChanged", "three boards", all).await;
    let foreign: Vec<_> =
        boards.as_array().expect("a list").iter().filter(|board| board["state"] == "FOREIGN").collect();
    let names: Vec<_> = foreign.iter().map(|board| board["firmware"].as_str().expect("its firmware")).collect();
    assert_eq!(names, ["ESPHome 2026.10.0", "Tasmota"]);
    assert_eq!((&foreign[0]["mac"], &foreign[0]["boardId"]), (&json!("5c:cf:7f:a1:b2:c4"), &Value::Null));

    // Who ends in good order says so, and is gone at once.
    for one in [&ours, &fan, &sonoff] {
        one.signal(Signal::TERM);
    }
    screen.value("boardsChanged", "nothing any more", |boards| *boards == json!([])).await;
    drop(printer);

    // Both find the gateway, and nothing of it once it has stopped.
    let port = home.daemon().ready.mqtts.expect("MQTT over TLS").port();
    for avahi in [&own, &other] {
        let hubs = avahi.browse("_gatehouse-hub._tcp").await;
        assert!(hubs.contains(&format!(";{GATEWAY};{port};\"home=")), "{hubs}");
    }
    assert_eq!(home.stop().await.code, Some(0));
    assert_eq!(other.browse("_gatehouse-hub._tcp").await, "");
}

#[test]
fn boards_in_the_network_are_shown_beside_an_avahi_on_the_same_machine() {
    let mut net = Net::new("nearby");
    let here = net.machine("gateway", GATEWAY);
    let there = net.machine("boards", BOARDS);
    net.run_on(&here, || found(&there, &here));
}
