//! Claims, from their beginning to their end.

use super::Onboarding;
use super::ports::{Found, hardware};
use crate::access::{Administer, Denied};
use crate::device::{BoardEvent, Secret, SecretHash};
use crate::home::{Answer, Effect, Home, NewCredential, Registration, Setting};
use crate::ids::{ClaimId, DeviceId, FoundId, LinkId, RoomId};
use crate::name::Name;
use crate::nearby::NearbyOrder;
use crate::onboarding::{
    Attempt, ClaimStep, ClaimTrouble, ClaimView, Hardware, Identity, NativeBoard, PortName, PortOrder, PortTrouble,
    Progress, Replaces, WifiSettings,
};
use crate::time::{Mono, Now};
use crate::view::Change;
use std::sync::Arc;
use std::time::Duration;

/// How long a claim may take, from its beginning to the board's login.
pub const CLAIM_WITHIN: Duration = Duration::from_secs(90);
/// How long the handover may take.
const HANDOVER_WITHIN: Duration = Duration::from_secs(20);
/// How long the way into the network may take.
const JOIN_WITHIN: Duration = Duration::from_secs(45);
/// How long a claim that is over can be looked up.
const REMEMBERED: Duration = Duration::from_secs(600);
/// How many that are over can be looked up, the newest.
pub(in crate::home) const MAX_OVER: usize = 64;
/// What a board that logged in may say until it is written down: as much as 32 relays have to.
const MAX_HEARD: usize = 128;

/// A claim, as it is asked for.
#[derive(Clone, Debug)]
pub struct NewClaim {
    /// Which board.
    pub board: FoundId,
    /// What the device is to be called; the board's id when none, and as it is when it is a device already.
    pub name: Option<Name>,
    /// Where it is to be.
    pub room: Option<RoomId>,
    /// The device whose board it takes the place of; a device of its own when none.
    pub replaces: Option<DeviceId>,
    /// How it gets into the network; none for a board that is in it.
    pub wifi: Option<WifiSettings>,
    /// What it is to log in with.
    pub credential: NewCredential,
}

/// A claim that is under way or over.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) view: Arc<ClaimView>,
    pub(super) cap: Administer,
    /// None when it is claimed in the network.
    pub(super) port: Option<PortName>,
    pub(super) attempt: Attempt,
    /// When the present step, and when all of it has to be done.
    pub(super) due: Mono,
    pub(super) end: Mono,
    pub(super) native: NativeBoard,
    /// What it is to be called; none where it keeps the name that it has.
    pub(super) name: Option<Name>,
    pub(super) room: Option<RoomId>,
    pub(super) secret: SecretHash,
    pub(super) device: DeviceId,
    pub(super) location: Option<Arc<str>>,
    /// The login, and what the board said since, for when it is a device.
    pub(super) heard: Vec<BoardEvent>,
    /// When it is forgotten.
    pub(super) over: Option<Mono>,
    /// What a board in the network gets once somebody has said this number.
    pub(super) unmet: Option<(Secret, u8)>,
}

impl Claim {
    pub(super) fn is_open(&self) -> bool {
        !self.view.is_over()
    }
}

/// A board that was claimed has logged in, and is to be written down.
#[derive(Clone, Debug)]
pub struct FinishedClaim {
    /// The claim.
    pub claim: ClaimId,
    /// The device that the board is, or is to be.
    pub device: DeviceId,
    /// As what.
    pub registration: Registration,
    /// What it takes the place of, where it does.
    pub replaces: Option<Replaces>,
    /// Where it is to be.
    pub room: Option<RoomId>,
    /// What it is.
    pub hardware: Arc<Hardware>,
}

impl Onboarding {
    pub(super) fn open_claim(&self, found: &Found) -> Option<&Claim> {
        found.claim.and_then(|id| self.claims.get(&id)).filter(|claim| claim.is_open())
    }

    /// Who has an open claim of a board that is a device, or is to take the place of its board.
    pub(in crate::home) fn claim_of_device(&self, id: DeviceId) -> Option<&str> {
        let mut open = self.claims.values().filter(|claim| claim.is_open());
        open.find(|claim| claim.device == id).map(|claim| &*claim.view.by.name)
    }

