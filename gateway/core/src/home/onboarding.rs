//! From a board that was just plugged in to a device, over a serial port.
//!
//! A port that appears is noticed, and looked at once, unless its board is claimed. A claim gives the board a home and a
//! network; what ends it well is the board's own login, with a credential that only this claim knows until then. Whatever ends it
//! otherwise, that credential is good no more. Nothing of it is on disk before the login, so a restart forgets it all.

use super::settings::Setting;
use super::{Answer, Effect, Home, NewCredential, Registration};
use crate::access::{Administer, BoardCredential, Denied};
use crate::device::{BoardEvent, SecretHash};
use crate::ids::{ClaimId, DeviceId, FoundId, LinkId, RoomId};
use crate::name::{BoardId, Name};
use crate::onboarding::{
    Attempt, ClaimStep, ClaimTrouble, ClaimView, FoundBoard, FoundState, Hardware, Identity, NativeBoard, Network,
    Port, PortAccess, PortEvent, PortName, PortOrder, PortTrouble, Progress, WifiSettings,
};
use crate::time::{Mono, Now};
use crate::view::Change;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Ports that are kept an eye on; more are not listed.
pub const MAX_FOUND: usize = 64;
/// How long a claim may take, from its beginning to the board's login.
pub const CLAIM_WITHIN: Duration = Duration::from_secs(90);
/// How long a board may take to be asked who it is, its networks included.
const IDENTIFY_WITHIN: Duration = Duration::from_secs(20);
/// How long the handover may take.
const HANDOVER_WITHIN: Duration = Duration::from_secs(20);
/// How long the way into the network may take.
const JOIN_WITHIN: Duration = Duration::from_secs(45);
/// How long a claim that is over can be looked up.
const REMEMBERED: Duration = Duration::from_secs(600);
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
    /// How it gets into the network.
    pub wifi: WifiSettings,
    /// What it is to log in with.
    pub credential: NewCredential,
}

/// A claim that is under way or over.
#[derive(Debug)]
struct Claim {
    view: Arc<ClaimView>,
    cap: Administer,
    port: PortName,
    attempt: Attempt,
    /// When the present step, and when all of it has to be done.
    due: Mono,
    end: Mono,
    native: NativeBoard,
    room: Option<RoomId>,
    secret: SecretHash,
    device: DeviceId,
    location: Arc<str>,
    /// The login, and what the board said since, for when it is a device.
    heard: Vec<BoardEvent>,
    /// When it is forgotten.
    over: Option<Mono>,
}

impl Claim {
    fn is_open(&self) -> bool {
        !self.view.is_over()
    }

    /// Whether its credential lets a board in.
    fn lets_in(&self) -> bool {
        self.is_open()
    }
}

/// What is plugged in.
#[derive(Debug)]
struct Found {
    port: Port,
    /// The look that is under way, and when it must have ended.
    looking: Option<(Attempt, Mono)>,
    identity: Option<Identity>,
    networks: Vec<Network>,
    trouble: Option<PortTrouble>,
    /// The last one that was begun here.
    claim: Option<ClaimId>,
    /// As last told.
    shown: Option<Arc<FoundBoard>>,
}

/// Boards that are plugged in, and claims.
#[derive(Debug, Default)]
pub(super) struct Onboarding {
    found: BTreeMap<FoundId, Found>,
    claims: BTreeMap<ClaimId, Claim>,
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
        looks.chain(claims).min()
    }

    pub(super) fn boards_shown(&self) -> Vec<Arc<FoundBoard>> {
        self.found.values().filter_map(|found| found.shown.clone()).collect()
    }

    pub(super) fn claims_shown(&self) -> Vec<Arc<ClaimView>> {
        self.claims.values().map(|claim| claim.view.clone()).collect()
    }

    /// What boards under way may log in with: beside the secret of the device, where the board is one already.
    pub(super) fn credentials(&self) -> impl Iterator<Item = (BoardId, BoardCredential)> + '_ {
        self.claims.values().filter(|claim| claim.lets_in()).map(|claim| {
            let credential = BoardCredential { device: claim.device, secret: claim.secret, next: None };
            (claim.native.board.clone(), credential)
        })
    }

    fn open_claim(&self, found: &Found) -> Option<&Claim> {
        found.claim.and_then(|id| self.claims.get(&id)).filter(|claim| claim.is_open())
    }

    fn on(&self, port: &PortName) -> Option<FoundId> {
        self.found.iter().find(|(_, found)| found.port.name == *port).map(|(id, _)| *id)
    }

    /// The open claim that an event at a port is of.
    fn claim_at(&self, port: &PortName, attempt: Attempt) -> Option<ClaimId> {
        let mut claims = self.claims.iter().filter(|(_, claim)| claim.is_open());
        claims.find(|(_, claim)| claim.port == *port && claim.attempt == attempt).map(|(id, _)| *id)
    }

    /// The open claim whose board an event of the edge is of: the one that logs in with its secret, and what it says after that.
    fn claim_of(&self, event: &BoardEvent) -> Option<ClaimId> {
        let of_link = |claim: &Claim, wanted: LinkId| matches!(claim.heard.first(), Some(BoardEvent::Connected { link, .. }) if *link == wanted);
        let mut open = self.claims.iter().filter(|(_, claim)| claim.is_open());
        let found = open.find(|(_, claim)| match event {
            BoardEvent::Connected { board, secret, .. } => claim.native.board == *board && claim.secret == *secret,
            BoardEvent::Said { link, .. } | BoardEvent::Disconnected { link, .. } => of_link(claim, *link),
        });
        found.map(|(id, _)| *id)
    }
}

