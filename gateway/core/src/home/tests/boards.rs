//! What boards say, and when it counts.

use super::*;
use crate::audit::Kind;
use crate::command::{Actor, ActorKind};
use crate::view::Availability;

#[test]
fn a_repeated_or_older_report_changes_nothing() {
    let mut house = House::with_relays(1);
    let first = house.report(1, true, Cause::Button, None);
    let second = house.report(1, false, Cause::Button, None);
    house.say(Said::Report(second.clone()));
    house.say(Said::Report(first));
    house.say(Said::Report(second));
    assert_eq!(house.switch(1).on, Some(false));
    assert_eq!(house.home.dropped().old_counter, 2);
}

#[test]
fn each_relay_has_its_own_last_counter() {
    let mut house = House::with_relays(2);
    let first = house.report(1, true, Cause::Button, None);
    house.reports(2, true, Cause::Button, None);
    house.say(Said::Report(first));
    assert_eq!((house.switch(1).on, house.switch(2).on), (Some(true), Some(true)));
}

#[test]
fn a_report_of_an_old_session_is_dropped() {
    let mut house = House::with_relays(1);
    let tap = house.tap(1, true);
    let old = house.report(1, true, Cause::Command, tap.order);
    house.disconnect(1);
    house.connect(2);
    house.say(Said::Report(old));
    assert!(!house.is_answered(tap.request));
    assert_eq!((house.switch(1).on, house.home.dropped().other_session), (None, 1));
}

#[test]
fn a_second_session_on_a_connection_does_not_count() {
    let mut house = House::with_relays(1);
    let mine = house.session;
    house.say(Said::Session(session(999), 1));
    house.session = session(999);
    house.reports(1, true, Cause::Button, None);
    assert_eq!(house.switch(1).on, None);
    house.session = mine;
    house.reports(1, true, Cause::Button, None);
    assert_eq!((house.switch(1).on, house.home.dropped().other_session), (Some(true), 2));
}

#[test]
fn a_report_before_any_session_is_dropped() {
    let mut house = House::with_relays(1);
    house.log_in(2);
    house.reports(1, true, Cause::Boot, None);
    assert_eq!(house.switch(1).on, None);
}

#[test]
fn after_a_takeover_the_old_connection_has_no_say() {
    let mut house = House::with_relays(1);
    let old_link = house.link;
    let tap = house.tap(1, true);
    let (report, uptime_ms) = (house.report(1, true, Cause::Command, tap.order), house.uptime_ms());
    house.connect(2);
    house.say_by(old_link, Said::Report(report));
    let refusal = Refusal { order: tap.order.unwrap(), uptime_ms, endpoint: Endpoint::relay(1), reason: Reason::Stale };
    house.say_by(old_link, Said::Refusal(refusal));
    house.say_by(old_link, Said::State(BoardState::Lost));
    house.disconnect(1);
    assert!(!house.is_answered(tap.request));
    assert_eq!((house.switch(1).on, house.switch(1).availability), (None, Availability::Online));
    assert_eq!(house.home.dropped().old_link, 3);
    let next = house.tap(1, false);
    assert_eq!(house.sent.last().unwrap().link, LinkId(2));
    assert_eq!(next.order.unwrap(), OrderId { session: house.session, seq: NonZeroU32::MIN });
}

#[test]
fn a_command_obeyed_just_before_the_connection_broke_is_confirmed_by_the_next() {
    let mut house = House::with_relays(1);
    let tap = house.tap(1, true);
    house.disconnect(1);
    assert!(!house.is_answered(tap.request), "whether it was obeyed is not known yet");
    house.wait_ms(2_000).connect(2);
    house.obeys(tap);
    assert_eq!(house.outcome(tap), (Outcome::Confirmed, None));
}

