//! The life of a command: asked, sent, settled exactly once and in time.

use super::{Answer, Effect, Home};
use crate::access::{Denied, Operate, ViewerId};
use crate::command::{
    Actor, ActorKind, BOARD_LEAD, Command, Confirmation, DEFAULT_TIMEOUT, MAX_TIMEOUT, MIN_TIMEOUT, OrderId, Outcome,
    Reason,
};
use crate::device::{Cause, Order, Refusal, Report};
use crate::edge::IntegrationCommand;
use crate::ids::{CommandId, DeviceId, Request, SwitchId};
use crate::record::Record;
use crate::time::{Mono, Now};
use crate::view::Availability;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Settled commands remembered, so that one can be asked for before the store has it.
const MAX_SETTLED: usize = 4_096;
/// Callers' own names remembered.
const MAX_REQUEST_IDS: usize = 4_096;
/// How long a caller's own name for a command answers the same command.
const REQUEST_ID_LIFE: Duration = Duration::from_secs(600);
/// Longest name of a caller for a command, in bytes.
const MAX_REQUEST_ID: usize = 128;
/// Callers that may wait for the same command.
const MAX_WAITING: usize = 16;
/// Orders of a switch remembered after they settled, so that a late report is credited to who asked.
const MAX_SENT: usize = 8;

/// What a caller asks for, beside which switch.
pub(super) struct Asked {
    pub(super) on: bool,
    pub(super) timeout: Duration,
    pub(super) request_id: Option<String>,
}

/// The orders last sent to a switch.
#[derive(Debug, Default)]
pub(super) struct SentOrders(VecDeque<(OrderId, Arc<Command>)>);

impl SentOrders {
    /// The command behind an order, as it is now.
    pub(super) fn get(&self, order: OrderId) -> Option<Arc<Command>> {
        self.0.iter().find(|(sent, _)| *sent == order).map(|(_, command)| command.clone())
    }

    fn put(&mut self, command: &Arc<Command>) {
        let Some(order) = command.order else { return };
        if let Some((_, known)) = self.0.iter_mut().find(|(sent, _)| *sent == order) {
            *known = command.clone();
            return;
        }
        if self.0.len() == MAX_SENT {
            self.0.pop_front();
        }
        self.0.push_back((order, command.clone()));
    }
}

#[derive(Debug)]
struct Open {
    command: Arc<Command>,
    asked: Mono,
    deadline: Mono,
    waiting: Vec<Request>,
    name: Option<CallersName>,
}

type CallersName = (ActorKind, Arc<str>, String);

/// All commands that are open, and the last ones that are not.
#[derive(Debug, Default)]
pub(super) struct Commands {
    open: HashMap<CommandId, Open>,
    deadlines: BTreeSet<(Mono, CommandId)>,
    settled: HashMap<CommandId, Arc<Command>>,
    settled_order: VecDeque<CommandId>,
    named: HashMap<CallersName, (Mono, Arc<Command>)>,
    named_order: VecDeque<(Mono, CallersName)>,
}

impl Commands {
    pub(super) fn next_deadline(&self) -> Option<Mono> {
        self.deadlines.first().map(|&(at, _)| at)
    }

    pub(super) fn get(&self, id: CommandId) -> Option<Arc<Command>> {
        self.open.get(&id).map(|open| &open.command).or_else(|| self.settled.get(&id)).cloned()
    }

    fn remember(&mut self, command: &Arc<Command>) {
        if self.settled_order.len() == MAX_SETTLED {
            self.settled_order.pop_front().and_then(|oldest| self.settled.remove(&oldest));
        }
        self.settled_order.push_back(command.id);
        self.settled.insert(command.id, command.clone());
    }

    fn name(&mut self, now: Mono, name: CallersName, command: &Arc<Command>) {
        self.forget_names(now);
        if self.named_order.len() == MAX_REQUEST_IDS {
            self.named_order.pop_front().and_then(|(_, oldest)| self.named.remove(&oldest));
        }
        self.named_order.push_back((now, name.clone()));
        self.named.insert(name, (now, command.clone()));
    }

    fn forget_names(&mut self, now: Mono) {
        while self.named_order.front().is_some_and(|&(at, _)| now.since(at) >= REQUEST_ID_LIFE) {
            self.named_order.pop_front().and_then(|(_, name)| self.named.remove(&name));
        }
    }
}

