//! Integrations: other home systems, and their credentials for the MQTT edge.

use crate::error::{bad_name, no_such, told};
use crate::gateway::{DateTime, date_time};
use crate::search::Search;
use crate::viewer::{shared, signed_in};
use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use gatehouse_core::access::Denied;
use gatehouse_core::integration::{self, Filter, Scope};
use gatehouse_core::name::Name;
use gatehouse_hub::AskedIntegration;
use std::sync::Arc;

/// Another home system that may log in at the MQTT edge.
pub(crate) struct Integration(Arc<integration::Integration>);

/// Another home system that may log in at the MQTT edge.
#[Object]
impl Integration {
    /// Its id for good.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// What people call it; no two integrations have the same name.
    async fn name(&self) -> &str {
        self.0.name.as_str()
    }

    /// The user name it logs in with.
    async fn user(&self) -> &str {
        &self.0.user
    }

    /// MQTT topic filters it may publish to. Of the topics of claimed boards they can allow `…/set` only, and what is published
    /// there becomes a command in the integration's name.
    async fn publish(&self) -> Vec<&str> {
        self.0.publish.iter().map(Filter::as_str).collect()
    }

    /// MQTT topic filters it may subscribe to, and to what they cover.
    async fn subscribe(&self) -> Vec<&str> {
        self.0.subscribe.iter().map(Filter::as_str).collect()
    }

    /// When it was made.
    async fn created_at(&self) -> Option<DateTime> {
        self.0.created_at.and_then(date_time)
    }
}

/// A new integration, and all it needs to log in.
#[derive(SimpleObject)]
pub(crate) struct CreatedIntegration {
    /// The integration.
    integration: Integration,
    /// The user name it logs in with.
    user: String,
    /// The password it logs in with. It is told this once; the gateway keeps a hash only.
    password: String,
}

#[derive(Default)]
pub(crate) struct IntegrationsQuery;

#[Object]
impl IntegrationsQuery {
    /// All integrations, at most 32, in the order they were made. `search` is looked for in name and user name. For the
    /// owner.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN, BAD_INPUT (search).
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn integrations(&self, ctx: &Context<'_>, search: Option<String>) -> Result<Vec<Integration>> {
        let asked = signed_in(ctx)?;
        asked.viewer.administer().map_err(told)?;
        let search = Search::new(search)?;
        let found = asked.view.integrations.iter().filter(|one| search.finds_any(&[one.name.as_str(), &one.user]));
        Ok(found.cloned().map(Integration).collect())
    }
}

/// A home system whose needs are known.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum IntegrationPreset {
    /// Home Assistant: it hears its discovery, under the prefix that is set, and all boards, and asks switches to be on or
    /// off.
    HomeAssistant,
}

/// A new integration.
#[derive(InputObject)]
pub(crate) struct CreateIntegrationInput {
    /// What it is to be called: 1 to 64 characters.
    name: String,
    /// Brings the filters that this home system needs; those given here are added.
    preset: Option<IntegrationPreset>,
    /// Devices it may hear, at most 64: filters for the boards behind them now are added.
    #[graphql(default)]
    devices: Vec<ID>,
    /// Whether it may hear every device, also those that come later; not beside `devices`.
    #[graphql(default)]
    all_devices: bool,
    /// Whether it may also ask the switches of these devices to be on or off, in its own name.
    #[graphql(default)]
    operate: bool,
    /// MQTT topic filters it may publish to: at most 64, each of 1 to 256 bytes and 16 levels, none beginning with `$`.
    #[graphql(default)]
    publish: Vec<String>,
    /// MQTT topic filters it may subscribe to, with the same bounds: `homie/5/#` for all boards, `homie/5/relay-a1b2c3/#`
    /// for one.
    #[graphql(default)]
    subscribe: Vec<String>,
}

/// An integration less.
#[derive(InputObject)]
pub(crate) struct DeleteIntegrationInput {
    /// Which integration.
    id: ID,
}

fn filters(texts: &[String], field: &'static str) -> Result<Vec<Filter>> {
    let filter = |(index, text): (usize, &String)| {
        Filter::new(text)
            .map_err(|bad| told(Denied::BadInput { field, message: format!("Filter {}: {bad}", index + 1) }))
    };
    texts.iter().enumerate().map(filter).collect()
}

#[derive(Default)]
pub(crate) struct IntegrationsMutation;

#[Object]
impl IntegrationsMutation {
    /// Lets another home system log in at the MQTT edge. User name and password are answered once. For the owner.
    /// Errors: BAD_INPUT (name, devices, operate, publish, subscribe), NOT_FOUND (a device), CONFLICT (there is one of that
    /// name, or there are 32), FORBIDDEN, BUSY, STORAGE.
    async fn create_integration(&self, ctx: &Context<'_>, input: CreateIntegrationInput) -> Result<CreatedIntegration> {
        let by = signed_in(ctx)?;
        let cap = by.viewer.administer().map_err(told)?;
        let name = Name::new(&input.name).map_err(bad_name("name"))?;
        let shared = shared(ctx);
        let (mut publish, mut subscribe) = match input.preset {
            Some(IntegrationPreset::HomeAssistant) => {
                (shared.settings.home_assistant_filters)(&by.view.home_assistant.prefix)
            }
            None => (Vec::new(), Vec::new()),
        };
        let devices = input.devices.iter().map(|id| id.parse().map_err(|_| no_such("device")));
        let scope = Scope { all: input.all_devices, devices: devices.collect::<Result<_>>()?, operate: input.operate };
        let (operate, hear) = scope.filters(&by.view, shared.settings.board_filters).map_err(told)?;
        publish.extend(operate);
        subscribe.extend(hear);
        publish.extend(filters(&input.publish, "publish")?);
        subscribe.extend(filters(&input.subscribe, "subscribe")?);
        let asked = AskedIntegration { name, publish, subscribe };
        let created = shared.hub.create_integration(cap, asked, shared.settings.hash_secret).await;
        let (integration, password) = created.map_err(told)?;
        let user = integration.user.to_string();
        Ok(CreatedIntegration { integration: Integration(integration), user, password })
    }

    /// Revokes an integration's credential: its connections end within a second, and it cannot log in again. True when
    /// done. For the owner.
    /// Errors: NOT_FOUND, FORBIDDEN, BUSY, STORAGE.
    async fn delete_integration(&self, ctx: &Context<'_>, input: DeleteIntegrationInput) -> Result<bool> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let id = input.id.parse().map_err(|_| no_such("integration"))?;
        shared(ctx).hub.delete_integration(cap, id).await.map_err(told)?;
        Ok(true)
    }
}
