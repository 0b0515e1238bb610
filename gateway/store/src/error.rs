//! What can go wrong, by operation. Each is one line that says what to do.

use crate::inbox::Batch;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why the database could not be opened. The file was not changed, unless it says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory cannot be made or used.
    #[error("cannot use the data directory {}: {source}; create it and give it to the user that runs gatehouse", path.display())]
    Directory {
        /// The data directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another daemon has the file.
    #[error("another gatehouse is running on the data directory {}; stop it, or choose another data directory", path.display())]
    Locked {
        /// The data directory, or the file.
        path: PathBuf,
    },
    /// Something else lies where the database should be.
    #[error("{} is not a gatehouse database and was left as it is; move it away, or restore a backup in its place", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is a database but cannot be read.
    #[error("the database {} is damaged ({what}) and was left as it is; restore a backup in its place", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// One row cannot be read. Leaving it out would silently lose a credential or a switch, so nothing is opened.
    #[error("the database {} is damaged (table {table}, key {key:x}: {why}) and was left as it is; restore a backup in its place", path.display())]
    DamagedRow {
        /// The file.
        path: PathBuf,
        /// The table.
        table: String,
        /// The raw id.
        key: u64,
        /// What is wrong with the row.
        why: String,
    },
    /// The file was written by a later version.
    #[error("the database {} was written by a newer gatehouse (schema {found}, this one knows {known}); install that version or a later one", path.display())]
    TooNew {
        /// The file.
        path: PathBuf,
        /// The file's schema.
        found: u64,
        /// The newest schema that this version knows.
        known: u64,
    },
    /// The ids are used up.
    #[error("the database {} was started {boots} times, which is all that its ids allow; begin a new one in another data directory", path.display())]
    BootsUsedUp {
        /// The file.
        path: PathBuf,
        /// How often.
        boots: u64,
    },
    /// Reading or writing failed.
    #[error("cannot read or write the database {}: {source}; check the disk, its free space and who owns the file", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What failed.
        source: Box<redb::Error>,
    },
}

/// Why a read gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The database is closed, because the gateway stops or because its disk failed; in the latter case it is
    /// opened again as soon as the disk can be written.
    #[error("the database is closed; try again in a moment")]
    Closed,
    /// One row cannot be read.
    #[error("the database is damaged (table {table}, key {key:x}: {why}); restore a backup")]
    DamagedRow {
        /// The table.
        table: String,
        /// The raw id.
        key: u64,
        /// What is wrong with the row.
        why: String,
    },
    /// Reading failed.
    #[error("cannot read the database: {0}; check the disk")]
    Io(Box<redb::Error>),
}

/// Why there is no snapshot.
#[derive(Debug, thiserror::Error)]
#[error("no snapshot of the database could be made at {}: {why}; check the disk and its free space", path.display())]
pub struct SnapshotError {
    /// Where it was to be.
    pub path: PathBuf,
    /// What went wrong.
    pub why: String,
}

/// Why a batch is not on the disk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot write the database: {0}; check the disk and its free space")]
pub struct WriteError(pub(crate) Arc<str>);

/// Why the writer did not end well.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StopError {
    /// The disk could not be written to the end.
    #[error("{records} records could not be written: {source}")]
    NotWritten {
        /// How many were given up.
        records: usize,
        /// Why.
        source: WriteError,
    },
    /// A commit that was reported as failed turned out to be on the disk, so memory and disk differ.
    #[error("a write that had failed is on the disk after all; restart gatehouse to go on from what the disk holds")]
    Diverged,
    /// The writer panicked; the panic's message is in the log.
    #[error("the database's writer failed; restart gatehouse")]
    Panicked,
    /// What was queued is on disk, but the file was not closed cleanly; the next start checks it.
    #[error("the database was not closed cleanly: {0}")]
    Close(String),
}

/// The queue takes no more: the writer is behind, or has ended. The batch is handed back.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the database's writer is too far behind")]
pub struct Full(pub Batch);

/// What an operation inside the crate met, before anyone knows the path.
#[derive(Debug)]
pub(crate) enum Fault {
    Redb(redb::Error),
    Row { table: String, key: u64, why: String },
    TooNew { found: u64, known: u64 },
    BootsUsedUp(u64),
    Damaged(String),
}

impl<E: Into<redb::Error>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Redb(error.into())
    }
}

impl SnapshotError {
    pub(crate) fn of(path: &Path, why: String) -> Self {
        Self { path: path.to_owned(), why }
    }
}

impl Fault {
    pub(crate) fn of_snapshot(self, path: &Path) -> SnapshotError {
        let why = match self {
            Self::Redb(error) => error.to_string(),
            Self::Row { table, key, why } => format!("table {table}, key {key:x}: {why}"),
            Self::TooNew { .. } | Self::BootsUsedUp(_) => "it was written by another version".to_owned(),
            Self::Damaged(what) => what,
        };
        SnapshotError::of(path, why)
    }

    pub(crate) fn at(self, path: PathBuf) -> OpenError {
        match self {
            Self::Row { table, key, why } => OpenError::DamagedRow { path, table, key, why },
            Self::TooNew { found, known } => OpenError::TooNew { path, found, known },
            Self::BootsUsedUp(boots) => OpenError::BootsUsedUp { path, boots },
            Self::Damaged(what) => OpenError::Damaged { path, what },
            Self::Redb(error) => match error {
                redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => OpenError::Locked { path },
                // redb says so when the first bytes are not its own.
                redb::Error::Io(e) if e.kind() == io::ErrorKind::InvalidData => OpenError::NotADatabase { path },
                redb::Error::Io(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
                    OpenError::Damaged { path, what: "it ends too early".to_owned() }
                }
                error @ (redb::Error::Io(_) | redb::Error::PreviousIo) => {
                    OpenError::Io { path, source: Box::new(error) }
                }
                error => OpenError::Damaged { path, what: error.to_string() },
            },
        }
    }
}
