//! The filters of one integration, and who of a shared subscription gets a message.

use crate::codec::Options;
use crate::filter;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// What was granted for a filter.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) options: Options,
    /// What the client calls it; MQTT 5 only.
    pub(crate) identifier: Option<u32>,
    /// The last message published before it: the feed still brings earlier ones.
    since: u64,
}

/// What a subscriber gets of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) qos: u8,
    /// With the retain flag as it was published.
    pub(crate) as_published: bool,
    pub(crate) identifiers: Vec<u32>,
}

/// A message as far as matching goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'a> {
    pub(crate) topic: &'a str,
    pub(crate) sequence: u64,
    pub(crate) origin: u64,
}

/// The members of one shared subscription. Each message goes to the one of them that first comes to it, so a member
/// that is slow or gone holds up no other.
#[derive(Debug, Default)]
pub(crate) struct Group(AtomicU64);

impl Group {
    /// Whether nobody took this message. Every member takes messages in their order.
    fn claim(&self, sequence: u64) -> bool {
        self.0.fetch_max(sequence, Ordering::AcqRel) < sequence
    }
}

/// Whose it is, its name, and its filter.
type GroupKey = (Arc<str>, Box<str>, Box<str>);

/// All shared subscriptions. Each belongs to one credential, so that none takes another's messages away.
#[derive(Debug, Default)]
pub(crate) struct Groups(Mutex<HashMap<GroupKey, Weak<Group>>>);

impl Groups {
    pub(crate) fn join(&self, user: &Arc<str>, name: &str, filter: &str) -> Arc<Group> {
        let mut groups = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        groups.retain(|_, group| group.strong_count() > 0);
        let entry = groups.entry((user.clone(), name.into(), filter.into())).or_default();
        entry.upgrade().unwrap_or_else(|| {
            let group = Arc::default();
            *entry = Arc::downgrade(&group);
            group
        })
    }
}

struct Shared {
    filter: Box<str>,
    /// Without the name of the group.
    of: Box<str>,
    grant: Grant,
    group: Arc<Group>,
}

/// The filters of one integration.
#[derive(Default)]
pub(crate) struct Subscriptions {
    exact: HashMap<Box<str>, Grant>,
    wild: Vec<(Box<str>, Grant)>,
    shared: Vec<Shared>,
}

impl Subscriptions {
    pub(crate) fn len(&self) -> usize {
        self.exact.len() + self.wild.len() + self.shared.len()
    }

    fn get_mut(&mut self, filter: &str) -> Option<&mut Grant> {
        let wild = self.wild.iter_mut().find(|(wild, _)| **wild == *filter).map(|(_, grant)| grant);
        let shared = self.shared.iter_mut().find(|shared| *shared.filter == *filter).map(|shared| &mut shared.grant);
        self.exact.get_mut(filter).or(wild).or(shared)
    }

    pub(crate) fn has(&mut self, filter: &str) -> bool {
        self.get_mut(filter).is_some()
    }

    /// Adds a filter. One that is there already gets the new options and misses no message.
    pub(crate) fn add(&mut self, filter: &str, options: Options, identifier: Option<u32>, since: u64) {
        let grant = Grant { options, identifier, since };
        if let Some(known) = self.get_mut(filter) {
            *known = Grant { since: known.since, ..grant };
        } else if filter::is_wild(filter) {
            self.wild.push((filter.into(), grant));
        } else {
            self.exact.insert(filter.into(), grant);
        }
    }

    /// Adds a filter of a group; `of` is it without the name of the group.
    pub(crate) fn add_shared(&mut self, filter: &str, of: &str, grant: (Options, Option<u32>, u64), group: Arc<Group>) {
        let (options, identifier, since) = grant;
        match self.get_mut(filter) {
            Some(known) => *known = Grant { options, identifier, since: known.since },
            None => self.shared.push(Shared {
                filter: filter.into(),
                of: of.into(),
                grant: Grant { options, identifier, since },
                group,
            }),
        }
    }

    /// Whether it was there.
    pub(crate) fn remove(&mut self, filter: &str) -> bool {
        let before = self.len();
        self.exact.remove(filter);
        self.wild.retain(|(wild, _)| **wild != *filter);
        self.shared.retain(|shared| *shared.filter != *filter);
        self.len() < before
    }

    /// What this subscriber, whose own messages are `own`, gets of a message; none when no filter matches. Where
    /// filters overlap it is one message with the highest QoS.
    pub(crate) fn matching(&self, seen: Seen<'_>, own: u64) -> Option<Match> {
        let wild = self.wild.iter().filter(|(filter, _)| filter::matches(filter, seen.topic)).map(|(_, grant)| grant);
        let matching = self.exact.get(seen.topic).into_iter().chain(wild);
        let local = seen.origin == own;
        let matching = matching.filter(|grant| grant.since < seen.sequence && !(grant.options.no_local && local));
        let mut found: Option<Match> = None;
        for grant in matching {
            let found = found.get_or_insert_default();
            found.qos = found.qos.max(grant.options.qos);
            found.as_published |= grant.options.as_published;
            found.identifiers.extend(grant.identifier);
        }
        found
    }

