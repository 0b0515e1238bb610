//! A claim, as people see it: how far it is, and what to do about one that failed.

use super::{PortTrouble, Progress};
use crate::command::Actor;
use crate::ids::{ClaimId, DeviceId, FoundId};
use crate::name::{BoardId, Name};
use std::sync::Arc;

/// The steps of a claim, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClaimStep {
    /// In the network: keys are exchanged with the board.
    Meeting,
    /// In the network: somebody is to say which number its light blinks.
    Confirming,
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
    /// In the network: nobody answers where the board said that it can be claimed.
    NobodyThere,
    /// In the network: who answered is not the board that was found, or does not keep to the exchange.
    Stranger,
    /// In the network: the board ended it.
    Lost,
    /// The number that was said is not the one that the board's light has to blink.
    WrongNumber,
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
    pub fn advice(self, ssid: Option<&str>) -> String {
        let here = ssid.is_none();
        let ssid = ssid.unwrap_or("the network");
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
            Self::NobodyThere => {
                "The board takes nobody now. Press its FLASH button and claim it again within two minutes. If you just did, somebody \
                 else in your network was faster."
                    .to_owned()
            }
            Self::Stranger => {
                "Who answered is not the board that was found. Press FLASH on the board and claim it again; if this comes again, \
                 plug it into a USB port of the gateway."
                    .to_owned()
            }
            Self::Lost => {
                "The board ended it: its two minutes were over, it lost its power or its network, or FLASH was pressed again. Press \
                 FLASH and claim it again."
                    .to_owned()
            }
            Self::WrongNumber => {
                "That is not the number that this board has to blink: it was miscounted, or somebody else is between the board and \
                 the gateway. Nothing was given to it. Press FLASH and claim it again; if this comes again, plug it into a USB port."
                    .to_owned()
            }
            Self::NoLogin if here => {
                "The board did not come in time. It forgets what it was given: press FLASH and claim it again.".to_owned()
            }
            Self::NoLogin => format!(
                "The board did not come in time. See that “{ssid}” reaches where it is, leave it plugged in, and claim it again."
            ),
            Self::Cancelled => "It was cancelled.".to_owned(),
            Self::NotWritten => "The board came, but it could not be written down. Claim it again.".to_owned(),
            Self::Stopping => "The gateway stopped. Claim it again when it is back.".to_owned(),
        }
    }
}

/// What a board that is claimed takes the place of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaces {
    /// The device, which stays what it is but for its board.
    pub device: DeviceId,
    /// Its board until then.
    pub board: BoardId,
    /// Whether that board was there when the claim began. It works until the new one has come, and no longer.
    pub online: bool,
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
    /// The network it is given; none when it is claimed in one.
    pub ssid: Option<Arc<str>>,
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
    /// The device whose board it takes the place of.
    pub replaces: Option<Replaces>,
}

impl ClaimView {
    /// How far it is, 0 to 100; for a failed one, how far it came.
    pub const fn percent(&self) -> u8 {
        match (self.step, self.progress) {
            (ClaimStep::Done, _) => 100,
            (ClaimStep::Registering, _) => 95,
            (ClaimStep::Meeting, _) => 5,
            (ClaimStep::Confirming, _) => 8,
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
        let (name, ssid) = (&self.name, self.ssid.as_deref());
        if let Some(trouble) = self.trouble {
            return trouble.advice(ssid);
        }
        match (self.step, self.progress) {
            (ClaimStep::Done, _) if self.replaces.is_some() => format!(
                "{name} has its new board. Wiring, pulse, interlock and what a relay does when power returns are this board's \
                 own: see that they are right."
            ),
            (ClaimStep::Done, _) => format!("{name} is ready."),
            (ClaimStep::Registering, _) => format!("{name} is here, and is being written down."),
            (ClaimStep::Meeting, _) => "The gateway and the board get to know each other.".to_owned(),
            (ClaimStep::Confirming, _) => {
                "The board’s light blinks a number, then rests. Say which, to show that it is this board.".to_owned()
            }
            (ClaimStep::HandingOver, _) => match self.replaces.as_ref().filter(|old| old.online) {
                None => "The board is given its home.".to_owned(),
                Some(Replaces { board, .. }) => format!(
                    "The board is given its home. {board} is still there as {name}, and works until this one has come."
                ),
            },
            (_, Some(Progress::NoNetwork)) => {
                format!("The board looks for the network “{}”.", ssid.unwrap_or_default())
            }
            (ClaimStep::Joining, _) => {
                format!("The board is on its way into the network “{}”.", ssid.unwrap_or_default())
            }
            (_, Some(Progress::Unreachable)) => "The board is in the network and looks for this gateway.".to_owned(),
            _ => "The board is in the network and on its way to this gateway.".to_owned(),
        }
    }

    /// Whether nothing more will come of it.
    pub const fn is_over(&self) -> bool {
        matches!(self.step, ClaimStep::Done | ClaimStep::Failed)
    }
}
