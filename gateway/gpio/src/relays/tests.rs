//! The rules of relays, by pins in memory.

use super::*;
use crate::wires::Wires;
use gatehouse_core::board_settings::Wiring;
use gatehouse_core::command::BoardSession;
use std::num::NonZeroU32;

const NORMAL: Wiring = Wiring { normally_closed: false, active_low: false };
const BUTTON: u8 = 27;

fn settings(power_on: PowerOn, pulse_ms: u32, interlock: u8) -> KeptRelay {
    KeptRelay { power_on, pulse: Pulse::from_millis(pulse_ms).unwrap(), interlock, on: false }
}

fn plain() -> KeptRelay {
    settings(PowerOn::Off, 0, 0)
}

fn at(pin: u8, wiring: Wiring) -> RelayPin {
    RelayPin { pin, wiring, button: (pin == 4).then_some(BUTTON) }
}

/// Relays at pins 4, 5, … with these settings, after a boot of the machine.
fn relays(settings: &[KeptRelay]) -> (Wires, Relays<Wires>) {
    let wires = Wires::default();
    let wired: Vec<_> = settings.iter().enumerate().map(|(n, s)| (at(4 + n as u8, NORMAL), *s)).collect();
    (wires.clone(), Relays::start(wires, &wired, false))
}

fn order(seq: u32) -> OrderId {
    OrderId { session: BoardSession(NonZeroU32::MIN), seq: NonZeroU32::new(seq).unwrap() }
}

fn shown(relays: &Relays<Wires>) -> Vec<(bool, Cause)> {
    relays.all.iter().map(|relay| (relay.on, relay.cause)).collect()
}

#[test]
fn the_level_of_on_follows_the_wiring() {
    for (normally_closed, active_low, high) in
        [(false, false, true), (false, true, false), (true, false, false), (true, true, true)]
    {
        let wires = Wires::default();
        let wired = [(at(4, Wiring { normally_closed, active_low }), plain())];
        let mut relays = Relays::start(wires.clone(), &wired, false);
        assert_eq!(wires.level(4), Some(!high), "off from the first moment");
        relays.obey(&endpoint(4), true, order(1), 0).unwrap();
        assert_eq!((wires.level(4), relays.all[0].on), (Some(high), true));
    }
}

#[test]
fn after_a_boot_of_the_machine_relays_go_by_their_settings() {
    let restored = KeptRelay { on: true, ..settings(PowerOn::Restore, 0, 0) };
    let all = [plain(), settings(PowerOn::On, 0, 0), restored, settings(PowerOn::Restore, 0, 0)];
    let (wires, relays) = relays(&all);
    assert_eq!(shown(&relays).iter().map(|(on, _)| *on).collect::<Vec<_>>(), [false, true, true, false]);
    assert_eq!(wires.writes().len(), 4, "each pin is driven once, at its level");
    assert!(relays.all.iter().all(|relay| relay.owed && relay.cause == Cause::Boot));
}

#[test]
fn of_a_group_one_comes_on_after_a_boot() {
    let (_, relays) = relays(&[settings(PowerOn::On, 0, 1), settings(PowerOn::On, 0, 1), settings(PowerOn::On, 0, 2)]);
    assert_eq!(shown(&relays).iter().map(|(on, _)| *on).collect::<Vec<_>>(), [true, false, true]);
}

#[test]
fn while_the_machine_runs_a_start_of_the_gateway_moves_nothing_but_what_a_pulse_held() {
    let wires = Wires::default();
    let mut before = wires.clone();
    (4..=6).for_each(|pin| before.write(pin, true));
    let wired = [plain(), settings(PowerOn::On, 0, 0), settings(PowerOn::Off, 500, 0), settings(PowerOn::On, 0, 0)];
    let wired: Vec<_> = wired.iter().enumerate().map(|(n, s)| (at(4 + n as u8, NORMAL), *s)).collect();
    let relays = Relays::start(wires.clone(), &wired, true);
    assert_eq!(
        shown(&relays),
        [(true, Cause::Boot), (true, Cause::Boot), (false, Cause::Pulse), (true, Cause::Boot)],
        "the last pin was not driven yet, so that it goes by its setting"
    );
    let after_boot = Relays::start(wires, &wired[..1], false);
    assert_eq!(shown(&after_boot), [(false, Cause::Boot)], "what drove it in another boot says nothing");
}

#[test]
fn a_command_is_named_and_a_pin_that_does_not_follow_is_told_as_it_is() {
    let (wires, mut relays) = relays(&[plain(), plain()]);
    relays.obey(&endpoint(4), true, order(1), 0).unwrap();
    assert_eq!((shown(&relays)[0], relays.all[0].obeyed), ((true, Cause::Command), Some(order(1))));
    wires.stick(5);
    relays.obey(&endpoint(5), true, order(2), 0).unwrap();
    assert_eq!((relays.all[1].on, relays.all[1].obeyed), (false, Some(order(2))));
    assert_eq!(relays.obey(&endpoint(6), true, order(3), 0), Err(Reason::UnknownEndpoint));
}

#[test]
fn a_wall_button_turns_its_relay_over() {
    let wires = Wires::default();
    wires.press(BUTTON, true);
    let mut relays = Relays::start(wires.clone(), &[(at(4, NORMAL), plain())], false);
    relays.tick(1_000);
    assert!(!relays.all[0].on, "it was held at the start");
    for (pressed, now_ms) in [(false, 2_000), (true, 3_000)] {
        wires.press(BUTTON, pressed);
        relays.look_at_buttons(now_ms);
        assert_eq!(relays.due_ms(), Some(now_ms + 30));
        relays.tick(now_ms + 30);
    }
    assert_eq!(shown(&relays), [(true, Cause::Button)]);
    assert!(relays.take_moved() && !relays.take_moved());
}

