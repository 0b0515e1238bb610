//! A command: asked once, settled once.

use crate::ids::{CommandId, SwitchId};
use crate::name::Name;
use crate::time::Wall;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// Shortest time a caller may give a command.
pub const MIN_TIMEOUT: Duration = Duration::from_millis(500);
/// Longest time a caller may give a command.
pub const MAX_TIMEOUT: Duration = Duration::from_millis(30_000);
/// How long a command may take whose caller names no time.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);
/// The board stops obeying this long before the gateway stops waiting, so that a report can still arrive.
pub const BOARD_LEAD: Duration = Duration::from_millis(500);

/// Who, or what, moves a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActorKind {
    /// A person of the home.
    Member,
    /// A visitor.
    Guest,
    /// A program with a token of its own.
    Token,
    /// Another home system on MQTT.
    Integration,
    /// A rule of the home.
    Automation,
    /// Someone at the gateway's own command line.
    Console,
    /// The wall button on the board.
    Button,
    /// The board's power-on state.
    Boot,
    /// The board's interlock.
    Interlock,
    /// The end of a pulse.
    Pulse,
    /// A command that this gateway does not remember.
    Unknown,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// What kind of actor.
    pub kind: ActorKind,
    /// The name to show.
    pub name: Arc<str>,
}

impl Actor {
    /// An actor that has no name of its own.
    pub fn of_kind(kind: ActorKind) -> Self {
        let name = match kind {
            ActorKind::Console => "console",
            ActorKind::Button => "wall button",
            ActorKind::Boot => "power-on",
            ActorKind::Interlock => "interlock",
            ActorKind::Pulse => "pulse",
            ActorKind::Member => "member",
            ActorKind::Guest => "guest",
            ActorKind::Token => "token",
            ActorKind::Integration => "integration",
            ActorKind::Automation => "automation",
            ActorKind::Unknown => "unknown",
        };
        Self { kind, name: name.into() }
    }

    /// What ends because its time has come.
    pub fn clock() -> Self {
        Self { kind: ActorKind::Automation, name: "clock".into() }
    }

    /// A person of the home.
    pub fn member(name: &Name) -> Self {
        Self { kind: ActorKind::Member, name: name.as_str().into() }
    }

    /// Another home system, by what people call it.
    pub fn integration(name: &Name) -> Self {
        Self { kind: ActorKind::Integration, name: name.as_str().into() }
    }
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Not yet.
    Open,
    /// The board said that it obeyed this very command.
    Confirmed,
    /// The board, or the gateway for it, said no.
    Refused,
    /// No answer in time: whether the relay moved is *unknown*.
    TimedOut,
    /// A newer command for the same switch took its place.
    Superseded,
    /// The board was not there, nothing was sent.
    Offline,
}

/// What a confirmation rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Confirmation {
    /// The board named the command it obeyed and reported the pin it read back.
    Obeyed,
    /// A foreign Homie board accepted the value (`$target`).
    Target,
}

/// Why a command was not confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The board is not connected.
    Offline,
    /// It reached the board too late, or out of order.
    Stale,
    /// An interlock forbids it.
    Interlocked,
    /// The board is quarantined.
    Quarantined,
    /// No report came.
    NoReport,
    /// A newer command came.
    Superseded,
    /// The gateway is stopping.
    GatewayStopping,
    /// The board does not take this value.
    BadValue,
    /// The board has no such endpoint.
    UnknownEndpoint,
    /// A running pulse holds the relay.
    HeldByPulse,
    /// The board wrote the pin and read back the other value.
    ReadBackDiffers,
    /// The setting cannot be another while the relay is on.
    RelayOn,
    /// The board could not store the setting.
    NotStored,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Offline => "The board is offline. Check its power and Wi-Fi.",
            Self::Stale => "The command reached the board too late, so the board did not obey it. Try again.",
            Self::Interlocked => "Another relay of this board is on, and the two must not be on together.",
            Self::Quarantined => "The board is quarantined until the owner decides.",
            Self::NoReport => "The board did not answer in time. Whether the relay moved is unknown until it reports.",
            Self::Superseded => "A newer command for this switch took its place.",
            Self::GatewayStopping => "The gateway is stopping. Try again once it is back.",
            Self::BadValue => "The board does not accept this value.",
            Self::UnknownEndpoint => "The board has no such relay any more.",
            Self::HeldByPulse => "The relay is held by a running pulse.",
            Self::RelayOn => "The relay is on. Turn it off first.",
            Self::NotStored => "The board could not store it: its memory for settings fails.",
            Self::ReadBackDiffers => "The board switched, but its relay reads back the other state. Check the relay.",
        })
    }
}

/// Drawn at random by a board at each MQTT connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BoardSession(pub NonZeroU32);

/// A command's name on the wire: it says which command a board obeyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId {
    /// The board's session it was sent in.
    pub session: BoardSession,
    /// Rises with each command of that session.
    pub seq: NonZeroU32,
}

/// A command with all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The gateway's durable id.
    pub id: CommandId,
    /// The switch it is for.
    pub switch: SwitchId,
    /// What was asked.
    pub on: bool,
    /// Who asked.
    pub actor: Actor,
    /// How it ended.
    pub outcome: Outcome,
    /// What a confirmation rests on.
    pub confirmed_by: Option<Confirmation>,
    /// Why it was not confirmed.
    pub reason: Option<Reason>,
    /// When it was asked; none while the clock was not trusted.
    pub requested_at: Option<Wall>,
    /// When it settled; none while open or while the clock was not trusted.
    pub settled_at: Option<Wall>,
    /// From asked to settled.
    pub latency: Option<Duration>,
    /// Its name on the wire, when it was sent.
    pub order: Option<OrderId>,
}
