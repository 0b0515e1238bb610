//! Bytes that no client sends: each ends its own connection and nothing else.

use crate::client::{Login, publish, subscribe};
use crate::world::{World, soon};
use gatehouse_broker::Count;
use gatehouse_core::device::BoardEvent;
use gatehouse_core::edge::EdgeEvent;

#[tokio::test]
async fn a_broken_packet_ends_its_connection_only() {
    let mut world = World::new().await;
    let (mut bystander, _) = world.board("relay-2").await;
    let broken: [&[u8]; 14] = [
        b"\x00\x00",
        b"\xf0\x00",
        b"\x20\x02\0\0",
        b"\x90\x03\0\x01\0",
        b"\x36\x05\0\x01a\0\x01",
        b"\x30\x02\0\0",
        b"\x30\x04\0\x02\xc3\x28",
        b"\x32\x05\0\x01a\0\0",
        b"\x82\x02\0\x01",
        b"\x62\x02\0\x01",
        b"\x50\x02\0\x01",
        b"\x70\x02\0\x01",
        b"\x30\xff\xff\xff\xff\x01",
        b"\x30\xff\xff\xff\x7f",
    ];
    for bytes in broken {
        let (mut relay, link) = world.board("relay-1").await;
        relay.send(bytes).await;
        world.disconnected("relay-1", link).await;
        relay.closed().await;
    }
    assert_eq!(world.count(Count::EndMalformed), broken.len() as u64);
    let (mut relay, link) = world.board("relay-1").await;
    relay.send(&Login::of("relay-1").bytes()).await;
    world.disconnected("relay-1", link).await;
    let (mut relay, link) = world.board("relay-1").await;
    relay.send(&publish("homie/5/relay-1/$state", "ready", 2, true, 1)).await;
    world.disconnected("relay-1", link).await;
    relay.closed().await;
    assert_eq!(world.count(Count::EndQos2), 1);
    bystander.ping().await;
}

/// A small generator with a fixed seed, so that a failure comes again.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize
    }
}

#[tokio::test]
async fn random_damage_never_crashes_anything() {
    let mut world = World::new().await;
    let (mut bystander, two) = world.board("relay-2").await;
    let pattern = [
        publish("homie/5/relay-1/$report", "c0ffee01 1 1 relay-1/on true button -", 1, false, 7),
        subscribe(&[("homie/5/relay-1/$command", 1)]),
        vec![0x40, 2, 0, 1],
        vec![0xc0, 0],
        publish("homie/5/relay-1/ü", "x", 0, true, 0),
    ]
    .concat();
    let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
    for round in 0..300 {
        let mut bytes = pattern.clone();
        for _ in 0..=noise.next() % 4 {
            let at = noise.next() % bytes.len();
            bytes[at] = noise.next() as u8;
        }
        let user = if round % 3 == 0 { "house" } else { "relay-1" };
        let mut login = Login { keep_alive: 3_600, ..Login::of(user) }.bytes();
        if round % 5 == 0 {
            let at = noise.next() % login.len();
            login[at] = noise.next() as u8;
        }
        let mut client = crate::client::Client::open(world.at).await;
        client.send(&[login, bytes].concat()).await;
    }
    bystander.ping().await;
    drop(bystander);
    world.stop.cancel();
    let mut open = std::collections::HashSet::from([two]);
    // Until the edge is gone, and with it the sender of events.
    while let Some(event) = soon("an event, or the end", world.events.recv()).await {
        let EdgeEvent::Board(event) = event else { continue };
        match event {
            BoardEvent::Connected { link, .. } => assert!(open.insert(link)),
            BoardEvent::Neighbour { .. } => panic!("nobody was asked for neighbours"),
            BoardEvent::Disconnected { link, .. } => assert!(open.remove(&link)),
            BoardEvent::Said { link, .. } => assert!(open.contains(&link)),
        }
    }
    assert!(open.is_empty(), "every connection of a board is told to have ended");
    assert_eq!(world.count(Count::EndCrashed), 0);
}
