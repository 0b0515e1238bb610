//! The last retained message of each topic, bounded in count and bytes.
//!
//! Those of integrations outlive a restart: [`behind`] writes what changes. Boards publish theirs again when they
//! connect, so nothing of them is written.

mod behind;

pub use behind::{Keeping, WriteRetained};

use crate::codec::{self, Publish};
use crate::filter::{self, is_wild, matches};
use crate::limits::Limits;
use crate::message::{expires, is_expired, passed_on};
use bytes::Bytes;
use gatehouse_core::access::Credentials;
use gatehouse_core::name::BoardId;
use gatehouse_core::notice::Subject;
use gatehouse_core::retained::{Expiry, RetainedChange, RetainedMessage};
use gatehouse_core::time::{Now, Wall};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Longest time to live that MQTT 5 can say.
const LONGEST: Duration = Duration::from_secs(u32::MAX as u64);

/// A retained message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) topic: Arc<str>,
    pub(crate) payload: Bytes,
    pub(crate) qos: u8,
    pub(crate) properties: Bytes,
    pub(crate) expires: Option<Instant>,
}

/// Whose a retained message is, which decides what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    /// A board's, by its id: kept in memory only.
    Board(Arc<str>),
    /// An integration's, by its user name: written to the store, and gone when it is revoked.
    Integration(Arc<str>),
}

impl Owner {
    /// As a notice names it.
    pub(crate) fn subject(&self) -> Subject {
        match self {
            Self::Board(id) => BoardId::new(id).map_or(Subject::Others, Subject::Board),
            Self::Integration(user) => Subject::Integration(user.clone()),
        }
    }
}

/// The index is full, or this client's share of it; the message was not kept and an older one, if any, stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

struct Entry {
    payload: Bytes,
    qos: u8,
    properties: Bytes,
    expires: Option<Instant>,
    /// When it ends by the wall clock, where it was restored and nobody could tell yet whether it has.
    ends_at: Option<Wall>,
    owner: Owner,
}

impl Entry {
    fn size(&self) -> usize {
        self.payload.len() + self.properties.len()
    }

    fn says(&self, other: &Self) -> bool {
        (&self.payload, self.qos, &self.properties, &self.owner)
            == (&other.payload, other.qos, &other.properties, &other.owner)
    }

    fn record(&self, topic: &Arc<str>, user: &Arc<str>, now: &Now) -> RetainedMessage {
        let left = |at: Instant| at.saturating_duration_since(Instant::now());
        RetainedMessage {
            topic: topic.clone(),
            user: user.clone(),
            payload: self.payload[..].into(),
            qos: self.qos,
            properties: self.properties[..].into(),
            expiry: self.expires.map(|at| Expiry::new(left(at), now)),
        }
    }
}

#[derive(Default)]
struct Index {
    entries: HashMap<Arc<str>, Entry>,
    bytes: usize,
    shares: HashMap<Owner, usize>,
    /// Topics of which the store was given a message and not yet its deletion.
    stored: HashSet<Arc<str>>,
    /// Topics of which the store has another message than this index, or one too many or too few.
    changed: HashSet<Arc<str>>,
    /// Topics whose message has an end that the store could not be told by the wall clock, or that was read from there
    /// while that was not trusted.
    unsettled: HashSet<Arc<str>>,
}

/// The index; one for the whole edge.
pub(crate) struct Retained {
    index: Mutex<Index>,
    changed: Notify,
    messages: usize,
    bytes: usize,
    share: usize,
}

impl Retained {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            index: Mutex::default(),
            changed: Notify::new(),
            messages: limits.retained_messages,
            bytes: limits.retained_bytes,
            share: limits.retained_per_client,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Messages, and bytes of topics and payloads.
    pub(crate) fn size(&self) -> (usize, usize) {
        let index = self.lock();
        (index.entries.len(), index.bytes)
    }

