//! Boards' credentials change over the air: a new secret is on disk beside the old one before its board hears of it, and
//! the old one is good until the board has logged in with the new one. So at no moment, whoever loses power, is there a
//! board whose secret the home does not take.

use super::{Effect, Home, Setting};
use crate::access::Denied;
use crate::device::{Device, NewSecret, Secret, SecretHash};
use crate::ids::DeviceId;
use crate::record::Record;
use crate::time::Now;
use crate::view::Availability;
use std::sync::Arc;

/// How often a secret is sent for one request: once, and again on later connections while the board comes back with the
/// old one. A board that never takes it would come and go without end.
const SENDS: u8 = 3;

/// A secret that was drawn for a board.
#[derive(Clone, Debug)]
pub struct NewCredential {
    /// What the board is to present.
    pub secret: Secret,
    /// Its hash, as the edge computes it.
    pub hash: SecretHash,
}

/// A new secret that is not on disk, where its hash is. When the daemon ends it is forgotten: then the board has it, or
/// another is made.
#[derive(Debug)]
pub(super) struct Rotation {
    new: NewCredential,
    sends_left: u8,
}

impl Rotation {
    /// Whether its hash is the device's next one.
    pub(super) fn is_of(&self, device: &Device) -> bool {
        device.next == Some(self.new.hash)
    }
}

impl Home {
    pub(super) fn plan_rotation(&mut self, id: DeviceId, new: NewCredential) -> Result<Vec<Record>, Denied> {
        self.not_the_header(id, "it has no secret.")?;
        let entry = self.devices.get_mut(&id).ok_or(Denied::NotFound("device"))?;
        let name = &entry.device.name;
        let presented = match entry.presence.presented() {
            Some(presented) if entry.presence.availability() == Availability::Online => presented,
            _ if entry.presence.quarantine().is_some() => {
                let message = format!(
                    "{name} is quarantined, so it is not given a new secret. Accept the board, or bring the right one back."
                );
                return Err(Denied::Conflict(message));
            }
            _ => {
                let message =
                    format!("{name} is offline, so it cannot be given a new secret. Try again when it is back.");
                return Err(Denied::Conflict(message));
            }
        };
        if !entry.presence.rotates() {
            let message = format!(
                "The firmware of {name} cannot take a new secret over the air. Update it, or provision it anew."
            );
            return Err(Denied::Conflict(message));
        }
        if !entry.presence.private() {
            let message = format!(
                "{name} is connected without TLS, so others on the network could read a new secret. Connect it over TLS \
                 first."
            );
            return Err(Denied::Conflict(message));
        }
        // Asked twice: the board may have the first one by now, so that it must stay good. It is sent again.
        if let Some(rotation) = entry.rotation.as_mut().filter(|rotation| rotation.is_of(&entry.device))
            && presented != rotation.new.hash
        {
            rotation.sends_left = SENDS;
            return Ok(Vec::new());
        }
        // What it presented is what it has. A next one that this run does not know it has not: with it, it would have
        // come with that one.
        let secret = if entry.device.next == Some(presented) { presented } else { entry.device.secret };
        let device = Device { secret, next: Some(new.hash), ..Device::clone(&entry.device) };
        entry.rotation = Some(Rotation { new, sends_left: SENDS });
        Ok(vec![Record::Device(Arc::new(device))])
    }

    pub(super) fn plan_end_of_rotation(&self, id: DeviceId, secret: SecretHash) -> Vec<Record> {
        let device = self.devices.get(&id).map(|entry| &entry.device).filter(|device| device.next == Some(secret));
        let device = device.map(|device| Device { secret, next: None, ..Device::clone(device) });
        device.map(|device| Record::Device(Arc::new(device))).into_iter().collect()
    }

    /// A board logged in. With its new secret, that is the only one from now on.
    pub(super) fn logged_in(&mut self, now: &Now, id: DeviceId, secret: SecretHash, out: &mut Vec<Effect>) {
        if self.devices.get(&id).is_some_and(|entry| entry.device.next == Some(secret)) {
            self.change_settings(now, None, Setting::EndRotation(id, secret), out);
        }
    }

    /// Sends a device its new secret, if it has one whose hash is on disk, and is there to take it.
    pub(super) fn send_secret(&mut self, id: DeviceId, out: &mut Vec<Effect>) {
        let Some(entry) = self.devices.get_mut(&id) else { return };
        let Some(rotation) = entry.rotation.as_mut().filter(|rotation| rotation.is_of(&entry.device)) else { return };
        let presence = &mut entry.presence;
        let takes_it = presence.rotates() && presence.private() && presence.presented() != Some(rotation.new.hash);
        if rotation.sends_left == 0 || !takes_it {
            return;
        }
        let Some(mut board) = presence.commandable() else { return };
        let Some(order) = board.next_order() else { return };
        rotation.sends_left -= 1;
        let (board, link, secret) = (entry.device.board.clone(), board.link, rotation.new.secret.clone());
        out.push(Effect::SendSecret(NewSecret { board, link, id: order, secret }));
    }
}
