//! Records into tables, within one transaction.

use crate::tables::{
    AUDIT, COMMAND, DEVICE, GRANT, GUEST_LINK, HOME, IDENTITY, INTEGRATION, INVITATION, MEMBER, MOVEMENT, NOTICE,
    OPEN_COMMAND, REPORTED, RETAINED, ROOM, Rows, SESSION, SETTING, SWITCH, TOKEN, WRONG_TRIES,
};
use crate::{Settings, rows};
use gatehouse_core::audit::Kind;
use gatehouse_core::command::{Command, Outcome};
use gatehouse_core::record::Record;
use gatehouse_core::retained::RetainedChange;
use redb::{ReadableTable, ReadableTableMetadata, Table, WriteTransaction};

/// Commands, movements or changes taken out at least in one commit while there are too many, so that no commit takes long.
const PRUNE_SLICE: u64 = 256;

/// Applies changes of retained messages, of which each topic has one at most.
pub(crate) fn apply_retained<'a>(
    txn: &WriteTransaction,
    changes: impl Iterator<Item = &'a RetainedChange>,
) -> Result<(), redb::Error> {
    let mut retained = txn.open_table(RETAINED)?;
    for change in changes {
        match change {
            RetainedChange::Kept(message) => {
                retained.insert(message.topic.as_bytes(), rows::retained(message).as_slice())?;
            }
            RetainedChange::Deleted(topic) => drop(retained.remove(topic.as_bytes())?),
        }
    }
    Ok(())
}

/// Applies records in order, then takes out the oldest commands, movements and changes beyond their limits.
pub(crate) fn apply<'a>(
    txn: &WriteTransaction,
    records: impl Iterator<Item = &'a Record>,
    limits: &Settings,
) -> Result<(), redb::Error> {
    let mut commands = Commands::open(txn)?;
    let mut movements = Newest::open(txn, MOVEMENT)?;
    let mut changes = Newest::open(txn, AUDIT)?;
    let mut home = txn.open_table(HOME)?;
    let mut member = txn.open_table(MEMBER)?;
    let mut session = txn.open_table(SESSION)?;
    let mut grant = txn.open_table(GRANT)?;
    let mut token = txn.open_table(TOKEN)?;
    let mut identity = txn.open_table(IDENTITY)?;
    let mut guest_link = txn.open_table(GUEST_LINK)?;
    let mut room = txn.open_table(ROOM)?;
    let mut device = txn.open_table(DEVICE)?;
    let mut switch = txn.open_table(SWITCH)?;
    let mut integration = txn.open_table(INTEGRATION)?;
    let mut invitation = txn.open_table(INVITATION)?;
    let mut setting = txn.open_table(SETTING)?;
    let mut notice = txn.open_table(NOTICE)?;
    let mut reported = txn.open_table(REPORTED)?;
    let mut wrong_tries = txn.open_table(WRONG_TRIES)?;
    for record in records {
        match record {
            Record::Home(kept) => put(&mut home, kept.id.raw(), &rows::home(kept))?,
            Record::Member(kept) => put(&mut member, kept.id.raw(), &rows::member(kept))?,
            Record::MemberDeleted(id) => drop(member.remove(id.raw())?),
            Record::Grant(kept) => put(&mut grant, kept.id.raw(), &rows::grant(kept))?,
            Record::GrantDeleted(id) => drop(grant.remove(id.raw())?),
            Record::Token(kept) => put(&mut token, kept.id.raw(), &rows::token(kept))?,
            Record::TokenDeleted(id) => drop(token.remove(id.raw())?),
            Record::Identity(kept) => put(&mut identity, kept.id.raw(), &rows::identity(kept))?,
            Record::IdentityUnlinked(id) => drop(identity.remove(id.raw())?),
            Record::GuestLink(kept) => put(&mut guest_link, kept.id.raw(), &rows::guest_link(kept))?,
            Record::GuestLinkDeleted(id) => drop(guest_link.remove(id.raw())?),
            Record::Session(kept) => put(&mut session, kept.id.raw(), &rows::session(kept))?,
            Record::SessionEnded(id) => drop(session.remove(id.raw())?),
            Record::Room(kept) => put(&mut room, kept.id.raw(), &rows::room(kept))?,
            Record::RoomDeleted(id) => drop(room.remove(id.raw())?),
            Record::Device(kept) => put(&mut device, kept.id.raw(), &rows::device(kept))?,
            Record::DeviceDeleted(id) => drop(device.remove(id.raw())?),
            Record::Switch(kept) => put(&mut switch, kept.id.raw(), &rows::switch(kept))?,
            Record::SwitchDeleted(id) => {
                switch.remove(id.raw())?;
                reported.remove(id.raw())?;
            }
            Record::Integration(kept, secret) => {
                put(&mut integration, kept.id.raw(), &rows::integration(kept, *secret))?;
            }
            Record::IntegrationDeleted(id) => drop(integration.remove(id.raw())?),
            Record::Invitation(kept, code) => put(&mut invitation, kept.id.raw(), &rows::invitation(kept, *code))?,
            Record::InvitationDeleted(id) => drop(invitation.remove(id.raw())?),
            Record::RecoveryCode(kept) => put(&mut setting, rows::RECOVERY_CODE, &rows::recovery_code(kept))?,
            Record::BackupKey(kept) => put(&mut setting, rows::BACKUP_KEY, &rows::backup_key(kept))?,
            Record::RecoveryCodeUsed => drop(setting.remove(rows::RECOVERY_CODE)?),
            Record::HomeAssistant(kept) => put(&mut setting, rows::HOME_ASSISTANT, &rows::home_assistant(kept))?,
            Record::Notice(kept) => put(&mut notice, kept.id.raw(), &rows::notice(kept))?,
            Record::NoticeDeleted(id) => drop(notice.remove(id.raw())?),
            Record::WrongTries(tried, wrong) => drop(wrong_tries.insert(rows::tried(tried).as_slice(), wrong)?),
            Record::WrongTriesForgotten(tried) => drop(wrong_tries.remove(rows::tried(tried).as_slice())?),
            Record::Reported(id, kept) => {
                put(&mut reported, id.raw(), &rows::reported(kept))?;
                if let Some(command) = kept.change.as_ref().and_then(|change| change.command.as_deref()) {
                    commands.put_if_missing(command)?;
                }
            }
            Record::Entry(kept) => {
                let table = if kept.kind == Kind::SwitchMoved { &mut movements } else { &mut changes };
                table.put(kept.id.raw(), &rows::entry(kept))?;
            }
            Record::Command(kept) => commands.put(kept)?,
        }
    }
    commands.prune(limits.commands)?;
    movements.prune(limits.movements, |_| Ok(()))?;
    changes.prune(limits.changes, |_| Ok(()))
}