fn check(asked: &Asked) -> Result<(), Denied> {
    let bad = |field, message: String| Err(Denied::BadInput { field, message });
    if asked.timeout < MIN_TIMEOUT || asked.timeout > MAX_TIMEOUT {
        let (least, most) = (MIN_TIMEOUT.as_millis(), MAX_TIMEOUT.as_millis());
        return bad("timeoutMs", format!("A timeout lies between {least} and {most} milliseconds."));
    }
    if asked.request_id.as_ref().is_some_and(|id| id.is_empty() || id.len() > MAX_REQUEST_ID) {
        return bad("requestId", format!("A requestId has 1 to {MAX_REQUEST_ID} bytes."));
    }
    Ok(())
}

impl Home {
    pub(super) fn set_switch(
        &mut self,
        now: &Now,
        cap: Operate,
        request: Request,
        asked: Asked,
        out: &mut Vec<Effect>,
    ) {
        let Operate { switch, actor, by } = cap;
        // Looked at anew: the right may have ended since the capability was had.
        if let Err(denied) = check(&asked).and_then(|()| self.may_still_operate(by, switch)) {
            out.push(Effect::Answer(request, Err(denied)));
            return;
        }
        let name = asked.request_id.map(|id| (actor.kind, actor.name.clone(), id));
        self.commands.forget_names(now.mono);
        if let Some((_, known)) = name.as_ref().and_then(|name| self.commands.named.get(name)) {
            let known = known.clone();
            self.same_again(&known, switch, asked.on, request, out);
            return;
        }
        let command = self.new_command(now, switch, actor, asked.on);
        let command = self.open(now, command, asked.timeout, vec![request], out);
        if let Some(name) = name {
            if let Some(open) = self.commands.open.get_mut(&command.id) {
                open.name = Some(name.clone());
            }
            self.commands.name(now.mono, name, &command);
        }
    }

    fn may_still_operate(&self, by: ViewerId, switch: SwitchId) -> Result<(), Denied> {
        let rights = self.access.rights(by);
        match self.switches.contains_key(&switch) && rights.view.has(switch) {
            true if rights.operate.has(switch) => Ok(()),
            true => Err(Denied::Forbidden),
            false => Err(Denied::NotFound("switch")),
        }
    }

    /// A command like any other, but that nobody waits for it.
    pub(super) fn integration_command(&mut self, now: &Now, asked: &IntegrationCommand, out: &mut Vec<Effect>) {
        let IntegrationCommand { user, board, endpoint, on } = asked;
        // The edge has checked its credential, but may not know yet that it was revoked.
        let Some(entry) = self.integrations.values().find(|entry| entry.integration.user == *user) else {
            self.dropped.unknown_integration += 1;
            return;
        };
        let actor = Actor::integration(&entry.integration.name);
        let Some(switch) = self.by_board.get(board).and_then(|&device| self.switch_of(device, endpoint)) else {
            self.dropped.unknown_switch += 1;
            return;
        };
        let command = self.new_command(now, switch, actor, *on);
        self.open(now, command, DEFAULT_TIMEOUT, Vec::new(), out);
    }

    fn new_command(&mut self, now: &Now, switch: SwitchId, actor: Actor, on: bool) -> Command {
        Command {
            id: CommandId::from_raw(self.ids.draw()),
            switch,
            on,
            actor,
            outcome: Outcome::Open,
            confirmed_by: None,
            reason: None,
            requested_at: now.stamp(),
            settled_at: None,
            latency: None,
            order: None,
        }
    }

    /// The caller named a command it has asked for before.
    fn same_again(
        &mut self,
        known: &Arc<Command>,
        switch: SwitchId,
        on: bool,
        request: Request,
        out: &mut Vec<Effect>,
    ) {
        if known.switch != switch || known.on != on {
            let message = "This requestId was used for another command within the last ten minutes.".to_owned();
            out.push(Effect::Answer(request, Err(Denied::Conflict(message))));
        } else if let Some(open) = self.commands.open.get_mut(&known.id) {
            if open.waiting.len() == MAX_WAITING {
                out.push(Effect::Answer(request, Err(Denied::Busy)));
            } else {
                open.waiting.push(request);
            }
        } else {
            out.push(Effect::Answer(request, Ok(Answer::Command(known.clone()))));
        }
    }

