//! People's own accounts: a password becomes another by whoever may and ends what was open, a code works once, an address
//! counts when its code came back, and an identity is one person's.

use super::{By, Caller, Oracle, Step};
use crate::accounts::chosen;
use gatehouse_core::access::Member;
use gatehouse_core::code::CodeHash;
use gatehouse_core::home::RESET_CODE_LIFE;
use gatehouse_core::identity::{Identity, LinkedIdentity};
use gatehouse_core::ids::MemberId;
use gatehouse_core::record::Record;
use gatehouse_core::time::{Mono, Now};
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

/// What the judge knows of codes.
#[derive(Debug, Default)]
pub(crate) struct Codes {
    /// One-time codes for passwords that this run made, in the order they were.
    offers: Vec<Offer>,
    /// Those that were used, for good.
    used: HashSet<CodeHash>,
    /// Codes to confirm an address that this run mailed while the clock could not be believed.
    untimed: HashSet<CodeHash>,
}

#[derive(Debug)]
struct Offer {
    code: CodeHash,
    member: MemberId,
    until: Mono,
    mailed: bool,
}

impl Codes {
    /// Another run of the daemon: what is in no database is good for nothing.
    pub(super) fn start(&mut self) {
        self.offers.clear();
        self.untimed.clear();
    }
}

impl Oracle {
    /// A one-time code was made for somebody.
    pub(super) fn offered(&mut self, now: &Now, code: CodeHash, mailed: bool, member: MemberId) {
        // Of those made at the gateway the last one is good.
        self.codes.offers.retain(|offer| mailed || offer.mailed || offer.member != member);
        self.codes.offers.push(Offer { code, member, until: now.mono.plus(RESET_CODE_LIFE), mailed });
        self.totals.reset_codes_made += 1;
    }

    /// What is on disk by now makes some codes good for nothing.
    pub(super) fn member_is_on_disk(&mut self, member: &Arc<Member>) {
        if let Some(waiting) = member.waiting.as_ref().filter(|waiting| waiting.until.is_none()) {
            self.codes.untimed.insert(waiting.code);
        }
        let Some(was) = self.acked.members.get(&member.id) else { return };
        let (password, email) = (was.password_hash != member.password_hash, was.email != member.email);
        let ends = |offer: &Offer| offer.member == member.id && (password || (email && offer.mailed));
        self.codes.offers.retain(|offer| !ends(offer));
    }

    /// A code was used: never again.
    pub(super) fn used(&mut self, by: By) {
        if let By::Code(code, _) = by {
            assert!(self.codes.used.insert(code), "{code:?} replaced a password twice");
        }
    }

    fn waits(&self, right: impl Fn(By) -> bool) -> bool {
        let asks = |caller: &Caller| matches!(caller, Caller::Settings(asker, _) if right(asker.by));
        self.callers.values().any(asks)
    }

    /// A person is about to be another: what of that takes a right of its own.
    pub(super) fn account_planned(&self, step: &Step<'_>, member: &Arc<Member>, records: &[Record]) {
        let Some(was) = self.acked.members.get(&member.id) else { return };
        if was.password_hash != member.password_hash {
            self.password_planned(&step.now, member, records);
        }
        if was.email != member.email && member.email.is_some() {
            let waiting = was.waiting.as_ref().expect("an address that waited");
            assert_eq!(member.email.as_ref(), Some(&waiting.address), "another address than the one that waited");
            let live = match waiting.until {
                Some(end) => step.now.wall_trusted && step.now.wall < end,
                None => self.codes.untimed.contains(&waiting.code),
            };
            assert!(live, "an address is confirmed by a code that is over");
            let held = self.waits(|by| matches!(by, By::Code(code, _) if code == waiting.code));
            assert!(held, "an address is confirmed, and nobody has its code");
        }
    }

    fn password_planned(&self, now: &Now, member: &Arc<Member>, records: &[Record]) {
        let hash = member.password_hash.as_deref().expect("nobody loses their password");
        let ended = |id| records.iter().any(|record| matches!(record, Record::SessionEnded(ended) if *ended == id));
        let theirs = self.acked.sessions.values().filter(|session| session.member == member.id);
        let kept: Vec<_> = theirs.filter(|session| !ended(session.id)).map(|session| session.id).collect();
        let by_session =
            self.waits(|by| matches!(by, By::Session(id, number) if chosen(number) == hash && kept == [id]));
        let by_code = self.waits(|by| match by {
            By::Code(code, number) => chosen(number) == hash && kept.is_empty() && self.resets(now, code, member.id),
            _ => false,
        });
        assert!(by_session || by_code, "{member:?} has another password by nobody who may, or others stay: {kept:?}");
    }

    /// Whether a code replaces this person's password now.
    fn resets(&self, now: &Now, code: CodeHash, member: MemberId) -> bool {
        let paper = self.acked.recovery_code.is_some_and(|kept| kept.code == code && kept.member == member);
        let good = |offer: &Offer| offer.code == code && offer.member == member && now.mono < offer.until;
        !self.codes.used.contains(&code) && (paper || self.codes.offers.iter().any(good))
    }

    /// An identity is about to be somebody's: nobody else's, and their only one there.
    pub(super) fn linking_planned(&self, new: &LinkedIdentity, records: &[Record]) {
        for known in self.acked.identities.values().filter(|known| known.id != new.id) {
            assert_ne!(known.identity, new.identity, "an identity of two");
            let same = known.member == new.member && known.identity.issuer() == new.identity.issuer();
            assert!(!same, "two of one provider: {known:?}, {new:?}");
        }
        let comes = records.iter().any(|record| matches!(record, Record::Member(member) if member.id == new.member));
        let signed_in = |id| self.acked.sessions.get(&id).is_some_and(|session| session.member == new.member);
        let asked = self.waits(|by| matches!(by, By::Session(id, _) if signed_in(id)));
        assert!(comes || asked, "linked from where nobody is signed in: {new:?}");
    }

    /// Who came in by an identity is whose it is.
    pub(super) fn came_by(&mut self, identity: &Identity, member: Option<MemberId>) {
        let linked = self.acked.identities.values().find(|linked| linked.identity == *identity);
        assert_eq!(linked.map(|linked| linked.member), member, "in by an identity that is not theirs");
        assert!(member.is_some(), "in by an identity that nobody has linked");
        self.totals.by_identity += 1;
    }

    /// Everybody has a way in of their own, and an address is one person's.
    pub(super) fn check_accounts(&self) {
        let mut addresses = BTreeSet::new();
        for member in self.acked.members.values() {
            let linked = self.acked.identities.values().any(|linked| linked.member == member.id);
            assert!(linked || member.password_hash.is_some(), "{member:?} has no way in");
            if let Some(email) = &member.email {
                assert!(addresses.insert(email.as_str().to_lowercase()), "two have {email:?}");
            }
        }
        for linked in self.acked.identities.values() {
            assert!(self.acked.members.contains_key(&linked.member), "nobody's identity: {linked:?}");
        }
    }
}
