//! The schema as a document, and who may ask for what: every field is decided upon here.

use crate::support::{Gateway, Reply};
use serde_json::{Value, json};
use std::path::Path;

#[test]
fn the_committed_sdl_is_the_schema() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schema.graphql");
    let generated = gatehouse_api::sdl();
    if std::fs::read_to_string(&committed).unwrap_or_default() != generated {
        let fresh = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schema.graphql");
        std::fs::write(&fresh, generated).unwrap();
        panic!(
            "gateway/schema.graphql is not what the code says. See whether the difference is meant:\n  \
             diff gateway/schema.graphql {}\nand then: cargo run -p gatehouse -- schema > gateway/schema.graphql",
            fresh.display()
        );
    }
}

pub(crate) const INTROSPECTION: &str = "{ __schema { queryType { fields { ...F } } mutationType { fields { ...F } }
    subscriptionType { fields { ...F } } types { name kind fields { name } enumValues { name } inputFields { name type { ...T } } } } }
    fragment F on __Field { name args { name type { ...T } } type { ...T } }
    fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// One document for each root field, made from the schema.
pub(crate) fn documents(schema: &Value) -> Vec<(String, String)> {
    let roots = [("query", "queryType"), ("mutation", "mutationType"), ("subscription", "subscriptionType")];
    let mut documents = Vec::new();
    for (operation, root) in roots {
        for field in schema[root]["fields"].as_array().unwrap() {
            let name = field["name"].as_str().unwrap();
            let args: Vec<_> = field["args"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|arg| arg["type"]["kind"] == "NON_NULL")
                .map(|arg| format!("{}: {}", arg["name"].as_str().unwrap(), literal(schema, &arg["type"])))
                .collect();
            let args = if args.is_empty() { String::new() } else { format!("({})", args.join(", ")) };
            let inner = if is_object(&field["type"]) { " { __typename }" } else { "" };
            documents.push((format!("{operation} {name}"), format!("{operation} {{ {name}{args}{inner} }}")));
        }
    }
    documents
}

fn is_object(of: &Value) -> bool {
    if of["ofType"].is_null() { of["kind"] == "OBJECT" } else { is_object(&of["ofType"]) }
}

fn literal(schema: &Value, of: &Value) -> String {
    match (of["kind"].as_str().unwrap(), of["name"].as_str()) {
        ("NON_NULL", _) => literal(schema, &of["ofType"]),
        ("LIST", _) => format!("[{}]", literal(schema, &of["ofType"])),
        (_, Some("ID" | "String")) => "\"x\"".to_owned(),
        (_, Some("Boolean")) => "true".to_owned(),
        (_, Some("Int")) => "1".to_owned(),
        (_, Some("DateTime")) => "\"2100-01-01T00:00:00Z\"".to_owned(),
        // What everybody may ask for who may ask for any.
        ("ENUM", Some("TokenScope")) => "VIEW".to_owned(),
        ("ENUM", Some(name)) => {
            let types = schema["types"].as_array().unwrap();
            let of = types.iter().find(|of| of["name"] == name).unwrap();
            // The last one: of roles and parts of a home it is the least.
            of["enumValues"].as_array().unwrap().last().unwrap()["name"].as_str().unwrap().to_owned()
        }
        ("INPUT_OBJECT", Some(name)) => {
            let types = schema["types"].as_array().unwrap();
            let input = types.iter().find(|of| of["name"] == name).unwrap();
            let fields = input["inputFields"].as_array().unwrap().iter();
            let fields = fields.filter(|field| field["type"]["kind"] == "NON_NULL");
            let fields = fields.map(|f| format!("{}: {}", f["name"].as_str().unwrap(), literal(schema, &f["type"])));
            format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
        }
        other => panic!("no literal for {other:?}"),
    }
}

async fn all_documents() -> Vec<(String, String)> {
    let (_gateway, ana) = Gateway::claimed().await;
    let documents = documents(&ana.ask(INTROSPECTION, json!({})).await.data()["__schema"]);
    assert!(documents.len() >= 25, "{documents:?}");
    documents
}