#[test]
fn a_reboot_restarts_session_counter_and_clock() {
    let mut house = House::with_relays(1);
    house.counter = 5_000;
    house.reports(1, true, Cause::Button, None);
    let tap = house.tap(1, false);
    house.disconnect(1);
    house.counter = 0;
    house.log_in(2);
    house.describe(&[]);
    house.say(Said::Session(house.session, 300));
    house.say(Said::State(BoardState::Ready));
    let (session, counter, endpoint) = (house.session, NonZeroU32::MIN, Endpoint::relay(1));
    let (on, cause, obeyed) = (false, Cause::Boot, None);
    house.say(Said::Report(Report { session, counter, uptime_ms: 301, endpoint, on, cause, obeyed }));
    assert_eq!(house.switch(1).last_change.as_ref().unwrap().actor.kind, ActorKind::Boot);
    assert!(!house.is_answered(tap.request), "off by power-on is not off by command");
    house.tap(1, true);
    assert_eq!(house.sent.last().unwrap().deadline_ms, 301 + 4_500, "on the clock since the reboot");
}

#[test]
fn who_moved_a_relay_is_told_as_the_board_says() {
    let causes = [
        (Cause::Button, ActorKind::Button),
        (Cause::Boot, ActorKind::Boot),
        (Cause::Pulse, ActorKind::Pulse),
        (Cause::Interlock, ActorKind::Interlock),
        (Cause::Command, ActorKind::Unknown),
    ];
    let mut house = House::with_relays(1);
    for (index, (cause, kind)) in causes.into_iter().enumerate() {
        house.reports(1, index % 2 == 0, cause, None);
        assert_eq!(house.switch(1).last_change.as_ref().unwrap().actor.kind, kind);
    }
}

#[test]
fn the_same_state_again_is_no_change_but_is_heard() {
    let mut house = House::with_relays(1);
    house.reports(1, true, Cause::Button, None);
    let change = house.switch(1).last_change.clone();
    let then = house.switch(1).reported_at;
    house.wait_ms(1_000).reports(1, true, Cause::Boot, None);
    assert_eq!(house.switch(1).last_change, change);
    assert!(house.switch(1).reported_at > then);
}

#[test]
fn a_board_takes_commands_when_it_is_described_ready_and_has_a_session() {
    let mut house = House::with_relays(1);
    let words = [
        Said::State(BoardState::Ready),
        Said::Description(Description {
            native: true,
            rotates: false,
            configures: false,
            moves: false,
            relays: Vec::new(),
        }),
        Said::Session(session(102), 1),
    ];
    for left_out in 0..words.len() {
        house.log_in(2);
        for (index, said) in words.iter().enumerate() {
            if index != left_out {
                house.say(said.clone());
            }
        }
        assert_eq!(house.switch(1).availability, Availability::Offline);
        assert_eq!(house.tap(1, true).order, None);
        house.say(words[left_out].clone());
        assert_eq!(house.switch(1).availability, Availability::Online);
    }
    for state in [BoardState::Init, BoardState::Disconnected, BoardState::Sleeping, BoardState::Lost] {
        house.say(Said::State(BoardState::Ready));
        house.say(Said::State(state));
        assert_eq!(house.switch(1).availability, Availability::Offline, "{state:?}");
    }
}

#[test]
fn a_foreign_board_is_not_commanded_by_orders() {
    let mut house = House::with_relays(1);
    house.say(Said::Description(Description {
        native: false,
        rotates: false,
        configures: false,
        moves: false,
        relays: vec![Endpoint::relay(2)],
    }));
    assert_eq!(house.tap(1, true).order, None);
    assert!(house.tickets.is_empty(), "its relays are not adopted either");
}

#[test]
fn an_unknown_board_is_counted_and_nothing_else() {
    let mut house = House::unclaimed();
    let board = lamp();
    let said = Said::State(BoardState::Ready);
    assert_eq!(
        house.handle(Input::Board(BoardEvent::Connected {
            board: board.clone(),
            link: LinkId(1),
            address: None,
            secret: SECRET,
            private: true
        })),
        []
    );
    assert_eq!(house.handle(Input::Board(BoardEvent::Said { board, link: LinkId(1), said })), []);
    assert_eq!(house.home.dropped().unknown_board, 1);
}

