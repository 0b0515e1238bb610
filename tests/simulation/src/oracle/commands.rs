//! Commands: settled exactly once, in time, and for the reason that was.

use super::boards::has_switch;
use super::{Caller, Expected, Oracle, Step};
use gatehouse_core::access::{Denied, Level, TokenHash};
use gatehouse_core::command::{Actor, ActorKind, Command, OrderId, Outcome, Reason};
use gatehouse_core::device::Order;
use gatehouse_core::home::{Answer, Effect, Input};
use gatehouse_core::ids::{CommandId, SwitchId};
use gatehouse_core::integration::Integration;
use gatehouse_core::record::Record;
use gatehouse_core::time::{Mono, Now};
use std::sync::Arc;
use std::time::Duration;

/// A command as the judge knows it.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) on: bool,
    /// Of what kind it is who asked.
    pub(crate) kind: ActorKind,
    pub(crate) deadline: Mono,
    pub(crate) run: u32,
    pub(crate) settled: Option<Arc<Command>>,
    /// Whether it went by a connection that keeps order.
    calm: bool,
    waiting: usize,
}

/// A caller's own name for a command.
#[derive(Debug)]
pub(crate) struct Named {
    since: Mono,
    id: CommandId,
    switch: SwitchId,
    on: bool,
}

const NAME_LIFE: Duration = Duration::from_secs(600);
const MAX_WAITING: usize = 16;

impl Oracle {
    /// What a tap must come to.
    pub(crate) fn expect(
        &self,
        now: &Now,
        (by, actor): (&TokenHash, &Actor),
        (switch, on, timeout): (SwitchId, bool, Duration),
        name: Option<&String>,
    ) -> Expected {
        if timeout < Duration::from_millis(500) || timeout > Duration::from_secs(30) {
            return Expected::BadInput;
        }
        let moment = self.moment(now);
        let may = |level| moment.who(by).is_some_and(|who| moment.may(who, switch, level));
        if !may(Level::Operate) {
            return if may(Level::View) { Expected::Forbidden } else { Expected::NotFound };
        }
        let name = name.map(|name| (actor.kind, actor.name.clone(), name.clone()));
        match name.and_then(|name| self.names.get(&name)) {
            Some(named) if now.mono.since(named.since) >= NAME_LIFE => Expected::New,
            Some(named) if named.switch == switch && named.on == on => Expected::Same(named.id),
            Some(_) => Expected::Conflict,
            None => Expected::New,
        }
    }

    /// A command was recorded. True when it is a new one.
    pub(super) fn command_written(&mut self, step: &Step<'_>, command: &Arc<Command>) -> bool {
        let new = !self.commands.contains_key(&command.id);
        if new {
            assert!(self.ids.insert(command.id.raw()), "{} was given out before", command.id);
            let (on, timeout, kind) = match step.input {
                Input::SetSwitch { on, timeout, .. } => {
                    let Some(Caller::Tap { actor, .. }) = &self.tap else { panic!("a tap of nobody") };
                    assert_eq!(command.actor, *actor, "in another's name");
                    let by_whom = match actor.kind {
                        ActorKind::Guest => &mut self.totals.by_guests,
                        ActorKind::Token => &mut self.totals.by_programs,
                        _ => &mut self.totals.by_members,
                    };
                    *by_whom += 1;
                    (*on, *timeout, actor.kind)
                }
                Input::IntegrationCommand(asked) => {
                    self.totals.by_integrations += 1;
                    let name = self.integration(&asked.user).map(|integration| integration.name.as_str());
                    assert_eq!(Some(&*command.actor.name), name, "in another's name");
                    (asked.on, Duration::from_secs(5), ActorKind::Integration)
                }
                other => panic!("nobody asked for {command:?} by {other:?}"),
            };
            assert_eq!(command.requested_at, step.now.stamp(), "asked at a time that was not");
            assert_eq!((command.on, command.actor.kind), (on, kind), "something else was asked");
            let deadline = step.now.mono.plus(timeout);
            let (run, calm) = (self.run, true);
            let asked = Asked { on, kind, deadline, run, settled: None, calm, waiting: 0 };
            self.commands.insert(command.id, asked);
        }
        if command.outcome == Outcome::Open {
            assert!(new, "{} is open twice", command.id);
            let other = self.open.insert(command.switch, command.id);
            assert_eq!(other, None, "two open commands for {}", command.switch);
            let order = command.order.expect("an open command was sent");
            assert!(self.by_order.insert(order, command.id).is_none(), "{order:?} was sent before");
            self.orders.entry(command.switch).or_default().push((order, command.id));
        } else {
            self.settled(step, command, new);
        }
        new
    }

