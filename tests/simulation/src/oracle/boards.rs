//! What boards say: believed when it comes by the connection that is, in its session, and is news; else never.

use super::{Oracle, Step};
use gatehouse_core::command::{ActorKind, BoardSession, Outcome};
use gatehouse_core::device::{BoardEvent, BoardState, Cause, Fact, Order, Report, Said};
use gatehouse_core::home::{Effect, Input};
use gatehouse_core::ids::LinkId;
use gatehouse_core::name::{BoardId, Endpoint};
use gatehouse_core::onboarding::Hardware;
use gatehouse_core::switch::SwitchChange;
use gatehouse_core::view::{Availability, SwitchView, View};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// What a home may know of a board's connection.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    link: Option<LinkId>,
    ready: bool,
    described: bool,
    session: Option<BoardSession>,
    counters: BTreeMap<Endpoint, u32>,
    /// Who it said that it is, the first time.
    chip: Option<Arc<str>>,
    mac: Option<Arc<str>>,
    /// Whether it is to be believed.
    standing: Standing,
    /// Last reports of relays without a switch, or of a board that was not believed.
    early: BTreeMap<Endpoint, Report>,
    last_seq: u32,
}

/// What a home has to think of a board.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Standing {
    #[default]
    Unproven,
    Believed,
    Quarantined,
}

/// Orders of a switch the home must remember for the sake of late reports.
const REMEMBERED_ORDERS: usize = 8;

impl Heard {
    fn availability(&self) -> Availability {
        let online = self.link.is_some() && self.ready && self.described && self.session.is_some();
        match self.standing {
            _ if self.link.is_none() => Availability::Offline,
            Standing::Quarantined => Availability::Quarantined,
            Standing::Believed if online => Availability::Online,
            _ => Availability::Offline,
        }
    }

    /// What is to be thought of it by what is on record.
    fn judged(&self, record: Option<&Hardware>) -> Standing {
        let Some(record) = record else { return Standing::Believed };
        match (&self.chip, &self.mac) {
            (Some(chip), Some(mac)) if (chip, mac) == (&record.chip, &record.mac) => Standing::Believed,
            (Some(_), Some(_)) => Standing::Quarantined,
            _ if self.ready => Standing::Quarantined,
            _ => Standing::Unproven,
        }
    }

    pub(super) fn check_order(&self, order: &Order) {
        self.check_name(order.link, order.id.session);
    }

    pub(super) fn check_name(&self, link: LinkId, session: BoardSession) {
        assert_eq!(Some(link), self.link, "sent by a connection that is over");
        assert_eq!(Some(session), self.session, "sent in a session that is over");
        assert_eq!(self.availability(), Availability::Online, "sent to a board that is not ready");
    }

    fn hear(&mut self, said: &Said) -> Option<Report> {
        match said {
            Said::State(state) => self.ready = *state == BoardState::Ready,
            Said::Description(description) => self.described = description.native,
            Said::Session(session, _) => self.session = self.session.or(Some(*session)),
            Said::Report(report) => {
                let last = self.counters.get(&report.endpoint).copied().unwrap_or(0);
                if self.session == Some(report.session) && report.counter.get() > last {
                    self.counters.insert(report.endpoint.clone(), report.counter.get());
                    return Some(report.clone());
                }
            }
            Said::Fact(Fact::Chip(chip)) => drop(self.chip.get_or_insert_with(|| chip.clone())),
            Said::Fact(Fact::Mac(mac)) => drop(self.mac.get_or_insert_with(|| mac.clone())),
            Said::Refusal(_) | Said::Fact(_) | Said::Setting(..) | Said::Configured(_) | Said::Tried(_) => {}
        }
        None
    }
}

impl Oracle {
    /// Which switches may show another state after this step, and why.
    pub(super) fn board_spoke(&mut self, step: &Step<'_>) {
        let mut believed = self.believed(step);
        let released = self.judge_boards();
        if let Some((board, report)) = believed.take_if(|(board, _)| self.heard[board].standing != Standing::Believed) {
            self.heard.get_mut(&board).expect("it spoke").early.insert(report.endpoint.clone(), report);
        }
        self.check_sequence(step);
        for switch in &step.after.switches {
            let device = step.after.device(switch.device).expect("a switch has a device");
            let before = step.before.switch(switch.id);
            let report = match &believed {
                Some((board, report)) if *board == device.board && report.endpoint == switch.endpoint => {
                    Some(report.clone())
                }
                _ if before.is_none() => self.adopted(&device.board, &switch.endpoint),
                _ if released.contains(&device.board) => {
                    let kept = self.heard.get_mut(&device.board).and_then(|heard| heard.early.remove(&switch.endpoint));
                    self.totals.reports_kept += u64::from(kept.is_some());
                    kept
                }
                _ => None,
            };
            let heard = self.heard.get(&device.board).map_or(Availability::Offline, Heard::availability);
            assert_eq!(switch.availability, heard, "{} is shown as it is not", device.board);
            match report {
                Some(report) => self.credited(step, before, switch, &report),
                None => {
                    let old = before.map(|s| (s.on, s.reported_at, s.last_change.as_ref()));
                    let new = (switch.on, switch.reported_at, switch.last_change.as_ref());
                    assert_eq!(old.unwrap_or((None, None, None)), new, "{} changed, and no board said so", switch.id);
                }
            }
        }
        if let Some((board, report)) = believed
            && !has_switch(step.after, &board, &report.endpoint)
            && let Some(heard) = self.heard.get_mut(&board)
        {
            heard.early.insert(report.endpoint.clone(), report);
        }
    }

