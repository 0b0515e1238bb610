//! Boards that are plugged in or in the network and no devices yet, and how one becomes a device. For the owner.

use crate::commands::Actor;
use crate::devices::Device;
use crate::error::{bad_name, no_such, told};
use crate::flashing::Flash;
use crate::giving::WifiGiving;
use crate::viewer::{SignedIn, shared, signed_in};
use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use gatehouse_core::access::{Denied, Viewer};
use gatehouse_core::device::Secret;
use gatehouse_core::ids::{ClaimId, DeviceId};
use gatehouse_core::name::{BoardId, Name};
use gatehouse_core::nearby::{NearbyBoard, Sighting};
use gatehouse_core::onboarding::{
    self, ClaimStep, ClaimTrouble, ClaimView, FoundBoard, FoundState, Identity, PortTrouble, UsbAdapter, WifiSettings,
};
use gatehouse_hub::AskedClaim;
use std::sync::Arc;

/// Whether boards exist for someone.
pub(crate) fn may_view_boards(viewer: &Viewer) -> bool {
    viewer.administer().is_ok()
}

fn owner(ctx: &Context<'_>) -> Result<SignedIn> {
    let asked = signed_in(ctx)?;
    asked.viewer.administer().map_err(told)?;
    Ok(asked)
}

/// How a board was noticed.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum BoardSource {
    /// It is plugged into a USB port of the gateway.
    Serial,
    /// It says in the network that it is there. Anybody can say so, and nothing of it is verified.
    Mdns,
}

/// How far a board has come.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "FoundState")]
pub(crate) enum BoardState {
    /// Something is plugged in, and has not been looked at: it is no adapter that boards have, or it could not be opened. In the
    /// network: a board of Gatehouse's that has no home, and whose FLASH button nobody has pressed.
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

/// Whether a port can be opened.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "onboarding::PortAccess")]
pub(crate) enum PortAccess {
    /// As far as can be told without opening it.
    Free,
    /// The gateway's user may not.
    Denied,
    /// Another program has it.
    InUse,
}

/// A serial port of the gateway.
#[derive(SimpleObject)]
pub(crate) struct SerialPort {
    /// What it is called now: `/dev/ttyUSB0`.
    name: String,
    /// Where it is plugged in, the same after a restart: `1-1.3:1.0`.
    location: String,
    /// What makes a serial port of the USB port; null when it is not on USB.
    adapter: Option<String>,
    /// Whether it can be opened.
    access: PortAccess,
    /// What is plugged in there.
    board: Board,
}

/// A Wi-Fi network that a board sees.
#[derive(SimpleObject)]
pub(crate) struct Network {
    /// Its name.
    ssid: String,
    /// How strong it is there, in dBm: -30 is beside it, below -80 is bad.
    rssi: i32,
    /// Whether it wants a password.
    protected: bool,
}

/// A board that is plugged into the gateway, or says in the network that it is there.
#[derive(SimpleObject)]
#[graphql(complex)]
pub(crate) struct Board {
    /// Its id, as long as it is there.
    id: ID,
    /// How it was noticed.
    source: BoardSource,
    /// What it says it is called; null when it says nothing.
    name: Option<String>,
    /// Where it is: the port's name, or its address in the network.
    location: String,
    /// How far it has come.
    state: BoardState,
    /// What to do about it, where something has to be done.
    advice: Option<&'static str>,
    /// Its id on the wire; null when it is not known.
    board_id: Option<String>,
    /// The hardware: of another firmware the chip; null when it is not known.
    model: Option<String>,
    /// The MAC address; null when it is not known.
    mac: Option<String>,
    /// Its firmware and its version; null when it is not known.
    firmware: Option<String>,
    /// How many relays it has; null when it is not known.
    relays: Option<usize>,
    /// Whether it has a home, ours or another: claiming takes it out of that one.
    has_home: bool,
    /// The networks that it sees, the strongest first, at most 32.
    networks: Vec<Network>,
    /// The last time that firmware was written to a board at this place, under way or over, as long as it is remembered.
    flash: Option<Flash>,
    /// The last time that a board at this place was given Wi-Fi and no home, under way or over, as long as it is remembered.
    wifi_giving: Option<WifiGiving>,
    #[graphql(skip)]
    device: Option<DeviceId>,
    #[graphql(skip)]
    claim: Option<ClaimId>,
}

fn owned(text: &str) -> String {
    text.to_owned()
}

impl From<&FoundBoard> for Board {
    fn from(found: &FoundBoard) -> Self {
        let (native, other) = match &found.identity {
            Some(Identity::Native(native)) => (Some(native), None),
            Some(Identity::Improv(other)) => (None, Some(other)),
            Some(Identity::BootLoader | Identity::Silent) | None => (None, None),
        };
        let networks = found.networks.iter().map(|network| Network {
            ssid: network.ssid.to_string(),
            rssi: network.rssi_dbm.into(),
            protected: network.protected,
        });
        let ours = native.map(|native| format!("Gatehouse {}", native.firmware));
        let theirs = other.map(|other| format!("{} {}", other.firmware, other.version));
        Self {
            id: found.id.to_string().into(),
            source: BoardSource::Serial,
            name: other.map(|other| owned(&other.name)),
            location: found.port.name.to_string(),
            state: found.state.into(),
            advice: found.advice(),
            board_id: native.map(|native| native.board.to_string()),
            model: native.map(|native| &native.model).or(other.map(|other| &other.chip)).map(|model| owned(model)),
            mac: native.map(|native| owned(&native.mac)),
            firmware: ours.or(theirs),
            relays: native.map(|native| native.relays),
            has_home: native.is_some_and(|native| native.home.is_some()),
            networks: networks.collect(),
            flash: found.flash.clone().map(Flash::new),
            wifi_giving: found.giving.clone().map(WifiGiving::new),
            device: found.device,
            claim: found.claim,
        }
    }
}

impl From<&NearbyBoard> for Board {
    fn from(board: &NearbyBoard) -> Self {
        let Sighting { firmware, version, name, address, board: id, mac, model, .. } = &board.sighting;
        let version = version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
        Self {
            id: board.id.to_string().into(),
            source: BoardSource::Mdns,
            name: Some(owned(name)),
            location: address.map(|address| address.to_string()).unwrap_or_default(),
            state: board.state().into(),
            advice: board.advice(),
            board_id: id.as_ref().map(BoardId::to_string),
            model: model.as_deref().map(owned),
            mac: mac.as_deref().map(owned),
            firmware: Some(format!("{}{version}", firmware.name())),
            relays: None,
            has_home: false,
            networks: Vec::new(),
            flash: None,
            wifi_giving: None,
            device: None,
            claim: board.claim.map(|(id, _)| id),
        }
    }
}

/// All boards, for whoever may view them: those that are plugged in, and those that are not and say in the network that they are there.
pub(crate) fn all(boards: &[Arc<FoundBoard>], nearby: &[Arc<NearbyBoard>]) -> Vec<Board> {
    let plugged_in = |id: &BoardId| {
        let native =
            |found: &Arc<FoundBoard>| matches!(&found.identity, Some(Identity::Native(native)) if native.board == *id);
        boards.iter().any(native)
    };
    let elsewhere = nearby.iter().filter(|board| !board.sighting.board.as_ref().is_some_and(plugged_in));
    boards.iter().map(|board| (&**board).into()).chain(elsewhere.map(|board| (&**board).into())).collect()
}

#[ComplexObject]
impl Board {
    /// The device that it is, or that was at this port last.
    async fn device(&self, ctx: &Context<'_>) -> Result<Option<Device>> {
        let asked = signed_in(ctx)?;
        Ok(self.device.and_then(|id| Device::find(&asked, id)))
    }

