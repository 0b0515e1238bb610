//! Integrations' retained messages: kept beside the records, and worth less than they.

use crate::disk::Disk;
use crate::records::room;
use crate::support::{Running, found, keep, patient};
use gatehouse_core::retained::{Expiry, RetainedChange, RetainedMessage};
use gatehouse_core::time::Wall;
use gatehouse_store::{FILE_NAME, Settings, open};
use redb::{Database, TableDefinition};
use std::path::Path;
use std::time::Duration;

fn message(topic: &str, payload: &str) -> RetainedMessage {
    RetainedMessage {
        topic: topic.into(),
        user: "integration_1".into(),
        payload: payload.as_bytes().into(),
        qos: 1,
        properties: b"\x26\0\x01a\0\x01b"[..].into(),
        expiry: Some(Expiry { left: Duration::from_secs(9), at: Some(Wall::from_millis(1_700_000_000_000)) }),
    }
}

fn kept(topic: &str, payload: &str) -> RetainedChange {
    RetainedChange::Kept(message(topic, payload))
}

/// Hands changes over in one run of the daemon and stops it well.
fn hand_over(data_dir: &Path, changes: Vec<RetainedChange>) {
    let running = Running::new(open(data_dir));
    running.queue.try_send_retained(changes).unwrap();
    running.stop().unwrap();
}

#[test]
fn the_last_message_of_a_topic_comes_back_and_a_deleted_one_does_not() {
    let dir = tempfile::tempdir().unwrap();
    hand_over(dir.path(), vec![kept("a", "1"), kept("b", "1"), kept("ü/c", "1"), kept("a", "2")]);
    let stays = RetainedMessage { expiry: None, properties: [].into(), ..message("ü/c", "\0") };
    hand_over(dir.path(), vec![RetainedChange::Deleted("b".into()), RetainedChange::Kept(stays.clone())]);
    assert_eq!(open(dir.path()).unwrap().retained, [message("a", "2"), stays]);
}

#[test]
fn changes_without_records_are_committed_within_the_window() {
    let disk = Disk::default();
    let running = Running::new(disk.open(Settings { window: Duration::from_millis(1), ..Settings::default() }));
    let synced = disk.watch_syncs();
    running.queue.try_send_retained(vec![kept("a", "1")]).unwrap();
    synced.recv_timeout(crate::support::LONG).unwrap();
    running.stop().unwrap();
    assert_eq!(disk.open(patient()).unwrap().retained, [message("a", "1")]);
}

#[test]
fn a_message_that_cannot_be_read_is_left_out_and_everything_else_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    keep(dir.path(), vec![room(5, "Kitchen")]);
    hand_over(dir.path(), vec![kept("a", "1"), kept("b", "1")]);
    let database = Database::open(dir.path().join(FILE_NAME)).unwrap();
    let txn = database.begin_write().unwrap();
    let rows: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("retained");
    txn.open_table(rows).unwrap().insert(&b"a"[..], &b"\x7f"[..]).unwrap();
    txn.open_table(rows).unwrap().insert(&b"\xff"[..], &b""[..]).unwrap();
    txn.commit().unwrap();
    database.close().unwrap();
    assert_eq!(open(dir.path()).unwrap().retained, [message("b", "1")]);
    assert_eq!(found(dir.path()), [room(5, "Kitchen")]);
    hand_over(dir.path(), vec![kept("a", "2")]);
    assert_eq!(open(dir.path()).unwrap().retained, [message("a", "2"), message("b", "1")], "said again, all is well");
}

#[test]
fn a_disk_that_fails_for_a_while_gets_the_last_message_later() {
    let disk = Disk::default();
    let settings = Settings { window: Duration::from_millis(1), ..Settings::default() };
    let running = Running::new(disk.open(settings));
    disk.fail(1, true);
    running.queue.try_send_retained(vec![kept("a", "1")]).unwrap();
    assert!(running.write(vec![room(1, "Attic")]).is_err());
    running.queue.try_send_retained(vec![kept("a", "2"), kept("b", "1")]).unwrap();
    assert!(running.write(vec![room(1, "Attic")]).is_err());
    assert!(disk.heal());
    running.write(vec![room(1, "Attic")]).unwrap();
    running.stop().unwrap();
    assert_eq!(disk.open(patient()).unwrap().retained, [message("a", "2"), message("b", "1")]);
}

#[test]
fn what_waits_for_the_writer_is_bounded() {
    let disk = Disk::default();
    let running = Running::new(disk.open(Settings { kept: 2, ..patient() }));
    let three = vec![kept("a", "1"), kept("b", "1"), kept("c", "1")];
    assert_eq!(running.queue.try_send_retained(three.clone()), Err(three));
    running.queue.try_send_retained(vec![kept("a", "1")]).unwrap();
    let queue = running.queue.clone();
    running.stop().unwrap();
    assert!(queue.try_send_retained(vec![kept("b", "1")]).is_err(), "the writer is gone");
    assert_eq!(disk.open(patient()).unwrap().retained, [message("a", "1")]);
}
