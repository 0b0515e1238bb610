//! Rows of integrations' retained messages, since schema 3.

use super::{BadRow, millis, read, to_wall, write};
use gatehouse_core::retained::{Expiry, RetainedMessage};
use serde::{Deserialize, Serialize};
use std::time::Duration;

#[derive(Serialize, Deserialize)]
struct RetainedRow<'a> {
    user: &'a str,
    payload: &'a [u8],
    qos: u8,
    properties: &'a [u8],
    expiry: Option<ExpiryRow>,
}

#[derive(Serialize, Deserialize)]
struct ExpiryRow {
    left_ms: u64,
    at_ms: Option<u64>,
}

pub(crate) fn retained(message: &RetainedMessage) -> Vec<u8> {
    write(&RetainedRow {
        user: &message.user,
        payload: &message.payload,
        qos: message.qos,
        properties: &message.properties,
        expiry: message.expiry.map(|expiry| ExpiryRow {
            left_ms: u64::try_from(expiry.left.as_millis()).unwrap_or(u64::MAX),
            at_ms: millis(expiry.at),
        }),
    })
}

pub(crate) fn to_retained(topic: &[u8], bytes: &[u8]) -> Result<RetainedMessage, BadRow> {
    let topic = std::str::from_utf8(topic).map_err(|_| BadRow("a topic that is no text".to_owned()))?;
    let row: RetainedRow<'_> = read(bytes)?;
    if row.payload.is_empty() || row.qos > 2 {
        return Err(BadRow("no message can be like this".to_owned()));
    }
    let expiry = |row: ExpiryRow| Expiry { left: Duration::from_millis(row.left_ms), at: to_wall(row.at_ms) };
    Ok(RetainedMessage {
        topic: topic.into(),
        user: row.user.into(),
        payload: row.payload.into(),
        qos: row.qos,
        properties: row.properties.into(),
        expiry: row.expiry.map(expiry),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatehouse_core::time::Wall;

    /// The bytes are schema 3 for good: files out there hold them.
    #[test]
    fn the_bytes_of_a_retained_message_stay_what_they_are() {
        let message = RetainedMessage {
            topic: "garden/ü".into(),
            user: "integration_1".into(),
            payload: b"\x00on"[..].into(),
            qos: 1,
            properties: b"\x01\x01"[..].into(),
            expiry: Some(Expiry { left: Duration::from_secs(300), at: Some(Wall::from_millis(5)) }),
        };
        let bytes = retained(&message);
        assert_eq!(bytes, b"\x0dintegration_1\x03\x00on\x01\x02\x01\x01\x01\xe0\xa7\x12\x01\x05");
        assert_eq!(to_retained("garden/ü".as_bytes(), &bytes), Ok(message));
    }

    #[test]
    fn a_message_that_could_not_have_been_written_is_not_read() {
        let row = |payload: &[u8], qos: u8| [&b"\x01u"[..], payload, &[qos, 0, 0]].concat();
        assert!(to_retained(b"t", &row(b"\x01x", 2)).is_ok());
        assert!(to_retained(b"\xff", &row(b"\x01x", 2)).is_err());
        for (payload, qos) in [(&b"\x00"[..], 0), (b"\x01x", 3), (b"\x7fx", 0)] {
            assert!(to_retained(b"t", &row(payload, qos)).is_err(), "{payload:?} {qos}");
        }
    }
}
