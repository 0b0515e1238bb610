//! Who is under way to a provider: a bounded number, each for ten minutes and once.

use gatehouse_core::access::TokenHash;
use gatehouse_core::code::CodeHash;
use gatehouse_core::identity::Trip;
use gatehouse_core::ids::{MemberId, SessionId};
use gatehouse_core::mail::Address;
use gatehouse_core::name::Name;
use gatehouse_core::time::Mono;
use std::net::IpAddr;
use std::time::Duration;

/// How long a trip may take.
pub(super) const LIFE: Duration = Duration::from_secs(10 * 60);
/// Trips under way; one more, and the oldest is forgotten.
const MAX: usize = 64;
/// The same, of one address.
const MAX_PER_ADDRESS: usize = 8;

/// What somebody wants of the provider's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To sign in.
    SignIn,
    /// To accept the invitation of this code, by this name, and to get mail at this address.
    Join { code: CodeHash, name: Name, email: Option<Address> },
    /// To sign in by it too, from now on. The session is the one they asked in.
    Link { member: MemberId, session: SessionId },
}

#[derive(Debug)]
struct UnderWay {
    cookie: TokenHash,
    trip: Trip,
    purpose: Purpose,
    address: IpAddr,
    since: Mono,
}

/// The oldest first.
#[derive(Debug, Default)]
pub(crate) struct Trips(Vec<UnderWay>);

impl Trips {
    pub(super) fn begin(&mut self, now: Mono, address: IpAddr, cookie: TokenHash, trip: Trip, purpose: Purpose) {
        self.forget(now);
        let mut own = self.0.iter().enumerate().filter(|(_, one)| one.address == address).map(|(index, _)| index);
        let (first, count) = (own.next(), 1 + own.count());
        match first {
            Some(first) if count >= MAX_PER_ADDRESS => drop(self.0.remove(first)),
            _ if self.0.len() >= MAX => drop(self.0.remove(0)),
            _ => {}
        }
        self.0.push(UnderWay { cookie, trip, purpose, address, since: now });
    }

    /// The trip that is over now, for whoever has its cookie and brings its state. There is none for anybody else, nor twice.
    pub(super) fn end(&mut self, now: Mono, cookie: &TokenHash, state: &str) -> Option<(Trip, Purpose)> {
        self.forget(now);
        let found = self.0.iter().position(|one| one.cookie == *cookie && one.trip.state == state)?;
        let UnderWay { trip, purpose, .. } = self.0.remove(found);
        Some((trip, purpose))
    }

    fn forget(&mut self, now: Mono) {
        self.0.retain(|one| now.since(one.since) < LIFE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn at(seconds: u64) -> Mono {
        Mono::from_micros(seconds * 1_000_000)
    }

    fn cookie(number: u8) -> TokenHash {
        TokenHash([number; 32])
    }

    fn trip(number: u8) -> Trip {
        Trip { state: format!("state {number}"), nonce: "nonce".into(), verifier: "verifier".into() }
    }

    impl Trips {
        fn set_out(&mut self, second: u64, number: u8, address: IpAddr) {
            self.begin(at(second), address, cookie(number), trip(number), Purpose::SignIn);
        }

        fn come_back(&mut self, second: u64, number: u8) -> bool {
            self.end(at(second), &cookie(number), &format!("state {number}")).is_some()
        }
    }

    #[test]
    fn only_who_left_comes_back_and_only_once() {
        let mut trips = Trips::default();
        trips.set_out(0, 1, HOME);
        trips.set_out(0, 2, HOME);
        assert_eq!(trips.end(at(1), &cookie(1), "state 2"), None, "another trip's state");
        assert_eq!(trips.end(at(1), &cookie(2), "state 1"), None, "another browser's cookie");
        assert_eq!(trips.end(at(1), &cookie(1), ""), None);
        assert_eq!(trips.end(at(1), &cookie(1), "state 1"), Some((trip(1), Purpose::SignIn)));
        assert!(!trips.come_back(1, 1), "once more");
        assert!(trips.come_back(1, 2));
    }

    #[test]
    fn a_trip_takes_ten_minutes_at_most() {
        let mut trips = Trips::default();
        trips.set_out(100, 1, HOME);
        trips.set_out(100, 2, HOME);
        assert!(trips.come_back(100 + LIFE.as_secs() - 1, 1));
        assert!(!trips.come_back(100 + LIFE.as_secs(), 2));
        assert!(trips.0.is_empty());
    }

    #[test]
    fn trips_are_bounded_in_all_and_of_each_address() {
        let mut trips = Trips::default();
        trips.set_out(0, 200, HOME);
        for number in 0..20 {
            trips.set_out(1, number, IpAddr::from([192, 0, 2, 1]));
        }
        assert_eq!(trips.0.len(), 1 + MAX_PER_ADDRESS);
        assert!(!trips.come_back(2, 11) && trips.come_back(2, 12), "the oldest of the same address goes");
        for number in 0..100 {
            trips.set_out(3, number, IpAddr::from([192, 0, 2, 100 + number]));
        }
        assert_eq!(trips.0.len(), MAX);
        assert!(!trips.come_back(4, 200) && trips.come_back(4, 99), "the oldest of all goes");
    }
}
