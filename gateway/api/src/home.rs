//! The household.

use crate::error::told;
use crate::viewer::signed_in;
use async_graphql::{Context, ID, Object, Result};
use gatehouse_core::access::Denied;
use gatehouse_core::record::HomeRecord;
use std::sync::Arc;

/// The household.
pub(crate) struct Home(Arc<HomeRecord>);

/// The household.
#[Object]
impl Home {
    /// Its id for good.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// What it is called.
    async fn name(&self) -> &str {
        self.0.name.as_str()
    }

    /// Its IANA time zone, `Europe/Vienna` say.
    async fn time_zone(&self) -> &str {
        &self.0.time_zone
    }
}

#[derive(Default)]
pub(crate) struct HomeQuery;

#[Object]
impl HomeQuery {
    /// The household.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED.
    async fn home(&self, ctx: &Context<'_>) -> Result<Home> {
        let home = signed_in(ctx)?.view.home.clone();
        home.map(Home).ok_or_else(|| told(Denied::Unclaimed))
    }
}
