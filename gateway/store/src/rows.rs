//! What lies in the tables: postcard bytes of these structs.
//!
//! Postcard names no fields. **Invariant:** the structs here are schema [`crate::migrate::SCHEMA`] as it stands: any
//! change of a field or of the order of variants, save a variant added at the end, needs a further step in
//! [`crate::migrate`]. A test pins the bytes.

mod audit;
mod identity;
mod integration;
mod invitation;
mod notice;
mod retained;
mod setting;
mod settings;
mod sharing;
mod token;
mod traffic;
mod tried;

pub(crate) use audit::{entry, to_entry};
pub(crate) use identity::{identity, to_identity};
pub(crate) use integration::{integration, to_integration};
pub(crate) use invitation::{invitation, to_invitation};
pub(crate) use notice::{notice, to_notice};
pub(crate) use retained::{retained, to_retained};
pub(crate) use setting::{
    BACKUP_KEY, HOME_ASSISTANT, RECOVERY_CODE, backup_key, home_assistant, recovery_code, to_setting,
};
pub(crate) use settings::{device, home, member, room, session, switch};
pub(crate) use settings::{to_device, to_home, to_member, to_room, to_session, to_switch};
pub(crate) use sharing::{grant, guest_link, to_grant, to_guest_link};
pub(crate) use token::{to_token, token};
pub(crate) use traffic::{command, reported, to_command, to_reported};
pub(crate) use tried::{to_tried, tried};

use gatehouse_core::name::Name;
use gatehouse_core::time::Wall;
use serde::{Deserialize, Serialize};

/// Why a row cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadRow(pub(crate) String);

fn write(row: &impl Serialize) -> Vec<u8> {
    // Fails only for sequences of unknown length and for full buffers; rows have neither.
    postcard::to_stdvec(row).expect("a row can always be encoded")
}

fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, BadRow> {
    let (row, rest) = postcard::take_from_bytes(bytes).map_err(|e| BadRow(e.to_string()))?;
    if rest.is_empty() { Ok(row) } else { Err(BadRow(format!("{} bytes too many", rest.len()))) }
}

fn to_name(text: &str) -> Result<Name, BadRow> {
    let name = Name::new(text).map_err(|e| BadRow(e.to_string()))?;
    if name.as_str() == text { Ok(name) } else { Err(BadRow("a name that is not trimmed".to_owned())) }
}

fn millis(wall: Option<Wall>) -> Option<u64> {
    wall.map(Wall::as_millis)
}

fn to_wall(millis: Option<u64>) -> Option<Wall> {
    millis.map(Wall::from_millis)
}

/// An enum on disk with the variants of one of core's; a variant that core gains does not compile until it has a
/// place here, at the end.
macro_rules! mirror {
    ($row:ident, $core:path, $($variant:ident),+ $(,)?) => {
        #[derive(serde::Serialize, serde::Deserialize)]
        pub(super) enum $row { $($variant),+ }

        impl From<$core> for $row {
            fn from(core: $core) -> Self {
                use $core as Core;
                match core { $(Core::$variant => Self::$variant),+ }
            }
        }

        impl From<$row> for $core {
            fn from(row: $row) -> Self {
                match row { $($row::$variant => Self::$variant),+ }
            }
        }
    };
}
use mirror;
