//! Finding out whether a file would open, without changing it.

use crate::records::{command, device, home, member, room};
use crate::support::{Running, keep};
use gatehouse_core::command::Outcome;
use gatehouse_core::record::Record;
use gatehouse_store::{FILE_NAME, OpenError, check, open};
use redb::{Database, TableDefinition};
use std::fs;
use std::path::Path;

/// What a check says; the file is the same after it.
#[track_caller]
fn checked(path: &Path) -> Result<(), OpenError> {
    let before = fs::read(path).unwrap();
    let found = check(path);
    assert!(fs::read(path).unwrap() == before, "the file was changed");
    found
}

/// A database with something of most kinds in it: as it is while the daemon runs, and after it has stopped.
fn home_of_500_rooms(dir: &Path) -> [Vec<u8>; 2] {
    let running = Running::new(open(dir));
    for id in 0..500 {
        running.send(vec![room(id, &format!("Room {id}")), Record::Command(command(id, Outcome::Confirmed))]);
    }
    running.write(vec![home(), member(2), device(6)]).unwrap();
    let open = fs::read(dir.join(FILE_NAME)).unwrap();
    running.stop().unwrap();
    [open, fs::read(dir.join(FILE_NAME)).unwrap()]
}

#[test]
fn a_good_file_is_good_closed_cleanly_or_not() {
    let dir = tempfile::tempdir().unwrap();
    let [open, closed] = home_of_500_rooms(dir.path());
    assert!(open != closed);
    for bytes in [open, closed] {
        let file = dir.path().join("copy");
        fs::write(&file, bytes).unwrap();
        checked(&file).unwrap();
    }
}

#[test]
fn a_file_in_use_is_not_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::new(open(dir.path()));
    assert!(matches!(checked(&dir.path().join(FILE_NAME)), Err(OpenError::Locked { .. })));
    running.stop().unwrap();
    checked(&dir.path().join(FILE_NAME)).unwrap();
}

/// A start trusts a file that was closed cleanly; a check does not.
#[test]
fn a_flipped_bit_in_any_page_that_is_used_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let [_, closed] = home_of_500_rooms(dir.path());
    let file = dir.path().join("copy");
    let places = |text: &str| {
        let found = closed.windows(text.len()).enumerate().filter(|(_, bytes)| *bytes == text.as_bytes());
        found.map(|(place, _)| place).collect::<Vec<_>>()
    };
    for name in ["Room 17", "Room 250", "Room 499"] {
        // Pages that are not used any more hold it too.
        let mut bytes = closed.clone();
        for place in places(name) {
            bytes[place + 1] ^= 1;
        }
        fs::write(&file, bytes).unwrap();
        let error = checked(&file).unwrap_err();
        assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
    }
}

#[test]
fn what_would_not_open_is_told_as_at_a_start() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(FILE_NAME);
    let meddle = |change: &dyn Fn(&redb::WriteTransaction)| {
        let _none = fs::remove_file(&file);
        keep(dir.path(), vec![room(1, "Kitchen")]);
        let database = Database::open(&file).unwrap();
        let txn = database.begin_write().unwrap();
        change(&txn);
        txn.commit().unwrap();
        database.close().unwrap();
    };
    meddle(&|txn| {
        let meta: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
        txn.open_table(meta).unwrap().insert("schema", 99).unwrap();
    });
    assert!(matches!(checked(&file), Err(OpenError::TooNew { found: 99, .. })));
    let rows: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("device");
    meddle(&|txn| drop(txn.open_table(rows).unwrap().insert(0xab, &b"\xff"[..]).unwrap()));
    assert!(matches!(checked(&file), Err(OpenError::DamagedRow { key: 0xab, .. })));
    meddle(&|txn| assert!(txn.delete_table(rows).unwrap()));
    assert!(matches!(checked(&file), Err(OpenError::Damaged { .. })));

    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() / 4]).unwrap();
    assert!(matches!(checked(&file), Err(OpenError::Damaged { .. })));
    for garbage in [&b""[..], b"x", &[0; 100_000]] {
        fs::write(&file, garbage).unwrap();
        assert!(matches!(checked(&file), Err(OpenError::NotADatabase { .. })));
    }
    fs::remove_file(&file).unwrap();
    assert!(matches!(check(&file), Err(OpenError::Io { .. })));
    assert!(!file.exists(), "a check makes no file");
}
