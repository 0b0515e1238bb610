//! Home Assistant, played by mosquitto's clients by its rules: it says that it started, takes every topic from what it
//! discovers, shows what the relay does, and switches it.

use gatehouse_e2e::{Board, Home, Mosquitto, PATIENCE, Process, within};
use serde_json::{Value, json};

/// Topic and payload of each message.
const FORMAT: [&str; 2] = ["-F", "%t %p"];

/// A credential as the command line gives it to Home Assistant.
struct Login {
    user: String,
    password: String,
}

async fn attached(home: &Home, name: &str) -> Login {
    let ended = home.gatehouse(&["integration", "create", "--name", name, "--home-assistant"]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    let word = |word| ended.stdout.lines().find_map(|line| line.strip_prefix(word)).expect("a line").trim().to_owned();
    Login { user: word("User "), password: word("Password ") }
}

impl Login {
    /// A client of that id.
    fn client(&self, home: &Home, id: &str) -> Mosquitto {
        Mosquitto::new(home.mqtt(), id, &self.user, &self.password)
    }
}

/// What one subscription heard, in order.
struct Heard {
    process: Process,
    next: usize,
}

impl Heard {
    fn of(client: &Mosquitto, filters: &[&str]) -> Self {
        let filters: Vec<_> = filters.iter().flat_map(|filter| ["-t", filter]).collect();
        Self { process: client.listen(&[&FORMAT[..], &filters].concat()), next: 0 }
    }

    async fn next(&mut self) -> (String, String) {
        let line = within(PATIENCE, "a message", self.process.stdout_line(self.next)).await;
        self.next += 1;
        let line = line.unwrap_or_else(|| panic!("it ended: {:?}", self.process.stderr_so_far()));
        let (topic, payload) = line.split_once(' ').expect("topic and payload");
        (topic.to_owned(), payload.to_owned())
    }

    /// The next discovery of a device or switch that is as wanted.
    async fn config(&mut self, what: &str, wanted: impl Fn(&str, &Value) -> bool) -> (String, Value) {
        loop {
            let (topic, payload) = self.next().await;
            let config = if payload.is_empty() { Value::Null } else { serde_json::from_str(&payload).expect("JSON") };
            if topic.ends_with("/config") && wanted(&topic, &config) {
                return (topic, config);
            }
            assert!(self.next < 100, "{what} did not come");
        }
    }
}

fn text<'a>(config: &'a Value, key: &str) -> &'a str {
    config[key].as_str().unwrap_or_else(|| panic!("{key} in {config}"))
}

async fn set_form(home: &Home, form: &str) {
    let document = "mutation ($input: UpdateHomeAssistantInput!) { updateHomeAssistant(input: $input) { form } }";
    let set: Value = home.owner().ask("updateHomeAssistant", document, json!({ "input": { "form": form } })).await;
    assert_eq!(set["form"], form);
}

/// Shows a switch by nothing but what was discovered of it.
async fn shows(home: &Home, login: &Login, board: &mut Board, switch: &Value, availability: &Value) {
    let mut states = Heard::of(&login.client(home, "states"), &[text(switch, "state_topic")]);
    let mut available = Heard::of(&login.client(home, "available"), &[text(availability, "topic")]);
    assert_eq!(states.next().await.1, text(switch, "state_off"));
    assert_eq!(available.next().await.1, "ready");
    for (shown, on) in [("state_on", true), ("state_off", false)] {
        board.press("button 1").await;
        assert_eq!(board.movement().await.on, on);
        assert_eq!(states.next().await.1, text(switch, shown));
    }
    board.press("wifi down").await;
    assert_eq!(available.next().await.1, "lost");
    board.press("wifi up").await;
    while available.next().await.1 != "ready" {}
}