#[test]
fn an_early_report_counts_when_its_switch_is_on_disk() {
    let mut house = House::with_relays(1);
    house.describe(&[1, 2]);
    house.reports(2, true, Cause::Button, None);
    house.reports(2, false, Cause::Button, None);
    assert_eq!(house.view.switches.len(), 1);
    house.written_ok();
    assert_eq!(house.switch(2).on, Some(false));
    assert_eq!(house.switch(2).name, name("Lamp 2"));
    assert!(house.written.iter().any(|record| matches!(record, Record::Reported(id, _) if *id == house.switch_id(2))));
}

#[test]
fn an_early_report_of_a_connection_that_is_over_does_not_count() {
    let mut house = House::with_relays(1);
    house.describe(&[1, 2]);
    house.reports(2, true, Cause::Button, None);
    house.connect(2);
    house.written_ok();
    assert_eq!(house.switch(2).on, None);
}

#[test]
fn facts_are_shown_and_last_seen_moves_in_steps() {
    let mut house = House::with_relays(1);
    house.say(Said::Fact(Fact::Model("NodeMCU".into())));
    assert_eq!(house.view.devices[0].facts.model.as_deref(), Some("NodeMCU"));
    let seen = house.view.devices[0].last_seen;
    let again = || BoardEvent::Said { board: lamp(), link: LinkId(1), said: Said::Fact(Fact::Model("NodeMCU".into())) };
    assert_eq!(house.wait_ms(29_999).handle(Input::Board(again())), []);
    house.wait_ms(1).handle(Input::Board(again()));
    let later = Wall::from_millis(seen.unwrap().as_millis() + 30_000);
    assert_eq!(house.view.devices[0].last_seen, Some(later));
}

#[test]
fn a_relay_that_no_command_moved_is_in_the_record() {
    let mut house = House::with_relays(1);
    house.reports(1, false, Cause::Boot, None);
    let entries = |house: &House| -> Vec<(Actor, Arc<str>, Option<bool>)> {
        let entry = |record: &Record| match record {
            Record::Entry(entry) if entry.kind == Kind::SwitchMoved => {
                assert_eq!((entry.switch, entry.at), (Some(house.switch_id(1)), house.now.stamp()));
                Some((entry.actor.clone(), entry.subject.clone(), entry.on))
            }
            _ => None,
        };
        house.written.iter().filter_map(entry).collect()
    };
    assert_eq!(entries(&house), [], "what a board says first tells how it is");
    house.reports(1, true, Cause::Button, None);
    house.reports(1, true, Cause::Button, None);
    let button = (Actor::of_kind(ActorKind::Button), "Lamp".into(), Some(true));
    assert_eq!(entries(&house), std::slice::from_ref(&button), "once, for it moved once");
    let tap = house.tap(1, false);
    house.obeys(tap);
    assert_eq!(entries(&house), std::slice::from_ref(&button), "a command has a line of its own");
    house.reports(1, true, Cause::Interlock, None);
    let interlock = (Actor::of_kind(ActorKind::Interlock), "Lamp".into(), Some(true));
    assert_eq!(entries(&house), [button, interlock]);
    for press in 0..100 {
        house.reports(1, press % 2 == 1, Cause::Button, None);
    }
    assert_eq!(entries(&house).len(), 60, "no hand is that fast");
    house.wait_ms(1_000).reports(1, false, Cause::Button, None);
    let Some(Record::Entry(last)) = house.written.iter().rfind(|record| matches!(record, Record::Entry(_))) else {
        panic!("a line")
    };
    assert_eq!(&*last.text, "off, after 42 more, too fast to be listed");
    let mut ids: Vec<_> = house
        .written
        .iter()
        .filter_map(|record| match record {
            Record::Entry(entry) => Some(entry.id.raw()),
            Record::Command(command) => Some(command.id.raw()),
            _ => None,
        })
        .collect();
    ids.dedup();
    assert!(ids.is_sorted(), "lines are in the order they happened: {ids:?}");
}
