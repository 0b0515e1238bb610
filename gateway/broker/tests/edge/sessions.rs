//! Sessions of integrations that outlive a connection.

use crate::client::{Client, Login, Packet, packet};
use crate::client5::{Login5, publish5, session_expiry, will_delay};
use crate::world::World;
use gatehouse_broker::{Count, Limits};

const LONG: u32 = 3_600;

fn lasting(user: &str, seconds: u32) -> Login5<'_> {
    Login5 { clean: false, properties: session_expiry(seconds), ..Login5::of(user) }
}

/// Waits until the edge has taken note that the client is away.
async fn away(world: &World, client: Client, expected: u64) {
    drop(client);
    world.counted(Count::SessionKept, expected).await;
}

#[tokio::test]
async fn what_is_missed_comes_later_in_order() {
    let world = World::new().await;
    let (mut garden, told) = Client::try_login5(world.at, &lasting("garden", LONG)).await;
    assert!(!told.present);
    garden.subscribe5(&[("garden/+", 1)], b"").await;
    away(&world, garden, 1).await;
    let mut house = Client::login5(world.at, "house").await;
    for i in 0..100 {
        house.publish5("garden/a", &i.to_string(), false, b"").await;
        house.send(&publish5("garden/a", "at QoS 0", 0, false, 0, b"")).await;
    }
    house.publish5("kitchen/a", "not subscribed", false, b"").await;
    let (mut garden, told) = Client::try_login5(world.at, &lasting("garden", LONG)).await;
    assert!(told.present);
    let mut expected = 0;
    while expected < 100 {
        let message = garden.message5().await;
        // Of QoS 0 comes what was still on its way.
        if message.qos > 0 {
            assert_eq!((message.payload, message.duplicate), (expected.to_string(), false));
            garden.acknowledge(message.id).await;
            expected += 1;
        }
    }
    house.publish5("garden/b", "live", false, b"").await;
    while garden.message5().await.payload != "live" {}
    assert_eq!((world.count(Count::SessionResumed), world.count(Count::SessionKept)), (1, 1));
}

#[tokio::test]
async fn what_was_not_acknowledged_comes_again_as_a_duplicate() {
    let world = World::new().await;
    let (mut garden, _) = Client::try_login5(world.at, &lasting("garden", LONG)).await;
    garden.subscribe5(&[("garden/+", 2)], b"").await;
    let mut house = Client::login5(world.at, "house").await;
    house.publish5("garden/a", "1", false, b"").await;
    for (id, payload) in [(5, "2"), (6, "3")] {
        house.send(&publish5("garden/a", payload, 2, false, id, b"")).await;
        assert_eq!(house.read().await.first, 0x50);
    }
    for expected in 1..=3 {
        assert_eq!(garden.message5().await.id, expected);
    }
    garden.send(&packet(0x50, &[0, 2])).await;
    assert_eq!(garden.read().await.first, 0x62);
    away(&world, garden, 1).await;
    house.publish5("garden/a", "4", false, b"").await;
    // Receive maximum 2: the fourth has to wait.
    let properties = [&session_expiry(LONG)[..], b"\x21\0\x02"].concat();
    let (mut garden, _) = Client::try_login5(world.at, &Login5 { properties, ..lasting("garden", LONG) }).await;
    let first = garden.message5().await;
    assert_eq!((first.id, first.duplicate, &*first.payload), (1, true, "1"));
    assert_eq!(garden.read().await, Packet { first: 0x62, body: vec![0, 2] }, "received before");
    garden.ping().await;
    garden.acknowledge(1).await;
    let third = garden.message5().await;
    assert_eq!((third.id, third.duplicate, &*third.payload), (3, true, "3"));
    garden.send(&packet(0x70, &[0, 2])).await;
    let fourth = garden.message5().await;
    assert_eq!((fourth.id, fourth.duplicate, &*fourth.payload), (4, false, "4"));
}