    /// Keeps a message that came with the retain flag; an empty one deletes. Nothing happens when `may` says that its
    /// owner may not keep anything any more: it is asked in the same breath, so that [`Self::forget_revoked`] leaves
    /// nothing behind.
    pub(crate) fn publish(
        &self,
        owner: &Owner,
        publish: &Publish<'_>,
        may: impl FnOnce(&Owner) -> bool,
    ) -> Result<(), Full> {
        let mut index = self.lock();
        if !may(owner) {
            return Ok(());
        }
        let Publish { topic, payload, qos, .. } = *publish;
        let kept = if payload.is_empty() {
            index.remove(topic);
            Ok(())
        } else {
            let (properties, expires) = (passed_on(publish.properties), expires(publish.expiry));
            // The same again costs no memory.
            let same = index.entries.get(topic).filter(|entry| entry.payload == payload);
            let payload = same.map_or_else(|| Bytes::copy_from_slice(payload), |entry| entry.payload.clone());
            let entry = Entry { payload, qos, properties, expires, ends_at: None, owner: owner.clone() };
            self.keep(&mut index, topic, entry)
        };
        self.tell(&index);
        kept
    }

    fn tell(&self, index: &Index) {
        if !index.changed.is_empty() {
            self.changed.notify_one();
        }
    }

    fn has_room(&self, index: &Index, topic: &str, entry: &Entry) -> bool {
        let known = index.entries.get(topic);
        let share = index.shares.get(&entry.owner).copied().unwrap_or(0);
        let own = known.is_some_and(|known| known.owner == entry.owner);
        (known.is_some() || index.entries.len() < self.messages)
            && index.bytes_with(topic, entry) <= self.bytes
            && (own || share < self.share)
    }

    fn keep(&self, index: &mut Index, topic: &str, entry: Entry) -> Result<(), Full> {
        // Those whose time has passed take no room from others.
        let room =
            self.has_room(index, topic, &entry) || (index.forget_expired() && self.has_room(index, topic, &entry));
        if !room {
            return Err(Full);
        }
        let known = index.entries.get(topic);
        let is_new =
            entry.expires.is_some() || known.is_none_or(|known| known.expires.is_some() || !known.says(&entry));
        let topic = index.entries.get_key_value(topic).map_or_else(|| topic.into(), |(topic, _)| topic.clone());
        if is_new {
            index.mark(&topic, matches!(entry.owner, Owner::Integration(_)));
        }
        index.unsettled.remove(&topic);
        index.bytes = index.bytes_with(&topic, &entry);
        *index.shares.entry(entry.owner.clone()).or_default() += 1;
        if let Some(before) = index.entries.insert(topic, entry) {
            index.give_share_back(&before.owner);
        }
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
        if !is_wild(filter) {
            return index.entries.get_key_value(filter).into_iter().filter(lives).map(kept).collect();
        }
        index.entries.iter().filter(|(topic, _)| matches(filter, topic)).filter(lives).map(kept).collect()
    }

    /// Forgets what boards and integrations said that are none of this home's any more.
    pub(crate) fn forget_revoked(&self, credentials: &Credentials) {
        let mut index = self.lock();
        let revoked = |owner: &Owner| match owner {
            Owner::Board(board) => !credentials.boards.contains_key(&**board),
            Owner::Integration(user) => !credentials.integrations.contains_key(user),
        };
        index.forget(|entry| revoked(&entry.owner));
        self.tell(&index);
    }

    /// Takes in what the store had, as far as there is room and it can be; how many were left out.
    pub(crate) fn restore(&self, kept: Vec<RetainedMessage>, now: &Now) -> usize {
        let mut index = self.lock();
        let before = index.entries.len();
        let count = kept.len();
        for message in kept {
            let RetainedMessage { topic, user, payload, qos, properties, expiry } = message;
            index.stored.insert(topic.clone());
            let left = expiry.map(|expiry| expiry.left(now).min(LONGEST));
            let sound = filter::is_topic(&topic) && codec::is_passed_on(&properties);
            let entry = Entry {
                payload: Bytes::copy_from_slice(&payload),
                qos,
                properties: Bytes::copy_from_slice(&properties),
                expires: left.map(|left| Instant::now() + left),
                ends_at: expiry.and_then(|expiry| expiry.at),
                owner: Owner::Integration(user),
            };
            let taken =
                sound && left.is_none_or(|left| !left.is_zero()) && self.keep(&mut index, &topic, entry).is_ok();
            if !taken {
                index.changed.insert(topic);
                continue;
            }
            index.changed.remove(&topic);
            if expiry.is_some_and(|expiry| expiry.at.is_none()) || (expiry.is_some() && !now.wall_trusted) {
                index.unsettled.insert(topic);
            }
        }
        self.tell(&index);
        count - (index.entries.len() - before)
    }

