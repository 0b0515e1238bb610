//! Packets of a stream, as either version reads them.

use super::{BOARD, CREDENTIALS, is_order, is_plain};
use crate::acl;
use crate::codec::{self, Connect, Filters, Options, Outgoing, Packet, Publish, Retained, Version, decode};
use crate::message::passed_on;
use bytes::{BufMut, BytesMut};

/// As the default of [`crate::Limits`].
const LIMIT: usize = 64 * 1024;

/// A stream of MQTT 3.1.1; whether all of it was packets.
pub fn decode_v4(bytes: &[u8]) -> bool {
    stream(bytes, Version::V4)
}

/// A stream of MQTT 5; whether all of it was packets.
pub fn decode_v5(bytes: &[u8]) -> bool {
    stream(bytes, Version::V5)
}

fn stream(bytes: &[u8], version: Version) -> bool {
    let mut rest = bytes;
    while let Ok(Some((packet, length))) = decode(rest, LIMIT, version) {
        assert!((2..=rest.len().min(5 + LIMIT)).contains(&length), "a packet of {length} bytes");
        // Neither what follows a packet nor when its bytes come makes a difference.
        assert_eq!(decode(&rest[..length], LIMIT, version), Ok(Some((clone(&packet), length))));
        assert_eq!(decode(&rest[..length - 1], LIMIT, version), Ok(None));
        let version = if let Packet::Connect(connect) = &packet { connect.version } else { version };
        let again = written(&packet, version);
        assert_eq!(decode(&again, LIMIT * 2, version), Ok(Some((clone(&packet), again.len()))));
        if let Packet::Publish(publish) = &packet {
            passes_on(publish, version);
            sanitised(publish);
        }
        rest = &rest[length..];
    }
    rest.is_empty()
}

/// Only here is a packet needed twice.
fn clone<'a>(packet: &Packet<'a>) -> Packet<'a> {
    match packet {
        Packet::Connect(connect) => Packet::Connect(*connect),
        Packet::Publish(publish) => Packet::Publish(*publish),
        Packet::Ack { ack, id, reason } => Packet::Ack { ack: *ack, id: *id, reason: *reason },
        Packet::Subscribe { id, filters, identifier } => {
            Packet::Subscribe { id: *id, filters: filters.clone(), identifier: *identifier }
        }
        Packet::Unsubscribe { id, filters } => Packet::Unsubscribe { id: *id, filters: filters.clone() },
        Packet::PingReq => Packet::PingReq,
        Packet::Disconnect { reason, session_expiry } => {
            Packet::Disconnect { reason: *reason, session_expiry: *session_expiry }
        }
    }
}

/// The packet, written anew from what was read of it.
pub(super) fn written(packet: &Packet<'_>, version: Version) -> BytesMut {
    let (mut out, mut body) = (BytesMut::new(), BytesMut::new());
    let first = match packet {
        Packet::Publish(publish) => {
            codec::write_publish(&mut out, version, &outgoing(publish));
            return out;
        }
        Packet::Ack { ack, id, reason } => {
            codec::write_ack(&mut out, version, *ack, *id, *reason);
            return out;
        }
        Packet::Connect(connect) => {
            write_connect(&mut body, connect);
            codec::CONNECT
        }
        Packet::Subscribe { id, filters, identifier } => {
            body.put_u16(*id);
            let identifier = identifier.map_or(BytesMut::new(), |identifier| {
                let mut property = BytesMut::from(&[0x0b][..]);
                put_length(&mut property, identifier as usize);
                property
            });
            put_properties(&mut body, version, &identifier);
            put_filters(&mut body, filters, |options| Some(option_byte(options)));
            0x82
        }
        Packet::Unsubscribe { id, filters } => {
            body.put_u16(*id);
            put_properties(&mut body, version, &[]);
            put_filters(&mut body, filters, |_| None);
            0xa2
        }
        Packet::PingReq => 0xc0,
        Packet::Disconnect { reason, session_expiry } => {
            if version == Version::V5 {
                body.put_u8(*reason);
                let expiry = session_expiry.map(|seconds| [&[0x11][..], &seconds.to_be_bytes()].concat());
                put_properties(&mut body, version, &expiry.unwrap_or_default());
            }
            0xe0
        }
    };
    out.put_u8(first);
    put_length(&mut out, body.len());
    out.put_slice(&body);
    out
}

