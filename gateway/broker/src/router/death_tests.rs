//! A router that dies or is stuck under a whole edge: only integrations notice, and they find everything again.
//!
//! Nothing a client can send does that, so a link of the test's own does.

use crate::client::Client;
use crate::router::{Fanout, Feed, NO_ORIGIN};
use crate::world::{World, order};
use crate::{Count, Limits, codec};
use futures_util::FutureExt;
use gatehouse_core::homeassistant::Announced;
use rumqttd::local::LinkTx;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Counts errors in the log of its thread.
#[derive(Clone, Default)]
struct Errors(Arc<AtomicUsize>);

impl Subscriber for Errors {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::ERROR && metadata.target().starts_with("gatehouse_broker")
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

fn link(fanout: &Fanout) -> LinkTx {
    let links = fanout.lock().as_ref().expect("a router runs").links.clone();
    links("poison").expect("a link").0
}

/// A topic that the router's own code cannot take.
fn kill(fanout: &Fanout) {
    link(fanout).publish("\u{fc}", "x").expect("the router is there");
}

/// The router waits for a buffer that it does not get before the sender is dropped.
fn stall(fanout: &Fanout) -> mpsc::Sender<()> {
    let mut link = link(fanout);
    let ((held, release), (stuck, told)) = (mpsc::channel::<()>(), mpsc::channel());
    std::thread::spawn(move || {
        loop {
            link.publish("stall", "x").expect("the router is there");
            let buffer = link.buffer();
            // What was just pushed is still there: the router has yet to come for it.
            if !buffer.is_empty() {
                stuck.send(()).expect("the test waits");
                let _released = release.recv();
                return;
            }
        }
    });
    told.recv().expect("the router is stuck");
    held
}

async fn only_integrations_notice<T>(break_it: impl FnOnce(&Fanout) -> T) {
    let errors = Errors::default();
    let _log = tracing::subscriber::set_default(errors.clone());
    let mut edge = None;
    let limits = Limits { router_deadline: Duration::from_millis(500), ..Limits::default() };
    let mut world = World::start(limits, 256, None, Announced::default(), |broker| {
        edge = Some(broker.edge.clone());
        broker
    })
    .await;
    let (mut house, mut garden) = (Client::login(world.at, "house").await, Client::login(world.at, "garden").await);
    for i in 0..300 {
        house.publish(&format!("garden/{i}"), &i.to_string(), true).await;
    }
    for client in [&mut house, &mut garden] {
        client.subscribe(&[("garden/live", 0)]).await;
    }
    let (mut relay, link) = world.board("relay-1").await;
    relay.subscribe(&[("homie/5/relay-1/$command", 1)]).await;

    let _broken = break_it(&edge.as_ref().expect("the edge runs").fanout);
    for seq in 1..=20 {
        world.orders.send(&order("relay-1", link, seq)).expect("a tap needs no router");
        let command = relay.message().await;
        relay.acknowledge(command.id).await;
        relay.publish("homie/5/relay-1/$state", "ready", true).await;
        world.said("relay-1", link).await;
    }
    house.closed().await;
    garden.closed().await;

    let (mut house, mut garden) = (Client::login(world.at, "house").await, Client::login(world.at, "garden").await);
    garden.subscribe(&[("garden/live", 0)]).await;
    house.subscribe(&[("garden/+", 0), ("homie/5/#", 0)]).await;
    let mut topics = std::collections::HashSet::new();
    while topics.len() < 301 {
        let message = house.message().await;
        assert!(message.retain, "{message:?}");
        topics.insert(message.topic);
    }
    assert!(topics.contains("homie/5/relay-1/$state"));
    house.publish("garden/live", "1", false).await;
    assert_eq!(garden.message().await.payload, "1", "the new router carries");
    relay.ping().await;
    world.counted(Count::EndRouter, 2).await;
    assert_eq!((world.count(Count::RouterReplaced), errors.0.load(Ordering::Relaxed)), (1, 1));
}

#[tokio::test]
async fn a_router_that_dies_is_replaced() {
    only_integrations_notice(kill).await;
}

#[tokio::test]
async fn a_router_that_is_stuck_is_replaced() {
    only_integrations_notice(stall).await;
}

#[tokio::test]
async fn one_message_at_a_time_needs_no_router() {
    let fanout = Arc::new(Fanout::new(2, Arc::default(), Arc::default()));
    let mut feeds = [fanout.attach().await.expect("a feed"), fanout.attach().await.expect("a feed")];
    feeds.iter_mut().for_each(Feed::listen);
    let _stuck = stall(&fanout);
    for i in 0..3_u8 {
        let publish = codec::Publish { topic: "a", payload: &[i], ..codec::Publish::default() };
        fanout.publish(NO_ORIGIN, &publish).expect("nothing waits");
        for feed in &mut feeds {
            let handed = feed.next().now_or_never().expect("it is there").expect("nothing is lost");
            assert_eq!(handed.expect("a message").payload(), [i][..]);
        }
    }
}
