//! From a board that is plugged in to a device: what is looked at, what ends a claim, and that nothing of one that failed stays.

use super::*;
use crate::home::{CLAIM_WITHIN, MAX_FOUND};
use crate::ids::{ClaimId, FoundId};
use crate::onboarding::{
    Attempt, ClaimStep, ClaimTrouble, ClaimView, FoundBoard, FoundState, Identity, ImprovFirmware, NativeBoard,
    Network, Port, PortAccess, PortEvent, PortName, PortTrouble, Progress, UsbAdapter, WifiSettings,
};
use crate::view::Availability;

/// What the board logs in with once it has been claimed.
const GIVEN: SecretHash = SecretHash([21; 32]);
const CH340: UsbAdapter = UsbAdapter { vendor: 0x1a86, product: 0x7523, text: None };

fn usb(number: u32) -> PortName {
    PortName(format!("/dev/ttyUSB{number}").into())
}

fn port(number: u32) -> Port {
    let location = format!("1-1.{number}:1.0").into();
    Port { name: usb(number), location, adapter: Some(CH340), access: PortAccess::Free }
}

fn native() -> NativeBoard {
    NativeBoard {
        board: lamp(),
        mac: "5c:cf:7f:a1:b2:c3".into(),
        chip: "00a1b2c3".into(),
        model: "nodemcuv2".into(),
        firmware: "0.1.0".into(),
        relays: 2,
        home: None,
    }
}

fn wifi() -> WifiSettings {
    WifiSettings::new("Home", Some(Secret::new("blue curtain"))).unwrap()
}

impl House {
    /// Ana's home, with no board.
    fn empty() -> Self {
        let mut house = Self::unclaimed();
        house.claim("Ana", ANAS_TOKEN);
        house.written_ok();
        house
    }

    /// Ana's home, and a board that can be claimed.
    fn with_bare_board() -> Self {
        let mut house = Self::empty();
        house.plug(1);
        house.answers_as(1, Identity::Native(native()));
        house
    }

    fn port_tells(&mut self, event: PortEvent) {
        self.handle(Input::Port(event));
    }

    fn plug(&mut self, number: u32) {
        self.port_tells(PortEvent::Appeared(port(number)));
    }

    /// The attempt of the last order at a port, if it was not to leave it.
    fn attempt(&self, number: u32) -> Attempt {
        self.open_order(number).expect("the port is in use")
    }

    fn open_order(&self, number: u32) -> Option<Attempt> {
        let at = |order: &&PortOrder| {
            let (PortOrder::Identify { port, .. }
            | PortOrder::Provision { port, .. }
            | PortOrder::GiveWifi { port, .. }
            | PortOrder::Release { port }) = order;
            *port == usb(number)
        };
        match self.port_orders.iter().rev().find(at)? {
            PortOrder::Identify { attempt, .. }
            | PortOrder::Provision { attempt, .. }
            | PortOrder::GiveWifi { attempt, .. } => Some(*attempt),
            PortOrder::Release { .. } => None,
        }
    }

    fn answers_as(&mut self, number: u32, identity: Identity) {
        let networks = vec![Network { ssid: "Home".into(), rssi_dbm: -55, protected: true }];
        let (port, attempt) = (usb(number), self.attempt(number));
        self.port_tells(PortEvent::Identified { port, attempt, identity, networks });
    }

    fn goes_on(&mut self, progress: Progress) {
        let (port, attempt) = (usb(1), self.attempt(1));
        self.port_tells(PortEvent::Progress { port, attempt, progress });
    }

    fn fails(&mut self, trouble: PortTrouble) {
        let (port, attempt) = (usb(1), self.attempt(1));
        self.port_tells(PortEvent::Failed { port, attempt, trouble });
    }

    fn board(&self) -> &FoundBoard {
        &self.view.boards[0]
    }

    fn claims_board(&mut self, called: Option<&str>) -> Request {
        self.claims_the(0, called)
    }

    fn claims_the(&mut self, index: usize, called: Option<&str>) -> Request {
        let board = self.view.boards[index].id;
        let credential = NewCredential { secret: Secret::new("given"), hash: GIVEN };
        let new = NewClaim { board, name: called.map(name), room: None, wifi: wifi(), credential };
        let cap = self.viewer().administer().unwrap();
        self.ask(|request| Input::ClaimBoard { cap, request, new })
    }

    fn latest_claim(&self) -> &ClaimView {
        self.view.claims.last().expect("a claim")
    }

    fn ended(&self) -> (ClaimStep, Option<ClaimTrouble>) {
        (self.latest_claim().step, self.latest_claim().trouble)
    }

