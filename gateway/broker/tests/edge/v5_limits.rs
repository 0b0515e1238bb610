//! MQTT 5: bounds kept both ways, and what a client is told when it is cut.

use crate::client::{Client, Packet, packet};
use crate::client5::{Login5, publish5, session_expiry};
use crate::world::World;
use gatehouse_broker::{Count, Limits};

#[tokio::test]
async fn each_way_to_be_cut_has_its_reason() {
    let limits = Limits { receive_maximum: 2, packet_bytes: 2_000, ..Limits::default() };
    let world = World::with(limits, 256).await;
    let open = |id| publish5("a", "1", 2, false, id, b"");
    let expiry = [&[0, 5][..], &session_expiry(9)].concat();
    for (bytes, reason, count) in [
        (publish5("a", "1", 0, false, 0, b"\x23\0\x01"), 0x94, Count::EndAlias),
        (publish5("a", &"x".repeat(2_000), 0, false, 0, b""), 0x95, Count::EndTooLarge),
        (vec![0xf0, 0], 0x82, Count::EndProtocol),
        (Login5::of("house").bytes(), 0x82, Count::EndProtocol),
        (packet(0xe0, &expiry), 0x82, Count::EndProtocol),
        (vec![0x36, 5, 0, 1, b'a', 0, 1], 0x81, Count::EndMalformed),
    ] {
        let mut house = Client::login5(world.at, "house").await;
        let before = world.count(count);
        house.send(&bytes).await;
        assert_eq!(house.dismissed().await, reason, "{count:?}");
        drop(house);
        world.counted(count, before + 1).await;
    }
    let mut house = Client::login5(world.at, "house").await;
    house.send(&[open(1), open(2), open(2), open(3)].concat()).await;
    for id in [1, 2, 2] {
        assert_eq!(house.read().await, Packet { first: 0x50, body: vec![0, id] });
    }
    assert_eq!(house.dismissed().await, 0x93);
    drop(house);
    world.counted(Count::EndReceiveMaximum, 1).await;
}

#[tokio::test]
async fn a_client_that_is_cut_for_what_it_sent_may_finish_its_sentence() {
    let limits = Limits { receive_maximum: 1, ..Limits::default() };
    let world = World::with(limits, 256).await;
    let mut house = Client::login5(world.at, "house").await;
    house.send(&[publish5("a", "1", 2, false, 1, b""), publish5("a", "1", 2, false, 2, b"")].concat()).await;
    assert_eq!(house.read().await, Packet { first: 0x50, body: vec![0, 1] });
    assert_eq!(house.dismissed().await, 0x93);
    for _ in 0..3 {
        // What it answers to the PUBREC, say: a connection closed both ways would be reset, and the reason lost with it.
        tokio::io::AsyncWriteExt::write_all(&mut house.stream, &packet(0x62, &[0, 1])).await.unwrap();
        tokio::task::yield_now().await;
    }
    // It is not waited for.
    let mut next = Client::login5(world.at, "house").await;
    next.ping().await;
    assert_eq!(world.count(Count::EndReceiveMaximum), 1);
}

#[tokio::test]
async fn a_client_is_told_who_ended_its_connection() {
    let world = World::new().await;
    let mut first = Client::login5(world.at, "house").await;
    let mut second = Client::login5(world.at, "house").await;
    assert_eq!(first.dismissed().await, 0x8e);
    let (mut mute, _) = Client::try_login5(world.at, &Login5 { keep_alive: 1, ..Login5::of("garden") }).await;
    assert_eq!(mute.dismissed().await, 0x8d);
    let mut garden = Client::login5(world.at, "garden").await;
    world.change(|credentials| drop(credentials.integrations.remove("garden")));
    assert_eq!(garden.dismissed().await, 0x87);
    second.ping().await;
    world.stop.cancel();
    assert_eq!(second.dismissed().await, 0x8b);
}

#[tokio::test]
async fn a_client_gets_no_more_and_nothing_larger_than_it_takes() {
    let world = World::new().await;
    // Receive maximum 2, packets of 30 bytes.
    let login = Login5 { properties: b"\x21\0\x02\x27\0\0\0\x1e".to_vec(), ..Login5::of("house") };
    let (mut small, _) = Client::try_login5(world.at, &login).await;
    small.subscribe5(&[("a", 2)], b"").await;
    let mut garden = Client::try_login5(world.at, &Login5 { id: "other", ..Login5::of("house") }).await.0;
    // Fixed header 2, topic 3, id 2, properties 1.
    for payload in ["1", &"x".repeat(23), "2", &"y".repeat(22), "3", "4"] {
        garden.publish5("a", payload, false, b"").await;
    }
    let (one, two) = (small.message5().await, small.message5().await);
    assert_eq!([&*one.payload, &*two.payload], ["1", "2"]);
    small.ping().await;
    small.acknowledge(two.id).await;
    let three = small.message5().await;
    assert_eq!(three.payload, "y".repeat(22));
    small.ping().await;
    small.acknowledge(one.id).await;
    small.acknowledge(three.id).await;
    assert_eq!([small.message5().await.payload, small.message5().await.payload], ["3", "4"]);
    assert_eq!(world.count(Count::DroppedTooLarge), 1);
}

#[tokio::test]
async fn qos_2_is_taken_and_given_once() {
    let world = World::new().await;
    let mut house = Client::login5(world.at, "house").await;
    house.subscribe5(&[("a", 2)], b"").await;
    let mut garden = Client::try_login5(world.at, &Login5 { id: "other", ..Login5::of("house") }).await.0;
    let mut again = publish5("a", "1", 2, false, 7, b"");
    garden.send(&again).await;
    assert_eq!(garden.read().await, Packet { first: 0x50, body: vec![0, 7] });
    again[0] |= 8;
    garden.send(&again).await;
    assert_eq!(garden.read().await, Packet { first: 0x50, body: vec![0, 7] });
    garden.send(&packet(0x62, &[0, 7])).await;
    assert_eq!(garden.read().await, Packet { first: 0x70, body: vec![0, 7] });
    let message = house.message5().await;
    assert_eq!((message.qos, message.id, message.duplicate), (2, 1, false));
    house.acknowledge(1).await;
    house.send(&packet(0x50, &[0, 1])).await;
    assert_eq!(house.read().await, Packet { first: 0x62, body: vec![0, 1] });
    house.send(&packet(0x50, &[0, 1])).await;
    assert_eq!(house.read().await, Packet { first: 0x62, body: vec![0, 1] }, "the answer was lost, say");
    house.send(&packet(0x70, &[0, 1])).await;
    house.send(&packet(0x50, &[0, 9])).await;
    assert_eq!(house.read().await, Packet { first: 0x62, body: vec![0, 9, 0x92] });
    // The same id is a new message once it was released.
    garden.send(&publish5("a", "2", 2, false, 7, b"")).await;
    assert_eq!(house.message5().await.payload, "2");
}

#[tokio::test]
async fn a_keep_alive_is_held_to_what_was_announced() {
    let limits = Limits { integration_keep_alive: 1, ..Limits::default() };
    let world = World::with(limits, 256).await;
    let (mut house, told) = Client::try_login5(world.at, &Login5 { keep_alive: 600, ..Login5::of("house") }).await;
    assert!(told.properties.ends_with(b"\x13\0\x01"));
    let (mut none, told) = Client::try_login5(world.at, &Login5 { keep_alive: 0, ..Login5::of("garden") }).await;
    assert!(!told.properties.ends_with(b"\x13\0\x01"));
    assert_eq!(house.dismissed().await, 0x8d);
    none.ping().await;
    world.counted(Count::EndKeepAlive, 1).await;
}
