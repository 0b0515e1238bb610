//! Boards that are given firmware over their cable, from the order to its end.

use super::Onboarding;
use crate::access::{Administer, Denied};
use crate::audit::Kind;
use crate::flash::{FirmwareImage, FlashProgress, FlashStep, FlashTrouble, FlashView};
use crate::home::auditing::Deed;
use crate::home::{Answer, Effect, Home};
use crate::ids::{FlashId, FoundId};
use crate::onboarding::{Attempt, Identity, PortName, PortOrder, PortTrouble};
use crate::time::{Mono, Now};
use std::sync::Arc;
use std::time::Duration;

/// How long the boot loader may take to answer, its tool to start included.
const CONNECT_WITHIN: Duration = Duration::from_secs(45);
/// How long it may come no further.
const STEP_WITHIN: Duration = Duration::from_secs(60);
/// How long all of it may take: 1 MB at 115,200 bits a second takes a minute and a half.
pub const FLASH_WITHIN: Duration = Duration::from_secs(300);
/// How long one that is over is shown, and how many, the newest.
const REMEMBERED: Duration = Duration::from_secs(600);
pub(in crate::home) const MAX_FLASHES: usize = 64;

/// A flash, as it is asked for.
#[derive(Clone, Debug)]
pub struct NewFlash {
    /// Which board.
    pub board: FoundId,
    /// What it is given.
    pub image: Arc<FirmwareImage>,
    /// Also when it is a device of this home.
    pub even_a_device: bool,
}

/// A board that is being flashed, or was. It is known by where it is plugged in: so what failed is shown there when it is back.
#[derive(Debug)]
pub(super) struct Flash {
    pub(super) view: Arc<FlashView>,
    port: PortName,
    location: Arc<str>,
    attempt: Attempt,
    /// When it must be further, and when all of it has to be done.
    due: Mono,
    end: Mono,
    /// When it is forgotten.
    over: Option<Mono>,
}

impl Flash {
    pub(super) fn deadline(&self) -> Mono {
        self.over.unwrap_or(self.due)
    }
}

impl Onboarding {
    /// The newest at a place.
    pub(super) fn flash_at(&self, location: &Arc<str>) -> Option<&Flash> {
        self.flashes.values().rev().find(|flash| flash.location == *location)
    }

    #[cfg(test)]
    pub(in crate::home) fn remembered_flashes(&self) -> usize {
        self.flashes.len()
    }

    pub(super) fn is_flashing(&self, location: &Arc<str>) -> bool {
        self.flash_at(location).is_some_and(|flash| !flash.view.is_over())
    }

    /// The open one that an event at a port is of.
    fn flash_of(&self, port: &PortName, attempt: Attempt) -> Option<FlashId> {
        let mut open = self.flashes.iter().filter(|(_, flash)| !flash.view.is_over());
        open.find(|(_, flash)| flash.port == *port && flash.attempt == attempt).map(|(id, _)| *id)
    }
}

impl Home {
    /// Somebody has a board flashed.
    pub(in crate::home) fn flash_board(
        &mut self,
        now: &Now,
        cap: &Administer,
        new: NewFlash,
        out: &mut Vec<Effect>,
    ) -> Result<Answer, Denied> {
        self.access.still_administers(cap)?;
        let found = self.onboarding.found.get(&new.board).ok_or(Denied::NotFound("board"))?;
        if let Some(claim) = self.onboarding.open_claim(found) {
            let by = &claim.view.by.name;
            return Err(Denied::Conflict(format!(
                "{by} is claiming this board. Wait until that is over, or cancel it."
            )));
        }
        let (port, location) = (found.port.name.clone(), found.port.location.clone());
        if let Some(flash) = self.onboarding.flash_at(&location).filter(|flash| !flash.view.is_over()) {
            let by = &flash.view.by.name;
            return Err(Denied::Conflict(format!(
                "{by} is flashing this board. Wait until that is over, or cancel it."
            )));
        }
        self.onboarding.not_given_wifi(&location)?;
        let device = match &found.identity {
            Some(Identity::Native(native)) => self.by_board.get(&native.board).copied(),
            _ => self.device_at(&location),
        };
        if let Some(entry) = device.and_then(|id| self.devices.get(&id)).filter(|_| !new.even_a_device) {
            let name = &entry.device.name;
            return Err(Denied::Conflict(format!(
                "This is the board of {name}. It does not work while it is flashed, and may have to be set up anew. Confirm that \
                 you mean it."
            )));
        }
        self.onboarding.forget_givings_of_others(&location, None);
        let id = FlashId::from_raw(self.ids.draw());
        let attempt = self.onboarding.attempt();
        let view = Arc::new(FlashView {
            id,
            image: new.image.clone(),
            by: cap.actor().clone(),
            step: FlashStep::Connecting,
            written: 0,
            trouble: None,
        });
        out.push(Effect::Port(PortOrder::Flash { port: port.clone(), attempt, image: new.image }));
        let (due, end) = (now.mono.plus(CONNECT_WITHIN), now.mono.plus(FLASH_WITHIN));
        self.onboarding.flashes.insert(id, Flash { view, port, location, attempt, due, end, over: None });
        if let Some(found) = self.onboarding.found.get_mut(&new.board) {
            (found.looking, found.trouble) = (None, None);
        }
        self.show_found(new.board, out);
        self.found_shown(new.board).map(Answer::Board)
    }

