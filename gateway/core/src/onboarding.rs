//! Bare hardware on its way to being a device: what passes between the home and the ports that boards are plugged into, and
//! what people see of it.

use crate::command::Actor;
use crate::device::Secret;
use crate::ids::{ClaimId, DeviceId, FoundId};
use crate::name::{BoardId, Name};
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
        /// How it gets into the network.
        wifi: WifiSettings,
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
    /// Something is plugged in. It has not been looked at, or could not be.
    Noticed,
    /// It is being asked who it is.
    Identifying,
    /// Its answer is known.
    Identified,
    /// Somebody claims it.
    Claiming,
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
}

/// The steps of a claim, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClaimStep {
    /// The board is given its home.
    HandingOver,
    /// It is on its way into the network.
    Joining,
    /// It is on its way to the gateway.
    Connecting,
    /// It has logged in, and is being written down.
    Registering,
    /// It is a device.
    Done,
    /// It is none: see the trouble.
    Failed,
}

/// Why a claim failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimTrouble {
    /// The port.
    Port(PortTrouble),
    /// The network is not there.
    NoNetwork,
    /// The network does not take the password.
    WrongPassword,
    /// The network gave the board no address.
    NoAddress,
    /// The board is in the network and does not reach the gateway.
    Unreachable,
    /// Whoever the board reached is not this home.
    Untrusted,
    /// The gateway did not take its credential.
    Refused,
    /// It did not log in in time, and did not say why.
    NoLogin,
    /// Somebody cancelled it.
    Cancelled,
    /// It could not be written down, or whoever claimed it may not any more.
    NotWritten,
    /// The gateway stopped.
    Stopping,
}

impl ClaimTrouble {
    /// What to do about it, for whoever claims a board for the network `ssid`.
    pub fn advice(self, ssid: &str) -> String {
        match self {
            Self::Port(trouble) => trouble.advice().to_owned(),
            Self::NoNetwork => format!(
                "The board does not see the network “{ssid}”. Check its name, that it is a 2.4 GHz network, and that it reaches \
                 where the board is."
            ),
            Self::WrongPassword => format!("The network “{ssid}” did not take the password. Type it again."),
            Self::NoAddress => format!(
                "The board is in “{ssid}” but was given no address. Restart the router, or see whether it has addresses left."
            ),
            Self::Unreachable => format!(
                "The board is in “{ssid}” but does not reach this gateway. It must be the network that the gateway is in too; a guest \
                 network keeps them apart."
            ),
            Self::Untrusted => {
                "Something else answers at this gateway's address. See whether another machine has it.".to_owned()
            }
            Self::Refused => "The gateway did not take the board's credential. Claim it again.".to_owned(),
            Self::NoLogin => format!(
                "The board did not come in time. See that “{ssid}” reaches where it is, leave it plugged in, and claim it again."
            ),
            Self::Cancelled => "It was cancelled.".to_owned(),
            Self::NotWritten => "The board came, but it could not be written down. Claim it again.".to_owned(),
            Self::Stopping => "The gateway stopped. Claim it again when it is back.".to_owned(),
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
        }
    }
}

/// A claim, as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimView {
    /// Its id.
    pub id: ClaimId,
    /// The board.
    pub board: FoundId,
    /// What the device is to be called.
    pub name: Name,
    /// The network it is given.
    pub ssid: Arc<str>,
    /// Who claims it.
    pub by: Actor,
    /// How far it is.
    pub step: ClaimStep,
    /// What the board said of itself last.
    pub progress: Option<Progress>,
    /// Why it failed.
    pub trouble: Option<ClaimTrouble>,
    /// The device it became.
    pub device: Option<DeviceId>,
}

impl ClaimView {
    /// How far it is, 0 to 100; for a failed one, how far it came.
    pub const fn percent(&self) -> u8 {
        match (self.step, self.progress) {
            (ClaimStep::Done, _) => 100,
            (ClaimStep::Registering, _) => 95,
            (_, None) => 10,
            (_, Some(Progress::HandedOver)) => 30,
            (_, Some(Progress::Joining | Progress::NoNetwork | Progress::WrongPassword | Progress::NoAddress)) => 40,
            (_, Some(Progress::Joined)) => 60,
            (_, Some(Progress::Dialing | Progress::Unreachable)) => 70,
            (_, Some(Progress::Securing | Progress::Untrusted)) => 80,
            (_, Some(Progress::LoggingIn | Progress::Refused | Progress::Online)) => 90,
        }
    }

    /// What happens, or what to do about what happened, for people.
    pub fn message(&self) -> String {
        let (name, ssid) = (&self.name, &self.ssid);
        if let Some(trouble) = self.trouble {
            return trouble.advice(ssid);
        }
        match (self.step, self.progress) {
            (ClaimStep::Done, _) => format!("{name} is ready."),
            (ClaimStep::Registering, _) => format!("{name} is here, and is being written down."),
            (ClaimStep::HandingOver, _) => "The board is given its home.".to_owned(),
            (_, Some(Progress::NoNetwork)) => format!("The board looks for the network “{ssid}”."),
            (ClaimStep::Joining, _) => format!("The board is on its way into the network “{ssid}”."),
            (_, Some(Progress::Unreachable)) => "The board is in the network and looks for this gateway.".to_owned(),
            _ => "The board is in the network and on its way to this gateway.".to_owned(),
        }
    }

    /// Whether nothing more will come of it.
    pub const fn is_over(&self) -> bool {
        matches!(self.step, ClaimStep::Done | ClaimStep::Failed)
    }
}
