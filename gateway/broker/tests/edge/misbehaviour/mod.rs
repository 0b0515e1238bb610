//! Thousands of random clients that break every rule they know of, beside boards and an integration that keep them.
//!
//! The well-behaved boards get orders and report throughout: each order comes once and in order, each report reaches the
//! hub and the integration, and none of their connections ends. Afterwards nothing of the others is left.
//!
//! `MISBEHAVIOUR_SESSIONS` is how many there are, `MISBEHAVIOUR_SEED` what they are drawn from: one session is the same
//! for the same seed and number, how they meet is not.

mod good;
mod hub;
mod vandal;

use crate::client::{Client, Login};
use crate::client5::Login5;
use crate::tls::{BOARDS_NAME, Home};
use crate::world::{World, board, soon};
use gatehouse_broker::{Count, Counters, Limits, secret_hash};
use gatehouse_core::access::{BoardCredential, IntegrationCredential};
use gatehouse_core::ids::DeviceId;
use good::Heard;
use hub::Hub;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use vandal::{Dice, Place, Stream, Vandal};

const SEED: u64 = 0x6a7e_4005_e5ee_d001;
const SESSIONS: u64 = 8_000;
/// How long a connection that is left open is held before it is closed: longer than any verdict of the edge takes.
const HOLD: Duration = Duration::from_secs(8);
/// Vandals at a time.
const AT_ONCE: usize = 48;
/// How many connections they leave open and mute, at most.
const MUTE: usize = 64;
const GOOD: usize = 4;
/// Every other one over TLS.
const BOARDS: [&str; GOOD] = ["good-1", "good-2", "good-3", "good-4"];
/// Connections from one address: a vandal has one of a few.
const PER_ADDRESS: usize = 20;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// So tight that the vandals meet each of them.
fn limits() -> Limits {
    Limits {
        connections: 110,
        connections_per_address: PER_ADDRESS,
        integrations: 12,
        connections_per_integration: 10,
        handshake_deadline: Duration::from_secs(2),
        connect_deadline: Duration::from_secs(2),
        packet_bytes: 4 * 1024,
        receive_maximum: 4,
        sessions: 8,
        sessions_per_integration: 4,
        session_expiry: Duration::from_secs(2),
        away_messages: 50,
        write_deadline: Duration::from_secs(2),
        ack_deadline: Duration::from_secs(6),
        orders_waiting: 16,
        in_flight: 8,
        backlog: 2_000,
        filters: 16,
        retained_messages: 100,
        retained_bytes: 16 * 1024,
        retained_per_client: 40,
        ..Limits::default()
    }
}

/// The well-behaved boards, and an integration `vandal` that may do whatever any may.
fn admit(world: &World) {
    world.change(|credentials| {
        for (number, id) in BOARDS.iter().chain(&vandal::MUTE_BOARDS).enumerate() {
            let secret = secret_hash(id, crate::world::secret(id).as_bytes());
            let device = DeviceId::from_raw(10 + number as u64);
            credentials.boards.insert(board(id), BoardCredential { device, secret, next: None });
        }
        let secret = secret_hash("vandal", crate::world::secret("vandal").as_bytes());
        let filters = vec!["#".to_owned()];
        let credential = IntegrationCredential { secret, publish: filters.clone(), subscribe: filters };
        credentials.integrations.insert("vandal".into(), credential);
    });
}

/// Connections accepted and not yet over: what the counters say.
fn open(counters: &Counters) -> i64 {
    let over = |(count, _): &(Count, u64)| matches!(count.family(), "mqtt_refused_total" | "mqtt_ended_total");
    let over: u64 = counters.snapshot().filter(over).map(|(_, number)| number).sum();
    counters.get(Count::Accepted) as i64 - over as i64
}

/// Prints how to have the same again, and what the edge counted, when the test fails.
struct Seed(u64, Arc<Counters>);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let counted: Vec<_> = self.1.snapshot().filter(|(_, number)| *number > 0).collect();
            eprintln!("again with MISBEHAVIOUR_SEED={}; {counted:?}", self.0);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn good_boards_notice_nothing_of_thousands_of_bad_clients() {
    let mut home = Home::new(limits()).await;
    let seed = Seed(setting("MISBEHAVIOUR_SEED", SEED), home.world.counters.clone());
    admit(&home.world);
    let mut boards = JoinSet::new();
    for (number, id) in BOARDS.into_iter().enumerate() {
        let stream: Box<dyn Stream> = match number % 2 {
            0 => Box::new(Client::open(home.world.at).await.stream),
            _ => Box::new(home.connect(BOARDS_NAME).await.unwrap().stream),
        };
        boards.spawn(good::board(id, Client { stream }));
    }
    let heard = Heard::new();
    let mut listener = Client::login(home.world.at, "house").await;
    assert_eq!(listener.subscribe(&[("homie/5/+/$report", 1)]).await, [1]);
    let listener = tokio::spawn(good::listen(listener, heard.clone()));
    let (events, orders) = (std::mem::replace(&mut home.world.events, mpsc::channel(1).1), home.world.orders.clone());
    let (finish, finishing) = watch::channel(false);
    let (settled, mut totals) = watch::channel(None);
    let hub = tokio::spawn(Hub::new(events, orders, home.world.stop.clone()).run(finishing, settled));

    rampage(&home, seed.0).await;

    let counters = home.world.counters.clone();
    finish.send_replace(true);
    let totals = soon("an answer to every order", totals.wait_for(Option::is_some)).await.unwrap().unwrap();
    soon("every report at the integration", heard.all(totals)).await;
    over(&home.world, GOOD as i64 + 1).await;
    nothing_is_left(&home).await;
    home.world.stop.cancel();
    soon("the end", &mut home.world.running).await.unwrap();
    hub.await.unwrap();
    while let Some(obeyed) = boards.join_next().await {
        let (id, obeyed) = obeyed.unwrap();
        assert_eq!(totals[good::number(id).unwrap()], obeyed, "{id}");
    }
    listener.await.unwrap();
    assert_eq!(open(&counters), 0);
    for never in [Count::EndCrashed, Count::EndRouter, Count::RouterReplaced] {
        assert_eq!(counters.get(never), 0, "{never:?}");
    }
}

