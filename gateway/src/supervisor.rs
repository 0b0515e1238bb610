//! What systemd is told: that the gateway is ready, that it goes on, and that it stops (sd_notify(3)). Started by anything else, it
//! tells nobody.

use gatehouse_hub::EventLoop;
use sd_notify::NotifyState;

/// It serves. `owned`: somebody has claimed it.
pub(crate) fn ready(owned: bool) {
    let status = if owned { "Ready." } else { "Ready, and without an owner: see `gatehouse claim-code`." };
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// It was asked to stop, or a part of it ended.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("Settling what is open.")]);
}

/// Has the hub say that it goes on, twice as often as `WatchdogSec=` wants to hear it; a gateway whose hub has stalled is started anew.
pub(crate) fn watched(event_loop: EventLoop) -> EventLoop {
    match sd_notify::watchdog_enabled() {
        Some(limit) => event_loop.beating(limit / 2, || tell(&[NotifyState::Watchdog])),
        None => event_loop,
    }
}

/// It stops, and starts anew as the same process.
pub(crate) fn starting_anew() {
    tell(&[NotifyState::Reloading, NotifyState::Status("Starting anew with what was restored.")]);
}

fn tell(what: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(what) {
        // It kills what it does not hear of, so people have to know why.
        tracing::warn!(%error, "systemd could not be told");
    }
}
