//! Integrations: their credentials are made, listed and revoked, and the password is told once.

use crate::support::{Client, Gateway, Reply, hash_secret};
use serde_json::{Value, json};

const CREATE: &str = "mutation ($input: CreateIntegrationInput!) { createIntegration(input: $input) {
    integration { id name user publish subscribe createdAt } user password } }";
const LIST: &str = "{ integrations { id name user publish subscribe createdAt } }";
const DELETE: &str = "mutation ($input: DeleteIntegrationInput!) { deleteIntegration(input: $input) }";

async fn create(client: &Client, input: Value) -> Reply {
    client.ask(CREATE, json!({ "input": input })).await
}

#[tokio::test]
async fn an_integration_is_made_listed_and_revoked() {
    let (gateway, ana) = Gateway::claimed().await;
    let input = json!({ "name": " Garden ", "publish": ["garden/#"], "subscribe": ["homie/5/+/#", "garden/+"] });
    let created = create(&ana, input).await.data()["createIntegration"].clone();
    let integration = &created["integration"];
    assert_eq!(integration["name"], "Garden");
    assert_eq!(integration["publish"], json!(["garden/#"]));
    assert_eq!(integration["subscribe"], json!(["homie/5/+/#", "garden/+"]));
    assert!(integration["createdAt"].is_string() || integration["createdAt"].is_null(), "{integration}");
    assert_eq!(created["user"], integration["user"]);

    let (user, password) = (created["user"].as_str().unwrap(), created["password"].as_str().unwrap());
    assert_eq!(password.len(), 64);
    let credential = gateway.credentials().integrations[user].clone();
    assert_eq!(credential.secret, hash_secret(user, password.as_bytes()), "as the edge would check it");
    assert_eq!(credential.publish, ["garden/#"]);
    assert_eq!(credential.subscribe, ["homie/5/+/#", "garden/+"]);

    let other = create(&ana, json!({ "name": "Kitchen" })).await.data()["createIntegration"].clone();
    assert_eq!(other["integration"]["publish"], json!([]));
    assert!(other["user"] != created["user"] && other["password"] != created["password"]);
    let listed = ana.ask(LIST, json!({})).await;
    assert!(!listed.text().contains(password), "{}", listed.text());
    assert_eq!(listed.data()["integrations"], json!([created["integration"], other["integration"]]));

    let input = json!({ "input": { "id": integration["id"] } });
    assert_eq!(ana.ask(DELETE, input.clone()).await.data(), json!({ "deleteIntegration": true }));
    assert!(!gateway.credentials().integrations.contains_key(user), "the edge knows by then");
    assert_eq!(ana.ask(DELETE, input).await.code(), "NOT_FOUND");
    assert_eq!(ana.ask(LIST, json!({})).await.data()["integrations"], json!([other["integration"]]));
}

#[tokio::test]
async fn what_cannot_be_taken_is_told_with_its_field() {
    let (gateway, ana) = Gateway::claimed().await;
    for filter in ["", "#/a", "a+", "$SYS/#", "$share/x/#", "a\u{0}b", &"a".repeat(257), &"a/".repeat(16)] {
        for field in ["publish", "subscribe"] {
            let reply = create(&ana, json!({ "name": "Garden", field: ["a", filter] })).await;
            assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_INPUT", field), "{filter:?}");
            assert!(reply.text().contains("Filter 2: "), "{}", reply.text());
        }
    }
    let reply = create(&ana, json!({ "name": "Garden", "subscribe": vec!["a"; 65] })).await;
    assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_INPUT", "subscribe"));
    let reply = create(&ana, json!({ "name": " " })).await;
    assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_INPUT", "name"));
    assert!(gateway.credentials().integrations.is_empty());

    create(&ana, json!({ "name": "Garden" })).await.data();
    assert_eq!(create(&ana, json!({ "name": "garden" })).await.code(), "CONFLICT");
    for unknown in ["i0", "", "Garden", "r1"] {
        assert_eq!(ana.ask(DELETE, json!({ "input": { "id": unknown } })).await.code(), "NOT_FOUND", "{unknown}");
    }
}

#[tokio::test]
async fn devices_stand_for_the_filters_of_their_boards() {
    let (gateway, ana) = Gateway::claimed().await;
    let (one, other) = (gateway.board("relay-1", 1).await, gateway.board("relay-2", 1).await);
    let both = json!([one.device, other.device]);
    for (name, input, publish, subscribe) in [
        ("a", json!({ "devices": [one.device] }), json!([]), json!(["hear/relay-1"])),
        (
            "b",
            json!({ "devices": both, "operate": true, "publish": ["x"], "subscribe": ["y"] }),
            json!(["operate/relay-1", "operate/relay-2", "x"]),
            json!(["hear/relay-1", "hear/relay-2", "y"]),
        ),
        ("c", json!({ "allDevices": true }), json!([]), json!(["hear/all"])),
        ("d", json!({ "allDevices": true, "operate": true }), json!(["operate/all"]), json!(["hear/all"])),
    ] {
        let mut input = input;
        input["name"] = json!(name);
        let made = create(&ana, input).await.data()["createIntegration"]["integration"].clone();
        assert_eq!((&made["publish"], &made["subscribe"]), (&publish, &subscribe), "{name}");
    }
    for (input, field) in [
        (json!({ "name": "e", "operate": true }), "operate"),
        (json!({ "name": "e", "allDevices": true, "devices": [one.device] }), "devices"),
        (json!({ "name": "e", "devices": vec![&one.device; 65] }), "devices"),
    ] {
        let reply = create(&ana, input).await;
        assert_eq!((reply.code().as_str(), reply.field().as_str()), ("BAD_INPUT", field));
    }
    for unknown in ["d0", "", "relay-1"] {
        assert_eq!(create(&ana, json!({ "name": "e", "devices": [unknown] })).await.code(), "NOT_FOUND", "{unknown}");
    }
}
