//! A board that a test plays itself, so that it can lie.

use crate::board::Wiring;
use crate::client::Client;
use crate::wait::{PATIENCE, within};
use bytes::{Bytes, BytesMut};
use gatehouse_core::command::{BoardSession, OrderId, Reason};
use gatehouse_core::device::{BoardState, Cause, Refusal, Report};
use gatehouse_core::name::{BoardId, Endpoint};
use gatehouse_wire::homie::board::{self, WILL};
use gatehouse_wire::homie::topic::{SystemProperty, Topic};
use rumqttc::mqttbytes::v4::{
    Connect, ConnectReturnCode, LastWill, Packet, PingReq, PubAck, Publish, Subscribe, SubscribeReasonCode,
};
use rumqttc::mqttbytes::{Error, QoS};
use std::num::NonZeroU32;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

const KEEP_ALIVE_SECONDS: u16 = 10;
const MAX_PACKET: usize = 64 * 1024;

/// An order that came.
#[derive(Clone, Debug)]
pub struct Order {
    /// Its name.
    pub id: OrderId,
    /// On this board's clock, milliseconds.
    pub deadline_ms: u64,
    /// Which relay.
    pub endpoint: Endpoint,
    /// What is asked.
    pub on: bool,
}

/// A board in a test's hands: it says what the test says, true or not.
#[derive(Debug)]
pub struct Impostor {
    wiring: Wiring,
    /// Looks on whether the gateway shows it.
    owner: Client,
    id: BoardId,
    link: Option<Link>,
    session: BoardSession,
    counter: u32,
    /// The chip id and the MAC address that it claims to have, if it says.
    claims: Option<(String, String)>,
    booted: Instant,
}

#[derive(Debug)]
struct Link {
    stream: TcpStream,
    read: BytesMut,
    packet_id: u16,
    /// Orders that came while something else was waited for.
    orders: std::collections::VecDeque<Publish>,
}

fn number(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("numbers on the wire begin at 1")
}

impl Impostor {
    pub(crate) fn new(wiring: Wiring, owner: Client) -> Self {
        let id = BoardId::new(&wiring.id).expect("it was registered under this id");
        Self {
            wiring,
            owner,
            id,
            link: None,
            session: BoardSession(number(1)),
            counter: 0,
            claims: None,
            booted: Instant::now(),
        }
    }

    /// Its id on the wire.
    pub fn id(&self) -> &BoardId {
        &self.id
    }

    /// The id of the switch of a relay, counted from 1.
    pub fn switch(&self, relay: usize) -> String {
        self.wiring.switches[relay - 1].clone()
    }

    /// The ids of all its switches.
    pub fn switches(&self) -> &[String] {
        &self.wiring.switches
    }

    /// The session it says it is in.
    pub fn session(&self) -> BoardSession {
        self.session
    }

    /// From the next connection on it says that it is this hardware; none: it does not say.
    pub fn claims(&mut self, hardware: Option<(&str, &str)>) {
        self.claims = hardware.map(|(chip, mac)| (chip.to_owned(), mac.to_owned()));
    }

    /// As [`Self::introduce`]. The gateway shows it as online when this returns: what people ask then does not overtake
    /// what the board said.
    pub async fn come_online(&mut self, session: u32) {
        let mut screen = self.owner.watch(self.switches()).await;
        // As they were, also those of a connection that this one takes the place of.
        screen.all(self.switches(), "the switches as they are", |_| true).await;
        self.introduce(session).await;
        screen.all(self.switches(), "the board should be online", |switch| switch.is_online()).await;
    }

    /// Connects and says all that a board says, with every relay off, in this session.
    pub async fn introduce(&mut self, session: u32) {
        self.connect().await;
        self.session = BoardSession(number(session));
        self.state(BoardState::Init).await;
        self.say(Topic::Description, board::description(self.id.as_str(), self.wiring.relays), true).await;
        if let Some((chip, mac)) = self.claims.clone() {
            self.say(Topic::System(SystemProperty::Mac), mac, true).await;
            self.say(Topic::System(SystemProperty::ChipId), chip, true).await;
        }
        self.say(Topic::Session, board::encode_session(self.session, self.uptime_ms()), false).await;
        for relay in 1..=self.wiring.relays {
            let report = self.report_of(relay, false, Cause::Boot, None);
            self.report(&report).await;
        }
        let command = Topic::Command.of(&self.id);
        assert!(self.subscribe(&command).await, "a board may hear its orders");
        self.state(BoardState::Ready).await;
    }

