//! The tables of the file. Keys are the raw ids, values are the rows of [`crate::rows`].

use redb::{Key, ReadTransaction, ReadableTable, TableDefinition, TableError, Value, WriteTransaction};

/// A table of rows by raw id.
pub(crate) type Rows = TableDefinition<'static, u64, &'static [u8]>;

/// Numbers about the file itself.
pub(crate) const META: TableDefinition<'static, &str, u64> = TableDefinition::new("meta");
/// In [`META`]: which version of the tables and rows this is.
pub(crate) const SCHEMA: &str = "schema";
/// In [`META`]: how many times the daemon started on this file.
pub(crate) const BOOT: &str = "boot";
/// In [`META`]: how many commits the writer made. After a failed commit it tells whether the commit is in the
/// file all the same.
pub(crate) const COMMIT: &str = "commit";

pub(crate) const HOME: Rows = TableDefinition::new("home");
pub(crate) const MEMBER: Rows = TableDefinition::new("member");
pub(crate) const SESSION: Rows = TableDefinition::new("session");
/// What people may do with parts of the home.
pub(crate) const GRANT: Rows = TableDefinition::new("grant");
pub(crate) const TOKEN: Rows = TableDefinition::new("token");
/// By which identities at a provider people sign in.
pub(crate) const IDENTITY: Rows = TableDefinition::new("identity");
pub(crate) const GUEST_LINK: Rows = TableDefinition::new("guest_link");
pub(crate) const ROOM: Rows = TableDefinition::new("room");
pub(crate) const DEVICE: Rows = TableDefinition::new("device");
pub(crate) const SWITCH: Rows = TableDefinition::new("switch");
pub(crate) const INTEGRATION: Rows = TableDefinition::new("integration");
pub(crate) const INVITATION: Rows = TableDefinition::new("invitation");
/// What the owner set, by the numbers of [`crate::rows::setting`].
pub(crate) const SETTING: Rows = TableDefinition::new("setting");
pub(crate) const NOTICE: Rows = TableDefinition::new("notice");
pub(crate) const REPORTED: Rows = TableDefinition::new("reported");
/// Relays that moved without a command, apart from changes of settings: a relay that flutters must not push those out.
pub(crate) const MOVEMENT: Rows = TableDefinition::new("movement");
/// Changes of settings, and who made them.
pub(crate) const AUDIT: Rows = TableDefinition::new("audit");
pub(crate) const COMMAND: Rows = TableDefinition::new("command");
/// Which commands are not settled: a start must find them without reading 100,000 others.
pub(crate) const OPEN_COMMAND: TableDefinition<'static, u64, ()> = TableDefinition::new("open_command");

/// Wrong tries of signing in, by where they count: see [`crate::rows::tried`].
pub(crate) const WRONG_TRIES: TableDefinition<'static, &[u8], u32> = TableDefinition::new("wrong_tries");

/// Integrations' retained messages by topic: bytes, for redb must not fail on a topic that is damaged.
pub(crate) const RETAINED: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("retained");

/// All tables of rows by raw id: what is kept, then what happened.
pub(crate) const ALL_ROWS: [Rows; 18] = [
    HOME,
    MEMBER,
    SESSION,
    GRANT,
    GUEST_LINK,
    TOKEN,
    IDENTITY,
    ROOM,
    DEVICE,
    SWITCH,
    INTEGRATION,
    INVITATION,
    SETTING,
    NOTICE,
    REPORTED,
    MOVEMENT,
    AUDIT,
    COMMAND,
];

/// Makes every table, so that one that is missing later means damage.
pub(crate) fn create(txn: &WriteTransaction) -> Result<(), TableError> {
    for rows in ALL_ROWS {
        txn.open_table(rows)?;
    }
    txn.open_table(OPEN_COMMAND)?;
    txn.open_table(RETAINED)?;
    txn.open_table(WRONG_TRIES)?;
    let mut meta = txn.open_table(META)?;
    meta.insert(BOOT, 0)?;
    meta.insert(COMMIT, 0)?;
    Ok(())
}

/// Copies every table, row by row.
pub(crate) fn copy(from: &ReadTransaction, to: &WriteTransaction) -> Result<(), redb::Error> {
    for rows in ALL_ROWS {
        copy_table(from, to, rows)?;
    }
    copy_table(from, to, OPEN_COMMAND)?;
    copy_table(from, to, RETAINED)?;
    copy_table(from, to, WRONG_TRIES)?;
    copy_table(from, to, META)
}

fn copy_table<K: Key + 'static, V: Value + 'static>(
    from: &ReadTransaction,
    to: &WriteTransaction,
    table: TableDefinition<'static, K, V>,
) -> Result<(), redb::Error> {
    let mut copy = to.open_table(table)?;
    for entry in from.open_table(table)?.iter()? {
        let (key, value) = entry?;
        copy.insert(key.value(), value.value())?;
    }
    Ok(())
}
