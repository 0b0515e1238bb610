//! A tap, from the question to the relay and back.

use gatehouse_core::command::Reason;
use gatehouse_e2e::{Actor, Home, Movement, OWNER};
use serde_json::{Value, json};

fn owner() -> Actor {
    Actor { kind: "MEMBER".to_owned(), name: OWNER.to_owned() }
}

#[tokio::test]
async fn a_tap_moves_the_relay_and_says_how_long_it_took() {
    let home = Home::claimed().await;
    let mut board = home.board("Kitchen", 2).await;

    let tap = home.owner().set(&board.switch(2), true).await;
    assert_eq!(tap.end(), ("CONFIRMED", None));
    assert_eq!((tap.on, tap.confirmed_by.as_deref(), tap.actor), (true, Some("OBEYED"), Some(owner())));
    let latency = tap.latency_ms.expect("it settled");
    assert!(latency > 0.0 && latency < 5_000.0, "{latency}");
    let moved = Movement { relay: 2, on: true, cause: "command".to_owned(), seq: 1 };
    assert_eq!(board.movement().await, moved);

    let switch = home.owner().switch(&board.switch(2)).await;
    assert_eq!((switch.name.as_str(), switch.on, switch.desired), ("Kitchen 2", Some(true), Some(true)));
    assert_eq!(home.owner().switch(&board.switch(1)).await.on, Some(false));
    assert_eq!(home.owner().command(&tap.id).await.expect("it is kept").end(), ("CONFIRMED", None));
}

#[tokio::test]
async fn a_second_screen_sees_switching_and_then_what_the_relay_did() {
    let home = Home::claimed().await;
    let mut board = home.board("Hall", 1).await;
    let mut screen = home.sign_in().await.watch(board.switches()).await;
    let before = screen.next().await;
    assert_eq!((before.on, before.open_command), (Some(false), None));

    // Held still, so that the screen can be looked at in between.
    board.freeze();
    let tap = home.owner().start_set(&board.switch(1), true, 20_000);
    let switching = screen.until("switching", |switch| switch.open_command.is_some()).await;
    assert_eq!((switching.on, switching.desired), (Some(false), Some(true)), "nothing has moved yet");
    let open = switching.open_command.expect("it is open");
    assert_eq!((open.end(), open.actor.clone()), (("OPEN", None), Some(owner())));
    board.thaw();

    let settled = screen.until("settled", |switch| switch.open_command.is_none()).await;
    assert_eq!((settled.on, settled.desired), (Some(true), Some(true)));
    let change = settled.last_change.expect("it changed");
    assert_eq!((change.on, change.actor, change.command.map(|c| c.id)), (true, Some(owner()), Some(open.id.clone())));
    let tap = tap.await.expect("it is answered");
    assert_eq!((tap.id.as_str(), tap.end()), (open.id.as_str(), ("CONFIRMED", None)));
    assert_eq!(board.movement().await.to_string(), "relay 1 on cause=command");
}

#[tokio::test]
async fn a_hand_on_the_wall_button_is_shown_as_what_it_is() {
    let home = Home::claimed().await;
    let mut board = home.board("Hall", 1).await;
    let mut screen = home.owner().watch(board.switches()).await;

    board.press("button 1").await;
    let pressed = screen.until("the button", |switch| switch.on == Some(true)).await;
    assert_eq!((pressed.changed_by(), pressed.desired, pressed.open_command.is_none()), ("BUTTON", Some(true), true));
    assert_eq!(pressed.last_change.and_then(|change| change.command), None, "nobody asked for it");
    assert_eq!(board.movement().await.to_string(), "relay 1 on cause=button");

    home.owner().set(&board.switch(1), false).await;
    let tapped = screen.until("the tap", |switch| switch.on == Some(false)).await;
    assert_eq!(tapped.changed_by(), "MEMBER");
    assert_eq!(board.movement().await.to_string(), "relay 1 off cause=command");
}

