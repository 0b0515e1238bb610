//! What an owner asks of a board beside moving its relays: to blink, to start over, to forget the home, to keep another
//! setting. Nothing of it is kept here: the board is the authority for its settings, and says what came of it.

use super::{Answer, Effect, Home};
use crate::access::{Administer, Denied};
use crate::audit::Kind;
use crate::board_settings::{ConfigOrder, Configured, Fulfilment, Pulse, RelaySetting, Wish};
use crate::command::{Actor, BOARD_LEAD, DEFAULT_TIMEOUT, OrderId};
use crate::device::Refusal;
use crate::ids::{DeviceId, EntryId, Request};
use crate::time::{Mono, Now};
use crate::view::Availability;
use std::sync::Arc;

/// Wishes that may be open at a time.
const MAX_OPEN: usize = 64;

/// A wish that was sent and not answered yet.
#[derive(Debug)]
struct Open {
    device: DeviceId,
    order: OrderId,
    wish: Wish,
    actor: Actor,
    /// Its line in the record.
    line: EntryId,
    deadline: Mono,
    request: Request,
}

/// All wishes that are open, in the order of their deadlines.
#[derive(Debug, Default)]
pub(super) struct Configuring(Vec<Open>);

impl Configuring {
    pub(super) fn next_deadline(&self) -> Option<Mono> {
        self.0.first().map(|open| open.deadline)
    }

    fn take(&mut self, wanted: impl Fn(&Open) -> bool) -> Option<Open> {
        self.0.iter().position(wanted).map(|at| self.0.remove(at))
    }
}

/// What the line says after what was asked.
fn in_words(fulfilment: Option<Fulfilment>) -> String {
    match fulfilment {
        None => "; the board has not answered yet".to_owned(),
        Some(Fulfilment::Confirmed) => String::new(),
        Some(Fulfilment::Refused(reason)) => format!("; refused: {reason}"),
        Some(Fulfilment::TimedOut) => "; the board did not answer in time, so it is unknown".to_owned(),
        Some(Fulfilment::Offline) => "; the board was offline, so nothing was sent".to_owned(),
    }
}

impl Home {
    pub(super) fn configure(
        &mut self,
        now: &Now,
        cap: &Administer,
        (device, wish): (DeviceId, Wish),
        request: Request,
        out: &mut Vec<Effect>,
    ) {
        match self.try_to_configure(now, cap, device, wish, request, out) {
            Ok(None) => {}
            Ok(Some(fulfilment)) => out.push(Effect::Answer(request, Ok(Answer::Configured(fulfilment)))),
            Err(denied) => out.push(Effect::Answer(request, Err(denied))),
        }
    }

    /// None while the board is to answer.
    fn try_to_configure(
        &mut self,
        now: &Now,
        cap: &Administer,
        device: DeviceId,
        wish: Wish,
        request: Request,
        out: &mut Vec<Effect>,
    ) -> Result<Option<Fulfilment>, Denied> {
        self.access.still_administers(cap)?;
        self.check_wish(device, &wish)?;
        if self.stopping || self.configuring.0.len() == MAX_OPEN {
            return Err(Denied::Busy);
        }
        let line = EntryId::from_raw(self.ids.draw());
        let deadline = now.mono.plus(DEFAULT_TIMEOUT);
        let Some(order) = self.config_order(now, device, wish.clone(), deadline) else {
            let unsent = self.devices.get(&device).map_or(Fulfilment::Offline, |entry| entry.presence.unsent());
            self.write_wish(now, line, cap.actor(), (device, &wish), Some(unsent), out);
            return Ok(Some(unsent));
        };
        self.write_wish(now, line, cap.actor(), (device, &wish), None, out);
        let open = Open { device, order: order.id, wish, actor: cap.actor().clone(), line, deadline, request };
        // All wait for as long, so that the last is due last.
        self.configuring.0.push(open);
        out.push(Effect::Configure(order));
        Ok(None)
    }

    fn check_wish(&self, device: DeviceId, wish: &Wish) -> Result<(), Denied> {
        self.header_takes(device, wish)?;
        let entry = self.devices.get(&device).ok_or(Denied::NotFound("device"))?;
        let settings = entry.presence.settings();
        if entry.presence.availability() == Availability::Online && !settings.configurable {
            let name = &entry.device.name;
            return Err(Denied::Conflict(format!("The firmware of {name} does not support this. Update it first.")));
        }
        let Wish::Relay(endpoint, setting) = wish else { return Ok(()) };
        if !entry.switches.contains_key(endpoint) {
            return Err(Denied::NotFound("switch"));
        }
        let pulse = settings.relays.get(endpoint).and_then(|relay| relay.pulse).map_or(0, Pulse::millis);
        match setting {
            RelaySetting::PowerOn(policy) if pulse > 0 && *policy != crate::board_settings::PowerOn::Off => {
                let message = "A relay with a pulse always comes back off when power returns.".to_owned();
                Err(Denied::BadInput { field: "powerOn", message })
            }
            _ => Ok(()),
        }
    }

