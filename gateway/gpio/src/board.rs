//! The header in the words of a board: it takes orders with a name and a deadline, and says what came of them.

use crate::kept::{Kept, KeptRelay};
use crate::pins::Pins;
use crate::relays::Relays;
use crate::reset_button::{Hold, ResetButton};
use crate::{Wired, endpoint};
use gatehouse_core::board_settings::{ConfigOrder, Configured, RelaySetting, Wish};
use gatehouse_core::command::{BoardSession, OrderId, Reason};
use gatehouse_core::device::{BoardState, Description, Fact, Order, Refusal, Report, Said};
use gatehouse_core::name::Endpoint;
use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::Arc;

/// How long relays must be quiet before their states are written down, for those that come back as they were, milliseconds.
const QUIET_MS: u64 = 1_000;
/// How long that may take at the most.
const LATEST_MS: u64 = 10_000;
/// How often it says that it is there, milliseconds.
const HEARTBEAT_MS: u64 = 30_000;

/// What the home orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderOrder {
    /// A relay.
    Switch(Order),
    /// Another setting.
    Configure(ConfigOrder),
}

/// A setting that may hold once it is on disk.
#[derive(Debug)]
pub(crate) struct Change {
    order: OrderId,
    relay: usize,
    setting: RelaySetting,
    settings: KeptRelay,
}

/// When states are to be written down.
#[derive(Clone, Copy, Debug)]
struct ToKeep {
    due_ms: u64,
    latest_ms: u64,
}

/// The rules of the header, without pins of its own and without a clock: times are milliseconds since it started.
#[derive(Debug)]
pub struct Board<P> {
    relays: Relays<P>,
    /// As it is on disk.
    kept: Kept,
    boot: String,
    model: Arc<str>,
    status_light: Option<u8>,
    /// The button that takes the home away, and its pin.
    reset: Option<(u8, ResetButton)>,
    session: BoardSession,
    last_seq: u32,
    counter: NonZeroU32,
    /// Whether the home knows it, so that it talks.
    known: bool,
    to_say: VecDeque<Said>,
    /// Whether it has yet to say that it takes orders, behind all else.
    says_ready: bool,
    heartbeat_ms: u64,
    to_keep: Option<ToKeep>,
}

impl<P: Pins> Board<P> {
    /// Puts relays where they belong, at once. `boot` names this boot of the machine, so that relays which were driven in it already stay
    /// as they are; `model` is what the machine calls itself; `session` must be another in each run of the daemon.
    pub fn start(pins: P, wired: &Wired, kept: Kept, boot: &str, (model, session): (&str, BoardSession)) -> Self {
        let known = |pin: u8| kept.relays.get(&pin).copied().unwrap_or_default();
        let all: Vec<_> = wired.relays.iter().map(|relay| (*relay, known(relay.pin))).collect();
        let relays = Relays::start(pins, &all, !boot.is_empty() && kept.boot == boot);
        let reset = wired.reset_button.map(|pin| (pin, ResetButton::new(!relays.pins.read(pin))));
        let to_keep = (kept.boot != boot).then_some(ToKeep { due_ms: 0, latest_ms: 0 });
        Self {
            relays,
            kept,
            boot: boot.to_owned(),
            model: model.into(),
            status_light: wired.status_light,
            reset,
            session,
            last_seq: 0,
            counter: NonZeroU32::MIN,
            known: false,
            to_say: VecDeque::new(),
            says_ready: false,
            heartbeat_ms: HEARTBEAT_MS,
            to_keep,
        }
    }

    /// The home knows it from now on: it says who it is, what it can do, and how its relays are.
    pub(crate) fn introduce(&mut self, now_ms: u64) {
        self.known = true;
        let relays = self.relays.all.iter().map(|relay| relay.endpoint.clone()).collect();
        self.to_say.extend([
            Said::State(BoardState::Init),
            Said::Description(Description { native: true, rotates: false, configures: true, moves: false, relays }),
            Said::Fact(Fact::Model(self.model.clone())),
            Said::Session(self.session, now_ms),
        ]);
        for at in 0..self.relays.all.len() {
            self.say_settings(at);
            self.relays.all[at].owed = true;
        }
        self.says_ready = true;
    }

