//! Tables back into records.

use crate::error::Fault;
use crate::rows::{self, BadRow};
use crate::tables::{
    COMMAND, DEVICE, GRANT, GUEST_LINK, HOME, IDENTITY, INTEGRATION, INVITATION, MEMBER, NOTICE, OPEN_COMMAND,
    REPORTED, RETAINED, ROOM, Rows, SESSION, SETTING, SWITCH, TOKEN, WRONG_TRIES,
};
use gatehouse_core::command::{Command, Outcome};
use gatehouse_core::ids::SwitchId;
use gatehouse_core::record::Record;
use gatehouse_core::retained::RetainedMessage;
use redb::{ReadOnlyTable, ReadTransaction, ReadableTable, TableHandle};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Newest commands among which those are looked for that timed out, and the last one of each switch.
const NEWEST: usize = 256;

/// Everything a home is made of, each kind before those that refer to it, the commands that are still open, and of the
/// newest the last one of each switch, which is shown, and those that timed out: a board may yet say that it obeyed one,
/// and who asked must be known then.
pub(crate) fn load(txn: &ReadTransaction) -> Result<Vec<Record>, Fault> {
    let mut all = Vec::new();
    table(txn, HOME, &mut all, |key, row| Ok(Record::Home(Arc::new(rows::to_home(key, row)?))))?;
    table(txn, MEMBER, &mut all, |key, row| Ok(Record::Member(Arc::new(rows::to_member(key, row)?))))?;
    table(txn, SESSION, &mut all, |key, row| Ok(Record::Session(rows::to_session(key, row)?)))?;
    table(txn, GRANT, &mut all, |key, row| Ok(Record::Grant(Arc::new(rows::to_grant(key, row)?))))?;
    table(txn, TOKEN, &mut all, |key, row| Ok(Record::Token(Arc::new(rows::to_token(key, row)?))))?;
    table(txn, IDENTITY, &mut all, |key, row| Ok(Record::Identity(Arc::new(rows::to_identity(key, row)?))))?;
    table(txn, GUEST_LINK, &mut all, |key, row| Ok(Record::GuestLink(Arc::new(rows::to_guest_link(key, row)?))))?;
    table(txn, ROOM, &mut all, |key, row| Ok(Record::Room(Arc::new(rows::to_room(key, row)?))))?;
    table(txn, DEVICE, &mut all, |key, row| Ok(Record::Device(Arc::new(rows::to_device(key, row)?))))?;
    table(txn, SWITCH, &mut all, |key, row| Ok(Record::Switch(Arc::new(rows::to_switch(key, row)?))))?;
    table(txn, INTEGRATION, &mut all, |key, row| {
        let (integration, secret) = rows::to_integration(key, row)?;
        Ok(Record::Integration(Arc::new(integration), secret))
    })?;
    table(txn, INVITATION, &mut all, |key, row| {
        let (invitation, code) = rows::to_invitation(key, row)?;
        Ok(Record::Invitation(Arc::new(invitation), code))
    })?;
    table(txn, NOTICE, &mut all, |key, row| Ok(Record::Notice(Arc::new(rows::to_notice(key, row)?))))?;

    table(txn, SETTING, &mut all, rows::to_setting)?;
    wrong_tries(txn, &mut all)?;

    let mut commands = Commands { rows: txn.open_table(COMMAND)?, found: HashMap::new() };
    let reported = txn.open_table(REPORTED)?;
    for entry in reported.iter()? {
        let (key, row) = entry?;
        let key = key.value();
        let kept = rows::to_reported(row.value(), |id| commands.find(id).map_err(Cause::Fault));
        let kept = kept.map_err(|cause| match cause {
            Cause::Row(bad) => damaged(REPORTED, key, bad),
            Cause::Fault(fault) => fault,
        })?;
        all.push(Record::Reported(SwitchId::from_raw(key), kept));
    }
    for entry in txn.open_table(OPEN_COMMAND)?.iter()? {
        let key = entry?.0.value();
        let missing = || damaged(COMMAND, key, BadRow("it is open, but not there".to_owned()));
        all.push(Record::Command(commands.find(key)?.ok_or_else(missing)?));
    }
    let (mut wanted, mut switches) = (Vec::new(), HashSet::new());
    for key in commands.newest(NEWEST)? {
        match commands.find(key) {
            Ok(Some(command)) if command.outcome == Outcome::Open => {}
            Ok(Some(command)) => {
                let last = switches.insert(command.switch);
                wanted.extend((last || command.outcome == Outcome::TimedOut).then_some(Record::Command(command)));
            }
            // Its damage costs a name in the record, which is no reason to keep a home shut.
            Ok(None) | Err(Fault::Row { .. }) => {}
            Err(fault) => return Err(fault),
        }
    }
    all.extend(wanted.into_iter().rev());
    Ok(all)
}

