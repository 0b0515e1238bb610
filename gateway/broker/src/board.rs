//! A board's connection: what it says goes to the hub, orders for it come straight from there. No router between.

use crate::belief::Outlet;
use crate::codec::{self, Ack, Announced, Outgoing, Packet, Publish, Version};
use crate::connect::BoardLogin;
use crate::connection::{Deadlines, Io, Stream, Window};
use crate::counters::Count;
use crate::registry::{Client, OpenLink, Proof, Slot, ToBoard};
use crate::retained::Owner;
use crate::throttle::Rate;
use crate::{Edge, acl};
use bytes::Buf;
use futures_util::FutureExt;
use gatehouse_core::device::BoardEvent;
use gatehouse_core::ids::LinkId;
use gatehouse_core::name::BoardId;
use gatehouse_core::notice::Subject;
use gatehouse_wire::homie::topic::Topic;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// Where it is.
    pub(crate) address: IpAddr,
    /// Whether nobody on the way can read what is sent.
    pub(crate) private: bool,
}

/// Runs a board's connection from login to its last event.
pub(crate) async fn run<S: Stream>(
    edge: &Edge,
    mut io: Io<S>,
    login: BoardLogin,
    peer: Peer,
    stop: &CancellationToken,
) -> Count {
    let BoardLogin { id: board, device, secret, keep_alive, will } = login;
    let Peer { address, private } = peer;
    let mut entry = edge.registry.enter(Client::Board(board.clone()), Proof::Board { device, secret }, stop);
    entry.previous_gone().await;
    let slot = entry.slot.clone();
    let open = edge.registry.open(slot.link, board.clone(), private, edge.limits.orders_waiting);
    if let Err(refused) = edge.greet(&mut io, &slot, &Announced::default()).await {
        return refused;
    }
    edge.counters.one(Count::BoardLogin);
    let mut outlet = Outlet::new(edge, Owner::Board(board.as_str().into()), will, open.belief.clone());
    let address = Some(address);
    let event = BoardEvent::Connected { board: board.clone(), link: slot.link, address, secret, private };
    let end = if edge.inbox.send(event.into()).await.is_ok() {
        ask_neighbour(edge, &board, slot.link, peer.address);
        let mut session = Session::new(edge, io, slot.clone(), board.clone(), &mut outlet, keep_alive);
        // A defect must not leave the hub with a board that seems connected.
        AssertUnwindSafe(session.run(open)).catch_unwind().await.unwrap_or(Count::EndCrashed)
    } else {
        Count::EndStopped
    };
    tracing::debug!(%board, link = slot.link.0, end = end.reason(), "board's connection ended");
    outlet.end(end);
    // With the hub gone there is nobody left to tell.
    let _ = edge.inbox.send(BoardEvent::Disconnected { board, link: slot.link }.into()).await;
    end
}

/// Has it looked up, beside the connection, where a board's packets come from. This machine has no neighbour of its own.
fn ask_neighbour(edge: &Edge, board: &BoardId, link: LinkId, address: IpAddr) {
    let address = address.to_canonical();
    let Some(neighbours) = edge.neighbours.clone().filter(|_| !address.is_loopback()) else { return };
    let (board, inbox) = (board.clone(), edge.inbox.clone());
    edge.background.spawn(async move {
        let asked = tokio::task::spawn_blocking(move || neighbours(address)).await;
        if let Ok(Some(mac)) = asked {
            // With the hub gone there is nobody left to tell.
            let _ = inbox.send(BoardEvent::Neighbour { board, link, mac }.into()).await;
        }
    });
}

/// How long a board may be silent: one that pings at 0.75 of its keep-alive misses it by more than half.
fn silence(keep_alive: u16, longest: Duration) -> Duration {
    let asked = Duration::from_secs(keep_alive.into());
    let held = if asked.is_zero() { longest } else { asked.min(longest) };
    held * 7 / 5
}

struct Session<'a, 'b, S> {
    edge: &'a Edge,
    io: Io<S>,
    slot: Arc<Slot>,
    board: BoardId,
    outlet: &'b mut Outlet<'a>,
    command_topic: String,
    credential_topic: String,
    configure_topic: String,
    network_topic: String,
    deadlines: Deadlines,
    rate: Rate,
    window: Window,
    /// Kept between orders, so that writing one allocates nothing.
    topic: String,
    payload: String,
}

