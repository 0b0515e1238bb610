//! Whoever is signed in, what they may do, and the capabilities that say so in their name.

use super::{Denied, Member, Role};
use crate::command::{Actor, ActorKind};
use crate::ids::{GuestLinkId, MemberId, SessionId, SwitchId, TokenId};
use crate::name::Name;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Which switches something holds for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Switches {
    /// All of them, also those that come later.
    All,
    /// These.
    Only(BTreeSet<SwitchId>),
}

impl Default for Switches {
    fn default() -> Self {
        Self::Only(BTreeSet::new())
    }
}

impl Switches {
    pub(crate) fn has(&self, switch: SwitchId) -> bool {
        match self {
            Self::All => true,
            Self::Only(switches) => switches.contains(&switch),
        }
    }
}

/// What someone may do now. Nothing, by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Change the home's settings, and see whatever there is.
    pub(crate) administer: bool,
    /// Switches that exist for them.
    pub(crate) view: Switches,
    /// Switches they may move; each of them is in `view`.
    pub(crate) operate: Switches,
}

impl Rights {
    /// Everything: what an owner may.
    pub fn all() -> Self {
        Self { administer: true, view: Switches::All, operate: Switches::All }
    }

    /// Every switch that there is, to see and perhaps to move, but no settings.
    pub fn home(operate: bool) -> Self {
        let operate = if operate { Switches::All } else { Switches::default() };
        Self { administer: false, view: Switches::All, operate }
    }

    /// Whether they may move a switch.
    pub fn may_operate(&self, switch: SwitchId) -> bool {
        self.operate.has(switch)
    }
}

/// Who someone is that is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// A person, in a session of theirs.
    Person(Arc<Member>, SessionId),
    /// A program, by an API token.
    #[expect(dead_code, reason = "API tokens are made in the next step")]
    Program { token: TokenId, name: Name },
    /// Whoever holds a guest link, in the session that it opened.
    #[expect(dead_code, reason = "guest links are made in the next step")]
    GuestLink { link: GuestLinkId, session: SessionId, name: Name },
}

/// By what a viewer, and what they ask for, is known again: a capability is looked at anew by it when it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ViewerId {
    /// A session of a person, or one that a guest link opened.
    Session(SessionId),
    /// An API token.
    Token(TokenId),
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
            Who::Person(_, session) | Who::GuestLink { session, .. } => ViewerId::Session(*session),
            Who::Program { token, .. } => ViewerId::Token(*token),
        }
    }

    /// The id for good of the person, the token or the guest link, as text.
    pub fn key(&self) -> String {
        match &self.who {
            Who::Person(member, _) => member.id.to_string(),
            Who::Program { token, .. } => token.to_string(),
            Who::GuestLink { link, .. } => link.to_string(),
        }
    }

    /// Their name.
    pub fn name(&self) -> &Name {
        match &self.who {
            Who::Person(member, _) => &member.name,
            Who::Program { name, .. } | Who::GuestLink { name, .. } => name,
        }
    }

    /// What they are here. A program counts as an owner while it may change settings, else as a member.
    pub fn role(&self) -> Role {
        match &self.who {
            Who::Person(member, _) => member.role,
            Who::Program { .. } if self.rights.administer => Role::Owner,
            Who::Program { .. } => Role::Member,
            Who::GuestLink { .. } => Role::Guest,
        }
    }

    /// In whose name they act.
    pub fn actor(&self) -> Actor {
        let kind = match &self.who {
            Who::Person(member, _) if member.role == Role::Guest => ActorKind::Guest,
            Who::Person(..) => ActorKind::Member,
            Who::Program { .. } => ActorKind::Token,
            Who::GuestLink { .. } => ActorKind::Guest,
        };
        Actor { kind, name: self.name().as_str().into() }
    }

    /// The person they are; FORBIDDEN for programs and guest links, which have no account.
    pub fn person(&self) -> Result<&Arc<Member>, Denied> {
        match &self.who {
            Who::Person(member, _) => Ok(member),
            Who::Program { .. } | Who::GuestLink { .. } => Err(Denied::Forbidden),
        }
    }

    /// The person's id, when they are one.
    pub fn member(&self) -> Option<MemberId> {
        self.person().ok().map(|member| member.id)
    }

    /// The session they ask in; none for a program.
    pub fn session(&self) -> Option<SessionId> {
        match &self.who {
            Who::Person(_, session) | Who::GuestLink { session, .. } => Some(*session),
            Who::Program { .. } => None,
        }
    }

    /// Whether a switch exists for them.
    pub fn may_view(&self, switch: SwitchId) -> bool {
        self.rights.view.has(switch)
    }

    /// Whether they may move a switch.
    pub fn may_operate(&self, switch: SwitchId) -> bool {
        self.rights.may_operate(switch)
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
        if self.rights.administer { Ok(Administer { actor: self.actor() }) } else { Err(Denied::Forbidden) }
    }
}

/// The right to move one switch, and in whose name. The home looks at it anew when it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operate {
    pub(crate) switch: SwitchId,
    pub(crate) actor: Actor,
    pub(crate) by: ViewerId,
}

/// The right to change the home's settings, and in whose name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Administer {
    actor: Actor,
}

impl Administer {
    /// For whoever stands at the gateway's own command line: only the control socket may call this, after it
    /// checked the peer's credentials.
    pub fn console() -> Self {
        Self { actor: Actor::of_kind(ActorKind::Console) }
    }

    /// In whose name settings are changed.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }
}
