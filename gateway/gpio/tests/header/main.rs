//! The header with the real hub: taps, wall buttons and settings, by pins in memory, on paused time.

#![allow(clippy::unwrap_used, reason = "in a test an unwrap is an assertion")]

mod wires;

use gatehouse_core::access::{Administer, Client, TokenHash, Viewer};
use gatehouse_core::board_settings::{Fulfilment, PowerOn, Pulse, RelaySetting, Wiring};
use gatehouse_core::command::{ActorKind, BoardSession, Outcome, Reason};
use gatehouse_core::edge::EdgeEvent;
use gatehouse_core::home::Claim;
use gatehouse_core::ids::{SwitchId, Ticket};
use gatehouse_core::name::Name;
use gatehouse_core::record::Record;
use gatehouse_core::view::{Availability, View};
use gatehouse_gpio::{Board, Ends, HeaderOrder, Kept, Light, RelayPin, Wired, endpoint};
use gatehouse_hub::{Hub, Ports, hub};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wires::Wires;

const LAMP: u8 = 4;
const GATE: u8 = 5;
const LIGHT: u8 = 6;
const BUTTON: u8 = 27;
const RESET: u8 = 22;
const SECOND: Duration = Duration::from_secs(1);

struct Rig {
    hub: Hub,
    wires: Wires,
    buttons: Arc<Notify>,
    reset: Arc<Notify>,
    known: watch::Sender<bool>,
    light: watch::Sender<Light>,
    folder: tempfile::TempDir,
    stop: CancellationToken,
    hub_task: JoinHandle<()>,
    header_task: JoinHandle<()>,
}

impl Rig {
    fn start() -> Self {
        let (edge, edge_events) = mpsc::channel::<EdgeEvent>(64);
        let (written_sender, written) = mpsc::channel::<(Ticket, bool)>(16);
        let (orders, order_queue) = mpsc::channel(64);
        let config_orders = orders.clone();
        let ports = Ports {
            edge: edge_events,
            serial: mpsc::channel(1).1,
            nearby: mpsc::channel(1).1,
            port_orders: Box::new(|_| {}),
            nearby_orders: Box::new(|_| {}),
            orders: Box::new(move |order| orders.try_send(HeaderOrder::Switch(order.clone())).unwrap()),
            secrets: Box::new(|_| {}),
            config_orders: Box::new(move |order| {
                config_orders.try_send(HeaderOrder::Configure(order.clone())).unwrap();
            }),
            beliefs: Box::new(|_, _| {}),
            writes: Box::new(move |ticket, _: Vec<Record>| {
                if let Some(ticket) = ticket {
                    written_sender.try_send((ticket, true)).unwrap();
                }
                Ok(())
            }),
            written,
            credentials: watch::channel(Arc::default()).0,
            announced: watch::channel(Arc::default()).0,
        };
        let (hub, event_loop) = hub(1, Vec::new(), ports);
        let stop = CancellationToken::new();
        let hub_task = tokio::spawn(event_loop.run(stop.child_token()));
        let (wires, folder, buttons) = (Wires::default(), tempfile::tempdir().unwrap(), Arc::new(Notify::new()));
        let relay = |pin, button| RelayPin { pin, wiring: Wiring::default(), button };
        let relays = vec![relay(LAMP, Some(BUTTON)), relay(GATE, None)];
        let wired = Wired { relays, status_light: Some(LIGHT), reset_button: Some(RESET) };
        let path = Kept::path(folder.path());
        let said = ("Raspberry Pi 4 B", BoardSession(NonZeroU32::MIN));
        let board = Board::start(wires.clone(), &wired, Kept::read(&path), "boot", said);
        let (known, is_known) = watch::channel(false);
        let (light, shown) = watch::channel(Light::default());
        let (reset, pressed) = (Arc::new(Notify::new()), buttons.clone());
        let (orders, asked) = (order_queue, reset.clone());
        let ends = Ends { orders, known: is_known, inbox: edge, light: shown, buttons: pressed, reset: asked, path };
        let header_task = tokio::spawn(gatehouse_gpio::run(board, ends, stop.child_token()));
        Self { hub, wires, buttons, reset, known, light, folder, stop, hub_task, header_task }
    }

