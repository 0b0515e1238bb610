//! MQTT 5 on the same port: what is announced, passed on, and asked of a subscription.

use crate::client::{Client, Packet, field, packet};
use crate::client5::{Accepted, Login5, Message5, message_expiry, publish5, will_delay};
use crate::world::World;
use gatehouse_broker::{Count, Limits};
use std::time::Duration;

fn heard(topic: &str, payload: &str) -> Message5 {
    Message5 { topic: topic.into(), payload: payload.into(), ..Message5::default() }
}

#[tokio::test]
async fn a_login_is_told_what_it_did_not_ask_for() {
    let world = World::new().await;
    // Receive maximum 64, packets of 64 KB and their header, no topic aliases.
    let always = b"\x21\0\x40\x27\0\x01\0\x02".to_vec();
    let no_alias = b"\x22\0\0".to_vec();
    let (_, plain) = Client::try_login5(world.at, &Login5::of("house")).await;
    let expected = |properties: &[&[u8]]| Accepted { present: false, code: 0, properties: properties.concat() };
    assert_eq!(plain, expected(&[&always, &no_alias]));
    let properties = crate::client5::session_expiry(u32::MAX);
    let asked = Login5 { keep_alive: 120, id: "", properties, ..Login5::of("house") };
    let (_, told) = Client::try_login5(world.at, &asked).await;
    let (expiry, id) = (86_400_u32.to_be_bytes(), field("gatehouse-0"));
    assert_eq!(told, expected(&[b"\x11", &expiry, &always, b"\x12", &id, &no_alias, b"\x13\0\x3c"]));
}

#[tokio::test]
async fn each_refusal_has_its_reason() {
    let limits = Limits { failures_per_user: (2, Duration::from_secs(3_600)), ..Limits::default() };
    let mut world = World::with(limits, 256).await;
    let garden = || Login5::of("garden");
    let will = Some((vec![], "kitchen/gone", "x"));
    for (login, code, count) in [
        (Login5 { password: "x".into(), ..garden() }, 0x86, Count::RefusedSecret),
        (Login5 { id: "a\u{1}", ..garden() }, 0x85, Count::RefusedClientId),
        (Login5 { will, ..garden() }, 0x87, Count::RefusedWill),
        (Login5 { properties: b"\x15\0\x01x".to_vec(), ..garden() }, 0x8c, Count::RefusedAuthMethod),
        (Login5::of("relay-1"), 0x84, Count::RefusedLevel),
        (Login5 { password: "x".into(), ..garden() }, 0x86, Count::RefusedSecret),
        (garden(), 0x9f, Count::RefusedThrottled),
    ] {
        let before = world.count(count);
        let (mut client, told) = Client::try_login5(world.at, &login).await;
        assert_eq!((told.code, told.present), (code, false));
        client.closed().await;
        assert_eq!(world.count(count), before + 1);
    }
    let limits = Limits { integrations: 0, ..Limits::default() };
    let full = World::with(limits, 256).await;
    assert_eq!(Client::try_login5(full.at, &garden()).await.1.code, 0x97);
    world.nothing_more().await;
}

#[tokio::test]
async fn what_a_message_carries_goes_on_to_mqtt_5_and_not_to_3() {
    let world = World::new().await;
    let (mut new, mut old) = (Client::login5(world.at, "house").await, Client::login(world.at, "garden").await);
    assert_eq!(new.subscribe5(&[("garden/#", 1)], b"").await, [1]);
    old.subscribe(&[("garden/#", 1)]).await;
    let passed = b"\x01\x01\x08\0\x01r\x09\0\x02\xff\xfe\x03\0\x04text\x26\0\x01a\0\x012\x26\0\x01a\0\x013";
    let sent = [&passed[..], &message_expiry(100)].concat();
    assert_eq!(new.publish5("garden/lamp", "on", true, &sent).await, 0);
    let live = new.message5().await;
    assert_eq!(live, Message5 { qos: 1, id: 1, properties: sent.clone(), ..heard("garden/lamp", "on") });
    assert_eq!(old.message().await.payload, "on");
    new.subscribe5(&[("garden/lamp", 0)], b"").await;
    let retained = new.message5().await;
    assert_eq!(retained, Message5 { retain: true, properties: sent, ..heard("garden/lamp", "on") });
    // And the other way round: what has no properties.
    old.publish("garden/lamp", "off", false).await;
    assert_eq!(new.message5().await, Message5 { qos: 1, id: 2, ..heard("garden/lamp", "off") });
}

