//! What boards say, and what becomes of it.

use super::verification::Standing;
use super::{Effect, Home};
use crate::command::{Actor, ActorKind, BoardSession};
use crate::device::{BoardEvent, BoardState, Cause, Fact, Report, Said};
use crate::ids::{DeviceId, LinkId, SwitchId};
use crate::name::Endpoint;
use crate::record::Record;
use crate::switch::{Reported, SwitchChange};
use crate::time::Now;
use crate::view::Availability;
use std::sync::Arc;

/// What boards said and the home did not believe, and what integrations asked and it did not do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Words of a board that this home does not know.
    pub unknown_board: u64,
    /// Words that came by a connection which is over or was taken over.
    pub old_link: u64,
    /// Reports of another session than the connection's, and further sessions on one connection.
    pub other_session: u64,
    /// Reports that were repeated or out of order.
    pub old_counter: u64,
    /// Reports of more endpoints than a board may have.
    pub too_many_endpoints: u64,
    /// Refusals of a command that is not open, or of another switch.
    pub no_such_order: u64,
    /// Commands of an integration that this home does not know, or not any more.
    pub unknown_integration: u64,
    /// Commands of integrations for a relay that this home does not know.
    pub unknown_switch: u64,
}

impl Home {
    pub(super) fn board_event(&mut self, now: &Now, event: BoardEvent, out: &mut Vec<Effect>) {
        match event {
            BoardEvent::Connected { ref board, link, address, secret, private } => {
                let Some(&device) = self.by_board.get(board) else { return };
                self.note_connection(now, device, &event, out);
                let Some(entry) = self.devices.get_mut(&device) else { return };
                let standing = Standing::at_login(&entry.device);
                out.push(Effect::Believe(link, standing.belief()));
                entry.presence.connected(link, address, (secret, private), standing);
                entry.presence.seen(now);
                self.show_device_and_switches(device, out);
                self.end_wishes_of(now, device, out);
                self.logged_in(now, device, secret, out);
            }
            BoardEvent::Disconnected { ref board, link } => {
                let Some(&device) = self.by_board.get(board) else { return };
                let Some(entry) = self.devices.get_mut(&device) else { return };
                if entry.presence.current(link).is_some() {
                    entry.presence.link = None;
                    entry.presence.show_last_seen();
                    self.note_connection(now, device, &event, out);
                    self.show_device_and_switches(device, out);
                    self.end_wishes_of(now, device, out);
                }
            }
            BoardEvent::Neighbour { ref board, link, ref mac } => self.neighbour_told(now, board, link, mac, out),
            BoardEvent::Said { board, link, said } => {
                let Some(&device) = self.by_board.get(&board) else {
                    self.dropped.unknown_board += 1;
                    return;
                };
                self.board_said(now, device, link, said, out);
            }
        }
    }

    fn board_said(&mut self, now: &Now, device: DeviceId, link_id: LinkId, said: Said, out: &mut Vec<Effect>) {
        let Some(entry) = self.devices.get_mut(&device) else { return };
        let presence = &mut entry.presence;
        let was = presence.availability();
        // A connection that was taken over may still have words under way: they are of the past.
        let Some(link) = presence.current(link_id) else {
            self.dropped.old_link += 1;
            return;
        };
        if let Some(uptime_ms) = clock_sample(&said, link.session) {
            link.clock.sample(uptime_ms, now.mono);
        }
        let (mut report, mut refusal, mut configured, mut tried) = (None, None, None, None);
        match said {
            Said::State(state) => link.ready = state == BoardState::Ready,
            Said::Description(description) => link.describe(description),
            // One session a connection: a second one would let old reports pass for new.
            Said::Session(session, uptime_ms) if link.session.is_none() => {
                link.session = Some(session);
                link.clock.sample(uptime_ms, now.mono);
            }
            Said::Session(..) => self.dropped.other_session += 1,
            Said::Report(said) => report = link.accepts(&said, &mut self.dropped).then_some(said),
            Said::Refusal(said) => refusal = Some(said),
            Said::Fact(fact) => link.is_told(fact),
            Said::Setting(relay, setting) => link.is_set(relay, setting),
            Said::Configured(said) => configured = Some(said),
            Said::Tried(said) => tried = Some(said),
        }
        let seen = presence.seen(now);
        self.judge(now, device, out);
        let shown = self.take_vitals(now, device, out);
        self.take_in(now, device, (was, seen | shown), out);
        let believed = self.is_believed(device);
        match (report, refusal, configured) {
            (Some(report), ..) if believed => self.reported(now, device, &report, out),
            (Some(report), ..) => self.keep_early(device, &report),
            (None, Some(refusal), _) if believed => self.refused(now, device, &refusal, out),
            (None, None, Some(configured)) if believed => self.configured(now, device, &configured, out),
            (None, Some(_), _) | (None, None, Some(_)) => self.dropped.no_such_order += 1,
            (None, None, None) => {}
        }
        if let Some(tried) = tried.filter(|_| believed) {
            self.network_tried(now, device, &tried, out);
        }
        self.note_told(now, device, out);
        self.judge_neighbour(now, device, out);
    }

