//! A board takes the place of a device's: the device stays what it is, with its name, room, switches, grants, links and history, and has
//! other hardware and another credential, all in the one write that ends the claim. Until then the old board goes on.

use super::{Effect, Home};
use crate::access::Denied;
use crate::device::Device;
use crate::ids::DeviceId;
use crate::name::{BoardId, Endpoint};
use crate::onboarding::{NativeBoard, Replaces};
use crate::time::Now;
use crate::view::Availability;

impl Home {
    /// What a board would take the place of, if it may.
    pub(super) fn replaces(&self, id: DeviceId, native: &NativeBoard) -> Result<Replaces, Denied> {
        self.not_the_header(id, "no board can take its place.")?;
        let entry = self.devices.get(&id).ok_or(Denied::NotFound("device"))?;
        let device = &entry.device;
        let copy_of = |hardware: &std::sync::Arc<crate::onboarding::Hardware>| hardware.chip != native.chip;
        if device.board == native.board && !device.hardware.as_ref().is_some_and(copy_of) {
            return Err(Denied::Conflict(format!(
                "This is the board of {} itself. Claim it without putting it in the place of anything.",
                device.name
            )));
        }
        self.is_free(id, &native.board)?;
        self.has_relays_for(id, native.relays)?;
        let online = entry.presence.availability() == Availability::Online;
        Ok(Replaces { device: id, board: device.board.clone(), online })
    }

    /// The same when the board has come: the home may be another by then.
    pub(super) fn still_replaces(&self, old: &Replaces, board: &BoardId, relays: usize) -> Result<(), Denied> {
        let device = &self.devices.get(&old.device).ok_or(Denied::NotFound("device"))?.device;
        if device.board != old.board {
            return Err(Denied::Conflict(format!("{} has another board meanwhile.", device.name)));
        }
        self.is_free(old.device, board)?;
        self.has_relays_for(old.device, relays)
    }

    /// One claim of a device at a time: the one that came last would take the board of the other away.
    pub(super) fn not_claimed_elsewhere(&self, id: DeviceId) -> Result<(), Denied> {
        let Some(name) = self.devices.get(&id).map(|entry| &entry.device.name) else { return Ok(()) };
        match self.onboarding.claim_of_device(id) {
            None => Ok(()),
            Some(by) => Err(Denied::Conflict(format!(
                "{by} is claiming another board for {name}. Wait until that is over, or cancel it."
            ))),
        }
    }

    fn is_free(&self, id: DeviceId, board: &BoardId) -> Result<(), Denied> {
        let other = self.by_board.get(board).filter(|other| **other != id).and_then(|other| self.devices.get(other));
        match other {
            None => Ok(()),
            Some(other) => Err(Denied::Conflict(format!(
                "Board {board} is {} of this home. Delete that device first, or take another board.",
                other.device.name
            ))),
        }
    }

    /// A switch is for good, with all that hangs on it, so that none may be left without a relay.
    fn has_relays_for(&self, id: DeviceId, relays: usize) -> Result<(), Denied> {
        let entry = self.devices.get(&id).ok_or(Denied::NotFound("device"))?;
        let served = (1..=relays).filter(|number| entry.switches.contains_key(&Endpoint::relay(*number))).count();
        let (name, all) = (&entry.device.name, entry.switches.len());
        if served == all {
            return Ok(());
        }
        let switches = if all == 1 { "1 switch".to_owned() } else { format!("{all} switches") };
        Err(Denied::Conflict(format!(
            "{name} has {switches}, and this board has relays for {served}. Take a board that has them all, or claim this one as a \
             new device."
        )))
    }

    /// Whether a device is to have another board than before.
    pub(super) fn is_other_board(&self, device: &Device) -> bool {
        self.devices.get(&device.id).is_some_and(|entry| entry.device.board != device.board)
    }

    /// A device has another board from now on. The edge ends the old one's connection, for its credential is gone; nothing that comes
    /// by it counts any more.
    pub(super) fn board_replaced(&mut self, now: &Now, id: DeviceId, out: &mut Vec<Effect>) {
        self.end_move_of(now, id, out);
        self.end_wishes_of(now, id, out);
        self.silence.gone(id, now.mono);
        // What was told of the old board's absence is over.
        self.tell_silence(now, out);
    }
}
