//! Keys of counts of wrong tries, since schema 14.

use super::{BadRow, read, write};
use gatehouse_core::access::{NameHash, Tried};
use gatehouse_core::ids::{MemberId, SessionId};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

#[derive(Serialize, Deserialize)]
enum TriedRow {
    Member(u64),
    MemberAt(u64, IpAddr),
    Session(u64),
    Name(u64),
    Address(IpAddr),
}

pub(crate) fn tried(tried: &Tried) -> Vec<u8> {
    write(&match *tried {
        Tried::Member(member) => TriedRow::Member(member.raw()),
        Tried::MemberAt(member, address) => TriedRow::MemberAt(member.raw(), address),
        Tried::Session(session) => TriedRow::Session(session.raw()),
        Tried::Name(NameHash(hash)) => TriedRow::Name(hash),
        Tried::Address(address) => TriedRow::Address(address),
    })
}

pub(crate) fn to_tried(bytes: &[u8]) -> Result<Tried, BadRow> {
    Ok(match read(bytes)? {
        TriedRow::Member(member) => Tried::Member(MemberId::from_raw(member)),
        TriedRow::MemberAt(member, address) => Tried::MemberAt(MemberId::from_raw(member), address),
        TriedRow::Session(session) => Tried::Session(SessionId::from_raw(session)),
        TriedRow::Name(hash) => Tried::Name(NameHash(hash)),
        TriedRow::Address(address) => Tried::Address(address),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes are schema 14 for good: files out there hold them.
    #[test]
    fn the_bytes_of_a_key_stay_what_they_are() {
        let address = IpAddr::from([192, 0, 2, 1]);
        for (kept, bytes) in [
            (Tried::Member(MemberId::from_raw(7)), &b"\x00\x07"[..]),
            (Tried::MemberAt(MemberId::from_raw(7), address), b"\x01\x07\x00\xc0\x00\x02\x01"),
            (Tried::Session(SessionId::from_raw(8)), b"\x02\x08"),
            (Tried::Name(NameHash(300)), b"\x03\xac\x02"),
            (Tried::Address(address), b"\x04\x00\xc0\x00\x02\x01"),
        ] {
            assert_eq!(tried(&kept), bytes, "{kept:?}");
            assert_eq!(to_tried(bytes), Ok(kept));
        }
        for bad in [&b""[..], b"\x05\x01", b"\x00", b"\x00\x07\x07"] {
            assert!(to_tried(bad).is_err(), "{bad:?}");
        }
    }
}
