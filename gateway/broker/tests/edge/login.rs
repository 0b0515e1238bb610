//! Who gets in, and what the others are told.

use crate::client::{Client, Login};
use crate::world::{PATIENCE, World, board, secret};
use gatehouse_broker::{Count, Limits, secret_hash};
use gatehouse_core::device::BoardEvent;
use gatehouse_core::notice::{NoticeKind, Subject};
use std::time::Duration;
use tokio::io::AsyncReadExt;

async fn code(world: &World, login: Login<'_>) -> Option<u8> {
    Client::try_login(world.at, &login).await.1
}

#[tokio::test]
async fn each_refusal_has_its_code_and_tells_the_hub_nothing() {
    let mut world = World::new().await;
    let right = || Login::of("relay-1");
    let wrong_secret = Login { password: Some("x".into()), ..right() };
    let others_secret = Login { password: Some(secret("relay-2")), ..right() };
    let no_password = Login { password: None, ..right() };
    let nobody = Login { user: None, password: None, ..right() };
    let unknown = Login { user: Some("relay-9"), id: "relay-9", ..right() };
    for login in [wrong_secret, others_secret, no_password, nobody, unknown] {
        assert_eq!(code(&world, login).await, Some(4));
    }
    assert_eq!(world.count(Count::RefusedSecret), 5);
    for level in [3, 6] {
        assert_eq!(code(&world, Login { level, ..right() }).await, Some(1));
    }
    assert_eq!(code(&world, Login { id: "", ..Login::of("house") }).await, Some(0), "an integration gets an id");
    world.nothing_more().await;
}

#[tokio::test]
async fn a_client_id_belongs_to_its_credential() {
    let mut world = World::new().await;
    for id in ["relay-2", "", "anything"] {
        assert_eq!(code(&world, Login { id, ..Login::of("relay-1") }).await, Some(5), "{id}");
    }
    assert_eq!(world.count(Count::RefusedForeignId), 3);
    let (mut relay, link) = world.board("relay-1").await;
    // Two integrations of the same client id, which is also a board's: nobody takes over from anybody.
    let (mut house, first) = Client::try_login(world.at, &Login { id: "relay-1", ..Login::of("house") }).await;
    let (mut garden, second) = Client::try_login(world.at, &Login { id: "relay-1", ..Login::of("garden") }).await;
    assert_eq!((first, second), (Some(0), Some(0)));
    for client in [&mut relay, &mut house, &mut garden] {
        client.ping().await;
    }
    drop(relay);
    world.disconnected("relay-1", link).await;
}

#[tokio::test]
async fn a_will_is_judged_at_login() {
    let mut world = World::new().await;
    for (topic, expected) in [
        ("homie/5/relay-1/$state", 0),
        ("homie/5/relay-2/$state", 5),
        ("homie/5/relay-1/$command", 5),
        ("homie/5/relay-1/relay-1/on/set", 5),
        ("elsewhere", 5),
    ] {
        let will = Some((topic, "lost", true));
        assert_eq!(code(&world, Login { will, ..Login::of("relay-1") }).await, Some(expected), "{topic}");
    }
    for (topic, expected) in [("garden/gone", 0), ("kitchen/gone", 5), ("homie/5/relay-1/$state", 5)] {
        let will = Some((topic, "lost", true));
        assert_eq!(code(&world, Login { will, ..Login::of("garden") }).await, Some(expected), "{topic}");
    }
    assert_eq!(world.count(Count::RefusedWill), 6);
    let link = world.connected("relay-1").await;
    world.disconnected("relay-1", link).await;
    world.nothing_more().await;
}

#[tokio::test]
async fn guessing_is_slowed_down_and_others_are_not() {
    let limits = Limits { failures_per_user: (3, Duration::from_secs(3_600)), ..Limits::default() };
    let mut world = World::with(limits, 256).await;
    let guess = || Login { password: Some("x".into()), ..Login::of("relay-1") };
    for _ in 0..3 {
        assert_eq!(code(&world, guess()).await, Some(4));
    }
    assert_eq!(code(&world, guess()).await, Some(3));
    assert_eq!(code(&world, Login::of("relay-1")).await, Some(3), "not even with the right one");
    assert_eq!(world.count(Count::RefusedThrottled), 2);
    let (_relay, _) = world.board("relay-2").await;
}

#[tokio::test]
async fn a_whole_house_may_come_back_at_once_from_one_address() {
    const BOARDS: usize = 300;
    let mut world = World::new().await;
    world.change(|credentials| {
        let pattern = credentials.boards[&board("relay-1")].clone();
        for i in 0..BOARDS {
            let id = format!("b{i}");
            let mut credential = pattern.clone();
            credential.secret = secret_hash(&id, secret(&id).as_bytes());
            credentials.boards.insert(board(&id), credential);
        }
    });
    let at = world.at;
    let logins = (0..BOARDS).map(|i| tokio::spawn(async move { Client::login(at, &format!("b{i}")).await }));
    let logins: Vec<_> = logins.collect();
    let mut links = std::collections::HashSet::new();
    for _ in 0..BOARDS {
        let BoardEvent::Connected { link, .. } = world.event().await else { panic!() };
        assert!(links.insert(link));
    }
    for login in logins {
        login.await.unwrap().ping().await;
    }
}

