//! Whether a board is the hardware that its device was claimed with. It is looked at on each connection, from what the board
//! says there, so that nothing of it has to be kept: a gateway that starts anew comes to the same end.
//!
//! A board tells who it is before its session and its reports. Until it has, nothing else that it says counts; what it
//! reported meanwhile is kept, and taken in once it is believed.

use super::{Effect, Home, Setting};
use crate::access::Denied;
use crate::device::{BoardFacts, Device};
use crate::edge::Belief;
use crate::ids::DeviceId;
use crate::notice::{Incident, NoticeKind, Subject};
use crate::quarantine::{Quarantine, Told, Verdict, judge};
use crate::record::Record;
use crate::time::Now;
use std::sync::Arc;

/// What is thought of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Its board has yet to say who it is.
    Unproven,
    /// It is the device's board.
    Believed,
    /// It is not, until the connection ends or the record is another.
    Quarantined(Arc<Quarantine>),
}

impl Standing {
    /// As the edge is told.
    pub(super) fn belief(&self) -> Belief {
        match self {
            Self::Unproven => Belief::Awaited,
            Self::Believed => Belief::Believed,
            Self::Quarantined(_) => Belief::Quarantined,
        }
    }

    pub(super) fn at_login(device: &Device) -> Self {
        if device.hardware.is_some() { Self::Unproven } else { Self::Believed }
    }

    pub(super) fn quarantine(&self) -> Option<&Arc<Quarantine>> {
        match self {
            Self::Quarantined(quarantine) => Some(quarantine),
            Self::Believed | Self::Unproven => None,
        }
    }
}

/// Who the owner saw when they decided that a board is the device from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Released {
    /// The chip id that it told.
    pub chip: Arc<str>,
    /// The MAC address that it told.
    pub mac: Arc<str>,
}

impl super::DeviceEntry {
    /// What its board told of itself; what it has not told in this run is as on record.
    pub(super) fn facts(&self) -> BoardFacts {
        let mut facts = self.presence.facts().clone();
        if let Some(record) = &self.device.hardware {
            let known = |text: &Arc<str>| Some(text.clone()).filter(|text| !text.is_empty());
            facts.chip = facts.chip.or_else(|| known(&record.chip));
            facts.mac = facts.mac.or_else(|| known(&record.mac));
            facts.model = facts.model.or_else(|| known(&record.model));
            facts.firmware = facts.firmware.or_else(|| known(&record.firmware));
        }
        facts
    }
}

impl Home {
    pub(super) fn is_believed(&self, id: DeviceId) -> bool {
        let link = self.devices.get(&id).and_then(|entry| entry.presence.link.as_ref());
        link.is_some_and(super::presence::Link::is_believed)
    }

    /// Looks at what a board has told so far, by the record of its device.
    pub(super) fn judge(&mut self, now: &Now, id: DeviceId, out: &mut Vec<Effect>) {
        let Some(entry) = self.devices.get_mut(&id) else { return };
        let Some(link) = entry.presence.link.as_mut() else { return };
        let record = entry.device.hardware.as_deref();
        let was = link.standing.clone();
        link.standing = match (judge(record, &link.told, link.ready), record) {
            (Verdict::Suspect(why), Some(record)) => {
                let Told { chip, mac, .. } = link.told.clone();
                let (expected_chip, expected_mac) = (record.chip.clone(), record.mac.clone());
                let since = was.quarantine().map_or(now.stamp(), |known| known.since);
                Standing::Quarantined(Arc::new(Quarantine { why, expected_chip, expected_mac, chip, mac, since }))
            }
            (Verdict::Unproven, _) => Standing::Unproven,
            _ => Standing::Believed,
        };
        if link.standing == was {
            return;
        }
        out.push(Effect::Believe(link.id, link.standing.belief()));
        match link.standing.clone() {
            Standing::Unproven => {}
            Standing::Believed => self.take_in_early(now, id, out),
            Standing::Quarantined(quarantine) => {
                let address = entry.presence.facts().address;
                let subject = Subject::Board(entry.device.board.clone());
                let incident = Incident::once(NoticeKind::DeviceQuarantined, subject, address);
                self.incident(now, &incident.saying(quarantine.difference()), out);
                self.show_device(id, out);
            }
        }
    }

    /// Whether a device is to be known by other hardware than before.
    pub(super) fn is_other_hardware(&self, device: &Device) -> bool {
        self.devices.get(&device.id).is_some_and(|entry| entry.device.hardware != device.hardware)
    }

    /// The record of a device is another: its board, if it is there, is looked at by that.
    pub(super) fn judge_by_record(&mut self, now: &Now, id: DeviceId, out: &mut Vec<Effect>) {
        let Some(was) = self.devices.get(&id).map(|entry| entry.presence.availability()) else { return };
        self.judge(now, id, out);
        self.take_in(now, id, (was, false), out);
    }

    /// A board that is believed and takes commands is written down as what it says: at its first time, if its device was
    /// claimed by hand, and when its firmware or model is another.
    pub(super) fn note_told(&mut self, now: &Now, id: DeviceId, out: &mut Vec<Effect>) {
        let Some(entry) = self.devices.get_mut(&id) else { return };
        let Some(link) = entry.presence.link.as_mut() else { return };
        if !link.ready || !link.is_believed() || link.noted {
            return;
        }
        let known = entry.device.hardware.as_deref();
        let Some(told) = link.told.recorded(known) else { return };
        if known == Some(&told) {
            return;
        }
        link.noted = true;
        if let Some(renewal) = known.and_then(|known| link.told.renewal(known)) {
            let subject = Subject::Board(entry.device.board.clone());
            let incident = Incident::once(NoticeKind::FirmwareChanged, subject, None);
            self.incident(now, &incident.saying(renewal), out);
        }
        self.change_settings(now, None, Setting::NoteTold(id), out);
    }

    /// From what the board says when its turn has come: the connection may be another by then.
    pub(super) fn plan_told(&self, id: DeviceId) -> Vec<Record> {
        let recorded = || {
            let entry = self.devices.get(&id)?;
            let link = entry.presence.link.as_ref().filter(|link| link.ready && link.is_believed())?;
            let known = entry.device.hardware.as_ref();
            let told = link.told.recorded(known.map(|known| &**known))?;
            let device = Device { hardware: Some(Arc::new(told)), ..Device::clone(&entry.device) };
            (known != device.hardware.as_ref()).then(|| Record::Device(Arc::new(device)))
        };
        recorded().into_iter().collect()
    }

    /// The board that is there is the device's from now on. It must be the one that the owner saw.
    pub(super) fn plan_release(&self, id: DeviceId, released: &Released) -> Result<Vec<Record>, Denied> {
        let entry = self.devices.get(&id).ok_or(Denied::NotFound("device"))?;
        let name = &entry.device.name;
        if entry.presence.quarantine().is_none() {
            return Err(Denied::Conflict(format!("{name} is not quarantined.")));
        }
        let told = entry.presence.link.as_ref().and_then(|link| link.told.recorded(entry.device.hardware.as_deref()));
        let Some(told) = told else {
            let message = format!(
                "The board that came as {name} does not say its chip id and MAC address, so there is nothing to accept. \
                 Update its firmware, or delete the device."
            );
            return Err(Denied::Conflict(message));
        };
        if told.chip != released.chip || told.mac != released.mac {
            return Err(Denied::Conflict(format!("Yet another board came for {name} meanwhile. Look again.")));
        }
        let device = Device { hardware: Some(Arc::new(told)), ..Device::clone(&entry.device) };
        Ok(vec![Record::Device(Arc::new(device))])
    }
}
