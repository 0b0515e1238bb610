//! The properties of MQTT 5 packets.

use super::{Malformed, Reader};
use bytes::{BufMut, BytesMut};

pub(super) const PAYLOAD_FORMAT: u8 = 0x01;
pub(super) const MESSAGE_EXPIRY: u8 = 0x02;
const CONTENT_TYPE: u8 = 0x03;
const RESPONSE_TOPIC: u8 = 0x08;
const CORRELATION_DATA: u8 = 0x09;
pub(super) const SUBSCRIPTION_ID: u8 = 0x0b;
pub(super) const SESSION_EXPIRY: u8 = 0x11;
pub(super) const ASSIGNED_CLIENT_ID: u8 = 0x12;
pub(super) const SERVER_KEEP_ALIVE: u8 = 0x13;
const AUTH_METHOD: u8 = 0x15;
const AUTH_DATA: u8 = 0x16;
const REQUEST_PROBLEM_INFORMATION: u8 = 0x17;
const WILL_DELAY: u8 = 0x18;
const REQUEST_RESPONSE_INFORMATION: u8 = 0x19;
const REASON_STRING: u8 = 0x1f;
pub(super) const RECEIVE_MAXIMUM: u8 = 0x21;
pub(super) const TOPIC_ALIAS_MAXIMUM: u8 = 0x22;
const TOPIC_ALIAS: u8 = 0x23;
const USER: u8 = 0x26;
pub(super) const MAXIMUM_PACKET_SIZE: u8 = 0x27;

/// A property that is one number; all others are text or bytes, which nothing here looks at.
type Number = Option<u32>;

/// Checks the properties of a packet, each in `allowed` and, but for user properties, there once at most; gives each
/// with its number, if it is one, and its bytes.
fn each<'a>(
    mut section: Reader<'a>,
    allowed: &[u8],
    mut take: impl FnMut(u8, Number, &'a [u8]) -> Result<(), Malformed>,
) -> Result<(), Malformed> {
    let mut seen = 0_u64;
    while !section.0.is_empty() {
        let start = section.0;
        let id = section.u8()?;
        let number = value(id, &mut section)?;
        if !allowed.contains(&id) || (seen & 1 << id != 0 && id != USER) {
            return Err(Malformed::Protocol);
        }
        seen |= 1 << id;
        take(id, number, &start[..start.len() - section.0.len()])?;
    }
    Ok(())
}

fn value(id: u8, section: &mut Reader<'_>) -> Result<Number, Malformed> {
    let flag = |value: u8| if value > 1 { Err(Malformed::Protocol) } else { Ok(u32::from(value)) };
    Ok(Some(match id {
        PAYLOAD_FORMAT | REQUEST_PROBLEM_INFORMATION | REQUEST_RESPONSE_INFORMATION => flag(section.u8()?)?,
        RECEIVE_MAXIMUM | TOPIC_ALIAS_MAXIMUM | TOPIC_ALIAS => section.u16()?.into(),
        MESSAGE_EXPIRY | SESSION_EXPIRY | WILL_DELAY | MAXIMUM_PACKET_SIZE => section.u32()?,
        SUBSCRIPTION_ID => section.var_int()?,
        CONTENT_TYPE | RESPONSE_TOPIC | AUTH_METHOD | REASON_STRING => {
            let text = section.text()?;
            if id == RESPONSE_TOPIC && (text.is_empty() || text.contains(['+', '#'])) {
                return Err(Malformed::Protocol);
            }
            return Ok(None);
        }
        CORRELATION_DATA | AUTH_DATA => {
            section.bytes()?;
            return Ok(None);
        }
        USER => {
            section.text()?;
            section.text()?;
            return Ok(None);
        }
        _ => return Err(Malformed::Field),
    }))
}

/// What a client says of itself in CONNECT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OfConnect {
    pub(super) session_expiry: u32,
    pub(super) receive_maximum: u16,
    pub(super) maximum_packet: u32,
    pub(super) authentication: bool,
}

