//! Integrations: made and revoked like any other setting; what the edge knows of them follows what is on disk.

use super::{Effect, Home};
use crate::access::{Denied, IntegrationCredential};
use crate::device::SecretHash;
use crate::ids::IntegrationId;
use crate::integration::{Filter, Integration, MAX_FILTERS, MAX_INTEGRATIONS, NewIntegration};
use crate::record::Record;
use crate::time::Now;
use crate::view::Change;
use std::sync::Arc;

/// An integration of this home.
#[derive(Debug)]
pub(super) struct IntegrationEntry {
    pub(super) integration: Arc<Integration>,
    pub(super) secret: SecretHash,
}

impl IntegrationEntry {
    pub(super) fn credential(&self) -> (Arc<str>, IntegrationCredential) {
        let texts = |filters: &[Filter]| filters.iter().map(Filter::to_string).collect();
        let Integration { user, publish, subscribe, .. } = &*self.integration;
        let credential =
            IntegrationCredential { secret: self.secret, publish: texts(publish), subscribe: texts(subscribe) };
        (user.clone(), credential)
    }
}

impl Home {
    pub(super) fn plan_integration(
        &mut self,
        now: &Now,
        new: NewIntegration,
    ) -> Result<(IntegrationId, Record), Denied> {
        let NewIntegration { name, user, secret, publish, subscribe } = new;
        for (filters, field) in [(&publish, "publish"), (&subscribe, "subscribe")] {
            if filters.len() > MAX_FILTERS {
                let message = format!("An integration has at most {MAX_FILTERS} filters of a kind.");
                return Err(Denied::BadInput { field, message });
            }
        }
        if self.integrations.values().any(|entry| entry.integration.name.same_as(&name)) {
            return Err(Denied::Conflict(format!("There already is an integration called {name}.")));
        }
        if self.integrations.values().any(|entry| entry.integration.user == user) {
            return Err(Denied::Conflict(format!("There already is an integration with the user name {user}.")));
        }
        if self.integrations.len() == MAX_INTEGRATIONS {
            let message = format!("A home has at most {MAX_INTEGRATIONS} integrations. Revoke one first.");
            return Err(Denied::Conflict(message));
        }
        let id = IntegrationId::from_raw(self.ids.draw());
        let integration = Integration { id, name, user, publish, subscribe, created_at: now.stamp() };
        Ok((id, Record::Integration(Arc::new(integration), secret)))
    }

    pub(super) fn plan_integration_deletion(&self, id: IntegrationId) -> Result<Record, Denied> {
        match self.integrations.contains_key(&id) {
            true => Ok(Record::IntegrationDeleted(id)),
            false => Err(Denied::NotFound("integration")),
        }
    }

    pub(super) fn apply_integration(
        &mut self,
        integration: Arc<Integration>,
        secret: SecretHash,
        out: &mut Vec<Effect>,
    ) {
        let entry = IntegrationEntry { integration: integration.clone(), secret };
        self.integrations.insert(integration.id, entry);
        out.push(Effect::Changed(Change::Integration(integration)));
        out.push(Effect::CredentialsChanged);
    }

    pub(super) fn apply_integration_deletion(&mut self, id: IntegrationId, out: &mut Vec<Effect>) {
        self.integrations.remove(&id);
        out.push(Effect::Changed(Change::IntegrationRemoved(id)));
        out.push(Effect::CredentialsChanged);
    }
}
