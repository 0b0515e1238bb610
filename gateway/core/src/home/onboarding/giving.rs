//! Boards of another firmware that are given Wi-Fi over their cable, and no home.
//!
//! The password is in the order to the port and nowhere else: not here, not in what people see, not in the record.

use super::Onboarding;
use crate::access::{Administer, Denied};
use crate::audit::Kind;
use crate::home::auditing::Deed;
use crate::home::{Answer, Effect, Home};
use crate::ids::{FoundId, GivingId};
use crate::onboarding::{
    Attempt, BoardPage, GivingStep, GivingTrouble, GivingView, Identity, ImprovFirmware, PortName, PortOrder,
    PortTrouble, WifiSettings,
};
use crate::time::{Mono, Now};
use std::sync::Arc;
use std::time::Duration;

/// How long a board may take to say that it is on its way or there: it is told twice, with 20 s each, and asked before who it is.
const TELL_WITHIN: Duration = Duration::from_secs(50);
/// How long it may take from there into the network: a minute, and Tasmota's restart before that.
const JOIN_WITHIN: Duration = Duration::from_secs(75);
/// How long one that is over is shown, and how many, the newest.
const REMEMBERED: Duration = Duration::from_secs(600);
pub(in crate::home) const MAX_GIVINGS: usize = 64;
/// What a board of ours calls its firmware.
const OURS: &str = "Gatehouse";

/// A board that is being given Wi-Fi, or was. It is known by where it is plugged in: so what failed is shown there when it is back.
#[derive(Debug)]
pub(super) struct Giving {
    pub(super) view: Arc<GivingView>,
    board: FoundId,
    port: PortName,
    location: Arc<str>,
    attempt: Attempt,
    /// When it must be further.
    due: Mono,
    /// When it is forgotten.
    over: Option<Mono>,
}

impl Giving {
    pub(super) fn deadline(&self) -> Mono {
        self.over.unwrap_or(self.due)
    }
}

impl Onboarding {
    /// The newest at a place.
    pub(super) fn giving_at(&self, location: &Arc<str>) -> Option<&Giving> {
        self.givings.values().rev().find(|giving| giving.location == *location)
    }

    /// Refuses what nobody else may do at a place where a board is being given Wi-Fi.
    pub(super) fn not_given_wifi(&self, location: &Arc<str>) -> Result<(), Denied> {
        let Some(giving) = self.giving_at(location).filter(|giving| !giving.view.is_over()) else { return Ok(()) };
        let by = &giving.view.by.name;
        Err(Denied::Conflict(format!("{by} is giving this board Wi-Fi. Wait until that is over, or cancel it.")))
    }

    /// The open one that an event at a port is of.
    fn giving_of(&self, port: &PortName, attempt: Attempt) -> Option<GivingId> {
        let mut open = self.givings.iter().filter(|(_, giving)| !giving.view.is_over());
        open.find(|(_, giving)| giving.port == *port && giving.attempt == attempt).map(|(id, _)| *id)
    }

    /// Forgets what is over at a place where this answers now, if that is no board of the firmware that was told of; none is about to be
    /// another.
    pub(super) fn forget_givings_of_others(&mut self, location: &Arc<str>, identity: Option<&Identity>) {
        let same =
            |giving: &Giving| matches!(identity, Some(Identity::Improv(now)) if called(now) == giving.view.firmware);
        self.givings.retain(|_, giving| giving.location != *location || !giving.view.is_over() || same(giving));
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
        let (port, location) = (found.port.name.clone(), found.port.location.clone());
        if self.onboarding.is_flashing(&location) {
            return Err(Denied::Conflict("This board is being flashed. Wait until that is over.".to_owned()));
        }
        self.onboarding.not_given_wifi(&location)?;
        let other = another_firmware(found.identity.as_ref())?;
        let (firmware, called) = (other.firmware.clone(), called(other));
        let id = GivingId::from_raw(self.ids.draw());
        let attempt = self.onboarding.attempt();
        let view = Arc::new(GivingView {
            id,
            ssid: wifi.ssid.clone(),
            firmware: called,
            by: cap.actor().clone(),
            step: GivingStep::Telling,
            trouble: None,
            page: None,
            reached: GivingStep::Telling,
        });
        out.push(Effect::Port(PortOrder::GiveWifi { port: port.clone(), attempt, firmware, wifi }));
        let due = now.mono.plus(TELL_WITHIN);
        self.onboarding.givings.insert(id, Giving { view, board, port, location, attempt, due, over: None });
        if let Some(found) = self.onboarding.found.get_mut(&board) {
            (found.looking, found.trouble) = (None, None);
        }
        self.show_found(board, out);
        self.found_shown(board).map(Answer::Board)
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
        let giving = self.onboarding.giving_at(&found.port.location).filter(|giving| !giving.view.is_over());
        let Some(id) = giving.map(|giving| giving.view.id) else {
            return Err(Denied::Conflict("This board is not being given Wi-Fi.".to_owned()));
        };
        self.fail_giving(now, id, GivingTrouble::Cancelled, out);
        self.found_shown(board).map(Answer::Board)
    }

