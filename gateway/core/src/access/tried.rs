//! Where wrong tries of signing in are counted.

use crate::ids::{MemberId, SessionId};
use std::net::IpAddr;

/// By what a name is known that no account has: a hash of it as [`crate::name::fold`] spells it, with something of this
/// home in it. What people type into the wrong field must not lie about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameHash(pub u64);

impl std::fmt::Debug for NameHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NameHash(…)")
    }
}

/// What was tried, or from where. Each has a count, and a wait, of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tried {
    /// A person's password, from wherever they are not signed in.
    Member(MemberId),
    /// A person's password, from this very address, at which they are signed in.
    MemberAt(MemberId, IpAddr),
    /// The password of whoever has this session, in it.
    Session(SessionId),
    /// A name that no account has.
    Name(NameHash),
    /// Anything, from an address; of IPv6 from the first 64 bits of it, but where somebody is signed in at the address.
    Address(IpAddr),
}