    fn settled(&mut self, step: &Step<'_>, command: &Arc<Command>, new: bool) {
        let asked = self.commands.get_mut(&command.id).expect("known by now");
        assert!(asked.settled.is_none(), "{} settles twice: {:?}, {command:?}", command.id, asked.settled);
        asked.settled = Some(command.clone());
        self.last_is(command);
        let asked = &self.commands[&command.id];
        let (deadline, calm) = (asked.deadline, asked.calm);
        if self.open.get(&command.switch) == Some(&command.id) {
            self.open.remove(&command.switch);
        } else {
            assert!(new, "{} was not open", command.id);
        }
        assert_eq!(command.settled_at, step.now.stamp(), "settled at a time that was not");
        let in_time = step.now.mono < deadline;
        let stopping = matches!(step.input, Input::Stop);
        // Of a switch that goes with its device, what became of it is not known.
        let deleted = step.before.switch(command.switch).is_some() && step.after.switch(command.switch).is_none();
        match command.outcome {
            Outcome::TimedOut => assert!(!in_time || stopping || deleted, "{} timed out early", command.id),
            outcome => assert!(in_time, "{} is {outcome:?} after its deadline", command.id),
        }
        assert_eq!(new, command.outcome == Outcome::Offline || refused_unsent(command), "{command:?}");
        truthful(command, calm, step);
        let done = command.outcome == Outcome::Confirmed || command.reason == Some(Reason::Interlocked);
        assert!(done || !self.undisturbed, "nothing was in the way of {command:?}");
        self.count(command);
    }

    fn count(&mut self, command: &Command) {
        let totals = &mut self.totals;
        let counter = match (command.outcome, command.reason) {
            (Outcome::Confirmed, None) => &mut totals.confirmed,
            (Outcome::Refused, Some(Reason::Stale)) => &mut totals.refused_stale,
            (Outcome::Refused, Some(Reason::UnknownEndpoint)) => &mut totals.refused_unknown_endpoint,
            (Outcome::Refused, Some(Reason::BadValue)) => &mut totals.refused_bad_value,
            (Outcome::Refused, Some(Reason::Interlocked)) => &mut totals.refused_interlocked,
            (Outcome::Refused, Some(Reason::HeldByPulse)) => &mut totals.refused_held_by_pulse,
            (Outcome::Refused, Some(Reason::ReadBackDiffers)) => &mut totals.refused_read_back_differs,
            (Outcome::Refused, Some(Reason::Quarantined)) => &mut totals.refused_quarantined,
            (Outcome::Refused, Some(Reason::GatewayStopping)) => &mut totals.refused_gateway_stopping,
            (Outcome::TimedOut, Some(Reason::NoReport)) => &mut totals.timed_out,
            (Outcome::TimedOut, Some(Reason::GatewayStopping)) => &mut totals.timed_out_gateway_stopping,
            (Outcome::Superseded, Some(Reason::Superseded)) => &mut totals.superseded,
            (Outcome::Offline, Some(Reason::Offline)) => &mut totals.offline,
            other => panic!("no command ends as {other:?}"),
        };
        *counter += 1;
    }

    /// The command that this input opened, or did not.
    pub(super) fn asked_for(&mut self, step: &Step<'_>, opened: usize) {
        if let Input::IntegrationCommand(asked) = step.input {
            let there = has_switch(step.before, &asked.board, &asked.endpoint);
            let expected = there && self.integration(&asked.user).is_some();
            assert_eq!(opened, usize::from(expected), "{asked:?} made {opened} commands");
            return;
        }
        let Input::SetSwitch { request, on, request_id, .. } = step.input else { return };
        let Some(Caller::Tap { switch, expected, actor, .. }) = self.tap.take() else {
            panic!("a tap without a caller: {:?}", step.input)
        };
        assert_eq!(opened, usize::from(expected == Expected::New), "{expected:?}, but {opened} commands were made");
        let answered = !self.callers.contains_key(request);
        let id = match expected {
            Expected::Same(id) => id,
            Expected::New => {
                let written = step.effects.iter().rev().find_map(|effect| match effect {
                    Effect::Write { ticket: None, records } => records.iter().find_map(|record| match record {
                        Record::Command(command) => Some(command.id),
                        _ => None,
                    }),
                    _ => None,
                });
                let id = written.expect("the new command is recorded");
                if let Some(name) = request_id {
                    let named = Named { since: step.now.mono, id, switch, on: *on };
                    self.names.insert((actor.kind, actor.name, name.clone()), named);
                }
                id
            }
            Expected::Conflict | Expected::BadInput | Expected::Forbidden | Expected::NotFound => {
                assert!(answered, "what cannot be is answered at once");
                return;
            }
        };
        if let Some(asked) = self.commands.get_mut(&id)
            && !answered
        {
            asked.waiting += 1;
        }
    }

