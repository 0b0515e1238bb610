//! The life of a command.

use super::*;
use crate::command::{ActorKind, Confirmation};

#[test]
fn a_command_is_confirmed_by_the_order_that_was_obeyed() {
    let mut house = House::with_relays(1);
    let tap = house.tap(1, true);
    assert_eq!((house.switch(1).on, house.switch(1).desired), (None, Some(true)));
    house.wait_ms(12).obeys(tap);
    let command = house.command(tap);
    assert_eq!((command.outcome, command.reason), (Outcome::Confirmed, None));
    assert_eq!(command.confirmed_by, Some(Confirmation::Obeyed));
    assert_eq!(command.latency, Some(Duration::from_millis(12)));
    assert_eq!(command.actor.name.as_ref(), "Ana");
    assert_eq!((house.switch(1).on, &house.switch(1).open), (Some(true), &None));
    assert_eq!(house.switch(1).last_change.as_ref().unwrap().actor.kind, ActorKind::Member);
    assert_eq!(house.home.next_deadline(), None);
}

#[test]
fn a_value_that_matches_confirms_nothing() {
    let mut house = House::with_relays(1);
    let tap = house.tap(1, true);
    house.reports(1, true, Cause::Button, None);
    assert!(!house.is_answered(tap.request));
    assert_eq!(house.switch(1).last_change.as_ref().unwrap().actor.kind, ActorKind::Button);
    house.reports(1, true, Cause::Command, Some(OrderId { session: house.session, seq: NonZeroU32::MAX }));
    assert!(!house.is_answered(tap.request), "another order was obeyed");
    house.obeys(tap);
    assert_eq!(house.outcome(tap).0, Outcome::Confirmed);
}

#[test]
fn an_order_that_was_obeyed_is_confirmed_also_when_a_hand_undid_it_since() {
    let mut house = House::with_relays(1);
    let tap = house.tap(1, true);
    house.reports(1, false, Cause::Button, tap.order);
    assert_eq!(house.outcome(tap), (Outcome::Confirmed, None));
    assert_eq!((house.switch(1).on, house.switch(1).desired), (Some(false), Some(false)));
    assert_eq!(house.switch(1).last_change.as_ref().unwrap().actor.kind, ActorKind::Button);
}

#[test]
fn a_report_of_another_relay_confirms_nothing() {
    let mut house = House::with_relays(2);
    let tap = house.tap(1, true);
    house.reports(2, true, Cause::Command, tap.order);
    assert!(!house.is_answered(tap.request));
}

#[test]
fn a_refusal_says_why() {
    let reasons = [Reason::Stale, Reason::UnknownEndpoint, Reason::BadValue, Reason::Interlocked, Reason::HeldByPulse];
    let mut house = House::with_relays(1);
    for reason in reasons {
        let tap = house.tap(1, true);
        house.refuses(tap, reason);
        assert_eq!(house.outcome(tap), (Outcome::Refused, Some(reason)));
        assert_eq!((house.switch(1).desired, &house.switch(1).open), (None, &None), "{reason:?}");
        house.refuses(tap, reason);
    }
    assert_eq!(house.home.dropped().no_such_order, 5, "a refusal counts once");
}

#[test]
fn a_refusal_of_another_order_or_for_another_relay_refuses_nothing() {
    let mut house = House::with_relays(2);
    let (first, second) = (house.tap(1, true), house.tap(2, true));
    house.refuses(Tap { relay: 2, ..first }, Reason::Interlocked);
    house.refuses(Tap { order: second.order, ..first }, Reason::Interlocked);
    assert!(!house.is_answered(first.request) && !house.is_answered(second.request));
}

#[test]
fn a_relay_that_reads_back_the_other_state_did_not_obey() {
    let mut house = House::with_relays(1);
    let tap = house.tap(1, true);
    house.reports(1, false, Cause::Command, tap.order);
    assert_eq!(house.outcome(tap), (Outcome::Refused, Some(Reason::ReadBackDiffers)));
    assert_eq!(house.switch(1).on, Some(false));
}

#[test]
fn no_answer_in_time_is_unknown_and_a_late_report_is_credited_to_who_asked() {
    let mut house = House::with_relays(1);
    house.reports(1, false, Cause::Boot, None);
    let tap = house.tap(1, true);
    house.wait_ms(4_999).tick();
    assert!(!house.is_answered(tap.request));
    house.wait_ms(1).tick();
    assert_eq!(house.outcome(tap), (Outcome::TimedOut, Some(Reason::NoReport)));
    assert_eq!((house.switch(1).on, house.switch(1).desired), (Some(false), Some(false)));
    house.wait_ms(3_000).obeys(tap);
    let change = house.switch(1).last_change.clone().unwrap();
    assert_eq!((change.on, change.actor.name.as_ref()), (true, "Ana"));
    let command = change.command.as_ref().unwrap();
    assert_eq!((command.id, command.outcome), (house.command(tap).id, Outcome::TimedOut));
    assert_eq!(house.home.command(command.id).unwrap().outcome, Outcome::TimedOut);
}