#[tokio::test]
async fn connections_are_capped_in_all_and_by_address() {
    for (limits, count) in [
        (Limits { connections: 2, ..Limits::default() }, Count::RefusedFull),
        (Limits { connections_per_address: 2, ..Limits::default() }, Count::RefusedAddress),
    ] {
        let mut world = World::with(limits, 256).await;
        let (first, link) = world.board("relay-1").await;
        let (_second, _) = world.board("relay-2").await;
        let mut third = Client::open(world.at).await;
        third.closed().await;
        assert_eq!(world.count(count), 1);
        drop(first);
        world.disconnected("relay-1", link).await;
        // The place is free once the connection's task has ended, a moment after its last event.
        crate::world::soon("a free place", async {
            while Client::try_login(world.at, &Login::of("relay-3")).await.1 != Some(0) {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_login_must_come_in_time_and_be_one() {
    let limits = Limits { connect_deadline: Duration::from_millis(50), ..Limits::default() };
    let mut world = World::with(limits, 256).await;
    let mut mute = Client::open(world.at).await;
    mute.send(&Login::of("relay-1").bytes()[..20]).await;
    mute.closed().await;
    assert_eq!(world.count(Count::RefusedSlow), 1);
    for bytes in [&b"\xc0\0"[..], b"GET / HTTP/1.1\r\n\r\n", b"\x10\xff\xff\xff\x7f", b"\x16\x03\x01\x02\0\x01\0\x01"] {
        let mut client = Client::open(world.at).await;
        client.send(bytes).await;
        assert_eq!(client.stream.read(&mut [0; 8]).await.unwrap_or(0), 0, "closed without an answer");
    }
    world.nothing_more().await;
    assert_eq!(world.count(Count::RefusedMalformed), 4);
}

#[tokio::test]
async fn a_credential_that_goes_away_ends_its_connection() {
    let mut world = World::new().await;
    let (mut first, one) = world.board("relay-1").await;
    let (mut second, two) = world.board("relay-2").await;
    let (mut third, _) = world.board("relay-3").await;
    let mut house = Client::login(world.at, "house").await;
    world.change(|credentials| {
        credentials.boards.remove("relay-1");
    });
    world.disconnected("relay-1", one).await;
    first.closed().await;
    world.change(|credentials| {
        credentials.boards.get_mut("relay-2").unwrap().secret = secret_hash("relay-2", b"another");
    });
    world.disconnected("relay-2", two).await;
    second.closed().await;
    world.change(|credentials| credentials.integrations.get_mut("house").unwrap().subscribe.clear());
    house.closed().await;
    third.ping().await;
    assert_eq!(code(&world, Login::of("relay-1")).await, Some(4));
    let another = Login { password: Some("another".into()), ..Login::of("relay-2") };
    assert_eq!(code(&world, another).await, Some(0));
}

#[tokio::test]
async fn a_board_with_two_secrets_may_use_either_and_the_old_one_dies_with_all_that_rests_on_it() {
    let mut world = World::new().await;
    let hash = |text: &str| secret_hash("relay-1", text.as_bytes());
    let with = |text: &str| Login { password: Some(text.to_owned()), ..Login::of("relay-1") };
    let (mut old, first) = world.board("relay-1").await;
    world.change(|credentials| credentials.boards.get_mut("relay-1").unwrap().next = Some(hash("new")));
    old.ping().await;
    assert_eq!(Client::try_login(world.at, &with("wrong")).await.1, Some(4));

    let (mut new, code) = Client::try_login(world.at, &with("new")).await;
    assert_eq!(code, Some(0));
    world.disconnected("relay-1", first).await;
    let BoardEvent::Connected { link, secret, .. } = world.event().await else { panic!() };
    assert_eq!(secret, hash("new"), "the hub is told which it was");

    // The old one is still good, and takes over; when it is the old one no more, it is cut.
    let (mut old, second) = {
        let client = Client::login(world.at, "relay-1").await;
        world.disconnected("relay-1", link).await;
        (client, world.connected("relay-1").await)
    };
    new.closed().await;
    world.change(|credentials| {
        let board = credentials.boards.get_mut("relay-1").unwrap();
        (board.secret, board.next) = (hash("new"), None);
    });
    world.disconnected("relay-1", second).await;
    old.closed().await;
    assert_eq!(world.count(Count::EndRevoked), 1);
    let before = Login::of("relay-1");
    assert_eq!(Client::try_login(world.at, &before).await.1, Some(4));
    let (mut new, code) = Client::try_login(world.at, &with("new")).await;
    assert_eq!(code, Some(0));
    let BoardEvent::Connected { .. } = world.event().await else { panic!() };
    // Another next one cuts nobody.
    world.change(|credentials| credentials.boards.get_mut("relay-1").unwrap().next = Some(hash("newer")));
    new.ping().await;
}

/// Row 5.10 of the security checklist: what strangers try is told, once for all tries.
#[tokio::test]
async fn wrong_logins_are_told_by_whose_name_was_tried_or_from_where() {
    let mut world = World::new().await;
    for _ in 0..30 {
        for user in ["relay-1", "nobody"] {
            let password = Some("wrong".to_owned());
            assert_ne!(code(&world, Login { password, ..Login::of(user) }).await, Some(0));
        }
    }
    let (mut of_board, mut of_address) = (0, 0);
    while (of_board, of_address) != (30, 30) {
        let incident = world.incident().await;
        assert_eq!(incident.kind, NoticeKind::MqttLoginStorm);
        match incident.subject {
            Subject::Board(board) => {
                assert_eq!((board.as_str(), incident.from), ("relay-1", Some(world.at.ip())));
                of_board += incident.times;
            }
            Subject::Address(address) => {
                assert_eq!((address, incident.from), (world.at.ip(), None));
                of_address += incident.times;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_probe_finds_the_edge_and_is_no_wrong_login() {
    let world = World::new().await;
    let at = world.at;
    let probed = tokio::task::spawn_blocking(move || gatehouse_broker::probe(at, PATIENCE)).await.unwrap();
    probed.unwrap();
    assert_eq!(world.counters.get(Count::RefusedLevel), 1);
    assert_eq!(world.counters.get(Count::RefusedSecret), 0);
}
