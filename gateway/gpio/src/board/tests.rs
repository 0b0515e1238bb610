//! What the header says, and what it keeps.

use super::*;
use crate::RelayPin;
use crate::wires::Wires;
use gatehouse_core::board_settings::{PowerOn, Pulse, Wiring};
use gatehouse_core::device::Cause;
use gatehouse_core::ids::LinkId;
use gatehouse_core::name::BoardId;

const SESSION: BoardSession = BoardSession(NonZeroU32::MIN);

fn wired() -> Wired {
    let relay = |pin| RelayPin { pin, wiring: Wiring::default(), button: None };
    Wired { relays: vec![relay(4), relay(5)], status_light: Some(6), reset_button: Some(7) }
}

fn started(wires: &Wires, kept: Kept, boot: &str) -> Board<Wires> {
    Board::start(wires.clone(), &wired(), kept, boot, ("Raspberry Pi 4 B", SESSION))
}

/// A board that the home knows and that has said who it is.
fn known() -> (Wires, Board<Wires>) {
    let wires = Wires::default();
    let mut board = started(&wires, Kept::default(), "first");
    board.introduce(0);
    says(&mut board, 0);
    (wires, board)
}

fn says(board: &mut Board<Wires>, now_ms: u64) -> Vec<Said> {
    std::iter::from_fn(|| board.say(now_ms)).collect()
}

fn id(seq: u32) -> OrderId {
    OrderId { session: SESSION, seq: NonZeroU32::new(seq).unwrap() }
}

fn switch(seq: u32, on: bool, deadline_ms: u64) -> Order {
    Order { board: BoardId::header(), link: LinkId(0), id: id(seq), deadline_ms, endpoint: endpoint(4), on }
}

fn wish(seq: u32, setting: RelaySetting) -> ConfigOrder {
    let wish = Wish::Relay(endpoint(4), setting);
    ConfigOrder { board: BoardId::header(), link: LinkId(0), id: id(seq), deadline_ms: 5_000, wish }
}

#[test]
fn it_says_who_it_is_before_how_it_is_and_takes_orders_last() {
    let mut board = started(&Wires::default(), Kept::default(), "first");
    assert!(!board.has_to_say() && board.say(0).is_none(), "the home does not know it yet");
    board.introduce(7);
    assert!(board.has_to_say());
    let said = says(&mut board, 7);
    assert_eq!(said[0], Said::State(BoardState::Init));
    let Said::Description(described) = &said[1] else { panic!("{said:?}") };
    assert_eq!(described.relays, [endpoint(4), endpoint(5)]);
    assert_eq!(said[2], Said::Fact(Fact::Model("Raspberry Pi 4 B".into())));
    assert_eq!(said[3], Said::Session(SESSION, 7));
    assert_eq!(said.iter().filter(|said| matches!(said, Said::Setting(..))).count(), 8);
    let reports = said.iter().filter(|said| matches!(said, Said::Report(report) if !report.on)).count();
    assert_eq!((reports, said.last()), (2, Some(&Said::State(BoardState::Ready))));
    assert!(!board.has_to_say());
}

#[test]
fn a_command_passes_once_in_order_in_its_session_and_in_time() {
    let (wires, mut board) = known();
    board.order(&switch(2, true, 500), 499);
    let [Said::Report(report)] = &says(&mut board, 499)[..] else { panic!("a report") };
    assert_eq!((report.on, report.cause, report.obeyed), (true, Cause::Command, Some(id(2))));
    let other = OrderId { session: BoardSession(NonZeroU32::MAX), seq: NonZeroU32::MAX };
    let stale = [switch(3, false, 500), switch(2, false, 900), Order { id: other, ..switch(4, false, 900) }];
    for order in stale {
        board.order(&order, 500);
        let [Said::Refusal(refusal)] = &says(&mut board, 500)[..] else { panic!("a refusal") };
        assert_eq!((refusal.order, refusal.reason), (order.id, Reason::Stale));
    }
    assert_eq!(wires.level(4), Some(true));
}