    fn lets_in(&self) -> Option<(SecretHash, Option<SecretHash>)> {
        self.home.credentials().boards.get(&lamp()).map(|known| (known.secret, known.next))
    }

    fn conflict(&self, request: Request) -> &str {
        match self.answer(request) {
            Err(Denied::Conflict(message)) => message,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_board_is_looked_at_when_it_is_plugged_in_and_gone_when_it_is_not() {
    let mut house = House::empty();
    house.plug(1);
    assert_eq!(house.board().state, FoundState::Identifying);
    let attempt = house.attempt(1);
    house.plug(1);
    assert_eq!((house.view.boards.len(), house.attempt(1)), (1, attempt), "told twice, it is one");
    house.answers_as(1, Identity::Native(native()));
    assert_eq!((house.board().state, house.board().networks.len()), (FoundState::Identified, 1));
    assert_eq!(house.open_order(1), None, "the port is left");
    house.port_tells(PortEvent::Gone(usb(1)));
    assert_eq!(house.view.boards, []);
    // What comes late from before means nothing.
    house.plug(1);
    let late = PortEvent::Identified { port: usb(1), attempt, identity: Identity::Silent, networks: Vec::new() };
    house.port_tells(late);
    assert_eq!(house.board().state, FoundState::Identifying);
}

#[test]
fn nothing_is_opened_before_the_home_has_an_owner_nor_what_no_board_has() {
    let mut house = House::unclaimed();
    house.plug(1);
    let zigbee = UsbAdapter { vendor: 0x1cf1, product: 0x0030, text: Some("ConBee II".into()) };
    house.port_tells(PortEvent::Appeared(Port { adapter: Some(zigbee), ..port(2) }));
    house.port_tells(PortEvent::Appeared(Port { access: PortAccess::Denied, ..port(3) }));
    assert_eq!(house.port_orders, []);
    house.claim("Ana", ANAS_TOKEN);
    house.written_ok();
    assert_eq!(house.port_orders, [PortOrder::Identify { port: usb(1), attempt: house.attempt(1) }]);
    let troubles: Vec<_> = house.view.boards.iter().map(|board| (board.state, board.trouble)).collect();
    let noticed = FoundState::Noticed;
    assert_eq!(troubles, [(FoundState::Identifying, None), (noticed, None), (noticed, Some(PortTrouble::Denied))]);
    // Permission came: it is looked at.
    house.plug(3);
    assert!(house.open_order(3).is_some());
    // And what the owner asks for.
    let (cap, board) = (house.viewer().administer().unwrap(), house.view.boards[1].id);
    let asked = house.ask(|request| Input::LookAtBoard { cap, request, board });
    assert!(matches!(house.answer(asked), Ok(Answer::Board(board)) if board.state == FoundState::Identifying));
    assert!(house.open_order(2).is_some());
}

#[test]
fn a_port_that_does_not_answer_at_all_is_silent_after_a_while() {
    let mut house = House::empty();
    house.plug(1);
    house.wait_ms(19_999).tick();
    assert_eq!(house.board().state, FoundState::Identifying);
    house.wait_ms(1).tick();
    assert_eq!((house.board().identity.as_ref(), house.open_order(1)), (Some(&Identity::Silent), None));
}

#[test]
fn a_claim_ends_well_with_the_boards_own_login_and_with_nothing_less() {
    let mut house = House::with_bare_board();
    let asked = house.claims_board(Some("Porch"));
    assert!(matches!(house.answer(asked), Ok(Answer::Claim(claim)) if claim.step == ClaimStep::HandingOver));
    assert_eq!(house.board().state, FoundState::Claiming);
    let Some(PortOrder::Provision { board, secret, wifi: given, .. }) = house.port_orders.last() else { panic!() };
    assert_eq!((board, secret.reveal(), given), (&lamp(), "given", &wifi()));
    assert_eq!(house.lets_in(), Some((GIVEN, None)));
    let mut percents = vec![house.latest_claim().percent()];
    for progress in [
        Progress::HandedOver,
        Progress::Joining,
        Progress::Joined,
        Progress::Dialing,
        Progress::Securing,
        Progress::LoggingIn,
        Progress::Online,
    ] {
        house.goes_on(progress);
        percents.push(house.latest_claim().percent());
        assert!(!house.latest_claim().is_over() && house.view.devices.is_empty(), "its word is not enough");
    }
    assert!(percents.is_sorted(), "{percents:?}");
    house.presents = GIVEN;
    house.connect(1);
    house.reports(2, true, Cause::Boot, None);
    assert_eq!(
        (house.latest_claim().step, house.view.devices.len()),
        (ClaimStep::Registering, 0),
        "not before it is on disk"
    );
    house.written_ok();
    let (claim, device) = (house.latest_claim(), &house.view.devices[0]);
    assert_eq!((claim.step, claim.device, claim.percent()), (ClaimStep::Done, Some(device.id), 100));
    assert_eq!(
        (device.name.as_str(), device.availability),
        ("Porch", Availability::Online),
        "it heard what it said meanwhile"
    );
    assert_eq!((house.switch(1).name.as_str(), house.switch(2).name.as_str()), ("Porch 1", "Porch 2"));
    assert_eq!((house.switch(1).on, house.switch(2).on), (None, Some(true)));
    assert_eq!((house.lets_in(), house.open_order(1)), (Some((GIVEN, None)), None));
    assert_eq!((house.board().state, house.board().device), (FoundState::Claimed, Some(device.id)));
    let tap = house.tap(1, true);
    house.obeys(tap);
    assert_eq!(house.outcome(tap), (Outcome::Confirmed, None));
}

#[test]
fn a_login_with_another_secret_is_not_the_claims() {
    let mut house = House::with_bare_board();
    house.claims_board(None);
    house.presents = SECRET;
    house.connect(1);
    house.written_ok();
    assert_eq!((house.latest_claim().step, house.view.devices.len()), (ClaimStep::HandingOver, 0));
}

#[test]
fn whatever_ends_a_claim_its_credential_is_good_no_more() {
    let port = ClaimTrouble::Port;
    let cases: [(&[Progress], PortTrouble, ClaimTrouble); 7] = [
        (&[], PortTrouble::Gone, port(PortTrouble::Gone)),
        (&[], PortTrouble::Silent, port(PortTrouble::Silent)),
        (&[], PortTrouble::NotStored, port(PortTrouble::NotStored)),
        (&[Progress::HandedOver, Progress::NoNetwork], PortTrouble::UnableToConnect, ClaimTrouble::NoNetwork),
        (&[Progress::HandedOver, Progress::WrongPassword], PortTrouble::UnableToConnect, ClaimTrouble::WrongPassword),
        (&[Progress::Joining, Progress::NoAddress], PortTrouble::UnableToConnect, ClaimTrouble::NoAddress),
        (&[Progress::Joining], PortTrouble::UnableToConnect, port(PortTrouble::UnableToConnect)),
    ];
    for (steps, trouble, wanted) in cases {
        let mut house = House::with_bare_board();
        house.claims_board(None);
        steps.iter().for_each(|progress| house.goes_on(*progress));
        house.fails(trouble);
        assert_eq!(house.ended(), (ClaimStep::Failed, Some(wanted)));
        assert_eq!((house.lets_in(), house.board().state), (None, FoundState::Identified));
        // A board that comes in spite of it is nobody's.
        house.presents = GIVEN;
        house.connect(1);
        assert_eq!((house.view.devices.len(), &house.tickets[..]), (0, &[][..]));
        // And it can be claimed again.
        house.claims_board(None);
        assert_eq!(house.lets_in(), Some((GIVEN, None)));
    }
}

#[test]
fn a_claim_that_takes_too_long_says_how_far_it_came() {
    let mut house = House::with_bare_board();
    house.claims_board(None);
    house.wait_ms(20_000).tick();
    assert_eq!(house.ended(), (ClaimStep::Failed, Some(ClaimTrouble::Port(PortTrouble::Silent))), "never handed over");

    let late = [
        (Progress::Joining, 45_000, ClaimTrouble::NoLogin),
        (Progress::NoNetwork, 45_000, ClaimTrouble::NoNetwork),
        (Progress::Joined, 90_000, ClaimTrouble::NoLogin),
        (Progress::Unreachable, 90_000, ClaimTrouble::Unreachable),
        (Progress::Untrusted, 90_000, ClaimTrouble::Untrusted),
    ];
    for (progress, millis, wanted) in late {
        let mut house = House::with_bare_board();
        house.claims_board(None);
        house.goes_on(progress);
        house.wait_ms(millis - 1).tick();
        assert!(!house.latest_claim().is_over(), "{progress:?}");
        house.wait_ms(1).tick();
        assert_eq!(house.ended(), (ClaimStep::Failed, Some(wanted)));
        assert_eq!(house.lets_in(), None);
    }
    assert_eq!(CLAIM_WITHIN, Duration::from_secs(90));
}

#[test]
fn a_board_that_goes_on_without_its_cable_is_waited_for() {
    let mut house = House::with_bare_board();
    house.claims_board(None);
    house.goes_on(Progress::Joined);
    house.port_tells(PortEvent::Gone(usb(1)));
    assert_eq!((house.view.boards.len(), house.latest_claim().step), (0, ClaimStep::Connecting));
    house.presents = GIVEN;
    house.connect(1);
    house.written_ok();
    assert_eq!((house.ended().0, house.view.devices.len()), (ClaimStep::Done, 1));

    let mut house = House::with_bare_board();
    house.claims_board(None);
    house.goes_on(Progress::HandedOver);
    house.port_tells(PortEvent::Gone(usb(1)));
    assert_eq!(house.ended().1, Some(ClaimTrouble::Port(PortTrouble::Gone)), "it has no network yet");
}

#[test]
fn a_board_that_the_gateway_refuses_is_told_at_once() {
    let mut house = House::with_bare_board();
    house.claims_board(None);
    house.goes_on(Progress::Refused);
    assert_eq!(house.ended(), (ClaimStep::Failed, Some(ClaimTrouble::Refused)));
}

#[test]
fn one_claim_a_board_and_what_is_no_board_of_ours_is_said_so() {
    let mut house = House::with_bare_board();
    house.claims_board(None);
    let second = house.claims_board(None);
    assert!(house.conflict(second).starts_with("Ana is claiming this board"));
    // The same board at another port, by a second cable or a lie.
    house.plug(2);
    house.answers_as(2, Identity::Native(native()));
    let other = house.claims_the(1, None);
    assert!(house.conflict(other).contains("being claimed at another port"));

    let tasmota = ImprovFirmware {
        firmware: "Tasmota".into(),
        version: "14.3.0".into(),
        chip: "ESP8266".into(),
        name: "tasmota-A1B2C3".into(),
    };
    for (identity, words) in [
        (Identity::Improv(tasmota), "runs Tasmota"),
        (Identity::BootLoader, "boot loader"),
        (Identity::Silent, "has not said who it is"),
    ] {
        let mut house = House::empty();
        house.plug(1);
        house.answers_as(1, identity);
        let asked = house.claims_board(None);
        assert!(house.conflict(asked).contains(words), "{}", house.conflict(asked));
        assert_eq!(house.lets_in(), None);
    }
}

#[test]
fn a_claim_is_cancelled_until_the_board_has_come() {
    let mut house = House::with_bare_board();
    house.claims_board(None);
    let cap = house.viewer().administer().unwrap();
    let claim = house.latest_claim().id;
    let cancel = |house: &mut House, cap: Administer, claim: ClaimId| {
        house.ask(|request| Input::CancelClaim { cap, request, claim })
    };
    cancel(&mut house, cap.clone(), claim);
    assert_eq!(house.ended(), (ClaimStep::Failed, Some(ClaimTrouble::Cancelled)));
    assert_eq!((house.lets_in(), house.open_order(1)), (None, None));
    let unknown = cancel(&mut house, cap.clone(), ClaimId::from_raw(1));
    assert_eq!(house.answer(unknown), &Err(Denied::NotFound("claim")));

    house.claims_board(None);
    let claim = house.latest_claim().id;
    house.presents = GIVEN;
    house.connect(1);
    let late = cancel(&mut house, cap.clone(), claim);
    assert!(house.conflict(late).contains("logged in"));
    house.written_ok();
    let done = cancel(&mut house, cap, claim);
    assert!(house.conflict(done).contains("Delete the device"));
}

#[test]
fn a_device_that_cannot_be_written_is_none() {
    let mut house = House::with_bare_board();
    house.claims_board(None);
    house.presents = GIVEN;
    house.connect(1);
    house.write_fails();
    assert_eq!(house.ended(), (ClaimStep::Failed, Some(ClaimTrouble::NotWritten)));
    assert_eq!((house.view.devices.len(), house.lets_in()), (0, None));
}

#[test]
fn a_device_is_given_its_home_anew_and_stays_the_device_that_it_was() {
    let mut house = House::with_relays(2);
    let (device, switch) = (house.view.devices[0].id, house.switch_id(1));
    house.plug(1);
    house.answers_as(1, Identity::Native(native()));
    house.written_ok();
    assert_eq!((house.board().state, house.board().device), (FoundState::Claimed, Some(device)));
    house.claims_board(None);
    assert_eq!(house.latest_claim().name.as_str(), "Lamp");
    assert_eq!(house.lets_in(), Some((SECRET, Some(GIVEN))), "what it has is good until it comes with the other");
    house.fails(PortTrouble::NotTaken);
    assert_eq!(house.lets_in(), Some((SECRET, None)));
    house.claims_board(Some("Porch"));
    house.presents = GIVEN;
    house.connect(2);
    house.written_ok();
    let [known] = &house.view.devices[..] else { panic!() };
    assert_eq!((known.id, known.name.as_str(), known.availability), (device, "Porch", Availability::Online));
    assert_eq!((house.switch_id(1), house.lets_in()), (switch, Some((GIVEN, None))));
}

#[test]
fn the_port_of_a_device_is_never_opened_unasked_also_after_a_restart() {
    let mut house = House::with_bare_board();
    house.claims_board(None);
    house.presents = GIVEN;
    house.connect(1);
    house.written_ok();
    house.port_tells(PortEvent::Gone(usb(1)));
    let orders = house.port_orders.len();
    house.plug(1);
    assert_eq!((house.port_orders.len(), house.board().state), (orders, FoundState::Claimed));

    let durable = house.written.iter().filter(|record| !matches!(record, Record::Command(_))).cloned().collect();
    let mut house = House::load(2, durable);
    house.plug(1);
    assert_eq!((&house.port_orders[..], house.board().state), (&[][..], FoundState::Claimed));
    house.plug(2);
    assert!(house.open_order(2).is_some(), "others are");
    // Moved to another port, it says who it is there, once, and that one is left alone from then on.
    house.answers_as(2, Identity::Native(native()));
    house.written_ok();
    house.port_tells(PortEvent::Gone(usb(2)));
    let orders = house.port_orders.len();
    house.plug(2);
    assert_eq!(house.port_orders.len(), orders);
    // A device that is deleted leaves a bare board.
    let cap = house.viewer().administer().unwrap();
    house.setting(Setting::DeleteDevice(cap, house.view.devices[0].id));
    house.written_ok();
    assert!(house.view.boards.iter().all(|board| board.device.is_none()));
}

#[test]
fn a_right_that_ended_claims_nothing() {
    let mut house = House::with_bare_board();
    let cap = house.viewer().administer().unwrap();
    let session = house.view.access.viewer(&ANAS_TOKEN).and_then(|viewer| viewer.session()).unwrap();
    house.claims_board(None);
    house.setting(Setting::CloseSession(session));
    house.written_ok();
    house.presents = GIVEN;
    house.connect(1);
    house.written_ok();
    assert_eq!(house.ended(), (ClaimStep::Failed, Some(ClaimTrouble::NotWritten)), "signed out meanwhile");
    assert_eq!((house.view.devices.len(), house.lets_in()), (0, None));
    let board = house.view.boards[0].id;
    let asked = house.ask(|request| Input::LookAtBoard { cap, request, board });
    assert_eq!(house.answer(asked), &Err(Denied::Unauthenticated));
}

#[test]
fn claims_are_remembered_for_a_while_and_ports_are_bounded() {
    let mut house = House::with_bare_board();
    house.claims_board(None);
    house.fails(PortTrouble::Silent);
    house.wait_ms(599_999).tick();
    assert_eq!(house.view.claims.len(), 1);
    house.wait_ms(1).tick();
    assert_eq!(house.view.claims, []);
    for number in 2..100 {
        house.plug(number);
    }
    assert_eq!(house.view.boards.len(), MAX_FOUND);
    let unknown = FoundId::from_raw(1);
    assert_eq!(house.view.board(unknown), None);
}

#[test]
fn a_gateway_that_stops_ends_its_claims() {
    let mut house = House::with_bare_board();
    house.claims_board(None);
    house.handle(Input::Stop);
    assert_eq!(house.ended(), (ClaimStep::Failed, Some(ClaimTrouble::Stopping)));
    assert_eq!(house.open_order(1), None);
}

#[test]
fn what_a_network_is_called_and_its_password_are_checked() {
    let refused = |ssid: &str, password: &str| {
        let password = Some(password).filter(|password| !password.is_empty()).map(Secret::new);
        WifiSettings::new(ssid, password).err().map(|(field, _)| field)
    };
    assert_eq!(refused("Home", ""), None);
    assert_eq!(refused(&"é".repeat(16), "12345678"), None);
    assert_eq!(refused("Home", &"f".repeat(64)), None);
    for ssid in ["", &"é".repeat(17)[..], "a\0b"] {
        assert_eq!(refused(ssid, ""), Some("ssid"), "{ssid:?}");
    }
    for password in ["1234567", &"x".repeat(64), "12345678\u{e9}", &"f".repeat(65)] {
        assert_eq!(refused("Home", password), Some("password"), "{password:?}");
    }
    assert!(!format!("{:?}", wifi()).contains("curtain"));
}