pub(crate) fn what(reply: &Reply) -> String {
    if reply.json().get("errors").is_some() { reply.code() } else { "answered".to_owned() }
}

/// Row 5.5-4/5 of the security checklist: nothing before sign-in.
#[tokio::test]
async fn signed_out_every_field_is_refused_but_those_listed() {
    let documents = all_documents().await;
    let (gateway, _) = Gateway::claimed().await;
    for client in [gateway.client(), gateway.client().bearer("0123"), gateway.client().bearer("")] {
        for (field, document) in &documents {
            let wanted = match field.as_str() {
                "query gateway" | "query viewer" => "answered",
                // For whoever holds a code; this one is none.
                "query invitation" => "answered",
                "mutation acceptInvitation" => "BAD_INPUT",
                // No provider is configured; told to anyone, as on the page for signing in.
                "mutation acceptInvitationByProvider" => "CONFLICT",
                // Has an owner already; told to anyone who asks to be it.
                "mutation claimGateway" => "CONFLICT",
                // Whoever holds a link is nobody yet; this one is none.
                "mutation openGuestLink" => "BAD_INPUT",
                // For whoever has a code; this is none.
                "mutation resetPassword" | "mutation confirmEmail" => "BAD_INPUT",
                // Tells nobody anything; this is no address.
                "mutation requestPasswordLink" => "BAD_INPUT",
                // Over HTTP no subscription runs, signed in or not; websocket.rs shows that none opens signed out.
                field if field.starts_with("subscription") => "BAD_INPUT",
                _ => "UNAUTHENTICATED",
            };
            // Wrong sign-ins and codes slow each other down.
            let throttled = ["mutation signIn", "query invitation", "mutation acceptInvitation"];
            if throttled.contains(&field.as_str()) && !client.headers.is_empty() {
                continue;
            }
            let reply = client.ask(document, json!({})).await;
            assert_eq!(what(&reply), wanted, "{field}: {}", reply.text());
        }
    }
    let viewer = gateway.client().ask("{ viewer { id } gateway { version claimed } }", json!({})).await.data();
    assert_eq!(viewer, json!({ "viewer": null, "gateway": { "version": null, "claimed": true } }));
}

/// Row 5.1-1 of the security checklist: inert before the claim.
#[tokio::test]
async fn unclaimed_every_field_is_refused_but_those_listed() {
    let documents = all_documents().await;
    let gateway = Gateway::unclaimed().await;
    for (field, document) in &documents {
        let wanted = match field.as_str() {
            "query gateway" => "answered",
            "mutation claimGateway" => "BAD_INPUT",
            field if field.starts_with("subscription") => "BAD_INPUT",
            _ => "GATEWAY_UNCLAIMED",
        };
        let reply = gateway.client().ask(document, json!({})).await;
        assert_eq!(what(&reply), wanted, "{field}: {}", reply.text());
    }
    assert!(gateway.hub.view().home.is_none());
}

#[tokio::test]
async fn the_schema_is_told_to_whoever_is_signed_in() {
    let (gateway, ana) = Gateway::claimed().await;
    // What standard tools send nests 13 deep.
    let standard = include_str!("introspection.graphql");
    assert!(ana.ask(standard, json!({})).await.data()["__schema"]["types"].as_array().unwrap().len() > 20);
    for hidden in [
        standard,
        "{ __schema { queryType { name } } }",
        r#"{ __type(name: "Switch") { name } }"#,
        "{ ...A } fragment A on Query { s: __schema { queryType { name } } }",
        "query A { gateway { claimed } } query B { __schema { queryType { name } } }",
    ] {
        assert_eq!(gateway.client().ask(hidden, json!({})).await.code(), "UNAUTHENTICATED", "{hidden}");
    }
    let guess = gateway.client().ask("{ gatewy { claimed } }", json!({})).await;
    assert!(!guess.text().contains("gateway"), "{}", guess.text());
}
