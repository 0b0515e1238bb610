//! Integrations' retained messages on their way to the store, behind what clients see.

use super::Retained;
use gatehouse_core::retained::{RetainedChange, RetainedMessage};
use gatehouse_core::time::Now;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// From a first change to its write: what comes with it shares the commit.
const SETTLE: Duration = Duration::from_secs(1);
/// Between two writes, so that no topic wears the disk more than once a minute.
const EVERY: Duration = Duration::from_secs(60);

/// Takes changes to write, or gives them back when it can take none now; must not block.
pub type WriteRetained = Box<dyn Fn(Vec<RetainedChange>) -> Result<(), Vec<RetainedChange>> + Send + Sync>;

/// Where integrations' retained messages are when the edge is not there.
pub struct Keeping {
    /// What was kept, from the run before.
    pub kept: Vec<RetainedMessage>,
    /// The way to the store.
    pub write: WriteRetained,
    /// What the clocks say now.
    pub now: Box<dyn Fn() -> Now + Send + Sync>,
}

impl std::fmt::Debug for Keeping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeping").field("kept", &self.kept.len()).finish_non_exhaustive()
    }
}

impl Keeping {
    /// Takes in what was kept, as far as there is room for it.
    pub(crate) fn restore(&mut self, retained: &Retained) {
        let kept = std::mem::take(&mut self.kept);
        if kept.is_empty() {
            return;
        }
        let (count, dropped) = (kept.len(), retained.restore(kept, &(self.now)()));
        tracing::info!(count, dropped, "retained messages of integrations are there again");
    }

    /// Writes what changes, until `stop`; then what is not yet written.
    pub(crate) async fn run(self, retained: Arc<Retained>, stop: CancellationToken) {
        let mut last: Option<Instant> = None;
        loop {
            let now = Instant::now();
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = retained.changed() => {
                    let due = (Instant::now() + SETTLE).max(last.map_or(now, |last| last + EVERY));
                    tokio::select! {
                        biased;
                        () = stop.cancelled() => break,
                        () = sleep_until(due) => {}
                    }
                    self.write(&retained, false);
                    last = Some(Instant::now());
                }
                // The clock may have come to be trusted.
                () = sleep_until(now + EVERY), if retained.is_unsettled() => retained.settle(&(self.now)()),
            }
        }
        self.write(&retained, true);
    }

    fn write(&self, retained: &Retained, at_last: bool) {
        let now = (self.now)();
        retained.settle(&now);
        let changes = retained.take_changes(&now, at_last);
        if changes.is_empty() {
            return;
        }
        if let Err(changes) = (self.write)(changes) {
            if at_last {
                tracing::warn!(count = changes.len(), "retained messages could not be handed to the store");
            }
            retained.give_back(changes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Publish;
    use crate::limits::Limits;
    use crate::retained::Owner;
    use gatehouse_core::time::{Mono, Wall};
    use tokio::sync::mpsc;

    fn now() -> Now {
        Now { mono: Mono::default(), wall: Wall::from_millis(5), wall_trusted: true }
    }

    struct Running {
        retained: Arc<Retained>,
        stop: CancellationToken,
        writes: mpsc::UnboundedReceiver<Vec<RetainedChange>>,
        began: Instant,
        task: tokio::task::JoinHandle<()>,
    }

    impl Running {
        /// The first `refused` writes are given back.
        fn start(mut refused: u32) -> Self {
            let (sender, writes) = mpsc::unbounded_channel();
            let (retained, stop) = (Arc::new(Retained::new(&Limits::default())), CancellationToken::new());
            let refusals = std::sync::Mutex::new(move || {
                let refuse = refused > 0;
                refused = refused.saturating_sub(1);
                refuse
            });
            let write = move |changes: Vec<RetainedChange>| {
                sender.send(changes.clone()).unwrap();
                if refusals.lock().unwrap()() { Err(changes) } else { Ok(()) }
            };
            let keeping = Keeping { kept: vec![], write: Box::new(write), now: Box::new(now) };
            let task = tokio::spawn(keeping.run(retained.clone(), stop.clone()));
            Self { retained, stop, writes, began: Instant::now(), task }
        }

        fn publish(&self, topic: &str, payload: &str) {
            let publish = Publish { topic, payload: payload.as_bytes(), ..Publish::default() };
            self.retained.publish(&Owner::Integration("ana".into()), &publish, |_| true).unwrap();
        }

        /// Seconds since the start, and `topic=payload` of each change.
        async fn written(&mut self) -> (u64, Vec<String>) {
            let changes = self.writes.recv().await.unwrap();
            let mut shown: Vec<_> = changes
                .into_iter()
                .map(|change| match change {
                    RetainedChange::Kept(m) => format!("{}={}", m.topic, String::from_utf8_lossy(&m.payload)),
                    RetainedChange::Deleted(topic) => topic.to_string(),
                })
                .collect();
            shown.sort();
            (self.began.elapsed().as_secs(), shown)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_topic_is_written_at_most_once_a_minute_and_then_as_it_is_last() {
        let mut running = Running::start(0);
        running.publish("a", "0");
        assert_eq!(running.written().await, (1, vec!["a=0".to_owned()]));
        for second in 1..=90 {
            running.publish("a", &second.to_string());
            if second == 7 {
                running.publish("b", "1");
            }
            tokio::time::advance(Duration::from_secs(1)).await;
            tokio::task::yield_now().await;
        }
        running.publish("a", "");
        assert_eq!(running.written().await, (91, vec!["a=60".to_owned(), "b=1".to_owned()]));
        assert_eq!(running.written().await, (121, vec!["a".to_owned()]));
        running.publish("b", "2");
        running.stop.cancel();
        assert_eq!(running.written().await, (121, vec!["b=2".to_owned()]), "at a stop, at once");
        running.task.await.unwrap();
        assert!(running.writes.recv().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_store_gets_it_a_minute_later() {
        let mut running = Running::start(1);
        running.publish("a", "0");
        assert_eq!(running.written().await, (1, vec!["a=0".to_owned()]));
        running.publish("a", "1");
        assert_eq!(running.written().await, (61, vec!["a=1".to_owned()]));
        running.stop.cancel();
        running.task.await.unwrap();
        assert!(running.writes.recv().await.is_none(), "nothing was left");
    }
}
