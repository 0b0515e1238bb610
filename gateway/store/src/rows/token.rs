//! Rows of API tokens, since schema 12.

use super::{BadRow, millis, mirror, read, to_name, to_wall, write};
use gatehouse_core::access::{ApiToken, Scope, TokenHash};
use gatehouse_core::ids::{MemberId, TokenId};
use serde::{Deserialize, Serialize};

mirror!(ScopeRow, Scope, View, Operate, Administer, Metrics);

#[derive(Serialize, Deserialize)]
struct TokenRow<'a> {
    member: u64,
    name: &'a str,
    scopes: Vec<ScopeRow>,
    token: [u8; 32],
    expires_at_ms: Option<u64>,
    created_at_ms: Option<u64>,
    last_used_at_ms: Option<u64>,
}

pub(crate) fn token(token: &ApiToken) -> Vec<u8> {
    write(&TokenRow {
        member: token.member.raw(),
        name: token.name.as_str(),
        scopes: token.scopes.iter().map(|scope| (*scope).into()).collect(),
        token: token.token.0,
        expires_at_ms: millis(token.expires_at),
        created_at_ms: millis(token.created_at),
        last_used_at_ms: millis(token.last_used_at),
    })
}

pub(crate) fn to_token(key: u64, bytes: &[u8]) -> Result<ApiToken, BadRow> {
    let row: TokenRow<'_> = read(bytes)?;
    Ok(ApiToken {
        id: TokenId::from_raw(key),
        member: MemberId::from_raw(row.member),
        name: to_name(row.name)?,
        scopes: row.scopes.into_iter().map(Into::into).collect(),
        token: TokenHash(row.token),
        expires_at: to_wall(row.expires_at_ms),
        created_at: to_wall(row.created_at_ms),
        last_used_at: to_wall(row.last_used_at_ms),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatehouse_core::name::Name;
    use gatehouse_core::time::Wall;

    /// The bytes are schema 12 for good: files out there hold them.
    #[test]
    fn the_bytes_of_a_token_stay_what_they_are() {
        let kept = ApiToken {
            id: TokenId::from_raw(9),
            member: MemberId::from_raw(2),
            name: Name::new("Panel").unwrap(),
            scopes: [Scope::Metrics, Scope::Operate].into(),
            token: TokenHash([0xdd; 32]),
            expires_at: Some(Wall::from_millis(7)),
            created_at: None,
            last_used_at: Some(Wall::from_millis(5)),
        };
        let bytes = token(&kept);
        assert_eq!(bytes, [&b"\x02\x05Panel\x02\x01\x03"[..], &[0xdd; 32], b"\x01\x07\x00\x01\x05"].concat());
        assert_eq!(to_token(9, &bytes), Ok(kept));
    }
}
