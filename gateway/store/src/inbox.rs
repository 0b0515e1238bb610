//! The way to the writer: bounded, and nobody who sends ever waits.

use crate::Settings;
use crate::error::Full;
use gatehouse_core::ids::Ticket;
use gatehouse_core::record::Record;
use gatehouse_core::retained::RetainedChange;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Records that are committed together or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Who waits until it is on disk. Without one, the records may be merged with others and are committed within
    /// the window of [`Settings`].
    pub ticket: Option<Ticket>,
    /// What to write, in order.
    pub records: Vec<Record>,
}

/// Where batches are handed in.
#[derive(Clone)]
pub struct Queue(pub(crate) Arc<Inbox>);

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Queue")
    }
}

impl Queue {
    /// Hands a batch to the writer, or back when the queue is full or the writer has stopped. Never waits for the
    /// disk.
    pub fn try_send(&self, batch: Batch) -> Result<(), Full> {
        self.0.push(batch)
    }

    /// Hands changes of retained messages to the writer, or back when too many wait or the writer has stopped. They are
    /// committed like records without a ticket, within the window of [`Settings`]. Never waits for the disk.
    pub fn try_send_retained(&self, changes: Vec<RetainedChange>) -> Result<(), Vec<RetainedChange>> {
        self.0.push_retained(changes)
    }
}

/// Ready once the writer's thread has ended, in whatever way; [`crate::Writer::stop`] then says in which.
#[must_use = "a future does nothing unless it is awaited"]
pub struct Ended(pub(crate) Arc<Inbox>);

impl std::fmt::Debug for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ended")
    }
}

impl Future for Ended {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.0.lock();
        if state.ended {
            return Poll::Ready(());
        }
        if !state.wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            state.wakers.push(context.waker().clone());
        }
        Poll::Pending
    }
}

/// What the writer found.
pub(crate) struct Taken {
    pub(crate) batches: Vec<Batch>,
    pub(crate) retained: Vec<RetainedChange>,
    /// Nothing comes after these.
    pub(crate) stopping: bool,
}

pub(crate) struct Inbox {
    state: Mutex<State>,
    changed: Condvar,
    backlog: usize,
    capacity: usize,
    /// Changes of retained messages that may wait.
    retained: usize,
}

#[derive(Default)]
struct State {
    batches: Vec<Batch>,
    retained: Vec<RetainedChange>,
    /// The writer must not wait out its window.
    urgent: bool,
    stopping: bool,
    ended: bool,
    wakers: Vec<Waker>,
}

impl State {
    fn is_empty(&self) -> bool {
        self.batches.is_empty() && self.retained.is_empty()
    }
}

impl Inbox {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            backlog: settings.backlog,
            capacity: settings.queue,
            retained: settings.kept,
        }
    }

    // Nothing under the lock can panic half way.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, batch: Batch) -> Result<(), Full> {
        let mut state = self.lock();
        // Whatever boards say, there is room for what somebody waits for: of settings one is on its way at a time.
        let capacity = if batch.ticket.is_some() { self.capacity + 1 } else { self.capacity };
        if state.stopping || state.ended || state.batches.len() >= capacity {
            return Err(Full(batch));
        }
        let first = state.is_empty();
        let was_urgent = state.urgent;
        state.urgent |= batch.ticket.is_some() || state.batches.len() + 1 >= self.backlog;
        // Waking a thread costs a system call: only when it has something new to do.
        let wake = first || state.urgent != was_urgent;
        state.batches.push(batch);
        drop(state);
        if wake {
            self.changed.notify_one();
        }
        Ok(())
    }

    fn push_retained(&self, changes: Vec<RetainedChange>) -> Result<(), Vec<RetainedChange>> {
        let mut state = self.lock();
        if state.stopping || state.ended || state.retained.len() + changes.len() > self.retained {
            return Err(changes);
        }
        let first = state.is_empty();
        state.retained.extend(changes);
        drop(state);
        if first {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Waits for a first batch, however long, and then for more until `window` is over or one is urgent.
    pub(crate) fn take(&self, window: Duration) -> Taken {
        let state = self.lock();
        let idle = |state: &mut State| state.is_empty() && !state.stopping;
        let state = self.changed.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner);
        self.take_within(state, window)
    }

    /// Waits for something urgent, at most as long as `pause`; it may find nothing.
    pub(crate) fn take_soon(&self, pause: Duration) -> Taken {
        self.take_within(self.lock(), pause)
    }

    fn take_within(&self, state: MutexGuard<'_, State>, limit: Duration) -> Taken {
        let calm = |state: &mut State| !state.urgent && !state.stopping;
        let waited = self.changed.wait_timeout_while(state, limit, calm);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.urgent = false;
        let (batches, retained) = (std::mem::take(&mut state.batches), std::mem::take(&mut state.retained));
        Taken { batches, retained, stopping: state.stopping }
    }

    /// What was queued before is still taken; nothing more is.
    pub(crate) fn stop(&self) {
        self.lock().stopping = true;
        self.changed.notify_one();
    }

    /// The writer is gone.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }
}
