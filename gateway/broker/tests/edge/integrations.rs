//! Other home systems: what they hear, what they may say, and that none of it moves a relay.

use crate::client::{Client, Login, Message, Packet, field, packet, publish, subscribe};
use crate::client5::Login5;
use crate::world::{World, order};
use gatehouse_broker::{Count, Limits};

fn heard(topic: &str, payload: &str, qos: u8, retain: bool, id: u16) -> Message {
    Message { topic: topic.into(), payload: payload.into(), qos, retain, id }
}

#[tokio::test]
async fn boards_are_heard_through_wildcards_at_the_lower_qos() {
    let mut world = World::new().await;
    let (mut relay, _) = world.board("relay-1").await;
    let mut house = Client::login(world.at, "house").await;
    assert_eq!(house.subscribe(&[("homie/5/+/$state", 0), ("homie/5/relay-1/#", 2)]).await, [0, 2]);
    relay.publish("homie/5/relay-1/$state", "ready", true).await;
    relay.publish("homie/5/relay-1/relay-1/on", "true", true).await;
    relay.send(&publish("homie/5/relay-1/system/rssi", "-60", 0, false, 0)).await;
    // Once, though two filters match, at the higher of their QoS and not above that of the publish.
    assert_eq!(house.message().await, heard("homie/5/relay-1/$state", "ready", 1, false, 1));
    assert_eq!(house.message().await, heard("homie/5/relay-1/relay-1/on", "true", 1, false, 2));
    assert_eq!(house.message().await, heard("homie/5/relay-1/system/rssi", "-60", 0, false, 0));
    let unsubscribe = [&[0, 3][..], &field("homie/5/relay-1/#")].concat();
    house.send(&packet(0xa2, &unsubscribe)).await;
    assert_eq!(house.read().await, Packet { first: 0xb0, body: vec![0, 3] });
    relay.publish("homie/5/relay-1/relay-1/on", "false", true).await;
    relay.publish("homie/5/relay-1/$state", "sleeping", true).await;
    assert_eq!(house.message().await, heard("homie/5/relay-1/$state", "sleeping", 0, false, 0));
}

#[tokio::test]
async fn integrations_hear_each_other_as_far_as_they_may() {
    let world = World::new().await;
    let mut house = Client::login(world.at, "house").await;
    let mut garden = Client::login(world.at, "garden").await;
    assert_eq!(
        garden.subscribe(&[("garden/+", 1), ("#", 1), ("+/lamp", 1), ("kitchen", 1)]).await,
        [1, 0x80, 0x80, 0x80]
    );
    let shared = [("$share/g/#", 0), ("$share/g/kitchen/lamp", 0), ("$share/g/garden/shed/#", 0)];
    assert_eq!(garden.subscribe(&shared).await, [0x80, 0x80, 0]);
    house.subscribe(&[("#", 1)]).await;
    house.publish("kitchen/lamp", "on", false).await;
    assert_eq!(house.message().await, heard("kitchen/lamp", "on", 1, false, 1));
    house.publish("garden/lamp", "on", false).await;
    assert_eq!(house.message().await, heard("garden/lamp", "on", 1, false, 2));
    assert_eq!(garden.message().await, heard("garden/lamp", "on", 1, false, 1));
    garden.publish("kitchen/lamp", "off", false).await;
    garden.publish("garden/ümlaut", "", false).await;
    assert_eq!(house.message().await, heard("garden/ümlaut", "", 1, false, 3));
    assert_eq!(world.count(Count::DroppedForbidden), 1);
    assert_eq!(house.subscribe(&[("$SYS/#", 0), ("$share/#", 0), ("a/#/b", 0)]).await, [0x80; 3]);
}

