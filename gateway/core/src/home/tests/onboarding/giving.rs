//! Boards of another firmware that are given Wi-Fi: what ends it, who is kept out meanwhile, and that the password stays nowhere.

use super::*;
use crate::audit::Kind;
use crate::flash::FirmwareImage;
use crate::home::NewFlash;
use crate::home::onboarding::MAX_JOBS_OVER;
use crate::onboarding::{BoardPage, GivingStep, GivingTrouble, GivingView};

const PASSWORD: &str = "blue curtain";

fn esphome() -> Identity {
    Identity::Improv(ImprovFirmware {
        firmware: "ESPHome".into(),
        version: "2026.10.0".into(),
        chip: "ESP8266".into(),
        name: "fan".into(),
    })
}

impl House {
    /// Ana's home, and a board with ESPHome.
    fn with_foreign_board() -> Self {
        let mut house = Self::empty();
        house.plug(1);
        house.answers_as(1, esphome());
        house
    }

    fn gives_wifi(&mut self) -> Request {
        let (cap, board) = (self.viewer().administer().unwrap(), self.board().id);
        self.ask(|request| Input::GiveWifi { cap, request, board, wifi: wifi() })
    }

    fn cancels_giving(&mut self) -> Request {
        let (cap, board) = (self.viewer().administer().unwrap(), self.board().id);
        self.ask(|request| Input::CancelGiving { cap, request, board })
    }

    fn flashes_it(&mut self) -> Request {
        let mut bytes = vec![0xe9, 1, 0, 0x40, 0, 0, 0x10, 0x40];
        bytes.extend([0; 8 + 15]);
        bytes.push(0xef);
        let image = Arc::new(FirmwareImage::new("x.bin", bytes, [0; 32]).unwrap());
        let (cap, board) = (self.viewer().administer().unwrap(), self.board().id);
        let new = NewFlash { board, image, even_a_device: false };
        self.ask(|request| Input::FlashBoard { cap, request, new })
    }

    fn is_in(&mut self, page: Option<BoardPage>) {
        let (port, attempt) = (usb(1), self.attempt(1));
        self.port_tells(PortEvent::InNetwork { port, attempt, page });
    }

    fn giving(&self) -> &GivingView {
        self.board().giving.as_deref().expect("a giving")
    }

    fn given_up(&self) -> (GivingStep, Option<GivingTrouble>, Option<Attempt>) {
        (self.giving().step, self.giving().trouble, self.open_order(1))
    }

    /// What the record tells of Wi-Fi.
    fn told_of_wifi(&self) -> Vec<String> {
        let entry = |record: &Record| match record {
            Record::Entry(entry) if entry.kind == Kind::WifiGiven => {
                Some(format!("{} {} {}", entry.actor.name, entry.subject, entry.text))
            }
            _ => None,
        };
        self.written.iter().filter_map(entry).collect()
    }
}

#[test]
fn a_board_of_another_firmware_is_given_wifi_and_tells_where_its_page_is() {
    let mut house = House::with_foreign_board();
    let asked = house.gives_wifi();
    assert!(matches!(house.answer(asked), Ok(Answer::Board(board)) if board.state == FoundState::GivingWifi));
    let ordered = house.port_orders.last();
    assert!(
        matches!(ordered, Some(PortOrder::GiveWifi { firmware, wifi: given, .. }) if **firmware == *"ESPHome" && *given == wifi()),
        "{ordered:?}"
    );
    assert_eq!((house.giving().step, house.giving().percent()), (GivingStep::Telling, 10));
    assert_eq!(house.giving().message(), "The board is told the network “Home”.");
    house.goes_on(Progress::Joining);
    assert_eq!((house.giving().step, house.giving().percent()), (GivingStep::Joining, 50));
    assert_eq!(house.told_of_wifi(), [""; 0]);
    let page = BoardPage::new("http://192.168.1.20");
    house.is_in(page);
    assert_eq!((house.giving().page, house.giving().percent()), (page, 100));
    assert_eq!(house.given_up(), (GivingStep::Done, None, None));
    assert_eq!(house.board().state, FoundState::Foreign, "it is what it was");
    let message = house.giving().message();
    assert!(message.contains("keeps ESPHome 2026.10.0, so it is no switch of this home"), "{message}");
    assert_eq!(house.told_of_wifi(), ["Ana /dev/ttyUSB1 network “Home”, ESPHome 2026.10.0, in it"]);
    assert!(house.view.devices.is_empty() && house.view.claims.is_empty());
}

#[test]
fn the_password_is_in_the_order_and_nowhere_else() {
    let mut house = House::with_foreign_board();
    house.gives_wifi();
    let order = house.port_orders.last().expect("an order");
    let PortOrder::GiveWifi { wifi, .. } = order else { panic!("{order:?}") };
    assert_eq!(wifi.password.as_ref().map(Secret::reveal), Some(PASSWORD));
    assert!(!format!("{order:?}").contains(PASSWORD));
    house.fails(PortTrouble::UnableToConnect);
    assert!(!format!("{:?} {:?}", house.home, house.view).contains(PASSWORD));
    assert!(!format!("{:?}", house.written).contains(PASSWORD));
}

