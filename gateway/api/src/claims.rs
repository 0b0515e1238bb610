//! How a board becomes a device. For the owner.

use crate::boards::{Board, owner};
use crate::commands::Actor;
use crate::devices::Device;
use crate::error::{bad_name, no_such, told};
use crate::networks::WifiInput;
use crate::viewer::{shared, signed_in};
use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use gatehouse_core::access::Denied;
use gatehouse_core::home::NUMBERS;
use gatehouse_core::ids::{ClaimId, DeviceId};
use gatehouse_core::name::Name;
use gatehouse_core::onboarding::{ClaimStep, ClaimTrouble, ClaimView, PortTrouble};
use gatehouse_hub::AskedClaim;
use std::sync::Arc;

/// The steps of a claim, in their order.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "ClaimStep")]
pub(crate) enum ClaimProgressStep {
    /// In the network: the gateway and the board exchange keys.
    Meeting,
    /// In the network: the board's light blinks a number, which somebody has to say with `confirmClaim`.
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
    /// It is none.
    Failed,
}

/// Why a claim failed.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum ClaimError {
    /// The gateway may not open the port.
    PortDenied,
    /// Another program has the port.
    PortInUse,
    /// The cable was pulled.
    Unplugged,
    /// The board does not answer.
    Silent,
    /// The board did not take or store what it was given.
    NotTaken,
    /// The board could not get into the network.
    NotJoined,
    /// The network is not there.
    NoNetwork,
    /// The network does not take the password.
    WrongPassword,
    /// The network gave the board no address.
    NoAddress,
    /// The board, or the gateway, is not where the other can be reached.
    Unreachable,
    /// Whoever the board reached is not this home.
    Untrusted,
    /// The gateway did not take its credential.
    Refused,
    /// In the network: nobody answers where the board said that it can be claimed. Its FLASH button is to be pressed.
    WindowClosed,
    /// In the network: who answered is not the board that was found.
    Stranger,
    /// In the network: the board ended it.
    Lost,
    /// The number that was said is not the one that the board has to blink.
    WrongNumber,
    /// It did not come in time.
    TimedOut,
    /// Somebody cancelled it.
    Cancelled,
    /// It could not be written down.
    NotWritten,
    /// The gateway stopped.
    GatewayStopping,
}

impl From<ClaimTrouble> for ClaimError {
    fn from(trouble: ClaimTrouble) -> Self {
        match trouble {
            ClaimTrouble::Port(PortTrouble::Denied) => Self::PortDenied,
            ClaimTrouble::Port(PortTrouble::InUse) => Self::PortInUse,
            ClaimTrouble::Port(PortTrouble::Gone) => Self::Unplugged,
            ClaimTrouble::Port(PortTrouble::Silent) => Self::Silent,
            ClaimTrouble::Port(PortTrouble::NotTaken | PortTrouble::NotStored | PortTrouble::AnotherBoard) => {
                Self::NotTaken
            }
            ClaimTrouble::Port(PortTrouble::UnableToConnect) => Self::NotJoined,
            ClaimTrouble::Port(PortTrouble::NoAddress) | ClaimTrouble::Unreachable => Self::Unreachable,
            ClaimTrouble::NoNetwork => Self::NoNetwork,
            ClaimTrouble::WrongPassword => Self::WrongPassword,
            ClaimTrouble::NoAddress => Self::NoAddress,
            ClaimTrouble::Untrusted => Self::Untrusted,
            ClaimTrouble::Refused => Self::Refused,
            ClaimTrouble::NobodyThere => Self::WindowClosed,
            ClaimTrouble::Stranger => Self::Stranger,
            ClaimTrouble::Lost => Self::Lost,
            ClaimTrouble::WrongNumber => Self::WrongNumber,
            ClaimTrouble::NoLogin => Self::TimedOut,
            ClaimTrouble::Cancelled => Self::Cancelled,
            ClaimTrouble::NotWritten => Self::NotWritten,
            ClaimTrouble::Stopping => Self::GatewayStopping,
        }
    }
}

