//! What a board is asked for.

use super::frame::{self, FrameKind};
use super::handover::Chunk;

/// Longest data of a frame that a board takes, in bytes.
pub const MAX_COMMAND: usize = 192;

/// The numbers of the commands.
pub(super) mod number {
    pub(crate) const WIFI: u8 = 1;
    pub(crate) const STATE: u8 = 2;
    pub(crate) const INFORMATION: u8 = 3;
    pub(crate) const SCAN: u8 = 4;
    pub(crate) const HANDOVER: u8 = 0xB0;
    pub(crate) const PROGRESS: u8 = 0xB1;
    pub(crate) const IDENTITY: u8 = 0xB2;
}

/// A command to a board. Two of them hold secrets, so only their names are shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Command<'a> {
    /// Join a network.
    Wifi {
        /// The network's name, 1 to 32 bytes.
        ssid: &'a str,
        /// Its password; empty for none.
        password: &'a str,
    },
    /// Say what it is at.
    State,
    /// Say what it is.
    Information,
    /// Say which networks it sees.
    Scan,
    /// Take a piece of a handover. Ours.
    Handover(Chunk<'a>),
    /// Say how far it has come. Ours.
    Progress,
    /// Say who it is. Ours.
    Identity,
}

/// A command that is longer than a board takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a command has at most {MAX_COMMAND} bytes")]
pub struct TooLong;

impl Command<'_> {
    /// Its number, which an answer repeats.
    pub const fn number(&self) -> u8 {
        match self {
            Self::Wifi { .. } => number::WIFI,
            Self::State => number::STATE,
            Self::Information => number::INFORMATION,
            Self::Scan => number::SCAN,
            Self::Handover(_) => number::HANDOVER,
            Self::Progress => number::PROGRESS,
            Self::Identity => number::IDENTITY,
        }
    }

    /// The bytes to send, from line feed to line feed.
    ///
    /// # Errors
    /// [`TooLong`] when a board would not take it.
    pub fn encode(&self) -> Result<Vec<u8>, TooLong> {
        let mut data = vec![self.number(), 0];
        match self {
            Self::Wifi { ssid, password } => {
                for string in [ssid, password] {
                    data.push(string.len().try_into().map_err(|_| TooLong)?);
                    data.extend_from_slice(string.as_bytes());
                }
            }
            Self::Handover(chunk) => {
                data.extend([chunk.number, u8::from(chunk.last)]);
                data.extend_from_slice(chunk.bytes);
            }
            Self::State | Self::Information | Self::Scan | Self::Progress | Self::Identity => {}
        }
        if data.len() > MAX_COMMAND {
            return Err(TooLong);
        }
        data[1] = data.len() as u8 - 2;
        Ok(frame::encode(FrameKind::Command, &data))
    }
}

impl std::fmt::Debug for Command<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Wifi { .. } => "Wifi",
            Self::State => "State",
            Self::Information => "Information",
            Self::Scan => "Scan",
            Self::Handover(chunk) => return chunk.fmt(f),
            Self::Progress => "Progress",
            Self::Identity => "Identity",
        })
    }
}
