//! A board that lies, repeats, delays, answers for another or not at all. None of it is shown as confirmed, and no other
//! board feels it. That a lie confirmed nothing is seen from what settles the command in the end: the board's own refusal.

use gatehouse_core::command::{BoardSession, OrderId, Reason};
use gatehouse_core::device::Cause;
use gatehouse_e2e::{Home, Impostor, Order, PATIENCE, Watch, within};
use gatehouse_wire::homie::board;
use gatehouse_wire::homie::topic::Topic;
use std::num::NonZeroU32;
use tokio::task::JoinHandle;

const SESSION: u32 = 0xc0ff_ee01;

/// A home with a board in the test's hands, and a tap on its first relay that waits for its answer.
struct Scene {
    home: Home,
    board: Impostor,
    screen: Watch,
    tap: JoinHandle<gatehouse_e2e::Command>,
    order: Order,
}

async fn tapped() -> Scene {
    let home = Home::claimed().await;
    let mut board = home.impostor("Hall", 2).await;
    board.come_online(SESSION).await;
    let mut screen = home.owner().watch(&[board.switch(1)]).await;
    screen.until("online", |switch| switch.is_online()).await;
    let tap = home.owner().start_set(&board.switch(1), true, 20_000);
    let order = board.order().await;
    assert_eq!((order.on, order.id.session, order.id.seq.get()), (true, board.session(), 1));
    Scene { home, board, screen, tap, order }
}

impl Scene {
    /// The board admits that it did not obey; whatever it said before has confirmed nothing.
    async fn refused_in_the_end(&mut self) {
        self.board.refuse(&self.order, Reason::Stale).await;
        let tap = (&mut self.tap).await.expect("it is answered");
        assert_eq!(tap.end(), ("REFUSED", Some("STALE")));
    }
}

#[tokio::test]
async fn the_right_value_without_the_name_of_the_order_confirms_nothing() {
    let mut scene = tapped().await;
    let report = scene.board.report_of(1, true, Cause::Button, None);
    scene.board.report(&report).await;
    let pressed = scene.screen.until("the button", |switch| switch.on == Some(true)).await;
    assert_eq!(pressed.changed_by(), "BUTTON");
    assert!(pressed.open_command.is_some(), "the tap is still open");
    let report = scene.board.report_of(1, true, Cause::Command, None);
    scene.board.report(&report).await;
    scene.refused_in_the_end().await;
}

#[tokio::test]
async fn the_name_of_another_order_confirms_nothing() {
    let mut scene = tapped().await;
    let OrderId { session, seq } = scene.order.id;
    let next = NonZeroU32::new(seq.get() + 1).unwrap();
    let foreign = BoardSession(NonZeroU32::new(SESSION + 1).unwrap());
    for obeyed in [OrderId { session, seq: next }, OrderId { session: foreign, seq }] {
        let report = scene.board.report_of(1, true, Cause::Command, Some(obeyed));
        scene.board.report(&report).await;
    }
    let shown = scene.screen.until("the report", |switch| switch.on == Some(true)).await;
    assert_eq!(shown.changed_by(), "UNKNOWN", "moved by an order nobody here gave");
    scene.refused_in_the_end().await;
}

#[tokio::test]
async fn another_relay_does_not_answer_for_the_one_that_was_asked() {
    let mut scene = tapped().await;
    let report = scene.board.report_of(2, true, Cause::Command, Some(scene.order.id));
    scene.board.report(&report).await;
    scene.refused_in_the_end().await;
    assert_eq!(scene.home.owner().switch(&scene.board.switch(1)).await.on, Some(false));
}

#[tokio::test]
async fn a_report_of_another_session_is_not_believed() {
    let mut scene = tapped().await;
    let mut stale = scene.board.obeyed(&scene.order);
    stale.session = BoardSession(NonZeroU32::new(SESSION - 1).unwrap());
    scene.board.report(&stale).await;
    // A second session on one connection would let old reports pass for new.
    let session = board::encode_session(stale.session, scene.board.uptime_ms());
    scene.board.say(Topic::Session, session, false).await;
    let mut stale = scene.board.obeyed(&scene.order);
    stale.session = BoardSession(NonZeroU32::new(SESSION - 1).unwrap());
    scene.board.report(&stale).await;
    scene.refused_in_the_end().await;
    assert_eq!(scene.home.owner().switch(&scene.board.switch(1)).await.on, Some(false));
}

#[tokio::test]
async fn repeated_and_older_reports_change_nothing() {
    let mut scene = tapped().await;
    let older = scene.board.report_of(1, false, Cause::Button, None);
    let obeyed = scene.board.obeyed(&scene.order);
    for _ in 0..3 {
        scene.board.report(&obeyed).await;
    }
    let tap = (&mut scene.tap).await.expect("it is answered");
    assert_eq!(tap.end(), ("CONFIRMED", None));
    scene.board.report(&older).await;
    scene.board.refuse(&scene.order, Reason::Stale).await;

    // What the board says in order comes after all of that.
    let last = scene.board.report_of(2, true, Cause::Button, None);
    scene.board.report(&last).await;
    let other = scene.board.switch(2);
    let mut other = scene.home.owner().watch(std::slice::from_ref(&other)).await;
    other.until("the other relay", |switch| switch.on == Some(true)).await;
    let shown = scene.home.owner().switch(&scene.board.switch(1)).await;
    assert_eq!((shown.on, shown.changed_by()), (Some(true), "MEMBER"), "the older report is of the past");
    let kept = scene.home.owner().command(&tap.id).await.expect("it is kept");
    assert_eq!(kept, tap, "it settled once");
}

