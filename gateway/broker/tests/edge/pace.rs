//! Who sends too fast, or asks for too much at once.

use crate::client::{Client, Login, Packet, publish};
use crate::client5::Login5;
use crate::world::World;
use gatehouse_broker::{Count, Limits};
use std::time::Duration;

#[tokio::test]
async fn an_integration_that_sends_too_fast_is_read_slower_and_loses_nothing() {
    let limits = Limits { integration_rate: (1_000, 0), ..Limits::default() };
    let mut world = World::with(limits, 4_096).await;
    // Shorter than the pauses take in all.
    let login = Login { keep_alive: 1, ..Login::of("house") };
    let (mut house, _) = Client::try_login(world.at, &login).await;
    let (mut relay, link) = world.board("relay-1").await;
    let flood: Vec<u8> = (1..=4_000).flat_map(|id| publish("garden/a", "1", 1, false, id)).collect();
    let (mut reader, mut writer) = house.stream.split();
    let sent = tokio::io::AsyncWriteExt::write_all(&mut writer, &flood);
    let acknowledged = async {
        let mut answers = vec![0; 4 * 4_000];
        tokio::io::AsyncReadExt::read_exact(&mut reader, &mut answers).await.unwrap();
        answers
    };
    let boards = async {
        for _ in 0..100 {
            relay.publish("homie/5/relay-1/$state", "ready", true).await;
            world.said("relay-1", link).await;
        }
    };
    let (_, answers, ()) = tokio::join!(sent, acknowledged, boards);
    for (id, answer) in (1_u16..).zip(answers.chunks(4)) {
        let [high, low] = id.to_be_bytes();
        assert_eq!(answer, [0x40, 2, high, low], "in the order they came");
    }
    assert!(world.count(Count::SlowedIntegration) > 0);
    assert_eq!(world.count(Count::SlowedBoard), 0);
    house.ping().await;
}

#[tokio::test]
async fn a_board_that_sends_too_fast_is_read_slower_and_still_gets_its_orders() {
    let limits = Limits { board_rate: (100, 0), ..Limits::default() };
    let mut world = World::with(limits, 4_096).await;
    let (mut relay, link) = world.board("relay-1").await;
    relay.subscribe(&[("homie/5/relay-1/$command", 1)]).await;
    let flood: Vec<u8> = (0..300).flat_map(|_| publish("homie/5/relay-1/$state", "ready", 0, true, 0)).collect();
    relay.send(&flood).await;
    world.said("relay-1", link).await;
    world.orders.send(&crate::world::order("relay-1", link, 1)).unwrap();
    assert_eq!(relay.message().await.payload, "c0ffee01 1 5000 relay-1/on true");
    for _ in 1..300 {
        world.said("relay-1", link).await;
    }
    assert!(world.count(Count::SlowedBoard) > 0);
    relay.ping().await;
}

#[tokio::test]
async fn what_waits_for_one_subscriber_is_bounded_in_bytes() {
    let limits = Limits { backlog_bytes: 20_000, ..Limits::default() };
    let world = World::with(limits, 256).await;
    let mut house = Client::login5(world.at, "house").await;
    let long = "x".repeat(10_000);
    for topic in ["a/1", "a/2", "b/3"] {
        house.publish5(topic, &long, true, b"").await;
    }
    house.subscribe5(&[("a/+", 0)], b"").await;
    assert_eq!([house.message5().await.payload.len(), house.message5().await.payload.len()], [10_000; 2]);
    let mut greedy = Client::try_login5(world.at, &Login5 { id: "greedy", ..Login5::of("house") }).await.0;
    greedy.send(&crate::client::packet(0x82, b"\0\x09\0\0\x01#\0")).await;
    assert_eq!(greedy.read().await, Packet { first: 0x90, body: vec![0, 9, 0, 0] });
    assert_eq!(greedy.dismissed().await, 0x97);
    assert_eq!(world.count(Count::EndSlow), 1);
    house.ping().await;
}

#[tokio::test]
async fn what_waits_for_all_subscribers_is_bounded_and_who_does_not_read_makes_room() {
    const MIB: usize = 1024 * 1024;
    let limits = Limits {
        excess_bytes: 40 * MIB,
        backlog_bytes: 40 * MIB,
        write_deadline: Duration::from_secs(600),
        ..Limits::default()
    };
    let world = World::with(limits, 256).await;
    let mut house = Client::login(world.at, "house").await;
    let long = "x".repeat(50_000);
    for number in 0..40 {
        house.publish(&format!("garden/{number}"), &long, true).await;
    }
    house.ping().await;
    let enter = async |id| Client::try_login(world.at, &Login { id, keep_alive: 0, ..Login::of("house") }).await.0;
    let (mut asleep, mut awake) = (enter("asleep").await, enter("awake").await);
    // 30 MB each, far more than sockets hold.
    let many_times = crate::client::subscribe(&[("garden/+", 0); 15]);
    for client in [&mut asleep, &mut awake] {
        client.send(&many_times).await;
        assert_eq!(client.read().await.first, 0x90);
    }
    for _ in 0..15 * 40 {
        awake.message().await;
    }
    world.counted(Count::EndSlow, 1).await;
    awake.ping().await;
    house.ping().await;
}