    /// Ana's home, with the header in it.
    async fn at_home() -> (Self, Viewer) {
        let rig = Self::start();
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
        rig.hub.adopt_header([LAMP, GATE].map(endpoint).to_vec()).await.unwrap();
        rig.known.send_replace(true);
        rig.until(|view| {
            let there = view.switches.iter().all(|s| s.on == Some(false) && s.availability == Availability::Online);
            there && view.devices.iter().all(|device| device.settings.relays.len() == 2)
        })
        .await;
        (rig, owner)
    }

    async fn until(&self, mut is_so: impl FnMut(&View) -> bool) -> Arc<View> {
        let (mut view, mut changes) = self.hub.watch();
        while !is_so(&view) {
            tokio::time::timeout(60 * SECOND, changes.next()).await.expect("it comes to that").unwrap();
            view = self.hub.view();
        }
        view
    }

    fn switch(&self, pin: u8) -> SwitchId {
        self.hub.view().switches.iter().find(|switch| switch.endpoint == endpoint(pin)).unwrap().id
    }

    async fn tap(&self, who: &Viewer, pin: u8, on: bool) -> (Outcome, Option<Reason>) {
        let cap = who.operate(self.switch(pin)).unwrap();
        let command = self.hub.set_switch(cap, on, 5 * SECOND, None).await.unwrap();
        (command.outcome, command.reason)
    }

    /// Presses a button, or lets it go.
    fn press(&self, pin: u8, pressed: bool) {
        self.wires.press(pin, pressed);
        self.buttons.notify_one();
    }

    /// What the light did, looked at twenty times a second; ends right after the last look.
    async fn light(&self, looks: usize) -> Vec<bool> {
        let (begun, mut seen) = (tokio::time::Instant::now(), Vec::new());
        for look in 1..=looks {
            tokio::time::sleep_until(begun + look as u32 * SECOND / 20).await;
            seen.push(self.wires.level(LIGHT) == Some(true));
        }
        seen
    }

    async fn set(&self, pin: u8, setting: RelaySetting) -> Fulfilment {
        let cap = Administer::console();
        self.hub.configure_switch(cap, self.switch(pin), &[setting]).await.unwrap().fulfilment
    }

    async fn stopped(self) -> (Wires, Kept) {
        self.stop.cancel();
        self.header_task.await.unwrap();
        self.hub_task.await.unwrap();
        (self.wires, Kept::read(&Kept::path(self.folder.path())))
    }
}

#[tokio::test(start_paused = true)]
async fn a_tap_moves_the_pin_and_is_confirmed_by_its_report() {
    let (rig, ana) = Rig::at_home().await;
    assert_eq!(rig.tap(&ana, LAMP, true).await, (Outcome::Confirmed, None));
    assert_eq!(rig.wires.level(LAMP), Some(true));
    let view = rig.hub.view();
    let lamp = view.switch(rig.switch(LAMP)).unwrap();
    assert_eq!((lamp.on, lamp.last_change.as_ref().unwrap().actor.kind), (Some(true), ActorKind::Member));
    assert_eq!(view.devices[0].facts.model.as_deref(), Some("Raspberry Pi 4 B"));
}

#[tokio::test(start_paused = true)]
async fn a_wall_button_works_before_anybody_claims_the_gateway_and_is_told_after() {
    let rig = Rig::start();
    for pressed in [false, true] {
        rig.press(BUTTON, pressed);
        tokio::time::sleep_until(tokio::time::Instant::now() + SECOND).await;
    }
    assert_eq!(rig.wires.level(LAMP), Some(true));
    assert!(rig.hub.view().devices.is_empty());
    let (rig, _) = {
        drop(rig);
        Rig::at_home().await
    };
    rig.press(BUTTON, true);
    let lamp = rig.switch(LAMP);
    let view = rig.until(|view| view.switch(lamp).unwrap().on == Some(true)).await;
    let change = view.switch(lamp).unwrap().last_change.clone().unwrap();
    assert_eq!(change.actor.kind, ActorKind::Button);
}

