//! A board is believed when it is the hardware on record; else it is connected, shown, and nothing more.

use super::*;
use crate::audit::Kind;
use crate::board_settings::{Fulfilment, Pulse, RelaySetting, Wish};
use crate::integration::{NewIntegration, user_name};
use crate::notice::{Notice, NoticeKind, Severity};
use crate::onboarding::Hardware;
use crate::quarantine::Suspicion;
use crate::view::Availability;

const CHIP: &str = "a1b2c3";
const MAC: &str = "5c:cf:7f:a1:b2:c3";
const OTHER: (&str, &str) = ("ffffff", "5c:cf:7f:ff:ff:ff");

impl House {
    /// Ana's home, where the board has been once, so that its hardware is on record.
    pub(super) fn with_hardware(relays: usize) -> Self {
        let mut house = Self::with_relays(relays);
        house.disconnect(1);
        house.comes(2, (CHIP, MAC));
        house.written_ok();
        house.written.clear();
        house
    }

    /// A board connects, and says who it is as the firmware does: between its description and its session.
    pub(super) fn comes(&mut self, link: u64, (chip, mac): (&str, &str)) {
        self.arrives(link, &[Fact::Firmware("0.1.0".into()), Fact::Mac(mac.into()), Fact::Chip(chip.into())]);
    }

    fn arrives(&mut self, link: u64, facts: &[Fact]) {
        self.log_in(link);
        self.say(Said::State(BoardState::Init));
        self.describe(&[]);
        facts.iter().for_each(|fact| self.say(Said::Fact(fact.clone())));
        self.say(Said::Session(self.session, self.uptime_ms()));
        self.reports(1, true, Cause::Boot, None);
        self.say(Said::State(BoardState::Ready));
    }

    fn record(&self) -> Option<Hardware> {
        let device = |record: &Record| match record {
            Record::Device(device) => Some(device.hardware.as_deref().cloned()),
            _ => None,
        };
        self.written.iter().rev().find_map(device).flatten()
    }

    fn release(&mut self, (chip, mac): (&str, &str)) -> Request {
        let device = self.view.devices[0].id;
        let released = Released { chip: chip.into(), mac: mac.into() };
        self.setting(Setting::ReleaseDevice(self.viewer().administer().unwrap(), device, released))
    }

    fn availability(&self) -> (Availability, Availability) {
        (self.view.devices[0].availability, self.switch(1).availability)
    }

    pub(super) fn notice_of(&self, kind: NoticeKind) -> Option<&Notice> {
        self.view.notices.iter().find(|notice| notice.kind == kind).map(|notice| &**notice)
    }
}

const QUARANTINED: (Availability, Availability) = (Availability::Quarantined, Availability::Quarantined);
const ONLINE: (Availability, Availability) = (Availability::Online, Availability::Online);

#[test]
fn a_board_claimed_by_hand_is_recorded_when_it_first_comes() {
    let mut house = House::with_relays(1);
    house.disconnect(1);
    house.written.clear();
    house.comes(2, (CHIP, MAC));
    let [chip, mac, firmware, model] = [CHIP, MAC, "0.1.0", ""].map(Into::into);
    let record = Hardware { chip, mac, model, firmware, port: None };
    assert_eq!(house.record(), Some(record));
    assert_eq!(house.tickets.len(), 1, "once");
    house.written_ok();
    assert_eq!((house.availability(), house.view.notices.len()), (ONLINE, 0));
    let lines = house.written.iter().filter(|record| matches!(record, Record::Entry(_)));
    assert_eq!(lines.count(), 0, "nobody did it");
    house.written.clear();
    house.disconnect(2);
    house.comes(3, (CHIP, MAC));
    assert_eq!((house.availability(), house.record()), (ONLINE, None));
}

#[test]
fn one_that_never_says_who_it_is_takes_commands_as_long_as_nothing_is_on_record() {
    let mut house = House::with_relays(1);
    house.say(Said::Fact(Fact::Chip(CHIP.into())));
    let tap = house.tap(1, true);
    house.obeys(tap);
    assert_eq!(house.outcome(tap), (Outcome::Confirmed, None));
    assert!(house.tickets.is_empty());
}

