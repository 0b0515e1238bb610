//! Ports that boards are plugged into: noticed, asked who is there, identified, gone.

use super::Onboarding;
use super::jobs::Plug;
use crate::access::{Administer, Denied};
use crate::flash::FlashTrouble;
use crate::home::{Answer, Effect, Home, Setting};
use crate::ids::{ClaimId, DeviceId, FoundId};
use crate::onboarding::{
    Attempt, FoundBoard, FoundState, Hardware, Identity, NativeBoard, Network, Port, PortAccess, PortEvent, PortName,
    PortOrder, PortTrouble,
};
use crate::time::{Mono, Now};
use crate::view::Change;
use std::sync::Arc;
use std::time::Duration;

/// Ports that are kept an eye on; more are not listed.
pub const MAX_FOUND: usize = 64;
/// How long a board may take to be asked who it is, its networks included.
const IDENTIFY_WITHIN: Duration = Duration::from_secs(20);

/// What is plugged in.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) port: Port,
    /// The look that is under way, and when it must have ended.
    pub(super) looking: Option<(Attempt, Mono)>,
    pub(super) identity: Option<Identity>,
    pub(super) networks: Vec<Network>,
    pub(super) trouble: Option<PortTrouble>,
    /// The last one that was begun here.
    pub(super) claim: Option<ClaimId>,
    /// As last told.
    pub(super) shown: Option<Arc<FoundBoard>>,
}

impl Found {
    pub(super) fn plug(&self, board: FoundId) -> Plug {
        Plug { board, port: self.port.name.clone(), location: self.port.location.clone() }
    }
}

impl Onboarding {
    pub(super) fn on(&self, port: &PortName) -> Option<FoundId> {
        self.found.iter().find(|(_, found)| found.port.name == *port).map(|(id, _)| *id)
    }
}

