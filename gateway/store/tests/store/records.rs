//! Records to keep.

use gatehouse_core::access::{
    ApiToken, Client, Giver, Grant, GuestLink, Hours, Level, Member, NameHash, Role, Scope, Session, Target, Terms,
    TokenHash, Tried, WaitingAddress,
};
use gatehouse_core::audit::{Entry, Kind};
use gatehouse_core::code::CodeHash;
use gatehouse_core::command::{Actor, ActorKind, BoardSession, Command, Confirmation, OrderId, Outcome, Reason};
use gatehouse_core::contact::Contact;
use gatehouse_core::device::{Device, SecretHash};
use gatehouse_core::homeassistant::{Form, HomeAssistant, Prefix};
use gatehouse_core::identity::{Identity, LinkedIdentity};
use gatehouse_core::ids::{
    CommandId, DeviceId, EntryId, GrantId, GuestLinkId, HomeId, IdentityId, IntegrationId, InvitationId, MemberId,
    NoticeId, RoomId, SessionId, SwitchId, TokenId,
};
use gatehouse_core::integration::{Filter, Integration, user_name};
use gatehouse_core::invitation::Invitation;
use gatehouse_core::mail::Address;
use gatehouse_core::name::{BoardId, Endpoint, Name};
use gatehouse_core::notice::{Notice, NoticeKind, Subject};
use gatehouse_core::onboarding::Hardware;
use gatehouse_core::record::{HomeRecord, Record, Room};
use gatehouse_core::switch::{Reported, Switch, SwitchChange};
use gatehouse_core::time::Wall;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

pub(crate) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub(crate) fn home() -> Record {
    Record::Home(Arc::new(HomeRecord {
        id: HomeId::from_raw(1),
        name: name("Our home"),
        time_zone: "Europe/Vienna".into(),
        contact: Contact::new("Mill Lane 3").unwrap(),
    }))
}

pub(crate) fn member(id: u64) -> Record {
    Record::Member(Arc::new(Member {
        id: MemberId::from_raw(id),
        name: name("Ana"),
        role: Role::Owner,
        password_hash: Some("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".into()),
        earlier: vec!["$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$ZWFybGllcg".into()],
        email: id.is_multiple_of(2).then(|| Address::new("ana@example.org").unwrap()),
        waiting: id.is_multiple_of(3).then(|| WaitingAddress {
            address: Address::new("ana@example.net").unwrap(),
            code: CodeHash([3; 32]),
            until: Some(Wall::from_millis(id)),
        }),
        joined_at: Some(Wall::from_millis(id)),
    }))
}

pub(crate) fn session(id: u64) -> Record {
    Record::Session(Session {
        id: SessionId::from_raw(id),
        member: MemberId::from_raw(2),
        token: TokenHash([id as u8; 32]),
        opened_at: id.is_multiple_of(2).then_some(Wall::from_millis(1_700_000_000_000)),
        last_used_at: id.is_multiple_of(3).then_some(Wall::from_millis(1_700_000_300_000)),
        client: Client::new("Tablet", id.is_multiple_of(2).then_some([192, 0, 2, 1].into())),
    })
}

fn terms(id: u64) -> Terms {
    let hours = if id.is_multiple_of(2) { Hours::new(0b101, 60, 50) } else { None };
    let target = if id.is_multiple_of(2) { Target::Home } else { Target::Room(RoomId::from_raw(5)) };
    Terms { target, level: Level::Operate, until: Some(Wall::from_millis(1_900_000_000_000)), hours }
}

fn giver(id: u64) -> Giver {
    let rests_on = id.is_multiple_of(2).then_some(MemberId::from_raw(2));
    Giver { actor: Actor::member(&name("Ana")), rests_on }
}

pub(crate) fn grant(id: u64) -> Record {
    let (terms, by) = (terms(id), giver(id));
    let (id, to) = (GrantId::from_raw(id), MemberId::from_raw(2));
    Record::Grant(Arc::new(Grant { id, to, terms, by, created_at: Some(Wall::from_millis(1_700_000_000_000)) }))
}

pub(crate) fn guest_link(id: u64) -> Record {
    let (terms, by, token) = (terms(id), giver(id), TokenHash([id as u8; 32]));
    let id = GuestLinkId::from_raw(id);
    Record::GuestLink(Arc::new(GuestLink { id, name: name("Katze"), token, terms, by, created_at: None }))
}

pub(crate) fn token(id: u64) -> Record {
    Record::Token(Arc::new(ApiToken {
        id: TokenId::from_raw(id),
        member: MemberId::from_raw(2),
        name: name("Panel"),
        scopes: [Scope::View, Scope::Metrics].into(),
        token: TokenHash([id as u8; 32]),
        expires_at: id.is_multiple_of(2).then_some(Wall::from_millis(1_700_000_000_000)),
        created_at: None,
        last_used_at: None,
    }))
}

pub(crate) fn identity(id: u64) -> Record {
    Record::Identity(Arc::new(LinkedIdentity {
        id: IdentityId::from_raw(id),
        member: MemberId::from_raw(2),
        identity: Identity::new("https://accounts.example.org", &format!("subject {id}")).expect("an identity"),
        linked_at: None,
    }))
}

pub(crate) fn room(id: u64, text: &str) -> Record {
    Record::Room(Arc::new(Room { id: RoomId::from_raw(id), name: name(text) }))
}

