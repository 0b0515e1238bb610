//! Commands: asked once, settled once.

use crate::error::{no_such, told};
use crate::gateway::{DateTime, date_time};
use crate::switches::Switch;
use crate::viewer::{shared, signed_in};
use async_graphql::{Context, Enum, ID, Object, Result};
use gatehouse_core::access::Denied;
use gatehouse_core::command;
use gatehouse_core::ids::CommandId;
use std::sync::Arc;

/// What kind of actor moves a switch. More may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "command::ActorKind")]
pub(crate) enum ActorKind {
    /// A person of the home.
    Member,
    /// A visitor.
    Guest,
    /// A program with a token of its own.
    Token,
    /// Another home system on MQTT.
    Integration,
    /// A rule of the home.
    Automation,
    /// Someone at the gateway's own command line.
    Console,
    /// The wall button on the board.
    Button,
    /// The board's power-on state.
    Boot,
    /// The board's interlock.
    Interlock,
    /// The end of a pulse.
    Pulse,
    /// A command that this gateway does not remember.
    Unknown,
}

/// How a command ended. More may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "command::Outcome")]
pub(crate) enum CommandOutcome {
    /// Not yet.
    Open,
    /// The board said that it obeyed this very command.
    Confirmed,
    /// The board, or the gateway for it, said no.
    Refused,
    /// No answer in time: whether the relay moved is unknown until the board reports.
    TimedOut,
    /// A newer command for the same switch took its place.
    Superseded,
    /// The board was not there, nothing was sent.
    Offline,
}

/// What a confirmation rests on. More may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "command::Confirmation")]
pub(crate) enum Confirmation {
    /// The board named the command it obeyed and reported the pin it read back.
    Obeyed,
    /// A foreign board accepted the value.
    Target,
}

/// Why a command was not confirmed. More may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "command::Reason")]
pub(crate) enum ReasonCode {
    /// The board is not connected.
    Offline,
    /// It reached the board too late, or out of order.
    Stale,
    /// An interlock forbids it.
    Interlocked,
    /// The board is quarantined.
    Quarantined,
    /// No report came.
    NoReport,
    /// A newer command came.
    Superseded,
    /// The gateway is stopping.
    GatewayStopping,
    /// The board does not take this value.
    BadValue,
    /// The board has no such relay.
    UnknownEndpoint,
    /// A running pulse holds the relay.
    HeldByPulse,
    /// The board wrote the pin and read back the other value.
    ReadBackDiffers,
    /// A setting cannot be another while its relay is on.
    RelayOn,
    /// The board could not store a setting.
    NotStored,
}

pub(crate) struct Actor(pub(crate) command::Actor);

impl Actor {
    /// Who it was; none when the viewer is not told.
    pub(crate) fn shown(ctx: &Context<'_>, actor: &command::Actor) -> Option<Self> {
        signed_in(ctx).ok()?.viewer.may_view_actor(actor).then(|| Self(actor.clone()))
    }
}

/// Who, or what, moved a switch.
#[Object]
impl Actor {
    /// What kind of actor.
    async fn kind(&self) -> ActorKind {
        self.0.kind.into()
    }

    /// The name to show: a person's, or what stands for the kind.
    async fn name(&self) -> &str {
        &self.0.name
    }
}

pub(crate) struct Command(pub(crate) Arc<command::Command>);

/// A command: asked once, settled once, and in bounded time.
#[Object]
impl Command {
    /// Its id for good.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The switch it is for, as it is now; of one that was deleted, its id and no more.
    async fn switch(&self, ctx: &Context<'_>) -> Result<Switch> {
        Switch::on_record(&signed_in(ctx)?, self.0.switch).ok_or_else(|| no_such("switch"))
    }

    /// What was asked.
    async fn on(&self) -> bool {
        self.0.on
    }

    /// Who asked; null when that is hidden from the viewer.
    async fn actor(&self, ctx: &Context<'_>) -> Option<Actor> {
        Actor::shown(ctx, &self.0.actor)
    }

    /// How it ended.
    async fn outcome(&self) -> CommandOutcome {
        self.0.outcome.into()
    }

    /// What the confirmation rests on; null unless CONFIRMED.
    async fn confirmed_by(&self) -> Option<Confirmation> {
        self.0.confirmed_by.map(Into::into)
    }

    /// Why it was not confirmed, for people; null while open and when confirmed.
    async fn reason(&self) -> Option<String> {
        self.0.reason.map(|reason| reason.to_string())
    }

    /// Why it was not confirmed, for programs; null while open and when confirmed.
    async fn reason_code(&self) -> Option<ReasonCode> {
        self.0.reason.map(Into::into)
    }

    /// When it was asked; null when the clock was not trusted.
    async fn requested_at(&self) -> Option<DateTime> {
        self.0.requested_at.and_then(date_time)
    }

    /// When it settled; null while open, and when the clock was not trusted.
    async fn settled_at(&self) -> Option<DateTime> {
        self.0.settled_at.and_then(date_time)
    }

    /// Milliseconds from asked to settled, exact to a microsecond; null while open.
    async fn latency_ms(&self) -> Option<f64> {
        let micros = u32::try_from(self.0.latency?.as_micros()).unwrap_or(u32::MAX);
        Some(f64::from(micros) / 1_000.0)
    }
}

#[derive(Default)]
pub(crate) struct CommandsQuery;

#[Object]
impl CommandsQuery {
    /// One command; null when there is none of that id, or it is too old to be kept.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, BUSY, STORAGE.
    async fn command(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Command>> {
        let asked = signed_in(ctx)?;
        let Ok(id) = id.parse::<CommandId>() else { return Ok(None) };
        let shared = shared(ctx);
        let command = match shared.hub.command(id).await.map_err(told)? {
            Some(command) => Some(command),
            None => {
                let reader = shared.commands.clone();
                let read = tokio::task::spawn_blocking(move || reader.command(id)).await;
                let read = read.map_err(|_| told(Denied::Storage))?;
                read.map_err(|error| {
                    tracing::error!(%error, "a command could not be read");
                    told(Denied::Storage)
                })?
                .map(Arc::new)
            }
        };
        Ok(command.filter(|command| asked.viewer.may_view(command.switch)).map(Command))
    }
}