/// Wrong tries of signing in. Of what cannot be read nothing hangs but a wait, which is no reason to keep a home shut.
fn wrong_tries(txn: &ReadTransaction, all: &mut Vec<Record>) -> Result<(), Fault> {
    for entry in txn.open_table(WRONG_TRIES)?.iter()? {
        let (key, wrong) = entry?;
        match rows::to_tried(key.value()) {
            Ok(tried) => all.push(Record::WrongTries(tried, wrong.value())),
            Err(BadRow(why)) => tracing::warn!(why, "a count of wrong tries cannot be read and is left out"),
        }
    }
    Ok(())
}

/// The retained messages of integrations. One that cannot be read is left out, for a home must not stay shut for it.
pub(crate) fn load_retained(txn: &ReadTransaction) -> Result<Vec<RetainedMessage>, Fault> {
    let (mut all, mut bad) = (Vec::new(), Vec::new());
    for entry in txn.open_table(RETAINED)?.iter()? {
        let (topic, row) = entry?;
        match rows::to_retained(topic.value(), row.value()) {
            Ok(message) => all.push(message),
            Err(why) => bad.push((String::from_utf8_lossy(topic.value()).into_owned(), why.0)),
        }
    }
    if let Some((topic, why)) = bad.first() {
        tracing::warn!(
            count = bad.len(),
            topic,
            why,
            "retained messages in the database cannot be read and are left out; topic and reason are the first one's"
        );
    }
    Ok(all)
}

/// The command with this raw id, when it is kept.
pub(crate) fn command(txn: &ReadTransaction, key: u64) -> Result<Option<Command>, Fault> {
    find(&txn.open_table(COMMAND)?, key)
}

fn find(rows: &ReadOnlyTable<u64, &'static [u8]>, key: u64) -> Result<Option<Command>, Fault> {
    let Some(row) = rows.get(key)? else { return Ok(None) };
    rows::to_command(key, row.value()).map(Some).map_err(|bad| damaged(COMMAND, key, bad))
}

fn damaged(table: Rows, key: u64, bad: BadRow) -> Fault {
    Fault::Row { table: table.name().to_owned(), key, why: bad.0 }
}

fn table(
    txn: &ReadTransaction,
    table: Rows,
    all: &mut Vec<Record>,
    record: impl Fn(u64, &[u8]) -> Result<Record, BadRow>,
) -> Result<(), Fault> {
    for entry in txn.open_table(table)?.iter()? {
        let (key, row) = entry?;
        let key = key.value();
        all.push(record(key, row.value()).map_err(|bad| damaged(table, key, bad))?);
    }
    Ok(())
}

enum Cause {
    Row(BadRow),
    Fault(Fault),
}

impl From<BadRow> for Cause {
    fn from(bad: BadRow) -> Self {
        Self::Row(bad)
    }
}

/// Commands met while loading; the same one is shared, as it was in memory.
struct Commands {
    rows: ReadOnlyTable<u64, &'static [u8]>,
    found: HashMap<u64, Arc<Command>>,
}

impl Commands {
    /// The ids of the newest `count`, the newest first: ids rise with time.
    fn newest(&self, count: usize) -> Result<Vec<u64>, Fault> {
        let mut keys = Vec::with_capacity(count);
        for entry in self.rows.iter()?.rev().take(count) {
            keys.push(entry?.0.value());
        }
        Ok(keys)
    }

    fn find(&mut self, key: u64) -> Result<Option<Arc<Command>>, Fault> {
        if let Some(command) = self.found.get(&key) {
            return Ok(Some(command.clone()));
        }
        let Some(command) = find(&self.rows, key)?.map(Arc::new) else { return Ok(None) };
        self.found.insert(key, command.clone());
        Ok(Some(command))
    }
}
