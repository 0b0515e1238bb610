//! Settings: durable before they are shown and answered.

use super::*;

fn console() -> Administer {
    Administer::console()
}

impl House {
    fn room(&mut self, called: &str) -> RoomId {
        let request = self.setting(Setting::CreateRoom(console(), name(called)));
        self.written_ok();
        match self.answer(request) {
            Ok(Answer::Room(room)) => room.id,
            other => panic!("not a room: {other:?}"),
        }
    }
}

#[test]
fn nothing_is_shown_or_answered_before_it_is_on_disk() {
    let mut house = House::with_relays(1);
    let (room, kitchen) = (house.room("Hall"), name("Kitchen"));
    let (device, switch) = (house.view.devices[0].id, house.switch_id(1));
    let edit = Edit { name: Some(kitchen.clone()), room: Some(Some(room)) };
    let settings = [
        Setting::CreateRoom(console(), kitchen.clone()),
        Setting::RenameRoom(console(), room, name("Attic")),
        Setting::UpdateDevice(console(), device, edit.clone()),
        Setting::UpdateSwitch(console(), switch, edit),
        Setting::CloseSession(house.viewer().session().unwrap()),
        Setting::DeleteRoom(console(), room),
    ];
    for setting in settings {
        let before = house.view.clone();
        let request = house.setting(setting.clone());
        assert_eq!((house.is_answered(request), &house.view), (false, &before), "{setting:?}");
        house.write_fails();
        assert_eq!(*house.answer(request), Err(Denied::Storage), "{setting:?}");
        assert_eq!(house.view, before, "{setting:?}");
        let request = house.setting(setting.clone());
        house.written_ok();
        assert!(house.answer(request).is_ok(), "{setting:?}");
        assert_ne!(house.view, before, "{setting:?}");
    }
}

#[test]
fn changes_take_turns() {
    let mut house = House::with_relays(1);
    let first = house.setting(Setting::CreateRoom(console(), name("Hall")));
    let second = house.setting(Setting::CreateRoom(console(), name("hall")));
    assert_eq!(house.tickets.len(), 1, "one at a time");
    house.written_ok();
    assert!(matches!(house.answer(first), Ok(Answer::Room(_))));
    assert!(matches!(house.answer(second), Err(Denied::Conflict(_))), "the second was planned when the first was true");
}

#[test]
fn a_failed_change_makes_room_for_the_next() {
    let mut house = House::with_relays(1);
    house.setting(Setting::CreateRoom(console(), name("Hall")));
    let second = house.setting(Setting::CreateRoom(console(), name("hall")));
    house.write_fails();
    house.written_ok();
    assert!(matches!(house.answer(second), Ok(Answer::Room(_))), "the first never was");
}

#[test]
fn word_of_another_ticket_means_nothing() {
    let mut house = House::with_relays(1);
    let request = house.setting(Setting::CreateRoom(console(), name("Hall")));
    for ticket in [Ticket(0), Ticket(house.tickets[0].0 + 1), Ticket(u64::MAX)] {
        assert_eq!(house.handle(Input::Written { ticket, ok: true }), []);
    }
    let ticket = house.tickets[0];
    house.written_ok();
    assert!(house.is_answered(request));
    assert_eq!(house.handle(Input::Written { ticket, ok: false }), [], "it is done");
}

#[test]
fn a_deleted_room_is_empty() {
    let mut house = House::with_relays(2);
    let (hall, attic) = (house.room("Hall"), house.room("Attic"));
    let (device, switch) = (house.view.devices[0].id, house.switch_id(2));
    house.setting(Setting::UpdateDevice(console(), device, Edit { room: Some(Some(hall)), ..Edit::default() }));
    house.setting(Setting::UpdateSwitch(console(), switch, Edit { room: Some(Some(attic)), ..Edit::default() }));
    house.written_ok();
    assert_eq!((house.switch(1).room, house.switch(2).room), (Some(hall), Some(attic)));
    house.setting(Setting::DeleteRoom(console(), attic));
    house.written_ok();
    assert_eq!((house.switch(1).room, house.switch(2).room), (Some(hall), Some(hall)));
    house.setting(Setting::DeleteRoom(console(), hall));
    house.written_ok();
    assert_eq!((house.switch(1).room, house.view.devices[0].room, house.view.rooms.len()), (None, None, 0));
}

