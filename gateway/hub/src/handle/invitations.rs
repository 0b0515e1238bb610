//! Invitations.

use super::{Hub, unexpected};
use crate::message::Message;
use gatehouse_core::access::{Denied, Share, Viewer};
use gatehouse_core::code::CodeHash;
use gatehouse_core::home::{Answer, Setting};
use gatehouse_core::ids::InvitationId;
use gatehouse_core::invitation::{Acceptance, Invitation, NewInvitation, Offer};
use std::net::IpAddr;
use std::sync::Arc;

impl Hub {
    /// Makes an invitation.
    pub async fn create_invitation(&self, cap: Share, new: NewInvitation) -> Result<Arc<Invitation>, Denied> {
        match self.set(Setting::CreateInvitation(cap, new)).await? {
            Answer::Invitation(invitation) => Ok(invitation),
            other => unexpected(&other),
        }
    }

    /// Takes an invitation back.
    pub async fn delete_invitation(&self, cap: Share, id: InvitationId) -> Result<(), Denied> {
        self.set(Setting::DeleteInvitation(cap, id)).await.map(drop)
    }

    /// What whoever holds this code is offered; wrong ones count. None is one that cannot be a code.
    pub async fn try_invitation(&self, code: Option<CodeHash>, address: IpAddr) -> Result<Offer, Denied> {
        match self.ask(|reply| Message::TryInvitation { code, address, reply }).await? {
            Answer::Offer(offer) => Ok(offer),
            other => unexpected(&other),
        }
    }

    /// Makes someone a person of this home, signed in.
    pub async fn accept_invitation(&self, acceptance: Acceptance) -> Result<Viewer, Denied> {
        self.viewer(Setting::AcceptInvitation(acceptance)).await
    }
}
