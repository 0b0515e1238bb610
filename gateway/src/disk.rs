//! The owner is told when the disk can no longer be written, and when it can again.

use gatehouse_core::notice::{NoticeKind, Subject};
use gatehouse_hub::Hub;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Tells the home what the store's writer says, until `stop`; at first how it is now, which ends what an earlier run told. Of what is over
/// before anyone looks, nobody need know.
pub(crate) async fn watch(mut failing: watch::Receiver<bool>, hub: Hub, stop: CancellationToken) {
    loop {
        let told = if *failing.borrow_and_update() { vec![Subject::Gateway] } else { Vec::new() };
        if hub.tell_condition(NoticeKind::DiskFailing, told).is_err() {
            tracing::warn!("the owner could not be told how the disk is");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            changed = failing.changed() => if changed.is_err() {
                // The writer has ended, and the daemon is about to.
                return stop.cancelled().await;
            },
        }
    }
}
