//! What discovery says of a device and of its switches.

use super::topic::{device_name, switch_name};
use crate::homie;
use gatehouse_core::homeassistant::{AnnouncedDevice, AnnouncedSwitch};
use gatehouse_core::name::Name;
use serde::Serialize;
use std::collections::BTreeMap;

/// Of Homie's states only `ready` takes commands.
const IS_READY: &str = "{{ 'online' if value == 'ready' else 'offline' }}";
/// So that a command is not lost, and comes once: the gateway refuses one that is sent again.
const QOS: u8 = 1;

#[derive(Serialize)]
struct Device<'a> {
    identifiers: [String; 1],
    name: &'a str,
    manufacturer: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sw_version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggested_area: Option<&'a str>,
}

#[derive(Serialize)]
struct Origin {
    name: &'static str,
    sw_version: &'static str,
}

#[derive(Serialize)]
struct Availability {
    topic: String,
    value_template: &'static str,
}

#[derive(Serialize)]
struct Switch<'a> {
    /// Null: it is called as its device is.
    name: Option<&'a str>,
    unique_id: String,
    state_topic: String,
    state_on: &'static str,
    state_off: &'static str,
    command_topic: String,
    payload_on: &'static str,
    payload_off: &'static str,
    retain: bool,
    optimistic: bool,
}

#[derive(Serialize)]
struct Component<'a> {
    platform: &'static str,
    #[serde(flatten)]
    switch: Switch<'a>,
}

/// One that is no more.
#[derive(Serialize)]
struct Gone {
    platform: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Listed<'a> {
    Here(Box<Component<'a>>),
    Gone(Gone),
}

#[derive(Serialize)]
struct DeviceMessage<'a> {
    device: Device<'a>,
    origin: Origin,
    components: BTreeMap<String, Listed<'a>>,
    availability: [Availability; 1],
    qos: u8,
}

#[derive(Serialize)]
struct SwitchMessage<'a> {
    #[serde(flatten)]
    switch: Switch<'a>,
    device: Device<'a>,
    origin: Origin,
    availability: [Availability; 1],
    qos: u8,
}

/// Home Assistant puts the device's name before the switch's.
fn short_name<'a>(switch: &'a Name, device: &Name) -> Option<&'a str> {
    let (switch, device) = (switch.as_str(), device.as_str());
    match switch.strip_prefix(device) {
        Some("") => None,
        Some(rest) if rest.starts_with(' ') && !rest.trim_start().is_empty() => Some(rest.trim_start()),
        _ => Some(switch),
    }
}

fn device(of: &AnnouncedDevice) -> Device<'_> {
    Device {
        identifiers: [device_name(of.id)],
        name: of.name.as_str(),
        manufacturer: "Gatehouse",
        model: of.model.as_deref(),
        sw_version: of.firmware.as_deref(),
        suggested_area: of.room.as_ref().map(Name::as_str),
    }
}

fn origin() -> Origin {
    Origin { name: "Gatehouse", sw_version: env!("CARGO_PKG_VERSION") }
}

fn availability(of: &AnnouncedDevice) -> [Availability; 1] {
    [Availability { topic: homie::topic::Topic::State.of(&of.board), value_template: IS_READY }]
}

fn switch<'a>(of: &'a AnnouncedSwitch, device: &AnnouncedDevice) -> Switch<'a> {
    let value = homie::topic::Topic::Property(of.endpoint.clone()).of(&device.board);
    let set = homie::topic::Topic::Set(of.endpoint.clone()).of(&device.board);
    Switch {
        name: short_name(&of.name, &device.name),
        unique_id: switch_name(of.id),
        state_topic: value,
        state_on: "true",
        state_off: "false",
        command_topic: set,
        payload_on: "true",
        payload_off: "false",
        retain: false,
        optimistic: false,
    }
}

fn json(message: &impl Serialize) -> String {
    // Fails only for keys that are no text.
    serde_json::to_string(message).unwrap_or_default()
}

/// A device with all its switches, and those of `gone` as removed.
pub(super) fn device_message(of: &AnnouncedDevice, gone: &[&AnnouncedSwitch]) -> String {
    let here = of.switches.iter().map(|known| {
        let component = Component { platform: "switch", switch: switch(known, of) };
        (known.id.to_string(), Listed::Here(Box::new(component)))
    });
    let gone = gone.iter().map(|gone| (gone.id.to_string(), Listed::Gone(Gone { platform: "switch" })));
    json(&DeviceMessage {
        device: device(of),
        origin: origin(),
        components: here.chain(gone).collect(),
        availability: availability(of),
        qos: QOS,
    })
}

/// One switch.
pub(super) fn switch_message(of: &AnnouncedSwitch, owner: &AnnouncedDevice) -> String {
    json(&SwitchMessage {
        switch: switch(of, owner),
        device: device(owner),
        origin: origin(),
        availability: availability(owner),
        qos: QOS,
    })
}