    /// Sends a command if its board is there, and settles it at once if not.
    fn open(
        &mut self,
        now: &Now,
        mut command: Command,
        timeout: Duration,
        waiting: Vec<Request>,
        out: &mut Vec<Effect>,
    ) -> Arc<Command> {
        let switch = command.switch;
        if self.stopping {
            let settled = settled(command, now, Outcome::Refused, None, Some(Reason::GatewayStopping), Duration::ZERO);
            return self.close_unsent(settled, waiting, out);
        }
        let deadline = now.mono.plus(timeout);
        let Some(order) = self.order(now, &command, deadline, timeout) else {
            let (outcome, reason) = self.unsent(switch);
            let settled = settled(command, now, outcome, None, Some(reason), Duration::ZERO);
            return self.close_unsent(settled, waiting, out);
        };
        command.order = Some(order.id);
        if let Some(older) = self.switches.get(&switch).and_then(|entry| entry.open) {
            self.settle(now, older, Outcome::Superseded, Some(Reason::Superseded), out);
        }
        let command = Arc::new(command);
        out.push(Effect::Send(order));
        out.push(Effect::Write { ticket: None, records: vec![Record::Command(command.clone())] });
        let open = Open { command: command.clone(), asked: now.mono, deadline, waiting, name: None };
        self.commands.deadlines.insert((deadline, command.id));
        self.commands.open.insert(command.id, open);
        if let Some(entry) = self.switches.get_mut(&switch) {
            entry.open = Some(command.id);
            entry.sent.put(&command);
        }
        self.show_switch(switch, out);
        command
    }

    /// The order for a command, when its board can take one now.
    fn order(&mut self, now: &Now, command: &Command, deadline: Mono, timeout: Duration) -> Option<Order> {
        let switch = &self.switches.get(&command.switch)?.switch;
        let entry = self.devices.get_mut(&switch.device)?;
        let mut board = entry.presence.commandable()?;
        let lead = BOARD_LEAD.min(timeout / 2);
        let lead_ms = u64::try_from(lead.as_millis()).unwrap_or(u64::MAX);
        let deadline_ms = board.on_board(deadline, now.mono)?.saturating_sub(lead_ms);
        let id = board.next_order()?;
        let (link, endpoint) = (board.link, switch.endpoint.clone());
        Some(Order { board: entry.device.board.clone(), link, id, deadline_ms, endpoint, on: command.on })
    }

    /// Why nothing can be sent.
    fn unsent(&self, switch: SwitchId) -> (Outcome, Reason) {
        let device = self.switches.get(&switch).and_then(|entry| self.devices.get(&entry.switch.device));
        match device.map(|entry| entry.presence.availability()) {
            Some(Availability::Quarantined) => (Outcome::Refused, Reason::Quarantined),
            _ => (Outcome::Offline, Reason::Offline),
        }
    }

    /// Confirms the open command if the board says that it obeyed this very one. A value that merely matches
    /// confirms nothing: a hand on the wall button can make it match.
    pub(super) fn settle_by_report(
        &mut self,
        now: &Now,
        switch: SwitchId,
        report: &Report,
        out: &mut Vec<Effect>,
    ) -> Option<Arc<Command>> {
        let id = self.switches.get(&switch)?.open?;
        let command = &self.commands.open.get(&id)?.command;
        if report.obeyed.is_none() || command.order != report.obeyed {
            return None;
        }
        if report.cause == Cause::Command && report.on != command.on {
            self.settle(now, id, Outcome::Refused, Some(Reason::ReadBackDiffers), out)
        } else {
            self.settle(now, id, Outcome::Confirmed, None, out)
        }
    }

    pub(super) fn refused(&mut self, now: &Now, device: DeviceId, refusal: &Refusal, out: &mut Vec<Effect>) {
        if self.wish_refused(now, device, refusal, out) {
            return;
        }
        let switch = self.switch_of(device, &refusal.endpoint);
        let id = switch.and_then(|switch| self.switches.get(&switch)?.open);
        let named = id.filter(|id| self.commands.open.get(id).is_some_and(|o| o.command.order == Some(refusal.order)));
        let (Some(switch), Some(id)) = (switch, named) else {
            self.dropped.no_such_order += 1;
            return;
        };
        self.settle(now, id, Outcome::Refused, Some(refusal.reason), out);
        self.show_switch(switch, out);
    }

