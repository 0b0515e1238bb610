//! Topics against Homie's own examples, and what a board may use.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use gatehouse_core::device::{BoardState, Description, Said};
use gatehouse_core::name::{BoardId, Endpoint};
use gatehouse_wire::homie::topic::{SystemProperty, Topic, board_prefix, may_publish, may_subscribe};
use gatehouse_wire::homie::{BadKind, decode};
use serde_json::Value;

fn board() -> BoardId {
    BoardId::new("relay-a1b2c3").unwrap()
}

fn messages(file: &str) -> Vec<Value> {
    support::json(file)["messages"].as_array().unwrap().clone()
}

#[test]
fn homies_examples_read_back_to_the_same_topic() {
    let files = ["homie/homie5_relay.json", "homie/homie5_spec_light.json", "homie/homie5_spec_lifecycle.json"];
    let mut read = 0;
    for message in files.into_iter().flat_map(messages) {
        let text = message["topic"].as_str().unwrap();
        if text.starts_with("homie/5/$broadcast/") {
            assert_eq!(Topic::parse(text), None);
            continue;
        }
        let (id, topic) = Topic::parse(text).unwrap_or_else(|| panic!("{text}"));
        let id = BoardId::new(id).unwrap();
        assert_eq!(topic.of(&id), text);
        let for_the_board = message["dir"] == "to-device";
        assert_eq!(matches!(topic, Topic::Set(_)), for_the_board, "{text}");
        assert_eq!(may_publish(&id, text), !for_the_board, "{text}");
        read += 1;
    }
    assert!(read >= 15, "{read}");
}

#[test]
fn a_plain_homie_board_is_understood() {
    let mut said = Vec::new();
    for message in messages("homie/homie5_relay.json") {
        if message["dir"] != "to-device" {
            let (topic, payload) = (message["topic"].as_str().unwrap(), message["payload"].as_str().unwrap());
            said.extend(decode(&board(), topic, payload.as_bytes(), message["retain"] == true).unwrap());
        }
    }
    let description = Description {
        native: false,
        rotates: false,
        configures: false,
        moves: false,
        relays: vec![Endpoint::relay(1)],
    };
    assert_eq!(said, [Said::State(BoardState::Init), Said::Description(description), Said::State(BoardState::Ready)]);
}

#[test]
fn every_topic_of_the_protocol_goes_both_ways() {
    let relay = Endpoint::relay(1);
    let topics = [
        (Topic::State, "$state"),
        (Topic::Description, "$description"),
        (Topic::Session, "$session"),
        (Topic::Report, "$report"),
        (Topic::Refusal, "$refusal"),
        (Topic::Command, "$command"),
        (Topic::Credential, "$credential"),
        (Topic::Alert("battery".into()), "$alert/battery"),
        (Topic::Log("warn".into()), "$log/warn"),
        (Topic::System(SystemProperty::RestartReason), "system/restart-reason"),
        (Topic::Property(relay.clone()), "relay-1/on"),
        (Topic::Target(relay.clone()), "relay-1/on/$target"),
        (Topic::Set(relay), "relay-1/on/set"),
    ];
    for (topic, path) in topics {
        let whole = format!("{}{path}", board_prefix(&board()));
        assert_eq!(topic.of(&board()), whole);
        assert_eq!(Topic::parse(&whole), Some(("relay-a1b2c3", topic)));
    }
    for property in SystemProperty::ALL {
        let whole = Topic::System(property).of(&board());
        assert_eq!(whole, format!("homie/5/relay-a1b2c3/system/{}", property.id()));
        assert_eq!(Topic::parse(&whole), Some(("relay-a1b2c3", Topic::System(property))));
    }
}