    /// Whether there is something to say.
    pub(crate) fn has_to_say(&self) -> bool {
        self.known && (!self.to_say.is_empty() || self.says_ready || self.relays.all.iter().any(|relay| relay.owed))
    }

    /// The next thing to say, as it is now.
    pub(crate) fn say(&mut self, now_ms: u64) -> Option<Said> {
        if !self.known {
            return None;
        }
        if let Some(said) = self.to_say.pop_front() {
            return Some(said);
        }
        if let Some(relay) = self.relays.all.iter_mut().find(|relay| relay.owed) {
            relay.owed = false;
            let counter = self.counter;
            self.counter = counter.saturating_add(1);
            return Some(Said::Report(Report {
                session: self.session,
                counter,
                uptime_ms: now_ms,
                endpoint: relay.endpoint.clone(),
                on: relay.on,
                cause: relay.cause,
                obeyed: relay.obeyed,
            }));
        }
        std::mem::take(&mut self.says_ready).then_some(Said::State(BoardState::Ready))
    }

    /// A command: obeyed, or refused.
    pub(crate) fn order(&mut self, order: &Order, now_ms: u64) {
        let carried_out = match self.admits(order.id, order.deadline_ms, now_ms) {
            true => self.relays.obey(&order.endpoint, order.on, order.id, now_ms),
            false => Err(Reason::Stale),
        };
        self.after(now_ms);
        if let Err(reason) = carried_out {
            self.refuse(order.id, order.endpoint.clone(), reason, now_ms);
        }
    }

    /// A wish. What is to be written before it holds, when it is to be another than it is.
    pub(crate) fn configure(&mut self, order: &ConfigOrder, now_ms: u64) -> Option<(Kept, Change)> {
        let Wish::Relay(relay, setting) = &order.wish else {
            self.refuse(order.id, endpoint(0), Reason::UnknownEndpoint, now_ms);
            return None;
        };
        let may = match self.admits(order.id, order.deadline_ms, now_ms) {
            true => self.relays.find(relay).and_then(|at| Ok((at, self.relays.with(at, *setting)?))),
            false => Err(Reason::Stale),
        };
        match may {
            Err(reason) => {
                self.refuse(order.id, relay.clone(), reason, now_ms);
                None
            }
            Ok((at, settings)) => {
                let change = Change { order: order.id, relay: at, setting: *setting, settings };
                if self.relays.all[at].settings == settings {
                    self.settle(&change, true, now_ms);
                    return None;
                }
                let mut kept = self.kept();
                kept.relays.insert(self.relays.all[at].pin(), settings.being(self.relays.all[at].on));
                Some((kept, change))
            }
        }
    }

    /// What was to be written is, or could not be.
    pub(crate) fn settle(&mut self, change: &Change, stored: bool, now_ms: u64) {
        let at = change.relay;
        let endpoint = self.relays.all[at].endpoint.clone();
        if !stored {
            return self.refuse(change.order, endpoint, Reason::NotStored, now_ms);
        }
        self.relays.set(at, change.settings, now_ms);
        self.keep_soon(now_ms);
        let value = change.setting.to_string().into();
        self.to_say.push_back(Said::Configured(Configured { order: change.order, uptime_ms: now_ms, endpoint, value }));
        self.say_settings(at);
        self.after(now_ms);
    }

    /// A button may be pressed or let go, or something is due.
    pub(crate) fn tick(&mut self, now_ms: u64) {
        self.relays.tick(now_ms);
        self.after(now_ms);
        if now_ms >= self.heartbeat_ms {
            self.heartbeat_ms = now_ms + HEARTBEAT_MS;
            // While there is more to say it is heard anyway.
            if self.known && self.to_say.is_empty() {
                self.to_say.push_back(Said::Fact(Fact::Uptime(now_ms)));
            }
        }
    }

