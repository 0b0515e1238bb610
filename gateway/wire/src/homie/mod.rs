//! Homie 5 with the command, credential and settings extensions of `gateway/wire/PROTOCOL.md`.
//!
//! The gateway's side is [`decode`], [`write_command`], [`write_credential`] and [`write_configure`], the board's side is [`board`]; both share [`topic`].

pub mod board;
mod description;
mod error;
mod payload;
mod settings;
pub mod topic;

pub use error::{BadKind, BadMessage};

use gatehouse_core::board_settings::{ConfigOrder, Wish};
use gatehouse_core::device::{BoardState, Fact, NewSecret, Order, Said};
use gatehouse_core::name::BoardId;
use std::sync::Arc;
use topic::{SystemProperty, Topic};

/// Longest payload of the command extension (`$command`, `$report`, `$refusal`, `$session`), of
/// `$credential`, `$configure` and `$configured`, in bytes.
pub const MAX_PAYLOAD: usize = 160;
/// Longest `$description`, in bytes.
pub const MAX_DESCRIPTION: usize = 8 * 1024;
/// Most nodes of a `$description`, and most properties of each.
pub const MAX_NODES: usize = 64;
/// Longest model, firmware version or MAC address a board may tell, in bytes.
pub const MAX_FACT: usize = 64;
/// Largest time on the wire, in milliseconds.
pub const MAX_MS: u64 = i64::MAX as u64;

/// What a board said by publishing `payload` on `topic`.
///
/// `Ok(None)` is a message the home does not go by: a relay's value or `$target` (the gateway goes by `$report`), other
/// properties, alerts, logs, and the clearing of a retained `$description`. An empty retained `$state`, by which Homie
/// removes a device, reads as [`BoardState::Disconnected`].
///
/// # Errors
/// [`BadMessage`] for a topic that is not this board's, one that only the gateway publishes to, a retained message of
/// the command extension, and a payload that is not exactly what `PROTOCOL.md` says.
///
/// ```
/// use gatehouse_core::device::Said;
/// use gatehouse_core::name::BoardId;
/// use gatehouse_wire::homie::{BadKind, decode};
///
/// let board = BoardId::new("relay-a1b2c3").unwrap();
/// let said = decode(&board, "homie/5/relay-a1b2c3/$report", b"c0ffee01 2 5678 relay-1/on true button -", false);
/// let Ok(Some(Said::Report(report))) = said else { panic!() };
/// assert!(report.on && report.uptime_ms == 5678);
///
/// let other = decode(&board, "homie/5/relay-ffffff/$state", b"ready", true).unwrap_err();
/// assert_eq!(other.kind(), BadKind::Topic);
/// ```
pub fn decode(board: &BoardId, topic: &str, payload: &[u8], retain: bool) -> Result<Option<Said>, BadMessage> {
    let Some(path) = topic::path_of(board, topic) else {
        return Err(BadMessage::new("topic", BadKind::Topic, "it does not belong to the board that published to it"));
    };
    if topic::is_for_gateway_only(path) {
        return Err(BadMessage::new("topic", BadKind::Forbidden, "only the gateway publishes orders and secrets"));
    }
    let Some(topic) = Topic::parse_path(path) else { return Ok(None) };
    let removed = retain && payload.is_empty();
    match topic {
        Topic::State if removed => Ok(Some(Said::State(BoardState::Disconnected))),
        Topic::State => payload::state(payload).map(|state| Some(Said::State(state))),
        Topic::Description if removed => Ok(None),
        Topic::Description => description::parse(payload).map(|d| Some(Said::Description(d))),
        Topic::Session | Topic::Report | Topic::Refusal | Topic::Configured | Topic::Tried if retain => {
            Err(BadMessage::new(topic.label(), BadKind::Retained, "it must not be retained"))
        }
        Topic::Session => payload::session(payload).map(|(session, ms)| Some(Said::Session(session, ms))),
        Topic::Report => payload::report(payload).map(|report| Some(Said::Report(report))),
        Topic::Refusal => payload::refusal(payload).map(|refusal| Some(Said::Refusal(refusal))),
        Topic::Configured => payload::configured(payload).map(|configured| Some(Said::Configured(configured))),
        Topic::Tried => payload::tried(payload).map(|tried| Some(Said::Tried(tried))),
        Topic::Property(endpoint) => {
            Ok(settings::read(&endpoint, payload).map(|(relay, set)| Said::Setting(relay, set)))
        }
        Topic::System(property) if !removed => fact(property, payload).map(|fact| Some(Said::Fact(fact))),
        _ => Ok(None),
    }
}

/// What the payload of a `/set` asks of a relay. Homie knows exactly two booleans.
///
/// ```
/// use gatehouse_wire::homie::asked_of_relay;
///
/// assert_eq!((asked_of_relay(b"true"), asked_of_relay(b"false")), (Some(true), Some(false)));
/// assert_eq!((asked_of_relay(b"TRUE"), asked_of_relay(b"1"), asked_of_relay(b"")), (None, None, None));
/// ```
pub fn asked_of_relay(payload: &[u8]) -> Option<bool> {
    [true, false].into_iter().find(|&on| payload::bool_word(on).as_bytes() == payload)
}

