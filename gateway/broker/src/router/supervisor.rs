//! Watches the router from outside: one that died or is stuck is given up, and the next integration starts another.

use super::{Fanout, Running, on_a_thread, subscribe};
use rumqttd::Notification;
use rumqttd::local::{LinkRx, LinkTx};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// Between two pings.
const PAUSE: Duration = Duration::from_secs(1);
const TOPIC: &str = "ping";

/// A link of the supervisor's own to one router.
struct Probe {
    generation: u64,
    tx: LinkTx,
    rx: LinkRx,
}

/// Pings the router through its log while there are integrations, until `stop`. It may take as long as `deadline` for
/// one, whatever else it has to do.
pub(crate) async fn supervise(fanout: Arc<Fanout>, deadline: Duration, stop: CancellationToken) {
    let watch = async {
        let mut probe = None;
        loop {
            sleep_until(Instant::now() + PAUSE).await;
            watch(&fanout, deadline, &mut probe).await;
        }
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        () = watch => {}
    }
}

async fn watch(fanout: &Arc<Fanout>, deadline: Duration, probe: &mut Option<Probe>) {
    if fanout.feeds.load(Ordering::Acquire) == 0 {
        return;
    }
    let Some(generation) = fanout.lock().as_ref().map(|running| running.generation) else { return };
    let mut current = probe.take().filter(|probe| probe.generation == generation);
    let alive = async {
        if current.is_none() {
            current = link(fanout).await;
        }
        match &mut current {
            Some(probe) => probe.ping().await,
            None => false,
        }
    };
    if timeout(deadline, alive).await == Ok(true) {
        *probe = current;
    } else {
        fanout.died(generation);
    }
}

async fn link(fanout: &Arc<Fanout>) -> Option<Probe> {
    let (links, generation) =
        fanout.lock().as_ref().map(|Running { links, generation, .. }| (links.clone(), *generation))?;
    let (done, linked) = oneshot::channel();
    on_a_thread(move || {
        drop(done.send(subscribe(&links, "supervisor", TOPIC)));
    });
    let (tx, rx) = linked.await.ok()??;
    Some(Probe { generation, tx, rx })
}

impl Probe {
    /// Whether the router is there. Waits for it without end.
    async fn ping(&mut self) -> bool {
        // An error is a full queue, or a dead router, which the answer tells.
        let _ = self.tx.try_publish(TOPIC, TOPIC);
        loop {
            match self.rx.next().await {
                Ok(Some(Notification::Forward(_))) => return true,
                Ok(Some(Notification::Unschedule)) if self.rx.wake().await.is_err() => return false,
                Ok(Some(Notification::Disconnect(..))) | Err(_) => return false,
                Ok(_) => {}
            }
        }
    }
}
