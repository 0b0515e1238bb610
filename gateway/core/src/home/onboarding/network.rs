//! Claims of boards in the network: a board whose FLASH button was pressed shows a key, a person says the number that its light
//! blinks, and only then is it given its home. From there on it is a claim like any other.

use crate::access::{Administer, Denied};
use crate::device::MAX_RELAYS;
use crate::home::{Answer, Effect, Home, NewClaim};
use crate::ids::{ClaimId, DeviceId, FoundId};
use crate::name::Name;
use crate::nearby::{NearbyOrder, NearbyTrouble};
use crate::onboarding::{Attempt, ClaimStep, ClaimTrouble, ClaimView, NativeBoard, PortTrouble, Progress};
use crate::time::Now;
use crate::view::Change;
use std::sync::Arc;
use std::time::Duration;

use super::claims::{CLAIM_WITHIN, Claim};

/// How long it may take until the board's light blinks.
const MEET_WITHIN: Duration = Duration::from_secs(15);
/// How long a person may take to say the number: a board's window is never open for longer.
pub const NUMBER_WITHIN: Duration = Duration::from_secs(120);
/// How long the handover may take.
const HAND_OVER_WITHIN: Duration = Duration::from_secs(10);
/// The numbers that a light can blink.
pub const NUMBERS: std::ops::RangeInclusive<u8> = 1..=8;

impl Home {
    /// Somebody claims a board that is in the network.
    pub(super) fn claim_nearby(
        &mut self,
        now: &Now,
        cap: Administer,
        new: NewClaim,
        out: &mut Vec<Effect>,
    ) -> Result<Answer, Denied> {
        let (board, at) = self.nearby.claimable(new.board)?;
        let open = self.onboarding.claims.values().filter(|claim| claim.is_open());
        if let Some(claim) = open.into_iter().find(|claim| claim.native.board == board) {
            let by = &claim.view.by.name;
            let message = format!("{by} is claiming this board. Wait until that is over, or cancel it.");
            return Err(Denied::Conflict(message));
        }
        // What is not known yet the board says itself; whether it has the relays is looked at then.
        let nothing: Arc<str> = "".into();
        let native = NativeBoard {
            board: board.clone(),
            mac: nothing.clone(),
            chip: nothing.clone(),
            model: nothing.clone(),
            firmware: nothing,
            relays: MAX_RELAYS,
            home: None,
        };
        let replaces = new.replaces.map(|id| self.replaces(id, &native)).transpose()?;
        let known = new.replaces.or_else(|| self.by_board.get(&board).copied());
        if let Some(id) = known {
            self.not_claimed_elsewhere(id)?;
        }
        let known = known.and_then(|id| self.devices.get(&id)).map(|entry| &entry.device);
        let called = known.map(|device| device.name.clone());
        let location = known.and_then(|device| device.hardware.as_ref()?.port.clone());
        let known = known.map(|device| device.id);
        let name = new.name.clone().or(called).or_else(|| Name::new(board.as_str()).ok()).ok_or(Denied::Busy)?;
        if known.is_none() {
            self.room_for_a_device()?;
        }
        let device = known.unwrap_or_else(|| DeviceId::from_raw(self.ids.draw()));
        let id = ClaimId::from_raw(self.ids.draw());
        let attempt = self.onboarding.attempt();
        let view = Arc::new(ClaimView {
            id,
            board: new.board,
            name,
            ssid: None,
            by: cap.actor().clone(),
            step: ClaimStep::Meeting,
            progress: None,
            trouble: None,
            device: None,
            replaces,
        });
        let claim = Claim {
            view: view.clone(),
            cap,
            port: None,
            attempt,
            due: now.mono.plus(MEET_WITHIN),
            end: now.mono.plus(MEET_WITHIN + NUMBER_WITHIN + CLAIM_WITHIN),
            native,
            name: new.name,
            room: new.room,
            secret: new.credential.hash,
            device,
            location,
            heard: Vec::new(),
            over: None,
            unmet: Some((new.credential.secret, 0)),
        };
        self.onboarding.claims.insert(id, claim);
        out.push(Effect::Nearby(NearbyOrder::Meet { attempt, board, at }));
        out.push(Effect::CredentialsChanged);
        out.push(Effect::Changed(Change::Claim(view.clone())));
        self.show_nearby(new.board, out);
        Ok(Answer::Claim(view))
    }

    fn claim_of_attempt(&self, attempt: Attempt) -> Option<ClaimId> {
        let mut open = self.onboarding.claims.iter().filter(|(_, claim)| claim.is_open() && claim.port.is_none());
        open.find(|(_, claim)| claim.attempt == attempt).map(|(id, _)| *id)
    }

