//! Where a board's packets come from: the kernel's neighbour table has a MAC address for its IP address. One that differs from
//! what the board says moves nothing and stops nothing, for a repeater puts its own there; the owner is told, once a
//! connection, until they say that it is so for good. Not to know is no difference.

use super::{Effect, Home};
use crate::access::Denied;
use crate::device::Device;
use crate::ids::{DeviceId, LinkId};
use crate::name::BoardId;
use crate::notice::{Incident, NoticeKind, Subject};
use crate::record::Record;
use crate::time::Now;
use std::sync::Arc;

impl Home {
    pub(super) fn neighbour_told(
        &mut self,
        now: &Now,
        board: &BoardId,
        link: LinkId,
        mac: &Arc<str>,
        out: &mut Vec<Effect>,
    ) {
        let Some(&device) = self.by_board.get(board) else { return };
        let Some(entry) = self.devices.get_mut(&device) else { return };
        if entry.presence.comes_from(link, mac) {
            self.judge_neighbour(now, device, out);
            self.show_device(device, out);
        }
    }

    /// Tells the owner of a board that is believed and whose packets come from another MAC address than it says it has.
    pub(super) fn judge_neighbour(&mut self, now: &Now, id: DeviceId, out: &mut Vec<Effect>) {
        let Some(entry) = self.devices.get_mut(&id) else { return };
        let (facts, repeater) = (entry.presence.facts().clone(), entry.device.behind_repeater);
        let Some(link) = entry.presence.link.as_mut().filter(|link| link.is_believed() && !link.neighbour_told) else {
            return;
        };
        let (Some(seen), Some(told)) = (facts.neighbour, link.told.mac.clone()) else { return };
        if repeater || seen.eq_ignore_ascii_case(&told) {
            return;
        }
        link.neighbour_told = true;
        let subject = Subject::Board(entry.device.board.clone());
        let incident = Incident::once(NoticeKind::NeighbourDiffers, subject, facts.address);
        self.incident(now, &incident.saying(format!("it says {told}, they come from {seen}")), out);
    }

    pub(super) fn plan_repeater(&self, id: DeviceId, behind: bool) -> Result<Vec<Record>, Denied> {
        self.not_the_header(id, "no packets come from it.")?;
        let device = &self.devices.get(&id).ok_or(Denied::NotFound("device"))?.device;
        let other = Device { behind_repeater: behind, ..Device::clone(device) };
        Ok((device.behind_repeater != behind).then(|| Record::Device(Arc::new(other))).into_iter().collect())
    }

    /// The owner said whether a device is behind a repeater: what they were told is answered, or told anew.
    pub(super) fn repeater_set(&mut self, now: &Now, id: DeviceId, out: &mut Vec<Effect>) {
        let Some(entry) = self.devices.get_mut(&id) else { return };
        if entry.device.behind_repeater {
            let subject = Subject::Board(entry.device.board.clone());
            self.notices.answer(NoticeKind::NeighbourDiffers, &subject, out);
        } else {
            if let Some(link) = &mut entry.presence.link {
                link.neighbour_told = false;
            }
            self.judge_neighbour(now, id, out);
        }
    }
}
