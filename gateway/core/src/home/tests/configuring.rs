//! What is asked of a board beside moving its relays: a true answer in bounded time, and what it said is what is shown.

use super::*;
use crate::audit::{Entry, Kind};
use crate::board_settings::{Configured, Fulfilment, PowerOn, Pulse, RelaySetting, Wiring, Wish};

fn pulse(ms: u32) -> RelaySetting {
    RelaySetting::Pulse(Pulse::from_millis(ms).unwrap())
}

impl House {
    fn wish(&mut self, wish: Wish) -> Request {
        self.wish_by(self.viewer().administer().unwrap(), wish)
    }

    fn wish_by(&mut self, cap: Administer, wish: Wish) -> Request {
        let device = self.view.devices[0].id;
        self.ask(|request| Input::Configure { cap, request, device, wish })
    }

    fn fulfilment(&self, request: Request) -> Fulfilment {
        match self.answer(request) {
            Ok(Answer::Configured(fulfilment)) => *fulfilment,
            other => panic!("{other:?}"),
        }
    }

    fn carries_out(&mut self, order: OrderId) {
        let (endpoint, value) = (Endpoint::new("relay-1/pulse").unwrap(), "true".into());
        self.say(Said::Configured(Configured { order, uptime_ms: self.uptime_ms(), endpoint, value }));
    }

    fn settings_shown(&self, relay: usize) -> crate::board_settings::RelaySettings {
        self.view.devices[0].settings.relays.get(&Endpoint::relay(relay)).copied().unwrap_or_default()
    }

    /// Lines about boards, as they are on disk.
    fn wish_lines(&self) -> Vec<Arc<Entry>> {
        let mut lines: Vec<Arc<Entry>> = Vec::new();
        for record in &self.written {
            let Record::Entry(entry) = record else { continue };
            match lines.iter_mut().find(|line| line.id == entry.id) {
                Some(line) => *line = entry.clone(),
                None => lines.push(entry.clone()),
            }
        }
        lines.retain(|line| {
            let kinds = [Kind::DeviceIdentified, Kind::DeviceRestarted, Kind::DeviceWiped, Kind::SwitchConfigured];
            kinds.contains(&line.kind)
        });
        lines
    }
}

#[test]
fn an_order_is_named_like_a_command_and_confirmed_only_by_its_own_answer() {
    let mut house = House::with_relays(2);
    let first = house.tap(1, true);
    let asked = house.wish(Wish::Identify);
    let [order] = &house.config_orders[..] else { panic!("{:?}", house.config_orders) };
    assert_eq!((order.id.session, order.id.seq.get(), order.link), (house.session, 2, LinkId(1)));
    assert_eq!(order.deadline_ms, house.uptime_ms() + 4_500, "half a second before ours, on the board's clock");
    let order = order.id;
    house.obeys(first);
    house.carries_out(OrderId { seq: NonZeroU32::new(9).unwrap(), ..order });
    house.carries_out(first.order.unwrap());
    assert!(!house.is_answered(asked));
    assert_eq!(house.home.dropped().no_such_order, 2);
    house.carries_out(order);
    assert_eq!(house.fulfilment(asked), Fulfilment::Confirmed);
    house.carries_out(order);
    assert_eq!(house.home.dropped().no_such_order, 3, "once");
    let [line] = &house.wish_lines()[..] else { panic!() };
    assert_eq!(
        (line.kind, &*line.subject, &*line.text, &*line.actor.name),
        (Kind::DeviceIdentified, "Lamp", "", "Ana")
    );
}

#[test]
fn what_is_shown_is_what_the_board_said() {
    let mut house = House::with_relays(2);
    assert_eq!(house.settings_shown(1), Default::default());
    house.say(Said::Setting(Endpoint::relay(1), RelaySetting::PowerOn(PowerOn::Restore)));
    house.say(Said::Setting(Endpoint::relay(1), pulse(0)));
    assert_eq!(house.settings_shown(1).power_on, Some(PowerOn::Restore));
    let asked = house.wish(Wish::Relay(Endpoint::relay(1), pulse(500)));
    assert_eq!(house.settings_shown(1).pulse, Pulse::from_millis(0), "asked is not set");
    let order = house.config_orders[0].id;
    house.carries_out(order);
    assert_eq!(
        (house.fulfilment(asked), house.settings_shown(1).pulse),
        (Fulfilment::Confirmed, Pulse::from_millis(500))
    );
    house.disconnect(1);
    assert_eq!(house.settings_shown(1).pulse, Pulse::from_millis(500), "as it said last");
    house.connect(2);
    house.say(Said::Setting(Endpoint::relay(1), pulse(700)));
    assert_eq!(house.settings_shown(1).pulse, Pulse::from_millis(700));
    let [line] = &house.wish_lines()[..] else { panic!() };
    assert_eq!((line.kind, &*line.subject, &*line.text), (Kind::SwitchConfigured, "Lamp 1", "a pulse of 500 ms"));
    assert_eq!(line.switch, Some(house.switch_id(1)));
}