    /// Logs in, and says nothing.
    ///
    /// # Panics
    /// When it is not let in.
    pub async fn connect(&mut self) {
        let mut connect = Connect::new(self.id.as_str());
        connect.keep_alive = KEEP_ALIVE_SECONDS;
        let secret = std::fs::read_to_string(&self.wiring.secret_file).expect("the secret file");
        connect.set_login(self.id.as_str(), secret);
        connect.last_will = Some(LastWill::new(Topic::State.of(&self.id), WILL, QoS::AtLeastOnce, true));
        let stream = TcpStream::connect(self.wiring.gateway).await.expect("MQTT listens");
        stream.set_nodelay(true).expect("TCP_NODELAY");
        let mut link = Link { stream, read: BytesMut::new(), packet_id: 0, orders: Default::default() };
        let mut out = BytesMut::new();
        connect.write(&mut out).expect("a good CONNECT");
        link.stream.write_all(&out).await.expect("it takes the CONNECT");
        match link.next("CONNACK").await {
            Some(Packet::ConnAck(ack)) if ack.code == ConnectReturnCode::Success => self.link = Some(link),
            other => panic!("the board was not let in: {other:?}"),
        }
    }

    fn link(&mut self) -> &mut Link {
        self.link.as_mut().expect("it is connected")
    }

    /// Subscribes; whether that was granted.
    pub async fn subscribe(&mut self, filter: &str) -> bool {
        let link = self.link();
        let mut subscribe = Subscribe::new(filter, QoS::AtLeastOnce);
        subscribe.pkid = link.next_packet_id();
        let mut out = BytesMut::new();
        subscribe.write(&mut out).expect("a good SUBSCRIBE");
        link.stream.write_all(&out).await.expect("it takes the SUBSCRIBE");
        loop {
            if let Some(Packet::SubAck(ack)) = link.heard("SUBACK").await {
                return matches!(ack.return_codes.as_slice(), [SubscribeReasonCode::Success(_)]);
            }
        }
    }

    /// Says which state it is in.
    pub async fn state(&mut self, state: BoardState) {
        self.say(Topic::State, board::encode_state(state).to_owned(), true).await;
    }

    /// Publishes on one of its own topics, and waits until the gateway has taken it.
    pub async fn say(&mut self, topic: Topic, payload: String, retain: bool) {
        let topic = topic.of(&self.id);
        self.publish(&topic, payload.into_bytes(), retain).await;
    }

    /// Publishes anything anywhere, and waits until the gateway has acknowledged it.
    pub async fn publish(&mut self, topic: &str, payload: Vec<u8>, retain: bool) {
        let link = self.link();
        let mut publish = Publish::from_bytes(topic, QoS::AtLeastOnce, Bytes::from(payload));
        publish.pkid = link.next_packet_id();
        publish.retain = retain;
        let mut out = BytesMut::new();
        publish.write(&mut out).expect("a good PUBLISH");
        link.stream.write_all(&out).await.expect("it takes the PUBLISH");
        loop {
            match link.heard("PUBACK").await {
                Some(Packet::PubAck(ack)) if ack.pkid == publish.pkid => return,
                Some(_) => {}
                None => panic!("the gateway closed the connection on {topic}"),
            }
        }
    }

    /// Sends bytes as they are.
    pub async fn send_raw(&mut self, bytes: &[u8]) {
        self.link().stream.write_all(bytes).await.expect("it takes bytes");
    }