fn put(table: &mut Table<'_, u64, &'static [u8]>, key: u64, row: &[u8]) -> Result<(), redb::Error> {
    table.insert(key, row)?;
    Ok(())
}

/// A table of which the newest rows are kept.
struct Newest<'txn> {
    rows: Table<'txn, u64, &'static [u8]>,
    added: u64,
}

impl<'txn> Newest<'txn> {
    fn open(txn: &'txn WriteTransaction, table: Rows) -> Result<Self, redb::Error> {
        Ok(Self { rows: txn.open_table(table)?, added: 0 })
    }

    fn put(&mut self, key: u64, row: &[u8]) -> Result<(), redb::Error> {
        if self.rows.insert(key, row)?.is_none() {
            self.added += 1;
        }
        Ok(())
    }

    /// Ids rise with time, so the first rows are the oldest. At least as many go as came, else the table would
    /// grow for as long as rows keep coming.
    fn prune(&mut self, limit: u64, mut gone: impl FnMut(u64) -> Result<(), redb::Error>) -> Result<(), redb::Error> {
        let surplus = self.rows.len()?.saturating_sub(limit);
        for _ in 0..surplus.min(self.added.max(PRUNE_SLICE)) {
            let Some((key, _)) = self.rows.pop_first()? else { break };
            gone(key.value())?;
        }
        Ok(())
    }
}

struct Commands<'txn> {
    newest: Newest<'txn>,
    open: Table<'txn, u64, ()>,
}

impl<'txn> Commands<'txn> {
    fn open(txn: &'txn WriteTransaction) -> Result<Self, redb::Error> {
        Ok(Self { newest: Newest::open(txn, COMMAND)?, open: txn.open_table(OPEN_COMMAND)? })
    }

    fn put(&mut self, command: &Command) -> Result<(), redb::Error> {
        let key = command.id.raw();
        self.newest.put(key, &rows::command(command))?;
        if command.outcome == Outcome::Open {
            self.open.insert(key, ())?;
        } else {
            self.open.remove(key)?;
        }
        Ok(())
    }

    /// A change names its command as it was then; a row that is there knows as much or more.
    fn put_if_missing(&mut self, command: &Command) -> Result<(), redb::Error> {
        if self.newest.rows.get(command.id.raw())?.is_some() { Ok(()) } else { self.put(command) }
    }

    fn prune(&mut self, limit: u64) -> Result<(), redb::Error> {
        let open = &mut self.open;
        self.newest.prune(limit, |key| {
            open.remove(key)?;
            Ok(())
        })
    }
}
