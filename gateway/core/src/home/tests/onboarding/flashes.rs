//! Boards that are given firmware: what ends it, who is kept out meanwhile, and what the record tells.

use super::*;
use crate::audit::Kind;
use crate::flash::{FirmwareImage, FlashProgress, FlashStep, FlashTrouble, FlashView};
use crate::home::onboarding::MAX_JOBS_OVER;
use crate::home::{FLASH_WITHIN, NewFlash};

/// The smallest image that a chip starts: one segment of nothing.
fn image() -> Arc<FirmwareImage> {
    let mut bytes = vec![0xe9, 1, 0, 0x40, 0, 0, 0x10, 0x40];
    bytes.extend([0; 8 + 15]);
    bytes.push(0xef);
    Arc::new(FirmwareImage::new("gatehouse-0.2.0.bin", bytes, [0xab; 32]).unwrap())
}

impl House {
    /// Ana's home, and a chip in its boot loader.
    fn with_bare_chip() -> Self {
        let mut house = Self::empty();
        house.plug(1);
        house.answers_as(1, Identity::BootLoader);
        house
    }

    fn flashes(&mut self, even_a_device: bool) -> Request {
        let (cap, board) = (self.viewer().administer().unwrap(), self.board().id);
        let new = NewFlash { board, image: image(), even_a_device };
        self.ask(|request| Input::FlashBoard { cap, request, new })
    }

    fn is_at(&mut self, progress: FlashProgress) {
        let (port, attempt) = (usb(1), self.attempt(1));
        self.port_tells(PortEvent::Flashing { port, attempt, progress });
    }

    fn flash_fails(&mut self, trouble: FlashTrouble) {
        let (port, attempt) = (usb(1), self.attempt(1));
        self.port_tells(PortEvent::FlashFailed { port, attempt, trouble });
    }

    fn flash(&self) -> &FlashView {
        self.board().flash.as_deref().expect("a flash")
    }

    fn trouble(&self) -> Option<FlashTrouble> {
        self.flash().trouble
    }

    /// What the record tells of flashing.
    fn told(&self) -> Vec<String> {
        let entry = |record: &Record| match record {
            Record::Entry(entry) if entry.kind == Kind::BoardFlashed => {
                Some(format!("{} {} {}", entry.actor.name, entry.subject, entry.text))
            }
            _ => None,
        };
        self.written.iter().filter_map(entry).collect()
    }
}

#[test]
fn a_bare_chip_is_flashed_and_asked_anew_who_it_is() {
    let mut house = House::with_bare_chip();
    let asked = house.flashes(false);
    assert!(matches!(house.answer(asked), Ok(Answer::Board(board)) if board.state == FoundState::Flashing));
    let ordered = house.port_orders.last();
    assert!(matches!(ordered, Some(PortOrder::Flash { image: given, .. }) if *given == image()), "{ordered:?}");
    let mut seen = vec![(house.flash().step, house.flash().percent())];
    for progress in [
        FlashProgress::Connected,
        FlashProgress::Written(0),
        FlashProgress::Written(50),
        FlashProgress::Written(40),
        FlashProgress::Written(255),
        FlashProgress::Verifying,
    ] {
        house.is_at(progress);
        assert_eq!(house.board().state, FoundState::Flashing);
        seen.push((house.flash().step, house.flash().percent()));
    }
    let (erasing, writing) = (FlashStep::Erasing, FlashStep::Writing);
    let wanted = [
        (FlashStep::Connecting, 0),
        (erasing, 3),
        (writing, 3),
        (writing, 50),
        (writing, 50),
        (writing, 95),
        (FlashStep::Verifying, 97),
    ];
    assert_eq!(seen, wanted);
    assert_eq!(house.told(), [""; 0]);
    house.is_at(FlashProgress::Verified);
    assert_eq!((house.flash().step, house.flash().percent()), (FlashStep::Done, 100));
    assert_eq!(house.told(), [format!("Ana /dev/ttyUSB1 gatehouse-0.2.0.bin, SHA-256 {}", "ab".repeat(32))]);
    assert_eq!(house.board().state, FoundState::Identifying, "it is another now");
    house.answers_as(1, Identity::Native(native()));
    assert_eq!(house.board().state, FoundState::Ready);
    house.claims_board(None);
    assert_eq!(house.board().state, FoundState::Claiming);
}

