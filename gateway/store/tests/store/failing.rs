//! Disks that fail and power that goes.

use crate::disk::{Disk, Random};
use crate::records::{command, reported, room};
use crate::support::{LONG, Running, patient};
use gatehouse_core::command::Outcome;
use gatehouse_core::ids::{CommandId, Ticket};
use gatehouse_core::record::Record;
use gatehouse_store::{Batch, ReadError, Settings, StopError};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

fn has(records: &[Record], wanted: &Record) -> bool {
    records.contains(wanted)
}

#[test]
fn one_failed_operation_costs_at_most_the_tickets_in_it() {
    let (mut failures, mut refused) = (0, 0);
    for nth in 1.. {
        let disk = Disk::default();
        let running = Running::new(disk.open(patient()));
        running.send(vec![reported(7, true, Some(command(8, Outcome::Confirmed)))]);
        disk.fail(nth, false);
        let answer = running.write(vec![room(1, "first")]);
        let failed = disk.heal();
        assert!(failed || answer.is_ok(), "{nth}: refused for nothing");
        running.write(vec![room(2, "second")]).unwrap();
        running.stop().unwrap();

        let kept = disk.open(patient()).unwrap().records;
        assert_eq!(has(&kept, &room(1, "first")), answer.is_ok(), "{nth}: the answer says what is on the disk");
        assert!(has(&kept, &room(2, "second")), "{nth}");
        assert!(has(&kept, &reported(7, true, Some(command(8, Outcome::Confirmed)))), "{nth}");
        if !failed {
            break;
        }
        failures += 1;
        refused += u32::from(answer.is_err());
    }
    assert!(failures > 3 && refused > 0, "{failures} failures, {refused} refused: the disk was not in use");
}

#[test]
fn a_disk_that_fails_for_long_loses_nothing_but_what_was_refused() {
    let mut diverged = 0;
    for nth in 1.. {
        let disk = Disk::default();
        let running = Running::new(disk.open(patient()));
        disk.fail(nth, true);
        let first = running.write(vec![room(1, "first")]);
        running.send(vec![Record::Command(command(8, Outcome::Confirmed))]);
        let second = running.write(vec![room(2, "second")]);
        let failed = disk.heal();
        let third = running.write(vec![room(3, "third")]);
        let stopped = running.stop();
        let kept = disk.open(patient()).unwrap();
        if stopped == Err(StopError::Diverged) {
            // The refused one is on the disk all the same, which is why the daemon had to end.
            diverged += 1;
            let both = has(&kept.records, &room(1, "first")) || has(&kept.records, &room(2, "second"));
            assert!(both && third.is_err() && !has(&kept.records, &room(3, "third")), "{nth}");
            continue;
        }
        assert_eq!((stopped, &third), (Ok(()), &Ok(())), "{nth}");
        for (text, id, answer) in [("first", 1, &first), ("second", 2, &second), ("third", 3, &third)] {
            assert_eq!(has(&kept.records, &room(id, text)), answer.is_ok(), "{nth}: {text}");
        }
        let command = kept.store.reader().command(CommandId::from_raw(8)).unwrap();
        assert!(command.is_some(), "{nth}: what nobody awaits is kept until it can be written");
        if !failed {
            break;
        }
    }
    assert!(diverged > 0, "the case that ends the daemon was not met");
}

#[test]
fn while_the_disk_fails_what_is_not_awaited_is_tried_again_without_being_asked() {
    let disk = Disk::default();
    let running = Running::new(disk.open(Settings { backlog: 1, ..Settings::default() }));
    disk.fail(1, true);
    let error = running.write(vec![room(1, "Kitchen")]).unwrap_err();
    assert!(error.to_string().starts_with("cannot write the database: "), "{error}");
    assert!(matches!(running.reader.command(CommandId::from_raw(8)), Err(ReadError::Closed)));
    running.send(vec![Record::Command(command(8, Outcome::Confirmed))]);
    // This ticket's failure says that the command before it was tried too.
    running.write(vec![]).unwrap_err();
    let syncs = disk.watch_syncs();
    disk.heal();
    syncs.recv_timeout(LONG).unwrap();
    while !matches!(running.reader.command(CommandId::from_raw(8)), Ok(Some(_))) {
        std::thread::yield_now();
    }
    running.stop().unwrap();
}

