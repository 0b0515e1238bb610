//! As much of an MQTT 5 client as the tests need.

use crate::client::{Client, Packet, field, packet};
use crate::world::secret;
use std::net::SocketAddr;

pub(crate) struct Login5<'a> {
    pub(crate) id: &'a str,
    pub(crate) user: &'a str,
    pub(crate) password: String,
    pub(crate) clean: bool,
    pub(crate) keep_alive: u16,
    pub(crate) properties: Vec<u8>,
    /// Properties, topic, payload.
    pub(crate) will: Option<(Vec<u8>, &'a str, &'a str)>,
}

/// Session expiry, in seconds.
pub(crate) fn session_expiry(seconds: u32) -> Vec<u8> {
    [&[0x11][..], &seconds.to_be_bytes()].concat()
}

/// Message expiry, in seconds.
pub(crate) fn message_expiry(seconds: u32) -> Vec<u8> {
    [&[0x02][..], &seconds.to_be_bytes()].concat()
}

/// Will delay, in seconds.
pub(crate) fn will_delay(seconds: u32) -> Vec<u8> {
    [&[0x18][..], &seconds.to_be_bytes()].concat()
}

fn section(properties: &[u8]) -> Vec<u8> {
    assert!(properties.len() < 128);
    [&[properties.len() as u8], properties].concat()
}

impl<'a> Login5<'a> {
    pub(crate) fn of(user: &'a str) -> Self {
        let password = secret(user);
        Self { id: user, user, password, clean: true, keep_alive: 10, properties: vec![], will: None }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut flags = 0xc0 | if self.clean { 2 } else { 0 };
        let mut payload = [section(&self.properties), field(self.id)].concat();
        if let Some((properties, topic, message)) = &self.will {
            flags |= 0x0c;
            payload.extend([section(properties), field(topic), field(message)].concat());
        }
        payload.extend([field(self.user), field(&self.password)].concat());
        let [high, low] = self.keep_alive.to_be_bytes();
        packet(0x10, &[&field("MQTT")[..], &[5, flags, high, low], &payload].concat())
    }
}

/// A CONNACK.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) present: bool,
    pub(crate) code: u8,
    pub(crate) properties: Vec<u8>,
}

/// A PUBLISH from the gateway.
#[derive(Debug, PartialEq, Eq, Clone, Default)]
pub(crate) struct Message5 {
    pub(crate) topic: String,
    pub(crate) payload: String,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    pub(crate) duplicate: bool,
    pub(crate) id: u16,
    pub(crate) properties: Vec<u8>,
}

impl Message5 {
    pub(crate) fn of(packet: Packet) -> Self {
        let Packet { first, body } = packet;
        assert_eq!(first & 0xf0, 0x30, "{first:#x} {body:?}");
        let qos = first >> 1 & 3;
        let (length, rest) = body.split_first_chunk::<2>().unwrap();
        let (topic, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)));
        let (id, rest) = if qos > 0 { rest.split_at(2) } else { (&[0, 0][..], rest) };
        let (properties, payload) = rest[1..].split_at(rest[0].into());
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self {
            topic: text(topic),
            payload: text(payload),
            qos,
            retain: first & 1 != 0,
            duplicate: first & 8 != 0,
            id: u16::from_be_bytes([id[0], id[1]]),
            properties: properties.to_vec(),
        }
    }
}

pub(crate) fn publish5(topic: &str, payload: &str, qos: u8, retain: bool, id: u16, properties: &[u8]) -> Vec<u8> {
    let mut body = field(topic);
    if qos > 0 {
        body.extend(id.to_be_bytes());
    }
    body.extend(section(properties));
    body.extend(payload.as_bytes());
    packet(0x30 | qos << 1 | u8::from(retain), &body)
}

impl Client {
    pub(crate) async fn try_login5(at: SocketAddr, login: &Login5<'_>) -> (Self, Accepted) {
        let mut client = Self::open(at).await;
        client.send(&login.bytes()).await;
        let Packet { first, body } = client.read().await;
        assert_eq!((first, usize::from(body[2])), (0x20, body.len() - 3));
        let accepted = Accepted { present: body[0] == 1, code: body[1], properties: body[3..].to_vec() };
        (client, accepted)
    }

    pub(crate) async fn login5(at: SocketAddr, user: &str) -> Self {
        let (client, accepted) = Self::try_login5(at, &Login5::of(user)).await;
        assert_eq!(accepted.code, 0);
        client
    }

    /// Subscribes with option bytes and gives the codes back.
    pub(crate) async fn subscribe5(&mut self, filters: &[(&str, u8)], properties: &[u8]) -> Vec<u8> {
        let filters = filters.iter().flat_map(|(filter, options)| [field(filter), vec![*options]].concat());
        let filters: Vec<u8> = filters.collect();
        self.send(&packet(0x82, &[&[0, 9][..], &section(properties), &filters].concat())).await;
        let answer = self.read().await;
        assert_eq!((answer.first, &answer.body[..3]), (0x90, &[0, 9, 0][..]));
        answer.body[3..].to_vec()
    }

    /// Publishes and gives the acknowledgement back.
    pub(crate) async fn publish5(&mut self, topic: &str, payload: &str, retain: bool, properties: &[u8]) -> u8 {
        self.send(&publish5(topic, payload, 1, retain, 0x0102, properties)).await;
        let answer = self.read().await;
        assert_eq!((answer.first, &answer.body[..2]), (0x40, &[1, 2][..]));
        answer.body.get(2).copied().unwrap_or_default()
    }

    pub(crate) async fn message5(&mut self) -> Message5 {
        Message5::of(self.read().await)
    }

    /// The reason of the DISCONNECT that ends the connection.
    pub(crate) async fn dismissed(&mut self) -> u8 {
        let Packet { first, body } = self.read().await;
        assert_eq!((first, body.len()), (0xe0, 1), "{body:?}");
        self.closed().await;
        body[0]
    }

    /// Leaves with a goodbye, and waits until the gateway has closed the connection too.
    pub(crate) async fn leave5(mut self, reason: u8, properties: &[u8]) {
        self.send(&packet(0xe0, &[&[reason][..], &section(properties)].concat())).await;
        self.closed().await;
    }
}
