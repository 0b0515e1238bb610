//! What we send.

use super::properties::{
    ASSIGNED_CLIENT_ID, MAXIMUM_PACKET_SIZE, MESSAGE_EXPIRY, RECEIVE_MAXIMUM, SERVER_KEEP_ALIVE, SESSION_EXPIRY,
    SUBSCRIPTION_ID, TOPIC_ALIAS_MAXIMUM,
};
use super::{Ack, Version};
use bytes::{BufMut, BytesMut};

/// Refusals of a CONNECT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnAck {
    BadLevel,
    BadClientId,
    Unavailable,
    BadLogin,
    NotAuthorized,
    BadAuthMethod,
    QuotaExceeded,
    TooManyLogins,
}

impl ConnAck {
    fn code(self, version: Version) -> u8 {
        let (v4, v5) = match self {
            Self::BadLevel => (1, 0x84),
            Self::BadClientId => (2, 0x85),
            Self::Unavailable => (3, 0x88),
            Self::BadLogin => (4, 0x86),
            Self::NotAuthorized => (5, 0x87),
            Self::BadAuthMethod => (5, 0x8c),
            Self::QuotaExceeded => (3, 0x97),
            Self::TooManyLogins => (3, 0x9f),
        };
        if version == Version::V5 { v5 } else { v4 }
    }
}

/// What a CONNACK of MQTT 5 tells beside its code. Everything that is not here is at the standard's default.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Announced<'a> {
    pub(crate) session_present: bool,
    /// Seconds, where it is not what the client asked for.
    pub(crate) session_expiry: Option<u32>,
    pub(crate) receive_maximum: u16,
    pub(crate) maximum_packet: u32,
    pub(crate) client_id: Option<&'a str>,
    /// Seconds, where it is not what the client asked for.
    pub(crate) keep_alive: Option<u16>,
}

/// A refusal.
pub(crate) fn write_refusal(out: &mut BytesMut, version: Version, answer: ConnAck) {
    let code = answer.code(version);
    match version {
        Version::V4 => out.put_slice(&[0x20, 2, 0, code]),
        Version::V5 => out.put_slice(&[0x20, 3, 0, code, 0]),
    }
}

/// A login that succeeded.
pub(crate) fn write_accepted(out: &mut BytesMut, version: Version, announced: &Announced<'_>) {
    let present = u8::from(announced.session_present);
    if version == Version::V4 {
        return out.put_slice(&[0x20, 2, present, 0]);
    }
    let mut properties = BytesMut::new();
    if let Some(seconds) = announced.session_expiry {
        properties.put_u8(SESSION_EXPIRY);
        properties.put_u32(seconds);
    }
    properties.put_u8(RECEIVE_MAXIMUM);
    properties.put_u16(announced.receive_maximum);
    properties.put_u8(MAXIMUM_PACKET_SIZE);
    properties.put_u32(announced.maximum_packet);
    if let Some(id) = announced.client_id {
        properties.put_u8(ASSIGNED_CLIENT_ID);
        properties.put_u16(id.len() as u16);
        properties.put_slice(id.as_bytes());
    }
    properties.put_slice(&[TOPIC_ALIAS_MAXIMUM, 0, 0]);
    if let Some(seconds) = announced.keep_alive {
        properties.put_u8(SERVER_KEEP_ALIVE);
        properties.put_u16(seconds);
    }
    out.put_u8(0x20);
    write_length(out, 2 + length_size(properties.len()) + properties.len());
    out.put_slice(&[present, 0]);
    write_length(out, properties.len());
    out.put_slice(&properties);
}

/// An acknowledgement; MQTT 3.1.1 has no reasons.
pub(crate) fn write_ack(out: &mut BytesMut, version: Version, ack: Ack, id: u16, reason: u8) {
    let [high, low] = id.to_be_bytes();
    if version == Version::V4 || reason == 0 {
        out.put_slice(&[ack as u8, 2, high, low]);
    } else {
        out.put_slice(&[ack as u8, 3, high, low, reason]);
    }
}

pub(crate) fn write_pingresp(out: &mut BytesMut) {
    out.put_slice(&[0xd0, 0]);
}

