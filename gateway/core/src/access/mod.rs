//! Who may do what. A capability can only be had from here, and the home takes nothing else.

mod claim_code;
mod credentials;
mod denied;
mod people;
mod throttle;
mod viewer;

pub use claim_code::{CLAIM_CODE_LIFE, ClaimCode};
pub use credentials::{BoardCredential, Credentials, IntegrationCredential};
pub use denied::Denied;
pub use people::{
    Client, MAX_EARLIER_PASSWORDS, MAX_SESSIONS_PER_MEMBER, Member, Role, Session, TokenHash, USE_IS_NOTED_EVERY,
};
pub use throttle::Throttle;
pub use viewer::{Administer, Operate, Rights, Viewer, ViewerId};

use crate::ids::{MemberId, SessionId, SwitchId};
use crate::name::Name;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use viewer::Who;

/// People and their sessions, as the API needs them to know who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    pub(crate) members: BTreeMap<MemberId, Arc<Member>>,
    pub(crate) sessions: BTreeMap<SessionId, Session>,
    pub(crate) by_token: HashMap<TokenHash, SessionId>,
}

impl Access {
    /// Who is behind a token; none when it is unknown or good no more.
    pub fn viewer(&self, token: &TokenHash) -> Option<Viewer> {
        let session = self.sessions.get(self.by_token.get(token)?)?;
        let member = self.members.get(&session.member)?;
        Some(Viewer::new(Who::Person(member.clone(), session.id), self.rights_of(member)))
    }

    /// What a person may do now.
    fn rights_of(&self, member: &Member) -> Arc<Rights> {
        Arc::new(if member.role == Role::Owner { Rights::all() } else { Rights::default() })
    }

    /// Whether whoever asked may still move a switch: a capability does not outlive what it rests on.
    pub(crate) fn may_operate(&self, by: ViewerId, switch: SwitchId) -> bool {
        let ViewerId::Session(session) = by else { return false };
        let member = self.sessions.get(&session).and_then(|session| self.members.get(&session.member));
        member.is_some_and(|member| self.rights_of(member).may_operate(switch))
    }

    /// What a person is called.
    pub fn name_of(&self, member: MemberId) -> Option<&Name> {
        self.members.get(&member).map(|member| &member.name)
    }

    /// Whether a session is still open.
    pub fn is_open(&self, session: SessionId) -> bool {
        self.sessions.contains_key(&session)
    }

    /// A session that is open.
    pub fn session(&self, session: SessionId) -> Option<&Session> {
        self.sessions.get(&session)
    }

    /// A person's sessions, in the order they were opened.
    pub fn sessions_of(&self, member: MemberId) -> impl Iterator<Item = &Session> {
        self.sessions.values().filter(move |session| session.member == member)
    }

    pub(crate) fn open(&mut self, session: Session) {
        self.by_token.insert(session.token, session.id);
        self.sessions.insert(session.id, session);
    }

    pub(crate) fn close(&mut self, session: SessionId) {
        if let Some(session) = self.sessions.remove(&session) {
            self.by_token.remove(&session.token);
        }
    }

    pub(crate) fn by_name(&self, name: &Name) -> Option<&Arc<Member>> {
        self.members.values().find(|member| member.name.same_as(name))
    }

    /// The sessions that must end so that `member` can open one more.
    pub(crate) fn surplus(&self, member: MemberId) -> Vec<SessionId> {
        let mine: Vec<_> = self.sessions.values().filter(|s| s.member == member).map(|s| s.id).collect();
        let surplus = (mine.len() + 1).saturating_sub(MAX_SESSIONS_PER_MEMBER);
        mine.into_iter().take(surplus).collect()
    }
}