pub(super) fn of_connect(section: Reader<'_>) -> Result<OfConnect, Malformed> {
    const ALLOWED: &[u8] = &[
        SESSION_EXPIRY,
        RECEIVE_MAXIMUM,
        MAXIMUM_PACKET_SIZE,
        TOPIC_ALIAS_MAXIMUM,
        REQUEST_RESPONSE_INFORMATION,
        REQUEST_PROBLEM_INFORMATION,
        USER,
        AUTH_METHOD,
        AUTH_DATA,
    ];
    let mut found =
        OfConnect { session_expiry: 0, receive_maximum: u16::MAX, maximum_packet: u32::MAX, authentication: false };
    let mut data = false;
    each(section, ALLOWED, |id, number, _| {
        match (id, number) {
            (SESSION_EXPIRY, Some(seconds)) => found.session_expiry = seconds,
            (RECEIVE_MAXIMUM | MAXIMUM_PACKET_SIZE, Some(0)) => return Err(Malformed::Protocol),
            (RECEIVE_MAXIMUM, Some(messages)) => found.receive_maximum = messages as u16,
            (MAXIMUM_PACKET_SIZE, Some(bytes)) => found.maximum_packet = bytes,
            (AUTH_METHOD, _) => found.authentication = true,
            (AUTH_DATA, _) => data = true,
            _ => {}
        }
        Ok(())
    })?;
    if data && !found.authentication { Err(Malformed::Protocol) } else { Ok(found) }
}

/// The expiry of a message, in seconds, and where it was written with an alias for its topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct OfMessage {
    pub(super) expiry: Option<u32>,
    pub(super) alias: Option<u16>,
    pub(super) will_delay: u32,
}

const OF_PUBLISH: &[u8] =
    &[PAYLOAD_FORMAT, MESSAGE_EXPIRY, CONTENT_TYPE, RESPONSE_TOPIC, CORRELATION_DATA, TOPIC_ALIAS, USER];
const OF_WILL: &[u8] =
    &[PAYLOAD_FORMAT, MESSAGE_EXPIRY, CONTENT_TYPE, RESPONSE_TOPIC, CORRELATION_DATA, WILL_DELAY, USER];

fn of_message(section: Reader<'_>, allowed: &[u8]) -> Result<OfMessage, Malformed> {
    let mut found = OfMessage::default();
    each(section, allowed, |id, number, _| {
        match id {
            MESSAGE_EXPIRY => found.expiry = number,
            TOPIC_ALIAS => found.alias = number.map(|alias| alias as u16),
            WILL_DELAY => found.will_delay = number.unwrap_or_default(),
            _ => {}
        }
        Ok(())
    })?;
    Ok(found)
}

pub(super) fn of_publish(section: Reader<'_>) -> Result<OfMessage, Malformed> {
    of_message(section, OF_PUBLISH)
}

pub(super) fn of_will(section: Reader<'_>) -> Result<OfMessage, Malformed> {
    of_message(section, OF_WILL)
}

/// Appends those properties of a checked message that its receivers get as they are.
pub(crate) fn pass_on(checked: &[u8], out: &mut BytesMut) {
    // It was checked when it was read: there is no error to be told.
    let _ = each(Reader(checked), &[OF_PUBLISH, OF_WILL].concat(), |id, _, bytes| {
        if !matches!(id, MESSAGE_EXPIRY | TOPIC_ALIAS | WILL_DELAY) {
            out.put_slice(bytes);
        }
        Ok(())
    });
}

/// Whether these are properties as [`pass_on`] leaves them.
pub(crate) fn is_passed_on(properties: &[u8]) -> bool {
    let mut passed = BytesMut::with_capacity(properties.len());
    pass_on(properties, &mut passed);
    passed == properties
}

/// The identifier that a SUBSCRIBE gives its filters.
pub(super) fn of_subscribe(section: Reader<'_>) -> Result<Option<u32>, Malformed> {
    let mut identifier = None;
    each(section, &[SUBSCRIPTION_ID, USER], |id, number, _| {
        if id == SUBSCRIPTION_ID {
            identifier = number;
        }
        Ok(())
    })?;
    if identifier == Some(0) { Err(Malformed::Protocol) } else { Ok(identifier) }
}

pub(super) fn of_unsubscribe(section: Reader<'_>) -> Result<(), Malformed> {
    each(section, &[USER], |_, _, _| Ok(()))
}

pub(super) fn of_ack(section: Reader<'_>) -> Result<(), Malformed> {
    each(section, &[REASON_STRING, USER], |_, _, _| Ok(()))
}

/// The session expiry that a DISCONNECT asks for, in seconds.
pub(super) fn of_disconnect(section: Reader<'_>) -> Result<Option<u32>, Malformed> {
    let mut expiry = None;
    each(section, &[SESSION_EXPIRY, REASON_STRING, USER], |id, number, _| {
        if id == SESSION_EXPIRY {
            expiry = number;
        }
        Ok(())
    })?;
    Ok(expiry)
}