#[tokio::test]
async fn qos_2_is_taken_once_over_a_lost_connection() {
    let world = World::new().await;
    let mut house = Client::login5(world.at, "house").await;
    house.subscribe5(&[("garden/#", 0)], b"").await;
    let (mut garden, _) = Client::try_login5(world.at, &lasting("garden", LONG)).await;
    let mut message = publish5("garden/a", "once", 2, false, 7, b"");
    garden.send(&message).await;
    assert_eq!(garden.read().await.first, 0x50);
    away(&world, garden, 1).await;
    let (mut garden, _) = Client::try_login5(world.at, &lasting("garden", LONG)).await;
    message[0] |= 8;
    garden.send(&message).await;
    assert_eq!(garden.read().await, Packet { first: 0x50, body: vec![0, 7] });
    garden.send(&packet(0x62, &[0, 7])).await;
    assert_eq!(garden.read().await, Packet { first: 0x70, body: vec![0, 7] });
    garden.publish5("garden/a", "end", false, b"").await;
    assert_eq!([house.message5().await.payload, house.message5().await.payload], ["once", "end"]);
}

#[tokio::test]
async fn mqtt_3_has_sessions_too() {
    let world = World::new().await;
    let lasting = || {
        let mut bytes = Login::of("garden").bytes();
        bytes[9] &= !2;
        bytes
    };
    let enter = async |present: u8| {
        let mut garden = Client::open(world.at).await;
        garden.send(&lasting()).await;
        assert_eq!(garden.read().await, Packet { first: 0x20, body: vec![present, 0] });
        garden
    };
    let mut garden = enter(0).await;
    garden.subscribe(&[("garden/+", 1)]).await;
    away(&world, garden, 1).await;
    let mut house = Client::login(world.at, "house").await;
    house.publish("garden/a", "1", false).await;
    let mut garden = enter(1).await;
    assert_eq!(garden.message().await.payload, "1");
    away(&world, garden, 2).await;
    let mut garden = Client::login(world.at, "garden").await;
    garden.publish("garden/a", "2", false).await;
    garden.ping().await;
    drop(garden);
    enter(0).await.ping().await;
}

#[tokio::test]
async fn a_session_ends_when_its_time_has_passed_or_its_client_says_so() {
    let world = World::new().await;
    let (mut garden, _) = Client::try_login5(world.at, &lasting("garden", 1)).await;
    garden.subscribe5(&[("garden/+", 1)], b"").await;
    away(&world, garden, 1).await;
    world.counted(Count::SessionExpired, 1).await;
    let (garden, told) = Client::try_login5(world.at, &lasting("garden", LONG)).await;
    assert!(!told.present);
    garden.leave5(0, &session_expiry(0)).await;
    let (garden, told) = Client::try_login5(world.at, &lasting("garden", 1)).await;
    assert!(!told.present);
    garden.leave5(0, &session_expiry(LONG)).await;
    world.counted(Count::SessionKept, 2).await;
    let (garden, told) = Client::try_login5(world.at, &lasting("garden", LONG)).await;
    assert!(told.present);
    away(&world, garden, 3).await;
    let (_, told) = Client::try_login5(world.at, &Login5 { clean: true, ..lasting("garden", LONG) }).await;
    assert!(!told.present);
}

#[tokio::test]
async fn a_session_belongs_to_its_credential_and_ends_with_it() {
    let world = World::new().await;
    let (mut garden, _) = Client::try_login5(world.at, &Login5 { id: "same", ..lasting("garden", LONG) }).await;
    garden.subscribe5(&[("garden/+", 1)], b"").await;
    away(&world, garden, 1).await;
    let (_, told) = Client::try_login5(world.at, &Login5 { id: "same", ..lasting("house", 0) }).await;
    assert!(!told.present);
    let narrowed = |credentials: &mut gatehouse_core::access::Credentials| {
        credentials.integrations.get_mut("garden").unwrap().subscribe = vec!["garden/b".into()];
    };
    world.change(narrowed);
    let (_, told) = Client::try_login5(world.at, &Login5 { id: "same", ..lasting("garden", LONG) }).await;
    assert!(!told.present, "it was granted under the old one");
}

