//! Fan-out to integrations through rumqttd's router.
//!
//! The router is an ordered, bounded log with a cursor for each integration. It sees one topic of our own with opaque
//! frames: no topic, filter, packet id or empty payload that a client chose reaches its parsers, which panic on some
//! of them. That also keeps one commit log in all (it never frees the log of a filter), and lets each connection
//! match its own filters, deliver once where they overlap, and notice what it missed.

mod frame;
mod handover;
mod supervisor;

pub(crate) use frame::{Message, NO_ORIGIN};
pub(crate) use supervisor::supervise;

use crate::codec;
use crate::counters::{Count, Counters};
use crate::incidents::Incidents;
use bytes::Bytes;
use gatehouse_core::notice::{NoticeKind, Subject};
use handover::Handover;
use rumqttd::local::{LinkBuilder, LinkError, LinkRx, LinkTx};
use rumqttd::protocol::{Disconnect, DisconnectReasonCode, Packet, Publish};
use rumqttd::{Notification, Router, RouterConfig};
use std::cmp::Ordering;
use std::pin::Pin;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

const TOPIC: &str = "edge";
/// Publishes that wait for the router at most.
const MAX_WAITING: usize = 4_096;
/// Those of integrations among them: they wait for room, and so leave some for what boards say, which does not wait.
const MAX_WAITING_OF_INTEGRATIONS: usize = MAX_WAITING / 2;
/// Segments of the log: an integration that falls further behind than all of them has missed messages.
const SEGMENT_BYTES: usize = 512 * 1024;
const SEGMENTS: usize = 4;
/// How long a router may take to give a link.
const LINK_DEADLINE: Duration = Duration::from_secs(5);

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
    /// Of every feed that listens.
    handovers: Vec<Arc<Handover>>,
    generation: u64,
    /// Cancelled when it is given up.
    gone: CancellationToken,
    /// Link names not in use: the router remembers each name it ever saw.
    names: Vec<usize>,
}

/// The router, started when the first integration comes and again after it died.
pub(crate) struct Fanout {
    running: Mutex<Option<Running>>,
    generations: AtomicU64,
    /// Number of the last message handed to a router; changed only while `running` is locked.
    sequence: AtomicU64,
    /// Bytes of all messages; as well.
    bytes: AtomicU64,
    feeds: AtomicUsize,
    max_feeds: usize,
    /// What times in frames count from.
    epoch: Instant,
    counters: Arc<Counters>,
    incidents: Arc<Incidents>,
}

/// An integration's link to the router.
pub(crate) struct Feed {
    tx: Option<LinkTx>,
    rx: LinkRx,
    name: usize,
    generation: u64,
    /// Whether it is to miss nothing; until then it drops everything.
    listens: bool,
    /// Number of the next message.
    expected: u64,
    /// Bytes published before it.
    bytes: u64,
    handover: Arc<Handover>,
    /// Came by the router before the one that was handed over.
    early: Option<Message>,
    wake_due: bool,
    /// When the router is given up.
    gone: Pin<Box<WaitForCancellationFutureOwned>>,
    fanout: Arc<Fanout>,
}