    /// The open claim that an event at a port is of.
    pub(super) fn claim_at(&self, port: &PortName, attempt: Attempt) -> Option<ClaimId> {
        let mut claims = self.claims.iter().filter(|(_, claim)| claim.is_open());
        claims.find(|(_, claim)| claim.port.as_ref() == Some(port) && claim.attempt == attempt).map(|(id, _)| *id)
    }

    /// The open claim whose board an event of the edge is of: the one that logs in with its secret, and what it says after that.
    fn claim_of(&self, event: &BoardEvent) -> Option<ClaimId> {
        let of_link = |claim: &Claim, wanted: LinkId| matches!(claim.heard.first(), Some(BoardEvent::Connected { link, .. }) if *link == wanted);
        let mut open = self.claims.iter().filter(|(_, claim)| claim.is_open());
        let found = open.find(|(_, claim)| match event {
            BoardEvent::Connected { board, secret, .. } => claim.native.board == *board && claim.secret == *secret,
            BoardEvent::Said { link, .. }
            | BoardEvent::Neighbour { link, .. }
            | BoardEvent::Disconnected { link, .. } => of_link(claim, *link),
        });
        found.map(|(id, _)| *id)
    }
}

impl Home {
    /// Somebody claims a board.
    pub(in crate::home) fn claim_board(
        &mut self,
        now: &Now,
        cap: Administer,
        new: NewClaim,
        out: &mut Vec<Effect>,
    ) -> Result<Answer, Denied> {
        self.access.still_administers(&cap)?;
        self.known_room(new.room, "roomId")?;
        if self.nearby.has(new.board) {
            return self.claim_nearby(now, cap, new, out);
        }
        let found = self.onboarding.found.get(&new.board).ok_or(Denied::NotFound("board"))?;
        self.onboarding.no_job_at(&found.port.location)?;
        if let Some(claim) = self.onboarding.open_claim(found) {
            let by = &claim.view.by.name;
            return Err(Denied::Conflict(format!(
                "{by} is claiming this board. Wait until that is over, or cancel it."
            )));
        }
        let native = match &found.identity {
            Some(Identity::Native(native)) => native.clone(),
            Some(Identity::Improv(other)) => {
                let message = format!(
                    "This board runs {}. It can be given Wi-Fi alone, but it is no device of this gateway until it is flashed with \
                     the firmware of Gatehouse.",
                    other.firmware
                );
                return Err(Denied::Conflict(message));
            }
            Some(Identity::BootLoader) => {
                let message = "This board waits in its boot loader. Flash it, or press its reset button.".to_owned();
                return Err(Denied::Conflict(message));
            }
            Some(Identity::Silent) | None => {
                let message = "This board has not said who it is. Look at it again first.".to_owned();
                return Err(Denied::Conflict(message));
            }
        };
        if self.onboarding.claims.values().any(|claim| claim.is_open() && claim.native.board == native.board) {
            let message = format!("Board {} is being claimed at another port.", native.board);
            return Err(Denied::Conflict(message));
        }
        let replaces = new.replaces.map(|id| self.replaces(id, &native)).transpose()?;
        let known = new.replaces.or_else(|| self.by_board.get(&native.board).copied());
        if let Some(id) = known {
            self.not_claimed_elsewhere(id)?;
        }
        let called = known.and_then(|id| self.devices.get(&id)).map(|entry| entry.device.name.clone());
        let name = new.name.clone().or(called).or_else(|| Name::new(native.board.as_str()).ok()).ok_or(Denied::Busy)?;
        if known.is_none() {
            self.room_for_a_device()?;
        }
        let Some(wifi) = new.wifi else {
            let message = "A board that is plugged in needs the name and the password of a Wi-Fi network.".to_owned();
            return Err(Denied::BadInput { field: "wifi", message });
        };
        let (port, location) = (found.port.name.clone(), Some(found.port.location.clone()));
        let device = known.unwrap_or_else(|| DeviceId::from_raw(self.ids.draw()));
        let id = ClaimId::from_raw(self.ids.draw());
        let attempt = self.onboarding.attempt();
        let view = Arc::new(ClaimView {
            id,
            board: new.board,
            name,
            ssid: Some(wifi.ssid.clone()),
            by: cap.actor().clone(),
            step: ClaimStep::HandingOver,
            progress: None,
            trouble: None,
            device: None,
            replaces,
        });
        out.push(Effect::Port(PortOrder::Provision {
            port: port.clone(),
            attempt,
            board: native.board.clone(),
            secret: new.credential.secret,
            wifi,
        }));
        let claim = Claim {
            view: view.clone(),
            cap,
            port: Some(port),
            attempt,
            due: now.mono.plus(HANDOVER_WITHIN),
            end: now.mono.plus(CLAIM_WITHIN),
            native,
            name: new.name.or_else(|| known.is_none().then(|| view.name.clone())),
            room: new.room,
            secret: new.credential.hash,
            device,
            location,
            heard: Vec::new(),
            over: None,
            unmet: None,
        };
        self.onboarding.claims.insert(id, claim);
        if let Some(found) = self.onboarding.found.get_mut(&new.board) {
            (found.claim, found.looking, found.trouble) = (Some(id), None, None);
        }
        out.push(Effect::CredentialsChanged);
        out.push(Effect::Changed(Change::Claim(view.clone())));
        self.show_found(new.board, out);
        Ok(Answer::Claim(view))
    }

