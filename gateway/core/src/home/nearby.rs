//! Boards that say on the network that they are there. They are listed, and that is all: whoever is in the network can say
//! anything, so as many as [`MAX_NEARBY`] are kept, and nobody's place is taken by who comes later.

use super::{Effect, Home};
use crate::access::Denied;
use crate::ids::FoundId;
use crate::nearby::{MAX_NEARBY, NearbyBoard, NearbyEvent, Sighting};
use crate::view::Change;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Boards on the network, by their service.
#[derive(Debug, Default)]
pub(super) struct Nearby(BTreeMap<Arc<str>, Arc<NearbyBoard>>);

impl Nearby {
    pub(super) fn shown(&self) -> Vec<Arc<NearbyBoard>> {
        let mut all: Vec<_> = self.0.values().cloned().collect();
        all.sort_unstable_by_key(|board| board.id);
        all
    }

    /// Why a board that is only in the network cannot be claimed or looked at.
    pub(super) fn refuse(&self, id: FoundId) -> Result<(), Denied> {
        match self.0.values().find(|board| board.id == id) {
            Some(board) => Err(Denied::Conflict(board.sighting.firmware.advice().to_owned())),
            None => Ok(()),
        }
    }
}

impl Home {
    /// The network tells of a board.
    pub(super) fn nearby_event(&mut self, event: NearbyEvent, out: &mut Vec<Effect>) {
        match event {
            NearbyEvent::Seen(sighting) => self.seen_nearby(sighting, out),
            NearbyEvent::Gone(service) => {
                if let Some(board) = self.nearby.0.remove(&service) {
                    out.push(Effect::Changed(Change::NearbyRemoved(board.id)));
                }
            }
        }
    }

    fn seen_nearby(&mut self, sighting: Sighting, out: &mut Vec<Effect>) {
        let known = self.nearby.0.get(&sighting.service);
        if known.is_some_and(|board| board.sighting == sighting) {
            return;
        }
        let id = match known {
            Some(board) => board.id,
            None if self.nearby.0.len() == MAX_NEARBY => return,
            None => FoundId::from_raw(self.ids.draw()),
        };
        let board = Arc::new(NearbyBoard { id, sighting });
        self.nearby.0.insert(board.sighting.service.clone(), board.clone());
        out.push(Effect::Changed(Change::Nearby(board)));
    }
}