fn outgoing<'a>(publish: &Publish<'a>) -> Outgoing<'a> {
    let Publish { topic, payload, qos, retain, duplicate, id, properties, .. } = *publish;
    Outgoing { topic, payload, qos, retain, duplicate, id, properties, ..Outgoing::default() }
}

fn write_connect(out: &mut BytesMut, connect: &Connect<'_>) {
    let bit = |set: bool, bit: u8| if set { bit } else { 0 };
    let v5 = connect.version == Version::V5;
    put_field(out, b"MQTT");
    out.put_u8(if v5 { 5 } else { 4 });
    let will = connect.will.map_or(0, |will| 0x04 | will.qos << 3 | bit(will.retain, 0x20));
    let login = bit(connect.user.is_some(), 0x80) | bit(connect.password.is_some(), 0x40);
    out.put_u8(will | login | bit(connect.clean, 0x02));
    out.put_u16(connect.keep_alive);
    let mut properties = BytesMut::new();
    properties.put_u8(0x11);
    properties.put_u32(connect.session_expiry);
    properties.put_u8(0x21);
    properties.put_u16(connect.receive_maximum);
    properties.put_u8(0x27);
    properties.put_u32(connect.maximum_packet);
    if connect.authentication {
        properties.put_slice(&[0x15, 0, 0]);
    }
    put_properties(out, connect.version, &properties);
    put_field(out, connect.client_id.as_bytes());
    if let Some(will) = connect.will {
        put_properties(out, connect.version, will.properties);
        put_field(out, will.topic.as_bytes());
        put_field(out, will.payload);
    }
    for field in [connect.user.map(str::as_bytes), connect.password].into_iter().flatten() {
        put_field(out, field);
    }
}

fn put_field(out: &mut BytesMut, field: &[u8]) {
    out.put_u16(field.len() as u16);
    out.put_slice(field);
}

fn put_filters(out: &mut BytesMut, filters: &Filters<'_>, options: impl Fn(Options) -> Option<u8>) {
    assert!(filters.clone().count() > 0, "a packet without a filter");
    for (filter, asked) in filters.clone() {
        put_field(out, filter.as_bytes());
        out.extend(options(asked));
    }
}

fn option_byte(options: Options) -> u8 {
    let retained = match options.retained {
        Retained::Always => 0,
        Retained::IfNew => 0x10,
        Retained::Never => 0x20,
    };
    retained | u8::from(options.as_published) << 3 | u8::from(options.no_local) << 2 | options.qos
}

fn put_properties(out: &mut BytesMut, version: Version, properties: &[u8]) {
    if version == Version::V5 {
        put_length(out, properties.len());
        out.put_slice(properties);
    }
}

fn put_length(out: &mut BytesMut, mut length: usize) {
    while length >= 0x80 {
        out.put_u8(length as u8 | 0x80);
        length >>= 7;
    }
    out.put_u8(length as u8);
}

/// What a receiver gets: the same but for what is between publisher and gateway alone.
fn passes_on(publish: &Publish<'_>, version: Version) {
    let properties = passed_on(publish.properties);
    let sent = Outgoing { properties: &properties, expiry: publish.expiry, ..outgoing(publish) };
    let mut out = BytesMut::new();
    codec::write_publish(&mut out, version, &sent);
    assert_eq!(out.len(), sent.size(version), "the size that a client's limit is compared with");
    let Ok(Some((Packet::Publish(got), _))) = decode(&out, LIMIT * 2, version) else {
        panic!("a PUBLISH that is none: {out:?}")
    };
    assert_eq!(Publish { properties: publish.properties, ..got }, *publish);
    assert_eq!(passed_on(got.properties), properties);
}

/// What clients may publish is a topic, theirs, and no order; what a board may say never stops the gateway.
fn sanitised(publish: &Publish<'_>) {
    let topic = publish.topic;
    if acl::board_publish(&BOARD, publish).is_ok() {
        assert!(is_plain(topic) && topic.starts_with("homie/5/b/") && !is_order(topic), "{topic}");
        let _ = gatehouse_wire::homie::decode(&BOARD, topic, publish.payload, publish.retain);
    }
    for (user, credential) in &CREDENTIALS.integrations {
        if acl::integration_publish(credential, &CREDENTIALS, publish).is_err() {
            continue;
        }
        assert!(is_plain(topic) && !topic.starts_with("homie/5/b/"), "{topic}");
        assert!(&**user == "all" || topic == "a" || topic.starts_with("a/"), "{topic}");
    }
}
