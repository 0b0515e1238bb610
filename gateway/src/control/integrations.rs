//! Integrations, as the console makes, lists and revokes them.

use super::server::{explain, refused};
use super::{Answer, BOARD_FILTERS, Listed, NewIntegration};
use gatehouse_core::access::Administer;
use gatehouse_core::ids::DeviceId;
use gatehouse_core::integration::{Filter, Integration, Scope};
use gatehouse_core::name::Name;
use gatehouse_core::view::{DeviceView, View};
use gatehouse_hub::{AskedIntegration, Hub};
use std::sync::Arc;

pub(super) async fn create(hub: &Hub, new: &NewIntegration) -> Answer {
    let asked = match asked(&hub.view(), new) {
        Ok(asked) => asked,
        Err(refused) => return refused,
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

/// With the filters that Home Assistant needs where it is one, those of the devices it is for, and those that are given.
fn asked(view: &View, new: &NewIntegration) -> Result<AskedIntegration, Answer> {
    let filters = |option: &str, texts: &[String]| -> Result<Vec<Filter>, Answer> {
        let filter = |text: &String| Filter::new(text).map_err(|error| refused(format!("{option} {text:?}: {error}")));
        texts.iter().map(filter).collect()
    };
    let name = Name::new(&new.name).map_err(|error| refused(format!("--name {:?}: {error}", new.name)))?;
    let (mut publish, mut subscribe) = if new.home_assistant {
        gatehouse_wire::homeassistant::filters(&view.home_assistant.prefix)
    } else {
        (Vec::new(), Vec::new())
    };
    let (operate, hear) = scope(view, new)?.filters(view, BOARD_FILTERS).map_err(explain)?;
    publish.extend(operate);
    subscribe.extend(hear);
    publish.extend(filters("--publish", &new.publish)?);
    subscribe.extend(filters("--subscribe", &new.subscribe)?);
    Ok(AskedIntegration { name, publish, subscribe })
}

fn scope(view: &View, new: &NewIntegration) -> Result<Scope, Answer> {
    let devices = new.devices.iter().map(|which| device(view, which)).collect::<Result<_, _>>()?;
    Ok(Scope { all: new.all_devices, devices, operate: new.operate })
}

/// By its id or its board's id, else by its name, where only one device has it.
fn device(view: &View, which: &str) -> Result<DeviceId, Answer> {
    let by_id = |device: &&Arc<DeviceView>| which.parse() == Ok(device.id) || device.board.as_str() == which;
    if let Some(device) = view.devices.iter().find(by_id) {
        return Ok(device.id);
    }
    let name = Name::new(which).ok();
    let mut called = view.devices.iter().filter(|device| name.as_ref().is_some_and(|name| device.name.same_as(name)));
    match (called.next(), called.next()) {
        (Some(device), None) => Ok(device.id),
        (None, _) => Err(refused(format!("--device {which:?}: there is no device of that name or id"))),
        (Some(_), Some(_)) => {
            Err(refused(format!("--device {which:?}: several devices are called so; give the id of its board")))
        }
    }
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
