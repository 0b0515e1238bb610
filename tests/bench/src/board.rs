//! A light board: speaks the profile as the firmware does, byte for byte, without the weight of a process.

use crate::clock::Clock;
use crate::door::{Door, address_of};
use crate::mqtt::{Connect, LastWill, Mqtt};
use anyhow::Context;
use gatehouse_core::command::{BoardSession, OrderId, Reason};
use gatehouse_core::device::{BoardState, Cause, Refusal, Report};
use gatehouse_core::name::{BoardId, Endpoint};
use gatehouse_wire::homie::board::{self, WILL};
use gatehouse_wire::homie::topic::Topic;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Packet, Publish};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, interval_at};

/// Keep-alive of a native board, in seconds.
const KEEP_ALIVE: u16 = 10;
/// How often a silent board pings: well within its keep-alive.
const PING_EVERY: Duration = Duration::from_secs(5);

/// What is the same for every board of a fleet.
#[derive(Clone)]
pub(crate) struct Fleet {
    /// The broker.
    pub(crate) door: Door,
    /// Relays of each board.
    pub(crate) relays: usize,
    /// Says every movement the Homie way too, as the firmware does: `$target` and value behind `$report`.
    pub(crate) homie_values: bool,
    /// The generator's clock.
    pub(crate) clock: Clock,
}

/// Id of the board with this number, from 0.
pub(crate) fn id_of(number: usize) -> anyhow::Result<BoardId> {
    BoardId::new(&format!("bench-{number:04}")).map_err(|error| anyhow::anyhow!("{error}"))
}

/// Secret of that board: the bench's own boards only, on loopback only.
pub(crate) fn secret_of(number: usize) -> String {
    format!("bench-secret-{number:04}")
}

/// Session of that board: fixed, so that a client without a gateway can name it.
pub(crate) fn session_of(number: usize) -> BoardSession {
    BoardSession(NonZeroU32::MIN.saturating_add(number as u32))
}

/// When each relay of a board moved last, in nanoseconds of the [`Clock`].
pub(crate) type Moved = Box<[AtomicU64]>;

/// One board on its connection.
pub(crate) struct Board<'a> {
    fleet: Fleet,
    id: BoardId,
    session: BoardSession,
    mqtt: Mqtt,
    moved: &'a [AtomicU64],
    relays: Vec<Relay>,
    last_seq: u32,
    counter: u32,
}

struct Relay {
    endpoint: Endpoint,
    on: bool,
    obeyed: Option<OrderId>,
    value_topic: String,
    target_topic: String,
}

impl<'a> Board<'a> {
    /// Logs in and says all that a board says before it is ready, and that it is.
    pub(crate) async fn start(fleet: Fleet, number: usize, moved: &'a [AtomicU64]) -> anyhow::Result<Self> {
        let id = id_of(number)?;
        let mut connect = Connect::new(id.as_str());
        connect.keep_alive = KEEP_ALIVE;
        connect.set_login(id.as_str(), secret_of(number));
        connect.last_will = Some(LastWill::new(Topic::State.of(&id), WILL, QoS::AtLeastOnce, true));
        let mqtt = Mqtt::connect(&fleet.door, address_of(number), &connect).await?;
        let relays = (1..=fleet.relays).map(|relay| {
            let endpoint = Endpoint::relay(relay);
            let value_topic = Topic::Property(endpoint.clone()).of(&id);
            let target_topic = Topic::Target(endpoint.clone()).of(&id);
            Relay { endpoint, on: false, obeyed: None, value_topic, target_topic }
        });
        let relays = relays.collect();
        let mut board = Self { fleet, id, session: session_of(number), mqtt, moved, relays, last_seq: 0, counter: 0 };
        board.announce().await.with_context(|| format!("board {number} did not get ready"))?;
        Ok(board)
    }