    /// Settles every command whose deadline has come.
    pub(super) fn settle_overdue(&mut self, now: &Now, out: &mut Vec<Effect>) {
        while let Some(&(deadline, id)) = self.commands.deadlines.first() {
            if deadline > now.mono {
                return;
            }
            if let Some(settled) = self.settle(now, id, Outcome::TimedOut, Some(Reason::NoReport), out) {
                self.show_switch(settled.switch, out);
            }
        }
    }

    /// A switch is about to be gone: nobody will hear what its relay did.
    pub(super) fn settle_of_deleted(&mut self, now: &Now, switch: SwitchId, out: &mut Vec<Effect>) {
        if let Some(open) = self.switches.get(&switch).and_then(|entry| entry.open) {
            self.settle(now, open, Outcome::TimedOut, Some(Reason::NoReport), out);
        }
    }

    pub(super) fn stop(&mut self, now: &Now, out: &mut Vec<Effect>) {
        self.stopping = true;
        while let Some(&(_, id)) = self.commands.deadlines.first() {
            if let Some(settled) = self.settle(now, id, Outcome::TimedOut, Some(Reason::GatewayStopping), out) {
                self.show_switch(settled.switch, out);
            }
        }
        self.end_all_wishes(now, out);
        self.stop_claims(now, out);
        self.stop_flashes(now, out);
        self.stop_givings(now, out);
        self.notices.write_due(None, out);
        self.backoff.settle(None, out);
    }

    /// A command of an earlier run. If it was open when the daemon ended, whether the relay moved is unknown, but who
    /// asked is not.
    pub(super) fn settle_abandoned(&mut self, now: &Now, command: Arc<Command>, out: &mut Vec<Effect>) {
        if command.outcome != Outcome::Open {
            self.note_settled(&command);
            return;
        }
        let mut settled = Arc::unwrap_or_clone(command);
        settled.outcome = Outcome::TimedOut;
        settled.reason = Some(Reason::NoReport);
        settled.settled_at = now.stamp();
        self.close(settled, Vec::new(), out);
    }

    fn settle(
        &mut self,
        now: &Now,
        id: CommandId,
        outcome: Outcome,
        reason: Option<Reason>,
        out: &mut Vec<Effect>,
    ) -> Option<Arc<Command>> {
        let open = self.commands.open.remove(&id)?;
        self.commands.deadlines.remove(&(open.deadline, id));
        if let Some(entry) = self.switches.get_mut(&open.command.switch) {
            entry.open = None;
        }
        let confirmed_by = (outcome == Outcome::Confirmed).then_some(Confirmation::Obeyed);
        let command = Arc::unwrap_or_clone(open.command);
        let latency = now.mono.since(open.asked);
        let settled = settled(command, now, outcome, confirmed_by, reason, latency);
        let settled = self.close(settled, open.waiting, out);
        if let Some((_, named)) = open.name.and_then(|name| self.commands.named.get_mut(&name)) {
            *named = settled.clone();
        }
        Some(settled)
    }

    /// A command for which nothing was sent: that it was asked for is all there is to show.
    fn close_unsent(&mut self, settled: Command, waiting: Vec<Request>, out: &mut Vec<Effect>) -> Arc<Command> {
        let command = self.close(settled, waiting, out);
        self.show_switch(command.switch, out);
        command
    }

    fn note_settled(&mut self, command: &Arc<Command>) {
        if let Some(entry) = self.switches.get_mut(&command.switch) {
            entry.sent.put(command);
            // Those of an earlier run come in no order.
            if entry.settled.as_ref().is_none_or(|last| last.id <= command.id) {
                entry.settled = Some(command.clone());
            }
        }
        self.commands.remember(command);
    }

    /// Records a settled command and answers all who wait for it.
    fn close(&mut self, settled: Command, waiting: Vec<Request>, out: &mut Vec<Effect>) -> Arc<Command> {
        let command = Arc::new(settled);
        self.note_settled(&command);
        for request in waiting {
            out.push(Effect::Answer(request, Ok(Answer::Command(command.clone()))));
        }
        out.push(Effect::Write { ticket: None, records: vec![Record::Command(command.clone())] });
        command
    }
}

fn settled(
    command: Command,
    now: &Now,
    outcome: Outcome,
    confirmed_by: Option<Confirmation>,
    reason: Option<Reason>,
    latency: Duration,
) -> Command {
    Command { outcome, confirmed_by, reason, settled_at: now.stamp(), latency: Some(latency), ..command }
}
