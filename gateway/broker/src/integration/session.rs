//! The connection of an integration that logged in.

use super::state::{SHARE_BYTES, State};
use super::{Deadlines, Edge, FAREWELL, LINGER, Terms, command, disconnect_reason, is_its_own_doing};
use crate::acl;
use crate::codec::{self, Ack, Malformed, Packet, Publish, Version};
use crate::connect::IntegrationLogin;
use crate::connection::{Io, MAX_WRITE, Stream};
use crate::counters::Count;
use crate::message::is_expired;
use crate::registry::Slot;
use crate::retained::Owner;
use crate::router::{Lost, Message};
use crate::throttle::Rate;
use bytes::Buf;
use futures_util::FutureExt;
use gatehouse_core::access::IntegrationCredential;
use gatehouse_core::edge::EdgeEvent;
use gatehouse_core::notice::Subject;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Between two tries to hand a message to a full router.
const ROUTER_PAUSE: Duration = Duration::from_millis(1);

/// Reasons of MQTT 5.
pub(super) const SUCCESS: u8 = 0;
const NO_SUBSCRIPTION: u8 = 0x11;
pub(super) const NOT_AUTHORIZED: u8 = 0x87;
const UNKNOWN_ID: u8 = 0x92;
pub(super) const QUOTA_EXCEEDED: u8 = 0x97;

/// How a client left.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Left {
    /// It said goodbye and wants its will published all the same.
    pub(super) with_will: bool,
    /// What it wants of its session now.
    pub(super) session_expiry: Option<Duration>,
}

pub(super) struct Session<'a, S> {
    pub(super) edge: &'a Edge,
    pub(super) io: Io<S>,
    slot: Arc<Slot>,
    pub(super) user: Arc<str>,
    owner: Owner,
    pub(super) credential: Arc<IntegrationCredential>,
    pub(super) state: State,
    deadlines: Deadlines,
    rate: Rate,
    in_flight: usize,
    maximum_packet: usize,
    /// Whether the session was to outlive the connection from the start.
    lasting: bool,
    /// Whether the edge was told that more than its share waits.
    is_over: bool,
    left: Left,
}

impl<'a, S: Stream> Session<'a, S> {
    pub(super) fn new(
        edge: &'a Edge,
        io: Io<S>,
        slot: Arc<Slot>,
        login: &IntegrationLogin,
        terms: &Terms,
        state: State,
    ) -> Self {
        Self {
            edge,
            io,
            slot,
            user: login.user.clone(),
            owner: Owner::Integration(login.user.clone()),
            credential: login.credential.clone(),
            state,
            deadlines: Deadlines::new(&edge.limits, terms.silence()),
            rate: Rate::new(edge.limits.integration_rate),
            in_flight: terms.in_flight,
            maximum_packet: terms.maximum_packet,
            lasting: login.session_expiry > 0,
            is_over: false,
            left: Left::default(),
        }
    }

    /// What is left of the session when the connection has ended.
    pub(super) fn leave(self) -> (State, Left) {
        (self.state, self.left)
    }

    /// Tells a client of MQTT 5 why it is cut, if it listens.
    pub(super) async fn farewell(&mut self, end: Count) {
        let Some(reason) = disconnect_reason(end).filter(|_| self.io.version == Version::V5) else { return };
        codec::write_disconnect(&mut self.io.out, reason);
        let said = self.io.flush(Instant::now() + FAREWELL).await;
        if said.is_ok() && is_its_own_doing(end) {
            tokio::select! {
                () = self.slot.kill.cancelled() => {}
                () = self.io.linger(LINGER) => {}
            }
        }
    }

    pub(super) async fn run(&mut self) -> Count {
        match self.serve().await {
            Ok(end) | Err(end) => end,
        }
    }

    fn check(&self) -> Result<Instant, Count> {
        self.deadlines.check(self.state.flight.waiting_since())
    }

