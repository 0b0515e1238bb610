//! One MQTT 3.1.1 connection of the generator: the same for boards and clients, gateway and mosquitto.

use crate::door::{Door, Stream};
use anyhow::{Context, bail};
use bytes::{Bytes, BytesMut};
use rumqttc::mqttbytes::v4::{ConnectReturnCode, Packet, PingReq, PubAck, Publish, Subscribe, SubscribeReasonCode};
use rumqttc::mqttbytes::{Error, QoS};
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

pub(crate) use rumqttc::mqttbytes::v4::{Connect, LastWill};

/// Longest packet taken, in bytes.
const MAX_PACKET: usize = 64 * 1024;
/// How long a broker may take to answer CONNECT or SUBSCRIBE.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A kept connection: TCP_NODELAY, QoS 1, everything of one turn in one write.
pub(crate) struct Mqtt {
    stream: Box<dyn Stream>,
    inbox: BytesMut,
    outbox: BytesMut,
    packet_id: u16,
}

impl Mqtt {
    /// Logs in, from a loopback address.
    pub(crate) async fn connect(door: &Door, from: Ipv4Addr, connect: &Connect) -> anyhow::Result<Self> {
        let stream = door.open(from).await?;
        let (inbox, outbox) = (BytesMut::with_capacity(8 * 1024), BytesMut::with_capacity(1024));
        let mut connection = Self { stream, inbox, outbox, packet_id: 0 };
        connect.write(&mut connection.outbox)?;
        connection.flush().await?;
        match timeout(TIMEOUT, connection.next()).await.context("no CONNACK in time")?? {
            Packet::ConnAck(ack) if ack.code == ConnectReturnCode::Success => Ok(connection),
            other => bail!("{} was not let in: {other:?}", connect.client_id),
        }
    }

    /// Subscribes at QoS 1 and waits until that is granted; whatever else comes in the meantime is lost.
    pub(crate) async fn subscribe(&mut self, filter: &str) -> anyhow::Result<()> {
        let mut subscribe = Subscribe::new(filter, QoS::AtLeastOnce);
        subscribe.pkid = self.next_packet_id();
        subscribe.write(&mut self.outbox)?;
        self.flush().await?;
        let granted = async {
            loop {
                if let Packet::SubAck(ack) = self.next().await? {
                    return anyhow::Ok(ack.return_codes);
                }
            }
        };
        match timeout(TIMEOUT, granted).await.context("no SUBACK in time")??.as_slice() {
            [SubscribeReasonCode::Success(QoS::AtLeastOnce)] => Ok(()),
            refused => bail!("subscribing to {filter} was answered with {refused:?}"),
        }
    }

    /// Puts a QoS 1 message into the next write; its packet id.
    pub(crate) fn publish(&mut self, topic: &str, payload: String, retain: bool) -> anyhow::Result<u16> {
        let mut publish = Publish::from_bytes(topic, QoS::AtLeastOnce, Bytes::from(payload));
        publish.pkid = self.next_packet_id();
        publish.retain = retain;
        publish.write(&mut self.outbox)?;
        Ok(publish.pkid)
    }

    /// Puts the acknowledgement of a QoS 1 message into the next write.
    pub(crate) fn acknowledge(&mut self, publish: &Publish) -> anyhow::Result<()> {
        if publish.qos == QoS::AtLeastOnce {
            PubAck::new(publish.pkid).write(&mut self.outbox)?;
        }
        Ok(())
    }

    /// Puts a PINGREQ into the next write.
    pub(crate) fn ping(&mut self) -> anyhow::Result<()> {
        PingReq.write(&mut self.outbox)?;
        Ok(())
    }

    /// Writes what was put in.
    pub(crate) async fn flush(&mut self) -> anyhow::Result<()> {
        if !self.outbox.is_empty() {
            self.stream.write_all(&self.outbox).await?;
            // TCP has nothing to flush, TLS may.
            self.stream.flush().await?;
            self.outbox.clear();
        }
        Ok(())
    }

    /// The next packet; nothing is lost when the wait is given up.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Packet> {
        loop {
            if let Some(packet) = self.buffered()? {
                return Ok(packet);
            }
            if self.stream.read_buf(&mut self.inbox).await? == 0 {
                bail!("the broker closed the connection");
            }
        }
    }

    /// The next packet that has been read already.
    pub(crate) fn buffered(&mut self) -> anyhow::Result<Option<Packet>> {
        match Packet::read(&mut self.inbox, MAX_PACKET) {
            Ok(packet) => Ok(Some(packet)),
            Err(Error::InsufficientBytes(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn next_packet_id(&mut self) -> u16 {
        self.packet_id = self.packet_id.checked_add(1).unwrap_or(1);
        self.packet_id
    }
}