    /// The board has taken it, and is on its way.
    pub(super) fn giving_goes_on(&mut self, now: &Now, (port, attempt): (&PortName, Attempt), out: &mut Vec<Effect>) {
        let Some(id) = self.onboarding.giving_of(port, attempt) else { return };
        let Some(giving) = self.onboarding.givings.get_mut(&id) else { return };
        if giving.view.step == GivingStep::Telling {
            giving.due = now.mono.plus(JOIN_WITHIN);
            self.update_giving(id, |view| (view.step, view.reached) = (GivingStep::Joining, GivingStep::Joining));
            self.show_giving(id, out);
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
        let Some(id) = self.onboarding.giving_of(port, attempt) else { return };
        let done = GivingStep::Done;
        self.update_giving(id, |view| (view.step, view.reached, view.page) = (done, done, page));
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
        let Some(id) = self.onboarding.giving_of(port, attempt) else { return false };
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
        let told_here = |giving: &Giving| giving.board == board && giving.view.trouble == Some(gone);
        self.onboarding
            .givings
            .retain(|_, giving| giving.location != *location || !giving.view.is_over() || told_here(giving));
        let open = self.onboarding.giving_at(location).filter(|giving| !giving.view.is_over());
        if let Some(id) = open.map(|giving| giving.view.id) {
            self.fail_giving(now, id, gone, out);
        }
    }

    fn fail_giving(&mut self, now: &Now, id: GivingId, trouble: GivingTrouble, out: &mut Vec<Effect>) {
        self.update_giving(id, |view| (view.step, view.trouble) = (GivingStep::Failed, Some(trouble)));
        self.end_giving(now, id, out);
    }

    fn update_giving(&mut self, id: GivingId, change: impl FnOnce(&mut GivingView)) {
        if let Some(giving) = self.onboarding.givings.get_mut(&id) {
            let mut view = GivingView::clone(&giving.view);
            change(&mut view);
            giving.view = Arc::new(view);
        }
    }

    /// It is over: the port is left, and the record says who told the board which network, never the password.
    fn end_giving(&mut self, now: &Now, id: GivingId, out: &mut Vec<Effect>) {
        let Some(giving) = self.onboarding.givings.get_mut(&id) else { return };
        giving.over = Some(now.mono.plus(REMEMBERED));
        let (view, port) = (giving.view.clone(), giving.port.clone());
        out.push(Effect::Port(PortOrder::Release { port: port.clone() }));
        if !view.trouble.is_some_and(GivingTrouble::is_before_telling) {
            let what = if view.trouble.is_some() { "not known to be in it" } else { "in it" };
            let text = format!("network “{}”, {}, {what}", view.ssid, view.firmware);
            let line = self.entry(now, Deed::new(&view.by, Kind::WifiGiven, &port.0).saying(text));
            out.push(Effect::Write { ticket: None, records: vec![line] });
        }
        self.show_giving(id, out);
        let over = self.onboarding.givings.values().filter_map(|one| one.over.map(|until| (until, one.view.id)));
        let mut over: Vec<_> = over.collect();
        over.sort_unstable();
        let beyond = over.len().saturating_sub(MAX_GIVINGS);
        over.into_iter().take(beyond).for_each(|(_, id)| self.forget_giving(id, out));
    }

    fn forget_giving(&mut self, id: GivingId, out: &mut Vec<Effect>) {
        let Some(giving) = self.onboarding.givings.remove(&id) else { return };
        if let Some(board) = self.onboarding.on(&giving.port) {
            self.show_found(board, out);
        }
    }

    fn show_giving(&mut self, id: GivingId, out: &mut Vec<Effect>) {
        let port = self.onboarding.givings.get(&id).map(|giving| giving.port.clone());
        if let Some(board) = port.and_then(|port| self.onboarding.on(&port)) {
            self.show_found(board, out);
        }
    }

    /// Ends those that come no further, and forgets those that are long over.
    pub(super) fn settle_givings(&mut self, now: &Now, out: &mut Vec<Effect>) {
        let due = self.onboarding.givings.values().filter(|giving| giving.deadline() <= now.mono);
        for (id, reached, over) in due.map(|one| (one.view.id, one.view.reached, one.over)).collect::<Vec<_>>() {
            match (over, reached) {
                (Some(_), _) => self.forget_giving(id, out),
                (None, GivingStep::Telling) => {
                    self.fail_giving(now, id, GivingTrouble::Port(PortTrouble::Silent), out);
                }
                (None, _) => self.fail_giving(now, id, GivingTrouble::Late, out),
            }
        }
    }

    /// The gateway stops: nobody hears how it goes on.
    pub(in crate::home) fn stop_givings(&mut self, now: &Now, out: &mut Vec<Effect>) {
        let open = self.onboarding.givings.values().filter(|giving| !giving.view.is_over());
        for id in open.map(|giving| giving.view.id).collect::<Vec<_>>() {
            self.fail_giving(now, id, GivingTrouble::Stopping, out);
        }
    }
}