#[tokio::test]
async fn nothing_an_integration_says_reaches_a_board_or_passes_for_one() {
    let mut world = World::new().await;
    let (mut relay, link) = world.board("relay-1").await;
    relay.subscribe(&[("homie/5/relay-1/$command", 1), ("homie/5/relay-1/+/+/set", 1)]).await;
    let mut house = Client::login(world.at, "house").await;
    house.subscribe(&[("#", 0)]).await;
    for (topic, retain, count) in [
        ("homie/5/relay-1/relay-1/on/set", true, Count::CommandRetained),
        ("homie/5/relay-1/set", false, Count::DroppedForbidden),
        ("homie/5/relay-1/$command", false, Count::DroppedCommand),
        ("homie/5/foreign/$command", false, Count::DroppedCommand),
        ("homie/5/foreign/lamp/on/set", true, Count::DroppedCommand),
        ("homie/5/relay-1/$state", true, Count::DroppedForbidden),
        ("homie/5/relay-1/$report", false, Count::DroppedForbidden),
        ("$SYS/x", false, Count::DroppedForbidden),
    ] {
        let before = world.count(count);
        house.publish(topic, "true", retain).await;
        assert_eq!(world.count(count), before + 1, "{topic}");
    }
    house.publish("end", "1", false).await;
    assert_eq!(house.message().await, heard("end", "1", 0, false, 0));
    world.orders.send(&order("relay-1", link, 1)).unwrap();
    assert_eq!(relay.message().await.payload, "c0ffee01 1 5000 relay-1/on true");
}

#[tokio::test]
async fn retained_messages_come_whole_with_every_subscribe() {
    const TOPICS: usize = 300;
    let limits = Limits { in_flight: 10, ..Limits::default() };
    let world = World::with(limits, 256).await;
    let mut house = Client::login(world.at, "house").await;
    let mut expected = Vec::new();
    for i in 0..TOPICS {
        house.publish(&format!("shelf/{i}"), &i.to_string(), true).await;
        expected.push((format!("shelf/{i}"), i.to_string()));
    }
    expected.sort();
    for round in 0..2 {
        house.send(&subscribe(&[("shelf/+", 1)])).await;
        assert_eq!(house.read().await.first, 0x90);
        let mut got = Vec::new();
        for _ in 0..TOPICS {
            let message = house.message().await;
            assert!(message.retain && message.qos == 1, "{round}: {message:?}");
            house.acknowledge(message.id).await;
            got.push((message.topic, message.payload));
        }
        got.sort();
        assert_eq!(got, expected, "{round}");
    }
}

#[tokio::test]
async fn only_an_empty_retained_message_deletes() {
    let world = World::new().await;
    let mut house = Client::login(world.at, "house").await;
    house.publish("a", "kept", true).await;
    house.publish("a", "", false).await;
    house.publish("a", "not kept", false).await;
    house.subscribe(&[("a", 0)]).await;
    assert_eq!(house.message().await, heard("a", "kept", 0, true, 0));
    house.send(&publish("a", "", 0, true, 0)).await;
    assert_eq!(house.message().await, heard("a", "", 0, false, 0));
    house.subscribe(&[("a", 0), ("#", 0)]).await;
    house.ping().await;
}

#[tokio::test]
async fn a_full_index_keeps_no_more_and_still_delivers() {
    let limits = Limits { retained_messages: 1, ..Limits::default() };
    let world = World::with(limits, 256).await;
    let mut house = Client::login(world.at, "house").await;
    house.subscribe(&[("#", 0)]).await;
    for topic in ["a", "b"] {
        house.send(&publish(topic, "1", 0, true, 0)).await;
        assert_eq!(house.message().await, heard(topic, "1", 0, false, 0));
    }
    assert_eq!(world.count(Count::DroppedRetained), 1);
    house.subscribe(&[("#", 0)]).await;
    assert_eq!(house.message().await, heard("a", "1", 0, true, 0));
    house.ping().await;
}

