//! What waits for integrations beyond the share that each of them has, bounded for all together.

use super::state::SHARE_BYTES;
use crate::counters::Count;
use crate::registry::Slot;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

struct Held {
    bytes: usize,
    /// When it last became less.
    since: Instant,
    slot: Arc<Slot>,
}

/// Who holds more than its share: subscribers that have yet to read what was retained.
pub(crate) struct Excess {
    limit: usize,
    held: Mutex<HashMap<u64, Held>>,
}

impl Excess {
    /// For so many bytes in all.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, held: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many bytes wait for the connection of this session now. When that is too much in all, those are cut that
    /// have gone without reading for longest.
    pub(crate) fn set(&self, session: u64, waiting: usize, slot: &Arc<Slot>) {
        let bytes = waiting.saturating_sub(SHARE_BYTES);
        let mut held = self.lock();
        if bytes == 0 {
            held.remove(&session);
            return;
        }
        let now = Instant::now();
        let own = held.entry(session).or_insert_with(|| Held { bytes, since: now, slot: slot.clone() });
        if bytes < own.bytes {
            own.since = now;
        }
        own.bytes = bytes;
        while held.values().map(|held| held.bytes).sum::<usize>() > self.limit {
            let Some(slowest) = held.iter().min_by_key(|(_, held)| held.since).map(|(session, _)| *session) else {
                return;
            };
            if let Some(slowest) = held.remove(&slowest) {
                slowest.slot.end(Count::EndSlow);
            }
        }
    }

    /// The connection of this session has ended.
    pub(crate) fn release(&self, session: u64) {
        self.lock().remove(&session);
    }

    /// Bytes held by all.
    pub(crate) fn bytes(&self) -> usize {
        self.lock().values().map(|held| held.bytes).sum()
    }
}