pub(crate) fn device(id: u64) -> Record {
    Record::Device(Arc::new(Device {
        id: DeviceId::from_raw(id),
        board: BoardId::new("relay-a1b2c3").unwrap(),
        name: name("Relay box"),
        room: Some(RoomId::from_raw(5)),
        secret: SecretHash([7; 32]),
        next: id.is_multiple_of(2).then_some(SecretHash([8; 32])),
        hardware: id.is_multiple_of(2).then(|| {
            let (chip, mac, model) = ("00a1b2c3".into(), "5c:cf:7f:a1:b2:c3".into(), "nodemcuv2".into());
            Arc::new(Hardware { chip, mac, model, firmware: "0.1.0".into(), port: Some("1-1.2:1.0".into()) })
        }),
        behind_repeater: id.is_multiple_of(3),
    }))
}

pub(crate) fn switch(id: u64, room: Option<u64>) -> Record {
    Record::Switch(Arc::new(Switch {
        id: SwitchId::from_raw(id),
        device: DeviceId::from_raw(6),
        endpoint: Endpoint::relay(1),
        name: name("Ceiling lamp"),
        room: room.map(RoomId::from_raw),
    }))
}

pub(crate) fn integration(id: u64, publish: &[&str]) -> Record {
    let filters = |texts: &[&str]| texts.iter().map(|text| Filter::new(text).unwrap()).collect();
    let integration = Integration {
        id: IntegrationId::from_raw(id),
        name: name("Garden"),
        user: user_name([id as u8; 8]),
        publish: filters(publish),
        subscribe: filters(&["homie/5/+/#", "garten/ü"]),
        created_at: id.is_multiple_of(2).then_some(Wall::from_millis(1_700_000_000_000)),
    };
    Record::Integration(Arc::new(integration), SecretHash([id as u8; 32]))
}

pub(crate) fn invitation(id: u64, uses_left: u32) -> Record {
    let invitation = Invitation {
        id: InvitationId::from_raw(id),
        role: Role::Guest,
        inviter: MemberId::from_raw(2),
        by: Giver {
            actor: Actor::member(&name("Ana")),
            rests_on: id.is_multiple_of(4).then_some(MemberId::from_raw(2)),
        },
        grants: vec![Terms { target: Target::Home, level: Level::View, until: None, hours: None }; (id % 3) as usize],
        created_at: id.is_multiple_of(2).then_some(Wall::from_millis(1_700_000_000_000)),
        expires_at: id.is_multiple_of(3).then_some(Wall::from_millis(1_700_000_300_000)),
        uses_left,
        email: id.is_multiple_of(2).then(|| Address::new("ben@example.org").unwrap()),
        mailed_code: id.is_multiple_of(2).then_some(CodeHash([4; 32])),
    };
    Record::Invitation(Arc::new(invitation), CodeHash([id as u8; 32]))
}

pub(crate) fn home_assistant(form: Form) -> Record {
    Record::HomeAssistant(Arc::new(HomeAssistant { form, prefix: Prefix::default() }))
}

/// Wrong tries at the name and from the address of this number.
pub(crate) fn wrong_tries(number: u8, wrong: u32) -> [Record; 2] {
    [Tried::Name(NameHash(number.into())), Tried::Address([192, 0, 2, number].into())]
        .map(|tried| Record::WrongTries(tried, wrong))
}

pub(crate) fn notice(id: u64, times: u64) -> Record {
    Record::Notice(Arc::new(Notice {
        id: NoticeId::from_raw(id),
        kind: NoticeKind::MqttLoginStorm,
        subject: Subject::Integration("integration_1".into()),
        from: Some([192, 0, 2, 1].into()),
        detail: id.is_multiple_of(3).then(|| "what came".into()),
        times,
        first_at: None,
        at: Some(Wall::from_millis(1_700_000_000_000)),
        dismissed: id.is_multiple_of(2),
    }))
}

pub(crate) fn entry(id: u64, kind: Kind) -> Arc<Entry> {
    Arc::new(Entry {
        id: EntryId::from_raw(id),
        at: id.is_multiple_of(2).then_some(Wall::from_millis(1_700_000_000_000)),
        actor: Actor::of_kind(ActorKind::Console),
        kind,
        subject: "Kitchen".into(),
        text: "".into(),
        switch: (kind == Kind::SwitchMoved).then_some(SwitchId::from_raw(7)),
        on: (kind == Kind::SwitchMoved).then_some(true),
    })
}

pub(crate) fn command(id: u64, outcome: Outcome) -> Arc<Command> {
    let settled = outcome != Outcome::Open;
    Arc::new(Command {
        id: CommandId::from_raw(id),
        switch: SwitchId::from_raw(7),
        on: true,
        actor: Actor::member(&name("Ana")),
        outcome,
        confirmed_by: (outcome == Outcome::Confirmed).then_some(Confirmation::Obeyed),
        reason: (outcome == Outcome::TimedOut).then_some(Reason::NoReport),
        requested_at: Some(Wall::from_millis(1_700_000_000_123)),
        settled_at: settled.then_some(Wall::from_millis(1_700_000_000_456)),
        latency: settled.then_some(Duration::from_micros(1_234)),
        order: Some(OrderId { session: BoardSession(NonZeroU32::new(77).unwrap()), seq: NonZeroU32::new(3).unwrap() }),
    })
}

pub(crate) fn reported(switch: u64, on: bool, by: Option<Arc<Command>>) -> Record {
    let change = SwitchChange {
        on,
        at: Some(Wall::from_millis(1_700_000_000_400)),
        actor: by.as_ref().map_or_else(|| Actor::of_kind(ActorKind::Button), |command| command.actor.clone()),
        command: by,
    };
    let reported = Reported { on, at: Some(Wall::from_millis(1_700_000_000_500)), change: Some(Arc::new(change)) };
    Record::Reported(SwitchId::from_raw(switch), reported)
}
