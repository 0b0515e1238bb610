//! Rooms: made, renamed and deleted.

use super::Home;
use crate::access::{Denied, Target};
use crate::device::Device;
use crate::ids::RoomId;
use crate::name::Name;
use crate::record::{Record, Room};
use crate::switch::Switch;
use std::sync::Arc;

/// Rooms a home may have.
pub const MAX_ROOMS: usize = 256;

impl Home {
    pub(super) fn known_room(&self, room: Option<RoomId>, field: &'static str) -> Result<(), Denied> {
        match room {
            Some(id) if !self.rooms.contains_key(&id) && field == "id" => Err(Denied::NotFound("room")),
            Some(id) if !self.rooms.contains_key(&id) => {
                Err(Denied::BadInput { field, message: "There is no such room.".to_owned() })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn plan_renaming(&self, id: RoomId, name: Name) -> Result<Arc<Room>, Denied> {
        self.known_room(Some(id), "id")?;
        if self.rooms.values().any(|room| room.id != id && room.name.same_as(&name)) {
            return Err(room_exists(&name));
        }
        Ok(Arc::new(Room { id, name }))
    }

    pub(super) fn plan_room(&mut self, name: Name) -> Result<Arc<Room>, Denied> {
        if self.rooms.values().any(|room| room.name.same_as(&name)) {
            return Err(room_exists(&name));
        }
        if self.rooms.len() == MAX_ROOMS {
            return Err(Denied::Conflict(format!("A home has at most {MAX_ROOMS} rooms. Delete one first.")));
        }
        Ok(Arc::new(Room { id: RoomId::from_raw(self.ids.draw()), name }))
    }

    pub(super) fn plan_room_deletion(&self, id: RoomId) -> Result<Vec<Record>, Denied> {
        self.known_room(Some(id), "id")?;
        let devices = self.devices.values().map(|entry| &entry.device).filter(|device| device.room == Some(id));
        let devices = devices.map(|device| Record::Device(Arc::new(Device { room: None, ..Device::clone(device) })));
        let switches = self.switches.values().map(|entry| &entry.switch).filter(|switch| switch.room == Some(id));
        let switches = switches.map(|switch| Record::Switch(Arc::new(Switch { room: None, ..Switch::clone(switch) })));
        let given = self.plan_end_of_target(Target::Room(id));
        Ok(devices.chain(switches).chain(given).chain([Record::RoomDeleted(id)]).collect())
    }
}

fn room_exists(name: &Name) -> Denied {
    Denied::Conflict(format!("There already is a room called {name}."))
}
