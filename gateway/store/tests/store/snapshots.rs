//! Snapshots beside the database, and starts from them.

use crate::records::{command, device, home, member, reported, room};
use crate::support::{Running, found, keep};
use gatehouse_core::command::Outcome;
use gatehouse_core::record::Record;
use gatehouse_store::{FILE_NAME, OpenError, Recovered, SNAPSHOT_NAME, Snapshot, open};
use redb::{Database, TableDefinition};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const META: TableDefinition<'static, &str, u64> = TableDefinition::new("meta");

fn settled() -> Vec<Record> {
    vec![home(), member(2), room(4, "Kitchen"), device(6)]
}

/// A directory with a home in it, its snapshot, and a room that came after the snapshot.
fn snapped() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::new(open(dir.path()));
    running.write(settled()).unwrap();
    assert!(matches!(running.reader.keep_snapshot(dir.path()).unwrap(), Snapshot::Made { bytes } if bytes > 0));
    running.write(vec![room(7, "Attic")]).unwrap();
    running.stop().unwrap();
    let file = dir.path().join(FILE_NAME);
    (dir, file)
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn boot(path: &Path) -> u64 {
    use redb::ReadableDatabase;
    let database = Database::open(path).unwrap();
    database.begin_read().unwrap().open_table(META).unwrap().get("boot").unwrap().unwrap().value()
}

/// All kinds of damage that end a start without a snapshot.
fn damages(whole: &[u8]) -> Vec<Vec<u8>> {
    let mut torn = whole.to_vec();
    torn[4_096..].fill(0x55);
    vec![vec![], b"x".to_vec(), vec![0; whole.len()], whole[..whole.len() / 4].to_vec(), torn]
}

#[test]
fn what_cannot_be_read_is_replaced_by_its_snapshot_and_kept() {
    let (whole, file) = snapped();
    let bytes = fs::read(file).unwrap();
    for damaged in damages(&bytes) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(FILE_NAME);
        fs::copy(whole.path().join(SNAPSHOT_NAME), dir.path().join(SNAPSHOT_NAME)).unwrap();
        fs::write(&file, &damaged).unwrap();
        let opened = open(dir.path()).unwrap();
        assert_eq!(opened.records, settled());
        assert!(opened.boot > 1_000, "ids of starts since the snapshot are not given out again");
        let Recovered { why, made_at, aside } = opened.recovered.unwrap();
        assert!(why.contains(file.to_str().unwrap()), "{why}");
        assert!(made_at.is_some());
        assert_eq!(fs::read(aside.unwrap()).unwrap(), damaged);
        drop(opened.store);
        // From then on it is a database like any other.
        let again = open(dir.path()).unwrap();
        assert_eq!((again.recovered, again.records), (None, settled()));
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(names(dir.path()), [FILE_NAME, "gatehouse.redb.damaged", SNAPSHOT_NAME]);
    }
}

#[test]
fn a_database_that_is_gone_is_replaced_by_its_snapshot() {
    let (dir, file) = snapped();
    fs::remove_file(&file).unwrap();
    let opened = open(dir.path()).unwrap();
    assert_eq!(opened.records, settled());
    assert_eq!(opened.recovered.unwrap().aside, None);
}

#[test]
fn a_row_that_cannot_be_read_is_damage_too() {
    let (dir, file) = snapped();
    let database = Database::open(&file).unwrap();
    let txn = database.begin_write().unwrap();
    let rows: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("device");
    txn.open_table(rows).unwrap().insert(6, &b"\xff\xff"[..]).unwrap();
    txn.commit().unwrap();
    database.close().unwrap();
    let opened = open(dir.path()).unwrap();
    assert_eq!(opened.records, settled());
    assert!(opened.recovered.unwrap().why.contains("table device, key 6"));
}

#[test]
fn what_is_in_order_is_not_replaced() {
    let (dir, _) = snapped();
    let opened = open(dir.path()).unwrap();
    assert_eq!(opened.recovered, None);
    assert!(opened.records.contains(&room(7, "Attic")));
}