    /// True when how a device is has to be told.
    fn take_vitals(&mut self, now: &Now, device: DeviceId, out: &mut Vec<Effect>) -> bool {
        let Some(presence) = self.devices.get_mut(&device).map(|entry| &mut entry.presence) else { return false };
        let Some(link) = presence.link.as_mut().filter(|link| link.is_believed()) else { return false };
        let uptime_ms = link.clock.on_board(now.mono, now.mono).and_then(|ms| i64::try_from(ms).ok());
        let offset = uptime_ms.and_then(|ms| ms.checked_sub(i64::try_from(now.mono.as_millis()).ok()?));
        let vitals = std::mem::take(&mut link.vitals);
        // It is the last of what a board tells again and again.
        let told_all = vitals.uptime_ms.is_some();
        self.note_vitals(now, device, (&vitals, offset), out);
        let presence = self.devices.get_mut(&device).map(|entry| &mut entry.presence);
        presence.is_some_and(|presence| told_all && presence.health.show(now.mono, false))
    }

    /// What a board said that is believed, and was not looked at yet, counts; and whoever looks is told how it is now.
    pub(super) fn take_in(
        &mut self,
        now: &Now,
        device: DeviceId,
        (was, seen): (Availability, bool),
        out: &mut Vec<Effect>,
    ) {
        let Some(presence) = self.devices.get_mut(&device).map(|entry| &mut entry.presence) else { return };
        let learnt = presence.learn() | presence.learn_settings();
        let is = presence.availability();
        if was != is {
            presence.health.show(now.mono, true);
        }
        let described = presence.link.as_mut().filter(|link| link.is_believed()).and_then(|link| link.described.take());
        if let Some(relays) = described {
            self.adopt_relays(now, device, relays, out);
        }
        if was != is {
            self.show_device_and_switches(device, out);
            self.send_secret(device, out);
            self.back_from_move(now, device, out);
        } else if learnt | seen {
            self.show_device(device, out);
        }
        if learnt {
            self.announce_device(device, out);
        }
    }

    /// A board is believed from now on: what it reported before counts.
    pub(super) fn take_in_early(&mut self, now: &Now, device: DeviceId, out: &mut Vec<Effect>) {
        let link = self.devices.get_mut(&device).and_then(|entry| entry.presence.link.as_mut());
        let Some(link) = link else { return };
        for report in std::mem::take(&mut link.early) {
            self.reported(now, device, &report, out);
        }
    }

    fn reported(&mut self, now: &Now, device: DeviceId, report: &Report, out: &mut Vec<Effect>) {
        let Some(switch) = self.switch_of(device, &report.endpoint) else {
            self.keep_early(device, report);
            return;
        };
        let settled = self.settle_by_report(now, switch, report, out);
        let Some(entry) = self.switches.get_mut(&switch) else { return };
        let was = entry.reported.take();
        let changed = was.as_ref().is_none_or(|was| was.on != report.on);
        let mut moved = false;
        let change = if changed {
            let command = match report.cause {
                Cause::Command => settled.or_else(|| report.obeyed.and_then(|order| entry.sent.get(order))),
                _ => None,
            };
            // What a board says first tells how it is, not that anything moved.
            moved = was.is_some() && command.is_none();
            let actor = match (&command, report.cause) {
                (Some(command), _) => command.actor.clone(),
                (None, cause) => Actor::of_kind(actor_kind(cause)),
            };
            Some(Arc::new(SwitchChange { on: report.on, at: now.stamp(), actor, command }))
        } else {
            was.and_then(|was| was.change)
        };
        let reported = Reported { on: report.on, at: now.stamp(), change };
        entry.reported = Some(reported.clone());
        let mut records = vec![Record::Reported(switch, reported)];
        records.extend(moved.then(|| self.movement(now, switch, actor_kind(report.cause), report.on)).flatten());
        out.push(Effect::Write { ticket: None, records });
        self.show_switch(switch, out);
    }

    fn keep_early(&mut self, device: DeviceId, report: &Report) {
        let link = self.devices.get_mut(&device).and_then(|entry| entry.presence.link.as_mut());
        if let Some(link) = link {
            link.early.retain(|early| early.endpoint != report.endpoint);
            link.early.push(report.clone());
        }
    }

    /// A switch is on disk now: what its board reported meanwhile counts.
    pub(super) fn replay_early(&mut self, now: &Now, device: DeviceId, endpoint: &Endpoint, out: &mut Vec<Effect>) {
        let link = self.devices.get_mut(&device).and_then(|entry| entry.presence.link.as_mut());
        let Some(link) = link.filter(|link| link.is_believed()) else { return };
        let Some(at) = link.early.iter().position(|early| early.endpoint == *endpoint) else { return };
        let report = link.early.swap_remove(at);
        self.reported(now, device, &report, out);
    }

    pub(super) fn switch_of(&self, device: DeviceId, endpoint: &Endpoint) -> Option<SwitchId> {
        self.devices.get(&device)?.switches.get(endpoint).copied()
    }
}

/// The board's clock as written into a message. Reports of another session are of another time.
fn clock_sample(said: &Said, session: Option<BoardSession>) -> Option<u64> {
    match said {
        Said::Fact(Fact::Uptime(uptime_ms)) => Some(*uptime_ms),
        Said::Report(report) if Some(report.session) == session => Some(report.uptime_ms),
        Said::Refusal(refusal) => Some(refusal.uptime_ms),
        Said::Configured(configured) => Some(configured.uptime_ms),
        Said::Tried(tried) => Some(tried.uptime_ms),
        _ => None,
    }
}

fn actor_kind(cause: Cause) -> ActorKind {
    match cause {
        Cause::Command => ActorKind::Unknown,
        Cause::Button => ActorKind::Button,
        Cause::Boot => ActorKind::Boot,
        Cause::Pulse => ActorKind::Pulse,
        Cause::Interlock => ActorKind::Interlock,
    }
}
