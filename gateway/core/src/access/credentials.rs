//! Who may log in at the MQTT edge.

use crate::device::SecretHash;
use crate::ids::DeviceId;
use crate::name::BoardId;
use std::collections::HashMap;
use std::sync::Arc;

/// The right to log in at the MQTT edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardCredential {
    /// The device this board is.
    pub device: DeviceId,
    /// What it must present.
    pub secret: SecretHash,
    /// What it may present instead, while it has a new secret that it has not used.
    pub next: Option<SecretHash>,
}

/// Another home system's right to log in at the MQTT edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntegrationCredential {
    /// What it must present.
    pub secret: SecretHash,
    /// Topic filters it may publish to.
    pub publish: Vec<String>,
    /// Topic filters it may subscribe to.
    pub subscribe: Vec<String>,
}

/// Everyone who may log in at the MQTT edge. The edge gets a new one at every change, and ends connections
/// whose credential is gone or another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credentials {
    /// By board id, which is user name and client id.
    pub boards: HashMap<BoardId, BoardCredential>,
    /// By user name.
    pub integrations: HashMap<Arc<str>, IntegrationCredential>,
}
