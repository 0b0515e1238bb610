//! The household.

use crate::error::{bad_name, told};
use crate::viewer::{shared, signed_in};
use async_graphql::{Context, ID, InputObject, Object, Result};
use gatehouse_core::access::Denied;
use gatehouse_core::contact::Contact;
use gatehouse_core::home::HomeEdit;
use gatehouse_core::name::Name;
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

    /// How whoever lives here can be reached, in the owner's words, on one or more lines; null when they gave none.
    async fn contact(&self) -> Option<&str> {
        self.0.contact.as_ref().map(Contact::as_str)
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

/// What is to change of the household; what is null stays.
#[derive(InputObject)]
pub(crate) struct UpdateHomeInput {
    /// What it is called: 1 to 64 characters.
    name: Option<String>,
    /// Its IANA time zone, `Europe/Vienna` say: hours of grants hold by it from then on.
    time_zone: Option<String>,
    /// How whoever lives here can be reached, a phone number say: at most 200 characters, on one or more lines. Everyone who is
    /// signed in sees it, guests too. An empty text takes it away.
    contact: Option<String>,
}

#[derive(Default)]
pub(crate) struct HomeMutation;

#[Object]
impl HomeMutation {
    /// Gives the household another name, time zone or contact. For the owner.
    /// Errors: BAD_INPUT (name, timeZone, contact), FORBIDDEN, BUSY, STORAGE.
    async fn update_home(&self, ctx: &Context<'_>, input: UpdateHomeInput) -> Result<Home> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let name = input.name.map(|name| Name::new(&name)).transpose().map_err(bad_name("name"))?;
        let contact = input.contact.map(|contact| Contact::new(&contact)).transpose();
        let contact = contact.map_err(|bad| told(Denied::BadInput { field: "contact", message: bad.to_string() }))?;
        let edit = HomeEdit { name, time_zone: input.time_zone.map(Into::into), contact };
        shared(ctx).hub.update_home(cap, edit).await.map(Home).map_err(told)
    }
}
