//! What boards say, read.

use super::command::number;
use super::frame::{Frame, FrameKind};
use gatehouse_core::device::MAX_RELAYS;
use gatehouse_core::name::BoardId;
use gatehouse_core::onboarding::{BoardPage, ImprovFirmware, NativeBoard, Network, Progress};
use std::sync::Arc;

/// Longest text of a board that is passed on, in characters.
const MAX_TEXT: usize = 64;
/// How strong a network is whose strength is no number.
const UNKNOWN_DBM: i16 = -100;

/// What a board is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It does not take Wi-Fi settings any more.
    Stopped,
    /// It takes commands, and has no network.
    Authorized,
    /// On the way into the network.
    Provisioning,
    /// It is in a network.
    Provisioned,
}

impl State {
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Stopped => 0,
            Self::Authorized => 2,
            Self::Provisioning => 3,
            Self::Provisioned => 4,
        }
    }
}

/// What is wrong with a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is any more.
    None,
    /// Not what a command has to be.
    InvalidRpc,
    /// A command that the firmware does not know.
    UnknownRpc,
    /// The network cannot be joined.
    UnableToConnect,
    /// Not a host name.
    BadHostName,
    /// The flash did not take it. Ours.
    NotStored,
    /// Something else.
    Unknown,
}

impl Fault {
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::InvalidRpc => 1,
            Self::UnknownRpc => 2,
            Self::UnableToConnect => 3,
            Self::BadHostName => 5,
            Self::NotStored => 129,
            Self::Unknown => 255,
        }
    }
}

/// The answer to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The command's number.
    pub command: u8,
    /// What it says; an empty string at the end says nothing.
    pub strings: Vec<Vec<u8>>,
}

/// What a board says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// What it is at.
    State(State),
    /// What is wrong.
    Error(Fault),
    /// The answer to a command.
    Result(Reply),
}

impl Answer {
    /// What a frame says; none when it is a command, or not what a board says.
    pub fn parse(frame: &Frame) -> Option<Self> {
        match (frame.kind, frame.data.as_slice()) {
            (FrameKind::State, [state]) => {
                let all = [State::Stopped, State::Authorized, State::Provisioning, State::Provisioned];
                all.into_iter().find(|known| known.number() == *state).map(Self::State)
            }
            (FrameKind::Error, [fault]) => {
                let all = [
                    Fault::None,
                    Fault::InvalidRpc,
                    Fault::UnknownRpc,
                    Fault::UnableToConnect,
                    Fault::BadHostName,
                    Fault::NotStored,
                ];
                let known = all.into_iter().find(|known| known.number() == *fault);
                Some(Self::Error(known.unwrap_or(Fault::Unknown)))
            }
            // ESPHome adds a zero behind what the inner length tells.
            (FrameKind::Result, [command, length, rest @ ..]) => {
                let strings = strings(rest.get(..usize::from(*length))?)?;
                Some(Self::Result(Reply { command: *command, strings }))
            }
            _ => None,
        }
    }
}

/// Strings with their lengths before them, as far as they fill the bytes.
pub(super) fn strings(mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    while let Some((length, rest)) = bytes.split_first() {
        let (string, rest) = rest.split_at_checked(usize::from(*length))?;
        all.push(string.to_vec());
        bytes = rest;
    }
    Some(all)
}

/// Which answer to a chunk of a handover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The chunk of this number is next.
    Expects(u8),
    /// All of it is in flash.
    Stored,
}

/// How far a board has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Come {
    /// Nothing was asked for, or nothing is left of it.
    Idle,
    /// So far.
    To(Progress),
}

/// What a native board says of itself when it is asked for its identity; its firmware's version comes by another command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelfDescription {
    board: BoardId,
    mac: Arc<str>,
    chip: Arc<str>,
    model: Arc<str>,
    relays: usize,
    home: Option<Arc<str>>,
}

impl SelfDescription {
    /// With the version that the device information told.
    pub fn with_firmware(self, firmware: Arc<str>) -> NativeBoard {
        let Self { board, mac, chip, model, relays, home } = self;
        NativeBoard { board, mac, chip, model, firmware, relays, home }
    }
}

/// One answer to a scan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scanned {
    /// A network.
    Network(Network),
    /// One that nobody can choose: hidden, or called something that is no text.
    Nameless,
    /// There are no others.
    End,
}

impl Reply {
    fn of(&self, command: u8) -> Option<Vec<&[u8]>> {
        (self.command == command).then(|| self.strings.iter().map(Vec::as_slice).collect())
    }

