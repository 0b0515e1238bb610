//! Boards that are given firmware over their cable, from the order to its end.

use super::Onboarding;
use super::jobs::JobView;
use crate::access::{Administer, Denied};
use crate::audit::Kind;
use crate::flash::{FirmwareImage, FlashProgress, FlashStep, FlashTrouble, FlashView};
use crate::home::auditing::Deed;
use crate::home::{Answer, Effect, Home};
use crate::ids::{FlashId, FoundId};
use crate::onboarding::{Attempt, Identity, PortName, PortOrder, PortTrouble};
use crate::time::Now;
use std::sync::Arc;
use std::time::Duration;

/// How long the boot loader may take to answer, its tool to start included.
const CONNECT_WITHIN: Duration = Duration::from_secs(45);
/// How long it may come no further.
const STEP_WITHIN: Duration = Duration::from_secs(60);
/// How long all of it may take: 1 MB at 115,200 bits a second takes a minute and a half.
pub const FLASH_WITHIN: Duration = Duration::from_secs(300);

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

impl JobView for FlashView {
    type Id = FlashId;
    fn id(&self) -> FlashId {
        self.id
    }
    fn is_over(&self) -> bool {
        self.is_over()
    }
}

impl Onboarding {
    #[cfg(test)]
    pub(in crate::home) fn remembered_flashes(&self) -> usize {
        self.flashes.len()
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
        let plug = found.plug(new.board);
        self.onboarding.no_job_at(&plug.location)?;
        let device = match &found.identity {
            Some(Identity::Native(native)) => self.by_board.get(&native.board).copied(),
            _ => self.device_at(&plug.location),
        };
        if let Some(entry) = device.and_then(|id| self.devices.get(&id)).filter(|_| !new.even_a_device) {
            let name = &entry.device.name;
            return Err(Denied::Conflict(format!(
                "This is the board of {name}. It does not work while it is flashed, and may have to be set up anew. Confirm that \
                 you mean it."
            )));
        }
        self.onboarding.forget_givings_of_others(&plug.location, None);
        let id = FlashId::from_raw(self.ids.draw());
        let attempt = self.onboarding.attempt();
        let view = FlashView {
            id,
            image: new.image.clone(),
            by: cap.actor().clone(),
            step: FlashStep::Connecting,
            written: 0,
            trouble: None,
        };
        out.push(Effect::Port(PortOrder::Flash { port: plug.port.clone(), attempt, image: new.image }));
        self.onboarding.flashes.begin(now.mono, plug, attempt, view, CONNECT_WITHIN);
        self.job_begun(new.board, out)
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
        let Some(id) = self.onboarding.flashes.open_at(&found.port.location).map(|flash| flash.id) else {
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
        let Some(id) = self.onboarding.flashes.of(port, attempt) else { return };
        let (step, written) = match progress {
            FlashProgress::Connected => (FlashStep::Erasing, 0),
            FlashProgress::Written(percent) => (FlashStep::Writing, percent.min(100)),
            FlashProgress::Verifying => (FlashStep::Verifying, 100),
            FlashProgress::Verified => (FlashStep::Done, 100),
        };
        // It never goes back.
        self.onboarding.flashes.update(id, |view| {
            (view.step, view.written) = (view.step.max(step), view.written.max(written));
        });
        self.onboarding.flashes.extend(id, |flash| now.mono.plus(STEP_WITHIN).min(flash.begun.plus(FLASH_WITHIN)));
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
        if let Some(id) = self.onboarding.flashes.of(port, attempt) {
            self.fail_flash(now, id, trouble, out);
        }
    }

    /// The cable was pulled.
    pub(super) fn flash_unplugged(&mut self, now: &Now, location: &Arc<str>, out: &mut Vec<Effect>) {
        if let Some(id) = self.onboarding.flashes.open_at(location).map(|flash| flash.id) {
            self.fail_flash(now, id, FlashTrouble::Port(PortTrouble::Gone), out);
        }
    }

    fn fail_flash(&mut self, now: &Now, id: FlashId, trouble: FlashTrouble, out: &mut Vec<Effect>) {
        let Some(flash) = self.onboarding.flashes.get(id) else { return };
        let begun = flash.view.step > FlashStep::Connecting;
        let given_up = matches!(trouble, FlashTrouble::Cancelled | FlashTrouble::Stopping);
        self.onboarding.flashes.update(id, |view| (view.step, view.trouble) = (FlashStep::Failed, Some(trouble)));
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
        let Some(flash) = self.onboarding.flashes.get(id) else { return };
        let (view, port) = (flash.view.clone(), flash.plug.port.clone());
        let text = format!("{}, SHA-256 {}{how}", view.image.name, view.image.digest());
        let line = self.entry(now, Deed::new(&view.by, Kind::BoardFlashed, &port.0).saying(text));
        out.push(Effect::Write { ticket: None, records: vec![line] });
    }

    /// Something was written: that is told in the record, and the board is asked anew who it is.
    fn end_flash(&mut self, now: &Now, id: FlashId, out: &mut Vec<Effect>) {
        let Some(flash) = self.onboarding.flashes.get(id) else { return };
        let (view, port) = (flash.view.clone(), flash.plug.port.clone());
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
        let Some(port) = self.onboarding.flashes.get(id).map(|flash| flash.plug.port.clone()) else { return };
        let forgotten = self.onboarding.flashes.close(now.mono, id);
        self.leave(port, forgotten, out);
    }

    fn show_flashed(&mut self, id: FlashId, out: &mut Vec<Effect>) {
        let port = self.onboarding.flashes.get(id).map(|flash| flash.plug.port.clone());
        self.show_at(port, out);
    }

    /// Ends those that come no further, and forgets those that are long over.
    pub(super) fn settle_flashes(&mut self, now: &Now, out: &mut Vec<Effect>) {
        let (forgotten, late) = self.onboarding.flashes.settle(now.mono);
        self.show_at(forgotten, out);
        for id in late {
            let called = self.onboarding.flashes.get(id).is_some_and(|flash| flash.view.step == FlashStep::Connecting);
            let silent = if called { FlashTrouble::NoLoader } else { FlashTrouble::Port(PortTrouble::Silent) };
            self.fail_flash(now, id, silent, out);
        }
    }

    /// The gateway stops: what is not done is not finished.
    pub(in crate::home) fn stop_flashes(&mut self, now: &Now, out: &mut Vec<Effect>) {
        for id in self.onboarding.flashes.open() {
            self.fail_flash(now, id, FlashTrouble::Stopping, out);
        }
    }
}
