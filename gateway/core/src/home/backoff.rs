//! Back-off at sign-in: what counts where, and how it outlives a restart ([decision 0011](../../../decisions)).
//!
//! Counts are observations, not settings: they hold at once and are written behind, together, at most once a second, and
//! of each the newest only, so that a flood of wrong tries wears no card. What cost no wait yet is not written.

use super::{Effect, Home};
use crate::access::{Access, Denied, FORGOTTEN_AFTER, MAX_MEMBERS, NameHash, Throttle, Tried, origin};
use crate::ids::{MemberId, SessionId};
use crate::record::Record;
use crate::time::Mono;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

/// How often, at most, counts are written.
const WRITE_EVERY: Duration = Duration::from_secs(1);
/// Names that no account has; some 200 KB, if somebody tries that many. Far more than one address can in a day.
const MAX_NAMES: usize = 4_096;
/// Addresses, persons at addresses, and sessions.
const MAX_PLACES: usize = 1_024;

/// All counts of wrong tries at passwords.
#[derive(Debug)]
pub(super) struct Backoff {
    /// As many as there can be people: no account is ever forgotten.
    members: Throttle<Tried>,
    members_at: Throttle<Tried>,
    sessions: Throttle<Tried>,
    names: Throttle<Tried>,
    addresses: Throttle<Tried>,
    /// What is on disk, or on its way.
    kept: BTreeSet<Tried>,
    /// What may be on disk otherwise than it is.
    changed: BTreeSet<Tried>,
    /// When the changes are to be written, and when they were last.
    write_at: Option<Mono>,
    written: Option<Mono>,
    /// When to look for counts that are long ago.
    sweep_at: Option<Mono>,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            members: Throttle::new(MAX_MEMBERS),
            members_at: Throttle::new(MAX_PLACES),
            sessions: Throttle::new(MAX_PLACES),
            names: Throttle::new(MAX_NAMES),
            addresses: Throttle::new(MAX_PLACES),
            kept: BTreeSet::new(),
            changed: BTreeSet::new(),
            write_at: None,
            written: None,
            sweep_at: None,
        }
    }
}

impl Backoff {
    fn table(&mut self, tried: &Tried) -> &mut Throttle<Tried> {
        match tried {
            Tried::Member(_) => &mut self.members,
            Tried::MemberAt(..) => &mut self.members_at,
            Tried::Session(_) => &mut self.sessions,
            Tried::Name(_) => &mut self.names,
            Tried::Address(_) => &mut self.addresses,
        }
    }

    /// Whether all of these may be tried now, else how long to wait.
    pub(super) fn check(&mut self, all: &[Tried], now: Mono) -> Result<(), Denied> {
        all.iter().try_for_each(|tried| self.table(tried).check(tried, now))
    }

    /// These were wrong.
    pub(super) fn wrong(&mut self, all: &[Tried], now: Mono) {
        for tried in all {
            let gone = self.table(tried).wrong(tried, now);
            self.change([*tried].into_iter().chain(gone), now);
        }
        self.sweep_at.get_or_insert(now.plus(FORGOTTEN_AFTER));
    }

    /// These were right.
    pub(super) fn right(&mut self, all: &[Tried], now: Mono) {
        for tried in all {
            self.table(tried).right(tried);
        }
        self.change(all.iter().copied(), now);
    }

    /// These are no more; they are taken off the disk with the next change.
    fn gone(&mut self, all: impl IntoIterator<Item = Tried>) {
        for tried in all {
            self.table(&tried).right(&tried);
            if self.kept.contains(&tried) {
                self.changed.insert(tried);
            }
        }
    }

    /// A count as it is on disk, at the daemon's start.
    fn resume(&mut self, tried: Tried, wrong: u32, now: Mono) {
        let gone = self.table(&tried).resume(&tried, wrong, now);
        self.kept.insert(tried);
        self.change(gone, now);
        self.sweep_at.get_or_insert(now.plus(FORGOTTEN_AFTER));
    }

    /// A count that is on disk no more, at the daemon's start.
    pub(super) fn forgotten(&mut self, tried: &Tried) {
        self.table(tried).right(tried);
        self.kept.remove(tried);
    }