    /// The integration of that user name, as far as it is on disk and the home knows.
    fn integration(&self, user: &str) -> Option<&Integration> {
        self.acked.integrations.values().map(|(integration, _)| &**integration).find(|one| *one.user == *user)
    }

    /// A tap is answered.
    pub(super) fn tap_answered(&mut self, tap: (SwitchId, bool, Expected), answer: &Result<Answer, Denied>) {
        let (switch, on, expected) = tap;
        let command = match (answer, expected) {
            (Ok(Answer::Command(command)), Expected::New | Expected::Same(_)) => command,
            (Err(Denied::Conflict(_)), Expected::Conflict) => {
                self.totals.conflicting_request_id += 1;
                return;
            }
            (Err(Denied::BadInput { field: "timeoutMs", .. }), Expected::BadInput) => {
                self.totals.bad_input += 1;
                return;
            }
            (Err(Denied::Forbidden), Expected::Forbidden) => {
                self.totals.taps_forbidden += 1;
                return;
            }
            (Err(Denied::NotFound("switch")), Expected::NotFound) => {
                self.totals.taps_not_found += 1;
                return;
            }
            (Err(Denied::Busy), Expected::Same(id)) => {
                assert_eq!(self.commands[&id].waiting, MAX_WAITING, "busy though there was room");
                self.totals.busy += 1;
                return;
            }
            other => panic!("a tap is answered {other:?}"),
        };
        assert_ne!(command.outcome, Outcome::Open, "answered before it settled");
        assert_eq!((command.switch, command.on), (switch, on), "answered another command");
        if let Expected::Same(id) = expected {
            assert_eq!(command.id, id, "the same name means the same command");
            self.totals.same_request_id += 1;
        }
        // The record of a settled command comes with its answers, in the same step.
        self.answers.push(command.clone());
    }

    /// Every answer told what is on record.
    pub(super) fn check_answers(&mut self) {
        for command in std::mem::take(&mut self.answers) {
            let settled = self.commands.get(&command.id).and_then(|asked| asked.settled.as_ref());
            assert_eq!(settled, Some(&command), "what a caller is told is what is on record");
        }
    }

    pub(super) fn sent(&mut self, order: &Order) {
        let heard = self.heard.get(&order.board).expect("sent to a board that never connected");
        heard.check_order(order);
    }

    /// An order is on its way by a connection that keeps order, or does not.
    pub(crate) fn goes_by(&mut self, order: OrderId, calm: bool) {
        let id = self.by_order.get(&order).expect("every order belongs to a command");
        self.commands.get_mut(id).expect("known").calm = calm;
    }

    /// A board really obeyed: it must not do so when the gateway waits no more.
    pub(crate) fn obeyed(&self, order: OrderId, now: Mono) {
        let id = self.by_order.get(&order).expect("every order belongs to a command");
        let deadline = self.commands[id].deadline;
        assert!(now <= deadline, "{id} was obeyed {:?} after its deadline", now.since(deadline));
    }
}

fn refused_unsent(command: &Command) -> bool {
    let reasons = [Some(Reason::GatewayStopping), Some(Reason::Quarantined)];
    command.outcome == Outcome::Refused && reasons.contains(&command.reason)
}

/// An outcome says what the board did.
fn truthful(command: &Command, calm: bool, step: &Step<'_>) {
    let obeyed = command.order.and_then(|order| step.boards.iter().find_map(|board| board.obeyed.get(&order)));
    match (command.outcome, command.reason) {
        (Outcome::Confirmed, _) => {
            let obeyed = obeyed.unwrap_or_else(|| panic!("{command:?} is confirmed, but no board obeyed it"));
            let endpoint = step.after.switch(command.switch).map(|switch| &switch.endpoint);
            assert_eq!((obeyed.on, Some(&obeyed.endpoint)), (command.on, endpoint), "something else was obeyed");
            assert!(obeyed.read_back == command.on || obeyed.moved_since, "confirmed, but the relay did not move");
        }
        (Outcome::Refused, Some(Reason::ReadBackDiffers)) => {
            let obeyed = obeyed.expect("the board wrote the pin");
            assert_ne!(obeyed.read_back, command.on, "it read back what was asked");
        }
        (Outcome::Refused, Some(Reason::Quarantined)) => assert_eq!(command.order, None, "sent to another board"),
        (Outcome::Refused, Some(_)) if calm => assert!(obeyed.is_none(), "{command:?} was obeyed"),
        (Outcome::Offline, _) => assert_eq!(command.order, None, "sent, and yet offline"),
        _ => {}
    }
}
