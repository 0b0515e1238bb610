//! Messages above QoS 0 on their way to one integration, until it has acknowledged them.

use crate::codec::{self, Ack, Version};
use crate::message::OwnedMessage;
use bytes::BytesMut;
use std::collections::VecDeque;
use tokio::time::Instant;

enum Stage {
    /// Waits for PUBACK or PUBREC.
    Published(OwnedMessage),
    /// QoS 2, received: waits for PUBCOMP.
    Released,
}

struct Sent {
    id: u16,
    stage: Stage,
    /// Whether it went out on this connection.
    here: bool,
}

/// All of them, in the order they were sent. They outlive the connection where the session does.
pub(crate) struct Flight {
    open: VecDeque<Sent>,
    last: u16,
    moved: Instant,
}

impl Flight {
    pub(crate) fn new() -> Self {
        Self { open: VecDeque::new(), last: 0, moved: Instant::now() }
    }

    /// Open on this connection.
    fn here(&self) -> usize {
        self.open.iter().filter(|sent| sent.here).count()
    }

    /// Whether one more may be sent to a client that takes so many.
    pub(crate) fn has_room(&self, receive_maximum: usize) -> bool {
        // Most of the time all of them are of this connection.
        self.open.len() < receive_maximum || self.here() < receive_maximum
    }

    /// Messages that an earlier connection left open.
    pub(crate) fn has_old(&self) -> bool {
        // What an earlier connection left is repeated first, in order: it is at the end while any is left.
        self.open.back().is_some_and(|sent| !sent.here)
    }

    /// A new connection: everything open is to be sent again.
    pub(crate) fn reconnected(&mut self) {
        for sent in &mut self.open {
            sent.here = false;
        }
        self.moved = Instant::now();
    }

    /// Repeats the oldest message that an earlier connection left open.
    pub(crate) fn repeat(&mut self, out: &mut BytesMut, version: Version) {
        if self.here() == 0 {
            self.moved = Instant::now();
        }
        let Some(sent) = self.open.iter_mut().find(|sent| !sent.here) else { return };
        sent.here = true;
        match &sent.stage {
            Stage::Published(message) => codec::write_publish(out, version, &message.outgoing(version, sent.id, true)),
            Stage::Released => codec::write_ack(out, version, Ack::PubRel, sent.id, 0),
        }
    }

    /// Sends a message under an id of its own.
    pub(crate) fn send(&mut self, message: OwnedMessage, out: &mut BytesMut, version: Version) {
        if self.open.is_empty() {
            self.moved = Instant::now();
        }
        let id = loop {
            self.last = self.last.checked_add(1).unwrap_or(1);
            if !self.open.iter().any(|sent| sent.id == self.last) {
                break self.last;
            }
        };
        codec::write_publish(out, version, &message.outgoing(version, id, false));
        self.open.push_back(Sent { id, stage: Stage::Published(message), here: true });
    }

    fn position(&self, id: u16, qos: u8) -> Option<usize> {
        let fits = |stage: &Stage| matches!(stage, Stage::Published(message) if message.qos == qos);
        self.open.iter().position(|sent| sent.id == id && fits(&sent.stage))
    }

    fn done(&mut self, at: Option<usize>) {
        if let Some(at) = at {
            self.open.remove(at);
            self.moved = Instant::now();
        }
    }

    /// PUBACK. Ids that are not open mean nothing.
    pub(crate) fn acknowledged(&mut self, id: u16) {
        self.done(self.position(id, 1));
    }

    /// PUBREC, or an error instead of it. Whether it was open and PUBREL is due.
    pub(crate) fn received(&mut self, id: u16, refused: bool) -> bool {
        let Some(at) = self.position(id, 2) else {
            return self.open.iter().any(|sent| sent.id == id && matches!(sent.stage, Stage::Released));
        };
        if refused {
            self.done(Some(at));
            return false;
        }
        self.open[at].stage = Stage::Released;
        self.moved = Instant::now();
        true
    }

    /// PUBCOMP.
    pub(crate) fn completed(&mut self, id: u16) {
        let at = self.open.iter().position(|sent| sent.id == id && matches!(sent.stage, Stage::Released));
        self.done(at);
    }

    /// When the client last acknowledged something, while it has more to acknowledge.
    pub(crate) fn waiting_since(&self) -> Option<Instant> {
        (!self.open.is_empty()).then_some(self.moved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Publish;

    fn message(qos: u8) -> OwnedMessage {
        OwnedMessage::of(&Publish { topic: "t", qos, ..Publish::default() })
    }

    fn sent(flight: &mut Flight, qos: u8) -> Vec<u8> {
        let mut out = BytesMut::new();
        flight.send(message(qos), &mut out, Version::V4);
        out.to_vec()
    }

    #[test]
    fn ids_in_use_are_skipped_and_zero_never_drawn() {
        let mut flight = Flight::new();
        assert_eq!([sent(&mut flight, 1)[6], sent(&mut flight, 1)[6]], [1, 2]);
        assert!(flight.has_room(3) && !flight.has_room(2));
        flight.acknowledged(1);
        flight.acknowledged(77);
        flight.last = u16::MAX;
        assert_eq!([sent(&mut flight, 1)[6], sent(&mut flight, 1)[6]], [1, 3]);
        assert!(!flight.has_room(3));
    }

    #[test]
    fn qos_2_takes_both_steps_and_the_acknowledgements_of_qos_1_mean_nothing_to_it() {
        let mut flight = Flight::new();
        sent(&mut flight, 2);
        flight.acknowledged(1);
        flight.completed(1);
        assert!(!flight.has_room(1));
        assert!(flight.received(1, false) && flight.received(1, false), "a repeated PUBREC too");
        assert!(!flight.received(9, false));
        flight.completed(1);
        assert!(flight.has_room(1) && flight.waiting_since().is_none());
        sent(&mut flight, 2);
        assert!(!flight.received(2, true));
        assert!(flight.has_room(1), "the client refused it");
    }

    #[test]
    fn a_new_connection_gets_what_is_open_again_in_order_and_within_its_bound() {
        let mut flight = Flight::new();
        for qos in [1, 2, 2] {
            sent(&mut flight, qos);
        }
        flight.received(2, false);
        flight.reconnected();
        let mut out = BytesMut::new();
        assert!(flight.has_old() && flight.has_room(2));
        flight.repeat(&mut out, Version::V4);
        flight.repeat(&mut out, Version::V4);
        assert!(flight.has_old() && !flight.has_room(2));
        flight.acknowledged(1);
        assert!(flight.has_room(2));
        flight.repeat(&mut out, Version::V4);
        assert!(!flight.has_old());
        assert_eq!(out[..], b"\x3a\x05\0\x01t\0\x01\x62\x02\0\x02\x3c\x05\0\x01t\0\x03"[..]);
    }
}
