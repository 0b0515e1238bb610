//! What the standards ask that no other test here asks already, by their clauses.

use crate::client::{Client, Login, Packet, field, packet, publish, subscribe};
use crate::client5::{Login5, Message5, message_expiry, session_expiry};
use crate::world::World;
use gatehouse_broker::{Count, Limits};

const LONG: u32 = 3_600;

fn lasting(user: &str) -> Login5<'_> {
    Login5 { clean: false, properties: session_expiry(LONG), ..Login5::of(user) }
}

fn ack(first: u8, id: u8) -> Packet {
    Packet { first, body: vec![0, id] }
}

/// [MQTT-4.6.0-2], [MQTT-4.6.0-3], [MQTT-4.6.0-4].
#[tokio::test]
async fn acknowledgements_come_in_the_order_of_what_they_acknowledge() {
    let world = World::new().await;
    let mut house = Client::login(world.at, "house").await;
    let sent: Vec<u8> = (1..=30).flat_map(|id| publish("a", "1", 1 + id % 2, false, id.into())).collect();
    house.send(&sent).await;
    for id in 1..=30 {
        assert_eq!(house.read().await, ack(if id % 2 == 0 { 0x40 } else { 0x50 }, id));
    }
    let released: Vec<u8> = (1..=30).step_by(2).flat_map(|id| packet(0x62, &[0, id])).collect();
    house.send(&released).await;
    for id in (1..=30).step_by(2) {
        assert_eq!(house.read().await, ack(0x70, id));
    }
}

/// [MQTT-4.6.0-6]: also more of them than a client takes at once.
#[tokio::test]
async fn what_one_client_publishes_stays_in_order() {
    const MESSAGES: usize = 300;
    let limits = Limits { in_flight: 5, ..Limits::default() };
    let world = World::with(limits, 256).await;
    let mut house = Client::login(world.at, "house").await;
    assert_eq!(house.subscribe(&[("garden/#", 2)]).await, [2]);
    let mut garden = Client::login(world.at, "garden").await;
    let ids = (1_u16..).take(MESSAGES);
    let sent = ids.map(|id| publish("garden/a", &id.to_string(), 1, false, id));
    garden.send(&sent.collect::<Vec<_>>().concat()).await;
    for expected in 1..=MESSAGES {
        let message = house.message().await;
        assert_eq!((message.qos, message.payload), (1, expected.to_string()));
        house.acknowledge(message.id).await;
    }
}

/// [MQTT-3.3.2-5], [MQTT-3.3.2-6]: one that waits for a client that is away.
#[tokio::test]
async fn what_expires_while_its_reader_is_away_is_not_delivered() {
    let world = World::new().await;
    let (mut garden, _) = Client::try_login5(world.at, &lasting("garden")).await;
    garden.subscribe5(&[("garden/+", 2)], b"").await;
    drop(garden);
    world.counted(Count::SessionKept, 1).await;
    let mut house = Client::login5(world.at, "house").await;
    house.publish5("garden/a", "short", false, &message_expiry(1)).await;
    house.publish5("garden/a", "long", false, &message_expiry(100)).await;
    house.publish5("garden/a", "for ever", false, b"").await;
    // Time itself is what is tested.
    tokio::time::sleep_until(tokio::time::Instant::now() + std::time::Duration::from_millis(1_100)).await;
    let (mut garden, told) = Client::try_login5(world.at, &lasting("garden")).await;
    assert!(told.present);
    let long = garden.message5().await;
    let left = u32::from_be_bytes(long.properties[1..].try_into().unwrap());
    assert_eq!((&*long.payload, long.properties[0], (90..100).contains(&left)), ("long", 2, true), "{left}");
    assert_eq!(garden.message5().await.payload, "for ever");
    assert_eq!(world.count(Count::DroppedExpired), 1);
}