    /// The order for a wish, when its board can take one now.
    pub(super) fn config_order(
        &mut self,
        now: &Now,
        device: DeviceId,
        wish: Wish,
        deadline: Mono,
    ) -> Option<ConfigOrder> {
        let entry = self.devices.get_mut(&device)?;
        let mut board = entry.presence.commandable()?;
        let lead_ms = u64::try_from(BOARD_LEAD.as_millis()).unwrap_or(u64::MAX);
        let deadline_ms = board.on_board(deadline, now.mono)?.saturating_sub(lead_ms);
        let id = board.next_order()?;
        Some(ConfigOrder { board: entry.device.board.clone(), link: board.link, id, deadline_ms, wish })
    }

    /// A board says that it did what was asked.
    pub(super) fn configured(&mut self, now: &Now, device: DeviceId, said: &Configured, out: &mut Vec<Effect>) {
        if self.takes_network(now, device, said, out) {
            return;
        }
        match self.configuring.take(|open| open.device == device && open.order == said.order) {
            None => self.dropped.no_such_order += 1,
            Some(open) => {
                if let (Wish::Relay(endpoint, setting), Some(entry)) = (&open.wish, self.devices.get_mut(&device)) {
                    entry.presence.learn_setting(endpoint.clone(), *setting);
                    self.show_device(device, out);
                }
                self.fulfil(now, open, Fulfilment::Confirmed, out);
            }
        }
    }

    /// True when a refusal is of an open wish.
    pub(super) fn wish_refused(
        &mut self,
        now: &Now,
        device: DeviceId,
        refusal: &Refusal,
        out: &mut Vec<Effect>,
    ) -> bool {
        if self.refuses_network(now, device, refusal, out) {
            return true;
        }
        let refused = self.configuring.take(|open| open.device == device && open.order == refusal.order);
        let known = refused.is_some();
        if let Some(open) = refused {
            self.fulfil(now, open, Fulfilment::Refused(refusal.reason), out);
        }
        known
    }

    /// Whoever waits for a wish whose time is over is told so.
    pub(super) fn end_overdue_wishes(&mut self, now: &Now, out: &mut Vec<Effect>) {
        while let Some(open) = self.configuring.take(|open| open.deadline <= now.mono) {
            self.fulfil(now, open, Fulfilment::TimedOut, out);
        }
    }

    /// A board's connection is over, or the device is no more: it answers on no other.
    pub(super) fn end_wishes_of(&mut self, now: &Now, device: DeviceId, out: &mut Vec<Effect>) {
        self.board_moves(now, device, out);
        while let Some(open) = self.configuring.take(|open| open.device == device) {
            self.fulfil(now, open, Fulfilment::TimedOut, out);
        }
    }

    pub(super) fn end_all_wishes(&mut self, now: &Now, out: &mut Vec<Effect>) {
        while let Some(open) = self.configuring.take(|_| true) {
            self.fulfil(now, open, Fulfilment::TimedOut, out);
        }
    }

    fn fulfil(&mut self, now: &Now, open: Open, fulfilment: Fulfilment, out: &mut Vec<Effect>) {
        let Open { device, wish, actor, line, request, .. } = open;
        self.write_wish(now, line, &actor, (device, &wish), Some(fulfilment), out);
        out.push(Effect::Answer(request, Ok(Answer::Configured(fulfilment))));
    }

    /// The line of a wish: as asked, and again when it is known what came of it.
    fn write_wish(
        &mut self,
        now: &Now,
        line: EntryId,
        actor: &Actor,
        (device, wish): (DeviceId, &Wish),
        fulfilment: Option<Fulfilment>,
        out: &mut Vec<Effect>,
    ) {
        let Some(entry) = self.devices.get(&device) else { return };
        let (kind, asked) = match wish {
            Wish::Identify => (Kind::DeviceIdentified, String::new()),
            Wish::Restart => (Kind::DeviceRestarted, String::new()),
            Wish::Forget => (Kind::DeviceWiped, String::new()),
            Wish::Relay(_, setting) => (Kind::SwitchConfigured, setting.to_string()),
            Wish::Network(wifi) => (Kind::WifiChanged, format!("to “{}”", wifi.ssid)),
        };
        let text = format!("{asked}{}", in_words(fulfilment));
        let text: Arc<str> = text.strip_prefix("; ").unwrap_or(&text).into();
        let switch = match wish {
            Wish::Relay(endpoint, _) => entry.switches.get(endpoint).copied(),
            _ => None,
        };
        let named = switch.and_then(|id| self.switches.get(&id)).map(|entry| &entry.switch.name);
        let subject: Arc<str> = named.unwrap_or(&entry.device.name).as_str().into();
        let actor = actor.clone();
        let entry = crate::audit::Entry { id: line, at: now.stamp(), actor, kind, subject, text, switch, on: None };
        out.push(Effect::Write { ticket: None, records: vec![crate::record::Record::Entry(Arc::new(entry))] });
    }
}
