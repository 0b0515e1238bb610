//! Bare hardware on its way to being a device: what passes between the home and the ports that boards are plugged into, and
//! what people see of it.

mod claim;
mod giving;
mod page;

pub use claim::{ClaimStep, ClaimTrouble, ClaimView, Replaces};
pub use giving::{GivingStep, GivingTrouble, GivingView};
pub use page::BoardPage;

use crate::device::Secret;
use crate::flash::{FirmwareImage, FlashProgress, FlashTrouble, FlashView};
use crate::ids::{ClaimId, DeviceId, FoundId};
use crate::name::BoardId;
use std::fmt;
use std::sync::Arc;

/// What a serial port is called on this machine: `/dev/ttyUSB0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortName(pub Arc<str>);

impl fmt::Display for PortName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The chip that makes a serial port of a USB port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsbAdapter {
    /// The vendor's id.
    pub vendor: u16,
    /// The product's id.
    pub product: u16,
    /// What it says it is, as far as it does.
    pub text: Option<Arc<str>>,
}

impl UsbAdapter {
    /// Whether relay boards come with such an adapter: CH340, CH9102, CP210x, FT231X. Of others nothing is known, so their
    /// ports are listed, and opened only when somebody asks for it.
    pub const fn is_of_boards(&self) -> bool {
        matches!((self.vendor, self.product), (0x1a86, 0x7523 | 0x55d4) | (0x10c4, 0xea60) | (0x0403, 0x6001 | 0x6015))
    }
}

impl fmt::Display for UsbAdapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => write!(f, "{text} ({:04x}:{:04x})", self.vendor, self.product),
            None => write!(f, "{:04x}:{:04x}", self.vendor, self.product),
        }
    }
}

/// Whether a port can be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortAccess {
    /// As far as can be told without opening it.
    Free,
    /// The daemon's user may not.
    Denied,
    /// Another program has it.
    InUse,
}

/// A serial port of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// What it is called now.
    pub name: PortName,
    /// Where it is plugged in, `1-1.3:1.0` say; the same after a restart, which the name is not. The name where there is no such
    /// thing. The CH340 has no serial number, so this is what a port is known by.
    pub location: Arc<str>,
    /// The adapter; none when it is not on USB.
    pub adapter: Option<UsbAdapter>,
    /// Whether it can be opened.
    pub access: PortAccess,
}

/// Who answers at a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Our own firmware.
    Native(NativeBoard),
    /// Another firmware that speaks Improv: it can be given Wi-Fi, and no home.
    Improv(ImprovFirmware),
    /// The chip waits in its boot loader.
    BootLoader,
    /// Nobody, in five seconds.
    Silent,
}

/// What a board with our firmware says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NativeBoard {
    /// Its id on the wire.
    pub board: BoardId,
    /// Its MAC address, in lower case with colons.
    pub mac: Arc<str>,
    /// The chip's id, 8 hexadecimal digits.
    pub chip: Arc<str>,
    /// The hardware.
    pub model: Arc<str>,
    /// The firmware's version.
    pub firmware: Arc<str>,
    /// How many relays it has, 1 to [`crate::device::MAX_RELAYS`].
    pub relays: usize,
    /// The home whose authority it holds; none when it has no home.
    pub home: Option<Arc<str>>,
}

/// What another firmware says of itself, by Improv's device information.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImprovFirmware {
    /// What it is called: `Tasmota`, `ESPHome`, `WLED`.
    pub firmware: Arc<str>,
    /// Its version.
    pub version: Arc<str>,
    /// The chip.
    pub chip: Arc<str>,
    /// What the board is called.
    pub name: Arc<str>,
}

/// A Wi-Fi network that a board sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its name.
    pub ssid: Arc<str>,
    /// How strong it is there, in dBm: -30 is beside it, below -80 is bad.
    pub rssi_dbm: i16,
    /// Whether it wants a password.
    pub protected: bool,
}

/// What a board needs to get into a Wi-Fi network. In memory only, as long as a claim takes.
#[derive(Clone, PartialEq, Eq)]
pub struct WifiSettings {
    /// The network's name, 1 to 32 bytes.
    pub ssid: Arc<str>,
    /// Its password, none for an open network; 8 to 63 characters, or 64 hexadecimal digits.
    pub password: Option<Secret>,
}

