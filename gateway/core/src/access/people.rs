//! Who lives here and who visits, and where they are signed in.

use crate::ids::{MemberId, SessionId};
use crate::name::Name;
use crate::time::Wall;
use std::sync::Arc;

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
    /// The argon2id hash of their password, in PHC form.
    pub password_hash: Arc<str>,
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
}

/// Sessions one person may have at a time; a further sign-in ends the oldest.
pub const MAX_SESSIONS_PER_MEMBER: usize = 64;