    /// Waits until there is something to write. Not before the last changes were taken.
    async fn changed(&self) {
        self.changed.notified().await;
    }

    fn is_unsettled(&self) -> bool {
        !self.lock().unsettled.is_empty()
    }

    /// Once the wall clock can be trusted: ends what is over by it, and has the ends that the store does not know
    /// written.
    fn settle(&self, now: &Now) {
        if !now.wall_trusted {
            return;
        }
        let mut index = self.lock();
        for topic in std::mem::take(&mut index.unsettled) {
            let Some(entry) = index.entries.get_mut(&topic) else { continue };
            match (entry.ends_at, entry.expires) {
                (Some(at), Some(expires)) => {
                    let left = expires.saturating_duration_since(Instant::now());
                    entry.expires = Some(Instant::now() + Expiry { left, at: Some(at) }.left(now));
                }
                _ => index.mark(&topic, true),
            }
        }
        index.forget_expired();
        self.tell(&index);
    }

    /// What is to be written; it counts as written from now on. `at_last`, also what is left of messages whose end the
    /// wall clock could not tell.
    fn take_changes(&self, now: &Now, at_last: bool) -> Vec<RetainedChange> {
        let mut index = self.lock();
        index.forget_expired();
        if at_last {
            let unknown = |topic: &&Arc<str>| index.entries.get(*topic).is_some_and(|entry| entry.ends_at.is_none());
            let unknown: Vec<_> = index.unsettled.iter().filter(unknown).cloned().collect();
            index.changed.extend(unknown);
        }
        let mut changes = Vec::with_capacity(index.changed.len());
        for topic in std::mem::take(&mut index.changed) {
            let Index { entries, stored, unsettled, .. } = &mut *index;
            match entries.get(&topic) {
                Some(entry @ Entry { owner: Owner::Integration(user), .. }) => {
                    changes.push(RetainedChange::Kept(entry.record(&topic, user, now)));
                    if entry.expires.is_some() && !now.wall_trusted {
                        unsettled.insert(topic.clone());
                    }
                    stored.insert(topic);
                }
                _ if stored.remove(&topic) => changes.push(RetainedChange::Deleted(topic)),
                _ => {}
            }
        }
        changes
    }

    /// They were not written after all.
    fn give_back(&self, changes: Vec<RetainedChange>) {
        let mut index = self.lock();
        for change in changes {
            let topic = change.topic().clone();
            // Whether or not the store has one: a deletion too many does no harm.
            index.stored.insert(topic.clone());
            index.changed.insert(topic);
        }
        self.tell(&index);
    }
}

impl Index {
    /// What all take once this is the topic's message.
    fn bytes_with(&self, topic: &str, entry: &Entry) -> usize {
        let before = self.entries.get(topic).map_or(0, |known| known.size() + topic.len());
        self.bytes - before + entry.size() + topic.len()
    }

    /// The store is to hear of this topic, if it is to have its message or has one.
    fn mark(&mut self, topic: &Arc<str>, lasts: bool) {
        if lasts || self.stored.contains(topic) {
            self.changed.insert(topic.clone());
        } else {
            self.changed.remove(topic);
        }
    }

    /// Whether there was one.
    fn forget_expired(&mut self) -> bool {
        self.forget(|entry| is_expired(entry.expires))
    }

    fn forget(&mut self, which: impl Fn(&Entry) -> bool) -> bool {
        let topics: Vec<_> =
            self.entries.iter().filter(|(_, entry)| which(entry)).map(|(topic, _)| topic.clone()).collect();
        for topic in &topics {
            self.remove(topic);
        }
        !topics.is_empty()
    }

    fn remove(&mut self, topic: &str) {
        let Some((topic, entry)) = self.entries.remove_entry(topic) else { return };
        self.bytes -= topic.len() + entry.size();
        self.give_share_back(&entry.owner);
        self.unsettled.remove(&topic);
        self.mark(&topic, false);
    }

    fn give_share_back(&mut self, owner: &Owner) {
        if let Some(share) = self.shares.get_mut(owner) {
            *share -= 1;
            if *share == 0 {
                self.shares.remove(owner);
            }
        }
    }
}

#[cfg(test)]
mod tests;
