//! As much of an MQTT 3.1.1 client as the tests need.

use crate::world::{secret, soon};
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// TCP unless the test says otherwise.
pub(crate) struct Client<S = TcpStream> {
    pub(crate) stream: S,
}

/// A packet from the gateway.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) first: u8,
    pub(crate) body: Vec<u8>,
}

/// A PUBLISH from the gateway.
#[derive(Debug, PartialEq, Eq, Clone, PartialOrd, Ord)]
pub(crate) struct Message {
    pub(crate) topic: String,
    pub(crate) payload: String,
    pub(crate) qos: u8,
    pub(crate) retain: bool,
    pub(crate) id: u16,
}

impl Packet {
    /// As the PUBLISH that it has to be.
    pub(crate) fn message(&self) -> Message {
        assert_eq!(self.first & 0xf8, 0x30, "{self:?}");
        let qos = self.first >> 1 & 3;
        let (length, rest) = self.body.split_first_chunk::<2>().unwrap();
        let (topic, rest) = rest.split_at(usize::from(u16::from_be_bytes(*length)));
        let (id, payload) = if qos > 0 { rest.split_at(2) } else { (&[0, 0][..], rest) };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let id = u16::from_be_bytes([id[0], id[1]]);
        Message { topic: text(topic), payload: text(payload), qos, retain: self.first & 1 != 0, id }
    }
}

pub(crate) fn field(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = bytes.as_ref();
    [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
}

pub(crate) fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let (mut out, mut length) = (vec![first], body.len());
    loop {
        let more = length >> 7;
        out.push((length & 0x7f) as u8 | if more > 0 { 0x80 } else { 0 });
        length = more;
        if length == 0 {
            break;
        }
    }
    out.extend(body);
    out
}

pub(crate) struct Login<'a> {
    pub(crate) level: u8,
    pub(crate) id: &'a str,
    pub(crate) user: Option<&'a str>,
    pub(crate) password: Option<String>,
    pub(crate) keep_alive: u16,
    /// Topic, payload, retained.
    pub(crate) will: Option<(&'a str, &'a str, bool)>,
}

impl<'a> Login<'a> {
    pub(crate) fn of(user: &'a str) -> Self {
        Self { level: 4, id: user, user: Some(user), password: Some(secret(user)), keep_alive: 10, will: None }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut flags = 2;
        let mut payload = field(self.id);
        if let Some((topic, message, retain)) = self.will {
            flags |= 0x0c | if retain { 0x20 } else { 0 };
            payload.extend([field(topic), field(message)].concat());
        }
        if let Some(user) = self.user {
            flags |= 0x80;
            payload.extend(field(user));
        }
        if let Some(password) = &self.password {
            flags |= 0x40;
            payload.extend(field(password));
        }
        let [high, low] = self.keep_alive.to_be_bytes();
        packet(0x10, &[&field("MQTT")[..], &[self.level, flags, high, low], &payload].concat())
    }
}

pub(crate) fn publish(topic: &str, payload: &str, qos: u8, retain: bool, id: u16) -> Vec<u8> {
    let mut body = field(topic);
    if qos > 0 {
        body.extend(id.to_be_bytes());
    }
    body.extend(payload.as_bytes());
    packet(0x30 | qos << 1 | u8::from(retain), &body)
}

pub(crate) fn subscribe(filters: &[(&str, u8)]) -> Vec<u8> {
    let filters = filters.iter().flat_map(|(filter, qos)| [field(filter), vec![*qos]].concat());
    packet(0x82, &[0, 9].into_iter().chain(filters).collect::<Vec<_>>())
}

impl Client {
    pub(crate) async fn open(at: SocketAddr) -> Self {
        let stream = TcpStream::connect(at).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream }
    }

    /// The code of the CONNACK; none when the gateway hung up without one.
    pub(crate) async fn try_login(at: SocketAddr, login: &Login<'_>) -> (Self, Option<u8>) {
        let mut client = Self::open(at).await;
        let code = client.try_greet(login).await;
        (client, code)
    }

    pub(crate) async fn login(at: SocketAddr, user: &str) -> Self {
        let (client, code) = Self::try_login(at, &Login::of(user)).await;
        assert_eq!(code, Some(0));
        client
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// The code of the CONNACK; none when the gateway hung up without one.
    pub(crate) async fn try_greet(&mut self, login: &Login<'_>) -> Option<u8> {
        self.send(&login.bytes()).await;
        let answer = self.try_read().await?;
        assert_eq!((answer.first, answer.body[0]), (0x20, 0));
        Some(answer.body[1])
    }

    /// An error is of no interest: what comes back, or does not, tells.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// The next packet; none when the gateway closed the connection.
    pub(crate) async fn try_read(&mut self) -> Option<Packet> {
        soon("a packet", async {
            let first = self.stream.read_u8().await.ok()?;
            let (mut length, mut shift) = (0, 0);
            loop {
                let byte = self.stream.read_u8().await.ok()?;
                length |= usize::from(byte & 0x7f) << shift;
                shift += 7;
                if byte & 0x80 == 0 {
                    break;
                }
            }
            let mut body = vec![0; length];
            self.stream.read_exact(&mut body).await.ok()?;
            Some(Packet { first, body })
        })
        .await
    }

    pub(crate) async fn read(&mut self) -> Packet {
        self.try_read().await.expect("the gateway closed the connection")
    }

    pub(crate) async fn closed(&mut self) {
        assert_eq!(self.try_read().await, None);
    }

    pub(crate) async fn message(&mut self) -> Message {
        self.read().await.message()
    }

    /// Publishes at QoS 1 and waits for the acknowledgement.
    pub(crate) async fn publish(&mut self, topic: &str, payload: &str, retain: bool) {
        self.send(&publish(topic, payload, 1, retain, 0x0102)).await;
        assert_eq!(self.read().await, Packet { first: 0x40, body: vec![1, 2] });
    }

    /// Subscribes and gives the codes back.
    pub(crate) async fn subscribe(&mut self, filters: &[(&str, u8)]) -> Vec<u8> {
        self.send(&subscribe(filters)).await;
        let answer = self.read().await;
        assert_eq!((answer.first, &answer.body[..2]), (0x90, &[0, 9][..]));
        answer.body[2..].to_vec()
    }

    /// Pings and waits for the answer: all that was sent before has been taken.
    pub(crate) async fn ping(&mut self) {
        self.send(&[0xc0, 0]).await;
        assert_eq!(self.read().await, Packet { first: 0xd0, body: vec![] });
    }

    pub(crate) async fn acknowledge(&mut self, id: u16) {
        self.send(&packet(0x40, &id.to_be_bytes())).await;
    }
}