impl Home {
    /// A port came, went, or told something.
    pub(super) fn port_event(&mut self, now: &Now, event: PortEvent, out: &mut Vec<Effect>) {
        match event {
            PortEvent::Appeared(port) => self.port_appeared(now, port, out),
            PortEvent::Gone(port) => self.port_gone(now, &port, out),
            PortEvent::Identified { port, attempt, identity, networks } => {
                let Some((id, found)) = self.looked(&port, attempt) else { return };
                (found.identity, found.networks, found.trouble) = (Some(identity), networks, None);
                out.push(Effect::Port(PortOrder::Release { port }));
                self.show_found(id, out);
                self.bind_port(now, id, out);
            }
            PortEvent::Progress { port, attempt, progress } => {
                if let Some(id) = self.onboarding.claim_at(&port, attempt) {
                    self.claim_progress(now, id, progress, out);
                }
            }
            PortEvent::Failed { port, attempt, trouble } => {
                if let Some((id, found)) = self.looked(&port, attempt) {
                    (found.trouble, found.identity) = (Some(trouble), None);
                    self.show_found(id, out);
                } else if let Some(id) = self.onboarding.claim_at(&port, attempt) {
                    self.claim_port_failed(now, id, trouble, out);
                }
            }
        }
    }

    /// The look that this is the end of.
    fn looked(&mut self, port: &PortName, attempt: Attempt) -> Option<(FoundId, &mut Found)> {
        let mut all = self.onboarding.found.iter_mut();
        let (id, found) = all.find(|(_, found)| found.port.name == *port)?;
        found.looking.take_if(|(known, _)| *known == attempt)?;
        Some((*id, found))
    }

    fn port_appeared(&mut self, now: &Now, port: Port, out: &mut Vec<Effect>) {
        if let Some(id) = self.onboarding.on(&port.name) {
            let Some(found) = self.onboarding.found.get_mut(&id) else { return };
            let same = found.port.location == port.location;
            let opens_now = found.port.access != PortAccess::Free && port.access == PortAccess::Free;
            if same {
                found.port = port;
                self.show_found(id, out);
                if opens_now {
                    self.look_unasked(now, id, out);
                }
                return;
            }
            self.port_gone(now, &port.name, out);
        }
        if self.onboarding.found.len() == MAX_FOUND {
            return;
        }
        let id = FoundId::from_raw(self.ids.draw());
        let found = Found {
            port,
            looking: None,
            identity: None,
            networks: Vec::new(),
            trouble: None,
            claim: None,
            shown: None,
        };
        self.onboarding.found.insert(id, found);
        self.show_found(id, out);
        self.look_unasked(now, id, out);
    }

    /// A port is opened unasked when boards have such adapters, and never while the board there is claimed.
    fn look_unasked(&mut self, now: &Now, id: FoundId, out: &mut Vec<Effect>) {
        let Some(found) = self.onboarding.found.get(&id) else { return };
        let of_a_board = found.port.adapter.as_ref().is_none_or(crate::onboarding::UsbAdapter::is_of_boards);
        let claimed = self.device_at(&found.port.location).is_some();
        if self.is_claimed() && of_a_board && !claimed && found.port.access == PortAccess::Free {
            self.look(now, id, out);
        }
    }

