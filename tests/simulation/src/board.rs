//! A board as `gateway/wire/PROTOCOL.md` has it: what it obeys, what it refuses, what it reports. It is also the truth
//! the home is judged by: which order really moved which relay.

use crate::rng::Rng;
use gatehouse_core::command::{BoardSession, OrderId, Reason};
use gatehouse_core::device::{
    BoardState, Cause, Description, Fact, NewSecret, Order, Refusal, Report, Said, Secret, SecretHash,
};
use gatehouse_core::name::{BoardId, Endpoint};
use gatehouse_core::onboarding::Hardware;
use std::collections::HashMap;
use std::num::NonZeroU32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PowerOn {
    Off,
    On,
    Restore,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Welded: it reads back what it was, whatever is written.
    Stuck,
    /// The firmware does not know this relay any more.
    Gone,
}

#[derive(Debug)]
pub(crate) struct Relay {
    pub(crate) endpoint: Endpoint,
    pub(crate) pin: bool,
    pub(crate) fault: Fault,
    policy: PowerOn,
    cause: Cause,
    obeyed: Option<OrderId>,
    /// Microseconds of the world; until then commands are refused.
    pulse_until: Option<u64>,
}

/// What became of an order that a board obeyed.
#[derive(Debug)]
pub(crate) struct Obeyed {
    pub(crate) endpoint: Endpoint,
    pub(crate) on: bool,
    pub(crate) read_back: bool,
    /// Whether the relay was moved by something else since.
    pub(crate) moved_since: bool,
}

/// Stands in for the edge's hash.
pub(crate) fn hash_of(secret: &Secret) -> SecretHash {
    let mut hash = [0; 32];
    hash[..16].copy_from_slice(secret.reveal().as_bytes());
    SecretHash(hash)
}

#[derive(Debug)]
pub(crate) struct Board {
    pub(crate) id: BoardId,
    pub(crate) secret: SecretHash,
    /// Which hardware it is: 0 is its own, 1 another with the same flash.
    hardware: usize,
    /// A new secret that the gateway has not answered yet.
    pub(crate) candidate: Option<SecretHash>,
    pub(crate) relays: Vec<Relay>,
    pub(crate) powered: bool,
    pub(crate) conn: Option<usize>,
    pub(crate) obeyed: HashMap<OrderId, Obeyed>,
    /// Reports of earlier sessions, which a faulty firmware might send once more.
    pub(crate) old_reports: Vec<Report>,
    /// Whether relays 1 and 2 must not be on together; by switching the other off, or by refusing.
    interlock: Option<bool>,
    booted: u64,
    drift_ppm: i64,
    counter: u32,
    session: Option<BoardSession>,
    seen: u32,
}

impl Board {
    pub(crate) fn new(index: usize, rng: &mut Rng) -> Self {
        let relays = (1..=rng.between(1, 4)).map(|number| Relay {
            endpoint: Endpoint::relay(usize::try_from(number).unwrap_or(1)),
            pin: false,
            fault: Fault::None,
            policy: rng.pick(&[PowerOn::Off, PowerOn::On, PowerOn::Restore]),
            cause: Cause::Boot,
            obeyed: None,
            pulse_until: None,
        });
        let relays: Vec<_> = relays.collect();
        let interlock = (relays.len() > 1 && rng.per_mille(300)).then(|| rng.coin());
        let mut board = Self {
            id: BoardId::new(&format!("relay-{index}")).expect("a board id"),
            secret: SecretHash([u8::try_from(index).unwrap_or(0); 32]),
            hardware: 0,
            candidate: None,
            relays,
            powered: true,
            conn: None,
            obeyed: HashMap::new(),
            old_reports: Vec::new(),
            interlock,
            booted: 0,
            drift_ppm: i64::try_from(rng.below(300)).unwrap_or(0) - 150,
            counter: 0,
            session: None,
            seen: 0,
        };
        board.boot(0);
        board
    }

    /// Its monotonic clock, milliseconds.
    pub(crate) fn uptime_ms(&self, t: u64) -> u64 {
        let true_micros = i128::from(t - self.booted);
        let drifted = true_micros * i128::from(1_000_000 + self.drift_ppm) / 1_000_000;
        u64::try_from(drifted / 1_000).unwrap_or(0) + 312
    }

    pub(crate) fn boot(&mut self, t: u64) {
        (self.powered, self.booted, self.counter, self.session) = (true, t, 0, None);
        for index in 0..self.relays.len() {
            let pin = match self.relays[index].policy {
                PowerOn::Off => false,
                PowerOn::On => true,
                PowerOn::Restore => self.relays[index].pin,
            };
            self.relays[index].pulse_until = None;
            self.moved(index, pin, Cause::Boot);
            self.relays[index].obeyed = None;
        }
        if self.interlock.is_some() && self.relays[0].pin {
            self.relays[1].pin = false;
        }
    }

    fn moved(&mut self, index: usize, pin: bool, cause: Cause) {
        let relay = &mut self.relays[index];
        if relay.fault != Fault::Stuck {
            relay.pin = pin;
        }
        relay.cause = cause;
        if cause != Cause::Command
            && let Some(obeyed) = relay.obeyed.and_then(|order| self.obeyed.get_mut(&order))
        {
            obeyed.moved_since = true;
        }
    }