impl<'a, 'b, S: Stream> Session<'a, 'b, S> {
    fn new(
        edge: &'a Edge,
        io: Io<S>,
        slot: Arc<Slot>,
        board: BoardId,
        outlet: &'b mut Outlet<'a>,
        keep_alive: u16,
    ) -> Self {
        let limits = &edge.limits;
        Self {
            edge,
            io,
            slot,
            command_topic: Topic::Command.of(&board),
            credential_topic: Topic::Credential.of(&board),
            configure_topic: Topic::Configure.of(&board),
            network_topic: Topic::Network.of(&board),
            board,
            outlet,
            deadlines: Deadlines::new(limits, Some(silence(keep_alive, limits.board_keep_alive))),
            rate: Rate::new(limits.board_rate),
            window: Window::new(limits.in_flight),
            topic: String::new(),
            payload: String::new(),
        }
    }

    async fn run(&mut self, mut link: OpenLink) -> Count {
        match self.serve(&mut link).await {
            Ok(end) | Err(end) => end,
        }
    }

    async fn serve(&mut self, link: &mut OpenLink) -> Result<Count, Count> {
        let slot = self.slot.clone();
        let mut killed = pin!(slot.kill.cancelled());
        let mut timer = pin!(Deadlines::wait(self.deadlines.check(self.window.waiting_since())?));
        let mut messages: Vec<ToBoard> = Vec::new();
        // The client may have sent more behind its CONNECT.
        self.hear(link).await?;
        loop {
            self.send_waiting(link);
            self.io.flush_unless_killed(&slot, self.deadlines.write()).await?;
            let room = self.window.room();
            let pause = self.rate.pause();
            tokio::select! {
                biased;
                () = &mut killed => return Ok(slot.why()),
                () = &mut timer => timer.set(Deadlines::wait(self.deadlines.check(self.window.waiting_since())?)),
                _ = link.queue.recv_many(&mut messages, room), if room > 0 => {
                    for message in messages.drain(..) {
                        self.send(&message);
                    }
                }
                () = self.outlet.changed() => self.outlet.settle(),
                filled = self.io.fill(), if pause.is_none() => {
                    filled?;
                    self.hear(link).await?;
                }
                () = async { sleep_until(pause.unwrap_or_else(Instant::now)).await }, if pause.is_some() => {
                    // It could not be heard meanwhile.
                    self.deadlines.heard();
                }
            }
        }
    }

    /// All that waits already, so that it shares a write.
    fn send_waiting(&mut self, link: &mut OpenLink) {
        while self.window.room() > 0 {
            let Ok(message) = link.queue.try_recv() else { return };
            self.send(&message);
        }
    }

    fn send(&mut self, message: &ToBoard) {
        let count = match message {
            ToBoard::Order(order) => {
                gatehouse_wire::homie::write_command(order, &mut self.topic, &mut self.payload);
                Count::Orders
            }
            ToBoard::Secret(new) => {
                gatehouse_wire::homie::write_credential(new, &mut self.topic, &mut self.payload);
                Count::NewSecrets
            }
            ToBoard::Configure(order) => {
                gatehouse_wire::homie::write_configure(order, &mut self.topic, &mut self.payload);
                Count::ConfigOrders
            }
        };
        let id = self.window.send();
        let payload = self.payload.as_bytes();
        let publish = Outgoing { topic: &self.topic, payload, qos: 1, id, ..Outgoing::default() };
        codec::write_publish(&mut self.io.out, Version::V4, &publish);
        self.edge.counters.one(count);
        self.edge.counters.one(Count::MessagesOut);
    }

    /// Everything in the read buffer; the answers are written together.
    async fn hear(&mut self, link: &OpenLink) -> Result<(), Count> {
        let bytes = std::mem::take(&mut self.io.read);
        let (mut used, mut packets) = (0, 0);
        while let Some((packet, length)) = codec::decode(&bytes[used..], self.edge.limits.packet_bytes, Version::V4)
            .map_err(|_| Count::EndMalformed)?
        {
            used += length;
            packets += 1;
            self.take(packet, link).await?;
        }
        self.io.read = bytes;
        if used > 0 {
            self.io.read.advance(used);
            self.deadlines.heard();
            self.rate.took(packets, used);
            if self.rate.pause().is_some() {
                self.edge.counters.one(Count::SlowedBoard);
            }
        }
        Ok(())
    }

