//! The last retained message of each topic, bounded in count and bytes.

use crate::codec::Publish;
use crate::filter::matches;
use crate::limits::Limits;
use crate::message::{expires, is_expired, passed_on};
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// A retained message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) topic: Arc<str>,
    pub(crate) payload: Bytes,
    pub(crate) qos: u8,
    pub(crate) properties: Bytes,
    pub(crate) expires: Option<Instant>,
}

/// The index is full, or this client's share of it; the message was not kept and an older one, if any, stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

struct Entry {
    payload: Bytes,
    qos: u8,
    properties: Bytes,
    expires: Option<Instant>,
    owner: Arc<str>,
}

impl Entry {
    fn size(&self) -> usize {
        self.payload.len() + self.properties.len()
    }
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
    pub(crate) fn publish(&self, owner: &Arc<str>, publish: &Publish<'_>) -> Result<(), Full> {
        let mut index = self.lock();
        if publish.payload.is_empty() {
            index.remove(publish.topic);
            return Ok(());
        }
        self.keep(&mut index, owner, publish).or_else(|full| {
            // Those whose time has passed take no room from others.
            if index.forget_expired() { self.keep(&mut index, owner, publish) } else { Err(full) }
        })
    }

    fn keep(&self, index: &mut Index, owner: &Arc<str>, publish: &Publish<'_>) -> Result<(), Full> {
        let Publish { topic, payload, qos, .. } = *publish;
        let (properties, expires) = (passed_on(publish.properties), expires(publish.expiry));
        let size = payload.len() + properties.len();
        if let Some(entry) = index.entries.get_mut(topic) {
            let bytes = index.bytes - entry.size() + size;
            if bytes > self.bytes {
                return Err(Full);
            }
            if entry.payload != payload {
                entry.payload = Bytes::copy_from_slice(payload);
            }
            (entry.qos, entry.properties, entry.expires) = (qos, properties, expires);
            index.bytes = bytes;
            return Ok(());
        }
        let bytes = index.bytes + topic.len() + size;
        let share = index.shares.get(owner).copied().unwrap_or(0);
        if index.entries.len() >= self.messages || bytes > self.bytes || share >= self.share {
            return Err(Full);
        }
        index.bytes = bytes;
        *index.shares.entry(owner.clone()).or_default() += 1;
        let payload = Bytes::copy_from_slice(payload);
        let entry = Entry { payload, qos, properties, expires, owner: owner.clone() };
        index.entries.insert(topic.into(), entry);
        Ok(())
    }

    /// All messages whose topic matches, in no order.
    pub(crate) fn matching(&self, filter: &str) -> Vec<Kept> {
        let kept = |(topic, entry): (&Arc<str>, &Entry)| Kept {
            topic: topic.clone(),
            payload: entry.payload.clone(),
            qos: entry.qos,
            properties: entry.properties.clone(),
            expires: entry.expires,
        };
        let lives = |(_, entry): &(&Arc<str>, &Entry)| !is_expired(entry.expires);
        let index = self.lock();
        if !crate::filter::is_wild(filter) {
            return index.entries.get_key_value(filter).into_iter().filter(lives).map(kept).collect();
        }
        index.entries.iter().filter(|(topic, _)| matches(filter, topic)).filter(lives).map(kept).collect()
    }
}

impl Index {
    /// Whether there was one.
    fn forget_expired(&mut self) -> bool {
        let expired = self.entries.iter().filter(|(_, entry)| is_expired(entry.expires));
        let expired: Vec<_> = expired.map(|(topic, _)| topic.clone()).collect();
        for topic in &expired {
            self.remove(topic);
        }
        !expired.is_empty()
    }

    fn remove(&mut self, topic: &str) {
        let Some(entry) = self.entries.remove(topic) else { return };
        self.bytes -= topic.len() + entry.size();
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

    fn of<'a>(topic: &'a str, payload: &'a [u8], qos: u8) -> Publish<'a> {
        Publish { topic, payload, qos, ..Publish::default() }
    }

    fn topics(index: &Retained, filter: &str) -> Vec<String> {
        let mut topics: Vec<_> = index.matching(filter).into_iter().map(|kept| kept.topic.to_string()).collect();
        topics.sort();
        topics
    }

    #[test]
    fn the_last_one_counts_and_an_empty_one_deletes() {
        let (index, ana) = (index(10, 100, 10), "ana".into());
        index.publish(&ana, &of("a/b", b"1", 0)).unwrap();
        index.publish(&ana, &of("a/b", b"22", 1)).unwrap();
        index.publish(&ana, &of("a/c", b"3", 0)).unwrap();
        let kept = Kept {
            topic: "a/b".into(),
            payload: Bytes::from_static(b"22"),
            qos: 1,
            properties: Bytes::new(),
            expires: None,
        };
        assert_eq!(index.matching("a/b"), [kept]);
        assert_eq!(topics(&index, "a/+"), ["a/b", "a/c"]);
        index.publish(&ana, &of("a/b", b"", 0)).unwrap();
        assert_eq!(topics(&index, "#"), ["a/c"]);
    }

    #[test]
    fn count_bytes_and_share_are_bounded_and_given_back() {
        let (ana, ben) = ("ana".into(), "ben".into());
        let by_count = index(2, 100, 10);
        by_count.publish(&ana, &of("a", b"1", 0)).unwrap();
        by_count.publish(&ana, &of("b", b"1", 0)).unwrap();
        assert_eq!(by_count.publish(&ana, &of("c", b"1", 0)), Err(Full));
        by_count.publish(&ana, &of("b", b"2", 0)).unwrap();
        by_count.publish(&ana, &of("a", b"", 0)).unwrap();
        by_count.publish(&ana, &of("c", b"1", 0)).unwrap();

        let by_bytes = index(10, 10, 10);
        by_bytes.publish(&ana, &of("a", b"123456789", 0)).unwrap();
        assert_eq!(by_bytes.publish(&ana, &of("a", b"1234567890", 0)), Err(Full));
        assert_eq!(by_bytes.matching("a")[0].payload, b"123456789"[..]);
        assert_eq!(by_bytes.publish(&ana, &of("b", b"1", 0)), Err(Full));
        by_bytes.publish(&ana, &of("a", b"1", 0)).unwrap();
        by_bytes.publish(&ana, &of("b", b"1234567", 0)).unwrap();

        let by_share = index(10, 100, 1);
        by_share.publish(&ana, &of("a", b"1", 0)).unwrap();
        assert_eq!(by_share.publish(&ana, &of("b", b"1", 0)), Err(Full));
        by_share.publish(&ben, &of("b", b"1", 0)).unwrap();
        by_share.publish(&ben, &of("a", b"", 0)).unwrap();
        by_share.publish(&ana, &of("c", b"1", 0)).unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_expired_is_gone_and_gives_its_room_back() {
        let (index, ana) = (index(2, 100, 10), "ana".into());
        index.publish(&ana, &Publish { expiry: Some(5), ..of("a", b"1", 0) }).unwrap();
        index.publish(&ana, &of("b", b"1", 0)).unwrap();
        assert_eq!(index.publish(&ana, &of("c", b"1", 0)), Err(Full));
        tokio::time::advance(std::time::Duration::from_secs(4)).await;
        assert_eq!(topics(&index, "#"), ["a", "b"]);
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        assert_eq!((topics(&index, "#"), topics(&index, "a")), (vec!["b".to_owned()], vec![]));
        index.publish(&ana, &of("c", b"1", 0)).unwrap();
        assert_eq!(index.publish(&ana, &of("d", b"1", 0)), Err(Full));
    }
}