#[test]
fn nobody_else_is_at_a_port_while_its_board_is_flashed() {
    let mut house = House::with_bare_chip();
    house.flashes(false);
    let orders = house.port_orders.len();
    let again = house.flashes(false);
    assert!(house.conflict(again).starts_with("Ana is flashing this board"));
    let claimed = house.claims_board(None);
    assert!(house.conflict(claimed).contains("is flashing this board"));
    let (cap, board) = (house.viewer().administer().unwrap(), house.board().id);
    let looked = house.ask(|request| Input::LookAtBoard { cap, request, board });
    assert!(house.conflict(looked).contains("is flashing this board"));
    // The kernel takes the permission away and gives it back.
    house.port_tells(PortEvent::Appeared(Port { access: PortAccess::Denied, ..port(1) }));
    house.plug(1);
    assert_eq!(house.port_orders.len(), orders);
    assert_eq!(house.board().state, FoundState::Flashing);

    let mut house = House::with_bare_board();
    house.claims_board(None);
    let flashed = house.flashes(true);
    assert!(house.conflict(flashed).starts_with("Ana is claiming this board"));
}

#[test]
fn the_board_of_a_device_is_flashed_only_when_the_owner_means_it() {
    let mut house = House::with_bare_board();
    house.claims_board(Some("Porch"));
    house.presents = GIVEN;
    house.connect(1);
    house.written_ok();
    let orders = house.port_orders.len();
    let asked = house.flashes(false);
    assert!(house.conflict(asked).starts_with("This is the board of Porch."));
    // Known by its place alone, after it was plugged in again.
    house.port_tells(PortEvent::Gone(usb(1)));
    house.plug(1);
    let asked = house.flashes(false);
    assert!(house.conflict(asked).starts_with("This is the board of Porch."));
    assert_eq!(house.port_orders.len(), orders);
    house.flashes(true);
    assert_eq!(house.board().state, FoundState::Flashing);
}

#[test]
fn a_cable_that_is_pulled_ends_it_and_the_board_can_be_flashed_again() {
    let mut house = House::with_bare_chip();
    house.flashes(false);
    let attempt = house.attempt(1);
    house.is_at(FlashProgress::Written(30));
    house.port_tells(PortEvent::Gone(usb(1)));
    assert_eq!(house.view.boards, []);
    assert!(house.told()[0].ends_with("not to its end"), "{:?}", house.told());
    house.plug(1);
    let gone = FlashTrouble::Port(PortTrouble::Gone);
    assert_eq!((house.flash().step, house.trouble(), house.flash().percent()), (FlashStep::Failed, Some(gone), 32));
    assert!(house.flash().message().contains("flash it again"));
    // What comes late from before means nothing.
    house.port_tells(PortEvent::Flashing { port: usb(1), attempt, progress: FlashProgress::Verified });
    assert_eq!(house.trouble(), Some(gone));
    house.answers_as(1, Identity::BootLoader);
    house.flashes(false);
    assert_eq!((house.flash().step, house.trouble()), (FlashStep::Connecting, None));
    house.is_at(FlashProgress::Verified);
    assert_eq!((house.flash().step, house.told().len()), (FlashStep::Done, 2));
}

