//! Who may do what. A capability can only be had from here, and the home takes nothing else.

mod allowance;
mod claim_code;
mod credentials;
mod denied;
mod grant;
mod people;
mod rights;
mod standing;
mod throttle;
mod token;
mod tried;
mod viewer;

pub use allowance::Allowance;
pub use claim_code::{CLAIM_CODE_LIFE, ClaimCode};
pub use credentials::{BoardCredential, Credentials, IntegrationCredential};
pub use denied::Denied;
pub(crate) use grant::check_end;
pub use grant::{Giver, Grant, GuestLink, Hours, Level, MAX_GRANTS, MAX_GUEST_LINKS, Share, Target, Terms};
pub use people::{
    Client, MAX_EARLIER_PASSWORDS, MAX_SESSIONS_PER_MEMBER, Member, Role, Session, TokenHash, USE_IS_NOTED_EVERY,
    WaitingAddress,
};
pub use rights::Rights;
pub(crate) use rights::{Places, Resolved, Resolver, Set};
pub use throttle::{FORGOTTEN_AFTER, FREE_TRIES, MAX_WAIT, Throttle, origin};
pub use token::{ApiToken, HoldTokens, MAX_TOKENS, NewToken, Scope};
pub use tried::{NameHash, Tried};
pub use viewer::{Administer, Operate, Viewer, ViewerId, ViewerKind};

use crate::command::Actor;
use crate::identity::{Identity, LinkedIdentity};
use crate::ids::{GrantId, GuestLinkId, IdentityId, MemberId, SessionId, TokenId};
use crate::mail::Address;
use crate::member_name;
use crate::name::Name;
use crate::record::Record;
use crate::time::Now;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};
use viewer::Who;

/// The same for all owners, and looked up at every field.
static OWNERS: LazyLock<Arc<Rights>> = LazyLock::new(|| Arc::new(Rights::all()));

/// People a home may have.
pub const MAX_MEMBERS: usize = 64;

/// People, their sessions and what they may do, as the API needs them to know who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    pub(crate) members: BTreeMap<MemberId, Arc<Member>>,
    pub(crate) sessions: BTreeMap<SessionId, Session>,
    pub(crate) by_token: HashMap<TokenHash, SessionId>,
    pub(crate) grants: BTreeMap<GrantId, Arc<Grant>>,
    pub(crate) links: BTreeMap<GuestLinkId, Arc<GuestLink>>,
    pub(crate) tokens: BTreeMap<TokenId, Arc<ApiToken>>,
    pub(crate) identities: BTreeMap<IdentityId, Arc<LinkedIdentity>>,
    /// What follows from the grants now; the home keeps it up to date.
    pub(crate) resolved: Resolved,
}

impl Access {
    /// Who is behind a token; none when it is unknown or good no more.
    pub fn viewer(&self, token: &TokenHash) -> Option<Viewer> {
        if let Some(session) = self.by_token.get(token).and_then(|id| self.sessions.get(id)) {
            let member = self.members.get(&session.member)?;
            return Some(Viewer::new(Who::Person(member.clone(), session.id), self.rights_of(member)));
        }
        if let Some(program) = self.program(token).filter(|program| program.opens_api()) {
            let rights = Arc::new(program.within(&self.rights_of(self.members.get(&program.member)?)));
            return Some(Viewer::new(Who::Program { token: program.id, name: program.name.clone() }, rights));
        }
        let link = self.links.values().find(|link| link.token == *token)?;
        Some(Viewer::new(Who::GuestLink(link.clone()), self.resolved.links.get(&link.id)?.clone()))
    }

    /// What a person may do now.
    pub(crate) fn rights_of(&self, member: &Member) -> Arc<Rights> {
        match member.role {
            Role::Owner => OWNERS.clone(),
            Role::Member | Role::Guest => self.resolved.people.get(&member.id).cloned().unwrap_or_default(),
        }
    }

