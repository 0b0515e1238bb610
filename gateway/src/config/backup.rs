//! Section `[backup]`: where backups go by themselves, and how many are kept.

use crate::exit::Failure;
use serde::Deserialize;
use std::path::{Path, PathBuf};

pub(super) const KEYS: &[&str] = &["directory", "keep", "days"];

/// Where backups go, and how long they stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Backups {
    /// Where to; none for nowhere.
    pub(crate) directory: Option<PathBuf>,
    /// Whether that is made when it is missing: only the one beside the data. One that somebody named is where a stick should be.
    pub(crate) make_directory: bool,
    /// The newest that are kept.
    pub(crate) keep: usize,
    /// After how many days one goes all the same, unless it is the newest.
    pub(crate) days: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawBackup {
    directory: Option<PathBuf>,
    keep: i64,
    days: i64,
}

impl Default for RawBackup {
    fn default() -> Self {
        Self { directory: None, keep: 14, days: 90 }
    }
}

impl RawBackup {
    pub(super) fn check(self, data_dir: &Path) -> Result<Backups, Failure> {
        let number = |key: &str, asked: i64, most: u64| {
            u64::try_from(asked)
                .ok()
                .filter(|number| (1..=most).contains(number))
                .ok_or_else(|| Failure::usage(format!("[backup] {key} = {asked} must be from 1 to {most}")))
        };
        let usual = data_dir.join("backups");
        let directory = self.directory.unwrap_or_else(|| usual.clone());
        let make_directory = directory == usual;
        if !directory.as_os_str().is_empty() && !directory.is_absolute() && !make_directory {
            let shown = directory.display();
            return Err(Failure::usage(format!(
                "[backup] directory = \"{shown}\" must be a whole path, such as /media/backups"
            )));
        }
        let keep = usize::try_from(number("keep", self.keep, 1_000)?).unwrap_or(usize::MAX);
        let days = number("days", self.days, 3_650)?;
        Ok(Backups {
            directory: Some(directory).filter(|path| !path.as_os_str().is_empty()),
            make_directory,
            keep,
            days,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(directory: Option<&str>, keep: i64, days: i64) -> Result<Backups, String> {
        let raw = RawBackup { directory: directory.map(PathBuf::from), keep, days };
        raw.check(Path::new("/data")).map_err(|failure| format!("{failure:?}"))
    }

    #[test]
    fn backups_go_beside_the_data_or_where_somebody_says_or_nowhere() {
        let usual = RawBackup::default().check(Path::new("/data")).unwrap();
        assert_eq!(usual.directory.as_deref(), Some(Path::new("/data/backups")));
        assert_eq!((usual.make_directory, usual.keep, usual.days), (true, 14, 90));
        let stick = checked(Some("/media/stick"), 1, 3_650).unwrap();
        assert_eq!((stick.directory.as_deref(), stick.make_directory), (Some(Path::new("/media/stick")), false));
        assert_eq!(checked(Some(""), 14, 90).unwrap().directory, None);
        for (bad, saying) in [
            (checked(Some("stick"), 14, 90), "whole path"),
            (checked(None, 0, 90), "keep = 0"),
            (checked(None, -1, 90), "keep = -1"),
            (checked(None, 14, 3_651), "days = 3651"),
        ] {
            assert!(bad.clone().is_err_and(|text| text.contains(saying)), "{bad:?}");
        }
    }
}
