//! Reading what is on disk.

use crate::disk::Disk;
use crate::error::{Fault, ReadError};
use crate::lines::{self, Bounds, Page};
use crate::load;
use gatehouse_core::audit::Line;
use gatehouse_core::command::Command;
use gatehouse_core::ids::{CommandId, EntryId};
use redb::ReadTransaction;
use std::sync::Arc;

/// Reads what is committed, beside the writer and without waiting for it. Reading a file blocks: on an async
/// runtime call it from a thread that may block.
#[derive(Clone)]
pub struct Reader {
    disk: Arc<Disk>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reader")
    }
}

impl Reader {
    pub(crate) fn new(disk: Arc<Disk>) -> Self {
        Self { disk }
    }

    /// A command, as last committed; none when there never was one with this id, when it is too old to be kept, or
    /// when it is not committed yet.
    pub fn command(&self, id: CommandId) -> Result<Option<Command>, ReadError> {
        self.read(|txn| load::command(txn, id.raw()))
    }

    /// Lines of the record that people read, the newest first, from before the line `before` on, as last committed. A line
    /// that cannot be read is left out, and the log says so.
    pub fn record(
        &self,
        before: Option<EntryId>,
        bounds: Bounds,
        wanted: impl FnMut(&Line) -> bool,
    ) -> Result<Page, ReadError> {
        self.read(|txn| lines::page(txn, before.map(EntryId::raw), bounds, wanted))
    }

    /// For the length of a whole copy, unlike [`Disk::read`]'s other callers: while the disk fails, the writer waits for it.
    pub(crate) fn with_transaction<T>(&self, f: impl FnOnce(&ReadTransaction) -> Result<T, Fault>) -> Result<T, Fault> {
        self.disk.read(f).unwrap_or(Err(Fault::Redb(redb::Error::DatabaseClosed)))
    }

    fn read<T>(&self, f: impl FnOnce(&ReadTransaction) -> Result<T, Fault>) -> Result<T, ReadError> {
        let found = self.disk.read(f).ok_or(ReadError::Closed)?;
        found.map_err(|fault| match fault {
            Fault::Row { table, key, why } => ReadError::DamagedRow { table, key, why },
            Fault::Redb(redb::Error::DatabaseClosed | redb::Error::PreviousIo) => ReadError::Closed,
            Fault::Redb(error) => ReadError::Io(Box::new(error)),
            // Only opening asks for schema and boots.
            Fault::TooNew { .. } | Fault::BootsUsedUp(_) | Fault::Damaged(_) => ReadError::Closed,
        })
    }
}
