//! MQTT 3.1.1 on the wire: what clients may send, read without a copy, and what we send.
//!
//! An own codec of a page rather than rumqttd's: that one copies each topic and payload, hides packet ids and DUP, and
//! accepts several malformed packets.

use bytes::{BufMut, BytesMut};

/// A packet that only clients send. It borrows from the bytes it was read from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    Connect(Connect<'a>),
    Publish(Publish<'a>),
    PubAck(u16),
    Subscribe { id: u16, filters: Filters<'a> },
    Unsubscribe { id: u16, filters: Filters<'a> },
    PingReq,
    Disconnect,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Connect<'a> {
    pub(crate) clean: bool,
    /// Seconds; 0 is none.
    pub(crate) keep_alive: u16,
    pub(crate) client_id: &'a str,
    pub(crate) will: Option<Publish<'a>>,
    pub(crate) user: Option<&'a str>,
    pub(crate) password: Option<&'a [u8]>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Publish<'a> {
    pub(crate) topic: &'a str,
    pub(crate) payload: &'a [u8],
    /// 0, 1 or 2.
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    /// 0 at QoS 0 only.
    pub(crate) id: u16,
}

/// The filters of a SUBSCRIBE with the QoS asked for, or of an UNSUBSCRIBE with QoS 0. Checked when made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filters<'a> {
    rest: Reader<'a>,
    with_qos: bool,
}

impl<'a> Iterator for Filters<'a> {
    type Item = (&'a str, u8);

    fn next(&mut self) -> Option<Self::Item> {
        let filter = self.rest.text().ok()?;
        let qos = if self.with_qos { self.rest.u8().ok()? } else { 0 };
        Some((filter, qos))
    }
}

/// Why bytes are no packet. Each of them ends the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Malformed {
    #[error("a field is missing, too long, or not what MQTT 3.1.1 says")]
    Field,
    #[error("a packet that clients do not send, or with flags it does not have")]
    Kind,
    #[error("larger than this gateway takes")]
    TooLarge,
    #[error("protocol level {0} is not spoken here")]
    Level(u8),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (head, tail) = self.0.split_at_checked(count).ok_or(Malformed::Field)?;
        self.0 = tail;
        Ok(head)
    }

    fn u8(&mut self) -> Result<u8, Malformed> {
        let (first, tail) = self.0.split_first().ok_or(Malformed::Field)?;
        self.0 = tail;
        Ok(*first)
    }

    fn u16(&mut self) -> Result<u16, Malformed> {
        Ok(u16::from(self.u8()?) << 8 | u16::from(self.u8()?))
    }

    fn id(&mut self) -> Result<u16, Malformed> {
        match self.u16()? {
            0 => Err(Malformed::Field),
            id => Ok(id),
        }
    }

    fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = usize::from(self.u16()?);
        self.take(length)
    }

    fn text(&mut self) -> Result<&'a str, Malformed> {
        let text = std::str::from_utf8(self.bytes()?).map_err(|_| Malformed::Field)?;
        if text.contains('\0') { Err(Malformed::Field) } else { Ok(text) }
    }

    fn end(&self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed::Field) }
    }
}

/// The first packet in `bytes` and its length; none when it is not all there yet. A packet with more than `limit`
/// bytes behind its fixed header is refused before it is all there.
pub(crate) fn decode(bytes: &[u8], limit: usize) -> Result<Option<(Packet<'_>, usize)>, Malformed> {
    let Some(&first) = bytes.first() else { return Ok(None) };
    let Some((length, header)) = remaining_length(&bytes[1..])? else { return Ok(None) };
    if length > limit {
        return Err(Malformed::TooLarge);
    }
    let end = 1 + header + length;
    let Some(body) = bytes.get(1 + header..end) else { return Ok(None) };
    Ok(Some((packet(first, Reader(body))?, end)))
}

fn remaining_length(bytes: &[u8]) -> Result<Option<(usize, usize)>, Malformed> {
    let mut length = 0;
    for (i, byte) in bytes.iter().take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Ok(Some((length, i + 1)));
        }
    }
    if bytes.len() >= 4 { Err(Malformed::Field) } else { Ok(None) }
}

/// The first byte of a CONNECT.
pub(crate) const CONNECT: u8 = 0x10;

