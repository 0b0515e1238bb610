//! When the hub is told that a board is there, and that it is gone.

use crate::client::{Client, Login};
use crate::world::{World, soon};
use gatehouse_broker::{Count, Limits};
use gatehouse_core::device::BoardEvent;
use std::time::Duration;
use tokio::net::TcpStream;

#[tokio::test]
async fn a_board_that_closes_or_says_goodbye_is_gone_at_once() {
    let mut world = World::new().await;
    let (closing, link) = world.board("relay-1").await;
    drop(closing);
    world.disconnected("relay-1", link).await;
    let (mut polite, second) = world.board("relay-1").await;
    assert_ne!(link, second, "a link is never used again");
    polite.send(&[0xe0, 0]).await;
    world.disconnected("relay-1", second).await;
    polite.closed().await;
    world.nothing_more().await;
    assert_eq!((world.count(Count::EndClosed), world.count(Count::EndGoodbye)), (1, 1));
}

#[tokio::test]
async fn a_mute_board_is_gone_after_its_keep_alive_and_a_pinging_one_is_not() {
    let mut world = World::new().await;
    let at = world.at;
    let started = tokio::time::Instant::now();
    let (_mute, code) = Client::try_login(at, &Login { keep_alive: 1, ..Login::of("relay-1") }).await;
    assert_eq!(code, Some(0));
    let mute = world.connected("relay-1").await;
    let (mut pinging, _) = Client::try_login(at, &Login { keep_alive: 1, ..Login::of("relay-2") }).await;
    let alive = world.connected("relay-2").await;
    // Bytes that never become a packet are as good as none.
    let (mut dripping, _) = Client::try_login(at, &Login { keep_alive: 1, ..Login::of("relay-3") }).await;
    let drip = world.connected("relay-3").await;
    dripping.send(&[0x30]).await;
    let pings = tokio::spawn(async move {
        let mut often = tokio::time::interval(Duration::from_millis(500));
        for _ in 0..5 {
            often.tick().await;
            pinging.ping().await;
        }
        pinging
    });
    world.disconnected("relay-1", mute).await;
    assert!(started.elapsed() >= Duration::from_millis(1_400), "{:?}", started.elapsed());
    world.disconnected("relay-3", drip).await;
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    let pinging = pings.await.unwrap();
    assert_eq!(world.count(Count::EndKeepAlive), 2);
    drop(pinging);
    world.disconnected("relay-2", alive).await;
}

#[tokio::test]
async fn a_board_that_asks_for_a_long_keep_alive_or_none_is_held_to_ours() {
    let limits = Limits { board_keep_alive: Duration::from_millis(100), ..Limits::default() };
    let mut world = World::with(limits, 256).await;
    for keep_alive in [0, 3_600] {
        let (_mute, code) = Client::try_login(world.at, &Login { keep_alive, ..Login::of("relay-1") }).await;
        assert_eq!(code, Some(0));
        let link = world.connected("relay-1").await;
        world.disconnected("relay-1", link).await;
    }
    assert_eq!(world.count(Count::EndKeepAlive), 2);
}

#[tokio::test]
async fn an_integration_is_held_to_its_own_keep_alive() {
    let mut world = World::new().await;
    let (mut mute, _) = Client::try_login(world.at, &Login { keep_alive: 1, ..Login::of("house") }).await;
    let (mut free, _) = Client::try_login(world.at, &Login { keep_alive: 0, ..Login::of("garden") }).await;
    mute.closed().await;
    assert_eq!(world.count(Count::EndKeepAlive), 1);
    free.ping().await;
    world.nothing_more().await;
}

#[tokio::test]
async fn a_takeover_ends_the_old_connection_before_the_new_one_begins() {
    let mut world = World::new().await;
    let (mut old, mut link) = world.board("relay-1").await;
    for _ in 0..3 {
        let new = Client::login(world.at, "relay-1").await;
        world.disconnected("relay-1", link).await;
        link = world.connected("relay-1").await;
        old.closed().await;
        old = new;
    }
    old.ping().await;
    assert_eq!(world.count(Count::EndTakenOver), 3);
}

#[tokio::test]
async fn many_takeovers_at_once_leave_one_connection_and_no_overlap() {
    const CLIENTS: usize = 40;
    let mut world = World::new().await;
    let at = world.at;
    for _ in 0..CLIENTS {
        tokio::spawn(async move {
            let (mut client, _) = Client::try_login(at, &Login { keep_alive: 3_600, ..Login::of("relay-1") }).await;
            while client.stream.readable().await.is_ok() && client.try_read().await.is_some() {}
        });
    }
    let mut open = None;
    let settled = |world: &World| {
        let ended = world.count(Count::EndTakenOver) + world.count(Count::RefusedStale);
        ended == CLIENTS as u64 - 1
    };
    while !(settled(&world) && open.is_some()) {
        match world.event().await {
            BoardEvent::Connected { link, .. } => assert_eq!(open.replace(link), None, "two at once"),
            BoardEvent::Neighbour { .. } => panic!("nobody was asked for neighbours"),
            BoardEvent::Disconnected { link, .. } => assert_eq!(open.take(), Some(link)),
            BoardEvent::Said { .. } => panic!(),
        }
    }
    world.stop.cancel();
    world.disconnected("relay-1", open.unwrap()).await;
    world.nothing_more().await;
}

#[tokio::test]
async fn stop_ends_every_connection_with_its_last_event() {
    let mut world = World::new().await;
    let (mut one, _) = world.board("relay-1").await;
    let (mut two, _) = world.board("relay-2").await;
    let mut house = Client::login(world.at, "house").await;
    let mut unknown = Client::open(world.at).await;
    house.ping().await;
    world.stop.cancel();
    let mut gone = Vec::new();
    for _ in 0..2 {
        let BoardEvent::Disconnected { board, .. } = world.event().await else { panic!() };
        gone.push(board.to_string());
    }
    gone.sort();
    assert_eq!(gone, ["relay-1", "relay-2"]);
    for client in [&mut one, &mut two, &mut house, &mut unknown] {
        client.closed().await;
    }
    world.nothing_more().await;
    assert!(TcpStream::connect(world.at).await.is_err(), "the port is free");
}

#[tokio::test]
async fn a_full_inbox_holds_the_board_back_and_loses_nothing() {
    let mut world = World::with(Limits::default(), 1).await;
    let (mut relay, link) = world.board("relay-1").await;
    const REPORTS: u64 = 2_000;
    let sender = tokio::spawn(async move {
        for i in 0..REPORTS {
            let publish = crate::client::publish("homie/5/relay-1/system/uptime", &i.to_string(), 0, false, 0);
            relay.send(&publish).await;
        }
        relay
    });
    for i in 0..REPORTS {
        use gatehouse_core::device::{Fact, Said};
        assert_eq!(world.said("relay-1", link).await, Said::Fact(Fact::Uptime(i)));
    }
    drop(soon("the sender", sender).await.unwrap());
    world.disconnected("relay-1", link).await;
}

#[tokio::test]
async fn a_board_that_says_something_while_the_inbox_is_full_can_still_be_ended() {
    let mut world = World::with(Limits::default(), 1).await;
    let (mut relay, link) = world.board("relay-1").await;
    for _ in 0..10 {
        relay.send(&crate::client::publish("homie/5/relay-1/system/uptime", "1", 0, false, 0)).await;
    }
    world.stop.cancel();
    loop {
        match world.event().await {
            BoardEvent::Said { .. } => {}
            other => break assert!(matches!(other, BoardEvent::Disconnected { link: gone, .. } if gone == link)),
        }
    }
    world.nothing_more().await;
}
