//! The hub with its ports held by the test: a board, a store and people on paused time.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

use gatehouse_core::access::{Administer, Client, Credentials, Denied, TokenHash, Viewer};
use gatehouse_core::command::{BoardSession, Outcome, Reason};
use gatehouse_core::device::{BoardEvent, BoardState, Cause, Description, NewSecret, Order, Report, Said, SecretHash};
use gatehouse_core::edge::{EdgeEvent, IntegrationCommand};
use gatehouse_core::home::{Claim, Registration};
use gatehouse_core::homeassistant::{Announced, Form};
use gatehouse_core::ids::{LinkId, SwitchId, Ticket};
use gatehouse_core::integration::Filter;
use gatehouse_core::name::{BoardId, Endpoint, Name};
use gatehouse_core::record::Record;
use gatehouse_core::view::{Availability, Change};
use gatehouse_hub::{AskedIntegration, Feed, Hub, Ports, hub};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

type Written = (Option<Ticket>, Vec<Record>);

struct Rig {
    hub: Hub,
    edge: mpsc::Sender<EdgeEvent>,
    orders: mpsc::UnboundedReceiver<Order>,
    secrets: mpsc::UnboundedReceiver<NewSecret>,
    credentials: watch::Receiver<Arc<Credentials>>,
    announced: watch::Receiver<Arc<Announced>>,
    disk: Arc<Mutex<Vec<Written>>>,
    full: Arc<AtomicBool>,
    crowded: Arc<AtomicBool>,
    beats: Arc<AtomicUsize>,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

const SECOND: Duration = Duration::from_secs(1);

impl Rig {
    /// A hub whose store takes everything and answers each ticket, unless it is told that it is full, or crowded: then it
    /// takes only what has a ticket.
    fn start() -> Self {
        Self::with_inbox(16)
    }

    /// The same with room for so many events of the edge.
    fn with_inbox(events: usize) -> Self {
        let (edge, edge_events) = mpsc::channel(events);
        let (order_sender, orders) = mpsc::unbounded_channel();
        let (secret_sender, secrets) = mpsc::unbounded_channel();
        let (written_sender, written) = mpsc::channel(16);
        let (credential_sender, credentials) = watch::channel(Arc::default());
        let (announced_sender, announced) = watch::channel(Arc::default());
        let disk: Arc<Mutex<Vec<Written>>> = Arc::default();
        let full = Arc::new(AtomicBool::new(false));
        let crowded = Arc::new(AtomicBool::new(false));
        let (writes, is_full, is_crowded) = (disk.clone(), full.clone(), crowded.clone());
        let ports = Ports {
            edge: edge_events,
            serial: mpsc::channel(1).1,
            nearby: mpsc::channel(1).1,
            port_orders: Box::new(|_| {}),
            nearby_orders: Box::new(|_| {}),
            orders: Box::new(move |order: &Order| order_sender.send(order.clone()).unwrap()),
            secrets: Box::new(move |new: &NewSecret| secret_sender.send(new.clone()).unwrap()),
            config_orders: Box::new(|_| {}),
            beliefs: Box::new(|_, _| {}),
            writes: Box::new(move |ticket, records| {
                if is_full.load(Ordering::Relaxed) || (ticket.is_none() && is_crowded.load(Ordering::Relaxed)) {
                    return Err(records);
                }
                writes.lock().unwrap().push((ticket, records));
                if let Some(ticket) = ticket {
                    written_sender.try_send((ticket, true)).unwrap();
                }
                Ok(())
            }),
            written,
            credentials: credential_sender,
            announced: announced_sender,
        };
        let (hub, event_loop) = hub(1, Vec::new(), ports);
        let beats = Arc::new(AtomicUsize::new(0));
        let count = beats.clone();
        let event_loop = event_loop.beating(10 * SECOND, move || {
            count.fetch_add(1, Ordering::Relaxed);
        });
        let stop = CancellationToken::new();
        let task = tokio::spawn(event_loop.run(stop.clone()));
        Self { hub, edge, orders, secrets, credentials, announced, disk, full, crowded, beats, stop, task }
    }

    /// An owner, and a board with one relay that is ready.
    async fn with_board() -> (Self, Viewer, SwitchId) {
        Self::start().and_board().await
    }

