//! How often something may be done within an hour.

use super::Denied;
use crate::time::Mono;
use std::collections::VecDeque;
use std::time::Duration;

/// The time within which it is counted.
const WITHIN: Duration = Duration::from_secs(60 * 60);

/// Lets something be done a few times an hour for each of those whom it is about, and so many times in all. What it
/// remembers is bounded by that.
#[derive(Clone, Debug)]
pub struct Allowance {
    each: usize,
    all: usize,
    /// When it was done and whom it was about, the earliest first.
    uses: VecDeque<(Mono, Vec<String>)>,
}

impl Allowance {
    /// So many times an hour for each, and in all.
    pub const fn new(each: usize, all: usize) -> Self {
        Self { each, all, uses: VecDeque::new() }
    }

    /// Counts that it is done now, about all of these; else how long to wait. What is refused is not counted.
    pub fn take(&mut self, about: Vec<String>, now: Mono) -> Result<(), Denied> {
        while self.uses.front().is_some_and(|(at, _)| now.since(*at) >= WITHIN) {
            self.uses.pop_front();
        }
        let full = |uses: &mut dyn Iterator<Item = Mono>, most: usize| {
            // Once the earliest of the latest `most` is an hour old there is room again.
            let uses: Vec<_> = uses.collect();
            uses.len().checked_sub(most).map(|earliest| uses[earliest])
        };
        let of =
            |key: &String| full(&mut self.uses.iter().filter(|(_, of)| of.contains(key)).map(|(at, _)| *at), self.each);
        let in_all = full(&mut self.uses.iter().map(|(at, _)| *at), self.all);
        if let Some(earliest) = about.iter().filter_map(of).chain(in_all).max() {
            return Err(Denied::RateLimited { retry_after: earliest.plus(WITHIN).since(now) });
        }
        self.uses.push_back((now, about));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: u64) -> Mono {
        Mono::from_micros(minutes * 60_000_000)
    }

    fn about(keys: &[&str]) -> Vec<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    fn wait(minutes: u64) -> Result<(), Denied> {
        Err(Denied::RateLimited { retry_after: Duration::from_secs(minutes * 60) })
    }

    #[test]
    fn each_and_all_have_so_many_an_hour() {
        let mut allowance = Allowance::new(2, 4);
        assert_eq!(allowance.take(about(&["ana", "a@b"]), at(0)), Ok(()));
        assert_eq!(allowance.take(about(&["ben", "a@b"]), at(10)), Ok(()));
        assert_eq!(allowance.take(about(&["cleo", "a@b"]), at(20)), wait(40), "the address had two");
        assert_eq!(allowance.take(about(&["ana", "c@d"]), at(30)), Ok(()));
        assert_eq!(allowance.take(about(&["ana", "e@f"]), at(40)), wait(20), "Ana had two");
        assert_eq!(allowance.take(about(&["cleo", "g@h"]), at(40)), Ok(()));
        assert_eq!(allowance.take(about(&["dora", "i@k"]), at(50)), wait(10), "there were four");
        assert_eq!(allowance.take(about(&["dora", "a@b"]), at(60)), Ok(()), "the first is an hour old");
        assert_eq!(allowance.take(about(&["dora", "a@b"]), at(60)), wait(10));
    }

    #[test]
    fn it_remembers_no_more_than_it_lets_through() {
        let mut allowance = Allowance::new(1, 3);
        for number in 0..1_000 {
            let _refused = allowance.take(vec![number.to_string()], at(0));
        }
        assert_eq!(allowance.uses.len(), 3);
    }
}
