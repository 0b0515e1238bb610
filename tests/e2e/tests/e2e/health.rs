//! How a device is, from the firmware's own words to every screen.

use gatehouse_e2e::Home;
use serde_json::json;

const CHANGED: &str = "subscription { deviceChanged { name availability health {
    rssiDbm freeHeapBytes uptimeMs restartReason reconnects restarts clockOffsetMs } } }";

#[tokio::test]
async fn a_board_tells_how_it_is_and_is_counted_when_it_comes_back() {
    let home = Home::claimed().await;
    let board = home.board("Kitchen", 1).await;
    let mut screen = home.owner().subscribe(CHANGED).await;
    let online = |device: &serde_json::Value| device["availability"] == "ONLINE";
    let shown = screen.value("deviceChanged", "a device that is there", online).await;
    let health = &shown["health"];
    assert!(health["rssiDbm"].as_i64().is_some_and(|rssi| (-100..0).contains(&rssi)), "{health}");
    assert!(health["freeHeapBytes"].as_f64().is_some_and(|bytes| bytes > 0.0), "{health}");
    assert!(health["uptimeMs"].is_number() && health["clockOffsetMs"].is_number(), "{health}");
    assert!(health["restartReason"].is_string(), "{health}");
    assert_eq!((&health["reconnects"], &health["restarts"]), (&json!(0.0), &json!(0.0)));

    let _board = board.replug().await;
    let back = |device: &serde_json::Value| online(device) && device["health"]["reconnects"] == 1.0;
    screen.value("deviceChanged", "it is back", back).await;
}
