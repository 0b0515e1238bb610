//! What is kept is what comes back.

use crate::records::{
    command, device, grant, guest_link, home, home_assistant, identity, integration, invitation, member, name, notice,
    reported, room, session, switch, token, wrong_tries,
};
use crate::support::{Running, patient};
use crate::support::{found, keep};
use gatehouse_core::access::Tried;
use gatehouse_core::backup::BackupKey;
use gatehouse_core::command::Outcome;
use gatehouse_core::homeassistant::Form;
use gatehouse_core::ids::{
    CommandId, DeviceId, GrantId, GuestLinkId, IdentityId, IntegrationId, InvitationId, MemberId, NoticeId, RoomId,
    SessionId, SwitchId,
};
use gatehouse_core::record::Record;
use gatehouse_store::{Memory, Settings};
use std::sync::Arc;

pub(crate) fn everything() -> Vec<Record> {
    let confirmed = command(8, Outcome::Confirmed);
    let [name_tries, address_tries] = wrong_tries(1, 300);
    vec![
        home(),
        member(2),
        session(3),
        session(4),
        grant(40),
        grant(41),
        token(60),
        token(61),
        identity(62),
        identity(63),
        guest_link(50),
        guest_link(51),
        room(5, "Küche"),
        device(6),
        switch(7, None),
        switch(17, Some(5)),
        integration(20, &[]),
        integration(21, &["garden/#", "+/a"]),
        invitation(24, 1),
        invitation(27, 2),
        notice(30, 1),
        notice(31, 300),
        home_assistant(Form::Component),
        Record::BackupKey(BackupKey::new(&format!("age1{}", "q".repeat(58))).unwrap()),
        // In the order of their bytes.
        Record::WrongTries(Tried::Member(MemberId::from_raw(2)), 5),
        name_tries,
        address_tries,
        reported(7, true, Some(confirmed)),
        reported(17, false, None),
        Record::Command(command(9, Outcome::Open)),
    ]
}

#[test]
fn every_kind_of_record_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    keep(dir.path(), everything());
    let last = Record::Command(command(8, Outcome::Confirmed));
    let kept: Vec<_> = everything().into_iter().chain([last]).collect();
    assert_eq!(found(dir.path()), kept);
    assert_eq!(found(dir.path()), kept, "also at the start after");
}

#[test]
fn every_outcome_of_a_command_can_be_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let outcomes = [Outcome::Confirmed, Outcome::Refused, Outcome::TimedOut, Outcome::Superseded, Outcome::Offline];
    let all: Vec<_> = (100..).zip(outcomes).map(|(id, outcome)| command(id, outcome)).collect();
    keep(dir.path(), all.iter().cloned().map(Record::Command).collect());

    let opened = gatehouse_store::open(dir.path()).unwrap();
    let kept = [(102, Outcome::TimedOut), (104, Outcome::Offline)];
    let kept = kept.map(|(id, outcome)| Record::Command(command(id, outcome)));
    assert_eq!(opened.records, kept, "one that may be obeyed yet, and the last one of the switch");
    let reader = opened.store.reader();
    for command in all {
        assert_eq!(reader.command(command.id).unwrap().as_ref(), Some(&*command));
    }
    assert_eq!(reader.command(CommandId::from_raw(99)).unwrap(), None);
}

#[test]
fn the_later_record_replaces_the_earlier() {
    let dir = tempfile::tempdir().unwrap();
    keep(dir.path(), vec![room(5, "Kitchen"), room(6, "Hall"), room(6, "Attic")]);
    keep(dir.path(), vec![home_assistant(Form::Off), home_assistant(Form::Device)]);
    keep(dir.path(), vec![room(5, "Dining room"), home_assistant(Form::Component)]);
    assert_eq!(found(dir.path()), [room(5, "Dining room"), room(6, "Attic"), home_assistant(Form::Component)]);
}