#[test]
fn it_is_told_once_that_the_disk_fails_and_once_that_it_is_well_again() {
    let disk = Disk::default();
    let mut opened = disk.open(patient()).unwrap();
    let (tell, told) = channel();
    opened.store = opened.store.telling(move |failing| tell.send(failing).unwrap());
    let running = Running::new(Ok(opened));
    running.write(vec![room(1, "before")]).unwrap();
    assert!(told.try_recv().is_err(), "all is well");
    disk.fail(1, true);
    for _ in 0..3 {
        running.write(vec![room(2, "meanwhile")]).unwrap_err();
    }
    disk.heal();
    running.write(vec![room(3, "after")]).unwrap();
    running.stop().unwrap();
    assert_eq!(told.iter().collect::<Vec<_>>(), [true, false]);
}

#[test]
fn stopping_on_a_disk_that_fails_says_what_is_lost() {
    let disk = Disk::default();
    let running = Running::new(disk.open(patient()));
    disk.fail(1, true);
    running.send(vec![reported(7, true, None), reported(8, true, None)]);
    let error = running.stop().unwrap_err();
    assert!(matches!(error, StopError::NotWritten { records: 2, .. }), "{error}");
}

/// One run of the daemon whose power goes at the `cut`th change of the disk: the platter of that moment, how many
/// tickets had been answered, and how many had been sent at most.
fn run_until_cut(seed: u64, from: Vec<u8>, cut: u64) -> (Option<Vec<u8>>, u64) {
    let disk = Disk::with(from);
    let answered = Arc::new(AtomicU64::new(0));
    let image = Arc::new(Mutex::new(None));
    let opened = {
        let (disk, answered, image) = (disk.clone(), answered.clone(), image.clone());
        let source = disk.clone();
        let random = Arc::new(Mutex::new(Random(seed ^ cut)));
        let at_change = move || {
            let mut image = image.lock().unwrap();
            if image.is_none() && source.changes() >= cut {
                let bytes = source.after_power_cut(&mut random.lock().unwrap());
                *image = Some((bytes, answered.load(Ordering::SeqCst)));
            }
        };
        disk.open_watched(Settings { commands: 20, ..patient() }, at_change)
    };
    let Ok(opened) = opened else { panic!("seed {seed}: {:?}", opened.err()) };
    let (tell, told) = channel();
    let count = answered.clone();
    let writer = opened.store.start_writer(move |_, result| {
        result.unwrap();
        count.fetch_add(1, Ordering::SeqCst);
        tell.send(()).unwrap();
    });
    let mut random = Random(seed);
    for id in 1..=15 {
        for _ in 0..random.below(20) {
            let id = random.below(1_000);
            let records =
                vec![Record::Command(command(id, Outcome::Open)), reported(id % 9, id.is_multiple_of(3), None)];
            writer.queue().try_send(Batch { ticket: None, records }).unwrap();
        }
        let text = "x".repeat(1 + random.below(60) as usize);
        let records = vec![room(id, &text), room(1_000 + id, &text)];
        writer.queue().try_send(Batch { ticket: Some(Ticket(id)), records }).unwrap();
        told.recv_timeout(LONG).unwrap();
    }
    writer.stop().unwrap();
    let image = image.lock().unwrap().take();
    match image {
        Some((bytes, answered)) => (Some(bytes), answered),
        None => (None, answered.load(Ordering::SeqCst)),
    }
}

#[test]
fn no_answered_ticket_is_lost_in_a_power_cut() {
    // An existing home: a new one has its own care, see `make_file`.
    let disk = Disk::default();
    Running::new(disk.open(patient())).stop().unwrap();
    let fresh = disk.after_power_cut(&mut Random(0));

    let mut cuts_within = 0;
    for seed in 0..100 {
        let cut = 1 + Random(seed).below(400);
        let (image, answered) = run_until_cut(seed, fresh.clone(), cut);
        let Some(image) = image else { continue };
        cuts_within += u32::from(answered > 0 && answered < 15);
        let opened = Disk::with(image).open(patient());
        let opened = opened.unwrap_or_else(|error| panic!("seed {seed}, cut {cut}: {error}"));
        let there =
            |id: u64| opened.records.iter().any(|record| matches!(record, Record::Room(room) if room.id.raw() == id));
        for id in 1..=15 {
            assert!(there(id) || id > answered, "seed {seed}, cut {cut}: ticket {id} of {answered} is lost");
            assert_eq!(there(id), there(1_000 + id), "seed {seed}, cut {cut}: half of ticket {id}");
            assert!(!there(id) || id <= answered + 1, "seed {seed}, cut {cut}: ticket {id} before it was sent");
        }
        assert!(opened.boot >= 2, "seed {seed}: {}", opened.boot);
        assert!(answered == 0 || opened.boot == 3, "seed {seed}, cut {cut}: a number of boot {} again", opened.boot);
    }
    assert!(cuts_within > 30, "only {cuts_within} power cuts were in the middle of things");
}