    /// Those that are believed from now on.
    fn judge_boards(&mut self) -> HashSet<BoardId> {
        let mut released = HashSet::new();
        for (id, heard) in &mut self.heard {
            let device = self.acked.devices.values().find(|device| device.board == *id);
            let Some(device) = device.filter(|_| heard.link.is_some()) else { continue };
            let now = heard.judged(device.hardware.as_deref());
            let was = std::mem::replace(&mut heard.standing, now);
            if was != Standing::Believed && heard.standing == Standing::Believed {
                released.insert(id.clone());
            }
        }
        released
    }

    /// What a device's board is, as far as the home knows that it is on disk.
    pub(crate) fn recorded(&self, board: &BoardId) -> Option<Arc<Hardware>> {
        self.acked.devices.values().find(|device| device.board == *board)?.hardware.clone()
    }

    fn believed(&mut self, step: &Step<'_>) -> Option<(BoardId, Report)> {
        match step.input {
            Input::Board(BoardEvent::Connected { board, link, .. }) => {
                let heard = Heard { link: Some(*link), ..Heard::default() };
                self.heard.insert(board.clone(), heard);
                None
            }
            Input::Board(BoardEvent::Disconnected { board, link }) => {
                let heard = self.heard.get_mut(board)?;
                if heard.link == Some(*link) {
                    *heard = Heard::default();
                }
                None
            }
            Input::Board(BoardEvent::Said { board, link, said }) => {
                let heard = self.heard.get_mut(board).filter(|heard| heard.link == Some(*link))?;
                Some((board.clone(), heard.hear(said)?))
            }
            _ => None,
        }
    }

    /// Sequences rise within a session.
    fn check_sequence(&mut self, step: &Step<'_>) {
        for effect in step.effects {
            let (board, id) = match effect {
                Effect::Send(order) => (&order.board, order.id),
                Effect::SendSecret(new) => (&new.board, new.id),
                _ => continue,
            };
            let heard = self.heard.get_mut(board).expect("checked when sent");
            assert!(id.seq.get() > heard.last_seq, "the sequence does not rise: {effect:?}");
            heard.last_seq = id.seq.get();
        }
    }

    fn adopted(&mut self, board: &BoardId, endpoint: &Endpoint) -> Option<Report> {
        let heard = self.heard.get_mut(board).filter(|heard| heard.standing == Standing::Believed)?;
        let report = heard.early.remove(endpoint)?;
        self.totals.early_reports += 1;
        Some(report)
    }

    /// A believed report is shown, and who moved the relay is told as it was.
    fn credited(&mut self, step: &Step<'_>, before: Option<&Arc<SwitchView>>, after: &SwitchView, report: &Report) {
        assert_eq!(after.on, Some(report.on), "{} does not show what was reported", after.id);
        assert_eq!(after.reported_at, step.now.stamp(), "reported at a time that was not");
        let old = before.and_then(|before| before.last_change.as_ref());
        if before.is_some_and(|before| before.on == Some(report.on)) {
            assert_eq!(after.last_change.as_ref(), old, "a change where nothing changed");
            return;
        }
        let change = after.last_change.as_ref().expect("a new state is a change");
        assert_eq!((change.on, change.at), (report.on, step.now.stamp()));
        let (kind, count) = match report.cause {
            Cause::Command => return self.credited_to_command(after, change, report),
            Cause::Button => (ActorKind::Button, &mut self.totals.by_button),
            Cause::Boot => (ActorKind::Boot, &mut self.totals.by_boot),
            Cause::Pulse => (ActorKind::Pulse, &mut self.totals.by_pulse),
            Cause::Interlock => (ActorKind::Interlock, &mut self.totals.by_interlock),
        };
        *count += 1;
        assert_eq!((change.actor.kind, &change.command), (kind, &None), "credited to someone else");
    }

    fn credited_to_command(&mut self, switch: &SwitchView, change: &SwitchChange, report: &Report) {
        let known = self.orders.get(&switch.id).map(Vec::as_slice).unwrap_or_default();
        let recent = &known[known.len().saturating_sub(REMEMBERED_ORDERS)..];
        let id = recent.iter().find(|(order, _)| Some(*order) == report.obeyed).map(|(_, id)| *id);
        assert_eq!(change.command.as_ref().map(|command| command.id), id, "credited to another command");
        let Some(id) = id else {
            assert_eq!(change.actor.kind, ActorKind::Unknown);
            self.totals.by_unknown += 1;
            return;
        };
        let asked = &self.commands[&id];
        assert_eq!(change.actor.kind, asked.kind, "credited to someone else");
        self.totals.credited_to_integrations += u64::from(asked.kind == ActorKind::Integration);
        let settled = asked.settled.as_ref().expect("obeying settles it, if nothing did before");
        let outcome = change.command.as_ref().map(|command| command.outcome);
        assert_eq!(outcome, Some(settled.outcome), "a late report leaves the outcome");
        self.totals.credited_late += u64::from(settled.outcome == Outcome::TimedOut);
        self.totals.credited_over_restart += u64::from(asked.run != self.run);
    }
}

pub(super) fn has_switch(view: &View, board: &BoardId, endpoint: &Endpoint) -> bool {
    let Some(device) = view.devices.iter().find(|device| device.board == *board) else { return false };
    view.switches.iter().any(|switch| switch.device == device.id && switch.endpoint == *endpoint)
}