    fn look(&mut self, now: &Now, id: FoundId, out: &mut Vec<Effect>) {
        let attempt = self.onboarding.attempt();
        let Some(found) = self.onboarding.found.get_mut(&id) else { return };
        found.looking = Some((attempt, now.mono.plus(IDENTIFY_WITHIN)));
        found.trouble = None;
        out.push(Effect::Port(PortOrder::Identify { port: found.port.name.clone(), attempt }));
        self.show_found(id, out);
    }

    /// The home has an owner now: what is plugged in is looked at.
    pub(super) fn look_at_all(&mut self, now: &Now, out: &mut Vec<Effect>) {
        let ids: Vec<_> = self.onboarding.found.keys().copied().collect();
        ids.into_iter().for_each(|id| self.look_unasked(now, id, out));
    }

    /// The device whose board was last seen at this place.
    fn device_at(&self, location: &Arc<str>) -> Option<DeviceId> {
        let at = |hardware: &Arc<Hardware>| hardware.port.as_ref() == Some(location);
        let mut devices = self.devices.values().map(|entry| &entry.device);
        devices.find(|device| device.hardware.as_ref().is_some_and(at)).map(|device| device.id)
    }

    /// A board that is a device turned up at a port where it was not before: that one is left alone from now on.
    fn bind_port(&mut self, now: &Now, id: FoundId, out: &mut Vec<Effect>) {
        let Some(found) = self.onboarding.found.get(&id) else { return };
        let Some(Identity::Native(native)) = &found.identity else { return };
        let Some(&device) = self.by_board.get(&native.board) else { return };
        let hardware = Arc::new(hardware(native, &found.port.location));
        if self.devices.get(&device).is_some_and(|entry| entry.device.hardware.as_ref() != Some(&hardware)) {
            self.change_settings(now, None, Setting::NoteHardware(device, hardware), out);
        }
    }

    fn port_gone(&mut self, now: &Now, port: &PortName, out: &mut Vec<Effect>) {
        let Some(id) = self.onboarding.on(port) else { return };
        self.onboarding.found.remove(&id);
        out.push(Effect::Changed(Change::BoardRemoved(id)));
        let claims = self.onboarding.claims.iter();
        let open: Vec<_> =
            claims.filter(|(_, claim)| claim.is_open() && claim.view.board == id).map(|(id, _)| *id).collect();
        for claim in open {
            self.claim_port_failed(now, claim, PortTrouble::Gone, out);
        }
    }

    /// Somebody wants a port to be looked at.
    pub(super) fn look_at_board(
        &mut self,
        now: &Now,
        cap: &Administer,
        id: FoundId,
        out: &mut Vec<Effect>,
    ) -> Result<Answer, Denied> {
        self.access.still_administers(cap)?;
        let found = self.onboarding.found.get(&id).ok_or(Denied::NotFound("board"))?;
        if self.onboarding.open_claim(found).is_some() {
            return Err(Denied::Conflict("Somebody is claiming this board. Wait until that is over.".to_owned()));
        }
        self.look(now, id, out);
        self.found_shown(id).map(Answer::Board)
    }

    fn found_shown(&self, id: FoundId) -> Result<Arc<FoundBoard>, Denied> {
        self.onboarding.found.get(&id).and_then(|found| found.shown.clone()).ok_or(Denied::NotFound("board"))
    }

