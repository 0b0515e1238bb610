//! Boards that are given another Wi-Fi network over the air: how far each has come, and what to do about those that did not get there.

use crate::command::{Actor, OrderId, Reason};
use crate::ids::DeviceId;
use std::sync::Arc;

/// Why a board went back to the network that it had, as it says itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FellBack {
    /// The network is not there.
    NoNetwork,
    /// The network does not take the password.
    WrongPassword,
    /// The network gave it no address.
    NoAddress,
    /// Nobody answers at the gateway's address.
    Unreachable,
    /// Whoever answers is not the home.
    Untrusted,
    /// The gateway there did not take its credential.
    Refused,
}

/// A board says what has become of an order to try another network, at each connection until there is another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Which order, also one of an earlier session.
    pub order: OrderId,
    /// The board's monotonic clock, milliseconds.
    pub uptime_ms: u64,
    /// None: it came by the new network.
    pub fell_back: Option<FellBack>,
}

/// How far a device has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveState {
    /// Others are asked before it.
    Waiting,
    /// Its board has been asked, and has not answered yet.
    Asked,
    /// Its board has left, and tries the network.
    Trying,
    /// It came by the new network.
    Changed,
    /// It is back in the network that it had.
    FellBack(FellBack),
    /// It did not take the order.
    Refused(Reason),
    /// Whether it has changed is unknown: it did not come, or came and did not say.
    Silent,
    /// It was not there, so nothing was sent.
    Offline,
    /// It is quarantined, so nothing was sent.
    Quarantined,
    /// Its firmware cannot be given a network over the air.
    Unsupported,
    /// It is connected without TLS, where others could read the password.
    Readable,
    /// It was not asked, because another before it did not get there.
    NotAsked,
}

impl MoveState {
    /// Whether nothing more will come of it.
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Waiting | Self::Asked | Self::Trying)
    }

    /// What it is, or what to do about it, for people.
    pub fn message(self, ssid: &str) -> String {
        match self {
            Self::Waiting => "It waits for its turn.".to_owned(),
            Self::Asked => "It is asked.".to_owned(),
            Self::Trying => format!("It tries the network “{ssid}”. That takes up to three minutes."),
            Self::Changed => format!("It is in the network “{ssid}”."),
            Self::FellBack(FellBack::NoNetwork) => format!(
                "It does not see the network “{ssid}”, and is back in the one that it had. See that it is a 2.4 GHz network and reaches \
                 there."
            ),
            Self::FellBack(FellBack::WrongPassword) => {
                format!("The network “{ssid}” did not take the password. It is back in the one that it had.")
            }
            Self::FellBack(FellBack::NoAddress) => {
                format!("It was given no address in “{ssid}”, and is back in the network that it had.")
            }
            Self::FellBack(FellBack::Unreachable) => format!(
                "In “{ssid}” it does not reach this gateway, and is back in the network that it had. A guest network keeps them apart."
            ),
            Self::FellBack(FellBack::Untrusted | FellBack::Refused) => format!(
                "In “{ssid}” something else answers at this gateway's address. It is back in the network that it had."
            ),
            Self::Refused(reason) => format!("Its board did not take it: {reason}."),
            Self::Silent => {
                "It did not come back in time, or did not say by which network. It may come yet.".to_owned()
            }
            Self::Offline => "It was offline, so it has not been asked. Ask it when it is back.".to_owned(),
            Self::Quarantined => "It is quarantined, so it has not been asked.".to_owned(),
            Self::Unsupported => {
                "Its firmware cannot be given another network over the air. Update it first.".to_owned()
            }
            Self::Readable => {
                "It is connected without TLS, so others could read the password. Connect it over TLS first.".to_owned()
            }
            Self::NotAsked => "It has not been asked, because the one before did not get there.".to_owned(),
        }
    }
}

/// One device of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WifiMove {
    /// Which.
    pub device: DeviceId,
    /// How far it is.
    pub state: MoveState,
}

/// A change of the network, under way or over; in memory only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WifiChange {
    /// The network's name.
    pub ssid: Arc<str>,
    /// Who wants it.
    pub by: Actor,
    /// Its devices, in the order in which they are asked.
    pub moves: Vec<WifiMove>,
}

impl WifiChange {
    /// Whether nothing more will come of it.
    pub fn is_over(&self) -> bool {
        self.moves.iter().all(|one| one.state.is_over())
    }
}
