//! From an older file to this version's, one step a schema.

use crate::error::Fault;
use crate::tables::{META, SCHEMA as SCHEMA_KEY};
use redb::{ReadableTable, TableDefinition, WriteTransaction};

/// Leads from one schema to the next. It may use nothing of [`crate::rows`], which changes with later schemas: a
/// step keeps its own copies of the rows it reads and writes.
pub(crate) type Step = fn(&WriteTransaction) -> Result<(), Fault>;

/// `STEPS[n - 1]` leads from schema n to n + 1. Steps are added at the end and never changed.
pub(crate) const STEPS: &[Step] = &[
    integrations,
    retained,
    settings,
    next_secrets,
    notices,
    audit,
    accounts,
    sharing,
    invitations,
    recovery_code,
    tokens,
    addresses,
    wrong_tries,
    identities,
    hardware,
    notice_details,
    repeaters,
    snapshots,
];

/// The schema that this version reads and writes.
pub(crate) const SCHEMA: u64 = newest(STEPS);

const fn newest(steps: &[Step]) -> u64 {
    steps.len() as u64 + 1
}

/// To schema 2: a home has integrations, none so far.
fn integrations(txn: &WriteTransaction) -> Result<(), Fault> {
    txn.open_table(TableDefinition::<u64, &[u8]>::new("integration"))?;
    Ok(())
}

/// To schema 3: integrations' retained messages are kept, none so far.
fn retained(txn: &WriteTransaction) -> Result<(), Fault> {
    txn.open_table(TableDefinition::<&[u8], &[u8]>::new("retained"))?;
    Ok(())
}

/// To schema 4: an owner sets things of which there is one in a home, none so far.
fn settings(txn: &WriteTransaction) -> Result<(), Fault> {
    txn.open_table(TableDefinition::<u64, &[u8]>::new("setting"))?;
    Ok(())
}

/// To schema 5: a device may have a next secret, none so far. Its row ends with it.
fn next_secrets(txn: &WriteTransaction) -> Result<(), Fault> {
    let mut devices = txn.open_table(TableDefinition::<u64, &[u8]>::new("device"))?;
    let mut rows = Vec::new();
    for entry in devices.iter()? {
        let (key, row) = entry?;
        rows.push((key.value(), [row.value(), &[0]].concat()));
    }
    for (key, row) in rows {
        devices.insert(key, row.as_slice())?;
    }
    Ok(())
}

/// To schema 6: a home has notices, none so far.
fn notices(txn: &WriteTransaction) -> Result<(), Fault> {
    txn.open_table(TableDefinition::<u64, &[u8]>::new("notice"))?;
    Ok(())
}

/// To schema 7: who did what is kept, nothing so far.
fn audit(txn: &WriteTransaction) -> Result<(), Fault> {
    txn.open_table(TableDefinition::<u64, &[u8]>::new("movement"))?;
    txn.open_table(TableDefinition::<u64, &[u8]>::new("audit"))?;
    Ok(())
}

/// To schema 8: a person has earlier passwords, and a session a last use and what it was opened with, none so far. Their
/// rows end with them.
fn accounts(txn: &WriteTransaction) -> Result<(), Fault> {
    append(txn, "member", &[0])?;
    append(txn, "session", &[0, 0, 0])
}

/// To schema 10: people are invited, nobody so far.
fn invitations(txn: &WriteTransaction) -> Result<(), Fault> {
    txn.open_table(TableDefinition::<u64, &[u8]>::new("invitation"))?;
    Ok(())
}

/// To schema 11: among the settings there may be a recovery code, none so far. An older version would not know it.
fn recovery_code(_: &WriteTransaction) -> Result<(), Fault> {
    Ok(())
}

/// To schema 12: programs have API tokens, none so far.
fn tokens(txn: &WriteTransaction) -> Result<(), Fault> {
    txn.open_table(TableDefinition::<u64, &[u8]>::new("token"))?;
    Ok(())
}

/// To schema 13: a person has an address and one that waits, and a time when they came; a home has a contact; an invitation
/// has another code in its mail: none so far. Their rows end with it.
fn addresses(txn: &WriteTransaction) -> Result<(), Fault> {
    append(txn, "member", &[0, 0, 0])?;
    append(txn, "home", &[0])?;
    append(txn, "invitation", &[0])
}

/// To schema 14: wrong tries of signing in outlive a restart, none so far.
fn wrong_tries(txn: &WriteTransaction) -> Result<(), Fault> {
    txn.open_table(TableDefinition::<&[u8], u32>::new("wrong_tries"))?;
    Ok(())
}

/// To schema 15: people sign in by identities at a provider, nobody so far.
fn identities(txn: &WriteTransaction) -> Result<(), Fault> {
    txn.open_table(TableDefinition::<u64, &[u8]>::new("identity"))?;
    Ok(())
}

/// To schema 16: a device knows what its board was when it was claimed at a port, of none so far. Its row ends with it.
fn hardware(txn: &WriteTransaction) -> Result<(), Fault> {
    append(txn, "device", &[0])
}