    /// The last claim, under way or over, as long as it can be looked up.
    async fn claim(&self, ctx: &Context<'_>) -> Result<Option<Claim>> {
        let view = signed_in(ctx)?.view;
        Ok(self.claim.and_then(|id| view.claim(id)).map(|claim| Claim::new(claim.clone())))
    }
}

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
            ssid: view.ssid.as_deref().map(owned),
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
pub(crate) struct BoardsQuery;

#[Object]
impl BoardsQuery {
    /// The boards that are plugged in, at most 64, devices of this home among them, and those that say in the network that they are
    /// there, at most 64. For the owner.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn boards(&self, ctx: &Context<'_>) -> Result<Vec<Board>> {
        let view = owner(ctx)?.view;
        Ok(all(&view.boards, &view.nearby))
    }

    /// The serial ports that the gateway keeps an eye on, at most 64: those that `[serial] ports` of its configuration names. For
    /// the owner.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn serial_ports(&self, ctx: &Context<'_>) -> Result<Vec<SerialPort>> {
        let view = owner(ctx)?.view;
        let ports = view.boards.iter().map(|board| SerialPort {
            name: board.port.name.to_string(),
            location: board.port.location.to_string(),
            adapter: board.port.adapter.as_ref().map(UsbAdapter::to_string),
            access: board.port.access.into(),
            board: (&**board).into(),
        });
        Ok(ports.collect())
    }

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

/// How a board gets into the Wi-Fi network.
#[derive(InputObject)]
pub(crate) struct WifiInput {
    /// The network's name: 1 to 32 bytes.
    ssid: String,
    /// Its password: 8 to 63 printable ASCII characters, or 64 hexadecimal digits; null for an open network.
    password: Option<String>,
}

impl WifiInput {
    pub(crate) fn checked(self) -> Result<WifiSettings> {
        let bad = |field, message: &str| told(Denied::BadInput { field, message: message.to_owned() });
        WifiSettings::new(&self.ssid, self.password.as_deref().filter(|password| !password.is_empty()).map(Secret::new))
            .map_err(|(field, message)| bad(field, message))
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

/// A board that is to be looked at.
#[derive(InputObject)]
pub(crate) struct IdentifyBoardInput {
    /// Which board.
    board_id: ID,
}

#[derive(Default)]
pub(crate) struct BoardsMutation;

#[Object]
impl BoardsMutation {
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

    /// Looks at a board: opens its port and asks who it is. Answers at the beginning; `boardsChanged` tells the rest. For the owner.
    /// Errors: NOT_FOUND, CONFLICT (it is being claimed, flashed or given Wi-Fi), FORBIDDEN, BUSY.
    async fn identify_board(&self, ctx: &Context<'_>, input: IdentifyBoardInput) -> Result<Board> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let id = input.board_id.parse().map_err(|_| no_such("board"))?;
        shared(ctx).hub.look_at_board(cap, id).await.map(|board| (&*board).into()).map_err(told)
    }
}
