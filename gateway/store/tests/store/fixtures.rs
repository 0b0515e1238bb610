//! A database of every schema that there was since 19, as text: what an old version wrote has to open in every later one.
//!
//! `fixtures/N.txt` holds one row a line: table, key, value, as hexadecimal bytes. The newest is written by the version that has its
//! schema, with `FIXTURES=write`, and from then on never changes.

use crate::keeping::everything;
use crate::support::{found, keep};
use gatehouse_store::{FILE_NAME, open};
use redb::{Database, Key, ReadableDatabase, ReadableTable, TableDefinition, TableHandle, Value};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// The schema of this version, and the oldest that is kept here; older ones are in the store's own tests of migration.
const SCHEMAS: std::ops::RangeInclusive<u64> = 19..=19;

const META: TableDefinition<'static, &str, u64> = TableDefinition::new("meta");

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn bytes(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn dump<K: Key + 'static, V: Value + 'static>(database: &Database, name: &str, text: &mut String) {
    let txn = database.begin_read().unwrap();
    let table = txn.open_table(TableDefinition::<K, V>::new(name)).unwrap();
    writeln!(text, "{name}").unwrap();
    for entry in table.iter().unwrap() {
        let (key, value) = entry.unwrap();
        let (key, value) = (K::as_bytes(&key.value()).as_ref().to_vec(), V::as_bytes(&value.value()).as_ref().to_vec());
        writeln!(text, "{name} {} {}", hexadecimal(&key), hexadecimal(&value)).unwrap();
    }
}

fn fill<K: Key + 'static, V: Value + 'static>(database: &Database, name: &str, rows: &[(Vec<u8>, Vec<u8>)]) {
    let txn = database.begin_write().unwrap();
    {
        let mut table = txn.open_table(TableDefinition::<K, V>::new(name)).unwrap();
        for (key, value) in rows {
            table.insert(K::from_bytes(key), V::from_bytes(value)).unwrap();
        }
    }
    txn.commit().unwrap();
}

/// Tables that are not of rows by raw id.
macro_rules! of_its_kind {
    ($name:expr, $do:ident, $($argument:expr),*) => {
        match $name {
            "meta" => $do::<&str, u64>($($argument),*),
            "open_command" => $do::<u64, ()>($($argument),*),
            "wrong_tries" => $do::<&[u8], u32>($($argument),*),
            "retained" => $do::<&[u8], &[u8]>($($argument),*),
            _ => $do::<u64, &[u8]>($($argument),*),
        }
    };
}

/// All rows of a database, table by table.
fn text_of(file: &Path) -> String {
    let database = Database::open(file).unwrap();
    let mut names: Vec<_> =
        database.begin_read().unwrap().list_tables().unwrap().map(|one| one.name().to_owned()).collect();
    names.sort();
    let mut text = String::new();
    for name in &names {
        of_its_kind!(name.as_str(), dump, &database, name, &mut text);
    }
    text
}

/// A database of these rows.
fn database_of(text: &str, file: &Path) {
    let database = Database::create(file).unwrap();
    let mut names: Vec<_> = text.lines().filter_map(|line| line.split(' ').next()).collect();
    names.dedup();
    for name in names {
        let rows = text.lines().filter_map(|line| {
            let mut words = line.split(' ');
            let (table, key, value) = (words.next()?, words.next()?, words.next()?);
            (table == name).then(|| (bytes(key), bytes(value)))
        });
        let rows: Vec<_> = rows.collect();
        of_its_kind!(name, fill, &database, name, &rows);
    }
    database.close().unwrap();
}

fn fixture(schema: u64) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/store/fixtures/{schema}.txt"))
}

#[test]
fn what_a_version_of_any_schema_wrote_opens_in_this_one() {
    for schema in SCHEMAS {
        let dir = tempfile::tempdir().unwrap();
        let text = fs::read_to_string(fixture(schema)).unwrap();
        database_of(&text, &dir.path().join(FILE_NAME));
        let opened = open(dir.path()).unwrap_or_else(|error| panic!("schema {schema}: {error}"));
        let names: Vec<_> = opened.records.iter().map(|record| format!("{record:?}")).collect();
        drop(opened);
        for said in ["Our home", "Küche", "Relay box", "relay-a1b2c3", "garden/#", "Mill Lane 3"] {
            assert!(names.iter().any(|name| name.contains(said)), "schema {schema}: {said} is gone");
        }
        assert!(found(dir.path()).len() >= 31, "schema {schema}: records are gone");
    }
}

/// A row that changed without a new schema would not be read in the files out there.
#[test]
fn this_version_writes_what_its_fixture_holds() {
    let dir = tempfile::tempdir().unwrap();
    keep(dir.path(), everything());
    let file = dir.path().join(FILE_NAME);
    let schema = {
        let database = Database::open(&file).unwrap();
        database.begin_read().unwrap().open_table(META).unwrap().get("schema").unwrap().unwrap().value()
    };
    assert_eq!(schema, *SCHEMAS.end(), "a new schema: write its fixture (FIXTURES=write), and count it in SCHEMAS");
    let written = text_of(&file);
    if std::env::var("FIXTURES").is_ok_and(|what| what == "write") {
        fs::write(fixture(schema), &written).unwrap();
    }
    let kept = fs::read_to_string(fixture(schema)).unwrap();
    for (kept, written) in kept.lines().zip(written.lines()) {
        assert_eq!(kept, written, "rows changed: they need a new schema, a step that leads to it, and a fixture");
    }
    assert_eq!(kept.lines().count(), written.lines().count());
}