/// What a later version wrote is in order, and so is what another daemon has open.
#[test]
fn what_only_this_version_cannot_read_is_left_alone() {
    let (dir, file) = snapped();
    let first = open(dir.path()).unwrap();
    assert!(matches!(open(dir.path()), Err(OpenError::Locked { .. })));
    drop(first);
    let database = Database::open(&file).unwrap();
    let txn = database.begin_write().unwrap();
    txn.open_table(META).unwrap().insert("schema", 99).unwrap();
    txn.commit().unwrap();
    database.close().unwrap();
    let before = fs::read(&file).unwrap();
    assert!(matches!(open(dir.path()), Err(OpenError::TooNew { found: 99, .. })));
    assert!(fs::read(&file).unwrap() == before);
    assert_eq!(names(dir.path()), [FILE_NAME, SNAPSHOT_NAME]);
}

#[test]
fn a_snapshot_that_is_no_better_changes_nothing() {
    let (dir, file) = snapped();
    let bytes = fs::read(dir.path().join(SNAPSHOT_NAME)).unwrap();
    for damaged in damages(&bytes) {
        fs::write(dir.path().join(SNAPSHOT_NAME), damaged).unwrap();
        fs::write(&file, b"not a database").unwrap();
        let error = open(dir.path()).unwrap_err();
        assert!(matches!(error, OpenError::NotADatabase { .. }), "{error}");
        assert_eq!(fs::read(&file).unwrap(), b"not a database");
        assert_eq!(names(dir.path()), [FILE_NAME, SNAPSHOT_NAME]);
    }
}

/// The power may go at any point of putting the snapshot in the place of the database.
#[test]
fn a_start_from_the_snapshot_that_was_interrupted_is_taken_up() {
    let (dir, file) = snapped();
    fs::write(dir.path().join("gatehouse.redb.new"), b"half").unwrap();
    fs::rename(&file, dir.path().join("gatehouse.redb.damaged")).unwrap();
    assert_eq!(open(dir.path()).unwrap().records, settled());
    assert_eq!(names(dir.path()), [FILE_NAME, "gatehouse.redb.damaged", SNAPSHOT_NAME]);
}

#[test]
fn a_snapshot_holds_everything_and_is_made_only_when_something_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::new(open(dir.path()));
    let done = command(8, Outcome::Confirmed);
    running.write([settled(), vec![reported(1, true, Some(done.clone())), Record::Command(done)]].concat()).unwrap();
    let snapshot = dir.path().join(SNAPSHOT_NAME);
    assert!(matches!(running.reader.keep_snapshot(dir.path()).unwrap(), Snapshot::Made { .. }));
    assert_eq!(fs::metadata(&snapshot).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(running.reader.keep_snapshot(dir.path()).unwrap(), Snapshot::Unchanged);
    running.write(vec![room(9, "Hall")]).unwrap();
    assert!(matches!(running.reader.keep_snapshot(dir.path()).unwrap(), Snapshot::Made { .. }));
    fs::write(&snapshot, b"damaged").unwrap();
    assert!(matches!(running.reader.keep_snapshot(dir.path()).unwrap(), Snapshot::Made { .. }), "one that is good");
    running.stop().unwrap();
    assert_eq!(names(dir.path()), [FILE_NAME, SNAPSHOT_NAME]);

    let elsewhere = tempfile::tempdir().unwrap();
    fs::copy(&snapshot, elsewhere.path().join(FILE_NAME)).unwrap();
    assert_eq!(found(elsewhere.path()), found(dir.path()));
    assert_eq!(boot(&elsewhere.path().join(FILE_NAME)), boot(&dir.path().join(FILE_NAME)));
}

#[test]
fn a_snapshot_that_cannot_be_made_leaves_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    keep(dir.path(), settled());
    let running = Running::new(open(dir.path()));
    running.reader.keep_snapshot(dir.path()).unwrap();
    let before = fs::read(dir.path().join(SNAPSHOT_NAME)).unwrap();
    running.write(vec![room(7, "Attic")]).unwrap();
    // In its way.
    fs::create_dir(dir.path().join("gatehouse.redb.snapshot.new")).unwrap();
    let error = running.reader.keep_snapshot(dir.path()).unwrap_err().to_string();
    assert!(error.contains(SNAPSHOT_NAME) && error.contains("free space"), "{error}");
    assert!(fs::read(dir.path().join(SNAPSHOT_NAME)).unwrap() == before);
}

#[test]
fn a_database_that_is_closed_makes_no_snapshot() {
    let dir = tempfile::tempdir().unwrap();
    keep(dir.path(), settled());
    let running = Running::new(open(dir.path()));
    let reader = running.reader.clone();
    running.stop().unwrap();
    assert!(reader.keep_snapshot(dir.path()).is_err());
    assert_eq!(names(dir.path()), [FILE_NAME]);
}
