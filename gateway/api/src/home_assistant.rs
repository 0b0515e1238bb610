//! How Home Assistant is told of the home.

use crate::error::told;
use crate::viewer::{shared, signed_in};
use async_graphql::{Context, Enum, InputObject, Object, Result};
use gatehouse_core::access::Denied;
use gatehouse_core::homeassistant::{self, Form, Prefix};
use std::sync::Arc;

/// In which form Home Assistant is told of devices, by its MQTT discovery.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub(crate) enum HomeAssistantForm {
    /// One message a device; for Home Assistant since 2024.11, and openHAB since 5.1.
    Device,
    /// One message a switch; for older ones.
    Component,
    /// Not at all.
    Off,
}

impl From<Form> for HomeAssistantForm {
    fn from(form: Form) -> Self {
        match form {
            Form::Device => Self::Device,
            Form::Component => Self::Component,
            Form::Off => Self::Off,
        }
    }
}

impl From<HomeAssistantForm> for Form {
    fn from(form: HomeAssistantForm) -> Self {
        match form {
            HomeAssistantForm::Device => Self::Device,
            HomeAssistantForm::Component => Self::Component,
            HomeAssistantForm::Off => Self::Off,
        }
    }
}

/// How Home Assistant is told of the home. It needs an integration's credential to hear it: `createIntegration` with
/// `preset: HOME_ASSISTANT`.
pub(crate) struct HomeAssistant(Arc<homeassistant::HomeAssistant>);

/// How Home Assistant is told of the home. It needs an integration's credential to hear it: `createIntegration` with
/// `preset: HOME_ASSISTANT`.
#[Object]
impl HomeAssistant {
    /// In which form.
    async fn form(&self) -> HomeAssistantForm {
        self.0.form.into()
    }

    /// What the topics begin with: Home Assistant's discovery prefix.
    async fn prefix(&self) -> &str {
        self.0.prefix.as_str()
    }
}

#[derive(Default)]
pub(crate) struct HomeAssistantQuery;

#[Object]
impl HomeAssistantQuery {
    /// How Home Assistant is told of the home. For the owner.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN.
    async fn home_assistant(&self, ctx: &Context<'_>) -> Result<HomeAssistant> {
        let asked = signed_in(ctx)?;
        asked.viewer.administer().map_err(told)?;
        Ok(HomeAssistant(asked.view.home_assistant.clone()))
    }
}

/// What is to change; what is left out stays.
#[derive(InputObject)]
pub(crate) struct UpdateHomeAssistantInput {
    /// In which form it is to be told.
    form: Option<HomeAssistantForm>,
    /// What the topics are to begin with: 1 to 64 characters of `A-Za-z0-9_-` in at most 4 levels, the first not `homie`.
    /// Integrations that were made for another prefix do not hear it.
    prefix: Option<String>,
}

#[derive(Default)]
pub(crate) struct HomeAssistantMutation;

#[Object]
impl HomeAssistantMutation {
    /// Changes how Home Assistant is told of the home. From one form to the other its entities stay as they are; OFF and
    /// another prefix remove them. For the owner.
    /// Errors: BAD_INPUT (prefix), FORBIDDEN, BUSY, STORAGE.
    async fn update_home_assistant(&self, ctx: &Context<'_>, input: UpdateHomeAssistantInput) -> Result<HomeAssistant> {
        let cap = signed_in(ctx)?.viewer.administer().map_err(told)?;
        let bad = |bad: homeassistant::BadPrefix| told(Denied::BadInput { field: "prefix", message: bad.to_string() });
        let prefix = input.prefix.as_deref().map(Prefix::new).transpose().map_err(bad)?;
        let set = shared(ctx).hub.update_home_assistant(cap, input.form.map(Form::from), prefix).await;
        set.map(HomeAssistant).map_err(told)
    }
}