impl WifiSettings {
    /// Takes what a person typed; else which field it is, by its name in the API, and what to do about it.
    pub fn new(ssid: &str, password: Option<Secret>) -> Result<Self, (&'static str, &'static str)> {
        if !(1..=32).contains(&ssid.len()) || ssid.contains('\0') {
            return Err(("ssid", "The name of a network has 1 to 32 bytes."));
        }
        if let Some(password) = password.as_ref().map(Secret::reveal) {
            let printable = password.bytes().all(|byte| (0x20..0x7f).contains(&byte));
            let key = password.len() == 64 && password.bytes().all(|byte| byte.is_ascii_hexdigit());
            if !(printable && (8..=63).contains(&password.len()) || key) {
                return Err((
                    "password",
                    "The password of a network has 8 to 63 printable characters of ASCII, or is 64 hexadecimal digits.",
                ));
            }
        }
        Ok(Self { ssid: ssid.into(), password })
    }
}

impl fmt::Debug for WifiSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WifiSettings").field("ssid", &self.ssid).finish_non_exhaustive()
    }
}

/// Which attempt at a port: what comes late from one that was given up is of no meaning to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Attempt(pub u64);

/// What the home wants done at a port. One thing at a time: another order for the same port ends the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortOrder {
    /// Ask who is there, and which networks it sees.
    Identify {
        /// Which port.
        port: PortName,
        /// For the answer.
        attempt: Attempt,
    },
    /// Give a native board a home: the gateway's address and authority, which whoever carries this out adds, this credential, and the network.
    Provision {
        /// Which port.
        port: PortName,
        /// For the answers.
        attempt: Attempt,
        /// Its id from now on.
        board: BoardId,
        /// What it is to log in with.
        secret: Secret,
        /// How it gets into the network.
        wifi: WifiSettings,
    },
    /// Give a board of another firmware the network, and no more.
    GiveWifi {
        /// Which port.
        port: PortName,
        /// For the answers.
        attempt: Attempt,
        /// What its firmware said that it is called: who answers there now has to say so too.
        firmware: Arc<str>,
        /// How it gets into the network.
        wifi: WifiSettings,
    },
    /// Write firmware to the board, and compare it.
    Flash {
        /// Which port.
        port: PortName,
        /// For the answers.
        attempt: Attempt,
        /// What is written.
        image: Arc<FirmwareImage>,
    },
    /// Leave the port.
    Release {
        /// Which port.
        port: PortName,
    },
}

/// What ports tell the home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortEvent {
    /// A port is there, or is another than it was.
    Appeared(Port),
    /// A port is there no more: somebody pulled the cable.
    Gone(PortName),
    /// Who answers.
    Identified {
        /// Which port.
        port: PortName,
        /// Of the order.
        attempt: Attempt,
        /// Who.
        identity: Identity,
        /// The networks that the board sees, the strongest first, each name once, at most 32; none where it cannot tell.
        networks: Vec<Network>,
    },
    /// How far a board has come with what it was given.
    Progress {
        /// Which port.
        port: PortName,
        /// Of the order.
        attempt: Attempt,
        /// How far.
        progress: Progress,
    },
    /// A board of another firmware says that it is in the network that it was given.
    InNetwork {
        /// Which port.
        port: PortName,
        /// Of the order.
        attempt: Attempt,
        /// Where it says that its own page is.
        page: Option<BoardPage>,
    },
    /// How far a board is that is being flashed.
    Flashing {
        /// Which port.
        port: PortName,
        /// Of the order.
        attempt: Attempt,
        /// How far.
        progress: FlashProgress,
    },
    /// A board cannot be flashed.
    FlashFailed {
        /// Which port.
        port: PortName,
        /// Of the order.
        attempt: Attempt,
        /// Why.
        trouble: FlashTrouble,
    },
    /// It cannot go on.
    Failed {
        /// Which port.
        port: PortName,
        /// Of the order.
        attempt: Attempt,
        /// Why.
        trouble: PortTrouble,
    },
}

/// How far a board has come, as it says itself (PROVISIONING.md, "What is tried, and what stays").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It has taken the home; the network is next.
    HandedOver,
    /// On the way into the network.
    Joining,
    /// The network is not there.
    NoNetwork,
    /// The network does not take the password.
    WrongPassword,
    /// The network gave it no address.
    NoAddress,
    /// It is in the network.
    Joined,
    /// On the way to the gateway.
    Dialing,
    /// Nobody answers at the gateway's address.
    Unreachable,
    /// Looks whether it is the home that answers.
    Securing,
    /// Whoever answers is not the home.
    Untrusted,
    /// Logs in.
    LoggingIn,
    /// The gateway does not take its credential.
    Refused,
    /// Logged in, it says.
    Online,
}

