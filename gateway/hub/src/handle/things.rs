//! Rooms, devices and switches, as the owner sets them.

use super::{HashSecret, Hub, hexadecimal, unexpected};
use crate::random::random;
use gatehouse_core::access::{Administer, Denied};
use gatehouse_core::device::Secret;
use gatehouse_core::home::{Answer, Edit, NewCredential, Registration, Released, Setting};
use gatehouse_core::ids::{DeviceId, RoomId, SwitchId};
use gatehouse_core::name::{Endpoint, Name};
use gatehouse_core::record::Room;
use gatehouse_core::view::{DeviceView, SwitchView};
use std::sync::Arc;
use std::time::Duration;

/// How long to wait for a board to come back with a new secret: it disconnects, connects and shakes hands, which a chip
/// does within a few seconds.
const ROTATION_WAIT: Duration = Duration::from_secs(15);

impl Hub {
    /// Makes a room.
    pub async fn create_room(&self, cap: Administer, name: Name) -> Result<Arc<Room>, Denied> {
        self.room(Setting::CreateRoom(cap, name)).await
    }

    /// Gives a room another name.
    pub async fn rename_room(&self, cap: Administer, id: RoomId, name: Name) -> Result<Arc<Room>, Denied> {
        self.room(Setting::RenameRoom(cap, id, name)).await
    }

    /// Deletes a room; what was in it is in no room then.
    pub async fn delete_room(&self, cap: Administer, id: RoomId) -> Result<(), Denied> {
        self.set(Setting::DeleteRoom(cap, id)).await.map(drop)
    }

    /// Gives a switch another name or room.
    pub async fn update_switch(&self, cap: Administer, id: SwitchId, edit: Edit) -> Result<Arc<SwitchView>, Denied> {
        match self.set(Setting::UpdateSwitch(cap, id, edit)).await? {
            Answer::Switch(switch) => Ok(switch),
            other => unexpected(&other),
        }
    }

    /// Gives a device another name or room.
    pub async fn update_device(&self, cap: Administer, id: DeviceId, edit: Edit) -> Result<Arc<DeviceView>, Denied> {
        self.device(Setting::UpdateDevice(cap, id, edit)).await
    }

    /// Takes in the gateway's own header, with these relays; once more it only has switches for those that have none.
    pub async fn adopt_header(&self, relays: Vec<Endpoint>) -> Result<Arc<DeviceView>, Denied> {
        self.device(Setting::AdoptHeader(relays)).await
    }

    /// Claims a board by hand.
    pub async fn register_board(&self, cap: Administer, board: Registration) -> Result<Arc<DeviceView>, Denied> {
        self.device(Setting::RegisterBoard(cap, board)).await
    }

    /// Takes the board that is quarantined for the device from now on, if it is still the one that was shown.
    pub async fn release_device(
        &self,
        cap: Administer,
        id: DeviceId,
        released: Released,
    ) -> Result<Arc<DeviceView>, Denied> {
        self.device(Setting::ReleaseDevice(cap, id, released)).await
    }

    /// Says whether a device is behind a repeater, so that its packets come from another MAC address than its own.
    pub async fn set_behind_repeater(
        &self,
        cap: Administer,
        id: DeviceId,
        behind: bool,
    ) -> Result<Arc<DeviceView>, Denied> {
        self.device(Setting::SetBehindRepeater(cap, id, behind)).await
    }

    /// Gives a board another secret, 256 random bits in hexadecimal, over its own connection. Answers when it has logged
    /// in with it and the old one is good no more, or after 15 s with the device still `rotating`: then both are good,
    /// until it does.
    pub async fn rotate_credential(
        &self,
        cap: Administer,
        id: DeviceId,
        hash: HashSecret,
    ) -> Result<Arc<DeviceView>, Denied> {
        let board = self.view().device(id).ok_or(Denied::NotFound("device"))?.board.clone();
        let secret = hexadecimal(&random::<32>());
        let hash = hash(board.as_str(), secret.as_bytes());
        let new = NewCredential { secret: Secret::new(&secret), hash };
        self.device(Setting::RotateCredential(cap, id, new)).await?;
        let mut view = self.view.clone();
        let settled = view.wait_for(|view| view.device(id).is_none_or(|device| !device.rotating));
        // Whatever came of the wait: what is answered is what is so now.
        let _late = tokio::time::timeout(ROTATION_WAIT, settled).await;
        self.view().device(id).cloned().ok_or(Denied::NotFound("device"))
    }

    async fn room(&self, setting: Setting) -> Result<Arc<Room>, Denied> {
        match self.set(setting).await? {
            Answer::Room(room) => Ok(room),
            other => unexpected(&other),
        }
    }

    async fn device(&self, setting: Setting) -> Result<Arc<DeviceView>, Denied> {
        match self.set(setting).await? {
            Answer::Device(device) => Ok(device),
            other => unexpected(&other),
        }
    }
}
