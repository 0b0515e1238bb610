//! A start from the snapshot, when the database's file cannot be read or is gone.

use crate::error::OpenError;
use crate::snapshot::{self, SNAPSHOT_NAME, revive, with_suffix};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What Linux says when a sector of the card cannot be read.
const EIO: i32 = 5;

/// The database could not be read, so the gateway started from the snapshot beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// What was wrong with the database.
    pub why: String,
    /// When the snapshot was made, by the machine's clock of then.
    pub made_at: Option<SystemTime>,
    /// Where the database that could not be read is now; none when it was gone.
    pub aside: Option<PathBuf>,
}

/// Whether a snapshot may help: not when the disk cannot be read at all, another daemon has the file, or a later version wrote it.
pub(crate) fn may_help(error: &OpenError) -> bool {
    match error {
        OpenError::NotADatabase { .. } | OpenError::Damaged { .. } | OpenError::DamagedRow { .. } => true,
        OpenError::Io { source, .. } => {
            matches!(&**source, redb::Error::Io(error) if error.raw_os_error() == Some(EIO))
        }
        OpenError::Directory { .. }
        | OpenError::Locked { .. }
        | OpenError::TooNew { .. }
        | OpenError::BootsUsedUp { .. } => false,
    }
}

/// Puts the snapshot in the place of the database `path`, which is kept beside it. None when there is no snapshot, or it is no
/// better. At whatever point this is interrupted, the next start comes to the same.
pub(crate) fn from_snapshot(path: &Path, why: String) -> Option<Recovered> {
    let snapshot = path.with_file_name(SNAPSHOT_NAME);
    let made_at = fs::metadata(&snapshot).ok()?.modified().ok();
    let revived = with_suffix(path, ".new");
    let copied = fs::copy(&snapshot, &revived).and_then(|_| File::open(&revived)?.sync_all());
    if let Err(error) =
        copied.map_err(|error| error.to_string()).and_then(|()| revive(&revived).map_err(|e| e.to_string()))
    {
        tracing::error!(%error, "the snapshot is no better than the database");
        drop(fs::remove_file(&revived));
        return None;
    }
    let damaged = with_suffix(path, ".damaged");
    let aside = match fs::rename(path, &damaged) {
        Ok(()) => Some(damaged),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            tracing::error!(%error, "the damaged database could not be moved aside");
            return None;
        }
    };
    if let Err(error) = snapshot::put_in_place(&revived, path) {
        tracing::error!(%error, "the snapshot could not be put in the database's place");
        return None;
    }
    tracing::error!(
        why,
        "the database could not be read: started from its snapshot, without what happened since it was made"
    );
    Some(Recovered { why, made_at, aside })
}
