//! A board takes the place of a device's: at its login and in one write, and until then, or if it never comes, nothing is another.

use super::*;
use crate::audit::Kind;
use crate::device::Device;
use crate::ids::DeviceId;
use crate::onboarding::Replaces;

const NEW: (&str, &str) = ("00d4e5f6", "5c:cf:7f:d4:e5:f6");

fn fresh() -> BoardId {
    BoardId::new("relay-d4e5f6").unwrap()
}

fn other(relays: usize) -> NativeBoard {
    NativeBoard { board: fresh(), mac: NEW.1.into(), chip: NEW.0.into(), relays, ..native() }
}

impl House {
    /// Ana's home with a device of two relays, the first of which is on, and another board that was plugged in.
    fn with_a_spare(relays: usize) -> Self {
        let mut house = Self::with_relays(2);
        house.tells = Some(NATIVE);
        house.connect(2);
        house.written_ok();
        house.reports(1, true, Cause::Boot, None);
        house.plug(1);
        house.answers_as(1, Identity::Native(other(relays)));
        house
    }

    fn only_device(&self) -> DeviceId {
        let [device] = &self.view.devices[..] else { panic!("{} devices", self.view.devices.len()) };
        device.id
    }

    fn replaces(&mut self) -> Request {
        let device = self.only_device();
        self.claims_for(0, None, Some(device))
    }

    /// The new board logs in, and is ready.
    fn the_new_one_comes(&mut self, link: u64) {
        (self.board, self.presents, self.tells) = (fresh(), GIVEN, Some(NEW));
        self.connect(link);
    }

    fn on_record(&self) -> &Device {
        let devices = self.written.iter().rev().find_map(|record| match record {
            Record::Device(device) => Some(device),
            _ => None,
        });
        devices.expect("a device")
    }

    fn boards_let_in(&self) -> Vec<(String, SecretHash, Option<SecretHash>)> {
        let boards = self.home.credentials().boards;
        let mut boards: Vec<_> = boards.iter().map(|(id, known)| (id.to_string(), known.secret, known.next)).collect();
        boards.sort_by(|a, b| a.0.cmp(&b.0));
        boards
    }
}

#[test]
fn a_device_keeps_all_that_it_is_but_for_its_board() {
    let mut house = House::with_a_spare(2);
    let (device, switch) = (house.only_device(), house.switch_id(1));
    house.replaces();
    assert_eq!(house.latest_claim().replaces, Some(Replaces { device, board: lamp(), online: true }));
    let told = house.latest_claim().message();
    assert!(told.contains("lamp is still there as Lamp"), "{told}");
    let tap = house.tap(2, true);
    house.obeys(tap);
    assert_eq!(house.outcome(tap), (Outcome::Confirmed, None), "the old board goes on meanwhile");
    let both = [("lamp".to_owned(), SECRET, None), ("relay-d4e5f6".to_owned(), GIVEN, None)];
    assert_eq!(house.boards_let_in(), both);
    let old_link = house.link;
    house.the_new_one_comes(3);
    house.reports(1, false, Cause::Boot, None);
    assert_eq!((house.view.devices[0].board.clone(), house.switch(1).on), (lamp(), Some(true)), "not on disk yet");
    house.written_ok();
    let known = &house.view.devices[0];
    assert_eq!((known.id, known.name.as_str(), known.board.clone()), (device, "Lamp", fresh()));
    assert_eq!((known.availability, known.facts.mac.as_deref()), (Availability::Online, Some(NEW.1)));
    assert_eq!((house.switch_id(1), house.view.switches.len(), house.switch(1).on), (switch, 2, Some(false)));
    assert_eq!(house.boards_let_in(), both[1..], "the old credential is good no more");
    let hardware = house.on_record().hardware.clone().unwrap();
    assert_eq!((&*hardware.chip, &*hardware.mac, hardware.port.as_deref()), (NEW.0, NEW.1, Some("1-1.1:1.0")));
    assert_eq!(house.on_record().next, None);
    // What the old one still says is nobody's.
    let unknown = house.home.dropped().unknown_board;
    house.handle(Input::Board(BoardEvent::Said { board: lamp(), link: old_link, said: Said::State(BoardState::Lost) }));
    house.handle(Input::Board(BoardEvent::Disconnected { board: lamp(), link: old_link }));
    assert_eq!(house.home.dropped().unknown_board, unknown + 1);
    assert_eq!(house.view.devices[0].availability, Availability::Online);
    let tap = house.tap(1, true);
    assert_eq!(house.sent.last().map(|order| order.board.clone()), Some(fresh()));
    house.obeys(tap);
    assert_eq!((house.outcome(tap), house.command(tap).switch), ((Outcome::Confirmed, None), switch));
    let message = house.latest_claim().message();
    assert!(message.starts_with("Lamp has its new board. Wiring, pulse"), "{message}");
    let lines = house.written.iter().filter_map(|record| match record {
        Record::Entry(entry) if entry.kind == Kind::DeviceReplaced => Some(entry),
        _ => None,
    });
    let lines: Vec<_> = lines.map(|line| (&*line.actor.name, &*line.subject, &*line.text)).collect();
    assert_eq!(lines, [("Ana", "Lamp", "board relay-d4e5f6 in place of lamp, over USB")]);
}

