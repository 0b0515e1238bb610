//! The open database, and how to open it again.
//!
//! After a failed write redb serves nothing more until it is opened anew, so who reads must not hold on to it.

use crate::StorageBackend;
use crate::trial::Trial;
use redb::{Builder, Database, DatabaseError, ReadOnlyDatabase, ReadTransaction, ReadableDatabase, WriteTransaction};
use std::fs::File;
use std::io;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Enough for the settings of a big home and the newest commands, on a Pi with 512 MB; redb's own default is 1 GiB.
const CACHE_BYTES: usize = 4 * 1024 * 1024;

/// Opens the database, any number of times one after the other.
pub(crate) struct Source {
    read_only: Box<dyn Fn() -> Result<ReadOnlyDatabase, DatabaseError> + Send + Sync>,
    trial: Box<dyn Fn() -> Result<Database, DatabaseError> + Send + Sync>,
    read_write: Box<dyn Fn() -> Result<Database, DatabaseError> + Send + Sync>,
}

impl Source {
    pub(crate) fn new<B: StorageBackend>(make: impl Fn() -> io::Result<B> + Send + Sync + 'static) -> Self {
        let make = Arc::new(make);
        let (make_trial, make_real) = (make.clone(), make.clone());
        Self {
            read_only: Box::new(move || builder().open_read_only_with_backend(make()?)),
            trial: Box::new(move || builder().create_with_backend(Trial::new(make_trial()?)?)),
            read_write: Box::new(move || builder().create_with_backend(make_real()?)),
        }
    }

    /// Without changing a byte; [`DatabaseError::RepairAborted`] when it was not closed cleanly.
    pub(crate) fn open_read_only(&self) -> Result<ReadOnlyDatabase, DatabaseError> {
        (self.read_only)()
    }

    /// As [`Self::open`] does, repair and all, but nothing of it reaches the file.
    pub(crate) fn try_open(&self) -> Result<Database, DatabaseError> {
        (self.trial)()
    }

    /// Repairs what was not closed cleanly: redb then goes through the whole file and checks every page against its
    /// checksum. Its quick repair would spare that at the price of a second sync and more pages in *every* commit.
    /// The file is small (commands are bounded) and power cuts are rare, while each sync wears the SD card, and
    /// after a power cut the checksums are just what one wants to have checked.
    pub(crate) fn open(&self) -> Result<Database, DatabaseError> {
        (self.read_write)()
    }
}

fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

pub(crate) struct Disk {
    source: Source,
    // Before the lock, so that it is closed before anyone else may open it.
    database: RwLock<Option<Database>>,
    /// Holds the data directory, also while the database is being opened again.
    lock: RwLock<Option<File>>,
}

impl Disk {
    pub(crate) fn new(source: Source, database: Database, lock: Option<File>) -> Self {
        Self { source, database: RwLock::new(Some(database)), lock: RwLock::new(lock) }
    }

    // A panic while the guard is held leaves an `Option` that is as good as before.
    fn shared(&self) -> RwLockReadGuard<'_, Option<Database>> {
        self.database.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn exclusive(&self) -> RwLockWriteGuard<'_, Option<Database>> {
        self.database.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_open(&self) -> bool {
        self.shared().is_some()
    }

    /// None while it is closed. The database cannot be opened again before `f` returns: `f` must be short.
    pub(crate) fn read<T, E: From<redb::Error>>(
        &self,
        f: impl FnOnce(&ReadTransaction) -> Result<T, E>,
    ) -> Option<Result<T, E>> {
        let database = self.shared();
        let txn = database.as_ref()?.begin_read();
        Some(txn.map_err(|e| redb::Error::from(e).into()).and_then(|txn| f(&txn)))
    }

    /// One durable transaction; readers go on meanwhile. After an error call [`Self::reopen`].
    pub(crate) fn write(
        &self,
        f: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), redb::Error> {
        let database = self.shared();
        let txn = database.as_ref().ok_or(redb::Error::DatabaseClosed)?.begin_write()?;
        f(&txn)?;
        // redb's default durability: synced before it returns.
        Ok(txn.commit()?)
    }

    /// Closes, then opens again what is on the disk. Stays closed when that fails.
    pub(crate) fn reopen(&self) -> Result<(), redb::Error> {
        let mut database = self.exclusive();
        // First, for a second handle on the file would find it locked.
        *database = None;
        *database = Some(self.source.open()?);
        Ok(())
    }

    /// Closes, whatever state the file is in.
    pub(crate) fn abandon(&self) {
        *self.exclusive() = None;
    }

    /// Closes cleanly, so that the next start need not check the whole file, and gives up the data directory.
    pub(crate) fn close(&self) -> Result<(), redb::Error> {
        let closed = self.exclusive().take().map_or(Ok(()), Database::close);
        self.lock.write().unwrap_or_else(PoisonError::into_inner).take();
        Ok(closed?)
    }
}
