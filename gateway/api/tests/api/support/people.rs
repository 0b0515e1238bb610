//! A home in which people live and visit: Ana owns it, Ben is a member, Cleo a guest, and the clock can be believed.

use super::gateway::{listener, settings};
use super::{Client, Gateway};
use gatehouse_api::Serve;
use gatehouse_core::access::{Giver, Grant, Level, Member, Role, Session, Target, Terms, TokenHash};
use gatehouse_core::command::{Actor, ActorKind};
use gatehouse_core::ids::{GrantId, HomeId, MemberId, SessionId};
use gatehouse_core::name::Name;
use gatehouse_core::record::{HomeRecord, Record};
use gatehouse_core::time::Wall;
use gatehouse_hub::Clock;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;

pub(crate) struct People {
    pub(crate) gateway: Gateway,
    pub(crate) ana: Client,
    pub(crate) ben: Client,
    pub(crate) cleo: Client,
}

/// Tokens of their sessions, and their ids.
pub(crate) const ANA: (&str, &str) = ("token of Ana", "m2");
pub(crate) const BEN: (&str, &str) = ("token of Ben", "m3");
pub(crate) const CLEO: (&str, &str) = ("token of Cleo", "m4");

fn person(raw: u64, name: &str, role: Role, token: &str) -> [Record; 2] {
    let member = MemberId::from_raw(raw);
    let person = Member {
        id: member,
        name: Name::new(name).unwrap(),
        role,
        password_hash: Some("no password".into()),
        earlier: Vec::new(),
        email: None,
        waiting: None,
        joined_at: None,
    };
    let session = Session {
        id: SessionId::from_raw(raw + 100),
        member,
        token: TokenHash(Sha256::digest(token.as_bytes()).into()),
        opened_at: None,
        last_used_at: None,
        client: gatehouse_core::access::Client::default(),
    };
    [Record::Member(Arc::new(person)), Record::Session(session)]
}

impl People {
    pub(crate) async fn new() -> Self {
        Self::with(Vec::new()).await
    }

    /// In whose home both of Cleo's grants have ended: on disk are still the grants.
    pub(crate) async fn whose_grants_ended() -> Self {
        let grant = |raw, level| {
            let terms = Terms { target: Target::Home, level, until: Some(Wall::from_millis(1)), hours: None };
            let by = Giver { actor: Actor::of_kind(ActorKind::Console), rests_on: None };
            let id = GrantId::from_raw(raw);
            Record::Grant(Arc::new(Grant { id, to: MemberId::from_raw(4), terms, by, created_at: None }))
        };
        Self::with(vec![grant(201, Level::View), grant(202, Level::Operate)]).await
    }

    async fn with(more: Vec<Record>) -> Self {
        let home = HomeRecord {
            id: HomeId::from_raw(1),
            name: Name::new("Lakeside").unwrap(),
            time_zone: "Europe/Vienna".into(),
            contact: None,
        };
        let records = [Record::Home(Arc::new(home))]
            .into_iter()
            .chain(person(2, "Ana", Role::Owner, ANA.0))
            .chain(person(3, "Ben", Role::Member, BEN.0))
            .chain(person(4, "Cleo", Role::Guest, CLEO.0))
            .chain(more)
            .collect();
        let listeners = vec![listener(Serve::Everything).await];
        let gateway = Gateway::of(records, Clock::vouched_for(), listeners, settings()).await;
        let client = |token: &str| gateway.client().bearer(token);
        Self { ana: client(ANA.0), ben: client(BEN.0), cleo: client(CLEO.0), gateway }
    }

    /// A time some milliseconds from now, as the API takes it.
    pub(crate) fn in_ms(&self, millis: u64) -> String {
        let wall = self.gateway.hub.now().wall.as_millis() + millis;
        let at = chrono::DateTime::from_timestamp_millis(i64::try_from(wall).unwrap()).unwrap();
        at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
    }
}

/// What the owner, or a member, gives.
pub(crate) async fn give(by: &Client, input: Value) -> super::Reply {
    let document = "mutation ($input: CreateGrantInput!) { createGrant(input: $input) { id active level until
        member { name } target { kind id name } hours { days from to } by { kind name } createdAt } }";
    by.ask(document, json!({ "input": input })).await
}

/// The whole home or one switch, to see or to move.
pub(crate) fn terms(member: &str, switch: Option<&str>, level: &str) -> Value {
    let target = match switch {
        Some(id) => json!({ "kind": "SWITCH", "id": id }),
        None => json!({ "kind": "HOME" }),
    };
    json!({ "memberId": member, "target": target, "level": level })
}
