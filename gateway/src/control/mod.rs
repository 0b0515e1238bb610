//! The control socket: how the command line asks the running daemon.
//!
//! One JSON object a line, one question a connection. Whoever may open the socket and passes the check of the peer's
//! credentials acts as the console.

pub(crate) mod client;
pub(crate) mod server;

use crate::config::{Config, DEFAULT_DATA_DIR};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Longest question or answer, in bytes.
const MAX_LINE: usize = 64 * 1024;

/// A question to the daemon.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Call {
    ClaimCode,
    RegisterBoard { id: String, secret: String, name: Option<String>, room: Option<String>, relays: usize },
}

/// What the daemon answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub(crate) enum Answer {
    ClaimCode { code: Option<String>, link: Option<String>, fingerprint: String },
    Registered { device: String, name: String },
    Refused { message: String, try_again: bool },
}

/// Where the socket is.
pub(crate) fn socket_path(config: &Config) -> PathBuf {
    if config.data_dir == Path::new(DEFAULT_DATA_DIR) {
        PathBuf::from("/run/gatehouse/control.sock")
    } else {
        config.data_dir.join("control.sock")
    }
}