#[test]
fn what_fails_before_anything_is_written_leaves_the_board_as_it_was_and_the_record_too() {
    for trouble in
        [FlashTrouble::NoLoader, FlashTrouble::NoTool, FlashTrouble::WrongChip, FlashTrouble::Port(PortTrouble::Denied)]
    {
        let mut house = House::with_bare_board();
        house.flashes(false);
        house.flash_fails(trouble);
        assert_eq!((house.flash().step, house.trouble()), (FlashStep::Failed, Some(trouble)));
        assert_eq!((house.board().state, house.open_order(1), house.told().len()), (FoundState::Ready, None, 0));
    }
    let mut house = House::with_bare_chip();
    house.flashes(false);
    house.fails(PortTrouble::InUse);
    assert_eq!(house.trouble(), Some(FlashTrouble::Port(PortTrouble::InUse)));
    let mut house = House::with_bare_chip();
    house.flashes(false);
    house.is_at(FlashProgress::Written(99));
    house.flash_fails(FlashTrouble::NotVerified);
    assert_eq!((house.board().state, house.told().len()), (FoundState::Identifying, 1), "who knows what it is now");
}

#[test]
fn it_does_not_take_for_ever() {
    let mut house = House::with_bare_chip();
    house.flashes(false);
    house.wait_ms(44_999).tick();
    assert!(!house.flash().is_over());
    house.wait_ms(1).tick();
    assert_eq!((house.trouble(), house.open_order(1)), (Some(FlashTrouble::NoLoader), None));

    house.flashes(false);
    house.is_at(FlashProgress::Connected);
    house.wait_ms(59_999).tick();
    assert!(!house.flash().is_over());
    house.wait_ms(1).tick();
    assert_eq!(house.trouble(), Some(FlashTrouble::Port(PortTrouble::Silent)));

    house.flashes(false);
    let steps = u64::try_from(FLASH_WITHIN.as_millis()).unwrap() / 50_000;
    for step in 0..steps {
        assert!(!house.flash().is_over());
        house.is_at(FlashProgress::Written(u8::try_from(step).unwrap()));
        house.wait_ms(50_000).tick();
    }
    assert_eq!(house.trouble(), Some(FlashTrouble::Port(PortTrouble::Silent)), "however busy it is");
}

#[test]
fn it_is_cancelled_by_an_owner_alone_and_by_a_gateway_that_stops() {
    let mut house = House::with_bare_chip();
    let cancel = |house: &mut House| {
        let (cap, board) = (house.viewer().administer().unwrap(), house.board().id);
        house.ask(|request| Input::CancelFlash { cap, request, board })
    };
    let none = cancel(&mut house);
    assert!(house.conflict(none).contains("not being flashed"));
    house.flashes(false);
    cancel(&mut house);
    assert_eq!((house.trouble(), house.open_order(1)), (Some(FlashTrouble::Cancelled), None));
    assert_eq!(house.told().len(), 1, "esptool may have been about to write");
    house.flashes(false);
    let (cap, board) = (house.viewer().administer().unwrap(), house.board().id);
    let session = house.view.access.viewer(&ANAS_TOKEN).and_then(|viewer| viewer.session()).unwrap();
    house.handle(Input::Stop);
    assert_eq!((house.trouble(), house.open_order(1)), (Some(FlashTrouble::Stopping), None));
    let told = house.told();
    assert!(told.len() == 2 && told[1].ends_with("given up before it was known to have begun"), "{told:?}");
    house.setting(Setting::CloseSession(session));
    house.written_ok();
    let new = NewFlash { board, image: image(), even_a_device: true };
    let refused = house.ask(|request| Input::FlashBoard { cap, request, new });
    assert_eq!(house.answer(refused), &Err(Denied::Unauthenticated));
}

#[test]
fn what_is_over_is_shown_for_a_while_and_no_more_of_it_than_is_bounded() {
    let mut house = House::with_bare_chip();
    for _ in 0..MAX_JOBS_OVER + 2 {
        house.flashes(false);
        house.flash_fails(FlashTrouble::NoLoader);
    }
    assert_eq!(house.home.onboarding.remembered_flashes(), MAX_JOBS_OVER);
    house.wait_ms(599_999).tick();
    assert!(house.board().flash.is_some());
    house.wait_ms(1).tick();
    assert_eq!((house.board().flash.as_ref(), house.home.onboarding.remembered_flashes()), (None, 0));
}