#[test]
fn what_is_deleted_stays_away() {
    let dir = tempfile::tempdir().unwrap();
    keep(dir.path(), vec![session(3), session(4), room(5, "Kitchen"), room(6, "Hall")]);
    keep(dir.path(), vec![notice(9, 1), notice(10, 1), notice(10, 2)]);
    keep(dir.path(), vec![integration(7, &["a"]), integration(8, &["a"]), integration(8, &["b"])]);
    let said = |id| reported(id, true, None);
    keep(dir.path(), vec![device(60), device(61), switch(62, None), switch(63, None), said(62), said(63)]);
    keep(dir.path(), vec![member(2), member(12), grant(40), grant(41), guest_link(50), guest_link(51)]);
    keep(dir.path(), vec![identity(62), identity(63)]);
    keep(dir.path(), vec![invitation(11, 1), invitation(12, 2), invitation(12, 1)]);
    let [gone_tries, left_tries] = wrong_tries(1, 6);
    keep(dir.path(), wrong_tries(1, 5).into_iter().chain([gone_tries.clone(), left_tries.clone()]).collect());
    let Record::WrongTries(gone_tries, _) = gone_tries else { unreachable!() };
    let gone = vec![
        Record::MemberDeleted(MemberId::from_raw(12)),
        Record::GrantDeleted(GrantId::from_raw(40)),
        Record::GuestLinkDeleted(GuestLinkId::from_raw(51)),
        Record::IdentityUnlinked(IdentityId::from_raw(62)),
        Record::SessionEnded(SessionId::from_raw(3)),
        Record::RoomDeleted(RoomId::from_raw(5)),
        Record::RoomDeleted(RoomId::from_raw(999)),
        Record::IntegrationDeleted(IntegrationId::from_raw(7)),
        Record::InvitationDeleted(InvitationId::from_raw(11)),
        Record::NoticeDeleted(NoticeId::from_raw(9)),
        Record::WrongTriesForgotten(gone_tries),
        Record::SwitchDeleted(SwitchId::from_raw(62)),
        Record::DeviceDeleted(DeviceId::from_raw(60)),
        // Its board spoke while it was being deleted.
        said(62),
        Record::SwitchDeleted(SwitchId::from_raw(62)),
    ];
    keep(dir.path(), gone);
    let left = [
        member(2),
        session(4),
        grant(41),
        identity(63),
        guest_link(50),
        room(6, "Hall"),
        device(61),
        switch(63, None),
        integration(8, &["b"]),
        invitation(12, 1),
        notice(10, 2),
        left_tries,
        said(63),
    ];
    assert_eq!(found(dir.path()), left);
}

#[test]
fn a_command_is_handed_to_the_next_start_while_its_board_may_still_answer() {
    let dir = tempfile::tempdir().unwrap();
    for outcome in [Outcome::Open, Outcome::TimedOut] {
        let waiting = Record::Command(command(8, outcome));
        keep(dir.path(), vec![waiting.clone()]);
        assert_eq!(found(dir.path()), [waiting], "{outcome:?}");
    }
    let newer = (1_000..1_256).map(|id| Record::Command(command(id, Outcome::Confirmed)));
    keep(dir.path(), newer.collect());
    let last = Record::Command(command(1_255, Outcome::Confirmed));
    assert_eq!(found(dir.path()), [last], "the first one was long ago");
    keep(
        dir.path(),
        vec![Record::Command(command(1_255, Outcome::TimedOut)), Record::Command(command(1_254, Outcome::TimedOut))],
    );
    let both = [1_254, 1_255].map(|id| Record::Command(command(id, Outcome::TimedOut)));
    assert_eq!(found(dir.path()), both, "in the order they were asked");
}

#[test]
fn a_change_names_its_command_as_it_is_now() {
    let dir = tempfile::tempdir().unwrap();
    let (open, settled) = (command(8, Outcome::Open), command(8, Outcome::Confirmed));
    keep(dir.path(), vec![reported(7, true, Some(open.clone()))]);
    assert_eq!(found(dir.path()), [reported(7, true, Some(open.clone())), Record::Command(open.clone())]);

    // The report may well be written again with the command as it was when the relay moved.
    keep(dir.path(), vec![Record::Command(settled.clone()), reported(7, true, Some(open))]);
    assert_eq!(found(dir.path()), [reported(7, true, Some(settled.clone())), Record::Command(settled)]);
}

