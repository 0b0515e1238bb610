//! Rows of identities at a provider, since schema 15.

use super::{BadRow, millis, read, to_wall, write};
use gatehouse_core::identity::{Identity, LinkedIdentity};
use gatehouse_core::ids::{IdentityId, MemberId};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct IdentityRow<'a> {
    member: u64,
    issuer: &'a str,
    subject: &'a str,
    linked_at_ms: Option<u64>,
}

pub(crate) fn identity(linked: &LinkedIdentity) -> Vec<u8> {
    write(&IdentityRow {
        member: linked.member.raw(),
        issuer: linked.identity.issuer(),
        subject: linked.identity.subject(),
        linked_at_ms: millis(linked.linked_at),
    })
}

pub(crate) fn to_identity(key: u64, bytes: &[u8]) -> Result<LinkedIdentity, BadRow> {
    let row: IdentityRow<'_> = read(bytes)?;
    let identity = Identity::new(row.issuer, row.subject);
    Ok(LinkedIdentity {
        id: IdentityId::from_raw(key),
        member: MemberId::from_raw(row.member),
        identity: identity.ok_or_else(|| BadRow("an identity that cannot be".to_owned()))?,
        linked_at: to_wall(row.linked_at_ms),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatehouse_core::time::Wall;

    /// The bytes are schema 15 for good: files out there hold them.
    #[test]
    fn the_bytes_of_an_identity_stay_what_they_are() {
        let kept = LinkedIdentity {
            id: IdentityId::from_raw(9),
            member: MemberId::from_raw(2),
            identity: Identity::new("https://a", "x1").unwrap(),
            linked_at: Some(Wall::from_millis(7)),
        };
        let bytes = b"\x02\x09https://a\x02x1\x01\x07";
        assert_eq!(identity(&kept), bytes);
        assert_eq!(to_identity(9, bytes), Ok(kept));
    }

    #[test]
    fn what_could_not_have_been_written_is_not_read() {
        for bad in [&b"\x02\x00\x02x1\x00"[..], b"\x02\x01a\x00\x00", b"\x02\x01a\x01\x07\x00", b"\x02\x01a", b""] {
            assert!(to_identity(9, bad).is_err(), "{bad:?}");
        }
    }
}
