//! Guessing gets slower.

use super::Denied;
use crate::time::Mono;
use std::collections::HashMap;
use std::time::Duration;

/// Wrong tries that cost nothing.
const FREE_TRIES: u32 = 5;
/// Longest wait after a wrong try.
const MAX_WAIT: Duration = Duration::from_secs(300);
/// Names and addresses remembered at most; the one that tried longest ago is forgotten first.
const MAX_THROTTLED: usize = 1_024;

/// Slows down guessing: after a few wrong tries each further one doubles the wait, up to five minutes.
#[derive(Clone, Debug, Default)]
pub struct Throttle {
    tries: HashMap<String, Tries>,
}

#[derive(Clone, Copy, Debug)]
struct Tries {
    wrong: u32,
    until: Mono,
    last: Mono,
}

impl Throttle {
    /// Whether `key` may try now, else how long it has to wait.
    pub fn check(&self, key: &str, now: Mono) -> Result<(), Denied> {
        match self.tries.get(key) {
            Some(tries) if now < tries.until => Err(Denied::RateLimited { retry_after: tries.until.since(now) }),
            _ => Ok(()),
        }
    }

    /// `key` was wrong.
    pub fn wrong(&mut self, key: &str, now: Mono) {
        if self.tries.len() >= MAX_THROTTLED && !self.tries.contains_key(key) {
            let oldest = self.tries.iter().min_by_key(|(_, tries)| tries.last).map(|(key, _)| key.clone());
            oldest.and_then(|key| self.tries.remove(&key));
        }
        let tries = self.tries.entry(key.to_owned()).or_insert(Tries { wrong: 0, until: now, last: now });
        tries.wrong = tries.wrong.saturating_add(1);
        tries.last = now;
        if tries.wrong >= FREE_TRIES {
            let doublings = (tries.wrong - FREE_TRIES).min(16);
            tries.until = now.plus(MAX_WAIT.min(Duration::from_secs(1 << doublings)));
        }
    }

    /// `key` was right.
    pub fn right(&mut self, key: &str) {
        self.tries.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn guessing_gets_slower_and_a_right_try_clears_it() {
        let mut throttle = Throttle::default();
        for _ in 0..FREE_TRIES {
            assert_eq!(throttle.check("ana", at(1)), Ok(()));
            throttle.wrong("ana", at(1));
        }
        assert_eq!(throttle.check("ana", at(1)), Err(Denied::RateLimited { retry_after: Duration::from_secs(1) }));
        assert_eq!(throttle.check("ben", at(1)), Ok(()));
        assert_eq!(throttle.check("ana", at(2)), Ok(()));
        for _ in 0..40 {
            throttle.wrong("ana", at(2));
        }
        assert_eq!(throttle.check("ana", at(2)), Err(Denied::RateLimited { retry_after: MAX_WAIT }));
        throttle.right("ana");
        assert_eq!(throttle.check("ana", at(2)), Ok(()));
    }

    #[test]
    fn the_throttle_is_bounded() {
        let mut throttle = Throttle::default();
        for i in 0..(MAX_THROTTLED as u64 + 10) {
            throttle.wrong(&i.to_string(), at(i));
        }
        assert_eq!(throttle.tries.len(), MAX_THROTTLED);
        assert!(!throttle.tries.contains_key("0"));
    }
}
