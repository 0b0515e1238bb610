//! Messages that outlive the packet they came in.

use crate::codec::{self, Outgoing, Publish, Version};
use bytes::{Bytes, BytesMut};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A will, or a message that waits to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnedMessage {
    pub(crate) topic: Arc<str>,
    pub(crate) payload: Bytes,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    /// Those that receivers get as they are.
    pub(crate) properties: Bytes,
    /// When nobody is to get it any more.
    pub(crate) expires: Option<Instant>,
    /// Of the subscriptions it matched.
    pub(crate) identifiers: Vec<u32>,
}

/// When a message with so many seconds to live, received now, is to be forgotten.
pub(crate) fn expires(expiry: Option<u32>) -> Option<Instant> {
    expiry.map(|seconds| Instant::now() + Duration::from_secs(seconds.into()))
}

/// Whether its time has passed.
pub(crate) fn is_expired(expires: Option<Instant>) -> bool {
    expires.is_some_and(|at| at <= Instant::now())
}

/// The properties of a received message that are passed on.
pub(crate) fn passed_on(properties: &[u8]) -> Bytes {
    if properties.is_empty() {
        return Bytes::new();
    }
    let mut passed = BytesMut::with_capacity(properties.len());
    codec::pass_on(properties, &mut passed);
    passed.freeze()
}

impl OwnedMessage {
    /// Of a will: its time to live begins when it is published, not here.
    pub(crate) fn of(publish: &Publish<'_>) -> Self {
        Self {
            topic: publish.topic.into(),
            payload: Bytes::copy_from_slice(publish.payload),
            qos: publish.qos,
            retain: publish.retain,
            properties: passed_on(publish.properties),
            expires: None,
            identifiers: Vec::new(),
        }
    }

    /// As if a client published it now.
    pub(crate) fn publish(&self, expiry: Option<u32>) -> Publish<'_> {
        let Self { topic, payload, qos, retain, properties, .. } = self;
        Publish { topic, payload, qos: *qos, retain: *retain, properties, expiry, ..Publish::default() }
    }

    /// Bytes it takes while it waits, at most: topic and payload may be shared.
    pub(crate) fn size(&self) -> usize {
        size_of::<Self>() + self.topic.len() + self.payload.len() + self.properties.len()
    }

    pub(crate) fn outgoing(&self, version: Version, id: u16, duplicate: bool) -> Outgoing<'_> {
        let Self { topic, payload, qos, retain, properties, expires, identifiers } = self;
        let plain = Outgoing { topic, payload, qos: *qos, retain: *retain, duplicate, id, ..Outgoing::default() };
        if version == Version::V4 {
            return plain;
        }
        // Rounded up, so that a message in its last second is not said to be over.
        let left = |at: &Instant| at.saturating_duration_since(Instant::now()).as_millis().div_ceil(1_000) as u32;
        Outgoing { properties, expiry: expires.as_ref().map(left), identifiers, ..plain }
    }
}
