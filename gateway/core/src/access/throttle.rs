//! Guessing gets slower.

use super::Denied;
use crate::time::Mono;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// Wrong tries that cost nothing.
pub const FREE_TRIES: u32 = 5;
/// Longest wait after a wrong try.
pub const MAX_WAIT: Duration = Duration::from_secs(300);
/// After so long without a wrong try the earlier ones count no more: someone who guesses for ever gets no further by
/// pausing, and nobody waits for what happened last year.
pub const FORGOTTEN_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Slows down guessing: after a few wrong tries each further one doubles the wait, up to five minutes.
///
/// It remembers so many keys at most. Then the one that tried longest ago is forgotten, but none that still waits while
/// there are others: whoever fills the table shortens no wait.
#[derive(Clone, Debug)]
pub struct Throttle<K> {
    most: usize,
    tries: HashMap<K, Tries>,
}

#[derive(Clone, Copy, Debug)]
struct Tries {
    wrong: u32,
    until: Mono,
    last: Mono,
}

impl Tries {
    fn new(wrong: u32, now: Mono) -> Self {
        let doublings = wrong.checked_sub(FREE_TRIES).map(|beyond| beyond.min(16));
        let wait = doublings.map_or(Duration::ZERO, |doublings| MAX_WAIT.min(Duration::from_secs(1 << doublings)));
        Self { wrong, until: now.plus(wait), last: now }
    }

    fn is_forgotten(&self, now: Mono) -> bool {
        now.since(self.last) >= FORGOTTEN_AFTER
    }
}

impl<K: Clone + Eq + Hash> Throttle<K> {
    /// One that remembers so many keys at most, at least 1.
    pub fn new(most: usize) -> Self {
        Self { most: most.max(1), tries: HashMap::new() }
    }

    /// Whether `key` may try now, else how long it has to wait.
    pub fn check(&self, key: &K, now: Mono) -> Result<(), Denied> {
        match self.tries.get(key) {
            Some(tries) if now < tries.until => Err(Denied::RateLimited { retry_after: tries.until.since(now) }),
            _ => Ok(()),
        }
    }

    /// `key` was wrong. Says which other was forgotten to make room for it.
    pub fn wrong(&mut self, key: &K, now: Mono) -> Option<K> {
        let before = self.tries.get(key).filter(|tries| !tries.is_forgotten(now)).map_or(0, |tries| tries.wrong);
        self.put(key, before.saturating_add(1), now)
    }

    /// `key` was wrong so often before the daemon started: the wait begins anew, for no clock tells how much of it is
    /// over. Says which other was forgotten to make room for it.
    pub fn resume(&mut self, key: &K, wrong: u32, now: Mono) -> Option<K> {
        self.put(key, wrong, now)
    }

    fn put(&mut self, key: &K, wrong: u32, now: Mono) -> Option<K> {
        let full = self.tries.len() >= self.most && !self.tries.contains_key(key);
        let goes = full.then(|| self.tries.iter().min_by_key(|(_, tries)| (now < tries.until, tries.last))).flatten();
        let goes = goes.map(|(key, _)| key.clone());
        if let Some(goes) = &goes {
            self.tries.remove(goes);
        }
        self.tries.insert(key.clone(), Tries::new(wrong, now));
        goes
    }

    /// `key` was right, or is no more.
    pub fn right(&mut self, key: &K) {
        self.tries.remove(key);
    }

    /// How often `key` was wrong, when that is so often that it has to wait after each further try.
    pub fn slowed(&self, key: &K) -> Option<u32> {
        self.tries.get(key).map(|tries| tries.wrong).filter(|wrong| *wrong >= FREE_TRIES)
    }

    /// Forgets what is long ago, and says what that was.
    pub fn sweep(&mut self, now: Mono) -> Vec<K> {
        let long_ago: Vec<_> =
            self.tries.iter().filter(|(_, tries)| tries.is_forgotten(now)).map(|(key, _)| key.clone()).collect();
        for key in &long_ago {
            self.tries.remove(key);
        }
        long_ago
    }

    /// When there is something to sweep next.
    pub fn sweep_at(&self) -> Option<Mono> {
        self.tries.values().map(|tries| tries.last.plus(FORGOTTEN_AFTER)).min()
    }
}