#[test]
fn other_hardware_is_shown_and_not_believed_and_moves_nothing() {
    for other in [OTHER, (CHIP, OTHER.1), (OTHER.0, MAC)] {
        let mut house = House::with_hardware(1);
        assert_eq!(house.switch(1).on, Some(true));
        house.disconnect(2);
        house.wait_ms(1_000).comes(3, other);
        house.reports(1, false, Cause::Button, None);
        assert_eq!(house.availability(), QUARANTINED);
        assert_eq!(house.switch(1).on, Some(true), "what it reports is not shown");
        assert_eq!(house.written.iter().filter(|record| matches!(record, Record::Reported(..))).count(), 0);
        let device = &house.view.devices[0];
        assert_eq!((device.facts.chip.as_deref(), device.facts.mac.as_deref()), (Some(CHIP), Some(MAC)));
        let quarantine = device.quarantine.clone().unwrap();
        assert_eq!((quarantine.chip.as_deref(), quarantine.mac.as_deref()), (Some(other.0), Some(other.1)));
        assert_eq!((&*quarantine.expected_chip, &*quarantine.expected_mac), (CHIP, MAC));
        assert_eq!((quarantine.why, quarantine.since), (Suspicion::OtherHardware, house.now.stamp()));

        let tap = house.tap(1, false);
        assert_eq!((house.outcome(tap), house.sent.len()), ((Outcome::Refused, Some(Reason::Quarantined)), 0));
        let notice = house.notice_of(NoticeKind::DeviceQuarantined).unwrap();
        assert_eq!((notice.kind.severity(), notice.times), (Severity::Critical, 1));
        let message = notice.message("Lamp");
        for part in [CHIP, MAC, other.0, other.1] {
            assert!(message.contains(part), "{message}");
        }
        house.say(Said::Fact(Fact::Chip(CHIP.into())));
        house.say(Said::Fact(Fact::Mac(MAC.into())));
        assert_eq!(house.availability(), QUARANTINED, "nothing becomes other hardware on one connection");
        assert_eq!(house.record(), None);
    }
}

#[test]
fn its_relays_its_firmware_and_a_new_secret_are_not_taken_from_it_or_given_to_it() {
    let mut house = House::with_hardware(1);
    house.say(Said::Fact(Fact::Firmware("0.1.0".into())));
    house.disconnect(2);
    let announced = house.announced.clone();
    house.log_in(3);
    house.describe(&[1, 2, 3]);
    let facts = [Fact::Model("evil".into()), Fact::Firmware("6.6.6".into())];
    house.arrives(3, &[&facts[..], &[Fact::Chip(OTHER.0.into()), Fact::Mac(OTHER.1.into())]].concat());
    assert!(house.tickets.is_empty(), "no relay is adopted");
    assert_eq!(house.view.devices[0].facts.firmware.as_deref(), Some("0.1.0"));
    assert_eq!(house.announced, announced);
    let new = NewCredential { secret: Secret::new("new"), hash: SecretHash([9; 32]) };
    let cap = house.viewer().administer().unwrap();
    let rotation = house.setting(Setting::RotateCredential(cap, house.view.devices[0].id, new));
    assert!(matches!(house.answer(rotation), Err(Denied::Conflict(why)) if why.contains("quarantined")));
    assert!(house.secrets.is_empty());
}

#[test]
fn a_command_of_an_integration_is_refused_too() {
    let mut house = House::with_hardware(1);
    house.disconnect(2);
    house.comes(3, OTHER);
    let user = user_name([1; 8]);
    let (publish, subscribe, secret) = (Vec::new(), Vec::new(), SecretHash([1; 32]));
    let new = NewIntegration { name: name("Garden"), user: user.clone(), secret, publish, subscribe };
    house.setting(Setting::CreateIntegration(Administer::console(), new));
    house.written_ok();
    house.written.clear();
    let asked = IntegrationCommand { user, board: lamp(), endpoint: Endpoint::relay(1), on: true };
    house.handle(Input::IntegrationCommand(asked));
    let refused = |record: &Record| matches!(record, Record::Command(c) if c.reason == Some(Reason::Quarantined));
    assert!(house.written.iter().any(refused) && house.sent.is_empty());
}

#[test]
fn one_that_holds_back_who_it_is_is_quarantined_when_it_wants_to_take_commands() {
    for (facts, told) in [(vec![], None), (vec![Fact::Chip(CHIP.into())], Some(CHIP))] {
        let mut house = House::with_hardware(1);
        house.disconnect(2);
        house.arrives(3, &facts);
        assert_eq!(house.availability(), QUARANTINED);
        let quarantine = house.view.devices[0].quarantine.clone().unwrap();
        assert_eq!((quarantine.why, quarantine.chip.as_deref()), (Suspicion::Withheld, told));
        let release = house.release((CHIP, MAC));
        assert!(matches!(house.answer(release), Err(Denied::Conflict(why)) if why.contains("does not say")));
        house.reports(1, false, Cause::Button, None);
        house.say(Said::Fact(Fact::Chip(CHIP.into())));
        assert_eq!((house.availability(), house.switch(1).on), (QUARANTINED, Some(true)));
        house.say(Said::Fact(Fact::Mac(MAC.into())));
        assert_eq!((house.availability(), house.switch(1).on), (ONLINE, Some(false)), "it said so after all");
        let tap = house.tap(1, true);
        house.obeys(tap);
        assert_eq!(house.outcome(tap), (Outcome::Confirmed, None));
    }
}

