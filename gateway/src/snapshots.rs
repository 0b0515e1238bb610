//! The snapshot of the database beside its file, kept up to date while the daemon runs.

use gatehouse_core::access::Denied;
use gatehouse_core::notice::{Incident, NoticeKind, Subject};
use gatehouse_hub::Hub;
use gatehouse_store::{Reader, Recovered, Snapshot};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// After a change of settings, which seldom comes alone.
const AFTER_A_CHANGE: Duration = Duration::from_secs(10 * 60);
/// However often settings change: each snapshot wears the card by as much as the database is big.
const AT_MOST_EVERY: Duration = Duration::from_secs(60 * 60);
/// For what else was written: records of what happened.
const AT_LEAST_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// Keeps the snapshot.
pub(crate) struct Snapshots {
    reader: Reader,
    data_dir: PathBuf,
    changed: Arc<Notify>,
}

impl Snapshots {
    pub(crate) fn new(reader: Reader, data_dir: PathBuf) -> Self {
        Self { reader, data_dir, changed: Arc::default() }
    }

    /// To be notified whenever settings are on disk.
    pub(crate) fn changed(&self) -> Arc<Notify> {
        self.changed.clone()
    }

    /// Makes one at once, if anything was written since the last, and then from time to time until `stop`.
    pub(crate) async fn run(self, hub: Hub, stop: CancellationToken) {
        loop {
            self.make(&hub).await;
            let made = Instant::now();
            let changed = async {
                self.changed.notified().await;
                sleep_until((Instant::now() + AFTER_A_CHANGE).max(made + AT_MOST_EVERY)).await;
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = changed => {}
                () = sleep_until(made + AT_LEAST_EVERY) => {}
            }
        }
    }

    async fn make(&self, hub: &Hub) {
        let (reader, data_dir) = (self.reader.clone(), self.data_dir.clone());
        let made = tokio::task::spawn_blocking(move || reader.keep_snapshot(&data_dir)).await;
        let why = match made {
            Ok(Ok(Snapshot::Made { bytes })) => return tracing::info!(bytes, "a snapshot of the database was made"),
            Ok(Ok(Snapshot::Unchanged)) => return,
            Ok(Err(error)) => {
                tracing::error!("{error}");
                error.why
            }
            Err(error) => {
                tracing::error!(%error, "a snapshot of the database could not be made");
                "a defect of gatehouse, please report it".to_owned()
            }
        };
        let incident = Incident::once(NoticeKind::SnapshotFailed, Subject::Gateway, None).saying(why);
        if hub.tell_incident(incident).is_err() {
            tracing::warn!("the owner could not be told that there is no new snapshot");
        }
    }
}

/// Tells the owner that what is there is what the snapshot held.
pub(crate) fn tell_recovered(hub: &Hub, recovered: Option<Recovered>) -> Result<(), Denied> {
    let Some(Recovered { why: _, made_at, aside }) = recovered else { return Ok(()) };
    let made = made_at.and_then(|at| jiff::Timestamp::try_from(at).ok());
    let made = made.map_or_else(
        || "what was changed since it was made is gone".to_owned(),
        |at| format!("what was changed since {} UTC is gone", at.strftime("%Y-%m-%d %H:%M")),
    );
    let kept = aside.map(|path| format!("; the damaged one is {}", path.display())).unwrap_or_default();
    let incident = Incident::once(NoticeKind::StartedFromSnapshot, Subject::Gateway, None);
    hub.tell_incident(incident.saying(made + &kept))
}