/// Whoever is at an address: of IPv6 the first 64 bits, for a host owns all behind them.
pub fn origin(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono::from_micros(seconds * 1_000_000)
    }

    fn waits(throttle: &Throttle<u64>, key: u64, now: u64) -> u64 {
        match throttle.check(&key, at(now)) {
            Ok(()) => 0,
            Err(Denied::RateLimited { retry_after }) => retry_after.as_secs(),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn guessing_gets_slower_and_a_right_try_clears_it() {
        let mut throttle = Throttle::new(9);
        for _ in 0..FREE_TRIES {
            assert_eq!(waits(&throttle, 1, 1), 0);
            throttle.wrong(&1, at(1));
        }
        assert_eq!((waits(&throttle, 1, 1), waits(&throttle, 2, 1), waits(&throttle, 1, 2)), (1, 0, 0));
        throttle.wrong(&1, at(2));
        assert_eq!(waits(&throttle, 1, 2), 2);
        for _ in 0..40 {
            throttle.wrong(&1, at(2));
        }
        assert_eq!(waits(&throttle, 1, 2), MAX_WAIT.as_secs());
        throttle.right(&1);
        assert_eq!((waits(&throttle, 1, 2), throttle.slowed(&1)), (0, None));
    }

    #[test]
    fn who_fills_the_table_shortens_no_wait() {
        let mut throttle = Throttle::new(8);
        for _ in 0..=FREE_TRIES {
            throttle.wrong(&0, at(1));
        }
        throttle.wrong(&1, at(2));
        for key in 2..8 {
            assert_eq!(throttle.wrong(&key, at(2)), None);
        }
        assert!(throttle.wrong(&100, at(2)).is_some_and(|gone| gone != 0));
        for key in 101..200 {
            assert!(throttle.wrong(&key, at(2)).is_some_and(|gone| gone != 0));
        }
        assert_eq!((throttle.tries.len(), waits(&throttle, 0, 2)), (8, 1));
        // Once its wait is over it is the one that tried longest ago.
        assert_eq!(throttle.wrong(&200, at(3)), Some(0));
    }

    #[test]
    fn of_those_that_all_wait_the_one_that_tried_longest_ago_goes() {
        let mut throttle = Throttle::new(4);
        for key in 0..4 {
            throttle.resume(&key, 20, at(key));
        }
        assert_eq!(throttle.resume(&4, 20, at(4)), Some(0));
        assert_eq!(throttle.wrong(&5, at(5)), Some(1));
    }

    #[test]
    fn a_restart_begins_the_wait_anew_and_the_next_is_longer() {
        let mut throttle = Throttle::new(4);
        throttle.resume(&1, FREE_TRIES + 2, at(7));
        assert_eq!((waits(&throttle, 1, 7), waits(&throttle, 1, 11)), (4, 0));
        throttle.wrong(&1, at(11));
        assert_eq!(waits(&throttle, 1, 11), 8);
        throttle.resume(&2, u32::MAX, at(7));
        assert_eq!(waits(&throttle, 2, 7), MAX_WAIT.as_secs(), "whatever the disk says");
    }

    #[test]
    fn what_is_a_day_ago_counts_no_more() {
        let day = FORGOTTEN_AFTER.as_secs();
        let mut throttle = Throttle::new(4);
        throttle.resume(&1, 9, at(0));
        throttle.resume(&2, 9, at(1));
        assert_eq!((throttle.sweep(at(day - 1)), throttle.sweep_at()), (vec![], Some(at(day))));
        throttle.wrong(&2, at(day + 1));
        assert_eq!(throttle.slowed(&2), None, "a day after");
        throttle.wrong(&1, at(day - 1));
        assert_eq!(throttle.slowed(&1), Some(10));
        assert_eq!(throttle.sweep(at(2 * day + 1)).len(), 2);
        assert_eq!((throttle.sweep_at(), throttle.tries.len()), (None, 0));
    }

    #[test]
    fn a_host_of_ipv6_owns_all_behind_the_first_half() {
        let at = |text: &str| origin(text.parse().unwrap());
        assert_eq!(at("2001:db8:0:1:2:3:4:5"), at("2001:db8:0:1::9"));
        assert_ne!(at("2001:db8:0:1::9"), at("2001:db8:0:2::9"));
        assert_eq!(at("::ffff:192.0.2.1"), IpAddr::from([192, 0, 2, 1]));
        assert_ne!(at("192.0.2.1"), at("192.0.2.2"));
    }
}
