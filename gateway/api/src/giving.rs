//! Boards of another firmware that are given Wi-Fi over their cable, and no home. For the owner.

use crate::boards::Board;
use crate::commands::Actor;
use crate::error::{no_such, told};
use crate::networks::WifiInput;
use crate::viewer::{shared, signed_in};
use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use gatehouse_core::onboarding::{GivingStep, GivingTrouble, GivingView, PortTrouble};
use std::sync::Arc;

/// The steps of giving Wi-Fi, in their order.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "GivingStep")]
pub(crate) enum WifiGivingStep {
    /// The board is told the network.
    Telling,
    /// It is on its way into it.
    Joining,
    /// It is in it, it says.
    Done,
    /// It is not known to be in it.
    Failed,
}

/// Why a board is not known to be in the network that it was given.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum WifiGivingError {
    /// The gateway may not open the port.
    PortDenied,
    /// Another program has the port.
    PortInUse,
    /// The cable was pulled.
    Unplugged,
    /// The board does not answer.
    Silent,
    /// Another board answers there than the one that was looked at.
    AnotherBoard,
    /// Its firmware did not take the network.
    NotTaken,
    /// It could not get into the network. Its firmware does not say whether that is for the name, the password or the distance.
    NotJoined,
    /// It did not say in time that it is in.
    TimedOut,
    /// Somebody cancelled it.
    Cancelled,
    /// The gateway stopped.
    GatewayStopping,
}

impl From<GivingTrouble> for WifiGivingError {
    fn from(trouble: GivingTrouble) -> Self {
        match trouble {
            GivingTrouble::Port(PortTrouble::Denied) => Self::PortDenied,
            GivingTrouble::Port(PortTrouble::InUse) => Self::PortInUse,
            GivingTrouble::Port(PortTrouble::Gone) => Self::Unplugged,
            GivingTrouble::Port(PortTrouble::Silent) => Self::Silent,
            GivingTrouble::Port(PortTrouble::AnotherBoard) => Self::AnotherBoard,
            GivingTrouble::Port(PortTrouble::UnableToConnect) => Self::NotJoined,
            GivingTrouble::Port(PortTrouble::NotTaken | PortTrouble::NotStored | PortTrouble::NoAddress) => {
                Self::NotTaken
            }
            GivingTrouble::Late => Self::TimedOut,
            GivingTrouble::Cancelled => Self::Cancelled,
            GivingTrouble::Stopping => Self::GatewayStopping,
        }
    }
}

/// A board of another firmware that is being given Wi-Fi, or was, at the place where it is plugged in.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(crate) struct WifiGiving {
    /// Its id; it is shown until ten minutes after its end, the board's or the gateway's, and when the cable was pulled meanwhile to
    /// whatever is plugged in there next.
    id: ID,
    /// The network's name.
    ssid: String,
    /// The firmware that the board keeps, with its version.
    firmware: String,
    /// The step.
    step: WifiGivingStep,
    /// 0 to 100; where it failed, how far it came.
    percent: i32,
    /// What happens, or what to do about what happened, for people.
    message: String,
    /// Whether nothing more will come of it.
    done: bool,
    /// Why it failed; null while it has not.
    error: Option<WifiGivingError>,
    /// Where the board says that its own page is: `http` or `https` and an address of a private network, no name and no path; null when it
    /// says nothing, or something else. It is the board's word, and nothing is known of what is there.
    url: Option<String>,
    #[graphql(skip)]
    view: Arc<GivingView>,
}

impl WifiGiving {
    pub(crate) fn new(view: Arc<GivingView>) -> Self {
        Self {
            id: view.id.to_string().into(),
            ssid: view.ssid.to_string(),
            firmware: view.firmware.to_string(),
            step: view.step.into(),
            percent: view.percent().into(),
            message: view.message(),
            done: view.is_over(),
            error: view.trouble.map(Into::into),
            url: view.page.map(|page| page.to_string()),
            view,
        }
    }
}

#[ComplexObject]
impl WifiGiving {
    /// Who gives it.
    async fn by(&self, ctx: &Context<'_>) -> Option<Actor> {
        Actor::shown(ctx, &self.view.by)
    }
}

/// A board of another firmware that is to be in a network.
#[derive(InputObject)]
pub(crate) struct GiveWifiInput {
    /// Which board.
    board_id: ID,
    /// The network.
    wifi: WifiInput,
}

/// A board that the gateway is not to wait for any more.
#[derive(InputObject)]
pub(crate) struct CancelGiveWifiInput {
    /// Which board.
    board_id: ID,
}

#[derive(Default)]
pub(crate) struct GivingMutation;

#[Object]
impl GivingMutation {
    /// Begins to give a board that is plugged in and runs another firmware (FOREIGN) Wi-Fi over its cable, two minutes at most: to Tasmota at
    /// its console, to all others by Improv. It keeps its firmware and becomes no device of this home. Name and password go to the board and
    /// nowhere else; the record tells the name. Answers at the beginning; `boardsChanged` tells the rest. What fails can be begun
    /// again. For the owner.
    /// Errors: BAD_INPUT (ssid, password), NOT_FOUND, CONFLICT (it does not speak Improv, has the firmware of Gatehouse, or is being
    /// claimed, flashed or given Wi-Fi), FORBIDDEN, BUSY.
    async fn give_wifi(&self, ctx: &Context<'_>, input: GiveWifiInput) -> Result<Board> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let board = input.board_id.parse().map_err(|_| no_such("board"))?;
        let wifi = input.wifi.checked()?;
        shared(ctx).hub.give_wifi(cap, board, wifi).await.map(|board| (&*board).into()).map_err(told)
    }

    /// Gives that up: the gateway leaves the port. The board may have been told the network already. For the owner.
    /// Errors: NOT_FOUND, CONFLICT (it is not being given Wi-Fi), FORBIDDEN, BUSY.
    async fn cancel_give_wifi(&self, ctx: &Context<'_>, input: CancelGiveWifiInput) -> Result<Board> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let board = input.board_id.parse().map_err(|_| no_such("board"))?;
        shared(ctx).hub.cancel_giving(cap, board).await.map(|board| (&*board).into()).map_err(told)
    }
}