/// How far a claim is.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(crate) struct ClaimProgress {
    /// The step.
    step: ClaimProgressStep,
    /// 0 to 100; where it failed, how far it came.
    percent: i32,
    /// What happens, or what to do about what happened, for people.
    message: String,
    /// Whether nothing more will come of it.
    done: bool,
    /// Why it failed; null while it has not.
    error: Option<ClaimError>,
    #[graphql(skip)]
    device_id: Option<DeviceId>,
}

#[ComplexObject]
impl ClaimProgress {
    /// The device that the board became.
    async fn device(&self, ctx: &Context<'_>) -> Result<Option<Device>> {
        let asked = signed_in(ctx)?;
        Ok(self.device_id.and_then(|id| Device::find(&asked, id)))
    }
}

impl ClaimProgress {
    pub(crate) fn new(claim: &ClaimView) -> Self {
        Self {
            step: claim.step.into(),
            percent: claim.percent().into(),
            message: claim.message(),
            done: claim.is_over(),
            error: claim.trouble.map(Into::into),
            device_id: claim.device,
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.done
    }
}

/// An attempt to make a device of a board.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(crate) struct Claim {
    /// Its id; it can be looked up until ten minutes after its end, or the gateway's, or until 64 others have ended after it.
    id: ID,
    /// What the device is to be called.
    name: String,
    /// The network that the board is given; null when it is claimed in the one it is in.
    ssid: Option<String>,
    /// How far it is.
    progress: ClaimProgress,
    #[graphql(skip)]
    view: Arc<ClaimView>,
}

impl Claim {
    pub(crate) fn new(view: Arc<ClaimView>) -> Self {
        Self {
            id: view.id.to_string().into(),
            name: view.name.to_string(),
            ssid: view.ssid.as_deref().map(str::to_owned),
            progress: ClaimProgress::new(&view),
            view,
        }
    }
}

#[ComplexObject]
impl Claim {
    /// The device whose board this one takes the place of; null when it takes that of none.
    async fn replaces(&self, ctx: &Context<'_>) -> Result<Option<Device>> {
        let asked = signed_in(ctx)?;
        Ok(self.view.replaces.as_ref().and_then(|old| Device::find(&asked, old.device)))
    }

    /// Who claims it.
    async fn by(&self, ctx: &Context<'_>) -> Option<Actor> {
        Actor::shown(ctx, &self.view.by)
    }

    /// The board; null when it is not plugged in, or not found in the network, any more.
    async fn board(&self, ctx: &Context<'_>) -> Result<Option<Board>> {
        let view = signed_in(ctx)?.view;
        let plugged_in = view.board(self.view.board).map(|board| (&**board).into());
        Ok(plugged_in.or_else(|| view.nearby(self.view.board).map(|board| (&**board).into())))
    }
}

#[derive(Default)]
pub(crate) struct ClaimsQuery;

#[Object]
impl ClaimsQuery {
    /// Claims that are under way, or over and remembered: of those the newest 64. For the owner.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn claims(&self, ctx: &Context<'_>) -> Result<Vec<Claim>> {
        Ok(owner(ctx)?.view.claims.iter().cloned().map(Claim::new).collect())
    }

    /// A claim; null when there is none of that id, or none any more. For the owner.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN.
    async fn claim(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Claim>> {
        let view = owner(ctx)?.view;
        let claim = id.parse().ok().and_then(|id: ClaimId| view.claim(id).cloned());
        Ok(claim.map(Claim::new))
    }
}

/// A board that is to become a device.
#[derive(InputObject)]
pub(crate) struct ClaimDeviceInput {
    /// Which board.
    board_id: ID,
    /// What the device is to be called: 1 to 64 characters; when left out the board's id, or as the device is called that it is or
    /// whose board it takes the place of.
    name: Option<String>,
    /// Where it is to be.
    room_id: Option<ID>,
    /// The device whose board it takes the place of: that device keeps name, room, switches, what was shared of it, and history, and
    /// may keep its old board until this one has logged in.
    replaces_device_id: Option<ID>,
    /// How it gets into the network. A board with the source MDNS is in it already, and needs none.
    wifi: Option<WifiInput>,
}