#[test]
fn a_refusal_tells_why_and_changes_nothing() {
    let mut house = House::with_relays(1);
    let wiring = RelaySetting::Wiring(Wiring { normally_closed: true, active_low: false });
    let asked = house.wish(Wish::Relay(Endpoint::relay(1), wiring));
    let order = house.config_orders[0].id;
    let endpoint = Endpoint::new("relay-1/wiring").unwrap();
    house.say(Said::Refusal(Refusal { order, uptime_ms: house.uptime_ms(), endpoint, reason: Reason::RelayOn }));
    assert_eq!(house.fulfilment(asked), Fulfilment::Refused(Reason::RelayOn));
    assert_eq!(house.settings_shown(1).wiring, None);
    let line = house.wish_lines()[0].clone();
    assert!(line.text.contains("normally closed") && line.text.contains("The relay is on"), "{}", line.text);
}

#[test]
fn whoever_waits_is_answered_in_time_whatever_becomes_of_the_board() {
    for what in ["mute", "gone", "back", "deleted", "stopping"] {
        let mut house = House::with_relays(1);
        let asked = house.wish(Wish::Restart);
        assert_eq!(house.home.next_deadline(), Some(house.now.mono.plus(Duration::from_secs(5))));
        let line = house.wish_lines()[0].clone();
        assert_eq!(&*line.text, "the board has not answered yet");
        match what {
            "mute" => house.wait_ms(5_000).tick(),
            "gone" => house.disconnect(1),
            "back" => house.log_in(2),
            "deleted" => {
                let id = house.view.devices[0].id;
                house.setting(Setting::DeleteDevice(Administer::console(), id));
                house.written_ok();
            }
            _ => drop(house.handle(Input::Stop)),
        }
        assert_eq!(house.fulfilment(asked), Fulfilment::TimedOut, "{what}");
        let line = house.wish_lines()[0].clone();
        assert!(line.text.contains("unknown"), "{what}: {}", line.text);
        // One that stays away for a day is told of; nothing of the wish is left.
        let soon = house.now.mono.plus(Duration::from_secs(60));
        assert!(house.home.next_deadline().is_none_or(|due| due > soon), "{what}");
    }
}

#[test]
fn a_late_answer_is_none() {
    let mut house = House::with_relays(1);
    let asked = house.wish(Wish::Restart);
    let order = house.config_orders[0].id;
    house.wait_ms(5_000);
    house.carries_out(order);
    assert_eq!(house.fulfilment(asked), Fulfilment::TimedOut);
}

#[test]
fn nothing_is_sent_to_a_board_that_is_away_cannot_or_is_not_asked_by_an_owner() {
    let mut house = House::with_relays(1);
    let cap = house.viewer().administer().unwrap();
    let end = house.setting(Setting::CloseSession(match house.viewer().id() {
        crate::access::ViewerId::Session(session) => session,
        other => panic!("{other:?}"),
    }));
    house.written_ok();
    assert_eq!(house.answer(end), &Ok(Answer::Done));
    let asked = house.wish_by(cap, Wish::Restart);
    assert_eq!(house.answer(asked), &Err(Denied::Unauthenticated), "the right is looked at anew");

    let console = Administer::console;
    let asked = house.wish_by(console(), Wish::Relay(Endpoint::relay(7), pulse(500)));
    assert_eq!(house.answer(asked), &Err(Denied::NotFound("switch")));
    house.say(Said::Setting(Endpoint::relay(1), pulse(500)));
    let asked = house.wish_by(console(), Wish::Relay(Endpoint::relay(1), RelaySetting::PowerOn(PowerOn::On)));
    assert!(matches!(house.answer(asked), Err(Denied::BadInput { field: "powerOn", .. })));
    house.disconnect(1);
    let asked = house.wish_by(console(), Wish::Identify);
    assert_eq!(house.fulfilment(asked), Fulfilment::Offline);
    assert!(house.wish_lines()[0].text.contains("offline"));
    house.configures = false;
    house.connect(2);
    let asked = house.wish_by(console(), Wish::Identify);
    let Err(Denied::Conflict(message)) = house.answer(asked) else { panic!() };
    assert!(message.contains("The firmware of Lamp"), "{message}");
    assert!(house.config_orders.is_empty());
}

#[test]
fn what_waits_and_what_is_kept_is_bounded() {
    let mut house = House::with_relays(1);
    for _ in 0..64 {
        house.wish(Wish::Identify);
    }
    let asked = house.wish(Wish::Identify);
    assert_eq!(house.answer(asked), &Err(Denied::Busy));
    for relay in 1..=100 {
        house.say(Said::Setting(Endpoint::relay(relay), pulse(0)));
    }
    assert_eq!(house.view.devices[0].settings.relays.len(), crate::device::MAX_RELAYS);
}
