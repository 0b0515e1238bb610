//! From a board that was just plugged in to a device, over a serial port.
//!
//! A port that appears is noticed, and looked at once, unless its board is claimed (`ports`). A claim gives the board a home and a
//! network; what ends it well is the board's own login, with a credential that only this claim knows until then (`claims`), also over the network (`network`). Whatever
//! ends it otherwise, that credential is good no more. A board can be given firmware before that, with nobody else at its port (`flashes`), and one of
//! another firmware Wi-Fi and no home (`giving`). Nothing of it is on disk before the login, so a restart forgets it all.

mod claims;
mod flashes;
mod giving;
mod network;
mod ports;

pub use claims::{CLAIM_WITHIN, FinishedClaim, NewClaim};
pub use flashes::{FLASH_WITHIN, NewFlash};
pub use network::{NUMBER_WITHIN, NUMBERS};
pub use ports::MAX_FOUND;

#[cfg(test)]
pub(super) use claims::MAX_OVER;
#[cfg(test)]
pub(super) use flashes::MAX_FLASHES;
#[cfg(test)]
pub(super) use giving::MAX_GIVINGS;

use super::{Effect, Home};
use crate::access::BoardCredential;
use crate::ids::{ClaimId, FlashId, FoundId, GivingId};
use crate::name::BoardId;
use crate::onboarding::{Attempt, ClaimView, FoundBoard};
use crate::time::{Mono, Now};
use claims::Claim;
use flashes::Flash;
use giving::Giving;
use ports::Found;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Boards that are plugged in, and claims.
#[derive(Debug, Default)]
pub(super) struct Onboarding {
    found: BTreeMap<FoundId, Found>,
    claims: BTreeMap<ClaimId, Claim>,
    flashes: BTreeMap<FlashId, Flash>,
    givings: BTreeMap<GivingId, Giving>,
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
        let flashes = self.flashes.values().map(Flash::deadline);
        looks.chain(claims).chain(flashes).chain(self.givings.values().map(Giving::deadline)).min()
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
