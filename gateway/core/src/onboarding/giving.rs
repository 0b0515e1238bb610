//! A board of another firmware that is given Wi-Fi, and no home, as people see it.

use super::{BoardPage, PortTrouble};
use crate::command::Actor;
use crate::ids::GivingId;
use std::sync::Arc;

/// The steps, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GivingStep {
    /// It is told the network.
    Telling,
    /// It is on its way into it.
    Joining,
    /// It is in it, it says.
    Done,
    /// It is not known to be in it: see the trouble.
    Failed,
}

/// Why a board is not known to be in the network that it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivingTrouble {
    /// The port.
    Port(PortTrouble),
    /// It did not say in time that it is in.
    Late,
    /// Somebody cancelled it.
    Cancelled,
    /// The gateway stopped.
    Stopping,
}

impl GivingTrouble {
    /// Whether the board cannot have been told the network.
    pub const fn is_before_telling(self) -> bool {
        matches!(self, Self::Port(PortTrouble::Denied | PortTrouble::InUse | PortTrouble::AnotherBoard))
    }

    /// What to do about it, for the network `ssid`.
    pub fn advice(self, ssid: &str) -> String {
        match self {
            Self::Port(PortTrouble::UnableToConnect) => format!(
                "The board could not get into “{ssid}”. Its firmware does not say why: check the network's name and type the password \
                 again, and see that it is a 2.4 GHz network that reaches where the board is."
            ),
            Self::Port(PortTrouble::Gone) => format!(
                "The cable was pulled before the board said that it is in “{ssid}”. Plug it in and give it Wi-Fi again."
            ),
            Self::Port(PortTrouble::Silent) => {
                "The board does not answer any more. Unplug it, plug it in again, and give it Wi-Fi again.".to_owned()
            }
            Self::Port(PortTrouble::NotTaken | PortTrouble::NotStored) => {
                "The board's firmware did not take the network. Give it Wi-Fi as its own documentation says, or flash it."
                    .to_owned()
            }
            Self::Port(trouble) => trouble.advice().to_owned(),
            Self::Late => format!(
                "The board did not say in time that it is in “{ssid}”. Check the network's name and type the password again, and see \
                 that it is a 2.4 GHz network that reaches where the board is."
            ),
            Self::Cancelled => {
                format!("It was cancelled. The board may have been told “{ssid}” already, and still try to get there.")
            }
            Self::Stopping => "The gateway stopped. Give the board Wi-Fi again when it is back.".to_owned(),
        }
    }
}

/// A board that is being given Wi-Fi, or was, as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivingView {
    /// Its id.
    pub id: GivingId,
    /// The network's name. Its password is nowhere but in the order.
    pub ssid: Arc<str>,
    /// The board's firmware, with its version.
    pub firmware: Arc<str>,
    /// Who gives it.
    pub by: Actor,
    /// How far it is; where it failed, [`GivingStep::Failed`].
    pub step: GivingStep,
    /// Why it failed.
    pub trouble: Option<GivingTrouble>,
    /// Where the board says that its own page is.
    pub page: Option<BoardPage>,
    /// How far it came, also when it failed.
    pub reached: GivingStep,
}

impl GivingView {
    /// How far it is, 0 to 100; for one that failed, how far it came.
    pub const fn percent(&self) -> u8 {
        match self.reached {
            GivingStep::Telling | GivingStep::Failed => 10,
            GivingStep::Joining => 50,
            GivingStep::Done => 100,
        }
    }

    /// What happens, or what to do about what happened, for people.
    pub fn message(&self) -> String {
        let (ssid, firmware) = (&self.ssid, &self.firmware);
        if let Some(trouble) = self.trouble {
            return trouble.advice(ssid);
        }
        match self.step {
            GivingStep::Telling => format!("The board is told the network “{ssid}”."),
            GivingStep::Joining => format!("The board is on its way into “{ssid}”."),
            GivingStep::Done | GivingStep::Failed => format!(
                "The board is in “{ssid}”. It keeps {firmware}, so it is no switch of this home: for that, flash it with Gatehouse's firmware."
            ),
        }
    }

    /// Whether nothing more will come of it.
    pub const fn is_over(&self) -> bool {
        matches!(self.step, GivingStep::Done | GivingStep::Failed)
    }
}
