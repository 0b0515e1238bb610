//! Orders to a board and its reports back.

use crate::client::{Client, Login, Message, Packet, publish, subscribe};
use crate::world::{World, board, config_order, new_secret, order, soon};
use gatehouse_broker::{Count, Limits, NotSent};
use gatehouse_core::device::{BoardState, Cause, Said};
use std::time::Duration;

const COMMANDS: &str = "homie/5/relay-1/$command";
const SECRETS: &str = "homie/5/relay-1/$credential";

async fn subscribed(world: &mut World) -> (Client, gatehouse_core::ids::LinkId) {
    let (mut relay, link) = world.board("relay-1").await;
    assert_eq!(relay.subscribe(&[(COMMANDS, 2), ("homie/5/relay-1/+/+/set", 1)]).await, [1, 1]);
    (relay, link)
}

#[tokio::test]
async fn an_order_goes_out_once_and_its_report_comes_back() {
    let mut world = World::new().await;
    let (mut relay, link) = subscribed(&mut world).await;
    world.orders.send(&order("relay-1", link, 1)).unwrap();
    let expected = Message {
        topic: COMMANDS.into(),
        payload: "c0ffee01 1 5000 relay-1/on true".into(),
        qos: 1,
        retain: false,
        id: 1,
    };
    assert_eq!(relay.message().await, expected);
    relay.acknowledge(1).await;
    relay.publish("homie/5/relay-1/$report", "c0ffee01 1 1234 relay-1/on true command c0ffee01:1", false).await;
    let Said::Report(report) = world.said("relay-1", link).await else { panic!() };
    assert_eq!((report.on, report.cause, report.obeyed), (true, Cause::Command, Some(order("relay-1", link, 1).id)));
    world.orders.send(&order("relay-1", link, 2)).unwrap();
    assert_eq!(relay.message().await.id, 2);
}

#[tokio::test]
async fn an_order_goes_to_no_other_connection() {
    let mut world = World::new().await;
    let (mut relay, link) = world.board("relay-1").await;
    assert_eq!(world.orders.send(&order("relay-1", link, 1)), Err(NotSent::NoLink), "not subscribed yet");
    relay.subscribe(&[(COMMANDS, 1)]).await;
    assert_eq!(world.orders.send(&order("relay-2", link, 1)), Err(NotSent::NoLink), "another board's");
    world.orders.send(&order("relay-1", link, 1)).unwrap();
    relay.message().await;
    // Never acknowledged; the next connection gets it nonetheless not again.
    let mut next = Client::login(world.at, "relay-1").await;
    world.disconnected("relay-1", link).await;
    let second = world.connected("relay-1").await;
    next.subscribe(&[(COMMANDS, 1)]).await;
    assert_eq!(world.orders.send(&order("relay-1", link, 2)), Err(NotSent::NoLink), "gone");
    world.orders.send(&order("relay-1", second, 3)).unwrap();
    assert_eq!(next.message().await.payload, "c0ffee01 3 5000 relay-1/on true");
    next.send(&crate::client::packet(0xa2, &[&[0, 5][..], &crate::client::field(COMMANDS)].concat())).await;
    assert_eq!(next.read().await, Packet { first: 0xb0, body: vec![0, 5] });
    assert_eq!(world.orders.send(&order("relay-1", second, 4)), Err(NotSent::NoLink), "unsubscribed");
}

#[tokio::test]
async fn a_board_that_does_not_acknowledge_fills_its_queue_and_is_cut() {
    let limits =
        Limits { in_flight: 2, orders_waiting: 3, ack_deadline: Duration::from_millis(300), ..Limits::default() };
    let mut world = World::with(limits, 256).await;
    let (mut relay, link) = subscribed(&mut world).await;
    for seq in 1..=2 {
        world.orders.send(&order("relay-1", link, seq)).unwrap();
        relay.message().await;
    }
    for seq in 3..=5 {
        world.orders.send(&order("relay-1", link, seq)).unwrap();
    }
    assert_eq!(world.orders.send(&order("relay-1", link, 6)), Err(NotSent::QueueFull));
    relay.acknowledge(1).await;
    assert_eq!(relay.message().await.payload, "c0ffee01 3 5000 relay-1/on true");
    world.disconnected("relay-1", link).await;
    relay.closed().await;
    assert_eq!(world.count(Count::EndSlow), 1);
}

