//! MQTT 3.1.1 and 5 on the wire: what clients may send, read without a copy, and what we send.
//!
//! An own codec of a few pages rather than rumqttd's: that one copies each topic and payload, hides packet ids and DUP,
//! and accepts several malformed packets.

mod properties;
mod reader;
mod write;

pub(crate) use properties::{is_passed_on, pass_on};
pub(crate) use write::{
    Announced, ConnAck, Outgoing, REFUSED, write_accepted, write_ack, write_disconnect, write_pingresp, write_publish,
    write_refusal, write_suback, write_unsuback,
};

use reader::{Reader, var_int};

/// What a connection speaks, from its CONNECT on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Version {
    /// MQTT 3.1.1.
    #[default]
    V4,
    /// MQTT 5.
    V5,
}

/// A packet that clients send. It borrows from the bytes it was read from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    Connect(Connect<'a>),
    Publish(Publish<'a>),
    Ack {
        ack: Ack,
        id: u16,
        /// 0 in MQTT 3.1.1; from 0x80 on an error.
        reason: u8,
    },
    Subscribe {
        id: u16,
        filters: Filters<'a>,
        /// What the client calls these filters.
        identifier: Option<u32>,
    },
    Unsubscribe {
        id: u16,
        filters: Filters<'a>,
    },
    PingReq,
    Disconnect {
        /// 0 alone discards the will.
        reason: u8,
        /// Seconds.
        session_expiry: Option<u32>,
    },
}

/// The acknowledgements, by the first byte of their packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(clippy::enum_variant_names, reason = "so MQTT calls them")]
pub(crate) enum Ack {
    PubAck = 0x40,
    PubRec = 0x50,
    PubRel = 0x62,
    PubComp = 0x70,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Connect<'a> {
    pub(crate) version: Version,
    pub(crate) clean: bool,
    /// Seconds; 0 is none.
    pub(crate) keep_alive: u16,
    pub(crate) client_id: &'a str,
    pub(crate) will: Option<Publish<'a>>,
    /// Seconds.
    pub(crate) will_delay: u32,
    pub(crate) user: Option<&'a str>,
    pub(crate) password: Option<&'a [u8]>,
    /// Seconds that the session outlives the connection.
    pub(crate) session_expiry: u32,
    /// Messages above QoS 0 that it takes unacknowledged.
    pub(crate) receive_maximum: u16,
    /// The largest packet it takes, in bytes.
    pub(crate) maximum_packet: u32,
    /// Whether it wants to log in in a way other than by a password.
    pub(crate) authentication: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Publish<'a> {
    pub(crate) topic: &'a str,
    pub(crate) payload: &'a [u8],
    /// 0, 1 or 2.
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    /// It may have come before.
    pub(crate) duplicate: bool,
    /// 0 at QoS 0 only.
    pub(crate) id: u16,
    /// As they came, checked.
    pub(crate) properties: &'a [u8],
    /// Seconds.
    pub(crate) expiry: Option<u32>,
}

/// What a SUBSCRIBE asks for with a filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) qos: u8,
    /// Not what this client publishes itself.
    pub(crate) no_local: bool,
    /// With the retain flag as the publisher set it.
    pub(crate) as_published: bool,
    pub(crate) retained: Retained,
}

/// When a SUBSCRIBE brings retained messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Retained {
    #[default]
    Always,
    IfNew,
    Never,
}

/// Of what MQTT 5 calls a protocol error, and MQTT 3.1.1, which has one word for all, malformed.
fn no_such_value(version: Version) -> Malformed {
    match version {
        Version::V4 => Malformed::Field,
        Version::V5 => Malformed::Protocol,
    }
}

impl Options {
    fn read(byte: u8, version: Version) -> Result<Self, Malformed> {
        let retained = match byte >> 4 {
            0 => Retained::Always,
            1 => Retained::IfNew,
            2 => Retained::Never,
            3 => return Err(no_such_value(version)),
            _ => return Err(Malformed::Field),
        };
        if byte & 3 == 3 {
            return Err(no_such_value(version));
        }
        if version == Version::V4 && byte > 2 {
            return Err(Malformed::Field);
        }
        Ok(Self { qos: byte & 3, no_local: byte & 4 != 0, as_published: byte & 8 != 0, retained })
    }
}

