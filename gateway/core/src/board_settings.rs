//! What an owner can set of a claimed board, and have it do. The board is the authority for it: it keeps its settings, goes
//! by them without a gateway, and says what they are.

use crate::command::{OrderId, Reason};
use crate::ids::LinkId;
use crate::name::{BoardId, Endpoint};
use crate::onboarding::WifiSettings;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Groups of relays of which one at most is on are called 1 to this.
pub const MAX_INTERLOCK: u8 = 4;

/// What a relay does when power returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PowerOn {
    /// It stays off.
    Off,
    /// It comes on.
    On,
    /// It is as it was.
    Restore,
}

/// After how long a relay turns itself off: never, or 100 ms to 10 min.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Pulse(u32);

impl Pulse {
    /// The shortest, in milliseconds.
    pub const MIN_MS: u32 = 100;
    /// The longest, in milliseconds: 10 minutes.
    pub const MAX_MS: u32 = 600_000;

    /// So many milliseconds; 0 for a relay that does not turn itself off. None for what lies out of bounds.
    pub fn from_millis(ms: u32) -> Option<Self> {
        (ms == 0 || (Self::MIN_MS..=Self::MAX_MS).contains(&ms)).then_some(Self(ms))
    }

    /// Milliseconds; 0: it does not turn itself off.
    pub fn millis(self) -> u32 {
        self.0
    }
}

/// How a relay is connected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Wiring {
    /// The load hangs on the contact that is closed while the relay has no current.
    pub normally_closed: bool,
    /// The module pulls the relay when its input is low.
    pub active_low: bool,
}

/// One setting of a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelaySetting {
    /// What it does when power returns.
    PowerOn(PowerOn),
    /// After how long it turns itself off.
    Pulse(Pulse),
    /// The group of which one relay at most is on, 1 to [`MAX_INTERLOCK`]; 0 for none.
    Interlock(u8),
    /// How it is connected.
    Wiring(Wiring),
}

impl fmt::Display for RelaySetting {
    /// As it stands in the record.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PowerOn(PowerOn::Off) => f.write_str("off when power returns"),
            Self::PowerOn(PowerOn::On) => f.write_str("on when power returns"),
            Self::PowerOn(PowerOn::Restore) => f.write_str("as before when power returns"),
            Self::Pulse(pulse) if pulse.millis() == 0 => f.write_str("no pulse"),
            Self::Pulse(pulse) => write!(f, "a pulse of {} ms", pulse.millis()),
            Self::Interlock(0) => f.write_str("no interlock"),
            Self::Interlock(group) => write!(f, "interlock group {group}"),
            Self::Wiring(wiring) => {
                let contact = if wiring.normally_closed { "normally closed" } else { "normally open" };
                let level = if wiring.active_low { "low" } else { "high" };
                write!(f, "{contact}, pulled by a {level} level")
            }
        }
    }
}

/// What a board says of a relay's settings; none for what it has not said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RelaySettings {
    /// What it does when power returns.
    pub power_on: Option<PowerOn>,
    /// After how long it turns itself off.
    pub pulse: Option<Pulse>,
    /// The group of which one relay at most is on; 0 for none.
    pub interlock: Option<u8>,
    /// How it is connected.
    pub wiring: Option<Wiring>,
}

impl RelaySettings {
    /// Takes what the board says. True when it is news.
    pub fn learn(&mut self, setting: RelaySetting) -> bool {
        let before = *self;
        match setting {
            RelaySetting::PowerOn(policy) => self.power_on = Some(policy),
            RelaySetting::Pulse(pulse) => self.pulse = Some(pulse),
            RelaySetting::Interlock(group) => self.interlock = Some(group),
            RelaySetting::Wiring(wiring) => self.wiring = Some(wiring),
        }
        *self != before
    }

    /// Those that it has said.
    pub fn said(self) -> impl Iterator<Item = RelaySetting> {
        let Self { power_on, pulse, interlock, wiring } = self;
        let power_on = power_on.map(RelaySetting::PowerOn).into_iter();
        let (pulse, interlock) = (pulse.map(RelaySetting::Pulse), interlock.map(RelaySetting::Interlock));
        power_on.chain(pulse).chain(interlock).chain(wiring.map(RelaySetting::Wiring))
    }
}

/// What a board says of its settings, kept in memory: it says so again at each connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BoardSettings {
    /// Whether it takes orders to change them; as it said when it was last there.
    pub configurable: bool,
    /// By the endpoint that switches the relay.
    pub relays: BTreeMap<Endpoint, RelaySettings>,
}

/// What is asked of a board, beside moving its relays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Blink, so that people see which board it is.
    Identify,
    /// Start over, as after a power cut.
    Restart,
    /// Forget the home.
    Forget,
    /// Another setting of the relay that this endpoint switches.
    Relay(Endpoint, RelaySetting),
    /// Try this network, and come by it; only on a connection on which nobody can read along.
    Network(WifiSettings),
}

/// A wish on its way to a board's own connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigOrder {
    /// The board.
    pub board: BoardId,
    /// The connection it is for; on no other may it be sent.
    pub link: LinkId,
    /// Its name, in the same sequence as commands.
    pub id: OrderId,
    /// On the board's own clock, milliseconds: from then on it must not be carried out.
    pub deadline_ms: u64,
    /// What is asked.
    pub wish: Wish,
}

/// A board says that it carried out a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configured {
    /// Which.
    pub order: OrderId,
    /// The board's monotonic clock, milliseconds.
    pub uptime_ms: u64,
    /// What it was about, as it stood in the order.
    pub endpoint: Endpoint,
    /// What counts now.
    pub value: Arc<str>,
}

/// What became of a wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fulfilment {
    /// The board says that it is done.
    Confirmed,
    /// The board says why not.
    Refused(Reason),
    /// No answer in time: whether it is done is *unknown*.
    TimedOut,
    /// The board was not there; nothing was sent.
    Offline,
}