/// All the vandals, some of them at a time; all their connections are closed in the end.
async fn rampage(home: &Home, seed: u64) {
    let place = Arc::new(Place { plain: home.world.at, tls: home.at, config: home.client.clone() });
    let (mut at_work, mut left_open) = (JoinSet::new(), VecDeque::new());
    let _mute = vandal::mute(&place).await;
    for number in 0..setting("MISBEHAVIOUR_SESSIONS", SESSIONS) {
        while at_work.len() >= AT_ONCE {
            let left: Option<Vandal> = at_work.join_next().await.unwrap().unwrap();
            let now = Instant::now();
            while left_open.front().is_some_and(|(since, _)| *since + HOLD < now) {
                left_open.pop_front();
            }
            left_open.extend(left.filter(|_| left_open.len() < MUTE).map(|left| (now, left)));
        }
        at_work.spawn(vandal::session(place.clone(), Dice::new(seed, number)));
    }
    while at_work.join_next().await.is_some() {}
    soon("a verdict on the mute", async {
        let verdicts = [Count::RefusedSlow, Count::EndKeepAlive, Count::EndSlow];
        while verdicts.iter().any(|count| home.world.count(*count) == 0) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Every place that a vandal had can be taken, and what it left behind is within bounds.
async fn nothing_is_left(home: &Home) {
    let (world, limits) = (&home.world, limits());
    let refused = [Count::EndTakenOver, Count::RefusedFull, Count::RefusedAddress, Count::RefusedIntegrations];
    let before = refused.map(|count| world.count(count));
    let mut guests = Vec::new();
    let (mut counting, code) = Client::try_login(world.at, &Login { id: "counting", ..Login::of("house") }).await;
    assert_eq!(code, Some(0));
    let others = ["guest-1", "guest-2", "guest-3", "guest-4", "guest-5", "guest-6"];
    let ids = vandal::IDS.into_iter().chain(others);
    // Two places are those of the good integration and of the one that counts.
    assert_eq!(ids.clone().count(), limits.integrations - 2);
    for id in ids {
        let (client, accepted) = Client::try_login5(world.at, &Login5 { id, ..Login5::of("vandal") }).await;
        assert_eq!(accepted.code, 0, "a place for {id}");
        guests.push(client);
    }
    for id in vandal::BOARDS {
        guests.push(Client::login(world.at, id).await);
    }
    let now_open = open(&world.counters);
    for address in vandal::addresses() {
        let mut all = Vec::new();
        for _ in 0..PER_ADDRESS {
            all.push(Client { stream: vandal::connect(world.at, address).await.unwrap() });
        }
        // The last one is served while all others are there.
        let another_level = Login { level: 6, ..Login::of("nobody") };
        assert_eq!(all.last_mut().unwrap().try_greet(&another_level).await, Some(1), "from {address}");
        drop(all);
        over(world, now_open).await;
    }
    assert_eq!(refused.map(|count| world.count(count)), before);
    assert_eq!(counting.subscribe(&[("#", 0)]).await, [0]);
    counting.send(&[0xc0, 0]).await;
    let (mut messages, mut bytes) = (0, 0);
    loop {
        let packet = counting.read().await;
        if packet.first == 0xd0 {
            break;
        }
        if packet.message().retain {
            messages += 1;
            // Topic and payload.
            bytes += packet.body.len() - 2;
        }
    }
    assert!((1..=limits.retained_messages).contains(&messages), "{messages} messages");
    assert!(bytes <= limits.retained_bytes, "{bytes} bytes");
    drop((guests, counting));
    over(world, GOOD as i64 + 1).await;
}

/// Waits until only so many connections are open.
async fn over(world: &World, expected: i64) {
    soon("the end of connections", async {
        while open(&world.counters) != expected {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
