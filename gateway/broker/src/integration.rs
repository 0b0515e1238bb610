//! An integration's connection: another home system, which hears boards and its like through the router.

use crate::codec::{self, Packet, Publish};
use crate::connect::IntegrationLogin;
use crate::connection::{Deadlines, Io, MAX_WRITE, OwnedMessage, Stream, Window};
use crate::counters::Count;
use crate::registry::{Client, Proof, Slot};
use crate::router::{Feed, Lost, Message};
use crate::{Edge, acl, filter};
use bytes::Buf;
use futures_util::FutureExt;
use gatehouse_core::access::IntegrationCredential;
use std::collections::{HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Messages in the backlog at which no more are taken from the router.
const BACKLOG_FROM_ROUTER: usize = 1_000;
/// Between two tries to hand a message to a full router.
const ROUTER_PAUSE: Duration = Duration::from_millis(1);

/// Runs an integration's connection from login to its end.
pub(crate) async fn run<S: Stream>(
    edge: &Edge,
    mut io: Io<S>,
    login: IntegrationLogin,
    stop: &CancellationToken,
) -> Count {
    let IntegrationLogin { user, client_id, credential, keep_alive, will } = login;
    let client = Client::Integration { user: user.clone(), id: client_id };
    let mut entry = edge.registry.enter(client, Proof::Integration(credential.clone()), stop);
    entry.previous_gone().await;
    let slot = entry.slot.clone();
    let Ok(feed) = edge.fanout.attach().await else {
        edge.refuse(&mut io, codec::ConnAck::Unavailable).await;
        return Count::RefusedIntegrations;
    };
    if let Err(refused) = edge.greet(&mut io, &slot).await {
        return refused;
    }
    edge.counters.one(Count::IntegrationLogin);
    let silence = (keep_alive > 0).then(|| Duration::from_secs(keep_alive.into()) * 3 / 2);
    let mut session = Session {
        edge,
        io,
        slot,
        user: user.clone(),
        credential,
        feed,
        subscriptions: Subscriptions::default(),
        backlog: VecDeque::new(),
        deadlines: Deadlines::new(&edge.limits, silence),
        window: Window::new(edge.limits.in_flight),
    };
    let end = AssertUnwindSafe(session.run()).catch_unwind().await.unwrap_or(Count::EndCrashed);
    drop(session);
    tracing::debug!(%user, end = end.reason(), "integration's connection ended");
    if let Some(will) = will.filter(|_| end != Count::EndGoodbye) {
        let OwnedMessage { topic, payload, qos, retain } = &will;
        edge.share(&user, &Publish { topic, payload, qos: *qos, retain: *retain, id: 0 });
    }
    end
}

/// What was granted for a filter.
#[derive(Clone, Copy)]
struct Grant {
    qos: u8,
    /// The last message published before it: the feed still brings earlier ones.
    since: u64,
}

/// The filters of one integration.
#[derive(Default)]
struct Subscriptions {
    exact: HashMap<Box<str>, Grant>,
    wild: Vec<(Box<str>, Grant)>,
}

impl Subscriptions {
    fn len(&self) -> usize {
        self.exact.len() + self.wild.len()
    }

    fn get_mut(&mut self, filter: &str) -> Option<&mut Grant> {
        let wild = self.wild.iter_mut().find(|(wild, _)| **wild == *filter).map(|(_, grant)| grant);
        self.exact.get_mut(filter).or(wild)
    }

    /// Adds a filter. One that is there already gets the new QoS and misses no message.
    fn add(&mut self, filter: &str, qos: u8, since: u64) {
        if let Some(grant) = self.get_mut(filter) {
            grant.qos = qos;
        } else if filter::is_wild(filter) {
            self.wild.push((filter.into(), Grant { qos, since }));
        } else {
            self.exact.insert(filter.into(), Grant { qos, since });
        }
    }

    fn remove(&mut self, filter: &str) {
        self.exact.remove(filter);
        self.wild.retain(|(wild, _)| **wild != *filter);
    }

    /// The highest QoS of all filters that match message number `sequence`; none when none does.
    fn granted(&self, topic: &str, sequence: u64) -> Option<u8> {
        let wild = self.wild.iter().filter(|(filter, _)| filter::matches(filter, topic)).map(|(_, grant)| grant);
        let matching = self.exact.get(topic).into_iter().chain(wild);
        matching.filter(|grant| grant.since < sequence).map(|grant| grant.qos).max()
    }
}

struct Session<'a, S> {
    edge: &'a Edge,
    io: Io<S>,
    slot: Arc<Slot>,
    user: Arc<str>,
    credential: Arc<IntegrationCredential>,
    feed: Feed,
    subscriptions: Subscriptions,
    /// What is to be sent and has no room yet.
    backlog: VecDeque<OwnedMessage>,
    deadlines: Deadlines,
    window: Window,
}