/// [MQTT-3.3.1-8], [MQTT-3.3.4-3], and section 4.8.2: none of a retained message goes to a shared subscription.
#[tokio::test]
async fn retained_messages_name_the_subscription_and_shared_ones_get_none() {
    let world = World::new().await;
    let mut house = Client::login5(world.at, "house").await;
    house.publish5("garden/a", "kept", true, b"").await;
    let mut garden = Client::login5(world.at, "garden").await;
    assert_eq!(garden.subscribe5(&[("$share/g/garden/+", 1)], b"\x0b\x05").await, [1]);
    assert_eq!(garden.subscribe5(&[("garden/+", 1)], b"\x0b\x07").await, [1]);
    let kept = garden.message5().await;
    assert_eq!((&*kept.payload, kept.retain, &kept.properties[..]), ("kept", true, &b"\x0b\x07"[..]));
    garden.ping().await;
    // A live one comes for each of the two.
    house.publish5("garden/a", "live", true, b"").await;
    let both = [garden.message5().await, garden.message5().await];
    let mut properties = both.clone().map(|message| message.properties);
    properties.sort();
    assert_eq!(properties, [b"\x0b\x05", b"\x0b\x07"]);
    assert!(both.iter().all(|message| !message.retain && message.payload == "live"));
}

/// [MQTT-3.1.3-7], [MQTT-3.1.3-8].
#[tokio::test]
async fn a_client_of_mqtt_3_without_an_id_gets_no_lasting_session() {
    let world = World::new().await;
    let (mut first, code) = Client::try_login(world.at, &Login { id: "", ..Login::of("house") }).await;
    let (mut second, other) = Client::try_login(world.at, &Login { id: "", ..Login::of("house") }).await;
    assert_eq!((code, other), (Some(0), Some(0)));
    first.ping().await;
    second.ping().await;
    let mut bytes = Login { id: "", ..Login::of("house") }.bytes();
    // Clean session.
    bytes[9] &= !2;
    let mut third = Client::open(world.at).await;
    third.send(&bytes).await;
    assert_eq!(third.read().await, Packet { first: 0x20, body: vec![0, 2] });
    third.closed().await;
}

/// [MQTT-3.10.4-2], [MQTT-3.10.4-3].
#[tokio::test]
async fn what_was_under_way_is_completed_after_an_unsubscribe() {
    let world = World::new().await;
    let mut house = Client::login(world.at, "house").await;
    house.subscribe(&[("a", 2)]).await;
    house.send(&publish("a", "1", 2, false, 3)).await;
    assert_eq!(house.read().await, ack(0x50, 3));
    assert_eq!(house.message().await.id, 1);
    house.send(&packet(0xa2, &[&[0, 4][..], &field("a")].concat())).await;
    assert_eq!(house.read().await, ack(0xb0, 4));
    house.send(&packet(0x50, &[0, 1])).await;
    assert_eq!(house.read().await, ack(0x62, 1));
    house.send(&packet(0x70, &[0, 1])).await;
    house.publish("a", "2", false).await;
    house.ping().await;
}

/// [MQTT-3.1.4-3], [MQTT-4.4.0-1]: the session passes from one connection to the next, with what is unacknowledged.
#[tokio::test]
async fn a_session_goes_on_over_a_takeover() {
    let world = World::new().await;
    let (mut first, _) = Client::try_login5(world.at, &lasting("house")).await;
    first.subscribe5(&[("a", 1)], b"").await;
    let mut other = Client::try_login5(world.at, &Login5 { id: "other", ..Login5::of("house") }).await.0;
    other.publish5("a", "1", false, b"").await;
    assert_eq!(first.message5().await.payload, "1");
    let (mut second, told) = Client::try_login5(world.at, &lasting("house")).await;
    assert!(told.present);
    assert_eq!(first.dismissed().await, 0x8e);
    let again =
        Message5 { topic: "a".into(), payload: "1".into(), qos: 1, id: 1, duplicate: true, ..Message5::default() };
    assert_eq!(second.message5().await, again);
    second.acknowledge(1).await;
    other.publish5("a", "2", false, b"").await;
    assert_eq!(second.message5().await.payload, "2");
}

