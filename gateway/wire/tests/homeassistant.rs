//! Home Assistant's discovery: the golden messages, the steps from one to the next, and the rules that Home Assistant has.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use gatehouse_core::homeassistant::{Announced, AnnouncedDevice, AnnouncedSwitch, Form, HomeAssistant, Prefix};
use gatehouse_core::ids::{DeviceId, SwitchId};
use gatehouse_core::name::{BoardId, Endpoint, Name};
use gatehouse_wire::homeassistant::topic::{Topic, is_for_gateway_only};
use gatehouse_wire::homeassistant::{Message, messages, steps};
use serde_json::Value;
use std::sync::Arc;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn switch(relay: usize, called: &str) -> AnnouncedSwitch {
    let id = SwitchId::from_raw(0x10 + relay as u64);
    AnnouncedSwitch { id, endpoint: Endpoint::relay(relay), name: name(called) }
}

fn device(number: u64, called: &str, switches: Vec<AnnouncedSwitch>) -> AnnouncedDevice {
    AnnouncedDevice {
        id: DeviceId::from_raw(number),
        board: BoardId::new(&format!("relay-00000{number}")).unwrap(),
        name: name(called),
        room: Some(name("Küche")),
        model: Some("NodeMCU v2".into()),
        firmware: Some("1.2.3".into()),
        switches,
    }
}

fn announced(form: Form, devices: Vec<AnnouncedDevice>) -> Announced {
    let set = HomeAssistant { form, prefix: Prefix::default() };
    let devices = devices.into_iter().map(|device| (device.id, Arc::new(device))).collect();
    Announced { set, round: 0, devices }
}

/// One device of each kind: two switches, one called as its device is, none.
fn house(form: Form) -> Announced {
    let bare =
        AnnouncedDevice { room: None, model: None, firmware: None, ..device(2, "Lamp", vec![switch(3, "Lamp")]) };
    let two = device(1, "Kitchen", vec![switch(1, "Kitchen 1"), switch(2, "\"Counter\"")]);
    announced(form, vec![two, bare, device(3, "Empty", vec![])])
}

/// The version is that of the crate, and not pinned.
fn without_version(text: &str) -> Value {
    let mut message: Value = serde_json::from_str(text).unwrap();
    assert_eq!(message["origin"]["sw_version"].take(), env!("CARGO_PKG_VERSION"));
    message
}

#[test]
fn messages_are_as_pinned() {
    for (form, file) in [(Form::Device, "device.json"), (Form::Component, "component.json")] {
        let golden = support::json(&format!("homeassistant/{file}"));
        let mut got = serde_json::Map::new();
        for Message { topic, payload, retain } in messages(&house(form)) {
            assert!(retain, "{topic}");
            got.insert(topic, without_version(&payload));
        }
        assert_eq!(Value::Object(got), golden, "{file}");
    }
    assert_eq!(messages(&house(Form::Off)), []);
}

#[test]
fn home_assistant_s_rules_are_kept() {
    let rules = support::json("homeassistant/rules.json");
    let list = |key: &str| rules[key].as_array().unwrap().iter().map(|v| v.as_str().unwrap().to_owned()).collect();
    let required: Vec<String> = list("device_payload_required");
    for message in messages(&house(Form::Device)) {
        let payload = without_version(&message.payload);
        assert!(required.iter().all(|key| payload.get(key).is_some()), "{payload}");
        let mut shared: Vec<String> = list("shared_options");
        shared.extend(list("root_only_extra"));
        for key in payload.as_object().unwrap().keys() {
            assert!(required.contains(key) || shared.contains(key), "{key}");
        }
        assert!(payload["device"]["identifiers"].is_array());
        for component in payload["components"].as_object().unwrap().values() {
            assert!(component["platform"] == "switch" && component["unique_id"].is_string());
        }
    }
    for message in messages(&house(Form::Component)).iter().chain(&messages(&house(Form::Device))) {
        let prefix = rules["prefix"].as_str().unwrap();
        let path = message.topic.strip_prefix(prefix).unwrap().strip_prefix('/').unwrap();
        let levels: Vec<_> = path.split('/').collect();
        assert!((3..=4).contains(&levels.len()) && levels.last() == Some(&"config"), "{path}");
        let letter = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        assert!(levels.iter().all(|level| !level.is_empty() && level.chars().all(letter)), "{path}");
        assert!(is_for_gateway_only(&message.topic), "{path}");
        assert!(
            Topic::parse(&Prefix::default(), &message.topic).is_some_and(|t| t.of(&Prefix::default()) == message.topic)
        );
    }
}

