//! The control socket: how the command line asks the running daemon.
//!
//! One JSON object a line, one question a connection. Whoever may open the socket and passes the check of the peer's
//! credentials acts as the console.

mod backup;
pub(crate) mod client;
mod flash;
mod giving;
mod integrations;
mod online;
mod provision;
pub(crate) mod server;
mod tokens;

pub(crate) use online::LONGEST_S;

use crate::config::{Config, DEFAULT_DATA_DIR};
use crate::doctor::Health;
use crate::reload::Reloaded;
use gatehouse_core::integration::BoardFilters;
use gatehouse_wire::homie::topic;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Longest question, in bytes: an integration with all the filters it may have.
const MAX_QUESTION: u64 = 128 * 1024;
/// Longest answer, in bytes: all such integrations.
const MAX_ANSWER: u64 = 4 * 1024 * 1024;

/// A question to the daemon.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Call {
    ClaimCode,
    ResetMember {
        name: String,
    },
    RegisterBoard {
        id: String,
        secret: String,
        name: Option<String>,
        room: Option<String>,
        relays: usize,
    },
    RotateCredential {
        which: String,
    },
    /// A backup, which comes after the answer.
    Backup,
    RecoveryKey,
    /// The configuration is read again.
    Reload,
    Health,
    /// The home's name confirms it.
    FactoryReset {
        home: String,
    },
    CreateIntegration(NewIntegration),
    ListIntegrations,
    RevokeIntegration {
        which: String,
    },
    CreateToken(NewToken),
    ListTokens,
    RevokeToken {
        which: String,
    },
    Provision(NewProvision),
    GiveWifi(NewGiving),
    /// How far that is, once it says something else than was seen.
    Giving {
        port: String,
        giving: String,
        ssid: String,
        seen: String,
    },
    /// The image comes after it, where it says how long it is.
    Flash(NewFlash),
    /// How far a flash is, once it is further than was seen.
    Flashing {
        port: String,
        flash: String,
        seen_percent: u8,
        seen_message: String,
    },
    /// Which of these boards are not there, once all are, or after a while.
    Online {
        boards: Vec<String>,
        wait_s: u32,
    },
    /// How far a claim is, once it says something else than was seen.
    Claim {
        claim: String,
        seen: String,
    },
}

/// An integration to be made, as the command line has it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct NewIntegration {
    pub(crate) name: String,
    pub(crate) home_assistant: bool,
    /// Each by its name, its id, or its board's id.
    pub(crate) devices: Vec<String>,
    pub(crate) all_devices: bool,
    pub(crate) operate: bool,
    pub(crate) publish: Vec<String>,
    pub(crate) subscribe: Vec<String>,
}

/// An API token to be made, as the command line has it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct NewToken {
    pub(crate) name: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) expires_in_s: Option<u64>,
    /// Whose, by name; the owner's when none.
    pub(crate) member: Option<String>,
}

/// A board that is to become a device, as the command line has it.
#[derive(Serialize, Deserialize)]
pub(crate) struct NewProvision {
    pub(crate) port: String,
    pub(crate) ssid: String,
    pub(crate) password: Option<String>,
    pub(crate) name: Option<String>,
    /// Made when there is none.
    pub(crate) room: Option<String>,
    /// The device whose board it takes the place of, by name or id.
    pub(crate) replaces: Option<String>,
}

/// A board of another firmware that is to be given Wi-Fi, as the command line has it.
#[derive(Serialize, Deserialize)]
pub(crate) struct NewGiving {
    pub(crate) port: String,
    pub(crate) ssid: String,
    pub(crate) password: Option<String>,
}

impl std::fmt::Debug for NewGiving {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewGiving").field("port", &self.port).field("ssid", &self.ssid).finish_non_exhaustive()
    }
}

/// A board that is to be flashed, as the command line has it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct NewFlash {
    pub(crate) port: String,
    /// What the image is called: the one that comes with this, else one that the gateway holds.
    pub(crate) image: Option<String>,
    /// How many bytes come after this.
    pub(crate) bytes: Option<usize>,
    pub(crate) even_a_device: bool,
}

impl std::fmt::Debug for NewProvision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewProvision").field("port", &self.port).field("ssid", &self.ssid).finish_non_exhaustive()
    }
}

/// An API token as it is listed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ListedToken {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) member: String,
    pub(crate) scopes: Vec<String>,
    /// Whether it has an end.
    pub(crate) ends: bool,
}

/// How filters for boards are written.
pub(crate) const BOARD_FILTERS: BoardFilters =
    BoardFilters { hear: topic::hear_filter, operate: topic::operate_filter };

/// What the daemon answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub(crate) enum Answer {
    ClaimCode {
        code: Option<String>,
        link: Option<String>,
        fingerprint: String,
    },
    MemberReset {
        name: String,
        code: String,
        link: Option<String>,
        minutes: u64,
    },
    Registered {
        device: String,
        name: String,
    },
    CredentialRotated {
        name: String,
        done: bool,
    },
    IntegrationCreated {
        name: String,
        user: String,
        password: String,
    },
    Integrations {
        integrations: Vec<Listed>,
    },
    IntegrationRevoked {
        name: String,
    },
    TokenCreated {
        name: String,
        secret: String,
    },
    Tokens {
        tokens: Vec<ListedToken>,
    },
    TokenRevoked {
        name: String,
    },
    ClaimBegun {
        claim: String,
    },
    ClaimAt {
        percent: u8,
        message: String,
        over: bool,
        done: bool,
    },
    GivingBegun {
        giving: String,
    },
    GivingAt {
        percent: u8,
        message: String,
        over: bool,
        done: bool,
    },
    FlashBegun {
        flash: String,
        image: String,
        version: Option<String>,
        sha256: String,
    },
    FlashAt {
        percent: u8,
        message: String,
        over: bool,
        done: bool,
    },
    /// The names of the devices whose boards are not there, and where MQTT without TLS listens.
    Online {
        missing: Vec<String>,
        mqtt: Option<SocketAddr>,
    },
    /// So many bytes come after this.
    Backup {
        bytes: u64,
        encrypted: bool,
    },
    RecoveryKey {
        key: String,
    },
    Reloaded(Reloaded),
    Health(Box<Health>),
    Reset {
        forgot: usize,
        kept: Vec<String>,
    },
    Refused {
        message: String,
        try_again: bool,
    },
}

/// An integration as it is listed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) user: String,
    pub(crate) publish: Vec<String>,
    pub(crate) subscribe: Vec<String>,
}

/// Where the socket is.
pub(crate) fn socket_path(config: &Config) -> PathBuf {
    if config.data_dir == Path::new(DEFAULT_DATA_DIR) {
        PathBuf::from("/run/gatehouse/control.sock")
    } else {
        config.data_dir.join("control.sock")
    }
}
