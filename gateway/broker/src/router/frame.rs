//! What the router carries: opaque to it.

use crate::codec::{Publish, pass_on};
use crate::message::OwnedMessage;
use bytes::{BufMut, Bytes, BytesMut};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Who published something that no subscriber itself published.
pub(crate) const NO_ORIGIN: u64 = 0;

/// Sequence, origin, expiry, flags, length of the topic and of the properties.
const HEADER: usize = 8 + 8 + 8 + 1 + 2 + 4;
const RETAIN: u8 = 4;

/// A message from the router.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message {
    sequence: u64,
    origin: u64,
    expires: Option<Instant>,
    frame: Bytes,
    topic_end: usize,
    properties_end: usize,
}

/// Times in frames count from it.
pub(super) fn encode(sequence: u64, origin: u64, epoch: Instant, publish: &Publish<'_>) -> Bytes {
    let Publish { topic, payload, qos, retain, properties, expiry, .. } = *publish;
    let mut frame = BytesMut::with_capacity(HEADER + topic.len() + properties.len() + payload.len());
    frame.put_u64(sequence);
    frame.put_u64(origin);
    let expires = expiry.map(|seconds| epoch.elapsed() + Duration::from_secs(seconds.into()));
    // One more, so that 0 is none.
    frame.put_u64(expires.map_or(0, |at| at.as_millis() as u64 + 1));
    frame.put_u8(qos | if retain { RETAIN } else { 0 });
    frame.put_u16(topic.len() as u16);
    let length_at = frame.len();
    frame.put_u32(0);
    frame.put_slice(topic.as_bytes());
    if !properties.is_empty() {
        pass_on(properties, &mut frame);
        let length = (frame.len() - HEADER - topic.len()) as u32;
        frame[length_at..length_at + 4].copy_from_slice(&length.to_be_bytes());
    }
    frame.put_slice(payload);
    frame.freeze()
}

impl Message {
    pub(super) fn decode(frame: Bytes, epoch: Instant) -> Option<Self> {
        let number = |at: usize| frame.get(at..at + 8)?.try_into().ok().map(u64::from_be_bytes);
        let (sequence, origin, expires) = (number(0)?, number(8)?, number(16)?);
        let [high, low] = *frame.get(25..27)? else { return None };
        let topic_end = HEADER + usize::from(u16::from_be_bytes([high, low]));
        let properties = u32::from_be_bytes(frame.get(27..31)?.try_into().ok()?);
        let properties_end = topic_end + properties as usize;
        std::str::from_utf8(frame.get(HEADER..topic_end)?).ok()?;
        frame.get(topic_end..properties_end)?;
        let expires = (expires > 0).then(|| epoch + Duration::from_millis(expires - 1));
        Some(Self { sequence, origin, expires, topic_end, properties_end, frame })
    }

    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Bytes of the frame.
    pub(super) fn size(&self) -> usize {
        self.frame.len()
    }

    /// Who published it, as told to [`super::Fanout::publish`].
    pub(crate) fn origin(&self) -> u64 {
        self.origin
    }

    pub(crate) fn topic(&self) -> &str {
        std::str::from_utf8(&self.frame[HEADER..self.topic_end]).unwrap_or_default()
    }

    pub(crate) fn payload(&self) -> Bytes {
        self.frame.slice(self.properties_end..)
    }

    pub(crate) fn qos(&self) -> u8 {
        self.frame[24] & !RETAIN
    }

    /// Whether it was published with the retain flag.
    pub(crate) fn retain(&self) -> bool {
        self.frame[24] & RETAIN != 0
    }

    /// For a subscriber, which shares the bytes with all others.
    pub(crate) fn to_owned(&self, qos: u8, retain: bool, identifiers: Vec<u32>) -> OwnedMessage {
        OwnedMessage {
            topic: Arc::from(self.topic()),
            payload: self.payload(),
            qos,
            retain,
            properties: self.frame.slice(self.topic_end..self.properties_end),
            expires: self.expires,
            identifiers,
        }
    }
}
