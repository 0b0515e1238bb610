//! Whether a file would open, found out without changing it.

use crate::disk::Source;
use crate::error::{Fault, OpenError};
use crate::load::{load, load_retained};
use crate::migrate::{self, STEPS};
use crate::open::schema;
use crate::tables::HOME;
use redb::backends::FileBackend;
use redb::{DatabaseError, ReadableDatabase, ReadableTableMetadata};
use std::fs::{File, TryLockError};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Does with a database what [`crate::open`] does with the one in a data directory, in memory: repairs it if it was not closed
/// cleanly, brings it to this version's schema, and reads every row that a home is made of. Beyond that it checks every page against its
/// checksum. The file is not changed; it must not be in use, which is [`OpenError::Locked`].
///
/// As at a start, a line of the record or a retained message that cannot be read is no reason to refuse the rest.
pub fn check(path: &Path) -> Result<(), OpenError> {
    let io = |error: io::Error| Fault::from(redb::Error::Io(error)).at(path.to_owned());
    let file = File::open(path).map_err(io)?;
    let found = file.metadata().map_err(io)?;
    if !found.is_file() || found.len() == 0 {
        return Err(OpenError::NotADatabase { path: path.to_owned() });
    }
    match file.try_lock_shared() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::Locked { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => return Err(io(error)),
    }
    let source =
        Source::new(move || FileBackend::new(file.try_clone()?).map_err(|error| io::Error::other(error.to_string())));
    // See `open`: redb may panic where something else changed the file.
    let checked = catch_unwind(AssertUnwindSafe(|| check_source(&source)));
    let checked = checked.unwrap_or_else(|_| Err(Fault::Damaged("its pages do not fit together".to_owned())));
    checked.map_err(|fault| fault.at(path.to_owned()))
}

fn check_source(source: &Source) -> Result<(), Fault> {
    // What is no database at all, it says only here: the other way redb would begin a new one.
    match source.open_read_only() {
        Ok(_) | Err(DatabaseError::RepairAborted) => {}
        Err(error) => return Err(error.into()),
    }
    let mut database = source.try_open()?;
    schema(&database.begin_read()?)?;
    if !database.check_integrity()? {
        return Err(Fault::Damaged("not every page has its checksum".to_owned()));
    }
    let txn = database.begin_write()?;
    migrate::migrate(&txn, STEPS)?;
    txn.commit()?;
    let txn = database.begin_read()?;
    load(&txn)?;
    load_retained(&txn)?;
    Ok(())
}

/// Whether the database in a file is one of a home that somebody owns; it is opened as [`check`] opens it.
pub fn has_owner(path: &Path) -> Result<bool, OpenError> {
    check(path)?;
    let home = || -> Result<bool, Fault> {
        let file = File::open(path).map_err(redb::Error::Io)?;
        let source = Source::new(move || {
            FileBackend::new(file.try_clone()?).map_err(|error| io::Error::other(error.to_string()))
        });
        let database = source.try_open()?;
        Ok(!database.begin_read()?.open_table(HOME)?.is_empty()?)
    };
    home().map_err(|fault| fault.at(path.to_owned()))
}