/// Why a port's order cannot be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortTrouble {
    /// The port cannot be opened: the daemon's user may not.
    Denied,
    /// Another program has the port.
    InUse,
    /// The port went away.
    Gone,
    /// The board does not answer any more.
    Silent,
    /// The board did not take what it was given.
    NotTaken,
    /// The board could not store what it was given.
    NotStored,
    /// The board could not get into the network, and did not say why.
    UnableToConnect,
    /// The gateway has no address that the board could reach.
    NoAddress,
    /// Another board answers there than the one that was looked at.
    AnotherBoard,
}

/// Hardware as it was when it was claimed: what a device is compared with ever after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hardware {
    /// The chip's id.
    pub chip: Arc<str>,
    /// The MAC address.
    pub mac: Arc<str>,
    /// The model.
    pub model: Arc<str>,
    /// The firmware's version.
    pub firmware: Arc<str>,
    /// The [location](Port::location) of the port it was plugged into: that port is not opened unasked.
    pub port: Option<Arc<str>>,
}

/// How far a board that was noticed has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundState {
    /// Something is plugged in. It has not been looked at: it is no adapter that boards have, or it could not be opened.
    Noticed,
    /// It is being asked who it is.
    Identifying,
    /// It can be claimed.
    Ready,
    /// Another firmware answers: it is no device of this gateway.
    Foreign,
    /// The chip waits in its boot loader.
    BootLoader,
    /// Nobody answers.
    Silent,
    /// Somebody claims it.
    Claiming,
    /// It is being given firmware.
    Flashing,
    /// It is being given Wi-Fi, and stays what it is otherwise.
    GivingWifi,
    /// It is a device of this home.
    Claimed,
}

/// A board that was noticed, as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundBoard {
    /// Its id, as long as it is plugged in.
    pub id: FoundId,
    /// Where.
    pub port: Port,
    /// How far it has come.
    pub state: FoundState,
    /// Who answered, once somebody did, or nobody.
    pub identity: Option<Identity>,
    /// The networks that it sees, the strongest first.
    pub networks: Vec<Network>,
    /// Why it could not be looked at.
    pub trouble: Option<PortTrouble>,
    /// The device that it is, or was last at this port.
    pub device: Option<DeviceId>,
    /// The last claim, under way or over, as long as it is remembered.
    pub claim: Option<ClaimId>,
    /// The last time that firmware was written to a board at this place, under way or over, as long as it is remembered.
    pub flash: Option<Arc<FlashView>>,
    /// The last time that a board at this place was given Wi-Fi and no home, under way or over, as long as it is remembered.
    pub giving: Option<Arc<GivingView>>,
}

impl FoundBoard {
    /// What to do about it, where something has to be done.
    pub fn advice(&self) -> Option<&'static str> {
        if let Some(trouble) = self.trouble {
            return Some(trouble.advice());
        }
        match &self.identity {
            Some(Identity::Improv(_)) => Some(
                "This board runs another firmware. It can be given Wi-Fi, but it cannot be a device of this gateway until it is flashed \
                 with Gatehouse's.",
            ),
            Some(Identity::BootLoader) => {
                Some("The board waits in its boot loader. Press its reset button, or flash it.")
            }
            Some(Identity::Silent) => Some(PortTrouble::Silent.advice()),
            Some(Identity::Native(_)) | None => None,
        }
    }
}

impl PortTrouble {
    /// What to do about it.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Denied => "The gateway may not open this port. Add its user to the group dialout, and restart it.",
            Self::InUse => "Another program has this port open. Close it and try again.",
            Self::Gone => "The cable was pulled. Plug the board in and claim it again.",
            Self::Silent => {
                "The board does not answer. Unplug it, plug it in again, and see that the cable carries data."
            }
            Self::NotTaken => "The board did not take what it was given. Its firmware may be too old: update it.",
            Self::NotStored => "The board could not store what it was given. Its flash memory may be worn out.",
            Self::UnableToConnect => "The board could not get into the network. Check its name and password.",
            Self::NoAddress => "This gateway has no address in a network. Connect it, then claim the board again.",
            Self::AnotherBoard => "Another board is plugged in there now. Look at it again.",
        }
    }
}
