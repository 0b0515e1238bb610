//! What the header keeps as a board keeps it in its flash: settings of its relays, and how they were.

use gatehouse_core::board_settings::{MAX_INTERLOCK, PowerOn, Pulse};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What is kept of one relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeptRelay {
    pub(crate) power_on: PowerOn,
    pub(crate) pulse: Pulse,
    /// 0 for none.
    pub(crate) interlock: u8,
    /// How it was, for those that come back so.
    pub(crate) on: bool,
}

impl KeptRelay {
    /// The same of a relay that is on or off; that is kept only of those that come back so.
    pub(crate) fn being(self, on: bool) -> Self {
        Self { on: on && self.power_on == PowerOn::Restore, ..self }
    }
}

impl Default for KeptRelay {
    fn default() -> Self {
        Self { power_on: PowerOn::Off, pulse: Pulse::default(), interlock: 0, on: false }
    }
}

/// Settings of relays by their pins, also of pins that are not in use now, and in which boot of the machine they were driven last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    pub(crate) boot: String,
    pub(crate) relays: BTreeMap<u8, KeptRelay>,
}

#[derive(Serialize, Deserialize)]
struct Page {
    boot: String,
    relays: BTreeMap<u8, Row>,
}

#[derive(Serialize, Deserialize)]
struct Row {
    power_on: String,
    pulse_ms: u32,
    interlock: u8,
    on: bool,
}

const POLICIES: [(&str, PowerOn); 3] = [("off", PowerOn::Off), ("on", PowerOn::On), ("restore", PowerOn::Restore)];

impl Kept {
    /// Where it is in the data directory.
    pub fn path(data_dir: &Path) -> PathBuf {
        data_dir.join("header.json")
    }

    /// Reads what was kept; nothing when there is none. What cannot be read is said and taken for nothing: then relays stay off until
    /// somebody sets them otherwise.
    pub fn read(path: &Path) -> Self {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Self::default(),
            Err(error) => {
                tracing::error!(%error, "{} cannot be read: relays of the header are off, without settings", path.display());
                return Self::default();
            }
        };
        Self::parse(&text).unwrap_or_else(|why| {
            tracing::error!(why, "{} is damaged: relays of the header are off, without settings", path.display());
            Self::default()
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let file: Page = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let relays = file.relays.into_iter().map(|(pin, row)| {
            let policy = POLICIES.iter().find(|(word, _)| *word == row.power_on);
            let power_on = policy.ok_or_else(|| format!("{:?} is no setting for power", row.power_on))?.1;
            let pulse = Pulse::from_millis(row.pulse_ms).ok_or_else(|| format!("no pulse has {} ms", row.pulse_ms))?;
            if row.interlock > MAX_INTERLOCK {
                return Err(format!("there is no interlock group {}", row.interlock));
            }
            Ok((pin, KeptRelay { power_on, pulse, interlock: row.interlock, on: row.on }))
        });
        Ok(Self { boot: file.boot, relays: relays.collect::<Result<_, String>>()? })
    }

    /// Writes it in the place of what was there: after a cut of power there is the one or the other.
    pub(crate) fn write(&self, path: &Path) -> std::io::Result<()> {
        let row = |kept: &KeptRelay| {
            let word = POLICIES.iter().find(|(_, policy)| *policy == kept.power_on).map_or("off", |(word, _)| word);
            Row { power_on: word.to_owned(), pulse_ms: kept.pulse.millis(), interlock: kept.interlock, on: kept.on }
        };
        let relays = self.relays.iter().map(|(pin, kept)| (*pin, row(kept))).collect();
        let text = serde_json::to_string_pretty(&Page { boot: self.boot.clone(), relays })?;
        let beside = path.with_extension("new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, path)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = Kept::path(folder.path());
        assert_eq!(Kept::read(&path), Kept::default(), "there is none yet");
        let gate = KeptRelay { pulse: Pulse::from_millis(500).unwrap(), interlock: 2, ..KeptRelay::default() };
        let lamp = KeptRelay { power_on: PowerOn::Restore, on: true, ..KeptRelay::default() };
        let kept = Kept { boot: "a".to_owned(), relays: [(17, gate), (4, lamp)].into() };
        for _ in 0..2 {
            kept.write(&path).unwrap();
            assert_eq!(Kept::read(&path), kept);
        }
        let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(files, ["header.json"]);
    }

    #[test]
    fn what_is_damaged_turns_nothing_on() {
        for (text, why) in [
            ("{", "EOF"),
            (r#"{"boot":"","relays":{"4":{"power_on":"maybe","pulse_ms":0,"interlock":0,"on":true}}}"#, "maybe"),
            (r#"{"boot":"","relays":{"4":{"power_on":"on","pulse_ms":5,"interlock":0,"on":true}}}"#, "5 ms"),
            (r#"{"boot":"","relays":{"4":{"power_on":"on","pulse_ms":0,"interlock":9,"on":true}}}"#, "group 9"),
        ] {
            let said = Kept::parse(text).unwrap_err();
            assert!(said.contains(why), "{said}");
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(Kept::path(folder.path()), text).unwrap();
            assert_eq!(Kept::read(&Kept::path(folder.path())), Kept::default());
        }
    }
}
