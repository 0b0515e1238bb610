//! The short way to a feed, past the router.
//!
//! By the router a message wakes two threads more on its way: one message at a time, that is half of its round trip.
//! So a message that finds every feed waiting, with all that came before it taken, is handed to each of them at once;
//! as soon as one feed has more to take, the router carries what follows.

use bytes::Bytes;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// What a feed shares with those who publish.
#[derive(Debug, Default)]
pub(super) struct Handover {
    /// Number of the last message that the feed took.
    taken: AtomicU64,
    frame: Mutex<Option<Bytes>>,
    handed: Notify,
}

impl Handover {
    /// Whether the feed has taken everything up to this number.
    pub(super) fn has_taken(&self, sequence: u64) -> bool {
        self.taken.load(Ordering::Acquire) == sequence
    }

    /// Hands the next message to a feed that has taken all before it.
    pub(super) fn hand(&self, frame: Bytes) {
        *self.frame.lock().unwrap_or_else(PoisonError::into_inner) = Some(frame);
        self.handed.notify_one();
    }

    /// The feed takes what was handed to it.
    pub(super) fn take(&self) -> Option<Bytes> {
        self.frame.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The feed has taken this message.
    pub(super) fn took(&self, sequence: u64) {
        self.taken.store(sequence, Ordering::Release);
    }

    /// When there may be something to take.
    pub(super) async fn handed(&self) {
        self.handed.notified().await;
    }
}