    async fn and_board(self) -> (Self, Viewer, SwitchId) {
        let rig = self;
        let code = rig.hub.claim_code().await.unwrap().unwrap();
        let claim = Claim {
            code,
            home_name: Name::new("Home").unwrap(),
            member_name: Name::new("Ana").unwrap(),
            password_hash: "$argon2id$".into(),
            time_zone: "Etc/UTC".into(),
            token: TokenHash([7; 32]),
            client: Client::default(),
        };
        let owner = rig.hub.claim(claim).await.unwrap();
        rig.hub.register_board(Administer::console(), registration()).await.unwrap();
        let switch = rig.hub.view().switches[0].id;
        let (_, mut changes) = rig.hub.watch();
        rig.logs_in(LINK, SecretHash([1; 32])).await;
        rig.says(Said::Description(Description {
            native: true,
            rotates: true,
            configures: false,
            moves: false,
            relays: vec![Endpoint::relay(1)],
        }))
        .await;
        rig.says(Said::Session(session(), 5_000)).await;
        rig.says(Said::State(BoardState::Ready)).await;
        until(
            &mut changes,
            |change| matches!(change, Change::Switch(switch) if switch.availability == Availability::Online),
        )
        .await;
        (rig, owner, switch)
    }

    async fn logs_in(&self, link: LinkId, secret: SecretHash) {
        let connected = BoardEvent::Connected { board: board(), link, address: None, secret, private: true };
        self.edge.send(connected.into()).await.unwrap();
    }

    async fn says(&self, said: Said) {
        self.edge.send(BoardEvent::Said { board: board(), link: LINK, said }.into()).await.unwrap();
    }

