//! Fan-out to integrations through rumqttd's router.
//!
//! The router is an ordered, bounded log with a cursor for each integration. It sees one topic of our own with opaque
//! frames: no topic, filter, packet id or empty payload that a client chose reaches its parsers, which panic on some
//! of them. That also keeps one commit log in all (it never frees the log of a filter), and lets each connection
//! match its own filters, deliver once where they overlap, and notice what it missed.

use bytes::{BufMut, Bytes, BytesMut};
use rumqttd::local::{LinkBuilder, LinkError, LinkRx, LinkTx};
use rumqttd::protocol::{Disconnect, DisconnectReasonCode, Packet, Publish};
use rumqttd::{Notification, Router, RouterConfig};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const TOPIC: &str = "edge";
/// Publishes that wait for the router at most.
const MAX_WAITING: usize = 4_096;
/// Segments of the log: an integration that falls further behind than all of them has missed messages.
const SEGMENT_BYTES: usize = 512 * 1024;
const SEGMENTS: usize = 4;

type Links = Arc<dyn Fn(&str) -> Result<(LinkTx, LinkRx, Notification), LinkError> + Send + Sync>;

/// The message did not reach the router: it is full, or dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreachable;

/// A feed that goes on no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The router is dead.
    Router,
    /// Messages were missed: the reader was too slow.
    Behind,
}

struct Running {
    links: Links,
    publisher: LinkTx,
    // The router pushes into it; kept so that a push has somewhere to go.
    _publisher_rx: LinkRx,
    /// The router was not told of messages that wait in the publisher's buffer.
    untold: bool,
    generation: u64,
    /// Link names not in use: the router remembers each name it ever saw.
    names: Vec<usize>,
}

/// The router, started when the first integration comes and again after it died.
pub(crate) struct Fanout {
    running: Mutex<Option<Running>>,
    generations: AtomicU64,
    /// Number of the last message handed to a router; changed only while `running` is locked.
    sequence: AtomicU64,
    feeds: AtomicUsize,
    max_feeds: usize,
}

/// An integration's link to the router.
pub(crate) struct Feed {
    tx: Option<LinkTx>,
    rx: LinkRx,
    name: usize,
    generation: u64,
    expected: Option<u64>,
    wake_due: bool,
    fanout: Arc<Fanout>,
}

/// A message from the router.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message {
    sequence: u64,
    frame: Bytes,
    topic_end: usize,
}

const FRAME_HEADER: usize = 8 + 1 + 2;

impl Message {
    fn encode(sequence: u64, topic: &str, payload: &[u8], qos: u8) -> Bytes {
        let mut frame = BytesMut::with_capacity(FRAME_HEADER + topic.len() + payload.len());
        frame.put_u64(sequence);
        frame.put_u8(qos);
        frame.put_u16(topic.len() as u16);
        frame.put_slice(topic.as_bytes());
        frame.put_slice(payload);
        frame.freeze()
    }

    fn decode(frame: Bytes) -> Option<Self> {
        let (sequence, rest) = frame.split_first_chunk::<8>()?;
        let [_qos, high, low, ..] = *rest else { return None };
        let topic_end = FRAME_HEADER + usize::from(u16::from_be_bytes([high, low]));
        std::str::from_utf8(frame.get(FRAME_HEADER..topic_end)?).ok()?;
        Some(Self { sequence: u64::from_be_bytes(*sequence), topic_end, frame })
    }

    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    pub(crate) fn topic(&self) -> &str {
        std::str::from_utf8(&self.frame[FRAME_HEADER..self.topic_end]).unwrap_or_default()
    }

    pub(crate) fn payload(&self) -> Bytes {
        self.frame.slice(self.topic_end..)
    }

    pub(crate) fn qos(&self) -> u8 {
        self.frame[8]
    }
}