/// `codes` say for each filter whether it was there; MQTT 3.1.1 is not told.
pub(crate) fn write_unsuback(out: &mut BytesMut, version: Version, id: u16, codes: &[u8]) {
    match version {
        Version::V4 => out.put_slice(&[0xb0, 2, (id >> 8) as u8, id as u8]),
        Version::V5 => write_codes(out, 0xb0, version, id, codes.iter().copied()),
    }
}

/// Refused filter in a SUBACK of MQTT 3.1.1, and the least of all refusals of MQTT 5.
pub(crate) const REFUSED: u8 = 0x80;

pub(crate) fn write_suback(out: &mut BytesMut, version: Version, id: u16, codes: &[u8]) {
    let code = |code: &u8| if version == Version::V4 { (*code).min(REFUSED) } else { *code };
    write_codes(out, 0x90, version, id, codes.iter().map(code));
}

fn write_codes(out: &mut BytesMut, first: u8, version: Version, id: u16, codes: impl ExactSizeIterator<Item = u8>) {
    let properties = usize::from(version == Version::V5);
    out.put_u8(first);
    write_length(out, 2 + properties + codes.len());
    out.put_u16(id);
    out.put_bytes(0, properties);
    out.extend(codes);
}

/// Why a connection of MQTT 5 ends.
pub(crate) fn write_disconnect(out: &mut BytesMut, reason: u8) {
    out.put_slice(&[0xe0, 1, reason]);
}

/// A PUBLISH to a client.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outgoing<'a> {
    pub(crate) topic: &'a str,
    pub(crate) payload: &'a [u8],
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    pub(crate) duplicate: bool,
    /// 0 at QoS 0 only.
    pub(crate) id: u16,
    /// Those that were passed on; MQTT 3.1.1 has none, nor any of the following.
    pub(crate) properties: &'a [u8],
    /// Seconds left.
    pub(crate) expiry: Option<u32>,
    /// Of the subscriptions it matched.
    pub(crate) identifiers: &'a [u32],
}

impl Outgoing<'_> {
    fn properties_size(&self) -> usize {
        let identifiers: usize = self.identifiers.iter().map(|id| 1 + length_size(*id as usize)).sum();
        self.properties.len() + if self.expiry.is_some() { 5 } else { 0 } + identifiers
    }

    fn remaining(&self, version: Version) -> usize {
        let id = if self.qos > 0 { 2 } else { 0 };
        let plain = 2 + self.topic.len() + id + self.payload.len();
        if version == Version::V4 {
            return plain;
        }
        let properties = self.properties_size();
        plain + length_size(properties) + properties
    }

    /// Bytes on the wire.
    pub(crate) fn size(&self, version: Version) -> usize {
        let remaining = self.remaining(version);
        1 + length_size(remaining) + remaining
    }
}

/// `topic` is at most 64 KB, the whole at most 256 MB.
pub(crate) fn write_publish(out: &mut BytesMut, version: Version, publish: &Outgoing<'_>) {
    let Outgoing { topic, payload, qos, retain, duplicate, id, properties, expiry, identifiers } = *publish;
    let remaining = publish.remaining(version);
    out.reserve(5 + remaining);
    out.put_u8(0x30 | u8::from(duplicate) << 3 | qos << 1 | u8::from(retain));
    write_length(out, remaining);
    out.put_u16(topic.len() as u16);
    out.put_slice(topic.as_bytes());
    if qos > 0 {
        out.put_u16(id);
    }
    if version == Version::V5 {
        write_length(out, publish.properties_size());
        out.put_slice(properties);
        if let Some(seconds) = expiry {
            out.put_u8(MESSAGE_EXPIRY);
            out.put_u32(seconds);
        }
        for identifier in identifiers {
            out.put_u8(SUBSCRIPTION_ID);
            write_length(out, *identifier as usize);
        }
    }
    out.put_slice(payload);
}

fn length_size(length: usize) -> usize {
    match length {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        0x4000..0x20_0000 => 3,
        _ => 4,
    }
}

fn write_length(out: &mut BytesMut, mut length: usize) {
    loop {
        let low = (length & 0x7f) as u8;
        length >>= 7;
        if length == 0 {
            return out.put_u8(low);
        }
        out.put_u8(low | 0x80);
    }
}
