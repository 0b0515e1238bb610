//! What the API makes of questions that are wrong: an error with a code, and the next question is answered.

use gatehouse_e2e::Home;
use serde_json::{Value, json};

#[tokio::test]
async fn bodies_that_are_no_question_are_refused() {
    let home = Home::claimed().await;
    let owner = home.owner();
    let large = format!("{{\"query\": \"{{ gateway {{ claimed }} }} {}\"}}", " ".repeat(300 * 1024));
    for (body, statuses) in [
        (large.as_str(), &[413][..]),
        ("{", &[400]),
        ("", &[400]),
        ("[]", &[400]),
        ("\u{0}\u{1}", &[400]),
        ("{\"query\": 7}", &[400]),
    ] {
        let answer = owner.post(body.as_bytes()).await;
        let start: String = body.chars().take(30).collect();
        assert!(
            statuses.contains(&answer.status),
            "{start:?}: {} {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        );
    }
    assert!(owner.switches().await.is_empty(), "the next question is answered");
}

#[tokio::test]
async fn documents_that_are_wrong_or_too_much_are_refused_with_a_code() {
    let home = Home::claimed().await;
    let owner = home.owner();
    let deep = format!("{{ rooms {}id{} }}", "{ switches { room ".repeat(20), " } }".repeat(20))
        .replace("room id", "room { id }");
    let wide = format!("{{ {} }}", (0..3_000).map(|i| format!("a{i}: home {{ name }} ")).collect::<String>());
    let many = format!("mutation {{ {} }}", (0..11).map(|i| format!("a{i}: signOut ")).collect::<String>());
    for (document, codes) in [
        ("{ switches { id ", &["BAD_INPUT"][..]),
        ("{ nothingOfThatName }", &["BAD_INPUT"]),
        ("mutation { setSwitch(input: { switchId: 5 }) { id } }", &["BAD_INPUT"]),
        ("subscription { switchChanged { id } }", &["BAD_INPUT"]),
        (&deep, &["TOO_COMPLEX", "BAD_INPUT"]),
        (&wide, &["TOO_COMPLEX"]),
        (&many, &["TOO_COMPLEX"]),
    ] {
        let refused = owner.try_ask(document, json!({})).await.unwrap_err();
        let start: String = document.chars().take(40).collect();
        assert!(codes.contains(&refused.code.as_str()), "{start}: {refused:?}");
    }
    assert!(owner.switches().await.is_empty(), "the session has not been signed out");
}

#[tokio::test]
async fn ids_and_values_that_are_not_there_say_so() {
    let home = Home::claimed().await;
    let board = home.impostor("Hall", 1).await;
    let owner = home.owner();
    let set = "mutation ($input: SetSwitchInput!) { setSwitch(input: $input) { outcome } }";
    for id in ["", "0", "ffffffffffffffff", "'; drop table", "../../etc"] {
        let refused = owner.try_ask(set, json!({ "input": { "switchId": id, "on": true } })).await.unwrap_err();
        assert_eq!(refused.code, "NOT_FOUND", "{id:?}: {refused:?}");
        let none: Value = owner.ask("switch", "query ($id: ID!) { switch(id: $id) { id } }", json!({ "id": id })).await;
        assert_eq!(none, Value::Null);
        let none: Value =
            owner.ask("command", "query ($id: ID!) { command(id: $id) { id } }", json!({ "id": id })).await;
        assert_eq!(none, Value::Null);
    }
    for timeout in [-1, 0, 499, 30_001] {
        let input = json!({ "input": { "switchId": board.switch(1), "on": true, "timeoutMs": timeout } });
        let refused = owner.try_ask(set, input).await.unwrap_err();
        assert_eq!((refused.code.as_str(), refused.extensions["field"].as_str()), ("BAD_INPUT", Some("timeoutMs")));
    }
    // A board that is registered and has never connected is offline, which is an outcome and not an error.
    assert_eq!(owner.set(&board.switch(1), true).await.end(), ("OFFLINE", Some("OFFLINE")));
    let stranger = home.visitor().try_ask(set, json!({ "input": { "switchId": board.switch(1), "on": true } })).await;
    assert_eq!(stranger.unwrap_err().code, "UNAUTHENTICATED");
}

#[tokio::test]
async fn other_hosts_and_foreign_pages_are_turned_away() {
    let home = Home::claimed().await;
    let owner = home.owner();
    let body = json!({ "query": "{ gateway { claimed } }" }).to_string();
    let post = async |headers: &[&str]| {
        let headers = [&["content-type: application/json"], headers].concat();
        owner.request("POST", "/graphql", &headers, body.as_bytes()).await
    };
    assert_eq!(post(&[]).await.status, 200);
    let cookie = format!("cookie: gatehouse_session={}", owner.token().expect("signed in"));
    let foreign = post(&["origin: http://evil.example", &cookie]).await;
    assert_eq!(foreign.status, 403, "{}", String::from_utf8_lossy(&foreign.body));
    assert_eq!(owner.request("GET", "/healthz", &[], b"").await.status, 200);
    assert_eq!(owner.request("GET", "/readyz", &[], b"").await.status, 200);
}