#[test]
fn only_a_firmware_that_is_not_ours_and_speaks_improv_is_given_wifi() {
    let ours = ImprovFirmware { firmware: "gatehouse".into(), version: "9".into(), chip: "".into(), name: "".into() };
    for (identity, words) in [
        (Identity::Native(native()), "Set it up as a device"),
        (Identity::Improv(ours), "Update the gateway"),
        (Identity::BootLoader, "boot loader"),
        (Identity::Silent, "Nobody answers there by Improv"),
    ] {
        let mut house = House::empty();
        house.plug(1);
        let early = house.gives_wifi();
        assert!(house.conflict(early).contains("has not said who it is"));
        house.answers_as(1, identity);
        let refused = house.gives_wifi();
        assert!(house.conflict(refused).contains(words), "{words}");
        assert_eq!((house.open_order(1), house.board().giving.as_ref()), (None, None));
    }
    let mut house = House::with_foreign_board();
    let (cap, board) = (house.viewer().administer().unwrap(), FoundId::from_raw(1));
    let unknown = house.ask(|request| Input::GiveWifi { cap, request, board, wifi: wifi() });
    assert_eq!(house.answer(unknown), &Err(Denied::NotFound("board")));
}

#[test]
fn nobody_else_is_at_a_port_while_its_board_is_given_wifi() {
    let mut house = House::with_foreign_board();
    house.gives_wifi();
    let orders = house.port_orders.len();
    let again = house.gives_wifi();
    assert!(house.conflict(again).starts_with("Ana is giving this board Wi-Fi"));
    let claimed = house.claims_board(None);
    assert!(house.conflict(claimed).contains("giving this board Wi-Fi"));
    let (cap, board) = (house.viewer().administer().unwrap(), house.board().id);
    let looked = house.ask(|request| Input::LookAtBoard { cap, request, board });
    assert!(house.conflict(looked).contains("giving this board Wi-Fi"));
    let flashed = house.flashes_it();
    assert!(house.conflict(flashed).contains("giving this board Wi-Fi"));
    // The kernel takes the permission away and gives it back.
    house.port_tells(PortEvent::Appeared(Port { access: PortAccess::Denied, ..port(1) }));
    house.plug(1);
    assert_eq!((house.port_orders.len(), house.board().state), (orders, FoundState::GivingWifi));

    let mut house = House::with_foreign_board();
    house.flashes_it();
    let given = house.gives_wifi();
    assert!(house.conflict(given).contains("is flashing this board"));
}

#[test]
fn what_fails_says_what_to_do_leaves_the_port_and_can_be_begun_again() {
    for (trouble, words) in [
        (PortTrouble::UnableToConnect, "could not get into “Home”. Its firmware does not say why"),
        (PortTrouble::NotTaken, "did not take the network"),
        (PortTrouble::Silent, "does not answer any more"),
    ] {
        let mut house = House::with_foreign_board();
        house.gives_wifi();
        house.goes_on(Progress::Joining);
        house.fails(trouble);
        assert_eq!(house.given_up(), (GivingStep::Failed, Some(GivingTrouble::Port(trouble)), None));
        assert_eq!((house.board().state, house.giving().percent()), (FoundState::Foreign, 50));
        assert!(house.giving().message().contains(words), "{}", house.giving().message());
        assert_eq!(house.told_of_wifi(), ["Ana /dev/ttyUSB1 network “Home”, ESPHome 2026.10.0, not known to be in it"]);
        house.gives_wifi();
        house.is_in(None);
        assert_eq!(house.given_up(), (GivingStep::Done, None, None));
    }
    for trouble in [PortTrouble::Denied, PortTrouble::InUse, PortTrouble::AnotherBoard] {
        let mut house = House::with_foreign_board();
        house.gives_wifi();
        house.fails(trouble);
        assert_eq!(house.given_up(), (GivingStep::Failed, Some(GivingTrouble::Port(trouble)), None));
        assert_eq!(house.giving().message(), trouble.advice());
        assert_eq!(house.told_of_wifi(), [""; 0], "nothing was given");
    }
}

