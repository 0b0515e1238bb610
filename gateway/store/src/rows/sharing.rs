//! Rows of grants and guest links, since schema 9.

use super::traffic::ActorRow;
use super::{BadRow, millis, mirror, read, to_name, to_wall, write};
use gatehouse_core::access::{Giver, Grant, GuestLink, Hours, Level, Target, Terms, TokenHash};
use gatehouse_core::ids::{DeviceId, GrantId, GuestLinkId, MemberId, RoomId, SwitchId};
use serde::{Deserialize, Serialize};

mirror!(LevelRow, Level, View, Operate);

#[derive(Serialize, Deserialize)]
enum TargetRow {
    Home,
    Room(u64),
    Device(u64),
    Switch(u64),
}

#[derive(Serialize, Deserialize)]
struct HoursRow {
    days: u8,
    from: u16,
    to: u16,
}

#[derive(Serialize, Deserialize)]
pub(super) struct TermsRow {
    target: TargetRow,
    level: LevelRow,
    until_ms: Option<u64>,
    hours: Option<HoursRow>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct GiverRow<'a> {
    #[serde(borrow)]
    actor: ActorRow<'a>,
    rests_on: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct GrantRow<'a> {
    to: u64,
    terms: TermsRow,
    #[serde(borrow)]
    by: GiverRow<'a>,
    created_at_ms: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct GuestLinkRow<'a> {
    name: &'a str,
    token: [u8; 32],
    terms: TermsRow,
    #[serde(borrow)]
    by: GiverRow<'a>,
    created_at_ms: Option<u64>,
}

pub(super) fn terms(terms: &Terms) -> TermsRow {
    TermsRow {
        target: match terms.target {
            Target::Home => TargetRow::Home,
            Target::Room(id) => TargetRow::Room(id.raw()),
            Target::Device(id) => TargetRow::Device(id.raw()),
            Target::Switch(id) => TargetRow::Switch(id.raw()),
        },
        level: terms.level.into(),
        until_ms: millis(terms.until),
        hours: terms.hours.map(|hours| HoursRow { days: hours.days(), from: hours.from(), to: hours.to() }),
    }
}

pub(super) fn to_terms(row: TermsRow) -> Result<Terms, BadRow> {
    let hours =
        |row: HoursRow| Hours::new(row.days, row.from, row.to).ok_or_else(|| BadRow("hours that cannot be".to_owned()));
    Ok(Terms {
        target: match row.target {
            TargetRow::Home => Target::Home,
            TargetRow::Room(id) => Target::Room(RoomId::from_raw(id)),
            TargetRow::Device(id) => Target::Device(DeviceId::from_raw(id)),
            TargetRow::Switch(id) => Target::Switch(SwitchId::from_raw(id)),
        },
        level: row.level.into(),
        until: to_wall(row.until_ms),
        hours: row.hours.map(hours).transpose()?,
    })
}

pub(super) fn giver(by: &Giver) -> GiverRow<'_> {
    GiverRow { actor: (&by.actor).into(), rests_on: by.rests_on.map(MemberId::raw) }
}

pub(super) fn to_giver(row: GiverRow<'_>) -> Giver {
    Giver { actor: row.actor.into(), rests_on: row.rests_on.map(MemberId::from_raw) }
}

pub(crate) fn grant(grant: &Grant) -> Vec<u8> {
    write(&GrantRow {
        to: grant.to.raw(),
        terms: terms(&grant.terms),
        by: giver(&grant.by),
        created_at_ms: millis(grant.created_at),
    })
}

pub(crate) fn to_grant(key: u64, bytes: &[u8]) -> Result<Grant, BadRow> {
    let row: GrantRow<'_> = read(bytes)?;
    Ok(Grant {
        id: GrantId::from_raw(key),
        to: MemberId::from_raw(row.to),
        terms: to_terms(row.terms)?,
        by: to_giver(row.by),
        created_at: to_wall(row.created_at_ms),
    })
}

pub(crate) fn guest_link(link: &GuestLink) -> Vec<u8> {
    write(&GuestLinkRow {
        name: link.name.as_str(),
        token: link.token.0,
        terms: terms(&link.terms),
        by: giver(&link.by),
        created_at_ms: millis(link.created_at),
    })
}

pub(crate) fn to_guest_link(key: u64, bytes: &[u8]) -> Result<GuestLink, BadRow> {
    let row: GuestLinkRow<'_> = read(bytes)?;
    Ok(GuestLink {
        id: GuestLinkId::from_raw(key),
        name: to_name(row.name)?,
        token: TokenHash(row.token),
        terms: to_terms(row.terms)?,
        by: to_giver(row.by),
        created_at: to_wall(row.created_at_ms),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatehouse_core::command::{Actor, ActorKind};
    use gatehouse_core::name::Name;
    use gatehouse_core::time::Wall;

    fn by(rests_on: Option<u64>) -> Giver {
        Giver { actor: Actor::of_kind(ActorKind::Console), rests_on: rests_on.map(MemberId::from_raw) }
    }

    /// The bytes are schema 9 for good: files out there hold them.
    #[test]
    fn the_bytes_of_a_grant_and_of_a_guest_link_stay_what_they_are() {
        let terms = Terms {
            target: Target::Switch(SwitchId::from_raw(6)),
            level: Level::Operate,
            until: Some(Wall::from_millis(7)),
            hours: Hours::new(0b11, 60, 90),
        };
        let kept =
            Grant { id: GrantId::from_raw(9), to: MemberId::from_raw(2), terms, by: by(Some(4)), created_at: None };
        let bytes = b"\x02\x03\x06\x01\x01\x07\x01\x03\x3c\x5a\x05\x07console\x01\x04\x00";
        assert_eq!(grant(&kept), bytes);
        assert_eq!(to_grant(9, bytes), Ok(kept));

        let terms = Terms { target: Target::Home, level: Level::View, until: None, hours: None };
        let link = GuestLink {
            id: GuestLinkId::from_raw(9),
            name: Name::new("Cat").unwrap(),
            token: TokenHash([0xcc; 32]),
            terms,
            by: by(None),
            created_at: Some(Wall::from_millis(5)),
        };
        let bytes = [&b"\x03Cat"[..], &[0xcc; 32], b"\x00\x00\x00\x00\x05\x07console\x00\x01\x05"].concat();
        assert_eq!(guest_link(&link), bytes);
        assert_eq!(to_guest_link(9, &bytes), Ok(link));
    }

    #[test]
    fn hours_that_could_not_have_been_written_are_not_read() {
        let row = |from: u8| [&b"\x02\x00\x00\x00\x01\x03"[..], &[from], b"\x5a\x05\x07console\x00\x00"].concat();
        assert!(to_grant(1, &row(0x3c)).is_ok());
        assert!(to_grant(1, &row(0x5a)).is_err(), "they end when they begin");
    }
}
