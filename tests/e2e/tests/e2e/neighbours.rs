//! A board's secret on another machine: network namespaces on one bridge, where each machine has a MAC address of its own.

use gatehouse_e2e::{Client, Home, Net, Process, board_program, reconfigure, within};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::path::Path;

const GATEWAY: Ipv4Addr = Ipv4Addr::new(10, 79, 0, 2);
const MAC: &str = "5c:cf:7f:0a:0b:0c";
const THIEF: &str = "02:00:00:00:00:66";

const DEVICE: &str = "{ devices { id availability mac neighbourMac behindRepeater quarantine { mac } } }";
const NOTICES: &str = "{ notices { nodes { code message } } }";
const REPEATER: &str =
    "mutation ($input: SetBehindRepeaterInput!) { setBehindRepeater(input: $input) { behindRepeater } }";

/// A board on that machine, with the home's credential in its flash or given to it.
fn board(machine: &str, flash: &Path, mac: &str, given: &[&str]) -> Process {
    let mut command = tokio::process::Command::new("ip");
    command.args(["netns", "exec", machine]).arg(board_program()).arg("--flash").arg(flash);
    command.args(["--relays", "1", "--mac", mac]).args(given);
    Process::start("relay-1", command)
}

/// The device once it is as wanted, asked for until then: what is looked at together is told apart.
async fn device(owner: &Client, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let look = async {
        loop {
            let devices: Vec<Value> = owner.ask("devices", DEVICE, json!({})).await;
            if let Some(device) = devices.into_iter().find(|device| wanted(device)) {
                return device;
            }
            tokio::task::yield_now().await;
        }
    };
    within(gatehouse_e2e::PATIENCE, what, look).await
}

async fn notices(owner: &Client) -> Vec<Value> {
    let listed: Value = owner.ask("notices", NOTICES, json!({})).await;
    listed["nodes"].as_array().expect("a list").clone()
}

async fn is_told(machines: [&str; 2]) {
    let mut home = Home::claimed().await;
    reconfigure(&mut home, "tls_listen = \"127.0.0.1:", "tls_listen = \"0.0.0.0:").await;
    let port = home.daemon().ready.mqtts.expect("MQTT over TLS").port();
    let ca = home.daemon().ready.ca.clone().expect("the home has an authority").display().to_string();
    let (secret, flash) = (home.dir().join("secret").display().to_string(), home.dir().join("flash"));
    std::fs::write(&secret, "a secret of this test").expect("the secret can be written");
    let registered = home.gatehouse(&["board", "register", "--id", "relay-1", "--secret-file", &secret]).await;
    assert_eq!(registered.code, Some(0), "{registered:?}");
    let owner = home.owner();
    let gateway = format!("{GATEWAY}:{port}");
    let given = ["--id", "relay-1", "--secret-file", &secret, "--ca", &ca, "--gateway", &gateway];

    let mut first = board(machines[0], &flash, MAC, &given);
    let known = |device: &Value| device["availability"] == "ONLINE" && !device["neighbourMac"].is_null();
    let right = device(&owner, "the board", known).await;
    assert_eq!((&right["mac"], &right["neighbourMac"]), (&json!(MAC), &json!(MAC)));
    assert_eq!(notices(&owner).await, Vec::<Value>::new(), "each says the same");
    // What was learnt of it is on disk when somebody's change is.
    home.room("Hall").await;
    first.signal(rustix::process::Signal::KILL);
    first.ended().await;

    // Its flash in a board that says the same of itself, on another machine.
    let mut second = board(machines[1], &flash, MAC, &[]);
    let elsewhere = |device: &Value| device["availability"] == "ONLINE" && device["neighbourMac"] == THIEF;
    let moved = device(&owner, "the same on another machine", elsewhere).await;
    assert_eq!(moved["quarantine"], Value::Null);
    let told = notices(&owner).await;
    let [notice] = &told[..] else { panic!("one notice: {told:?}") };
    let message = notice["message"].as_str().expect("a message");
    assert_eq!(notice["code"], "NEIGHBOUR_DIFFERS");
    assert!(message.contains(MAC) && message.contains(THIEF), "{message}");
    let input = json!({ "input": { "deviceId": moved["id"], "behindRepeater": true } });
    let answered: Value = owner.ask("setBehindRepeater", REPEATER, input).await;
    assert_eq!(answered["behindRepeater"], true);
    assert_eq!(notices(&owner).await, Vec::<Value>::new(), "the owner answered it");
    second.signal(rustix::process::Signal::KILL);
    second.ended().await;

    // And in one that says who it is.
    let _third = board(machines[1], &flash, THIEF, &[]);
    let held = device(&owner, "another board", |device| device["availability"] == "QUARANTINED").await;
    assert_eq!((&held["mac"], &held["quarantine"]["mac"]), (&json!(MAC), &json!(THIEF)));
    assert_eq!(notices(&owner).await[0]["code"], "DEVICE_QUARANTINED");
    assert_eq!(home.stop().await.code, Some(0));
}

#[test]
fn a_board_on_another_machine_is_told_and_one_that_says_another_mac_address_is_quarantined() {
    let mut net = Net::new("neighbours");
    let here = net.machine("gateway", GATEWAY);
    let there = [("board", 5, MAC), ("thief", 66, THIEF)].map(|(what, last, mac)| {
        let machine = net.machine(what, Ipv4Addr::new(10, 79, 0, last));
        net.on(&machine, &format!("link set eth0 address {mac}"));
        machine
    });
    net.run_on(&here, || is_told([&there[0], &there[1]]));
}
