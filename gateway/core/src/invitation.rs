//! Invitations: whoever holds the code of one becomes a person of this home.

use crate::access::{Client, Giver, Role, Terms, TokenHash};
use crate::code::CodeHash;
use crate::identity::Proof;
use crate::ids::{InvitationId, MemberId};
use crate::mail::Address;
use crate::name::Name;
use crate::time::{Now, Wall};
use std::time::Duration;

/// Invitations that a home may have at a time.
pub const MAX_INVITATIONS: usize = 64;
/// People that one invitation may let in.
pub const MAX_USES: u32 = 16;
/// Grants that one invitation may bring.
pub const MAX_GRANTS: usize = 16;
/// How far ahead the end of one may lie.
pub const MAX_LIFE: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// An invitation that is open. One that was used up, taken back or has ended is no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Its id for good.
    pub id: InvitationId,
    /// What who comes will be here.
    pub role: Role,
    /// Who invites: it holds while they may.
    pub inviter: MemberId,
    /// In whose name, and on whose right what is given rests.
    pub by: Giver,
    /// What who comes may do from the start on.
    pub grants: Vec<Terms>,
    /// When it was made; none while the clock was not trusted.
    pub created_at: Option<Wall>,
    /// When it ends; none when it is good until it is used or taken back.
    pub expires_at: Option<Wall>,
    /// People that it may still let in, at least 1.
    pub uses_left: u32,
    /// Where it was mailed, when it was meant for one address.
    pub email: Option<Address>,
    /// The code in that mail, which whoever invites does not get to see: who accepts by it has had the mail.
    pub mailed_code: Option<CodeHash>,
}

impl Invitation {
    /// Whether its time is over, as far as the clock can be trusted.
    pub fn has_ended(&self, now: &Now) -> bool {
        self.expires_at.is_some_and(|end| now.wall_trusted && end <= now.wall)
    }

    /// Whether it can be used by the clock: one with an end holds only while the clock is trusted.
    pub(crate) fn is_live(&self, now: &Now) -> bool {
        self.expires_at.is_none_or(|end| now.wall_trusted && now.wall < end)
    }
}

/// An invitation as it is asked for.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// What who comes will be here.
    pub role: Role,
    /// Who invites.
    pub inviter: MemberId,
    /// What who comes may do from the start on, at most [`MAX_GRANTS`].
    pub grants: Vec<Terms>,
    /// The hash of its code.
    pub code: CodeHash,
    /// When it ends; at most [`MAX_LIFE`] ahead.
    pub expires_at: Option<Wall>,
    /// People that it lets in, 1 to [`MAX_USES`]; 1 when it goes to one address.
    pub uses: u32,
    /// Where it is mailed, and the hash of the code in that mail.
    pub email: Option<(Address, CodeHash)>,
}

/// What whoever holds an invitation's code is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What the home is called.
    pub home: Name,
    /// Who invites.
    pub by: Name,
    /// What they will be here.
    pub role: Role,
    /// Where it was mailed, for who holds the code of that mail.
    pub email: Option<Address>,
}

impl Offer {
    /// Whether who holds the code has read mail of this address.
    pub fn proves(&self, address: &Address) -> bool {
        self.email.as_ref().is_some_and(|mailed| mailed.same_as(address))
    }
}

/// Someone accepts an invitation.
#[derive(Clone, Debug)]
pub struct Acceptance {
    /// The hash of the code they hold.
    pub code: CodeHash,
    /// The name they will sign in with.
    pub name: Name,
    /// How they will sign in.
    pub proof: Proof,
    /// Where mail is to reach them, if they want any, and the code that is mailed there to confirm it. It takes none when the
    /// invitation came there, and its code from that mail.
    pub email: Option<(Address, CodeHash)>,
    /// The hash of their first session's token.
    pub token: TokenHash,
    /// What they sign in with.
    pub client: Client,
}
