//! Switches: what they are, and asking them to be another.

use crate::board_settings::SwitchSettings;
use crate::commands::{Actor, Command};
use crate::devices::{Device, edit};
use crate::error::{code, no_such, told};
use crate::gateway::{DateTime, date_time};
use crate::rooms::Room;
use crate::search::Search;
use crate::viewer::{SignedIn, shared, signed_in};
use async_graphql::{Context, Enum, ID, InputObject, MaybeUndefined, Object, Result};
use futures_util::future::join_all;
use gatehouse_core::access::Denied;
use gatehouse_core::audit::REMOVED_SWITCH;
use gatehouse_core::ids::{DeviceId, RoomId, SwitchId};
use gatehouse_core::name::{Endpoint, Name};
use gatehouse_core::switch::SwitchChange;
use gatehouse_core::view::{self, SwitchView};
use gatehouse_hub::Hub;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

/// Switches that one `setSwitches` may ask for.
const MAX_INPUTS: usize = 100;

/// Whether something can be reached now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "view::Availability")]
pub(crate) enum Availability {
    /// Connected and ready.
    Online,
    /// Not.
    Offline,
    /// Connected, and not believed to be the device: nothing it says counts and nothing is sent to it until the owner decides.
    Quarantined,
}

pub(crate) struct Change(pub(crate) Arc<SwitchChange>);

/// A change of a relay's state.
#[Object]
impl Change {
    /// What it became.
    async fn on(&self) -> bool {
        self.0.on
    }

    /// When the gateway heard of it; null when its clock was not trusted.
    async fn at(&self) -> Option<DateTime> {
        self.0.at.and_then(date_time)
    }

    /// Who or what did it; null when that is hidden from the viewer.
    async fn actor(&self, ctx: &Context<'_>) -> Option<Actor> {
        Actor::shown(ctx, &self.0.actor)
    }

    /// The command that did it; null when none did.
    async fn command(&self) -> Option<Command> {
        self.0.command.clone().map(Command)
    }
}

pub(crate) struct Switch(pub(crate) Arc<SwitchView>);

impl Switch {
    pub(crate) fn find(asked: &SignedIn, id: SwitchId) -> Option<Self> {
        asked.view.switch(id).filter(|_| asked.viewer.may_view(id)).cloned().map(Self)
    }

    /// The switch of something that is on record; of one that was deleted, what is left to say.
    pub(crate) fn on_record(asked: &SignedIn, id: SwitchId) -> Option<Self> {
        if asked.view.switch(id).is_some() {
            return Self::find(asked, id);
        }
        Some(Self(Arc::new(SwitchView {
            id,
            device: DeviceId::from_raw(0),
            endpoint: Endpoint::relay(1),
            name: Name::new(REMOVED_SWITCH).ok()?,
            room: None,
            on: None,
            reported_at: None,
            desired: None,
            availability: view::Availability::Offline,
            open: None,
            last_change: None,
            last_command: None,
        })))
    }

    pub(crate) fn list(asked: &SignedIn, wanted: impl Fn(&SwitchView) -> bool) -> Vec<Self> {
        let shown = asked.view.switches.iter().filter(|switch| wanted(switch) && asked.viewer.may_view(switch.id));
        shown.cloned().map(Self).collect()
    }
}

/// Something that is on or off. What it shows is what its board reported, never what was merely asked.
#[Object]
impl Switch {
    /// Its id for good; it outlives the board behind it.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// What people call it.
    async fn name(&self) -> &str {
        self.0.name.as_str()
    }

    /// Where it is: its own room, else its device's; null when neither has one.
    async fn room(&self, ctx: &Context<'_>) -> Option<Room> {
        Room::find(ctx, self.0.room)
    }

    /// Whether the viewer may ask it to be on or off.
    async fn may_operate(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(signed_in(ctx)?.viewer.may_operate(self.0.id))
    }

    /// Who let the viewer see or move it; null when nobody had to.
    async fn shared_by(&self, ctx: &Context<'_>) -> Result<Option<Actor>> {
        Ok(signed_in(ctx)?.viewer.shared_by(self.0.id).cloned().map(Actor))
    }

    /// The device it belongs to; null when that is hidden from the viewer.
    async fn device(&self, ctx: &Context<'_>) -> Result<Option<Device>> {
        Ok(Device::find(&signed_in(ctx)?, self.0.device))
    }

    /// What its board says of its settings; null when it has said nothing since the gateway started.
    async fn settings(&self, ctx: &Context<'_>) -> Result<Option<SwitchSettings>> {
        Ok(SwitchSettings::find(&signed_in(ctx)?, self.0.id))
    }

    /// What the board last reported; null when it never has.
    async fn on(&self) -> Option<bool> {
        self.0.on
    }

    /// What was asked for: the open command's value, else what is reported.
    async fn desired(&self) -> Option<bool> {
        self.0.desired
    }

    /// When the board last reported; null when it never has, or when the clock was not trusted then.
    async fn reported_at(&self) -> Option<DateTime> {
        self.0.reported_at.and_then(date_time)
    }

    /// Whether a command would reach it.
    async fn availability(&self) -> Availability {
        self.0.availability.into()
    }

    /// The command under way; null when there is none.
    async fn open_command(&self) -> Option<Command> {
        self.0.open.clone().map(Command)
    }

    /// The last change of its state; null when none is known.
    async fn last_change(&self) -> Option<Change> {
        self.0.last_change.clone().map(Change)
    }

    /// The command that settled last, also one that changed nothing; null when the gateway remembers none.
    async fn last_command(&self) -> Option<Command> {
        self.0.last_command.clone().map(Command)
    }
}

#[derive(Default)]
pub(crate) struct SwitchesQuery;

