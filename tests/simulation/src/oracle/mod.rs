//! The judge: watches every input and effect, knows what the boards really did, and fails the world at the first
//! broken promise.

mod accounts;
mod boards;
mod commands;
mod people;
mod rights;
mod settings;

use crate::board::Board;
use crate::facts::Facts;
use crate::totals::Totals;
use accounts::Codes;
use boards::Heard;
use commands::{Asked, Named};
use gatehouse_core::access::{FORGOTTEN_AFTER, TokenHash};
use gatehouse_core::audit::Entry;
use gatehouse_core::code::CodeHash;
use gatehouse_core::command::{Actor, ActorKind, Command, OrderId, Outcome};
use gatehouse_core::home::{Effect, Home, Input};
use gatehouse_core::homeassistant::Announced;
use gatehouse_core::identity::Identity;
use gatehouse_core::ids::{
    CommandId, DeviceId, GrantId, GuestLinkId, IntegrationId, InvitationId, MemberId, NoticeId, Request, RoomId,
    SessionId, SwitchId, TokenId,
};
use gatehouse_core::name::BoardId;
use gatehouse_core::notice::WRITE_EVERY;
use gatehouse_core::record::Record;
use gatehouse_core::time::Now;
use gatehouse_core::view::{Availability, Change, View};
use people::Basis;
pub(crate) use people::{Asker, By};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// Who waits for an answer, and for what.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// For a command to settle.
    Tap { switch: SwitchId, on: bool, expected: Expected, actor: Actor },
    /// To be the owner, with this token.
    Claim(TokenHash),
    /// For a session, by an identity or by a password.
    SignIn(Option<Identity>),
    /// For a one-time code to be good.
    Offer { code: CodeHash, mailed: bool },
    /// For a change of settings, of which some end something.
    Settings(Asker, Option<Ended>),
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
    Member(MemberId),
    Grant(GrantId),
    GuestLink(GuestLinkId),
    Token(TokenId),
    Invitation(InvitationId),
    Device(DeviceId),
    /// Nothing that has an id, or only other sessions of somebody's.
    Nothing,
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
    /// Turned away: they may see the switch, and no more.
    Forbidden,
    /// Turned away: for them there is no such switch.
    NotFound,
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
    /// All that anyone ever had to present.
    pub(crate) secrets: &'a [TokenHash],
}

#[derive(Debug, Default)]
pub(crate) struct Oracle {
    pub(crate) totals: Totals,
    run: u32,
    /// Every id ever given out, of whatever kind.
    ids: HashSet<u64>,
    commands: HashMap<CommandId, Asked>,
    open: BTreeMap<SwitchId, CommandId>,
    /// The command of each switch that settled last.
    last: BTreeMap<SwitchId, Arc<Command>>,
    /// Orders the home of this run knows of, oldest first.
    orders: HashMap<SwitchId, Vec<(OrderId, CommandId)>>,
    by_order: HashMap<OrderId, CommandId>,
    callers: HashMap<Request, Caller>,
    names: HashMap<(ActorKind, Arc<str>, String), Named>,
    heard: HashMap<BoardId, Heard>,
    codes: Codes,
    /// What the store said is on disk, as far as the home has heard.
    acked: Facts,
    owner: Option<TokenHash>,
    /// Minutes that the home's zone is east of UTC, as this run was told.
    east: i16,
    /// Counts up when `acked` is another.
    version: u64,
    /// What rights were last worked out from.
    basis: Basis,
    /// The line of the change that is on its way to the disk.
    line: Option<Arc<Entry>>,
    /// What ended on time in this run.
    ended: HashSet<u64>,
    /// What was told to have ended, for good.
    gone: HashSet<u64>,
    /// What the store has just said to have ended.
    just_gone: HashSet<u64>,
    /// How the last run came to its end.
    crashed: bool,
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
    pub(crate) fn loaded(&mut self, run: u32, disk: &Facts, now: Now, (home, effects): (&Home, &[Effect])) {
        self.check_ended(disk);
        self.check_record(disk);
        self.run = run;
        self.acked = disk.clone();
        (self.east, self.line, self.version) = (0, None, self.version + 1);
        self.open.clear();
        self.last = disk.last_settled();
        self.orders.clear();
        for command in self.last.values() {
            if let Some(order) = command.order {
                self.orders.entry(command.switch).or_default().push((order, command.id));
            }
        }
        self.callers.clear();
        self.names.clear();
        self.codes.start();
        self.heard.clear();
        let mut settled = Vec::new();
        for effect in effects {
            let records = match effect {
                Effect::Write { ticket: None, records } => records,
                Effect::Changed(Change::Access(_)) => continue,
                other => panic!("a load may only write: {other:?}"),
            };
            for record in records {
                match record {
                    Record::Command(command) => self.abandoned(command, &mut settled),
                    Record::Entry(entry) => assert!(self.ids.insert(entry.id.raw()), "an id twice: {entry:?}"),
                    record if Facts::ended_by(record).is_some() => {}
                    other => panic!("a load may only settle commands and end what is over: {other:?}"),
                }
            }
        }
        let open: HashSet<_> = disk.open_commands().map(|command| command.id).collect();
        assert_eq!(settled.into_iter().collect::<HashSet<_>>(), open, "what was open is settled at load, once");
        self.ends(&now, effects, false);
        let view = home.view();
        self.check_settings(&view);
        self.check_people(&view);
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
        self.last_is(command);
        if let Some(order) = command.order {
            self.orders.entry(command.switch).or_default().push((order, command.id));
        }
    }

