//! Whether boards are there: the present connection of each, and what came by it.

use super::boards::Dropped;
use super::clock_offset::ClockOffset;
use super::health::Condition;
use super::verification::Standing;
use crate::board_settings::{BoardSettings, Fulfilment, RelaySetting, RelaySettings};
use crate::command::{BoardSession, OrderId, Reason};
use crate::device::{BoardFacts, Description, Fact, MAX_RELAYS, Report, SecretHash};
use crate::health::Vitals;
use crate::ids::LinkId;
use crate::name::Endpoint;
use crate::quarantine::{Quarantine, Told};
use crate::time::{Mono, Now, Wall};
use crate::view::Availability;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

/// How often "last seen" is told again while a board talks.
const LAST_SEEN_STEP: Duration = Duration::from_secs(30);

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
    pub(super) session: Option<BoardSession>,
    last_seq: u32,
    /// The last counter of each endpoint: an older report is dropped.
    counters: HashMap<Endpoint, NonZeroU32>,
    pub(super) clock: ClockOffset,
    /// Who it says that it is, and what is thought of that.
    pub(super) told: Told,
    pub(super) vitals: Vitals,
    pub(super) standing: Standing,
    /// Whether what it told is on its way to the disk, or was.
    pub(super) noted: bool,
    /// Whether it was told that its packets come from elsewhere.
    pub(super) neighbour_told: bool,
    /// Relays that it described and that have not been looked at yet.
    pub(super) described: Option<Vec<Endpoint>>,
    /// Whether it said that it takes wishes, and the last settings that it told, of at most [`MAX_RELAYS`], which have not been
    /// looked at yet.
    configures: Option<bool>,
    settings: BTreeMap<Endpoint, RelaySettings>,
    /// The last reports of relays whose switch is not on disk yet, or of a board that is not believed; at most
    /// [`MAX_RELAYS`], as the counters.
    pub(super) early: Vec<Report>,
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
    pub(super) fn learn_settings(&mut self) -> bool {
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

    pub(super) fn connected(
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

    pub(super) fn current(&mut self, link: LinkId) -> Option<&mut Link> {
        self.link.as_mut().filter(|current| current.id == link)
    }

    /// Notes that the board talks. True when it is time to tell so.
    pub(super) fn seen(&mut self, now: &Now) -> bool {
        self.last_seen = Some((now.mono, now.stamp()));
        let due = self.last_seen_shown.is_none_or(|(at, _)| now.mono.since(at) >= LAST_SEEN_STEP);
        if due {
            self.last_seen_shown = self.last_seen;
        }
        due
    }

    pub(super) fn show_last_seen(&mut self) {
        self.last_seen_shown = self.last_seen;
    }

    /// Takes what the board told of itself. True when it is news. Of a board that is not believed nothing is taken.
    pub(super) fn learn(&mut self) -> bool {
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

    pub(super) fn describe(&mut self, description: Description) {
        (self.native, self.rotates, self.moves) = (description.native, description.rotates, description.moves);
        self.configures = Some(description.configures);
        self.described = description.native.then_some(description.relays);
    }

    pub(super) fn is_set(&mut self, relay: Endpoint, setting: RelaySetting) {
        if let Some(settings) = self.settings.get_mut(&relay) {
            settings.learn(setting);
        } else if self.settings.len() < MAX_RELAYS {
            self.settings.entry(relay).or_default().learn(setting);
        }
    }

    pub(super) fn is_told(&mut self, fact: Fact) {
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
    pub(super) fn accepts(&mut self, report: &Report, dropped: &mut Dropped) -> bool {
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