#[Object]
impl SwitchesQuery {
    /// The switches the viewer may view, of one room or of all; none for a room that does not exist.
    /// `search` is looked for in the name.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, BAD_INPUT (search).
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn switches(&self, ctx: &Context<'_>, room_id: Option<ID>, search: Option<String>) -> Result<Vec<Switch>> {
        let asked = signed_in(ctx)?;
        let search = Search::new(search)?;
        let found = |switch: &SwitchView| search.finds(switch.name.as_str());
        Ok(match room_id.map(|id| id.parse::<RoomId>()) {
            None => Switch::list(&asked, found),
            Some(Ok(room)) => Switch::list(&asked, |switch| switch.room == Some(room) && found(switch)),
            Some(Err(_)) => Vec::new(),
        })
    }

    /// One switch; null when there is none of that id, or none that the viewer may view.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED.
    async fn switch(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Switch>> {
        let asked = signed_in(ctx)?;
        Ok(id.parse().ok().and_then(|id| Switch::find(&asked, id)))
    }
}

/// A switch and what it is asked to be.
#[derive(InputObject)]
pub(crate) struct SetSwitchInput {
    /// Which switch.
    switch_id: ID,
    /// What it is asked to be.
    on: bool,
    /// How long to wait for the board, in milliseconds: 500 to 30,000.
    #[graphql(default = 5000)]
    timeout_ms: Option<i32>,
    /// The caller's own name for this command, 1 to 128 bytes: the same name again within ten minutes answers the same
    /// command, so that a request can safely be sent twice.
    request_id: Option<String>,
}

/// What became of one input of `setSwitches`: a command, or the code of an error.
pub(crate) struct SetSwitchResult {
    switch_id: ID,
    answer: Result<Command, Denied>,
}

/// What became of one input of `setSwitches`: either `command` or `code` is null.
#[Object]
impl SetSwitchResult {
    /// The switch, as it was given.
    async fn switch_id(&self) -> &ID {
        &self.switch_id
    }

    /// The command, settled.
    async fn command(&self) -> Option<Command> {
        self.answer.as_ref().ok().map(|command| Command(command.0.clone()))
    }

    /// Why there is no command: a code as in the `extensions.code` of errors.
    async fn code(&self) -> Option<&'static str> {
        self.answer.as_ref().err().map(code)
    }
}

/// What to change of a switch; what is left out stays.
#[derive(InputObject)]
pub(crate) struct UpdateSwitchInput {
    /// Which switch.
    id: ID,
    /// What it is to be called: 1 to 64 characters.
    name: Option<String>,
    /// Its own room. Leave out to keep, null to go by the device's room.
    room_id: MaybeUndefined<ID>,
}

async fn set(hub: &Hub, asked: &SignedIn, input: SetSwitchInput) -> Result<Command, Denied> {
    let id = input.switch_id.parse().map_err(|_| Denied::NotFound("switch"))?;
    let cap = asked.viewer.operate(id)?;
    // A negative time is out of bounds like any other that is too short: the home says so.
    let timeout = Duration::from_millis(u64::try_from(input.timeout_ms.unwrap_or(5_000)).unwrap_or(0));
    hub.set_switch(cap, input.on, timeout, input.request_id).await.map(Command)
}

#[derive(Default)]
pub(crate) struct SwitchesMutation;

#[Object]
impl SwitchesMutation {
    /// Asks a switch to be on or off, and answers when the command settles: when the board said what it did, or when it
    /// is certain that it will not be known in time. That a command was refused, timed out or found its board offline
    /// is an outcome, not an error.
    /// Errors: NOT_FOUND, FORBIDDEN, BAD_INPUT (timeoutMs, requestId), CONFLICT (requestId used for another command),
    /// BUSY.
    async fn set_switch(&self, ctx: &Context<'_>, input: SetSwitchInput) -> Result<Command> {
        let asked = signed_in(ctx)?;
        set(&shared(ctx).hub, &asked, input).await.map_err(told)
    }

    /// Asks several switches at once, at most 100, each at most once, and answers when all have settled, in the order
    /// given.
    /// Errors: BAD_INPUT (inputs), for the whole; those of a single switch are in its result.
    #[graphql(complexity = "10 * inputs.len() + child_complexity + 1")]
    async fn set_switches(&self, ctx: &Context<'_>, inputs: Vec<SetSwitchInput>) -> Result<Vec<SetSwitchResult>> {
        let asked = signed_in(ctx)?;
        let bad = |message: String| told(Denied::BadInput { field: "inputs", message });
        if inputs.is_empty() || inputs.len() > MAX_INPUTS {
            return Err(bad(format!("Give 1 to {MAX_INPUTS} switches at a time.")));
        }
        let mut seen = HashSet::new();
        if let Some(twice) = inputs.iter().find(|input| !seen.insert(input.switch_id.as_str())) {
            return Err(bad(format!("Switch {} is given more than once.", twice.switch_id.as_str())));
        }
        let hub = &shared(ctx).hub;
        let asked = &asked;
        let results = inputs.into_iter().map(async |input| {
            let switch_id = input.switch_id.clone();
            SetSwitchResult { switch_id, answer: set(hub, asked, input).await }
        });
        Ok(join_all(results).await)
    }

    /// Gives a switch another name or room. For the owner.
    /// Errors: BAD_INPUT (name, roomId), NOT_FOUND, FORBIDDEN, BUSY, STORAGE.
    async fn update_switch(&self, ctx: &Context<'_>, input: UpdateSwitchInput) -> Result<Switch> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let id = input.id.parse().map_err(|_| no_such("switch"))?;
        let edit = edit(input.name, input.room_id)?;
        shared(ctx).hub.update_switch(cap, id, edit).await.map(Switch).map_err(told)
    }
}
