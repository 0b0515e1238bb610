//! A device goes: its board, its switches, and what was given of them.

use super::*;
use crate::access::{Giver, Grant, GuestLink, Level, Target, Terms};
use crate::audit::Kind;
use crate::ids::{DeviceId, GrantId, GuestLinkId, MemberId};

impl House {
    fn device(&self) -> DeviceId {
        self.view.devices[0].id
    }

    fn delete_device(&mut self, id: DeviceId) -> Request {
        self.setting(Setting::DeleteDevice(Administer::console(), id))
    }

    /// A grant of this, as if somebody had given it.
    fn given(&mut self, id: u64, target: Target) {
        let terms = Terms { target, level: Level::Operate, until: None, hours: None };
        let by = Giver { actor: self.viewer().actor(), rests_on: None };
        let (to, created_at) = (MemberId::from_raw(9_000), None);
        let grant = Grant { id: GrantId::from_raw(id), to, terms, by: by.clone(), created_at };
        let token = TokenHash([id as u8; 32]);
        let link = GuestLink { id: GuestLinkId::from_raw(id), name: name("Cat"), token, terms, by, created_at };
        let mut out = Vec::new();
        self.home.apply_record(Record::Grant(Arc::new(grant)), &mut out);
        self.home.apply_record(Record::GuestLink(Arc::new(link)), &mut out);
        self.home.refresh_access(&self.now, &mut out);
        self.collect(out);
    }

    fn loaded_again(&self) -> View {
        // In the order of their ids, as the store has them: a later one for the same key replaces the earlier.
        Home::load(2, self.written.clone(), self.now).0.view()
    }
}

#[test]
fn a_device_takes_its_switches_its_credential_and_its_shares_along() {
    let mut house = House::with_relays(2);
    let (device, switches) = (house.device(), [house.switch_id(1), house.switch_id(2)]);
    for (id, target) in [
        (1, Target::Home),
        (2, Target::Device(device)),
        (3, Target::Switch(switches[0])),
        (4, Target::Switch(switches[1])),
    ] {
        house.given(id, target);
    }
    let request = house.delete_device(device);
    assert!(!house.is_answered(request) && house.view.devices.len() == 1, "not before it is on disk");
    assert_eq!(house.home.credentials().boards.len(), 1);
    let ticket = house.tickets.remove(0);
    let effects = house.handle(Input::Written { ticket, ok: true });
    assert_eq!(*house.answer(request), Ok(Answer::Done));
    for wanted in [
        Effect::CredentialsChanged,
        Effect::AnnouncedChanged,
        Effect::Changed(Change::DeviceRemoved(device)),
        Effect::Changed(Change::SwitchRemoved(switches[0])),
        Effect::Changed(Change::SwitchRemoved(switches[1])),
    ] {
        assert!(effects.contains(&wanted), "{wanted:?}");
    }
    assert!(house.view.devices.is_empty() && house.view.switches.is_empty());
    assert!(house.home.credentials().boards.is_empty() && house.announced.devices.is_empty());
    let left: Vec<_> = house.view.access.grants().map(|grant| grant.terms.target).collect();
    let links: Vec<_> = house.view.access.guest_links().map(|link| link.terms.target).collect();
    assert_eq!((left, links), (vec![Target::Home], vec![Target::Home]), "what was given of it has ended");

    let twice = house.delete_device(device);
    assert_eq!(*house.answer(twice), Err(Denied::NotFound("device")));
    let again = house.loaded_again();
    assert_eq!((again.devices.len(), again.switches.len()), (0, 0), "and so it is on disk");
}

#[test]
fn what_is_under_way_settles_when_its_switch_goes() {
    let mut house = House::with_relays(2);
    let taps = [house.tap(1, true), house.tap(2, true)];
    let device = house.device();
    house.delete_device(device);
    assert!(taps.iter().all(|tap| !house.is_answered(tap.request)), "the board may still obey");
    house.obeys(taps[0]);
    assert_eq!(house.outcome(taps[0]).0, Outcome::Confirmed);
    house.written_ok();
    assert_eq!(house.outcome(taps[1]), (Outcome::TimedOut, Some(Reason::NoReport)));
    assert_eq!(house.home.next_deadline(), None);
    let commands = house.written.iter().filter(|record| matches!(record, Record::Command(_))).count();
    assert_eq!(commands, 4, "both are on record, asked and settled");
}