/// A claim that is given up.
#[derive(InputObject)]
pub(crate) struct CancelClaimInput {
    /// Which claim.
    claim_id: ID,
}

/// The number that the light of a board blinks.
#[derive(InputObject)]
pub(crate) struct ConfirmClaimInput {
    /// Which claim.
    claim_id: ID,
    /// How often the light blinks before it rests: 1 to 8.
    number: i32,
}

#[derive(Default)]
pub(crate) struct ClaimsMutation;

#[Object]
impl ClaimsMutation {
    /// Begins to make a device of a board: gives it this home and the network over the cable, and waits for its own login,
    /// 90 s at most. A board in the network that is READY is given its home there, once `confirmClaim` has said the number that its light
    /// blinks. Answers at the beginning; `claimProgress` tells the rest. Name and password of the network go to the board and
    /// nowhere else. A board that is a device already stays that device, with a new secret. With `replacesDeviceId` it takes the place of
    /// a device's board: at its login, in one step, that device is this hardware with this credential, and the old board may log in no
    /// more; a claim that fails changes nothing. Relays beyond those of the old board become new switches. No relay moves. For the
    /// owner.
    /// Errors: BAD_INPUT (name, roomId, wifi, ssid, password), NOT_FOUND, CONFLICT (it is being claimed, it cannot be, it is another
    /// device's board or has too few relays for the one that it is to replace, or there are 1,000 devices), FORBIDDEN, BUSY.
    async fn claim_device(&self, ctx: &Context<'_>, input: ClaimDeviceInput) -> Result<Claim> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let board = input.board_id.parse().map_err(|_| no_such("board"))?;
        let name = input.name.map(|name| Name::new(&name)).transpose().map_err(bad_name("name"))?;
        let no_room = |_| told(Denied::BadInput { field: "roomId", message: "There is no such room.".to_owned() });
        let room = input.room_id.map(|id| id.parse()).transpose().map_err(no_room)?;
        let replaces = input.replaces_device_id.map(|id| id.parse()).transpose().map_err(|_| no_such("device"))?;
        let wifi = input.wifi.map(WifiInput::checked).transpose()?;
        let asked = AskedClaim { board, name, room, replaces, wifi };
        let shared = shared(ctx);
        let claim = shared.hub.claim_board(cap, asked, shared.settings.hash_secret).await.map_err(told)?;
        Ok(Claim::new(claim))
    }

    /// Gives a claim up: its credential is good for nothing any more, and the board goes back to what it had. For the owner.
    /// Errors: NOT_FOUND, CONFLICT (the board has logged in), FORBIDDEN, BUSY.
    async fn cancel_claim(&self, ctx: &Context<'_>, input: CancelClaimInput) -> Result<Claim> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let id = input.claim_id.parse().map_err(|_| no_such("claim"))?;
        shared(ctx).hub.cancel_claim(cap, id).await.map(Claim::new).map_err(told)
    }

    /// Says which number the light of a board blinks that is being claimed in the network, at the step CONFIRMING. The right one has
    /// the board given its home; with a wrong one the claim fails, and nothing is given: there is no other try. For the owner.
    /// Errors: BAD_INPUT (number), NOT_FOUND, CONFLICT (the claim waits for no number), FORBIDDEN, BUSY.
    async fn confirm_claim(&self, ctx: &Context<'_>, input: ConfirmClaimInput) -> Result<Claim> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let id = input.claim_id.parse().map_err(|_| no_such("claim"))?;
        let number = u8::try_from(input.number).ok().filter(|number| NUMBERS.contains(number));
        let number = number.ok_or_else(|| {
            let message = "The light blinks 1 to 8 times, then rests. Count again.".to_owned();
            told(Denied::BadInput { field: "number", message })
        })?;
        shared(ctx).hub.confirm_claim(cap, id, number).await.map(Claim::new).map_err(told)
    }
}