    async fn serve(&mut self) -> Result<Count, Count> {
        let slot = self.slot.clone();
        let mut killed = pin!(slot.kill.cancelled());
        let mut timer = pin!(Deadlines::wait(self.check()?));
        self.hear().await?;
        loop {
            self.send().await?;
            let hungry = self.state.backlog.is_hungry();
            let pause = self.rate.pause();
            tokio::select! {
                biased;
                () = &mut killed => return Ok(slot.why()),
                () = &mut timer => timer.set(Deadlines::wait(self.check()?)),
                filled = self.io.fill(), if pause.is_none() && !self.state.must_listen() => {
                    filled?;
                    self.hear().await?;
                }
                () = async { sleep_until(pause.unwrap_or_else(Instant::now)).await }, if pause.is_some() => {
                    // It could not be heard meanwhile.
                    self.deadlines.heard();
                }
                message = self.state.feed.next(), if hungry => {
                    if self.state.must_listen() {
                        // It could not be heard meanwhile.
                        self.deadlines.heard();
                    }
                    self.queue(message)?;
                    // What came with it shares the write.
                    while self.state.backlog.is_hungry() {
                        let Some(message) = self.state.feed.next().now_or_never() else { break };
                        self.queue(message)?;
                    }
                }
            }
        }
    }

    fn queue(&mut self, message: Result<Option<Message>, Lost>) -> Result<(), Count> {
        match message {
            Ok(Some(message)) => self.state.queue(&message),
            Ok(None) => {}
            Err(Lost::Router) => return Err(Count::EndRouter),
            Err(Lost::Behind) => return Err(Count::EndSlow),
        }
        Ok(())
    }

    /// Writes what there is room for, in pieces.
    async fn send(&mut self) -> Result<(), Count> {
        loop {
            while self.io.out.len() < MAX_WRITE && self.send_one() {}
            let more = self.io.out.len() >= MAX_WRITE;
            self.io.flush_unless_killed(&self.slot, self.deadlines.write()).await?;
            self.account();
            if !more {
                return Ok(());
            }
        }
    }

    /// Tells the edge when more than its share waits for this client.
    pub(super) fn account(&mut self) {
        let Self { edge, state, slot, is_over, .. } = self;
        let was_over = std::mem::replace(is_over, state.backlog.bytes() > SHARE_BYTES);
        if was_over || *is_over {
            edge.excess.set(state.number, state.backlog.bytes(), slot);
        }
    }

    /// Whether there was something to write, and room for it.
    fn send_one(&mut self) -> bool {
        let Self { edge, io, state, .. } = self;
        let version = io.version;
        let room = state.flight.has_room(self.in_flight);
        if state.flight.has_old() {
            if room {
                state.flight.repeat(&mut io.out, version);
            }
            return room;
        }
        let Some(message) = state.backlog.first() else { return false };
        if message.qos > 0 && !room {
            return false;
        }
        let dropped = if is_expired(message.expires) {
            Some(Count::DroppedExpired)
        } else if message.outgoing(version, 1, false).size(version) > self.maximum_packet {
            Some(Count::DroppedTooLarge)
        } else {
            None
        };
        let Some(message) = state.backlog.pop() else { return false };
        if let Some(why) = dropped {
            edge.counters.one(why);
            return true;
        }
        edge.counters.one(Count::MessagesOut);
        match message.qos {
            0 => codec::write_publish(&mut io.out, version, &message.outgoing(version, 0, false)),
            _ => state.flight.send(message, &mut io.out, version),
        }
        true
    }

    async fn hear(&mut self) -> Result<(), Count> {
        let bytes = std::mem::take(&mut self.io.read);
        let (mut used, mut packets) = (0, 0);
        while let Some((packet, length)) =
            codec::decode(&bytes[used..], self.edge.limits.packet_bytes, self.io.version).map_err(end_of)?
        {
            used += length;
            packets += 1;
            self.take(packet).await?;
        }
        self.io.read = bytes;
        if used > 0 {
            self.io.read.advance(used);
            self.deadlines.heard();
            self.rate.took(packets, used);
            if self.rate.pause().is_some() {
                self.edge.counters.one(Count::SlowedIntegration);
            }
        }
        Ok(())
    }

    async fn take(&mut self, packet: Packet<'_>) -> Result<(), Count> {
        let version = self.io.version;
        match packet {
            Packet::Publish(publish) => self.take_publish(&publish).await?,
            Packet::Ack { ack, id, reason } => self.take_ack(ack, id, reason),
            Packet::Subscribe { id, filters, identifier } => {
                self.state.feed.listen();
                self.take_subscribe(id, filters, identifier)?;
            }
            Packet::Unsubscribe { id, filters } => {
                let subscriptions = &mut self.state.subscriptions;
                let remove = |(filter, _)| if subscriptions.remove(filter) { SUCCESS } else { NO_SUBSCRIPTION };
                let codes: Vec<u8> = filters.map(remove).collect();
                codec::write_unsuback(&mut self.io.out, version, id, &codes);
            }
            Packet::PingReq => codec::write_pingresp(&mut self.io.out),
            Packet::Disconnect { reason, session_expiry } => {
                if session_expiry.is_some_and(|seconds| seconds > 0) && !self.lasting {
                    return Err(Count::EndProtocol);
                }
                let session_expiry = session_expiry.map(|seconds| Duration::from_secs(seconds.into()));
                self.left = Left { with_will: reason != 0, session_expiry };
                return Err(Count::EndGoodbye);
            }
            Packet::Connect(_) => return Err(Count::EndProtocol),
        }
        Ok(())
    }

