//! Rows of what people decide: home, members, sessions, rooms, devices, switches.

use super::{BadRow, millis, mirror, read, to_name, to_wall, write};
use gatehouse_core::access::{Client, Member, Role, Session, TokenHash, WaitingAddress};
use gatehouse_core::code::CodeHash;
use gatehouse_core::contact::Contact;
use gatehouse_core::device::{Device, SecretHash};
use gatehouse_core::ids::{DeviceId, HomeId, MemberId, RoomId, SessionId, SwitchId};
use gatehouse_core::mail::Address;
use gatehouse_core::name::{BoardId, Endpoint};
use gatehouse_core::onboarding::Hardware;
use gatehouse_core::record::{HomeRecord, Room};
use gatehouse_core::switch::Switch;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::sync::Arc;

#[derive(Serialize, Deserialize)]
struct HomeRow<'a> {
    name: &'a str,
    time_zone: &'a str,
    /// Empty when there is none.
    contact: &'a str,
}

pub(crate) fn home(home: &HomeRecord) -> Vec<u8> {
    let contact = home.contact.as_ref().map_or("", Contact::as_str);
    write(&HomeRow { name: home.name.as_str(), time_zone: &home.time_zone, contact })
}

pub(crate) fn to_home(key: u64, bytes: &[u8]) -> Result<HomeRecord, BadRow> {
    let row: HomeRow<'_> = read(bytes)?;
    let contact = Contact::new(row.contact).map_err(|e| BadRow(e.to_string()))?;
    Ok(HomeRecord { id: HomeId::from_raw(key), name: to_name(row.name)?, time_zone: row.time_zone.into(), contact })
}

mirror!(RoleRow, Role, Owner, Member, Guest);

#[derive(Serialize, Deserialize)]
struct MemberRow<'a> {
    name: &'a str,
    role: RoleRow,
    /// Empty for who has none.
    password_hash: &'a str,
    earlier: Vec<&'a str>,
    email: Option<&'a str>,
    #[serde(borrow)]
    waiting: Option<WaitingRow<'a>>,
    joined_at_ms: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct WaitingRow<'a> {
    address: &'a str,
    code: [u8; 32],
    until_ms: Option<u64>,
}

pub(crate) fn member(member: &Member) -> Vec<u8> {
    write(&MemberRow {
        name: member.name.as_str(),
        role: member.role.into(),
        password_hash: member.password_hash.as_deref().unwrap_or_default(),
        earlier: member.earlier.iter().map(|hash| &**hash).collect(),
        email: member.email.as_ref().map(Address::as_str),
        waiting: member.waiting.as_ref().map(|waiting| WaitingRow {
            address: waiting.address.as_str(),
            code: waiting.code.0,
            until_ms: millis(waiting.until),
        }),
        joined_at_ms: millis(member.joined_at),
    })
}

pub(crate) fn to_member(key: u64, bytes: &[u8]) -> Result<Member, BadRow> {
    let row: MemberRow<'_> = read(bytes)?;
    let address = |text| Address::new(text).map_err(|e| BadRow(e.to_string()));
    let waiting = row.waiting.map(|waiting| {
        let (code, until) = (CodeHash(waiting.code), to_wall(waiting.until_ms));
        Ok::<_, BadRow>(WaitingAddress { address: address(waiting.address)?, code, until })
    });
    Ok(Member {
        id: MemberId::from_raw(key),
        name: to_name(row.name)?,
        role: row.role.into(),
        password_hash: Some(row.password_hash).filter(|hash| !hash.is_empty()).map(Into::into),
        earlier: row.earlier.into_iter().map(Into::into).collect(),
        email: row.email.map(address).transpose()?,
        waiting: waiting.transpose()?,
        joined_at: to_wall(row.joined_at_ms),
    })
}

#[derive(Serialize, Deserialize)]
struct SessionRow<'a> {
    member: u64,
    token: [u8; 32],
    opened_at_ms: Option<u64>,
    last_used_at_ms: Option<u64>,
    user_agent: &'a str,
    address: Option<IpAddr>,
}

pub(crate) fn session(session: &Session) -> Vec<u8> {
    write(&SessionRow {
        member: session.member.raw(),
        token: session.token.0,
        opened_at_ms: millis(session.opened_at),
        last_used_at_ms: millis(session.last_used_at),
        user_agent: session.client.user_agent(),
        address: session.client.address,
    })
}

pub(crate) fn to_session(key: u64, bytes: &[u8]) -> Result<Session, BadRow> {
    let row: SessionRow<'_> = read(bytes)?;
    Ok(Session {
        id: SessionId::from_raw(key),
        member: MemberId::from_raw(row.member),
        token: TokenHash(row.token),
        opened_at: to_wall(row.opened_at_ms),
        last_used_at: to_wall(row.last_used_at_ms),
        client: Client::new(row.user_agent, row.address),
    })
}

#[derive(Serialize, Deserialize)]
struct RoomRow<'a> {
    name: &'a str,
}

