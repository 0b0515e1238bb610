//! What everyone may read: a snapshot, and the changes that lead from one to the next.

use crate::access::Access;
use crate::backup::BackupKey;
use crate::board_settings::BoardSettings;
use crate::command::Command;
use crate::device::BoardFacts;
use crate::health::Health;
use crate::homeassistant::HomeAssistant;
use crate::ids::{ClaimId, DeviceId, FoundId, IntegrationId, InvitationId, NoticeId, RoomId, SwitchId};
use crate::integration::Integration;
use crate::invitation::Invitation;
use crate::name::{BoardId, Endpoint, Name};
use crate::nearby::NearbyBoard;
use crate::notice::Notice;
use crate::onboarding::{ClaimView, FoundBoard};
use crate::quarantine::Quarantine;
use crate::record::{HomeRecord, Room};
use crate::switch::SwitchChange;
use crate::time::Wall;
use crate::wifi_change::WifiChange;
use std::sync::Arc;

/// Whether something can be reached now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Availability {
    /// Connected and ready.
    Online,
    /// Not.
    Offline,
    /// Connected, and not believed to be the device: the owner is to decide.
    Quarantined,
}

/// A device as shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceView {
    /// Its id.
    pub id: DeviceId,
    /// The board behind it.
    pub board: BoardId,
    /// What people call it.
    pub name: Name,
    /// Where it is.
    pub room: Option<RoomId>,
    /// Whether it takes commands now.
    pub availability: Availability,
    /// Whether a new secret was made for it with which it has not logged in yet.
    pub rotating: bool,
    /// When it last said anything, to about half a minute; none when never in this run, or the clock was not trusted.
    pub last_seen: Option<Wall>,
    /// What it tells of itself; what it has not told in this run is as on record.
    pub facts: BoardFacts,
    /// How it is, to about ten seconds.
    pub health: Arc<Health>,
    /// Why the board that is there is not believed.
    pub quarantine: Option<Arc<Quarantine>>,
    /// What it says of its settings.
    pub settings: Arc<BoardSettings>,
    /// Whether the owner said that it is behind a repeater.
    pub behind_repeater: bool,
}

impl DeviceView {
    /// Whether it is the gateway's own header, and no board.
    pub fn is_header(&self) -> bool {
        self.board.is_header()
    }
}

/// A switch as shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchView {
    /// Its id.
    pub id: SwitchId,
    /// Its device.
    pub device: DeviceId,
    /// Which endpoint of it.
    pub endpoint: Endpoint,
    /// What people call it.
    pub name: Name,
    /// Where it is: its own room, else its device's.
    pub room: Option<RoomId>,
    /// What the board last reported; none when it never has.
    pub on: Option<bool>,
    /// When it did.
    pub reported_at: Option<Wall>,
    /// What was asked for: the open command's value, else what is reported.
    pub desired: Option<bool>,
    /// Whether a command would reach it.
    pub availability: Availability,
    /// The command under way.
    pub open: Option<Arc<Command>>,
    /// The last change of its state.
    pub last_change: Option<Arc<SwitchChange>>,
    /// The command that settled last, also one that changed nothing; none when none did that is remembered.
    pub last_command: Option<Arc<Command>>,
}

/// A step from one view to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The household is another.
    Home(Arc<HomeRecord>),
    /// A room is new or another.
    Room(Arc<Room>),
    /// A room is gone.
    RoomRemoved(RoomId),
    /// A device is new or another.
    Device(Arc<DeviceView>),
    /// A device is gone.
    DeviceRemoved(DeviceId),
    /// A switch is new or another.
    Switch(Arc<SwitchView>),
    /// A switch is gone.
    SwitchRemoved(SwitchId),
    /// An integration is new or another.
    Integration(Arc<Integration>),
    /// An integration is revoked.
    IntegrationRemoved(IntegrationId),
    /// An invitation is new or another.
    Invitation(Arc<Invitation>),
    /// An invitation is no more.
    InvitationRemoved(InvitationId),
    /// How Home Assistant is told of the home is another.
    HomeAssistant(Arc<HomeAssistant>),
    /// Backups are encrypted to another key.
    BackupKey(BackupKey),
    /// A notice is new or counted up.
    Notice(Arc<Notice>),
    /// A notice was dismissed, or is no more.
    NoticeRemoved(NoticeId),
    /// A board was noticed, or is another.
    Board(Arc<FoundBoard>),
    /// A board is not plugged in any more.
    BoardRemoved(FoundId),
    /// A board says on the network that it is there, or says something else.
    Nearby(Arc<NearbyBoard>),
    /// A board is not in the network any more.
    NearbyRemoved(FoundId),
    /// A claim has begun, or is another.
    Claim(Arc<ClaimView>),
    /// A claim that is long over is forgotten.
    ClaimRemoved(ClaimId),
    /// Boards are given another network, or one of them is further.
    WifiChange(Arc<WifiChange>),
    /// People or sessions are others.
    Access(Arc<Access>),
}

