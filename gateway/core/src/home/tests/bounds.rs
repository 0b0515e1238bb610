//! Nothing grows without end.

use super::*;
use crate::device::MAX_RELAYS;

#[test]
fn so_many_may_wait_for_one_command() {
    let mut house = House::with_relays(1);
    let taps: Vec<_> = (0..17).map(|_| house.tap_with(1, true, 5_000, Some("a"))).collect();
    assert_eq!(*house.answer(taps[16].request), Err(Denied::Busy));
    house.obeys(taps[0]);
    assert!(taps[..16].iter().all(|&tap| house.outcome(tap).0 == Outcome::Confirmed));
}

#[test]
fn a_request_id_has_a_length() {
    let mut house = House::with_relays(1);
    for bad in ["", &"x".repeat(129)] {
        let tap = house.tap_with(1, true, 5_000, Some(bad));
        assert!(matches!(house.answer(tap.request), Err(Denied::BadInput { field: "requestId", .. })));
    }
    assert!(house.tap_with(1, true, 5_000, Some(&"x".repeat(128))).order.is_some());
}

#[test]
fn the_last_eight_orders_of_a_switch_are_remembered() {
    let mut house = House::with_relays(1);
    let taps: Vec<_> = (0..9).map(|_| house.tap(1, true)).collect();
    house.reports(1, false, Cause::Button, None);
    house.obeys(taps[1]);
    assert_eq!(house.switch(1).last_change.as_ref().unwrap().actor.name.as_ref(), "Ana");
    house.reports(1, false, Cause::Button, None);
    house.obeys(taps[0]);
    assert_eq!(house.switch(1).last_change.as_ref().unwrap().actor.name.as_ref(), "unknown");
}

#[test]
fn settled_commands_are_remembered_up_to_a_number() {
    let mut house = House::with_relays(1);
    house.disconnect(1);
    let taps: Vec<_> = (0..4_097).map(|_| house.tap(1, true)).collect();
    let known = |tap| house.home.command(house.command(tap).id).is_some();
    assert!(!known(taps[0]) && known(taps[1]) && known(taps[4_096]));
}

#[test]
fn request_ids_are_remembered_up_to_a_number() {
    let mut house = House::with_relays(1);
    house.disconnect(1);
    let mut tap = |number: usize| {
        let tap = house.tap_with(1, true, 5_000, Some(&number.to_string()));
        house.command(tap).id
    };
    let ids: Vec<_> = (0..4_097).map(&mut tap).collect();
    assert_eq!(tap(1), ids[1], "the oldest was forgotten, not this one");
    assert_ne!(tap(0), ids[0]);
}

#[test]
fn so_many_changes_of_settings_may_wait() {
    let mut house = House::with_relays(1);
    let room = |house: &mut House, number: usize| {
        house.setting(Setting::CreateRoom(Administer::console(), name(&format!("Room {number}"))))
    };
    let waiting: Vec<_> = (0..=1_024).map(|number| room(&mut house, number)).collect();
    let turned_away = room(&mut house, 1_025);
    assert_eq!(*house.answer(turned_away), Err(Denied::Busy));
    house.written_ok();
    assert!(waiting.iter().all(|&request| house.is_answered(request)));
    assert_eq!(house.view.rooms.len(), MAX_ROOMS, "and rooms have a number of their own");
    assert!(matches!(house.answer(waiting[1_024]), Err(Denied::Conflict(_))));
}

#[test]
fn a_home_has_so_many_devices_and_a_device_so_many_relays() {
    let mut house = House::unclaimed();
    let mut register = |number: usize, relays: usize| {
        let board = BoardId::new(&format!("board-{number}")).unwrap();
        let registration = Registration { board, secret: SecretHash([0; 32]), name: None, room: None, relays };
        let request = house.setting(Setting::RegisterBoard(Administer::console(), registration));
        house.written_ok();
        house.answer(request).clone()
    };
    for relays in [0, MAX_RELAYS + 1, usize::MAX] {
        assert!(matches!(register(0, relays), Err(Denied::BadInput { field: "relays", .. })));
    }
    assert!((0..MAX_DEVICES).all(|number| register(number, 1).is_ok()));
    assert!(matches!(register(MAX_DEVICES, 1), Err(Denied::Conflict(_))));
    assert!(register(0, 1).is_ok(), "one that is there stays as it is");
}

#[test]
fn a_board_that_describes_ever_new_relays_gets_no_more_than_a_device_may_have() {
    let mut house = House::with_relays(1);
    house.describe(&(1..=20).collect::<Vec<_>>());
    house.written_ok();
    house.describe(&(21..=60).collect::<Vec<_>>());
    house.written_ok();
    assert_eq!(house.view.switches.len(), MAX_RELAYS);
    house.describe(&[61]);
    assert!(house.tickets.is_empty());
}

#[test]
fn a_relay_described_twice_is_one_switch() {
    let mut house = House::with_relays(1);
    house.describe(&[2, 1, 2, 2]);
    house.written_ok();
    assert_eq!(house.view.switches.len(), 2);
}

#[test]
fn a_board_that_describes_itself_over_and_over_crowds_out_nobody() {
    let mut house = House::with_relays(1);
    for _ in 0..5_000 {
        house.describe(&[1, 2]);
    }
    let room = house.setting(Setting::CreateRoom(Administer::console(), name("Hall")));
    house.written_ok();
    assert!(house.answer(room).is_ok());
    assert_eq!(house.view.switches.len(), 2);
}

#[test]
fn reports_of_relays_nobody_described_are_kept_up_to_a_number() {
    let mut house = House::with_relays(1);
    for relay in 2..1_000 {
        house.reports(relay, true, Cause::Button, None);
    }
    assert_eq!(house.home.dropped().too_many_endpoints, 998 - MAX_RELAYS as u64);
    assert_eq!(house.view.switches.len(), 1);
}
