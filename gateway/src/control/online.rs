//! Whether boards that were there are there again, asked when a new version has started.

use super::Answer;
use super::provision::{LOOK_EVERY, LOOKS};
use gatehouse_core::view::{Availability, DeviceView};
use gatehouse_hub::Hub;
use std::net::SocketAddr;
use std::sync::Arc;

/// How long a caller waits at most for one answer, in seconds.
pub(crate) const LONGEST_S: u32 = LOOKS / (1_000 / LOOK_EVERY.as_millis() as u32);

/// Names those that are not there, once none is missing, or after a while. A board that is no device's any more is not missed.
pub(super) async fn wait(hub: &Hub, mqtt: Option<SocketAddr>, boards: &[String], wait_s: u32) -> Answer {
    let enough = wait_s.saturating_mul(LOOKS / LONGEST_S).min(LOOKS);
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let mut looked = 0;
    loop {
        looks.tick().await;
        looked += 1;
        let view = hub.view();
        let missed = |device: &&Arc<DeviceView>| {
            device.availability != Availability::Online && boards.iter().any(|board| **board == *device.board.as_str())
        };
        let missing: Vec<_> = view.devices.iter().filter(missed).map(|device| device.name.to_string()).collect();
        if missing.is_empty() || looked > enough {
            return Answer::Online { missing, mqtt };
        }
    }
}
