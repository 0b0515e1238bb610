//! Rows of what happens all day: reported state and commands.

use super::{BadRow, millis, mirror, read, to_wall, write};
use gatehouse_core::command::{Actor, ActorKind, BoardSession, Command, Confirmation, OrderId, Outcome, Reason};
use gatehouse_core::ids::{CommandId, SwitchId};
use gatehouse_core::switch::{Reported, SwitchChange};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

mirror!(
    ActorKindRow,
    ActorKind,
    Member,
    Guest,
    Token,
    Integration,
    Automation,
    Console,
    Button,
    Boot,
    Interlock,
    Pulse,
    Unknown,
);
mirror!(OutcomeRow, Outcome, Open, Confirmed, Refused, TimedOut, Superseded, Offline);
mirror!(ConfirmationRow, Confirmation, Obeyed, Target);
mirror!(
    ReasonRow,
    Reason,
    Offline,
    Stale,
    Interlocked,
    Quarantined,
    NoReport,
    Superseded,
    GatewayStopping,
    BadValue,
    UnknownEndpoint,
    HeldByPulse,
    ReadBackDiffers,
    RelayOn,
    NotStored,
);

#[derive(Serialize, Deserialize)]
pub(super) struct ActorRow<'a> {
    kind: ActorKindRow,
    name: &'a str,
}

impl<'a> From<&'a Actor> for ActorRow<'a> {
    fn from(actor: &'a Actor) -> Self {
        Self { kind: actor.kind.into(), name: &actor.name }
    }
}

impl From<ActorRow<'_>> for Actor {
    fn from(row: ActorRow<'_>) -> Self {
        Self { kind: row.kind.into(), name: row.name.into() }
    }
}

#[derive(Serialize, Deserialize)]
struct ReportedRow<'a> {
    on: bool,
    at_ms: Option<u64>,
    #[serde(borrow)]
    change: Option<ChangeRow<'a>>,
}

#[derive(Serialize, Deserialize)]
struct ChangeRow<'a> {
    on: bool,
    at_ms: Option<u64>,
    #[serde(borrow)]
    actor: ActorRow<'a>,
    command: Option<u64>,
}

pub(crate) fn reported(reported: &Reported) -> Vec<u8> {
    let change = reported.change.as_ref().map(|change| ChangeRow {
        on: change.on,
        at_ms: millis(change.at),
        actor: (&change.actor).into(),
        command: change.command.as_ref().map(|command| command.id.raw()),
    });
    write(&ReportedRow { on: reported.on, at_ms: millis(reported.at), change })
}

/// `find` looks up the command that made the change; none when it is no longer kept.
pub(crate) fn to_reported<E: From<BadRow>>(
    bytes: &[u8],
    find: impl FnOnce(u64) -> Result<Option<Arc<Command>>, E>,
) -> Result<Reported, E> {
    let row: ReportedRow<'_> = read(bytes)?;
    let change = match row.change {
        None => None,
        Some(change) => Some(Arc::new(SwitchChange {
            on: change.on,
            at: to_wall(change.at_ms),
            actor: change.actor.into(),
            command: change.command.map(find).transpose()?.flatten(),
        })),
    };
    Ok(Reported { on: row.on, at: to_wall(row.at_ms), change })
}

#[derive(Serialize, Deserialize)]
struct OrderRow {
    session: NonZeroU32,
    seq: NonZeroU32,
}

#[derive(Serialize, Deserialize)]
struct CommandRow<'a> {
    switch: u64,
    on: bool,
    #[serde(borrow)]
    actor: ActorRow<'a>,
    outcome: OutcomeRow,
    confirmed_by: Option<ConfirmationRow>,
    reason: Option<ReasonRow>,
    requested_at_ms: Option<u64>,
    settled_at_ms: Option<u64>,
    latency_us: Option<u64>,
    order: Option<OrderRow>,
}

