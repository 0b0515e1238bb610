//! The parts of the daemon: each a task that runs until it is told to stop, and the order in which they are told.

use anyhow::{Context, anyhow};
use gatehouse_store::Writer;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long a stop may take, part by part, before the daemon goes on without it.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// One part of the daemon: it runs until its token is cancelled.
pub(crate) struct Part {
    name: &'static str,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Part {
    pub(crate) fn start<F>(name: &'static str, run: impl FnOnce(CancellationToken) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stop = CancellationToken::new();
        let task = tokio::spawn(run(stop.clone()));
        Self { name, stop, task }
    }

    /// Ready when it has ended, which it should not have.
    async fn ended(&mut self) -> anyhow::Error {
        let end = (&mut self.task).await;
        anyhow!("the {} ended on its own ({end:?})", self.name)
    }

    /// Tells it to stop, and waits until it has.
    async fn stop(mut self) {
        self.stop.cancel();
        if !self.task.is_finished() && tokio::time::timeout(STOP_TIMEOUT, &mut self.task).await.is_err() {
            tracing::warn!(part = self.name, "did not stop in time");
            self.task.abort();
        }
    }
}

/// All parts but the store's writer, which is a thread of its own.
pub(crate) struct Parts {
    pub(crate) hub: Part,
    pub(crate) api: Part,
    pub(crate) edge: Part,
    /// Parts that nothing waits for: control socket, certificates, mDNS, serial ports, the header, mail.
    pub(crate) others: Vec<Part>,
}

impl Parts {
    /// Runs until the daemon is asked to stop or a part ends on its own, then stops in order: the API takes nothing new,
    /// the edge closes, the hub settles what is open, the API answers it, the writer commits.
    /// `stopping` is called before the first of that, with whether the daemon starts anew.
    pub(crate) async fn run(
        mut self,
        stop_asked: &mut StopAsked,
        stopping: impl FnOnce(bool),
        writer: Writer,
    ) -> anyhow::Result<End> {
        let ended = tokio::select! {
            end = stop_asked.wait() => Ok(end),
            error = self.hub.ended() => Err(error),
            error = self.api.ended() => Err(error),
            error = self.edge.ended() => Err(error),
            () = writer.ended() => Err(anyhow!("the database's writer ended on its own")),
        };
        tracing::info!("stopping");
        stopping(matches!(ended, Ok(End::Anew)));
        self.api.stop.cancel();
        for part in self.others {
            part.stop().await;
        }
        self.edge.stop().await;
        self.hub.stop().await;
        self.api.stop().await;
        let committed = tokio::task::spawn_blocking(move || writer.stop()).await;
        let end = ended?;
        committed.context("the database's writer failed")?.context("the last records could not be written")?;
        Ok(end)
    }
}

/// What comes after the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Nothing.
    Asked,
    /// Another start, on what was restored.
    Anew,
}

/// SIGTERM, Ctrl-C, or a wish of our own to start anew.
pub(crate) struct StopAsked {
    anew: Arc<Notify>,
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl StopAsked {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let on = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            anew: Arc::default(),
            terminate: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
        })
    }

    /// To be notified when the daemon is to start anew.
    pub(crate) fn anew(&self) -> Arc<Notify> {
        self.anew.clone()
    }

    async fn wait(&mut self) -> End {
        tokio::select! {
            _ = self.terminate.recv() => End::Asked,
            _ = self.interrupt.recv() => End::Asked,
            () = self.anew.notified() => End::Anew,
        }
    }
}