#[test]
fn reports_are_counted_and_tell_the_present() {
    let (_, mut board) = known();
    board.order(&switch(1, true, 500), 10);
    board.order(&switch(2, false, 500), 20);
    let [Said::Report(report)] = &says(&mut board, 30)[..] else { panic!("one report") };
    assert_eq!((report.on, report.obeyed, report.uptime_ms, report.counter.get()), (false, Some(id(2)), 30, 3));
}

#[test]
fn a_setting_holds_once_it_is_on_disk() {
    let (_, mut board) = known();
    let pulse = RelaySetting::Pulse(Pulse::from_millis(500).unwrap());
    let (kept, change) = board.configure(&wish(1, pulse), 10).unwrap();
    assert_eq!(kept.relays[&4].pulse.millis(), 500);
    assert!(says(&mut board, 10).is_empty(), "not yet");
    board.settle(&change, false, 20);
    let [Said::Refusal(refusal)] = &says(&mut board, 20)[..] else { panic!("a refusal") };
    assert_eq!(refusal.reason, Reason::NotStored);

    let (kept, change) = board.configure(&wish(2, pulse), 30).unwrap();
    board.is_kept(kept);
    board.settle(&change, true, 40);
    let said = says(&mut board, 40);
    let Said::Configured(configured) = &said[0] else { panic!("{said:?}") };
    assert_eq!((configured.order, &*configured.value), (id(2), "a pulse of 500 ms"));
    assert!(said.contains(&Said::Setting(endpoint(4), pulse)));
    assert!(board.configure(&wish(3, pulse), 50).is_none(), "it is so already");
    assert!(matches!(says(&mut board, 50)[0], Said::Configured(_)));
    assert!(board.configure(&wish(4, RelaySetting::PowerOn(PowerOn::On)), 60).is_none());
    let [Said::Refusal(refusal)] = &says(&mut board, 60)[..] else { panic!("a refusal") };
    assert_eq!(refusal.reason, Reason::BadValue);
}

#[test]
fn states_are_written_down_when_it_is_quiet_and_only_of_relays_that_come_back_so() {
    let (_, mut board) = known();
    let first = board.take_due(0).expect("in which boot its pins were driven");
    board.is_kept(first);
    board.order(&switch(1, true, 9_000), 100);
    assert_eq!(board.keeping_due_ms(), None, "it comes back off");
    let (kept, change) = board.configure(&wish(2, RelaySetting::PowerOn(PowerOn::Restore)), 200).unwrap();
    assert!(kept.relays[&4].on);
    board.is_kept(kept);
    board.settle(&change, true, 300);
    for (seq, at) in [(3, 1_000), (4, 1_900), (5, 2_800)] {
        board.order(&switch(seq, seq % 2 == 0, 90_000), at);
        assert!(board.take_due(at).is_none());
    }
    assert!(board.take_due(3_799).is_none());
    let kept = board.take_due(3_800).expect("a second of quiet");
    assert!(!kept.relays[&4].on);
    board.is_kept(kept);
    for (seq, at) in (6..).zip((4_500..=14_000).step_by(500)) {
        board.order(&switch(seq, seq % 2 == 1, 90_000), at);
        assert!(board.take_due(at).is_none());
    }
    board.order(&switch(90, true, 90_000), 14_400);
    assert!(board.take_due(15_000).is_some(), "ten seconds at the most");
}

#[test]
fn it_comes_back_as_it_was_kept() {
    let wires = Wires::default();
    let mut board = started(&wires, Kept::default(), "first");
    let (mut kept, change) = board.configure(&wish(1, RelaySetting::PowerOn(PowerOn::Restore)), 0).unwrap();
    board.settle(&change, true, 0);
    board.order(&switch(2, true, 900), 0);
    kept = board.stop(0).unwrap_or(kept);
    started(&Wires::default(), kept.clone(), "second");
    let other = Wires::default();
    let board = started(&other, kept, "second");
    assert_eq!((other.level(4), board.relays.all[0].cause), (Some(true), Cause::Boot));
}

#[test]
fn it_says_every_half_minute_that_it_is_there() {
    let (_, mut board) = known();
    assert_eq!(board.due_ms(), 30_000);
    board.tick(30_000);
    assert_eq!(says(&mut board, 30_000), [Said::Fact(Fact::Uptime(30_000))]);
    assert_eq!(board.due_ms(), 60_000);
}
