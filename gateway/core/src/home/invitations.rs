//! Invitations: made, taken back, used up, ended by time.
//!
//! The end of one is noticed before whatever input comes after it, and kept: a clock that steps back opens nothing again.

use super::people::CodeTry;
use super::{Effect, Home};
use crate::access::{Denied, Giver, Member, Role, origin};
use crate::code::CodeHash;
use crate::identity::Proof;
use crate::ids::{InvitationId, MemberId};
use crate::invitation::{
    Acceptance, Invitation, MAX_GRANTS, MAX_INVITATIONS, MAX_LIFE, MAX_USES, NewInvitation, Offer,
};
use crate::record::Record;
use crate::time::{Now, Wall};
use crate::view::Change;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

#[derive(Debug)]
struct Entry {
    invitation: Arc<Invitation>,
    code: CodeHash,
}

impl Entry {
    /// Whether it is its code, the one that was shown or the one that was mailed.
    fn has(&self, code: &CodeHash) -> bool {
        self.code == *code || self.invitation.mailed_code == Some(*code)
    }
}

/// All invitations that are open.
#[derive(Debug, Default)]
pub(super) struct Invitations {
    entries: BTreeMap<InvitationId, Entry>,
    /// When the first of them ends.
    first_end: Option<Wall>,
}

impl Invitations {
    pub(super) fn shown(&self) -> Vec<Arc<Invitation>> {
        self.entries.values().map(|entry| entry.invitation.clone()).collect()
    }

    fn find_end(&mut self) {
        self.first_end = self.entries.values().filter_map(|entry| entry.invitation.expires_at).min();
    }
}

impl Home {
    /// Those whose time is over are no more. A fact of the clock and nobody's decision, so it is true at once and written
    /// behind.
    pub(super) fn end_invitations(&mut self, now: &Now, out: &mut Vec<Effect>) {
        if self.invitations.first_end.is_none_or(|end| !now.wall_trusted || now.wall < end) {
            return;
        }
        let ended = self.invitations.entries.values().map(|entry| &entry.invitation);
        let ended: Vec<_> = ended.filter(|invitation| invitation.has_ended(now)).map(|ended| ended.id).collect();
        let ends: Vec<_> = ended.iter().copied().map(Record::InvitationDeleted).collect();
        let lines = self.lines_of_ends(now, &ends);
        out.push(Effect::Write { ticket: None, records: ends.iter().cloned().chain(lines).collect() });
        for id in ended {
            // One use of it may be on its way to the disk: what that leaves of it has ended too.
            self.settings.end_invitation(id);
        }
        for end in ends {
            self.apply_record(end, out);
        }
    }

    /// What whoever holds this code is offered. Wrong codes count; none is one that cannot be a code.
    pub(super) fn try_invitation(
        &mut self,
        now: &Now,
        code: Option<&CodeHash>,
        address: IpAddr,
        out: &mut Vec<Effect>,
    ) -> Result<Offer, Denied> {
        let home = self.household.as_ref().ok_or(Denied::Unclaimed)?.name.clone();
        let key = CodeTry::Invitation(origin(address));
        if let Err(denied) = self.throttle.check(&key, now.mono) {
            self.wrong_code(now, address, out);
            return Err(denied);
        }
        let found = code.and_then(|code| self.open_invitation(now, code)).map(|entry| entry.invitation.clone());
        let Some(invitation) = found else {
            self.throttle.wrong(&key, now.mono);
            self.wrong_code(now, address, out);
            return Err(not_good());
        };
        self.throttle.right(&key);
        let by = self.access.name_of(invitation.inviter).ok_or_else(not_good)?.clone();
        let email = invitation.email.clone().filter(|_| code.is_some() && invitation.mailed_code.as_ref() == code);
        Ok(Offer { home, by, role: invitation.role, email })
    }

    /// Whether a code is one of an invitation, and can be used.
    pub(super) fn is_invited_by(&self, now: &Now, code: &CodeHash) -> bool {
        self.open_invitation(now, code).is_some()
    }

    /// The invitation of this code, when it can be used.
    fn open_invitation(&self, now: &Now, code: &CodeHash) -> Option<&Entry> {
        let open = |entry: &&Entry| entry.has(code) && entry.invitation.is_live(now);
        self.invitations
            .entries
            .values()
            .find(open)
            .filter(|entry| self.may_invite(entry.invitation.inviter, &entry.invitation.by))
    }

    /// The invitation of this code, whether it can be used or not.
    pub(super) fn invitation_of(&self, code: &CodeHash) -> Option<Arc<Invitation>> {
        let mut entries = self.invitations.entries.values();
        entries.find(|entry| entry.has(code)).map(|entry| entry.invitation.clone())
    }

    /// Whether a person may still invite: an owner, or a member by what they may share.
    fn may_invite(&self, member: MemberId, by: &Giver) -> bool {
        self.access.member(member).is_some_and(|member| match by.rests_on {
            None => member.role == Role::Owner,
            Some(_) => member.role != Role::Guest,
        })
    }

