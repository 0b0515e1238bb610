//! How Home Assistant is told: read, changed, and what its credential may do.

use crate::support::{Gateway, home_assistant_filters};
use gatehouse_core::homeassistant::Prefix;
use serde_json::json;

const READ: &str = "{ homeAssistant { form prefix } }";
const UPDATE: &str =
    "mutation ($input: UpdateHomeAssistantInput!) { updateHomeAssistant(input: $input) { form prefix } }";
const CREATE: &str = "mutation ($input: CreateIntegrationInput!) { createIntegration(input: $input) {
    integration { publish subscribe } } }";

#[tokio::test]
async fn form_and_prefix_are_read_and_changed_one_by_one() {
    let (_gateway, ana) = Gateway::claimed().await;
    let mut expected = json!({ "form": "DEVICE", "prefix": "homeassistant" });
    for input in [json!({}), json!({ "form": "COMPONENT" }), json!({ "prefix": "ha/x" }), json!({ "form": "OFF" })] {
        expected.as_object_mut().unwrap().extend(input.as_object().unwrap().clone());
        let updated = ana.ask(UPDATE, json!({ "input": input })).await;
        assert_eq!(updated.data()["updateHomeAssistant"], expected);
        assert_eq!(ana.ask(READ, json!({})).await.data()["homeAssistant"], expected);
    }
    for prefix in ["", "homie", "homie/5/relay-1", "a/#", "a b", "$SYS", &"a".repeat(65)] {
        let reply = ana.ask(UPDATE, json!({ "input": { "prefix": prefix, "form": "DEVICE" } })).await;
        assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_INPUT", "prefix"), "{prefix}");
    }
    assert_eq!(ana.ask(READ, json!({})).await.data()["homeAssistant"], expected);
}

#[tokio::test]
async fn the_preset_brings_the_filters_of_the_present_prefix_beside_those_that_are_given() {
    let (gateway, ana) = Gateway::claimed().await;
    ana.ask(UPDATE, json!({ "input": { "prefix": "ha" } })).await.data();
    let (publish, subscribe) = home_assistant_filters(&Prefix::new("ha").unwrap());
    let (publish, subscribe) = (publish[0].as_str(), subscribe[0].as_str());
    let input = json!({ "name": "HA", "preset": "HOME_ASSISTANT", "publish": ["a"], "subscribe": ["b"] });
    let created = ana.ask(CREATE, json!({ "input": input })).await;
    let expected = json!({ "publish": [publish, "a"], "subscribe": [subscribe, "b"] });
    assert_eq!(created.data()["createIntegration"]["integration"], expected);
    let credentials = gateway.credentials();
    let [credential] = &credentials.integrations.values().collect::<Vec<_>>()[..] else { panic!("one was made") };
    assert_eq!(credential.publish, [publish, "a"]);
}