    fn last_is(&mut self, command: &Arc<Command>) {
        let last = self.last.entry(command.switch).or_insert_with(|| command.clone());
        if last.id <= command.id {
            *last = command.clone();
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
        for record in records {
            match record {
                Record::Member(member) => self.member_is_on_disk(member),
                Record::DeviceDeleted(id) => {
                    let device = self.acked.devices.get(id).expect("a device that was there");
                    self.heard.remove(&device.board);
                }
                _ => {}
            }
            self.acked.apply(record);
            self.gone.extend(Facts::ended_by(record));
            self.just_gone.extend(Facts::ended_by(record));
        }
        // One that ended while a use of it was on its way to the disk has ended all the same.
        self.acked.invitations.retain(|id, _| !self.ended.contains(&id.raw()));
        self.version += 1;
    }

    /// The home took an input. Panics with the promise that was broken.
    pub(crate) fn judge(&mut self, step: &Step<'_>) {
        self.totals.inputs += 1;
        if let Input::ZoneOffset(east) = step.input {
            (self.east, self.version) = (*east, self.version + 1);
        }
        let written = matches!(step.input, Input::Written { .. });
        self.ends(&step.now, step.effects, !written);
        self.just_gone.clear();
        if matches!(step.input, Input::Tick) && step.effects.is_empty() {
            self.check_switches(&step.now, step.after, step.home);
            return self.check_rights(&step.now, step.after, step.secrets);
        }
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
                            record => self.noted(record),
                        }
                    }
                }
                Effect::Write { ticket: Some(_), records } => {
                    self.plan_written(records);
                    self.planned(step, records);
                }
                Effect::Answer(request, answer) => self.answered(step, *request, answer),
                Effect::Send(order) => self.sent(order),
                Effect::Changed(Change::Notice(notice)) => {
                    self.totals.notices_counted_up += u64::from(notice.times > 1);
                }
                Effect::SendSecret(_) | Effect::Changed(_) | Effect::CredentialsChanged | Effect::AnnouncedChanged => {}
                Effect::Port(_) | Effect::Nearby(_) | Effect::Configure(_) | Effect::Believe(..) => {}
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
        self.check_settings(step.after);
        if access || written {
            self.check_people(step.after);
        }
        self.check_rights(&step.now, step.after, step.secrets);
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
            assert_eq!(switch.last_command.as_ref(), self.last.get(&switch.id), "the last command is shown");
            let desired = open.map(|id| self.commands[id].on).or(switch.on);
            assert_eq!(switch.desired, desired, "desired is what the open command asks, else what is reported");
        }
        let next = self.open.values().map(|id| self.commands[id].deadline).min();
        let due = home.next_deadline();
        assert!(
            next.is_none_or(|next| due.is_some_and(|due| due <= next)),
            "no deadline is forgotten: {due:?}, {next:?}"
        );
        // Notices and wrong tries wait to be written, the latter also to be forgotten; and what hangs on the wall clock is
        // looked at.
        let of_others = due.filter(|due| Some(*due) != next);
        let latest = now.mono.plus(WRITE_EVERY.max(FORGOTTEN_AFTER));
        assert!(of_others.is_none_or(|due| due <= latest), "a deadline of nothing: {due:?}");
        assert!(next.is_none_or(|next| next > now.mono), "an overdue command is still open");
    }

    /// A change of settings is on disk, or was given up: what it says of itself in the record, once.
    fn line_of_answer(&mut self, step: &Step<'_>) -> Option<Arc<Entry>> {
        if matches!(step.input, Input::Written { .. }) { self.line.take() } else { None }
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
