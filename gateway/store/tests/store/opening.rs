//! Opening what is there, refusing what cannot be read.

use crate::records::{command, device, home, member, room};
use crate::support::{Running, found, keep, patient};
use gatehouse_core::command::Outcome;
use gatehouse_core::ids::{CommandId, MAX_BOOTS};
use gatehouse_core::record::Record;
use gatehouse_store::{FILE_NAME, Memory, OpenError, ReadError, open};
use redb::{Database, TableDefinition};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const META: TableDefinition<'static, &str, u64> = TableDefinition::new("meta");

/// Changes the file as another version, or another program, would.
fn meddle(data_dir: &Path, change: impl FnOnce(&redb::WriteTransaction)) {
    let database = Database::open(data_dir.join(FILE_NAME)).unwrap();
    let txn = database.begin_write().unwrap();
    change(&txn);
    txn.commit().unwrap();
    database.close().unwrap();
}

/// Opening fails with a line that says `saying`, and leaves the file as it is.
#[track_caller]
fn refused(data_dir: &Path, saying: &str) -> OpenError {
    let before = fs::read(data_dir.join(FILE_NAME)).unwrap();
    let error = open(data_dir).unwrap_err();
    let line = error.to_string();
    assert!(line.contains(saying) && !line.contains('\n'), "{line}");
    assert!(line.contains(data_dir.to_str().unwrap()), "{line}");
    assert!(fs::read(data_dir.join(FILE_NAME)).unwrap() == before, "the file was changed");
    error
}

#[test]
fn a_new_directory_is_private() {
    let dir = tempfile::tempdir().unwrap();
    let data_dir = dir.path().join("state/gatehouse");
    let opened = open(&data_dir).unwrap();
    assert_eq!((opened.boot, opened.records), (1, vec![]));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data_dir), 0o700);
    assert_eq!(mode(&data_dir.join(FILE_NAME)), 0o600);
    assert_eq!(fs::read_dir(&data_dir).unwrap().count(), 1, "nothing else is left there");
}

#[test]
fn the_boot_number_rises_with_every_start_and_crash() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(open(dir.path()).unwrap().boot, 1);
    assert_eq!(open(dir.path()).unwrap().boot, 2);
    let running = Running::new(open(dir.path()));
    assert_eq!(running.boot, 3);

    // What a crash leaves: the file as it is while it is open.
    let crashed = tempfile::tempdir().unwrap();
    fs::copy(dir.path().join(FILE_NAME), crashed.path().join(FILE_NAME)).unwrap();
    assert_eq!(open(crashed.path()).unwrap().boot, 4);
    assert_eq!(open(crashed.path()).unwrap().boot, 5);
}

#[test]
fn boots_end_before_ids_repeat() {
    let dir = tempfile::tempdir().unwrap();
    keep(dir.path(), vec![]);
    meddle(dir.path(), |txn| {
        txn.open_table(META).unwrap().insert("boot", u64::from(MAX_BOOTS) - 2).unwrap();
    });
    assert_eq!(open(dir.path()).unwrap().boot, MAX_BOOTS - 1);
    for _ in 0..2 {
        let error = open(dir.path()).unwrap_err();
        assert!(
            matches!(&error, OpenError::BootsUsedUp { boots, .. } if *boots == u64::from(MAX_BOOTS) - 1),
            "{error}"
        );
    }
}

#[test]
fn a_second_daemon_is_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).unwrap();
    let error = open(dir.path()).unwrap_err();
    assert!(matches!(error, OpenError::Locked { .. }), "{error}");
    assert!(error.to_string().starts_with("another gatehouse is running on the data directory"), "{error}");
    let running = Running::new(Ok(first));
    assert!(matches!(open(dir.path()), Err(OpenError::Locked { .. })));
    running.stop().unwrap();
    assert_eq!(open(dir.path()).unwrap().boot, 2, "being refused is no start");
}

#[test]
fn a_file_that_another_program_has_open_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    keep(dir.path(), vec![]);
    let other = Database::open(dir.path().join(FILE_NAME)).unwrap();
    assert!(matches!(open(dir.path()), Err(OpenError::Locked { .. })));
    drop(other);
    assert!(open(dir.path()).is_ok());
}

/// While a daemon waits for a failed disk it has the file closed, and must be alone all the same.
#[test]
fn a_directory_that_another_daemon_holds_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    keep(dir.path(), vec![]);
    let held = fs::File::open(dir.path()).unwrap();
    held.lock().unwrap();
    assert!(matches!(open(dir.path()), Err(OpenError::Locked { .. })));
    drop(held);
    assert_eq!(open(dir.path()).unwrap().boot, 2);
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "mine").unwrap();
    for path in [file.join("below"), file.clone(), Path::new("/proc/gatehouse").to_owned()] {
        let error = open(&path).unwrap_err();
        assert!(matches!(error, OpenError::Directory { .. }), "{error}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
    assert_eq!(fs::read(file).unwrap(), b"mine");
}

#[test]
fn what_is_no_database_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    for garbage in [&b""[..], b"x", b"redb", &[0; 100_000], b"SQLite format 3\0".repeat(1_000).as_slice()] {
        fs::write(dir.path().join(FILE_NAME), garbage).unwrap();
        let error = refused(dir.path(), "is not a gatehouse database");
        assert!(matches!(error, OpenError::NotADatabase { .. }), "{error}");
    }
    fs::remove_file(dir.path().join(FILE_NAME)).unwrap();
    fs::create_dir(dir.path().join(FILE_NAME)).unwrap();
    assert!(matches!(open(dir.path()), Err(OpenError::NotADatabase { .. })));
}