#[test]
fn what_arrives_after_the_deadline_is_late_however_late_the_tick() {
    let mut house = House::with_relays(1);
    let tap = house.tap(1, true);
    house.wait_ms(5_000).obeys(tap);
    assert_eq!(house.outcome(tap), (Outcome::TimedOut, Some(Reason::NoReport)));
    assert_eq!(house.switch(1).on, Some(true));
    let tap = house.tap(1, false);
    let newer = house.wait_ms(5_000).tap(1, true);
    assert_eq!(house.outcome(tap), (Outcome::TimedOut, Some(Reason::NoReport)), "not superseded");
    assert!(!house.is_answered(newer.request));
}

#[test]
fn the_wall_clock_moves_no_deadline() {
    let mut house = House::with_relays(1);
    let tap = house.tap(1, true);
    house.now.wall = Wall::from_millis(u64::MAX);
    house.tick();
    (house.now.wall, house.now.wall_trusted) = (Wall::from_millis(0), false);
    house.now.mono = house.now.mono.plus(Duration::from_millis(4_999));
    house.tick();
    assert!(!house.is_answered(tap.request));
    house.now.mono = house.now.mono.plus(Duration::from_millis(1));
    house.tick();
    let command = house.command(tap);
    assert_eq!((command.outcome, command.settled_at), (Outcome::TimedOut, None), "an untrusted clock stamps nothing");
    assert!(command.requested_at.is_some());
}

#[test]
fn a_newer_command_supersedes_and_the_older_report_confirms_neither() {
    let mut house = House::with_relays(1);
    let (older, newer) = (house.tap(1, true), house.tap(1, false));
    assert_eq!(house.outcome(older), (Outcome::Superseded, Some(Reason::Superseded)));
    assert!(older.order.unwrap().seq < newer.order.unwrap().seq);
    house.obeys(older);
    assert!(!house.is_answered(newer.request));
    assert_eq!((house.switch(1).on, house.switch(1).desired), (Some(true), Some(false)));
    let credited = house.switch(1).last_change.as_ref().unwrap().command.as_ref().unwrap().id;
    assert_eq!(credited, house.command(older).id);
    house.obeys(newer);
    assert_eq!(house.outcome(newer), (Outcome::Confirmed, None));
}

#[test]
fn commands_for_two_switches_do_not_touch_each_other() {
    let mut house = House::with_relays(2);
    let (first, second) = (house.tap(1, true), house.tap(2, true));
    house.obeys(second);
    assert!(!house.is_answered(first.request));
    assert_eq!(house.outcome(second), (Outcome::Confirmed, None));
}

#[test]
fn an_absent_board_is_sent_nothing() {
    let mut house = House::with_relays(1);
    house.disconnect(1);
    let tap = house.tap(1, true);
    assert_eq!(house.outcome(tap), (Outcome::Offline, Some(Reason::Offline)));
    assert_eq!((tap.order, house.command(tap).order), (None, None));
    assert_eq!(house.switch(1).desired, None);
}

#[test]
fn a_stopping_gateway_settles_what_is_open_and_refuses_what_comes() {
    let mut house = House::with_relays(2);
    let open = house.tap(1, true);
    house.handle(Input::Stop);
    assert_eq!(house.outcome(open), (Outcome::TimedOut, Some(Reason::GatewayStopping)));
    let late = house.tap(2, true);
    assert_eq!(house.outcome(late), (Outcome::Refused, Some(Reason::GatewayStopping)));
    assert_eq!(late.order, None);
    assert_eq!(house.home.next_deadline(), None);
    house.obeys(open);
    assert_eq!(house.switch(1).on, Some(true));
}

#[test]
fn the_same_request_id_is_the_same_command_for_ten_minutes() {
    let mut house = House::with_relays(2);
    let first = house.tap_with(1, true, 5_000, Some("a"));
    let again = house.wait_ms(100).tap_with(1, true, 5_000, Some("a"));
    assert_eq!(again.order, None, "nothing is sent twice");
    house.obeys(first);
    assert_eq!(house.command(again), house.command(first));
    let after = house.wait_ms(599_899).tap_with(1, true, 5_000, Some("a"));
    assert_eq!(house.command(after), house.command(first));
    let new = house.wait_ms(1).tap_with(1, true, 5_000, Some("a"));
    assert!(new.order.is_some() && !house.is_answered(new.request));
}

#[test]
fn a_request_id_cannot_stand_for_two_commands() {
    let mut house = House::with_relays(2);
    house.tap_with(1, true, 5_000, Some("a"));
    for (relay, on) in [(1, false), (2, true)] {
        let other = house.tap_with(relay, on, 5_000, Some("a"));
        assert!(matches!(house.answer(other.request), Err(Denied::Conflict(_))));
    }
    assert_eq!(house.sent.len(), 1);
}

