//! Boards that are plugged in or in the network and no devices yet. For the owner.

use crate::claims::Claim;
use crate::devices::Device;
use crate::error::{no_such, told};
use crate::flashing::Flash;
use crate::giving::WifiGiving;
use crate::networks::Network;
use crate::viewer::{SignedIn, shared, signed_in};
use async_graphql::{ComplexObject, Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use gatehouse_core::access::Viewer;
use gatehouse_core::ids::{ClaimId, DeviceId};
use gatehouse_core::name::BoardId;
use gatehouse_core::nearby::{NearbyBoard, Sighting};
use gatehouse_core::onboarding::{self, FoundBoard, FoundState, Identity, UsbAdapter};
use std::sync::Arc;

/// Whether boards exist for someone.
pub(crate) fn may_view_boards(viewer: &Viewer) -> bool {
    viewer.administer().is_ok()
}

pub(crate) fn owner(ctx: &Context<'_>) -> Result<SignedIn> {
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
    /// Looks at a board: opens its port and asks who it is. Answers at the beginning; `boardsChanged` tells the rest. For the owner.
    /// Errors: NOT_FOUND, CONFLICT (it is being claimed, flashed or given Wi-Fi), FORBIDDEN, BUSY.
    async fn identify_board(&self, ctx: &Context<'_>, input: IdentifyBoardInput) -> Result<Board> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let id = input.board_id.parse().map_err(|_| no_such("board"))?;
        shared(ctx).hub.look_at_board(cap, id).await.map(|board| (&*board).into()).map_err(told)
    }
}