    /// Somebody gives a claim up.
    pub(in crate::home) fn cancel_claim(
        &mut self,
        now: &Now,
        cap: &Administer,
        id: ClaimId,
        out: &mut Vec<Effect>,
    ) -> Result<Answer, Denied> {
        self.access.still_administers(cap)?;
        let claim = self.onboarding.claims.get(&id).ok_or(Denied::NotFound("claim"))?;
        match claim.view.step {
            ClaimStep::Done => {
                Err(Denied::Conflict("The board is a device already. Delete the device instead.".to_owned()))
            }
            ClaimStep::Registering => {
                Err(Denied::Conflict("The board has logged in and is being written down.".to_owned()))
            }
            ClaimStep::Failed => Ok(Answer::Claim(claim.view.clone())),
            ClaimStep::Meeting
            | ClaimStep::Confirming
            | ClaimStep::HandingOver
            | ClaimStep::Joining
            | ClaimStep::Connecting => {
                self.fail_claim(now, id, ClaimTrouble::Cancelled, out);
                let claim = self.onboarding.claims.get(&id).ok_or(Denied::NotFound("claim"))?;
                Ok(Answer::Claim(claim.view.clone()))
            }
        }
    }

    pub(super) fn claim_progress(&mut self, now: &Now, id: ClaimId, progress: Progress, out: &mut Vec<Effect>) {
        let Some(claim) = self.onboarding.claims.get(&id) else { return };
        let step = match progress {
            Progress::HandedOver
            | Progress::Joining
            | Progress::NoNetwork
            | Progress::WrongPassword
            | Progress::NoAddress => ClaimStep::Joining,
            _ => ClaimStep::Connecting,
        };
        // What the board says never takes a claim back, nor past its login: that the gateway sees for itself.
        let step = step.max(claim.view.step);
        self.update_claim(id, out, |view| (view.step, view.progress) = (step, Some(progress)));
        let Some(claim) = self.onboarding.claims.get_mut(&id) else { return };
        claim.due = match claim.view.step {
            ClaimStep::Joining if claim.due < claim.end => now.mono.plus(JOIN_WITHIN).min(claim.end),
            _ => claim.end,
        };
        if claim.view.step != ClaimStep::Registering && progress == Progress::Refused {
            self.fail_claim(now, id, ClaimTrouble::Refused, out);
        }
    }

