//! The board's side, for programs that stand in for a board: load generators and tests. The firmware has its own.

use super::topic::SystemProperty;
use super::{BadMessage, MAX_PAYLOAD, payload};
use gatehouse_core::board_settings::Configured;
use gatehouse_core::command::{BoardSession, OrderId};
use gatehouse_core::device::{BoardState, Refusal, Report, Secret};
use gatehouse_core::name::Endpoint;
use gatehouse_core::wifi_change::Tried;
use serde::ser::{Serialize, Serializer};

/// Payload of the board's last will on `$state`, retained.
pub const WILL: &str = "lost";

/// A command as it reaches a board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command<'a> {
    /// Its name, to be repeated in the report or refusal.
    pub id: OrderId,
    /// On the board's own clock, milliseconds: at or after it the command must not be obeyed.
    pub deadline_ms: u64,
    /// What it is for.
    pub endpoint: Endpoint,
    /// What is asked: 1 to 32 printable ASCII characters.
    pub value: &'a str,
}

impl Command<'_> {
    /// What is asked of a relay; none where the value is neither `true` nor `false`.
    pub fn on(&self) -> Option<bool> {
        match self.value {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The payload it came as.
    pub fn encode(&self) -> String {
        let mut out = String::with_capacity(MAX_PAYLOAD);
        payload::write_command(self.id, self.deadline_ms, &self.endpoint, self.value, &mut out);
        out
    }
}

/// Reads the payload of `$command`. A message with the retain flag must be dropped before it comes here.
///
/// # Errors
/// [`BadMessage`] when the payload is not exactly what `PROTOCOL.md` says.
///
/// ```
/// let command = gatehouse_wire::homie::board::parse_command(b"c0ffee01 1 5000 relay-1/on true").unwrap();
/// assert_eq!((command.endpoint.as_str(), command.on(), command.deadline_ms), ("relay-1/on", Some(true), 5000));
/// ```
pub fn parse_command(payload: &[u8]) -> Result<Command<'_>, BadMessage> {
    let (id, deadline_ms, endpoint, value) = payload::command("$command", payload)?;
    Ok(Command { id, deadline_ms, endpoint, value })
}

/// Reads the payload of `$configure`, which has the form of a command. A message with the retain flag must be dropped
/// before it comes here.
///
/// # Errors
/// [`BadMessage`] when the payload is not exactly what `PROTOCOL.md` says.
pub fn parse_configure(payload: &[u8]) -> Result<Command<'_>, BadMessage> {
    let (id, deadline_ms, endpoint, value) = payload::command("$configure", payload)?;
    Ok(Command { id, deadline_ms, endpoint, value })
}

/// The payload of `$configured`. An uptime past [`MAX_MS`](super::MAX_MS) is written as that.
pub fn encode_configured(configured: &Configured) -> String {
    let mut out = String::with_capacity(MAX_PAYLOAD);
    payload::write_configured(configured, &mut out);
    out
}

/// The payload of `$tried`. An uptime past [`MAX_MS`](super::MAX_MS) is written as that.
pub fn encode_tried(tried: &Tried) -> String {
    let mut out = String::with_capacity(MAX_PAYLOAD);
    payload::write_tried(tried, &mut out);
    out
}

/// Reads the payload of `$credential`: the new secret and its name. A message with the retain flag must be dropped before
/// it comes here.
///
/// # Errors
/// [`BadMessage`] when the payload is not exactly what `PROTOCOL.md` says.
pub fn parse_credential(payload: &[u8]) -> Result<(OrderId, Secret), BadMessage> {
    payload::credential(payload).map(|(id, secret)| (id, Secret::new(secret)))
}

/// The payload of `$state`.
pub fn encode_state(state: BoardState) -> &'static str {
    payload::state_word(state)
}

/// The payload of `$session`. An uptime past [`MAX_MS`](super::MAX_MS) is written as that.
pub fn encode_session(session: BoardSession, uptime_ms: u64) -> String {
    let mut out = String::with_capacity(MAX_PAYLOAD);
    payload::write_session(session, uptime_ms, &mut out);
    out
}

/// The payload of `$report`. An uptime past [`MAX_MS`](super::MAX_MS) is written as that.
pub fn encode_report(report: &Report) -> String {
    let mut out = String::with_capacity(MAX_PAYLOAD);
    payload::write_report(report, &mut out);
    out
}

/// The payload of `$refusal`; none for a reason that is the gateway's and not a board's to give.
pub fn encode_refusal(refusal: &Refusal) -> Option<String> {
    let mut out = String::with_capacity(MAX_PAYLOAD);
    payload::write_refusal(refusal, &mut out)?;
    Some(out)
}

/// The `$description` of a native board called `name` with relays 1 to `relays`, which takes no new secret over the air.
///
/// Every number of relays is written; a gateway takes at most [`MAX_RELAYS`](gatehouse_core::device::MAX_RELAYS).
pub fn description(name: &str, relays: usize) -> String {
    let document = Document {
        homie: "5.0",
        version: 1,
        name,
        extensions: ["org.gatehouse.command:1.0:[5.x]"],
        nodes: Nodes { relays },
    };
    // Strings, numbers and maps with string keys: serialising these to memory cannot fail.
    serde_json::to_string(&document).unwrap_or_default()
}

#[derive(serde::Serialize)]
struct Document<'a> {
    homie: &'static str,
    version: u32,
    name: &'a str,
    extensions: [&'static str; 1],
    nodes: Nodes,
}

struct Nodes {
    relays: usize,
}

impl Serialize for Nodes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let relays = (1..=self.relays).map(|number| (format!("relay-{number}"), Node::relay(number)));
        serializer.collect_map(relays.chain([("system".to_owned(), Node::system())]))
    }
}

#[derive(serde::Serialize)]
struct Node {
    name: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    properties: Properties,
}

impl Node {
    fn relay(number: usize) -> Self {
        let on = Property { datatype: "boolean", settable: true, ..Property::default() };
        let power_on = Property { datatype: "enum", settable: true, format: Some("off,on,restore"), unit: None };
        let properties = Properties(vec![("on", on), ("power-on", power_on)]);
        Self { name: format!("Relay {number}"), kind: Some("switch"), properties }
    }

    fn system() -> Self {
        let properties = SystemProperty::ALL.map(|property| {
            let (datatype, unit) = match property {
                SystemProperty::Rssi => ("integer", Some("dBm")),
                SystemProperty::Heap => ("integer", Some("B")),
                SystemProperty::Uptime => ("integer", Some("ms")),
                _ => ("string", None),
            };
            (property.id(), Property { datatype, unit, ..Property::default() })
        });
        Self { name: "System".to_owned(), kind: None, properties: Properties(properties.into()) }
    }
}

struct Properties(Vec<(&'static str, Property)>);

impl Serialize for Properties {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(id, property)| (id, property)))
    }
}

#[derive(Default, serde::Serialize)]
struct Property {
    datatype: &'static str,
    settable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'static str>,
}