    fn change(&mut self, all: impl IntoIterator<Item = Tried>, now: Mono) {
        for tried in all {
            if self.kept.contains(&tried) || self.table(&tried).slowed(&tried).is_some() {
                self.changed.insert(tried);
                let soonest = self.written.map_or(now, |written| written.plus(WRITE_EVERY).max(now));
                self.write_at.get_or_insert(soonest);
            }
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Mono> {
        self.write_at.into_iter().chain(self.sweep_at).min()
    }

    /// Does what is due; writes all that changed when there is no later.
    pub(super) fn settle(&mut self, now: Option<Mono>, out: &mut Vec<Effect>) {
        if let Some(now) = now.filter(|now| self.sweep_at.is_some_and(|due| due <= *now)) {
            self.sweep(now);
        }
        let due = now.map_or(!self.changed.is_empty(), |now| self.write_at.is_some_and(|due| due <= now));
        if !due {
            return;
        }
        (self.write_at, self.written) = (None, now.or(self.written));
        let mut records = Vec::new();
        for tried in std::mem::take(&mut self.changed) {
            if let Some(wrong) = self.table(&tried).slowed(&tried) {
                self.kept.insert(tried);
                records.push(Record::WrongTries(tried, wrong));
            } else if self.kept.remove(&tried) {
                records.push(Record::WrongTriesForgotten(tried));
            }
        }
        if !records.is_empty() {
            out.push(Effect::Write { ticket: None, records });
        }
    }

    fn sweep(&mut self, now: Mono) {
        let tables =
            [&mut self.members, &mut self.members_at, &mut self.sessions, &mut self.names, &mut self.addresses];
        let mut long_ago = Vec::new();
        self.sweep_at = None;
        for table in tables {
            long_ago.extend(table.sweep(now));
            self.sweep_at = self.sweep_at.into_iter().chain(table.sweep_at()).min();
        }
        self.change(long_ago, now);
    }
}

impl Home {
    /// Where a try at the password of a name counts: at whose it is, and at where it comes from.
    ///
    /// A person has a count of their own at each address at which they are signed in: a stranger who guesses their name
    /// makes strangers wait, and not them. Where an address counts does not depend on the name, so it tells nothing of it.
    pub(super) fn tried(&self, member: Option<MemberId>, name: NameHash, address: IpAddr) -> [Tried; 2] {
        let address = address.to_canonical();
        let who = match member {
            Some(member) if is_at(&self.access, address, Some(member)) => Tried::MemberAt(member, address),
            Some(member) => Tried::Member(member),
            None => Tried::Name(name),
        };
        [who, self.tried_from(address)]
    }

    /// Where a try from an address counts.
    pub(super) fn tried_from(&self, address: IpAddr) -> Tried {
        let address = address.to_canonical();
        Tried::Address(if is_at(&self.access, address, None) { address } else { origin(address) })
    }

    /// A count that was on disk when the daemon started.
    pub(super) fn resume_backoff(&mut self, tried: Tried, wrong: u32, now: Mono) {
        self.backoff.resume(tried, wrong, now);
        let is_there = match tried {
            Tried::Member(member) | Tried::MemberAt(member, _) => self.access.member(member).is_some(),
            Tried::Session(session) => self.access.is_open(session),
            Tried::Name(_) | Tried::Address(_) => true,
        };
        if !is_there {
            self.backoff.gone([tried]);
        }
    }

    /// Somebody is no more: neither are the counts at their account.
    pub(super) fn forget_tries_of(&mut self, member: MemberId) {
        let theirs = |tried: &Tried| match tried {
            Tried::MemberAt(whose, _) => *whose == member,
            _ => false,
        };
        let at_addresses: Vec<_> = self.backoff.kept.iter().copied().filter(theirs).collect();
        self.backoff.gone(at_addresses.into_iter().chain([Tried::Member(member)]));
    }

    /// A session is no more.
    pub(super) fn forget_tries_in(&mut self, session: SessionId) {
        self.backoff.gone([Tried::Session(session)]);
    }
}

/// Whether somebody, or a given person, is signed in at this very address.
fn is_at(access: &Access, address: IpAddr, member: Option<MemberId>) -> bool {
    let theirs = |session: &&crate::access::Session| member.is_none_or(|member| session.member == member);
    access.sessions.values().filter(theirs).any(|session| session.client.address == Some(address))
}