#[tokio::test]
async fn a_will_is_published_at_any_end_but_a_goodbye() {
    let mut world = World::new().await;
    let mut house = Client::login(world.at, "house").await;
    house.subscribe(&[("homie/5/+/$state", 1), ("gone/+", 0)]).await;
    let will = Some(("homie/5/relay-1/$state", "lost", true));
    let (mut relay, _) = Client::try_login(world.at, &Login { will, ..Login::of("relay-1") }).await;
    let link = world.connected("relay-1").await;
    relay.send(&[0xe0, 0]).await;
    relay.closed().await;
    world.disconnected("relay-1", link).await;
    let (relay, _) = Client::try_login(world.at, &Login { will, ..Login::of("relay-1") }).await;
    world.connected("relay-1").await;
    drop(relay);
    assert_eq!(house.message().await, heard("homie/5/relay-1/$state", "lost", 1, false, 1), "the first, by closing");
    let will = Some(("gone/garden", "bye", false));
    let (garden, _) = Client::try_login(world.at, &Login { will, id: "x", ..Login::of("house") }).await;
    drop(garden);
    assert_eq!(house.message().await, heard("gone/garden", "bye", 0, false, 0));
    house.subscribe(&[("homie/5/relay-1/$state", 0)]).await;
    assert_eq!(house.message().await, heard("homie/5/relay-1/$state", "lost", 0, true, 0));
}

#[tokio::test]
async fn an_integration_takes_over_from_itself_only() {
    let world = World::new().await;
    let mut first = Client::login(world.at, "house").await;
    let mut other = Client::try_login(world.at, &Login { id: "other", ..Login::of("house") }).await.0;
    let mut second = Client::login(world.at, "house").await;
    first.closed().await;
    other.ping().await;
    second.ping().await;
    assert_eq!(world.count(Count::EndTakenOver), 1);
}

#[tokio::test]
async fn an_integration_too_many_is_told_and_boards_are_not_touched() {
    let limits = Limits { integrations: 1, ..Limits::default() };
    let mut world = World::with(limits, 256).await;
    let _house = Client::login(world.at, "house").await;
    let (_, code) = Client::try_login(world.at, &Login::of("garden")).await;
    assert_eq!(code, Some(3));
    let (mut relay, _) = world.board("relay-1").await;
    relay.ping().await;
}

#[tokio::test]
async fn one_integration_cannot_take_the_places_of_the_others() {
    let limits = Limits { connections_per_integration: 2, ..Limits::default() };
    let world = World::with(limits, 256).await;
    let enter = async |id| Client::try_login(world.at, &Login { id, ..Login::of("house") }).await;
    let (mut first, mut second) = (enter("1").await.0, enter("2").await.0);
    let (mut third, code) = enter("3").await;
    assert_eq!(code, Some(3));
    third.closed().await;
    let (_, told) = Client::try_login5(world.at, &Login5 { id: "3", ..Login5::of("house") }).await;
    assert_eq!(told.code, 0x97);
    world.counted(Count::RefusedCredential, 2).await;
    Client::login(world.at, "garden").await.ping().await;
    let (mut again, code) = enter("1").await;
    assert_eq!(code, Some(0), "it takes over its own place");
    first.closed().await;
    again.ping().await;
    again.send(&[0xe0, 0]).await;
    world.counted(Count::EndGoodbye, 1).await;
    assert_eq!(enter("3").await.1, Some(0));
    second.ping().await;
}

#[tokio::test]
async fn an_integration_that_does_not_read_is_cut_and_boards_go_on() {
    let limits = Limits { write_deadline: std::time::Duration::from_millis(300), ..Limits::default() };
    let mut world = World::with(limits, 4_096).await;
    let mut house = Client::login(world.at, "house").await;
    house.subscribe(&[("#", 0)]).await;
    let (mut relay, link) = world.board("relay-1").await;
    let long = "x".repeat(30_000);
    crate::world::soon("the cut", async {
        while world.count(Count::EndSlow) == 0 {
            relay.publish("homie/5/relay-1/$log/debug", &long, false).await;
        }
    })
    .await;
    relay.publish("homie/5/relay-1/$state", "ready", true).await;
    world.said("relay-1", link).await;
}

#[tokio::test]
async fn an_integration_that_says_much_hears_no_less_for_it() {
    let world = World::with(Limits { integration_rate: (0, 0), ..Limits::default() }, 256).await;
    let mut house = Client::login(world.at, "house").await;
    house.subscribe(&[("garden/last", 0)]).await;
    // Several times the log of the router, all at once: its own link has to take all of it.
    let much = crate::client::publish("garden/much", &"x".repeat(200), 0, false, 0).repeat(100_000);
    house.send(&[much, crate::client::publish("garden/last", "1", 0, false, 0)].concat()).await;
    assert_eq!(house.message().await.payload, "1");
}