    pub(super) fn claim_port_failed(&mut self, now: &Now, id: ClaimId, trouble: PortTrouble, out: &mut Vec<Effect>) {
        let Some(claim) = self.onboarding.claims.get(&id) else { return };
        let trouble = match (claim.view.step, trouble, claim.view.progress) {
            // It has all that it needs, and may have power of its own: it is waited for.
            (ClaimStep::Connecting | ClaimStep::Registering, PortTrouble::Gone | PortTrouble::Silent, _) => return,
            (_, PortTrouble::UnableToConnect, Some(Progress::NoNetwork)) => ClaimTrouble::NoNetwork,
            (_, PortTrouble::UnableToConnect, Some(Progress::WrongPassword)) => ClaimTrouble::WrongPassword,
            (_, PortTrouble::UnableToConnect, Some(Progress::NoAddress)) => ClaimTrouble::NoAddress,
            (_, trouble, _) => ClaimTrouble::Port(trouble),
        };
        self.fail_claim(now, id, trouble, out);
    }

    pub(super) fn update_claim(&mut self, id: ClaimId, out: &mut Vec<Effect>, change: impl FnOnce(&mut ClaimView)) {
        let Some(claim) = self.onboarding.claims.get_mut(&id) else { return };
        let mut view = ClaimView::clone(&claim.view);
        change(&mut view);
        if view != *claim.view {
            claim.view = Arc::new(view);
            out.push(Effect::Changed(Change::Claim(claim.view.clone())));
        }
    }

    pub(super) fn fail_claim(&mut self, now: &Now, id: ClaimId, trouble: ClaimTrouble, out: &mut Vec<Effect>) {
        self.update_claim(id, out, |view| (view.step, view.trouble) = (ClaimStep::Failed, Some(trouble)));
        self.end_claim(now, id, out);
        out.push(Effect::CredentialsChanged);
    }

    fn end_claim(&mut self, now: &Now, id: ClaimId, out: &mut Vec<Effect>) {
        let Some(claim) = self.onboarding.claims.get_mut(&id) else { return };
        claim.over = Some(now.mono.plus(REMEMBERED));
        claim.heard = Vec::new();
        claim.unmet = None;
        if claim.port.is_none() {
            out.push(Effect::Nearby(NearbyOrder::Leave { attempt: claim.attempt }));
        }
        let board = claim.view.board;
        if let Some(found) = self.onboarding.found.get(&board) {
            out.push(Effect::Port(PortOrder::Release { port: found.port.name.clone() }));
        }
        self.show_found(board, out);
        self.show_nearby(board, out);
        self.forget_oldest_claims(out);
    }

    /// Forgets those that ended first, beyond [`MAX_OVER`].
    fn forget_oldest_claims(&mut self, out: &mut Vec<Effect>) {
        let claims = self.onboarding.claims.iter();
        let mut over: Vec<_> = claims.filter_map(|(id, claim)| claim.over.map(|until| (until, *id))).collect();
        over.sort_unstable();
        let beyond = over.len().saturating_sub(MAX_OVER);
        over.into_iter().take(beyond).for_each(|(_, id)| self.forget_claim(id, out));
    }

    fn forget_claim(&mut self, id: ClaimId, out: &mut Vec<Effect>) {
        let Some(claim) = self.onboarding.claims.remove(&id) else { return };
        let board = claim.view.board;
        out.push(Effect::Changed(Change::ClaimRemoved(id)));
        if let Some(found) = self.onboarding.found.get_mut(&board) {
            found.claim.take_if(|last| *last == id);
        }
        self.show_found(board, out);
        self.show_nearby(board, out);
    }

