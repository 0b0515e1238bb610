//! Who lives here and who visits, and where they are signed in.

use crate::code::CodeHash;
use crate::command::{Actor, ActorKind};
use crate::ids::{MemberId, SessionId};
use crate::mail::Address;
use crate::name::Name;
use crate::time::{Now, Wall};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// What a person is in this home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Decides everything.
    Owner,
    /// Lives here.
    Member,
    /// Visits.
    Guest,
}

/// A person, as kept on disk.
#[derive(Clone, PartialEq, Eq)]
pub struct Member {
    /// Their id for good.
    pub id: MemberId,
    /// The name they sign in with.
    pub name: Name,
    /// What they are here.
    pub role: Role,
    /// The argon2id hash of their password, in PHC form; none while they have none and sign in by a provider.
    pub password_hash: Option<Arc<str>>,
    /// Those of the passwords they had before, the latest first, at most [`MAX_EARLIER_PASSWORDS`]: a new one must differ.
    pub earlier: Vec<Arc<str>>,
    /// Where mail reaches them, as they proved.
    pub email: Option<Address>,
    /// Where mail is to reach them, once they prove that it does.
    pub waiting: Option<WaitingAddress>,
    /// When they came; none while the clock was not trusted.
    pub joined_at: Option<Wall>,
}

/// An address that somebody gave, and did not confirm yet.
#[derive(Clone, PartialEq, Eq)]
pub struct WaitingAddress {
    /// The address.
    pub address: Address,
    /// The code that was mailed there.
    pub code: CodeHash,
    /// When the code ends; none when it was made while the clock was not trusted, so that it is good in that run of the
    /// daemon only.
    pub until: Option<Wall>,
}

/// Earlier passwords of a person that a new one must differ from. Each costs a check of a quarter of a second on a Pi.
pub const MAX_EARLIER_PASSWORDS: usize = 4;

impl Member {
    /// With another password, of which this is the hash.
    #[must_use]
    pub fn with_password(&self, hash: Arc<str>) -> Self {
        let mut earlier = self.passwords();
        earlier.truncate(MAX_EARLIER_PASSWORDS);
        Self { password_hash: Some(hash), earlier, ..self.clone() }
    }

    /// The hashes of all passwords that a new one must differ from, the present one first.
    pub fn passwords(&self) -> Vec<Arc<str>> {
        self.password_hash.iter().chain(&self.earlier).cloned().collect()
    }
}

impl Member {
    /// In whose name they act.
    pub fn actor(&self) -> Actor {
        let kind = if self.role == Role::Guest { ActorKind::Guest } else { ActorKind::Member };
        Actor { kind, name: self.name.as_str().into() }
    }
}

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Member").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// A hash of a session's token, as the API computes it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl std::fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// A sign-in, as kept on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id for good.
    pub id: SessionId,
    /// Whose.
    pub member: MemberId,
    /// What the client must present.
    pub token: TokenHash,
    /// When; none while the clock was not trusted.
    pub opened_at: Option<Wall>,
    /// When it was used last, give or take [`USE_IS_NOTED_EVERY`]; none when it was not since it was opened, or while the
    /// clock was not trusted.
    pub last_used_at: Option<Wall>,
    /// What it was opened with.
    pub client: Client,
}

/// What someone signs in with, as they say themselves: for people to tell their sessions apart by, and for nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    user_agent: Arc<str>,
    /// Where it is.
    pub address: Option<IpAddr>,
}

/// Longest user agent that is kept, in characters.
const MAX_USER_AGENT_CHARS: usize = 200;

impl Client {
    /// A client that calls itself `user_agent`, of which only what can be seen is kept, and no more than 200 characters.
    pub fn new(user_agent: &str, address: Option<IpAddr>) -> Self {
        let seen: String = user_agent.chars().filter(|c| !c.is_control()).take(MAX_USER_AGENT_CHARS).collect();
        Self { user_agent: seen.trim().into(), address: address.map(|address| address.to_canonical()) }
    }

    /// What it calls itself; empty when it does not.
    pub fn user_agent(&self) -> &str {
        &self.user_agent
    }
}

/// How exactly it is known when a session was used last: a disk is not written at every tap.
pub const USE_IS_NOTED_EVERY: Duration = Duration::from_secs(300);

impl Session {
    /// Whether a use of it now is worth noting.
    pub fn use_is_news(&self, now: &Now) -> bool {
        let every = u64::try_from(USE_IS_NOTED_EVERY.as_millis()).unwrap_or(u64::MAX);
        let Some(wall) = now.stamp() else { return false };
        // In either direction: a clock that was wrong may step back.
        self.last_used_at.or(self.opened_at).is_none_or(|last| last.as_millis().abs_diff(wall.as_millis()) >= every)
    }
}

/// Sessions one person may have at a time; a further sign-in ends the oldest.
pub const MAX_SESSIONS_PER_MEMBER: usize = 64;
