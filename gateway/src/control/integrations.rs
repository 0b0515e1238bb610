//! Integrations, as the console makes, lists and revokes them.

use super::server::{explain, refused};
use super::{Answer, Listed};
use gatehouse_core::access::Administer;
use gatehouse_core::integration::{Filter, Integration};
use gatehouse_core::name::Name;
use gatehouse_core::view::View;
use gatehouse_hub::{AskedIntegration, Hub};
use std::sync::Arc;

/// `filters` are those to publish by and to subscribe by, beside those that Home Assistant needs where it is one.
pub(super) async fn create(hub: &Hub, name: &str, home_assistant: bool, filters: (&[String], &[String])) -> Answer {
    let asked = match asked(name, filters.0, filters.1) {
        Ok(asked) if home_assistant => with_home_assistant(hub, asked),
        Ok(asked) => asked,
        Err(message) => return refused(message),
    };
    match hub.create_integration(Administer::console(), asked, gatehouse_broker::secret_hash).await {
        Ok((integration, password)) => Answer::IntegrationCreated {
            name: integration.name.to_string(),
            user: integration.user.to_string(),
            password,
        },
        Err(denied) => explain(denied),
    }
}

fn with_home_assistant(hub: &Hub, asked: AskedIntegration) -> AskedIntegration {
    let (mut publish, mut subscribe) = gatehouse_wire::homeassistant::filters(&hub.view().home_assistant.prefix);
    publish.extend(asked.publish);
    subscribe.extend(asked.subscribe);
    AskedIntegration { publish, subscribe, ..asked }
}

pub(super) fn list(hub: &Hub) -> Answer {
    let texts = |filters: &[Filter]| filters.iter().map(Filter::to_string).collect();
    let listed = |integration: &Arc<Integration>| Listed {
        id: integration.id.to_string(),
        name: integration.name.to_string(),
        user: integration.user.to_string(),
        publish: texts(&integration.publish),
        subscribe: texts(&integration.subscribe),
    };
    Answer::Integrations { integrations: hub.view().integrations.iter().map(listed).collect() }
}

pub(super) async fn revoke(hub: &Hub, which: &str) -> Answer {
    let Some(integration) = find(&hub.view(), which) else {
        return refused(format!("there is no integration {which:?}; gatehouse integration list shows them"));
    };
    match hub.delete_integration(Administer::console(), integration.id).await {
        Ok(()) => Answer::IntegrationRevoked { name: integration.name.to_string() },
        Err(denied) => explain(denied),
    }
}

/// By its id, else by its name.
fn find(view: &View, which: &str) -> Option<Arc<Integration>> {
    let by_id = which.parse().ok().and_then(|id| view.integrations.iter().find(|integration| integration.id == id));
    let by_name = || {
        let name = Name::new(which).ok()?;
        view.integrations.iter().find(|integration| integration.name.same_as(&name))
    };
    by_id.or_else(by_name).cloned()
}

fn asked(name: &str, publish: &[String], subscribe: &[String]) -> Result<AskedIntegration, String> {
    let filters = |option: &str, texts: &[String]| -> Result<Vec<Filter>, String> {
        texts.iter().map(|text| Filter::new(text).map_err(|error| format!("{option} {text:?}: {error}"))).collect()
    };
    Ok(AskedIntegration {
        name: Name::new(name).map_err(|error| format!("--name {name:?}: {error}"))?,
        publish: filters("--publish", publish)?,
        subscribe: filters("--subscribe", subscribe)?,
    })
}
