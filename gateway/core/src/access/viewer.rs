//! Whoever is signed in, what they may do, and the capabilities that say so in their name.

use super::{Denied, Giver, GuestLink, HoldTokens, Member, Rights, Role, Share};
use crate::command::{Actor, ActorKind};
use crate::ids::{DeviceId, GuestLinkId, MemberId, RoomId, SessionId, SwitchId, TokenId};
use crate::name::Name;
use crate::time::Wall;
use std::sync::Arc;

/// Who someone is that is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// A person, in a session of theirs.
    Person(Arc<Member>, SessionId),
    /// A program, by an API token.
    Program { token: TokenId, name: Name },
    /// Whoever holds a guest link.
    GuestLink(Arc<GuestLink>),
}

/// By what a viewer, and what they ask for, is known again: a capability is looked at anew by it when it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ViewerId {
    /// A session of a person.
    Session(SessionId),
    /// A guest link.
    GuestLink(GuestLinkId),
    /// An API token.
    Token(TokenId),
}

/// What a viewer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ViewerKind {
    /// A person.
    Member,
    /// A program with an API token.
    Token,
    /// Whoever holds a guest link.
    GuestLink,
}

/// Someone who is signed in, and what they may do: a person, a program with a token, or whoever holds a guest link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    who: Who,
    rights: Arc<Rights>,
}

impl Viewer {
    pub(super) fn new(who: Who, rights: Arc<Rights>) -> Self {
        Self { who, rights }
    }

    /// By what they are known again.
    pub fn id(&self) -> ViewerId {
        match &self.who {
            Who::Person(_, session) => ViewerId::Session(*session),
            Who::GuestLink(link) => ViewerId::GuestLink(link.id),
            Who::Program { token, .. } => ViewerId::Token(*token),
        }
    }

    /// The id for good of the person, the token or the guest link, as text.
    pub fn key(&self) -> String {
        match &self.who {
            Who::Person(member, _) => member.id.to_string(),
            Who::Program { token, .. } => token.to_string(),
            Who::GuestLink(link) => link.id.to_string(),
        }
    }

    /// Their name.
    pub fn name(&self) -> &Name {
        match &self.who {
            Who::Person(member, _) => &member.name,
            Who::Program { name, .. } => name,
            Who::GuestLink(link) => &link.name,
        }
    }

    /// What they are here. A program counts as an owner while it may change settings, else as a member.
    pub fn role(&self) -> Role {
        match &self.who {
            Who::Person(member, _) => member.role,
            Who::Program { .. } if self.rights.administer => Role::Owner,
            Who::Program { .. } => Role::Member,
            Who::GuestLink(_) => Role::Guest,
        }
    }

    /// In whose name they act.
    pub fn actor(&self) -> Actor {
        let kind = match &self.who {
            Who::Person(member, _) => return member.actor(),
            Who::Program { .. } => ActorKind::Token,
            Who::GuestLink(_) => ActorKind::Guest,
        };
        Actor { kind, name: self.name().as_str().into() }
    }

    /// The person they are; FORBIDDEN for programs and guest links, which have no account.
    pub fn person(&self) -> Result<&Arc<Member>, Denied> {
        match &self.who {
            Who::Person(member, _) => Ok(member),
            Who::Program { .. } | Who::GuestLink(_) => Err(Denied::Forbidden),
        }
    }

    /// The person's id, when they are one.
    pub fn member(&self) -> Option<MemberId> {
        self.person().ok().map(|member| member.id)
    }

    /// The session they ask in; none for programs and guest links, whose token is all they have.
    pub fn session(&self) -> Option<SessionId> {
        match &self.who {
            Who::Person(_, session) => Some(*session),
            Who::Program { .. } | Who::GuestLink(_) => None,
        }
    }

    /// Whether a switch exists for them.
    pub fn may_view(&self, switch: SwitchId) -> bool {
        self.rights.view.has(switch)
    }

    /// Whether they may move a switch.
    pub fn may_operate(&self, switch: SwitchId) -> bool {
        self.rights.operate.has(switch)
    }