    /// Takes what the edge tells of a board that is being claimed; false when it is none.
    pub(in crate::home) fn hear_claimed(&mut self, now: &Now, event: &BoardEvent, out: &mut Vec<Effect>) -> bool {
        let Some(id) = self.onboarding.claim_of(event) else { return false };
        let Some(claim) = self.onboarding.claims.get_mut(&id) else { return false };
        let first = match event {
            BoardEvent::Connected { .. } => {
                // The newest connection counts.
                claim.heard.clear();
                claim.view.step != ClaimStep::Registering
            }
            _ => false,
        };
        if claim.heard.len() < MAX_HEARD {
            claim.heard.push(event.clone());
        }
        if first {
            self.update_claim(id, out, |view| view.step = ClaimStep::Registering);
            let Some(claim) = self.onboarding.claims.get(&id) else { return true };
            let registration = Registration {
                board: claim.native.board.clone(),
                secret: claim.secret,
                name: claim.name.clone(),
                room: None,
                relays: claim.native.relays,
            };
            let new = FinishedClaim {
                claim: id,
                device: claim.device,
                registration,
                replaces: claim.view.replaces.clone(),
                room: claim.room,
                hardware: Arc::new(hardware(&claim.native, claim.location.clone())),
            };
            let setting = Setting::FinishClaim(claim.cap.clone(), new);
            self.change_settings(now, None, setting, out);
        }
        true
    }

    /// The device is on disk: what its board said meanwhile counts.
    pub(in crate::home) fn claim_written(&mut self, now: &Now, id: ClaimId, out: &mut Vec<Effect>) {
        let Some(claim) = self.onboarding.claims.get_mut(&id) else { return };
        let (heard, device) = (std::mem::take(&mut claim.heard), claim.device);
        self.update_claim(id, out, |view| (view.step, view.device) = (ClaimStep::Done, Some(device)));
        self.end_claim(now, id, out);
        heard.into_iter().for_each(|event| self.board_event(now, event, out));
    }

    /// The device could not be written, or may not be any more.
    pub(in crate::home) fn claim_not_written(&mut self, now: &Now, id: ClaimId, out: &mut Vec<Effect>) {
        self.fail_claim(now, id, ClaimTrouble::NotWritten, out);
    }

    /// Ends claims that take too long, and forgets those that are long over.
    pub(in crate::home) fn settle_claims(&mut self, now: &Now, out: &mut Vec<Effect>) {
        let due = |claim: &Claim| claim.over.unwrap_or(claim.due) <= now.mono;
        let claims = self.onboarding.claims.iter().filter(|(_, claim)| due(claim));
        for id in claims.map(|(id, _)| *id).collect::<Vec<_>>() {
            let Some(claim) = self.onboarding.claims.get_mut(&id) else { continue };
            if claim.over.is_some() {
                self.forget_claim(id, out);
            } else if claim.view.step == ClaimStep::Registering {
                // It waits for the disk alone, which says when it cannot.
                claim.due = now.mono.plus(CLAIM_WITHIN);
            } else {
                let trouble = late_trouble(&claim.view);
                self.fail_claim(now, id, trouble, out);
            }
        }
    }

    /// The gateway stops: whoever waits is told.
    pub(in crate::home) fn stop_claims(&mut self, now: &Now, out: &mut Vec<Effect>) {
        let open = self.onboarding.claims.iter().filter(|(_, claim)| claim.is_open());
        for id in open.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.fail_claim(now, id, ClaimTrouble::Stopping, out);
        }
    }
}

/// Why a claim that takes too long does, by what its board said last.
fn late_trouble(view: &ClaimView) -> ClaimTrouble {
    match (view.step, view.progress) {
        (ClaimStep::Meeting, _) => ClaimTrouble::NobodyThere,
        (ClaimStep::Confirming, _) => ClaimTrouble::Lost,
        (ClaimStep::HandingOver, _) if view.ssid.is_none() => ClaimTrouble::Lost,
        (ClaimStep::HandingOver, _) => ClaimTrouble::Port(PortTrouble::Silent),
        _ if view.ssid.is_none() => ClaimTrouble::NoLogin,
        (_, Some(Progress::NoNetwork)) => ClaimTrouble::NoNetwork,
        (_, Some(Progress::WrongPassword)) => ClaimTrouble::WrongPassword,
        (_, Some(Progress::NoAddress)) => ClaimTrouble::NoAddress,
        (_, Some(Progress::Dialing | Progress::Unreachable)) => ClaimTrouble::Unreachable,
        (_, Some(Progress::Securing | Progress::Untrusted)) => ClaimTrouble::Untrusted,
        (_, Some(Progress::Refused)) => ClaimTrouble::Refused,
        _ => ClaimTrouble::NoLogin,
    }
}
