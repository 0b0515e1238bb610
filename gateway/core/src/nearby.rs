//! Boards that say on the network that they are there, by DNS-SD: what the home is told of them, and what people see. Anybody
//! on the network can say so; nothing is believed of it, and nothing rests on it but a line on a page.

use crate::ids::FoundId;
use crate::name::BoardId;
use crate::onboarding::FoundState;
use std::net::IpAddr;
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
                "This board is in the network and has no home. Plug it into a USB port of the gateway to set it up."
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
}

/// What the network tells the home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NearbyEvent {
    /// A board says that it is there, or says something else of itself than before.
    Seen(Sighting),
    /// The board of this service said good-bye, or has not been heard for as long as it said it could be.
    Gone(Arc<str>),
}

/// A board on the network, as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearbyBoard {
    /// Its id, as long as it is there.
    pub id: FoundId,
    /// What it says of itself.
    pub sighting: Sighting,
}

impl NearbyBoard {
    /// How far it has come, as one that is plugged in: of another firmware, or merely noticed.
    pub fn state(&self) -> FoundState {
        match self.sighting.firmware {
            NearbyFirmware::Gatehouse => FoundState::Noticed,
            NearbyFirmware::EspHome | NearbyFirmware::Tasmota => FoundState::Foreign,
        }
    }
}