fn fact(property: SystemProperty, payload: &[u8]) -> Result<Fact, BadMessage> {
    let text = || payload::fact(property.topic_label(), payload).map(Arc::<str>::from);
    Ok(match property {
        SystemProperty::Model => Fact::Model(text()?),
        SystemProperty::Firmware => Fact::Firmware(text()?),
        SystemProperty::Mac => Fact::Mac(text()?),
        SystemProperty::ChipId => Fact::Chip(text()?),
        SystemProperty::Uptime => Fact::Uptime(payload::uptime(payload)?),
        SystemProperty::Rssi => Fact::Rssi(payload::integer(property.topic_label(), payload)?),
        SystemProperty::Heap => Fact::FreeHeap(payload::integer(property.topic_label(), payload)?),
        SystemProperty::RestartReason => Fact::RestartReason(text()?),
    })
}

/// An order as topic and payload, to be published at QoS 1 and never retained.
///
/// ```
/// use gatehouse_core::command::{BoardSession, OrderId};
/// use gatehouse_core::device::Order;
/// use gatehouse_core::ids::LinkId;
/// use gatehouse_core::name::{BoardId, Endpoint};
/// use gatehouse_wire::homie::encode_command;
/// use std::num::NonZeroU32;
///
/// let order = Order {
///     board: BoardId::new("relay-a1b2c3").unwrap(),
///     link: LinkId(1),
///     id: OrderId { session: BoardSession(NonZeroU32::new(0xc0ff_ee01).unwrap()), seq: NonZeroU32::MIN },
///     deadline_ms: 5000,
///     endpoint: Endpoint::relay(1),
///     on: true,
/// };
/// let (topic, payload) = encode_command(&order);
/// assert_eq!(topic, "homie/5/relay-a1b2c3/$command");
/// assert_eq!(payload, "c0ffee01 1 5000 relay-1/on true");
/// ```
pub fn encode_command(order: &Order) -> (String, String) {
    let mut topic = String::with_capacity(64);
    let mut payload = String::with_capacity(MAX_PAYLOAD);
    write_command(order, &mut topic, &mut payload);
    (topic, payload)
}

/// As [`encode_command`], into strings that are cleared first and can be kept for the next order.
///
/// A deadline past [`MAX_MS`] is written as [`MAX_MS`]: the board would not parse a larger one, and earlier is safe.
pub fn write_command(order: &Order, topic: &mut String, payload: &mut String) {
    topic.clear();
    Topic::Command.write(&order.board, topic);
    payload.clear();
    payload::write_command(order.id, order.deadline_ms, &order.endpoint, payload::bool_word(order.on), payload);
}

/// A new secret as topic and payload, to be published at QoS 1 and never retained; into strings that are cleared first.
///
/// ```
/// use gatehouse_core::command::{BoardSession, OrderId};
/// use gatehouse_core::device::{NewSecret, Secret};
/// use gatehouse_core::ids::LinkId;
/// use gatehouse_core::name::BoardId;
/// use gatehouse_wire::homie::{board::parse_credential, write_credential};
/// use std::num::NonZeroU32;
///
/// let id = OrderId { session: BoardSession(NonZeroU32::new(0xc0ff_ee01).unwrap()), seq: NonZeroU32::MIN };
/// let secret = Secret::new(&"0123456789abcdef".repeat(4));
/// let new = NewSecret { board: BoardId::new("relay-a1b2c3").unwrap(), link: LinkId(1), id, secret: secret.clone() };
/// let (mut topic, mut payload) = (String::new(), String::new());
/// write_credential(&new, &mut topic, &mut payload);
/// assert_eq!(topic, "homie/5/relay-a1b2c3/$credential");
/// assert_eq!(parse_credential(payload.as_bytes()), Ok((id, secret)));
/// ```
pub fn write_credential(new: &NewSecret, topic: &mut String, payload: &mut String) {
    topic.clear();
    Topic::Credential.write(&new.board, topic);
    payload.clear();
    payload::write_credential(new.id, new.secret.reveal(), payload);
}

/// An order to configure as topic and payload, to be published at QoS 1 and never retained; into strings that are cleared
/// first. Its form is that of a command; a network has a topic and a form of its own.
///
/// ```
/// use gatehouse_core::board_settings::{ConfigOrder, PowerOn, RelaySetting, Wish};
/// use gatehouse_core::command::{BoardSession, OrderId};
/// use gatehouse_core::ids::LinkId;
/// use gatehouse_core::name::{BoardId, Endpoint};
/// use gatehouse_wire::homie::write_configure;
/// use std::num::NonZeroU32;
///
/// let id = OrderId { session: BoardSession(NonZeroU32::new(0xc0ff_ee01).unwrap()), seq: NonZeroU32::MIN };
/// let wish = Wish::Relay(Endpoint::relay(2), RelaySetting::PowerOn(PowerOn::Restore));
/// let order = ConfigOrder { board: BoardId::new("relay-a1b2c3").unwrap(), link: LinkId(1), id, deadline_ms: 5000, wish };
/// let (mut topic, mut payload) = (String::new(), String::new());
/// write_configure(&order, &mut topic, &mut payload);
/// assert_eq!(topic, "homie/5/relay-a1b2c3/$configure");
/// assert_eq!(payload, "c0ffee01 1 5000 relay-2/power-on restore");
/// ```
pub fn write_configure(order: &ConfigOrder, topic: &mut String, payload: &mut String) {
    topic.clear();
    payload.clear();
    if let Wish::Network(wifi) = &order.wish {
        Topic::Network.write(&order.board, topic);
        payload::write_network(order.id, order.deadline_ms, wifi, payload);
    } else {
        Topic::Configure.write(&order.board, topic);
        settings::write(order, payload);
    }
}
