//! Switches as the home keeps them.

use crate::command::{Actor, Command};
use crate::ids::{DeviceId, RoomId, SwitchId};
use crate::name::{Endpoint, Name};
use crate::time::Wall;
use std::sync::Arc;

/// A switch, as kept on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switch {
    /// Its id for good.
    pub id: SwitchId,
    /// The device it is an endpoint of.
    pub device: DeviceId,
    /// Which endpoint.
    pub endpoint: Endpoint,
    /// What people call it.
    pub name: Name,
    /// Where it is, when that is not where its device is.
    pub room: Option<RoomId>,
}

/// What a board last said of a switch, as kept on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// The relay's state, as read back.
    pub on: bool,
    /// When the gateway heard it; none while the clock was not trusted.
    pub at: Option<Wall>,
    /// The last time the state changed, as far as the gateway knows.
    pub change: Option<Arc<SwitchChange>>,
}

/// A change of a relay's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchChange {
    /// What it became.
    pub on: bool,
    /// When the gateway heard of it; none while the clock was not trusted.
    pub at: Option<Wall>,
    /// Who or what did it.
    pub actor: Actor,
    /// The command that did it, when one did.
    pub command: Option<Arc<Command>>,
}
