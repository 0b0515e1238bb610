//! When the certificate for people is to be made anew, and for how long it is made.

use crate::leaf::{Period, Said};
use crate::names::Sorted;
use gatehouse_core::time::Wall;

const DAY_S: u64 = 24 * 60 * 60;
/// The longest that browsers take from any authority.
const LIFE_S: u64 = 397 * DAY_S;
/// A telephone's clock may be behind the gateway's.
const BACKDATE_S: u64 = DAY_S;

/// Why it is made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// It lacks a name that is wanted.
    Names,
    /// It was made while the clock could not be believed.
    Clock,
    /// Two thirds of its time are over, or none has begun.
    Age,
}

/// The trusted time in seconds; none also when it lies outside what certificates of this home can be made for.
fn seconds(now: Option<Wall>) -> Option<u64> {
    let now = now?.as_millis() / 1_000;
    (Period::WHOLE.not_before + BACKDATE_S..=Period::WHOLE.not_after - LIFE_S).contains(&now).then_some(now)
}

/// Whether to make a new certificate in place of one that says this. A name that it has too many is no reason: addresses
/// come and go.
pub(crate) fn reason(said: &Said, wanted: &Sorted, now: Option<Wall>) -> Option<Reason> {
    if !wanted.hosts.is_subset(&said.hosts) || !wanted.addresses.is_subset(&said.addresses) {
        return Some(Reason::Names);
    }
    let now = seconds(now)?;
    let Period { not_before, not_after } = said.period;
    let life = not_after.saturating_sub(not_before);
    if life > LIFE_S {
        return Some(Reason::Clock);
    }
    (now < not_before || now - not_before >= life / 3 * 2).then_some(Reason::Age)
}

/// How long a certificate made now is valid: at most 397 days, or as long as the authority while nobody knows the time.
pub(crate) fn period(now: Option<Wall>) -> Period {
    seconds(now).map_or(Period::WHOLE, |now| {
        let not_before = now - BACKDATE_S;
        Period { not_before, not_after: not_before + LIFE_S }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    /// 2026-01-01.
    const START_S: u64 = 1_767_225_600;

    fn at(seconds: u64) -> Option<Wall> {
        Some(Wall::from_millis(seconds * 1_000))
    }

    fn wanted(hosts: &[&str]) -> Sorted {
        let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        Sorted { hosts, addresses: [IpAddr::from([10, 0, 0, 1])].into(), ..Sorted::default() }
    }

    fn said(made: Option<Wall>) -> Said {
        let Sorted { hosts, addresses, .. } = wanted(&["a.local", "b.local"]);
        Said { issuer: "Gatehouse".to_owned(), hosts, addresses, period: period(made) }
    }

    #[test]
    fn it_lasts_two_thirds_of_its_time() {
        let made = said(at(START_S));
        let names = wanted(&["a.local"]);
        assert_eq!(made.period.not_after - made.period.not_before, 397 * DAY_S);
        assert_eq!(reason(&made, &names, at(START_S)), None);
        let two_thirds = made.period.not_before + LIFE_S / 3 * 2;
        assert_eq!(reason(&made, &names, at(two_thirds - 1)), None);
        assert_eq!(reason(&made, &names, at(two_thirds)), Some(Reason::Age));
        assert_eq!(reason(&made, &names, at(made.period.not_after + 1)), Some(Reason::Age));
    }

    #[test]
    fn a_clock_that_was_set_back_gets_one_that_has_begun() {
        let made = said(at(START_S));
        let names = wanted(&["a.local"]);
        assert_eq!(reason(&made, &names, at(START_S - 2 * DAY_S)), Some(Reason::Age));
    }

    #[test]
    fn without_a_clock_it_is_as_long_as_the_authority_and_replaced_once_the_time_is_known() {
        let made = said(None);
        let names = wanted(&["a.local"]);
        assert_eq!(made.period, Period::WHOLE);
        assert_eq!(reason(&made, &names, None), None);
        assert_eq!(reason(&made, &names, at(START_S)), Some(Reason::Clock));
        // A good one stays when the clock is lost.
        assert_eq!(reason(&said(at(START_S)), &names, None), None);
    }

    #[test]
    fn a_new_name_or_address_is_a_reason_and_a_lost_one_is_not() {
        let made = said(at(START_S));
        assert_eq!(reason(&made, &wanted(&["b.local"]), at(START_S)), None);
        assert_eq!(reason(&made, &wanted(&["c.local"]), at(START_S)), Some(Reason::Names));
        assert_eq!(reason(&made, &wanted(&["c.local"]), None), Some(Reason::Names));
        let mut moved = wanted(&["a.local"]);
        moved.addresses = [IpAddr::from([10, 0, 0, 2])].into();
        assert_eq!(reason(&made, &moved, at(START_S)), Some(Reason::Names));
    }

    #[test]
    fn a_time_that_cannot_be_is_no_time() {
        for absurd in [0, Period::WHOLE.not_before, Period::WHOLE.not_after, u64::MAX / 1_000] {
            assert_eq!(period(at(absurd)), Period::WHOLE, "{absurd}");
        }
    }
}
