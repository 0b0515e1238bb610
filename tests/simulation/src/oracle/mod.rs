//! The judge: watches every input and effect, knows what the boards really did, and fails the world at the first
//! broken promise.

mod boards;
mod commands;
mod settings;

use crate::board::Board;
use crate::facts::Facts;
use crate::totals::Totals;
use boards::Heard;
use commands::{Asked, Named};
use gatehouse_core::access::{FORGOTTEN_AFTER, TokenHash};
use gatehouse_core::command::{Command, OrderId, Outcome};
use gatehouse_core::home::{Effect, Home, Input};
use gatehouse_core::homeassistant::Announced;
use gatehouse_core::ids::{CommandId, IntegrationId, NoticeId, Request, RoomId, SessionId, SwitchId};
use gatehouse_core::name::BoardId;
use gatehouse_core::notice::WRITE_EVERY;
use gatehouse_core::record::Record;
use gatehouse_core::time::Now;
use gatehouse_core::view::{Availability, Change, View};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// Who waits for an answer, and for what.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// For a command to settle.
    Tap { switch: SwitchId, on: bool, expected: Expected },
    /// To be the owner, with this token.
    Claim(TokenHash),
    /// For a session.
    SignIn,
    /// For a change of settings, of which some end something.
    Settings(Option<Ended>),
    /// To hear whether a claim code is right, or what password to check.
    Question,
}

/// What is no more once a change of settings is acknowledged.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ended {
    Room(RoomId),
    Session(SessionId),
    Integration(IntegrationId),
    Notice(NoticeId),
}

/// What a tap must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// A command of its own.
    New,
    /// The command that was asked for by the same name before.
    Same(CommandId),
    /// Turned away: the name stands for another command.
    Conflict,
    /// Turned away: the timeout is out of bounds.
    BadInput,
}

/// One input with all around it.
pub(crate) struct Step<'a> {
    pub(crate) now: Now,
    pub(crate) input: &'a Input,
    pub(crate) effects: &'a [Effect],
    pub(crate) before: &'a View,
    /// The view before, with the changes applied.
    pub(crate) after: &'a View,
    /// What Home Assistant is to be told, as the edge knows it.
    pub(crate) announced: &'a Announced,
    pub(crate) home: &'a Home,
    pub(crate) boards: &'a [Board],
}

#[derive(Debug, Default)]
pub(crate) struct Oracle {
    pub(crate) totals: Totals,
    run: u32,
    /// Every id ever given out, of whatever kind.
    ids: HashSet<u64>,
    commands: HashMap<CommandId, Asked>,
    open: BTreeMap<SwitchId, CommandId>,
    /// Orders the home of this run knows of, oldest first.
    orders: HashMap<SwitchId, Vec<(OrderId, CommandId)>>,
    by_order: HashMap<OrderId, CommandId>,
    callers: HashMap<Request, Caller>,
    names: HashMap<String, Named>,
    heard: HashMap<BoardId, Heard>,
    /// What the store said is on disk, as far as the home has heard.
    acked: Facts,
    owner: Option<TokenHash>,
    /// Notices whose dismissal was acknowledged.
    dismissed: HashSet<NoticeId>,
    /// The tap being judged.
    tap: Option<Caller>,
    /// Answers of the step being judged.
    answers: Vec<Arc<Command>>,
    /// Nothing is in the way any more: what is asked is confirmed, or an interlock forbids it.
    undisturbed: bool,
}

impl Oracle {
    /// A home was loaded from what is on disk.
    pub(crate) fn loaded(&mut self, run: u32, disk: &Facts, now: Now, home: &Home, effects: &[Effect]) {
        self.run = run;
        self.acked = disk.clone();
        self.open.clear();
        self.orders.clear();
        self.callers.clear();
        self.names.clear();
        self.heard.clear();
        let mut settled = Vec::new();
        for effect in effects {
            let Effect::Write { ticket: None, records } = effect else { panic!("a load may only write: {effect:?}") };
            let commands = records.iter().map(|record| match record {
                Record::Command(command) => command,
                other => panic!("a load may only settle commands: {other:?}"),
            });
            commands.for_each(|command| self.abandoned(command, &mut settled));
        }
        let open: HashSet<_> = disk.open_commands().map(|command| command.id).collect();
        assert_eq!(settled.into_iter().collect::<HashSet<_>>(), open, "what was open is settled at load, once");
        let view = home.view();
        self.check_settings(&view, true);
        self.check_notices(&view);
        let kept = disk.notices.values().filter(|notice| !notice.dismissed);
        assert!(view.notices.iter().eq(kept), "the notices: {:?}, {:?}", view.notices, disk.notices);
        self.check_switches(&now, &view, home);
        for (id, reported) in &disk.reported {
            let shown = view.switch(*id).and_then(|switch| switch.on);
            assert_eq!(shown, Some(reported.on), "a switch shows what was last reported before the crash");
        }
    }