#[tokio::test(start_paused = true)]
async fn a_pulse_is_set_from_the_dashboard_and_ends_by_itself() {
    let (rig, ana) = Rig::at_home().await;
    let pulse = RelaySetting::Pulse(Pulse::from_millis(500).unwrap());
    assert_eq!(rig.set(GATE, pulse).await, Fulfilment::Confirmed);
    assert_eq!(rig.tap(&ana, GATE, true).await, (Outcome::Confirmed, None));
    assert_eq!(rig.tap(&ana, GATE, true).await, (Outcome::Refused, Some(Reason::HeldByPulse)));
    let gate = rig.switch(GATE);
    let view = rig.until(|view| view.switch(gate).unwrap().on == Some(false)).await;
    assert_eq!(view.switch(gate).unwrap().last_change.clone().unwrap().actor.kind, ActorKind::Pulse);
    assert_eq!(rig.wires.level(GATE), Some(false));
}

#[tokio::test(start_paused = true)]
async fn a_stop_leaves_relays_as_they_are_but_for_a_pulse_and_puts_the_light_out() {
    let (rig, ana) = Rig::at_home().await;
    assert_eq!(rig.set(LAMP, RelaySetting::PowerOn(PowerOn::Restore)).await, Fulfilment::Confirmed);
    rig.set(GATE, RelaySetting::Pulse(Pulse::from_millis(60_000).unwrap())).await;
    for pin in [LAMP, GATE] {
        assert_eq!(rig.tap(&ana, pin, true).await, (Outcome::Confirmed, None));
    }
    rig.light.send_replace(Light::Well);
    tokio::time::sleep_until(tokio::time::Instant::now() + SECOND).await;
    assert_eq!(rig.wires.level(LIGHT), Some(true));
    let (wires, kept) = rig.stopped().await;
    assert_eq!([LAMP, GATE, LIGHT].map(|pin| wires.level(pin)), [Some(true), Some(false), Some(false)]);
    let other = Wires::default();
    let wired =
        Wired { relays: vec![RelayPin { pin: LAMP, wiring: Wiring::default(), button: None }], ..Wired::default() };
    Board::start(other.clone(), &wired, kept, "another boot", ("", BoardSession(NonZeroU32::MIN)));
    assert_eq!(other.level(LAMP), Some(true), "it comes back as it was");
}

#[tokio::test(start_paused = true)]
async fn the_reset_button_asks_once_it_was_held_for_ten_seconds_and_the_light_blinks_quickly_meanwhile() {
    let rig = Rig::start();
    rig.light.send_replace(Light::Well);
    assert!(rig.light(20).await.iter().all(|on| *on));
    let changes = |seen: &[bool]| seen.windows(2).filter(|two| two[0] != two[1]).count();
    let asked = || tokio::time::timeout(Duration::ZERO, rig.reset.notified());

    rig.press(RESET, true);
    let held = rig.light(9 * 20).await;
    assert!(changes(&held) > 60, "four times a second: {held:?}");
    rig.press(RESET, false);
    let after = rig.light(60).await;
    assert!(after[2..].iter().all(|on| *on), "as before: {after:?}");
    assert!(asked().await.is_err(), "nothing happens");

    rig.press(RESET, true);
    assert!(changes(&rig.light(10 * 20 - 1).await) > 60);
    assert!(asked().await.is_err(), "not yet");
    tokio::time::timeout(SECOND, rig.reset.notified()).await.expect("ten seconds");
    rig.light.send_replace(Light::Leaving);
    assert!(rig.light(40).await[1..].iter().all(|on| !on), "it is out: the button may be let go");
    assert!(asked().await.is_err(), "once");
}
