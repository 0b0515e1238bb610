//! Rows of the record that people read, since schema 7.

use super::traffic::ActorRow;
use super::{BadRow, millis, mirror, read, to_wall, write};
use gatehouse_core::audit::{Entry, Kind};
use gatehouse_core::ids::{EntryId, SwitchId};
use serde::{Deserialize, Serialize};

mirror!(
    KindRow,
    Kind,
    Command,
    SwitchMoved,
    HomeClaimed,
    SignedIn,
    SignedOut,
    RoomCreated,
    RoomUpdated,
    RoomDeleted,
    DeviceClaimed,
    DeviceUpdated,
    CredentialRotated,
    SwitchCreated,
    SwitchUpdated,
    IntegrationCreated,
    IntegrationDeleted,
    HomeAssistantUpdated,
    NoticeDismissed,
    SessionsEnded,
    PasswordChanged,
    MemberUpdated,
    MemberDeleted,
    GrantCreated,
    GrantDeleted,
    GuestLinkCreated,
    GuestLinkDeleted,
    TokenCreated,
    TokenDeleted,
    InvitationCreated,
    InvitationDeleted,
    MemberJoined,
    RecoveryCodeCreated,
    HomeUpdated,
    IdentityLinked,
    IdentityUnlinked,
    DeviceDeleted,
    GrantEnded,
    GuestLinkEnded,
    TokenEnded,
    InvitationEnded,
    ResetCodeCreated,
    DeviceReleased,
    BoardFlashed,
    DeviceIdentified,
    DeviceRestarted,
    DeviceWiped,
    SwitchConfigured,
    DeviceReplaced,
    WifiChanged,
    WifiGiven,
    BackupKeyCreated,
);

#[derive(Serialize, Deserialize)]
struct EntryRow<'a> {
    at_ms: Option<u64>,
    #[serde(borrow)]
    actor: ActorRow<'a>,
    kind: KindRow,
    subject: &'a str,
    text: &'a str,
    switch: Option<u64>,
    on: Option<bool>,
}

pub(crate) fn entry(entry: &Entry) -> Vec<u8> {
    write(&EntryRow {
        at_ms: millis(entry.at),
        actor: (&entry.actor).into(),
        kind: entry.kind.into(),
        subject: &entry.subject,
        text: &entry.text,
        switch: entry.switch.map(SwitchId::raw),
        on: entry.on,
    })
}

pub(crate) fn to_entry(key: u64, bytes: &[u8]) -> Result<Entry, BadRow> {
    let row: EntryRow<'_> = read(bytes)?;
    Ok(Entry {
        id: EntryId::from_raw(key),
        at: to_wall(row.at_ms),
        actor: row.actor.into(),
        kind: row.kind.into(),
        subject: row.subject.into(),
        text: row.text.into(),
        switch: row.switch.map(SwitchId::from_raw),
        on: row.on,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatehouse_core::command::{Actor, ActorKind};
    use gatehouse_core::time::Wall;

    /// The bytes are schema 7 for good: files out there hold them.
    #[test]
    fn the_bytes_of_an_entry_stay_what_they_are() {
        let kept = Entry {
            id: EntryId::from_raw(9),
            at: Some(Wall::from_millis(7)),
            actor: Actor::of_kind(ActorKind::Button),
            kind: Kind::SwitchMoved,
            subject: "Lamp".into(),
            text: "on".into(),
            switch: Some(SwitchId::from_raw(6)),
            on: Some(true),
        };
        let bytes = b"\x01\x07\x06\x0bwall button\x01\x04Lamp\x02on\x01\x06\x01\x01";
        assert_eq!(entry(&kept), bytes);
        assert_eq!(to_entry(9, bytes), Ok(kept));
    }

    #[test]
    fn every_kind_has_its_number() {
        let number = |kind: Kind| write(&KindRow::from(kind))[0];
        assert_eq!((number(Kind::Command), number(Kind::SwitchMoved), number(Kind::NoticeDismissed)), (0, 1, 16));
    }
}