#[test]
fn a_command_that_is_met_twice_is_one_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let open = command(8, Outcome::Open);
    keep(dir.path(), vec![reported(7, true, Some(open.clone())), reported(9, true, Some(open))]);
    let mut met = Vec::new();
    for record in found(dir.path()) {
        match record {
            Record::Reported(_, reported) => met.push(reported.change.unwrap().command.clone().unwrap()),
            Record::Command(command) => met.push(command),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(met.len(), 3);
    assert!(met.iter().all(|command| Arc::ptr_eq(command, &met[0])));
}

#[test]
fn only_the_newest_commands_are_kept() {
    let memory = Memory::default();
    let settings = Settings { commands: 10, ..patient() };
    let running = Running::new(memory.open(settings));
    running.write(vec![reported(7, true, Some(command(1, Outcome::Confirmed)))]).unwrap();
    running.write(vec![Record::Command(command(2, Outcome::Open))]).unwrap();
    assert!(running.reader.command(CommandId::from_raw(1)).unwrap().is_some());
    for id in 3..=25 {
        running.write(vec![Record::Command(command(id, Outcome::Confirmed))]).unwrap();
    }
    for id in 1..=25 {
        let there = running.reader.command(CommandId::from_raw(id)).unwrap().is_some();
        assert_eq!(there, id > 15, "{id}");
    }
    // Settling what is gone brings it back for no longer than a commit.
    running.write(vec![Record::Command(command(2, Outcome::TimedOut))]).unwrap();
    assert_eq!(running.reader.command(CommandId::from_raw(2)).unwrap(), None);
    running.stop().unwrap();

    let mut without_command = reported(7, true, Some(command(1, Outcome::Confirmed)));
    let Record::Reported(_, reported) = &mut without_command else { unreachable!() };
    Arc::make_mut(reported.change.as_mut().unwrap()).command = None;
    let last = Record::Command(command(25, Outcome::Confirmed));
    assert_eq!(memory.open(settings).unwrap().records, [without_command, last], "no change names what is gone");
}

#[test]
fn too_many_commands_are_taken_out_in_slices() {
    let memory = Memory::default();
    let running = Running::new(memory.open(patient()));
    running.write((1..=1_000).map(|id| Record::Command(command(id, Outcome::Open))).collect()).unwrap();
    running.stop().unwrap();

    let running = Running::new(memory.open(Settings { commands: 10, ..patient() }));
    assert_eq!(running.records.len(), 1_000);
    let oldest = || (1..=1_000).find(|id| running.reader.command(CommandId::from_raw(*id)).unwrap().is_some());
    let mut left = Vec::new();
    for text in ["a", "b", "c", "d", "e"] {
        running.write(vec![room(1, text)]).unwrap();
        left.push(oldest().unwrap());
    }
    assert_eq!(left, [257, 513, 769, 991, 991]);
    running.stop().unwrap();
    assert_eq!(memory.open(patient()).unwrap().records.len(), 1 + 10, "nor is what is gone still open");
}

#[test]
fn names_survive_in_every_script() {
    let dir = tempfile::tempdir().unwrap();
    let rooms: Vec<_> = (1..).zip(["Küche", "台所", "מטבח", "🛋️"]).map(|(id, text)| room(id, text)).collect();
    assert_eq!(name("台所").as_str(), "台所");
    keep(dir.path(), rooms.clone());
    assert_eq!(found(dir.path()), rooms);
}

#[test]
fn a_count_of_wrong_tries_that_is_damaged_keeps_no_home_shut() {
    let dir = tempfile::tempdir().unwrap();
    keep(dir.path(), wrong_tries(1, 5).into());
    let database = redb::Database::open(dir.path().join(gatehouse_store::FILE_NAME)).unwrap();
    let txn = database.begin_write().unwrap();
    let table = redb::TableDefinition::<&[u8], u32>::new("wrong_tries");
    txn.open_table(table).unwrap().insert(&b"\xff"[..], 9).unwrap();
    txn.commit().unwrap();
    database.close().unwrap();
    assert_eq!(found(dir.path()), wrong_tries(1, 5));
}
