//! What a board publishes is passed on to integrations only while the home believes that it is the device's board. What it
//! publishes before is kept, of what it retains the last, and passed on once it is believed; so nobody ever hears another board
//! under a device's name, and of the right one nothing is missing.

use crate::Edge;
use crate::codec::Publish;
use crate::counters::Count;
use crate::message::OwnedMessage;
use crate::retained::Owner;
use crate::router::NO_ORIGIN;
use gatehouse_core::edge::Belief;
use std::future::pending;
use tokio::sync::watch;

/// Messages that are kept of a board that is not believed; with 32 relays it has fewer than 300.
const MAX_HELD: usize = 512;
/// Bytes of their topics and payloads.
const MAX_HELD_BYTES: usize = 128 * 1024;

/// The way from a board's connection to integrations.
pub(crate) struct Outlet<'a> {
    edge: &'a Edge,
    owner: Owner,
    will: Option<OwnedMessage>,
    belief: watch::Receiver<Belief>,
    /// As it was last looked at.
    believed: bool,
    held: Vec<OwnedMessage>,
    /// What it last said on the topic of its will, passed on or not: after the will it counts again once it is believed again.
    state: Option<OwnedMessage>,
}

impl<'a> Outlet<'a> {
    pub(crate) fn new(
        edge: &'a Edge,
        owner: Owner,
        will: Option<OwnedMessage>,
        belief: watch::Receiver<Belief>,
    ) -> Self {
        Self { edge, owner, will, belief, believed: false, held: Vec::new(), state: None }
    }

    /// Waits until the home may think otherwise.
    pub(crate) async fn changed(&mut self) {
        if self.belief.changed().await.is_err() {
            // The registry has let go of the connection: it ends.
            pending().await
        }
    }

    /// Goes by what the home thinks now.
    pub(crate) fn settle(&mut self) {
        let believes = *self.belief.borrow_and_update() == Belief::Believed;
        match (std::mem::replace(&mut self.believed, believes), believes) {
            (false, true) => {
                for message in std::mem::take(&mut self.held) {
                    self.pass_on(&message.publish(None));
                }
            }
            // To those who hear what the right board said, it is gone.
            (true, false) => {
                self.say_will();
                self.held.extend(self.state.clone());
            }
            _ => {}
        }
    }

    /// Passes on, or keeps, what the board published.
    pub(crate) fn share(&mut self, publish: &Publish<'_>) {
        if self.belief.has_changed().unwrap_or(false) {
            self.settle();
        }
        if self.will.as_ref().is_some_and(|will| *will.topic == *publish.topic) {
            self.state = Some(OwnedMessage::of(publish));
        }
        if self.believed {
            self.pass_on(publish);
        } else {
            self.hold(publish);
        }
    }

    fn hold(&mut self, publish: &Publish<'_>) {
        if publish.retain {
            self.held.retain(|message| !message.retain || *message.topic != *publish.topic);
        }
        let bytes: usize = self.held.iter().map(|message| message.topic.len() + message.payload.len()).sum();
        let room = bytes + publish.topic.len() + publish.payload.len() <= MAX_HELD_BYTES;
        if room && self.held.len() < MAX_HELD {
            self.held.push(OwnedMessage::of(publish));
        } else {
            self.edge.counters.one(Count::DroppedUnbelieved);
        }
    }

    fn pass_on(&self, publish: &Publish<'_>) {
        self.edge.share(NO_ORIGIN, &self.owner, publish);
    }

    fn say_will(&self) {
        if let Some(will) = &self.will {
            self.pass_on(&will.publish(None));
        }
    }

    /// The connection is over.
    pub(crate) fn end(mut self, end: Count) {
        self.settle();
        self.edge.counters.add(Count::DroppedUnbelieved, self.held.len());
        if self.believed && end != Count::EndGoodbye {
            self.say_will();
        }
    }
}
