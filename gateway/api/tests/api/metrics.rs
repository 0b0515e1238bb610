//! `/metrics`: who may read it, and that it is what Prometheus takes.

use crate::support::{Gateway, House, settings};
use gatehouse_api::Meter;
use gatehouse_core::metric::{Metric, MetricKind};
use serde_json::json;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

fn meter() -> Meter {
    let (counter, gauge) = (MetricKind::Counter, MetricKind::Gauge);
    Meter(Arc::new(move || {
        vec![
            Metric {
                name: "mqtt_refused_total",
                help: "Refused.",
                kind: counter,
                label: "reason",
                numbers: vec![("tls", 7), ("connect-deadline", u64::MAX)],
            },
            Metric { name: "mqtt_retained_bytes", help: "Bytes.", kind: gauge, label: "", numbers: vec![("", 12)] },
        ]
    }))
}

/// Every sample by name and labels. Takes nothing but the text format 0.0.4 as it is specified, each family in one piece
/// with its HELP and TYPE before it.
fn parse(text: &str) -> HashMap<String, f64> {
    let is_name = |name: &str| {
        let rest = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(rest)
    };
    assert!(text.ends_with('\n'), "the last line ends too");
    let (mut samples, mut families, mut helped, mut family) = (HashMap::new(), HashSet::new(), "", "");
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect("a help text");
            assert!(is_name(name) && !help.is_empty() && !help.contains('\\'), "{line}");
            helped = name;
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a type");
            assert_eq!(name, helped, "HELP comes before TYPE");
            assert!(families.insert(name), "{name} twice");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            assert!(matches!(kind, "counter" | "gauge"), "{line}");
            family = name;
        } else {
            let (series, value) = line.rsplit_once(' ').expect("a value");
            let name = match series.split_once('{') {
                None => series,
                Some((name, labels)) => {
                    let (label, value) = labels.strip_suffix("\"}").and_then(|l| l.split_once("=\"")).expect("a label");
                    assert!(is_name(label) && !label.contains(':'), "{line}");
                    assert!(!value.is_empty() && !value.contains(['"', '\\', '{', '}']), "{line}");
                    name
                }
            };
            assert!(is_name(name) && name == family && name.starts_with("gatehouse_"), "{line}");
            let value = value.parse().expect("a number");
            assert!(samples.insert(series.to_owned(), value).is_none(), "{series} twice");
        }
    }
    samples
}

#[tokio::test]
async fn an_owner_s_token_reads_what_prometheus_takes_and_nobody_else_does() {
    let (gateway, ana) = Gateway::claimed_with(gatehouse_api::Settings { meter: meter(), ..settings() }).await;
    let reply = ana.get("/metrics").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let samples = parse(reply.text());
    assert_eq!(samples["gatehouse_mqtt_refused_total{reason=\"tls\"}"], 7.0);
    assert_eq!(samples["gatehouse_mqtt_refused_total{reason=\"connect-deadline\"}"], u64::MAX as f64);
    assert_eq!(samples["gatehouse_mqtt_retained_bytes"], 12.0);
    assert_eq!(samples["gatehouse_notices"], 0.0);
    assert_eq!(samples["gatehouse_hub_dropped_total{reason=\"old-link\"}"], 0.0);

    let token = gateway.sign_in().await;
    let cookie = gateway.client().own_page().header("cookie", &format!("gatehouse_session={token}"));
    for stranger in [gateway.client(), gateway.client().bearer("0123"), gateway.client().bearer(""), cookie] {
        let refused = stranger.get("/metrics").await;
        assert_eq!((refused.status, refused.header("www-authenticate")), (401, Some("Bearer")));
        assert!(!refused.text().contains("gatehouse_"), "{}", refused.text());
    }
    assert_eq!(ana.send("POST", "/metrics", b"").await.status, 405);
}

#[tokio::test]
async fn the_same_numbers_are_in_graphql() {
    let (_gateway, ana) = Gateway::claimed_with(gatehouse_api::Settings { meter: meter(), ..settings() }).await;
    let all = ana.ask("{ metrics { name kind label numbers { of value } } }", json!({})).await.data();
    let numbers = json!([{ "of": "tls", "value": 7.0 }, { "of": "connect-deadline", "value": u64::MAX as f64 }]);
    let name = "gatehouse_mqtt_refused_total";
    let wanted = json!({ "name": name, "kind": "COUNTER", "label": "reason", "numbers": numbers });
    assert_eq!(all["metrics"][0], wanted);
    assert_eq!(all["metrics"][1]["label"], json!(null));
}

#[tokio::test]
async fn the_doorway_has_no_numbers() {
    let house = House::new().await;
    let token = house.gateway.claim().await;
    let reply = house.stranger().bearer(&token).get("/metrics").await;
    assert!(reply.status != 200 || !reply.text().contains("gatehouse_"), "{reply:?}");
    assert_eq!(house.client().bearer(&token).get("/metrics").await.status, 200, "over TLS it is there");
}
