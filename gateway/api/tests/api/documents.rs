//! A document that was found good is not checked again; what comes with it is.

use crate::support::Gateway;
use serde_json::{Value, json};

#[tokio::test]
async fn variables_are_checked_however_often_a_document_was_used() {
    let (gateway, ana) = Gateway::claimed().await;
    let board = gateway.board("relay-1", 1).await;
    let document = "mutation Tap($input: SetSwitchInput!) { setSwitch(input: $input) { outcome } }";
    let good = json!({ "input": { "switchId": board.switches[0], "on": true } });
    let bad = [
        json!({}),
        Value::Null,
        json!({ "input": null }),
        json!({ "input": {} }),
        json!({ "input": 1 }),
        json!({ "input": { "switchId": board.switches[0] } }),
        json!({ "input": { "switchId": board.switches[0], "on": "yes" } }),
        json!({ "input": { "switchId": board.switches[0], "on": null } }),
        json!({ "input": { "switchId": ["s1"], "on": true } }),
        json!({ "input": { "switchId": board.switches[0], "on": true, "timeoutMs": "1000" } }),
        json!({ "input": { "switchId": board.switches[0], "on": true, "timeoutMs": 1.5 } }),
        json!({ "input": { "switchId": board.switches[0], "on": true, "timeoutMs": 99_999_999_999_u64 } }),
    ];
    for use_before in [false, true] {
        if use_before {
            for _ in 0..2 {
                let reply = ana.ask(document, good.clone()).await;
                assert_eq!(reply.data()["setSwitch"]["outcome"], "OFFLINE");
            }
        }
        for variables in &bad {
            let reply = ana.ask(document, variables.clone()).await;
            assert_eq!(reply.code(), "BAD_INPUT", "{use_before} {variables}: {}", reply.text());
        }
    }
}

#[tokio::test]
async fn limits_hold_however_often_a_document_was_used() {
    let (gateway, ana) = Gateway::claimed().await;
    let board = gateway.board("relay-1", 1).await;
    let document = "mutation All($inputs: [SetSwitchInput!]!) { setSwitches(inputs: $inputs) { code } }";
    let inputs = |n: usize| json!({ "inputs": vec![json!({ "switchId": board.switches[0], "on": true }); n] });
    for _ in 0..3 {
        assert_eq!(ana.ask(document, inputs(1)).await.data()["setSwitches"], json!([{ "code": null }]));
        assert_eq!(ana.ask(document, inputs(250)).await.code(), "TOO_COMPLEX");
    }
}

#[tokio::test]
async fn who_asks_is_found_out_each_time() {
    let (gateway, ana) = Gateway::claimed().await;
    let document = "{ home { name } __schema { queryType { name } } }";
    for _ in 0..3 {
        assert_eq!(ana.ask(document, json!({})).await.data()["home"]["name"], "Lakeside");
        assert_eq!(gateway.client().ask(document, json!({})).await.code(), "UNAUTHENTICATED");
        assert_eq!(gateway.client().ask("{ home { name } }", json!({})).await.code(), "UNAUTHENTICATED");
    }
}

#[tokio::test]
async fn skipped_fields_and_named_operations_are_chosen_each_time() {
    let (_gateway, ana) = Gateway::claimed().await;
    let document = "query ($all: Boolean!) { gateway { claimed version @include(if: $all) } }";
    let two = "query A { gateway { claimed } } query B { home { name } }";
    for _ in 0..3 {
        let one = ana.ask(document, json!({ "all": false })).await.data();
        assert_eq!(one["gateway"], json!({ "claimed": true }));
        let all = ana.ask(document, json!({ "all": true })).await.data();
        assert_eq!(all["gateway"], json!({ "claimed": true, "version": "1.2.3-test" }));
        for (name, field) in [("A", "gateway"), ("B", "home")] {
            let body = json!({ "query": two, "operationName": name }).to_string();
            assert!(ana.post(body.as_bytes()).await.data()[field].is_object());
        }
        let body = json!({ "query": document, "variables": { "all": true }, "operationName": "" }).to_string();
        assert_eq!(ana.post(body.as_bytes()).await.data()["gateway"]["claimed"], true);
        let body = json!({ "query": two, "operationName": "C" }).to_string();
        assert_eq!(ana.post(body.as_bytes()).await.code(), "BAD_INPUT");
    }
}