    async fn take_publish(&mut self, publish: &Publish<'_>) -> Result<(), Count> {
        let version = self.io.version;
        match publish.qos {
            0 => {
                self.said(publish).await?;
            }
            1 => {
                let reason = self.said(publish).await?;
                codec::write_ack(&mut self.io.out, version, Ack::PubAck, publish.id, reason);
            }
            _ => {
                let mut reason = SUCCESS;
                // One that is known came again: it was taken already.
                if !self.state.received.contains(&publish.id) {
                    if self.state.received.len() >= self.edge.limits.receive_maximum.into() {
                        return Err(Count::EndReceiveMaximum);
                    }
                    reason = self.said(publish).await?;
                    // A refusal of MQTT 5 ends the exchange; MQTT 3.1.1 cannot be told, and goes on.
                    if reason == SUCCESS || version == Version::V4 {
                        self.state.received.insert(publish.id);
                    }
                }
                codec::write_ack(&mut self.io.out, version, Ack::PubRec, publish.id, reason);
            }
        }
        Ok(())
    }

    fn take_ack(&mut self, ack: Ack, id: u16, reason: u8) {
        let (version, state) = (self.io.version, &mut self.state);
        let answer = match ack {
            Ack::PubAck => return state.flight.acknowledged(id),
            Ack::PubComp => return state.flight.completed(id),
            Ack::PubRec if state.flight.received(id, reason >= codec::REFUSED) => (Ack::PubRel, SUCCESS),
            Ack::PubRec if reason >= codec::REFUSED => return,
            Ack::PubRec => (Ack::PubRel, UNKNOWN_ID),
            Ack::PubRel => (Ack::PubComp, if state.received.remove(&id) { SUCCESS } else { UNKNOWN_ID }),
        };
        codec::write_ack(&mut self.io.out, version, answer.0, id, answer.1);
    }

    /// The reason to acknowledge it with.
    async fn said(&mut self, publish: &Publish<'_>) -> Result<u8, Count> {
        let edge = self.edge;
        edge.counters.one(Count::MessagesIn);
        let asked = acl::integration_command(&self.credential, &edge.credentials.borrow(), publish);
        if let Some(asked) = asked {
            return command::take(edge, &self.slot, &self.user, asked).await;
        }
        let refused = acl::integration_publish(&self.credential, &edge.credentials.borrow(), publish);
        if let Err(refused) = refused {
            edge.publish_refused(refused, Subject::Integration(self.user.clone()), publish.retain);
            return Ok(NOT_AUTHORIZED);
        }
        edge.retain(&self.owner, publish);
        if edge.announcer.is_birth(publish) {
            // It hears what is retained all the same: with the hub behind, this need not wait for it.
            let _behind = edge.inbox.try_send(EdgeEvent::HomeAssistantStarted);
        }
        // Unlike a board, an integration waits for a full router: it gets no acknowledgement until its message is in.
        let give_up = Instant::now() + edge.limits.write_deadline;
        while edge.fanout.publish(self.state.number, publish).is_err() {
            if Instant::now() >= give_up {
                edge.counters.one(Count::DroppedRouter);
                return Ok(QUOTA_EXCEEDED);
            }
            tokio::select! {
                biased;
                () = self.slot.kill.cancelled() => return Err(self.slot.why()),
                () = sleep_until(Instant::now() + ROUTER_PAUSE) => {}
            }
        }
        Ok(SUCCESS)
    }
}

/// How a connection ends on which such bytes came.
fn end_of(why: Malformed) -> Count {
    match why {
        Malformed::Protocol => Count::EndProtocol,
        Malformed::Alias => Count::EndAlias,
        Malformed::TooLarge => Count::EndTooLarge,
        Malformed::Field | Malformed::Kind | Malformed::Level(_) => Count::EndMalformed,
    }
}