    /// As an answer to a chunk.
    pub fn taken(&self) -> Option<Taken> {
        match *self.of(number::HANDOVER)?.first()? {
            b"stored" => Some(Taken::Stored),
            digits => std::str::from_utf8(digits).ok()?.parse().ok().map(Taken::Expects),
        }
    }

    /// As an answer to the question how far it has come.
    pub fn come(&self) -> Option<Come> {
        let word = *self.of(number::PROGRESS)?.first()?;
        if word == b"idle" {
            return Some(Come::Idle);
        }
        ALL_PROGRESS.into_iter().find(|progress| progress_word(*progress).as_bytes() == word).map(Come::To)
    }

    /// As an answer to the question who it is; none too when it is of another version of the protocol.
    pub fn identity(&self) -> Option<SelfDescription> {
        let strings = self.of(number::IDENTITY)?;
        let [b"1", board, mac, chip, model, relays, rest @ ..] = strings.as_slice() else { return None };
        let relays = std::str::from_utf8(relays).ok()?.parse().ok()?;
        let home = rest.first().filter(|home| !home.is_empty());
        Some(SelfDescription {
            board: BoardId::new(std::str::from_utf8(board).ok()?).ok()?,
            mac: text(mac),
            chip: text(chip),
            model: text(model),
            relays: Some(relays).filter(|relays| (1..=MAX_RELAYS).contains(relays))?,
            home: home.map(|home| text(home)),
        })
    }

    /// As an answer to the question what it is.
    pub fn information(&self) -> Option<ImprovFirmware> {
        let strings = self.of(number::INFORMATION)?;
        let at = |place: usize| text(strings.get(place).copied().unwrap_or_default());
        let firmware = strings.first().map(|firmware| text(firmware))?;
        Some(ImprovFirmware { firmware, version: at(1), chip: at(2), name: at(3) })
    }

    /// As what a board says once it is in a network: where its own page is, the first of those that a person may be led to. None when it
    /// answers something else.
    pub fn in_network(&self) -> Option<Option<BoardPage>> {
        let strings = self.of(number::WIFI).or_else(|| self.of(number::STATE))?;
        Some(strings.iter().find_map(|page| BoardPage::new(std::str::from_utf8(page).ok()?)))
    }

    /// As an answer to a scan.
    pub fn scanned(&self) -> Option<Scanned> {
        let strings = self.of(number::SCAN)?;
        if strings.iter().all(|string| string.is_empty()) {
            return Some(Scanned::End);
        }
        let at = |place: usize| strings.get(place).and_then(|bytes| std::str::from_utf8(bytes).ok());
        let chosen = |name: &&str| !name.is_empty() && name.len() <= 32 && !name.contains(char::is_control);
        let Some(ssid) = at(0).filter(chosen) else { return Some(Scanned::Nameless) };
        Some(Scanned::Network(Network {
            ssid: ssid.into(),
            rssi_dbm: at(1).and_then(|dbm| dbm.trim().parse().ok()).unwrap_or(UNKNOWN_DBM),
            protected: !at(2).is_some_and(|word| word.eq_ignore_ascii_case("NO")),
        }))
    }
}

/// What a board says of itself, as it may be shown and logged.
fn text(bytes: &[u8]) -> Arc<str> {
    let text = String::from_utf8_lossy(bytes);
    text.chars().filter(|character| !character.is_control()).take(MAX_TEXT).collect::<String>().trim().into()
}

const ALL_PROGRESS: [Progress; 12] = [
    Progress::Joining,
    Progress::NoNetwork,
    Progress::WrongPassword,
    Progress::NoAddress,
    Progress::Joined,
    Progress::Dialing,
    Progress::Unreachable,
    Progress::Securing,
    Progress::Untrusted,
    Progress::LoggingIn,
    Progress::Refused,
    Progress::Online,
];

/// How a board says how far it has come.
pub(super) const fn progress_word(progress: Progress) -> &'static str {
    match progress {
        // A board never says so: it answers the last chunk.
        Progress::HandedOver => "stored",
        Progress::Joining => "joining",
        Progress::NoNetwork => "no-network",
        Progress::WrongPassword => "wrong-password",
        Progress::NoAddress => "no-address",
        Progress::Joined => "joined",
        Progress::Dialing => "dialing",
        Progress::Unreachable => "unreachable",
        Progress::Securing => "securing",
        Progress::Untrusted => "untrusted",
        Progress::LoggingIn => "logging-in",
        Progress::Refused => "refused",
        Progress::Online => "online",
    }
}