fn packet(first: u8, mut body: Reader<'_>) -> Result<Packet<'_>, Malformed> {
    match first {
        CONNECT => connect(body).map(Packet::Connect),
        0x30..=0x3f => publish(first & 0x0f, body).map(Packet::Publish),
        0x40 => {
            let id = body.id()?;
            body.end().map(|()| Packet::PubAck(id))
        }
        0x82 => filters(body, true).map(|(id, filters)| Packet::Subscribe { id, filters }),
        0xa2 => filters(body, false).map(|(id, filters)| Packet::Unsubscribe { id, filters }),
        0xc0 => body.end().map(|()| Packet::PingReq),
        0xe0 => body.end().map(|()| Packet::Disconnect),
        _ => Err(Malformed::Kind),
    }
}

fn publish(flags: u8, mut body: Reader<'_>) -> Result<Publish<'_>, Malformed> {
    let (duplicate, qos, retain) = (flags & 8 != 0, flags >> 1 & 3, flags & 1 != 0);
    if qos == 3 || (duplicate && qos == 0) {
        return Err(Malformed::Kind);
    }
    let topic = body.text()?;
    if topic.is_empty() || topic.contains(['+', '#']) {
        return Err(Malformed::Field);
    }
    let id = if qos > 0 { body.id()? } else { 0 };
    Ok(Publish { topic, payload: body.0, qos, retain, id })
}

fn filters(mut body: Reader<'_>, with_qos: bool) -> Result<(u16, Filters<'_>), Malformed> {
    let id = body.id()?;
    let filters = Filters { rest: body.clone(), with_qos };
    loop {
        body.text()?;
        if with_qos && body.u8()? > 2 {
            return Err(Malformed::Field);
        }
        if body.0.is_empty() {
            return Ok((id, filters));
        }
    }
}

fn connect(mut body: Reader<'_>) -> Result<Connect<'_>, Malformed> {
    let name = body.bytes()?;
    let level = body.u8()?;
    match (name, level) {
        (b"MQTT", 4) => {}
        (b"MQTT" | b"MQIsdp", other) => return Err(Malformed::Level(other)),
        _ => return Err(Malformed::Field),
    }
    let flags = body.u8()?;
    let has = |bit: u8| flags & bit != 0;
    let (will_qos, will_retain) = (flags >> 3 & 3, has(0x20));
    let will_flags_fit = if has(0x04) { will_qos < 3 } else { will_qos == 0 && !will_retain };
    if has(0x01) || !will_flags_fit || (has(0x40) && !has(0x80)) {
        return Err(Malformed::Field);
    }
    let keep_alive = body.u16()?;
    let client_id = body.text()?;
    let will = if has(0x04) {
        let topic = body.text()?;
        Some(Publish { topic, payload: body.bytes()?, qos: will_qos, retain: will_retain, id: 0 })
    } else {
        None
    };
    let user = if has(0x80) { Some(body.text()?) } else { None };
    let password = if has(0x40) { Some(body.bytes()?) } else { None };
    body.end()?;
    Ok(Connect { clean: has(0x02), keep_alive, client_id, will, user, password })
}

/// Answers to CONNECT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ConnAck {
    Accepted = 0,
    BadLevel = 1,
    BadClientId = 2,
    Unavailable = 3,
    BadLogin = 4,
    NotAuthorized = 5,
}

pub(crate) fn write_connack(out: &mut BytesMut, code: ConnAck) {
    out.put_slice(&[0x20, 2, 0, code as u8]);
}

pub(crate) fn write_puback(out: &mut BytesMut, id: u16) {
    out.put_slice(&[0x40, 2, (id >> 8) as u8, id as u8]);
}

pub(crate) fn write_pingresp(out: &mut BytesMut) {
    out.put_slice(&[0xd0, 0]);
}

pub(crate) fn write_unsuback(out: &mut BytesMut, id: u16) {
    out.put_slice(&[0xb0, 2, (id >> 8) as u8, id as u8]);
}

/// Refused filter in a SUBACK.
pub(crate) const REFUSED: u8 = 0x80;

pub(crate) fn write_suback(out: &mut BytesMut, id: u16, codes: &[u8]) {
    out.put_u8(0x90);
    write_length(out, 2 + codes.len());
    out.put_u16(id);
    out.put_slice(codes);
}

/// A PUBLISH that is no duplicate; `topic` is at most 64 KB, the whole at most 256 MB.
pub(crate) fn write_publish(out: &mut BytesMut, publish: &Publish<'_>) {
    let Publish { topic, payload, qos, retain, id } = publish;
    out.reserve(9 + topic.len() + payload.len());
    out.put_u8(0x30 | qos << 1 | u8::from(*retain));
    write_length(out, 2 + topic.len() + if *qos > 0 { 2 } else { 0 } + payload.len());
    out.put_u16(topic.len() as u16);
    out.put_slice(topic.as_bytes());
    if *qos > 0 {
        out.put_u16(*id);
    }
    out.put_slice(payload);
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

#[cfg(test)]
#[path = "codec_tests.rs"]
mod tests;
