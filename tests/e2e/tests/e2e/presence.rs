//! Boards that come and go: power, Wi-Fi, a pulled plug, a wrong secret.

use gatehouse_e2e::{Home, within};
use std::time::Duration;

/// A board that falls silent is offline by then.
const MUTE: Duration = Duration::from_secs(15);
/// A board whose connection is closed is offline by then.
const CLOSED: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_power_cycle_is_seen_and_the_relay_comes_back_as_its_policy_says() {
    let home = Home::claimed().await;
    let mut board = home.board("Heater", 2).await;
    home.owner().set(&board.switch(2), true).await;
    assert_eq!(board.movement().await.to_string(), "relay 2 on cause=command");
    let mut screen = home.owner().watch(&[board.switch(2)]).await;

    board.press("power-cycle").await;
    board.booted(&[false, false]).await;
    screen.until("offline", |switch| !switch.is_online()).await;
    let back = screen.until("back", |switch| switch.is_online()).await;
    assert_eq!((back.on, back.changed_by()), (Some(false), "BOOT"));
    assert_eq!(home.owner().set(&board.switch(2), true).await.end(), ("CONFIRMED", None));
    assert_eq!(board.movement().await.to_string(), "relay 2 on cause=command");
}

#[tokio::test]
async fn without_wifi_it_is_offline_within_fifteen_seconds_and_a_tap_says_why() {
    let home = Home::claimed().await;
    let mut board = home.board("Shed", 1).await;
    home.owner().set(&board.switch(1), true).await;
    assert_eq!(board.movement().await.to_string(), "relay 1 on cause=command");
    let mut screen = home.owner().watch(board.switches()).await;

    board.press("wifi down").await;
    let away = screen.until_within(MUTE, "offline", |switch| !switch.is_online()).await;
    assert_eq!(away.on, Some(true), "shown as last reported");
    let tap = home.owner().set(&board.switch(1), false).await;
    assert_eq!(tap.end(), ("OFFLINE", Some("OFFLINE")));
    assert!(tap.reason.is_some_and(|reason| reason.contains("offline")), "a reason for people");

    // The wall button works all the same, and is told once the board is back.
    board.press("button 1").await;
    assert_eq!(board.movement().await.to_string(), "relay 1 off cause=button", "neither Wi-Fi nor the tap moved it");
    board.press("wifi up").await;
    let back = screen.until_within(Duration::from_secs(5), "back", |switch| switch.is_online()).await;
    assert_eq!((back.on, back.changed_by()), (Some(false), "BUTTON"));
    assert_eq!(home.owner().set(&board.switch(1), true).await.end(), ("CONFIRMED", None));
    assert_eq!(board.movement().await.to_string(), "relay 1 on cause=command");
}

#[tokio::test]
async fn a_socket_that_never_speaks_again_is_offline_within_fifteen_seconds() {
    let home = Home::claimed().await;
    let mut board = home.impostor("Attic", 1).await;
    board.come_online(0xc0ff_ee01).await;
    let mut screen = home.owner().watch(board.switches()).await;
    screen.until("online", |switch| switch.is_online()).await;
    screen.until_within(MUTE, "offline", |switch| !switch.is_online()).await;
    board.closed().await;
}

#[tokio::test]
async fn a_board_that_says_goodbye_is_offline_within_a_second() {
    let home = Home::claimed().await;
    let mut board = home.board("Hall", 1).await;
    let mut screen = home.owner().watch(board.switches()).await;
    screen.until("online", |switch| switch.is_online()).await;
    board.press("quit").await;
    screen.until_within(CLOSED, "offline", |switch| !switch.is_online()).await;
    assert_eq!(board.ended().await.code, Some(0));
}

#[tokio::test]
async fn a_pulled_plug_closes_the_connection_and_plugging_in_again_brings_it_back() {
    let home = Home::claimed().await;
    let board = home.board("Hall", 1).await;
    let switch = board.switch(1);
    home.owner().set(&switch, true).await;
    let mut screen = home.owner().watch(std::slice::from_ref(&switch)).await;
    let mut board = board.replug().await;
    board.booted(&[false]).await;
    let back = screen.until("back", |switch| switch.is_online() && switch.on == Some(false)).await;
    assert_eq!(back.changed_by(), "BOOT");
    assert_eq!(home.owner().set(&switch, true).await.end(), ("CONFIRMED", None));
}

#[tokio::test]
async fn a_board_with_the_wrong_secret_is_not_let_in() {
    let home = Home::claimed().await;
    let mut board = home.board_with_wrong_secret("Porch").await;
    let said = board.says("refused the login").await;
    assert!(said.contains("code 4") && said.contains("--secret-file"), "{said}");
    let switch = home.owner().switch(&board.switch(1)).await;
    assert_eq!((switch.is_online(), switch.on), (false, None));
    assert_eq!(home.owner().set(&board.switch(1), true).await.end(), ("OFFLINE", Some("OFFLINE")));
}

#[tokio::test]
async fn a_caller_that_never_says_connect_is_let_go() {
    let home = Home::claimed().await;
    let mut silent = tokio::net::TcpStream::connect(home.mqtt()).await.unwrap();
    let mut rest = Vec::new();
    let closed = tokio::io::AsyncReadExt::read_to_end(&mut silent, &mut rest);
    assert_eq!(within(Duration::from_secs(10), "the end of a silent caller", closed).await.unwrap_or(0), 0);
}