    /// Somebody claims a board.
    pub(super) fn claim_board(
        &mut self,
        now: &Now,
        cap: Administer,
        new: NewClaim,
        out: &mut Vec<Effect>,
    ) -> Result<Answer, Denied> {
        self.access.still_administers(&cap)?;
        self.known_room(new.room, "roomId")?;
        let found = self.onboarding.found.get(&new.board).ok_or(Denied::NotFound("board"))?;
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
                    "This board runs {}. It can be given Wi-Fi, but it is no device of this gateway until it has the firmware \
                     of Gatehouse.",
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
        let known = self.by_board.get(&native.board).copied();
        let called = known.and_then(|id| self.devices.get(&id)).map(|entry| entry.device.name.clone());
        let name = new.name.or(called).or_else(|| Name::new(native.board.as_str()).ok()).ok_or(Denied::Busy)?;
        if known.is_none() {
            self.room_for_a_device()?;
        }
        let (port, location) = (found.port.name.clone(), found.port.location.clone());
        let device = known.unwrap_or_else(|| DeviceId::from_raw(self.ids.draw()));
        let id = ClaimId::from_raw(self.ids.draw());
        let attempt = self.onboarding.attempt();
        let view = Arc::new(ClaimView {
            id,
            board: new.board,
            name,
            ssid: new.wifi.ssid.clone(),
            by: cap.actor().clone(),
            step: ClaimStep::HandingOver,
            progress: None,
            trouble: None,
            device: None,
        });
        out.push(Effect::Port(PortOrder::Provision {
            port: port.clone(),
            attempt,
            board: native.board.clone(),
            secret: new.credential.secret,
            wifi: new.wifi,
        }));
        let claim = Claim {
            view: view.clone(),
            cap,
            port,
            attempt,
            due: now.mono.plus(HANDOVER_WITHIN),
            end: now.mono.plus(CLAIM_WITHIN),
            native,
            room: new.room,
            secret: new.credential.hash,
            device,
            location,
            heard: Vec::new(),
            over: None,
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
    pub(super) fn cancel_claim(
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
            ClaimStep::HandingOver | ClaimStep::Joining | ClaimStep::Connecting => {
                self.fail_claim(now, id, ClaimTrouble::Cancelled, out);
                let claim = self.onboarding.claims.get(&id).ok_or(Denied::NotFound("claim"))?;
                Ok(Answer::Claim(claim.view.clone()))
            }
        }
    }

    fn claim_progress(&mut self, now: &Now, id: ClaimId, progress: Progress, out: &mut Vec<Effect>) {
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

    fn claim_port_failed(&mut self, now: &Now, id: ClaimId, trouble: PortTrouble, out: &mut Vec<Effect>) {
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

    fn update_claim(&mut self, id: ClaimId, out: &mut Vec<Effect>, change: impl FnOnce(&mut ClaimView)) {
        let Some(claim) = self.onboarding.claims.get_mut(&id) else { return };
        let mut view = ClaimView::clone(&claim.view);
        change(&mut view);
        if view != *claim.view {
            claim.view = Arc::new(view);
            out.push(Effect::Changed(Change::Claim(claim.view.clone())));
        }
    }

    fn fail_claim(&mut self, now: &Now, id: ClaimId, trouble: ClaimTrouble, out: &mut Vec<Effect>) {
        self.update_claim(id, out, |view| (view.step, view.trouble) = (ClaimStep::Failed, Some(trouble)));
        self.end_claim(now, id, out);
        out.push(Effect::CredentialsChanged);
    }

    fn end_claim(&mut self, now: &Now, id: ClaimId, out: &mut Vec<Effect>) {
        let Some(claim) = self.onboarding.claims.get_mut(&id) else { return };
        claim.over = Some(now.mono.plus(REMEMBERED));
        claim.heard = Vec::new();
        let board = claim.view.board;
        if let Some(found) = self.onboarding.found.get(&board) {
            out.push(Effect::Port(PortOrder::Release { port: found.port.name.clone() }));
        }
        self.show_found(board, out);
    }

    /// Takes what the edge tells of a board that is being claimed; false when it is none.
    pub(super) fn hear_claimed(&mut self, now: &Now, event: &BoardEvent, out: &mut Vec<Effect>) -> bool {
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
                name: Some(claim.view.name.clone()),
                room: None,
                relays: claim.native.relays,
            };
            let new = FinishedClaim {
                claim: id,
                device: claim.device,
                registration,
                room: claim.room,
                hardware: Arc::new(hardware(&claim.native, &claim.location)),
            };
            let setting = Setting::FinishClaim(claim.cap.clone(), new);
            self.change_settings(now, None, setting, out);
        }
        true
    }

    /// The device is on disk: what its board said meanwhile counts.
    pub(super) fn claim_written(&mut self, now: &Now, id: ClaimId, out: &mut Vec<Effect>) {
        let Some(claim) = self.onboarding.claims.get_mut(&id) else { return };
        let (heard, device) = (std::mem::take(&mut claim.heard), claim.device);
        self.update_claim(id, out, |view| (view.step, view.device) = (ClaimStep::Done, Some(device)));
        self.end_claim(now, id, out);
        heard.into_iter().for_each(|event| self.board_event(now, event, out));
    }

    /// The device could not be written, or may not be any more.
    pub(super) fn claim_not_written(&mut self, now: &Now, id: ClaimId, out: &mut Vec<Effect>) {
        self.fail_claim(now, id, ClaimTrouble::NotWritten, out);
    }

    /// Ends looks and claims that take too long, and forgets claims that are long over.
    pub(super) fn settle_onboarding(&mut self, now: &Now, out: &mut Vec<Effect>) {
        let late = |found: &Found| found.looking.is_some_and(|(_, due)| due <= now.mono);
        let looks = self.onboarding.found.iter().filter(|(_, found)| late(found));
        for id in looks.map(|(id, _)| *id).collect::<Vec<_>>() {
            let Some(found) = self.onboarding.found.get_mut(&id) else { continue };
            (found.looking, found.identity) = (None, Some(Identity::Silent));
            out.push(Effect::Port(PortOrder::Release { port: found.port.name.clone() }));
            self.show_found(id, out);
        }
        let due = |claim: &Claim| claim.over.unwrap_or(claim.due) <= now.mono;
        let claims = self.onboarding.claims.iter().filter(|(_, claim)| due(claim));
        for id in claims.map(|(id, _)| *id).collect::<Vec<_>>() {
            let Some(claim) = self.onboarding.claims.get_mut(&id) else { continue };
            if claim.over.is_some() {
                let board = claim.view.board;
                self.onboarding.claims.remove(&id);
                out.push(Effect::Changed(Change::ClaimRemoved(id)));
                if let Some(found) = self.onboarding.found.get_mut(&board) {
                    found.claim.take_if(|last| *last == id);
                }
                self.show_found(board, out);
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
    pub(super) fn stop_claims(&mut self, now: &Now, out: &mut Vec<Effect>) {
        let open = self.onboarding.claims.iter().filter(|(_, claim)| claim.is_open());
        for id in open.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.fail_claim(now, id, ClaimTrouble::Stopping, out);
        }
    }

    /// Tells of a board if anything about it is another than last told.
    fn show_found(&mut self, id: FoundId, out: &mut Vec<Effect>) {
        let Some(found) = self.onboarding.found.get(&id) else { return };
        let device = match &found.identity {
            Some(Identity::Native(native)) => self.by_board.get(&native.board).copied(),
            Some(_) => None,
            None => self.device_at(&found.port.location),
        };
        let state = match (&found.identity, device) {
            _ if self.onboarding.open_claim(found).is_some() => FoundState::Claiming,
            _ if found.looking.is_some() => FoundState::Identifying,
            (_, Some(_)) => FoundState::Claimed,
            (Some(_), None) => FoundState::Identified,
            (None, None) => FoundState::Noticed,
        };
        let trouble = match found.port.access {
            PortAccess::Denied => Some(PortTrouble::Denied),
            PortAccess::InUse => Some(PortTrouble::InUse),
            PortAccess::Free => found.trouble,
        };
        let view = FoundBoard {
            id,
            port: found.port.clone(),
            state,
            identity: found.identity.clone(),
            networks: found.networks.clone(),
            trouble,
            device,
            claim: found.claim,
        };
        if found.shown.as_deref() == Some(&view) {
            return;
        }
        let view = Arc::new(view);
        if let Some(found) = self.onboarding.found.get_mut(&id) {
            found.shown = Some(view.clone());
        }
        out.push(Effect::Changed(Change::Board(view)));
    }

    /// A device is new or gone: boards that are plugged in may be others by it.
    pub(super) fn show_all_found(&mut self, out: &mut Vec<Effect>) {
        let ids: Vec<_> = self.onboarding.found.keys().copied().collect();
        ids.into_iter().for_each(|id| self.show_found(id, out));
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
    /// Where it is to be.
    pub room: Option<RoomId>,
    /// What it is.
    pub hardware: Arc<Hardware>,
}

fn hardware(native: &NativeBoard, location: &Arc<str>) -> Hardware {
    Hardware {
        chip: native.chip.clone(),
        mac: native.mac.clone(),
        model: native.model.clone(),
        firmware: native.firmware.clone(),
        port: Some(location.clone()),
    }
}

/// Why a claim that takes too long does, by what its board said last.
fn late_trouble(view: &ClaimView) -> ClaimTrouble {
    match (view.step, view.progress) {
        (ClaimStep::HandingOver, _) => ClaimTrouble::Port(PortTrouble::Silent),
        (_, Some(Progress::NoNetwork)) => ClaimTrouble::NoNetwork,
        (_, Some(Progress::WrongPassword)) => ClaimTrouble::WrongPassword,
        (_, Some(Progress::NoAddress)) => ClaimTrouble::NoAddress,
        (_, Some(Progress::Dialing | Progress::Unreachable)) => ClaimTrouble::Unreachable,
        (_, Some(Progress::Securing | Progress::Untrusted)) => ClaimTrouble::Untrusted,
        (_, Some(Progress::Refused)) => ClaimTrouble::Refused,
        _ => ClaimTrouble::NoLogin,
    }
}
