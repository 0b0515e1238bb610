//! Boards are given another Wi-Fi network over the air. For the owner.

use crate::commands::Actor;
use crate::devices::Device;
use crate::error::{no_such, told};
use crate::networks::WifiInput;
use crate::viewer::{shared, signed_in};
use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use gatehouse_core::ids::DeviceId;
use gatehouse_core::wifi_change::{self, FellBack, MoveState};
use std::sync::Arc;

/// How far a device has come on its way into another network.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum WifiMoveState {
    /// Others are asked before it.
    Waiting,
    /// Its board has been asked, and has not answered yet.
    Asked,
    /// Its board has left, and tries the network.
    Trying,
    /// It came by the new network.
    Changed,
    /// It is back in the network that it had: see `reason`.
    FellBack,
    /// Its board did not take the order.
    Refused,
    /// Whether it has changed is unknown: it did not come, or came and did not say.
    Silent,
    /// It was not there, so nothing was sent.
    Offline,
    /// It is quarantined, so nothing was sent.
    Quarantined,
    /// Its firmware cannot be given a network over the air.
    Unsupported,
    /// It is connected where others could read the password, so nothing was sent.
    Readable,
    /// It was not asked, because another before it did not get there.
    NotAsked,
}

/// Why a board went back to the network that it had.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "FellBack")]
pub(crate) enum WifiFailure {
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

impl From<MoveState> for WifiMoveState {
    fn from(state: MoveState) -> Self {
        match state {
            MoveState::Waiting => Self::Waiting,
            MoveState::Asked => Self::Asked,
            MoveState::Trying => Self::Trying,
            MoveState::Changed => Self::Changed,
            MoveState::FellBack(_) => Self::FellBack,
            MoveState::Refused(_) => Self::Refused,
            MoveState::Silent => Self::Silent,
            MoveState::Offline => Self::Offline,
            MoveState::Quarantined => Self::Quarantined,
            MoveState::Unsupported => Self::Unsupported,
            MoveState::Readable => Self::Readable,
            MoveState::NotAsked => Self::NotAsked,
        }
    }
}

/// One device that is to be in another network.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(crate) struct WifiMove {
    /// How far it is.
    state: WifiMoveState,
    /// Why it is back in the network that it had; null when it is not.
    reason: Option<WifiFailure>,
    /// What it is, or what to do about it, for people.
    message: String,
    #[graphql(skip)]
    device: DeviceId,
}

#[ComplexObject]
impl WifiMove {
    /// The device; null when it is no more.
    async fn device(&self, ctx: &Context<'_>) -> Result<Option<Device>> {
        let asked = signed_in(ctx)?;
        Ok(Device::find(&asked, self.device))
    }
}

/// Boards are given another network, one after the other.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(crate) struct WifiChange {
    /// The network's name.
    ssid: String,
    /// Whether nothing more will come of it.
    done: bool,
    /// The devices, in the order in which they are asked.
    moves: Vec<WifiMove>,
    #[graphql(skip)]
    change: Arc<wifi_change::WifiChange>,
}

impl WifiChange {
    pub(crate) fn new(change: Arc<wifi_change::WifiChange>) -> Self {
        let moves = change.moves.iter().map(|one| WifiMove {
            state: one.state.into(),
            reason: match one.state {
                MoveState::FellBack(why) => Some(why.into()),
                _ => None,
            },
            message: one.state.message(&change.ssid),
            device: one.device,
        });
        Self { ssid: change.ssid.to_string(), done: change.is_over(), moves: moves.collect(), change }
    }
}

#[ComplexObject]
impl WifiChange {
    /// Who wants it.
    async fn by(&self, ctx: &Context<'_>) -> Option<Actor> {
        Actor::shown(ctx, &self.change.by)
    }
}

#[derive(Default)]
pub(crate) struct WifiQuery;

#[Object]
impl WifiQuery {
    /// The last time since the gateway started that boards were given another network, under way or over; null when they were not. For
    /// the owner.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn wifi_change(&self, ctx: &Context<'_>) -> Result<Option<WifiChange>> {
        let asked = signed_in(ctx)?;
        asked.viewer.administer().map_err(told)?;
        Ok(asked.view.wifi_change.clone().map(WifiChange::new))
    }
}

/// Boards that are to be in another network.
#[derive(InputObject)]
pub(crate) struct ChangeWifiInput {
    /// Whose boards; all of the home when left out.
    device_ids: Option<Vec<ID>>,
    /// The network.
    wifi: WifiInput,
}

#[derive(Default)]
pub(crate) struct WifiMutation;

#[Object]
impl WifiMutation {
    /// Begins to give boards another network, one after the other, over their own connections and only where nobody can read along. Each
    /// tries it, and goes back to the one that it had unless it reaches the gateway by it; no relay moves. After a wrong password, and
    /// after one that did not get there while none has, no other is asked. Name and password go to the boards, and are kept nowhere
    /// else. Answers at the beginning; `wifiChanged` tells the rest. For the owner.
    /// Errors: BAD_INPUT (ssid, password), NOT_FOUND, CONFLICT (it is under way already), FORBIDDEN, BUSY.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn change_wifi(&self, ctx: &Context<'_>, input: ChangeWifiInput) -> Result<WifiChange> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let ids = input.device_ids.map(|ids| ids.iter().map(|id| id.parse()).collect::<Result<Vec<_>, _>>());
        let ids = ids.transpose().map_err(|_| no_such("device"))?;
        let change = shared(ctx).hub.change_wifi(cap, ids, input.wifi.checked()?).await;
        change.map(WifiChange::new).map_err(told)
    }
}
