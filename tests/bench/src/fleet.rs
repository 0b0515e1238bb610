//! Many light boards in a thread of their own, so that no client's work delays them.

use crate::board::{Board, Fleet, Moved};
use anyhow::{Context, anyhow};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

/// Presses that may wait for one board.
const BUTTONS: usize = 8;

/// Boards that are ready; dropping it closes their connections.
pub(crate) struct Boards {
    moved: Arc<[Moved]>,
    buttons: Vec<mpsc::Sender<usize>>,
    stops: Vec<oneshot::Sender<()>>,
    failure: Arc<Mutex<Option<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl Boards {
    /// Connects boards 0 to `count`, and waits until all of them have said that they are ready.
    pub(crate) async fn start(fleet: Fleet, count: usize) -> anyhow::Result<Self> {
        let (boards, mut ready) = Self::power_on(fleet, count)?;
        for _ in 0..count {
            ready.recv().await.ok_or_else(|| boards.why_failed())?;
        }
        Ok(boards)
    }

    /// Connects boards 0 to `count`, all at once; each says on the channel that it has said that it is ready.
    pub(crate) fn power_on(fleet: Fleet, count: usize) -> anyhow::Result<(Self, mpsc::Receiver<()>)> {
        let moved = (0..count).map(|_| (0..fleet.relays).map(|_| AtomicU64::new(0)).collect());
        let moved: Arc<[Moved]> = moved.collect();
        let (buttons, presses): (Vec<_>, Vec<_>) = (0..count).map(|_| mpsc::channel(BUTTONS)).unzip();
        let (stops, stopped): (Vec<_>, Vec<_>) = (0..count).map(|_| oneshot::channel()).unzip();
        let (ready_sender, ready) = mpsc::channel(count.max(1));
        let failure = Arc::new(Mutex::new(None));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::spawn({
            let (moved, failure) = (moved.clone(), failure.clone());
            move || {
                runtime.block_on(async move {
                    let mut boards = JoinSet::new();
                    for (number, (presses, stop)) in presses.into_iter().zip(stopped).enumerate() {
                        let (fleet, moved, ready) = (fleet.clone(), moved.clone(), ready_sender.clone());
                        boards.spawn(async move {
                            let board = Board::start(fleet, number, &moved[number]).await?;
                            ready.send(()).await.context("nobody waits for the boards")?;
                            drop(ready);
                            board.run(presses, stop).await.with_context(|| format!("board {number}"))
                        });
                    }
                    drop(ready_sender);
                    while let Some(ended) = boards.join_next().await {
                        if let Err(error) = ended.map_err(anyhow::Error::from).flatten() {
                            let mut failure = failure.lock().unwrap_or_else(PoisonError::into_inner);
                            failure.get_or_insert(format!("{error:#}"));
                        }
                    }
                });
            }
        });
        let boards = Self { moved, buttons, stops, failure, thread: Some(thread) };
        Ok((boards, ready))
    }

    /// When a relay of a board, both counted from 0, moved last: nanoseconds of the clock.
    pub(crate) fn moved_ns(&self, board: usize, relay: usize) -> u64 {
        self.moved[board][relay].load(Ordering::Acquire)
    }

    /// Presses the wall button of a relay.
    pub(crate) fn press(&self, board: usize, relay: usize) -> anyhow::Result<()> {
        self.buttons[board].try_send(relay).context("the board does not take the press")
    }

    /// An error when a board has failed.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let failed = self.failure.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if failed { Err(self.why_failed()) } else { Ok(()) }
    }

    fn why_failed(&self) -> anyhow::Error {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        anyhow!("{}", failure.as_deref().unwrap_or("the boards' thread ended"))
    }
}

impl Drop for Boards {
    fn drop(&mut self) {
        self.stops.clear();
        if let Some(thread) = self.thread.take() {
            // A panic in there has already been printed.
            let _panicked = thread.join();
        }
    }
}
