//! A client that is no bottleneck: messages are encoded once, and what comes is counted, not understood.

use crate::door::{Door, Stream};
use crate::gateway::Login;
use anyhow::{Context, bail};
use bytes::{Buf, BytesMut};
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Connect, Publish, Subscribe};
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::time::timeout;

/// Bytes of a message's payload.
pub(crate) const PAYLOAD: usize = 64;
/// Seconds: longer than any round, so that nobody has to ping.
const KEEP_ALIVE: u16 = 600;
const TIMEOUT: Duration = Duration::from_secs(10);
const READ: usize = 64 * 1024;

/// Kinds of packet, as the upper half of their first byte.
const PUBLISH: u8 = 3;
const PUBACK: u8 = 4;

/// A connection that has logged in.
pub(crate) struct Raw {
    pub(crate) reader: Reader,
    pub(crate) writer: WriteHalf<Box<dyn Stream>>,
}

/// What comes.
pub(crate) struct Reader {
    stream: ReadHalf<Box<dyn Stream>>,
    bytes: BytesMut,
}

/// What a read has brought.
#[derive(Default)]
pub(crate) struct Heard {
    /// Messages.
    pub(crate) messages: usize,
    /// Acknowledgements of our own messages.
    pub(crate) acknowledged: usize,
    /// The acknowledgements that are due, ready to be sent.
    pub(crate) due: Vec<u8>,
}

impl Raw {
    /// Logs in, and subscribes to `filter` if there is one.
    pub(crate) async fn connect(
        door: &Door,
        id: &str,
        login: Option<&Login>,
        filter: Option<(&str, QoS)>,
    ) -> anyhow::Result<Self> {
        let mut connect = Connect::new(id);
        connect.keep_alive = KEEP_ALIVE;
        if let Some(Login { user, password }) = login {
            connect.set_login(user.clone(), password.clone());
        }
        let (stream, mut writer) = split(door.open(Ipv4Addr::LOCALHOST).await?);
        let mut reader = Reader { stream, bytes: BytesMut::with_capacity(READ) };
        let mut out = BytesMut::new();
        connect.write(&mut out)?;
        writer.write_all(&out).await?;
        writer.flush().await?;
        match &reader.answer(4).await.context("no CONNACK")?[..] {
            [0x20, 2, _, 0] => {}
            other => bail!("{id} was not let in: {other:?}"),
        }
        if let Some((filter, qos)) = filter {
            let mut subscribe = Subscribe::new(filter, qos);
            subscribe.pkid = 1;
            out.clear();
            subscribe.write(&mut out)?;
            writer.write_all(&out).await?;
            writer.flush().await?;
            match &reader.answer(5).await.context("no SUBACK")?[..] {
                [0x90, 3, 0, 1, granted] if *granted == qos as u8 => {}
                other => bail!("{id} may not subscribe to {filter}: {other:?}"),
            }
        }
        Ok(Self { reader, writer })
    }
}

impl Reader {
    async fn answer(&mut self, length: usize) -> anyhow::Result<BytesMut> {
        let whole = async {
            while self.bytes.len() < length {
                self.fill().await?;
            }
            anyhow::Ok(())
        };
        timeout(TIMEOUT, whole).await??;
        Ok(self.bytes.split_to(length))
    }

    async fn fill(&mut self) -> anyhow::Result<()> {
        self.bytes.reserve(READ);
        if self.stream.read_buf(&mut self.bytes).await? == 0 {
            bail!("the broker closed the connection");
        }
        Ok(())
    }

    /// Waits for something to come. Cancelling it loses nothing.
    pub(crate) async fn hear(&mut self) -> anyhow::Result<Heard> {
        self.fill().await?;
        let mut heard = Heard::default();
        let mut at = 0;
        while let Some((body, end)) = packet(&self.bytes[at..]) {
            let (first, packet) = (self.bytes[at], &self.bytes[at + body..at + end]);
            match first >> 4 {
                PUBLISH => {
                    heard.messages += 1;
                    if (first >> 1) & 3 == 1 {
                        let id = 2 + usize::from(u16::from_be_bytes([packet[0], packet[1]]));
                        heard.due.extend([PUBACK << 4, 2, packet[id], packet[id + 1]]);
                    }
                }
                PUBACK => heard.acknowledged += 1,
                kind => bail!("a packet of kind {kind} came"),
            }
            at += end;
        }
        self.bytes.advance(at);
        Ok(heard)
    }
}

/// Where the body of the first packet begins, and where it ends; none when it is not whole.
fn packet(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut length = 0;
    for at in 1..=4 {
        let byte = *bytes.get(at)?;
        length |= usize::from(byte & 0x7f) << (7 * (at - 1));
        if byte & 0x80 == 0 {
            let end = at + 1 + length;
            return (bytes.len() >= end).then_some((at + 1, end));
        }
    }
    None
}

/// A number of equal messages, encoded once.
pub(crate) struct Messages {
    bytes: Vec<u8>,
    each: usize,
    /// Where in each of them its id stands; none at QoS 0.
    id_at: Option<usize>,
    last_id: u16,
}

impl Messages {
    /// `count` messages to `topic`.
    pub(crate) fn new(topic: &str, qos: QoS, count: usize) -> anyhow::Result<Self> {
        let mut publish = Publish::new(topic, qos, vec![b'x'; PAYLOAD]);
        publish.pkid = 1;
        let mut one = BytesMut::new();
        publish.write(&mut one)?;
        let id_at = (qos != QoS::AtMostOnce).then(|| one.len() - PAYLOAD - 2);
        Ok(Self { bytes: one.repeat(count), each: one.len(), id_at, last_id: 0 })
    }

    /// Whether they are above QoS 0.
    pub(crate) fn are_acknowledged(&self) -> bool {
        self.id_at.is_some()
    }

    /// All of them, under ids that come next.
    pub(crate) fn next(&mut self) -> &[u8] {
        if let Some(id_at) = self.id_at {
            for message in self.bytes.chunks_exact_mut(self.each) {
                self.last_id = self.last_id.checked_add(1).unwrap_or(1);
                message[id_at..id_at + 2].copy_from_slice(&self.last_id.to_be_bytes());
            }
        }
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_again_with_ids_of_their_own() {
        let mut messages = Messages::new("bench/1", QoS::AtLeastOnce, 3).unwrap();
        assert_eq!(messages.next().len() % 3, 0);
        let bytes = messages.next().to_vec();
        let (mut at, mut ids) = (0, Vec::new());
        while let Some((body, end)) = packet(&bytes[at..]) {
            assert_eq!((bytes[at], &bytes[at + body..at + body + 9]), (0x32, &b"\0\x07bench/1"[..]));
            ids.push(bytes[at + body + 10]);
            at += end;
        }
        assert_eq!((at, ids), (bytes.len(), vec![4, 5, 6]));
        assert_eq!(packet(&bytes[..bytes.len() / 3 - 1]), None);
    }
}