pub(crate) fn room(room: &Room) -> Vec<u8> {
    write(&RoomRow { name: room.name.as_str() })
}

pub(crate) fn to_room(key: u64, bytes: &[u8]) -> Result<Room, BadRow> {
    let row: RoomRow<'_> = read(bytes)?;
    Ok(Room { id: RoomId::from_raw(key), name: to_name(row.name)? })
}

#[derive(Serialize, Deserialize)]
struct DeviceRow<'a> {
    board: &'a str,
    name: &'a str,
    room: Option<u64>,
    secret: [u8; 32],
    next_secret: Option<[u8; 32]>,
    #[serde(borrow)]
    hardware: Option<HardwareRow<'a>>,
    /// Since schema 18.
    behind_repeater: bool,
}

#[derive(Serialize, Deserialize)]
struct HardwareRow<'a> {
    chip: &'a str,
    mac: &'a str,
    model: &'a str,
    firmware: &'a str,
    port: Option<&'a str>,
}

pub(crate) fn device(device: &Device) -> Vec<u8> {
    write(&DeviceRow {
        board: device.board.as_str(),
        name: device.name.as_str(),
        room: device.room.map(RoomId::raw),
        secret: device.secret.0,
        next_secret: device.next.map(|next| next.0),
        hardware: device.hardware.as_ref().map(|hardware| HardwareRow {
            chip: &hardware.chip,
            mac: &hardware.mac,
            model: &hardware.model,
            firmware: &hardware.firmware,
            port: hardware.port.as_deref(),
        }),
        behind_repeater: device.behind_repeater,
    })
}

pub(crate) fn to_device(key: u64, bytes: &[u8]) -> Result<Device, BadRow> {
    let row: DeviceRow<'_> = read(bytes)?;
    Ok(Device {
        id: DeviceId::from_raw(key),
        board: BoardId::kept(row.board).map_err(|e| BadRow(e.to_string()))?,
        name: to_name(row.name)?,
        room: row.room.map(RoomId::from_raw),
        secret: SecretHash(row.secret),
        next: row.next_secret.map(SecretHash),
        hardware: row.hardware.map(|row| {
            Arc::new(Hardware {
                chip: row.chip.into(),
                mac: row.mac.into(),
                model: row.model.into(),
                firmware: row.firmware.into(),
                port: row.port.map(Into::into),
            })
        }),
        behind_repeater: row.behind_repeater,
    })
}

#[derive(Serialize, Deserialize)]
struct SwitchRow<'a> {
    device: u64,
    endpoint: &'a str,
    name: &'a str,
    room: Option<u64>,
}

pub(crate) fn switch(switch: &Switch) -> Vec<u8> {
    write(&SwitchRow {
        device: switch.device.raw(),
        endpoint: switch.endpoint.as_str(),
        name: switch.name.as_str(),
        room: switch.room.map(RoomId::raw),
    })
}