    /// The next order.
    ///
    /// # Panics
    /// When none comes.
    pub async fn order(&mut self) -> Order {
        let link = self.link();
        while link.orders.is_empty() {
            assert!(link.heard("an order").await.is_some(), "the gateway closed the connection");
        }
        let publish = link.orders.pop_front().expect("there is one");
        let command = board::parse_command(&publish.payload).expect("a good order");
        let on = command.on().expect("a relay's value");
        Order { id: command.id, deadline_ms: command.deadline_ms, endpoint: command.endpoint, on }
    }

    /// Pings, and waits for the answer: orders sent before have come by then.
    pub async fn ping(&mut self) {
        let link = self.link();
        let mut out = BytesMut::new();
        PingReq.write(&mut out).expect("a good PINGREQ");
        link.stream.write_all(&out).await.expect("it takes the PINGREQ");
        while !matches!(link.heard("PINGRESP").await, Some(Packet::PingResp)) {}
    }

    /// How many orders came that were not asked for yet.
    pub fn orders_waiting(&mut self) -> usize {
        self.link().orders.len()
    }

    /// Waits until the gateway closes the connection.
    pub async fn closed(&mut self) {
        let link = self.link();
        while link.heard("the end of the connection").await.is_some() {}
        self.link = None;
    }

    /// Closes the connection without a goodbye, and waits until it is seen to be gone: what is shown after it is of the next one.
    pub async fn vanish(&mut self) {
        let mut screen = self.owner.watch(self.switches()).await;
        self.link = None;
        screen.all(self.switches(), "the board should be gone", |switch| switch.availability == "OFFLINE").await;
    }

    /// Milliseconds since it booted.
    pub fn uptime_ms(&self) -> u64 {
        u64::try_from(self.booted.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// A report of this session with the next counter, not sent yet.
    pub fn report_of(&mut self, relay: usize, on: bool, cause: Cause, obeyed: Option<OrderId>) -> Report {
        self.counter += 1;
        let (counter, uptime_ms) = (number(self.counter), self.uptime_ms());
        Report { session: self.session, counter, uptime_ms, endpoint: Endpoint::relay(relay), on, cause, obeyed }
    }

    /// The report of a board that obeyed this order, not sent yet.
    pub fn obeyed(&mut self, order: &Order) -> Report {
        let relay = (1..=self.wiring.relays).find(|relay| Endpoint::relay(*relay) == order.endpoint);
        self.report_of(relay.expect("an order for a relay of its own"), order.on, Cause::Command, Some(order.id))
    }

    /// Sends a report.
    pub async fn report(&mut self, report: &Report) {
        self.say(Topic::Report, board::encode_report(report), false).await;
    }

    /// Refuses an order.
    pub async fn refuse(&mut self, order: &Order, reason: Reason) {
        let (uptime_ms, endpoint) = (self.uptime_ms(), order.endpoint.clone());
        let refusal = Refusal { order: order.id, uptime_ms, endpoint, reason };
        let payload = board::encode_refusal(&refusal).expect("a board's reason");
        self.say(Topic::Refusal, payload, false).await;
    }
}

impl Link {
    /// The next packet; none when the gateway closed the connection.
    async fn next(&mut self, what: &str) -> Option<Packet> {
        loop {
            match Packet::read(&mut self.read, MAX_PACKET) {
                Ok(packet) => return Some(packet),
                Err(Error::InsufficientBytes(_)) => {}
                Err(error) => panic!("the gateway sent what is no MQTT: {error:?}"),
            }
            match within(PATIENCE, what, self.stream.read_buf(&mut self.read)).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// As [`Self::next`]; an order is acknowledged and kept.
    async fn heard(&mut self, what: &str) -> Option<Packet> {
        let packet = self.next(what).await?;
        if let Packet::Publish(publish) = &packet {
            assert!(!publish.retain, "an order is never retained: {publish:?}");
            let mut out = BytesMut::new();
            PubAck::new(publish.pkid).write(&mut out).expect("a good PUBACK");
            // Who is cut off reads so next.
            let _cut_off = self.stream.write_all(&out).await;
            self.orders.push_back(publish.clone());
        }
        Some(packet)
    }

    fn next_packet_id(&mut self) -> u16 {
        self.packet_id = self.packet_id.checked_add(1).unwrap_or(1);
        self.packet_id
    }
}
