//! A home in one file, and out of it again: what is needed to go on with it on another machine.
//!
//! The file is a gzipped tar archive, encrypted by [age](https://age-encryption.org/v1) to one or more keys, so that it can be opened
//! without this program too: `age --decrypt -i KEY FILE | tar xz`. First in it is `manifest.json`, which names what follows, with sizes and
//! SHA-256 sums. Nothing but what was asked for is ever unpacked, and nothing of it counts before all of it was checked.
//!
//! **Invariant:** only this crate knows age and tar; keys are drawn by age from the system's random source.

mod error;
mod key;
mod pack;
#[cfg(test)]
mod tests;
mod unpack;

pub use error::{BackupError, BadKey};
pub use key::{Key, Recipient};
pub use pack::{Part, pack};
pub use unpack::unpack;

use gatehouse_seal::Seal;
use serde::{Deserialize, Serialize};

/// The format that this version writes, and the newest that it reads.
pub const FORMAT: u32 = 1;
/// The manifest's name in the archive.
const MANIFEST: &str = "manifest.json";
/// Longest manifest, in bytes.
const MAX_MANIFEST: u64 = 64 * 1024;
/// Longest secret, in bytes: it is sealed in memory.
const MAX_SECRET: u64 = 64 * 1024;

/// Which files of a home are secrets, and what seals them on this machine's disk.
#[derive(Clone, Copy, Debug)]
pub struct Secrets<'a> {
    /// What seals them.
    pub seal: &'a Seal,
    /// Their names in a backup, by which they are sealed.
    pub names: &'a [&'a str],
}

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The format of the file.
    pub format: u32,
    /// The version of the gateway that wrote it.
    pub version: String,
    /// What the home was called; none when it had no owner.
    pub home: Option<String>,
    /// When it was made, in milliseconds since 1970; none when the gateway's clock could not be believed.
    pub made_at_ms: Option<u64>,
    /// What is in it.
    pub files: Vec<Listed>,
}

/// A file in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its name, with `/` between directories.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// The SHA-256 sum of its bytes, in hexadecimal digits.
    pub sha256: String,
}
