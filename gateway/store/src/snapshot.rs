//! Copies of the database in files of their own, made while it is open, and proved to be readable.

use crate::check::check;
use crate::error::{Fault, OpenError, SnapshotError};
use crate::migrate::SCHEMA;
use crate::open::{file_source, schema};
use crate::reader::Reader;
use crate::tables::{self, BOOT, COMMIT, META};
use gatehouse_core::ids::MAX_BOOTS;
use redb::{Database, ReadableDatabase, ReadableTable};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// The rolling snapshot, beside the database's file.
pub const SNAPSHOT_NAME: &str = "gatehouse.redb.snapshot";
/// Starts that a copy is ahead of what it was made of once it takes the place of the original: that may have gone on since,
/// and what it gave out in the meantime must not be given out again.
const BOOTS_AHEAD: u64 = 1_000;

/// What became of the wish for a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Snapshot {
    /// It is there, and can be read.
    Made {
        /// Its size in bytes.
        bytes: u64,
    },
    /// Nothing was written since the last one, which is still there.
    Unchanged,
}

impl Reader {
    /// Brings the rolling snapshot in the data directory up to date: what is committed now, copied row by row into a new
    /// file (mode 0600), which is synced, checked (every page against its checksum, every record of the home decoded) and only then takes the
    /// place of the one before. That one stays when anything fails. Blocks for as long as reading and writing the whole
    /// database takes; the writer goes on meanwhile.
    pub fn keep_snapshot(&self, data_dir: &Path) -> Result<Snapshot, SnapshotError> {
        let path = data_dir.join(SNAPSHOT_NAME);
        let commit = self.commit().map_err(|fault| fault.of_snapshot(&path))?;
        if commit_of(&path).is_some_and(|kept| kept == commit) {
            return Ok(Snapshot::Unchanged);
        }
        self.snapshot(&path).map(|bytes| Snapshot::Made { bytes })
    }

    /// Writes a snapshot to a file of the caller's, in the same way. Returns its size in bytes.
    pub fn snapshot(&self, path: &Path) -> Result<u64, SnapshotError> {
        let unfinished = with_suffix(path, ".new");
        let made = self.write_copy(&unfinished).map_err(|fault| fault.of_snapshot(path));
        let proved = made.and_then(|()| check(&unfinished).map_err(|error| SnapshotError::of(path, error.to_string())));
        let placed = proved.and_then(|()| {
            let placed =
                fs::metadata(&unfinished).and_then(|found| put_in_place(&unfinished, path).map(|()| found.len()));
            placed.map_err(|error| SnapshotError::of(path, error.to_string()))
        });
        placed.inspect_err(|_| {
            // It is of no use, and a full disk is not to stay full for it.
            drop(fs::remove_file(&unfinished));
        })
    }

    fn write_copy(&self, to: &Path) -> Result<(), Fault> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(to);
        drop(file.map_err(Fault::from)?);
        let copy = file_source(to.to_owned()).open()?;
        self.with_transaction(|from| {
            let txn = copy.begin_write()?;
            tables::copy(from, &txn)?;
            // redb's default durability: synced before it returns.
            txn.commit()?;
            Ok(())
        })?;
        Ok(copy.close()?)
    }

    fn commit(&self) -> Result<u64, Fault> {
        self.with_transaction(|txn| Ok(txn.open_table(META)?.get(COMMIT)?.map_or(0, |value| value.value())))
    }
}

/// None when there is no snapshot, or it cannot be read, or another version wrote it: one whose upgrade was taken back, say.
fn commit_of(path: &Path) -> Option<u64> {
    let commit = || -> Result<Option<u64>, Fault> {
        let database = file_source(path.to_owned()).open_read_only()?;
        let txn = database.begin_read()?;
        let commit = txn.open_table(META)?.get(COMMIT)?.map(|value| value.value());
        Ok(commit.filter(|_| schema(&txn).is_ok_and(|found| found == SCHEMA)))
    };
    // redb may panic on a file that something else changed.
    catch_unwind(AssertUnwindSafe(commit)).ok()?.ok()?
}

/// Makes of a copy that was [checked](check) a database that can take the place of what it was copied from: the same records, and starts
/// that were not counted yet, so that no id is given out twice.
pub fn revive(copy: &Path) -> Result<(), OpenError> {
    check(copy)?;
    raise_boots(copy).map_err(|fault| fault.at(copy.to_owned()))
}

fn raise_boots(path: &Path) -> Result<(), Fault> {
    let database: Database = file_source(path.to_owned()).open()?;
    let txn = database.begin_write()?;
    {
        let mut meta = txn.open_table(META)?;
        let boot = meta.get(BOOT)?.map_or(0, |value| value.value());
        meta.insert(BOOT, (boot + BOOTS_AHEAD).min(u64::from(MAX_BOOTS) - 2).max(boot))?;
    }
    txn.commit()?;
    Ok(database.close()?)
}

/// Gives a finished file its name, for good.
pub(crate) fn put_in_place(finished: &Path, path: &Path) -> io::Result<()> {
    fs::rename(finished, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