impl Fanout {
    pub(crate) fn new(max_feeds: usize, counters: Arc<Counters>, incidents: Arc<Incidents>) -> Self {
        Self {
            running: Mutex::new(None),
            generations: AtomicU64::new(0),
            sequence: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            feeds: AtomicUsize::new(0),
            max_feeds,
            epoch: Instant::now(),
            counters,
            incidents,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a message to all feeds, with who published it. Never blocks; costs one load while there is no
    /// integration.
    pub(crate) fn publish(&self, origin: u64, publish: &codec::Publish<'_>) -> Result<(), Unreachable> {
        if self.feeds.load(Acquire) == 0 {
            return Ok(());
        }
        let room = if origin == NO_ORIGIN { MAX_WAITING } else { MAX_WAITING_OF_INTEGRATIONS };
        let mut running = self.lock();
        let last = self.sequence.load(Relaxed);
        running.as_mut().ok_or(Unreachable)?.publish(last, room, || {
            self.sequence.store(last + 1, Relaxed);
            let frame = frame::encode(last + 1, origin, self.epoch, publish);
            self.bytes.fetch_add(frame.len() as u64, Relaxed);
            frame
        })
    }

    /// Number of the last message handed over: whatever comes by a feed with a higher one was published later.
    pub(crate) fn sequence(&self) -> u64 {
        let _running = self.lock();
        self.sequence.load(Relaxed)
    }

    /// A link of its own for an integration. A router that gives none in time is given up.
    pub(crate) async fn attach(self: &Arc<Self>) -> Result<Feed, Unreachable> {
        let first = self.try_attach().await;
        if first.is_ok() { first } else { self.try_attach().await }
    }

    async fn try_attach(self: &Arc<Self>) -> Result<Feed, Unreachable> {
        let (fanout, (attached, feed)) = (self.clone(), oneshot::channel());
        on_a_thread(move || drop(attached.send(fanout.attach_now())));
        match timeout(LINK_DEADLINE, feed).await {
            Ok(feed) => feed.unwrap_or(Err(Unreachable)),
            Err(_) => {
                let stuck = self.lock().as_ref().map(|running| running.generation);
                stuck.into_iter().for_each(|generation| self.died(generation));
                Err(Unreachable)
            }
        }
    }

    fn attach_now(self: &Arc<Self>) -> Result<Feed, Unreachable> {
        let (links, name, generation, gone) = {
            let mut guard = self.lock();
            if guard.is_none() {
                *guard = Some(self.start()?);
            }
            let running = guard.as_mut().ok_or(Unreachable)?;
            let name = running.names.pop().ok_or(Unreachable)?;
            (running.links.clone(), name, running.generation, running.gone.clone())
        };
        let Some((tx, rx)) = subscribe(&links, &format!("integration-{name}"), TOPIC) else {
            self.died(generation);
            return Err(Unreachable);
        };
        self.feeds.fetch_add(1, AcqRel);
        Ok(Feed {
            tx: Some(tx),
            rx,
            name,
            generation,
            listens: false,
            expected: 0,
            bytes: 0,
            handover: Arc::default(),
            early: None,
            wake_due: false,
            gone: Box::pin(gone.cancelled_owned()),
            fanout: self.clone(),
        })
    }

    #[expect(clippy::result_large_err, reason = "the size is that of rumqttd's own error; this runs once a router")]
    fn start(&self) -> Result<Running, Unreachable> {
        let config = RouterConfig {
            max_connections: self.max_feeds + 2,
            max_outgoing_packet_count: 200,
            max_segment_size: SEGMENT_BYTES,
            max_segment_count: SEGMENTS,
            ..RouterConfig::default()
        };
        let router = Router::new(0, config).spawn();
        // The router's event type has no public name, so its sender lives in a closure.
        let links: Links = Arc::new(move |name| LinkBuilder::new(name, router.clone()).build());
        let (publisher, publisher_rx, _) = links("edge").map_err(|_| Unreachable)?;
        let generation = self.generations.fetch_add(1, Relaxed);
        tracing::info!(generation, "router for integrations started");
        Ok(Running {
            links,
            publisher,
            _publisher_rx: publisher_rx,
            untold: false,
            handovers: Vec::new(),
            generation,
            gone: CancellationToken::new(),
            names: (0..self.max_feeds).collect(),
        })
    }

    /// Gives a dead or stuck router up: its integrations are cut, and the next one that comes starts another.
    fn died(&self, generation: u64) {
        let mut running = self.lock();
        if running.as_ref().is_some_and(|running| running.generation == generation) {
            tracing::error!(generation, "router for integrations died; they are cut and get a new one");
            self.counters.one(Count::RouterReplaced);
            self.incidents.tell(NoticeKind::RouterReplaced, Subject::Gateway, None);
            if let Some(dead) = running.take() {
                dead.gone.cancel();
            }
        }
    }
}

impl Running {
    /// The message behind the one of number `last`.
    fn publish(&mut self, last: u64, room: usize, frame: impl FnOnce() -> Bytes) -> Result<(), Unreachable> {
        if self.handovers.iter().all(|feed| feed.has_taken(last)) {
            let frame = frame();
            self.handovers.iter().for_each(|feed| feed.hand(frame.clone()));
            return Ok(());
        }
        let mut waiting = self.publisher.buffer();
        if waiting.len() >= room {
            return Err(Unreachable);
        }
        let frame = frame();
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
    /// From now on it brings everything that is published.
    pub(crate) fn listen(&mut self) {
        let mut running = self.fanout.lock();
        // A dead router is told by `next`.
        let Some(running) = running.as_mut().filter(|running| running.generation == self.generation) else { return };
        if self.listens {
            return;
        }
        let sequence = self.fanout.sequence.load(Relaxed);
        self.handover.took(sequence);
        running.handovers.push(self.handover.clone());
        (self.listens, self.expected, self.bytes) = (true, sequence + 1, self.fanout.bytes.load(Relaxed));
    }

    /// The next message; none when there was something else to do. Loses nothing when cancelled.
    pub(crate) async fn next(&mut self) -> Result<Option<Message>, Lost> {
        if let Some(message) = self.early.take() {
            return self.take(message);
        }
        if self.wake_due {
            self.rx.wake().await.map_err(|_| self.router_lost())?;
            self.wake_due = false;
        }
        let notification = tokio::select! {
            biased;
            () = self.handover.handed() => return self.take_handed(),
            () = &mut self.gone => return Err(Lost::Router),
            notification = self.rx.next() => notification,
        };
        match notification {
            Ok(Some(Notification::Forward(forward))) => match self.decode(forward.publish.payload) {
                Some(message) => self.take(message),
                None => Ok(None),
            },
            Ok(Some(Notification::Unschedule)) => {
                self.wake_due = true;
                Ok(None)
            }
            Ok(Some(Notification::Disconnect(..))) | Err(_) => Err(self.router_lost()),
            Ok(_) => Ok(None),
        }
    }

    /// Whether so much waits for it that it is soon to miss messages.
    pub(crate) fn is_behind(&self) -> bool {
        self.listens && self.fanout.bytes.load(Relaxed).saturating_sub(self.bytes) > SEGMENT_BYTES as u64
    }

    /// Whether the router was given up.
    pub(crate) fn is_dead(&self) -> bool {
        let running = self.fanout.lock();
        running.as_ref().is_none_or(|running| running.generation != self.generation)
    }

    fn decode(&self, frame: Bytes) -> Option<Message> {
        Message::decode(frame, self.fanout.epoch)
    }

    fn take_handed(&mut self) -> Result<Option<Message>, Lost> {
        match self.handover.take().and_then(|frame| self.decode(frame)) {
            Some(message) => self.take(message),
            None => Ok(None),
        }
    }

    fn take(&mut self, message: Message) -> Result<Option<Message>, Lost> {
        match message.sequence().cmp(&self.expected) {
            _ if !self.listens => Ok(None),
            // Published before it listened.
            Ordering::Less => Ok(None),
            Ordering::Equal => {
                self.handover.took(self.expected);
                self.expected += 1;
                self.bytes += message.size() as u64;
                Ok(Some(message))
            }
            // What is missing was handed over, or it is lost.
            Ordering::Greater => match self.handover.take().and_then(|frame| self.decode(frame)) {
                Some(handed) => {
                    self.early = Some(message);
                    self.take(handed)
                }
                None => Err(Lost::Behind),
            },
        }
    }

    fn router_lost(&self) -> Lost {
        self.fanout.died(self.generation);
        Lost::Router
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.fanout.feeds.fetch_sub(1, AcqRel);
        let (Some(mut tx), fanout, name, generation) =
            (self.tx.take(), self.fanout.clone(), self.name, self.generation)
        else {
            return;
        };
        if let Some(running) = fanout.lock().as_mut() {
            running.handovers.retain(|handover| !Arc::ptr_eq(handover, &self.handover));
        }
        let leave = move || {
            // The router frees a link only on this packet, and does not look at what comes behind it.
            let reason_code = DisconnectReasonCode::NormalDisconnection;
            tx.buffer().push_back(Packet::Disconnect(Disconnect { reason_code }, None));
            let told = tx.unsubscribe(TOPIC).is_ok();
            if let Some(running) = fanout.lock().as_mut().filter(|running| told && running.generation == generation) {
                running.names.push(name);
            }
        };
        on_a_thread(leave);
    }
}

/// A link that hears everything published on `topic` from when this returns. Waits for the router.
fn subscribe(links: &Links, name: &str, topic: &str) -> Option<(LinkTx, LinkRx)> {
    let (mut tx, mut rx, _) = links(name).ok()?;
    tx.subscribe(topic).ok()?;
    // The router may come for messages that are published meanwhile before it comes for the subscription.
    while !matches!(rx.recv().ok()?, Some(Notification::DeviceAck(_))) {}
    Some((tx, rx))
}

/// Runs what waits for the router: on a thread of its own, which a stuck router keeps but no shutdown waits for.
fn on_a_thread(wait: impl FnOnce() + Send + 'static) {
    if let Err(error) = std::thread::Builder::new().name("router-link".into()).spawn(wait) {
        tracing::warn!(%error, "no thread to speak with the router");
    }
}

#[cfg(test)]
mod death_tests;
#[cfg(test)]
mod tests;
