//! The record that people read: merged, paged, bounded.

use crate::records::{command, entry, room};
use crate::support::{Running, patient};
use gatehouse_core::audit::{Kind, Line};
use gatehouse_core::command::Outcome;
use gatehouse_core::ids::EntryId;
use gatehouse_core::record::Record;
use gatehouse_store::{Bounds, FILE_NAME, Memory, Page, Settings};
use redb::{Database, TableDefinition};

const ALL: Bounds = Bounds { take: 1_000, look_at: 1_000 };

fn asked(id: u64) -> Record {
    Record::Command(command(id, Outcome::Confirmed))
}

fn moved(id: u64) -> Record {
    Record::Entry(entry(id, Kind::SwitchMoved))
}

fn changed(id: u64) -> Record {
    Record::Entry(entry(id, Kind::RoomCreated))
}

fn ids(page: &Page) -> Vec<u64> {
    page.lines.iter().map(|line| line.id().raw()).collect()
}

#[test]
fn lines_of_all_kinds_come_newest_first_and_page_by_page() {
    let running = Running::new(gatehouse_store::in_memory());
    assert_eq!(running.reader.record(None, ALL, |_| true).unwrap(), Page { lines: vec![], last: None, more: false });
    running.write(vec![moved(4), asked(1), changed(2), changed(6), asked(5), moved(3), room(9, "Hall")]).unwrap();

    let whole = running.reader.record(None, ALL, |_| true).unwrap();
    let wanted = [
        Line::Entry(entry(6, Kind::RoomCreated)),
        Line::Command(command(5, Outcome::Confirmed)),
        Line::Entry(entry(4, Kind::SwitchMoved)),
        Line::Entry(entry(3, Kind::SwitchMoved)),
        Line::Entry(entry(2, Kind::RoomCreated)),
        Line::Command(command(1, Outcome::Confirmed)),
    ];
    assert_eq!(whole, Page { lines: wanted.to_vec(), last: Some(1), more: false });

    for take in 1..=6 {
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let page = running.reader.record(before, Bounds { take, ..ALL }, |_| true).unwrap();
            assert!(page.lines.len() <= take);
            seen.extend(page.lines);
            before = page.last.map(EntryId::from_raw);
            if !page.more {
                break;
            }
        }
        assert_eq!(seen, wanted, "{take} a page");
    }
    running.stop().unwrap();
}

#[test]
fn a_page_looks_at_so_many_lines_and_says_where_to_go_on() {
    let running = Running::new(gatehouse_store::in_memory());
    running.write((1..=10).map(|id| if id == 1 { changed(id) } else { moved(id) }).collect()).unwrap();
    let rare = |line: &Line| line.kind() == Kind::RoomCreated;
    let bounds = Bounds { take: 5, look_at: 4 };
    let mut before = None;
    for (last, found, more) in [(7, &[][..], true), (3, &[], true), (1, &[1], false)] {
        let page = running.reader.record(before, bounds, rare).unwrap();
        assert_eq!((page.last, ids(&page), page.more), (Some(last), found.to_vec(), more));
        before = page.last.map(EntryId::from_raw);
    }
    let none = running.reader.record(None, Bounds { take: 0, look_at: 4 }, |_| true).unwrap();
    assert_eq!(none, Page { lines: vec![], last: None, more: true });
    running.stop().unwrap();
}

#[test]
fn the_newest_are_kept_and_movements_push_out_no_changes() {
    let memory = Memory::default();
    let settings = Settings { commands: 3, movements: 4, changes: 5, ..patient() };
    let running = Running::new(memory.open(settings));
    for id in 0..30 {
        let [a, b, c] = [3 * id, 3 * id + 1, 3 * id + 2];
        running.write(vec![asked(a), moved(b), changed(c)]).unwrap();
    }
    let page = running.reader.record(None, ALL, |_| true).unwrap();
    let of = |kind: Kind| page.lines.iter().filter(move |line| line.kind() == kind).map(|line| line.id().raw());
    assert!(of(Kind::Command).eq([87, 84, 81]));
    assert!(of(Kind::SwitchMoved).eq([88, 85, 82, 79]));
    assert!(of(Kind::RoomCreated).eq([89, 86, 83, 80, 77]));
    running.write((100..200).map(moved).collect()).unwrap();
    let page = running.reader.record(None, ALL, |line| line.kind() == Kind::RoomCreated).unwrap();
    assert_eq!(ids(&page), [89, 86, 83, 80, 77]);
    running.stop().unwrap();
    let given = memory.open(settings).unwrap().records;
    assert!(
        matches!(&given[..], [Record::Command(last)] if last.id.raw() == 87),
        "no start is given more of the record"
    );
}

#[test]
fn a_line_that_is_damaged_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    crate::support::keep(dir.path(), vec![changed(1), asked(2), changed(3), asked(4)]);
    let database = Database::open(dir.path().join(FILE_NAME)).unwrap();
    let txn = database.begin_write().unwrap();
    for (table, key) in [("audit", 3), ("command", 2)] {
        txn.open_table(TableDefinition::<u64, &[u8]>::new(table)).unwrap().insert(key, &b"\xff"[..]).unwrap();
    }
    txn.commit().unwrap();
    database.close().unwrap();
    let page = gatehouse_store::open(dir.path()).unwrap().store.reader().record(None, ALL, |_| true).unwrap();
    assert_eq!((ids(&page), page.more), (vec![4, 1], false));
}