/// Topic and payload, `…` for one that announces something.
fn told(steps: &[Vec<Message>]) -> Vec<Vec<(String, &str, bool)>> {
    let short = |m: &Message| m.topic.trim_start_matches("homeassistant/").trim_end_matches("/config").to_owned();
    let what = |message: &Message| match message.payload.as_str() {
        "" => "",
        r#"{"migrate_discovery":true}"# => "migrate",
        _ => "…",
    };
    steps.iter().map(|step| step.iter().map(|m| (short(m), what(m), m.retain)).collect()).collect()
}

fn each(topics: &[&str], payload: &'static str, retain: bool) -> Vec<(String, &'static str, bool)> {
    topics.iter().map(|topic| ((*topic).to_owned(), payload, retain)).collect()
}

const DEVICES: [&str; 2] = ["device/gatehouse_d1", "device/gatehouse_d2"];
const SWITCHES: [&str; 3] = ["switch/gatehouse_d1/s11", "switch/gatehouse_d1/s12", "switch/gatehouse_d2/s13"];

#[test]
fn one_form_follows_the_other_by_unloading_first_and_forgetting_last() {
    let (device, component, off) = (house(Form::Device), house(Form::Component), house(Form::Off));
    assert_eq!(
        told(&steps(&device, &component)),
        [each(&DEVICES, "migrate", false), each(&SWITCHES, "…", true), each(&DEVICES, "", true)]
    );
    assert_eq!(
        told(&steps(&component, &device)),
        [each(&SWITCHES, "migrate", false), each(&DEVICES, "…", true), each(&SWITCHES, "", true)]
    );
    assert_eq!(told(&steps(&device, &off)), [each(&DEVICES, "", true)]);
    assert_eq!(told(&steps(&off, &component)), [each(&SWITCHES, "…", true)]);
    assert_eq!(steps(&off, &off), Vec::<Vec<Message>>::new());

    let mut moved = device.clone();
    moved.set.prefix = Prefix::new("ha").unwrap();
    let [new, old] = &steps(&device, &moved)[..] else { panic!("nobody hears both prefixes") };
    assert!(new.iter().all(|m| m.topic.starts_with("ha/device/") && !m.payload.is_empty()));
    assert_eq!(told(std::slice::from_ref(old)), [each(&DEVICES, "", true)]);
}

#[test]
fn only_what_is_another_is_told_again_and_in_a_new_round_everything() {
    let before = house(Form::Device);
    assert_eq!(steps(&before, &before.clone()), Vec::<Vec<Message>>::new());
    let mut after = before.clone();
    let renamed =
        AnnouncedDevice { name: name("Stove"), ..AnnouncedDevice::clone(&after.devices[&DeviceId::from_raw(1)]) };
    after.devices.insert(renamed.id, Arc::new(renamed));
    let changed = steps(&before, &after);
    assert_eq!(told(&changed), [each(&DEVICES[..1], "…", true)]);
    assert_eq!(without_version(&changed[0][0].payload)["device"]["name"], "Stove");

    after = before.clone();
    after.round += 1;
    assert_eq!(told(&steps(&before, &after)), [each(&DEVICES, "…", true)]);
    assert_eq!(steps(&before, &after)[0], messages(&before));
}

#[test]
fn what_is_gone_is_forgotten() {
    for (form, first, then) in [
        (Form::Device, each(&DEVICES[..1], "…", false), each(&DEVICES[..1], "…", true)),
        (Form::Component, each(&SWITCHES[1..2], "", true), each(&SWITCHES[..1], "…", true)),
    ] {
        let before = house(form);
        let fewer = announced(form, vec![device(1, "Kitchen", vec![switch(1, "Kitchen 1")])]);
        let mut after = before.clone();
        after.devices.extend(fewer.devices);
        let gone = steps(&before, &after);
        assert_eq!(told(&gone), [first, then]);
        if form == Form::Device {
            let components = without_version(&gone[0][0].payload)["components"].clone();
            assert_eq!(components["s12"], serde_json::json!({ "platform": "switch" }));
        }
        let none = announced(form, vec![]);
        let topics = if form == Form::Device { &DEVICES[..] } else { &SWITCHES[..] };
        assert_eq!(told(&steps(&before, &none)), [each(topics, "", true)]);
        let mut empty = before.clone();
        empty.devices.extend(announced(form, vec![device(1, "Kitchen", vec![])]).devices);
        let forgotten: Vec<_> = steps(&before, &empty).concat().into_iter().filter(|m| m.payload.is_empty()).collect();
        assert!(!forgotten.is_empty() && forgotten.iter().all(|m| m.topic.contains("gatehouse_d1/")), "{forgotten:?}");
    }
}