/// The filters of a SUBSCRIBE with their options, or of an UNSUBSCRIBE without. Checked when made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filters<'a> {
    rest: Reader<'a>,
    with_options: bool,
    version: Version,
}

impl<'a> Iterator for Filters<'a> {
    type Item = (&'a str, Options);

    fn next(&mut self) -> Option<Self::Item> {
        let filter = self.rest.text().ok()?;
        let options = match self.with_options {
            true => Options::read(self.rest.u8().ok()?, self.version).ok()?,
            false => Options::default(),
        };
        Some((filter, options))
    }
}

/// Why bytes are no packet. Each of them ends the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("a field is missing, too long, or not what MQTT says")]
    Field,
    #[error("a packet that clients do not send, or with flags it does not have")]
    Kind,
    #[error("a packet or property where MQTT does not allow it")]
    Protocol,
    #[error("a topic alias, though none may be used here")]
    Alias,
    #[error("larger than this gateway takes")]
    TooLarge,
    #[error("protocol level {0} is not spoken here")]
    Level(u8),
}

/// The first packet in `bytes` and its length; none when it is not all there yet. A packet with more than `limit`
/// bytes behind its fixed header is refused before it is all there. A CONNECT says itself which `version` it is.
pub(crate) fn decode(bytes: &[u8], limit: usize, version: Version) -> Result<Option<(Packet<'_>, usize)>, Malformed> {
    let Some(&first) = bytes.first() else { return Ok(None) };
    let Some((length, header)) = var_int(&bytes[1..])? else { return Ok(None) };
    if length > limit {
        return Err(Malformed::TooLarge);
    }
    let end = 1 + header + length;
    let Some(body) = bytes.get(1 + header..end) else { return Ok(None) };
    Ok(Some((packet(first, Reader(body), version)?, end)))
}

/// The first byte of a CONNECT.
pub(crate) const CONNECT: u8 = 0x10;

