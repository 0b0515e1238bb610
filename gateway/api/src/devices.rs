//! Devices: boards this home has claimed.

use crate::error::{bad_name, no_such, told};
use crate::gateway::{DateTime, date_time};
use crate::health::Health;
use crate::quarantine::Quarantine;
use crate::rooms::Room;
use crate::search::Search;
use crate::switches::{Availability, Switch};
use crate::viewer::{SignedIn, shared, signed_in};
use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, Result};
use gatehouse_core::access::Denied;
use gatehouse_core::home::Edit;
use gatehouse_core::ids::DeviceId;
use gatehouse_core::name::Name;
use gatehouse_core::view::DeviceView;
use std::sync::Arc;

/// A claimed board.
pub(crate) struct Device(pub(crate) Arc<DeviceView>);

impl Device {
    pub(crate) fn find(asked: &SignedIn, id: DeviceId) -> Option<Self> {
        asked.view.device(id).filter(|_| asked.viewer.may_view_device(id)).cloned().map(Self)
    }
}

/// A claimed board.
#[Object]
impl Device {
    /// Its id for good.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// What people call it.
    async fn name(&self) -> &str {
        self.0.name.as_str()
    }

    /// Where it is; null when it is in no room.
    async fn room(&self, ctx: &Context<'_>) -> Option<Room> {
        Room::find(ctx, self.0.room)
    }

    /// Whether it takes commands now.
    async fn availability(&self) -> Availability {
        self.0.availability.into()
    }

    /// Whether it is the gateway's own header: relays at the pins of the machine that the gateway runs on. It has no Wi-Fi, no firmware
    /// and no credential of its own; which pins there are, and how its relays are wired, stands in the configuration.
    async fn header(&self) -> bool {
        self.0.is_header()
    }

    /// Whether it was given a new secret with which it has not logged in yet: until it does, the old one is good too.
    async fn rotating_credential(&self) -> bool {
        self.0.rotating
    }

    /// Whether its board takes other settings over the air, blinks and starts over when asked, and forgets the home when the
    /// device is deleted; as the board said when it was last there.
    async fn configurable(&self) -> bool {
        self.0.settings.configurable
    }

    /// When it last said anything, to about half a minute; null when never since the gateway started, or when its
    /// clock was not trusted.
    async fn last_seen(&self) -> Option<DateTime> {
        self.0.last_seen.and_then(date_time)
    }

    /// The hardware, as the board tells it; as on record where it has not told it since the gateway started.
    async fn model(&self) -> Option<&str> {
        self.0.facts.model.as_deref()
    }

    /// The version of its firmware, as the board tells it; as on record where it has not told it since the gateway started.
    async fn firmware(&self) -> Option<&str> {
        self.0.facts.firmware.as_deref()
    }

    /// The MAC address, as the board tells it; as on record where it has not told it since the gateway started.
    async fn mac(&self) -> Option<&str> {
        self.0.facts.mac.as_deref()
    }

    /// The chip's id, as the board tells it; as on record where it has not told it since the gateway started.
    async fn chip(&self) -> Option<&str> {
        self.0.facts.chip.as_deref()
    }

    /// Why the board that is connected now is not believed to be this device; null when it is, or none is connected.
    async fn quarantine(&self) -> Option<Quarantine> {
        self.0.quarantine.clone().map(Quarantine)
    }

    /// How it is: its signal, memory, restarts and connections.
    async fn health(&self) -> Health {
        Health(self.0.health.clone())
    }

    /// The IP address it connected from.
    async fn address(&self) -> Option<String> {
        self.0.facts.address.map(|address| address.to_string())
    }

    /// The MAC address from which the packets of that address come, as the gateway's kernel has it; null when it is not known: the
    /// board is not in the gateway's own network, or came by IPv6.
    async fn neighbour_mac(&self) -> Option<&str> {
        self.0.facts.neighbour.as_deref()
    }

    /// Whether an owner said that it is behind a repeater, so that its packets come from another MAC address than its own.
    async fn behind_repeater(&self) -> bool {
        self.0.behind_repeater
    }

    /// Its switches.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn switches(&self, ctx: &Context<'_>) -> Result<Vec<Switch>> {
        let id = self.0.id;
        Ok(Switch::list(&signed_in(ctx)?, |switch| switch.device == id))
    }
}

#[derive(Default)]
pub(crate) struct DevicesQuery;

#[Object]
impl DevicesQuery {
    /// The devices the viewer may view, at most 1,000, in the order they were claimed.
    /// `search` is looked for in the name.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, BAD_INPUT (search).
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn devices(&self, ctx: &Context<'_>, search: Option<String>) -> Result<Vec<Device>> {
        let SignedIn { viewer, view } = signed_in(ctx)?;
        let search = Search::new(search)?;
        let shown = view.devices.iter().filter(|device| viewer.may_view_device(device.id));
        Ok(shown.filter(|device| search.finds(device.name.as_str())).cloned().map(Device).collect())
    }

