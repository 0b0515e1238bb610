//! The gateway goes away and comes back, with a warning and without: relays stay, and what is shown stays true.

use gatehouse_e2e::{Board, Home, Movement};

/// A home with one relay on, one off, a room, and everything of it on disk.
async fn settled_home() -> (Home, Board) {
    let home = Home::claimed().await;
    let mut board = home.board("Kitchen", 2).await;
    assert_eq!(home.owner().set(&board.switch(1), true).await.end(), ("CONFIRMED", None));
    assert_eq!(board.movement().await.to_string(), "relay 1 on cause=command");
    home.room("Pantry").await;
    (home, board)
}

/// After a restart: everything is known before the board is back, and the board comes back without a movement.
async fn everything_is_as_before(home: &Home, board: &mut Board) {
    let owner = home.owner();
    let shown = owner.switch(&board.switch(1)).await;
    assert_eq!((shown.on, shown.is_online()), (Some(true), false), "as last reported, and not there yet");
    assert_eq!((shown.name.as_str(), shown.changed_by()), ("Kitchen 1", "MEMBER"));
    assert_eq!(owner.switch(&board.switch(2)).await.on, Some(false));
    let rooms: serde_json::Value = owner.ask("rooms", "{ rooms { name } }", serde_json::json!({})).await;
    assert_eq!(rooms, serde_json::json!([{ "name": "Pantry" }]));
    home.sign_in().await;

    let mut screen = owner.watch(board.switches()).await;
    board.thaw();
    screen.all(board.switches(), "the board is back", |switch| switch.is_online()).await;
    let shown = owner.switch(&board.switch(1)).await;
    assert_eq!((shown.on, shown.changed_by()), (Some(true), "MEMBER"), "nothing has changed");
    assert_eq!(owner.set(&board.switch(2), true).await.end(), ("CONFIRMED", None));
    let moved = Movement { relay: 2, on: true, cause: "command".to_owned(), seq: 1 };
    assert_eq!(board.movement().await, moved, "nothing has moved but by this tap");
}

#[tokio::test]
async fn a_restart_touches_no_relay_and_forgets_nothing() {
    let (mut home, mut board) = settled_home().await;
    board.freeze();
    let ended = home.stop().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    home.start().await;
    everything_is_as_before(&home, &mut board).await;
}

#[tokio::test]
async fn a_crash_touches_no_relay_and_forgets_nothing() {
    let (mut home, mut board) = settled_home().await;
    board.freeze();
    home.kill().await;
    home.start().await;
    everything_is_as_before(&home, &mut board).await;
}

#[tokio::test]
async fn a_wall_button_works_while_the_gateway_is_away_and_is_told_after() {
    let (mut home, mut board) = settled_home().await;
    home.stop().await;
    board.says("closed the connection").await;
    board.press("button 2").await;
    assert_eq!(board.movement().await.to_string(), "relay 2 on cause=button");
    home.start().await;
    let mut screen = home.owner().watch(&[board.switch(2)]).await;
    let back = screen.until("the board is back", |switch| switch.is_online()).await;
    assert_eq!((back.on, back.changed_by()), (Some(true), "BUTTON"));
}

#[tokio::test]
async fn a_crash_between_order_and_report_ends_in_the_truth() {
    let home = Home::claimed().await;
    let mut board = home.board("Pump", 1).await;
    let mut home = home;
    let mut screen = home.owner().watch(board.switches()).await;
    board.freeze();
    let tap = home.owner().start_set(&board.switch(1), true, 30_000);
    let open =
        screen.until("switching", |switch| switch.open_command.is_some()).await.open_command.expect("it is open");
    home.room("Well house").await;
    home.kill().await;
    assert!(tap.await.is_err(), "nobody answered it");

    home.start().await;
    let unknown = home.owner().command(&open.id).await.expect("it is on disk");
    assert_eq!(unknown.end(), ("TIMED_OUT", Some("NO_REPORT")));
    let shown = home.owner().switch(&board.switch(1)).await;
    assert_eq!((shown.on, shown.desired, shown.open_command), (Some(false), Some(false), None));

    // The order is in the board's socket, and its time is not over.
    let mut screen = home.owner().watch(board.switches()).await;
    board.thaw();
    assert_eq!(board.movement().await.to_string(), "relay 1 on cause=command");
    let back = screen.until("the board is back", |switch| switch.is_online() && switch.on == Some(true)).await;
    let change = back.last_change.expect("it changed");
    assert_eq!(change.actor, open.actor, "credited to who asked");
    assert_eq!(change.command.map(|command| command.id), Some(open.id.clone()));
    let kept = home.owner().command(&open.id).await.expect("it is on disk");
    assert_eq!(kept.end(), ("TIMED_OUT", Some("NO_REPORT")), "it settled once");
}

#[tokio::test]
async fn a_stop_answers_what_is_open() {
    let mut home = Home::claimed().await;
    let mut board = home.board("Pump", 1).await;
    let mut screen = home.owner().watch(board.switches()).await;
    board.freeze();
    let tap = home.owner().start_set(&board.switch(1), true, 30_000);
    screen.until("switching", |switch| switch.open_command.is_some()).await;
    let ended = home.stop().await;
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let tap = tap.await.expect("it is answered");
    assert_eq!(tap.end(), ("TIMED_OUT", Some("GATEWAY_STOPPING")));

    home.start().await;
    let kept = home.owner().command(&tap.id).await.expect("it is on disk");
    assert_eq!(kept.end(), ("TIMED_OUT", Some("GATEWAY_STOPPING")));
    let mut screen = home.owner().watch(board.switches()).await;
    board.thaw();
    // Its order was on the way, and the board still obeys it in time: unknown, until it says so.
    assert_eq!(board.movement().await.to_string(), "relay 1 on cause=command");
    let back = screen.until("the board is back", |switch| switch.is_online() && switch.on == Some(true)).await;
    let change = back.last_change.expect("it changed");
    assert_eq!(change.actor, tap.actor, "credited to who asked");
    assert_eq!(change.command.map(|command| command.id), Some(tap.id));
}