impl Fanout {
    pub(crate) fn new(max_feeds: usize) -> Self {
        Self {
            running: Mutex::new(None),
            generations: AtomicU64::new(0),
            sequence: AtomicU64::new(0),
            feeds: AtomicUsize::new(0),
            max_feeds,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a message to all feeds. Never blocks; costs one load while there is no integration.
    pub(crate) fn publish(&self, topic: &str, payload: &[u8], qos: u8) -> Result<(), Unreachable> {
        if self.feeds.load(Ordering::Acquire) == 0 {
            return Ok(());
        }
        self.lock().as_mut().ok_or(Unreachable)?.publish(&self.sequence, topic, payload, qos)
    }

    /// Number of the last message handed over: whatever comes by a feed with a higher one was published later.
    pub(crate) fn sequence(&self) -> u64 {
        let _running = self.lock();
        self.sequence.load(Ordering::Relaxed)
    }

    /// A link of its own for an integration; everything published from now on comes by it.
    pub(crate) async fn attach(self: &Arc<Self>) -> Result<Feed, Unreachable> {
        // Building a link waits for the router's thread.
        let fanout = self.clone();
        let attached = tokio::task::spawn_blocking(move || fanout.attach_now().or_else(|_| fanout.attach_now()));
        attached.await.unwrap_or(Err(Unreachable))
    }

    fn attach_now(self: &Arc<Self>) -> Result<Feed, Unreachable> {
        let (links, name, generation) = {
            let mut guard = self.lock();
            if guard.is_none() {
                *guard = Some(self.start()?);
            }
            let running = guard.as_mut().ok_or(Unreachable)?;
            (running.links.clone(), running.names.pop().ok_or(Unreachable)?, running.generation)
        };
        let linked = links(&format!("integration-{name}")).ok();
        let subscribed = linked.and_then(|(mut tx, rx, _)| tx.subscribe(TOPIC).ok().map(|_| (tx, rx)));
        let Some((tx, rx)) = subscribed else {
            self.died(generation);
            return Err(Unreachable);
        };
        self.feeds.fetch_add(1, Ordering::AcqRel);
        let fanout = self.clone();
        Ok(Feed { tx: Some(tx), rx, name, generation, expected: None, wake_due: false, fanout })
    }

    #[expect(clippy::result_large_err, reason = "the size is that of rumqttd's own error; this runs once a router")]
    fn start(&self) -> Result<Running, Unreachable> {
        let config = RouterConfig {
            max_connections: self.max_feeds + 1,
            max_outgoing_packet_count: 200,
            max_segment_size: SEGMENT_BYTES,
            max_segment_count: SEGMENTS,
            ..RouterConfig::default()
        };
        let router = Router::new(0, config).spawn();
        // The router's event type has no public name, so its sender lives in a closure.
        let links: Links = Arc::new(move |name| LinkBuilder::new(name, router.clone()).build());
        let (publisher, publisher_rx, _) = links("edge").map_err(|_| Unreachable)?;
        let generation = self.generations.fetch_add(1, Ordering::Relaxed);
        tracing::info!(generation, "router for integrations started");
        Ok(Running {
            links,
            publisher,
            _publisher_rx: publisher_rx,
            untold: false,
            generation,
            names: (0..self.max_feeds).collect(),
        })
    }

    /// Forgets a dead router; the next integration starts another.
    fn died(&self, generation: u64) {
        let mut running = self.lock();
        if running.as_ref().is_some_and(|running| running.generation == generation) {
            tracing::error!(generation, "router for integrations died; they are cut and get a new one");
            *running = None;
        }
    }
}

impl Running {
    fn publish(&mut self, sequence: &AtomicU64, topic: &str, payload: &[u8], qos: u8) -> Result<(), Unreachable> {
        let mut waiting = self.publisher.buffer();
        if waiting.len() >= MAX_WAITING {
            return Err(Unreachable);
        }
        let sequence = sequence.fetch_add(1, Ordering::Relaxed) + 1;
        let frame = Message::encode(sequence, topic, payload, qos);
        // The router takes the whole buffer each time it is told of it: a buffer with something in it was told of.
        if !waiting.is_empty() && !self.untold {
            waiting.push_back(Packet::Publish(Publish::new(Bytes::from_static(TOPIC.as_bytes()), frame, false), None));
            return Ok(());
        }
        drop(waiting);
        self.untold = self.publisher.try_publish(TOPIC, frame).is_err();
        Ok(())
    }
}

impl Feed {
    /// The next message; none when there was something else to do. Loses nothing when cancelled.
    pub(crate) async fn next(&mut self) -> Result<Option<Message>, Lost> {
        if self.wake_due {
            self.rx.wake().await.map_err(|_| self.router_lost())?;
            self.wake_due = false;
        }
        match self.rx.next().await {
            Ok(Some(Notification::Forward(forward))) => self.take(forward.publish.payload),
            Ok(Some(Notification::Unschedule)) => {
                self.wake_due = true;
                Ok(None)
            }
            Ok(Some(Notification::Disconnect(..))) | Err(_) => Err(self.router_lost()),
            Ok(_) => Ok(None),
        }
    }

    fn take(&mut self, frame: Bytes) -> Result<Option<Message>, Lost> {
        let Some(message) = Message::decode(frame) else { return Ok(None) };
        if self.expected.is_some_and(|expected| expected != message.sequence) {
            return Err(Lost::Behind);
        }
        self.expected = Some(message.sequence + 1);
        Ok(Some(message))
    }

    fn router_lost(&self) -> Lost {
        self.fanout.died(self.generation);
        Lost::Router
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.fanout.feeds.fetch_sub(1, Ordering::AcqRel);
        let (Some(mut tx), fanout, name, generation) =
            (self.tx.take(), self.fanout.clone(), self.name, self.generation)
        else {
            return;
        };
        let mut leave = move || {
            // The router frees a link only on this packet, and does not look at what comes behind it.
            let reason_code = DisconnectReasonCode::NormalDisconnection;
            tx.buffer().push_back(Packet::Disconnect(Disconnect { reason_code }, None));
            let told = tx.unsubscribe(TOPIC).is_ok();
            if let Some(running) = fanout.lock().as_mut().filter(|running| told && running.generation == generation) {
                running.names.push(name);
            }
        };
        // Telling the router waits while its queue is full.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(leave)),
            Err(_) => leave(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn next(feed: &mut Feed) -> Result<Message, Lost> {
        loop {
            if let Some(message) = feed.next().await? {
                return Ok(message);
            }
        }
    }

    #[tokio::test]
    async fn every_feed_gets_every_message_in_order() {
        let fanout = Arc::new(Fanout::new(2));
        assert_eq!(fanout.publish("nobody/hears", b"it", 0), Ok(()));
        let (mut a, mut b) = (fanout.attach().await.unwrap(), fanout.attach().await.unwrap());
        for i in 0..1_000_u32 {
            fanout.publish(&format!("ü/{i}"), &i.to_be_bytes(), 1).unwrap();
        }
        for feed in [&mut a, &mut b] {
            for i in 0..1_000_u32 {
                let message = next(feed).await.unwrap();
                assert_eq!((message.topic(), message.qos()), (&*format!("ü/{i}"), 1));
                assert_eq!(message.payload(), i.to_be_bytes()[..]);
            }
        }
    }

    #[tokio::test]
    async fn a_feed_that_fell_behind_is_told() {
        let fanout = Arc::new(Fanout::new(2));
        let (mut slow, mut quick) = (fanout.attach().await.unwrap(), fanout.attach().await.unwrap());
        let payload = vec![0; 16 * 1024];
        for _ in 0..3 * SEGMENTS * SEGMENT_BYTES / payload.len() {
            fanout.publish("a", &payload, 0).unwrap();
            next(&mut quick).await.unwrap();
        }
        let lost = loop {
            if let Err(lost) = next(&mut slow).await {
                break lost;
            }
        };
        assert_eq!(lost, Lost::Behind);
    }

    #[tokio::test]
    async fn links_are_given_back_and_a_dead_router_is_replaced() {
        let fanout = Arc::new(Fanout::new(1));
        let feed = fanout.attach().await.unwrap();
        assert!(fanout.attach().await.is_err());
        drop(feed);
        let mut feed = loop {
            // The link is given back on another thread.
            match fanout.attach().await {
                Ok(feed) => break feed,
                Err(Unreachable) => tokio::task::yield_now().await,
            }
        };
        fanout.died(feed.generation);
        assert_eq!(fanout.publish("a", b"", 0), Err(Unreachable));
        let mut second = fanout.attach().await.unwrap();
        fanout.publish("a", b"1", 0).unwrap();
        assert_eq!(next(&mut second).await.unwrap().topic(), "a");
        drop(second);
        // The old feed's router hears nothing any more.
        assert!(tokio::time::timeout(std::time::Duration::from_millis(1), next(&mut feed)).await.is_err());
    }
}
