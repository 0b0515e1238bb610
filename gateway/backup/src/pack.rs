//! A home into a file.

use crate::error::BackupError;
use crate::key::Recipient;
use crate::{FORMAT, Listed, MANIFEST, Manifest, Secrets};
use age::Encryptor;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use tar::{Builder, EntryType, Header};

/// A file that goes into a backup. It must not change meanwhile.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it is called in there.
    pub name: &'static str,
    /// Where it is.
    pub path: PathBuf,
}

/// Writes a backup of these files, encrypted to all of these keys; to nobody when there are none, so that whoever has the file has the
/// home. `about` says what it is of; format and files are filled in here. Secrets are in it as they are, for another machine has
/// another seal. Returns what it says of itself.
pub fn pack(
    out: impl Write,
    about: Manifest,
    parts: &[Part],
    secrets: Secrets<'_>,
    to: &[Recipient],
) -> Result<Manifest, BackupError> {
    let listed = |part: &Part| Listed::of(part, &mut content(part, secrets)?).map_err(BackupError::at(&part.path));
    let files = parts.iter().map(listed).collect::<Result<Vec<_>, BackupError>>()?;
    let manifest = Manifest { format: FORMAT, files, ..about };
    if to.is_empty() {
        archive(out, &manifest, parts, secrets)?;
        return Ok(manifest);
    }
    let recipients = to.iter().map(|recipient| &recipient.0 as &dyn age::Recipient);
    let encryptor =
        Encryptor::with_recipients(recipients).map_err(|error| BackupError::Out(io::Error::other(error)))?;
    let encrypted = encryptor.wrap_output(out).map_err(BackupError::Out)?;
    archive(encrypted, &manifest, parts, secrets)?.finish().map_err(BackupError::Out)?;
    Ok(manifest)
}

fn archive<W: Write>(out: W, manifest: &Manifest, parts: &[Part], secrets: Secrets<'_>) -> Result<W, BackupError> {
    let mut archive = Builder::new(GzEncoder::new(out, Compression::default()));
    let text = serde_json::to_vec_pretty(manifest).map_err(|error| BackupError::Out(error.into()))?;
    archive.append_data(&mut header(text.len() as u64), MANIFEST, &text[..]).map_err(BackupError::Out)?;
    for (part, listed) in parts.iter().zip(&manifest.files) {
        let content = content(part, secrets)?.take(listed.bytes);
        archive.append_data(&mut header(listed.bytes), part.name, content).map_err(BackupError::Out)?;
    }
    archive.into_inner().and_then(GzEncoder::finish).map_err(BackupError::Out)
}

fn header(bytes: u64) -> Header {
    let mut header = Header::new_ustar();
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_entry_type(EntryType::Regular);
    header
}

/// What is in a file, opened where it is sealed.
fn content(part: &Part, secrets: Secrets<'_>) -> Result<Box<dyn Read>, BackupError> {
    let at = BackupError::at(&part.path);
    if !secrets.names.contains(&part.name) {
        return Ok(Box::new(File::open(&part.path).map_err(at)?));
    }
    let read = std::fs::read(&part.path).map_err(&at)?;
    let secret = secrets.seal.open(part.name, &read).map_err(|why| at(io::Error::other(why)))?;
    Ok(Box::new(io::Cursor::new(secret)))
}

impl Listed {
    fn of(part: &Part, content: &mut impl Read) -> io::Result<Self> {
        let mut sum = Sha256::new();
        let bytes = copy(content, |bytes| sum.update(bytes))?;
        Ok(Self { name: part.name.to_owned(), bytes, sha256: hexadecimal(&sum.finalize()) })
    }
}

/// Reads to the end. Returns how many bytes there were.
pub(crate) fn copy(from: &mut impl Read, mut take: impl FnMut(&[u8])) -> io::Result<u64> {
    let (mut buffer, mut total) = ([0; 64 * 1024], 0);
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(total),
            Ok(count) => {
                take(&buffer[..count]);
                total += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}