#[tokio::test]
async fn a_board_that_does_not_read_is_cut() {
    let limits = Limits { write_deadline: Duration::from_millis(300), board_rate: (0, 0), ..Limits::default() };
    let mut world = World::with(limits, 256).await;
    let (mut relay, link) = world.board("relay-1").await;
    // Pings and never reads the answers, until the socket's buffers are full in both directions.
    let pings = [0xc0, 0].repeat(100_000);
    let flood = tokio::spawn(async move {
        for _ in 0..1_000 {
            relay.send(&pings).await;
        }
    });
    world.disconnected("relay-1", link).await;
    soon("the end of the flood", flood).await.unwrap();
    assert_eq!(world.count(Count::EndSlow), 1);
}

#[tokio::test]
async fn many_orders_and_reports_share_writes_and_keep_their_order() {
    const ORDERS: u32 = 1_000;
    let mut world = World::new().await;
    let (mut relay, link) = subscribed(&mut world).await;
    let answering = tokio::spawn(async move {
        for seq in 1..=ORDERS {
            let message = relay.message().await;
            assert_eq!(message.payload, format!("c0ffee01 {seq} 5000 relay-1/on true"));
            relay.acknowledge(message.id).await;
            let report = format!("c0ffee01 {seq} {seq} relay-1/on true command c0ffee01:{seq}");
            relay.send(&publish("homie/5/relay-1/$report", &report, 0, false, 0)).await;
        }
        relay
    });
    let (mut sent, mut heard) = (0, 0);
    while heard < ORDERS {
        while sent < ORDERS && world.orders.send(&order("relay-1", link, sent + 1)).is_ok() {
            sent += 1;
        }
        let Said::Report(report) = world.said("relay-1", link).await else { panic!() };
        heard += 1;
        assert_eq!(report.counter.get(), heard);
    }
    drop(answering.await.unwrap());
    world.disconnected("relay-1", link).await;
    assert_eq!(world.count(Count::Orders), u64::from(ORDERS));
}

#[tokio::test]
async fn a_board_speaks_on_its_own_topics_only() {
    let mut world = World::new().await;
    let (mut relay, link) = world.board("relay-1").await;
    for (topic, count) in [
        ("homie/5/relay-2/$state", Count::DroppedForbidden),
        ("homie/5/relay-2/$report", Count::DroppedForbidden),
        ("elsewhere", Count::DroppedForbidden),
        ("$SYS/x", Count::DroppedForbidden),
        (COMMANDS, Count::DroppedCommand),
        (SECRETS, Count::DroppedCommand),
        ("homie/5/relay-1/relay-1/on/set", Count::DroppedCommand),
        ("homie/5/relay-2/$command", Count::DroppedCommand),
    ] {
        let before = world.count(count);
        relay.publish(topic, "ready", true).await;
        assert_eq!(world.count(count), before + 1, "{topic}");
    }
    let asked = ["homie/5/relay-2/$command", "homie/5/+/$command", "#", "$share/g/x", "$SYS/#", "homie/5/relay-1/#"];
    let codes = relay.subscribe(&asked.map(|filter| (filter, 1))).await;
    assert_eq!(codes, [0x80; 6]);
    assert_eq!(world.orders.send(&order("relay-1", link, 1)), Err(NotSent::NoLink));
    relay.publish("homie/5/relay-1/$state", "ready", true).await;
    assert_eq!(world.said("relay-1", link).await, Said::State(BoardState::Ready));
    drop(relay);
    world.disconnected("relay-1", link).await;
    world.nothing_more().await;
}

#[tokio::test]
async fn a_malformed_message_is_acknowledged_counted_and_dropped() {
    let mut world = World::new().await;
    let (mut relay, link) = world.board("relay-1").await;
    let mut kinds = std::collections::BTreeSet::new();
    for (topic, payload, retain) in [
        ("$report", "nonsense", false),
        ("$report", "c0ffee01 0 1 relay-1/on true button -", false),
        ("$report", "c0ffee01 1 1 relay-1/on true button", false),
        ("$report", "c0ffee01 1 1 relay-1/on true button -", true),
        ("$report", &"1".repeat(161), false),
        ("$session", "\u{fc}", false),
        ("$description", "{", true),
        ("$state", "maybe", true),
    ] {
        let topic = format!("homie/5/relay-1/{topic}");
        let decoded = gatehouse_wire::homie::decode(&board("relay-1"), &topic, payload.as_bytes(), retain);
        let count = Count::from(decoded.unwrap_err().kind());
        kinds.insert(count.reason());
        let before = world.count(count);
        relay.publish(&topic, payload, retain).await;
        assert_eq!(world.count(count), before + 1, "{topic} {payload}");
    }
    assert!(kinds.len() >= 5, "{kinds:?}");
    relay.publish("homie/5/relay-1/relay-1/on", "true", true).await;
    relay.ping().await;
    drop(relay);
    world.disconnected("relay-1", link).await;
    world.nothing_more().await;
}