#[test]
fn a_request_id_names_also_a_command_that_settled_at_once() {
    let mut house = House::with_relays(1);
    house.disconnect(1);
    let first = house.tap_with(1, true, 5_000, Some("a"));
    house.connect(2);
    let again = house.tap_with(1, true, 5_000, Some("a"));
    assert_eq!(house.command(again), house.command(first));
    assert_eq!(house.outcome(again).0, Outcome::Offline);
}

#[test]
fn a_timeout_out_of_bounds_is_refused_and_says_which() {
    let mut house = House::with_relays(1);
    for timeout in [0, 499, 30_001] {
        let tap = house.tap_with(1, true, timeout, None);
        assert!(matches!(house.answer(tap.request), Err(Denied::BadInput { field: "timeoutMs", .. })), "{timeout}");
    }
    for timeout in [500, 30_000] {
        assert!(house.tap_with(1, true, timeout, None).order.is_some(), "{timeout}");
    }
    assert_eq!(house.written.iter().filter(|record| matches!(record, Record::Command(_))).count(), 3);
}

#[test]
fn an_unknown_switch_is_not_found() {
    let mut house = House::with_relays(1);
    let cap = house.viewer().operate(SwitchId::from_raw(1)).unwrap();
    let timeout = Duration::from_secs(5);
    let request = house.ask(|request| Input::SetSwitch { cap, request, on: true, timeout, request_id: None });
    assert_eq!(*house.answer(request), Err(Denied::NotFound("switch")));
}

#[test]
fn the_boards_deadline_lies_before_the_gateways_on_the_boards_clock() {
    let mut house = House::with_relays(1);
    let before_ms = house.uptime_ms();
    for (timeout, lead) in [(5_000, 500), (30_000, 500), (1_000, 500), (999, 499), (500, 250)] {
        house.tap_with(1, true, timeout, None);
        assert_eq!(house.sent.last().unwrap().deadline_ms, before_ms + timeout - lead, "{timeout}");
    }
}

#[test]
fn the_boards_deadline_errs_early_when_messages_were_slow() {
    let mut house = House::unclaimed();
    house.claim("Ana", ANAS_TOKEN);
    house.register(1);
    house.written_ok();
    house.log_in(1);
    house.describe(&[]);
    let written_at = house.uptime_ms();
    let session = house.session;
    house.wait_ms(80).say(Said::Session(session, written_at));
    house.say(Said::State(BoardState::Ready));
    house.tap(1, true);
    assert_eq!(house.sent[0].deadline_ms, house.uptime_ms() + 4_500 - 80);
    let uptime = house.uptime_ms();
    house.wait_ms(3).say(Said::Fact(crate::device::Fact::Uptime(uptime)));
    house.tap(1, true);
    assert_eq!(house.sent[1].deadline_ms, house.uptime_ms() + 4_500 - 3);
}

#[test]
fn a_switch_shows_the_command_that_settled_last_also_when_nothing_came_of_it() {
    let mut house = House::with_relays(1);
    let last = |house: &House| house.switch(1).last_command.as_ref().map(|command| (command.on, command.outcome));
    assert_eq!(last(&house), None);
    let tap = house.tap(1, true);
    assert_eq!(last(&house), None, "it is open");
    house.refuses(tap, Reason::Interlocked);
    assert_eq!(last(&house), Some((true, Outcome::Refused)));
    let first = house.tap(1, true);
    house.tap(1, false);
    assert_eq!((house.outcome(first).0, last(&house)), (Outcome::Superseded, Some((true, Outcome::Superseded))));
    house.wait_ms(5_000).tick();
    assert_eq!(last(&house), Some((false, Outcome::TimedOut)));
    house.disconnect(1);
    house.tap(1, true);
    assert_eq!(last(&house), Some((true, Outcome::Offline)));
    house.connect(2);
    let tap = house.tap(1, false);
    house.obeys(tap);
    assert_eq!((last(&house), house.switch(1).on), (Some((false, Outcome::Confirmed)), Some(false)));
}

#[test]
fn what_a_confirmed_command_did_is_shown_in_one_step_with_it() {
    let mut house = House::with_relays(1);
    let tap = house.tap(1, true);
    let report = house.report(1, true, Cause::Command, tap.order);
    let said = BoardEvent::Said { board: lamp(), link: house.link, said: Said::Report(report) };
    let effects = house.handle(Input::Board(said));
    let shown = effects.iter().filter_map(|effect| match effect {
        Effect::Changed(Change::Switch(switch)) => Some((switch.on, switch.last_command.is_some())),
        _ => None,
    });
    assert_eq!(shown.collect::<Vec<_>>(), [(Some(true), true)], "never confirmed and yet unmoved");
}
