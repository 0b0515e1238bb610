//! Other home systems, as the owner lets them in.

use super::{HashSecret, Hub, hexadecimal, unexpected};
use crate::random::random;
use gatehouse_core::access::{Administer, Denied};
use gatehouse_core::home::{Answer, Setting};
use gatehouse_core::homeassistant::{Form, HomeAssistant, Prefix};
use gatehouse_core::ids::IntegrationId;
use gatehouse_core::integration::{self, Filter, Integration, NewIntegration};
use gatehouse_core::name::Name;
use std::sync::Arc;

/// An integration as it is asked for.
#[derive(Clone, Debug)]
pub struct AskedIntegration {
    /// What people are to call it.
    pub name: Name,
    /// The topics it may publish to.
    pub publish: Vec<Filter>,
    /// The topics it may subscribe to.
    pub subscribe: Vec<Filter>,
}

impl Hub {
    /// Lets another home system log in at the edge. Second: its password, 256 random bits in hexadecimal, which nobody
    /// can tell again; only what `hash` makes of user name and password is kept.
    pub async fn create_integration(
        &self,
        cap: Administer,
        asked: AskedIntegration,
        hash: HashSecret,
    ) -> Result<(Arc<Integration>, String), Denied> {
        let AskedIntegration { name, publish, subscribe } = asked;
        let user = integration::user_name(random());
        let password = hexadecimal(&random::<32>());
        let secret = hash(&user, password.as_bytes());
        let new = NewIntegration { name, user, secret, publish, subscribe };
        match self.set(Setting::CreateIntegration(cap, new)).await? {
            Answer::Integration(integration) => Ok((integration, password)),
            other => unexpected(&other),
        }
    }

    /// Revokes an integration's credential; its connections end at once.
    pub async fn delete_integration(&self, cap: Administer, id: IntegrationId) -> Result<(), Denied> {
        self.set(Setting::DeleteIntegration(cap, id)).await.map(drop)
    }

    /// Another form or place of what Home Assistant is told; what is none stays.
    pub async fn update_home_assistant(
        &self,
        cap: Administer,
        form: Option<Form>,
        prefix: Option<Prefix>,
    ) -> Result<Arc<HomeAssistant>, Denied> {
        match self.set(Setting::UpdateHomeAssistant(cap, form, prefix)).await? {
            Answer::HomeAssistant(set) => Ok(set),
            other => unexpected(&other),
        }
    }
}
