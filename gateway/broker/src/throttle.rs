//! What one address or client may do: so many connections, so many wrong logins, so much in a second.

use crate::limits::Limits;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// An address as far as limits go: an IPv6 host owns a whole /64.
pub(crate) fn origin(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts open connections by whose they are: an address, a credential.
#[derive(Debug)]
pub(crate) struct Places<K: Hash + Eq>(Mutex<HashMap<K, usize>>);

/// One connection counted; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place<K: Hash + Eq> {
    places: Arc<Places<K>>,
    whose: K,
}

impl<K: Hash + Eq> Default for Places<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq + Clone> Places<K> {
    /// Counts a connection; none when `whose` are `limit` already.
    pub(crate) fn take(self: &Arc<Self>, whose: K, limit: usize) -> Option<Place<K>> {
        let mut open = lock(&self.0);
        let taken = open.get(&whose).copied().unwrap_or(0);
        if taken >= limit {
            return None;
        }
        open.insert(whose.clone(), taken + 1);
        drop(open);
        Some(Place { places: self.clone(), whose })
    }
}

impl<K: Hash + Eq> Drop for Place<K> {
    fn drop(&mut self) {
        let mut open = lock(&self.places.0);
        if let Some(count) = open.get_mut(&self.whose) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.whose);
            }
        }
    }
}

/// Addresses and user names remembered at most; the one nearest to being forgiven goes first.
const MAX_REMEMBERED: usize = 4_096;

/// An address, and the hash of a user name where it is for one.
type Key = (IpAddr, Option<u64>);
/// Failures in a row that are free, and how long each takes to be forgiven.
type Allowance = (u32, Duration);

/// Slows down guessing. Counts wrong logins only, for each user name at an address and for the address as a whole, so
/// that one board with an old secret does not lock out the others behind the same repeater.
pub(crate) struct Failures {
    /// When all of it is forgiven, by address and, where it is for one, the user name's hash.
    forgiven: Mutex<HashMap<Key, Instant>>,
    hasher: RandomState,
    per_user: Allowance,
    per_address: Allowance,
}

impl Failures {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            forgiven: Mutex::default(),
            hasher: RandomState::new(),
            per_user: limits.failures_per_user,
            per_address: limits.failures_per_address,
        }
    }

    fn keys(&self, address: IpAddr, user: &str) -> [(Key, Allowance); 2] {
        let origin = origin(address);
        [((origin, None), self.per_address), ((origin, Some(self.hasher.hash_one(user))), self.per_user)]
    }

    /// Whether this user name may try from there now.
    pub(crate) fn may_try(&self, address: IpAddr, user: &str, now: Instant) -> bool {
        let forgiven = lock(&self.forgiven);
        self.keys(address, user).into_iter().all(|(key, (burst, each))| {
            let owed = forgiven.get(&key).map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
            owed <= each * burst.saturating_sub(1)
        })
    }

    /// It was wrong.
    pub(crate) fn wrong(&self, address: IpAddr, user: &str, now: Instant) {
        let mut forgiven = lock(&self.forgiven);
        for (key, (_, each)) in self.keys(address, user) {
            if forgiven.len() >= MAX_REMEMBERED && !forgiven.contains_key(&key) {
                forgiven.retain(|_, until| *until > now);
                if forgiven.len() >= MAX_REMEMBERED {
                    let first = forgiven.iter().min_by_key(|(_, until)| **until).map(|(key, _)| *key);
                    first.and_then(|key| forgiven.remove(&key));
                }
            }
            let until = forgiven.entry(key).or_insert(now);
            *until = (*until).max(now) + each;
        }
    }
}

/// What a client may send at once.
const BURST: Duration = Duration::from_secs(1);
/// Longest that a client is not read: under any keep-alive.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How fast one client may send. Who is faster is read slower, so that TCP holds it up and nothing is lost.
#[derive(Debug)]
pub(crate) struct Rate {
    /// Packets and bytes in a second; 0 is no limit.
    limit: (u32, u32),
    /// When everything that came is paid for.
    paid: Instant,
}

impl Rate {
    pub(crate) fn new(limit: (u32, u32)) -> Self {
        Self { limit, paid: Instant::now() }
    }

