//! Boards that say on the network that they are there, by DNS-SD: what the home is told of them, and what people see. Anybody
//! on the network can say so; nothing is believed of it. A board of ours whose FLASH button was pressed can be claimed there: what
//! passes between the home and whoever does that is here too.

use crate::device::Secret;
use crate::ids::{ClaimId, FoundId};
use crate::name::BoardId;
use crate::onboarding::{Attempt, FoundState, NativeBoard};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Boards on the network that are listed; more are not.
pub const MAX_NEARBY: usize = 64;

/// Which firmware a board says it has, by what it advertises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NearbyFirmware {
    /// Ours, and it has no home: `_gatehouse._tcp`.
    Gatehouse,
    /// ESPHome: `_esphomelib._tcp`.
    EspHome,
    /// Tasmota: `_http._tcp` with `devicetype=tasmota`. Only builds with USE_DISCOVERY and SetOption55 say so
    /// (Tasmota, support_network.ino).
    Tasmota,
}

impl NearbyFirmware {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gatehouse => "Gatehouse",
            Self::EspHome => "ESPHome",
            Self::Tasmota => "Tasmota",
        }
    }

    /// What to do so that the board becomes a device of this home.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Gatehouse => {
                "This board is in the network and has no home. Press its FLASH button, and claim it within two minutes; or plug it \
                 into a USB port of the gateway."
            }
            Self::EspHome | Self::Tasmota => {
                "This board runs another firmware. To make it a device of this gateway, plug it into a USB port of the gateway and \
                 flash it with Gatehouse's."
            }
        }
    }
}

/// What a board on the network says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// What it is known by: the full name of its service, which is no other's on a network (RFC 6763, section 4.1).
    pub service: Arc<str>,
    /// Which firmware.
    pub firmware: NearbyFirmware,
    /// The firmware's version.
    pub version: Option<Arc<str>>,
    /// What it is called.
    pub name: Arc<str>,
    /// Where it is; one of its addresses, of IPv4 where it has one.
    pub address: Option<IpAddr>,
    /// Its id on the wire, where the firmware is ours.
    pub board: Option<BoardId>,
    /// The MAC address, in lower case with colons.
    pub mac: Option<Arc<str>>,
    /// The hardware.
    pub model: Option<Arc<str>>,
    /// The port at which it can be claimed now; none while it cannot.
    pub claim_port: Option<u16>,
}

impl Sighting {
    /// Where it can be claimed now.
    pub fn claim_at(&self) -> Option<(BoardId, SocketAddr)> {
        let ours = self.firmware == NearbyFirmware::Gatehouse;
        let at = SocketAddr::new(self.address?, self.claim_port?);
        Some((self.board.clone().filter(|_| ours)?, at))
    }
}

/// What the home wants done with a board in the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NearbyOrder {
    /// Exchange keys with this board, and keep the connection.
    Meet {
        /// For the answers.
        attempt: Attempt,
        /// Which board.
        board: BoardId,
        /// Where it says that it is.
        at: SocketAddr,
    },
    /// Give it its home: the gateway's address and authority, which whoever carries this out adds, and this credential.
    HandOver {
        /// Of the meeting.
        attempt: Attempt,
        /// What it is to log in with.
        secret: Secret,
    },
    /// Leave it.
    Leave {
        /// Of the meeting.
        attempt: Attempt,
    },
}

/// Why a board in the network cannot be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NearbyTrouble {
    /// Nobody answers there: its window is over, or somebody else has its attempt.
    NobodyThere,
    /// Who answers is another, or does not keep to the exchange.
    Stranger,
    /// The board ended it.
    Lost,
    /// The board did not take what it was given.
    NotTaken,
    /// The board could not store what it was given.
    NotStored,
    /// The gateway has no address that the board could reach.
    NoAddress,
}

/// What the network tells the home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NearbyEvent {
    /// A board says that it is there, or says something else of itself than before.
    Seen(Sighting),
    /// The board of this service said good-bye, or has not been heard for as long as it said it could be.
    Gone(Arc<str>),
    /// Keys were exchanged with a board, and its light blinks this number.
    Met {
        /// Of the order.
        attempt: Attempt,
        /// What the board says of itself; its id is that of the order.
        native: NativeBoard,
        /// 1 to 8. Whoever stands before the board is to say it; it is neither shown nor logged.
        number: u8,
    },
    /// The board has taken its home.
    Taken {
        /// Of the order.
        attempt: Attempt,
    },
    /// It cannot go on.
    Failed {
        /// Of the order.
        attempt: Attempt,
        /// Why.
        trouble: NearbyTrouble,
    },
}

/// A board on the network, as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearbyBoard {
    /// Its id, as long as it is there.
    pub id: FoundId,
    /// What it says of itself.
    pub sighting: Sighting,
    /// The last claim, and whether it is under way, as long as it is remembered.
    pub claim: Option<(ClaimId, bool)>,
}

impl NearbyBoard {
    /// How far it has come, as one that is plugged in.
    pub fn state(&self) -> FoundState {
        match self.sighting.firmware {
            NearbyFirmware::Gatehouse if self.claim.is_some_and(|(_, open)| open) => FoundState::Claiming,
            NearbyFirmware::Gatehouse if self.sighting.claim_at().is_some() => FoundState::Ready,
            NearbyFirmware::Gatehouse => FoundState::Noticed,
            NearbyFirmware::EspHome | NearbyFirmware::Tasmota => FoundState::Foreign,
        }
    }

    /// What to do about it, where something has to be done.
    pub fn advice(&self) -> Option<&'static str> {
        self.sighting.claim_at().is_none().then(|| self.sighting.firmware.advice())
    }
}