pub(crate) fn command(command: &Command) -> Vec<u8> {
    write(&CommandRow {
        switch: command.switch.raw(),
        on: command.on,
        actor: (&command.actor).into(),
        outcome: command.outcome.into(),
        confirmed_by: command.confirmed_by.map(Into::into),
        reason: command.reason.map(Into::into),
        requested_at_ms: millis(command.requested_at),
        settled_at_ms: millis(command.settled_at),
        // Core's clock counts microseconds.
        latency_us: command.latency.map(|latency| u64::try_from(latency.as_micros()).unwrap_or(u64::MAX)),
        order: command.order.map(|order| OrderRow { session: order.session.0, seq: order.seq }),
    })
}

pub(crate) fn to_command(key: u64, bytes: &[u8]) -> Result<Command, BadRow> {
    let row: CommandRow<'_> = read(bytes)?;
    Ok(Command {
        id: CommandId::from_raw(key),
        switch: SwitchId::from_raw(row.switch),
        on: row.on,
        actor: row.actor.into(),
        outcome: row.outcome.into(),
        confirmed_by: row.confirmed_by.map(Into::into),
        reason: row.reason.map(Into::into),
        requested_at: to_wall(row.requested_at_ms),
        settled_at: to_wall(row.settled_at_ms),
        latency: row.latency_us.map(Duration::from_micros),
        order: row.order.map(|order| OrderId { session: BoardSession(order.session), seq: order.seq }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatehouse_core::time::Wall;

    fn settled() -> Command {
        Command {
            id: CommandId::from_raw(9),
            switch: SwitchId::from_raw(6),
            on: true,
            actor: Actor { kind: ActorKind::Console, name: "console".into() },
            outcome: Outcome::Refused,
            confirmed_by: Some(Confirmation::Target),
            reason: Some(Reason::ReadBackDiffers),
            requested_at: Some(Wall::from_millis(1)),
            settled_at: None,
            latency: Some(Duration::from_micros(300)),
            order: Some(OrderId { session: BoardSession(NonZeroU32::MIN), seq: NonZeroU32::MAX }),
        }
    }

    /// The bytes are schema 1 for good: files out there hold them.
    #[test]
    fn the_bytes_of_traffic_stay_what_they_are() {
        let bytes = b"\x06\x01\x05\x07console\x02\x01\x01\x01\x0a\x01\x01\x00\x01\xac\x02\x01\x01\xff\xff\xff\xff\x0f";
        assert_eq!(command(&settled()), bytes);
        assert_eq!(to_command(9, bytes), Ok(settled()));

        let kept = Reported {
            on: true,
            at: Some(Wall::from_millis(7)),
            change: Some(Arc::new(SwitchChange {
                on: true,
                at: None,
                actor: Actor::of_kind(ActorKind::Button),
                command: Some(Arc::new(settled())),
            })),
        };
        let bytes = b"\x01\x01\x07\x01\x01\x00\x06\x0bwall button\x01\x09";
        assert_eq!(reported(&kept), bytes);
        let find = |key| Ok::<_, BadRow>((key == 9).then(|| Arc::new(settled())));
        assert_eq!(to_reported(bytes, find), Ok(kept));
    }

    #[test]
    fn every_variant_has_its_number() {
        let last = |kind: ActorKind| {
            let actor = Actor { kind, name: "".into() };
            write(&ActorRow::from(&actor))[0]
        };
        assert_eq!((last(ActorKind::Member), last(ActorKind::Unknown)), (0, 10));
        assert_eq!(write(&OutcomeRow::from(Outcome::Open)), [0]);
        assert_eq!(write(&OutcomeRow::from(Outcome::Offline)), [5]);
        assert_eq!(write(&ConfirmationRow::from(Confirmation::Obeyed)), [0]);
        assert_eq!(write(&ReasonRow::from(Reason::Offline)), [0]);
    }

    #[test]
    fn an_order_of_zero_is_damage() {
        let bytes = b"\x06\x01\x05\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01";
        assert!(to_command(9, bytes).is_err());
    }
}