#[tokio::test]
async fn a_report_that_comes_late_corrects_the_state_and_credits_who_asked() {
    let home = Home::claimed().await;
    let mut board = home.impostor("Hall", 1).await;
    board.come_online(SESSION).await;
    let mut screen = home.owner().watch(board.switches()).await;
    let tap = home.owner().start_set(&board.switch(1), true, 500);
    let order = board.order().await;
    let tap = tap.await.expect("it is answered");
    assert_eq!(tap.end(), ("TIMED_OUT", Some("NO_REPORT")));
    let shown = home.owner().switch(&board.switch(1)).await;
    assert_eq!((shown.on, shown.desired), (Some(false), Some(false)), "as last reported");

    let report = board.obeyed(&order);
    board.report(&report).await;
    let late = screen.until("the late report", |switch| switch.on == Some(true)).await;
    assert_eq!(late.changed_by(), "MEMBER");
    let command = late.last_change.and_then(|change| change.command).expect("it names the command");
    assert_eq!((command.id, command.outcome.as_str()), (tap.id.clone(), "TIMED_OUT"), "the outcome stays");
}

#[tokio::test]
async fn a_board_that_says_the_opposite_is_refused_as_read_back() {
    let mut scene = tapped().await;
    let report = scene.board.report_of(1, false, Cause::Command, Some(scene.order.id));
    scene.board.report(&report).await;
    let tap = (&mut scene.tap).await.expect("it is answered");
    assert_eq!(tap.end(), ("REFUSED", Some("READ_BACK_DIFFERS")));
    assert_eq!(scene.home.owner().switch(&scene.board.switch(1)).await.on, Some(false));
}

#[tokio::test]
async fn a_board_that_never_answers_is_bounded_by_the_deadline() {
    let home = Home::claimed().await;
    let mut board = home.impostor("Hall", 1).await;
    board.come_online(SESSION).await;
    let tap = home.owner().start_set(&board.switch(1), true, 500);
    let order = board.order().await;
    assert!(order.deadline_ms < board.uptime_ms() + 500, "the board's deadline lies before the gateway's");
    let tap = tap.await.expect("it is answered");
    assert_eq!(tap.end(), ("TIMED_OUT", Some("NO_REPORT")));
    let latency = tap.latency_ms.expect("it settled");
    assert!((500.0..2_500.0).contains(&latency), "{latency}");
    // An order is sent once, whatever becomes of it.
    board.ping().await;
    assert_eq!(board.orders_waiting(), 0);
}

#[tokio::test]
async fn a_board_that_answers_for_another_changes_nothing_of_it() {
    let home = Home::claimed().await;
    let mut victim = home.board("Kitchen", 1).await;
    let mut liar = home.impostor("Attic", 1).await;
    liar.come_online(SESSION).await;
    let mut screen = home.owner().watch(victim.switches()).await;
    let state = format!("homie/5/{}/$state", victim.id());
    let report = format!("homie/5/{}/$report", victim.id());
    let command = format!("homie/5/{}/$command", victim.id());

    victim.freeze();
    let tap = home.owner().start_set(&victim.switch(1), true, 20_000);
    screen.until("switching", |switch| switch.open_command.is_some()).await;
    liar.publish(&state, b"lost".to_vec(), true).await;
    for seq in 1..=3 {
        let lie = format!("{SESSION:08x} {seq} 1 relay-1/on true command {SESSION:08x}:1");
        liar.publish(&report, lie.into_bytes(), false).await;
    }
    liar.publish(&command, format!("{SESSION:08x} 1 99999999 relay-1/on true").into_bytes(), true).await;
    assert!(!liar.subscribe(&command).await, "a board hears its own orders only");
    let own = liar.report_of(1, true, Cause::Button, None);
    liar.report(&own).await;
    let mut all = home.owner().watch(liar.switches()).await;
    all.until("the liar's own relay", |switch| switch.on == Some(true)).await;
    let shown = home.owner().switch(&victim.switch(1)).await;
    assert_eq!((shown.on, shown.is_online(), shown.open_command.is_some()), (Some(false), true, true));

    victim.thaw();
    assert_eq!(tap.await.expect("it is answered").end(), ("CONFIRMED", None));
    assert_eq!(victim.movement().await.to_string(), "relay 1 on cause=command");
}

#[tokio::test]
async fn a_board_that_connects_twice_is_served_on_the_newer_connection_only() {
    let mut scene = tapped().await;
    let Scene { home, board, order, .. } = &mut scene;
    let old = order.clone();
    // The same board again, as after a power cut that the gateway did not notice.
    board.come_online(SESSION + 1).await;
    let again = home.owner().start_set(&board.switch(1), true, 20_000);
    let order = board.order().await;
    assert_eq!((order.id.session, order.id.seq.get()), (board.session(), 1), "numbers begin anew");
    let superseded = within(PATIENCE, "the first tap", &mut scene.tap).await.expect("it is answered");
    assert_eq!(superseded.end(), ("SUPERSEDED", Some("SUPERSEDED")));
    let report = scene.board.report_of(1, true, Cause::Command, Some(old.id));
    scene.board.report(&report).await;
    let report = scene.board.obeyed(&order);
    scene.board.report(&report).await;
    let again = again.await.expect("it is answered");
    assert_eq!(again.end(), ("CONFIRMED", None));
}
