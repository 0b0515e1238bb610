//! Identities at a provider: who is in by one, and whose it is. An unknown one opens nothing.

use super::{Effect, Home, Setting};
use crate::access::{Client, Denied, Member, TokenHash};
use crate::identity::{Identity, LinkedIdentity, MAX_IDENTITIES};
use crate::ids::{IdentityId, MemberId, SessionId};
use crate::record::Record;
use crate::time::Now;
use std::sync::Arc;

impl Home {
    /// A provider vouched for someone. When nobody here has linked that, it is a sign-in that failed like any other.
    pub(super) fn sign_in_by_identity(
        &mut self,
        now: &Now,
        identity: Identity,
        (token, client): (TokenHash, Client),
        out: &mut Vec<Effect>,
    ) -> Result<Setting, Denied> {
        if self.household.is_none() {
            return Err(Denied::Unclaimed);
        }
        if self.access.by_identity(&identity).is_none() {
            self.wrong_sign_in(now, None, client.address, out);
            return Err(Denied::Unauthenticated);
        }
        Ok(Setting::SignInByIdentity { identity, token, client })
    }

    pub(super) fn plan_sign_in_by_identity(
        &mut self,
        now: &Now,
        identity: &Identity,
        token: TokenHash,
        client: Client,
    ) -> Result<Vec<Record>, Denied> {
        let member = self.access.by_identity(identity).ok_or(Denied::Unauthenticated)?;
        self.plan_session(now, member, token, client)
    }

    /// For whoever is still signed in where they asked for it: `session` is theirs and open.
    pub(super) fn plan_identity(
        &mut self,
        now: &Now,
        member: MemberId,
        session: SessionId,
        identity: Identity,
    ) -> Result<Vec<Record>, Denied> {
        if self.access.session(session).is_none_or(|session| session.member != member) {
            return Err(Denied::Unauthenticated);
        }
        let conflict = |message: String| Err(Denied::Conflict(message));
        match self.access.by_identity(&identity) {
            Some(whose) if whose == member => return Ok(Vec::new()),
            Some(_) => return conflict("This account is linked to somebody else here.".to_owned()),
            None => {}
        }
        let linked = || self.access.identities_of(member);
        if linked().any(|linked| linked.identity.issuer() == identity.issuer()) {
            return conflict("You have linked an account of this provider. Unlink it first.".to_owned());
        }
        if linked().count() >= MAX_IDENTITIES {
            return conflict(format!("You have linked {MAX_IDENTITIES} accounts. Unlink one first."));
        }
        Ok(vec![self.identity(now, member, identity)])
    }

    pub(super) fn plan_identity_of_new_member(
        &mut self,
        now: &Now,
        member: MemberId,
        identity: Identity,
    ) -> Result<Record, Denied> {
        if self.access.by_identity(&identity).is_some() {
            return Err(Denied::Conflict("You belong to this home already. Sign in instead.".to_owned()));
        }
        Ok(self.identity(now, member, identity))
    }

    fn identity(&mut self, now: &Now, member: MemberId, identity: Identity) -> Record {
        let id = IdentityId::from_raw(self.ids.draw());
        Record::Identity(Arc::new(LinkedIdentity { id, member, identity, linked_at: now.stamp() }))
    }

    /// Nobody is left without a way in.
    pub(super) fn plan_identity_unlinking(&self, member: MemberId, id: IdentityId) -> Result<Record, Denied> {
        let member: &Member = self.account(member)?;
        let linked = self.access.identity(id).filter(|linked| linked.member == member.id);
        linked.ok_or(Denied::NotFound("identity"))?;
        if member.password_hash.is_none() {
            return Err(Denied::Conflict("You have no other way in. Choose a password first.".to_owned()));
        }
        Ok(Record::IdentityUnlinked(id))
    }
}
