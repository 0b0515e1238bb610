//! Boards are given another Wi-Fi network: one after the other, and none after one that did not get there while none has. What came of
//! it each board says itself, at its next login.

use super::{Answer, Effect, Home};
use crate::access::{Administer, Denied};
use crate::audit::{Entry, Kind};
use crate::board_settings::{Configured, Wish};
use crate::command::{DEFAULT_TIMEOUT, OrderId};
use crate::device::Refusal;
use crate::ids::{DeviceId, EntryId, LinkId};
use crate::onboarding::WifiSettings;
use crate::record::Record;
use crate::time::{Mono, Now};
use crate::view::{Availability, Change};
use crate::wifi_change::{FellBack, MoveState, Tried, WifiChange, WifiMove};
use std::sync::Arc;
use std::time::Duration;

/// How long a board may be away: 120 s for its trial (PROVISIONING.md), and to come back.
pub const TRY_WITHIN: Duration = Duration::from_secs(200);

/// The board that is on its way.
#[derive(Debug)]
struct Asked {
    at: usize,
    order: OrderId,
    link: LinkId,
    due: Mono,
    line: EntryId,
    /// What it said at its login, until it takes commands again: who sees that it has changed may tap at once.
    told: Option<MoveState>,
}

/// What is to be given, as long as somebody waits for it.
#[derive(Debug)]
struct Open {
    wifi: WifiSettings,
    asked: Option<Asked>,
    /// Whether one got there, so that the others may be asked whatever becomes of one of them.
    proven: bool,
}

/// The last change.
#[derive(Debug, Default)]
pub(super) struct Moving {
    shown: Option<Arc<WifiChange>>,
    open: Option<Open>,
}

impl Moving {
    pub(super) fn next_deadline(&self) -> Option<Mono> {
        self.asked().map(|asked| asked.due)
    }

    pub(super) fn shown(&self) -> Option<Arc<WifiChange>> {
        self.shown.clone()
    }

    fn asked(&self) -> Option<&Asked> {
        self.open.as_ref()?.asked.as_ref()
    }

    fn device(&self) -> Option<DeviceId> {
        let at = self.asked()?.at;
        self.shown.as_ref()?.moves.get(at).map(|one| one.device)
    }

    fn state(&self) -> Option<MoveState> {
        let at = self.asked()?.at;
        self.shown.as_ref()?.moves.get(at).map(|one| one.state)
    }

    fn is_asked(&self, device: DeviceId, order: OrderId) -> bool {
        self.device() == Some(device) && self.asked().is_some_and(|asked| asked.order == order)
    }
}

impl Home {
    /// Somebody gives boards another network: these, or all.
    pub(super) fn change_wifi(
        &mut self,
        now: &Now,
        cap: &Administer,
        (devices, wifi): (Option<Vec<DeviceId>>, WifiSettings),
        out: &mut Vec<Effect>,
    ) -> Result<Answer, Denied> {
        self.access.still_administers(cap)?;
        if self.moving.open.is_some() {
            let message = "The network is being changed already. Wait until that is over.".to_owned();
            return Err(Denied::Conflict(message));
        }
        let boards = || self.devices.values().filter(|entry| !entry.device.board.is_header());
        let mut chosen = devices.unwrap_or_else(|| boards().map(|entry| entry.device.id).collect());
        for id in &chosen {
            self.not_the_header(*id, "it has no Wi-Fi of its own.")?;
        }
        if chosen.iter().any(|id| !self.devices.contains_key(id)) {
            return Err(Denied::NotFound("device"));
        }
        chosen.sort_unstable();
        chosen.dedup();
        let moves = chosen.into_iter().map(|device| WifiMove { device, state: MoveState::Waiting }).collect();
        let (ssid, by) = (wifi.ssid.clone(), cap.actor().clone());
        self.moving.shown = Some(Arc::new(WifiChange { ssid, by, moves }));
        self.moving.open = Some(Open { wifi, asked: None, proven: false });
        self.ask_next(now, out);
        let shown = self.moving.shown.clone().ok_or(Denied::Busy)?;
        Ok(Answer::WifiChange(shown))
    }