fn packet(first: u8, mut body: Reader<'_>, version: Version) -> Result<Packet<'_>, Malformed> {
    match first {
        CONNECT => connect(body).map(Packet::Connect),
        0x30..=0x3f => publish(first & 0x0f, body, version).map(Packet::Publish),
        0x40 => acknowledgement(Ack::PubAck, body, version),
        0x50 => acknowledgement(Ack::PubRec, body, version),
        0x62 => acknowledgement(Ack::PubRel, body, version),
        0x70 => acknowledgement(Ack::PubComp, body, version),
        0x82 => {
            let id = body.id()?;
            let identifier = properties::of_subscribe(body.properties(version)?)?;
            Ok(Packet::Subscribe { id, filters: filters(body, true, version)?, identifier })
        }
        0xa2 => {
            let id = body.id()?;
            properties::of_unsubscribe(body.properties(version)?)?;
            Ok(Packet::Unsubscribe { id, filters: filters(body, false, version)? })
        }
        0xc0 => body.end().map(|()| Packet::PingReq),
        0xe0 => disconnect(body, version),
        // AUTH, which a login by password never comes to.
        0xf0 if version == Version::V5 => Err(Malformed::Protocol),
        _ => Err(Malformed::Kind),
    }
}

fn acknowledgement(ack: Ack, mut body: Reader<'_>, version: Version) -> Result<Packet<'_>, Malformed> {
    let id = body.id()?;
    let mut reason = 0;
    if version == Version::V5 && !body.0.is_empty() {
        reason = body.u8()?;
        if !body.0.is_empty() {
            properties::of_ack(body.properties(version)?)?;
        }
    }
    body.end().map(|()| Packet::Ack { ack, id, reason })
}

fn disconnect(mut body: Reader<'_>, version: Version) -> Result<Packet<'_>, Malformed> {
    let (mut reason, mut session_expiry) = (0, None);
    if version == Version::V5 && !body.0.is_empty() {
        reason = body.u8()?;
        if !body.0.is_empty() {
            session_expiry = properties::of_disconnect(body.properties(version)?)?;
        }
    }
    body.end().map(|()| Packet::Disconnect { reason, session_expiry })
}

fn publish(flags: u8, mut body: Reader<'_>, version: Version) -> Result<Publish<'_>, Malformed> {
    let (duplicate, qos, retain) = (flags & 8 != 0, flags >> 1 & 3, flags & 1 != 0);
    if qos == 3 || (duplicate && qos == 0) {
        return Err(Malformed::Kind);
    }
    let topic = body.text()?;
    if topic.contains(['+', '#']) {
        return Err(Malformed::Field);
    }
    let id = if qos > 0 { body.id()? } else { 0 };
    let properties = body.properties(version)?;
    let found = properties::of_publish(properties.clone())?;
    if found.alias.is_some() {
        return Err(Malformed::Alias);
    }
    if topic.is_empty() {
        return Err(no_such_value(version));
    }
    let (payload, properties) = (body.0, properties.0);
    Ok(Publish { topic, payload, qos, retain, duplicate, id, properties, expiry: found.expiry })
}

fn filters(mut body: Reader<'_>, with_options: bool, version: Version) -> Result<Filters<'_>, Malformed> {
    let filters = Filters { rest: body.clone(), with_options, version };
    if body.0.is_empty() {
        return Err(no_such_value(version));
    }
    loop {
        let filter = body.text()?;
        if with_options && Options::read(body.u8()?, version)?.no_local && filter.starts_with("$share/") {
            return Err(Malformed::Protocol);
        }
        if body.0.is_empty() {
            return Ok(filters);
        }
    }
}

fn connect(mut body: Reader<'_>) -> Result<Connect<'_>, Malformed> {
    let name = body.bytes()?;
    let version = match (name, body.u8()?) {
        (b"MQTT", 4) => Version::V4,
        (b"MQTT", 5) => Version::V5,
        (b"MQTT" | b"MQIsdp", other) => return Err(Malformed::Level(other)),
        _ => return Err(Malformed::Field),
    };
    let flags = body.u8()?;
    let has = |bit: u8| flags & bit != 0;
    let (will_qos, will_retain, clean) = (flags >> 3 & 3, has(0x20), has(0x02));
    let will_flags_fit = if has(0x04) { will_qos < 3 } else { will_qos == 0 && !will_retain };
    // MQTT 5 knows a password without a user name.
    if has(0x01) || !will_flags_fit || (version == Version::V4 && has(0x40) && !has(0x80)) {
        return Err(Malformed::Field);
    }
    let keep_alive = body.u16()?;
    let mut client = properties::of_connect(body.properties(version)?)?;
    if version == Version::V4 && !clean {
        client.session_expiry = u32::MAX;
    }
    let client_id = body.text()?;
    let (mut will, mut will_delay) = (None, 0);
    if has(0x04) {
        let properties = body.properties(version)?;
        let found = properties::of_will(properties.clone())?;
        let (topic, payload) = (body.text()?, body.bytes()?);
        let (properties, expiry) = (properties.0, found.expiry);
        let (qos, retain) = (will_qos, will_retain);
        will = Some(Publish { topic, payload, qos, retain, properties, expiry, ..Publish::default() });
        will_delay = found.will_delay;
    }
    let user = if has(0x80) { Some(body.text()?) } else { None };
    let password = if has(0x40) { Some(body.bytes()?) } else { None };
    body.end()?;
    let properties::OfConnect { session_expiry, receive_maximum, maximum_packet, authentication } = client;
    Ok(Connect {
        version,
        clean,
        keep_alive,
        client_id,
        will,
        will_delay,
        user,
        password,
        session_expiry,
        receive_maximum,
        maximum_packet,
        authentication,
    })
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod v5_tests;
