//! What boards say, and whether they are there.

use super::clock_offset::ClockOffset;
use super::health::Condition;
use super::verification::Standing;
use super::{Effect, Home};
use crate::board_settings::{BoardSettings, Fulfilment, RelaySetting, RelaySettings};
use crate::command::{Actor, ActorKind, BoardSession, OrderId, Reason};
use crate::device::{
    BoardEvent, BoardFacts, BoardState, Cause, Description, Fact, MAX_RELAYS, Report, Said, SecretHash,
};
use crate::health::Vitals;
use crate::ids::{DeviceId, LinkId, SwitchId};
use crate::name::Endpoint;
use crate::quarantine::{Quarantine, Told};
use crate::record::Record;
use crate::switch::{Reported, SwitchChange};
use crate::time::{Mono, Now, Wall};
use crate::view::Availability;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// How often "last seen" is told again while a board talks.
const LAST_SEEN_STEP: Duration = Duration::from_secs(30);

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

/// Whether a board is there, and what is known of it in this run.
#[derive(Debug, Default)]
pub(super) struct Presence {
    pub(super) link: Option<Link>,
    /// What a board that is believed told of itself.
    facts: BoardFacts,
    settings: Arc<BoardSettings>,
    last_seen: Option<(Mono, Option<Wall>)>,
    last_seen_shown: Option<(Mono, Option<Wall>)>,
    pub(super) health: Condition,
}

/// One connection of a board, from login to its end.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) id: LinkId,
    secret: SecretHash,
    private: bool,
    pub(super) ready: bool,
    native: bool,
    rotates: bool,
    moves: bool,
    session: Option<BoardSession>,
    last_seq: u32,
    /// The last counter of each endpoint: an older report is dropped.
    counters: HashMap<Endpoint, NonZeroU32>,
    clock: ClockOffset,
    /// Who it says that it is, and what is thought of that.
    pub(super) told: Told,
    vitals: Vitals,
    pub(super) standing: Standing,
    /// Whether what it told is on its way to the disk, or was.
    pub(super) noted: bool,
    /// Whether it was told that its packets come from elsewhere.
    pub(super) neighbour_told: bool,
    /// Relays that it described and that have not been looked at yet.
    described: Option<Vec<Endpoint>>,
    /// Whether it said that it takes wishes, and the last settings that it told, of at most [`MAX_RELAYS`], which have not been
    /// looked at yet.
    configures: Option<bool>,
    settings: BTreeMap<Endpoint, RelaySettings>,
    /// The last reports of relays whose switch is not on disk yet, or of a board that is not believed; at most
    /// [`MAX_RELAYS`], as the counters.
    early: Vec<Report>,
}

/// A connection that takes commands now.
pub(super) struct Commandable<'a> {
    pub(super) link: LinkId,
    pub(super) session: BoardSession,
    link_state: &'a mut Link,
}

impl Commandable<'_> {
    /// The name of the next command.
    pub(super) fn next_order(&mut self) -> Option<OrderId> {
        self.link_state.last_seq = self.link_state.last_seq.checked_add(1)?;
        Some(OrderId { session: self.session, seq: NonZeroU32::new(self.link_state.last_seq)? })
    }

    /// `instant` on the board's clock, milliseconds.
    pub(super) fn on_board(&mut self, instant: Mono, now: Mono) -> Option<u64> {
        self.link_state.clock.on_board(instant, now)
    }
}

impl Presence {
    pub(super) fn availability(&self) -> Availability {
        let Some(link) = &self.link else { return Availability::Offline };
        match link.standing {
            Standing::Quarantined(_) => Availability::Quarantined,
            Standing::Believed if link.ready && link.native && link.session.is_some() => Availability::Online,
            Standing::Believed | Standing::Unproven => Availability::Offline,
        }
    }

    /// What becomes of a wish that cannot be sent.
    pub(super) fn unsent(&self) -> Fulfilment {
        match self.availability() {
            Availability::Quarantined => Fulfilment::Refused(Reason::Quarantined),
            Availability::Online | Availability::Offline => Fulfilment::Offline,
        }
    }

    pub(super) fn quarantine(&self) -> Option<&Arc<Quarantine>> {
        self.link.as_ref()?.standing.quarantine()
    }

    pub(super) fn facts(&self) -> &BoardFacts {
        &self.facts
    }

    /// What the board says of its settings; of one that is away, what it said last.
    pub(super) fn settings(&self) -> &Arc<BoardSettings> {
        &self.settings
    }

    /// Takes a setting of a relay. True when it is news.
    pub(super) fn learn_setting(&mut self, relay: Endpoint, setting: RelaySetting) -> bool {
        if !self.settings.relays.contains_key(&relay) && self.settings.relays.len() == MAX_RELAYS {
            return false;
        }
        Arc::make_mut(&mut self.settings).relays.entry(relay).or_default().learn(setting)
    }

    /// Takes what a board that is believed said of its settings. True when it is news.
    fn learn_settings(&mut self) -> bool {
        let Some(link) = self.link.as_mut().filter(|link| link.is_believed()) else { return false };
        let (configures, told) = (link.configures.take(), std::mem::take(&mut link.settings));
        let mut news = false;
        if let Some(configurable) = configures.filter(|configures| *configures != self.settings.configurable) {
            Arc::make_mut(&mut self.settings).configurable = configurable;
            news = true;
        }
        for (relay, settings) in told {
            for setting in settings.said() {
                news |= self.learn_setting(relay.clone(), setting);
            }
        }
        news
    }

