//! Devices and switches: claimed by hand, called and placed otherwise.

use super::{FinishedClaim, Home};
use crate::access::{Denied, Target};
use crate::device::{Device, MAX_RELAYS, SecretHash};
use crate::ids::{DeviceId, RoomId, SwitchId};
use crate::name::{BoardId, Endpoint, Name};
use crate::onboarding::Hardware;
use crate::record::Record;
use crate::switch::Switch;
use std::sync::Arc;

/// Devices a home may have.
pub const MAX_DEVICES: usize = 1_000;

/// A board claimed by hand.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Its id on the wire.
    pub board: BoardId,
    /// The hash of its secret.
    pub secret: SecretHash,
    /// What people call it; its id when none.
    pub name: Option<Name>,
    /// The room it is in, by name; made when there is none of that name.
    pub room: Option<Name>,
    /// How many relays it has; more are added when the board describes itself.
    pub relays: usize,
}

/// What to change of a thing; what is none stays.
#[derive(Clone, Debug, Default)]
pub struct Edit {
    /// Its name.
    pub name: Option<Name>,
    /// Its room, or no room.
    pub room: Option<Option<RoomId>>,
}

impl Home {
    pub(super) fn plan_device(&self, id: DeviceId, edit: Edit) -> Result<Record, Denied> {
        let mut device = Device::clone(&self.devices.get(&id).ok_or(Denied::NotFound("device"))?.device);
        self.edit(edit, &mut device.name, &mut device.room)?;
        Ok(Record::Device(Arc::new(device)))
    }

    pub(super) fn plan_switch(&self, id: SwitchId, edit: Edit) -> Result<Record, Denied> {
        let mut switch = Switch::clone(&self.switches.get(&id).ok_or(Denied::NotFound("switch"))?.switch);
        self.edit(edit, &mut switch.name, &mut switch.room)?;
        Ok(Record::Switch(Arc::new(switch)))
    }

    /// Its switches go with it, and what was given of it or of them. What was done with them stays on record.
    pub(super) fn plan_device_deletion(&self, id: DeviceId) -> Result<Vec<Record>, Denied> {
        self.header_is_away(id)?;
        let switches = &self.devices.get(&id).ok_or(Denied::NotFound("device"))?.switches;
        let mut records: Vec<_> = self.plan_end_of_target(Target::Device(id)).collect();
        for switch in switches.values() {
            records.extend(self.plan_end_of_target(Target::Switch(*switch)));
            records.push(Record::SwitchDeleted(*switch));
        }
        records.push(Record::DeviceDeleted(id));
        Ok(records)
    }

    fn edit(&self, edit: Edit, name: &mut Name, room: &mut Option<RoomId>) -> Result<(), Denied> {
        if let Some(new) = edit.room {
            self.known_room(new, "roomId")?;
            *room = new;
        }
        if let Some(new) = edit.name {
            *name = new;
        }
        Ok(())
    }

    pub(super) fn plan_registration(&mut self, registration: Registration) -> Result<(Vec<Record>, DeviceId), Denied> {
        let Registration { board, secret, name, room, relays } = registration;
        if !(1..=MAX_RELAYS).contains(&relays) {
            let message = format!("A board has 1 to {MAX_RELAYS} relays.");
            return Err(Denied::BadInput { field: "relays", message });
        }
        if let Some(&id) = self.by_board.get(&board) {
            return match self.devices.get(&id) {
                Some(entry) if entry.device.secret == secret => Ok((Vec::new(), id)),
                _ => Err(Denied::Conflict(format!("Board {board} is already claimed, with another secret."))),
            };
        }
        self.room_for_a_device()?;
        let mut records = Vec::new();
        let room = match room {
            None => None,
            Some(name) => match self.rooms.values().find(|room| room.name.same_as(&name)) {
                Some(room) => Some(room.id),
                None => {
                    let room = self.plan_room(name)?;
                    records.push(Record::Room(room.clone()));
                    Some(room.id)
                }
            },
        };
        let name = name.or_else(|| Name::new(board.as_str()).ok()).ok_or(Denied::Busy)?;
        let id = DeviceId::from_raw(self.ids.draw());
        records.extend(self.plan_new_device(
            Device { id, board, name, room, secret, next: None, hardware: None, behind_repeater: false },
            relays,
        ));
        Ok((records, id))
    }

