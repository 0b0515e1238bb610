//! The last retained message of each topic, bounded in count and bytes.

use crate::filter::matches;
use crate::limits::Limits;
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A retained message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) topic: Arc<str>,
    pub(crate) payload: Bytes,
    pub(crate) qos: u8,
}

/// The index is full, or this client's share of it; the message was not kept and an older one, if any, stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

struct Entry {
    payload: Bytes,
    qos: u8,
    owner: Arc<str>,
}

#[derive(Default)]
struct Index {
    entries: HashMap<Arc<str>, Entry>,
    bytes: usize,
    shares: HashMap<Arc<str>, usize>,
}

/// The index; one for the whole edge.
pub(crate) struct Retained {
    index: Mutex<Index>,
    messages: usize,
    bytes: usize,
    share: usize,
}

impl Retained {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            index: Mutex::default(),
            messages: limits.retained_messages,
            bytes: limits.retained_bytes,
            share: limits.retained_per_client,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a message that came with the retain flag; an empty one deletes.
    pub(crate) fn publish(&self, owner: &Arc<str>, topic: &str, payload: &[u8], qos: u8) -> Result<(), Full> {
        let mut guard = self.lock();
        let index = &mut *guard;
        if payload.is_empty() {
            index.remove(topic);
            return Ok(());
        }
        if let Some(entry) = index.entries.get_mut(topic) {
            let bytes = index.bytes - entry.payload.len() + payload.len();
            if bytes > self.bytes {
                return Err(Full);
            }
            if entry.payload != payload {
                entry.payload = Bytes::copy_from_slice(payload);
            }
            entry.qos = qos;
            index.bytes = bytes;
            return Ok(());
        }
        let bytes = index.bytes + topic.len() + payload.len();
        let share = index.shares.get(owner).copied().unwrap_or(0);
        if index.entries.len() >= self.messages || bytes > self.bytes || share >= self.share {
            return Err(Full);
        }
        index.bytes = bytes;
        *index.shares.entry(owner.clone()).or_default() += 1;
        let entry = Entry { payload: Bytes::copy_from_slice(payload), qos, owner: owner.clone() };
        index.entries.insert(topic.into(), entry);
        Ok(())
    }

    /// All messages whose topic matches, in no order.
    pub(crate) fn matching(&self, filter: &str) -> Vec<Kept> {
        let kept = |(topic, entry): (&Arc<str>, &Entry)| Kept {
            topic: topic.clone(),
            payload: entry.payload.clone(),
            qos: entry.qos,
        };
        let index = self.lock();
        if !crate::filter::is_wild(filter) {
            return index.entries.get_key_value(filter).map(kept).into_iter().collect();
        }
        index.entries.iter().filter(|(topic, _)| matches(filter, topic)).map(kept).collect()
    }
}

impl Index {
    fn remove(&mut self, topic: &str) {
        let Some(entry) = self.entries.remove(topic) else { return };
        self.bytes -= topic.len() + entry.payload.len();
        if let Some(share) = self.shares.get_mut(&entry.owner) {
            *share -= 1;
            if *share == 0 {
                self.shares.remove(&entry.owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(messages: usize, bytes: usize, share: usize) -> Retained {
        Retained::new(&Limits {
            retained_messages: messages,
            retained_bytes: bytes,
            retained_per_client: share,
            ..Limits::default()
        })
    }

    fn topics(index: &Retained, filter: &str) -> Vec<String> {
        let mut topics: Vec<_> = index.matching(filter).into_iter().map(|kept| kept.topic.to_string()).collect();
        topics.sort();
        topics
    }

    #[test]
    fn the_last_one_counts_and_an_empty_one_deletes() {
        let (index, ana) = (index(10, 100, 10), "ana".into());
        index.publish(&ana, "a/b", b"1", 0).unwrap();
        index.publish(&ana, "a/b", b"22", 1).unwrap();
        index.publish(&ana, "a/c", b"3", 0).unwrap();
        let kept = Kept { topic: "a/b".into(), payload: Bytes::from_static(b"22"), qos: 1 };
        assert_eq!(index.matching("a/b"), [kept]);
        assert_eq!(topics(&index, "a/+"), ["a/b", "a/c"]);
        index.publish(&ana, "a/b", b"", 0).unwrap();
        assert_eq!(topics(&index, "#"), ["a/c"]);
    }

    #[test]
    fn count_bytes_and_share_are_bounded_and_given_back() {
        let (ana, ben) = ("ana".into(), "ben".into());
        let by_count = index(2, 100, 10);
        by_count.publish(&ana, "a", b"1", 0).unwrap();
        by_count.publish(&ana, "b", b"1", 0).unwrap();
        assert_eq!(by_count.publish(&ana, "c", b"1", 0), Err(Full));
        by_count.publish(&ana, "b", b"2", 0).unwrap();
        by_count.publish(&ana, "a", b"", 0).unwrap();
        by_count.publish(&ana, "c", b"1", 0).unwrap();

        let by_bytes = index(10, 10, 10);
        by_bytes.publish(&ana, "a", b"123456789", 0).unwrap();
        assert_eq!(by_bytes.publish(&ana, "a", b"1234567890", 0), Err(Full));
        assert_eq!(by_bytes.matching("a")[0].payload, b"123456789"[..]);
        assert_eq!(by_bytes.publish(&ana, "b", b"1", 0), Err(Full));
        by_bytes.publish(&ana, "a", b"1", 0).unwrap();
        by_bytes.publish(&ana, "b", b"1234567", 0).unwrap();

        let by_share = index(10, 100, 1);
        by_share.publish(&ana, "a", b"1", 0).unwrap();
        assert_eq!(by_share.publish(&ana, "b", b"1", 0), Err(Full));
        by_share.publish(&ben, "b", b"1", 0).unwrap();
        by_share.publish(&ben, "a", b"", 0).unwrap();
        by_share.publish(&ana, "c", b"1", 0).unwrap();
    }
}