    pub(super) fn last_seen_shown(&self) -> Option<Wall> {
        self.last_seen_shown.and_then(|(_, wall)| wall)
    }

    /// The connection to send a command by, when there is one.
    pub(super) fn commandable(&mut self) -> Option<Commandable<'_>> {
        if self.availability() != Availability::Online {
            return None;
        }
        let link = self.link.as_mut()?;
        Some(Commandable { link: link.id, session: link.session?, link_state: link })
    }

    /// What the board presented at the login of the present connection.
    pub(super) fn presented(&self) -> Option<SecretHash> {
        self.link.as_ref().map(|link| link.secret)
    }

    /// Whether the board says that it takes a new secret over the air.
    pub(super) fn rotates(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.rotates)
    }

    /// Whether the board says that it can be given another network over the air.
    pub(super) fn moves(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.moves)
    }

    /// Whether nobody can read along on the present connection.
    pub(super) fn private(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.private)
    }

    fn connected(
        &mut self,
        link: LinkId,
        address: Option<IpAddr>,
        (secret, private): (SecretHash, bool),
        standing: Standing,
    ) {
        (self.facts.address, self.facts.neighbour) = (address, None);
        self.link = Some(Link {
            id: link,
            secret,
            private,
            ready: false,
            native: false,
            rotates: false,
            moves: false,
            session: None,
            last_seq: 0,
            counters: HashMap::new(),
            clock: ClockOffset::default(),
            told: Told::default(),
            vitals: Vitals::default(),
            standing,
            noted: false,
            neighbour_told: false,
            described: None,
            configures: None,
            settings: BTreeMap::new(),
            early: Vec::new(),
        });
    }

    /// Where the packets of its present connection come from. False when it has another by now.
    pub(super) fn comes_from(&mut self, link: LinkId, mac: &Arc<str>) -> bool {
        let is_current = self.current(link).is_some();
        if is_current {
            self.facts.neighbour = Some(mac.clone());
        }
        is_current
    }

    fn current(&mut self, link: LinkId) -> Option<&mut Link> {
        self.link.as_mut().filter(|current| current.id == link)
    }

    /// Notes that the board talks. True when it is time to tell so.
    fn seen(&mut self, now: &Now) -> bool {
        self.last_seen = Some((now.mono, now.stamp()));
        let due = self.last_seen_shown.is_none_or(|(at, _)| now.mono.since(at) >= LAST_SEEN_STEP);
        if due {
            self.last_seen_shown = self.last_seen;
        }
        due
    }

    fn show_last_seen(&mut self) {
        self.last_seen_shown = self.last_seen;
    }

    /// Takes what the board told of itself. True when it is news. Of a board that is not believed nothing is taken.
    fn learn(&mut self) -> bool {
        let Some(link) = self.link.as_ref().filter(|link| link.is_believed()) else { return false };
        let Told { chip, mac, model, firmware } = &link.told;
        let facts = &mut self.facts;
        let pairs = [
            (&mut facts.chip, chip),
            (&mut facts.mac, mac),
            (&mut facts.model, model),
            (&mut facts.firmware, firmware),
        ];
        let mut news = false;
        for (known, told) in pairs {
            if told.is_some() && known != told {
                (news, *known) = (true, told.clone());
            }
        }
        news
    }
}

impl Link {
    pub(super) fn is_believed(&self) -> bool {
        matches!(self.standing, Standing::Believed)
    }

    fn describe(&mut self, description: Description) {
        (self.native, self.rotates, self.moves) = (description.native, description.rotates, description.moves);
        self.configures = Some(description.configures);
        self.described = description.native.then_some(description.relays);
    }

    fn is_set(&mut self, relay: Endpoint, setting: RelaySetting) {
        if let Some(settings) = self.settings.get_mut(&relay) {
            settings.learn(setting);
        } else if self.settings.len() < MAX_RELAYS {
            self.settings.entry(relay).or_default().learn(setting);
        }
    }

    fn is_told(&mut self, fact: Fact) {
        match fact {
            Fact::Model(model) => self.told.model = Some(model),
            Fact::Firmware(firmware) => self.told.firmware = Some(firmware),
            // Nothing becomes other hardware on one connection: it is judged by what it said first.
            Fact::Mac(mac) => drop(self.told.mac.get_or_insert(mac)),
            Fact::Chip(chip) => drop(self.told.chip.get_or_insert(chip)),
            Fact::Uptime(uptime_ms) => self.vitals.uptime_ms = Some(uptime_ms),
            Fact::Rssi(rssi_dbm) => self.vitals.rssi_dbm = Some(rssi_dbm),
            Fact::FreeHeap(bytes) => self.vitals.free_heap_bytes = Some(bytes),
            Fact::RestartReason(reason) => self.vitals.restart_reason = Some(reason),
        }
    }

    /// Whether a report is of this session and newer than the last of its endpoint.
    fn accepts(&mut self, report: &Report, dropped: &mut Dropped) -> bool {
        if self.session != Some(report.session) {
            dropped.other_session += 1;
            return false;
        }
        if let Some(last) = self.counters.get_mut(&report.endpoint) {
            let newer = report.counter > *last;
            *last = report.counter.max(*last);
            dropped.old_counter += u64::from(!newer);
            return newer;
        }
        let room = self.counters.len() < MAX_RELAYS;
        if room {
            self.counters.insert(report.endpoint.clone(), report.counter);
        }
        dropped.too_many_endpoints += u64::from(!room);
        room
    }
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