    pub(super) fn plan_invitation(
        &mut self,
        now: &Now,
        by: &Giver,
        new: NewInvitation,
    ) -> Result<(InvitationId, Vec<Record>), Denied> {
        let NewInvitation { role, inviter, grants, code, expires_at, uses, email } = new;
        let bad = |field, message: String| Err(Denied::BadInput { field, message });
        // A member lets people in to what they share, and makes nobody an owner.
        let shares = by.rests_on.is_none() || (role != Role::Owner && !grants.is_empty());
        if !self.may_invite(inviter, by) || !shares {
            return Err(Denied::Forbidden);
        }
        if grants.len() > MAX_GRANTS {
            return bad("grants", format!("An invitation brings at most {MAX_GRANTS} grants."));
        }
        for terms in &grants {
            self.check_terms(now, by, terms)?;
        }
        if !(1..=MAX_USES).contains(&uses) {
            return bad("uses", format!("An invitation lets in 1 to {MAX_USES} people."));
        }
        if email.is_some() && uses != 1 {
            return bad("uses", "An invitation to one address lets in one person.".to_owned());
        }
        let (email, mailed_code) = email.unzip();
        if let (Some(end), true) = (expires_at, now.wall_trusted) {
            let life = u64::try_from(MAX_LIFE.as_millis()).unwrap_or(u64::MAX);
            if end <= now.wall || end.as_millis() - now.wall.as_millis() > life {
                return bad("expiresAt", "The end must lie ahead, at most 90 days.".to_owned());
            }
        }
        if self.invitations.entries.len() >= MAX_INVITATIONS {
            let message = format!("A home has at most {MAX_INVITATIONS} open invitations. Take one back first.");
            return Err(Denied::Conflict(message));
        }
        if let Some(to) = &email {
            self.stamp_invitation(now, to)?;
        }
        let id = InvitationId::from_raw(self.ids.draw());
        let (by, created_at) = (by.clone(), now.stamp());
        let invitation =
            Invitation { id, role, inviter, by, grants, created_at, expires_at, uses_left: uses, email, mailed_code };
        Ok((id, vec![Record::Invitation(Arc::new(invitation), code)]))
    }

    /// By an owner, or by who made it.
    pub(super) fn plan_invitation_deletion(&self, by: &Giver, id: InvitationId) -> Result<Record, Denied> {
        let invitation = self.invitation(id)?;
        match by.rests_on {
            Some(member) if invitation.inviter != member => Err(Denied::NotFound("invitation")),
            _ => Ok(Record::InvitationDeleted(id)),
        }
    }

    /// Those of a person who goes, which go with them.
    pub(super) fn ends_of_invitations(&self, inviter: MemberId) -> impl Iterator<Item = Record> {
        let all = self.invitations.entries.values().map(|entry| &entry.invitation);
        all.filter(move |invitation| invitation.inviter == inviter).map(|ended| Record::InvitationDeleted(ended.id))
    }

    /// The person, their session and the use of the invitation are on disk together or not at all.
    pub(super) fn plan_acceptance(&mut self, now: &Now, acceptance: Acceptance) -> Result<Vec<Record>, Denied> {
        let Acceptance { code, name, proof, email, token, client } = acceptance;
        let entry = self.open_invitation(now, &code).ok_or_else(not_good)?;
        let (invitation, kept) = (Invitation::clone(&entry.invitation), entry.code);
        self.check_member_name(&name, None, "name")?;
        self.check_room_for_members()?;
        let id = MemberId::from_raw(self.ids.draw());
        let by_mail = invitation.email.as_ref().filter(|_| invitation.mailed_code == Some(code));
        let (email, waiting) = match email {
            None => (None, None),
            Some((address, _)) if by_mail.is_some_and(|mailed| mailed.same_as(&address)) => {
                self.access.check_address_is_free(&address, None)?;
                (Some(address), None)
            }
            Some((address, code)) => (None, Some(self.wait_for(now, id, address, code)?)),
        };
        let (password_hash, identity) = match proof {
            Proof::Password(hash) => (Some(hash), None),
            Proof::Identity(identity) => (None, Some(self.plan_identity_of_new_member(now, id, identity)?)),
        };
        let member = Member {
            id,
            name,
            role: invitation.role,
            password_hash,
            earlier: Vec::new(),
            email,
            waiting,
            joined_at: now.stamp(),
        };
        let mut records = self.plan_new_member(now, member, &invitation.grants, &invitation.by)?;
        records.extend(identity);
        let used = match invitation.uses_left {
            0 | 1 => Record::InvitationDeleted(invitation.id),
            uses => Record::Invitation(Arc::new(Invitation { uses_left: uses - 1, ..invitation }), kept),
        };
        records.extend([self.session(now, id, token, client), used]);
        Ok(records)
    }

    pub(super) fn invitation(&self, id: InvitationId) -> Result<Arc<Invitation>, Denied> {
        let entry = self.invitations.entries.get(&id).ok_or(Denied::NotFound("invitation"))?;
        Ok(entry.invitation.clone())
    }

    pub(super) fn apply_invitation(&mut self, invitation: Arc<Invitation>, code: CodeHash, out: &mut Vec<Effect>) {
        self.invitations.entries.insert(invitation.id, Entry { invitation: invitation.clone(), code });
        self.invitations.find_end();
        out.push(Effect::Changed(Change::Invitation(invitation)));
    }

    pub(super) fn apply_invitation_deletion(&mut self, id: InvitationId, out: &mut Vec<Effect>) {
        self.invitations.entries.remove(&id);
        self.invitations.find_end();
        out.push(Effect::Changed(Change::InvitationRemoved(id)));
    }
}

/// Of which kind its trouble is, nobody is told: whoever was invited has to ask for another one anyway.
fn not_good() -> Denied {
    let message = "This invitation was used, has ended or was taken back. Ask who invited you for a new one.";
    Denied::BadInput { field: "code", message: message.to_owned() }
}