#[test]
fn a_deletion_that_cannot_be_written_leaves_all_as_it_was() {
    let mut house = House::with_relays(1);
    let tap = house.tap(1, true);
    let device = house.device();
    let request = house.delete_device(device);
    house.write_fails();
    assert_eq!(*house.answer(request), Err(Denied::Storage));
    house.obeys(tap);
    assert_eq!(house.outcome(tap).0, Outcome::Confirmed);
    assert_eq!((house.view.devices.len(), house.home.credentials().boards.len()), (1, 1));
}

#[test]
fn what_its_board_still_says_changes_nothing_and_it_can_be_claimed_anew() {
    let mut house = House::with_relays(1);
    let (before, link) = (house.device(), house.link);
    house.delete_device(before);
    // It describes more relays while the deletion is on its way to the disk.
    house.describe(&[1, 2]);
    house.reports(1, false, Cause::Button, None);
    house.written_ok();
    let last = |wanted: fn(&Record) -> bool| house.written.iter().rposition(wanted);
    assert!(
        last(|record| matches!(record, Record::SwitchDeleted(_)))
            > last(|record| matches!(record, Record::Reported(..))),
        "nothing of it is left on disk"
    );
    house.reports(1, true, Cause::Button, None);
    house.describe(&[1, 2, 3]);
    house.disconnect(1);
    assert!(house.view.devices.is_empty() && house.view.switches.is_empty());

    house.register(1);
    house.written_ok();
    let (device, switch) = (house.device(), house.switch_id(1));
    assert_ne!(device, before);
    house.say_by(link, Said::State(BoardState::Ready));
    assert_eq!(house.switch(1).availability, crate::view::Availability::Offline, "that was its old connection");
    house.connect(2);
    let tap = house.tap(1, true);
    house.obeys(tap);
    assert_eq!((house.outcome(tap).0, house.switch_id(1)), (Outcome::Confirmed, switch));
}

#[test]
fn the_record_says_who_deleted_what() {
    let mut house = House::with_relays(1);
    let cap = house.viewer().administer().unwrap();
    let device = house.device();
    house.setting(Setting::DeleteDevice(cap, device));
    house.written_ok();
    let entries = house.written.iter().filter_map(|record| match record {
        Record::Entry(entry) if entry.kind == Kind::DeviceDeleted => Some(entry),
        _ => None,
    });
    let [entry] = &entries.collect::<Vec<_>>()[..] else { panic!("one line") };
    assert_eq!((&*entry.actor.name, &*entry.subject, &*entry.text), ("Ana", "Lamp", "board lamp"));
}

#[test]
fn an_owner_ends_anybody_s_session_and_the_record_says_whose() {
    let mut house = House::with_relays(1);
    let session = house.viewer().session().unwrap();
    let unknown = crate::ids::SessionId::from_raw(77);
    let request = house.setting(Setting::EndSession(Administer::console(), unknown));
    assert_eq!(*house.answer(request), Err(Denied::NotFound("session")));
    let request = house.setting(Setting::EndSession(Administer::console(), session));
    assert!(house.view.access.is_open(session), "not on disk");
    house.written_ok();
    assert_eq!(*house.answer(request), Ok(Answer::Done));
    assert!(house.view.access.viewer(&ANAS_TOKEN).is_none());
    let line = house.written.iter().rev().find_map(|record| match record {
        Record::Entry(entry) => Some(entry),
        _ => None,
    });
    let line = line.unwrap();
    assert_eq!((line.kind, &*line.actor.name, &*line.subject), (Kind::SessionsEnded, "console", "Ana"));
}