    /// So much came.
    pub(crate) fn took(&mut self, packets: usize, bytes: usize) {
        let (of_packets, of_bytes) = (cost(packets, self.limit.0), cost(bytes, self.limit.1));
        let now = Instant::now();
        self.paid = (self.paid.max(now) + of_packets.max(of_bytes)).min(now + BURST + LONGEST_PAUSE);
    }

    /// Until when nothing more is to be read; none when it may go on.
    pub(crate) fn pause(&self) -> Option<Instant> {
        let until = self.paid.checked_sub(BURST)?;
        (until > Instant::now()).then_some(until)
    }
}

fn cost(count: usize, in_a_second: u32) -> Duration {
    let nanos = (count as u64).saturating_mul(1_000_000_000).checked_div(in_a_second.into());
    Duration::from_nanos(nanos.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failures(per_user: u32, per_address: u32) -> Failures {
        Failures::new(&Limits {
            failures_per_user: (per_user, Duration::from_secs(5)),
            failures_per_address: (per_address, Duration::from_secs(1)),
            ..Limits::default()
        })
    }

    #[test]
    fn a_user_that_is_often_wrong_waits_and_others_do_not() {
        let (failures, now, here) = (failures(2, 100), Instant::now(), [192, 0, 2, 1].into());
        for _ in 0..2 {
            assert!(failures.may_try(here, "a", now));
            failures.wrong(here, "a", now);
        }
        assert!(!failures.may_try(here, "a", now));
        assert!(failures.may_try(here, "b", now));
        assert!(failures.may_try([192, 0, 2, 2].into(), "a", now));
        assert!(!failures.may_try(here, "a", now + Duration::from_millis(4_999)));
        assert!(failures.may_try(here, "a", now + Duration::from_secs(5)));
    }

    #[test]
    fn an_address_that_tries_many_names_waits() {
        let (failures, now) = (failures(2, 3), Instant::now());
        let host = |last: u16| IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, last]);
        for (i, user) in ["a", "b", "c"].into_iter().enumerate() {
            failures.wrong(host(i as u16), user, now);
        }
        assert!(!failures.may_try(host(9), "d", now));
        assert!(failures.may_try([0x2001, 0xdb8, 0, 1, 0, 0, 0, 1].into(), "d", now));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (failures, now, here) = (failures(2, 3), Instant::now(), [192, 0, 2, 1].into());
        for i in 0..MAX_REMEMBERED + 100 {
            failures.wrong(here, &i.to_string(), now);
        }
        assert_eq!(lock(&failures.forgiven).len(), MAX_REMEMBERED);
        assert!(!failures.may_try(here, "x", now), "the worst one is not forgotten first");
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_too_fast_is_read_slower_and_never_stopped_for_long() {
        let second = Duration::from_secs(1);
        let mut rate = Rate::new((100, 1_000));
        rate.took(100, 1);
        assert_eq!(rate.pause(), None, "a burst");
        rate.took(50, 1);
        assert_eq!(rate.pause(), Some(Instant::now() + second / 2));
        tokio::time::advance(second / 2).await;
        assert_eq!(rate.pause(), None);
        rate.took(1, 250);
        assert_eq!(rate.pause(), Some(Instant::now() + second / 4), "by bytes");
        rate.took(usize::MAX, usize::MAX);
        assert_eq!(rate.pause(), Some(Instant::now() + LONGEST_PAUSE));
        let mut free = Rate::new((0, 0));
        free.took(usize::MAX, usize::MAX);
        assert_eq!(free.pause(), None);
    }

    #[test]
    fn connections_of_an_address_are_counted_and_given_back() {
        let addresses = Arc::new(Places::default());
        let here = origin([192, 0, 2, 1].into());
        let first = addresses.take(here, 2).unwrap();
        let second = addresses.take(origin("::ffff:192.0.2.1".parse().unwrap()), 2).unwrap();
        assert!(addresses.take(here, 2).is_none() && addresses.take(here, 0).is_none());
        assert!(addresses.take(origin([192, 0, 2, 2].into()), 2).is_some());
        drop(first);
        assert!(addresses.take(here, 2).is_some());
        drop(second);
        assert!(lock(&addresses.0).is_empty());
    }
}
