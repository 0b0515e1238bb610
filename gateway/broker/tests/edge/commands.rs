//! What integrations ask of claimed boards: it reaches the hub once, and nobody else at all.

use crate::client::{Client, Packet, packet, publish};
use crate::client5::{Login5, publish5, session_expiry};
use crate::world::World;
use gatehouse_broker::{Count, Limits};
use std::time::Duration;

const SET: &str = "homie/5/relay-1/relay-1/on/set";

#[tokio::test]
async fn a_command_goes_to_the_hub_and_to_nobody_else() {
    let mut world = World::new().await;
    let (mut relay, link) = world.board("relay-1").await;
    relay.subscribe(&[("homie/5/relay-1/$command", 1), ("homie/5/relay-1/+/+/set", 1)]).await;
    let (mut old, mut new) = (Client::login(world.at, "house").await, Client::login5(world.at, "house").await);
    // The second of them took the client id over.
    old.closed().await;
    let mut old = Client::try_login5(world.at, &Login5 { id: "other", ..Login5::of("house") }).await.0;
    assert_eq!(old.subscribe5(&[("#", 1)], b"").await, [1]);
    assert_eq!(new.publish5(SET, "true", false, b"").await, 0);
    assert!(world.asked("house").await);
    new.send(&publish5(SET, "false", 0, false, 0, b"")).await;
    assert!(!world.asked("house").await);
    assert_eq!(world.count(Count::CommandTaken), 2);
    new.publish5("end", "", false, b"").await;
    assert_eq!(old.message5().await.topic, "end");
    relay.ping().await;
    drop(relay);
    world.disconnected("relay-1", link).await;
    world.nothing_more().await;
}

#[tokio::test]
async fn each_refusal_is_counted_and_has_its_reason() {
    let mut world = World::new().await;
    let mut house = Client::login5(world.at, "house").await;
    let mut garden = Client::login5(world.at, "garden").await;
    for (payload, retain, reason, count) in [
        ("true", true, 0x87, Count::CommandRetained),
        ("on", false, 0x99, Count::CommandBadValue),
        ("True", false, 0x99, Count::CommandBadValue),
        ("", false, 0x99, Count::CommandBadValue),
        ("", true, 0x87, Count::CommandRetained),
    ] {
        let before = world.count(count);
        assert_eq!(house.publish5(SET, payload, retain, b"").await, reason, "{payload} {retain}");
        assert_eq!(world.count(count), before + 1, "{payload} {retain}");
    }
    assert_eq!(garden.publish5(SET, "true", false, b"").await, 0x87);
    assert_eq!(world.count(Count::DroppedCommand), 1);
    // MQTT 3.1.1 knows no reasons: acknowledged, and dropped.
    let (mut old, code) =
        Client::try_login(world.at, &crate::client::Login { id: "old", ..crate::client::Login::of("house") }).await;
    assert_eq!(code, Some(0));
    old.publish(SET, "on", false).await;
    assert_eq!(world.count(Count::CommandBadValue), 4);
    // It is not kept either.
    old.subscribe(&[("#", 0)]).await;
    old.ping().await;
    assert_eq!(world.count(Count::CommandTaken), 0);
    world.nothing_more().await;
}

#[tokio::test]
async fn a_will_commands_nothing() {
    let mut world = World::new().await;
    let will = Some((vec![], SET, "true"));
    let (mut house, told) = Client::try_login5(world.at, &Login5 { will, ..Login5::of("house") }).await;
    assert_eq!(told.code, 0x87);
    house.closed().await;
    assert_eq!(world.count(Count::RefusedWill), 1);
    world.nothing_more().await;
}

#[tokio::test]
async fn what_comes_again_commands_once() {
    let mut world = World::new().await;
    let lasting = Login5 { clean: false, properties: session_expiry(60), ..Login5::of("house") };
    let (mut house, _) = Client::try_login5(world.at, &lasting).await;
    let duplicate = |mut bytes: Vec<u8>| {
        bytes[0] |= 8;
        bytes
    };
    let at_qos_2 = publish5(SET, "true", 2, false, 7, b"");
    house.send(&at_qos_2).await;
    assert_eq!(house.read().await, Packet { first: 0x50, body: vec![0, 7] });
    assert!(world.asked("house").await);
    house.send(&duplicate(at_qos_2.clone())).await;
    assert_eq!(house.read().await, Packet { first: 0x50, body: vec![0, 7] }, "it is known");
    // On another connection, too.
    drop(house);
    let (mut house, told) = Client::try_login5(world.at, &lasting).await;
    assert!(told.present);
    house.send(&duplicate(at_qos_2)).await;
    assert_eq!(house.read().await, Packet { first: 0x50, body: vec![0, 7] });
    house.send(&packet(0x62, &[0, 7])).await;
    assert_eq!(house.read().await, Packet { first: 0x70, body: vec![0, 7] });
    assert_eq!(world.count(Count::CommandRepeated), 0);
    // At QoS 1 nobody can know whether it was taken before, nor who has moved the relay since.
    house.send(&duplicate(publish5(SET, "true", 1, false, 8, b""))).await;
    assert_eq!(house.read().await, Packet { first: 0x40, body: vec![0, 8, 0x83] });
    assert_eq!((world.count(Count::CommandRepeated), world.count(Count::CommandTaken)), (1, 1));
    world.nothing_more().await;
}

#[tokio::test]
async fn a_flood_is_told_off_and_the_board_is_left_to_others() {
    let hour = Duration::from_secs(3_600);
    let limits = Limits { commands_per_integration: (3, hour), commands_per_board: (2, hour), ..Limits::default() };
    let world = World::with(limits, 256).await;
    let mut house = Client::login5(world.at, "house").await;
    for (board, reason) in [("relay-1", 0), ("relay-1", 0), ("relay-1", 0x97), ("relay-2", 0), ("relay-3", 0x97)] {
        let topic = format!("homie/5/{board}/relay-1/on/set");
        assert_eq!(house.publish5(&topic, "true", false, b"").await, reason, "{board}");
    }
    assert_eq!((world.count(Count::CommandTaken), world.count(Count::CommandTooMany)), (3, 2));
    world.change(|credentials| {
        credentials.integrations.get_mut("garden").unwrap().publish.push("homie/5/relay-3/+/+/set".into());
    });
    let mut garden = Client::login(world.at, "garden").await;
    garden.send(&publish("homie/5/relay-3/relay-1/on/set", "true", 0, false, 0)).await;
    garden.ping().await;
    assert_eq!(world.count(Count::CommandTaken), 4, "another integration, another board");
}

#[tokio::test]
async fn a_hub_that_is_behind_holds_the_integration_back_and_is_given_up_on() {
    let mut world = World::with(Limits::default(), 1).await;
    let mut house = Client::login5(world.at, "house").await;
    assert_eq!(house.publish5(SET, "true", false, b"").await, 0);
    assert_eq!(house.publish5(SET, "false", false, b"").await, 0x97, "there was no room in time");
    assert!(world.asked("house").await);
    assert_eq!(house.publish5(SET, "false", false, b"").await, 0);
    assert!(!world.asked("house").await, "and nothing that was refused comes later");
    // One that is revoked while it waits asks for nothing more.
    house.send(&[publish5(SET, "true", 1, false, 1, b""), publish5(SET, "false", 1, false, 2, b"")].concat()).await;
    assert_eq!(house.read().await, Packet { first: 0x40, body: vec![0, 1] });
    world.change(|credentials| drop(credentials.integrations.remove("house")));
    while house.try_read().await.is_some() {}
    assert!(world.asked("house").await);
    world.nothing_more().await;
}