    async fn obeys(&self, order: &Order, counter: u32) {
        let report = Report {
            session: session(),
            counter: NonZeroU32::new(counter).unwrap(),
            uptime_ms: 6_000,
            endpoint: order.endpoint.clone(),
            on: order.on,
            cause: Cause::Command,
            obeyed: Some(order.id),
        };
        self.says(Said::Report(report)).await;
    }
}

const LINK: LinkId = LinkId(1);

fn board() -> BoardId {
    BoardId::new("relay-1").unwrap()
}

fn session() -> BoardSession {
    BoardSession(NonZeroU32::new(0xc0ff_ee01).unwrap())
}

fn registration() -> Registration {
    Registration { board: board(), secret: SecretHash([1; 32]), name: None, room: None, relays: 1 }
}

async fn until(changes: &mut gatehouse_hub::Changes, wanted: impl Fn(&Change) -> bool) {
    loop {
        match changes.next().await.expect("the hub runs") {
            Feed::Change(change) if wanted(&change) => return,
            _ => {}
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_tap_is_told_while_open_and_answered_when_the_board_obeyed() {
    let (mut rig, owner, switch) = Rig::with_board().await;
    let (_, mut changes) = rig.hub.watch();
    let hub = rig.hub.clone();
    let cap = owner.operate(switch).unwrap();
    let tap = tokio::spawn(async move {
        let command = hub.set_switch(cap, true, 5 * SECOND, None).await.unwrap();
        // Whoever is answered reads a view that has it.
        (command, hub.view().switch(switch).unwrap().on)
    });
    let order = rig.orders.recv().await.unwrap();
    until(&mut changes, |change| matches!(change, Change::Switch(s) if s.open.is_some() && s.on.is_none())).await;
    rig.obeys(&order, 1).await;
    let (command, on) = tap.await.unwrap();
    assert_eq!((command.outcome, on), (Outcome::Confirmed, Some(true)));
    until(&mut changes, |change| matches!(change, Change::Switch(s) if s.open.is_none() && s.on == Some(true))).await;
    assert_eq!(rig.hub.command(command.id).await.unwrap(), Some(command));
}

#[tokio::test(start_paused = true)]
async fn a_board_that_stays_mute_times_a_command_out() {
    let (mut rig, owner, switch) = Rig::with_board().await;
    let asked = tokio::time::Instant::now();
    let tap = rig.hub.set_switch(owner.operate(switch).unwrap(), true, SECOND, None);
    let command = tap.await.unwrap();
    assert_eq!((command.outcome, command.reason), (Outcome::TimedOut, Some(Reason::NoReport)));
    assert!(asked.elapsed() >= SECOND && asked.elapsed() < SECOND + Duration::from_millis(10), "{:?}", asked.elapsed());
    assert!(rig.orders.recv().await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_stop_settles_and_answers_what_is_open() {
    let (mut rig, owner, switch) = Rig::with_board().await;
    let hub = rig.hub.clone();
    let cap = owner.operate(switch).unwrap();
    let tap = tokio::spawn(async move { hub.set_switch(cap, true, 30 * SECOND, None).await });
    rig.orders.recv().await.unwrap();
    rig.stop.cancel();
    rig.task.await.unwrap();
    let command = tap.await.unwrap().unwrap();
    assert_eq!((command.outcome, command.reason), (Outcome::TimedOut, Some(Reason::GatewayStopping)));
    let disk = rig.disk.lock().unwrap();
    let recorded =
        disk.iter().flat_map(|(_, records)| records).any(|record| *record == Record::Command(command.clone()));
    assert!(recorded, "the outcome is in the record");
}

#[tokio::test(start_paused = true)]
async fn a_full_store_refuses_settings_and_keeps_outcomes_until_it_has_room() {
    let (mut rig, owner, switch) = Rig::with_board().await;
    rig.full.store(true, Ordering::Relaxed);
    let room = rig.hub.create_room(owner.administer().unwrap(), Name::new("Attic").unwrap()).await;
    assert_eq!(room, Err(Denied::Storage));
    assert!(rig.hub.view().rooms.is_empty(), "what is not on disk is not shown");
    let hub = rig.hub.clone();
    let cap = owner.operate(switch).unwrap();
    let tap = tokio::spawn(async move { hub.set_switch(cap, true, SECOND, None).await });
    let order = rig.orders.recv().await.unwrap();
    rig.obeys(&order, 1).await;
    let command = tap.await.unwrap().unwrap();
    assert_eq!(command.outcome, Outcome::Confirmed, "a tap does not wait for the disk");
    rig.full.store(false, Ordering::Relaxed);
    rig.hub.create_room(owner.administer().unwrap(), Name::new("Attic").unwrap()).await.unwrap();
    let disk = rig.disk.lock().unwrap();
    let recorded =
        disk.iter().flat_map(|(_, records)| records).any(|record| *record == Record::Command(command.clone()));
    assert!(recorded, "the outcome was kept until there was room");
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_answered_busy_and_not_queued_without_end() {
    let (rig, owner, switch) = Rig::with_board().await;
    // The hub cannot run while this test does not wait: its inbox fills.
    let taps: Vec<_> = (0..5_000)
        .map(|_| {
            let mut tap = Box::pin(rig.hub.set_switch(owner.operate(switch).unwrap(), true, SECOND, None));
            let first = futures_poll(&mut tap);
            (tap, first)
        })
        .collect();
    let busy = taps.iter().filter(|(_, first)| matches!(first, Some(Err(Denied::Busy)))).count();
    assert_eq!(busy, 5_000 - 4_096);
}

fn futures_poll<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::Pin::new(future).poll(&mut context) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_subscriber_that_lags_gets_everything_as_it_is_now() {
    let (rig, _, switch) = Rig::with_board().await;
    let (_, mut changes) = rig.hub.watch();
    for counter in 1..=5_000 {
        let report = Report {
            session: session(),
            counter: NonZeroU32::new(counter).unwrap(),
            uptime_ms: 6_000,
            endpoint: Endpoint::relay(1),
            on: counter % 2 == 1,
            cause: Cause::Button,
            obeyed: None,
        };
        rig.says(Said::Report(report)).await;
    }
    // Answered after all of them: the hub takes what boards say first.
    assert_eq!(rig.hub.command(gatehouse_core::ids::CommandId::from_raw(1)).await.unwrap(), None);
    match changes.next().await.unwrap() {
        Feed::Lagged(view) => assert_eq!(view.switch(switch).unwrap().on, Some(false)),
        Feed::Change(change) => panic!("5,000 changes did not fit, and yet the first is {change:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_integration_that_floods_does_not_hold_up_a_tap() {
    const FLOOD: usize = 1_000;
    let (mut rig, owner, switch) = Rig::with_inbox(FLOOD).and_board().await;
    let name = Name::new("Garden").unwrap();
    let asked = AskedIntegration { name, publish: Vec::new(), subscribe: Vec::new() };
    let created = rig.hub.create_integration(Administer::console(), asked, |_, _| SecretHash([1; 32])).await.unwrap();
    let command =
        IntegrationCommand { user: created.0.user.clone(), board: board(), endpoint: Endpoint::relay(1), on: true };
    // The hub cannot run before this test waits.
    for _ in 0..FLOOD {
        rig.edge.try_send(EdgeEvent::Command(command.clone())).unwrap();
    }
    let tap = rig.hub.set_switch(owner.operate(switch).unwrap(), false, 5 * SECOND, None);
    let orders = async {
        let mut before = 0;
        while rig.orders.recv().await.unwrap().on {
            before += 1;
        }
        before
    };
    let (tapped, flood_first) = tokio::join!(tap, orders);
    assert_eq!(tapped.unwrap().outcome, Outcome::Superseded, "it had its turn");
    assert!(flood_first < FLOOD / 2, "{flood_first} orders of the flood went before the tap");
    for _ in flood_first..FLOOD {
        assert!(rig.orders.recv().await.unwrap().on, "and none of them is lost");
    }
}

#[tokio::test(start_paused = true)]
async fn the_edge_is_told_who_may_log_in_once_it_is_on_disk() {
    let mut rig = Rig::start();
    rig.credentials.mark_unchanged();
    rig.full.store(true, Ordering::Relaxed);
    assert_eq!(rig.hub.register_board(Administer::console(), registration()).await, Err(Denied::Storage));
    assert!(!rig.credentials.has_changed().unwrap());
    rig.full.store(false, Ordering::Relaxed);
    rig.hub.register_board(Administer::console(), registration()).await.unwrap();
    assert!(rig.credentials.borrow_and_update().boards.contains_key(&board()));
}

#[tokio::test(start_paused = true)]
async fn a_store_crowded_by_boards_still_takes_what_somebody_waits_for_and_all_that_came_before() {
    let (mut rig, owner, switch) = Rig::with_board().await;
    rig.crowded.store(true, Ordering::Relaxed);
    let hub = rig.hub.clone();
    let cap = owner.operate(switch).unwrap();
    let tap = tokio::spawn(async move { hub.set_switch(cap, true, 5 * SECOND, None).await });
    let order = rig.orders.recv().await.unwrap();
    rig.obeys(&order, 1).await;
    tap.await.unwrap().unwrap();
    let before = rig.disk.lock().unwrap().len();
    rig.hub.create_room(owner.administer().unwrap(), Name::new("Hall").unwrap()).await.unwrap();
    let written = rig.disk.lock().unwrap().split_off(before);
    let [(Some(_), records)] = &written[..] else { panic!("{written:?}") };
    let at = |wanted: fn(&Record) -> bool| records.iter().position(wanted).expect("it is there");
    assert!(at(|record| matches!(record, Record::Command(_))) < at(|record| matches!(record, Record::Room(_))));
}

#[tokio::test(start_paused = true)]
async fn the_edge_is_told_what_to_announce_once_it_is_on_disk() {
    let (mut rig, owner, _) = Rig::with_board().await;
    let announced = rig.announced.borrow_and_update().clone();
    assert_eq!((announced.set.form, announced.devices.len()), (Form::Device, 1));
    let cap = owner.administer().unwrap();
    let set = rig.hub.update_home_assistant(cap, Some(Form::Off), None).await.unwrap();
    assert_eq!((set.form, &rig.hub.view().home_assistant), (Form::Off, &set));
    assert_eq!(rig.announced.borrow().set, *set, "by the time it is answered");
}

#[tokio::test(start_paused = true)]
async fn the_loop_ends_when_the_edge_is_gone_and_answers_what_is_open() {
    let (mut rig, owner, switch) = Rig::with_board().await;
    let hub = rig.hub.clone();
    let cap = owner.operate(switch).unwrap();
    let tap = tokio::spawn(async move { hub.set_switch(cap, true, 30 * SECOND, None).await });
    rig.orders.recv().await.unwrap();
    drop(rig.edge);
    rig.task.await.unwrap();
    let command = tap.await.unwrap().unwrap();
    assert_eq!((command.outcome, command.reason), (Outcome::TimedOut, Some(Reason::GatewayStopping)));
    assert_eq!(rig.hub.try_claim_code("x".to_owned()).await, Err(Denied::Busy));
}

#[tokio::test(start_paused = true)]
async fn an_integration_s_password_is_told_once_and_only_its_hash_is_kept() {
    // Enough of a hash for a test: what went into it can be told.
    fn hash(user: &str, secret: &[u8]) -> SecretHash {
        assert!(user.starts_with("integration_"), "{user}");
        let mut hash = [0; 32];
        hash.copy_from_slice(&secret[..32]);
        SecretHash(hash)
    }
    let (rig, owner, _) = Rig::with_board().await;
    let mut passwords = Vec::new();
    for name in ["Garden", "Kitchen"] {
        let filters = vec![Filter::new("garden/#").unwrap()];
        let asked = AskedIntegration { name: Name::new(name).unwrap(), publish: filters.clone(), subscribe: filters };
        let cap = owner.administer().unwrap();
        let (integration, password) = rig.hub.create_integration(cap, asked, hash).await.unwrap();
        assert!(password.len() == 64 && password.bytes().all(|b| b.is_ascii_hexdigit()), "{password}");
        assert_eq!(rig.hub.view().integrations.last(), Some(&integration));
        let credentials = rig.credentials.borrow().clone();
        assert_eq!(credentials.integrations[&integration.user].secret, hash(&integration.user, password.as_bytes()));
        passwords.push((integration, password));
    }
    let [(garden, first), (_, second)] = &passwords[..] else { panic!("two were made") };
    assert!(first != second && rig.credentials.borrow().integrations.len() == 2);
    let written = format!("{:?}", rig.disk.lock().unwrap());
    assert!(!written.contains(first) && !written.contains(second));

    let cap = owner.administer().unwrap();
    rig.hub.delete_integration(cap.clone(), garden.id).await.unwrap();
    assert!(!rig.credentials.borrow().integrations.contains_key(&garden.user), "the edge knows by then");
    assert_eq!(rig.hub.delete_integration(cap, garden.id).await, Err(Denied::NotFound("integration")));
}

/// Stands in for the edge's.
fn hash_secret(user: &str, secret: &[u8]) -> SecretHash {
    assert_eq!((user, secret.len()), ("relay-1", 64));
    let mut hash = [0; 32];
    hash.copy_from_slice(&secret[..32]);
    SecretHash(hash)
}

#[tokio::test(start_paused = true)]
async fn a_rotation_is_answered_when_the_board_came_back_with_its_new_secret() {
    let (mut rig, _, _) = Rig::with_board().await;
    let device = rig.hub.view().devices[0].id;
    let hub = rig.hub.clone();
    let rotation = tokio::spawn(async move { hub.rotate_credential(Administer::console(), device, hash_secret).await });
    let new = rig.secrets.recv().await.unwrap();
    let hash = hash_secret("relay-1", new.secret.reveal().as_bytes());
    let known = rig.credentials.borrow().boards[&board()].clone();
    assert_eq!(
        (known.secret, known.next),
        (SecretHash([1; 32]), Some(hash)),
        "the edge takes it before the board has it"
    );
    assert!(!rotation.is_finished());
    rig.logs_in(LinkId(2), hash).await;
    assert!(!rotation.await.unwrap().unwrap().rotating);
    let known = rig.credentials.borrow().boards[&board()].clone();
    assert_eq!((known.secret, known.next), (hash, None));
    let disk = format!("{:?}", rig.disk.lock().unwrap());
    assert!(!disk.contains(new.secret.reveal()), "a secret is never on disk");
}

#[tokio::test(start_paused = true)]
async fn a_rotation_does_not_wait_for_ever_and_two_secrets_differ() {
    let (mut rig, _, _) = Rig::with_board().await;
    let device = rig.hub.view().devices[0].id;
    let rotate = || rig.hub.rotate_credential(Administer::console(), device, hash_secret);
    assert!(rotate().await.unwrap().rotating);
    let first = rig.secrets.recv().await.unwrap().secret;
    rig.logs_in(LinkId(2), hash_secret("relay-1", first.reveal().as_bytes())).await;
    rig.edge.send(BoardEvent::Disconnected { board: board(), link: LinkId(2) }.into()).await.unwrap();
    let (view, mut changes) = rig.hub.watch();
    if view.devices[0].rotating {
        until(&mut changes, |change| matches!(change, Change::Device(device) if !device.rotating)).await;
    }
    assert!(matches!(rotate().await, Err(Denied::Conflict(message)) if message.contains("offline")));
}

#[tokio::test(start_paused = true)]
async fn the_loop_gives_a_sign_of_life_at_once_and_again_whatever_else_comes() {
    let rig = Rig::start();
    for second in 0..60 {
        rig.logs_in(LINK, SecretHash([1; 32])).await;
        // An answer to a question that came after the event: both have been looked at.
        rig.hub.dropped().await.unwrap();
        assert_eq!(rig.beats.load(Ordering::Relaxed), second / 10 + 1, "after {second} s");
        tokio::time::advance(SECOND).await;
    }
    rig.stop.cancel();
    rig.task.await.unwrap();
    tokio::time::advance(60 * SECOND).await;
    assert!(rig.beats.load(Ordering::Relaxed) <= 7, "a loop that has ended gives none");
}
