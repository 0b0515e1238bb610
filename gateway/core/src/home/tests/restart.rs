//! The gateway ends and starts again: what is on disk is true, what was open is unknown.

use super::*;
use crate::command::ActorKind;

/// What a store would hand back: of each command the last record, if it is open.
fn on_disk(house: &House) -> Vec<Record> {
    let (commands, mut others): (Vec<_>, Vec<_>) =
        house.written.iter().cloned().partition(|record| matches!(record, Record::Command(_)));
    let settled = |id| {
        commands.iter().any(|record| matches!(record, Record::Command(c) if c.id == id && c.outcome != Outcome::Open))
    };
    let open = commands.iter().filter(|record| matches!(record, Record::Command(c) if !settled(c.id)));
    others.extend(open.cloned());
    others
}

#[test]
fn a_command_open_at_the_crash_is_unknown_and_a_later_report_is_credited_to_who_asked() {
    let mut house = House::with_relays(1);
    house.reports(1, false, Cause::Boot, None);
    let tap = house.tap(1, true);
    let mut house = House::load(2, on_disk(&house));
    let Some(Record::Command(settled)) = house.written.first().cloned() else { panic!("settled at load, on record") };
    assert_eq!((settled.outcome, settled.reason), (Outcome::TimedOut, Some(Reason::NoReport)));
    assert_eq!((settled.order, settled.latency), (tap.order, None));
    assert_eq!(house.home.command(settled.id), Some(settled.clone()));
    assert_eq!((house.switch(1).on, house.switch(1).desired), (Some(false), Some(false)));
    house.connect(1);
    house.obeys(tap);
    let change = house.switch(1).last_change.clone().unwrap();
    assert_eq!((change.actor.name.as_ref(), change.command.as_ref()), ("Ana", Some(&settled)));
}

#[test]
fn a_command_the_crash_erased_is_credited_to_nobody_known() {
    let mut house = House::with_relays(1);
    let before = on_disk(&house);
    let tap = house.tap(1, true);
    let mut house = House::load(2, before);
    house.connect(1);
    house.obeys(tap);
    assert_eq!(house.switch(1).last_change.as_ref().unwrap().actor.kind, ActorKind::Unknown);
}

#[test]
fn a_settled_command_is_remembered_as_it_is() {
    let mut house = House::with_relays(1);
    let tap = house.tap(1, true);
    house.wait_ms(5_000).tick();
    let command = Arc::new(house.command(tap).clone());
    let mut records = on_disk(&house);
    records.push(Record::Command(command.clone()));
    let mut house = House::load(2, records);
    assert_eq!(house.written, [], "it is not settled again");
    assert_eq!(house.home.command(command.id), Some(command.clone()));
    assert_eq!(house.switch(1).last_command, Some(command));
    house.connect(1);
    house.obeys(tap);
    assert_eq!(house.switch(1).last_change.as_ref().unwrap().actor.name.as_ref(), "Ana");
}

#[test]
fn records_make_the_same_home_in_whatever_order_their_kinds_come() {
    let mut house = House::with_relays(2);
    house.setting(Setting::CreateRoom(Administer::console(), name("Hall")));
    house.written_ok();
    let room = house.view.rooms[0].id;
    let device = house.view.devices[0].id;
    let edit = Edit { room: Some(Some(room)), ..Edit::default() };
    house.setting(Setting::UpdateDevice(Administer::console(), device, edit));
    house.written_ok();
    house.reports(1, true, Cause::Button, None);
    let mut records = on_disk(&house);
    // One record a key, as a store has it.
    records.retain(|record| !matches!(record, Record::Device(device) if device.room.is_none()));
    let forth = House::load(2, records.clone());
    records.reverse();
    let back = House::load(2, records);
    assert_eq!(forth.view, back.view);
    assert_eq!((forth.view.switches.len(), forth.switch(1).on, forth.switch(2).room), (2, Some(true), Some(room)));
    assert_eq!(forth.home.credentials(), house.home.credentials());
}

#[test]
fn no_id_is_given_twice_over_restarts() {
    let mut house = House::with_relays(1);
    let first = house.tap(1, true);
    house.obeys(first);
    let first = house.command(first).id;
    let mut house = House::load(2, on_disk(&house));
    house.connect(1);
    let second = house.tap(1, true);
    house.obeys(second);
    assert!(house.command(second).id > first);
}

#[test]
fn people_stay_signed_in_and_the_claim_is_over() {
    let mut house = House::load(2, on_disk(&House::with_relays(1)));
    assert_eq!(house.viewer().name(), &name("Ana"));
    assert!(house.home.is_claimed());
    house.handle(Input::NewClaimCode(ClaimCode::new([1; 12], house.now.mono)));
    assert_eq!(house.home.claim_code(house.now.mono), None);
}