#[test]
fn nothing_counts_before_it_is_known_who_says_it() {
    let mut house = House::with_hardware(1);
    house.disconnect(2);
    house.log_in(3);
    house.describe(&[1, 2]);
    house.say(Said::Session(self::session(103), house.uptime_ms()));
    house.reports(1, false, Cause::Button, None);
    house.say(Said::Fact(Fact::Mac(MAC.into())));
    assert_eq!((house.availability().0, house.switch(1).on), (Availability::Offline, Some(true)));
    assert!(house.tickets.is_empty());
    house.say(Said::Fact(Fact::Chip(CHIP.into())));
    assert_eq!(house.switch(1).on, Some(false), "it is the board on record: what it said counts");
    assert_eq!(house.tickets.len(), 1, "and its relays are adopted");
    house.say(Said::State(BoardState::Ready));
    assert_eq!(house.availability(), ONLINE);
}

#[test]
fn the_edge_is_told_what_is_thought_of_each_connection() {
    let mut house = House::with_hardware(1);
    let thought = |house: &House, link| house.beliefs.get(&LinkId(link)).copied();
    assert_eq!(thought(&house, 2), Some(Belief::Believed), "nothing was on record");
    house.disconnect(2);
    house.log_in(3);
    assert_eq!(thought(&house, 3), Some(Belief::Awaited));
    house.comes(4, (CHIP, MAC));
    assert_eq!(thought(&house, 4), Some(Belief::Believed));
    house.comes(5, OTHER);
    assert_eq!(thought(&house, 5), Some(Belief::Quarantined));
    house.release(OTHER);
    house.written_ok();
    assert_eq!(thought(&house, 5), Some(Belief::Believed));
}

#[test]
fn of_settings_that_wait_until_it_is_believed_the_last_count() {
    let mut house = House::with_hardware(2);
    house.disconnect(2);
    house.log_in(3);
    house.describe(&[1, 2]);
    for ms in 1_001..=1_200 {
        house.say(Said::Setting(Endpoint::relay(1), RelaySetting::Pulse(Pulse::from_millis(ms).unwrap())));
    }
    house.say(Said::Setting(Endpoint::relay(2), RelaySetting::Interlock(2)));
    house.say(Said::Fact(Fact::Mac(MAC.into())));
    house.say(Said::Fact(Fact::Chip(CHIP.into())));
    let relays = &house.view.devices[0].settings.relays;
    assert_eq!(relays[&Endpoint::relay(1)].pulse, Pulse::from_millis(1_200));
    assert_eq!(relays[&Endpoint::relay(2)].interlock, Some(2));
}

#[test]
fn a_wish_is_refused_as_quarantined_too() {
    let mut house = House::with_hardware(1);
    house.disconnect(2);
    house.comes(3, OTHER);
    let (cap, device) = (house.viewer().administer().unwrap(), house.view.devices[0].id);
    let wish = house.ask(|request| Input::Configure { cap, request, device, wish: Wish::Identify });
    assert_eq!(house.answer(wish), &Ok(Answer::Configured(Fulfilment::Refused(Reason::Quarantined))));
    assert!(house.config_orders.is_empty());
}

#[test]
fn the_right_board_ends_it_and_so_does_the_end_of_the_connection() {
    let mut house = House::with_hardware(1);
    house.disconnect(2);
    house.comes(3, OTHER);
    house.disconnect(3);
    assert_eq!(house.view.devices[0].quarantine, None);
    let tap = house.tap(1, true);
    assert_eq!(house.outcome(tap), (Outcome::Offline, Some(Reason::Offline)));
    house.comes(4, OTHER);
    assert_eq!(house.notice_of(NoticeKind::DeviceQuarantined).unwrap().times, 2);
    house.comes(5, (CHIP, MAC));
    assert_eq!((house.availability(), &house.view.devices[0].quarantine), (ONLINE, &None));
    let tap = house.tap(1, false);
    house.obeys(tap);
    assert_eq!(house.outcome(tap), (Outcome::Confirmed, None));
}