    /// What it says on a new connection, up to the reports; `ready` follows once it is subscribed.
    pub(crate) fn introduce(&mut self, t: u64, rng: &mut Rng) -> Vec<Said> {
        let drawn = u32::try_from(rng.next() >> 32).unwrap_or(1);
        let session = BoardSession(NonZeroU32::new(drawn).unwrap_or(NonZeroU32::MIN));
        (self.session, self.seen) = (Some(session), 0);
        let known = self.relays.iter().filter(|relay| relay.fault != Fault::Gone);
        let description = Description {
            native: true,
            rotates: true,
            configures: false,
            moves: false,
            relays: known.map(|relay| relay.endpoint.clone()).collect(),
        };
        let mut words = vec![
            Said::State(BoardState::Init),
            Said::Description(description),
            Said::Fact(Fact::Model("NodeMCU".into())),
            Said::Fact(Fact::Mac(format!("{}, MAC {}", self.id, self.hardware).into())),
            Said::Fact(Fact::Chip(self.chip(self.hardware).into())),
            Said::Fact(Fact::Uptime(self.uptime_ms(t))),
            Said::Session(session, self.uptime_ms(t)),
        ];
        words.extend((0..self.relays.len()).filter_map(|index| self.report(t, index)));
        words
    }

    fn report(&mut self, t: u64, index: usize) -> Option<Said> {
        self.conn?;
        let session = self.session?;
        self.counter += 1;
        let relay = &self.relays[index];
        let report = Report {
            session,
            counter: NonZeroU32::new(self.counter)?,
            uptime_ms: self.uptime_ms(t),
            endpoint: relay.endpoint.clone(),
            on: relay.pin,
            cause: relay.cause,
            obeyed: relay.obeyed,
        };
        self.old_reports.push(report.clone());
        if self.old_reports.len() > 6 {
            self.old_reports.remove(0);
        }
        Some(Said::Report(report))
    }

    /// A command arrived. A moody firmware does not take every value.
    pub(crate) fn take(&mut self, t: u64, order: &Order, moody: bool, rng: &mut Rng) -> Vec<Said> {
        let uptime_ms = self.uptime_ms(t);
        let refuse = |reason| {
            let endpoint = order.endpoint.clone();
            vec![Said::Refusal(Refusal { order: order.id, uptime_ms, endpoint, reason })]
        };
        if self.session != Some(order.id.session) || order.id.seq.get() <= self.seen {
            return refuse(Reason::Stale);
        }
        self.seen = order.id.seq.get();
        if order.deadline_ms <= uptime_ms {
            return refuse(Reason::Stale);
        }
        let known = |relay: &Relay| relay.endpoint == order.endpoint && relay.fault != Fault::Gone;
        let Some(index) = self.relays.iter().position(known) else { return refuse(Reason::UnknownEndpoint) };
        if moody && rng.per_mille(3) {
            return refuse(Reason::BadValue);
        }
        if self.relays[index].pulse_until.is_some_and(|until| t < until) {
            return refuse(Reason::HeldByPulse);
        }
        let mut words = Vec::new();
        let other = 1 - index.min(1);
        if let Some(switches_off) = self.interlock
            && index < 2
            && order.on
            && self.relays[other].pin
        {
            if !switches_off || self.relays[other].fault != Fault::None {
                return refuse(Reason::Interlocked);
            }
            self.moved(other, false, Cause::Interlock);
            words.extend(self.report(t, other));
        }
        self.moved(index, order.on, Cause::Command);
        let relay = &mut self.relays[index];
        relay.obeyed = Some(order.id);
        let obeyed =
            Obeyed { endpoint: order.endpoint.clone(), on: order.on, read_back: relay.pin, moved_since: false };
        assert!(self.obeyed.insert(order.id, obeyed).is_none(), "a board obeyed {:?} twice", order.id);
        words.extend(self.report(t, index));
        words
    }

    fn chip(&self, hardware: usize) -> String {
        format!("{}, chip {hardware}", self.id)
    }

    /// Somebody puts another board there, with a copy of its flash; or the one before.
    pub(crate) fn swap(&mut self) {
        self.hardware = 1 - self.hardware;
    }

    /// The board that the gateway knows is put there again.
    pub(crate) fn swap_back(&mut self, known: &Hardware) {
        let hardware = (0..2).find(|hardware| self.chip(*hardware) == *known.chip);
        self.hardware = hardware.expect("one of both is on record");
    }

    /// What it logs in with.
    pub(crate) fn presents(&self) -> SecretHash {
        self.candidate.unwrap_or(self.secret)
    }

    /// A new secret arrived. Whether it comes back with it.
    pub(crate) fn take_secret(&mut self, new: &NewSecret) -> bool {
        if self.session != Some(new.id.session) || new.id.seq.get() <= self.seen {
            return false;
        }
        self.seen = new.id.seq.get();
        self.candidate = Some(hash_of(&new.secret));
        true
    }

    /// A hand on the wall button of a relay.
    pub(crate) fn press(&mut self, t: u64, index: usize) -> Vec<Said> {
        if self.relays[index].pulse_until.is_some_and(|until| t < until) {
            return Vec::new();
        }
        let wanted = !self.relays[index].pin;
        self.moved(index, wanted, Cause::Button);
        self.report(t, index).into_iter().collect()
    }

    /// A garage door's button: on for a moment.
    pub(crate) fn pulse(&mut self, t: u64, index: usize, until: u64) -> Vec<Said> {
        let words = if self.relays[index].pin { Vec::new() } else { self.press(t, index) };
        self.relays[index].pulse_until = Some(until);
        words
    }

    pub(crate) fn end_pulse(&mut self, t: u64, index: usize) -> Vec<Said> {
        if self.relays[index].pulse_until != Some(t) || !self.powered {
            return Vec::new();
        }
        self.relays[index].pulse_until = None;
        self.moved(index, false, Cause::Pulse);
        self.report(t, index).into_iter().collect()
    }

    pub(crate) fn heal(&mut self) {
        for relay in &mut self.relays {
            relay.fault = Fault::None;
            relay.pulse_until = None;
        }
    }
}
