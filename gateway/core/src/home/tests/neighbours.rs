//! Packets of a board that come from another MAC address than it says: told, until a repeater explains it for good.

use super::*;
use crate::audit::Kind;
use crate::notice::NoticeKind;
use crate::view::Availability;

const CHIP: &str = "a1b2c3";
const MAC: &str = "5c:cf:7f:a1:b2:c3";
const REPEATER: &str = "02:00:00:00:00:09";

impl House {
    fn neighbour(&mut self, link: u64, mac: &str) {
        let event = BoardEvent::Neighbour { board: lamp(), link: LinkId(link), mac: mac.into() };
        self.handle(Input::Board(event));
    }

    fn behind_repeater(&mut self, behind: bool) -> Request {
        let device = self.view.devices[0].id;
        self.setting(Setting::SetBehindRepeater(self.viewer().administer().unwrap(), device, behind))
    }

    fn times_told(&self) -> u64 {
        self.notice_of(NoticeKind::NeighbourDiffers).map_or(0, |notice| notice.times)
    }
}

#[test]
fn another_mac_address_is_told_once_a_connection_and_stops_nothing() {
    let mut house = House::with_hardware(1);
    house.disconnect(2);
    house.log_in(3);
    house.neighbour(3, REPEATER);
    assert_eq!(house.times_told(), 0, "who it is has yet to be told");
    house.comes(3, (CHIP, MAC));
    house.neighbour(3, REPEATER);
    house.reports(1, false, Cause::Button, None);
    assert_eq!((house.times_told(), house.view.devices[0].availability), (1, Availability::Online));
    let message = house.notice_of(NoticeKind::NeighbourDiffers).unwrap().message("Lamp");
    assert!(message.contains(MAC) && message.contains(REPEATER), "{message}");
    assert_eq!(house.view.devices[0].facts.neighbour.as_deref(), Some(REPEATER));
    let tap = house.tap(1, true);
    house.obeys(tap);
    assert_eq!(house.outcome(tap), (Outcome::Confirmed, None));
    house.comes(4, (CHIP, MAC));
    assert_eq!(house.view.devices[0].facts.neighbour, None, "of the next connection nothing is known yet");
    house.neighbour(3, REPEATER);
    assert_eq!(house.times_told(), 1, "that connection is over");
    house.neighbour(4, REPEATER);
    assert_eq!(house.times_told(), 2);
}

#[test]
fn its_own_mac_address_and_none_are_no_difference_nor_is_that_of_a_board_that_is_not_believed() {
    let mut house = House::with_hardware(1);
    house.comes(3, (CHIP, MAC));
    house.neighbour(3, "5C:CF:7F:A1:B2:C3");
    house.comes(4, (CHIP, "5c:cf:7f:ff:ff:ff"));
    house.neighbour(4, REPEATER);
    assert_eq!(house.times_told(), 0);
}

#[test]
fn a_repeater_answers_it_for_good_until_the_owner_says_otherwise() {
    let mut house = House::with_hardware(1);
    house.comes(3, (CHIP, MAC));
    house.neighbour(3, REPEATER);
    assert_eq!(house.times_told(), 1);
    let answered = house.behind_repeater(true);
    assert_eq!(house.times_told(), 1, "not before it is on disk");
    house.written_ok();
    assert!(matches!(house.answer(answered), Ok(Answer::Device(device)) if device.behind_repeater));
    assert_eq!(house.times_told(), 0);
    let line = house.written.iter().find_map(|record| match record {
        Record::Entry(entry) if entry.kind == Kind::DeviceUpdated => Some(entry.text.clone()),
        _ => None,
    });
    assert_eq!(line.as_deref(), Some("behind a repeater"));
    house.comes(4, (CHIP, MAC));
    house.neighbour(4, REPEATER);
    let mut again = House::load(2, house.written.clone());
    again.comes(5, (CHIP, MAC));
    again.neighbour(5, REPEATER);
    assert_eq!((house.times_told(), again.times_told()), (0, 0), "after a restart too");
    house.behind_repeater(false);
    house.written_ok();
    assert_eq!(house.times_told(), 1);
}