#[tokio::test]
async fn a_message_grows_old() {
    let world = World::new().await;
    let mut house = Client::login5(world.at, "house").await;
    house.publish5("shelf/long", "1", true, &message_expiry(100)).await;
    house.publish5("shelf/short", "1", true, &message_expiry(1)).await;
    // Time itself is what is tested.
    tokio::time::sleep_until(tokio::time::Instant::now() + Duration::from_millis(1_100)).await;
    house.subscribe5(&[("shelf/+", 1)], b"").await;
    let message = house.message5().await;
    assert_eq!(message.topic, "shelf/long");
    let left = u32::from_be_bytes(message.properties[1..].try_into().unwrap());
    assert!((90..=99).contains(&left) && message.properties[0] == 2, "{left}");
    house.ping().await;
}

#[tokio::test]
async fn a_subscription_is_as_its_options_say() {
    const NO_LOCAL: u8 = 4;
    const AS_PUBLISHED: u8 = 8;
    const IF_NEW: u8 = 0x10;
    const NEVER: u8 = 0x20;
    let world = World::new().await;
    let mut house = Client::login5(world.at, "house").await;
    let mut garden = Client::login5(world.at, "garden").await;
    house.publish5("garden/a", "kept", true, b"").await;

    assert_eq!(garden.subscribe5(&[("garden/a", NEVER)], b"").await, [0]);
    assert_eq!(garden.subscribe5(&[("garden/a", IF_NEW)], b"").await, [0], "not new");
    garden.ping().await;
    assert_eq!(garden.subscribe5(&[("garden/+", IF_NEW | AS_PUBLISHED)], b"").await, [0]);
    assert_eq!(garden.message5().await, Message5 { retain: true, ..heard("garden/a", "kept") });

    house.subscribe5(&[("garden/b", NO_LOCAL)], b"").await;
    assert_eq!(house.publish5("garden/b", "of house", true, b"").await, 0);
    assert_eq!(garden.message5().await, Message5 { retain: true, ..heard("garden/b", "of house") }, "as published");
    garden.publish5("garden/b", "of garden", false, b"").await;
    assert_eq!(house.message5().await, heard("garden/b", "of garden"), "and nothing of its own before");
    assert_eq!(garden.message5().await, heard("garden/b", "of garden"));
}

#[tokio::test]
async fn subscriptions_are_called_what_the_client_calls_them() {
    let world = World::new().await;
    let mut house = Client::login5(world.at, "house").await;
    house.subscribe5(&[("a/b", 0)], b"\x0b\xac\x02").await;
    house.subscribe5(&[("a/#", 0)], b"\x0b\x02").await;
    house.send(&publish5("a/b", "1", 0, true, 0, b"")).await;
    assert_eq!(house.message5().await.properties, b"\x0b\xac\x02\x0b\x02", "once, with both");
    house.subscribe5(&[("a/b", 0)], b"").await;
    assert_eq!(house.message5().await, Message5 { retain: true, ..heard("a/b", "1") });
    house.send(&publish5("a/b", "2", 0, false, 0, b"")).await;
    assert_eq!(house.message5().await.properties, b"\x0b\x02");
}