    /// As [`Self::matching`], once for each shared subscription of which this subscriber is to get the message.
    pub(crate) fn claim(&self, seen: Seen<'_>) -> impl Iterator<Item = Match> {
        let matching = self.shared.iter().filter(move |shared| {
            shared.grant.since < seen.sequence
                && filter::matches(&shared.of, seen.topic)
                && shared.group.claim(seen.sequence)
        });
        matching.map(|Shared { grant, .. }| Match {
            qos: grant.options.qos,
            as_published: grant.options.as_published,
            identifiers: grant.identifier.into_iter().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: u64 = 7;

    fn at(qos: u8) -> Options {
        Options { qos, ..Options::default() }
    }

    fn seen(topic: &str, sequence: u64) -> Seen<'_> {
        Seen { topic, sequence, origin: OWN }
    }

    fn granted(subscriptions: &Subscriptions, topic: &str, sequence: u64) -> Option<u8> {
        subscriptions.matching(seen(topic, sequence), OWN).map(|found| found.qos)
    }

    #[test]
    fn overlapping_filters_grant_the_highest_qos_once() {
        let mut subscriptions = Subscriptions::default();
        subscriptions.add("a/#", at(0), Some(3), 0);
        subscriptions.add("a/b", at(1), Some(4), 0);
        let found = subscriptions.matching(seen("a/b", 1), OWN);
        assert_eq!(found, Some(Match { qos: 1, as_published: false, identifiers: vec![4, 3] }));
        assert_eq!(granted(&subscriptions, "a/c", 1), Some(0));
        assert_eq!(granted(&subscriptions, "b", 1), None);
        subscriptions.add("a/#", at(1), None, 0);
        assert_eq!((subscriptions.len(), granted(&subscriptions, "a/c", 1)), (2, Some(1)));
        assert!(subscriptions.remove("a/#") && subscriptions.remove("a/b") && !subscriptions.remove("a/b"));
        assert_eq!((subscriptions.len(), granted(&subscriptions, "a/b", 1)), (0, None));
    }

    #[test]
    fn what_was_published_before_a_subscription_is_not_delivered_and_renewing_it_loses_nothing() {
        let mut subscriptions = Subscriptions::default();
        subscriptions.add("a", at(1), None, 7);
        assert_eq!((granted(&subscriptions, "a", 7), granted(&subscriptions, "a", 8)), (None, Some(1)));
        subscriptions.add("a", at(0), None, 9);
        assert_eq!(granted(&subscriptions, "a", 8), Some(0));
    }

    #[test]
    fn no_local_leaves_out_what_one_said_oneself() {
        let mut subscriptions = Subscriptions::default();
        subscriptions.add("a", Options { no_local: true, ..at(1) }, None, 0);
        assert_eq!(granted(&subscriptions, "a", 1), None);
        let others = Seen { origin: OWN + 1, ..seen("a", 1) };
        assert!(subscriptions.matching(others, OWN).is_some());
        subscriptions.add("+", at(0), None, 0);
        assert_eq!(granted(&subscriptions, "a", 1), Some(0), "the other filter");
    }

    #[test]
    fn one_member_of_a_group_gets_a_message_and_groups_of_others_are_others() {
        let (groups, ana, ben) = (Groups::default(), Arc::from("ana"), Arc::from("ben"));
        let member = |user| {
            let mut subscriptions = Subscriptions::default();
            let group = groups.join(user, "g", "a/+");
            subscriptions.add_shared("$share/g/a/+", "a/+", (at(1), None, 2), group);
            subscriptions
        };
        let (first, second, other) = (member(&ana), member(&ana), member(&ben));
        let got = |member: &Subscriptions, sequence| member.claim(seen("a/b", sequence)).count();
        assert_eq!([got(&first, 2), got(&second, 2)], [0, 0], "published before");
        assert_eq!([got(&first, 3), got(&second, 3), got(&other, 3)], [1, 0, 1]);
        assert_eq!([got(&second, 4), got(&second, 5), got(&first, 4), got(&first, 5), got(&first, 6)], [1, 1, 0, 0, 1]);
        assert_eq!(granted(&first, "a/b", 9), None, "only by the group");
        drop((first, second));
        groups.join(&ben, "x", "y");
        assert_eq!(groups.0.lock().unwrap().len(), 2, "a group that nobody is in is forgotten");
    }
}