    /// What whoever asked may do now: a capability does not outlive what it rests on.
    pub(crate) fn rights(&self, by: ViewerId) -> Arc<Rights> {
        match by {
            ViewerId::Session(session) => {
                let member = self.sessions.get(&session).and_then(|session| self.members.get(&session.member));
                member.map(|member| self.rights_of(member)).unwrap_or_default()
            }
            ViewerId::GuestLink(link) => self.resolved.links.get(&link).cloned().unwrap_or_default(),
            ViewerId::Token(token) => {
                let token = self.tokens.get(&token).filter(|token| self.resolved.tokens.contains(&token.id));
                let member = token.and_then(|token| self.members.get(&token.member));
                let rights = token.zip(member).map(|(token, member)| token.within(&self.rights_of(member)));
                Arc::new(rights.unwrap_or_default())
            }
        }
    }

    /// The API token that is presented, while it holds.
    fn program(&self, token: &TokenHash) -> Option<&Arc<ApiToken>> {
        self.tokens.values().find(|program| program.token == *token && self.resolved.tokens.contains(&program.id))
    }

    /// Whether someone may read the gateway's numbers with this token: an owner in a session, or a program of an owner's whose
    /// token is for that. Second: the program's token.
    pub fn reads_metrics(&self, token: &TokenHash) -> (bool, Option<TokenId>) {
        let Some(program) = self.program(token) else {
            let owner = self.viewer(token).is_some_and(|viewer| viewer.administer().is_ok());
            return (owner, None);
        };
        let owner = self.members.get(&program.member).is_some_and(|member| member.role == Role::Owner);
        (owner && program.scopes.contains(&Scope::Metrics), Some(program.id))
    }

    /// All API tokens, in the order they were made.
    pub fn tokens(&self) -> impl Iterator<Item = &Arc<ApiToken>> {
        self.tokens.values()
    }

    /// An API token by id.
    pub fn token(&self, id: TokenId) -> Option<&Arc<ApiToken>> {
        self.tokens.get(&id)
    }

    /// Whose an identity is.
    pub fn by_identity(&self, identity: &Identity) -> Option<MemberId> {
        self.identities.values().find(|linked| linked.identity == *identity).map(|linked| linked.member)
    }

    /// A person's identities, in the order they were linked.
    pub fn identities_of(&self, member: MemberId) -> impl Iterator<Item = &Arc<LinkedIdentity>> {
        self.identities.values().filter(move |linked| linked.member == member)
    }

    pub(crate) fn identity(&self, id: IdentityId) -> Option<&Arc<LinkedIdentity>> {
        self.identities.get(&id)
    }

    /// All people, in the order they came.
    pub fn members(&self) -> impl Iterator<Item = &Arc<Member>> {
        self.members.values()
    }

    /// A person by id.
    pub fn member(&self, id: MemberId) -> Option<&Arc<Member>> {
        self.members.get(&id)
    }

    /// All grants, in the order they were made.
    pub fn grants(&self) -> impl Iterator<Item = &Arc<Grant>> {
        self.grants.values()
    }

    /// Whether a grant holds now: within its time, and the clock can be believed if it has one.
    pub fn is_holding(&self, grant: GrantId) -> bool {
        self.resolved.holding.contains(&grant)
    }

    /// All guest links, in the order they were made.
    pub fn guest_links(&self) -> impl Iterator<Item = &Arc<GuestLink>> {
        self.links.values()
    }

    /// What a person is called.
    pub fn name_of(&self, member: MemberId) -> Option<&Name> {
        self.members.get(&member).map(|member| &member.name)
    }

    /// In whose name a person acts.
    pub(crate) fn actor_of(&self, member: MemberId) -> Option<Actor> {
        self.members.get(&member).map(|member| member.actor())
    }

    /// In whose name someone acts in a session.
    pub(crate) fn actor_in(&self, session: SessionId) -> Option<Actor> {
        self.actor_of(self.sessions.get(&session)?.member)
    }

