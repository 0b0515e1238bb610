//! What Home Assistant is told: what is on disk, and again when it starts.

use super::*;
use crate::homeassistant::{Form, HomeAssistant, Prefix, ROUND_PAUSE};

fn console() -> Administer {
    Administer::console()
}

fn set(form: Option<Form>, prefix: Option<&str>) -> Setting {
    Setting::UpdateHomeAssistant(console(), form, prefix.map(|text| Prefix::new(text).unwrap()))
}

/// Of the one device: its name, its room, and the names of its switches.
type Shown<'a> = (&'a str, Option<&'a str>, Vec<&'a str>);

impl House {
    fn shown(&self) -> Shown<'_> {
        let [device] = &self.announced.devices.values().collect::<Vec<_>>()[..] else { panic!("not one device") };
        let switches = device.switches.iter().map(|switch| switch.name.as_str()).collect();
        (device.name.as_str(), device.room.as_ref().map(Name::as_str), switches)
    }

    fn done(&mut self, setting: Setting) -> Answer {
        let request = self.setting(setting);
        self.written_ok();
        self.answer(request).clone().unwrap()
    }

    fn hall(&mut self) -> RoomId {
        match self.done(Setting::CreateRoom(console(), name("Hall"))) {
            Answer::Room(room) => room.id,
            other => panic!("not a room: {other:?}"),
        }
    }

    fn update_device(&mut self, edit: Edit) {
        let device = self.view.devices[0].id;
        self.done(Setting::UpdateDevice(console(), device, edit));
    }
}

fn named(text: &str) -> Edit {
    Edit { name: Some(name(text)), room: None }
}

fn placed(room: RoomId) -> Edit {
    Edit { name: None, room: Some(Some(room)) }
}

#[test]
fn a_device_is_announced_once_its_claim_is_on_disk_and_as_it_is_called_now() {
    let mut house = House::unclaimed();
    house.claim("Ana", ANAS_TOKEN);
    house.written_ok();
    house.register(2);
    assert!(house.announced.devices.is_empty(), "not on disk");
    house.written_ok();
    assert_eq!(house.shown(), ("Lamp", None, vec!["Lamp 1", "Lamp 2"]));

    house.update_device(named("Kitchen"));
    let switch = house.switch_id(2);
    house.done(Setting::UpdateSwitch(console(), switch, named("Counter")));
    assert_eq!(house.shown(), ("Kitchen", None, vec!["Lamp 1", "Counter"]));

    house.connect(1);
    house.describe(&[1, 2, 3]);
    house.written_ok();
    assert_eq!(house.shown().2, ["Lamp 1", "Counter", "Kitchen 3"]);
}

#[test]
fn the_room_is_the_device_s_or_that_of_all_its_switches_under_its_present_name() {
    let mut house = House::with_relays(2);
    let hall = house.hall();
    let (first, second) = (house.switch_id(1), house.switch_id(2));
    house.done(Setting::UpdateSwitch(console(), first, placed(hall)));
    assert_eq!(house.shown().1, None, "the other is elsewhere");
    house.done(Setting::UpdateSwitch(console(), second, placed(hall)));
    assert_eq!(house.shown().1, Some("Hall"));
    house.done(Setting::RenameRoom(console(), hall, name("Stairs")));
    assert_eq!(house.shown().1, Some("Stairs"));
    house.update_device(placed(hall));
    house.done(Setting::UpdateSwitch(console(), first, Edit { name: None, room: Some(None) }));
    assert_eq!(house.shown().1, Some("Stairs"), "the device's own");
    house.done(Setting::DeleteRoom(console(), hall));
    assert_eq!(house.shown().1, None);
}

#[test]
fn taps_and_presence_announce_nothing_and_facts_do_when_they_are_news() {
    let mut house = House::with_relays(1);
    let before = house.announced.clone();
    let tap = house.tap(1, true);
    house.obeys(tap);
    house.disconnect(1);
    house.connect(2);
    assert!(Arc::ptr_eq(&before, &house.announced));
    for (version, news) in [("1.0", true), ("1.0", false), ("1.1", true)] {
        let before = house.announced.clone();
        house.say(Said::Fact(crate::device::Fact::Firmware(version.into())));
        assert_eq!(before != house.announced, news, "{version}");
        assert_eq!(house.announced.devices.values().next().unwrap().firmware.as_deref(), Some(version));
    }
}

#[test]
fn the_form_and_the_place_are_settings_like_any_other() {
    let mut house = House::with_relays(1);
    assert_eq!(*house.view.home_assistant, HomeAssistant::default());
    let request = house.setting(set(Some(Form::Component), None));
    house.write_fails();
    assert_eq!(*house.answer(request), Err(Denied::Storage));
    assert_eq!((house.view.home_assistant.form, house.announced.set.form), (Form::Device, Form::Device));

    for (setting, form, prefix) in [
        (set(Some(Form::Component), None), Form::Component, "homeassistant"),
        (set(None, Some("ha")), Form::Component, "ha"),
        (set(Some(Form::Off), Some("x/y")), Form::Off, "x/y"),
        (set(None, None), Form::Off, "x/y"),
    ] {
        let expected = Arc::new(HomeAssistant { form, prefix: Prefix::new(prefix).unwrap() });
        assert_eq!(house.done(setting), Answer::HomeAssistant(expected.clone()));
        assert_eq!((&house.view.home_assistant, &house.announced.set), (&expected, &*expected));
    }
    let written = house.written.len();
    house.done(set(Some(Form::Off), None));
    assert_eq!(house.written.len(), written, "nothing to write");
}

#[test]
fn a_start_announces_what_the_last_one_did() {
    let mut house = House::with_relays(2);
    let hall = house.hall();
    house.update_device(placed(hall));
    house.done(set(Some(Form::Component), Some("ha")));
    let next = House::load(2, house.written.clone());
    assert_eq!(next.announced, house.announced);
    assert_eq!(next.view.home_assistant, house.view.home_assistant);
}

#[test]
fn all_is_announced_again_when_home_assistant_starts_but_only_so_often() {
    let mut house = House::with_relays(1);
    assert_eq!(house.announced.round, 0);
    house.handle(Input::HomeAssistantStarted);
    assert_eq!((house.announced.round, house.home.next_deadline()), (1, None), "at once");

    for _ in 0..100 {
        house.wait_ms(1).handle(Input::HomeAssistantStarted);
    }
    assert_eq!(house.announced.round, 1);
    let due = house.home.next_deadline().expect("none is forgotten");
    assert_eq!(due.since(house.now.mono), ROUND_PAUSE - Duration::from_millis(100));
    house.wait_ms(9_899).tick();
    assert_eq!(house.announced.round, 1);
    house.wait_ms(1).tick();
    assert_eq!((house.announced.round, house.home.next_deadline()), (2, None), "once for all of them");

    let tap = house.tap(1, true);
    house.wait_ms(1).handle(Input::HomeAssistantStarted);
    let (command, round) = (Duration::from_millis(4_999), ROUND_PAUSE - Duration::from_millis(1));
    assert_eq!(house.home.next_deadline().unwrap().since(house.now.mono), command.min(round), "the earlier one");
    house.obeys(tap);
    assert_eq!(house.home.next_deadline().unwrap().since(house.now.mono), round);
}