/// Everything there is to see, at one moment. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The household; none before it is claimed.
    pub home: Option<Arc<HomeRecord>>,
    /// Rooms, by id.
    pub rooms: Vec<Arc<Room>>,
    /// Devices, by id.
    pub devices: Vec<Arc<DeviceView>>,
    /// Switches, by id.
    pub switches: Vec<Arc<SwitchView>>,
    /// Integrations, by id.
    pub integrations: Vec<Arc<Integration>>,
    /// Invitations that are open, by id.
    pub invitations: Vec<Arc<Invitation>>,
    /// How Home Assistant is told of the home.
    pub home_assistant: Arc<HomeAssistant>,
    /// To which key backups are encrypted; none before one was made.
    pub backup_key: Option<BackupKey>,
    /// Notices that are not dismissed, by id.
    pub notices: Vec<Arc<Notice>>,
    /// Boards that are plugged in, by id.
    pub boards: Vec<Arc<FoundBoard>>,
    /// Boards that say on the network that they are there, by id.
    pub nearby: Vec<Arc<NearbyBoard>>,
    /// Claims that are under way or lately over, by id.
    pub claims: Vec<Arc<ClaimView>>,
    /// The last time that boards were given another network, under way or over.
    pub wifi_change: Option<Arc<WifiChange>>,
    /// People and sessions.
    pub access: Arc<Access>,
}

fn put<T, K: Ord>(list: &mut Vec<Arc<T>>, item: &Arc<T>, key: impl Fn(&T) -> K) {
    match list.binary_search_by_key(&key(item), |other| key(other)) {
        Ok(at) => list[at] = item.clone(),
        Err(at) => list.insert(at, item.clone()),
    }
}

fn find<'a, T, K: Ord>(list: &'a [Arc<T>], wanted: &K, key: impl Fn(&T) -> K) -> Option<&'a Arc<T>> {
    list.binary_search_by_key(wanted, |item| key(item)).ok().map(|at| &list[at])
}

impl View {
    /// Takes one step.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Home(home) => self.home = Some(home.clone()),
            Change::Room(room) => put(&mut self.rooms, room, |r| r.id),
            Change::RoomRemoved(id) => self.rooms.retain(|room| room.id != *id),
            Change::Device(device) => put(&mut self.devices, device, |d| d.id),
            Change::DeviceRemoved(id) => self.devices.retain(|device| device.id != *id),
            Change::SwitchRemoved(id) => self.switches.retain(|switch| switch.id != *id),
            Change::Switch(switch) => put(&mut self.switches, switch, |s| s.id),
            Change::Integration(integration) => put(&mut self.integrations, integration, |i| i.id),
            Change::IntegrationRemoved(id) => self.integrations.retain(|integration| integration.id != *id),
            Change::Invitation(invitation) => put(&mut self.invitations, invitation, |i| i.id),
            Change::InvitationRemoved(id) => self.invitations.retain(|invitation| invitation.id != *id),
            Change::HomeAssistant(set) => self.home_assistant = set.clone(),
            Change::BackupKey(key) => self.backup_key = Some(key.clone()),
            Change::Notice(notice) => put(&mut self.notices, notice, |n| n.id),
            Change::NoticeRemoved(id) => self.notices.retain(|notice| notice.id != *id),
            Change::Board(board) => put(&mut self.boards, board, |b| b.id),
            Change::BoardRemoved(id) => self.boards.retain(|board| board.id != *id),
            Change::Nearby(board) => put(&mut self.nearby, board, |b| b.id),
            Change::NearbyRemoved(id) => self.nearby.retain(|board| board.id != *id),
            Change::WifiChange(change) => self.wifi_change = Some(change.clone()),
            Change::Claim(claim) => put(&mut self.claims, claim, |c| c.id),
            Change::ClaimRemoved(id) => self.claims.retain(|claim| claim.id != *id),
            Change::Access(access) => self.access = access.clone(),
        }
    }

    /// A room by id.
    pub fn room(&self, id: RoomId) -> Option<&Arc<Room>> {
        find(&self.rooms, &id, |r| r.id)
    }

    /// A device by id.
    pub fn device(&self, id: DeviceId) -> Option<&Arc<DeviceView>> {
        find(&self.devices, &id, |d| d.id)
    }

    /// A board that is plugged in, by id.
    pub fn board(&self, id: FoundId) -> Option<&Arc<FoundBoard>> {
        find(&self.boards, &id, |b| b.id)
    }

    /// A board in the network, by id.
    pub fn nearby(&self, id: FoundId) -> Option<&Arc<NearbyBoard>> {
        find(&self.nearby, &id, |b| b.id)
    }

    /// A claim by id.
    pub fn claim(&self, id: ClaimId) -> Option<&Arc<ClaimView>> {
        find(&self.claims, &id, |c| c.id)
    }

    /// A switch by id.
    pub fn switch(&self, id: SwitchId) -> Option<&Arc<SwitchView>> {
        find(&self.switches, &id, |s| s.id)
    }
}