    async fn take(&mut self, packet: Packet<'_>, link: &OpenLink) -> Result<(), Count> {
        match packet {
            Packet::Publish(publish) => {
                if publish.qos == 2 {
                    return Err(Count::EndQos2);
                }
                self.said(&publish).await?;
                if publish.qos == 1 {
                    codec::write_ack(&mut self.io.out, Version::V4, Ack::PubAck, publish.id, 0);
                }
            }
            Packet::Ack { ack: Ack::PubAck, id, .. } => self.window.acknowledged(id),
            Packet::Subscribe { id, filters, .. } => {
                let codes: Vec<u8> = filters.map(|(filter, asked)| self.subscribe(filter, asked.qos, link)).collect();
                codec::write_suback(&mut self.io.out, Version::V4, id, &codes);
            }
            Packet::Unsubscribe { id, filters } => {
                for (filter, _) in filters {
                    self.listens(filter, false, link);
                }
                codec::write_unsuback(&mut self.io.out, Version::V4, id, &[]);
            }
            Packet::PingReq => codec::write_pingresp(&mut self.io.out),
            Packet::Disconnect { .. } => return Err(Count::EndGoodbye),
            // Nothing goes either way at QoS 2.
            Packet::Connect(_) | Packet::Ack { .. } => return Err(Count::EndMalformed),
        }
        Ok(())
    }

    fn subscribe(&self, filter: &str, qos: u8, link: &OpenLink) -> u8 {
        if !acl::board_subscribe(&self.board, filter) {
            self.edge.counters.one(Count::SubscribeRefused);
            return codec::REFUSED;
        }
        self.listens(filter, true, link);
        qos.min(1)
    }

    fn listens(&self, filter: &str, listens: bool, link: &OpenLink) {
        if filter == self.command_topic {
            link.listening.orders.store(listens, Ordering::Release);
        } else if filter == self.credential_topic {
            link.listening.secrets.store(listens, Ordering::Release);
        } else if filter == self.configure_topic {
            link.listening.configures.store(listens, Ordering::Release);
        } else if filter == self.network_topic {
            link.listening.networks.store(listens, Ordering::Release);
        }
    }

    async fn said(&mut self, publish: &Publish<'_>) -> Result<(), Count> {
        let counters = &self.edge.counters;
        counters.one(Count::MessagesIn);
        if let Err(refused) = acl::board_publish(&self.board, publish) {
            self.edge.publish_refused(refused, Subject::Board(self.board.clone()), publish.retain);
            return Ok(());
        }
        match gatehouse_wire::homie::decode(&self.board, publish.topic, publish.payload, publish.retain) {
            Ok(Some(said)) => {
                self.tell(BoardEvent::Said { board: self.board.clone(), link: self.slot.link, said }).await?;
            }
            Ok(None) => {}
            Err(bad) => {
                counters.one(bad.kind().into());
                tracing::debug!(board = %self.board, %bad, "message of a board dropped");
                return Ok(());
            }
        }
        self.outlet.share(publish);
        Ok(())
    }

    /// Waits for the hub when it is behind: this connection stops reading meanwhile, and nothing is dropped.
    async fn tell(&self, event: BoardEvent) -> Result<(), Count> {
        let event = match self.edge.inbox.try_send(event.into()) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Closed(_)) => return Err(Count::EndStopped),
            Err(TrySendError::Full(event)) => event,
        };
        tokio::select! {
            biased;
            () = self.slot.kill.cancelled() => Err(self.slot.why()),
            sent = self.edge.inbox.send(event) => sent.map_err(|_| Count::EndStopped),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mute_board_is_noticed_within_fifteen_seconds_whatever_it_asks() {
        let longest = Duration::from_secs(10);
        assert_eq!(silence(1, longest), Duration::from_millis(1_400));
        for keep_alive in [0, 10, 60, u16::MAX] {
            assert_eq!(silence(keep_alive, longest), Duration::from_secs(14), "{keep_alive}");
        }
    }
}
