//! Boards that say on the network that they are there. They are listed, and can be claimed where they say so: whoever is in the network can say
//! anything, so as many as [`MAX_NEARBY`] are kept, and nobody's place is taken by who comes later.

use super::{Effect, Home};
use crate::access::Denied;
use crate::ids::{ClaimId, FoundId};
use crate::name::BoardId;
use crate::nearby::{MAX_NEARBY, NearbyBoard, NearbyEvent, Sighting};
use crate::time::Now;
use crate::view::Change;
use std::collections::BTreeMap;
use std::net::SocketAddr;
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

    pub(super) fn has(&self, id: FoundId) -> bool {
        self.0.values().any(|board| board.id == id)
    }

    /// Which board it is and where it can be claimed, or what has to be done before.
    pub(super) fn claimable(&self, id: FoundId) -> Result<(BoardId, SocketAddr), Denied> {
        let board = self.0.values().find(|board| board.id == id).ok_or(Denied::NotFound("board"))?;
        let advice = board.sighting.firmware.advice();
        board.sighting.claim_at().ok_or_else(|| Denied::Conflict(advice.to_owned()))
    }

    /// This is its last claim now. The board, when that is another than before.
    pub(super) fn note_claim(&mut self, id: FoundId, claim: Option<(ClaimId, bool)>) -> Option<Arc<NearbyBoard>> {
        let board = self.0.values_mut().find(|board| board.id == id && board.claim != claim)?;
        *board = Arc::new(NearbyBoard { claim, ..NearbyBoard::clone(board) });
        Some(board.clone())
    }

    /// Why a board that is only in the network cannot be looked at.
    pub(super) fn refuse(&self, id: FoundId) -> Result<(), Denied> {
        match self.0.values().find(|board| board.id == id) {
            Some(board) => Err(Denied::Conflict(board.sighting.firmware.advice().to_owned())),
            None => Ok(()),
        }
    }
}

impl Home {
    /// The network tells of a board.
    pub(super) fn nearby_event(&mut self, now: &Now, event: NearbyEvent, out: &mut Vec<Effect>) {
        match event {
            NearbyEvent::Seen(sighting) => self.seen_nearby(sighting, out),
            NearbyEvent::Gone(service) => {
                if let Some(board) = self.nearby.0.remove(&service) {
                    out.push(Effect::Changed(Change::NearbyRemoved(board.id)));
                }
            }
            NearbyEvent::Met { attempt, native, number } => self.met(now, attempt, native, number, out),
            NearbyEvent::Taken { attempt } => self.taken(attempt, out),
            NearbyEvent::Failed { attempt, trouble } => self.nearby_failed(now, attempt, trouble, out),
        }
    }

    fn seen_nearby(&mut self, sighting: Sighting, out: &mut Vec<Effect>) {
        let known = self.nearby.0.get(&sighting.service);
        if known.is_some_and(|board| board.sighting == sighting) {
            return;
        }
        let (id, claim) = match known {
            Some(board) => (board.id, board.claim),
            None if self.nearby.0.len() == MAX_NEARBY => return,
            None => (FoundId::from_raw(self.ids.draw()), None),
        };
        let board = Arc::new(NearbyBoard { id, sighting, claim });
        self.nearby.0.insert(board.sighting.service.clone(), board.clone());
        out.push(Effect::Changed(Change::Nearby(board)));
    }
}