#[tokio::test]
async fn what_comes_right_behind_a_login_is_heard() {
    let mut world = World::new().await;
    let mut relay = Client::open(world.at).await;
    let state = publish("homie/5/relay-1/$state", "init", 0, true, 0);
    relay.send(&[Login::of("relay-1").bytes(), state, subscribe(&[(COMMANDS, 1)])].concat()).await;
    let link = world.connected("relay-1").await;
    assert_eq!(world.said("relay-1", link).await, Said::State(BoardState::Init));
    assert_eq!(relay.read().await, Packet { first: 0x20, body: vec![0, 0] });
    assert_eq!(relay.read().await, Packet { first: 0x90, body: vec![0, 9, 1] });
}

#[tokio::test]
async fn a_new_secret_goes_to_its_board_alone_and_to_nobody_who_listens() {
    let mut world = World::new().await;
    let mut house = Client::login(world.at, "house").await;
    assert_eq!(house.subscribe(&[("#", 1)]).await, [1]);
    let (mut relay, link) = subscribed(&mut world).await;
    let new = |link| new_secret("relay-1", link, 1);
    assert_eq!(world.orders.send_secret(&new(link)), Err(NotSent::NoLink), "not subscribed");
    assert_eq!(relay.subscribe(&[(SECRETS, 1)]).await, [1]);
    assert_eq!(world.orders.send_secret(&new_secret("relay-2", link, 1)), Err(NotSent::NoLink), "another board's");
    world.orders.send_secret(&new(link)).unwrap();
    let payload = format!("c0ffee01 1 {}", "0123456789abcdef".repeat(4));
    let expected = Message { topic: SECRETS.into(), payload, qos: 1, retain: false, id: 1 };
    assert_eq!(relay.message().await, expected);
    relay.publish("homie/5/relay-1/relay-1/on", "true", true).await;
    assert_eq!(house.message().await.topic, "homie/5/relay-1/relay-1/on", "and nothing before it");
    drop(relay);
    world.disconnected("relay-1", link).await;
    assert_eq!(world.orders.send_secret(&new(link)), Err(NotSent::NoLink), "gone");
    assert_eq!(world.count(Count::NewSecrets), 1);
}

#[tokio::test]
async fn an_order_to_configure_goes_to_its_board_alone_and_to_nobody_who_listens() {
    const CONFIGURE: &str = "homie/5/relay-1/$configure";
    let mut world = World::new().await;
    let mut house = Client::login(world.at, "house").await;
    assert_eq!(house.subscribe(&[("#", 1)]).await, [1]);
    let (mut relay, link) = subscribed(&mut world).await;
    assert_eq!(world.orders.send_configure(&config_order("relay-1", link, 1)), Err(NotSent::NoLink), "not subscribed");
    assert_eq!(relay.subscribe(&[(CONFIGURE, 1)]).await, [1]);
    assert_eq!(world.orders.send_configure(&config_order("relay-2", link, 1)), Err(NotSent::NoLink), "another board's");
    world.orders.send_configure(&config_order("relay-1", link, 1)).unwrap();
    let payload = "c0ffee01 1 5000 system/restart true".to_owned();
    let expected = Message { topic: CONFIGURE.into(), payload, qos: 1, retain: false, id: 1 };
    assert_eq!(relay.message().await, expected);
    // Nobody else says it, not even the board to itself.
    let before = world.count(Count::DroppedCommand);
    relay.publish(CONFIGURE, "c0ffee01 2 5000 system/forget true", false).await;
    house.publish(CONFIGURE, "c0ffee01 2 5000 system/forget true", false).await;
    assert_eq!(world.count(Count::DroppedCommand), before + 2);
    relay.publish("homie/5/relay-1/relay-1/on", "true", true).await;
    assert_eq!(house.message().await.topic, "homie/5/relay-1/relay-1/on", "and nothing before it");
    drop(relay);
    world.disconnected("relay-1", link).await;
    assert_eq!(world.orders.send_configure(&config_order("relay-1", link, 1)), Err(NotSent::NoLink), "gone");
    assert_eq!(world.count(Count::ConfigOrders), 1);
}
