//! What Home Assistant is told of this home: when a device is claimed, gets another name or room, when a switch is new,
//! when the owner wants another form, and when Home Assistant says that it started.

use super::{Effect, Home};
use crate::homeassistant::{Announced, AnnouncedDevice, AnnouncedSwitch, HomeAssistant, ROUND_PAUSE};
use crate::ids::{DeviceId, RoomId};
use crate::name::Name;
use crate::time::{Mono, Now};
use crate::view::Change;
use std::sync::Arc;

/// What is announced, and when all of it was announced again.
#[derive(Debug, Default)]
pub(super) struct Announcing {
    announced: Arc<Announced>,
    last_round: Option<Mono>,
    round_due: Option<Mono>,
}

impl Announcing {
    pub(super) fn next_deadline(&self) -> Option<Mono> {
        self.round_due
    }

    pub(super) fn set(&self) -> &HomeAssistant {
        &self.announced.set
    }
}

impl Home {
    /// Everything that is to be announced now; [`Effect::AnnouncedChanged`] says when it is another.
    pub fn announced(&self) -> Arc<Announced> {
        self.announcing.announced.clone()
    }

    /// A device, its switches or what its board tells of itself may be others.
    pub(super) fn announce_device(&mut self, id: DeviceId, out: &mut Vec<Effect>) {
        let device = self.announced_device(id);
        let announced = &mut self.announcing.announced;
        if announced.devices.get(&id).map(|known| &**known) == device.as_ref() {
            return;
        }
        let devices = &mut Arc::make_mut(announced).devices;
        match device {
            Some(device) => drop(devices.insert(id, Arc::new(device))),
            None => drop(devices.remove(&id)),
        }
        out.push(Effect::AnnouncedChanged);
    }

    /// A room may have another name, or be gone.
    pub(super) fn announce_all(&mut self, out: &mut Vec<Effect>) {
        for id in self.devices.keys().copied().collect::<Vec<_>>() {
            self.announce_device(id, out);
        }
    }

    pub(super) fn apply_home_assistant(&mut self, set: Arc<HomeAssistant>, out: &mut Vec<Effect>) {
        if self.announcing.announced.set != *set {
            Arc::make_mut(&mut self.announcing.announced).set = HomeAssistant::clone(&set);
            out.push(Effect::AnnouncedChanged);
        }
        out.push(Effect::Changed(Change::HomeAssistant(set)));
    }

    /// Home Assistant started and has forgotten what it heard. Whatever it says, all of it is announced again only so
    /// often, for one small message makes many large ones.
    pub(super) fn home_assistant_started(&mut self, now: &Now, out: &mut Vec<Effect>) {
        let due = self.announcing.last_round.map_or(now.mono, |last| last.plus(ROUND_PAUSE));
        self.announcing.round_due = Some(due);
        self.begin_due_round(now, out);
    }

    pub(super) fn begin_due_round(&mut self, now: &Now, out: &mut Vec<Effect>) {
        if self.announcing.round_due.is_some_and(|due| due <= now.mono) {
            self.announcing.round_due = None;
            self.announcing.last_round = Some(now.mono);
            Arc::make_mut(&mut self.announcing.announced).round += 1;
            out.push(Effect::AnnouncedChanged);
        }
    }

    fn announced_device(&self, id: DeviceId) -> Option<AnnouncedDevice> {
        // What the header says does not pass MQTT, so that there is no topic to announce.
        let entry = self.devices.get(&id).filter(|entry| !entry.device.board.is_header())?;
        let (device, facts) = (&entry.device, entry.presence.facts());
        let mut switches = Vec::with_capacity(entry.switches.len());
        let mut rooms = Vec::with_capacity(entry.switches.len());
        for id in entry.switches.values() {
            let Some(switch) = self.switches.get(id).map(|entry| &entry.switch) else { continue };
            rooms.push(switch.room);
            switches.push(AnnouncedSwitch { id: *id, endpoint: switch.endpoint.clone(), name: switch.name.clone() });
        }
        switches.sort_by_key(|switch| switch.id);
        let shared = rooms.first().copied().flatten().filter(|first| rooms.iter().all(|room| *room == Some(*first)));
        Some(AnnouncedDevice {
            id,
            board: device.board.clone(),
            name: device.name.clone(),
            room: device.room.or(shared).and_then(|room| self.room_name(room)),
            model: facts.model.clone(),
            firmware: facts.firmware.clone(),
            switches,
        })
    }

    fn room_name(&self, room: RoomId) -> Option<Name> {
        self.rooms.get(&room).map(|room| room.name.clone())
    }
}
