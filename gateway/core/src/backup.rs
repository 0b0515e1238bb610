//! The home's backups: to whom they are encrypted, and how they stand.

use crate::time::Wall;
use std::fmt;
use std::sync::Arc;

/// How the backups of a home stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backups {
    /// Where they go by themselves; none for nowhere.
    pub directory: Option<Arc<str>>,
    /// Whether one is being made, or proved, just now.
    pub making: bool,
    /// Those that there are, the newest first.
    pub kept: Vec<Backup>,
    /// The last one that was restored for a trial, and was whole.
    pub proven: Option<Proven>,
    /// Why there is none, when the last try failed: within a sentence, without its end.
    pub problem: Option<Arc<str>>,
}

/// A backup that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// The name of its file.
    pub name: Arc<str>,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was written, as the machine's clock was then.
    pub made_at: Wall,
}

/// That a backup was restored for a trial, and was whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The name of its file.
    pub name: Arc<str>,
    /// When, as the machine's clock was then.
    pub at: Wall,
}

/// The public half of the home's recovery key: `age1` and 58 characters more. The secret half is on paper.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BackupKey(Arc<str>);

/// Text that is no public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadBackupKey;

impl fmt::Display for BadBackupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a public key for backups: age1 and 58 characters more")
    }
}

impl BackupKey {
    /// From its text; whether its sum is right is for whoever encrypts to it.
    pub fn new(text: &str) -> Result<Self, BadBackupKey> {
        let rest = text.strip_prefix("age1").ok_or(BadBackupKey)?;
        let good = rest.len() == 58 && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if good { Ok(Self(text.into())) } else { Err(BadBackupKey) }
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_told_from_what_is_none() {
        let good = format!("age1{}", "q9".repeat(29));
        assert_eq!(BackupKey::new(&good).unwrap().as_str(), good);
        for bad in ["", "age1", &good[1..], &good[..61], &format!("{good}q"), &good.to_uppercase(), "AGE-SECRET-KEY-1"]
        {
            assert_eq!(BackupKey::new(bad), Err(BadBackupKey), "{bad}");
        }
    }
}