    /// The reset button may be pressed or let go, or was held for its time.
    pub(crate) fn look_at_reset(&mut self, now_ms: u64) -> Option<Hold> {
        let (pin, button) = self.reset.as_mut()?;
        button.sample(!self.relays.pins.read(*pin), now_ms)
    }

    /// Whether somebody holds the reset button, and may still let it go.
    pub(crate) fn is_reset_held(&self) -> bool {
        self.reset.is_some_and(|(_, button)| button.is_held())
    }

    /// Whether the reset button was down from the start on, and is.
    pub(crate) fn is_reset_stuck(&self) -> bool {
        self.reset.is_some_and(|(_, button)| button.is_stuck())
    }

    /// When it wants to be called without anything happening.
    pub(crate) fn due_ms(&self) -> u64 {
        let reset = self.reset.and_then(|(_, button)| button.due_ms());
        self.relays.due_ms().into_iter().chain(reset).fold(self.heartbeat_ms, u64::min)
    }

    /// When [`Self::take_due`] has something.
    pub(crate) fn keeping_due_ms(&self) -> Option<u64> {
        self.to_keep.map(|keep| keep.due_ms)
    }

    /// What is to be written down by now, if it is another than was written last.
    pub(crate) fn take_due(&mut self, now_ms: u64) -> Option<Kept> {
        self.to_keep.take_if(|keep| keep.due_ms <= now_ms)?;
        Some(self.kept()).filter(|kept| *kept != self.kept)
    }

    /// What was handed out is on disk.
    pub(crate) fn is_kept(&mut self, kept: Kept) {
        self.kept = kept;
    }

    /// The gateway stops.
    pub(crate) fn stop(&mut self, now_ms: u64) -> Option<Kept> {
        self.relays.stop(now_ms);
        self.after(now_ms);
        Some(self.kept()).filter(|kept| *kept != self.kept)
    }

    /// Shows the status light on or off, if there is one.
    pub(crate) fn light(&mut self, on: bool) {
        if let Some(pin) = self.status_light {
            self.relays.pins.write(pin, on);
        }
    }

    pub(crate) fn has_light(&self) -> bool {
        self.status_light.is_some()
    }

    /// All that is to be on disk, as it is now.
    fn kept(&self) -> Kept {
        let mut kept = Kept { boot: self.boot.clone(), relays: self.kept.relays.clone() };
        let now = self.relays.all.iter().map(|relay| (relay.pin(), relay.settings.being(relay.on)));
        kept.relays.extend(now);
        kept
    }

    fn after(&mut self, now_ms: u64) {
        if self.relays.take_moved() {
            self.keep_soon(now_ms);
        }
    }

    /// States are worth a write only for relays that come back as they were, and only if they are others than on disk.
    fn keep_soon(&mut self, now_ms: u64) {
        if self.kept() == self.kept {
            return;
        }
        let latest_ms = self.to_keep.map_or(now_ms + LATEST_MS, |keep| keep.latest_ms);
        self.to_keep = Some(ToKeep { due_ms: (now_ms + QUIET_MS).min(latest_ms), latest_ms });
    }

    /// A command passes once, in order, in this session and in time.
    fn admits(&mut self, order: OrderId, deadline_ms: u64, now_ms: u64) -> bool {
        if order.session != self.session || order.seq.get() <= self.last_seq {
            return false;
        }
        self.last_seq = order.seq.get();
        deadline_ms > now_ms
    }

    fn refuse(&mut self, order: OrderId, endpoint: Endpoint, reason: Reason, now_ms: u64) {
        self.to_say.push_back(Said::Refusal(Refusal { order, uptime_ms: now_ms, endpoint, reason }));
    }

    fn say_settings(&mut self, at: usize) {
        let relay = &self.relays.all[at];
        let said = relay.setting().map(|setting| Said::Setting(relay.endpoint.clone(), setting));
        self.to_say.extend(said);
    }
}

#[cfg(test)]
mod tests;