#[tokio::test]
async fn what_waits_for_those_who_are_away_is_bounded() {
    let limits = Limits { away_messages: 3, sessions_per_integration: 1, ..Limits::default() };
    let world = World::with(limits, 256).await;
    let (mut garden, _) = Client::try_login5(world.at, &lasting("garden", LONG)).await;
    garden.subscribe5(&[("garden/+", 1)], b"").await;
    away(&world, garden, 1).await;
    let (second, _) = Client::try_login5(world.at, &Login5 { id: "second", ..lasting("garden", LONG) }).await;
    drop(second);
    world.counted(Count::SessionRefused, 1).await;
    let (other, _) = Client::try_login5(world.at, &lasting("house", LONG)).await;
    away(&world, other, 2).await;
    let (mut house, _) = Client::try_login5(world.at, &Login5 { id: "x", ..lasting("house", 0) }).await;
    for i in 0..10 {
        house.publish5("garden/a", &i.to_string(), false, b"").await;
    }
    world.counted(Count::DroppedAway, 7).await;
    let (mut garden, _) = Client::try_login5(world.at, &lasting("garden", LONG)).await;
    for i in 0..3 {
        assert_eq!(garden.message5().await.payload, i.to_string());
    }
    garden.ping().await;
}

#[tokio::test]
async fn what_waits_for_those_who_are_away_is_bounded_in_bytes_too() {
    let world = World::with(Limits { away_bytes: 20_000, ..Limits::default() }, 256).await;
    let (mut garden, _) = Client::try_login5(world.at, &lasting("garden", LONG)).await;
    garden.subscribe5(&[("garden/+", 1)], b"").await;
    away(&world, garden, 1).await;
    let mut house = Client::login5(world.at, "house").await;
    let long = "x".repeat(10_000);
    for topic in ["garden/a", "garden/b", "garden/c", "garden/d"] {
        house.publish5(topic, &long, false, b"").await;
    }
    world.counted(Count::DroppedAway, 2).await;
    let (mut garden, _) = Client::try_login5(world.at, &lasting("garden", LONG)).await;
    assert_eq!([garden.message5().await.topic, garden.message5().await.topic], ["garden/a", "garden/b"]);
    garden.ping().await;
}

#[tokio::test]
async fn a_will_waits_for_its_delay_and_is_void_when_the_client_comes_back() {
    let world = World::new().await;
    let mut house = Client::login5(world.at, "house").await;
    house.subscribe5(&[("garden/gone", 0), ("garden/a", 0)], b"").await;
    let will = |payload: &'static str, delay| Some((will_delay(delay), "garden/gone", payload));
    let first = Login5 { will: will("void", 1), ..lasting("garden", LONG) };
    let (garden, _) = Client::try_login5(world.at, &first).await;
    away(&world, garden, 1).await;
    let (garden, told) = Client::try_login5(world.at, &Login5 { will: will("delayed", 1), ..first }).await;
    assert!(told.present);
    let begun = tokio::time::Instant::now();
    away(&world, garden, 2).await;
    assert_eq!(house.message5().await.payload, "delayed");
    assert!(begun.elapsed().as_millis() >= 990, "{:?}", begun.elapsed());
    // The end of the session comes first.
    let short = Login5 { will: will("at the end", LONG), ..lasting("garden", 1) };
    let (garden, _) = Client::try_login5(world.at, &short).await;
    away(&world, garden, 3).await;
    assert_eq!(house.message5().await.payload, "at the end");
    assert_eq!(world.count(Count::SessionExpired), 1);
    // So does a new beginning.
    let (garden, _) =
        Client::try_login5(world.at, &Login5 { will: will("begun anew", LONG), ..lasting("garden", LONG) }).await;
    away(&world, garden, 4).await;
    let (_garden, told) = Client::try_login5(world.at, &Login5 { clean: true, ..lasting("garden", LONG) }).await;
    assert!(!told.present);
    assert_eq!(house.message5().await.payload, "begun anew");
}

#[tokio::test]
async fn a_stop_does_not_wait_for_those_who_are_away() {
    let mut world = World::new().await;
    let (garden, _) = Client::try_login5(world.at, &lasting("garden", LONG)).await;
    away(&world, garden, 1).await;
    world.nothing_more().await;
}
