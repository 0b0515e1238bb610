//! A card that loses the database: the gateway starts from the snapshot beside it, and says so.

use gatehouse_e2e::{Board, Home};
use serde_json::{Value, json};
use std::fs;

/// A home with a board that is there, and its snapshot; then a room that the snapshot does not know.
async fn snapped() -> (Home, Board) {
    let mut home = Home::claimed().await;
    let board = home.board("Kitchen", 1).await;
    assert_eq!(home.owner().set(&board.switch(1), true).await.end(), ("CONFIRMED", None));
    home.stop().await;
    home.start().await;
    home.daemon().process().stderr_line(0, "a snapshot of the database was made").await;
    home.room("Pantry").await;
    home.kill().await;
    (home, board)
}

#[tokio::test]
async fn a_database_that_cannot_be_read_is_replaced_by_its_snapshot_and_the_owner_is_told() {
    let (mut home, mut board) = snapped().await;
    let file = home.data_dir().join("gatehouse.redb");
    fs::write(&file, b"what a card that dies gives back").expect("it can be written");
    home.start().await;

    let owner = home.owner().clone();
    let mut screen = owner.watch(board.switches()).await;
    screen.all(board.switches(), "the board is back", |switch| switch.is_online()).await;
    while board.movement().await.to_string() != "relay 1 on cause=command" {}
    assert_eq!(owner.set(&board.switch(1), false).await.end(), ("CONFIRMED", None));
    assert_eq!(board.movement().await.to_string(), "relay 1 off cause=command", "nothing has moved but by taps");
    let rooms: Value = owner.ask("rooms", "{ rooms { name } }", json!({})).await;
    assert_eq!(rooms, json!([]), "what came after the snapshot is gone");
    home.sign_in().await;

    let listed: Value = owner.ask("notices", "{ notices { nodes { code severity message } } }", json!({})).await;
    let told = listed["nodes"].as_array().expect("a list");
    let told = told.iter().find(|notice| notice["code"] == "STARTED_FROM_SNAPSHOT").expect("the owner is told");
    let message = told["message"].as_str().expect("text");
    assert!(message.contains("what was changed since 20"), "{message}");
    assert!(message.contains("gatehouse.redb.damaged"), "{message}");
    let kept = fs::read(home.data_dir().join("gatehouse.redb.damaged")).expect("it is kept");
    assert_eq!(kept, b"what a card that dies gives back");
}