#[test]
fn the_owner_takes_the_board_that_was_shown_and_no_other() {
    let mut house = House::with_hardware(1);
    house.disconnect(2);
    let early = house.release((CHIP, MAC));
    assert!(matches!(house.answer(early), Err(Denied::Conflict(why)) if why.contains("not quarantined")));
    house.comes(3, OTHER);
    house.reports(1, false, Cause::Button, None);
    let third = house.release((OTHER.0, MAC));
    assert!(matches!(house.answer(third), Err(Denied::Conflict(why)) if why.contains("another board")));
    let release = house.release(OTHER);
    assert_eq!(house.availability(), QUARANTINED, "not before it is on disk");
    house.written_ok();
    let Ok(Answer::Device(device)) = house.answer(release) else { panic!() };
    assert_eq!((device.availability, &device.quarantine), (Availability::Online, &None));
    assert_eq!((house.availability(), house.switch(1).on), (ONLINE, Some(false)), "what it reported counts now");
    assert_eq!(house.record().map(|record| (record.chip, record.mac)), Some((OTHER.0.into(), OTHER.1.into())));
    let line = house.written.iter().find_map(|record| match record {
        Record::Entry(entry) if entry.kind == Kind::DeviceReleased => Some(entry.clone()),
        _ => None,
    });
    let line = line.unwrap();
    assert_eq!((&*line.actor.name, &*line.subject), ("Ana", "Lamp"));
    assert!(line.text.contains(OTHER.0) && line.text.contains(OTHER.1), "{}", line.text);
    let tap = house.tap(1, true);
    house.obeys(tap);
    assert_eq!(house.outcome(tap), (Outcome::Confirmed, None));
    // The one before is another board now.
    house.comes(4, (CHIP, MAC));
    assert_eq!(house.availability(), QUARANTINED);
}

#[test]
fn a_release_that_is_not_written_changes_nothing() {
    let mut house = House::with_hardware(1);
    house.disconnect(2);
    house.comes(3, OTHER);
    let release = house.release(OTHER);
    house.write_fails();
    assert_eq!(house.answer(release), &Err(Denied::Storage));
    assert_eq!(house.availability(), QUARANTINED);
}

#[test]
fn another_name_does_not_end_it_and_a_restart_comes_to_the_same() {
    let mut house = House::with_hardware(1);
    house.disconnect(2);
    house.comes(3, OTHER);
    let cap = house.viewer().administer().unwrap();
    let edit = Edit { name: Some(name("Lantern")), room: None };
    house.setting(Setting::UpdateDevice(cap, house.view.devices[0].id, edit));
    house.written_ok();
    assert_eq!(house.availability(), QUARANTINED);

    let mut house = House::with_relays(1);
    house.comes(2, (CHIP, MAC));
    house.written_ok();
    let mut again = House::load(2, house.written);
    assert_eq!(again.view.devices[0].facts.mac.as_deref(), Some(MAC), "as on record, until it tells");
    again.comes(3, OTHER);
    assert_eq!(again.availability(), QUARANTINED);
}

#[test]
fn firmware_that_is_another_is_told_once_and_recorded() {
    let mut house = House::with_hardware(1);
    house.disconnect(2);
    let facts = [Fact::Firmware("0.2.0".into()), Fact::Mac(MAC.into()), Fact::Chip(CHIP.into())];
    house.arrives(3, &facts);
    assert_eq!(house.availability(), ONLINE);
    house.written_ok();
    assert_eq!(house.record().map(|record| record.firmware), Some("0.2.0".into()));
    let notice = house.notice_of(NoticeKind::FirmwareChanged).unwrap();
    assert!(notice.message("Lamp").contains("firmware 0.2.0 instead of 0.1.0"));
    house.disconnect(3);
    house.arrives(4, &facts);
    assert_eq!((house.notice_of(NoticeKind::FirmwareChanged).unwrap().times, house.tickets.len()), (1, 0));
}

#[test]
fn what_a_board_said_is_not_recorded_for_the_next_one() {
    let mut house = House::with_relays(1);
    house.disconnect(1);
    // Something else is being written, so that what this one told has to wait.
    let cap = house.viewer().administer().unwrap();
    house.setting(Setting::CreateRoom(cap, name("Hall")));
    house.comes(2, OTHER);
    house.disconnect(2);
    house.log_in(3);
    house.written_ok();
    assert_eq!(house.record().map(|record| record.chip), None);
}