    /// Somebody gives it up.
    pub(in crate::home) fn cancel_flash(
        &mut self,
        now: &Now,
        cap: &Administer,
        board: FoundId,
        out: &mut Vec<Effect>,
    ) -> Result<Answer, Denied> {
        self.access.still_administers(cap)?;
        let found = self.onboarding.found.get(&board).ok_or(Denied::NotFound("board"))?;
        let flash = self.onboarding.flash_at(&found.port.location).filter(|flash| !flash.view.is_over());
        let Some(id) = flash.map(|flash| flash.view.id) else {
            return Err(Denied::Conflict("This board is not being flashed.".to_owned()));
        };
        self.fail_flash(now, id, FlashTrouble::Cancelled, out);
        self.found_shown(board).map(Answer::Board)
    }

    /// It has come further.
    pub(super) fn flash_progress(
        &mut self,
        now: &Now,
        (port, attempt): (&PortName, Attempt),
        progress: FlashProgress,
        out: &mut Vec<Effect>,
    ) {
        let Some(id) = self.onboarding.flash_of(port, attempt) else { return };
        let Some(flash) = self.onboarding.flashes.get_mut(&id) else { return };
        let mut view = FlashView::clone(&flash.view);
        let (step, written) = match progress {
            FlashProgress::Connected => (FlashStep::Erasing, 0),
            FlashProgress::Written(percent) => (FlashStep::Writing, percent.min(100)),
            FlashProgress::Verifying => (FlashStep::Verifying, 100),
            FlashProgress::Verified => (FlashStep::Done, 100),
        };
        // It never goes back.
        (view.step, view.written) = (view.step.max(step), view.written.max(written));
        (flash.view, flash.due) = (Arc::new(view), now.mono.plus(STEP_WITHIN).min(flash.end));
        if step == FlashStep::Done {
            self.end_flash(now, id, out);
        } else {
            self.show_flashed(id, out);
        }
    }

    /// It cannot go on.
    pub(super) fn flash_failed(
        &mut self,
        now: &Now,
        (port, attempt): (&PortName, Attempt),
        trouble: FlashTrouble,
        out: &mut Vec<Effect>,
    ) {
        if let Some(id) = self.onboarding.flash_of(port, attempt) {
            self.fail_flash(now, id, trouble, out);
        }
    }

    /// The cable was pulled.
    pub(super) fn flash_unplugged(&mut self, now: &Now, location: &Arc<str>, out: &mut Vec<Effect>) {
        let open = self.onboarding.flash_at(location).filter(|flash| !flash.view.is_over());
        if let Some(id) = open.map(|flash| flash.view.id) {
            self.fail_flash(now, id, FlashTrouble::Port(PortTrouble::Gone), out);
        }
    }

    fn fail_flash(&mut self, now: &Now, id: FlashId, trouble: FlashTrouble, out: &mut Vec<Effect>) {
        let Some(flash) = self.onboarding.flashes.get_mut(&id) else { return };
        let begun = flash.view.step > FlashStep::Connecting;
        let given_up = matches!(trouble, FlashTrouble::Cancelled | FlashTrouble::Stopping);
        let mut view = FlashView::clone(&flash.view);
        (view.step, view.trouble) = (FlashStep::Failed, Some(trouble));
        flash.view = Arc::new(view);
        if begun {
            self.end_flash(now, id, out);
            return;
        }
        if given_up {
            // The boot loader may have been about to begin, and its tool not have said so yet.
            self.write_flash(now, id, ", given up before it was known to have begun", out);
        }
        self.close_flash(now, id, out);
    }

