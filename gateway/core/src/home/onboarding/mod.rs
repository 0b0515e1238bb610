//! From a board that was just plugged in to a device, over a serial port.
//!
//! A port that appears is noticed, and looked at once, unless its board is claimed (`ports`). A claim gives the board a home and a
//! network; what ends it well is the board's own login, with a credential that only this claim knows until then (`claims`), also over the network (`network`). Whatever
//! ends it otherwise, that credential is good no more. A board can be given firmware before that, with nobody else at its port (`flashes`), and one of
//! another firmware Wi-Fi and no home (`giving`): two kinds of `jobs`. Nothing of it is on disk before the login, so a restart forgets it all.

mod claims;
mod flashes;
mod giving;
mod jobs;
mod network;
mod ports;

pub use claims::{CLAIM_WITHIN, FinishedClaim, NewClaim};
pub use flashes::{FLASH_WITHIN, NewFlash};
pub use network::{NUMBER_WITHIN, NUMBERS};
pub use ports::MAX_FOUND;

#[cfg(test)]
pub(super) use claims::MAX_OVER;
#[cfg(test)]
pub(super) use jobs::MAX_JOBS_OVER;

use super::{Effect, Home};
use crate::access::{BoardCredential, Denied};
use crate::flash::FlashView;
use crate::ids::{ClaimId, FoundId};
use crate::name::BoardId;
use crate::onboarding::{Attempt, ClaimView, FoundBoard, GivingView};
use crate::time::{Mono, Now};
use claims::Claim;
use jobs::Jobs;
use ports::Found;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Boards that are plugged in, and claims.
#[derive(Debug, Default)]
pub(super) struct Onboarding {
    found: BTreeMap<FoundId, Found>,
    claims: BTreeMap<ClaimId, Claim>,
    flashes: Jobs<FlashView>,
    givings: Jobs<GivingView>,
    attempts: u64,
}

impl Onboarding {
    fn attempt(&mut self) -> Attempt {
        self.attempts += 1;
        Attempt(self.attempts)
    }

    pub(super) fn next_deadline(&self) -> Option<Mono> {
        let looks = self.found.values().filter_map(|found| found.looking.map(|(_, due)| due));
        let claims = self.claims.values().map(|claim| claim.over.unwrap_or(claim.due));
        looks.chain(claims).chain(self.flashes.deadlines()).chain(self.givings.deadlines()).min()
    }

    /// Refuses what may not be done at a place where a job is under way.
    fn no_job_at(&self, location: &Arc<str>) -> Result<(), Denied> {
        let (by, what) = match (self.flashes.open_at(location), self.givings.open_at(location)) {
            (Some(flash), _) => (&flash.by, "flashing this board"),
            (None, Some(giving)) => (&giving.by, "giving this board Wi-Fi"),
            (None, None) => return Ok(()),
        };
        Err(Denied::Conflict(format!("{} is {what}. Wait until that is over, or cancel it.", by.name)))
    }

    pub(super) fn boards_shown(&self) -> Vec<Arc<FoundBoard>> {
        self.found.values().filter_map(|found| found.shown.clone()).collect()
    }

    pub(super) fn claims_shown(&self) -> Vec<Arc<ClaimView>> {
        self.claims.values().map(|claim| claim.view.clone()).collect()
    }

    /// What boards under way may log in with: beside the secret of the device, where the board is one already.
    pub(super) fn credentials(&self) -> impl Iterator<Item = (BoardId, BoardCredential)> + '_ {
        self.claims.values().filter(|claim| claim.is_open()).map(|claim| {
            let credential = BoardCredential { device: claim.device, secret: claim.secret, next: None };
            (claim.native.board.clone(), credential)
        })
    }
}

impl Home {
    /// Ends looks, claims, flashes and givings that take too long, and forgets what is long over.
    pub(super) fn settle_onboarding(&mut self, now: &Now, out: &mut Vec<Effect>) {
        self.settle_looks(now, out);
        self.settle_claims(now, out);
        self.settle_flashes(now, out);
        self.settle_givings(now, out);
    }
}