#[test]
fn what_is_no_topic_of_a_board() {
    let no_topics = [
        "",
        "homie/5",
        "homie/5/",
        "homie/5/b",
        "homie/5/b/",
        "homie/5//$state",
        "homie/5/B/$state",
        "homie/5/b/$State",
        "homie/5/b/$state/",
        "homie/5/b/$state/x",
        "homie/5/b/$alert",
        "homie/5/b/$alert/",
        "homie/5/b/$alert/a/b",
        "homie/5/b/relay-1",
        "homie/5/b/relay-1/on/",
        "homie/5/b/relay-1/on/get",
        "homie/5/b/relay-1/on/set/x",
        "homie/5/b/relay-1//set",
        "homie/5/+/$state",
        "homie/5/b/#",
        "homie/5/b/+/on",
        "/homie/5/b/$state",
        "Homie/5/b/$state",
        "homie/5/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/$state",
    ];
    for topic in no_topics {
        assert_eq!(Topic::parse(topic), None, "{topic:?}");
    }
}

#[test]
fn a_board_speaks_for_itself_only() {
    for topic in ["homie/5/relay-a1b2c4/$state", "homie/5/relay-a1b2c/$state", "homie/5/$state", "x", ""] {
        assert_eq!(decode(&board(), topic, b"ready", true).unwrap_err().kind(), BadKind::Topic, "{topic:?}");
    }
    for path in ["$command", "$credential", "$configure", "relay-1/on/set", "relay-1/power-on/set", "set"] {
        let topic = format!("homie/5/relay-a1b2c3/{path}");
        let error = decode(&board(), &topic, b"c0ffee01 1 5000 relay-1/on true", false).unwrap_err();
        assert_eq!(error.kind(), BadKind::Forbidden, "{path}");
    }
}

#[test]
fn what_the_home_does_not_go_by_is_passed_over() {
    let passed_over = [
        ("relay-1/on", &b"true"[..]),
        ("relay-1/on/$target", b"true"),
        ("relay-1/colour", b"red"),
        ("system/something-new", b"\xff"),
        ("$alert/battery", b"low"),
        ("$log/warn", b"low"),
        ("$something-new", b""),
        ("Nonsense/ü", b""),
        ("$description", b""),
        ("system/model", b""),
    ];
    for (path, payload) in passed_over {
        let topic = format!("homie/5/relay-a1b2c3/{path}");
        assert_eq!(decode(&board(), &topic, payload, true), Ok(None), "{path}");
    }
}

#[test]
fn what_a_board_may_publish() {
    let own = ["$state", "$report", "$alert/x", "relay-1/on", "relay-1/on/$target", "a/b/c/d", "settings/x"];
    let others = ["", "$command", "$command/x", "relay-1/on/set", "set", "a/b/c/set", "+/on", "#", "a/\0"];
    let may = |path: &str| may_publish(&board(), &format!("homie/5/relay-a1b2c3/{path}"));
    assert!(own.into_iter().all(may));
    assert!(!others.into_iter().any(may));
    for topic in ["homie/5/relay-a1b2c3", "homie/5/relay-a1b2c3x/$state", "homie/5/relay/$state", "$SYS/x", ""] {
        assert!(!may_publish(&board(), topic), "{topic:?}");
    }
}

#[test]
fn what_a_board_may_subscribe_to() {
    for path in ["$command", "+/+/set", "relay-1/on/set", "#", "+", "+/#", "a//b"] {
        assert!(may_subscribe(&board(), &format!("homie/5/relay-a1b2c3/{path}")), "{path}");
    }
    for path in ["", "#/x", "a#", "a/#b", "a+/b", "+a", "##", "a/\0"] {
        assert!(!may_subscribe(&board(), &format!("homie/5/relay-a1b2c3/{path}")), "{path}");
    }
    let outside = [
        "#",
        "+/5/relay-a1b2c3/$command",
        "homie/+/relay-a1b2c3/$command",
        "homie/5/+/$command",
        "homie/5/#",
        "homie/5/relay-a1b2c3",
        "homie/5/relay-a1b2c3#",
        "homie/5/relay-a1b2c4/#",
        "$share/g/homie/5/relay-a1b2c3/#",
        "",
    ];
    for filter in outside {
        assert!(!may_subscribe(&board(), filter), "{filter:?}");
    }
}
