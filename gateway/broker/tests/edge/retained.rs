//! Retained messages of integrations outlive the edge; those of boards do not, and a revoked integration's go with it.

use crate::client::Client;
use crate::client5::{Message5, message_expiry};
use crate::world::{World, soon};
use gatehouse_broker::{Count, Keeping};
use gatehouse_core::retained::{Expiry, RetainedChange, RetainedMessage};
use gatehouse_core::time::{Mono, Now, Wall};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

const NOW: u64 = 1_700_000_000_000;
const EXPIRY: u8 = 0x02;
/// A user property, and a content type.
const PROPERTIES: &[u8] = b"\x26\0\x01a\0\x01b\x03\0\x04text";

/// A store of the test's own, and how it is told.
struct Disk {
    messages: BTreeMap<Arc<str>, RetainedMessage>,
    changes: mpsc::UnboundedReceiver<Vec<RetainedChange>>,
    sender: mpsc::UnboundedSender<Vec<RetainedChange>>,
}

impl Disk {
    fn new() -> Self {
        let (sender, changes) = mpsc::unbounded_channel();
        Self { messages: BTreeMap::new(), changes, sender }
    }

    async fn start(&self, seconds_later: u64) -> World {
        let (sender, wall) = (self.sender.clone(), Wall::from_millis(NOW + seconds_later * 1_000));
        World::keeping(Keeping {
            kept: self.messages.values().cloned().collect(),
            write: Box::new(move |changes| sender.send(changes).map_err(|lost| lost.0)),
            now: Box::new(move || Now { mono: Mono::default(), wall, wall_trusted: true }),
        })
        .await
    }

    fn apply(&mut self, changes: Vec<RetainedChange>) {
        for change in changes {
            match change {
                RetainedChange::Kept(message) => drop(self.messages.insert(message.topic.clone(), message)),
                RetainedChange::Deleted(topic) => assert!(self.messages.remove(&topic).is_some(), "{topic}"),
            }
        }
    }

    /// What the next write brings.
    async fn written(&mut self) {
        let changes = soon("a write", self.changes.recv()).await.unwrap();
        self.apply(changes);
    }

    /// Ends the edge, and takes what it writes until then.
    async fn stop(&mut self, mut world: World) {
        world.nothing_more().await;
        while let Ok(changes) = self.changes.try_recv() {
            self.apply(changes);
        }
    }

    fn topics(&self) -> Vec<&str> {
        self.messages.keys().map(|topic| &**topic).collect()
    }
}

/// What is retained, by topic: one that comes after all of it tells the end.
async fn heard(world: &World) -> Vec<Message5> {
    let mut house = Client::login5(world.at, "house").await;
    house.subscribe5(&[("#", 2)], b"").await;
    house.send(&[0xc0, 0]).await;
    let mut all = vec![];
    loop {
        let packet = house.read().await;
        if packet.first == 0xd0 {
            all.sort_by(|a: &Message5, b| a.topic.cmp(&b.topic));
            return all;
        }
        all.push(Message5::of(packet));
    }
}

#[tokio::test]
async fn what_an_integration_said_is_there_after_a_restart_as_it_was() {
    let mut disk = Disk::new();
    let mut world = disk.start(0).await;
    let (mut relay, link) = world.board("relay-1").await;
    relay.publish("homie/5/relay-1/$state", "ready", true).await;
    world.said("relay-1", link).await;
    let mut garden = Client::login5(world.at, "garden").await;
    let properties = [PROPERTIES, &message_expiry(3_600)].concat();
    garden.publish5("garden/a", "first", true, b"").await;
    garden.publish5("garden/a", "last", true, &properties).await;
    garden.publish5("garden/b", "for good", true, b"").await;
    garden.publish5("garden/c", "deleted", true, b"").await;
    garden.publish5("garden/c", "", true, b"").await;
    garden.publish5("garden/d", "not retained", false, b"").await;
    drop((relay, garden));
    world.disconnected("relay-1", link).await;
    disk.stop(world).await;
    assert_eq!(disk.topics(), ["garden/a", "garden/b"]);

    let world = disk.start(60).await;
    let [last, for_good] = &heard(&world).await[..] else { panic!("two are retained") };
    assert_eq!((&*last.payload, last.qos, last.retain), ("last", 1, true));
    let (kept, expiry) = last.properties.split_at(PROPERTIES.len());
    assert_eq!((kept, expiry[0]), (PROPERTIES, EXPIRY));
    let left = u32::from_be_bytes(expiry[1..].try_into().unwrap());
    assert!((3_000..=3_540).contains(&left), "the minute off counts: {left}");
    assert_eq!((&*for_good.topic, &*for_good.payload, &for_good.properties[..]), ("garden/b", "for good", &b""[..]));
    let mut garden = Client::login5(world.at, "garden").await;
    garden.publish5("garden/b", "", true, b"").await;
    drop(garden);
    disk.stop(world).await;
    assert_eq!(disk.topics(), ["garden/a"]);

    let world = disk.start(3_600).await;
    assert_eq!(heard(&world).await, [], "its time is over");
    disk.stop(world).await;
    assert!(disk.messages.is_empty());
}

#[tokio::test]
async fn a_change_is_written_while_the_edge_runs() {
    let mut disk = Disk::new();
    let world = disk.start(0).await;
    let mut garden = Client::login(world.at, "garden").await;
    garden.publish("garden/a", "1", true).await;
    disk.written().await;
    assert_eq!(disk.topics(), ["garden/a"]);
    garden.publish("garden/a", "2", true).await;
    // As a cut of power would find it.
    assert_eq!(&*disk.messages["garden/a"].payload, b"1");
    disk.stop(world).await;
    assert_eq!(&*disk.messages["garden/a"].payload, b"2");
}

#[tokio::test]
async fn a_will_of_the_last_moment_is_written_too() {
    let mut disk = Disk::new();
    let world = disk.start(0).await;
    let will = Some(("garden/will", "gone", true));
    let login = crate::client::Login { will, ..crate::client::Login::of("garden") };
    let (_garden, code) = Client::try_login(world.at, &login).await;
    assert_eq!(code, Some(0));
    disk.stop(world).await;
    assert_eq!(disk.topics(), ["garden/will"]);
}

#[tokio::test]
async fn what_a_revoked_integration_said_goes_with_it() {
    let mut disk = Disk::new();
    let message = |topic: &str, user: &str, left| RetainedMessage {
        topic: topic.into(),
        user: user.into(),
        payload: b"1"[..].into(),
        qos: 0,
        properties: [].into(),
        expiry: Some(Expiry { left: Duration::from_secs(left), at: None }),
    };
    for kept in [message("garden/a", "garden", 600), message("x", "revoked long ago", 600), message("y", "house", 600)]
    {
        disk.messages.insert(kept.topic.clone(), kept);
    }
    let world = disk.start(0).await;
    let mut garden = Client::login(world.at, "garden").await;
    garden.publish("garden/b", "1", true).await;
    world.change(|credentials| drop(credentials.integrations.remove("garden")));
    garden.closed().await;
    assert_eq!(world.count(Count::EndRevoked), 1);
    soon("the end of what it said", async { while heard(&world).await.len() > 1 {} }).await;
    disk.stop(world).await;
    assert_eq!(disk.topics(), ["y"]);
}