    /// The board has shown its key, and its light blinks a number.
    pub(in crate::home) fn met(
        &mut self,
        now: &Now,
        attempt: Attempt,
        native: NativeBoard,
        number: u8,
        out: &mut Vec<Effect>,
    ) {
        let Some(id) = self.claim_of_attempt(attempt) else { return };
        let Some(claim) = self.onboarding.claims.get_mut(&id) else { return };
        if claim.view.step != ClaimStep::Meeting || claim.native.board != native.board {
            return;
        }
        claim.native = native;
        claim.due = now.mono.plus(NUMBER_WITHIN);
        if let Some((_, expected)) = &mut claim.unmet {
            *expected = number;
        }
        self.update_claim(id, out, |view| view.step = ClaimStep::Confirming);
    }

    /// Somebody says which number the light blinks.
    pub(in crate::home) fn confirm_claim(
        &mut self,
        now: &Now,
        cap: &Administer,
        id: ClaimId,
        number: u8,
        out: &mut Vec<Effect>,
    ) -> Result<Answer, Denied> {
        self.access.still_administers(cap)?;
        if !NUMBERS.contains(&number) {
            let message = "The light blinks 1 to 8 times, then rests. Count again.".to_owned();
            return Err(Denied::BadInput { field: "number", message });
        }
        let claim = self.onboarding.claims.get_mut(&id).ok_or(Denied::NotFound("claim"))?;
        if claim.view.step != ClaimStep::Confirming {
            return Err(Denied::Conflict("This claim does not wait for a number.".to_owned()));
        }
        // Whichever it is: there is no other try.
        let (secret, expected) = claim.unmet.take().ok_or(Denied::Busy)?;
        let (native, replaces) = (claim.native.clone(), claim.view.replaces.as_ref().map(|old| old.device));
        if let Some(denied) = replaces.and_then(|old| self.replaces(old, &native).err()) {
            self.fail_claim(now, id, ClaimTrouble::NotWritten, out);
            return Err(denied);
        }
        let claim = self.onboarding.claims.get_mut(&id).ok_or(Denied::NotFound("claim"))?;
        if number == expected {
            claim.due = now.mono.plus(HAND_OVER_WITHIN);
            claim.end = now.mono.plus(CLAIM_WITHIN);
            let attempt = claim.attempt;
            out.push(Effect::Nearby(NearbyOrder::HandOver { attempt, secret }));
            self.update_claim(id, out, |view| view.step = ClaimStep::HandingOver);
        } else {
            self.fail_claim(now, id, ClaimTrouble::WrongNumber, out);
        }
        let claim = self.onboarding.claims.get(&id).ok_or(Denied::NotFound("claim"))?;
        Ok(Answer::Claim(claim.view.clone()))
    }

    /// The board has taken its home, and is on its own way from here.
    pub(in crate::home) fn taken(&mut self, attempt: Attempt, out: &mut Vec<Effect>) {
        let Some(id) = self.claim_of_attempt(attempt) else { return };
        let Some(claim) = self.onboarding.claims.get_mut(&id) else { return };
        if claim.view.step == ClaimStep::HandingOver {
            claim.due = claim.end;
            self.update_claim(id, out, |view| {
                (view.step, view.progress) = (ClaimStep::Connecting, Some(Progress::Joined));
            });
        }
    }

    /// It cannot go on.
    pub(in crate::home) fn nearby_failed(
        &mut self,
        now: &Now,
        attempt: Attempt,
        trouble: NearbyTrouble,
        out: &mut Vec<Effect>,
    ) {
        let Some(id) = self.claim_of_attempt(attempt) else { return };
        let step = self.onboarding.claims.get(&id).map(|claim| claim.view.step);
        // Its login may have come before the end of the connection.
        if step.is_none_or(|step| step > ClaimStep::HandingOver) {
            return;
        }
        let trouble = match trouble {
            NearbyTrouble::NobodyThere => ClaimTrouble::NobodyThere,
            NearbyTrouble::Stranger => ClaimTrouble::Stranger,
            NearbyTrouble::Lost => ClaimTrouble::Lost,
            NearbyTrouble::NotTaken => ClaimTrouble::Port(PortTrouble::NotTaken),
            NearbyTrouble::NotStored => ClaimTrouble::Port(PortTrouble::NotStored),
            NearbyTrouble::NoAddress => ClaimTrouble::Port(PortTrouble::NoAddress),
        };
        self.fail_claim(now, id, trouble, out);
    }

    /// Tells of a board in the network if its claim is another than last told.
    pub(super) fn show_nearby(&mut self, board: FoundId, out: &mut Vec<Effect>) {
        let claims = self.onboarding.claims.iter().filter(|(_, claim)| claim.view.board == board);
        let last = claims.max_by_key(|(_, claim)| claim.attempt).map(|(id, claim)| (*id, claim.is_open()));
        if let Some(shown) = self.nearby.note_claim(board, last) {
            out.push(Effect::Changed(Change::Nearby(shown)));
        }
    }
}