    async fn announce(&mut self) -> anyhow::Result<()> {
        let say = |topic: Topic| topic.of(&self.id);
        let description = board::description(self.id.as_str(), self.fleet.relays);
        self.mqtt.publish(&say(Topic::State), board::encode_state(BoardState::Init).to_owned(), true)?;
        self.mqtt.publish(&say(Topic::Description), description, true)?;
        let session = board::encode_session(self.session, self.uptime_ms());
        self.mqtt.publish(&say(Topic::Session), session, false)?;
        for relay in 0..self.relays.len() {
            self.report(relay, Cause::Boot)?;
        }
        self.mqtt.subscribe(&Topic::Command.of(&self.id)).await?;
        let ready = board::encode_state(BoardState::Ready).to_owned();
        let ready = self.mqtt.publish(&Topic::State.of(&self.id), ready, true)?;
        self.mqtt.flush().await?;
        loop {
            if matches!(self.mqtt.next().await?, Packet::PubAck(ack) if ack.pkid == ready) {
                return Ok(());
            }
        }
    }

    /// Obeys until `stop`; the wall button of a relay, counted from 0, is pressed through `buttons`.
    pub(crate) async fn run(
        mut self,
        mut buttons: mpsc::Receiver<usize>,
        mut stop: oneshot::Receiver<()>,
    ) -> anyhow::Result<()> {
        let mut ping = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
        loop {
            tokio::select! {
                packet = self.mqtt.next() => {
                    self.take(packet?)?;
                    while let Some(packet) = self.mqtt.buffered()? {
                        self.take(packet)?;
                    }
                }
                Some(relay) = buttons.recv() => {
                    self.relays[relay].on = !self.relays[relay].on;
                    self.report(relay, Cause::Button)?;
                }
                _ = ping.tick() => self.mqtt.ping()?,
                _ = &mut stop => return Ok(()),
            }
            self.mqtt.flush().await?;
        }
    }

    fn take(&mut self, packet: Packet) -> anyhow::Result<()> {
        let Packet::Publish(publish) = packet else { return Ok(()) };
        self.mqtt.acknowledge(&publish)?;
        if publish.retain {
            return Ok(());
        }
        self.obey(&publish)
    }

    fn obey(&mut self, publish: &Publish) -> anyhow::Result<()> {
        let command = board::parse_command(&publish.payload).map_err(|error| anyhow::anyhow!("{error}"))?;
        let late = command.deadline_ms <= self.uptime_ms();
        if command.id.session != self.session || command.id.seq.get() <= self.last_seq || late {
            return self.refuse(command.id, command.endpoint, Reason::Stale);
        }
        self.last_seq = command.id.seq.get();
        let Some(relay) = self.relays.iter().position(|relay| relay.endpoint == command.endpoint) else {
            return self.refuse(command.id, command.endpoint, Reason::UnknownEndpoint);
        };
        let Some(on) = command.on() else {
            return self.refuse(command.id, command.endpoint, Reason::BadValue);
        };
        self.relays[relay].on = on;
        self.relays[relay].obeyed = Some(command.id);
        self.report(relay, Cause::Command)
    }

    /// The relay moved, and the board says so in its next write.
    fn report(&mut self, relay: usize, cause: Cause) -> anyhow::Result<()> {
        self.counter += 1;
        let uptime_ms = self.uptime_ms();
        self.moved[relay].store(self.fleet.clock.ns(), Ordering::Release);
        let Relay { endpoint, on, obeyed, value_topic, target_topic } = &self.relays[relay];
        let counter = NonZeroU32::new(self.counter).context("the report counter wrapped")?;
        let endpoint = endpoint.clone();
        let report = Report { session: self.session, counter, uptime_ms, endpoint, on: *on, cause, obeyed: *obeyed };
        self.mqtt.publish(&Topic::Report.of(&self.id), board::encode_report(&report), false)?;
        if self.fleet.homie_values {
            self.mqtt.publish(target_topic, on.to_string(), true)?;
            self.mqtt.publish(value_topic, on.to_string(), true)?;
        }
        Ok(())
    }

    fn refuse(&mut self, order: OrderId, endpoint: Endpoint, reason: Reason) -> anyhow::Result<()> {
        let refusal = Refusal { order, uptime_ms: self.uptime_ms(), endpoint, reason };
        let payload = board::encode_refusal(&refusal).context("a board does not give that reason")?;
        self.mqtt.publish(&Topic::Refusal.of(&self.id), payload, false)?;
        Ok(())
    }

    fn uptime_ms(&self) -> u64 {
        self.fleet.clock.ns() / 1_000_000
    }
}