#[test]
fn a_replacement_that_fails_changes_nothing() {
    type End = (&'static str, fn(&mut House));
    let ends: [End; 4] = [
        ("unplugged", |house| house.fails(PortTrouble::Gone)),
        ("late", |house| house.wait_ms(20_000).tick()),
        ("wrong password", |house| {
            house.goes_on(Progress::WrongPassword);
            house.fails(PortTrouble::UnableToConnect);
        }),
        ("not written", |house| {
            house.the_new_one_comes(3);
            house.write_fails();
        }),
    ];
    for (how, end) in ends {
        let mut house = House::with_a_spare(2);
        let (device, switches, tells) = (house.view.devices.clone(), house.view.switches.clone(), house.tells);
        let (link, session) = (house.link, house.session);
        house.replaces();
        end(&mut house);
        assert_eq!(house.ended().0, ClaimStep::Failed, "{how}");
        assert_eq!((&house.view.devices, &house.view.switches), (&device, &switches), "{how}");
        assert_eq!(house.boards_let_in(), [("lamp".to_owned(), SECRET, None)], "{how}");
        (house.board, house.link, house.session, house.tells) = (lamp(), link, session, tells);
        let tap = house.tap(1, true);
        house.obeys(tap);
        assert_eq!(house.outcome(tap), (Outcome::Confirmed, None), "{how}: the old board is as it was");
    }
}

#[test]
fn what_cannot_take_the_place_says_what_to_do() {
    let mut house = House::with_a_spare(1);
    let few = house.replaces();
    assert_eq!(
        house.conflict(few),
        "Lamp has 2 switches, and this board has relays for 1. Take a board that has them all, or claim this one as a new device."
    );
    let nothing = house.claims_for(0, None, Some(DeviceId::from_raw(1)));
    assert_eq!(house.answer(nothing), &Err(Denied::NotFound("device")));

    // The board of another device, and that of the device itself.
    let mut house = House::with_a_spare(2);
    let lamp_id = house.only_device();
    house.claims_board(Some("Porch"));
    house.the_new_one_comes(3);
    house.written_ok();
    let another = house.claims_for(0, None, Some(lamp_id));
    assert!(house.conflict(another).starts_with("Board relay-d4e5f6 is Porch of this home. Delete"));
    let porch = house.view.devices.iter().map(|device| device.id).find(|id| *id != lamp_id);
    let itself = house.claims_for(0, None, porch);
    assert!(house.conflict(itself).starts_with("This is the board of Porch itself."));
    assert_eq!(house.view.claims.len(), 1, "none of them began");
}

#[test]
fn a_copy_of_a_boards_flash_on_other_hardware_may_take_its_place() {
    let mut house = House::with_a_spare(2);
    house.plug(2);
    house.answers_as(2, Identity::Native(NativeBoard { board: lamp(), ..other(2) }));
    let device = house.only_device();
    house.claims_for(1, None, Some(device));
    assert_eq!(house.boards_let_in(), [("lamp".to_owned(), SECRET, Some(GIVEN))]);
    (house.presents, house.tells) = (GIVEN, Some(NEW));
    house.connect(3);
    house.written_ok();
    assert_eq!(house.view.devices[0].availability, Availability::Online);
    assert_eq!(house.boards_let_in(), [("lamp".to_owned(), GIVEN, None)]);
}

#[test]
fn one_board_at_a_time_is_claimed_for_a_device() {
    let mut house = House::with_a_spare(2);
    house.replaces();
    house.plug(2);
    house.answers_as(2, Identity::Native(NativeBoard { board: BoardId::new("relay-3").unwrap(), ..other(2) }));
    let device = house.only_device();
    let second = house.claims_for(1, None, Some(device));
    assert!(house.conflict(second).starts_with("Ana is claiming another board for Lamp."));
    house.plug(3);
    house.answers_as(3, Identity::Native(native()));
    let own = house.claims_the(2, None);
    assert!(house.conflict(own).starts_with("Ana is claiming another board for Lamp."), "nor its own anew");
}

#[test]
fn relays_beyond_those_of_the_old_board_become_switches() {
    let mut house = House::with_a_spare(4);
    house.replaces();
    house.the_new_one_comes(3);
    house.written_ok();
    let names: Vec<_> = (1..=4).map(|relay| house.switch(relay).name.to_string()).collect();
    assert_eq!(names, ["Lamp 1", "Lamp 2", "Lamp 3", "Lamp 4"]);
}

#[test]
fn a_device_in_quarantine_gets_an_honest_board() {
    let mut house = House::with_a_spare(2);
    house.tells = Some(("00ffffff", NATIVE.1));
    house.connect(3);
    assert_eq!(house.view.devices[0].availability, Availability::Quarantined);
    house.replaces();
    assert!(!house.latest_claim().replaces.as_ref().unwrap().online);
    house.the_new_one_comes(4);
    house.written_ok();
    let device = &house.view.devices[0];
    assert_eq!((device.availability, device.quarantine.clone()), (Availability::Online, None));
}

#[test]
fn what_people_changed_meanwhile_stays_changed() {
    let mut house = House::with_a_spare(2);
    let device = house.only_device();
    house.replaces();
    let cap = house.viewer().administer().unwrap();
    let edit = crate::home::Edit { name: Some(name("Porch")), room: None };
    house.setting(Setting::UpdateDevice(cap.clone(), device, edit));
    house.written_ok();
    house.the_new_one_comes(3);
    house.written_ok();
    assert_eq!((house.view.devices[0].name.as_str(), house.ended().0), ("Porch", ClaimStep::Done));

    let mut house = House::with_a_spare(2);
    let device = house.only_device();
    house.replaces();
    house.setting(Setting::DeleteDevice(cap, device));
    house.written_ok();
    house.the_new_one_comes(3);
    house.written_ok();
    assert_eq!((house.view.devices.len(), house.ended().1), (0, Some(ClaimTrouble::NotWritten)), "not brought back");
    assert_eq!(house.boards_let_in(), []);
}

#[test]
fn what_was_asked_of_the_old_board_is_not_done_by_the_new_one() {
    let mut house = House::with_a_spare(2);
    house.replaces();
    let tap = house.tap(1, false);
    house.the_new_one_comes(3);
    house.written_ok();
    house.reports(1, false, Cause::Boot, None);
    assert!(!house.is_answered(tap.request), "its being off proves nothing");
    house.wait_ms(5_000).tick();
    assert_eq!(house.outcome(tap), (Outcome::TimedOut, Some(Reason::NoReport)));
}