impl<S: Stream> Session<'_, S> {
    async fn run(&mut self) -> Count {
        match self.serve().await {
            Ok(end) | Err(end) => end,
        }
    }

    async fn serve(&mut self) -> Result<Count, Count> {
        let slot = self.slot.clone();
        let mut killed = pin!(slot.kill.cancelled());
        let mut timer = pin!(Deadlines::wait(self.deadlines.check(&self.window)?));
        self.hear().await?;
        loop {
            self.send().await?;
            let hungry = self.backlog.len() < BACKLOG_FROM_ROUTER;
            tokio::select! {
                biased;
                () = &mut killed => return Ok(slot.why()),
                () = &mut timer => timer.set(Deadlines::wait(self.deadlines.check(&self.window)?)),
                filled = self.io.fill() => {
                    filled?;
                    self.hear().await?;
                }
                message = self.feed.next(), if hungry => {
                    self.queue(message)?;
                    // What came with it shares the write.
                    while self.backlog.len() < BACKLOG_FROM_ROUTER {
                        let Some(message) = self.feed.next().now_or_never() else { break };
                        self.queue(message)?;
                    }
                }
            }
        }
    }

    fn queue(&mut self, message: Result<Option<Message>, Lost>) -> Result<(), Count> {
        let message = match message {
            Ok(Some(message)) => message,
            Ok(None) => return Ok(()),
            Err(Lost::Router) => return Err(Count::EndRouter),
            Err(Lost::Behind) => return Err(Count::EndSlow),
        };
        if let Some(granted) = self.subscriptions.granted(message.topic(), message.sequence()) {
            let qos = message.qos().min(granted);
            let (topic, payload) = (message.topic().into(), message.payload());
            self.backlog.push_back(OwnedMessage { topic, payload, qos, retain: false });
        }
        Ok(())
    }

    /// Writes what there is room for, in pieces.
    async fn send(&mut self) -> Result<(), Count> {
        loop {
            let mut more = false;
            while let Some(message) = self.backlog.front() {
                if message.qos > 0 && self.window.room() == 0 {
                    break;
                }
                let id = if message.qos > 0 { self.window.send() } else { 0 };
                message.write(&mut self.io.out, id);
                self.edge.counters.one(Count::MessagesOut);
                self.backlog.pop_front();
                if self.io.out.len() >= MAX_WRITE {
                    more = true;
                    break;
                }
            }
            self.io.flush_unless_killed(&self.slot, self.deadlines.write()).await?;
            if !more {
                return Ok(());
            }
        }
    }

    async fn hear(&mut self) -> Result<(), Count> {
        let bytes = std::mem::take(&mut self.io.read);
        let mut used = 0;
        while let Some((packet, length)) =
            codec::decode(&bytes[used..], self.edge.limits.packet_bytes).map_err(|_| Count::EndMalformed)?
        {
            used += length;
            self.take(packet).await?;
        }
        self.io.read = bytes;
        if used > 0 {
            self.io.read.advance(used);
            self.deadlines.heard();
        }
        Ok(())
    }

    async fn take(&mut self, packet: Packet<'_>) -> Result<(), Count> {
        match packet {
            Packet::Publish(publish) => {
                if publish.qos == 2 {
                    return Err(Count::EndQos2);
                }
                self.said(&publish).await?;
                if publish.qos == 1 {
                    codec::write_puback(&mut self.io.out, publish.id);
                }
            }
            Packet::PubAck(id) => self.window.acknowledged(id),
            Packet::Subscribe { id, filters } => {
                let codes: Vec<u8> = filters.clone().map(|(filter, qos)| self.subscribe(filter, qos)).collect();
                codec::write_suback(&mut self.io.out, id, &codes);
                for ((filter, _), code) in filters.zip(codes) {
                    if code != codec::REFUSED {
                        self.send_retained(filter, code)?;
                    }
                }
            }
            Packet::Unsubscribe { id, filters } => {
                for (filter, _) in filters {
                    self.subscriptions.remove(filter);
                }
                codec::write_unsuback(&mut self.io.out, id);
            }
            Packet::PingReq => codec::write_pingresp(&mut self.io.out),
            Packet::Disconnect => return Err(Count::EndGoodbye),
            Packet::Connect(_) => return Err(Count::EndMalformed),
        }
        Ok(())
    }

    fn subscribe(&mut self, filter: &str, qos: u8) -> u8 {
        let room = self.subscriptions.len() < self.edge.limits.filters || self.subscriptions.get_mut(filter).is_some();
        if !room || !acl::integration_subscribe(&self.credential, filter) {
            self.edge.counters.one(Count::SubscribeRefused);
            return codec::REFUSED;
        }
        self.subscriptions.add(filter, qos.min(1), self.edge.fanout.sequence());
        qos.min(1)
    }

    fn send_retained(&mut self, filter: &str, granted: u8) -> Result<(), Count> {
        for kept in self.edge.retained.matching(filter) {
            if self.backlog.len() >= self.edge.limits.backlog {
                return Err(Count::EndSlow);
            }
            let qos = kept.qos.min(granted);
            self.backlog.push_back(OwnedMessage { topic: kept.topic, payload: kept.payload, qos, retain: true });
        }
        Ok(())
    }

    async fn said(&mut self, publish: &Publish<'_>) -> Result<(), Count> {
        let edge = self.edge;
        edge.counters.one(Count::MessagesIn);
        let refused = acl::integration_publish(&self.credential, &edge.credentials.borrow(), publish);
        if let Err(refused) = refused {
            edge.counters.one(refused);
            return Ok(());
        }
        edge.retain(&self.user, publish);
        // Unlike a board, an integration waits for a full router: it gets no acknowledgement until its message is in.
        let give_up = Instant::now() + edge.limits.write_deadline;
        while edge.fanout.publish(publish.topic, publish.payload, publish.qos).is_err() {
            if Instant::now() >= give_up {
                edge.counters.one(Count::DroppedRouter);
                break;
            }
            tokio::select! {
                biased;
                () = self.slot.kill.cancelled() => return Err(self.slot.why()),
                () = sleep_until(Instant::now() + ROUTER_PAUSE) => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_filters_grant_the_highest_qos_once() {
        let mut subscriptions = Subscriptions::default();
        subscriptions.add("a/#", 0, 0);
        subscriptions.add("a/b", 1, 0);
        assert_eq!(subscriptions.granted("a/b", 1), Some(1));
        assert_eq!(subscriptions.granted("a/c", 1), Some(0));
        assert_eq!(subscriptions.granted("b", 1), None);
        subscriptions.add("a/#", 1, 0);
        assert_eq!((subscriptions.len(), subscriptions.granted("a/c", 1)), (2, Some(1)));
        subscriptions.remove("a/#");
        subscriptions.remove("a/b");
        assert_eq!((subscriptions.len(), subscriptions.granted("a/b", 1)), (0, None));
    }

    #[test]
    fn what_was_published_before_a_subscription_is_not_delivered_and_renewing_it_loses_nothing() {
        let mut subscriptions = Subscriptions::default();
        subscriptions.add("a", 1, 7);
        assert_eq!((subscriptions.granted("a", 7), subscriptions.granted("a", 8)), (None, Some(1)));
        subscriptions.add("a", 0, 9);
        assert_eq!(subscriptions.granted("a", 8), Some(0));
    }
}
