//! From a board that is plugged in to a device: what is looked at, what ends a claim, and that nothing of one that failed stays.

mod claims;
mod flashes;
mod giving;
mod network;
mod ports;
mod replacing;

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
/// Its chip id and MAC address, at the port as at the edge.
const NATIVE: (&str, &str) = ("00a1b2c3", "5c:cf:7f:a1:b2:c3");
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
        mac: NATIVE.1.into(),
        chip: NATIVE.0.into(),
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
        house.tells = Some(NATIVE);
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
            | PortOrder::Flash { port, .. }
            | PortOrder::Release { port }) = order;
            *port == usb(number)
        };
        match self.port_orders.iter().rev().find(at)? {
            PortOrder::Identify { attempt, .. }
            | PortOrder::Provision { attempt, .. }
            | PortOrder::GiveWifi { attempt, .. }
            | PortOrder::Flash { attempt, .. } => Some(*attempt),
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
        self.claims_for(index, called, None)
    }

    fn claims_for(&mut self, index: usize, called: Option<&str>, replaces: Option<DeviceId>) -> Request {
        let board = self.view.boards[index].id;
        let credential = NewCredential { secret: Secret::new("given"), hash: GIVEN };
        let new = NewClaim { board, name: called.map(name), room: None, replaces, wifi: Some(wifi()), credential };
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
