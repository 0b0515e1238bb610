//! A board whose hardware died is replaced by another that is plugged in: by the running daemon, and two boards of the firmware.

use gatehouse_e2e::{Client, Ended, Home, PATIENCE, Process, board_program, within};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use tokio::process::Command;
use tokio::time::interval;

const DEVICES: &str = "{ devices { id name mac chip availability } }";

/// A board that knows no home, plugged in at `ttyUSB0`, within reach of the network `house`.
fn plug_in(home: &Home, relays: &str) -> Process {
    plug_in_with(home, relays, "5c:cf:7f:d4:e5:f6")
}

fn plug_in_with(home: &Home, relays: &str, mac: &str) -> Process {
    let mut command = Command::new(board_program());
    command.arg("--flash").arg(home.dir().join(mac)).arg("--serial").arg(home.dir().join("ttyUSB0"));
    command.args(["--relays", relays, "--network", "house:the password", "--mac", mac]);
    Process::start("the new board", command)
}

async fn provision(home: &Home, password: &str, replaces: &str) -> Ended {
    let (port, file) = (home.dir().join("ttyUSB0").display().to_string(), home.dir().join("password"));
    std::fs::write(&file, password).expect("the password can be written");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("it can be protected");
    let file = file.display().to_string();
    let arguments = ["provision", "--port", &port, "--ssid", "house", "--password-file", &file, "--replaces", replaces];
    within(3 * PATIENCE, "gatehouse provision should end", home.gatehouse(&arguments)).await
}

async fn device(owner: &Client) -> Value {
    let devices: Vec<Value> = owner.ask("devices", DEVICES, json!({})).await;
    let [device] = &devices[..] else { panic!("one device: {devices:?}") };
    device.clone()
}

#[tokio::test]
async fn another_board_takes_over_the_switches_with_all_that_they_were() {
    let home = Home::claimed().await;
    let owner = home.owner();
    let mut old = home.board("Kitchen", 2).await;
    let switch = old.switch(1);
    assert_eq!(owner.set(&switch, true).await.end(), ("CONFIRMED", None));
    old.movement().await;
    let before = device(&owner).await;
    let mut new = plug_in(&home, "3");

    // One that fails changes nothing: the old board goes on.
    let failed = provision(&home, "another password", "Kitchen").await;
    assert_eq!(failed.code, Some(1), "{}", failed.stdout);
    assert!(failed.stderr.contains("did not take the password"), "{}", failed.stderr);
    assert_eq!(device(&owner).await, before);
    assert_eq!(owner.set(&switch, false).await.end(), ("CONFIRMED", None));
    assert_eq!(owner.set(&switch, true).await.end(), ("CONFIRMED", None));

    let unknown = provision(&home, "the password", "Attic").await;
    assert_eq!((unknown.code, unknown.stderr.lines().count()), (Some(1), 1), "{}", unknown.stderr);
    assert!(unknown.stderr.contains("no device of that name"), "{}", unknown.stderr);

    let mut screen = owner.watch(old.switches()).await;
    let ended = provision(&home, "the password", "Kitchen").await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
    assert!(ended.stdout.contains("is still there as Kitchen"), "{}", ended.stdout);
    assert!(ended.stdout.contains("Kitchen has its new board. Wiring"), "{}", ended.stdout);
    screen.until("the new board, off", |switch| switch.is_online() && switch.on == Some(false)).await;
    let after = device(&owner).await;
    assert_eq!(
        (&after["id"], &after["name"], &after["mac"]),
        (&before["id"], &json!("Kitchen"), &json!("5c:cf:7f:d4:e5:f6"))
    );
    assert_ne!(after["chip"], before["chip"]);
    // The old one is out, and may not come again.
    old.says("refused the login").await;

    // The tap goes by the id that it had, to the new board.
    let relays_before = old.movements_left().len();
    let mut lines = new.stdout_so_far().len();
    assert_eq!(owner.set(&switch, true).await.end(), ("CONFIRMED", None));
    loop {
        let line = within(PATIENCE, "the new board should move", new.stdout_line(lines)).await.expect("a line");
        lines += 1;
        if line.starts_with("relay 1 on cause=command") {
            break;
        }
    }
    assert_eq!(old.movements_left().len(), relays_before, "the old one is asked for nothing");
    let switches = owner.switches().await;
    let names: Vec<_> = switches.iter().map(|switch| switch.name.as_str()).collect();
    assert_eq!(names, ["Kitchen 1", "Kitchen 2", "Kitchen 3"]);
    // Whoever makes a room waits for the disk.
    home.room("Hall").await;
    let record = "query ($ids: [ID!]!) { record(filter: { switchIds: $ids }) { edges { node { what } } } }";
    let told: Value = owner.ask("record", record, json!({ "ids": [switch] })).await;
    let commands = told["edges"].as_array().unwrap().iter().filter(|edge| edge["node"]["what"] == "COMMAND").count();
    assert_eq!(commands, 4, "taps of both boards: {told}");
    let newest: Value = owner
        .ask("record", "{ record(first: 20) { edges { node { what subject actor { kind } } } } }", json!({}))
        .await;
    let line = json!({ "what": "DEVICE_REPLACED", "subject": "Kitchen", "actor": { "kind": "CONSOLE" } });
    assert!(newest["edges"].as_array().unwrap().iter().any(|edge| edge["node"] == line), "{newest}");

    // The gateway remembers at which port that one was. Who is plugged in there next is another board all the same.
    new.say("quit").await;
    new.ended().await;
    let gone = async {
        let mut looks = interval(Duration::from_millis(20));
        while owner.ask::<Vec<Value>>("serialPorts", "{ serialPorts { name } }", json!({})).await != [] as [Value; 0] {
            looks.tick().await;
        }
    };
    within(PATIENCE, "the port should be gone", gone).await;
    let mut third = plug_in_with(&home, "3", "5c:cf:7f:aa:bb:cc");
    let ended = provision(&home, "the password", "Kitchen").await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
    assert_eq!(device(&owner).await["mac"], json!("5c:cf:7f:aa:bb:cc"));
    third.say("quit").await;
}

#[tokio::test]
async fn a_board_with_too_few_relays_takes_no_place() {
    let home = Home::claimed().await;
    let old = home.board("Kitchen", 2).await;
    let _new = plug_in(&home, "1");
    let refused = provision(&home, "the password", "Kitchen").await;
    assert_eq!((refused.code, refused.stderr.lines().count()), (Some(1), 1), "{}", refused.stderr);
    assert!(refused.stderr.contains("has relays for 1"), "{}", refused.stderr);
    assert_eq!(home.owner().set(&old.switch(2), true).await.end(), ("CONFIRMED", None));
}
