//! Boards of another firmware that are given Wi-Fi over their cable, and no home.
//!
//! The password is in the order to the port and nowhere else: not here, not in what people see, not in the record.

use super::Onboarding;
use super::jobs::JobView;
use crate::access::{Administer, Denied};
use crate::audit::Kind;
use crate::home::auditing::Deed;
use crate::home::{Answer, Effect, Home};
use crate::ids::{FoundId, GivingId};
use crate::onboarding::{
    Attempt, BoardPage, GivingStep, GivingTrouble, GivingView, Identity, ImprovFirmware, PortName, PortOrder,
    PortTrouble, WifiSettings,
};
use crate::time::Now;
use std::sync::Arc;
use std::time::Duration;

/// How long a board may take to say that it is on its way or there: it is told twice, with 20 s each, and asked before who it is.
const TELL_WITHIN: Duration = Duration::from_secs(50);
/// How long it may take from there into the network: a minute, and Tasmota's restart before that.
const JOIN_WITHIN: Duration = Duration::from_secs(75);
/// What a board of ours calls its firmware.
const OURS: &str = "Gatehouse";

impl JobView for GivingView {
    type Id = GivingId;
    fn id(&self) -> GivingId {
        self.id
    }
    fn is_over(&self) -> bool {
        self.is_over()
    }
}

impl Onboarding {
    /// Forgets what is over at a place where this answers now, if that is no board of the firmware that was told of; none is about to be
    /// another.
    pub(super) fn forget_givings_of_others(&mut self, location: &Arc<str>, identity: Option<&Identity>) {
        let same = |view: &GivingView| matches!(identity, Some(Identity::Improv(now)) if called(now) == view.firmware);
        self.givings.forget_at(location, |giving| same(&giving.view));
    }

    #[cfg(test)]
    pub(in crate::home) fn remembered_givings(&self) -> usize {
        self.givings.len()
    }
}

/// The firmware of a board that may be given Wi-Fi and no home; else why not, and what to do.
fn another_firmware(identity: Option<&Identity>) -> Result<&ImprovFirmware, Denied> {
    let why = match identity {
        Some(Identity::Improv(other)) if !other.firmware.eq_ignore_ascii_case(OURS) => return Ok(other),
        Some(Identity::Improv(_)) => {
            "This board has a firmware of Gatehouse that this gateway does not know. Update the gateway, or flash the board."
        }
        Some(Identity::Native(_)) => {
            "This board has Gatehouse's firmware. Set it up as a device: that gives it Wi-Fi too."
        }
        Some(Identity::BootLoader) => "This board waits in its boot loader. Flash it, or press its reset button.",
        Some(Identity::Silent) => {
            "Nobody answers there by Improv, so it cannot be given Wi-Fi from here. Look at it again, or flash it."
        }
        None => "This board has not said who it is. Look at it again first.",
    };
    Err(Denied::Conflict(why.to_owned()))
}

/// What a firmware is called, with its version.
fn called(firmware: &ImprovFirmware) -> Arc<str> {
    match (&*firmware.firmware, &*firmware.version) {
        ("", _) => "its firmware".into(),
        (name, "") => name.into(),
        (name, version) => format!("{name} {version}").into(),
    }
}

impl Home {
    /// Somebody gives a board of another firmware Wi-Fi.
    pub(in crate::home) fn give_wifi(
        &mut self,
        now: &Now,
        cap: &Administer,
        board: FoundId,
        wifi: WifiSettings,
        out: &mut Vec<Effect>,
    ) -> Result<Answer, Denied> {
        self.access.still_administers(cap)?;
        self.nearby.refuse(board)?;
        let found = self.onboarding.found.get(&board).ok_or(Denied::NotFound("board"))?;
        let plug = found.plug(board);
        self.onboarding.no_job_at(&plug.location)?;
        let other = another_firmware(found.identity.as_ref())?;
        let (firmware, called) = (other.firmware.clone(), called(other));
        let id = GivingId::from_raw(self.ids.draw());
        let attempt = self.onboarding.attempt();
        let view = GivingView {
            id,
            ssid: wifi.ssid.clone(),
            firmware: called,
            by: cap.actor().clone(),
            step: GivingStep::Telling,
            trouble: None,
            page: None,
            reached: GivingStep::Telling,
        };
        out.push(Effect::Port(PortOrder::GiveWifi { port: plug.port.clone(), attempt, firmware, wifi }));
        self.onboarding.givings.begin(now.mono, plug, attempt, view, TELL_WITHIN);
        self.job_begun(board, out)
    }

