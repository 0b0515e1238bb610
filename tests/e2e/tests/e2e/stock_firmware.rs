//! 5.4: a board with another firmware is given Wi-Fi and nothing else: the real daemon, a simulated board at a pseudo-terminal.

use gatehouse_e2e::{Ended, Home, PATIENCE, Process, support, within};
use serde_json::{Value, json};
use std::path::Path;
use tokio::process::Command;

const PASSWORD: &str = "the password";
const GIVE: &str = "mutation ($input: GiveWifiInput!) { giveWifi(input: $input) { id } }";

/// A board with somebody else's firmware.
struct Stock {
    process: Process,
    told: usize,
}

impl Stock {
    async fn plug_in(home: &Home, options: &[&str]) -> Self {
        let mut command = Command::new(support("stock-firmware"));
        command.arg(home.dir().join("ttyUSB0")).args(options);
        let mut stock = Self { process: Process::start("stock-firmware", command), told: 0 };
        assert_eq!(stock.next().await, "plugged");
        stock
    }

    /// What it tells next.
    async fn next(&mut self) -> String {
        let line = within(PATIENCE, "the board should tell something", self.process.stdout_line(self.told)).await;
        self.told += 1;
        line.expect("the board has ended")
    }
}

/// The board at the port, once it is this; null when there is none.
async fn board(home: &Home, what: &str, is: impl Fn(&Value) -> bool) -> Value {
    let query = "subscription { boardsChanged { id state firmware device { id } wifiGiving { step percent message error url } } }";
    let mut screen = home.owner().subscribe(query).await;
    let boards = screen.value("boardsChanged", what, |boards| is(&boards[0])).await;
    boards[0].clone()
}

async fn foreign(home: &Home) -> Value {
    board(home, "the board should be known as another firmware's", |board| board["state"] == "FOREIGN").await
}

async fn give(home: &Home, board: &Value, password: &str) {
    let wifi = json!({ "ssid": "house", "password": password });
    let input = json!({ "input": { "boardId": board["id"], "wifi": wifi } });
    let _: Value = home.owner().ask("giveWifi", GIVE, input).await;
}

async fn ended(home: &Home, step: &str) -> Value {
    board(home, step, |board| board["wifiGiving"]["step"] == step).await["wifiGiving"].clone()
}

/// Calls `gatehouse provision` for the network `house`.
async fn provision(home: &Home, options: &[&str]) -> Ended {
    use std::os::unix::fs::PermissionsExt;
    // Not in the daemon's folder, which is looked through.
    let (port, file) = (home.dir().join("ttyUSB0").display().to_string(), home.dir().join("password"));
    std::fs::write(&file, PASSWORD).expect("the password can be written");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("it can be protected");
    let file = file.display().to_string();
    let all = [&["provision", "--port", &port, "--ssid", "house", "--password-file", &file], options].concat();
    within(3 * PATIENCE, "gatehouse provision should end", home.gatehouse(&all)).await
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let read = |entry: std::fs::DirEntry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => files(&entry.path()),
        Ok(kind) if kind.is_file() => {
            vec![(entry.path().display().to_string(), std::fs::read(entry.path()).expect("a file"))]
        }
        _ => Vec::new(),
    };
    entries.flat_map(read).collect()
}

/// Neither the gateway's disk nor its log, at its most talkative, holds this.
async fn nowhere(home: &mut Home, secret: &str) {
    let log = home.daemon().process().stderr_so_far().join("\n");
    assert!(log.contains("ttyUSB0") && !log.contains(secret), "{log}");
    home.stop().await;
    for (name, bytes) in files(&home.data_dir()) {
        assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{name}");
    }
}