    /// Whether a session is still open.
    pub fn is_open(&self, session: SessionId) -> bool {
        self.sessions.contains_key(&session)
    }

    /// A session that is open.
    pub fn session(&self, session: SessionId) -> Option<&Session> {
        self.sessions.get(&session)
    }

    /// All sessions, in the order they were opened.
    pub fn sessions(&self) -> impl DoubleEndedIterator<Item = &Session> {
        self.sessions.values()
    }

    /// A person's sessions, in the order they were opened.
    pub fn sessions_of(&self, member: MemberId) -> impl Iterator<Item = &Session> {
        self.sessions.values().filter(move |session| session.member == member)
    }

    /// What ends grants and links that are over by now.
    pub(crate) fn over(&self, now: &Now) -> impl Iterator<Item = Record> + use<'_> {
        let now = *now;
        let grants = self.grants.values().filter(move |grant| grant.terms.is_over(&now));
        let links = self.links.values().filter(move |link| link.terms.is_over(&now));
        let ended = grants.map(|grant| Record::GrantDeleted(grant.id));
        let tokens = self.tokens.values().filter(move |token| token.terms().is_over(&now));
        let ended = ended.chain(links.map(|link| Record::GuestLinkDeleted(link.id)));
        ended.chain(tokens.map(|token| Record::TokenDeleted(token.id)))
    }

    pub(crate) fn terms(&self) -> impl Iterator<Item = Terms> {
        let given = self.grants.values().map(|grant| grant.terms).chain(self.links.values().map(|link| link.terms));
        given.chain(self.tokens.values().map(|token| token.terms()))
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

    /// Who signs in by a name; case does not count.
    pub fn by_name(&self, name: &Name) -> Option<&Arc<Member>> {
        self.members.values().find(|member| member.name.same_as(name))
    }

    /// Whether someone may sign in by a name from now on: nobody else has it, or one that looks like it. `except` has it
    /// already.
    pub fn check_name(&self, name: &Name, except: Option<MemberId>, field: &'static str) -> Result<(), Denied> {
        let bad = |message: String| Err(Denied::BadInput { field, message });
        if let Err(why) = member_name::check(name) {
            return bad(why.to_string());
        }
        let mut others = self.members.values().filter(|member| Some(member.id) != except);
        if others.any(|other| member_name::look_alike(&other.name, name)) {
            let message = "Somebody here has this name, or one that looks like it. Add a second name or an initial.";
            return bad(message.to_owned());
        }
        Ok(())
    }

    /// Whose confirmed e-mail address it is.
    pub(crate) fn by_address(&self, address: &Address) -> Option<&Arc<Member>> {
        let mut members = self.members.values();
        members.find(|member| member.email.as_ref().is_some_and(|email| email.same_as(address)))
    }

    /// Whether an address is nobody's. Only for who has proved that they get its mail: nobody else is told whose it is.
    pub fn check_address_is_free(&self, address: &Address, except: Option<MemberId>) -> Result<(), Denied> {
        if self.by_address(address).is_some_and(|member| Some(member.id) != except) {
            let message = "Somebody else here has this address. Take it away from them first, or use another one.";
            return Err(Denied::Conflict(message.to_owned()));
        }
        Ok(())
    }

    pub(crate) fn owners(&self) -> usize {
        self.members.values().filter(|member| member.role == Role::Owner).count()
    }

    /// The sessions that must end so that `member` can open one more.
    pub(crate) fn surplus(&self, member: MemberId) -> Vec<SessionId> {
        let mine: Vec<_> = self.sessions.values().filter(|s| s.member == member).map(|s| s.id).collect();
        let surplus = (mine.len() + 1).saturating_sub(MAX_SESSIONS_PER_MEMBER);
        mine.into_iter().take(surplus).collect()
    }
}
