//! What moves relays: commands, wall buttons, interlocks, the end of a pulse, the start. The same rules as on a board, in
//! `firmware/lib/core/board_relays.cpp`.

use crate::debounce::Debouncer;
use crate::kept::KeptRelay;
use crate::pins::Pins;
use crate::{RelayPin, endpoint};
use gatehouse_core::board_settings::{PowerOn, Pulse, RelaySetting};
use gatehouse_core::command::{OrderId, Reason};
use gatehouse_core::device::Cause;
use gatehouse_core::name::Endpoint;

/// From the moment one relay of a group went off to the moment another may go on: contacts and motors need it. Less than the 500 ms by
/// which a board's deadline lies before the gateway's.
const GAP_MS: u64 = 300;
/// A relay whose pulse is over and that reads on all the same is told again.
const RETRY_MS: u64 = 1_000;

/// A relay that is to go on once its group allows it.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    due_ms: u64,
    /// The command that asked; none: the wall button.
    order: Option<OrderId>,
}

#[derive(Debug)]
pub(crate) struct Relay {
    wired: RelayPin,
    pub(crate) endpoint: Endpoint,
    pub(crate) settings: KeptRelay,
    /// What the pin read when it was last looked at.
    pub(crate) on: bool,
    /// What moved it last.
    pub(crate) cause: Cause,
    /// The last command that it obeyed in this run.
    pub(crate) obeyed: Option<OrderId>,
    /// Whether there is something to report.
    pub(crate) owed: bool,
    /// When it last went off in this run.
    off_ms: Option<u64>,
    pulse_due_ms: Option<u64>,
    waiting: Option<Waiting>,
    button: Option<Debouncer>,
}

impl Relay {
    pub(crate) fn pin(&self) -> u8 {
        self.wired.pin
    }

    /// The level of the pin while the load is on.
    fn level(&self, on: bool) -> bool {
        on ^ self.wired.wiring.normally_closed ^ self.wired.wiring.active_low
    }

    pub(crate) fn setting(&self) -> [RelaySetting; 4] {
        let KeptRelay { power_on, pulse, interlock, .. } = self.settings;
        [
            RelaySetting::PowerOn(power_on),
            RelaySetting::Pulse(pulse),
            RelaySetting::Interlock(interlock),
            RelaySetting::Wiring(self.wired.wiring),
        ]
    }

    fn same_group(&self, other: &Self) -> bool {
        self.settings.interlock != 0 && self.settings.interlock == other.settings.interlock
    }
}

/// All relays of the header.
#[derive(Debug)]
pub(crate) struct Relays<P> {
    pub(crate) pins: P,
    pub(crate) all: Vec<Relay>,
    /// Whether one has moved, but by its power-on setting, since this was last taken away.
    moved: bool,
}

impl<P: Pins> Relays<P> {
    /// Puts the relays where they belong. `running`: the machine has not booted since they were last driven, so that they are as they
    /// were, and stay so; but one with a pulse, whose end nobody was there for, goes off.
    pub(crate) fn start(pins: P, wired: &[(RelayPin, KeptRelay)], running: bool) -> Self {
        let mut relays = Self { pins, all: Vec::with_capacity(wired.len()), moved: false };
        for &(wired, settings) in wired {
            let button = wired.button.map(|pin| Debouncer::new(!relays.pins.read(pin)));
            let endpoint = endpoint(wired.pin);
            let mut relay = Relay {
                wired,
                endpoint,
                settings,
                on: false,
                cause: Cause::Boot,
                obeyed: None,
                owed: true,
                off_ms: None,
                pulse_due_ms: None,
                waiting: None,
                button,
            };
            let was = relays.pins.driven(wired.pin).filter(|_| running).map(|level| level == relay.level(true));
            let wanted = match (was, settings.power_on) {
                _ if settings.pulse.millis() > 0 => false,
                (Some(was), _) => was,
                (None, PowerOn::Off) => false,
                (None, PowerOn::On) => true,
                (None, PowerOn::Restore) => settings.on,
            };
            // The first of a group wins.
            let free = !relays.all.iter().any(|other| other.on && other.same_group(&relay));
            relay.cause = match was {
                Some(true) if !wanted => Cause::Pulse,
                Some(true) if !free => Cause::Interlock,
                _ => Cause::Boot,
            };
            relays.pins.write(wired.pin, relay.level(wanted && free));
            relay.on = relays.pins.read(wired.pin) == relay.level(true);
            relays.all.push(relay);
        }
        relays
    }

