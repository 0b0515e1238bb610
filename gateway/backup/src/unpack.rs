//! A file into a directory, believing nothing of it.

use crate::error::BackupError;
use crate::key::Key;
use crate::pack::hexadecimal;
use crate::{FORMAT, Listed, MANIFEST, MAX_MANIFEST, MAX_SECRET, Manifest, Secrets};
use age::{DecryptError, Decryptor};
use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use tar::{Archive, EntryType};

/// How an encrypted file begins.
const AGE: &[u8] = b"age-encryption.org/v1\n";
/// How one that is not begins: gzip's magic number.
const GZIP: &[u8] = &[0x1f, 0x8b];

/// Most bytes of nothing behind the last file: tar fills up to a record of 10 KiB.
const MAX_PADDING: u64 = 64 * 1024;

/// Unpacks what is in a backup and is `wanted` into a directory, which is made (mode 0700; files 0600) and must not be there yet: of
/// names that are not wanted, and of what the manifest does not list, nothing is. All of it is synced and has the sums of the
/// manifest when this returns `Ok`; after an error, what is in the directory is of no use. Secrets lie there sealed, where there is a
/// key for that, and have never lain there in another way.
pub fn unpack(
    mut from: impl Read,
    keys: &[Key],
    wanted: &[&str],
    secrets: Secrets<'_>,
    into: &Path,
) -> Result<Manifest, BackupError> {
    let mut start = Vec::new();
    let begin = from.by_ref().take(AGE.len() as u64).read_to_end(&mut start);
    begin.map_err(|error| BackupError::Damaged(error.to_string()))?;
    let whole = io::Cursor::new(start.clone()).chain(from);
    if start.starts_with(GZIP) {
        return archive(whole, wanted, secrets, into);
    }
    if start != AGE {
        return Err(BackupError::NotABackup);
    }
    if keys.is_empty() {
        return Err(BackupError::KeyNeeded);
    }
    let decryptor = Decryptor::new(whole).map_err(undecrypted)?;
    let opened = decryptor.decrypt(keys.iter().map(|key| &key.0 as &dyn age::Identity)).map_err(undecrypted)?;
    archive(opened, wanted, secrets, into)
}

fn undecrypted(error: DecryptError) -> BackupError {
    match error {
        DecryptError::NoMatchingKeys => BackupError::WrongKey,
        error => BackupError::Damaged(error.to_string()),
    }
}

fn damaged(error: io::Error) -> BackupError {
    BackupError::Damaged(error.to_string())
}

fn archive(from: impl Read, wanted: &[&str], secrets: Secrets<'_>, into: &Path) -> Result<Manifest, BackupError> {
    DirBuilder::new().mode(0o700).create(into).map_err(BackupError::at(into))?;
    let mut archive = Archive::new(GzDecoder::new(from));
    let mut entries = archive.entries().map_err(damaged)?;
    let Some(first) = entries.next() else { return Err(BackupError::Damaged("it is empty".to_owned())) };
    let first = first.map_err(damaged)?;
    if first.path_bytes() != MANIFEST.as_bytes() {
        return Err(BackupError::NotABackup);
    }
    let manifest = manifest(first)?;
    let mut left = manifest.files.iter();
    for entry in entries {
        let entry = entry.map_err(damaged)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let listed =
            left.next().filter(|listed| listed.name == name && entry.header().entry_type() == EntryType::Regular);
        let listed = listed.ok_or_else(|| BackupError::Damaged(format!("it does not list {name:?}")))?;
        if wanted.contains(&name.as_str()) {
            place(entry, listed, secrets, &into.join(&name))?;
        }
    }
    if let Some(missing) = left.next() {
        return Err(BackupError::Damaged(format!("{} is missing", missing.name)));
    }
    // What says that it is whole comes last.
    let rest = io::copy(&mut archive.into_inner().take(MAX_PADDING + 1), &mut io::sink()).map_err(damaged)?;
    if rest > MAX_PADDING {
        return Err(BackupError::Damaged("there is more behind its end".to_owned()));
    }
    Ok(manifest)
}

fn manifest(entry: impl Read) -> Result<Manifest, BackupError> {
    /// Of whatever format.
    #[derive(serde::Deserialize)]
    struct Format {
        format: u32,
    }
    let mut text = Vec::new();
    entry.take(MAX_MANIFEST).read_to_end(&mut text).map_err(damaged)?;
    let bad = |error: serde_json::Error| BackupError::Damaged(format!("its manifest: {error}"));
    let Format { format } = serde_json::from_slice(&text).map_err(bad)?;
    if format > FORMAT {
        return Err(BackupError::TooNew { found: format, known: FORMAT });
    }
    serde_json::from_slice(&text).map_err(bad)
}

fn place(entry: impl Read, listed: &Listed, secrets: Secrets<'_>, path: &Path) -> Result<(), BackupError> {
    let at = BackupError::at(path);
    if let Some(parent) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(&at)?;
    }
    let mut file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(&at)?;
    if secrets.names.contains(&&*listed.name) {
        if listed.bytes > MAX_SECRET {
            return Err(BackupError::Damaged(format!("{} is too long", listed.name)));
        }
        let mut secret = Vec::new();
        copy(entry, listed, &mut secret, &at)?;
        let closed = secrets.seal.close(&listed.name, &secret).map_err(&at)?;
        file.write_all(&closed).map_err(&at)?;
    } else {
        copy(entry, listed, &mut file, &at)?;
    }
    file.sync_all().map_err(&at)
}

/// Whole, and as the manifest says, when this returns `Ok`.
fn copy(
    mut entry: impl Read,
    listed: &Listed,
    to: &mut impl Write,
    at: impl Fn(io::Error) -> BackupError,
) -> Result<(), BackupError> {
    let mut sum = Sha256::new();
    let (mut buffer, mut total) = ([0; 64 * 1024], 0);
    loop {
        // Told apart, for one is the backup's fault and the other the disk's.
        let count = entry.read(&mut buffer).map_err(damaged)?;
        if count == 0 {
            break;
        }
        total += count as u64;
        if total > listed.bytes {
            break;
        }
        sum.update(&buffer[..count]);
        to.write_all(&buffer[..count]).map_err(&at)?;
    }
    if total != listed.bytes || hexadecimal(&sum.finalize()) != listed.sha256 {
        return Err(BackupError::Damaged(format!("{} is not what it was", listed.name)));
    }
    Ok(())
}