#[tokio::test]
async fn row_5_4_1_a_board_of_another_firmware_is_given_wifi_and_stays_what_it_is() {
    let mut home = Home::claimed().await;
    let urls = ["--url", "https://my.example/redirect", "--url", "http://192.168.1.20:80/setup?x=1"];
    let mut stock = Stock::plug_in(&home, &urls).await;
    let there = foreign(&home).await;
    assert_eq!(there["firmware"], "ESPHome 2026.10.0");

    give(&home, &there, "another password").await;
    assert_eq!(stock.next().await, "given house another password");
    let failed = ended(&home, "FAILED").await;
    assert_eq!((&failed["error"], &failed["url"]), (&json!("NOT_JOINED"), &Value::Null));
    let message = failed["message"].as_str().expect("a message");
    assert!(message.starts_with("The board could not get into “house”. Its firmware does not say why"), "{message}");

    give(&home, &there, PASSWORD).await;
    assert_eq!(stock.next().await, "given house the password");
    let done = ended(&home, "DONE").await;
    assert_eq!((&done["percent"], &done["url"]), (&json!(100), &json!("http://192.168.1.20:80/")));
    let after = foreign(&home).await;
    assert_eq!((&after["device"], home.owner().switches().await.len()), (&Value::Null, 0));
    let record = "{ record(first: 2) { edges { node { what subject text actor { name } } } } }";
    let lines = within(PATIENCE, "the record should tell it", async {
        loop {
            let told: Value = home.owner().ask("record", record, json!({})).await;
            if told["edges"][1]["node"]["what"] == "WIFI_GIVEN" {
                return told;
            }
        }
    })
    .await;
    let line = |how: &str| {
        let text = format!("network “house”, ESPHome 2026.10.0, {how}");
        json!({ "node": { "what": "WIFI_GIVEN", "subject": home.dir().join("ttyUSB0"), "text": text, "actor": { "name": "Ana" } } })
    };
    assert_eq!(lines["edges"], json!([line("in it"), line("not known to be in it")]));
    nowhere(&mut home, PASSWORD).await;
}

#[tokio::test]
async fn row_5_4_2_a_cable_that_is_pulled_is_told_where_the_board_is_back_and_it_is_given_wifi_then() {
    let mut home = Home::claimed().await;
    let mut stock = Stock::plug_in(&home, &["--unplug-at-wifi"]).await;
    give(&home, &foreign(&home).await, PASSWORD).await;
    assert_eq!(stock.next().await, "given house the password");
    assert_eq!(stock.next().await, "unplugged");
    board(&home, "the board should be gone", Value::is_null).await;
    stock.process.say("plug").await;
    assert_eq!(stock.next().await, "plugged");
    let back = foreign(&home).await;
    assert_eq!(back["wifiGiving"]["error"], "UNPLUGGED");
    give(&home, &back, PASSWORD).await;
    assert_eq!(stock.next().await, "given house the password");
    assert_eq!(ended(&home, "DONE").await["url"], Value::Null);
    nowhere(&mut home, PASSWORD).await;
}

#[tokio::test]
async fn row_5_4_3_tasmota_is_given_wifi_at_its_console_from_the_terminal() {
    let mut home = Home::claimed().await;
    let options = ["--firmware", "Tasmota", "--url", "http://192.168.1.21"];
    let mut stock = Stock::plug_in(&home, &options).await;
    let refused = provision(&home, &["--name", "Fan"]).await;
    assert_eq!((refused.code, refused.stderr.lines().count()), (Some(1), 1), "{}", refused.stderr);
    assert!(refused.stderr.contains("runs Tasmota") && refused.stderr.contains("--wifi-only"), "{}", refused.stderr);
    let ended = provision(&home, &["--wifi-only"]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
    assert_eq!(stock.next().await, "given house the password");
    assert!(ended.stdout.contains("is on its way into “house”"), "{}", ended.stdout);
    let last = "It keeps Tasmota 2026.10.0, so it is no switch of this home: for that, flash it with Gatehouse's firmware. \
                The board says that its own page is http://192.168.1.21/";
    assert!(ended.stdout.ends_with(last), "{}", ended.stdout);
    std::fs::remove_file(home.dir().join("password")).expect("the password's file");
    // The console says again what was typed there.
    nowhere(&mut home, PASSWORD).await;
}
