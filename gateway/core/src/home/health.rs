//! How devices are, and when the owner is told of it: a device that flaps or restarts, whose Wi-Fi is weak, or that is silent.

use super::{Effect, Home};
use crate::device::BoardEvent;
use crate::health::{Health, SILENT_AFTER, Vitals, WEAK_DBM, WEAK_FOR, WELL_DBM};
use crate::ids::DeviceId;
use crate::notice::{Incident, NoticeKind, Subject};
use crate::time::{Mono, Now};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// How often, at most, it is told how a device is while nothing else of it changes.
const SHOW_EVERY: Duration = Duration::from_secs(10);

/// How a device is, and as it was last told.
#[derive(Debug, Default)]
pub(super) struct Condition {
    now: Health,
    shown: Arc<Health>,
    shown_at: Option<Mono>,
    connected_before: bool,
    weak_since: Option<Mono>,
    /// None until it is known in this run.
    weak: Option<bool>,
}

impl Condition {
    pub(super) fn shown(&self) -> &Arc<Health> {
        &self.shown
    }

    /// Shows what is known, when it is another than shown. True when it is time to tell so.
    pub(super) fn show(&mut self, now: Mono, at_once: bool) -> bool {
        let due = at_once || self.shown_at.is_none_or(|at| now.since(at) >= SHOW_EVERY);
        if !due || *self.shown == self.now {
            return false;
        }
        (self.shown, self.shown_at) = (Arc::new(self.now.clone()), Some(now));
        true
    }

    /// True when whether it is weak has changed.
    fn judge_signal(&mut self, now: Mono) -> bool {
        match self.now.rssi_dbm {
            Some(rssi) if rssi < WEAK_DBM => drop(self.weak_since.get_or_insert(now)),
            Some(rssi) if rssi >= WELL_DBM => self.weak_since = None,
            _ => {}
        }
        let is = match self.weak_since {
            Some(since) => (now.since(since) >= WEAK_FOR).then_some(true),
            None => self.now.rssi_dbm.filter(|rssi| *rssi >= WELL_DBM).map(|_| false),
        };
        let news = is.is_some() && self.weak != is;
        self.weak = is.or(self.weak);
        news
    }
}

/// Devices that are away: since when, and which of them the owner was told of.
#[derive(Debug, Default)]
pub(super) struct Silence {
    due: BTreeSet<(Mono, DeviceId)>,
    away: BTreeMap<DeviceId, Mono>,
    silent: BTreeSet<DeviceId>,
}

impl Silence {
    pub(super) fn next_deadline(&self) -> Option<Mono> {
        self.due.first().map(|&(due, _)| due)
    }

    /// A device is not there from now on.
    pub(super) fn gone(&mut self, id: DeviceId, now: Mono) {
        self.forget(id);
        let due = now.plus(SILENT_AFTER);
        self.away.insert(id, due);
        self.due.insert((due, id));
    }

    fn is_away(&self, id: DeviceId) -> bool {
        self.away.contains_key(&id)
    }

    /// It is there, or is no more. True when the owner was told that it was silent.
    pub(super) fn forget(&mut self, id: DeviceId) -> bool {
        if let Some(due) = self.away.remove(&id) {
            self.due.remove(&(due, id));
        }
        self.silent.remove(&id)
    }
}

impl Home {
    /// At start nobody is there.
    pub(super) fn await_all(&mut self, now: &Now) {
        for id in self.devices.keys() {
            self.silence.gone(*id, now.mono);
        }
    }

    /// A board connected or is gone.
    pub(super) fn note_connection(&mut self, now: &Now, id: DeviceId, event: &BoardEvent, out: &mut Vec<Effect>) {
        let Some(entry) = self.devices.get_mut(&id) else { return };
        let board = Subject::Board(entry.device.board.clone());
        let health = &mut entry.presence.health;
        if matches!(event, BoardEvent::Disconnected { .. }) {
            self.silence.gone(id, now.mono);
            return;
        }
        if std::mem::replace(&mut health.connected_before, true) {
            health.now.reconnects = health.now.reconnects.saturating_add(1);
            health.show(now.mono, true);
            self.incident(now, &Incident::once(NoticeKind::DeviceFlapping, board.clone(), None), out);
        }
        if self.silence.forget(id) || self.notices.has(NoticeKind::DeviceSilent, &board) {
            self.tell_silence(now, out);
        }
    }

    /// What a board that is believed told of how it is.
    pub(super) fn note_vitals(
        &mut self,
        now: &Now,
        id: DeviceId,
        (told, clock_offset_ms): (&Vitals, Option<i64>),
        out: &mut Vec<Effect>,
    ) {
        let Some(entry) = self.devices.get_mut(&id) else { return };
        let health = &mut entry.presence.health;
        let restarted = health.now.take(told);
        health.now.clock_offset_ms = clock_offset_ms.or(health.now.clock_offset_ms);
        let signal = health.judge_signal(now.mono);
        if restarted {
            let subject = Subject::Board(entry.device.board.clone());
            let detail = health.now.restart_reason.as_ref().map(|reason| format!("the last time by {reason}").into());
            let incident = Incident { detail, ..Incident::once(NoticeKind::DeviceRestarting, subject, None) };
            self.incident(now, &incident, out);
        }
        if signal {
            let boards = self.devices.values();
            let boards = boards.map(|entry| (entry.presence.health.weak, Subject::Board(entry.device.board.clone())));
            // Of one that has not told in this run it is as it was in the one before.
            let weak =
                boards.filter(|(weak, board)| weak.unwrap_or_else(|| self.notices.has(NoticeKind::WeakWifi, board)));
            let weak: Vec<_> = weak.map(|(_, board)| board).collect();
            self.condition(now, NoticeKind::WeakWifi, &weak, out);
        }
    }

    /// Devices that have been away for long enough are told of.
    pub(super) fn settle_silence(&mut self, now: &Now, out: &mut Vec<Effect>) {
        while let Some(&(due, id)) = self.silence.due.first().filter(|(due, _)| *due <= now.mono) {
            self.silence.due.remove(&(due, id));
            self.silence.silent.insert(id);
        }
        self.tell_silence(now, out);
    }

    pub(super) fn tell_silence(&mut self, now: &Now, out: &mut Vec<Effect>) {
        let away = self.devices.iter().filter(|(id, _)| self.silence.is_away(**id));
        let away = away.map(|(id, entry)| (id, Subject::Board(entry.device.board.clone())));
        // One that was silent before a restart, and has not come since, still is.
        let silent = away.filter(|(id, board)| {
            self.silence.silent.contains(id) || self.notices.has(NoticeKind::DeviceSilent, board)
        });
        let silent: Vec<_> = silent.map(|(_, board)| board).collect();
        self.condition(now, NoticeKind::DeviceSilent, &silent, out);
    }
}