    fn abandoned(&mut self, command: &Arc<Command>, settled: &mut Vec<CommandId>) {
        assert_eq!(command.outcome, Outcome::TimedOut, "whether an abandoned command was obeyed is unknown");
        settled.push(command.id);
        self.totals.timed_out_abandoned += 1;
        let asked = self.commands.get_mut(&command.id).expect("a command on disk was asked for");
        // The crash may have lost that it was settled; callers were told once, the record is written again.
        asked.settled = Some(command.clone());
        if let Some(order) = command.order {
            self.orders.entry(command.switch).or_default().push((order, command.id));
        }
    }

    /// Someone is about to ask.
    pub(crate) fn asks(&mut self, request: Request, caller: Caller) {
        assert!(self.callers.insert(request, caller).is_none(), "the world reuses {request:?}");
    }

    /// From now on nothing is in the way of a tap.
    pub(crate) fn expect_confirmations(&mut self) {
        self.undisturbed = true;
    }

    /// The store's word reached the home: these records are durable and known to be.
    pub(crate) fn durable(&mut self, records: &[Record]) {
        records.iter().for_each(|record| self.acked.apply(record));
    }

    /// The home took an input. Panics with the promise that was broken.
    pub(crate) fn judge(&mut self, step: &Step<'_>) {
        self.totals.inputs += 1;
        self.tap = match step.input {
            Input::SetSwitch { request, .. } => self.callers.get(request).cloned(),
            _ => None,
        };
        let mut opened = 0;
        for effect in step.effects {
            match effect {
                Effect::Write { ticket: None, records } => {
                    for record in records {
                        match record {
                            Record::Command(command) => opened += usize::from(self.command_written(step, command)),
                            Record::Entry(entry) => assert!(self.ids.insert(entry.id.raw()), "an id twice: {entry:?}"),
                            _ => {}
                        }
                    }
                }
                Effect::Write { ticket: Some(_), records } => self.plan_written(records),
                Effect::Answer(request, answer) => self.answered(step, *request, answer),
                Effect::Send(order) => self.sent(order),
                Effect::Changed(Change::Notice(notice)) => {
                    self.totals.notices_counted_up += u64::from(notice.times > 1);
                }
                Effect::SendSecret(_) | Effect::Changed(_) | Effect::CredentialsChanged | Effect::AnnouncedChanged => {}
            }
        }
        self.asked_for(step, opened);
        self.check_answers();
        assert_eq!(*step.after, step.home.view(), "the view is the fold of its changes");
        self.board_spoke(step);
        // What a board just said may be what it gets a secret for.
        for effect in step.effects {
            if let Effect::SendSecret(new) = effect {
                self.secret_sent(new);
            }
        }
        let access = step.effects.iter().any(|effect| matches!(effect, Effect::Changed(Change::Access(_))));
        self.check_settings(step.after, access || matches!(step.input, Input::Written { .. }));
        self.check_announced(step.announced);
        let is_of_notices = |change: &Change| matches!(change, Change::Notice(_) | Change::NoticeRemoved(_));
        if step.effects.iter().any(|effect| matches!(effect, Effect::Changed(change) if is_of_notices(change))) {
            self.check_notices(step.after);
        }
        self.check_switches(&step.now, step.after, step.home);
    }

    /// At every moment: the view shows the open commands, and none is overdue.
    fn check_switches(&self, now: &Now, view: &View, home: &Home) {
        for switch in &view.switches {
            let open = self.open.get(&switch.id);
            assert_eq!(switch.open.as_ref().map(|command| command.id), open.copied(), "the open command is shown");
            let desired = open.map(|id| self.commands[id].on).or(switch.on);
            assert_eq!(switch.desired, desired, "desired is what the open command asks, else what is reported");
        }
        let next = self.open.values().map(|id| self.commands[id].deadline).min();
        let due = home.next_deadline();
        assert!(
            next.is_none_or(|next| due.is_some_and(|due| due <= next)),
            "no deadline is forgotten: {due:?}, {next:?}"
        );
        // Notices and wrong tries wait to be written, the latter also to be forgotten.
        let of_others = due.filter(|due| Some(*due) != next);
        let latest = now.mono.plus(WRITE_EVERY.max(FORGOTTEN_AFTER));
        assert!(of_others.is_none_or(|due| due <= latest), "a deadline of nothing: {due:?}");
        assert!(next.is_none_or(|next| next > now.mono), "an overdue command is still open");
    }

    /// The world is quiet and healed: nothing is left over, and everyone sees what the pins are.
    pub(crate) fn finish(&self, view: &View, boards: &[Board]) {
        assert!(self.open.is_empty(), "open at the end: {:?}", self.open);
        assert!(self.callers.is_empty(), "never answered: {:?}", self.callers);
        for board in boards {
            for relay in &board.relays {
                let device = view.devices.iter().find(|device| device.board == board.id).expect("a registered board");
                let mut switches = view.switches.iter().filter(|s| s.device == device.id);
                let switch = switches.find(|s| s.endpoint == relay.endpoint).expect("a switch for each relay");
                assert_eq!(switch.on, Some(relay.pin), "{} of {} is not as shown", relay.endpoint, board.id);
                assert_eq!(switch.desired, switch.on, "{} of {} is still desired", relay.endpoint, board.id);
                assert_eq!(switch.availability, Availability::Online, "{} does not get in", board.id);
            }
        }
    }
}