    /// Carries a command out, as far as it can be now; the report names it once it is. Or says why not.
    pub(crate) fn obey(&mut self, relay: &Endpoint, on: bool, order: OrderId, now_ms: u64) -> Result<(), Reason> {
        let at = self.find(relay)?;
        if on && self.all[at].pulse_due_ms.is_some() {
            return Err(Reason::HeldByPulse);
        }
        if on && !self.clear_group(at, now_ms) {
            return Err(Reason::Interlocked);
        }
        self.turn(at, on, Some(order), now_ms);
        Ok(())
    }

    /// Looks at the buttons: a wall button turns its relay over.
    pub(crate) fn look_at_buttons(&mut self, now_ms: u64) {
        for at in 0..self.all.len() {
            let relay = &mut self.all[at];
            let (Some(pin), Some(button)) = (relay.wired.button, relay.button.as_mut()) else { continue };
            if button.sample(!self.pins.read(pin), now_ms) {
                let on = !self.reads(at) && self.all[at].waiting.is_none();
                if !on || self.clear_group(at, now_ms) {
                    self.turn(at, on, None, now_ms);
                }
            }
        }
    }

    /// What is due by now.
    pub(crate) fn tick(&mut self, now_ms: u64) {
        self.look_at_buttons(now_ms);
        for at in 0..self.all.len() {
            if let Some(waiting) = self.all[at].waiting.take_if(|waiting| waiting.due_ms <= now_ms) {
                // None of its group was turned on meanwhile, or this one would not wait any more. But a contact may be welded.
                if self.clear_group(at, now_ms) {
                    self.put(at, true, waiting.order, now_ms);
                }
            }
            if self.all[at].pulse_due_ms.is_some_and(|due| due <= now_ms) {
                self.all[at].pulse_due_ms = Some(now_ms + RETRY_MS);
                self.shift(at, false, Cause::Pulse, now_ms);
            }
        }
    }

    /// The gateway stops: nobody is there for the end of a pulse any more, so that it ends now, and nothing goes on later.
    pub(crate) fn stop(&mut self, now_ms: u64) {
        for at in 0..self.all.len() {
            self.all[at].waiting = None;
            if self.all[at].pulse_due_ms.is_some() {
                self.shift(at, false, Cause::Pulse, now_ms);
            }
        }
    }

    /// When there is something to do without anybody asking.
    pub(crate) fn due_ms(&self) -> Option<u64> {
        let due = |relay: &Relay| {
            let button = relay.button.as_ref().and_then(Debouncer::due_ms);
            let waiting = relay.waiting.map(|waiting| waiting.due_ms);
            relay.pulse_due_ms.into_iter().chain(button).chain(waiting).min()
        };
        self.all.iter().filter_map(due).min()
    }

    pub(crate) fn find(&self, relay: &Endpoint) -> Result<usize, Reason> {
        self.all.iter().position(|known| known.endpoint == *relay).ok_or(Reason::UnknownEndpoint)
    }

    /// A relay's settings with another one among them, if it may be.
    pub(crate) fn with(&self, at: usize, setting: RelaySetting) -> Result<KeptRelay, Reason> {
        let known = self.all[at].settings;
        let mut settings = known;
        match setting {
            RelaySetting::PowerOn(policy) if known.pulse.millis() > 0 && policy != PowerOn::Off => {
                return Err(Reason::BadValue);
            }
            RelaySetting::PowerOn(policy) => settings.power_on = policy,
            RelaySetting::Pulse(pulse) => {
                settings.pulse = pulse;
                // Such a relay always comes back off.
                if pulse != Pulse::default() {
                    settings.power_on = PowerOn::Off;
                }
            }
            RelaySetting::Interlock(group) => settings.interlock = group,
            // That stands in the configuration: it must be known before the pin is first driven.
            RelaySetting::Wiring(_) => return Err(Reason::BadValue),
        }
        let of_what_it_does = known.pulse != settings.pulse || known.interlock != settings.interlock;
        if of_what_it_does && (self.reads(at) || self.all[at].waiting.is_some()) {
            return Err(Reason::RelayOn);
        }
        Ok(settings)
    }