#[test]
fn what_is_not_there_is_not_found_and_a_room_that_is_not_there_is_bad_input() {
    let mut house = House::with_relays(1);
    let (room, device, switch) = (RoomId::from_raw(1), DeviceId::from_raw(1), SwitchId::from_raw(1));
    let settings = [
        (Setting::RenameRoom(console(), room, name("Hall")), "room"),
        (Setting::DeleteRoom(console(), room), "room"),
        (Setting::UpdateDevice(console(), device, Edit::default()), "device"),
        (Setting::UpdateSwitch(console(), switch, Edit::default()), "switch"),
    ];
    for (setting, what) in settings {
        let request = house.setting(setting);
        assert_eq!(*house.answer(request), Err(Denied::NotFound(what)));
    }
    let edit = Edit { room: Some(Some(room)), ..Edit::default() };
    let request = house.setting(Setting::UpdateSwitch(console(), house.switch_id(1), edit));
    assert!(matches!(house.answer(request), Err(Denied::BadInput { field: "roomId", .. })));
}

#[test]
fn a_rename_keeps_names_apart_but_may_change_its_own_case() {
    let mut house = House::with_relays(1);
    let (hall, _) = (house.room("Hall"), house.room("Attic"));
    let taken = house.setting(Setting::RenameRoom(console(), hall, name("ATTIC")));
    assert!(matches!(house.answer(taken), Err(Denied::Conflict(_))));
    let own = house.setting(Setting::RenameRoom(console(), hall, name("HALL")));
    house.written_ok();
    assert!(matches!(house.answer(own), Ok(Answer::Room(room)) if room.name == name("HALL")));
}

#[test]
fn registering_the_same_board_again_changes_nothing() {
    let mut house = House::with_relays(2);
    let (before, written) = (house.view.clone(), house.written.len());
    let again = house.register(4);
    assert!(matches!(house.answer(again), Ok(Answer::Device(device)) if device.board == lamp()));
    assert_eq!((&house.view, house.written.len()), (&before, written));
}

#[test]
fn a_board_registered_with_another_secret_is_a_conflict() {
    let mut house = House::with_relays(1);
    let credentials = house.home.credentials();
    let registration = Registration { board: lamp(), secret: SecretHash([4; 32]), name: None, room: None, relays: 1 };
    let request = house.setting(Setting::RegisterBoard(console(), registration));
    assert!(matches!(house.answer(request), Err(Denied::Conflict(_))));
    assert_eq!(house.home.credentials(), credentials);
}

#[test]
fn a_registration_makes_its_room_once_and_tells_the_edge() {
    let mut house = House::unclaimed();
    for (number, room) in [(1_u8, "Hall"), (2, "hall")] {
        let board = BoardId::new(&format!("board-{number}")).unwrap();
        let (secret, room) = (SecretHash([number; 32]), Some(name(room)));
        let request = house.setting(Setting::RegisterBoard(
            console(),
            Registration { board: board.clone(), secret, name: None, room, relays: 1 },
        ));
        assert!(!house.home.credentials().boards.contains_key(&board), "not before it is on disk");
        let ticket = house.tickets.remove(0);
        let effects = house.handle(Input::Written { ticket, ok: true });
        assert!(effects.contains(&Effect::CredentialsChanged));
        assert_eq!(house.home.credentials().boards[&board].secret, secret);
        assert!(matches!(house.answer(request), Ok(Answer::Device(device)) if device.name.as_str() == board.as_str()));
    }
    assert_eq!(house.view.rooms.len(), 1);
}

#[test]
fn one_relay_has_the_devices_name_and_several_are_numbered() {
    assert_eq!(House::with_relays(1).switch(1).name, name("Lamp"));
    let house = House::with_relays(2);
    assert_eq!((&house.switch(1).name, &house.switch(2).name), (&name("Lamp 1"), &name("Lamp 2")));
}