#[test]
fn another_programs_redb_file_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    Database::create(dir.path().join(FILE_NAME)).unwrap();
    meddle(dir.path(), |txn| {
        let other: TableDefinition<'_, u64, u64> = TableDefinition::new("other");
        txn.open_table(other).unwrap().insert(1, 1).unwrap();
    });
    refused(dir.path(), "not one of gatehouse");
}

#[test]
fn a_file_that_lost_its_end_is_refused_and_left_as_it_is() {
    let whole = tempfile::tempdir().unwrap();
    let running = Running::new(open(whole.path()));
    for id in 0..500 {
        running.send(vec![room(id, &format!("Room {id}")), Record::Command(command(id, Outcome::Confirmed))]);
    }
    running.write(vec![home(), member(2)]).unwrap();
    let crashed = fs::read(whole.path().join(FILE_NAME)).unwrap();
    running.stop().unwrap();
    let closed = fs::read(whole.path().join(FILE_NAME)).unwrap();

    for bytes in [closed, crashed] {
        let quarter = bytes.len() / 4;
        for length in [1, 10, 100, 4_095, 4_096, 5_000, 8_192, quarter, quarter + 77] {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join(FILE_NAME), &bytes[..length]).unwrap();
            refused(dir.path(), "was left as it is");
        }
    }
}

#[test]
fn a_newer_schema_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    keep(dir.path(), vec![room(1, "Kitchen")]);
    meddle(dir.path(), |txn| drop(txn.open_table(META).unwrap().insert("schema", 99).unwrap()));
    let error = refused(dir.path(), "newer gatehouse (schema 99, this one knows 19); install that version");
    assert!(matches!(error, OpenError::TooNew { found: 99, known: 19, .. }), "{error}");
}

#[test]
fn a_damaged_row_is_named_and_nothing_is_opened() {
    for table in [
        "home",
        "member",
        "session",
        "grant",
        "guest_link",
        "room",
        "device",
        "switch",
        "integration",
        "setting",
        "notice",
        "reported",
    ] {
        let dir = tempfile::tempdir().unwrap();
        keep(dir.path(), vec![device(6)]);
        meddle(dir.path(), |txn| {
            let rows: TableDefinition<'_, u64, &[u8]> = TableDefinition::new(table);
            txn.open_table(rows).unwrap().insert(0xab, &b"\xff\xff"[..]).unwrap();
        });
        refused(dir.path(), &format!("table {table}, key ab: "));
    }
}

#[test]
fn a_missing_table_is_named() {
    let dir = tempfile::tempdir().unwrap();
    keep(dir.path(), vec![]);
    meddle(dir.path(), |txn| {
        let rows: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("device");
        assert!(txn.delete_table(rows).unwrap());
    });
    refused(dir.path(), "'device' does not exist");
}

#[test]
fn a_damaged_command_that_nobody_needs_does_not_stop_the_start() {
    let dir = tempfile::tempdir().unwrap();
    keep(dir.path(), vec![Record::Command(command(8, Outcome::Confirmed))]);
    meddle(dir.path(), |txn| {
        let rows: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("command");
        txn.open_table(rows).unwrap().insert(8, &b"\xff"[..]).unwrap();
    });
    let reader = open(dir.path()).unwrap().store.reader();
    let error = reader.command(CommandId::from_raw(8)).unwrap_err();
    assert!(matches!(&error, ReadError::DamagedRow { table, key: 8, .. } if table == "command"), "{error}");
}

#[test]
fn a_crash_while_the_first_file_was_made_is_no_obstacle() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("gatehouse.redb.new"), [0; 5_000]).unwrap();
    keep(dir.path(), vec![room(1, "Kitchen")]);
    assert_eq!(found(dir.path()), [room(1, "Kitchen")]);
}

#[test]
fn memory_is_kept_as_long_as_someone_holds_it() {
    let memory = Memory::default();
    let running = Running::new(memory.open(patient()));
    running.write(vec![room(1, "Kitchen")]).unwrap();
    running.stop().unwrap();
    let opened = memory.open(patient()).unwrap();
    assert_eq!((opened.boot, opened.records), (2, vec![room(1, "Kitchen")]));
    assert_eq!(gatehouse_store::in_memory().unwrap().boot, 1);
}
