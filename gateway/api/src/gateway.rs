//! The gateway itself: what anyone may know.

use crate::viewer::{asker, shared};
use async_graphql::{Context, Object};
use chrono::{DateTime, Utc};
use gatehouse_core::time::Wall;

/// A wall time as the API gives it.
pub(crate) fn date_time(wall: Wall) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(i64::try_from(wall.as_millis()).ok()?)
}

/// This gateway.
pub(crate) struct Gateway;

/// This gateway. All of it but `version` is told to anyone.
#[Object]
impl Gateway {
    /// Whether it has an owner.
    async fn claimed(&self, ctx: &Context<'_>) -> bool {
        shared(ctx).hub.view().home.is_some()
    }

    /// Its time; null while its clock is not trusted.
    async fn time(&self, ctx: &Context<'_>) -> Option<DateTime<Utc>> {
        shared(ctx).hub.now().stamp().and_then(date_time)
    }

    /// Whether its clock can be believed. While it cannot, times are null.
    async fn clock_trusted(&self, ctx: &Context<'_>) -> bool {
        shared(ctx).hub.now().wall_trusted
    }

    /// The version of its software; null until signed in.
    async fn version(&self, ctx: &Context<'_>) -> Option<&'static str> {
        let shared = shared(ctx);
        asker(ctx).viewer(&shared.hub.view()).map(|_| shared.settings.version)
    }
}

#[derive(Default)]
pub(crate) struct GatewayQuery;

#[Object]
impl GatewayQuery {
    /// This gateway. Anyone may ask.
    async fn gateway(&self) -> Gateway {
        Gateway
    }
}
