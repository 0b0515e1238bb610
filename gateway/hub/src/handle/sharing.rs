//! People, what they are given, and links for guests.

use super::{Hub, unexpected};
use gatehouse_core::access::{Administer, Denied, Grant, GuestLink, Member, Share, Terms, TokenHash};
use gatehouse_core::home::{Answer, MemberEdit, Setting};
use gatehouse_core::ids::{GrantId, GuestLinkId, MemberId};
use gatehouse_core::name::Name;
use std::sync::Arc;

impl Hub {
    /// Gives a person another name or role.
    pub async fn update_member(&self, cap: Administer, id: MemberId, edit: MemberEdit) -> Result<Arc<Member>, Denied> {
        match self.set(Setting::UpdateMember(cap, id, edit)).await? {
            Answer::Member(member) => Ok(member),
            other => unexpected(&other),
        }
    }

    /// Removes a person; their sessions end, and all that was given to them or rests on them.
    pub async fn delete_member(&self, cap: Administer, id: MemberId) -> Result<(), Denied> {
        self.set(Setting::DeleteMember(cap, id)).await.map(drop)
    }

    /// Lets a person see or move a part of the home.
    pub async fn create_grant(&self, cap: Share, to: MemberId, terms: Terms) -> Result<Arc<Grant>, Denied> {
        match self.set(Setting::CreateGrant(cap, to, terms)).await? {
            Answer::Grant(grant) => Ok(grant),
            other => unexpected(&other),
        }
    }

    /// Ends a grant.
    pub async fn delete_grant(&self, cap: Share, id: GrantId) -> Result<(), Denied> {
        self.set(Setting::DeleteGrant(cap, id)).await.map(drop)
    }

    /// Lets in whoever presents what `token` is the hash of.
    pub async fn create_guest_link(
        &self,
        cap: Share,
        name: Name,
        token: TokenHash,
        terms: Terms,
    ) -> Result<Arc<GuestLink>, Denied> {
        match self.set(Setting::CreateGuestLink(cap, name, token, terms)).await? {
            Answer::GuestLink(link) => Ok(link),
            other => unexpected(&other),
        }
    }

    /// Ends a guest link; whoever came by it is out.
    pub async fn delete_guest_link(&self, cap: Share, id: GuestLinkId) -> Result<(), Denied> {
        self.set(Setting::DeleteGuestLink(cap, id)).await.map(drop)
    }
}