    /// Its line in the record, with what there is to say beside what it was given.
    fn write_flash(&mut self, now: &Now, id: FlashId, how: &str, out: &mut Vec<Effect>) {
        let Some(flash) = self.onboarding.flashes.get(&id) else { return };
        let (view, port) = (flash.view.clone(), flash.port.clone());
        let text = format!("{}, SHA-256 {}{how}", view.image.name, view.image.digest());
        let line = self.entry(now, Deed::new(&view.by, Kind::BoardFlashed, &port.0).saying(text));
        out.push(Effect::Write { ticket: None, records: vec![line] });
    }

    /// Something was written: that is told in the record, and the board is asked anew who it is.
    fn end_flash(&mut self, now: &Now, id: FlashId, out: &mut Vec<Effect>) {
        let Some(flash) = self.onboarding.flashes.get(&id) else { return };
        let (view, port) = (flash.view.clone(), flash.port.clone());
        self.write_flash(now, id, if view.trouble.is_some() { ", not to its end" } else { "" }, out);
        self.close_flash(now, id, out);
        let Some(board) = self.onboarding.on(&port) else { return };
        if let Some(found) = self.onboarding.found.get_mut(&board) {
            (found.identity, found.networks) = (None, Vec::new());
        }
        if !self.stopping && view.trouble != Some(FlashTrouble::Port(PortTrouble::Gone)) {
            self.look(now, board, out);
        }
    }

    fn close_flash(&mut self, now: &Now, id: FlashId, out: &mut Vec<Effect>) {
        let Some(flash) = self.onboarding.flashes.get_mut(&id) else { return };
        flash.over = Some(now.mono.plus(REMEMBERED));
        out.push(Effect::Port(PortOrder::Release { port: flash.port.clone() }));
        self.show_flashed(id, out);
        let over = self.onboarding.flashes.values().filter_map(|flash| flash.over.map(|until| (until, flash.view.id)));
        let mut over: Vec<_> = over.collect();
        over.sort_unstable();
        let beyond = over.len().saturating_sub(MAX_FLASHES);
        over.into_iter().take(beyond).for_each(|(_, id)| self.forget_flash(id, out));
    }

    fn forget_flash(&mut self, id: FlashId, out: &mut Vec<Effect>) {
        let Some(flash) = self.onboarding.flashes.remove(&id) else { return };
        if let Some(board) = self.onboarding.on(&flash.port) {
            self.show_found(board, out);
        }
    }

    fn show_flashed(&mut self, id: FlashId, out: &mut Vec<Effect>) {
        let port = self.onboarding.flashes.get(&id).map(|flash| flash.port.clone());
        if let Some(board) = port.and_then(|port| self.onboarding.on(&port)) {
            self.show_found(board, out);
        }
    }

    /// Ends those that come no further, and forgets those that are long over.
    pub(super) fn settle_flashes(&mut self, now: &Now, out: &mut Vec<Effect>) {
        let due = self.onboarding.flashes.values().filter(|flash| flash.deadline() <= now.mono);
        for (id, step, over) in due.map(|flash| (flash.view.id, flash.view.step, flash.over)).collect::<Vec<_>>() {
            match (over, step) {
                (Some(_), _) => self.forget_flash(id, out),
                (None, FlashStep::Connecting) => self.fail_flash(now, id, FlashTrouble::NoLoader, out),
                (None, _) => self.fail_flash(now, id, FlashTrouble::Port(PortTrouble::Silent), out),
            }
        }
    }

    /// The gateway stops: what is not done is not finished.
    pub(in crate::home) fn stop_flashes(&mut self, now: &Now, out: &mut Vec<Effect>) {
        let open = self.onboarding.flashes.values().filter(|flash| !flash.view.is_over());
        for id in open.map(|flash| flash.view.id).collect::<Vec<_>>() {
            self.fail_flash(now, id, FlashTrouble::Stopping, out);
        }
    }
}
