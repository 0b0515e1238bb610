//! Rows of invitations, since schema 10; their end since schema 13.

use super::settings::RoleRow;
use super::sharing::{GiverRow, TermsRow, giver, terms, to_giver, to_terms};
use super::{BadRow, millis, read, to_wall, write};
use gatehouse_core::code::CodeHash;
use gatehouse_core::ids::{InvitationId, MemberId};
use gatehouse_core::invitation::Invitation;
use gatehouse_core::mail::Address;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct InvitationRow<'a> {
    code: [u8; 32],
    role: RoleRow,
    inviter: u64,
    #[serde(borrow)]
    by: GiverRow<'a>,
    grants: Vec<TermsRow>,
    created_at_ms: Option<u64>,
    expires_at_ms: Option<u64>,
    uses_left: u32,
    #[serde(borrow)]
    email: Option<&'a str>,
    mailed_code: Option<[u8; 32]>,
}

pub(crate) fn invitation(invitation: &Invitation, code: CodeHash) -> Vec<u8> {
    write(&InvitationRow {
        code: code.0,
        role: invitation.role.into(),
        inviter: invitation.inviter.raw(),
        by: giver(&invitation.by),
        grants: invitation.grants.iter().map(terms).collect(),
        created_at_ms: millis(invitation.created_at),
        expires_at_ms: millis(invitation.expires_at),
        uses_left: invitation.uses_left,
        email: invitation.email.as_ref().map(Address::as_str),
        mailed_code: invitation.mailed_code.map(|code| code.0),
    })
}

pub(crate) fn to_invitation(key: u64, bytes: &[u8]) -> Result<(Invitation, CodeHash), BadRow> {
    let row: InvitationRow<'_> = read(bytes)?;
    let email = row.email.map(|email| Address::new(email).map_err(|bad| BadRow(bad.to_string())));
    let invitation = Invitation {
        id: InvitationId::from_raw(key),
        role: row.role.into(),
        inviter: MemberId::from_raw(row.inviter),
        by: to_giver(row.by),
        grants: row.grants.into_iter().map(to_terms).collect::<Result<_, _>>()?,
        created_at: to_wall(row.created_at_ms),
        expires_at: to_wall(row.expires_at_ms),
        uses_left: row.uses_left,
        email: email.transpose()?,
        mailed_code: row.mailed_code.map(CodeHash),
    };
    Ok((invitation, CodeHash(row.code)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatehouse_core::access::{Giver, Level, Role, Target, Terms};
    use gatehouse_core::command::Actor;
    use gatehouse_core::name::Name;
    use gatehouse_core::time::Wall;

    /// The bytes are schema 13 for good: files out there hold them.
    #[test]
    fn the_bytes_of_an_invitation_stay_what_they_are() {
        let kept = Invitation {
            id: InvitationId::from_raw(9),
            role: Role::Member,
            inviter: MemberId::from_raw(2),
            by: Giver { actor: Actor::member(&Name::new("Ana").unwrap()), rests_on: None },
            grants: vec![Terms { target: Target::Home, level: Level::Operate, until: None, hours: None }],
            created_at: Some(Wall::from_millis(5)),
            expires_at: None,
            uses_left: 3,
            email: Some(Address::new("a@b.c").unwrap()),
            mailed_code: None,
        };
        let bytes = invitation(&kept, CodeHash([0xdd; 32]));
        assert_eq!(
            bytes,
            [&[0xdd; 32][..], b"\x01\x02\x00\x03Ana\x00\x01\x00\x01\x00\x00\x01\x05\x00\x03\x01\x05a@b.c\x00"].concat()
        );
        assert_eq!(to_invitation(9, &bytes), Ok((kept.clone(), CodeHash([0xdd; 32]))));
        let kept = Invitation { mailed_code: Some(CodeHash([0xee; 32])), ..kept };
        let (head, code) = (&bytes[..bytes.len() - 1], CodeHash([0xdd; 32]));
        assert_eq!(invitation(&kept, code), [head, &[1], &[0xee; 32]].concat());
        assert_eq!(to_invitation(9, &invitation(&kept, code)), Ok((kept, code)));
    }

    #[test]
    fn what_could_not_have_been_written_is_not_read() {
        let row = |tail: &[u8]| [&[0; 32], tail].concat();
        let by = b"\x02\x00\x03Ana\x00\x00";
        let row = |role: u8, tail: &[u8]| row(&[&[role], &by[..], tail].concat());
        assert!(to_invitation(1, &row(0, b"\x00\x00\x01\x00\x00")).is_ok());
        for (role, bad) in
            [(3, &b"\x00\x00\x01\x00\x00"[..]), (0, b"\x00\x00\x01\x01\x01a\x00"), (0, b"\x00\x00\x01\x00"), (0, b"")]
        {
            assert!(to_invitation(1, &row(role, bad)).is_err(), "{bad:?}");
        }
    }
}