#[test]
fn a_pulse_ends_by_itself_and_holds_what_asks_for_on() {
    let (_, mut relays) = relays(&[settings(PowerOn::Off, 500, 0)]);
    relays.obey(&endpoint(4), true, order(1), 100).unwrap();
    assert_eq!(relays.due_ms(), Some(600));
    assert_eq!(relays.obey(&endpoint(4), true, order(2), 300), Err(Reason::HeldByPulse));
    relays.tick(599);
    assert!(relays.all[0].on);
    relays.tick(600);
    assert_eq!(shown(&relays), [(false, Cause::Pulse)]);
    relays.obey(&endpoint(4), true, order(3), 700).unwrap();
    relays.obey(&endpoint(4), false, order(4), 800).unwrap();
    assert_eq!((shown(&relays)[0], relays.due_ms()), ((false, Cause::Command), None));
}

#[test]
fn a_stop_ends_a_pulse_and_nothing_else() {
    let (_, mut relays) = relays(&[settings(PowerOn::Off, 500, 0), plain()]);
    relays.obey(&endpoint(4), true, order(1), 0).unwrap();
    relays.obey(&endpoint(5), true, order(2), 0).unwrap();
    relays.stop(100);
    assert_eq!(shown(&relays), [(false, Cause::Pulse), (true, Cause::Command)]);
}

#[test]
fn a_relay_that_its_pulse_does_not_get_off_is_told_again() {
    let (wires, mut relays) = relays(&[settings(PowerOn::Off, 500, 0)]);
    relays.obey(&endpoint(4), true, order(1), 0).unwrap();
    wires.stick(4);
    relays.tick(500);
    assert_eq!((relays.all[0].on, relays.due_ms()), (true, Some(1_500)));
}

#[test]
fn of_a_group_the_newest_wish_counts_after_a_gap() {
    let (wires, mut relays) = relays(&[settings(PowerOn::Off, 0, 1), settings(PowerOn::Off, 0, 1)]);
    relays.obey(&endpoint(4), true, order(1), 0).unwrap();
    relays.obey(&endpoint(5), true, order(2), 1_000).unwrap();
    assert_eq!(shown(&relays), [(false, Cause::Interlock), (false, Cause::Boot)]);
    assert_eq!(relays.due_ms(), Some(1_300));
    relays.tick(1_299);
    assert_eq!(wires.level(5), Some(false));
    relays.tick(1_300);
    assert_eq!((shown(&relays)[1], relays.all[1].obeyed), ((true, Cause::Command), Some(order(2))));
}

#[test]
fn a_wish_that_waits_gives_way_to_a_newer_one() {
    let (_, mut relays) = relays(&[settings(PowerOn::Off, 0, 1), settings(PowerOn::Off, 0, 1)]);
    relays.obey(&endpoint(4), true, order(1), 0).unwrap();
    relays.obey(&endpoint(5), true, order(2), 100).unwrap();
    relays.obey(&endpoint(5), false, order(3), 200).unwrap();
    relays.tick(1_000);
    assert_eq!(shown(&relays), [(false, Cause::Interlock), (false, Cause::Command)]);
}

#[test]
fn where_a_contact_is_welded_the_other_stays_off() {
    let (wires, mut relays) = relays(&[settings(PowerOn::Off, 0, 1), settings(PowerOn::Off, 0, 1)]);
    relays.obey(&endpoint(4), true, order(1), 0).unwrap();
    wires.stick(4);
    assert_eq!(relays.obey(&endpoint(5), true, order(2), 100), Err(Reason::Interlocked));
    assert_eq!(wires.level(5), Some(false));
}

#[test]
fn what_a_relay_does_is_changed_only_while_it_is_off_and_no_relay_moves_by_it() {
    let (_, mut relays) = relays(&[plain()]);
    relays.obey(&endpoint(4), true, order(1), 0).unwrap();
    let pulse = |ms| RelaySetting::Pulse(Pulse::from_millis(ms).unwrap());
    assert_eq!(relays.with(0, pulse(500)), Err(Reason::RelayOn));
    assert_eq!(relays.with(0, RelaySetting::Interlock(1)), Err(Reason::RelayOn));
    assert_eq!(relays.with(0, RelaySetting::Wiring(Wiring::default())), Err(Reason::BadValue));
    let on = relays.with(0, RelaySetting::PowerOn(PowerOn::On)).unwrap();
    relays.set(0, on, 0);
    relays.obey(&endpoint(4), false, order(2), 0).unwrap();
    let gate = relays.with(0, pulse(500)).unwrap();
    assert_eq!(gate.power_on, PowerOn::Off, "such a relay always comes back off");
    relays.set(0, gate, 0);
    assert_eq!(relays.with(0, RelaySetting::PowerOn(PowerOn::On)), Err(Reason::BadValue));
    assert!(relays.with(0, RelaySetting::PowerOn(PowerOn::Off)).is_ok());
    assert!(!relays.all[0].on);
}

#[test]
fn a_button_that_came_between_a_setting_and_the_disk_is_held_to_it() {
    let (_, mut relays) = relays(&[plain(), settings(PowerOn::Off, 0, 1)]);
    let pulse = relays.with(0, RelaySetting::Pulse(Pulse::from_millis(500).unwrap())).unwrap();
    relays.obey(&endpoint(4), true, order(1), 0).unwrap();
    relays.set(0, pulse, 100);
    assert_eq!(relays.due_ms(), Some(600));
    let group = KeptRelay { interlock: 1, ..plain() };
    relays.obey(&endpoint(5), true, order(2), 0).unwrap();
    relays.set(0, group, 100);
    assert_eq!(shown(&relays), [(false, Cause::Interlock), (true, Cause::Command)]);
}