    /// Asks the next board that can be asked; after the last one nothing is kept but what came of it.
    fn ask_next(&mut self, now: &Now, out: &mut Vec<Effect>) {
        while let Some((at, device)) = self.next_waiting() {
            if let Err(state) = self.ask_board(now, at, device, out) {
                self.set_state(at, state);
                continue;
            }
            self.set_state(at, MoveState::Asked);
            self.show_wifi_change(out);
            return;
        }
        self.moving.open = None;
        self.show_wifi_change(out);
    }

    fn next_waiting(&self) -> Option<(usize, DeviceId)> {
        let moves = self.moving.shown.as_ref()?.moves.iter().enumerate();
        moves.filter(|(_, one)| one.state == MoveState::Waiting).map(|(at, one)| (at, one.device)).next()
    }

    fn ask_board(&mut self, now: &Now, at: usize, id: DeviceId, out: &mut Vec<Effect>) -> Result<(), MoveState> {
        let entry = self.devices.get(&id).ok_or(MoveState::Offline)?;
        match entry.presence.availability() {
            Availability::Offline => return Err(MoveState::Offline),
            Availability::Quarantined => return Err(MoveState::Quarantined),
            Availability::Online if !entry.presence.moves() => return Err(MoveState::Unsupported),
            Availability::Online if !entry.presence.private() => return Err(MoveState::Readable),
            Availability::Online => {}
        }
        let wifi = self.moving.open.as_ref().map(|open| open.wifi.clone()).ok_or(MoveState::NotAsked)?;
        let due = now.mono.plus(DEFAULT_TIMEOUT);
        let order = self.config_order(now, id, Wish::Network(wifi), due).ok_or(MoveState::Offline)?;
        let line = EntryId::from_raw(self.ids.draw());
        let asked = Asked { at, order: order.id, link: order.link, due, line, told: None };
        if let Some(open) = self.moving.open.as_mut() {
            open.asked = Some(asked);
        }
        self.write_move(now, line, id, None, out);
        out.push(Effect::Configure(order));
        Ok(())
    }

    fn set_state(&mut self, at: usize, state: MoveState) {
        if let Some(shown) = self.moving.shown.as_mut()
            && let Some(one) = Arc::make_mut(shown).moves.get_mut(at)
        {
            one.state = state;
        }
    }

    fn show_wifi_change(&self, out: &mut Vec<Effect>) {
        out.extend(self.moving.shown.clone().map(|shown| Effect::Changed(Change::WifiChange(shown))));
    }

    /// The board that was asked is where it is, for all that can be known.
    fn end_move(&mut self, now: &Now, state: MoveState, out: &mut Vec<Effect>) {
        let Some(open) = self.moving.open.as_mut() else { return };
        let Some(asked) = open.asked.take() else { return };
        open.proven |= state == MoveState::Changed;
        // One that did not take the order has tried nothing.
        let goes_on = match state {
            MoveState::FellBack(FellBack::WrongPassword) => false,
            MoveState::FellBack(_) | MoveState::Silent => open.proven,
            _ => true,
        };
        self.set_state(asked.at, state);
        let device = self.moving.shown.as_ref().and_then(|shown| shown.moves.get(asked.at)).map(|one| one.device);
        if let Some(device) = device {
            self.write_move(now, asked.line, device, Some(state), out);
        }
        while !goes_on && let Some((at, _)) = self.next_waiting() {
            self.set_state(at, MoveState::NotAsked);
        }
        self.ask_next(now, out);
    }

    /// It takes the order, and is about to leave.
    fn board_leaves(&mut self, now: &Now, out: &mut Vec<Effect>) {
        let Some(asked) = self.moving.open.as_mut().and_then(|open| open.asked.as_mut()) else { return };
        asked.due = now.mono.plus(TRY_WITHIN);
        let at = asked.at;
        self.set_state(at, MoveState::Trying);
        self.show_wifi_change(out);
    }