/// To schema 17: there may be something to say of a notice, of none so far; a device may be released. Its row ends with it.
fn notice_details(txn: &WriteTransaction) -> Result<(), Fault> {
    append(txn, "notice", &[0])
}

/// To schema 18: a device may be behind a repeater, none is so far; there is a notice more. Its row ends with it.
fn repeaters(txn: &WriteTransaction) -> Result<(), Fault> {
    append(txn, "device", &[0])
}

/// To schema 19: there are notices more, and among the settings there may be a key for backups, none so far. An older version would
/// not know them.
fn snapshots(_: &WriteTransaction) -> Result<(), Fault> {
    Ok(())
}

/// Every row of a table gets the same bytes at its end.
fn append(txn: &WriteTransaction, table: &str, tail: &[u8]) -> Result<(), Fault> {
    let mut table = txn.open_table(TableDefinition::<u64, &[u8]>::new(table))?;
    let mut rows = Vec::new();
    for entry in table.iter()? {
        let (key, row) = entry?;
        rows.push((key.value(), [row.value(), tail].concat()));
    }
    for (key, row) in rows {
        table.insert(key, row.as_slice())?;
    }
    Ok(())
}

/// To schema 9: parts of the home are given to people and to links, none so far.
fn sharing(txn: &WriteTransaction) -> Result<(), Fault> {
    txn.open_table(TableDefinition::<u64, &[u8]>::new("grant"))?;
    txn.open_table(TableDefinition::<u64, &[u8]>::new("guest_link"))?;
    Ok(())
}

/// Which schema the file has; an error when it is newer than `known`.
pub(crate) fn found(meta: &impl ReadableTable<&'static str, u64>, known: u64) -> Result<u64, Fault> {
    let found = meta.get(SCHEMA_KEY)?.map(|value| value.value());
    match found {
        None | Some(0) => Err(Fault::Damaged("it does not say which schema it has".to_owned())),
        Some(found) if found > known => Err(Fault::TooNew { found, known }),
        Some(found) => Ok(found),
    }
}

