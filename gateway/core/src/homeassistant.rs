//! How Home Assistant is told of this home: what the owner set, and what is announced now.
//!
//! What is announced follows what is on disk. The MQTT edge publishes it, in the words that `wire` has for it.

use crate::ids::{DeviceId, SwitchId};
use crate::name::{BoardId, Endpoint, Name};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Longest discovery prefix, in bytes.
pub const MAX_PREFIX_BYTES: usize = 64;
/// Most levels of a discovery prefix, which are separated by `/`.
pub const MAX_PREFIX_LEVELS: usize = 4;
/// How often everything is announced again at most, however often Home Assistant says that it started.
pub const ROUND_PAUSE: Duration = Duration::from_secs(10);

/// In which form devices are announced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Form {
    /// One message a device; Home Assistant since 2024.11.
    #[default]
    Device,
    /// One message a switch: for older Home Assistants, and for openHAB 5.0 and older.
    Component,
    /// Not at all.
    Off,
}

/// What the topics of Home Assistant's discovery begin with: 1 to [`MAX_PREFIX_BYTES`] bytes of `[A-Za-z0-9_-]` in at most
/// [`MAX_PREFIX_LEVELS`] levels, the first of which is not `homie`, where boards speak.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Prefix(Arc<str>);

impl Default for Prefix {
    fn default() -> Self {
        Self("homeassistant".into())
    }
}

/// Text that is not a discovery prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPrefix;

impl fmt::Display for BadPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "A discovery prefix has 1 to {MAX_PREFIX_BYTES} characters of A-Z, a-z, 0-9, - and _, in at most \
             {MAX_PREFIX_LEVELS} levels separated by /, and the first level is not homie."
        )
    }
}

impl std::error::Error for BadPrefix {}

impl Prefix {
    /// Takes a prefix as it is.
    pub fn new(text: &str) -> Result<Self, BadPrefix> {
        let letter = |b: u8| matches!(b, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        let good = text.len() <= MAX_PREFIX_BYTES
            && text.split('/').count() <= MAX_PREFIX_LEVELS
            && text.split('/').all(|level| !level.is_empty() && level.bytes().all(letter))
            && text.split('/').next() != Some("homie");
        if good { Ok(Self(text.into())) } else { Err(BadPrefix) }
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the owner set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HomeAssistant {
    /// In which form devices are announced.
    pub form: Form,
    /// Where.
    pub prefix: Prefix,
}

/// A switch as it is announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnouncedSwitch {
    /// Its id, by which Home Assistant knows it for as long as it lives.
    pub id: SwitchId,
    /// Which endpoint of its board.
    pub endpoint: Endpoint,
    /// What people call it.
    pub name: Name,
}

/// A device as it is announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnouncedDevice {
    /// Its id, by which Home Assistant knows it.
    pub id: DeviceId,
    /// The board behind it.
    pub board: BoardId,
    /// What people call it.
    pub name: Name,
    /// Where it is: its room, else the one room that all its switches are in.
    pub room: Option<Name>,
    /// The hardware, as far as the board has told in this run.
    pub model: Option<Arc<str>>,
    /// The firmware's version, as far as the board has told in this run.
    pub firmware: Option<Arc<str>>,
    /// Its switches, by their ids.
    pub switches: Vec<AnnouncedSwitch>,
}

/// Everything that is announced, at one moment. Cheap to compare where it is the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announced {
    /// In which form, and where.
    pub set: HomeAssistant,
    /// Rises when everything is to be announced again, as it is.
    pub round: u64,
    /// All claimed devices, announced or, with [`Form::Off`], not.
    pub devices: BTreeMap<DeviceId, Arc<AnnouncedDevice>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_plain_levels_and_never_where_boards_speak() {
        for good in ["homeassistant", "a", "HA_1/x-y", "a/homie", "homies", "a/b/c/d", &"a".repeat(64)] {
            assert_eq!(Prefix::new(good).map(|prefix| prefix.to_string()), Ok(good.to_owned()));
        }
        for bad in ["", "/", "a/", "/a", "a//b", "a b", "+", "a/#", "$SYS", "ü", "a\n", "homie", "homie/5", "a/b/c/d/e"]
        {
            assert_eq!(Prefix::new(bad), Err(BadPrefix), "{bad:?}");
        }
        assert_eq!(Prefix::new(&"a".repeat(65)), Err(BadPrefix));
        assert_eq!(Prefix::new(Prefix::default().as_str()), Ok(Prefix::default()));
    }
}
