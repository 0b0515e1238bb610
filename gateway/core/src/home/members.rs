//! People: those who come, their names and roles, and those who go.

use super::Home;
use crate::access::{Denied, Giver, Grant, MAX_MEMBERS, Member, Role, Terms};
use crate::ids::{GrantId, MemberId};
use crate::name::Name;
use crate::record::Record;
use crate::time::Now;
use std::sync::Arc;

/// What to change of a person; what is none stays.
#[derive(Clone, Debug, Default)]
pub struct MemberEdit {
    /// The name they sign in with.
    pub name: Option<Name>,
    /// What they are here.
    pub role: Option<Role>,
}

impl Home {
    /// A person more, with what they may do from the start on: for whoever lets people in. `member` has an id of its own.
    /// What is given rests on `by`, as any other grant.
    pub(super) fn plan_new_member(
        &mut self,
        now: &Now,
        member: Member,
        grants: &[Terms],
        by: &Giver,
    ) -> Result<Vec<Record>, Denied> {
        self.check_member_name(&member.name, None, "name")?;
        self.check_room_for_members()?;
        let to = member.id;
        let mut records = vec![Record::Member(Arc::new(member))];
        for terms in grants {
            // What has ended, or whose place is gone, since it was promised gives nothing; the person comes all the same.
            if self.check_terms(now, by, terms).is_ok() && self.room_for_grants(records.len() - 1) {
                records.push(Record::Grant(self.grant(now, by, to, *terms)));
            }
        }
        Ok(records)
    }

    pub(super) fn check_room_for_members(&self) -> Result<(), Denied> {
        if self.access.members.len() >= MAX_MEMBERS {
            let message = format!("A home has at most {MAX_MEMBERS} people. Remove one first.");
            return Err(Denied::Conflict(message));
        }
        Ok(())
    }

    pub(super) fn grant(&mut self, now: &Now, by: &Giver, to: MemberId, terms: Terms) -> Arc<Grant> {
        let id = GrantId::from_raw(self.ids.draw());
        Arc::new(Grant { id, to, terms, by: by.clone(), created_at: now.stamp() })
    }

    pub(super) fn plan_member_update(&self, id: MemberId, edit: MemberEdit) -> Result<Record, Denied> {
        let mut member = Member::clone(self.access.member(id).ok_or(Denied::NotFound("member"))?);
        if let Some(name) = edit.name {
            self.check_member_name(&name, Some(id), "name")?;
            member.name = name;
        }
        if let Some(role) = edit.role {
            if role != Role::Owner {
                self.check_owner_stays(&member)?;
            }
            member.role = role;
        }
        Ok(Record::Member(Arc::new(member)))
    }

    /// Their sessions end, and what was given to them; what rests on them ends with their right.
    pub(super) fn plan_member_deletion(&self, id: MemberId) -> Result<Vec<Record>, Denied> {
        let access = &self.access;
        let member = access.member(id).ok_or(Denied::NotFound("member"))?;
        self.check_owner_stays(member)?;
        let sessions = access.sessions.values().filter(|session| session.member == id);
        let grants = access.grants.values().filter(|grant| grant.to == id || grant.by.rests_on == Some(id));
        let links = access.links.values().filter(|link| link.by.rests_on == Some(id));
        let mut records: Vec<_> = sessions.map(|session| Record::SessionEnded(session.id)).collect();
        records.extend(grants.map(|grant| Record::GrantDeleted(grant.id)));
        records.extend(links.map(|link| Record::GuestLinkDeleted(link.id)));
        let tokens = access.tokens.values().filter(|token| token.member == id);
        records.extend(tokens.map(|token| Record::TokenDeleted(token.id)));
        let identities = access.identities_of(id);
        records.extend(identities.map(|linked| Record::IdentityUnlinked(linked.id)));
        records.extend(self.ends_of_invitations(id));
        records.push(Record::MemberDeleted(id));
        Ok(records)
    }

    fn check_owner_stays(&self, member: &Member) -> Result<(), Denied> {
        if member.role == Role::Owner && self.access.owners() == 1 {
            let message = "A home keeps at least one owner. Make somebody else an owner first.".to_owned();
            return Err(Denied::Conflict(message));
        }
        Ok(())
    }
}