#[test]
fn a_cable_that_is_pulled_is_told_where_the_board_is_back_and_what_is_over_is_not() {
    let mut house = House::with_foreign_board();
    house.gives_wifi();
    house.goes_on(Progress::Joining);
    // Whoever reads from the port may notice it first.
    house.fails(PortTrouble::Gone);
    house.port_tells(PortEvent::Gone(usb(1)));
    house.plug(1);
    assert!(house.giving().message().starts_with("The cable was pulled"));
    house.port_tells(PortEvent::Gone(usb(1)));
    house.plug(1);
    assert_eq!(house.board().giving.as_ref(), None, "it was told");
    house.answers_as(1, esphome());
    house.gives_wifi();
    let attempt = house.attempt(1);
    house.port_tells(PortEvent::Gone(usb(1)));
    assert_eq!(house.told_of_wifi().len(), 2);
    house.plug(1);
    let gone = Some(GivingTrouble::Port(PortTrouble::Gone));
    assert_eq!((house.giving().step, house.giving().trouble), (GivingStep::Failed, gone));
    assert!(house.giving().message().starts_with("The cable was pulled before the board said"));
    // What comes late from before means nothing.
    house.port_tells(PortEvent::InNetwork { port: usb(1), attempt, page: None });
    house.port_tells(PortEvent::Failed { port: usb(1), attempt, trouble: PortTrouble::Silent });
    assert_eq!(house.giving().trouble, gone);
    house.answers_as(1, esphome());
    house.gives_wifi();
    house.is_in(None);
    // Another board may be there next.
    house.port_tells(PortEvent::Gone(usb(1)));
    house.plug(1);
    assert_eq!((house.board().giving.as_ref(), house.home.onboarding.remembered_givings()), (None, 0));
}

#[test]
fn what_was_told_of_a_board_is_not_told_of_what_it_became() {
    let look = |house: &mut House| {
        let (cap, board) = (house.viewer().administer().unwrap(), house.board().id);
        house.ask(|request| Input::LookAtBoard { cap, request, board });
    };
    let mut house = House::with_foreign_board();
    house.gives_wifi();
    house.is_in(None);
    look(&mut house);
    house.answers_as(1, esphome());
    assert_eq!(house.giving().step, GivingStep::Done, "it is what it was");
    look(&mut house);
    house.answers_as(1, Identity::Native(native()));
    assert_eq!(house.board().giving, None, "somebody flashed it elsewhere");

    let mut house = House::with_foreign_board();
    house.gives_wifi();
    house.is_in(None);
    house.flashes_it();
    assert_eq!((house.board().state, house.board().giving.as_ref()), (FoundState::Flashing, None));
}

#[test]
fn it_does_not_take_for_ever() {
    let mut house = House::with_foreign_board();
    house.gives_wifi();
    house.wait_ms(49_999).tick();
    assert!(!house.giving().is_over());
    house.wait_ms(1).tick();
    assert_eq!(house.given_up(), (GivingStep::Failed, Some(GivingTrouble::Port(PortTrouble::Silent)), None));

    house.gives_wifi();
    house.wait_ms(49_000).tick();
    house.goes_on(Progress::Joining);
    house.wait_ms(74_999).tick();
    // However often it says so.
    house.goes_on(Progress::Joining);
    assert!(!house.giving().is_over());
    house.wait_ms(1).tick();
    assert_eq!(house.given_up(), (GivingStep::Failed, Some(GivingTrouble::Late), None));
}

#[test]
fn it_is_cancelled_by_an_owner_alone_and_by_a_gateway_that_stops() {
    let mut house = House::with_foreign_board();
    let none = house.cancels_giving();
    assert!(house.conflict(none).contains("not being given Wi-Fi"));
    house.gives_wifi();
    house.cancels_giving();
    assert_eq!(house.given_up(), (GivingStep::Failed, Some(GivingTrouble::Cancelled), None));
    assert_eq!(house.told_of_wifi().len(), 1, "the board may have been told");
    house.gives_wifi();
    let (cap, board) = (house.viewer().administer().unwrap(), house.board().id);
    let other = cap.clone();
    let session = house.view.access.viewer(&ANAS_TOKEN).and_then(|viewer| viewer.session()).unwrap();
    house.handle(Input::Stop);
    assert_eq!(house.given_up(), (GivingStep::Failed, Some(GivingTrouble::Stopping), None));
    assert_eq!(house.told_of_wifi().len(), 2);
    house.setting(Setting::CloseSession(session));
    house.written_ok();
    let refused = house.ask(|request| Input::GiveWifi { cap, request, board, wifi: wifi() });
    assert_eq!(house.answer(refused), &Err(Denied::Unauthenticated));
    let refused = house.ask(|request| Input::CancelGiving { cap: other, request, board });
    assert_eq!(house.answer(refused), &Err(Denied::Unauthenticated));
}

#[test]
fn what_is_over_is_shown_for_a_while_and_no_more_of_it_than_is_bounded() {
    let mut house = House::with_foreign_board();
    for _ in 0..MAX_JOBS_OVER + 2 {
        house.gives_wifi();
        house.fails(PortTrouble::UnableToConnect);
    }
    assert_eq!(house.home.onboarding.remembered_givings(), MAX_JOBS_OVER);
    house.wait_ms(599_999).tick();
    assert!(house.board().giving.is_some());
    house.wait_ms(1).tick();
    assert_eq!((house.board().giving.as_ref(), house.home.onboarding.remembered_givings()), (None, 0));
}
