//! The gateway's own header: a device like others, whose board is inside the process. It comes by the configuration and goes by it, has
//! no credential, no Wi-Fi and no firmware of its own, and is told to nobody by MQTT.

use super::Home;
use crate::access::Denied;
use crate::board_settings::{RelaySetting, Wish};
use crate::device::{Device, SecretHash};
use crate::ids::DeviceId;
use crate::name::{BoardId, Endpoint};
use crate::record::Record;

impl Home {
    /// The device that it is, with a switch for each relay: called by the home's name when it is new.
    pub(super) fn plan_header(&mut self, relays: &[Endpoint]) -> Result<(Vec<Record>, DeviceId), Denied> {
        let home = self.household.as_ref().ok_or(Denied::Unclaimed)?.name.clone();
        if let Some(&id) = self.by_board.get(&BoardId::header()) {
            let known = self.devices.get(&id).ok_or(Denied::NotFound("device"))?.device.clone();
            return Ok((self.plan_switches(&known, relays), id));
        }
        self.room_for_a_device()?;
        let (id, board) = (DeviceId::from_raw(self.ids.draw()), BoardId::header());
        // No secret has this hash, and no credential is made of it.
        let secret = SecretHash([0; 32]);
        let device =
            Device { id, board, name: home, room: None, secret, next: None, hardware: None, behind_repeater: false };
        let switches = self.plan_switches(&device, relays);
        let device = Record::Device(std::sync::Arc::new(device));
        Ok(([device].into_iter().chain(switches).collect(), id))
    }

    /// Refuses what makes sense for boards alone.
    pub(super) fn not_the_header(&self, id: DeviceId, why: &str) -> Result<(), Denied> {
        let Some(device) = self.devices.get(&id).map(|entry| &entry.device).filter(|device| device.board.is_header())
        else {
            return Ok(());
        };
        Err(Denied::Conflict(format!("{} is the gateway's own header: {why}", device.name)))
    }

    /// Settings of its relays are like those of others. It has nothing else that could be asked.
    pub(super) fn header_takes(&self, id: DeviceId, wish: &Wish) -> Result<(), Denied> {
        match wish {
            Wish::Relay(_, RelaySetting::Wiring(_)) => {
                self.not_the_header(id, "how its relays are wired stands in the configuration, under [gpio].")
            }
            Wish::Relay(..) => Ok(()),
            Wish::Identify => self.not_the_header(id, "it cannot blink."),
            Wish::Restart => self.not_the_header(id, "it starts over with the gateway."),
            Wish::Forget => self.not_the_header(id, "it knows no home that it could forget."),
            Wish::Network(_) => self.not_the_header(id, "it has no Wi-Fi of its own."),
        }
    }

    /// As long as it is there it would only come again.
    pub(super) fn header_is_away(&self, id: DeviceId) -> Result<(), Denied> {
        match self.devices.get(&id) {
            Some(entry) if entry.presence.link.is_some() => self.not_the_header(
                id,
                "set [gpio] enabled = false in the configuration and restart the gateway; then it can be deleted.",
            ),
            _ => Ok(()),
        }
    }
}
