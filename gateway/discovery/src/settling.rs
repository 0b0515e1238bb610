//! When to look again at what boards said. A record may come, go and come back within the second in which listeners keep what was said
//! before beside it (RFC 6762, section 10.2). The library's cache comes to what is so, and tells nobody: not of a record that it had
//! already, nor of one that ended while another stays. So whoever browses looks at the cache anew once it must have settled.

use gatehouse_core::nearby::{MAX_NEARBY, Sighting};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long the cache takes at most: what is said anew comes twice, up to one and a half seconds apart, and the second time ends what was
/// said before within another.
const SETTLES: Duration = Duration::from_secs(3);

/// What boards of one service said last.
#[derive(Default)]
pub(crate) struct Settling {
    said: HashMap<Arc<str>, Sighting>,
    look_at: Option<Instant>,
    /// Until then what was heard may not be what is so.
    settled_at: Option<Instant>,
}

impl Settling {
    /// When to look again; none while all is settled.
    pub(crate) fn look_at(&self) -> Option<Instant> {
        self.look_at
    }

    /// A board said this. While it can be claimed it is looked at again and again: an announcement that was lost is made up for by its own
    /// answer to a later question, which changes nothing that would be told.
    pub(crate) fn seen(&mut self, sighting: &Sighting, now: Instant) {
        let before = self.said.get(&sighting.service);
        let changed = before != Some(sighting);
        // The home takes no more either.
        if before.is_none() && self.said.len() == MAX_NEARBY {
            return;
        }
        if changed {
            self.said.insert(sighting.service.clone(), sighting.clone());
        }
        if changed || sighting.claim_port.is_some() {
            self.settled_at = Some(now + SETTLES);
            self.look_at.get_or_insert(now + SETTLES);
        }
    }

    /// A board is gone.
    pub(crate) fn gone(&mut self, service: &str) {
        self.said.remove(service);
    }

    /// It is looked at now.
    pub(crate) fn looked(&mut self, now: Instant) {
        self.look_at = self.settled_at.filter(|settled_at| *settled_at > now).map(|_| now + SETTLES);
    }

    /// It could not be looked at.
    pub(crate) fn put_off(&mut self, now: Instant) {
        self.look_at = Some(now + SETTLES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatehouse_core::nearby::NearbyFirmware;

    fn board(service: &str, claim_port: Option<u16>) -> Sighting {
        Sighting {
            service: service.into(),
            firmware: NearbyFirmware::Gatehouse,
            version: None,
            name: service.into(),
            address: None,
            board: None,
            mac: None,
            model: None,
            claim_port,
        }
    }

    #[test]
    fn what_changed_is_looked_at_once_more_and_then_left_alone() {
        let (start, mut settling) = (Instant::now(), Settling::default());
        assert_eq!(settling.look_at(), None);
        settling.seen(&board("a", None), start);
        assert_eq!(settling.look_at(), Some(start + SETTLES));
        // It is found again, as it is.
        settling.looked(start + SETTLES);
        settling.seen(&board("a", None), start + SETTLES);
        assert_eq!(settling.look_at(), None);
        settling.gone("a");
        settling.seen(&board("a", None), start + 2 * SETTLES);
        assert_eq!(settling.look_at(), Some(start + 3 * SETTLES), "one that comes back is new");
    }

    #[test]
    fn who_changes_all_the_time_is_looked_at_no_more_often_and_no_later() {
        let (start, mut settling) = (Instant::now(), Settling::default());
        let step = SETTLES / 3;
        settling.seen(&board("a", None), start);
        settling.seen(&board("b", None), start + step);
        assert_eq!(settling.look_at(), Some(start + SETTLES));
        settling.looked(start + SETTLES);
        assert_eq!(settling.look_at(), Some(start + 2 * SETTLES), "the second one was not settled yet");
        settling.looked(start + 2 * SETTLES);
        assert_eq!(settling.look_at(), None);
    }

    #[test]
    fn a_board_that_can_be_claimed_is_looked_at_until_it_says_that_it_cannot() {
        let (start, mut settling) = (Instant::now(), Settling::default());
        for look in 0..40 {
            let now = start + look * SETTLES;
            settling.looked(now);
            settling.seen(&board("a", Some(8484)), now);
            assert_eq!(settling.look_at(), Some(now + SETTLES));
        }
        let now = start + 40 * SETTLES;
        settling.looked(now);
        settling.seen(&board("a", None), now);
        settling.looked(now + SETTLES);
        assert_eq!(settling.look_at(), None);
    }

    #[test]
    fn more_than_the_home_takes_are_not_kept_nor_looked_at() {
        let (start, mut settling) = (Instant::now(), Settling::default());
        for number in 0..2 * MAX_NEARBY {
            settling.seen(&board(&number.to_string(), None), start);
        }
        assert_eq!(settling.said.len(), MAX_NEARBY);
        settling.looked(start + SETTLES);
        settling.seen(&board("one more", Some(8484)), start + SETTLES);
        assert_eq!(settling.look_at(), None);
    }
}