#[tokio::test]
async fn five_of_six_are_confirmed_and_the_sixth_says_why_not() {
    let home = Home::claimed().await;
    let mut garden = home.board("Garden", 3).await;
    let mut kitchen = home.board("Kitchen", 2).await;
    let shed = home.impostor("Shed", 1).await;
    let all = [garden.switches(), shed.switches(), kitchen.switches()].concat();

    let inputs: Vec<_> = all.iter().map(|id| json!({ "switchId": id, "on": true })).collect();
    let document = "mutation ($inputs: [SetSwitchInput!]!) { setSwitches(inputs: $inputs) \
                    { switchId code command { outcome reasonCode } } }";
    let results: Vec<Value> = home.owner().ask("setSwitches", document, json!({ "inputs": inputs })).await;
    let confirmed = json!({ "outcome": "CONFIRMED", "reasonCode": null });
    for (id, result) in all.iter().zip(&results) {
        let offline = *id == shed.switch(1);
        let command =
            if offline { json!({ "outcome": "OFFLINE", "reasonCode": "OFFLINE" }) } else { confirmed.clone() };
        assert_eq!(*result, json!({ "switchId": id, "code": null, "command": command }));
    }
    assert_eq!(results.len(), 6);
    for board in [&mut garden, &mut kitchen] {
        let mut moved = Vec::new();
        for _ in board.switches().to_vec() {
            let movement = board.movement().await;
            assert!(movement.on && movement.cause == "command", "{movement}");
            moved.push(movement.relay);
        }
        moved.sort_unstable();
        assert_eq!(moved, (1..=board.switches().len()).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_newer_tap_takes_the_place_of_one_that_is_open() {
    let home = Home::claimed().await;
    let mut board = home.impostor("Hall", 1).await;
    board.come_online(0xc0ff_ee01).await;
    let older = home.owner().start_set(&board.switch(1), true, 20_000);
    board.order().await;
    let newer = home.owner().start_set(&board.switch(1), false, 20_000);
    assert_eq!(older.await.expect("it is answered").end(), ("SUPERSEDED", Some("SUPERSEDED")));
    let order = board.order().await;
    assert_eq!((order.on, order.id.seq.get()), (false, 2));
    let report = board.obeyed(&order);
    board.report(&report).await;
    assert_eq!(newer.await.expect("it is answered").end(), ("CONFIRMED", None));
}

#[tokio::test]
async fn what_a_board_refuses_is_refused_with_its_reason() {
    let home = Home::claimed().await;
    let mut board = home.impostor("Blind", 2).await;
    board.come_online(0xc0ff_ee01).await;
    for (reason, code) in [(Reason::Interlocked, "INTERLOCKED"), (Reason::HeldByPulse, "HELD_BY_PULSE")] {
        let tap = home.owner().start_set(&board.switch(1), true, 20_000);
        let order = board.order().await;
        board.refuse(&order, reason).await;
        let tap = tap.await.expect("it is answered");
        assert_eq!(tap.end(), ("REFUSED", Some(code)));
        assert!(tap.reason.is_some_and(|reason| reason.ends_with('.')), "a sentence for people");
    }
    assert_eq!(home.owner().switch(&board.switch(1)).await.on, Some(false));
}

#[tokio::test]
async fn a_relay_that_sticks_is_not_shown_as_obeying() {
    let home = Home::claimed().await;
    let mut board = home.board("Pump", 1).await;
    board.press("stick 1 off").await;
    // The board takes its lines in order: what follows was pressed with the relay stuck.
    board.press("button 1").await;
    board.says("does not do what its pin was told").await;

    let tap = home.owner().set(&board.switch(1), true).await;
    assert_eq!(tap.end(), ("REFUSED", Some("READ_BACK_DIFFERS")));
    assert_eq!(home.owner().switch(&board.switch(1)).await.on, Some(false));

    board.press("unstick 1").await;
    let mut screen = home.owner().watch(board.switches()).await;
    board.press("button 1").await;
    screen.until("the button works again", |switch| switch.on == Some(true)).await;
    let tap = home.owner().set(&board.switch(1), false).await;
    assert_eq!(tap.end(), ("CONFIRMED", None));
}

#[tokio::test]
async fn a_board_that_stands_still_leaves_the_tap_unknown_and_obeys_nothing_late() {
    let home = Home::claimed().await;
    let mut board = home.board("Cellar", 1).await;
    board.freeze();
    let tap = home.owner().set_within(&board.switch(1), true, 1_000).await;
    assert_eq!(tap.end(), ("TIMED_OUT", Some("NO_REPORT")));
    let latency = tap.latency_ms.expect("it settled");
    assert!((1_000.0..3_000.0).contains(&latency), "settled by its deadline, not before: {latency}");
    board.thaw();

    // Its order lay in the socket all along; by now its time is over.
    let again = home.owner().set(&board.switch(1), true).await;
    assert_eq!(again.end(), ("CONFIRMED", None));
    let moved = Movement { relay: 1, on: true, cause: "command".to_owned(), seq: 2 };
    assert_eq!(board.movement().await, moved, "the first order moved nothing");
    assert_eq!(home.owner().command(&tap.id).await.expect("it is kept").end(), ("TIMED_OUT", Some("NO_REPORT")));
}

#[tokio::test]
async fn the_same_request_id_answers_the_same_command() {
    let home = Home::claimed().await;
    let mut board = home.board("Hall", 1).await;
    let document = "mutation ($input: SetSwitchInput!) { setSwitch(input: $input) { id outcome } }";
    let input = |on: bool| json!({ "input": { "switchId": board.switch(1), "on": on, "requestId": "tap-1" } });
    let first: Value = home.owner().ask("setSwitch", document, input(true)).await;
    let second: Value = home.owner().ask("setSwitch", document, input(true)).await;
    assert_eq!(first, second);
    assert_eq!(home.owner().try_ask(document, input(false)).await.unwrap_err().code, "CONFLICT");
    assert_eq!(board.movement().await.to_string(), "relay 1 on cause=command");
    home.owner().set(&board.switch(1), false).await;
    assert_eq!(board.movement().await.to_string(), "relay 1 off cause=command", "it moved once for the two requests");
}
