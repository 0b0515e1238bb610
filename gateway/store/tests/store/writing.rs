//! When things are written, and how the writer ends.

use crate::disk::Disk;
use crate::records::{command, reported, room};
use crate::support::{LONG, Running, found, keep, patient};
use gatehouse_core::command::Outcome;
use gatehouse_core::ids::{CommandId, Ticket};
use gatehouse_core::record::Record;
use gatehouse_store::{Batch, FILE_NAME, Full, Memory, ReadError, Settings, StopError};
use std::fs;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::task::{Context, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

/// Runs a future on this thread.
fn wait_for(future: impl Future<Output = ()>) {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    while future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
        thread::park();
    }
}

#[test]
fn when_a_ticket_is_answered_its_records_are_in_the_file() {
    let (dir, copies) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (file, copied) = (dir.path().join(FILE_NAME), copies.path().to_owned());
    let answered = std::sync::atomic::AtomicU64::new(0);
    // The writer's thread is in the answer meanwhile, so the copy is the file of that very moment.
    let running = Running::watched(gatehouse_store::open(dir.path()), move |_| {
        let count = answered.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let to = copied.join(count.to_string());
        fs::create_dir(&to).unwrap();
        fs::copy(&file, to.join(FILE_NAME)).unwrap();
    });
    running.write(vec![room(1, "Kitchen")]).unwrap();
    running.write(vec![room(2, "Hall")]).unwrap();

    let first = gatehouse_store::open(&copies.path().join("0")).unwrap();
    assert_eq!((first.boot, first.records), (2, vec![room(1, "Kitchen")]));
    let second = gatehouse_store::open(&copies.path().join("1")).unwrap();
    assert_eq!((second.boot, second.records), (2, vec![room(1, "Kitchen"), room(2, "Hall")]));
}

#[test]
fn a_ticket_takes_along_what_waits() {
    let memory = Memory::default();
    let running = Running::new(memory.open(patient()));
    running.send(vec![Record::Command(command(1, Outcome::Open))]);
    running.send(vec![Record::Command(command(1, Outcome::Confirmed))]);
    assert_eq!(running.reader.command(CommandId::from_raw(1)).unwrap(), None, "nothing made it urgent");
    running.write(vec![]).unwrap();
    let found = running.reader.command(CommandId::from_raw(1)).unwrap();
    assert_eq!(found.unwrap().outcome, Outcome::Confirmed);
}

#[test]
fn without_a_ticket_records_are_written_within_a_second() {
    let disk = Disk::default();
    let running = Running::new(disk.open(Settings::default()));
    let syncs = disk.watch_syncs();
    running.send(vec![Record::Command(command(1, Outcome::Confirmed))]);
    syncs.recv_timeout(Duration::from_secs(1)).unwrap();
    // The sync is the last thing of a commit but for making it visible.
    while running.reader.command(CommandId::from_raw(1)).unwrap().is_none() {
        thread::yield_now();
    }
}

#[test]
fn many_records_share_one_commit() {
    let disk = Disk::default();
    let running = Running::new(disk.open(patient()));
    let before = disk.syncs();
    running.write(vec![]).unwrap();
    let of_a_commit = disk.syncs() - before;

    for i in 0..1_000 {
        running.send(vec![reported(i % 10, i % 3 == 0, None), Record::Command(command(i, Outcome::Confirmed))]);
    }
    let before = disk.syncs();
    running.write(vec![room(1, "Kitchen")]).unwrap();
    assert_eq!(disk.syncs() - before, of_a_commit);
    assert!(running.reader.command(CommandId::from_raw(999)).unwrap().is_some());
}

#[test]
fn a_long_backlog_does_not_wait_for_the_window() {
    let disk = Disk::default();
    let running = Running::new(disk.open(Settings { backlog: 100, ..patient() }));
    let syncs = disk.watch_syncs();
    for id in 0..100 {
        assert!(syncs.try_recv().is_err(), "too early");
        running.send(vec![Record::Command(command(id, Outcome::Confirmed))]);
    }
    syncs.recv_timeout(LONG).unwrap();
}

#[test]
fn stopping_writes_what_was_queued_and_answers_it() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::new(gatehouse_store::open_with(dir.path(), patient()));
    running.send(vec![reported(7, true, None)]);
    let (queue, reader) = (running.queue.clone(), running.reader.clone());
    running.stop().unwrap();
    let late = Batch { ticket: None, records: vec![room(1, "Kitchen")] };
    assert_eq!(queue.try_send(late.clone()), Err(Full(late)));
    assert!(matches!(reader.command(CommandId::from_raw(1)), Err(ReadError::Closed)));
    // Queue and reader are still there, and yet the directory is free.
    assert_eq!(found(dir.path()), [reported(7, true, None)]);
}

