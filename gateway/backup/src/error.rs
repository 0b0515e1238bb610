//! What can go wrong. Each is one line that says what to do.

use std::io;
use std::path::{Path, PathBuf};

/// Text that is no recovery key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is not a recovery key: it begins with AGE-SECRET-KEY-1 and has 74 characters; look at the recovery sheet"
)]
pub struct BadKey;

/// Why there is no backup, or nothing was restored from one.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// It is another kind of file.
    #[error("this is not a backup of gatehouse")]
    NotABackup,
    /// It is encrypted, and no key was given.
    #[error("this backup is encrypted: give the recovery key from the recovery sheet")]
    KeyNeeded,
    /// It was encrypted to other keys.
    #[error("this is not the key of this backup; was another recovery key made since, or is it of another home?")]
    WrongKey,
    /// It was written by a later version.
    #[error(
        "this backup was made by a newer gatehouse (format {found}, this one knows {known}); install that version or a later one"
    )]
    TooNew {
        /// The backup's format.
        found: u32,
        /// The newest that this version knows.
        known: u32,
    },
    /// It is not whole, or not as it was written.
    #[error("this backup is damaged ({0}); take another one")]
    Damaged(String),
    /// Reading or writing failed.
    #[error("cannot read or write {}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Writing the backup itself failed.
    #[error("cannot write the backup: {0}; check the disk and its free space")]
    Out(io::Error),
}

impl BackupError {
    pub(crate) fn at(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}
