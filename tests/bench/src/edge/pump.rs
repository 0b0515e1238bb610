//! How many messages a second go from publishers to subscribers, and how long one takes alone.

use super::raw::{Messages, Raw};
use crate::clock::Clock;
use crate::door::Door;
use crate::gateway::Login;
use crate::load::ROUND_TIMEOUT;
use anyhow::Context;
use futures_util::future::try_join_all;
use rumqttc::mqttbytes::QoS;
use std::cell::Cell;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::sync::Notify;
use tokio::time::timeout;

/// Publishers, and as many subscribers, where there are many.
pub(crate) const MANY: usize = 20;
/// Messages above QoS 0 that a publisher has unacknowledged at most.
const IN_FLIGHT: usize = 100;

/// Who hears whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One publisher, one subscriber.
    One,
    /// Many publishers, each with one subscriber of its own.
    Pairs,
    /// Many publishers, and as many subscribers that each hear all of them.
    All,
}

impl Shape {
    fn clients(self) -> usize {
        if self == Self::One { 1 } else { MANY }
    }

    /// Messages in one write, and messages of a flow that are on their way at most. Both brokers get all through so.
    fn batch_and_window(self) -> (usize, usize) {
        match self {
            Self::One => (50, 1_000),
            Self::Pairs => (10, 100),
            Self::All => (10, 1_000),
        }
    }
}

/// A broker as its clients see it.
pub(crate) struct Peer {
    pub(crate) door: Door,
    /// Who its clients are, in turn; anybody where there are none.
    pub(crate) logins: Vec<Login>,
}

impl Peer {
    fn login(&self, number: usize) -> Option<&Login> {
        self.logins.get(number % self.logins.len().max(1))
    }
}

/// Messages that the same subscribers hear.
struct Flow {
    published: Cell<usize>,
    /// By subscriber.
    heard: Vec<Cell<usize>>,
    moved: Notify,
}

impl Flow {
    fn new(subscribers: usize) -> Self {
        Self { published: Cell::new(0), heard: (0..subscribers).map(|_| Cell::new(0)).collect(), moved: Notify::new() }
    }

    /// Messages on their way to the slowest subscriber.
    fn under_way(&self) -> usize {
        self.published.get() - self.heard.iter().map(Cell::get).min().unwrap_or(0)
    }

    async fn until_under_way(&self, at_most: usize) {
        loop {
            let moved = self.moved.notified();
            if self.under_way() <= at_most {
                return;
            }
            moved.await;
        }
    }
}

/// Messages delivered a second, each heard once by everybody it was for; an error when one is missing.
pub(crate) async fn rate(peer: &Peer, clock: Clock, shape: Shape, qos: QoS, length: Duration) -> anyhow::Result<f64> {
    let clients = shape.clients();
    let flows: Vec<Flow> = match shape {
        Shape::One | Shape::Pairs => (0..clients).map(|_| Flow::new(1)).collect(),
        Shape::All => vec![Flow::new(clients)],
    };
    let flow_of = |client: usize| &flows[client % flows.len()];
    let (mut publishers, mut subscribers) = (Vec::new(), Vec::new());
    for client in 0..clients {
        let own = format!("bench/{client:02}");
        let filter = if shape == Shape::All { "bench/+" } else { own.as_str() };
        let login = peer.login(client);
        let subscriber = Raw::connect(&peer.door, &format!("hears-{client}"), login, Some((filter, qos))).await?;
        let at = if shape == Shape::All { client } else { 0 };
        subscribers.push(subscribe(subscriber, flow_of(client), at));
        let publisher = Raw::connect(&peer.door, &format!("says-{client}"), login, None).await?;
        publishers.push((publisher, Messages::new(&own, qos, shape.batch_and_window().0)?, flow_of(client)));
    }
    let start_ns = clock.ns();
    let end_ns = start_ns + length.as_nanos() as u64;
    let publishing = try_join_all(
        publishers
            .into_iter()
            .map(|(publisher, messages, flow)| publish(publisher, messages, flow, shape, (clock, end_ns))),
    );
    let all_heard = async {
        let kept = publishing.await?;
        for flow in &flows {
            flow.until_under_way(0).await;
        }
        drop(kept);
        anyhow::Ok(())
    };
    let round = async {
        tokio::select! {
            heard = all_heard => heard,
            ended = try_join_all(subscribers) => ended.map(drop),
        }
    };
    timeout(ROUND_TIMEOUT, round).await.with_context(|| format!("{shape:?} at {qos:?} is stuck"))??;
    let delivered: usize = flows.iter().flat_map(|flow| &flow.heard).map(Cell::get).sum();
    Ok(delivered as f64 / ((clock.ns() - start_ns) as f64 / 1e9))
}

/// The publisher stays connected: the caller drops it when everything was heard.
async fn publish(
    mut publisher: Raw,
    mut messages: Messages,
    flow: &Flow,
    shape: Shape,
    (clock, end_ns): (Clock, u64),
) -> anyhow::Result<Raw> {
    let (batch, window) = shape.batch_and_window();
    let mut unacknowledged = 0;
    while clock.ns() < end_ns {
        tokio::select! {
            biased;
            () = flow.until_under_way(window - batch), if unacknowledged + batch <= IN_FLIGHT => {
                flow.published.set(flow.published.get() + batch);
                publisher.writer.write_all(messages.next()).await?;
                publisher.writer.flush().await?;
                if messages.are_acknowledged() {
                    unacknowledged += batch;
                }
            }
            heard = publisher.reader.hear() => unacknowledged -= heard?.acknowledged,
        }
        // With a window that is never full nobody else would have a turn.
        tokio::task::yield_now().await;
    }
    Ok(publisher)
}

/// Hears messages of a flow until it is dropped.
async fn subscribe(mut subscriber: Raw, flow: &Flow, at: usize) -> anyhow::Result<()> {
    loop {
        let heard = subscriber.reader.hear().await?;
        if !heard.due.is_empty() {
            subscriber.writer.write_all(&heard.due).await?;
            subscriber.writer.flush().await?;
        }
        flow.heard[at].set(flow.heard[at].get() + heard.messages);
        flow.moved.notify_waiters();
    }
}

/// One message at a time from one client to another: nanoseconds until it was heard.
pub(crate) async fn trips(peer: &Peer, clock: Clock, qos: QoS, count: usize) -> anyhow::Result<Vec<u64>> {
    let mut hears = Raw::connect(&peer.door, "hears", peer.login(0), Some(("bench/trip", qos))).await?;
    let mut says = Raw::connect(&peer.door, "says", peer.login(1), None).await?;
    let mut messages = Messages::new("bench/trip", qos, 1)?;
    let mut took_ns = Vec::with_capacity(count);
    let all = async {
        for _ in 0..count {
            let sent_ns = clock.ns();
            says.writer.write_all(messages.next()).await?;
            says.writer.flush().await?;
            let heard = hears.reader.hear().await?;
            took_ns.push(clock.ns() - sent_ns);
            if messages.are_acknowledged() {
                hears.writer.write_all(&heard.due).await?;
                hears.writer.flush().await?;
                says.reader.hear().await?;
            }
        }
        anyhow::Ok(())
    };
    timeout(ROUND_TIMEOUT, all).await.context("a message does not come")??;
    Ok(took_ns)
}
