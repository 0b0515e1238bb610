//! A backup into a data directory that no daemon runs on. At whatever point it is interrupted, the home is the old one or the new one.

use super::{AUTHORITY, CONTENTS, DATABASE, HEADER, secrets};
use crate::exit::Failure;
use gatehouse_backup::{BackupError, Key, Manifest, unpack};
use gatehouse_seal::Seal;
use gatehouse_store::{DirectoryLock, OpenError, SNAPSHOT_NAME};
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::path::Path;

/// What is being unpacked, and may be half of a home.
const UNFINISHED: &str = "restored.new";
/// A whole home, which is to take the place of the one that there is.
const RESTORED: &str = "restored";
/// The home that was there before.
const REPLACED: &str = "replaced";

/// Puts the home of a backup in the place of the one in a data directory, which is kept in a directory `replaced` there. One that
/// somebody owns is left alone unless `replace` says so.
pub(super) fn restore(data_dir: &Path, backup: &Path, keys: &[Key], replace: bool) -> Result<Manifest, Failure> {
    let _alone = alone(data_dir)?;
    move_in(data_dir).map_err(|error| disk(data_dir, &error))?;
    let database = data_dir.join(DATABASE);
    // One that cannot be read is somebody's, too.
    if !replace && database.exists() && !matches!(gatehouse_store::has_owner(&database), Ok(false)) {
        return Err(Failure::failed(format!(
            "there is a home in {}; with --replace the backup takes its place, and it is kept in {}",
            data_dir.display(),
            data_dir.join(REPLACED).display()
        )));
    }
    // The daemon seals what is to be sealed when it starts: only it has the key.
    let manifest = stage(data_dir, backup, keys, &Seal::none())?;
    move_in(data_dir).map_err(|error| disk(data_dir, &error))?;
    Ok(manifest)
}

/// Unpacks and checks a backup, and puts it where [`finish`] finds it. What it is to take the place of is not touched, and may be in
/// use.
pub(super) fn stage(data_dir: &Path, backup: &Path, keys: &[Key], seal: &Seal) -> Result<Manifest, Failure> {
    let unfinished = data_dir.join(UNFINISHED);
    remove(&unfinished).map_err(|error| disk(data_dir, &error))?;
    let unpacked = unpack_whole(backup, keys, seal, &unfinished).and_then(|manifest| {
        remove(&data_dir.join(REPLACED)).map_err(|error| disk(data_dir, &error))?;
        let given =
            give_to_owner(data_dir, &unfinished).and_then(|()| fs::rename(&unfinished, data_dir.join(RESTORED)));
        given.and_then(|()| File::open(data_dir)?.sync_all()).map_err(|error| disk(data_dir, &error))?;
        Ok(manifest)
    });
    unpacked.inspect_err(|_| drop(remove(&unfinished)))
}

/// Gives up what was staged.
pub(super) fn discard(data_dir: &Path) {
    if let Err(error) = remove(&data_dir.join(RESTORED)) {
        tracing::error!(%error, "a backup that is not to be restored could not be taken away");
    }
}

/// Finishes what was interrupted between a home that is whole and its place. Does nothing where nothing was.
pub(crate) fn finish(data_dir: &Path) -> Result<(), Failure> {
    if !data_dir.join(RESTORED).exists() {
        return Ok(());
    }
    let _alone = alone(data_dir)?;
    move_in(data_dir).map_err(|error| disk(data_dir, &error))
}

fn alone(data_dir: &Path) -> Result<DirectoryLock, Failure> {
    gatehouse_store::lock(data_dir).map_err(|error| match error {
        OpenError::Locked { .. } => Failure::temporary(format!(
            "a gateway is running on {}; stop it first (sudo systemctl stop gatehouse) and start it after",
            data_dir.display()
        )),
        error => Failure::failed(error),
    })
}

fn disk(data_dir: &Path, error: &io::Error) -> Failure {
    Failure::failed(format!(
        "cannot restore into {}: {error}; check the disk, its free space and who owns it",
        data_dir.display()
    ))
}

fn unpack_whole(backup: &Path, keys: &[Key], seal: &Seal, into: &Path) -> Result<Manifest, Failure> {
    let shown = backup.display();
    let file =
        File::open(backup).map_err(|error| Failure::failed(format!("cannot read the backup {shown}: {error}")))?;
    let manifest =
        unpack(io::BufReader::new(file), keys, &CONTENTS, secrets(seal), into).map_err(|error| match error {
            BackupError::KeyNeeded => Failure::usage(format!(
                "{shown} is encrypted: give the recovery key from the recovery sheet, in a file, as --key-file FILE"
            )),
            error => Failure::failed(format!("{shown}: {error}")),
        })?;
    for name in [DATABASE, AUTHORITY[0]] {
        if !into.join(name).is_file() {
            return Err(Failure::failed(format!("{shown}: {name} is not in it; take another backup")));
        }
    }
    gatehouse_store::revive(&into.join(DATABASE)).map_err(|error| match error {
        OpenError::TooNew { .. } => Failure::failed(format!(
            "{shown} was made by gatehouse {}, which is newer than this one; install that version or a later one",
            manifest.version
        )),
        error => Failure::failed(format!("{shown} holds no home that can be read: {error}")),
    })?;
    Ok(manifest)
}

/// As root, what is written belongs to whoever the data directory belongs to: the daemon's user.
fn give_to_owner(data_dir: &Path, path: &Path) -> io::Result<()> {
    let (owner, mine) = (fs::metadata(data_dir)?, fs::symlink_metadata(path)?);
    if (owner.uid(), owner.gid()) != (mine.uid(), mine.gid()) {
        chown(path, Some(owner.uid()), Some(owner.gid()))?;
    }
    if mine.is_dir() {
        for entry in fs::read_dir(path)? {
            give_to_owner(data_dir, &entry?.path())?;
        }
    }
    Ok(())
}

/// Each piece goes on its own: what is there goes to the side as long as what comes in is still outside.
fn move_in(data_dir: &Path) -> io::Result<()> {
    let (restored, replaced) = (data_dir.join(RESTORED), data_dir.join(REPLACED));
    if !restored.exists() {
        return Ok(());
    }
    // It holds the key of an authority.
    DirBuilder::new().recursive(true).mode(0o700).create(&replaced)?;
    give_to_owner(data_dir, &replaced)?;
    // The authority first: a database without one would be given another, which no board trusts.
    for (piece, besides) in [("tls", None), (HEADER, None), (DATABASE, Some(SNAPSHOT_NAME))] {
        if !restored.join(piece).exists() {
            continue;
        }
        for there in [Some(piece), besides].into_iter().flatten() {
            move_if_there(&data_dir.join(there), &replaced.join(there))?;
        }
        fs::rename(restored.join(piece), data_dir.join(piece))?;
    }
    File::open(data_dir)?.sync_all()?;
    remove(&restored)
}

fn move_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn remove(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