    /// These settings hold from now on. Somebody may have turned the relay on while they were written: then it goes by them.
    pub(crate) fn set(&mut self, at: usize, settings: KeptRelay, now_ms: u64) {
        self.all[at].settings = settings;
        let other_on =
            (0..self.all.len()).any(|other| other != at && self.of_one_group(at, other) && self.reads(other));
        if self.reads(at) && other_on {
            self.shift(at, false, Cause::Interlock, now_ms);
        }
        self.note(at, self.all[at].on, now_ms);
    }

    /// Whether one has moved since this was last asked.
    pub(crate) fn take_moved(&mut self) -> bool {
        std::mem::take(&mut self.moved)
    }

    fn of_one_group(&self, one: usize, other: usize) -> bool {
        self.all[one].same_group(&self.all[other])
    }

    /// What the pin reads at this moment.
    fn reads(&self, at: usize) -> bool {
        let relay = &self.all[at];
        self.pins.read(relay.wired.pin) == relay.level(true)
    }

    /// Sends the others of a relay's group off. False when one of them still reads on.
    fn clear_group(&mut self, at: usize, now_ms: u64) -> bool {
        let mut clear = true;
        for other in 0..self.all.len() {
            if other == at || !self.of_one_group(at, other) {
                continue;
            }
            self.all[other].waiting = None;
            if self.reads(other) {
                self.shift(other, false, Cause::Interlock, now_ms);
                clear &= !self.all[other].on;
            }
        }
        clear
    }

    fn turn(&mut self, at: usize, on: bool, order: Option<OrderId>, now_ms: u64) {
        self.all[at].waiting = None;
        if on && !self.reads(at) {
            let others = (0..self.all.len()).filter(|&other| other != at && self.of_one_group(at, other));
            let rests_until = others.filter_map(|other| self.all[other].off_ms).max().map(|off| off + GAP_MS);
            if let Some(due_ms) = rests_until.filter(|due| *due > now_ms) {
                self.all[at].waiting = Some(Waiting { due_ms, order });
                return;
            }
        }
        self.put(at, on, order, now_ms);
    }

    fn put(&mut self, at: usize, on: bool, order: Option<OrderId>, now_ms: u64) {
        let Some(order) = order else { return self.shift(at, on, Cause::Button, now_ms) };
        let news = self.write(at, on, now_ms);
        let relay = &mut self.all[at];
        (relay.cause, relay.obeyed, relay.owed) = (Cause::Command, Some(order), true);
        self.moved |= news;
    }

    /// A movement that nobody commanded. The cause is kept only if there was one.
    fn shift(&mut self, at: usize, on: bool, cause: Cause, now_ms: u64) {
        if self.write(at, on, now_ms) {
            let relay = &mut self.all[at];
            (relay.cause, relay.owed) = (cause, true);
            self.moved = true;
        }
    }

    /// Writes the pin, and believes only what it reads back. True when that is news.
    fn write(&mut self, at: usize, on: bool, now_ms: u64) -> bool {
        let (known, before) = (self.all[at].on, self.reads(at));
        let relay = &self.all[at];
        self.pins.write(relay.wired.pin, relay.level(on));
        let after = self.reads(at);
        self.all[at].on = after;
        self.note(at, known, now_ms);
        before != after || known != after
    }

    /// Times of pulses and gaps, after the pin was read; `was`: what was known of it before.
    fn note(&mut self, at: usize, was: bool, now_ms: u64) {
        let relay = &mut self.all[at];
        if was && !relay.on {
            relay.off_ms = Some(now_ms);
        }
        let pulse = u64::from(relay.settings.pulse.millis());
        relay.pulse_due_ms = match relay.pulse_due_ms {
            _ if !relay.on || pulse == 0 => None,
            None => Some(now_ms + pulse),
            running => running,
        };
    }
}

#[cfg(test)]
mod tests;
