//! Too much, too deep, too slow, or no sense at all.

use crate::support::gateway::settings;
use crate::support::{Gateway, within};
use gatehouse_api::Limits;
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SHORT: Duration = Duration::from_millis(150);

#[tokio::test]
async fn a_body_has_at_most_256_kib() {
    let (_gateway, ana) = Gateway::claimed().await;
    let body = |size: usize| {
        let start = r#"{"query": "{ gateway { claimed } }""#;
        format!("{start}{}}}", " ".repeat(size - start.len() - 1)).into_bytes()
    };
    assert_eq!(ana.post(&body(256 * 1024)).await.data()["gateway"]["claimed"], true);
    let reply = ana.post(&body(256 * 1024 + 1)).await;
    assert_eq!((reply.status, reply.code().as_str()), (413, "TOO_COMPLEX"));
    assert_eq!(ana.post(&body(4 * 1024 * 1024)).await.status, 413);
}

#[tokio::test]
async fn what_is_no_request_is_told_so() {
    let (_gateway, ana) = Gateway::claimed().await;
    let deep_json = format!(r#"{{"query": "{{ home {{ name }} }}", "variables": {}"#, "[".repeat(200_000));
    for bad in [
        &b""[..],
        b"not json",
        b"null",
        b"{}",
        b"{\"query\": 1}",
        b"{\"query\": \"{ home { name } }\"",
        b"\xff\xfe",
        b"[{\"query\": \"{ home { name } }\"}]",
        b" \n[]",
        b"{\"query\": \"{ home { name } }\", \"variables\": [1]}",
        deep_json.as_bytes(),
    ] {
        let reply = ana.post(bad).await;
        let shown = String::from_utf8_lossy(&bad[..bad.len().min(60)]).into_owned();
        assert_eq!((reply.status, reply.code().as_str()), (400, "BAD_INPUT"), "{shown}");
    }
    for odd in
        ["{\"query\": \"{ home { name } }\", \"variables\": null, \"operationName\": null, \"extensions\": null}"]
    {
        assert_eq!(ana.post(odd.as_bytes()).await.data()["home"]["name"], "Lakeside");
    }
    for method in ["GET", "PUT", "DELETE"] {
        let reply = ana.send(method, "/graphql", b"").await;
        assert_eq!((reply.status, reply.header("allow")), (405, Some("POST")), "{method}");
        assert!(reply.message().contains("POST"));
    }
}

#[tokio::test]
async fn what_is_no_document_is_told_so() {
    let (_gateway, ana) = Gateway::claimed().await;
    for bad in [
        "",
        "{",
        "}",
        "{ home { name }",
        "query { }",
        "{ home }",
        "{ home { nothing } }",
        "{ nothing }",
        "mutation { gateway { claimed } }",
        "query A { home { name } } query B { home { name } }",
        "{ ...Missing }",
        "query ($x: Nothing) { home { name } }",
        "query ($x: ID!) { switch(id: $x) { id } }",
        "{ switch { id } }",
        "{ switch(id: {}) { id } }",
        "{ home { name } } fragment Unused on Home { name }",
        "\u{0}",
        "{ home { name } } \u{202e}",
    ] {
        let reply = ana.ask(bad, json!({})).await;
        assert_eq!((reply.status, reply.code().as_str()), (200, "BAD_INPUT"), "{bad:?}: {}", reply.text());
    }
    let many = format!("{{ {} }}", "x ".repeat(500));
    assert!(ana.ask(&many, json!({})).await.json()["errors"].as_array().unwrap().len() <= 20);
}

#[tokio::test]
async fn nothing_nests_deep_enough_to_hurt() {
    let (gateway, _) = Gateway::claimed().await;
    // Whoever is not signed in can send all of this.
    let client = gateway.client();
    let n = 60_000;
    for (what, document) in [
        ("braces", "{".repeat(n)),
        ("fields", format!("{}{}", "{a".repeat(n), "}".repeat(n))),
        ("closed in strings", format!("{}a{}", "{a(x: \"}}}}}}}}\") ".repeat(8_000), "}".repeat(8_000))),
        ("closed in comments", "{a #}}}}}}\n".repeat(8_000)),
        ("closed in block strings", "{a(x: \"\"\" \\\"\"\" }}} \"\"\")".repeat(8_000)),
        ("lists", format!("{{ a(x: {}", "[".repeat(n))),
        ("objects", format!("{{ a(x: {}", "{a:".repeat(n))),
        ("types", format!("query ($a: {}", "[".repeat(n))),
        ("inline fragments", format!("{{ {}", "... { ".repeat(n / 2))),
        ("65 levels", format!("{}{}", "{a".repeat(65), "}".repeat(65))),
    ] {
        assert_eq!(client.ask(&document, json!({})).await.code(), "TOO_COMPLEX", "{what}");
    }
    // A name may look like anything.
    let odd = json!({ "input": { "name": "{".repeat(60) } });
    let (_gateway, ana) = Gateway::claimed().await;
    let made = ana.ask("mutation ($input: CreateRoomInput!) { createRoom(input: $input) { name } }", odd).await;
    assert_eq!(made.data()["createRoom"]["name"], "{".repeat(60));
    let literal = format!("mutation {{ createRoom(input: {{ name: \"{}\" }}) {{ name }} }}", "[".repeat(64));
    assert_eq!(ana.ask(&literal, json!({})).await.data()["createRoom"]["name"], "[".repeat(64));
}

#[tokio::test]
async fn fragments_do_not_unfold_into_billions() {
    let (gateway, _) = Gateway::claimed().await;
    let mut bomb = String::from("{ gateway { ...F0 } }");
    for i in 0..30 {
        let next = format!("...F{} ", i + 1);
        bomb.push_str(&format!(" fragment F{i} on Gateway {{ {} }}", next.repeat(10)));
    }
    bomb.push_str(" fragment F30 on Gateway { claimed }");
    assert_eq!(gateway.client().ask(&bomb, json!({})).await.code(), "TOO_COMPLEX");
    let mut chain = String::from("{ gateway { ...F0 } }");
    for i in 0..4_000 {
        chain.push_str(&format!(" fragment F{i} on Gateway {{ ...F{} }}", i + 1));
    }
    assert_eq!(gateway.client().ask(&chain, json!({})).await.code(), "TOO_COMPLEX");
    let mut deep = String::from("{ gateway { ...F0 } }");
    for i in 0..60 {
        deep.push_str(&format!(" fragment F{i} on Gateway {{ ...F{} }}", i + 1));
    }
    deep.push_str(" fragment F60 on Gateway { claimed }");
    assert_eq!(gateway.client().ask(&deep, json!({})).await.code(), "TOO_COMPLEX");
    for circle in [
        "{ gateway { ...A } } fragment A on Gateway { ...A }",
        "{ gateway { ...A } } fragment A on Gateway { ...B } fragment B on Gateway { ... { ...A } }",
        "{ gateway { claimed } } fragment A on Gateway { ...A }",
    ] {
        assert_eq!(gateway.client().ask(circle, json!({})).await.code(), "BAD_INPUT", "{circle}");
    }
}

#[tokio::test]
async fn documents_are_bounded_in_depth_complexity_and_mutation_fields() {
    let (_gateway, ana) = Gateway::claimed().await;
    let deep = |levels: usize| {
        format!("{{ rooms {{ {} id {} }} }}", "switches { room { ".repeat(levels), "} } ".repeat(levels))
    };
    assert_eq!(ana.ask(&deep(3), json!({})).await.data()["rooms"], json!([]));
    assert_eq!(ana.ask(&deep(8), json!({})).await.code(), "TOO_COMPLEX");
    let device = "openCommand { switch { openCommand { switch { openCommand { switch { openCommand { switch { \
                  openCommand { switch { openCommand { switch { openCommand { switch { id }}}}}}}}}}}}}}";
    let reply = ana.ask(&format!("{{ switch(id: \"s1\") {{ {device} }} }}"), json!({})).await;
    assert_eq!(reply.code(), "TOO_COMPLEX", "16 deep, and cheap");
    let wide: String = (0..400).map(|i| format!("a{i}: rooms {{ id }} ")).collect();
    assert_eq!(ana.ask(&format!("{{ {wide} }}"), json!({})).await.code(), "TOO_COMPLEX");

    let fields = |n: usize| (0..n).map(|i| format!("m{i}: deleteRoom(input: {{ id: \"r1\" }}) ")).collect::<String>();
    assert_eq!(ana.ask(&format!("mutation {{ {} }}", fields(10)), json!({})).await.code(), "NOT_FOUND");
    assert_eq!(ana.ask(&format!("mutation {{ {} }}", fields(11)), json!({})).await.code(), "TOO_COMPLEX");
    let hidden = format!("mutation {{ ...F }} fragment F on Mutation {{ {} }}", fields(11));
    assert_eq!(ana.ask(&hidden, json!({})).await.code(), "TOO_COMPLEX");
    let twice = format!("mutation {{ ...F ... {{ ...F }} }} fragment F on Mutation {{ {} }}", fields(6));
    assert_eq!(ana.ask(&twice, json!({})).await.code(), "TOO_COMPLEX");
}

async fn with(limits: Limits) -> Gateway {
    Gateway::with(gatehouse_api::Settings { limits, ..settings() }).await
}

/// What the server says until it closes.
async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    let _reset = within("the end of the connection", stream.read_to_end(&mut rest)).await;
    rest
}