#[tokio::test]
async fn acknowledgements_say_why_not() {
    let limits = Limits { filters: 2, ..Limits::default() };
    let world = World::with(limits, 256).await;
    let mut garden = Client::login5(world.at, "garden").await;
    assert_eq!(garden.publish5("kitchen/lamp", "on", false, b"").await, 0x87);
    assert_eq!(garden.publish5("$SYS/x", "on", false, b"").await, 0x87);
    let asked = [("garden/a", 2), ("kitchen/#", 1), ("garden/#/x", 1), ("$SYS/#", 0), ("garden/b", 1), ("garden/c", 1)];
    assert_eq!(garden.subscribe5(&asked, b"").await, [2, 0x87, 0x8f, 0x8f, 1, 0x97]);
    let unsubscribe = [&[0, 3, 0][..], &field("garden/a"), &field("garden/a"), &field("x")].concat();
    garden.send(&packet(0xa2, &unsubscribe)).await;
    assert_eq!(garden.read().await, Packet { first: 0xb0, body: vec![0, 3, 0, 0, 0x11, 0x11] });
    garden.send(&publish5("kitchen/lamp", "on", 2, false, 7, b"")).await;
    assert_eq!(garden.read().await, Packet { first: 0x50, body: vec![0, 7, 0x87] });
    garden.send(&packet(0x62, &[0, 7])).await;
    assert_eq!(garden.read().await, Packet { first: 0x70, body: vec![0, 7, 0x92] }, "it was not taken");
}

#[tokio::test]
async fn one_of_a_group_gets_each_message_and_another_credential_has_its_own_group() {
    let world = World::new().await;
    let mut members = Vec::new();
    for id in ["one", "two"] {
        let (mut member, _) = Client::try_login5(world.at, &Login5 { id, ..Login5::of("house") }).await;
        assert_eq!(member.subscribe5(&[("$share/g/garden/#", 1), ("end", 0)], b"").await, [1, 0]);
        members.push(member);
    }
    let mut garden = Client::login5(world.at, "garden").await;
    garden.subscribe5(&[("$share/g/garden/#", 0)], b"").await;
    let mut house = Client::login5(world.at, "house").await;
    for i in 0..20 {
        house.publish5(&format!("garden/{i}"), "1", i == 0, b"").await;
        assert_eq!(garden.message5().await.topic, format!("garden/{i}"));
    }
    house.publish5("end", "", false, b"").await;
    let mut got = Vec::new();
    for member in &mut members {
        loop {
            let message = member.message5().await;
            if message.topic == "end" {
                break;
            }
            member.acknowledge(message.id).await;
            got.push(message.topic);
        }
    }
    got.sort();
    let mut all: Vec<_> = (0..20).map(|i| format!("garden/{i}")).collect();
    all.sort();
    assert_eq!(got, all);
}

#[tokio::test]
async fn a_will_has_properties_and_may_be_wanted_with_a_goodbye() {
    let world = World::new().await;
    let mut house = Client::login(world.at, "house").await;
    let mut new = Client::try_login5(world.at, &Login5 { id: "new", ..Login5::of("house") }).await.0;
    house.subscribe(&[("gone/#", 0)]).await;
    new.subscribe5(&[("gone/#", 1)], b"").await;
    let user = b"\x26\0\x01a\0\x01b".to_vec();
    // Without a session to outlive the connection, the delay is void.
    let properties = [user.clone(), will_delay(3_600), message_expiry(50)].concat();
    let will = || Some((properties.clone(), "gone/x", "bye"));
    let (leaver, _) = Client::try_login5(world.at, &Login5 { id: "x", will: will(), ..Login5::of("house") }).await;
    leaver.leave5(0, b"").await;
    let (leaver, _) = Client::try_login5(world.at, &Login5 { id: "x", will: will(), ..Login5::of("house") }).await;
    leaver.leave5(4, b"").await;
    assert_eq!(house.message().await.payload, "bye");
    let message = new.message5().await;
    assert_eq!(message.properties, [user, message_expiry(50)].concat());
    house.ping().await;
    // A will that its client may not publish any more is not published.
    let will = Some((vec![], "garden/gone", "bye"));
    let (mut revoked, _) = Client::try_login5(world.at, &Login5 { will, ..Login5::of("garden") }).await;
    house.subscribe(&[("garden/#", 0)]).await;
    world.change(|credentials| credentials.integrations.get_mut("garden").unwrap().publish.clear());
    assert_eq!(revoked.dismissed().await, 0x87);
    crate::world::soon("the judgement", async {
        while world.count(Count::DroppedForbidden) == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    house.ping().await;
}