    /// True when the answer is of the order to change the network.
    pub(super) fn takes_network(&mut self, now: &Now, id: DeviceId, said: &Configured, out: &mut Vec<Effect>) -> bool {
        let known = self.moving.is_asked(id, said.order);
        if known {
            self.board_leaves(now, out);
        }
        known
    }

    /// The same, of a refusal.
    pub(super) fn refuses_network(&mut self, now: &Now, id: DeviceId, said: &Refusal, out: &mut Vec<Effect>) -> bool {
        let known = self.moving.is_asked(id, said.order);
        if known {
            self.end_move(now, MoveState::Refused(said.reason), out);
        }
        known
    }

    /// A board says what has become of an order. One that nobody waits for is of the past.
    pub(super) fn network_tried(&mut self, now: &Now, id: DeviceId, said: &Tried, out: &mut Vec<Effect>) {
        if !self.moving.is_asked(id, said.order) {
            return;
        }
        if let Some(asked) = self.moving.open.as_mut().and_then(|open| open.asked.as_mut()) {
            asked.told = Some(said.fell_back.map_or(MoveState::Changed, MoveState::FellBack));
        }
        self.back_from_move(now, id, out);
    }

    /// A board's connection is over. What it answered may have been lost, so it may be on its way.
    pub(super) fn board_moves(&mut self, now: &Now, id: DeviceId, out: &mut Vec<Effect>) {
        if self.moving.device() == Some(id) && self.moving.state() == Some(MoveState::Asked) {
            self.board_leaves(now, out);
        }
    }

    /// A device is about to be deleted, or has another board: nobody will say what became of the one that was asked.
    pub(super) fn end_move_of(&mut self, now: &Now, id: DeviceId, out: &mut Vec<Effect>) {
        if self.moving.device() == Some(id) {
            self.end_as_told(now, out);
        }
    }

    /// A board takes commands again. One that has come back and did not say by which network never will.
    pub(super) fn back_from_move(&mut self, now: &Now, id: DeviceId, out: &mut Vec<Effect>) {
        let Some(entry) = self.devices.get_mut(&id).filter(|_| self.moving.device() == Some(id)) else { return };
        let link = entry.presence.commandable().map(|board| board.link);
        if link.is_some() && self.moving.asked().map(|asked| asked.link) != link {
            self.end_as_told(now, out);
        }
    }

    /// Nothing more is waited for: what the board said counts, if it said anything.
    fn end_as_told(&mut self, now: &Now, out: &mut Vec<Effect>) {
        let told = self.moving.asked().and_then(|asked| asked.told);
        self.end_move(now, told.unwrap_or(MoveState::Silent), out);
    }

    /// Whoever was waited for is waited for no longer.
    pub(super) fn settle_moving(&mut self, now: &Now, out: &mut Vec<Effect>) {
        while self.moving.next_deadline().is_some_and(|due| due <= now.mono) {
            self.end_as_told(now, out);
        }
    }

    /// The line of a board: as it is asked, and again when it is known what came of it.
    fn write_move(&mut self, now: &Now, line: EntryId, id: DeviceId, state: Option<MoveState>, out: &mut Vec<Effect>) {
        let (Some(entry), Some(change)) = (self.devices.get(&id), &self.moving.shown) else { return };
        let what = match state {
            None => "; the board has not come yet".to_owned(),
            Some(MoveState::Changed) => String::new(),
            Some(state) => format!("; {}", state.message(&change.ssid)),
        };
        let (text, subject) = (format!("to “{}”{what}", change.ssid).into(), entry.device.name.as_str().into());
        let (actor, kind) = (change.by.clone(), Kind::WifiChanged);
        let entry = Entry { id: line, at: now.stamp(), actor, kind, subject, text, switch: None, on: None };
        out.push(Effect::Write { ticket: None, records: vec![Record::Entry(Arc::new(entry))] });
    }
}