#[tokio::test]
async fn home_assistant_finds_and_shows_a_board_with_nothing_configured() {
    let home = Home::claimed().await;
    let mut board = home.board("Kitchen", 2).await;
    let login = attached(&home, "Home Assistant").await;
    let mut discovery =
        Heard::of(&login.client(&home, "discovery"), &["homeassistant/+/+/config", "homeassistant/+/+/+/config"]);
    let complete = |_: &str, config: &Value| config["device"]["sw_version"].is_string();
    let (topic, config) = discovery.config("the device", complete).await;
    assert_eq!((&config["device"]["name"], &config["origin"]["name"]), (&json!("Kitchen"), &json!("Gatehouse")));
    let components = config["components"].as_object().expect("components");
    assert!(components.len() == 2 && components.values().all(|c| c["platform"] == "switch"), "{config}");
    let first = components.values().find(|c| c["name"] == "1").expect("the first relay");
    shows(&home, &login, &mut board, first, &config["availability"][0]).await;

    let device: Value = home.owner().ask("devices", "{ devices { id } }", json!({})).await;
    let rename = "mutation ($input: UpdateDeviceInput!) { updateDevice(input: $input) { id } }";
    let input = json!({ "input": { "id": device[0]["id"], "name": "Stove" } });
    let _: Value = home.owner().ask("updateDevice", rename, input).await;
    let (again, renamed) = discovery.config("the new name", |_, config| config["device"]["name"] == "Stove").await;
    assert_eq!(again, topic);
    let ids =
        |config: &Value| config["components"].as_object().expect("components").keys().cloned().collect::<Vec<_>>();
    assert_eq!((ids(&config), &config["device"]["identifiers"]), (ids(&renamed), &renamed["device"]["identifiers"]));

    let born = login.client(&home, "born").publish(&["-t", "homeassistant/status", "-m", "online"]).await;
    assert_eq!(born.code, Some(0), "{born:?}");
    let (once_more, same) = discovery.config("all of it again", |_, _| true).await;
    assert_eq!((once_more, same), (topic.clone(), renamed));

    set_form(&home, "COMPONENT").await;
    let mut switches = Vec::new();
    let (unloaded, migrate) = discovery.config("the end of the form before", |_, _| true).await;
    assert_eq!((unloaded, migrate), (topic.clone(), json!({ "migrate_discovery": true })));
    for _ in 0..2 {
        switches.push(discovery.config("a switch", |topic, _| topic.starts_with("homeassistant/switch/")).await);
    }
    assert_eq!(discovery.config("no device", |_, _| true).await, (topic.clone(), Value::Null));
    let (_, first) = switches.iter().find(|(_, c)| c["state_topic"] == first["state_topic"]).expect("the same relay");
    shows(&home, &login, &mut board, first, &first["availability"][0]).await;

    set_form(&home, "OFF").await;
    for (topic, _) in &switches {
        assert_eq!(discovery.config("the end", |_, _| true).await, (topic.clone(), Value::Null));
    }
    assert!(board.movements_left().is_empty());
}

#[tokio::test]
async fn a_start_later_it_is_told_the_same_before_any_board_is_back() {
    let mut home = Home::claimed().await;
    let board = home.board("Kitchen", 1).await;
    set_form(&home, "COMPONENT").await;
    let client = attached(&home, "Home Assistant").await.client(&home, "later");
    let filters = ["-t", "homeassistant/#", "-t", "homie/5/+/$state"];
    let state = format!("homie/5/{}/$state lost", board.id());
    drop(board);
    home.kill().await;
    home.start().await;
    let found = client.subscribe(&[&FORMAT[..], &filters, &["-C", "2", "-W", "20"]].concat()).await;
    let mut lines: Vec<_> = found.stdout.lines().collect();
    lines.sort_unstable();
    assert!(lines[0].starts_with("homeassistant/switch/gatehouse_d"), "{lines:?}");
    assert_eq!(lines[1], state, "{lines:?}");
    for topic in ["homeassistant/device/gatehouse_d1/config", "homeassistant/device/other/config"] {
        assert_eq!(client.publish(&["-t", topic, "-n", "-r"]).await.code, Some(0), "acknowledged, and dropped");
    }
}

/// Switches by nothing but what was discovered, and sees the relay and the state follow.
async fn switches(home: &Home, login: &Login, board: &mut Board, switch: &Value) {
    let mut states = Heard::of(&login.client(home, "states"), &[text(switch, "state_topic")]);
    assert_eq!(states.next().await.1, text(switch, "state_off"));
    for (payload, shown, on) in [("payload_on", "state_on", true), ("payload_off", "state_off", false)] {
        let command = ["-t", text(switch, "command_topic"), "-m", text(switch, payload)];
        let ended = login.client(home, "switches").publish(&command).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let moved = board.movement().await;
        assert_eq!((moved.relay, moved.on, moved.cause.as_str()), (1, on, "command"));
        assert_eq!(states.next().await.1, text(switch, shown));
    }
}

#[tokio::test]
async fn home_assistant_switches_by_what_it_discovered_in_either_form() {
    let home = Home::claimed().await;
    let mut board = home.board("Kitchen", 1).await;
    let login = attached(&home, "Home Assistant").await;
    let mut discovery =
        Heard::of(&login.client(&home, "discovery"), &["homeassistant/+/+/config", "homeassistant/+/+/+/config"]);
    let (_, device) = discovery.config("the device", |_, config| config["components"].is_object()).await;
    let switch = device["components"].as_object().and_then(|all| all.values().next()).expect("a switch");
    switches(&home, &login, &mut board, switch).await;
    set_form(&home, "COMPONENT").await;
    let (_, switch) = discovery.config("the switch", |_, config| config["command_topic"].is_string()).await;
    switches(&home, &login, &mut board, &switch).await;
    let last = home.owner().switch(&board.switch(1)).await.last_change.expect("a change");
    assert_eq!(last.actor.map(|actor| (actor.kind, actor.name)), Some(("INTEGRATION".into(), "Home Assistant".into())));
}