impl Home {
    /// A port came, went, or told something.
    pub(in crate::home) fn port_event(&mut self, now: &Now, event: PortEvent, out: &mut Vec<Effect>) {
        match event {
            PortEvent::Appeared(port) => self.port_appeared(now, port, out),
            PortEvent::Gone(port) => self.port_gone(now, &port, out),
            PortEvent::Identified { port, attempt, identity, networks } => {
                let Some((id, found)) = self.looked(&port, attempt) else { return };
                (found.identity, found.networks, found.trouble) = (Some(identity), networks, None);
                let (location, identity) = (found.port.location.clone(), found.identity.clone());
                self.onboarding.forget_givings_of_others(&location, identity.as_ref());
                out.push(Effect::Port(PortOrder::Release { port }));
                self.show_found(id, out);
                self.bind_port(now, id, out);
            }
            PortEvent::Progress { port, attempt, progress } => {
                if let Some(id) = self.onboarding.claim_at(&port, attempt) {
                    self.claim_progress(now, id, progress, out);
                } else {
                    self.giving_goes_on(now, (&port, attempt), out);
                }
            }
            PortEvent::InNetwork { port, attempt, page } => self.giving_done(now, (&port, attempt), page, out),
            PortEvent::Flashing { port, attempt, progress } => {
                self.flash_progress(now, (&port, attempt), progress, out);
            }
            PortEvent::FlashFailed { port, attempt, trouble } => {
                self.flash_failed(now, (&port, attempt), trouble, out);
            }
            PortEvent::Failed { port, attempt, trouble } => {
                if let Some((id, found)) = self.looked(&port, attempt) {
                    (found.trouble, found.identity) = (Some(trouble), None);
                    self.show_found(id, out);
                } else if let Some(id) = self.onboarding.claim_at(&port, attempt) {
                    self.claim_port_failed(now, id, trouble, out);
                } else if !self.giving_failed(now, (&port, attempt), trouble, out) {
                    self.flash_failed(now, (&port, attempt), FlashTrouble::Port(trouble), out);
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
        let location = &found.port.location;
        let busy = self.onboarding.no_job_at(location).is_err();
        if self.is_claimed() && !busy && of_a_board && !claimed && found.port.access == PortAccess::Free {
            self.look(now, id, out);
        }
    }

    pub(super) fn look(&mut self, now: &Now, id: FoundId, out: &mut Vec<Effect>) {
        let attempt = self.onboarding.attempt();
        let Some(found) = self.onboarding.found.get_mut(&id) else { return };
        found.looking = Some((attempt, now.mono.plus(IDENTIFY_WITHIN)));
        found.trouble = None;
        out.push(Effect::Port(PortOrder::Identify { port: found.port.name.clone(), attempt }));
        self.show_found(id, out);
    }

    /// The home has an owner now: what is plugged in is looked at.
    pub(in crate::home) fn look_at_all(&mut self, now: &Now, out: &mut Vec<Effect>) {
        let ids: Vec<_> = self.onboarding.found.keys().copied().collect();
        ids.into_iter().for_each(|id| self.look_unasked(now, id, out));
    }

    /// The device whose board was last seen at this place.
    pub(super) fn device_at(&self, location: &Arc<str>) -> Option<DeviceId> {
        let at = |hardware: &Arc<Hardware>| hardware.port.as_ref() == Some(location);
        let mut devices = self.devices.values().map(|entry| &entry.device);
        devices.find(|device| device.hardware.as_ref().is_some_and(at)).map(|device| device.id)
    }

    /// A board that is a device turned up at a port where it was not before: that one is left alone from now on.
    fn bind_port(&mut self, now: &Now, id: FoundId, out: &mut Vec<Effect>) {
        let Some(found) = self.onboarding.found.get(&id) else { return };
        let Some(Identity::Native(native)) = &found.identity else { return };
        let Some(&device) = self.by_board.get(&native.board) else { return };
        let hardware = Arc::new(hardware(native, Some(found.port.location.clone())));
        if self.devices.get(&device).is_some_and(|entry| entry.device.hardware.as_ref() != Some(&hardware)) {
            self.change_settings(now, None, Setting::NoteHardware(device, hardware), out);
        }
    }

    fn port_gone(&mut self, now: &Now, port: &PortName, out: &mut Vec<Effect>) {
        let Some(id) = self.onboarding.on(port) else { return };
        let gone = self.onboarding.found.remove(&id);
        out.push(Effect::Changed(Change::BoardRemoved(id)));
        let claims = self.onboarding.claims.iter();
        let open: Vec<_> =
            claims.filter(|(_, claim)| claim.is_open() && claim.view.board == id).map(|(id, _)| *id).collect();
        for claim in open {
            self.claim_port_failed(now, claim, PortTrouble::Gone, out);
        }
        if let Some(found) = gone {
            self.flash_unplugged(now, &found.port.location, out);
            self.giving_unplugged(now, (id, &found.port.location), out);
        }
    }

    /// Somebody wants a port to be looked at.
    pub(in crate::home) fn look_at_board(
        &mut self,
        now: &Now,
        cap: &Administer,
        id: FoundId,
        out: &mut Vec<Effect>,
    ) -> Result<Answer, Denied> {
        self.access.still_administers(cap)?;
        self.nearby.refuse(id)?;
        let found = self.onboarding.found.get(&id).ok_or(Denied::NotFound("board"))?;
        if self.onboarding.open_claim(found).is_some() {
            return Err(Denied::Conflict("Somebody is claiming this board. Wait until that is over.".to_owned()));
        }
        self.onboarding.no_job_at(&found.port.location)?;
        self.look(now, id, out);
        self.found_shown(id).map(Answer::Board)
    }

    pub(super) fn found_shown(&self, id: FoundId) -> Result<Arc<FoundBoard>, Denied> {
        self.onboarding.found.get(&id).and_then(|found| found.shown.clone()).ok_or(Denied::NotFound("board"))
    }

    /// A job was begun with a board: whoever looked at it looks no more.
    pub(super) fn job_begun(&mut self, board: FoundId, out: &mut Vec<Effect>) -> Result<Answer, Denied> {
        if let Some(found) = self.onboarding.found.get_mut(&board) {
            (found.looking, found.trouble) = (None, None);
        }
        self.show_found(board, out);
        self.found_shown(board).map(Answer::Board)
    }

    /// A job is over: its port is for others again.
    pub(super) fn leave(&mut self, port: PortName, forgotten: Vec<PortName>, out: &mut Vec<Effect>) {
        out.push(Effect::Port(PortOrder::Release { port: port.clone() }));
        self.show_at([port], out);
        self.show_at(forgotten, out);
    }

    /// Tells of the boards at these ports.
    pub(super) fn show_at(&mut self, ports: impl IntoIterator<Item = PortName>, out: &mut Vec<Effect>) {
        for port in ports {
            if let Some(board) = self.onboarding.on(&port) {
                self.show_found(board, out);
            }
        }
    }

    /// Ends looks that take too long.
    pub(in crate::home) fn settle_looks(&mut self, now: &Now, out: &mut Vec<Effect>) {
        let late = |found: &Found| found.looking.is_some_and(|(_, due)| due <= now.mono);
        let looks = self.onboarding.found.iter().filter(|(_, found)| late(found));
        for id in looks.map(|(id, _)| *id).collect::<Vec<_>>() {
            let Some(found) = self.onboarding.found.get_mut(&id) else { continue };
            (found.looking, found.identity) = (None, Some(Identity::Silent));
            out.push(Effect::Port(PortOrder::Release { port: found.port.name.clone() }));
            self.show_found(id, out);
        }
    }

    /// Tells of a board if anything about it is another than last told.
    pub(super) fn show_found(&mut self, id: FoundId, out: &mut Vec<Effect>) {
        let Some(found) = self.onboarding.found.get(&id) else { return };
        let device = match &found.identity {
            Some(Identity::Native(native)) => self.by_board.get(&native.board).copied(),
            Some(_) => None,
            None => self.device_at(&found.port.location),
        };
        let flash = self.onboarding.flashes.at(&found.port.location).cloned();
        let giving = self.onboarding.givings.at(&found.port.location).cloned();
        let state = match (&found.identity, device) {
            _ if self.onboarding.open_claim(found).is_some() => FoundState::Claiming,
            _ if flash.as_ref().is_some_and(|flash| !flash.is_over()) => FoundState::Flashing,
            _ if giving.as_ref().is_some_and(|giving| !giving.is_over()) => FoundState::GivingWifi,
            _ if found.looking.is_some() => FoundState::Identifying,
            (_, Some(_)) => FoundState::Claimed,
            (Some(Identity::Native(_)), None) => FoundState::Ready,
            (Some(Identity::Improv(_)), None) => FoundState::Foreign,
            (Some(Identity::BootLoader), None) => FoundState::BootLoader,
            (Some(Identity::Silent), None) => FoundState::Silent,
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
            flash,
            giving,
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
    pub(in crate::home) fn show_all_found(&mut self, out: &mut Vec<Effect>) {
        let ids: Vec<_> = self.onboarding.found.keys().copied().collect();
        ids.into_iter().for_each(|id| self.show_found(id, out));
    }
}

pub(super) fn hardware(native: &NativeBoard, location: Option<Arc<str>>) -> Hardware {
    Hardware {
        chip: native.chip.clone(),
        mac: native.mac.clone(),
        model: native.model.clone(),
        firmware: native.firmware.clone(),
        port: location,
    }
}