    /// Whether a device exists for them.
    pub fn may_view_device(&self, device: DeviceId) -> bool {
        self.rights.devices.has(device)
    }

    /// Whether a room exists for them.
    pub fn may_view_room(&self, room: RoomId) -> bool {
        self.rights.rooms.has(room)
    }

    /// Whether they are told who did something. Guests are told of themselves and of what is nobody; who lives here is
    /// not theirs to know.
    pub fn may_view_actor(&self, actor: &Actor) -> bool {
        let somebody =
            matches!(actor.kind, ActorKind::Member | ActorKind::Guest | ActorKind::Token | ActorKind::Integration);
        self.role() != Role::Guest || !somebody || *actor == self.actor()
    }

    /// Whether there is anything they may let others see and move.
    pub fn may_share(&self) -> bool {
        !self.rights.share.is_empty()
    }

    /// When all that they may do ends; none when something has no end.
    pub fn until(&self) -> Option<Wall> {
        self.rights.until
    }

    /// Who let them see or move a switch; none when nobody had to.
    pub fn shared_by(&self, switch: SwitchId) -> Option<&Actor> {
        self.rights.from(switch)
    }

    /// What they are: a person, a program or a guest link.
    pub fn kind(&self) -> ViewerKind {
        match &self.who {
            Who::Person(..) => ViewerKind::Member,
            Who::Program { .. } => ViewerKind::Token,
            Who::GuestLink(_) => ViewerKind::GuestLink,
        }
    }

    /// The right to give others a part of the home: an owner's gift rests on nobody, a member's on their own right.
    pub fn share(&self) -> Result<Share, Denied> {
        let rests_on = match &self.who {
            _ if self.rights.administer => None,
            Who::Person(member, _) if member.role == Role::Member => Some(member.id),
            _ => return Err(Denied::Forbidden),
        };
        Ok(Share { giver: Giver { actor: self.actor(), rests_on }, by: Some(self.id()) })
    }

    /// The right to make API tokens and to take them back. Programs have none: a token makes no other.
    pub fn hold_tokens(&self) -> Result<HoldTokens, Denied> {
        match &self.who {
            Who::Person(member, _) if member.role != Role::Guest => {
                let (member, all) = (member.id, self.rights.administer);
                Ok(HoldTokens { actor: self.actor(), member, all, by: Some(self.id()) })
            }
            _ => Err(Denied::Forbidden),
        }
    }

    /// The API token they ask with, when they are a program.
    pub fn token(&self) -> Option<TokenId> {
        match &self.who {
            Who::Program { token, .. } => Some(*token),
            Who::Person(..) | Who::GuestLink(_) => None,
        }
    }

    /// The right to move one switch.
    pub fn operate(&self, switch: SwitchId) -> Result<Operate, Denied> {
        if self.may_operate(switch) {
            return Ok(Operate { switch, actor: self.actor(), by: self.id() });
        }
        if self.may_view(switch) { Err(Denied::Forbidden) } else { Err(Denied::NotFound("switch")) }
    }

    /// The right to change the home's settings.
    pub fn administer(&self) -> Result<Administer, Denied> {
        if !self.rights.administer {
            return Err(Denied::Forbidden);
        }
        Ok(Administer { actor: self.actor(), by: Some(self.id()) })
    }
}

/// The right to move one switch, and in whose name. The home looks at it anew when it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operate {
    pub(crate) switch: SwitchId,
    pub(crate) actor: Actor,
    pub(crate) by: ViewerId,
}

/// The right to change the home's settings, and in whose name. The home looks at it anew when the change has its turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Administer {
    actor: Actor,
    /// Who asked; none at the gateway's own command line, which nobody can take a right from.
    pub(super) by: Option<ViewerId>,
}

impl Administer {
    /// For whoever stands at the gateway's own command line: only the control socket may call this, after it
    /// checked the peer's credentials.
    pub fn console() -> Self {
        Self { actor: Actor::of_kind(ActorKind::Console), by: None }
    }

    /// In whose name settings are changed.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }
}