#[tokio::test]
async fn a_head_that_does_not_come_ends_the_connection() {
    let gateway = with(Limits { head: SHORT, ..Limits::default() }).await;
    for start in [&b""[..], b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: "] {
        let mut stream = TcpStream::connect(gateway.address).await.unwrap();
        stream.write_all(start).await.unwrap();
        rest(&mut stream).await;
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_told_and_ends_the_connection() {
    let gateway = with(Limits { body: SHORT, ..Limits::default() }).await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream.write_all(b"POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n{").await.unwrap();
    let answer = String::from_utf8(rest(&mut stream).await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let gateway = Gateway::unclaimed().await;
    let long = gateway.client().header("x-long", &"x".repeat(100_000)).get("/healthz").await;
    assert_eq!(long.status, 431);
}

#[tokio::test]
async fn one_address_cannot_take_all_connections() {
    let gateway = with(Limits { connections_per_address: 2, ..Limits::default() }).await;
    let ask = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut kept = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(gateway.address).await.unwrap();
        stream.write_all(ask).await.unwrap();
        let mut first = [0; 12];
        within("an answer", stream.read_exact(&mut first)).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        kept.push(stream);
    }
    let mut third = TcpStream::connect(gateway.address).await.unwrap();
    let _closed = third.write_all(ask).await;
    assert_eq!(rest(&mut third).await, b"");
    drop(kept);
    within("a place that is free again", async {
        loop {
            let mut next = TcpStream::connect(gateway.address).await.unwrap();
            let _closed =
                next.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await;
            if rest(&mut next).await.starts_with(b"HTTP/1.1 200") {
                break;
            }
        }
    })
    .await;
}