    /// Somebody gives it up.
    pub(in crate::home) fn cancel_giving(
        &mut self,
        now: &Now,
        cap: &Administer,
        board: FoundId,
        out: &mut Vec<Effect>,
    ) -> Result<Answer, Denied> {
        self.access.still_administers(cap)?;
        let found = self.onboarding.found.get(&board).ok_or(Denied::NotFound("board"))?;
        let Some(id) = self.onboarding.givings.open_at(&found.port.location).map(|giving| giving.id) else {
            return Err(Denied::Conflict("This board is not being given Wi-Fi.".to_owned()));
        };
        self.fail_giving(now, id, GivingTrouble::Cancelled, out);
        self.found_shown(board).map(Answer::Board)
    }

    /// The board has taken it, and is on its way.
    pub(super) fn giving_goes_on(&mut self, now: &Now, (port, attempt): (&PortName, Attempt), out: &mut Vec<Effect>) {
        let Some(id) = self.onboarding.givings.of(port, attempt) else { return };
        let Some(giving) = self.onboarding.givings.get(id) else { return };
        if giving.view.step == GivingStep::Telling {
            let (port, joining) = (giving.plug.port.clone(), GivingStep::Joining);
            self.onboarding.givings.extend(id, |_| now.mono.plus(JOIN_WITHIN));
            self.onboarding.givings.update(id, |view| (view.step, view.reached) = (joining, joining));
            self.show_at([port], out);
        }
    }

    /// The board says that it is in the network.
    pub(super) fn giving_done(
        &mut self,
        now: &Now,
        (port, attempt): (&PortName, Attempt),
        page: Option<BoardPage>,
        out: &mut Vec<Effect>,
    ) {
        let Some(id) = self.onboarding.givings.of(port, attempt) else { return };
        let done = GivingStep::Done;
        self.onboarding.givings.update(id, |view| (view.step, view.reached, view.page) = (done, done, page));
        self.end_giving(now, id, out);
    }

    /// It cannot go on. Whether it was such an attempt.
    pub(super) fn giving_failed(
        &mut self,
        now: &Now,
        (port, attempt): (&PortName, Attempt),
        trouble: PortTrouble,
        out: &mut Vec<Effect>,
    ) -> bool {
        let Some(id) = self.onboarding.givings.of(port, attempt) else { return false };
        self.fail_giving(now, id, GivingTrouble::Port(trouble), out);
        true
    }

    /// The cable of this board was pulled: another may be there next, so only what was broken off by it is told there, once.
    pub(super) fn giving_unplugged(
        &mut self,
        now: &Now,
        (board, location): (FoundId, &Arc<str>),
        out: &mut Vec<Effect>,
    ) {
        let gone = GivingTrouble::Port(PortTrouble::Gone);
        // Whoever read from the port may have noticed it first.
        self.onboarding
            .givings
            .forget_at(location, |giving| giving.plug.board == board && giving.view.trouble == Some(gone));
        if let Some(id) = self.onboarding.givings.open_at(location).map(|giving| giving.id) {
            self.fail_giving(now, id, gone, out);
        }
    }

    fn fail_giving(&mut self, now: &Now, id: GivingId, trouble: GivingTrouble, out: &mut Vec<Effect>) {
        self.onboarding.givings.update(id, |view| (view.step, view.trouble) = (GivingStep::Failed, Some(trouble)));
        self.end_giving(now, id, out);
    }

    /// It is over: the port is left, and the record says who told the board which network, never the password.
    fn end_giving(&mut self, now: &Now, id: GivingId, out: &mut Vec<Effect>) {
        let Some(giving) = self.onboarding.givings.get(id) else { return };
        let (view, port) = (giving.view.clone(), giving.plug.port.clone());
        if !view.trouble.is_some_and(GivingTrouble::is_before_telling) {
            let what = if view.trouble.is_some() { "not known to be in it" } else { "in it" };
            let text = format!("network “{}”, {}, {what}", view.ssid, view.firmware);
            let line = self.entry(now, Deed::new(&view.by, Kind::WifiGiven, &port.0).saying(text));
            out.push(Effect::Write { ticket: None, records: vec![line] });
        }
        let forgotten = self.onboarding.givings.close(now.mono, id);
        self.leave(port, forgotten, out);
    }

    /// Ends those that come no further, and forgets those that are long over.
    pub(super) fn settle_givings(&mut self, now: &Now, out: &mut Vec<Effect>) {
        let (forgotten, late) = self.onboarding.givings.settle(now.mono);
        self.show_at(forgotten, out);
        for id in late {
            let told = self.onboarding.givings.get(id).is_some_and(|giving| giving.view.reached > GivingStep::Telling);
            let silent = if told { GivingTrouble::Late } else { GivingTrouble::Port(PortTrouble::Silent) };
            self.fail_giving(now, id, silent, out);
        }
    }

    /// The gateway stops: nobody hears how it goes on.
    pub(in crate::home) fn stop_givings(&mut self, now: &Now, out: &mut Vec<Effect>) {
        for id in self.onboarding.givings.open() {
            self.fail_giving(now, id, GivingTrouble::Stopping, out);
        }
    }
}
