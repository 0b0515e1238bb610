//! Home Assistant's MQTT discovery, as `gateway/wire/HOMEASSISTANT.md` says: what the gateway publishes of its devices, and
//! when Home Assistant starts.

mod payload;
pub mod topic;

use gatehouse_core::homeassistant::{Announced, AnnouncedDevice, AnnouncedSwitch, Form, Prefix};
use gatehouse_core::integration::Filter;
use std::collections::BTreeMap;
use std::sync::Arc;
use topic::Topic;

/// What Home Assistant publishes to `status` once it listens.
const BIRTH: &[u8] = b"online";
/// Unloads what a topic announced, and keeps all that a person made of it for whoever announces it next.
const MIGRATE: &str = r#"{"migrate_discovery":true}"#;

/// One message of discovery, at QoS 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Where.
    pub topic: String,
    /// JSON; empty where the topic is to be forgotten, and all it announced with it.
    pub payload: String,
    /// Whether it is for those that come later, too.
    pub retain: bool,
}

impl Message {
    fn retained(topic: String, payload: String) -> Self {
        Self { topic, payload, retain: true }
    }
}

/// Everything that is to be retained, as it is.
pub fn messages(announced: &Announced) -> Vec<Message> {
    announced.devices.values().flat_map(|device| of_device(announced, device)).collect()
}

/// What leads from one to the other, in steps: Home Assistant must have done what one step says before it hears the next.
/// When the round is another, everything is said again.
pub fn steps(before: &Announced, after: &Announced) -> Vec<Vec<Message>> {
    let steps = if before.set == after.set {
        updates(before, after)
    } else {
        let (old, new) = (messages(before), messages(after));
        let both = before.set.form != Form::Off && after.set.form != Form::Off;
        let migrates = both && before.set.prefix == after.set.prefix;
        let unload = |old: &Message| Message { payload: MIGRATE.to_owned(), retain: false, ..old.clone() };
        let unloaded = if migrates { old.iter().map(unload).collect() } else { Vec::new() };
        vec![unloaded, new, old.into_iter().map(forgotten).collect()]
    };
    steps.into_iter().filter(|step| !step.is_empty()).collect()
}

fn updates(before: &Announced, after: &Announced) -> Vec<Vec<Message>> {
    let (mut first, mut then) = (Vec::new(), Vec::new());
    for (id, device) in &after.devices {
        let known = before.devices.get(id);
        let same = known.is_some_and(|known| Arc::ptr_eq(known, device) || known == device);
        if same && before.round == after.round {
            continue;
        }
        let gone: Vec<_> = known.iter().flat_map(|known| gone(known, device)).collect();
        match after.set.form {
            Form::Device if !gone.is_empty() && !device.switches.is_empty() => {
                let topic = Topic::Device(*id).of(&after.set.prefix);
                first.push(Message { topic, payload: payload::device_message(device, &gone), retain: false });
            }
            Form::Component => first.extend(gone.iter().map(|gone| {
                forgotten(Message::retained(Topic::Switch(*id, gone.id).of(&after.set.prefix), String::new()))
            })),
            _ => {}
        }
        then.extend(of_device(after, device));
    }
    let kept: BTreeMap<_, _> = then.iter().map(|message| (message.topic.clone(), ())).collect();
    for (id, device) in &before.devices {
        let now = after.devices.get(id);
        if now.is_none_or(|now| now.switches.is_empty()) {
            let old = of_device(before, device).into_iter().filter(|old| !kept.contains_key(&old.topic));
            then.extend(old.map(forgotten));
        }
    }
    vec![first, then]
}

fn gone<'a>(before: &'a AnnouncedDevice, after: &AnnouncedDevice) -> Vec<&'a AnnouncedSwitch> {
    before.switches.iter().filter(|old| after.switches.iter().all(|new| new.id != old.id)).collect()
}

fn forgotten(message: Message) -> Message {
    Message { payload: String::new(), retain: true, ..message }
}

/// None of a device that has no switch: Home Assistant takes no device without one.
fn of_device(announced: &Announced, device: &AnnouncedDevice) -> Vec<Message> {
    let prefix = &announced.set.prefix;
    match announced.set.form {
        Form::Device if !device.switches.is_empty() => {
            vec![Message::retained(Topic::Device(device.id).of(prefix), payload::device_message(device, &[]))]
        }
        Form::Component => {
            let switches = device.switches.iter();
            let message = |switch: &AnnouncedSwitch| {
                let topic = Topic::Switch(device.id, switch.id).of(prefix);
                Message::retained(topic, payload::switch_message(switch, device))
            };
            switches.map(message).collect()
        }
        Form::Device | Form::Off => Vec::new(),
    }
}

/// Whether this is Home Assistant saying that it started: under this prefix, or where it says so by default.
///
/// ```
/// use gatehouse_core::homeassistant::Prefix;
/// use gatehouse_wire::homeassistant::is_birth;
///
/// let prefix = Prefix::new("ha").unwrap();
/// assert!(is_birth(&prefix, "ha/status", b"online") && is_birth(&prefix, "homeassistant/status", b"online"));
/// assert!(!is_birth(&prefix, "ha/status", b"offline") && !is_birth(&prefix, "other/status", b"online"));
/// ```
pub fn is_birth(prefix: &Prefix, topic: &str, payload: &[u8]) -> bool {
    let status = |prefix| Topic::parse(prefix, topic) == Some(Topic::Status);
    payload == BIRTH && (status(prefix) || status(&Prefix::default()))
}

/// What Home Assistant needs to hear and to say: the filters to publish by, and those to subscribe by.
///
/// ```
/// use gatehouse_core::homeassistant::Prefix;
/// use gatehouse_wire::homeassistant::filters;
///
/// let (publish, subscribe) = filters(&Prefix::default());
/// let texts = |filters: Vec<gatehouse_core::integration::Filter>| filters.iter().map(|f| f.to_string()).collect::<Vec<_>>();
/// assert_eq!(texts(publish), ["homie/5/+/+/+/set", "homeassistant/status"]);
/// assert_eq!(texts(subscribe), ["homeassistant/#", "homie/5/#"]);
/// ```
pub fn filters(prefix: &Prefix) -> (Vec<Filter>, Vec<Filter>) {
    let filters = |texts: &[String]| texts.iter().filter_map(|text| Filter::new(text).ok()).collect();
    let mut publish = vec!["homie/5/+/+/+/set".to_owned(), Topic::Status.of(&Prefix::default())];
    if *prefix != Prefix::default() {
        publish.push(Topic::Status.of(prefix));
    }
    (filters(&publish), filters(&[format!("{prefix}/#"), "homie/5/#".to_owned()]))
}
