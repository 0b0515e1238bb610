//! What an integration has beside its connection, and may keep without one.

use super::flight::Flight;
use super::subscriptions::{Match, Seen, Subscriptions};
use crate::limits::Limits;
use crate::message::OwnedMessage;
use crate::router::{Fanout, Feed, Message, Unreachable};
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

/// Messages in the backlog at which no more are taken from the router.
const FROM_ROUTER: usize = 1_000;
/// Bytes of messages that may wait for one integration whatever waits for others; none is taken from the router
/// beyond that.
pub(super) const SHARE_BYTES: usize = 1024 * 1024;

/// Messages that wait.
#[derive(Default)]
pub(crate) struct Backlog {
    waiting: VecDeque<OwnedMessage>,
    bytes: usize,
}

impl Backlog {
    pub(crate) fn push(&mut self, message: OwnedMessage) {
        self.bytes += message.size();
        self.waiting.push_back(message);
    }

    pub(crate) fn first(&self) -> Option<&OwnedMessage> {
        self.waiting.front()
    }

    pub(crate) fn pop(&mut self) -> Option<OwnedMessage> {
        let message = self.waiting.pop_front()?;
        self.bytes -= message.size();
        Some(message)
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether it may take more from the router.
    pub(crate) fn is_hungry(&self) -> bool {
        self.waiting.len() < FROM_ROUTER && self.bytes < SHARE_BYTES
    }

    /// Leaves what a client that is away is to find, nothing of QoS 0, and the oldest where it is too much. How many
    /// were too many.
    fn keep_acknowledged(&mut self, limits: &Limits) -> usize {
        self.waiting.retain(|message| message.qos > 0);
        let (all, mut bytes) = (self.waiting.len(), 0);
        let fitting = self.waiting.iter().take(limits.away_messages).take_while(|message| {
            bytes += message.size();
            bytes <= limits.away_bytes
        });
        let fitting = fitting.count();
        self.waiting.truncate(fitting);
        self.bytes = self.waiting.iter().map(OwnedMessage::size).sum();
        all - fitting
    }
}

/// A session.
pub(crate) struct State {
    /// Its number, never 0: what it publishes has this origin.
    pub(crate) number: u64,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) backlog: Backlog,
    pub(crate) flight: Flight,
    /// QoS 2 messages that came and are not yet released.
    pub(crate) received: HashSet<u16>,
    pub(crate) feed: Feed,
}

impl State {
    pub(crate) fn new(number: u64, feed: Feed) -> Self {
        Self {
            number,
            subscriptions: Subscriptions::default(),
            backlog: Backlog::default(),
            flight: Flight::new(),
            received: HashSet::new(),
            feed,
        }
    }

    /// Another feed that goes on, where the router or messages were lost.
    pub(crate) async fn renew(&mut self, fanout: &Arc<Fanout>) -> Result<(), Unreachable> {
        self.feed = fanout.attach().await?;
        if self.subscriptions.len() > 0 {
            self.feed.listen();
        }
        Ok(())
    }

    /// Whether it must take from the router before it says more, or soon misses messages. One that has its backlog full
    /// takes nothing, and waits for its client.
    pub(crate) fn must_listen(&self) -> bool {
        self.backlog.is_hungry() && self.feed.is_behind()
    }

    fn push(&mut self, message: &Message, found: Match) {
        let retain = message.retain() && found.as_published;
        self.backlog.push(message.to_owned(message.qos().min(found.qos), retain, found.identifiers));
    }

    /// Queues a message of the feed as often as it is wanted.
    pub(crate) fn queue(&mut self, message: &Message) {
        let seen = Seen { topic: message.topic(), sequence: message.sequence(), origin: message.origin() };
        if let Some(found) = self.subscriptions.matching(seen, self.number) {
            self.push(message, found);
        }
        let claimed: Vec<Match> = self.subscriptions.claim(seen).collect();
        for found in claimed {
            self.push(message, found);
        }
    }

    /// The connection ended, and the session goes on. How many messages wait no more: there were too many.
    pub(crate) fn left(&mut self, limits: &Limits) -> usize {
        self.flight.reconnected();
        self.backlog.keep_acknowledged(limits)
    }

    /// Queues a message for a client that is away; whether there was room. It has no part in shared subscriptions,
    /// nor anything of QoS 0.
    pub(crate) fn queue_away(&mut self, message: &Message, limits: &Limits) -> bool {
        let seen = Seen { topic: message.topic(), sequence: message.sequence(), origin: message.origin() };
        let Some(found) = self.subscriptions.matching(seen, self.number) else { return true };
        if message.qos().min(found.qos) == 0 {
            return true;
        }
        if self.backlog.waiting.len() >= limits.away_messages || self.backlog.bytes >= limits.away_bytes {
            return false;
        }
        self.push(message, found);
        true
    }
}
