//! Boards as the edge reports them, and devices as the home keeps them.

use crate::board_settings::{Configured, RelaySetting};
use crate::command::{BoardSession, OrderId, Reason};
use crate::ids::{DeviceId, LinkId, RoomId};
use crate::name::{BoardId, Endpoint, Name};
use crate::onboarding::Hardware;
use crate::wifi_change::Tried;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

/// A hash of a board's secret, as the edge computes it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash(pub [u8; 32]);

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

/// A secret that was drawn for a board, as it is to present it. It is never on disk, nor in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Takes the text.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The text, for the board alone.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A claimed board, as kept on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its id for good.
    pub id: DeviceId,
    /// The board behind it now.
    pub board: BoardId,
    /// What people call it.
    pub name: Name,
    /// Where it is.
    pub room: Option<RoomId>,
    /// What the board must present at login.
    pub secret: SecretHash,
    /// What it may present instead. When it has, this takes the place of `secret`.
    pub next: Option<SecretHash>,
    /// What it was when it was claimed at a port, or when it first came, if it was claimed by hand; none until then.
    pub hardware: Option<Arc<Hardware>>,
    /// Whether its packets come by way of another machine, a repeater say, so that theirs is the MAC address that is seen.
    pub behind_repeater: bool,
}

/// Facts a board tells of itself. Kept in memory: it tells them again at each connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BoardFacts {
    /// The hardware.
    pub model: Option<Arc<str>>,
    /// The firmware's version.
    pub firmware: Option<Arc<str>>,
    /// The MAC address it claims to have.
    pub mac: Option<Arc<str>>,
    /// The chip's id that it claims to have.
    pub chip: Option<Arc<str>>,
    /// The address it connected from.
    pub address: Option<IpAddr>,
    /// The MAC address from which the packets of that address come, in lower case with colons; none when it is not known.
    pub neighbour: Option<Arc<str>>,
}

/// Homie's `$state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BoardState {
    /// Connected, not yet to be commanded.
    Init,
    /// Takes commands.
    Ready,
    /// Said good-bye.
    Disconnected,
    /// Asleep, will be back.
    Sleeping,
    /// Its last will.
    Lost,
}

/// What a board can do, from its `$description`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Whether it declares the command extension.
    pub native: bool,
    /// Whether it declares the credential extension: it takes a new secret over the air.
    pub rotates: bool,
    /// Whether it declares the settings extension: its settings can be changed over the air.
    pub configures: bool,
    /// Whether it declares the network extension: it can be given another network over the air.
    pub moves: bool,
    /// Its switching endpoints, in the order given; at most [`MAX_RELAYS`].
    pub relays: Vec<Endpoint>,
}

/// Most switching endpoints a board may have.
pub const MAX_RELAYS: usize = 32;

/// What moved a relay last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A command.
    Command,
    /// The wall button.
    Button,
    /// The power-on state.
    Boot,
    /// The end of a pulse.
    Pulse,
    /// The interlock.
    Interlock,
}

/// A board says what its relay does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The board's session.
    pub session: BoardSession,
    /// Rises with every report since the board booted.
    pub counter: NonZeroU32,
    /// The board's monotonic clock, milliseconds.
    pub uptime_ms: u64,
    /// The relay.
    pub endpoint: Endpoint,
    /// The pin as read back.
    pub on: bool,
    /// What moved it last.
    pub cause: Cause,
    /// The last command this endpoint obeyed since the board booted, also of an earlier session.
    pub obeyed: Option<OrderId>,
}

/// A board says why it did not obey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The command it refuses.
    pub order: OrderId,
    /// The board's monotonic clock, milliseconds.
    pub uptime_ms: u64,
    /// The relay it was for.
    pub endpoint: Endpoint,
    /// Why.
    pub reason: Reason,
}

/// A fact about the board, from its `system` node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The hardware.
    Model(Arc<str>),
    /// The firmware's version.
    Firmware(Arc<str>),
    /// The MAC address it claims to have.
    Mac(Arc<str>),
    /// The chip's id that it claims to have.
    Chip(Arc<str>),
    /// The board's monotonic clock, milliseconds.
    Uptime(u64),
    /// Its Wi-Fi signal, dBm.
    Rssi(i16),
    /// Its free memory, bytes.
    FreeHeap(u32),
    /// Why it last started.
    RestartReason(Arc<str>),
}

/// One thing a board said, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Its state.
    State(BoardState),
    /// What it can do.
    Description(Description),
    /// The session of this connection, and the board's clock in milliseconds.
    Session(BoardSession, u64),
    /// What a relay does.
    Report(Report),
    /// Why it did not obey.
    Refusal(Refusal),
    /// What a setting of a relay is, by the endpoint that switches the relay.
    Setting(Endpoint, RelaySetting),
    /// It carried out an order to configure.
    Configured(Configured),
    /// What has become of another network that it was given.
    Tried(Tried),
    /// A fact about itself.
    Fact(Fact),
}

/// What the MQTT edge tells of boards. A connection's events arrive in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BoardEvent {
    /// A board logged in with its own credential.
    Connected {
        /// Which board.
        board: BoardId,
        /// This connection.
        link: LinkId,
        /// Where from.
        address: Option<IpAddr>,
        /// What it presented.
        secret: SecretHash,
        /// Whether nobody on the way can read what is sent: it is over TLS, or does not leave this machine.
        private: bool,
    },
    /// The connection is gone, in whatever way.
    Disconnected {
        /// Which board.
        board: BoardId,
        /// This connection.
        link: LinkId,
    },
    /// Where the packets of a connection come from.
    Neighbour {
        /// Which board.
        board: BoardId,
        /// The connection.
        link: LinkId,
        /// The MAC address, in lower case with colons.
        mac: Arc<str>,
    },
    /// The board said something.
    Said {
        /// Which board, as it logged in.
        board: BoardId,
        /// This connection.
        link: LinkId,
        /// What.
        said: Said,
    },
}

/// A command on its way to a board's own connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The board.
    pub board: BoardId,
    /// The connection it is for; on no other may it be sent.
    pub link: LinkId,
    /// Its name.
    pub id: OrderId,
    /// On the board's own clock, milliseconds: from then on it must not be obeyed.
    pub deadline_ms: u64,
    /// The relay.
    pub endpoint: Endpoint,
    /// What is asked.
    pub on: bool,
}

/// A new secret on its way to a board's own connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSecret {
    /// The board.
    pub board: BoardId,
    /// The connection it is for, a private one; on no other may it be sent.
    pub link: LinkId,
    /// Its name, in the same sequence as commands.
    pub id: OrderId,
    /// What the board is to present from its next login on.
    pub secret: Secret,
}
