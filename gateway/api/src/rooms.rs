//! Rooms: places in the home.

use crate::error::{bad_name, no_such, told};
use crate::search::Search;
use crate::switches::Switch;
use crate::viewer::{SignedIn, shared, signed_in};
use async_graphql::{Context, ID, InputObject, Object, Result};
use gatehouse_core::ids::RoomId;
use gatehouse_core::name::Name;
use gatehouse_core::record;
use std::sync::Arc;

/// A place in the home.
pub(crate) struct Room(pub(crate) Arc<record::Room>);

impl Room {
    /// A room; none when it does not exist for the viewer.
    pub(crate) fn find(ctx: &Context<'_>, id: Option<RoomId>) -> Option<Self> {
        let (id, asked) = (id?, signed_in(ctx).ok()?);
        asked.view.room(id).filter(|_| asked.viewer.may_view_room(id)).cloned().map(Self)
    }
}

/// A place in the home.
#[Object]
impl Room {
    /// Its id for good.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// What it is called; no two rooms have the same name.
    async fn name(&self) -> &str {
        self.0.name.as_str()
    }

    /// The switches in it that the viewer may view.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn switches(&self, ctx: &Context<'_>) -> Result<Vec<Switch>> {
        let id = self.0.id;
        Ok(Switch::list(&signed_in(ctx)?, |switch| switch.room == Some(id)))
    }
}

#[derive(Default)]
pub(crate) struct RoomsQuery;

#[Object]
impl RoomsQuery {
    /// The rooms the viewer may view, at most 256, in the order they were made: those that were given to them, and those of
    /// switches that they may view.
    /// `search` is looked for in the name.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, BAD_INPUT (search).
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn rooms(&self, ctx: &Context<'_>, search: Option<String>) -> Result<Vec<Room>> {
        let SignedIn { viewer, view } = signed_in(ctx)?;
        let search = Search::new(search)?;
        let shown = view.rooms.iter().filter(|room| viewer.may_view_room(room.id) && search.finds(room.name.as_str()));
        Ok(shown.cloned().map(Room).collect())
    }
}

/// A new room.
#[derive(InputObject)]
pub(crate) struct CreateRoomInput {
    /// What it is to be called: 1 to 64 characters.
    name: String,
}

/// A room's other name.
#[derive(InputObject)]
pub(crate) struct UpdateRoomInput {
    /// Which room.
    id: ID,
    /// What it is to be called: 1 to 64 characters.
    name: String,
}

/// A room less.
#[derive(InputObject)]
pub(crate) struct DeleteRoomInput {
    /// Which room.
    id: ID,
}

#[derive(Default)]
pub(crate) struct RoomsMutation;

#[Object]
impl RoomsMutation {
    /// Makes a room. For the owner.
    /// Errors: BAD_INPUT (name), CONFLICT (there is one of that name, or there are 256), FORBIDDEN, BUSY, STORAGE.
    async fn create_room(&self, ctx: &Context<'_>, input: CreateRoomInput) -> Result<Room> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let name = Name::new(&input.name).map_err(bad_name("name"))?;
        shared(ctx).hub.create_room(cap, name).await.map(Room).map_err(told)
    }

    /// Gives a room another name. For the owner.
    /// Errors: BAD_INPUT (name), NOT_FOUND, CONFLICT (there is one of that name), FORBIDDEN, BUSY, STORAGE.
    async fn update_room(&self, ctx: &Context<'_>, input: UpdateRoomInput) -> Result<Room> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let id = input.id.parse().map_err(|_| no_such("room"))?;
        let name = Name::new(&input.name).map_err(bad_name("name"))?;
        shared(ctx).hub.rename_room(cap, id, name).await.map(Room).map_err(told)
    }

    /// Deletes a room; what was in it is in no room then. True when done. For the owner.
    /// Errors: NOT_FOUND, FORBIDDEN, BUSY, STORAGE.
    async fn delete_room(&self, ctx: &Context<'_>, input: DeleteRoomInput) -> Result<bool> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let id = input.id.parse().map_err(|_| no_such("room"))?;
        shared(ctx).hub.delete_room(cap, id).await.map_err(told)?;
        Ok(true)
    }
}