pub(crate) fn to_switch(key: u64, bytes: &[u8]) -> Result<Switch, BadRow> {
    let row: SwitchRow<'_> = read(bytes)?;
    Ok(Switch {
        id: SwitchId::from_raw(key),
        device: DeviceId::from_raw(row.device),
        endpoint: Endpoint::new(row.endpoint).map_err(|e| BadRow(e.to_string()))?,
        name: to_name(row.name)?,
        room: row.room.map(RoomId::from_raw),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatehouse_core::name::Name;
    use gatehouse_core::time::Wall;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    /// The bytes are schema 1 for good, those of devices schema 5, of sessions schema 8, of home and members schema 13: files
    /// out there hold them.
    #[test]
    fn the_bytes_of_settings_stay_what_they_are() {
        let (id, time_zone) = (HomeId::from_raw(1), "Europe/Vienna".into());
        let kept = HomeRecord { id, name: name("Home"), time_zone, contact: None };
        assert_eq!(home(&kept), b"\x04Home\x0dEurope/Vienna\x00");
        let kept = HomeRecord { contact: Contact::new("a\nb").unwrap(), ..kept };
        assert_eq!(home(&kept), b"\x04Home\x0dEurope/Vienna\x03a\nb");
        assert_eq!(to_home(1, &home(&kept)), Ok(kept));

        let kept = Member {
            id: MemberId::from_raw(2),
            name: name("Ana"),
            role: Role::Guest,
            password_hash: Some("$argon2id$x".into()),
            earlier: Vec::new(),
            email: None,
            waiting: None,
            joined_at: None,
        };
        assert_eq!(member(&kept), b"\x03Ana\x02\x0b$argon2id$x\x00\x00\x00\x00");
        let kept = Member { earlier: vec!["$a".into(), "$b".into()], joined_at: Some(Wall::from_millis(5)), ..kept };
        assert_eq!(member(&kept), b"\x03Ana\x02\x0b$argon2id$x\x02\x02$a\x02$b\x00\x00\x01\x05");
        let (address, code) = (Address::new("d@e.f").unwrap(), CodeHash([0xdd; 32]));
        let waiting = Some(WaitingAddress { address, code, until: Some(Wall::from_millis(6)) });
        let kept = Member { earlier: Vec::new(), email: Address::new("a@b.c").ok(), waiting, ..kept };
        let head = &b"\x03Ana\x02\x0b$argon2id$x\x00\x01\x05a@b.c\x01\x05d@e.f"[..];
        assert_eq!(member(&kept), [head, &[0xdd; 32], b"\x01\x06\x01\x05"].concat());
        assert_eq!(to_member(2, &member(&kept)), Ok(kept.clone()));
        let kept = Member { password_hash: None, email: None, waiting: None, joined_at: None, ..kept };
        assert_eq!(member(&kept), b"\x03Ana\x02\x00\x00\x00\x00\x00");
        assert_eq!(to_member(2, &member(&kept)), Ok(kept));

        let kept = Session {
            id: SessionId::from_raw(3),
            member: MemberId::from_raw(300),
            token: TokenHash([0xaa; 32]),
            opened_at: Some(Wall::from_millis(5)),
            last_used_at: None,
            client: Client::default(),
        };
        assert_eq!(session(&kept), [&b"\xac\x02"[..], &[0xaa; 32], b"\x01\x05\x00\x00\x00"].concat());
        let client = Client::new("Tablet", Some([192, 0, 2, 1].into()));
        let kept = Session { last_used_at: Some(Wall::from_millis(6)), client, ..kept };
        let bytes = [&b"\xac\x02"[..], &[0xaa; 32], b"\x01\x05\x01\x06\x06Tablet\x01\x00\xc0\x00\x02\x01"].concat();
        assert_eq!(session(&kept), bytes);
        assert_eq!(to_session(3, &bytes), Ok(kept));

        let kept = Room { id: RoomId::from_raw(4), name: name("Küche") };
        assert_eq!(room(&kept), b"\x06K\xc3\xbcche");

        let kept = Device {
            id: DeviceId::from_raw(5),
            board: BoardId::new("relay-1").unwrap(),
            name: name("Box"),
            room: Some(RoomId::from_raw(4)),
            secret: SecretHash([0xbb; 32]),
            next: None,
            hardware: None,
            behind_repeater: false,
        };
        assert_eq!(device(&kept), [&b"\x07relay-1\x03Box\x01\x04"[..], &[0xbb; 32], b"\x00\x00\x00"].concat());
        let (chip, mac, model) = ("00a1b2c3".into(), "5c:cf:7f:a1:b2:c3".into(), "nodemcuv2".into());
        let hardware = Hardware { chip, mac, model, firmware: "0.1.0".into(), port: Some("1-1.2:1.0".into()) };
        let kept = Device {
            next: Some(SecretHash([0xcc; 32])),
            hardware: Some(Arc::new(hardware)),
            behind_repeater: true,
            ..kept
        };
        let tail = b"\x01\x0800a1b2c3\x115c:cf:7f:a1:b2:c3\x09nodemcuv2\x050.1.0\x01\x091-1.2:1.0\x01";
        let bytes = [&b"\x07relay-1\x03Box\x01\x04"[..], &[0xbb; 32], b"\x01", &[0xcc; 32], tail].concat();
        assert_eq!(device(&kept), bytes);
        assert_eq!(to_device(5, &bytes), Ok(kept.clone()));
        let kept = Device { board: BoardId::header(), hardware: None, next: None, ..kept };
        assert_eq!(device(&kept), [&b"\x07@header\x03Box\x01\x04"[..], &[0xbb; 32], b"\x00\x00\x01"].concat());
        assert_eq!(to_device(5, &device(&kept)), Ok(kept));

        let kept = Switch {
            id: SwitchId::from_raw(6),
            device: DeviceId::from_raw(5),
            endpoint: Endpoint::relay(1),
            name: name("Lamp"),
            room: None,
        };
        assert_eq!(switch(&kept), b"\x05\x0arelay-1/on\x04Lamp\x00");
    }

    #[test]
    fn what_could_not_have_been_written_is_not_read() {
        assert!(to_room(1, b"\x03abc").is_ok());
        for bad in [&b""[..], b"\x04abc", b"\x03abcd", b"\x00", b"\x02 a", b"\x02\xff\xff", b"\x01\x07"] {
            assert!(to_room(1, bad).is_err(), "{bad:?}");
        }
        assert!(to_member(1, b"\x03Ana\x03\x01x\x00\x00\x00\x00").is_err(), "a role that does not exist");
        assert!(to_member(1, b"\x03Ana\x02\x01x\x00\x01\x01a\x00\x00").is_err(), "an address that is none");
        assert!(to_home(1, b"\x01H\x01U\x01\x07").is_err(), "a contact that cannot be seen");
        assert!(to_switch(1, b"\x05\x05relay\x04Lamp\x00").is_err(), "an endpoint that is none");
        assert!(to_switch(1, b"\x05\x0arelay-1/on\x04Lamp\x02").is_err(), "neither none nor some");
    }
}