/// [MQTT-3.8.3-4]; sections 3.8.2.1.2 and 3.8.3.1 of MQTT 5; [MQTT-3.8.3-3] and [MQTT-3.8.3-4] of MQTT 3.1.1.
#[tokio::test]
async fn a_subscription_that_makes_no_sense_ends_its_connection() {
    let world = World::new().await;
    let options = |properties: &[u8], filter: &str, options: u8| {
        let section = [&[properties.len() as u8], properties].concat();
        packet(0x82, &[&[0, 9][..], &section, &field(filter), &[options]].concat())
    };
    for (bytes, reason) in [
        (options(b"", "$share/g/a", 4), 0x82),
        (options(b"\x0b\0", "a", 0), 0x82),
        (options(b"\x0b\x01\x0b\x02", "a", 0), 0x82),
        (options(b"", "a", 3), 0x82),
        (options(b"", "a", 0x30), 0x82),
        (options(b"", "a", 0x40), 0x81),
        (packet(0x82, &[0, 9, 0]), 0x82),
    ] {
        let mut house = Client::login5(world.at, "house").await;
        house.send(&bytes).await;
        assert_eq!(house.dismissed().await, reason, "{bytes:?}");
    }
    for bytes in [packet(0x82, &[0, 9]), subscribe(&[("a", 3)]), subscribe(&[("a", 4)])] {
        let mut house = Client::login(world.at, "house").await;
        house.send(&bytes).await;
        house.closed().await;
    }
}

/// [MQTT-4.3.3-2], [MQTT-3.3.5-2]: a client of MQTT 3.1.1 cannot be told that a message is refused, and goes on.
#[tokio::test]
async fn qos_2_of_mqtt_3_is_taken_once_and_completed_even_where_it_is_refused() {
    let world = World::new().await;
    let mut house = Client::login(world.at, "house").await;
    house.subscribe(&[("#", 0)]).await;
    let mut garden = Client::login(world.at, "garden").await;
    for (topic, id) in [("garden/a", 5), ("kitchen/a", 6)] {
        for _ in 0..2 {
            let mut bytes = publish(topic, "1", 2, false, id.into());
            garden.send(&bytes).await;
            assert_eq!(garden.read().await, ack(0x50, id));
            // As it would be sent again.
            bytes[0] |= 8;
            garden.send(&bytes).await;
            assert_eq!(garden.read().await, ack(0x50, id));
            garden.send(&packet(0x62, &[0, id])).await;
            assert_eq!(garden.read().await, ack(0x70, id));
        }
    }
    garden.publish("garden/end", "", false).await;
    let mut topics = Vec::new();
    while topics.last().is_none_or(|topic| topic != "garden/end") {
        topics.push(house.message().await.topic);
    }
    assert_eq!(topics, ["garden/a", "garden/a", "garden/end"]);
    assert_eq!(world.count(Count::DroppedForbidden), 2);
}

/// [MQTT-3.3.1-5], [MQTT-3.3.1-6], [MQTT-3.3.1-10]: the last retained message alone is kept, with its own QoS.
#[tokio::test]
async fn a_retained_message_replaces_the_one_before_with_its_qos_too() {
    let world = World::new().await;
    let mut house = Client::login(world.at, "house").await;
    house.send(&publish("a", "at 2", 2, true, 1)).await;
    assert_eq!(house.read().await, ack(0x50, 1));
    house.send(&packet(0x62, &[0, 1])).await;
    assert_eq!(house.read().await, ack(0x70, 1));
    house.subscribe(&[("a", 2)]).await;
    let message = house.message().await;
    assert_eq!((&*message.payload, message.qos, message.retain), ("at 2", 2, true));
    house.send(&packet(0xa2, &[&[0, 4][..], &field("a")].concat())).await;
    assert_eq!(house.read().await, ack(0xb0, 4));
    house.send(&publish("a", "at 0", 0, true, 0)).await;
    assert_eq!(house.subscribe(&[("a", 2)]).await, [2]);
    let message = house.message().await;
    assert_eq!((&*message.payload, message.qos, message.retain), ("at 0", 0, true));
    house.ping().await;
}