    fn plan_new_device(&mut self, device: Device, relays: usize) -> Vec<Record> {
        let device = Arc::new(device);
        let relays: Vec<_> = (1..=relays).map(Endpoint::relay).collect();
        let switches = self.plan_switches(&device, &relays);
        [Record::Device(device)].into_iter().chain(switches).collect()
    }

    /// Whether the home may have one more.
    pub(super) fn room_for_a_device(&self) -> Result<(), Denied> {
        if self.devices.len() < MAX_DEVICES {
            return Ok(());
        }
        Err(Denied::Conflict(format!("A home has at most {MAX_DEVICES} devices. Remove one first.")))
    }

    /// A board that was claimed at a port is a device: a new one, or the one that it was, with the new secret.
    pub(super) fn plan_finished_claim(&mut self, finished: FinishedClaim) -> Result<Vec<Record>, Denied> {
        let FinishedClaim { claim: _, device: id, registration, replaces, room, hardware } = finished;
        let Registration { board, secret, name, room: _, relays } = registration;
        // It may have been deleted since.
        let room = room.filter(|room| self.rooms.contains_key(room));
        let hardware = Some(hardware);
        if let Some(replaces) = replaces {
            self.still_replaces(&replaces, &board, relays)?;
            let known = Device::clone(&self.devices.get(&id).ok_or(Denied::NotFound("device"))?.device);
            let (name, room) = (name.unwrap_or(known.name), room.or(known.room));
            let behind_repeater = known.behind_repeater;
            let device = Device { id, board, name, room, secret, next: None, hardware, behind_repeater };
            return Ok(self.plan_new_device(device, relays));
        }
        if let Some(entry) = self.devices.get(&id) {
            let known = Device::clone(&entry.device);
            let (name, room) = (name.unwrap_or(known.name.clone()), room.or(known.room));
            let device = Device { name, room, secret, next: None, hardware, id, board, ..known };
            return Ok(vec![Record::Device(Arc::new(device))]);
        }
        if self.by_board.contains_key(&board) {
            return Err(Denied::Conflict(format!("Board {board} was claimed by hand meanwhile.")));
        }
        self.room_for_a_device()?;
        let name = name.or_else(|| Name::new(board.as_str()).ok()).ok_or(Denied::Busy)?;
        let relays = relays.clamp(1, MAX_RELAYS);
        let device = Device { id, board, name, room, secret, next: None, hardware, behind_repeater: false };
        Ok(self.plan_new_device(device, relays))
    }

    /// What a device's board is, as it told at its port. What is plugged in and says that it is a device's board, and is other
    /// hardware, is not believed there either.
    pub(super) fn plan_hardware(&self, id: DeviceId, hardware: Arc<Hardware>) -> Vec<Record> {
        let known = self.devices.get(&id).map(|entry| &entry.device);
        let same = |known: &Arc<Hardware>| {
            **known != *hardware && (&known.chip, &known.mac) == (&hardware.chip, &hardware.mac)
        };
        let other = known.filter(|device| device.hardware.as_ref().is_none_or(same));
        let device = other.map(|device| Device { hardware: Some(hardware), ..Device::clone(device) });
        device.map(|device| Record::Device(Arc::new(device))).into_iter().collect()
    }

    /// A switch for each relay that has none, as far as a device may have more: a board can describe others at each
    /// connection, and switches are for good. One relay takes the device's name, several are numbered.
    pub(super) fn plan_switches(&mut self, device: &Device, relays: &[Endpoint]) -> Vec<Record> {
        let known = self.devices.get(&device.id).map_or(0, |entry| entry.switches.len());
        let mut new: Vec<Switch> = Vec::new();
        for (index, relay) in relays.iter().enumerate() {
            let twice = new.iter().any(|switch| switch.endpoint == *relay);
            if twice || self.switch_of(device.id, relay).is_some() || known + new.len() == MAX_RELAYS {
                continue;
            }
            let name = if relays.len() == 1 { device.name.clone() } else { device.name.numbered(index + 1) };
            let id = SwitchId::from_raw(self.ids.draw());
            new.push(Switch { id, device: device.id, endpoint: relay.clone(), name, room: None });
        }
        new.into_iter().map(|switch| Record::Switch(Arc::new(switch))).collect()
    }
}