#[test]
fn every_ticket_queued_before_the_stop_is_answered() {
    let memory = Memory::default();
    let (tell, answers) = channel();
    let opened = memory.open(patient()).unwrap();
    let writer = opened.store.start_writer(move |ticket, result| tell.send((ticket, result)).unwrap());
    let queue = writer.queue();
    for id in 1..=50 {
        queue.try_send(Batch { ticket: Some(Ticket(id)), records: vec![room(id, "Room")] }).unwrap();
    }
    writer.stop().unwrap();
    let answers: Vec<_> = answers.iter().collect();
    assert_eq!(answers, (1..=50).map(|id| (Ticket(id), Ok(()))).collect::<Vec<_>>());
    assert_eq!(memory.open(patient()).unwrap().records.len(), 50);
}

#[test]
fn dropping_the_writer_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::new(gatehouse_store::open_with(dir.path(), patient()));
    running.send(vec![room(1, "Kitchen")]);
    drop(running);
    assert_eq!(found(dir.path()), [room(1, "Kitchen")]);
}

#[test]
fn a_full_queue_hands_the_batch_back_at_once() {
    let memory = Memory::default();
    let (go_on, wait) = channel::<()>();
    let (tell, told) = channel();
    let opened = memory.open(Settings { queue: 3, ..patient() }).unwrap();
    let writer = opened.store.start_writer(move |ticket, _| {
        tell.send(ticket).unwrap();
        let _ = wait.recv();
    });
    let queue = writer.queue();
    let batch = |id| Batch { ticket: Some(Ticket(id)), records: vec![room(id, "Room")] };
    queue.try_send(batch(1)).unwrap();
    assert_eq!(told.recv_timeout(LONG), Ok(Ticket(1)), "the writer is busy now");
    let heard = |id| Batch { ticket: None, ..batch(id) };
    for id in 2..=4 {
        queue.try_send(heard(id)).unwrap();
    }
    assert_eq!(queue.try_send(heard(5)), Err(Full(heard(5))));
    assert_eq!(queue.try_send(batch(6)), Ok(()), "somebody waits for it");
    assert_eq!(queue.try_send(batch(7)), Err(Full(batch(7))));
    drop(go_on);
    writer.stop().unwrap();
    assert_eq!(told.iter().collect::<Vec<_>>(), [Ticket(6)]);
    assert_eq!(memory.open(patient()).unwrap().records.len(), 5);
}

#[test]
fn the_end_of_the_writer_is_noticed() {
    let stopped = Memory::default().open(patient()).unwrap().store.start_writer(|_, _| {});
    let ended = stopped.ended();
    stopped.stop().unwrap();
    wait_for(ended);

    let panicked = Memory::default().open(patient()).unwrap().store.start_writer(|_, _| panic!("as a bug would"));
    let ended = panicked.ended();
    panicked.queue().try_send(Batch { ticket: Some(Ticket(1)), records: vec![] }).unwrap();
    wait_for(ended);
    let batch = Batch { ticket: None, records: vec![] };
    assert_eq!(panicked.queue().try_send(batch.clone()), Err(Full(batch)));
    assert_eq!(panicked.stop(), Err(StopError::Panicked));
}

#[test]
fn the_order_of_a_key_holds_from_the_queue_to_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::new(gatehouse_store::open_with(dir.path(), patient()));
    for round in 0..20 {
        running.send(vec![reported(7, round % 2 == 0, None), room(1, &format!("loose {round}"))]);
        running.send_awaited(round, vec![room(1, &format!("awaited {round}"))]);
        running.send_awaited(round + 100, vec![room(2, &format!("awaited {round}"))]);
        running.send(vec![room(2, &format!("loose {round}"))]);
    }
    let answers: Vec<_> = (0..40).map(|_| running.answer()).collect();
    let tickets: Vec<_> = (0..20).flat_map(|round| [round, round + 100]).map(|ticket| (ticket, Ok(()))).collect();
    assert_eq!(answers, tickets);
    running.stop().unwrap();
    assert_eq!(found(dir.path()), [room(1, "awaited 19"), room(2, "loose 19"), reported(7, false, None)]);
    keep(dir.path(), vec![]);
}
