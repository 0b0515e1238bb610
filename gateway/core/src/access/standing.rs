//! Whether a capability still holds when it is used: what it rests on may have ended while it waited for its turn.

use super::{Access, Administer, Denied, HoldTokens, Role, Share, ViewerId};

impl Access {
    /// Whether whoever had this right may still change settings.
    pub(crate) fn still_administers(&self, cap: &Administer) -> Result<(), Denied> {
        cap.by.map_or(Ok(()), |by| self.administers(by))
    }

    /// Whether whoever had this right may still give as they were about to: an owner as one, a member as no guest.
    pub(crate) fn still_shares(&self, cap: &Share) -> Result<(), Denied> {
        let Some(by) = cap.by else { return Ok(()) };
        match cap.giver.rests_on {
            None => self.administers(by),
            Some(_) => self.is_no_guest(by),
        }
    }

    /// Whether whoever had this right may still hold tokens, or revoke those of others.
    pub(crate) fn still_holds_tokens(&self, cap: &HoldTokens) -> Result<(), Denied> {
        let Some(by) = cap.by else { return Ok(()) };
        if cap.all { self.administers(by) } else { self.is_no_guest(by) }
    }

    fn administers(&self, by: ViewerId) -> Result<(), Denied> {
        self.still_signed_in(by)?;
        if self.rights(by).administer { Ok(()) } else { Err(Denied::Forbidden) }
    }

    fn is_no_guest(&self, by: ViewerId) -> Result<(), Denied> {
        self.still_signed_in(by)?;
        let ViewerId::Session(session) = by else { return Err(Denied::Forbidden) };
        let member = self.sessions.get(&session).and_then(|session| self.members.get(&session.member));
        if member.is_some_and(|member| member.role != Role::Guest) { Ok(()) } else { Err(Denied::Forbidden) }
    }

    fn still_signed_in(&self, by: ViewerId) -> Result<(), Denied> {
        let signed_in = match by {
            ViewerId::Session(session) => self.is_open(session),
            ViewerId::GuestLink(link) => self.resolved.links.contains_key(&link),
            ViewerId::Token(token) => self.resolved.tokens.contains(&token),
        };
        if signed_in { Ok(()) } else { Err(Denied::Unauthenticated) }
    }
}