    /// One device; null when there is none of that id, or none that the viewer may view.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED.
    async fn device(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Device>> {
        let asked = signed_in(ctx)?;
        Ok(id.parse().ok().and_then(|id| Device::find(&asked, id)))
    }
}

/// What to change of a device; what is left out stays.
#[derive(InputObject)]
pub(crate) struct UpdateDeviceInput {
    /// Which device.
    id: ID,
    /// What it is to be called: 1 to 64 characters.
    name: Option<String>,
    /// Its room. Leave out to keep, null to clear.
    room_id: MaybeUndefined<ID>,
}

/// Whether a device is behind a repeater.
#[derive(InputObject)]
pub(crate) struct SetBehindRepeaterInput {
    /// Which device.
    device_id: ID,
    /// Whether its packets come by way of another machine.
    behind_repeater: bool,
}

/// A device less.
#[derive(InputObject)]
pub(crate) struct DeleteDeviceInput {
    /// Which device.
    pub(crate) id: ID,
}

/// A new secret for a device's board.
#[derive(InputObject)]
pub(crate) struct RotateCredentialInput {
    /// Which device.
    device_id: ID,
}

/// An edit from input fields that devices and switches share.
pub(crate) fn edit(name: Option<String>, room: MaybeUndefined<ID>) -> Result<Edit> {
    let name = name.map(|name| Name::new(&name)).transpose().map_err(bad_name("name"))?;
    let room = match room {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(id) => {
            let no_room = |_| told(Denied::BadInput { field: "roomId", message: "There is no such room.".to_owned() });
            Some(Some(id.parse().map_err(no_room)?))
        }
    };
    Ok(Edit { name, room })
}

#[derive(Default)]
pub(crate) struct DevicesMutation;

#[Object]
impl DevicesMutation {
    /// Gives a device another name or room. For the owner.
    /// Errors: BAD_INPUT (name, roomId), NOT_FOUND, FORBIDDEN, BUSY, STORAGE.
    async fn update_device(&self, ctx: &Context<'_>, input: UpdateDeviceInput) -> Result<Device> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let id = input.id.parse().map_err(|_| no_such("device"))?;
        let edit = edit(input.name, input.room_id)?;
        shared(ctx).hub.update_device(cap, id, edit).await.map(Device).map_err(told)
    }

    /// Says whether a device is behind a repeater. While it is, packets that come from another MAC address than its board's are no
    /// notice. For the owner.
    /// Errors: NOT_FOUND, FORBIDDEN, BUSY, STORAGE.
    async fn set_behind_repeater(&self, ctx: &Context<'_>, input: SetBehindRepeaterInput) -> Result<Device> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let id = input.device_id.parse().map_err(|_| no_such("device"))?;
        shared(ctx).hub.set_behind_repeater(cap, id, input.behind_repeater).await.map(Device).map_err(told)
    }

    /// Deletes a device with its switches, and what was shared of them. A board that is there is asked to forget the home
    /// before; what came of that is on record, and `removeDevice` answers it. Its connection ends within a second and it cannot log
    /// in again; its relays stay as they are, and it can be claimed anew. What is under way settles as TIMED_OUT. What was done
    /// stays on record. True when done. For the owner.
    /// Errors: NOT_FOUND, FORBIDDEN, BUSY, STORAGE.
    async fn delete_device(&self, ctx: &Context<'_>, input: DeleteDeviceInput) -> Result<bool> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let id = input.id.parse().map_err(|_| no_such("device"))?;
        shared(ctx).hub.delete_device(cap, id).await.map_err(told)?;
        Ok(true)
    }

    /// Gives a board another secret, over its own connection. No relay moves. Answers when the board has logged in with it
    /// and the old one is good no more, or after 15 s with `rotatingCredential` true: then both are good until it does, and asking
    /// again sends it again. For the owner.
    /// Errors: NOT_FOUND, CONFLICT (the board is offline, its firmware cannot, or it is connected without TLS), FORBIDDEN,
    /// BUSY, STORAGE.
    async fn rotate_credential(&self, ctx: &Context<'_>, input: RotateCredentialInput) -> Result<Device> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let id = input.device_id.parse().map_err(|_| no_such("device"))?;
        let shared = shared(ctx);
        let rotated = shared.hub.rotate_credential(cap, id, shared.settings.hash_secret).await;
        rotated.map(Device).map_err(told)
    }
}