/// Takes the steps that are missing. All of them are in the caller's transaction: it commits, or the file stays
/// as it was.
pub(crate) fn migrate(txn: &WriteTransaction, steps: &[Step]) -> Result<(), Fault> {
    let newest = newest(steps);
    let found = found(&txn.open_table(META)?, newest)?;
    if found == newest {
        return Ok(());
    }
    // Within the count of steps, for it is under `newest`.
    for step in &steps[found as usize - 1..] {
        step(txn)?;
    }
    txn.open_table(META)?.insert(SCHEMA_KEY, newest)?;
    tracing::info!(from = found, to = newest, "the database was brought to this version's schema");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::{
        AUDIT, DEVICE, GRANT, GUEST_LINK, HOME, IDENTITY, INTEGRATION, INVITATION, MEMBER, MOVEMENT, NOTICE, RETAINED,
        Rows, SESSION, SETTING, TOKEN, WRONG_TRIES,
    };
    use crate::{Memory, Settings};
    use redb::{Database, ReadableDatabase};

    /// Tables of rows that later schemas have.
    const LATER: [Rows; 10] =
        [INTEGRATION, SETTING, NOTICE, MOVEMENT, AUDIT, GRANT, GUEST_LINK, INVITATION, TOKEN, IDENTITY];
    const ROOM: Rows = TableDefinition::new("room");
    const PLACE: TableDefinition<'static, u64, &str> = TableDefinition::new("place");

    /// A file of schema 1 with a person, a session, a room and a device in it, as its version made it: the bytes are written out, for the
    /// code that wrote them changes.
    fn schema_1() -> Memory {
        let memory = Memory::default();
        drop(memory.open(Settings::default()).unwrap());
        let database = open(&memory);
        let txn = database.begin_write().unwrap();
        txn.open_table(META).unwrap().insert(SCHEMA_KEY, 1).unwrap();
        for later in LATER {
            assert!(txn.delete_table(later).unwrap(), "a later schema has it");
        }
        assert!(txn.delete_table(RETAINED).unwrap() && txn.delete_table(WRONG_TRIES).unwrap(), "and these");
        txn.open_table(HOME).unwrap().insert(1, &b"\x04Home\x0dEurope/Vienna"[..]).unwrap();
        txn.open_table(ROOM).unwrap().insert(4, &b"\x04Hall"[..]).unwrap();
        txn.open_table(MEMBER).unwrap().insert(2, &b"\x03Ana\x00\x0b$argon2id$x"[..]).unwrap();
        let session = [&b"\x02"[..], &[0xaa; 32], b"\x01\x05"].concat();
        txn.open_table(SESSION).unwrap().insert(3, session.as_slice()).unwrap();
        txn.open_table(DEVICE).unwrap().insert(5, device_of_schema_1().as_slice()).unwrap();
        txn.commit().unwrap();
        memory
    }

    fn device_of_schema_1() -> Vec<u8> {
        [&b"\x07relay-1\x03Box\x01\x04"[..], &[0xbb; 32]].concat()
    }

    fn open(memory: &Memory) -> Database {
        Database::builder().create_with_backend(memory.clone()).unwrap()
    }

    fn rooms_become_places(txn: &WriteTransaction) -> Result<(), Fault> {
        let rooms = txn.open_table(ROOM)?;
        let mut places = txn.open_table(PLACE)?;
        for entry in rooms.iter()? {
            let (key, row) = entry?;
            let name = std::str::from_utf8(&row.value()[1..]).expect("the fixture is text");
            places.insert(key.value(), name)?;
        }
        drop(rooms);
        txn.delete_table(ROOM)?;
        Ok(())
    }

    fn places_are_numbered(txn: &WriteTransaction) -> Result<(), Fault> {
        txn.open_table(PLACE)?.insert(5, "Attic")?;
        Ok(())
    }

    fn fails(txn: &WriteTransaction) -> Result<(), Fault> {
        txn.open_table(PLACE)?.insert(6, "Cellar")?;
        Err(Fault::Damaged("as a bug would".to_owned()))
    }

    fn schema(memory: &Memory) -> u64 {
        let database = open(memory);
        let txn = database.begin_read().unwrap();
        found(&txn.open_table(META).unwrap(), u64::MAX).unwrap()
    }

    #[test]
    fn the_steps_that_are_missing_are_taken_in_order() {
        let memory = schema_1();
        for steps in [&[][..], &[rooms_become_places as Step], &[rooms_become_places, places_are_numbered]] {
            let database = open(&memory);
            let txn = database.begin_write().unwrap();
            migrate(&txn, steps).unwrap();
            txn.commit().unwrap();
            drop(database);
            assert_eq!(schema(&memory), steps.len() as u64 + 1);
        }
        let database = open(&memory);
        let txn = database.begin_read().unwrap();
        let places = txn.open_table(PLACE).unwrap();
        assert_eq!(places.get(4).unwrap().unwrap().value(), "Hall");
        assert_eq!(places.get(5).unwrap().unwrap().value(), "Attic");
        assert!(txn.open_table(ROOM).is_err());
    }

    #[test]
    fn a_step_that_fails_leaves_the_file_as_it_was() {
        let memory = schema_1();
        let database = open(&memory);
        let txn = database.begin_write().unwrap();
        assert!(migrate(&txn, &[rooms_become_places, fails]).is_err());
        drop(txn);
        drop(database);
        assert_eq!(schema(&memory), 1);
        let database = open(&memory);
        let txn = database.begin_read().unwrap();
        assert_eq!(txn.open_table(ROOM).unwrap().get(4).unwrap().unwrap().value(), b"\x04Hall");
        assert!(txn.open_table(PLACE).is_err());
    }

    #[test]
    fn a_newer_file_is_not_touched() {
        let memory = schema_1();
        let database = open(&memory);
        let txn = database.begin_write().unwrap();
        txn.open_table(META).unwrap().insert(SCHEMA_KEY, 3).unwrap();
        assert!(matches!(migrate(&txn, &[rooms_become_places]), Err(Fault::TooNew { found: 3, known: 2 })));
        assert!(txn.open_table(ROOM).unwrap().get(4).unwrap().is_some());
    }

    #[test]
    fn today_s_code_reads_what_schema_1_wrote() {
        use gatehouse_core::record::Record;
        let memory = schema_1();
        for boot in [2, 3] {
            let opened = memory.open(Settings::default()).unwrap();
            let [
                Record::Home(home),
                Record::Member(ana),
                Record::Session(session),
                Record::Room(room),
                Record::Device(device),
            ] = &opened.records[..]
            else {
                panic!("{:?}", opened.records)
            };
            assert_eq!((home.name.as_str(), &*home.time_zone, &home.contact), ("Home", "Europe/Vienna", &None));
            assert_eq!((&ana.email, ana.waiting.is_none(), ana.joined_at), (&None, true, None));
            assert_eq!(
                (ana.name.as_str(), ana.password_hash.as_deref(), ana.earlier.len()),
                ("Ana", Some("$argon2id$x"), 0)
            );
            assert_eq!((session.opened_at.unwrap().as_millis(), session.last_used_at), (5, None));
            assert_eq!((session.client.user_agent(), session.client.address), ("", None));
            assert_eq!((room.name.as_str(), device.name.as_str()), ("Hall", "Box"));
            assert_eq!((device.secret.0, device.next), ([0xbb; 32], None));
            assert_eq!(opened.boot, boot);
            drop(opened);
            assert_eq!(schema(&memory), SCHEMA);
        }
        let database = open(&memory);
        let txn = database.begin_read().unwrap();
        for later in LATER {
            assert!(txn.open_table(later).is_ok());
        }
        assert!(txn.open_table(RETAINED).is_ok() && txn.open_table(WRONG_TRIES).is_ok());
    }
}
